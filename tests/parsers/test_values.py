from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers import values as v

SPACES = st.sampled_from([" ", "\u00a0", "\u202f", "\u2009", "  "])


@pytest.mark.parametrize(
    ("text", "siret"),
    [
        ("219 106 523 00018", "21910652300018"),
        ("219.106.523.00018", "21910652300018"),
        ("SIRET : 219\u00a0106\u202f523 00018", "21910652300018"),
        ("N° SIRET 21910652300018.", "21910652300018"),
        ("2 1 9 1 0 6 5 2 3 0 0 0 1 8", "21910652300018"),
        ("21910652300019", "21910652300019"),  # a wrong key is told by `valid_siret`, not mended
        ("2191O652300018", None),  # a letter is not a digit
        ("219106523", None),
        ("219106523000181", None),
        ("٢١٩١٠٦٥٢٣٠٠٠١٨", None),
        ("", None),
    ],
)
def test_siret(text: str, siret: str | None) -> None:
    assert v.parse_siret(text) == siret


def test_siret_keys() -> None:
    assert v.valid_siret("21910652300018")
    assert not v.valid_siret("21910652300019")
    assert v.valid_siret("35600000049837")  # La Poste: digits add up to a multiple of five, Luhn does not hold
    assert not v.luhn("35600000049837")
    assert not v.valid_siret("35600000049838")
    assert v.valid_siren("219106523")
    assert not v.valid_siren("219106524")
    assert v.parse_siren("SIREN 219 106 523") == "219106523"


@given(st.from_regex(r"[0-9]{14}", fullmatch=True), SPACES)
def test_siret_grouping_never_matters(digits: str, space: str) -> None:
    assert v.parse_siret(space.join([digits[:3], digits[3:6], digits[6:9], digits[9:]])) == digits


@given(st.from_regex(r"[0-9]{13}", fullmatch=True))
def test_one_key_in_ten_fits(thirteen: str) -> None:
    assert sum(v.luhn(thirteen + str(k)) for k in range(10)) == 1


@pytest.mark.parametrize(
    ("text", "uai"),
    [("0541394x", "0541394X"), ("054 1394 X", "0541394X"), ("UAI : 0541394X", "0541394X"), ("541394X", None)],
)
def test_uai(text: str, uai: str | None) -> None:
    assert v.parse_uai(text) == uai


@given(st.integers(0, 9_999_999))
def test_uai_key(number: int) -> None:
    right = v.UAI_LETTERS[number % 23]
    assert v.valid_uai(f"{number:07d}{right}")
    assert not any(v.valid_uai(f"{number:07d}{c}") for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c != right)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("03/05/2027", "2027-05-03"),
        ("3 mai 2027", "2027-05-03"),
        ("1er sept. 2026", "2026-09-01"),
        ("03.05.27", "2027-05-03"),
        ("2027-05-03", "2027-05-03"),
        ("mardi 3 mai 2027", "2027-05-03"),
        ("Le : 03 / 05 / 2027", "2027-05-03"),
        ("3 AOÛT 2026", "2026-08-03"),
        ("0 3 0 5 2 0 2 7", "2027-05-03"),
        ("03/05/2027 14:32", "2027-05-03"),
        ("Fait à Domont, le 1er décembre 2025", "2025-12-01"),
        ("29/02/2027", None),
        ("le trois mai", None),
        ("05/2027", None),
        ("du 01/02/2026 au 03/02/2026", None),
        ("03/05/2027 et plus", None),
        ("1.2.3.4", None),
    ],
)
def test_date(text: str, iso: str | None) -> None:
    assert v.parse_date(text) == iso


@given(
    st.dates(dt.date(1990, 1, 1), dt.date(2099, 12, 31)),
    st.sampled_from(["%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y-%m-%d", "%d%m%Y", "le %d/%m/%Y", "%d / %m / %Y"]),
)
def test_date_round_trip(day: dt.date, spelling: str) -> None:
    got = v.parse_date(day.strftime(spelling))
    # Eight digits alone can be read both ways: then nothing is said.
    assert got == day.isoformat() or (spelling == "%d%m%Y" and got is None)


@given(st.dates(dt.date(1990, 1, 1), dt.date(2099, 12, 31)), st.booleans())
def test_date_in_words(day: dt.date, capitals: bool) -> None:
    months = [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ]
    text = f"{'1er' if day.day == 1 else day.day} {months[day.month - 1]} {day.year}"
    assert v.parse_date(text.upper() if capitals else text) == day.isoformat()


def test_find_dates() -> None:
    assert v.find_dates("du 01/02/2026 au 3 mai 2026, page 1/2") == ("2026-02-01", "2026-05-03")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1 234,50 €", "1234.50"),
        ("1\u202f234,50\u00a0€", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1234.5", "1234.5"),
        ("12,00 EUR HT", "12.00"),
        ("120,00 € H.T.", "120.00"),
        ("12,00-", "-12.00"),
        ("\u2212 12,00", "-12.00"),
        ("(12,00)", "-12.00"),
        ("12€50", "12.50"),
        ("€ 12", "12"),
        ("0,125", "0.125"),
        ("1.234", None),  # thousands or a fraction: nobody knows
        ("12 34", None),
        ("12,00 13,00", None),
        ("--12", None),
        ("douze", None),
        ("", None),
    ],
)
def test_amount(text: str, amount: str | None) -> None:
    got = v.parse_amount(text)
    assert got == (None if amount is None else Decimal(amount))


@given(
    st.decimals("0", "9999999", places=2), SPACES, st.sampled_from([",", "."]), st.sampled_from(["", " €", " EUR", "€"])
)
def test_amount_round_trip(amount: Decimal, space: str, comma: str, tail: str) -> None:
    text = f"{amount:,.2f}".replace(",", "\0").replace(".", comma).replace("\0", space) + tail
    assert v.parse_amount(text) == amount


@pytest.mark.parametrize(
    ("text", "quantity"),
    [("1", "1"), ("1,00", "1"), ("2 U", "2"), ("x3", "3"), ("1 forfait", "1"), ("-1", "-1"), ("1,5 h", "1.5"),
     ("12 €", None), ("20 %", None), ("1.000", None)],
)  # fmt: skip
def test_quantity(text: str, quantity: str | None) -> None:
    assert v.parse_quantity(text) == (None if quantity is None else Decimal(quantity))


def test_rate() -> None:
    assert v.parse_rate("5,50 %") == Decimal("5.50")
    assert v.parse_rate("120 %") is None


@pytest.mark.parametrize(
    ("text", "e164"),
    [
        ("01 39 49 63 24", "+33139496324"),
        ("01.39.49.63.24", "+33139496324"),
        ("+33 (0)1 39 49 63 24", "+33139496324"),
        ("0033 1 39 49 63 24", "+33139496324"),
        ("Tél. : 01-39-49-63-24", "+33139496324"),
        ("01 39 49 63 24 poste 12", "+33139496324"),
        ("01 39 49 63 24 (p. 12)", "+33139496324"),
        ("0262 12 34 56", "+262262123456"),
        ("0692 12 34 56", "+262692123456"),
        ("0590 12 34 56", "+590590123456"),
        ("+596 596 12 34 56", "+596596123456"),
        ("+32 2 123 45 67", "+3221234567"),
        ("01 39 49 63 24 / 06 12 34 56 78", None),
        ("1 39 49 63 24", None),
        ("139496324", "+33139496324"),
        ("33612345678", "+33612345678"),
        ("01 39 49 63", None),
        ("01/39/49/63/24", "+33139496324"),
        ("011 / 6512 / 020", None),  # an imputation
        ("219 106 523 00018", None),
    ],
)
def test_phone(text: str, e164: str | None) -> None:
    assert v.parse_phone(text) == e164


@given(st.from_regex(r"[1-79][0-9]{8}", fullmatch=True), st.sampled_from([" ", ".", "-", "", "\u00a0"]))
def test_phone_is_its_nine_digits(nine: str, separator: str) -> None:
    pairs = ["0" + nine[0], *[nine[i : i + 2] for i in range(1, 9, 2)]]
    got = v.parse_phone(separator.join(pairs))
    assert got is not None
    assert got.endswith(nine)


def test_find_phones() -> None:
    text = "Tél 01 39 49 63 24 - Port. 06.12.34.56.78 - SIRET 219 106 523 00018"
    assert v.find_phones(text) == ("+33139496324", "+33612345678")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("A.Durand@Ville-X.fr", "a.durand@ville-x.fr"),
        ("mailto:a@b.fr", "a@b.fr"),
        ("Courriel : a@b.fr.", "a@b.fr"),
        ("<a@b.fr>", "a@b.fr"),
        ("jean@ville-\nbeynes.fr", "jean@ville-beynes.fr"),
        ("jean@ville-bey\nnes.fr", "jean@ville-beynes.fr"),
        ("jean.\ndupont@beynes.fr", "jean.dupont@beynes.fr"),
        ("a@b.\nfr", "a@b.fr"),
        ("a @ b.fr", "a@b.fr"),
        ("a@b.fr\nA@B.FR", "a@b.fr"),
        ("a@b.fr ou c@d.fr", None),
        ("Mme Durand a@b.fr", None),
        ("a@b", None),
    ],
)
def test_email(text: str, address: str | None) -> None:
    assert v.parse_email(text) == address


def test_find_sirets_takes_right_keys_alone() -> None:
    assert v.find_sirets("Mairie (n° 356 000 000 00048), poste 12") == ("35600000000048",)
    assert v.find_sirets("35600000000049") == ()
    assert v.find_sirets("1 35600000000048") == ()


def test_find_emails() -> None:
    assert v.find_emails("Écrire à a@b.fr, ou C@d.fr. Merci") == ("a@b.fr", "c@d.fr")


@pytest.mark.parametrize(
    ("text", "code"),
    [("91450", "91450"), ("91 450", "91450"), ("F-97400", "97400"), ("99123", None), ("00123", None), ("914500", None)],
)
def test_postal_code(text: str, code: str | None) -> None:
    assert v.parse_postal_code(text) == code


PARSERS = [getattr(v, name) for name in dir(v) if name.startswith(("parse_", "find_"))]


@given(st.text(max_size=40))
def test_nothing_raises(text: str) -> None:
    for parse in PARSERS:
        parse(text)
