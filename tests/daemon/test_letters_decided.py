"""The facts that the rules really give, for every lot and every turn of a dossier's life, told by the templates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from daemon.letters.render import Renderer
from parsers.records import Finding
from rules.records import Dossier, Letter
from tests.rules.dossiers import CIG, LDMEMS, SCHOOL, TOWN, at, decided, dossier, filed, mail, news, paper
from tests.rules.test_filing import Shelf, open_dossier, piece
from tests.rules.test_filing import filed as filed_mail

RENDERER = Renderer()
T0 = at("2025-12-04T10:00")
LATER = ["2025-12-12T10:00", "2025-12-23T10:00", "2026-01-09T10:00", "2026-02-02T10:00", "2026-03-02T10:00"]
LINES = (
    {"label": "Abonnement ACTES", "quantity": 1, "unit_price": "96.00", "total": "96.00"},
    {"label": "Formation à distance", "quantity": 2, "unit_price": None, "total": None},
)
CONTACT = {"contact_name": "Mme Claire Lefèvre", "contact_phone": "+33169000000", "total_excl_tax": "226.00"}


def order(lot: str, *findings: tuple[str, str], kind: str = "purchase_order") -> Any:
    return paper(kind, (lot,), T0, lines=LINES, fields=CONTACT, findings=findings)


def form(lot: str, *findings: tuple[str, str], **fields: Any) -> Any:
    return paper("account_form", (lot,), T0, fields=fields, findings=findings)


def dossiers() -> Iterator[tuple[str, Dossier]]:
    told = {"already_transmitting": True, "current_provider": "Docapost", "certificate_expires_on": "2026-01-03"}
    for lot in ("1", "2", "3", "5"):
        yield f"lot {lot} complete", dossier(lot, order(lot), form(lot, already_customer=False, **told))
        yield f"lot {lot} order", dossier(lot, order(lot))
        yield f"lot {lot} form", dossier(lot, form(lot))
        yield f"lot {lot} doubt", dossier(lot, order(lot, ("bad_siret", "La clé du SIRET est fausse.")), form(lot))
        yield f"lot {lot} blank", dossier(lot, form(lot, ("blank", "Le formulaire est vierge.")))
        yield f"lot {lot} note", dossier(lot, paper("other", (lot,), T0))
        yield f"lot {lot} silent", dossier(lot, committed=True, opened_at=T0)
        stranger = replace(dossier(lot, order(lot), form(lot, **told)), member=replace(TOWN, known=False))
        yield f"lot {lot} unknown", stranger
    for signature in ("none", "handwritten", "electronic_broken"):
        for kind in ("prefecture_amendment", "prefecture_convention"):
            signed = paper(kind, ("2",), T0, signature=signature)
            yield f"{kind} {signature}", dossier("2", order("2"), form("2", **told), signed)
        convention = paper("group_convention", ("vote",), T0, signature=signature)
        yield f"convention {signature}", dossier("vote", convention, committed=True)
    for lot in ("vote", "tpe", "pdf", "rgs", "signature"):
        yield f"{lot} silent", dossier(lot, committed=True, opened_at=T0)
        private = replace(SCHOOL, kind="private")
        yield f"{lot} private", replace(dossier(lot, committed=True, opened_at=T0), member=private)
    yield "rgs order", dossier("rgs", order("rgs", kind="legal_commitment"))
    yield (
        "tpe contract",
        dossier("tpe", paper("merchant_contract", ("tpe",), T0, fields={"merchant_number": "1234567"})),
    )


def turns(d: Dossier) -> Iterator[tuple[Dossier, Sequence[Letter]]]:
    """The letters of a dossier as time goes by, then with a provider's news, then the same papers again."""
    for when in (T0, *LATER):
        decision = decided(d, when)
        known = {x.key for x in d.letters}
        asked = [
            Letter(
                key=f"{q.id}/request",
                kind="review_request",
                to="coordinator",
                due_at=T0,
                template="review_request",
                facts=q.facts,
            )
            for q in decision.questions
        ]
        yield d, [*(x for x in decision.letters if x.key not in known), *asked]
        d = filed(d, decision)


def told(title: str, letters: Sequence[Letter]) -> None:
    """Each mail as it would leave: to a member all together, to the others one by one."""
    mails = [[x] for x in letters if x.to in ("provider", "coordinator")]
    gathered = [x for x in letters if x.to in ("member", "sender")]
    for together in [*mails, *([gathered] if gathered else [])]:
        said = RENDERER.render(together, role=together[0].to)
        name = f"{title}: {[x.template for x in together]}\n{said.subject}\n{said.text}"
        assert len(said.subject) > 10, name
        assert len(said.text.split("\n\n")) >= 3, name
        assert not re.search(r"None|\{|\}|  \S.*:$", said.text.replace("  \n", "")), name
        assert not re.search(r"\.\.(?!\.)|,,| ,|\.\s;|:\s*\.|\(\)", said.text), name
        assert not re.search(r"[a-zé]'[a-zé]|« | »|\S [;?!:](\s|$)", said.text), name
        assert not re.search(r"(?i)\bde le\b|\bde les\b|\bà le\b|\bà les\b", said.text), name


@pytest.mark.parametrize(("title", "of"), list(dossiers()), ids=lambda x: x if isinstance(x, str) else "")
def test_every_turn_of_a_dossier_is_told(title: str, of: Dossier) -> None:
    seen = 0
    for _, letters in turns(of):
        told(title, letters)
        seen += len(letters)
    assert seen


def test_a_providers_news_are_told() -> None:
    start = dossier("2", order("2"), form("2", already_transmitting=True))
    start = filed(start, decided(start, T0))
    for outcome in ("reached", "appointment", "refused", "question"):
        data = {"milestone": "j4", "outcome": outcome, "words": "Bonjour,\nLe compte est ouvert.", "message": "m9"}
        known = replace(start, news=(news("milestone", "2025-12-09T10:00", **data),))
        decision = decided(known, "2025-12-09T11:00")
        new = [x for x in decision.letters if x.key not in {y.key for y in known.letters}]
        told(outcome, new)


def test_the_same_papers_again_earn_one_line() -> None:
    first = dossier("5", order("5"), form("5"))
    first = filed(first, decided(first, T0))
    when = at("2025-12-05T09:00")
    again = mail(when=when, again=tuple(p.id for p in first.pieces))
    decision = decided(replace(first, messages=(*first.messages, again)), when)
    new = [x for x in decision.letters if x.key not in {y.key for y in first.letters}]
    assert [x.template for x in new] == ["acknowledgement"]
    said = RENDERER.render(new, role="member").text
    assert "nous avions déjà" in " ".join(said.split())
    assert "lundi" not in said, "the steps are told once"


MAILS: dict[str, dict[str, Any]] = {
    "technical": {"intents": ("question_technical",), "body": "Le parapheur marche-t-il sur tablette ?"},
    "commercial": {"intents": ("question_commercial",), "body": "Quel est le prix ?"},
    "training": {"intents": ("training",), "body": "Une formation est-elle possible ?"},
    "join": {"intents": ("join",), "body": "Nous voulons rejoindre le groupement.", "sender": "x@inconnu.example"},
    "withdraw": {"intents": ("withdraw",), "body": "Nous ne voulons plus du service."},
    "second": {"intents": ("second_account",), "body": "Un second compte, s’il vous plaît."},
    "other": {"intents": ("other",), "body": "…"},
    "promised": {"intents": ("submit",), "body": "Ci-joint nos papiers."},
    "denied": {"intents": ("submit",), "body": "Bonjour", "authenticity": "fail"},
}


@pytest.mark.parametrize("name", MAILS)
@pytest.mark.parametrize("group", [CIG, LDMEMS], ids=lambda g: g.id)
def test_every_mail_is_answered_in_words(name: str, group: Any) -> None:
    lot, member = ("2", TOWN) if group is CIG else ("signature", SCHOOL)
    address = {"sender": "mairie@valmont.example" if group is CIG else "ce.0540001a@academie.example"}
    shelf = Shelf((open_dossier(lot, member),))
    options = address | {"subject": "Question"} | MAILS[name]
    told(name, filed_mail(group=group, shelf=shelf, **options).letters)
    told(name, filed_mail(group=group, **(options | {"sender": "qui@inconnu.example"})).letters)


@pytest.mark.parametrize("kind", ["purchase_order", "account_form", "group_convention", "other"])
def test_papers_of_nobody_are_answered_in_words(kind: str) -> None:
    doubt = Finding(code="unreadable", text="Le document est illisible.")
    for pieces in ([piece(kind)], [piece(kind, (), doubt)], [piece(kind), piece("other")]):
        told(kind, filed_mail(*pieces, sender="qui@inconnu.example", intents=("submit",)).letters)
