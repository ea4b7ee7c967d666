"""Invented mails of every kind: `check` renders each template on them, tests and docs/lettres use them too.

The facts have the form that `rules.decide` gives; bodies, persons, SIRETs (valid by Luhn) and prices are invented.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from daemon.letters.render import Picture
from rules.records import Letter, LetterKind, Role

AT = dt.datetime(2025, 12, 4, 9, 12, tzinfo=dt.UTC)
CIG: dict[str, Any] = {
    "id": "cig-grande-couronne",
    "name": "Groupement de commandes « Dématérialisation des procédures »",
    "signature": [
        "Le groupement de commandes – CIG de la grande couronne",
        "Service conseil en contrats publics · 01 39 49 63 24",
    ],
    "mailbox": "dematerialisation-mp@cigversailles.fr",
    "phone": "01 39 49 63 24",
    "contact": "Vous préférez parler à quelqu’un ? Appelez le 01 39 49 63 24.",
    "answer_time": "",
}
LDMEMS: dict[str, Any] = {
    "id": "ldmems",
    "name": "Groupement de commandes « Services numériques »",
    "signature": ["Le groupement de commandes LDMEMS", "ce.0540015y_ga@ac-nancy-metz.fr"],
    "mailbox": "ce.0540015y_ga@ac-nancy-metz.fr",
    "phone": None,
    "contact": "Le courriel est à préférer : ce.0540015y_ga@ac-nancy-metz.fr.",
    "answer_time": "Le délai moyen de réponse est de sept jours.",
}
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
_TITLES = {
    "1": ("profil acheteur", "lot 1", "achatpublic.com"),
    "2": ("télétransmission des actes", "lot 2", "Dematis"),
    "3": ("télétransmission des flux comptables", "lot 3", "Dematis"),
    "5": ("convocation électronique", "lot 5", "Dematis"),
    "vote": ("vote électronique", "vote électronique", "Kercia"),
    "rgs": ("certificats RGS**", "certificats RGS**", "Certigna"),
    "signature": ("signature électronique", "signature électronique", "Yousign"),
}
_CALL = (
    "Dematis vous appelle pour confirmer la commande et vérifier votre clé RGS** ; en cas d’absence, un courriel vous "
    "proposera un rendez-vous."
)
_J2 = {"id": "j2", "due": "2025-12-08", "state": "waiting", "what": _CALL}
_J4 = {
    "id": "j4",
    "due": "2025-12-10",
    "state": "waiting",
    "what": "Votre compte est ouvert. Vous pourrez l’utiliser dès que la préfecture aura validé l’avenant.",
}
_CHANGE = (
    "Comme vous changez de prestataire, pensez à clôturer et à archiver vos actes transmis et ceux du parapheur avant "
    "la bascule : la nouvelle solution ne les reprendra pas."
)
_LINES = [
    {"label": "Abonnement annuel ACTES", "quantity": "1", "unit_price": "96.00", "total": "96.00"},
    {"label": "Formation à distance", "quantity": "1", "unit_price": "130.00", "total": "130.00"},
]
_NOTHING: dict[str, Any] = {
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


def _mail(
    subject: str = "Bon de commande", words: str = "Bonjour,\n\nVoici nos papiers.\n\nCordialement"
) -> dict[str, Any]:
    return {
        "id": "m1",
        "received_at": "2025-12-04T09:58:00+01:00",
        "subject": subject,
        "sender": "mairie@orvilliers-le-pont.example",
        "sender_name": "Mme Claire LEFÈVRE",
        "words": words,
    }


def _dossier(lot: str, ref: str, state: str = "incomplete") -> dict[str, Any]:
    title, short, provider = _TITLES[lot]
    return {
        "ref": ref,
        "lot": lot,
        "title": title,
        "subject": title,
        "short": short,
        "provider": provider,
        "state": state,
    }


def _letter(
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
    common: dict[str, Any] = {
        "group": group,
        "at": AT.isoformat(),
        "to": to,
        "member": member,
        "addressee": {"name": "Mme Claire LEFÈVRE" if to in ("member", "sender") and group is CIG else ""},
    }
    if ref:
        common["dossier"] = _dossier(lot, ref)
    key = f"{ref or 'mail/m1'}/{template}/{name}"
    return Letter(key=key, kind=kind, to=to, due_at=AT, template=template, facts=common | dict(facts), subject=subject)


def _paper(what: str, **more: Any) -> dict[str, Any]:
    return {
        "id": what,
        "kind": "account_form",
        "what": what,
        "how": "",
        "state": "missing",
        "why": "",
        "instead": "",
        "blocks": True,
        "group_wide": False,
        "paper": None,
        "link": None,
    } | more


def _seen(what: str, piece: str, **more: Any) -> dict[str, Any]:
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


def _ack(lot: str, ref: str, recognised: list[dict[str, Any]], **more: Any) -> Letter:
    group = more.pop("group", CIG)
    facts = _NOTHING | {
        "message": _mail(),
        "recognised": recognised,
        "again": [],
        "only_again": False,
        "latest": True,
        "trusted": True,
    }
    member = TOWN if group is CIG else SCHOOL
    return _letter(
        "acknowledgement", "acknowledgement", "member", facts | more, ref=ref, lot=lot, group=group, member=member
    )


_ORDER = _seen("le bon de commande du lot 2", "p1", lines=_LINES, total_excl_tax="226.00")
_FORM = _seen(
    "la fiche d’ouverture de compte",
    "p2",
    kind="account_form",
    says=["vous télétransmettez déjà", "tiers actuel : Docapost", "certificat RGS** valable jusqu’au 3 mai 2027"],
)
_AMENDMENT = _paper(
    "l’avenant à votre convention de télétransmission, signé",
    how="un exemplaire à la préfecture de l’Essonne, un autre en réponse à ce message",
    blocks=False,
    paper="CIG_lot2_avenant_convention_prefecture",
)
_ONLINE = _paper(
    "la convention de groupement",
    state="refused",
    why="Elle est signée à la main, et seules comptent celles qui sont signées en ligne.",
    instead="Le nom de l’établissement s’y inscrit de lui-même ; indiquez le téléphone portable de la personne "
    "habilitée à signer, elle y recevra un code par SMS.",
    group_wide=True,
    blocks=False,
    link="https://yousign.app/workflows/forms/exemple",
)


def _sent(provider: str, *, complement: bool = False) -> dict[str, Any]:
    return {
        "provider": provider,
        "at": AT.isoformat(),
        "complement": complement,
        "pieces": ["le bon de commande du lot 2", "la fiche d’ouverture de compte"],
    }


def _complete() -> Letter:
    return _ack(
        "2",
        "CIG-2-0042",
        [_ORDER, _FORM],
        order_complete=True,
        forward=_sent("Dematis"),
        missing=[_AMENDMENT],
        next=[_J2, _J4],
        warnings=[_CHANGE],
    )


def _three_lots() -> tuple[Letter, ...]:
    """One mail that brought the papers of lots 2, 3 and 5; one is not complete."""
    call = {"due": "2025-12-08", "state": "waiting", "what": _CALL, "id": "j2"}
    opened = {"due": "2025-12-10", "state": "waiting", "what": "Votre compte est ouvert.", "id": "j4"}
    done = {"order_complete": True, "forward": _sent("Dematis"), "next": [call, opened], "warnings": [_CHANGE]}
    form5 = _seen("la fiche de renseignement de compte du lot 5", "p6", kind="account_form")
    return (
        _ack("2", "CIG-2-0042", [_ORDER, _FORM], missing=[_AMENDMENT], **done),
        _ack(
            "3",
            "CIG-3-0007",
            [_seen("le bon de commande du lot 3", "p3"), _seen("la fiche de renseignement de compte du lot 3", "p4")],
            **done,
        ),
        _ack("5", "CIG-5-0019", [form5], missing=[_paper("le bon de commande du lot 5")]),
    )


def _reminder(lot: str, ref: str, n: int, received: list[dict[str, str]]) -> Letter:
    facts = _NOTHING | {
        "n": n,
        "of": 3,
        "earlier": ["2025-12-15T09:00:00+01:00"] if n > 1 else [],
        "last": n == 3,
        "since": "2025-12-02T09:00:00+01:00",
        "received": received,
        "missing": [_paper(f"la fiche de renseignement de compte du lot {lot}", paper="x")],
    }
    return _letter("reminder", "reminder", "member", facts, ref=ref, lot=lot, name=str(n))


def _escalation(reason: str, text: str, ask: str, **more: Any) -> Example:
    facts = {
        "reason": reason,
        "text": text,
        "ask": ask,
        "message": None,
        "words": "",
        "missing": [],
        "questions": [],
        "milestone": None,
        "reminders": [],
        "candidates": [],
    } | more
    ref = None if more.get("message") else "CIG-2-0042"
    member = None if reason in ("unknown_member", "not_understood") else TOWN
    letter = _letter("escalation", "escalation", "coordinator", facts, ref=ref, name=reason, member=member)
    return Example(name=f"escalade-{reason.replace('_', '-')}", role="coordinator", letters=(letter,))


def _answer(name: str, **more: Any) -> Example:
    facts = {
        "message": _mail("Question", "Bonjour,\n\nLe parapheur fonctionne-t-il sur tablette ?"),
        "intents": ["question_technical"],
        "went_to": [],
        "answers": [],
        "paragraphs": [],
        "webinars": _NOTHING["webinars"],
        "unknown_member": False,
        "candidates": [],
        "nothing_understood": False,
        "ask": [],
        "lots": [],
        "papers": [],
    } | more
    known = not facts["unknown_member"]
    letter = _letter(
        "answer",
        "answer",
        "sender",
        facts,
        ref="CIG-2-0042" if known else None,
        name=name,
        member=TOWN if known else None,
    )
    return Example(name=f"reponse-{name}", role="member", letters=(letter,))


_MEMBERS = [
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
_LOT_VOTE = {"id": "vote", "title": "vote électronique"}


def examples() -> tuple[Example, ...]:
    """A mail for every template and every case that its words tell apart."""
    from daemon.digest.example import digests  # here: a digest is made of letters

    return (*_to_members(), *_to_providers(), *_to_coordinators(), *digests())


def _to_members() -> tuple[Example, ...]:
    passed = {"who": "provider", "name": "Dematis", "intent": "question_technical", "contact": ""}
    person = {"who": "coordinator", "name": "la coordination du groupement", "intent": "join", "contact": ""}
    confirmation = {
        **_NOTHING,
        "provider": "Dematis",
        "pieces": ["le bon de commande du lot 2", "la fiche d’ouverture de compte"],
        "complement": False,
        "next": [_J2, _J4],
        "missing": [_AMENDMENT],
        "told_by": None,
    }
    told = _letter(
        "confirmation",
        "confirmation",
        "member",
        confirmation | {"told_by": "CIG-2-0042/acknowledgement/x"},
        ref="CIG-2-0042",
    )
    milestone = {
        "milestone": {"id": "j4", "what": "Votre compte est ouvert."},
        "news": "account_opened",
        "text": "Dematis a ouvert votre compte de télétransmission des actes ce jeudi 4 décembre 2025.",
        "words": "",
        "steps": ["Vous pourrez l’utiliser dès que la préfecture aura validé l’avenant."],
        "missing": [],
    }
    listed = {**_NOTHING, "provider": "Kercia", "steps": ["Kercia ouvre votre espace de vote et vous contacte."]}
    replay = {
        "upcoming": [],
        "register": None,
        "replays": [{"what": "la présentation de la solution", "link": "https://visio.example/lot-vote"}],
    }
    seminar = {
        "upcoming": [{"at": "2025-12-11T10:00:00+01:00", "what": "lot 2, parapheur"}],
        "register": "https://webinaires.example/inscription",
        "replays": [],
    }
    return (
        Example(name="accuse-complet", role="member", letters=(_complete(), told), attachments=("Avenant.docx",)),
        Example(name="accuse-trois-lots", role="member", letters=_three_lots(), attachments=("a.docx", "b.pdf")),
        Example(
            name="accuse-refus",
            role="member",
            letters=(
                _ack(
                    "vote",
                    "LDMEMS-VOTE-0117",
                    [_seen("la convention de groupement", "p9", kind="group_convention", state="refused")],
                    group=LDMEMS,
                    missing=[_ONLINE],
                    steps=["Dès que les deux chefs d’établissement ont signé, chacun reçoit son exemplaire."],
                    webinars=replay,
                ),
            ),
        ),
        Example(
            name="accuse-question",
            role="member",
            letters=(
                _ack(
                    "1",
                    "CIG-1-0003",
                    [_seen("le bon de commande du lot 1", "p1")],
                    questions=[
                        {
                            "fact": "already_customer",
                            "text": "Êtes-vous déjà client de la solution achatpublic.com ?",
                        }
                    ],
                ),
            ),
        ),
        Example(
            name="accuse-verification",
            role="member",
            letters=(
                _ack(
                    "2",
                    "CIG-2-0051",
                    [dict(_ORDER, state="review"), _seen("la délibération", "p7", state="kept")],
                    reviewing=[{"what": "le bon de commande du lot 2", "points": ["La clé du SIRET est fausse."]}],
                ),
            ),
        ),
        Example(
            name="accuse-deja-recu",
            role="member",
            letters=(
                _ack(
                    "2",
                    "CIG-2-0042",
                    [],
                    only_again=True,
                    again=[{"piece": "p1", "name": "BC.pdf", "what": "le bon de commande du lot 2"}],
                ),
            ),
        ),
        Example(
            name="accuse-inconnu",
            role="member",
            letters=(_ack("2", "CIG-2-0077", [_ORDER, _FORM], order_complete=True, unknown_member=True),),
        ),
        Example(
            name="accuse-sans-papier",
            role="member",
            letters=(_ack("2", "CIG-2-0042", [], missing=[_paper("le bon de commande du lot 2")], trusted=False),),
        ),
        Example(
            name="accuse-depasse",
            role="member",
            letters=(_ack("2", "CIG-2-0042", [_ORDER], latest=False),),
        ),
        Example(
            name="accuse-complement",
            role="member",
            letters=(
                _ack(
                    "2",
                    "CIG-2-0042",
                    [_seen("l’avenant à votre convention de télétransmission", "p8", signature="handwritten")],
                    order_complete=True,
                    complete=True,
                    forward=_sent("Dematis") | {"at": "2025-11-28T10:00:00+01:00"},
                ),
            ),
        ),
        Example(
            name="confirmation",
            role="member",
            letters=(_letter("confirmation", "confirmation", "member", confirmation, ref="CIG-2-0042"),),
        ),
        Example(
            name="inscription",
            role="member",
            letters=(
                _letter(
                    "confirmation",
                    "listed",
                    "member",
                    listed | {"webinars": replay},
                    ref="LDMEMS-VOTE-0117",
                    lot="vote",
                    group=LDMEMS,
                    member=SCHOOL,
                ),
            ),
        ),
        Example(
            name="etape",
            role="member",
            letters=(_letter("confirmation", "milestone", "member", milestone, ref="CIG-2-0042"),),
        ),
        Example(
            name="etape-question",
            role="member",
            letters=(
                _letter(
                    "confirmation",
                    "milestone",
                    "member",
                    milestone
                    | {
                        "news": "question",
                        "text": "Dematis a une question sur votre dossier :",
                        "words": "Bonjour,\nQuel est le nom du signataire ?",
                    },
                    ref="CIG-2-0042",
                ),
            ),
        ),
        Example(
            name="invitation",
            role="member",
            letters=(
                _letter(
                    "missing",
                    "missing",
                    "member",
                    {
                        **_NOTHING,
                        "reason": "invitation",
                        "missing": [
                            _paper("le bon de commande du lot 2"),
                            _paper("la fiche d’ouverture de compte du lot 2"),
                        ],
                        "webinars": seminar,
                    },
                    ref="CIG-2-0060",
                ),
            ),
            attachments=("BC.pdf", "Fiche.pdf"),
        ),
        Example(
            name="papier-a-refaire",
            role="member",
            letters=(
                _letter(
                    "missing",
                    "missing",
                    "member",
                    {
                        **_NOTHING,
                        "reason": "refused",
                        "missing": [
                            _paper("le bon de commande du lot 2", state="refused", why="Les quantités sont illisibles.")
                        ],
                    },
                    ref="CIG-2-0042",
                ),
            ),
        ),
        Example(
            name="papier-de-plus",
            role="member",
            letters=(
                _letter(
                    "missing",
                    "missing",
                    "member",
                    {**_NOTHING, "reason": "fact", "missing": [_paper("la fiche")]},
                    ref="CIG-1-0003",
                ),
            ),
        ),
        Example(
            name="rappel-1",
            role="member",
            letters=tuple(
                _reminder(
                    lot, ref, 1, [{"what": f"le bon de commande du lot {lot}", "on": "2025-12-02T09:00:00+01:00"}]
                )
                for lot, ref in (("3", "CIG-3-0007"), ("5", "CIG-5-0019"))
            ),
            attachments=("a.pdf", "b.pdf"),
        ),
        Example(name="rappel-2", role="member", letters=(_reminder("3", "CIG-3-0007", 2, []),)),
        Example(name="rappel-3", role="member", letters=(_reminder("3", "CIG-3-0007", 3, []),)),
        _answer("prestataire", went_to=[passed]),
        _answer(
            "rattachement",
            intents=["join"],
            went_to=[person],
            unknown_member=True,
            paragraphs=["Les marchés permettent de rejoindre le groupement en cours d’exécution."],
        ),
        _answer(
            "faq",
            went_to=[passed],
            answers=[
                {
                    "title": "Où trouver les formulaires ?",
                    "text": "Sur le site du centre, rubrique Gestion locale.",
                    "link": "https://centre.example/formulaires",
                }
            ],
            webinars=seminar,
        ),
        _answer("incompris", nothing_understood=True, intents=["other"], went_to=[person]),
        _answer(
            "precision", nothing_understood=True, ask=["Dites-nous de quel lot il s’agit, et pour quelle collectivité."]
        ),
        Example(
            name="trop-volumineux",
            role="member",
            letters=(
                _letter("answer", "too_large", "sender", {"message": _mail("Dossier"), "limit_mb": 25}, ref=None),
            ),
        ),
    )


def _to_providers() -> tuple[Example, ...]:
    forward = {
        "complement": False,
        "pieces": [
            dict(_ORDER, id="p1", what="le bon de commande du lot 2"),
            dict(_FORM, id="p2", what="la fiche d’ouverture de compte"),
        ],
        "sheet": [
            {"label": "SIRET", "value": "21910652300018"},
            {"label": "Contact", "value": "Mme Claire Lefèvre, secrétaire générale"},
            {"label": "Téléphone", "value": "+33169000000"},
            {"label": "Courriel", "value": "mairie@orvilliers-le-pont.example"},
            {"label": "Télétransmet déjà", "value": True},
            {"label": "Certificat RGS** valable jusqu’au", "value": "2027-05-03"},
        ],
        "orders": _LINES,
        "trainings": [_LINES[1]],
        "promised": [_J2, _J4],
        "intro": "La commune télétransmet déjà : l’avenant suivra, il ne retarde pas l’ouverture du compte.",
        "exact_subject": None,
    }
    complement = forward | {
        "complement": True,
        "pieces": [dict(_FORM, id="p3", what="l’avenant")],
        "orders": [],
        "trainings": [],
        "promised": [],
        "intro": "",
    }
    question = {
        "message": _mail("Question", "Bonjour,\n\nLe parapheur fonctionne-t-il sur tablette ?\n\nMerci"),
        "provider": "Dematis",
        "intents": ["question_technical"],
        "contact": {
            "name": "Mme Claire Lefèvre",
            "email": "mairie@orvilliers-le-pont.example",
            "phone": "+33169000000",
        },
        "lots": [{"id": "2", "title": "télétransmission des actes"}],
    }
    chaser = {
        "milestone": {"id": "j4", "what": "Le compte de l’adhérent est ouvert.", "due": "2025-12-10"},
        "forwarded_at": "2025-12-04T10:00:00+01:00",
    }
    listing = {"lot": _LOT_VOTE, "provider": "Kercia", "members": _MEMBERS, "additions": False, "intro": ""}
    return (
        Example(
            name="transmission",
            role="provider",
            letters=(_letter("forward", "forward", "provider", forward, ref="CIG-2-0042"),),
            attachments=("CIG-2-0042 - Orvilliers-le-Pont - bon de commande.pdf",),
        ),
        Example(
            name="transmission-complement",
            role="provider",
            letters=(_letter("forward", "forward", "provider", complement, ref="CIG-2-0042"),),
        ),
        Example(
            name="transmission-objet-exact",
            role="provider",
            letters=(
                _letter(
                    "forward",
                    "forward",
                    "provider",
                    forward | {"exact_subject": "marché groupement LDMEMS"},
                    ref="LDMEMS-RGS-0004",
                    lot="rgs",
                    subject="marché groupement LDMEMS",
                    group=LDMEMS,
                    member=SCHOOL,
                ),
            ),
        ),
        Example(
            name="question-au-prestataire",
            role="provider",
            letters=(_letter("forward", "question", "provider", question, ref="CIG-2-0042"),),
        ),
        Example(
            name="relance-prestataire",
            role="provider",
            letters=(_letter("reminder", "chaser", "provider", chaser, ref="CIG-2-0042"),),
        ),
        Example(
            name="liste",
            role="provider",
            letters=(_letter("list", "list", "provider", listing, ref=None, group=LDMEMS, member=None),),
        ),
        Example(
            name="liste-ajouts",
            role="provider",
            letters=(
                _letter("list", "list", "provider", listing | {"additions": True}, ref=None, group=LDMEMS, member=None),
            ),
        ),
    )


@cache
def _zone() -> Picture:
    """The place of a SIRET on an order, as a review request shows it."""
    from daemon.letters.crop import draw
    from daemon.letters.prefilled import Papers

    paper = Papers().fill("CIG_lot2_bon_de_commande", {"siret": "21910652300078"}, ref="x", member="x")
    drawn = draw(paper[1], 1, (137.9, 165.8, 326.9, 178.3)) if paper else None
    return Picture(
        cid="zone", data=drawn or b"", media_type="image/png", alt="zone du document où se lit la valeur : SIRET"
    )


def _to_coordinators() -> tuple[Example, ...]:
    review = {
        "piece": dict(_ORDER, values=[{"field": "siret", "label": "SIRET", "value": "21910652300078"}]),
        "points": [
            {
                "code": "bad_siret",
                "text": "La clé du SIRET est fausse ; l’adhérent de ce nom a le 219 106 523 00018.",
            }
        ],
        "rest_complete": True,
        "missing": [],
    }
    stranger = {
        "piece": None,
        "points": [
            {
                "code": "unknown_member",
                "text": "SIVOM du Haut-Vaudreuil (21910000100018) ne figure pas au recensement. "
                "Faut-il l’admettre dans le groupement ?",
            }
        ],
        "rest_complete": False,
        "missing": [_paper("la fiche d’ouverture de compte")],
    }
    listing = {
        "lot": _LOT_VOTE,
        "provider": "Kercia",
        "members": _MEMBERS,
        "additions": False,
        "intro": "",
        "list_key": "list/ldmems/vote/x",
    }
    done = {
        "message": None,
        "piece": review["piece"],
        "verdict": "corrected",
        "motive": "",
        "by": "coordination@cig.example",
    }
    candidates = [{"name": "Commune d’Orvilliers", "siret": "21780124000011", "uai": None, "score": 91}]
    return (
        Example(
            name="point-a-verifier",
            role="coordinator",
            letters=(_letter("review_request", "review_request", "coordinator", review, ref="CIG-2-0051"),),
            pictures=(_zone(),),
        ),
        Example(
            name="organisme-a-admettre",
            role="coordinator",
            letters=(
                _letter(
                    "review_request",
                    "review_request",
                    "coordinator",
                    stranger,
                    ref="CIG-2-0077",
                    member=TOWN | {"name": "SIVOM du Haut-Vaudreuil", "known": False},
                ),
            ),
        ),
        Example(
            name="liste-a-verifier",
            role="coordinator",
            letters=(
                _letter(
                    "review_request", "review_request", "coordinator", listing, ref=None, group=LDMEMS, member=None
                ),
            ),
        ),
        *(
            Example(
                name=f"verification-{verdict.replace('_', '-')}",
                role="coordinator",
                letters=(
                    _letter(
                        "confirmation",
                        "review_done",
                        "coordinator",
                        done
                        | {
                            "verdict": verdict,
                            "motive": "illisible",
                            "corrections": [{"label": "SIRET", "value": "21910652300018"}],
                        },
                        ref="CIG-2-0051",
                    ),
                ),
            )
            for verdict in ("ok", "corrected", "refused", "not_understood", "already")
        ),
        _escalation(
            "unknown_member",
            "Un expéditeur que le recensement ne connaît pas nous a écrit.",
            "Dites-lui s’il peut rejoindre le groupement.",
            message=_mail("Rattachement"),
            candidates=candidates,
        ),
        _escalation(
            "not_understood",
            "Ce message n’a pas été compris.",
            "Répondez-lui directement.",
            message=_mail("Divers", ""),
        ),
        _escalation(
            "withdraw", "La commune demande à se retirer.", "Répondez-lui directement.", message=_mail("Retrait")
        ),
        _escalation(
            "silent",
            "Trois rappels sont restés sans réponse.",
            "Appelez l’adhérent.",
            missing=[_paper("la fiche d’ouverture de compte")],
            reminders=["2025-11-13T09:00:00+01:00", "2025-11-24T09:00:00+01:00", "2025-12-03T09:00:00+01:00"],
        ),
        _escalation(
            "late",
            "Dematis n’a pas répondu à notre relance.",
            "Voyez avec lui où en est le compte.",
            milestone={"id": "j4", "what": "Le compte de l’adhérent est ouvert.", "due": "2025-12-10"},
        ),
        *(
            _escalation(reason, "Voici ce qui s’est passé.", "Décidez de la suite.")
            for reason in (
                "question_commercial",
                "join",
                "second_account",
                "training",
                "provider_refused",
                "provider_question",
                "no_provider",
                "undeliverable",
                "provider_unverified",
                "other_group",
                "over",
                "other",
            )
        ),
    )
