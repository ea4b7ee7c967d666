"""An order written in the mail itself becomes a piece; letters, questions, reminders and quoted history never do."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from email.message import EmailMessage

import pytest

from fixtures.make_forms import FILLED
from parsers.own_words import split
from parsers.read import read
from parsers.records import Context, Reading

ORDER = """\
BON DE COMMANDE N° 2025-118 du 12/11/2025

Commune de Valmorin-sur-Aulne
12 rue de la Mairie
78120 Valmorin-sur-Aulne
SIRET : 217 802 436 00010

Fournisseur : Dematis

Désignation                                  Qté   PU HT     Montant HT
Télétransmission ACTES – abonnement annuel   1     96,00     96,00
Utilisateur supplémentaire du parapheur      2     12,50     25,00

Total HT    121,00
TVA 20 %     24,20
Total TTC   145,20
"""
SIGNED = "\nCordialement,\nClaire Martin\nSecrétaire de mairie\n01 39 00 00 00\n"


def _read(text: str, subject: str = "Bon de commande", *files: tuple[str, bytes]) -> Reading:
    message = EmailMessage()
    message["From"] = "Mairie <mairie@valmorin.example>"
    message["Subject"] = subject
    message.set_content(text)
    for name, data in files:
        message.add_attachment(data, maintype="application", subtype="pdf", filename=name)
    return read(message.as_bytes(), "m.eml", Context())


def test_an_order_in_the_text_is_read_like_any_other() -> None:
    result = _read("Bonjour,\n\nMerci d'enregistrer notre commande.\n\n" + ORDER + SIGNED)
    (piece,) = result.pieces
    assert (piece.name, piece.source_type, piece.kind) == ("corps du message.txt", "mail_body", "purchase_order")
    assert (piece.group, piece.lots, piece.signature, piece.pages) == ("cig-grande-couronne", ("2",), "none", None)
    assert [(x.quantity, x.unit_price, x.total) for x in piece.lines] == [
        (Decimal(1), Decimal("96.00"), Decimal("96.00")),
        (Decimal(2), Decimal("12.50"), Decimal("25.00")),
    ]
    values = {k: piece.value(k) for k in ("siret", "order_number", "order_date", "city", "total_incl_tax")}
    assert values == {
        "siret": "21780243600010",
        "order_number": "2025-118",
        "order_date": "2025-11-12",
        "city": "Valmorin-sur-Aulne",
        "total_incl_tax": "145.20",
    }
    assert result.mail is not None
    assert result.mail.intents == ("submit",)


def test_its_digest_is_the_text_s() -> None:
    (first,) = _read(ORDER).pieces
    (second,) = _read(ORDER, "Une commande").pieces
    assert first.sha256 == second.sha256
    assert len(first.sha256) == len(hashlib.sha256().hexdigest())


def test_lines_that_the_mail_program_closed_up_are_asked_about() -> None:
    (piece,) = _read("\n".join(" ".join(line.split()) for line in ORDER.split("\n"))).pieces
    assert piece.lines == ()
    assert ("doubtful", "lines") in [(f.code, f.field) for f in piece.findings]


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Livraison", "Bonjour,\n\nOù en est la commande ci-dessous ?\n\n" + ORDER),
        ("Commande", "Bonjour,\n\nNous n'avons pas reçu la commande suivante.\n\n" + ORDER),
        ("Annulation", "Bonjour,\n\nNous souhaitons annuler la commande ci-dessous.\n\n" + ORDER),
        ("Tarif", "Bonjour,\n\nCette commande vous paraît-elle correcte ?\n\n" + ORDER),
        ("Commande", "Bonjour,\n\nLe bon ci-dessous partira à la signature la semaine prochaine.\n\n" + ORDER),
        ("Tarif", "Bonjour,\n\nNotre commande de l’an dernier, pour mémoire.\n\n" + ORDER),
        ("TR: commande", "\n".join("> " + line for line in ORDER.split("\n"))),
        ("RE: commande", "Bien reçu.\n\nLe 12/11/2025 à 10:00, Mairie a écrit :\n\n" + ORDER),
        ("Devis", ORDER.replace("BON DE COMMANDE", "DEVIS")),
        ("Facture", ORDER.replace("BON DE COMMANDE", "FACTURE")),
        (
            "Bon de commande",
            "Bonjour,\n\nVeuillez trouver le bon de commande n° 2025-14 du 12/11/2025, de 121,00 € HT, "
            "soit 145,20 € TTC.\n\nCommune de Valmorin-sur-Aulne\nSIRET 217 802 436 00010\n" + SIGNED,
        ),
    ],
    ids=["where", "late", "withdrawn", "asked", "promised", "past", "quoted", "answered", "quote", "invoice", "letter"],
)
def test_what_only_speaks_of_an_order_is_none(subject: str, text: str) -> None:
    assert _read(text, subject).pieces == ()


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Veuillez enregistrer la commande suivante pour la commune d'Orsonnais", "commune d’Orsonnais"),
        ("Merci de noter la commande du CCAS d'Orsonnais", "CCAS d’Orsonnais"),
    ],
)
def test_a_name_in_a_sentence_is_read_without_the_sentence(line: str, name: str) -> None:
    text = f"BON DE COMMANDE\n\n{line} (SIRET 217 802 436 00010) :\n" + ORDER.split("\n\n", 2)[2]
    (piece,) = _read(text).pieces
    assert piece.value("member_name") == name


def test_beside_an_order_in_a_file_the_text_only_sums_it_up() -> None:
    result = _read(ORDER, "Bon de commande", ("bc.pdf", (FILLED / "lot2-order.pdf").read_bytes()))
    assert [p.name for p in result.pieces] == ["bc.pdf"]


@pytest.mark.parametrize(
    "text",
    [
        "Merci beaucoup pour votre retour, mais je n’ai pas compris de quel lot il s’agit.",
        "Bonjour,\n\nMerci pour votre retour. Notre SIRET a changé.",
        "Merci pour vos explications : nous renonçons au lot 5.",
        "Bonjour,\n\nMerci beaucoup pour votre retour.",
        "Merci d’avance",
    ],
)
def test_what_follows_thanks_is_said_and_thanks_alone_are_kept(text: str) -> None:
    signed = f"{text}\n\nCordialement,\nHélène Morvan\nMairie de Saint-Aubin"
    assert split(signed).own == text


@pytest.mark.parametrize(
    "tail",
    [
        "Ce message et ses pièces jointes sont confidentiels.\nToute annulation doit être faite par écrit.",
        "Vous pouvez exercer votre droit de retrait ou\nvous opposer au traitement en écrivant à dpo@x.fr",
        "Conformément au RGPD, vous pouvez ne plus recevoir nos messages.",
    ],
)
def test_what_a_server_adds_below_is_not_said(tail: str) -> None:
    assert split(f"Voici la fiche du lot 2.\n\n{tail}").own == "Voici la fiche du lot 2."


def test_a_question_of_data_protection_is_said() -> None:
    asked = "Quelle est la marche à suivre pour le RGPD ?"
    assert split(asked).own == asked
    assert split(f"Ce message est destiné au service.\n\n{asked}").own == asked


def test_thanks_at_the_end_of_a_message_close_it() -> None:
    text = "Bonjour,\nVoici la fiche du lot 2.\nMerci pour votre aide. Bonne journée.\nHélène Morvan\nMairie d’Aubin"
    assert split(text).own == "Bonjour,\nVoici la fiche du lot 2."
