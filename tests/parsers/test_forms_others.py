"""What is no official form of the groups is not taken for one, however much of one it quotes."""

from __future__ import annotations

import io

import pikepdf
import pytest

from parsers.read import read
from parsers.records import Context, Piece

INVOICE = """FACTURE N° F-2026-118
Dematis - 12 rue des Lilas - 75010 Paris - SIRET 450 625 785 00038
Objet : BON DE COMMANDE
LOT N° 2 - TELETRANSMISSION DES ACTES (ACTES)
Groupement de commandes « Dematerialisation des procedures » - marche 2023-2026
Client : Commune de Lys
Adresse : 1 rue Haute, 78000 Versailles
Designation Quantite Prix unitaire HT Total HT
Abonnement ACTES 1 96,00 96,00
TOTAL HT 96,00
TVA 20 % 19,20
TOTAL TTC 115,20
A payer avant le 30/06/2026 par virement."""

OTHER_GROUP = """BON DE COMMANDE
LOT N° 2 - TELETRANSMISSION DES ACTES
Groupement de commandes du syndicat numerique de Bretagne - marche 2024-2027
Denomination : Commune de Ploufragan
N° SIRET : 212 202 150 00015
Adresse : 22 rue de la Mairie
Code postal : 22440 Ville : Ploufragan
Interlocuteur : Yann Le Bras Fonction : DGS
Telephone : 02 96 00 00 00 Courriel : mairie@ploufragan.example
Fait a Ploufragan le 3 mars 2026
Nom et prenom du signataire : Anne Le Goff
Qualite : Maire"""

LETTER = """Madame, Monsieur,
Vous trouverez ci-joint le bon de commande du lot n° 2 - teletransmission des actes (ACTES) du
Groupement de commandes « Dematerialisation des procedures », la fiche d'ouverture de compte et l'avenant a la
convention entre le representant de l'Etat et la collectivite pour la transmission electronique des actes.
Veuillez agreer nos salutations distinguees."""

MINUTES = """CONVENTION DE PARTENARIAT
entre la commune de Lys et l'association des amis de Lys
Article 1er - Objet
La presente convention fixe les modalites de la mise a disposition de la salle des fetes.
Fait en deux exemplaires, a Lys, le 3 mars 2026"""


def _piece(text: str) -> Piece:
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(595, 842))
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    font.Encoding = pikepdf.Name.WinAnsiEncoding
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
    rows = [line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)") for line in text.splitlines()]
    content = "".join(f"BT /F1 10 Tf 50 {780 - 16 * i} Td ({row}) Tj ET\n" for i, row in enumerate(rows))
    page.Contents = pdf.make_stream(content.encode("cp1252"))
    out = io.BytesIO()
    pdf.save(out)
    return read(out.getvalue(), "x.pdf", Context()).pieces[0]


@pytest.mark.parametrize(
    "text", [INVOICE, OTHER_GROUP, LETTER, MINUTES], ids=["invoice", "other group", "letter", "other"]
)
def test_no_official_form_is_seen_where_there_is_none(text: str) -> None:
    assert _piece(text).form is None


@pytest.mark.parametrize("text", [LETTER, MINUTES], ids=["letter", "minutes"])
def test_a_paper_of_no_kind_of_ours_is_other_and_asks_nobody(text: str) -> None:
    piece = _piece(text)
    assert (piece.kind, piece.findings) == ("other", ())


CONVENTION = """CONVENTION entre le representant de l'Etat et la collectivite
pour la transmission electronique des actes
Entre la prefecture de l'Essonne, representee par le prefet, d'une part,
et Commune de Lys-la-Foret, SIRET : {siret}, representee par Anne Le Goff, en qualite de Maire, d'autre part,
Il est convenu ce qui suit.
Fait a Lys, le 3 mars 2026"""


def test_a_convention_written_as_text_is_read_by_its_sentences() -> None:
    piece = _piece(CONVENTION.format(siret="219 106 523 00018"))
    assert (piece.kind, piece.lots) == ("prefecture_convention", ("2",))
    assert {k: f.value for k, f in piece.fields.items()} == {
        "prefecture": "Essonne",
        "member_name": "Commune de Lys-la-Foret",
        "siret": "21910652300018",
        "signatory_name": "Anne Le Goff",
        "signatory_role": "Maire",
        "signed_on": "2026-03-03",
    }
    assert not piece.findings


def test_a_model_left_with_its_dots_is_blank() -> None:
    text = CONVENTION.replace("l'Essonne", "(departement) : .........").replace(
        "Commune de Lys-la-Foret", "..............."
    )
    text = text.format(siret="..............").replace("Anne Le Goff", "........").replace("de Maire", "de ......")
    assert [f.code for f in _piece(text.replace("3 mars 2026", "........")).findings] == ["blank"]
