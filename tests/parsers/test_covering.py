"""What a covering mail says, as a witness of recognised papers."""

from __future__ import annotations

import pytest

from fixtures.make_forms import ORDER_READ
from parsers import covering
from parsers.records import Context
from tests.parsers.recognised import differing, misread, recognised

MAIL = covering.text_of(
    "solene.kervella@ville-pont-aven.example",
    "Solène KERVELLA",
    "Commande du CCAS de Pont-Aven",
    "Bonjour,\nci-joint notre dossier.\nSolène Kervella\nDirectrice des affaires générales\n"
    "CCAS de Pont-Aven – 12 rue des Meunières, 29930 Pont-Aven\nTél. 02 98 06 00 35",
)


@pytest.mark.parametrize(
    ("type_", "value", "held"),
    [
        ("email", "solene.kervella@ville-pont-aven.example", True),
        ("email", "s.kervella@ville-pont-aven.example", False),
        ("phone", "+33298060035", True),
        ("phone", "+33298060036", False),
        ("name", "CCAS DE PONT AVEN", True),
        ("name", "KERVELLA Solène", True),  # in the other order
        ("name", "Kervell", False),  # a part of a word
        ("name", "CCAS de Pont-Ave", False),
        ("text", "12 rue des Meunières", True),
        ("text", "72 rue des Meunières", False),
        ("text", "des affaires", True),
        ("name", "du", False),  # too short to mean anything
        ("amount", "12", False),
    ],
)
def test_a_mail_bears_out_what_it_spells(type_: str, value: str, held: bool) -> None:
    said = covering.of(MAIL)
    assert said is not None
    assert said.spells(type_, value) is held


@pytest.mark.parametrize(
    ("type_", "value", "offered"),
    [
        ("name", "Solène Kervetla", ["Solène Kervella"]),
        ("name", "KERVELIA Solène", ["KERVELLA Solène"]),
        ("text", "Directrice des affaines générales", ["Directrice des affaires générales"]),
        ("text", "72 rue des Mennières", ["72 rue des Meunières"]),  # the figures stay what was read
        ("email", "solene.kervella@ville-pont-avem.example", ["solene.kervella@ville-pont-aven.example"]),
        ("email", "accueil@ville-pont-avem.example", ["accueil@ville-pont-aven.example"]),
        ("email", "solenekervolla@ville-pont-aven.example", ["solene.kervella@ville-pont-aven.example"]),
        ("email", "kervella@ville-pont-aven.example", []),  # another address of the same person
        ("email", "s.kervella@mairie-quimper.example", []),  # another domain is another body's
        ("name", "Marc Le Goff", []),
        ("date", "2026-03-04", []),
    ],
)
def test_a_mail_offers_what_it_nearly_spells(type_: str, value: str, offered: list[str]) -> None:
    said = covering.of(MAIL)
    assert said is not None
    assert said.offers(type_, value) == offered


def test_an_address_nearly_the_mail_s_is_never_taken_as_read() -> None:
    mail = str(ORDER_READ["contact_email"])
    near = mail.replace("quemeneur", "quemenaur")
    wrong = misread(**{mail: near})
    assert recognised("lot2-order-flat-signed", wrong).fields["contact_email"].value == near
    told = recognised("lot2-order-flat-signed", wrong, Context(covering=f"De : {mail}"))
    assert told.fields["contact_email"].value == mail
    assert [f.field for f in told.findings] == ["contact_email"]  # both engines read it otherwise


def test_a_mail_without_words_is_no_witness() -> None:
    assert covering.of("") is None
    assert covering.of(" \n –") is None


def test_a_doubtful_value_that_the_mail_holds_asks_nobody() -> None:
    doubt = differing("l'Abbé-Grégoire")
    assert recognised("lot2-order-flat-signed", doubt).findings
    mail = f"Notre adresse : {ORDER_READ['street']}"
    assert not recognised("lot2-order-flat-signed", doubt, Context(covering=mail)).findings


def test_a_misread_word_is_taken_from_the_mail() -> None:
    wrong = misread(**{"Fontaine-les-Grès-Verts": "Fontaine-les-Crès-Vents"})
    alone = recognised("lot2-order-flat-signed", wrong)
    told = recognised("lot2-order-flat-signed", wrong, Context(covering=str(ORDER_READ["member_name"])))
    assert alone.fields["member_name"].value != ORDER_READ["member_name"]
    assert told.fields["member_name"].value == ORDER_READ["member_name"]


def test_figures_are_never_taken_from_the_mail() -> None:
    street = str(ORDER_READ["street"])
    house = street.split()[0]
    other = Context(covering=street.replace(house, "99", 1))
    assert recognised("lot2-order-flat-signed", context=other).fields["street"].value == street
