from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from parsers import checks, names
from parsers.catalogue import catalogue, catalogues, pattern, providers_in
from parsers.extraction import Extraction
from parsers.records import Body, Context, Field, Line
from parsers.values import fold

CENSUS = (
    Body(name="Commune d'Étiolles", siret="21910652300018"),
    Body(name="CCAS de Houdan", siret="26780621400016"),
    Body(name="Commune de Beynes", siret="21780245300019"),
    Body(name="Lycée Ernest Bichat", siret="19541394300018", uai="0541394X"),
    Body(name="Lycée Jean Moulin", siret="19571909100017", uai="0571909R"),
)
CONTEXT = Context(census=CENSUS)


def order(lines: tuple[Line, ...] = (), **fields: str) -> Extraction:
    return Extraction(
        kind="purchase_order",
        group="cig-grande-couronne",
        fields={k: Field(value=v) for k, v in fields.items()},
        lines=lines,
    )


def line(quantity: str, price: str | None, total: str | None, discount: str = "0") -> Line:
    return Line(
        label="Abonnement",
        quantity=Decimal(quantity),
        unit_price=None if price is None else Decimal(price),
        total=None if total is None else Decimal(total),
        discount=Decimal(discount),
    )


def codes(extraction: Extraction, text: str = "") -> list[str]:
    return [f.code for f in checks.check(extraction, CONTEXT, text).findings]


@pytest.mark.parametrize(
    ("name", "siret", "code"),
    [
        ("Mairie d’Étiolles", "21910652300018", None),
        ("ÉTIOLLES", "21910652300018", None),
        ("Commune d'Étiolles", "21910652300019", "bad_siret"),
        ("Commune d'Étiolles", "21780245300019", "other_siret"),
        ("Commune de Houdan", "26780621400016", "other_siret"),  # the CCAS is another body than its commune
        ("Commune d'Étiolles", "21950300000016", "other_siret"),  # nobody's in the census, but not that commune's
        ("Commune inconnue", "21950300000016", None),  # an unknown member is the rules' business
        ("", "21910652300018", None),
    ],
)
def test_siret_and_name(name: str, siret: str, code: str | None) -> None:
    fields = {"siret": siret} | ({"member_name": name} if name else {})
    assert codes(order(**fields)) == ([code] if code else [])


def test_bad_siret_names_the_member_s_own() -> None:
    found = checks.identity(order(member_name="Étiolles", siret="21910652300019"), CONTEXT)
    assert "219\u00a0106\u00a0523\u00a000018" in found[0].text
    assert found[0].field == "siret"


def test_establishment_of_the_same_body_fits() -> None:
    second = "21910652300026"
    assert names.same_body("Étiolles", "Commune d'Étiolles")
    assert "other_siret" not in codes(order(member_name="Commune d'Étiolles", siret=second))


def test_uai() -> None:
    assert codes(order(member_name="Lycée Ernest Bichat", uai="0541394X")) == []
    assert codes(order(member_name="Lycée Ernest Bichat", uai="0541394A")) == ["bad_uai"]
    assert codes(order(member_name="Lycée Ernest Bichat", uai="0571909R")) == ["other_uai"]


@pytest.mark.parametrize(
    ("lines", "fields", "sound"),
    [
        ([("2", "96.00", "192.00")], ("192.00", "38.40", "230.40"), True),
        ([("2", "96.00", "192.00")], ("192.00", "38.40", "230.41"), False),
        ([("2", "96.00", "190.00")], ("190.00", "38.00", "228.00"), False),  # quantity × price
        ([("2", "96.00", "192.00"), ("1", "10.00", "10.00")], ("192.00", "38.40", "230.40"), False),
        ([("1", "100.00", "90.00", "10.00")], ("90.00", "18.00", "108.00"), True),  # a discount on the line
        ([("3", "33.335", "100.01")], ("100.01", "20.00", "120.01"), True),  # half a cent
        ([("1", "100.00", "100.00")], ("100.00", "5.50", "105.50"), True),
        ([("1", "100.00", "100.00")], ("100.00", "0.00", "100.00"), True),
        ([("1", "100.00", "100.00")], ("100.00", "19.60", "119.60"), False),  # no longer a French rate
        ([("1", None, None)], ("100.00", "20.00", "120.00"), True),  # the line shows no amount: nothing to add up
        ([("2", "50.00", None)], ("100.00", "20.00", "120.00"), True),
        ([("3", "50.00", None)], ("100.00", "20.00", "120.00"), False),
    ],
)
def test_totals(lines: list[tuple[str, ...]], fields: tuple[str, str, str], sound: bool) -> None:
    keys = ("total_excl_tax", "total_vat", "total_incl_tax")
    extraction = order(tuple(line(*x) for x in lines), **dict(zip(keys, fields, strict=True)))
    assert (codes(extraction) == []) is sound
    assert set(codes(extraction)) <= {"totals"}


@pytest.mark.parametrize(
    ("lines", "vat", "incl", "sound"),
    [
        ([("1", "100.00", "100.00")], "20.00", "120.00", True),
        ([("1", "100.00", "100.00")], "100.00", "20.00", False),  # shifted by a row
        ([("1", "100.00", "100.00")], "40.00", "240.00", False),  # they fit each other, and not the lines
        ([("1", "100.00", "100.00")], None, "120.00", True),
        ([("1", "100.00", "100.00")], None, "140.00", False),
        ([("1", "100.00", "100.00")], "30.00", None, False),
        ([], "100.00", "20.00", False),
        ([], "20.00", "120.00", True),
        ([], None, "120.00", True),
    ],
)
def test_totals_where_none_is_shown_without_tax(
    lines: list[tuple[str, ...]], vat: str | None, incl: str | None, sound: bool
) -> None:
    given = {k: v for k, v in (("total_vat", vat), ("total_incl_tax", incl)) if v is not None}
    assert (codes(order(tuple(line(*x) for x in lines), **given)) == []) is sound


def test_an_order_s_discount_counts() -> None:
    extraction = order((line("1", "100.00", "100.00"),), total_excl_tax="95.00")
    assert codes(extraction) == ["totals"]
    assert codes(replace(extraction, adjustment=Decimal("-5.00"))) == []


@pytest.mark.parametrize(
    ("group", "text", "found"),
    [
        ("cig-grande-couronne", "Groupement – marché 2023-2026", False),
        ("cig-grande-couronne", "Groupement – marché 2019-2022", True),
        ("cig-grande-couronne", "marché 2024", False),
        ("cig-grande-couronne", "marché n° 2018-12", False),  # a market's number is no year
        ("ldmems", "EPLE – marchés 2025 – coordonnateur", False),
        ("ldmems", "EPLE – marchés 2024 – coordonnateur", True),
        ("ldmems", "EPLE – marchés 2025 – coordonnateur\nsuite du marché 2022", False),
        (None, "marché 2019-2022", False),
    ],
)
def test_market_year(group: str | None, text: str, found: bool) -> None:
    assert [f.code for f in checks.outdated(group, text, CONTEXT)] == ["outdated"] * found


def test_an_old_market_above_the_current_one_is_put_to_a_person() -> None:
    text = "Bon de commande – marché 2022\n…\nEPLE – marchés 2025"
    assert [f.code for f in checks.outdated("ldmems", text, CONTEXT)] == ["two_markets"]


def test_doubts_once() -> None:
    extraction = replace(order(), fields={"siret": Field(value="21910652300019", confidence=0.5)})
    assert codes(extraction) == ["bad_siret"]  # one sentence a field is enough
    extraction = replace(order(), fields={"city": Field(value="Étiolles", confidence=0.5)})
    assert codes(extraction) == ["doubtful"]
    twice = checks.check(checks.check(extraction, CONTEXT), CONTEXT)
    assert len(twice.findings) == 1


def test_other_papers_are_not_checked() -> None:
    assert checks.check(Extraction(kind="other"), CONTEXT, "marché 2019-2022").findings == ()


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("Commune d’Étiolles", "Mairie d'Étiolles", True),
        ("VILLE D ERAGNY SUR OISE", "Ville d'Éragny-sur-Oise", True),
        ("Mairie de St-Brice", "Saint-Brice", True),
        ("CCAS de Houdan", "Commune de Houdan", False),
        ("Lycée Bichat", "Lycée Ernest Bichat", True),
        ("Lycée polyvalent Ernest Bichat", "Lycée Ernest Bichat", True),
        ("Collège Jean Moulin", "Lycée Jean Moulin", False),
        ("Lycée Jean Monnet", "Lycée Jean Moulin", False),
        ("Commune de Breuillet", "Commune de Bures", False),
    ],
)
def test_same_body(a: str, b: str, same: bool) -> None:
    assert names.same_body(a, b) is same
    assert names.same_body(b, a) is same


def test_catalogues_hold_together() -> None:
    for entry in catalogues():
        keys = {p.key for p in entry.providers}
        assert {x.provider for x in entry.lots} <= keys
        assert catalogue(entry.group) == entry
        for provider in entry.providers:
            assert entry.lots_of(provider.key)
            for name in (*provider.names, *provider.sirens):
                assert (entry, provider) in providers_in(f"Titulaire : {name.upper()} SAS")


@pytest.mark.parametrize(
    ("group", "text", "lots"),
    [
        ("cig-grande-couronne", "Abonnement télétransmission des actes", ["2"]),
        ("cig-grande-couronne", "Parapheur PES – abonnement", ["3"]),
        ("cig-grande-couronne", "Parapheur électronique", []),  # weak: counts where no lot is spoken of
        ("cig-grande-couronne", "Profil d’acheteur", ["1"]),
        ("cig-grande-couronne", "Formation à distance", []),
        ("ldmems", "Certificats RGS**", ["rgs"]),
        ("ldmems", "Location de terminaux de paiement", ["tpe"]),
    ],
)
def test_words_of_lots(group: str, text: str, lots: list[str]) -> None:
    entry = catalogue(group)
    assert entry is not None
    assert [x.id for x in entry.lots if x.spoken_of(fold(text))] == lots


def test_words_are_whole() -> None:
    assert pattern(["pes"]).search("flux pes v2")
    assert not pattern(["pes"]).search("des pesticides")
    assert pattern(["scrutin*"]).search("les scrutins")


def test_a_folder_adds_a_group(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    text = "group: third\nbuyers: [commune]\nyears: ['2026']\nwords: [tiers]\nproviders: [{key: x, names: [acme]}]\n"
    (folder / "third.catalogue.yaml").write_text(text + "lots: [{id: '9', provider: x, words: [truc*]}]\n")
    entry = catalogue("third", (str(folder),))
    assert entry is not None
    assert entry.lots[0].spoken_of("des trucs")
    assert providers_in("ACME", (str(folder),))[0][1].key == "x"


@pytest.mark.parametrize(
    ("phone", "code", "asked"),
    [("+262639001122", "91450", True), ("+262692001122", "97400", False), ("+33639001122", "91450", False)],
)
def test_a_number_of_another_territory_is_asked_about(phone: str, code: str, asked: bool) -> None:
    fields = {"contact_phone": Field(value=phone), "postal_code": Field(value=code)}
    found = checks.region(Extraction(kind="account_form", fields=fields))
    assert [f.field for f in found] == (["contact_phone"] if asked else [])
