"""Orders of finance software: whole documents with their truth, then one trait at a time on typed pages."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from parsers import catalogue, checks, orders
from parsers.document import read_document
from parsers.extraction import Extraction
from parsers.page import Stroke
from parsers.records import Body, Context
from tests.parsers.typed import TABLE, document, page

FOLDER = Path(__file__).parents[2] / "fixtures" / "orders"
FILES = sorted(p for p in FOLDER.iterdir() if p.suffix in (".pdf", ".docx"))
TYPES = {
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_whole_documents(path: Path) -> None:
    truth = json.loads(path.with_suffix("").with_suffix(".truth.json").read_text("utf-8"))
    (piece,) = read_document(path.read_bytes(), path.name, TYPES[path.suffix], Context(ocr=False))
    assert (piece.kind, piece.group, list(piece.lots)) == (truth["kind"], truth["group"], truth["lots"])
    assert {k: f.value for k, f in piece.fields.items()} == truth["fields"]
    assert [shown(x) for x in piece.lines] == [
        (x["label"], Decimal(x["quantity"]), Decimal(x["unit_price"]), Decimal(x["total"])) for x in truth["lines"]
    ]
    assert piece.findings == ()


def shown(line: Any) -> tuple[Any, ...]:
    return line.label, line.quantity, line.unit_price, line.total


HEAD = """
Commune de Valmont                       #
12 rue du Lavoir                              DEMATIS
91999 Valmont                                 27 rue de la Vallée
SIRET 219 106 523 00018                       75013 Paris
Tél. 01 60 00 00 00                           SIRET 450 724 786 00030
"""
TITLE = """
#Bon de commande n° 2026-17

Date : 03/02/2026      N° d'engagement : E4512      Code service : FIN01
Marché : groupement de commandes CIG grande couronne
"""
FOOT = """
                                                     Total HT          312,00
                                                     TVA 20 %           62,40
                                                     Total TTC         374,40

Fait à Valmont, le 05/02/2026
Le Maire, Jeanne Exemple
"""


def read(*texts: str, context: Context = Context()) -> Extraction:  # noqa: B008  # frozen
    doc = document(*texts)
    found = orders.extract(doc, (1, len(doc.pages)), context)
    assert found is not None
    return checks.check(found, context, "\n".join(p.text for p in doc.pages))


def order(head: str = HEAD, title: str = TITLE, table: str = TABLE, foot: str = FOOT) -> str:
    return head.replace("#", "") + title + table + foot


def value(found: Extraction, name: str) -> object:
    field = found.fields.get(name)
    return None if field is None else field.value


def test_a_plain_order() -> None:
    found = read(order())
    assert {k: f.value for k, f in found.fields.items()} == {
        "member_name": "Commune de Valmont",
        "siret": "21910652300018",
        "street": "12 rue du Lavoir",
        "postal_code": "91999",
        "city": "Valmont",
        "contact_phone": "+33160000000",
        "order_number": "2026-17",
        "order_date": "2026-02-03",
        "commitment_number": "E4512",
        "service_code": "FIN01",
        "total_excl_tax": "312.00",
        "total_vat": "62.40",
        "total_incl_tax": "374.40",
        "signatory_name": "Jeanne Exemple",
        "signatory_role": "Le Maire",
        "signed_on": "2026-02-05",
    }
    assert (found.kind, found.group, found.lots) == ("purchase_order", "cig-grande-couronne", ("2",))
    assert [shown(x)[1:] for x in found.lines] == [(2, 96, 192), (1, 120, 120)]
    assert found.findings == ()
    assert found.fields["siret"].page == 1
    assert found.fields["siret"].box is not None


def test_the_suppliers_siret_is_never_the_members() -> None:
    found = read(order(head=HEAD.replace("SIRET 219 106 523 00018", "                       ")))
    assert value(found, "siret") is None
    unknown = HEAD.replace("DEMATIS", "Nouveau ").replace("SIRET 450 724 786 00030", "SIRET 732 829 320 00074")
    found = read(order(head=unknown), context=Context(suppliers=("732829320",)))
    assert value(found, "siret") == "21910652300018"


def test_a_name_broken_by_a_gap_is_no_label_with_its_city() -> None:
    head = HEAD.replace("Commune de Valmont     ", "Commune      d’Éragny").replace("91999 Valmont ", "              ")
    assert value(read(order(head)), "city") is None


def test_an_empty_place_stays_empty() -> None:
    found = read(order(title=TITLE.replace("E4512", "     ").replace("FIN01", "")))
    assert value(found, "commitment_number") is None
    assert value(found, "service_code") is None
    assert value(found, "order_number") == "2026-17"


@pytest.mark.parametrize(
    ("label", "key", "shown_as", "read_as"),
    [
        ("Engagement juridique n°", "commitment_number", "EJ2026001", "EJ2026001"),
        ("N° EJ :", "commitment_number", "1400012345", "1400012345"),
        ("Service exécutant :", "service_code", "SRV-GEN", "SRV-GEN"),
        ("Affaire suivie par :", "contact_name", "Mme Ana Modèle, responsable des achats", "Ana Modèle"),
        ("Courriel :", "contact_email", "Ana.Modele@ville-x.fr", "ana.modele@ville-x.fr"),
    ],
)
def test_labels(label: str, key: str, shown_as: str, read_as: str) -> None:
    title = "\n#Bon de commande n° 2026-17\n\n" + f"{label} {shown_as}\n"
    assert value(read(order(title=title)), key) == read_as


def test_columns_in_any_order() -> None:
    table = """

Qté   Désignation                                P.U. HT     Montant HT
2     Télétransmission des actes, abonnement       96,00         192,00
1     Parapheur électronique                      120,00         120,00
"""
    assert [shown(x) for x in read(order(table=table)).lines] == [
        ("Télétransmission des actes, abonnement", 2, 96, 192),
        ("Parapheur électronique", 1, 120, 120),
    ]


def test_a_column_whose_header_says_nothing_is_told_by_arithmetic() -> None:
    table = TABLE.replace("Qté", "Vol")
    assert [shown(x)[1:] for x in read(order(table=table)).lines] == [(2, 96, 192), (1, 120, 120)]


def test_labels_over_several_lines() -> None:
    table = TABLE.replace("Parapheur électronique ", "Parapheur électronique,") + "cinq utilisateurs, un an\n"
    assert read(order(table=table)).lines[1].label == "Parapheur électronique, cinq utilisateurs, un an"


def test_negative_quantity_is_no_line() -> None:
    table = TABLE + "Annulation parapheur                           -1       120,00        -120,00\n"
    foot = FOOT.replace("312,00", "192,00").replace("62,40", "38,40").replace("374,40", "230,40")
    found = read(order(table=table, foot=foot))
    assert len(found.lines) == 2
    assert [f.code for f in found.findings] == ["negative_quantity"]


def test_quantity_zero_or_empty_is_not_ordered() -> None:
    table = TABLE + (
        "Mise en ligne des actes                         0        84,00           0,00\n"
        "Formation à distance                                    130,00\n"
    )
    assert len(read(order(table=table)).lines) == 2


def test_an_order_s_discount() -> None:
    table = TABLE + "Remise commerciale                                                     -12,00\n"
    foot = FOOT.replace("312,00", "300,00").replace("62,40", "60,00").replace("374,40", "360,00")
    found = read(order(table=table, foot=foot))
    assert found.adjustment == Decimal("-12.00")
    assert len(found.lines) == 2
    assert found.findings == ()


@pytest.mark.parametrize("wrong", ["311,00", "412,00"])
def test_totals_that_do_not_add_up(wrong: str) -> None:
    found = read(order(foot=FOOT.replace("312,00", wrong)))
    assert "totals" in [f.code for f in found.findings]


def test_carried_totals_and_pages() -> None:
    first = order(foot="\nÀ reporter                                                            312,00\n")
    second = """
Bon de commande n° 2026-17 (suite)

Désignation                                   Qté      P.U. HT     Montant HT
Report                                                                 312,00
Mise en ligne des actes                         1        84,00          84,00

                                                     Total HT          396,00
                                                     TVA 20 %           79,20
                                                     Total TTC         475,20
"""
    found = read(first, second)
    assert [x.label for x in found.lines][2] == "Mise en ligne des actes"
    assert [x.page for x in found.lines] == [1, 1, 2]
    assert len(found.lines) == 3
    assert found.findings == ()


def test_several_lots_and_a_provider_s_own() -> None:
    table = TABLE.replace("Parapheur électronique ", "Convocation des élus   ")
    assert read(order(table=table)).lots == ("2", "5")
    # Keys at Dematis are of its lots, not the other group's certificates.
    table = TABLE.replace("Parapheur électronique ", "Certificat RGS** 3 ans ")
    assert read(order(table=table)).lots == ("2",)


def test_an_order_is_of_its_group_after_the_catalogues_are_read_anew() -> None:
    catalogue.providers_in("Dematis")
    catalogue.forget()
    assert read(order()).group == "cig-grande-couronne"


def test_an_unknown_lot_asks() -> None:
    table = TABLE.replace("Télétransmission des actes, abonnement", "Ramettes de papier A4                 ").replace(
        "Parapheur électronique", "Agrafeuse             "
    )
    head = HEAD.replace("DEMATIS", "PAPYRUS").replace("450 724 786 00030", "732 829 320 00074")
    found = read(
        order(head=head, title=TITLE.replace("groupement de commandes CIG grande couronne", "2026-03"), table=table)
    )
    assert found.group is None
    assert [f.code for f in found.findings] == ["unknown_lot"]


def test_engagement_juridique_of_a_school() -> None:
    head = HEAD.replace("Commune de Valmont", "Lycée Jean Exemple").replace("DEMATIS", "CERTIGNA")
    head = head.replace("219 106 523 00018", "195 413 943 00018").replace("450 724 786 00030", "481 463 081 00036")
    title = "\n#ENGAGEMENT JURIDIQUE\nN° EJ : 1400001\nN° de commande : 55-A\nUAI : 0541394X\n"
    table = TABLE.replace("Télétransmission des actes, abonnement", "Certificat RGS** 3 ans                ").replace(
        "Parapheur électronique", "Remise en face-à-face ")  # fmt: skip
    found = read(order(head, title, table))
    assert (found.kind, found.group, found.lots) == ("legal_commitment", "ldmems", ("rgs",))
    assert value(found, "uai") == "0541394X"
    assert value(found, "commitment_number") == "1400001"
    assert value(found, "order_number") == "55-A"


@pytest.mark.parametrize(
    "title",
    ["FACTURE N° 2026-17", "DEVIS N° 2026-17", "BON DE LIVRAISON", "DÉLIBÉRATION", "RELEVÉ D’IDENTITÉ BANCAIRE",
     "Accusé de réception de commande", "PURCHASE ORDER 2026-17"],
)  # fmt: skip
def test_other_papers_are_no_orders(title: str) -> None:
    text = order(title=f"\n#{title}\n\nVotre bon de commande n° 2026-17 du 03/02/2026\n")
    assert orders.extract(document(text), (1, 1), Context()) is None


def test_prose_is_no_order() -> None:
    text = "Le conseil approuve le bon de commande n° 12 et autorise le maire à signer.\nFait à Valmont, le 03/02/2026"
    assert orders.extract(document(text), (1, 1), Context()) is None


def test_a_foreign_order_is_none() -> None:
    text = order(
        head=HEAD.replace("SIRET 219 106 523 00018", "TVA BE 0123.456.789    ").replace(
            "Commune de Valmont", "Administration de Y "
        )
    )
    assert orders.extract(document(text), (1, 1), Context()) is None


def test_signed_by_hand() -> None:
    text = order()
    bottom = page(text).words[-1].box[3]
    signed = page(text, strokes=(Stroke(box=(60, bottom + 5, 150, bottom + 40), length=300.0),))
    logo = page(text, strokes=(Stroke(box=(10, 5, 35, 30), length=300.0),))
    for drawn, expected in ((signed, True), (logo, False)):
        doc = document(text)
        found = orders.extract(type(doc)(pages=(drawn,), source_type="text_pdf"), (1, 1), Context())
        assert found is not None
        assert found.signed_by_hand is expected


def test_a_code_cut_by_its_cell_is_doubtful() -> None:
    title = """
#Bon de commande n° 2026-17

Date            Code service
03/02/2026      FACTURES_PUB
                LIQUES
"""
    found = read(order(title=title))
    assert value(found, "service_code") == "FACTURES_PUBLIQUES"
    assert [f.field for f in found.findings if f.code == "doubtful"] == ["service_code"]


def test_the_census_tells_the_name() -> None:
    census = (Body(name="Valmont-les-Bains", siret="21910652300018"),)
    found = read(order(head=HEAD.replace("Commune de Valmont", "Valmont-les-Bains ")), context=Context(census=census))
    assert value(found, "member_name") == "Valmont-les-Bains"
