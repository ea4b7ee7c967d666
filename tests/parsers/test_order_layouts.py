"""Orders in layouts of few rulings: columns by gaps, lines without a header, totals in other words, broken cells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parsers import checks, orders
from parsers.extraction import Extraction
from parsers.layout import Sheet
from parsers.page import Document, Page, Ruling, Word
from parsers.people import split
from parsers.records import Body, Context
from parsers.sources.flow import Block, Paragraph, Table, Text
from parsers.sources.tab_stops import aligned
from tests.parsers.typed import FOOT, HEAD, TABLE, document, page, read, value

TITLE = """
#Bon de commande n° 2026-17

Date : 03/02/2026      N° d'engagement : E4512
"""
TOTALS = ("total_excl_tax", "total_vat", "total_incl_tax")


def ordered(found: Extraction) -> list[tuple[int, ...]]:
    return [tuple(int(v) for v in (x.quantity, x.unit_price or 0, x.total or 0)) for x in found.lines]


# --- columns ---------------------------------------------------------------------------------------------------------


def printed(*rows: tuple[float, str]) -> Sheet:
    """A page in a proportional type: every character is 5 points wide, a space 2.8, one row a line of 12 points.

    A row is where it begins and its text; `|` stands for a gap of 6 points.
    """
    words = []
    for n, (x, text) in enumerate(rows):
        for part in text.split("|"):
            for shown in part.split(" "):
                width = 5.0 * len(shown) if len(shown) % 2 else 4.6 * len(shown)
                words.append(Word(text=shown, box=(x, 40 + 12 * n, x + width, 49 + 12 * n), size=10.0))
                x += width + 2.8
            x += 3.2
    return Sheet(Page(number=1, width=595, height=842, words=tuple(words)))


def test_a_gap_is_a_border_where_a_neighbour_begins_there() -> None:
    sheet = printed((40, "Centre communal|Bon de commande"), (40, "de Valmont"), (110, "x"))
    start = next(w for w in sheet.page.words if w.text == "Bon").box[0]
    assert [s.text for s in sheet.rows[0]] == ["Centre communal Bon de commande"]
    sheet = printed((40, "Centre communal|Bon de commande"), (40, "de Valmont"), (start, "Date"))
    assert [s.text for s in sheet.rows[0]] == ["Centre communal", "Bon de commande"]


def test_tab_stops_set_columns() -> None:
    stops = (60.0, 250.0, 330.0)
    rows = ("Réf.\tPrestation\tQté\tTotal", "A1\tAbonnement\t1\t96,00", "\t\tTotal HT\t96,00")
    blocks: list[Block] = [Paragraph(items=(Text(text=t),), stops=stops) for t in rows]
    (table,) = aligned(blocks)
    assert isinstance(table, Table)
    said = [
        [b.items[0].text for c in row for b in c.blocks if isinstance(b, Paragraph) and isinstance(b.items[0], Text)]
        for row in table.rows
    ]
    assert said == [["Réf.", "Prestation", "Qté", "Total"], ["A1", "Abonnement", "1", "96,00"], ["Total HT", "96,00"]]
    assert [bool(c.blocks) for c in table.rows[2]] == [False, False, True, True]


def test_a_label_with_its_value_behind_a_tab_is_no_table() -> None:
    blocks: list[Block] = [Paragraph(items=(Text(text=t),)) for t in ("Nom :\tExemple", "Date :\t3 mai 2026")]
    assert aligned(blocks) == blocks


def test_subtotals_across_columns_tell_no_columns() -> None:
    for row in (f"{'Sous-total lot 2':>60}{'192,00':>18}", f"{'Sous-total lot 2':>48}{'192,00':>12}"):
        table = TABLE.replace("Parapheur", f"{row}\nParapheur")
        assert ordered(read(HEAD + TITLE + table + FOOT)) == [(2, 96, 192), (1, 120, 120)]


# --- lines without a header ------------------------------------------------------------------------------------------


def test_rows_without_a_header_prove_themselves() -> None:
    rows = "\n" + "\n".join(TABLE.strip().splitlines()[1:]).replace("   96,00", " x 96,00") + "\n"
    found = read(HEAD + TITLE + rows + FOOT)
    assert ordered(found) == [(2, 96, 192), (1, 120, 120)]
    assert found.findings == ()


def test_rows_without_a_header_that_prove_nothing_are_no_lines() -> None:
    rows = "\n" + "\n".join(TABLE.strip().splitlines()[1:]).replace("192,00", "191,00").replace("120,00\n", "121,00\n")
    found = read(HEAD + TITLE + rows.rstrip()[:-6] + "129,00\n" + FOOT)
    assert found.lines == ()
    assert any(f.field == "lines" for f in found.findings)


def test_one_line_as_rows_of_labels() -> None:
    card = """

Désignation              Télétransmission des actes
Quantité                 2
Prix unitaire HT         96,00 €
Montant HT               192,00 €
TVA                      0,00 € (article 294 du CGI)
Montant TTC              192,00 €
"""
    found = read(HEAD + TITLE + card)
    assert ordered(found) == [(2, 96, 192)]
    assert [value(found, k) for k in TOTALS] == ["192.00", "0.00", "192.00"]


def test_lines_and_totals_in_sentences() -> None:
    letter = """

- 2 abonnements à la télétransmission des actes, à 96,00 € HT l'unité, soit 192,00 € HT ;
- Parapheur électronique : 1 x 120,00 € HT = 120,00 € HT.
Soit un total de 312,00 € HT, 62,40 € de TVA, et 374,40 € TTC.
"""
    found = read(HEAD + TITLE + letter)
    assert ordered(found) == [(2, 96, 192), (1, 120, 120)]
    assert [value(found, k) for k in TOTALS] == ["312.00", "62.40", "374.40"]
    wrong = read(HEAD + TITLE + letter.replace("soit 192,00", "soit 182,00"))
    assert ordered(wrong) == [(1, 120, 120)]
    assert wrong.findings != ()


# --- totals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "foot",
    [
        "\n  Sous-total : 312,00 €\n  Taxes (20 %) : 62,40 €\n  Total à payer : 374,40 €\n",
        "\n  Montant total HT    312,00\n  Montant total TVA   62,40\n  Montant total TTC   374,40\n",
        "\n  Total TTC : 374,40 €\n  dont TVA 20 % : 62,40 €\n  soit HT : 312,00 €\n",
        "\n  Montant total HT : € 312,00\n  Montant total TTC : € 374,40 (dont TVA : € 62,40)\n",
        (
            "\n   Taux      Base HT        TVA          TTC\n   5,50 %    100,00       5,50       105,50"
            "\n   20,00 %   212,00      56,90       268,90\n   Total     312,00      62,40       374,40\n"
        ),
    ],
)
def test_totals_in_other_words(foot: str) -> None:
    found = read(HEAD + TITLE + TABLE + foot)
    assert [value(found, k) for k in TOTALS] == ["312.00", "62.40", "374.40"]
    assert ordered(found) == [(2, 96, 192), (1, 120, 120)]


# --- references, names -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "number"),
    [
        ("#Bon de commande interne n° 88 – TPE", "88"),
        ("#BON DE COMMANDE 2026 / 0451", "2026 / 0451"),
        ("#COMMANDE N° 4500018 DU 04.03.2026", "4500018"),
        ("#Bon de commande n° 22/2026 – 14 septembre 2026", "22/2026"),
        ("#Bon de commande\n\nN. 2026/0031", "2026/0031"),
        ("#Bon de commande – marché n° 2023-12", None),
        ("#Bon de commande 2026", None),
    ],
)
def test_the_number_behind_a_title(title: str, number: str | None) -> None:
    assert value(read(HEAD + "\n" + title + "\n" + TABLE + FOOT), "order_number") == number


def test_the_day_of_printing_is_put_to_a_person() -> None:
    title = "\n#Bon de commande n° 2026-17\n\nÉdité le 21.05.2026\n"
    found = read(HEAD + title + TABLE + FOOT)
    assert value(found, "order_date") == "2026-05-21"
    assert found.fields["order_date"].confidence < 0.9
    dated = read(HEAD + title + "Date : 19/05/2026\n" + TABLE + FOOT)
    assert (value(dated, "order_date"), dated.fields["order_date"].confidence) == ("2026-05-19", 1.0)


@pytest.mark.parametrize(
    ("shown", "key", "wanted"),
    [
        ("Eng. n° : 26E0040", "commitment_number", "26E0040"),
        ("Date EJ : 22/09/2026", "order_date", "2026-09-22"),
        ("ENGAGEMENT 2026 / 0072", "commitment_number", "2026 / 0072"),
        ("Gestionnaire du dossier :   Mme Ana Modèle", "contact_name", "Ana Modèle"),
    ],
)
def test_more_labels(shown: str, key: str, wanted: str) -> None:
    assert value(read(HEAD + "\n#Bon de commande n° 2026-17\n\n" + shown + "\n" + TABLE + FOOT), key) == wanted


def test_a_commitment_in_a_sentence() -> None:
    foot = FOOT + "\nLa dépense est engagée sous le n° 26-190.\n"
    found = read(HEAD + TITLE.replace("N° d'engagement : E4512", "") + TABLE + foot)
    assert value(found, "commitment_number") == "26-190"


def test_a_broken_label_is_one() -> None:
    title = "\n#Bon de commande n° 2026-17\n\nDate de          03/02/2026\ncommande\n"
    assert value(read(HEAD + title + TABLE + FOOT), "order_date") == "2026-02-03"


def test_a_persons_name_keeps_its_initials_dot() -> None:
    assert split("LEMARCHAND T.").name == "LEMARCHAND T."
    assert split("Mme Ana Modèle.").name == "Ana Modèle"
    assert split("MODELE Ana ana.modele@ville-x.fr Tél. 01 60 00 00 00").name == "MODELE Ana"


def test_who_follows_an_order_did_not_sign_it() -> None:
    foot = FOOT + "\nContact                  Ana Modèle, secrétaire\n\nLa présidente\nJeanne Exemple\n"
    found = read(HEAD + TITLE + TABLE + foot)
    assert (value(found, "signatory_name"), value(found, "signatory_role")) == ("Jeanne Exemple", "La présidente")


def test_a_name_over_three_lines() -> None:
    head = HEAD.replace("Commune de Valmont\n", "Communauté de\ncommunes des Trois\nVallées de l'Orval\n")
    census = (Body(name="Communauté de communes des Trois Vallées de l'Orval"),)
    doc = document(head + TITLE + TABLE + FOOT)
    found = orders.extract(doc, (1, 1), Context(census=census))
    assert found is not None
    assert value(found, "member_name") == census[0].name
    alone = read(head + TITLE + TABLE + FOOT).fields["member_name"]
    assert (alone.value, alone.confidence < 0.9) == ("Communauté de communes des Trois", True)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Pour faire suite à nos échanges, la commune de Valmont (SIRET 219 106 523 00018) commande :", True),
        ("Vous voudrez bien noter que nous sommes connus sous le numéro SIRET 219 106 523 00018.", False),
    ],
)
def test_a_sentence_is_no_name(said: str, name: bool) -> None:
    found = read("\n" + said + "\n" + TITLE + "Marché : groupement CIG grande couronne\n" + TABLE + FOOT)
    assert value(found, "member_name") == ("commune de Valmont" if name else None)
    assert value(found, "siret") == "21910652300018"


def test_a_street_in_another_type_is_no_part_of_the_name() -> None:
    head = "\n*Mairie* *de* *Valmont* Rue du Lavoir – 91999 Valmont – SIRET 219 106 523 00018\n"
    found = read(head + TITLE + "Fournisseur : DEMATIS, 27 rue de la Vallée, 75013 Paris\n" + TABLE + FOOT)
    assert [value(found, k) for k in ("member_name", "street", "city")] == [
        "Mairie de Valmont",
        "Rue du Lavoir",
        "Valmont",
    ]


def test_what_stands_beside_a_heading_begins_a_party() -> None:
    head = """
Collectivité    Commune de Valmont
Adresse         12 rue du Lavoir
CP – Ville      91999 Valmont
SIRET           219 106 523 00018
Contact         Ana Modèle
Fournisseur     achatpublic.com – 10 place Neuve – 92160 Antony
"""
    found = read(head + TITLE + TABLE + FOOT)
    assert [value(found, k) for k in ("street", "postal_code", "city")] == ["12 rue du Lavoir", "91999", "Valmont"]


def test_an_issuer_is_a_person_where_a_person_is_named() -> None:
    found = read(HEAD + TITLE + "Émetteur : H. MODÈLE\n" + TABLE + FOOT)
    assert (value(found, "contact_name"), value(found, "member_name")) == ("H. MODÈLE", "Commune de Valmont")


@pytest.mark.parametrize(
    "role", ["Acheteur public", "Demandeur", "Gestionnaire", "Ordonnateur", "Comptable", "Acheteur", "Responsable"]
)
def test_behind_the_label_of_a_role_a_heading_is_a_role(role: str) -> None:
    person = f"Interlocuteur    Ana Modèle\nQualité          {role}\nService          Finances\n\n"
    found = read(person + HEAD + TITLE + TABLE + FOOT)
    assert [value(found, k) for k in ("contact_name", "contact_role", "member_name")] == [
        "Ana Modèle",
        role,
        "Commune de Valmont",
    ]
    below = (
        "Contact            Fonction            Téléphone\nAna Modèle         " + role + "         01 99 00 00 00\n\n"
    )
    found = read(below + HEAD + TITLE + TABLE + FOOT)
    assert (value(found, "contact_name"), value(found, "contact_role")) == ("Ana Modèle", role)


def test_beside_the_label_of_a_role_that_is_empty_a_heading_stays_one() -> None:
    head = """
Contact : Ana Modèle                          Fournisseur : DEMATIS, 75013 Paris
Qualité                                       Acheteur public
                                              Commune de Valmont
                                              12 rue du Lavoir
                                              91999 Valmont
                                              SIRET 219 106 523 00018
"""
    found = read(head + TITLE + TABLE + FOOT)
    assert (value(found, "contact_role"), value(found, "member_name")) == (None, "Commune de Valmont")


# --- narrow columns --------------------------------------------------------------------------------------------------

NARROW = """

Désignation                  Qté     P.U. HT      Remise     Montant HT
"""


def ruled(text: str, *levels: int) -> Extraction:
    """What is read of a typed page with rulings across, each above the line of that number."""
    lines = tuple(Ruling(box=(36.0, 38.5 + 12.0 * n, 520.0, 38.5 + 12.0 * n)) for n in levels)
    doc = Document(pages=(replace(page(text), rulings=lines),), source_type="text_pdf")
    found = orders.extract(doc, (1, 1), Context())
    assert found is not None
    return checks.check(found, Context(), doc.pages[0].text)


def asks(found: Extraction) -> bool:
    return any(f.code in ("doubtful", "totals") for f in found.findings)


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        pytest.param(
            """
Scrutin électronique,          2           1                  2 500,00
forfait annuel                        250,00
""",
            (2, 1250, 2500),
            id="price",
        ),
        pytest.param(
            """
Scrutin électronique,          2    1 250,00                         2
forfait annuel                                                  500,00
""",
            (2, 1250, 2500),
            id="total",
        ),
        pytest.param(
            """
Scrutin électronique,          1           1                         1
forfait annuel                        250,00                    250,00
""",
            (1, 1250, 1250),
            id="both, where the first line alone proves itself too",
        ),
        pytest.param(
            """
Scrutin électronique,          2           1                         2
Paris                                    250                       500
                                    000,00 €                  000,00 €
""",
            (2, 1250000, 2500000),
            id="three lines",
        ),
        pytest.param(
            """
                                           1
Scrutin électronique           2                              2 500,00
                                      250,00
""",
            (2, 1250, 2500),
            id="figures set to the middle of a cell",
        ),
        pytest.param(
            """
Scrutin électronique,          2           1      10 %        2 250,00
forfait annuel                        250,00
""",
            (2, 1250, 2250),
            id="discount",
        ),
    ],
)
def test_an_amount_broken_at_its_thousands_is_one(rows: str, wanted: tuple[int, ...]) -> None:
    found = read(HEAD + TITLE + NARROW + rows)
    assert ordered(found) == [wanted]
    assert found.lines[0].label.startswith("Scrutin électronique")
    assert not asks(found)


def test_what_neither_arithmetic_nor_rulings_prove_is_not_put_together() -> None:
    wrong = read(
        HEAD + TITLE + NARROW + "Scrutin électronique,          3           1                  2 500,00\n"
        "forfait annuel                        250,00\n"
    )
    assert asks(wrong)
    without = read(
        HEAD + TITLE + NARROW + "Scrutin électronique,          3           1\n"
        "forfait annuel                        250,00\n"
    )
    assert ordered(without) == [(3, 1, 0)]
    assert asks(without)


def test_rulings_around_a_row_tell_a_broken_amount() -> None:
    head = HEAD + TITLE + NARROW
    n = len(head.strip("\n").splitlines())
    rows = "Scrutin électronique,          3           1\nforfait annuel                        250,00\n"
    found = ruled(head + rows, n - 1, n, n + 2)
    assert ordered(found) == [(3, 1250, 0)]
    parted = ruled(head + rows.replace("forfait", "Forfait"), n - 1, n, n + 1, n + 2)
    assert ordered(parted)[0] == (3, 1, 0)


def test_two_lines_with_figures_of_their_own_stay_two() -> None:
    rows = """
Scrutin électronique           2         100                       200
Parapheur                      1         150                       150
"""
    assert ordered(read(HEAD + TITLE + NARROW + rows)) == [(2, 100, 200), (1, 150, 150)]


def test_totals_broken_at_their_thousands() -> None:
    rows = """
Scrutin électronique           2    1 250,00                  2 500,00

                                      Total HT                       2
                                                                500,00
                                      TVA 20 %                  500,00
                                      Total TTC                      3
                                                                000,00
"""
    found = read(HEAD + TITLE + NARROW + rows)
    assert [value(found, k) for k in TOTALS] == ["2500.00", "500.00", "3000.00"]
    assert not asks(found)


def test_a_text_beside_the_table_may_reach_over_its_header() -> None:
    text = """
Commune de Valmont        #
12 rue du Lavoir             Bon de commande n° 2026-17
91999 Valmont                Date : 03/02/2026
SIRET 219 106 523 00018      N° d'engagement : E4512

E-mail :                     Désignation       Qté    P.U.     Montant
ana.modele@mairie-de-valmont-sur-orge.example          HT      HT
Suivi par : Ana Modèle       Télétransmission    2   96,00    192,00
Qualité : DGS                Parapheur           1  120,00    120,00

Fournisseur                  Total HT : 312,00 TVA 20 % : 62,40
DEMATIS SAS                  Total TTC : 374,40
75013 Paris
"""
    found = read(text.replace("#", ""))
    assert ordered(found) == [(2, 96, 192), (1, 120, 120)]
    assert value(found, "contact_email") == "ana.modele@mairie-de-valmont-sur-orge.example"


def test_a_number_s_second_line_beside_the_table_s_header_is_no_column() -> None:
    text = """
Commune de Valmont
12 rue du Lavoir             Bon de commande n° 2026-17
91999 Valmont                Date : 03/02/2026
SIRET 219 106 523 00018
Ligne directe : 01 69 00 00
42                           Désignation       Qté    P.U.     Montant
E-mail :                                               HT      HT
ana@valmont.example          Télétransmission    2   96,00    192,00
Suivi par : Ana
Modèle                       Parapheur           1  120,00    120,00
Fournisseur                  Total HT : 312,00 TVA 20 % : 62,40
DEMATIS SAS                  Total TTC : 374,40
75013 Paris
"""
    found = read(text)
    assert ordered(found) == [(2, 96, 192), (1, 120, 120)]
    contact = ("contact_phone", "contact_email", "contact_name")
    assert [value(found, k) for k in contact] == ["+33169000042", "ana@valmont.example", "Ana Modèle"]


@pytest.mark.parametrize("at", range(6, 12))
@pytest.mark.parametrize("reach", [27, 30, 33])  # into the table's first cell, up to the second's text, over it
def test_a_word_too_long_for_its_cell_is_no_part_of_the_next_one(at: int, reach: int) -> None:
    right = """
Bon de commande n° 2026-17
Date : 03/02/2026
N° d'engagement : E4512


Réf.  Désignation        Qté    P.U.     Montant
                                HT       HT
A71   Télétransmission     2    96,00     192,00
      des actes
B78   Parapheur            1   120,00     120,00
      électronique

Total HT : 312,00 TVA 20 % : 62,40
Total TTC : 374,40
"""
    left = ["Commune de Valmont", "12 rue du Lavoir", "91999 Valmont", "SIRET 219 106 523 00018", "Site :"]
    left += [""] * (at - len(left))
    left += [
        "www." + "a" * (reach - 8) + ".org",
        "Suivi par : Ana Modèle",
        "Qualité : Adjointe",
        "gestionnaire",
    ]
    beside, table = page("\n".join(left)), page(right)
    words = tuple(replace(w, box=(w.box[0] + 156, w.box[1], w.box[2] + 156, w.box[3])) for w in table.words)
    down = tuple(Ruling(box=(x, 98.0, x, 170.0)) for x in (193.0, 229.0, 342.0, 378.0, 432.0, 495.0))
    doc = Document(pages=(replace(beside, words=beside.words + words, rulings=down),), source_type="text_pdf")
    found = orders.extract(doc, (1, 1), Context())
    assert found is not None
    assert [(x.label, x.quantity, x.total) for x in found.lines] == [
        ("Télétransmission des actes", 2, 192),
        ("Parapheur électronique", 1, 120),
    ]


def test_pages_without_words_are_no_order() -> None:
    empty = Document(pages=(Page(number=1, width=595, height=842),), source_type="text_pdf")
    assert orders.extract(empty, (1, 1), Context()) is None


def test_a_house_s_number_in_other_type_stays_with_its_street() -> None:
    from parsers.party_address import _runs

    sheet = Sheet(document(HEAD + TITLE + TABLE + FOOT).pages[0])
    line = next(s for s in sheet.segments if s.text == "12 rue du Lavoir")
    number, *rest = line.words
    for words in (
        (replace(number, size=number.size * 2), *rest),
        tuple(replace(w, origin="ocr", size=w.size * (1 + i)) for i, w in enumerate(line.words)),
    ):
        assert _runs(replace(line, words=words), line.text) == [line.text]
