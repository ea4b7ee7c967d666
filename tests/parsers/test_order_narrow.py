"""Orders of narrow boxes and of other words: broken labels, names and cells; quotations that the buyer accepted."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from parsers import checks, orders
from parsers.extraction import Extraction
from parsers.page import Document, Page, Stroke, Word
from parsers.records import Context
from tests.parsers.typed import FOOT, HEAD, TABLE, document, page, read, read_page, value

TITLE = "\n#Bon de commande n° 2026-17\n\n"


def headed(rows: str) -> Extraction:
    return read(HEAD + TITLE + rows + TABLE + FOOT)


# --- labels ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "name", "expected"),
    [
        (
            "Code service      Date de\nChorus Pro        commande\nS0012             03/02/2026\n",
            "service_code",
            "S0012",
        ),
        ("N° d'engagement   Date\njuridique         03/02/2026\nE26-60\n", "commitment_number", "E26-60"),
        ("Service exécutant (code)    Date\nFIN                         03/02/2026\n", "service_code", "FIN"),
        ("Numéro d'engagement à rappeler : 26.034.E\n", "commitment_number", "26.034.E"),
        ("Date 1er avril 2026\n", "order_date", "2026-04-01"),
        ("Le vingt-quatre juin 2026 (24/06/2026)\n", "order_date", "2026-06-24"),
        ("N° VAL/19 du lundi 8 juin 2026\n", "order_date", "2026-06-08"),
        ("28/05/2026\n", "order_date", "2026-05-28"),
        ("Renseignements : M. Firmin Delacourcelle, adjoint au maire\n", "contact_name", "Firmin Delacourcelle"),
        ("Contact : Zoé Roy\nT. : 01 43 35 34 95\n", "contact_phone", "+33143353495"),
        ("Contact : Zoé Roy\n☎ : 01 43 35 34 95\n", "contact_phone", "+33143353495"),
    ],
)
def test_labels_in_other_words_or_broken(rows: str, name: str, expected: str) -> None:
    assert value(headed(rows), name) == expected


def test_the_siret_of_the_commune_is_a_label_with_its_value() -> None:
    found = read(HEAD.replace("SIRET 219", "Siret de la commune : 219") + TITLE + TABLE + FOOT)
    assert (value(found, "siret"), value(found, "city")) == ("21910652300018", "Valmont")


def test_two_dates_that_stand_by_themselves_tell_nothing() -> None:
    assert value(headed("28/05/2026\n\n31/12/2026\n"), "order_date") is None


def test_an_order_s_title_may_hold_a_number_parted_by_strokes() -> None:
    found = read(HEAD + "\n#COMMANDE N° 2026 / 118 / MP\n\n" + TABLE + FOOT)
    assert (found.kind, value(found, "order_number"), found.findings) == ("purchase_order", "2026 / 118 / MP", ())


def test_a_letter_s_subject_may_name_the_market_before_the_order() -> None:
    found = read(HEAD + "\nObjet : marché du groupement - lettre de commande n° LC-2026-08\n\n" + TABLE + FOOT)
    assert (value(found, "order_number"), found.findings) == ("LC-2026-08", ())


# --- persons ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "name", "role"),
    [
        ("Suivi par\nM.\nJean-\nYves\nDe\nSousa,\nchargé\nde\nmission\n", "Jean-Yves De Sousa", "chargé de mission"),
        ("Dossier\nsuivi par\nMarie-\nAnge\nPétillon\n", "Marie-Ange Pétillon", None),
        (
            "Demandeur : Monsieur Aurélie\nLévêque, assistante de direction\n",
            "Aurélie Lévêque",
            "assistante de direction",
        ),
        ("Demandeur\nZoé Aït Kaci, chef\ndu service\nfinances\n", "Zoé Aït Kaci", "chef du service finances"),
        ("Suivi par : Zoé Aït Kaci, chargée de\nmission\n", "Zoé Aït Kaci", "chargée de mission"),
        (
            "Suivi par : Zoé Roy, chef du service\nfinances – Tél. : 01 43 35 34 95\n",
            "Zoé Roy",
            "chef du service finances",
        ),
        ("Suivi par : Zoé Roy, chef du service\nDevis n° : D-12\n", "Zoé Roy", "chef du service"),
        ("Suivi par : Zoé\nRoy | Tél. : 01 43 35 34 95\n", "Zoé Roy", None),
    ],
)
def test_a_person_over_the_lines_of_a_narrow_column(rows: str, name: str, role: str | None) -> None:
    found = headed(rows)
    assert (value(found, "contact_name"), value(found, "contact_role")) == (name, role)


def test_a_label_may_be_set_to_the_middle_of_its_value_s_two_lines() -> None:
    upper = page(
        HEAD + TITLE + "\n                  M. Loïc Roy,\n                  assistant de direction\n" + TABLE + FOOT
    )
    line = next(w.box for w in upper.words if w.text == "M.")
    label = Word(text="Interlocuteur", box=(40.0, line[1] + 6, 118.0, line[3] + 6), size=9.0)
    sheet = Page(number=1, width=842.0, height=842.0, words=(*upper.words, label))
    found = read_page(Document(pages=(sheet,), source_type="text_pdf"))
    assert (value(found, "contact_name"), value(found, "contact_role")) == ("Loïc Roy", "assistant de direction")


def test_a_role_that_stops_at_a_link_word_is_put_to_a_person() -> None:
    found = headed("Suivi par : Zoé Roy, secrétaire de\nTél. : 01 43 35 34 95\n")
    assert found.fields["contact_role"].confidence < checks.SURE


def test_a_bar_in_the_next_line_parts_no_words_of_this_one() -> None:
    """Lines set so close that a bar, drawn half a line up and down, reaches the middle of the line above it."""
    rows = "Contact : M. Loïc De\nSousa     | Poste : 12 | ☎ : 01 43 35 34 95\n"
    typed = page(HEAD + TITLE + rows + TABLE + FOOT)
    words = [replace(w, box=(*w.box[:3], w.box[1] + 12)) for w in typed.words]
    found = read_page(Document(pages=(replace(typed, words=tuple(words)),), source_type="text_pdf"))
    assert value(found, "contact_name") == "Loïc De Sousa"


def test_who_asks_with_an_office_is_no_buyer() -> None:
    asks = "Demandeur : Zoé Roy, chef du service\nfinances – Tél. : 01 43 35 34 95 – Courriel :\n"
    asks += "z@valmont.fr – Imputation :"
    head = HEAD.split("\n")
    supplier = ["Titulaire :", "DEMATIS", "27 rue de la Vallée", "75013 Paris"]
    rows = [f"{a:48}{b}" for a, b in zip(["", *asks.split("\n")], supplier, strict=True)]
    buyer = [line[:46].rstrip() for line in head]
    found = read("\n".join([*buyer, TITLE, *rows]) + "\n6512/020\n" + TABLE + FOOT)
    names = ("member_name", "street", "city", "contact_name", "contact_role")
    assert [value(found, k) for k in names] == [
        "Commune de Valmont", "12 rue du Lavoir", "Valmont", "Zoé Roy", "chef du service finances",
    ]  # fmt: skip


def test_digits_of_a_siret_set_apart_are_no_telephone_number() -> None:
    found = read(
        HEAD.replace("SIRET 219 106 523 00018", "S I R E T  2 1 9 1 0 6 1 2 7 0 0 0 1 8") + TITLE + TABLE + FOOT
    )
    assert value(found, "contact_phone") is None


def test_an_office_that_is_billed_is_no_buyer_where_a_body_is_told() -> None:
    billed = "Adresse de facturation : Agence comptable – 8 rue du Pont – 91998 Orge\n"
    found = headed(billed)
    alone = read("\nCommune de Valmont                            DEMATIS\n" + TITLE + billed + TABLE + FOOT)
    assert [value(found, k) for k in ("member_name", "street")] == ["Commune de Valmont", "12 rue du Lavoir"]
    assert value(alone, "member_name") == "Commune de Valmont"
    assert alone.fields["city"].confidence < checks.SURE


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("ENGAGEMENT DE DÉPENSE – BON DE COMMANDE", "purchase_order"),
        ("ENGAGEMENT DE DÉPENSE", "legal_commitment"),
        ("ENGAGEMENT JURIDIQUE – BON DE COMMANDE", "legal_commitment"),
    ],
)
def test_a_commitment_of_spending_that_is_an_order_too(title: str, kind: str) -> None:
    assert read(HEAD + f"\n#{title}\n\n" + TABLE + FOOT).kind == kind


def test_a_label_beside_another_is_nobody_s_name() -> None:
    assert value(headed("Interlocuteur   T.\nZoé Roy         01 43 35 34 95\n"), "contact_name") == "Zoé Roy"


def test_the_treasury_s_telephone_is_not_the_buyer_s() -> None:
    found = headed("Comptable assignataire : SGC de Valmont, 5 rue Haute, 91999 Valmont, tél. 01 69 31 00 00\n")
    assert value(found, "contact_phone") is None


def test_an_imputation_beside_the_contact_is_no_telephone_number() -> None:
    rows = "Imputation            Dossier suivi par\n011 / 6512 / 020      Jocelyn Marcoux\n"
    assert value(headed(rows), "contact_phone") is None


def test_a_town_hall_below_a_name_is_a_house() -> None:
    head = HEAD.replace("Commune de Valmont", "Commune de Valmont-sur-Orge").replace("12 rue", "Hôtel de ville\n12 rue")
    found = read(head + TITLE + TABLE + FOOT)
    assert value(found, "member_name") == "Commune de Valmont-sur-Orge"
    assert found.findings == ()


def test_roissy_en_france_is_a_city_s_whole_name() -> None:
    for city in ("Roissy-en-France", "Roissy en France", "Le Thillay-en-France"):
        assert value(read(HEAD.replace("91999 Valmont", f"91999 {city}") + TITLE + TABLE + FOOT), "city") == city
    for country in ("91999 Valmont, France", "91999 Valmont – FRANCE", "91999 Valmont FRANCE"):
        assert value(read(HEAD.replace("91999 Valmont", country) + TITLE + TABLE + FOOT), "city") == "Valmont"


# --- lines -----------------------------------------------------------------------------------------------------------


def lines_of(found: Extraction) -> list[tuple[str, int, object]]:
    return [(x.label, int(x.quantity), x.total) for x in found.lines]


def test_a_label_s_second_line_may_begin_with_signature() -> None:
    table = TABLE.replace("Parapheur électronique   ", "Certificat RGS** –       ") + "signature, clé USB\n"
    found = read(HEAD + TITLE + table + FOOT)
    assert lines_of(found)[1] == ("Certificat RGS** – signature, clé USB", 1, Decimal("120.00"))


def test_a_sentence_below_the_lines_is_no_label() -> None:
    foot = "Soit un total de 312,00 € HT, 62,40 € de TVA et 374,40 € TTC (trois cent soixante-quatorze euros)\n"
    found = read(HEAD + TITLE + TABLE + foot)
    assert lines_of(found)[1][0] == "Parapheur électronique"
    assert value(found, "total_incl_tax") == "374.40"


def test_captions_of_totals_close_the_table() -> None:
    foot = "Sous-total HT        TVA à 20 %        Total général TTC\n312,00               62,40             374,40\n"
    found = read(HEAD + TITLE + TABLE + foot)
    assert [value(found, f"total_{k}") for k in ("excl_tax", "vat", "incl_tax")] == ["312.00", "62.40", "374.40"]


def test_figures_half_a_line_higher_belong_to_their_line() -> None:
    table = """

Désignation                                   Qté      P.U. HT     Montant HT
Abonnement à la télétransmission des actes               96,00
"""
    sheet = page(HEAD + TITLE + table)
    top = max(w.box[1] for w in sheet.words)
    low = [("2", 322.0), ("192,00", 466.0), ("€", 394.0)]
    more = tuple(Word(text=t, box=(x, top + 6, x + 6 * len(t), top + 15), size=9.0) for t, x in low)
    label = Word(text="(ACTES)", box=(40.0, top + 12, 82.0, top + 21), size=9.0)
    sheet = Page(number=1, width=842.0, height=842.0, words=(*sheet.words, *more, label))
    found = read_page(Document(pages=(sheet,), source_type="text_pdf"))
    assert lines_of(found) == [("Abonnement à la télétransmission des actes (ACTES)", 2, Decimal("192.00"))]
    assert found.lines[0].unit_price == Decimal("96.00")


@pytest.mark.parametrize(
    "rows",
    [
        "Abonnement ACTES annuel         2 x 96,00 €      192,00 €\n",
        "Abonnement ACTES annuel\nQuantité : 2 · Prix unitaire HT : 96,00 €        Total HT : 192,00 €\n",
        "Abonnement ACTES annuel : quantité 2, prix unitaire 96,00 €, soit 192,00 €\n",
    ],
)
def test_lines_that_no_table_holds(rows: str) -> None:
    foot = "\nTotal HT 192,00\nTVA 20 % 38,40\nTotal TTC 230,40\n"
    found = read(HEAD + TITLE + "\n" + rows + "\n" + foot)
    assert lines_of(found) == [("Abonnement ACTES annuel", 2, Decimal("192.00"))]


def test_a_quantity_in_figures_and_in_words() -> None:
    table = TABLE.replace("  2        96,00", "  2 (deux) 96,00")
    assert lines_of(read(HEAD + TITLE + table + FOOT))[0][1] == 2


# --- quotations ------------------------------------------------------------------------------------------------------

QUOTE = """
DEMATIS                                       #DEVIS
27 rue de la Vallée                           n° DV-2026-118 du 03/01/2026
75013 Paris

                                              Commune de Valmont
                                              12 rue du Lavoir
                                              91999 Valmont
                                              SIRET 219 106 523 00018
"""
AGREED = "\nBon pour accord\n"


@pytest.mark.parametrize("signing", ["Fait à Valmont, le 26/01/2026\n", "Bon de commande n° 26-14\n"])
def test_a_quotation_that_was_accepted_is_an_order_put_to_a_person(signing: str) -> None:
    found = read(QUOTE.replace("#", "").replace("DEVIS", "*DEVIS*") + TABLE + FOOT + AGREED + signing)
    assert found.kind == "purchase_order"
    assert any("devis" in f.text for f in found.findings)
    assert value(found, "order_number") == ("26-14" if "26-14" in signing else None)
    assert value(found, "order_date") is None  # 3 January is the quotation's


def test_ink_accepts_a_quotation() -> None:
    text = QUOTE.replace("#", "").replace("DEVIS", "*DEVIS*") + TABLE + FOOT + AGREED
    low = page(text).words[-1].box[3]
    sheet = page(text, strokes=(Stroke(box=(60.0, low + 5, 160.0, low + 40), length=300.0),))
    assert read_page(Document(pages=(sheet,), source_type="text_pdf")).kind == "purchase_order"


def test_a_quotation_that_nobody_accepted_is_no_order() -> None:
    text = QUOTE.replace("#", "").replace("DEVIS", "*DEVIS*") + TABLE + FOOT + AGREED + "Devis valable au 31/12/2026\n"
    assert orders.extract(document(text), (1, 1), Context()) is None


# --- values broken by the end of a line ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "name", "expected"),
    [
        (
            "Contact : Zoé Roy\n\nTél.         Mail\n01-58-       zoe.roy@valmont.fr\n21-29-99\n",
            "contact_phone",
            "+33158212999",
        ),
        ("Zoé Roy\n\nTél.\n+33(0)1\n34 67\n39 04\n", "contact_phone", "+33134673904"),
        ("Service      Inventaire général\nexécutant\nS0012\n", "service_code", "S0012"),
    ],
)
def test_values_of_narrow_cells(rows: str, name: str, expected: str | None) -> None:
    assert value(headed(rows), name) == expected


@pytest.mark.parametrize("parts", [("219 106 523", "00018"), ("219", "106 523 00018")])
def test_a_siret_broken_anywhere_is_told_by_its_key(parts: tuple[str, str]) -> None:
    for link in ("\n", "     "):
        head = HEAD.replace("SIRET 219 106 523 00018", " " * 23)
        found = read(head + TITLE + f"SIRET acheteur : {parts[0]}{link}{parts[1]}\n" + TABLE + FOOT)
        assert value(found, "siret") == "21910652300018"


def test_a_code_that_stops_at_a_hyphen_is_put_to_a_person() -> None:
    found = headed("Date : 03/02/2026    Code service : SG-\n01\n")
    assert found.fields["service_code"].confidence < checks.SURE


def test_commune_over_its_place_is_a_name_and_no_label() -> None:
    found = read(HEAD.replace("Commune de Valmont", "COMMUNE\nD’ÉCHOUBOULAINS") + TITLE + TABLE + FOOT)
    assert (value(found, "member_name"), value(found, "city")) == ("COMMUNE D’ÉCHOUBOULAINS", "Valmont")


def test_a_title_broken_behind_its_subject_is_a_title() -> None:
    title = "\n#Bon de Commande – prestations de\n#services\n\nEngagement comptable n° E26-178\n\n"
    found = read(HEAD + title + TABLE + FOOT)
    assert found.kind == "purchase_order"


def test_the_treasury_s_address_tells_no_lot() -> None:
    table = TABLE.replace("Télétransmission des actes, abonnement", "Certificat RGS** sur clé USB, 3 ans   ")
    table = table.replace("Parapheur électronique ", "Remise en face-à-face  ")
    found = read(HEAD + TITLE + table + FOOT + "\nTrésorerie : 5 rue Haute, 91120 Valmont\n")
    assert found.lots == ()


def test_training_of_the_elected_is_of_the_lot_of_convocations() -> None:
    table = TABLE.replace("Télétransmission des actes, abonnement", "Formation des élus à distance (1 h)   ")
    table = table.replace("Parapheur électronique ", "Remise en face-à-face  ")
    assert read(HEAD + TITLE + table + FOOT).lots == ("5",)


def test_an_office_in_type_lower_than_the_gap_between_lines_ends() -> None:
    whole = page(HEAD + TITLE + "Suivi par : Ana Modèle\nDirectrice\n" + TABLE + FOOT)
    tiny = tuple(replace(w, box=(*w.box[:3], w.box[1] + 1.2)) if w.text == "Directrice" else w for w in whole.words)
    found = read_page(Document(pages=(replace(whole, words=tiny),), source_type="text_pdf"))
    assert value(found, "contact_role") == "Directrice"
