"""Bodies, papers and dossiers of the examples, and what builds their letters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daemon.letters.render import Picture
from rules.departments import filled
from rules.load import shipped
from rules.records import Letter, LetterKind, Role
from rules.tell import about_group

AT = dt.datetime(2025, 12, 4, 9, 12, tzinfo=dt.UTC)
CIG, LDMEMS = (about_group(shipped(name)) for name in ("cig-grande-couronne", "ldmems"))
TOWN = {
    "name": "Commune d’Orvilliers-le-Pont",
    "siret": "21910652300018",
    "uai": None,
    "kind": "public",
    "department": "91",
    "known": True,
}
SCHOOL = {
    "name": "Lycée Aimé-Lantier",
    "siret": None,
    "uai": "0541234K",
    "kind": "public",
    "department": "54",
    "known": True,
}
TITLES = {
    "1": ("profil acheteur", "lot 1", "achatpublic.com"),
    "2": ("télétransmission des actes", "lot 2", "Dematis"),
    "3": ("télétransmission des flux comptables", "lot 3", "Dematis"),
    "5": ("convocation électronique", "lot 5", "Dematis"),
    "vote": ("vote électronique", "vote électronique", "Kercia"),
    "tpe": ("terminaux de paiement", "terminaux de paiement", "EXM"),
    "pdf": ("logiciel PDF", "logiciel PDF", "Foxit"),
    "rgs": ("certificats RGS**", "certificats RGS**", "Certigna"),
    "signature": ("signature électronique", "signature électronique", "Yousign"),
}
CALL = (
    "Dematis vous appelle pour confirmer la commande et vérifier votre clé RGS** ; en cas d’absence, un courriel vous "
    "propose un rendez-vous."
)
J2 = {"id": "j2", "due": "2025-12-08", "state": "waiting", "what": CALL}
J4 = {
    "id": "j4",
    "due": "2025-12-10",
    "state": "waiting",
    "what": "Dematis ouvre votre compte ; vous pourrez l’utiliser dès que la préfecture aura validé votre avenant.",
}
CHANGE = (
    "Comme vous changez de prestataire, pensez à clôturer et à archiver vos actes transmis et ceux du parapheur avant "
    "la bascule : la nouvelle solution ne reprend rien de ce qui est en cours."
)
LINES = [
    {"label": "Abonnement annuel ACTES", "quantity": "1", "unit_price": "96.00", "total": "96.00"},
    {"label": "Formation à distance", "quantity": "1", "unit_price": "130.00", "total": "130.00"},
]
NOTHING: dict[str, Any] = {
    "missing": [],
    "questions": [],
    "reviewing": [],
    "next": [],
    "steps": [],
    "warnings": [],
    "webinars": {"upcoming": [], "register": None, "replays": []},
    "order_complete": False,
    "forward": None,
    "complete": False,
    "over": False,
    "starts": "papers",
    "unknown_member": False,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One mail: its letters and what goes with them."""

    name: str
    role: Role
    letters: tuple[Letter, ...]
    attachments: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()


def message(
    subject: str = "Bon de commande", words: str = "Bonjour,\n\nVoici nos documents.\n\nCordialement"
) -> dict[str, Any]:
    """A mail of the member, as letters tell it."""
    return {
        "id": "m1",
        "received_at": "2025-12-04T09:58:00+01:00",
        "subject": subject,
        "sender": "mairie@orvilliers-le-pont.example",
        "sender_name": "Mme Claire LEFÈVRE",
        "words": words,
    }


def dossier(lot: str, ref: str, state: str = "incomplete") -> dict[str, Any]:
    """A dossier, as letters tell it."""
    title, short, provider = TITLES[lot]
    return {
        "ref": ref,
        "lot": lot,
        "title": title,
        "subject": title,
        "short": short,
        "provider": provider,
        "state": state,
    }


def made(
    kind: LetterKind,
    template: str,
    to: Role,
    facts: Mapping[str, Any],
    *,
    ref: str | None,
    lot: str = "2",
    name: str = "x",
    subject: str | None = None,
    group: Mapping[str, Any] = CIG,
    member: Mapping[str, Any] | None = TOWN,
) -> Letter:
    """A letter with what every letter says, and `facts`."""
    common: dict[str, Any] = {
        "group": group,
        "at": AT.isoformat(),
        "to": to,
        "member": member,
        "addressee": {"name": "Mme Claire LEFÈVRE" if to in ("member", "sender") and group is CIG else ""},
    }
    if ref:
        common["dossier"] = dossier(lot, ref)
    key = f"{ref or 'mail/m1'}/{template}/{name}"
    return Letter(key=key, kind=kind, to=to, due_at=AT, template=template, facts=common | dict(facts), subject=subject)


def owed(what: str, **more: Any) -> dict[str, Any]:
    """A paper that is missing; `more` overrides."""
    return {
        "id": what,
        "kind": "account_form",
        "what": what,
        "brief": "",
        "how": "",
        "state": "missing",
        "why": "",
        "instead": "",
        "blocks": True,
        "group_wide": False,
        "paper": None,
        "link": None,
    } | more


def seen(what: str, piece: str, **more: Any) -> dict[str, Any]:
    """A paper that came; `more` overrides."""
    return {
        "piece": piece,
        "name": f"{piece}.pdf",
        "kind": "purchase_order",
        "what": what,
        "state": "met",
        "why": "",
        "instead": "",
        "says": [],
        "lines": [],
        "total_excl_tax": None,
        "total_incl_tax": None,
        "values": [],
        "signature": "none",
    } | more


def ack(lot: str, ref: str, recognised: list[dict[str, Any]], **more: Any) -> Letter:
    """An acknowledgement of what came; `more` overrides."""
    group = more.pop("group", CIG)
    facts = NOTHING | {
        "message": message(),
        "recognised": recognised,
        "again": [],
        "only_again": False,
        "latest": True,
        "trusted": True,
    }
    member = TOWN if group is CIG else SCHOOL
    return made(
        "acknowledgement", "acknowledgement", "member", facts | more, ref=ref, lot=lot, group=group, member=member
    )


ORDER = seen("le bon de commande du lot 2", "p1", lines=LINES, total_excl_tax="226.00")
FORM = seen(
    "la fiche d’ouverture de compte du lot 2",
    "p2",
    kind="account_form",
    says=[
        "vous télétransmettez déjà vos actes",
        "tiers actuel : Docapost",
        "certificat RGS** valable jusqu’au 3 mai 2027",
    ],
)


def asked(group: str, lot: str, requirement: str, department: str, refused: str = "") -> dict[str, Any]:
    """A requirement as the shipped rules ask for it; `refused`: the code of its refusal."""
    rules = shipped(group)
    rule = next(r for r in (*rules.lot(lot).requirements, *rules.requirements) if r.id == requirement)
    wording = rule.refusals.get(refused) or rules.refusals.get(refused)
    return owed(
        rule.what,
        id=rule.id,
        kind=rule.kinds[0],
        brief=rule.brief,
        how=filled(rule.how, department, rule.link),
        state="refused" if wording else "missing",
        why=filled(wording.why, department, rule.link) if wording else "",
        instead=filled(wording.instead, department, rule.link) if wording else "",
        blocks=rule.blocks,
        group_wide=rule.group_wide,
        paper=rule.paper,
        link=rule.link,
    )


AMENDMENT = asked("cig-grande-couronne", "2", "amendment", "91")
CONVENTION = asked("ldmems", "vote", "group_convention", "54")
ONLINE = asked("ldmems", "vote", "group_convention", "54", refused="handwritten")
CONTRACT = asked("ldmems", "tpe", "contract", "54")


def sent(provider: str, *, complement: bool = False) -> dict[str, Any]:
    """What went to the provider at this very instant."""
    return {
        "provider": provider,
        "at": AT.isoformat(),
        "now": True,
        "complement": complement,
        "pieces": ["le bon de commande du lot 2", "la fiche d’ouverture de compte du lot 2"],
    }


def complete() -> Letter:
    """Lot 2, order complete, the préfecture’s paper still due."""
    return ack(
        "2",
        "CIG-2-0042",
        [ORDER, FORM],
        order_complete=True,
        forward=sent("Dematis"),
        missing=[AMENDMENT],
        next=[J2, J4],
        warnings=[CHANGE],
    )


def three_lots() -> tuple[Letter, ...]:
    """One mail that brought the papers of lots 2, 3 and 5; one is not complete."""
    call = {"due": "2025-12-08", "state": "waiting", "what": CALL, "id": "j2"}
    opened = {"due": "2025-12-10", "state": "waiting", "what": "Votre compte est ouvert.", "id": "j4"}
    done = {"order_complete": True, "forward": sent("Dematis"), "next": [call, opened], "warnings": [CHANGE]}
    form5 = seen("la fiche de renseignement de compte du lot 5", "p6", kind="account_form")
    return (
        ack("2", "CIG-2-0042", [ORDER, FORM], missing=[AMENDMENT], **done),
        ack(
            "3",
            "CIG-3-0007",
            [seen("le bon de commande du lot 3", "p3"), seen("la fiche de renseignement de compte du lot 3", "p4")],
            **done,
        ),
        ack("5", "CIG-5-0019", [form5], missing=[owed("le bon de commande du lot 5")]),
    )


def reminder(lot: str, ref: str, n: int, received: list[dict[str, str]]) -> Letter:
    """The n-th reminder of a missing form."""
    facts = NOTHING | {
        "n": n,
        "of": 3,
        "earlier": ["2025-12-15T09:00:00+01:00"] if n > 1 else [],
        "last": n == 3,
        "since": "2025-12-02T09:00:00+01:00",
        "received": received,
        "missing": [owed(f"la fiche de renseignement de compte du lot {lot}", paper="x")],
    }
    return made("reminder", "reminder", "member", facts, ref=ref, lot=lot, name=str(n))


MEMBERS = [
    {
        "name": SCHOOL["name"],
        "siret": None,
        "uai": "0541234K",
        "functional_email": "ce.0541234k@ac-exemple.example",
        "emails": [],
        "department": "54",
    },
    {
        "name": "Collège Jeanne-Perrault",
        "siret": None,
        "uai": "0571122M",
        "functional_email": "ce.0571122m@ac-exemple.example",
        "emails": [],
        "department": "57",
    },
]
LOT_VOTE = {"id": "vote", "title": "vote électronique"}
