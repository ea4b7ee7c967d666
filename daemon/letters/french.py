"""French as a civil servant writes it: dates, amounts, numbers, articles, elision, typography. Pure.

Sources: Lexique des règles typographiques en usage à l’Imprimerie nationale (spaces, guillemets, dates), and the rules
of elision and contraction of the language. A value that is not of the expected form comes back as it was: a letter
shows what was read rather than fail.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from rules import text as words

PARIS = ZoneInfo("Europe/Paris")
NBSP = "\u00a0"  # before the colon, inside guillemets, between the groups of a SIRET
THIN = "\u202f"  # before ; ? !, between thousands

_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_MONTHS = (
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
)


def _day(value: object) -> dt.date | None:
    """A date from a date, an instant (its day in Paris) or their ISO writing."""
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value) if len(value) > 10 else dt.date.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, dt.datetime):
        return value.astimezone(PARIS).date() if value.tzinfo else value.date()
    return value if isinstance(value, dt.date) else None


def date_full(value: object) -> str:
    """« jeudi 4 décembre 2025 », « lundi 1er décembre 2025 »."""
    day = _day(value)
    return str(value) if day is None else f"{_DAYS[day.weekday()]} {date_plain(day)}"


def date_day(value: object, near: object = None) -> str:
    """« jeudi 4 décembre », where the year goes without saying: the year of `near` (all years without it)."""
    day, other = _day(value), _day(near)
    if day is None:
        return str(value)
    full = date_full(day)
    return full if other is not None and other.year != day.year else full.rsplit(" ", 1)[0]


def date_plain(value: object) -> str:
    """« 4 décembre 2025 »."""
    day = _day(value)
    if day is None:
        return str(value)
    number = "1er" if day.day == 1 else str(day.day)
    return f"{number}{NBSP}{_MONTHS[day.month - 1]} {day.year}"


def hour(value: object) -> str:
    """« 14 h 05 », « 8 h » : the time in Paris of an instant."""
    if isinstance(value, str):
        with suppress(ValueError):  # what is no instant is shown as it is
            value = dt.datetime.fromisoformat(value)
    if not isinstance(value, dt.datetime):
        return str(value)
    local = value.astimezone(PARIS) if value.tzinfo else value
    return f"{local.hour}{NBSP}h" + (f"{NBSP}{local.minute:02d}" if local.minute else "")


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def amount(value: object) -> str:
    """« 1 226,00 € », from a Decimal or a decimal string in euros."""
    number = _decimal(value)
    if number is None:
        return str(value)
    whole, _, cents = f"{number:.2f}".replace("-", "−").partition(".")
    sign, digits = ("−", whole[1:]) if whole.startswith("−") else ("", whole)
    groups = f"{int(digits):,}".replace(",", THIN)
    return f"{sign}{groups},{cents}{NBSP}€"


def quantity(value: object) -> str:
    """« 3 », « 1,5 »: a quantity without idle decimals."""
    number = _decimal(value)
    if number is None:
        return str(value)
    text = f"{number.normalize():f}"
    return text.replace("-", "−").replace(".", ",")


def siret(value: object) -> str:
    """« 219 106 523 00018 », its groups held together by no-break spaces."""
    text = re.sub(r"\s", "", str(value))
    if not re.fullmatch(r"[0-9]{14}", text):
        return str(value)
    return words.in_groups(text)


def phone(value: object) -> str:
    """« 01 39 49 63 24 » for a French number (E.164 or as written), the international form for another."""
    import phonenumbers

    try:
        number = phonenumbers.parse(str(value), "FR")
    except phonenumbers.NumberParseException:
        return str(value)
    if not phonenumbers.is_possible_number(number):
        return str(value)
    form = phonenumbers.PhoneNumberFormat
    kind = form.NATIONAL if number.country_code == 33 else form.INTERNATIONAL
    return phonenumbers.format_number(number, kind).replace(" ", NBSP)


def listing(values: Iterable[object], word: str = "et") -> str:
    """« a », « a et b », « a, b et c »."""
    items = [str(v) for v in values]
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


def plural(number: int, singular: str, several: str | None = None) -> str:
    """The word that agrees with `number`: 0 and 1 are singular in French; several words all take their s."""
    if abs(number) < 2:
        return singular
    if several is not None:
        return several
    return " ".join(w if w[-1:] in "sxz" else w + "s" for w in singular.split(" "))


_SMALL = ("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix")


def counted(number: int, singular: str, several: str | None = None, *, feminine: bool = False) -> str:
    """« une fiche », « deux fiches », « 12 fiches »: in letters up to ten, as a letter does."""
    words = "une" if feminine and number == 1 else _SMALL[number] if 0 <= number <= 10 else str(number)
    return f"{words}{NBSP}{plural(number, singular, several)}"


def capital(value: object) -> str:
    """The first letter in capital, the rest as it is."""
    text = str(value)
    return text[:1].upper() + text[1:]


# Heads of bodies' names → article. What is not here is a proper name, which takes none.
_FEMININE = [
    "commune",
    "mairie",
    "ville",
    "communauté",
    "métropole",
    "régie",
    "caisse",
    "résidence",
    "fondation",
    "cité",
    "agence",
]
_MASCULINE = [
    "lycée",
    "collège",
    "syndicat",
    "centre",
    "département",
    "conseil",
    "groupement",
    "ccas",
    "sivom",
    "sivu",
    "sictom",
    "siaep",
    "smictom",
    "sdis",
    "cdg",
    "cig",
    "ctm",
    "gip",
    "pays",
    "groupe",
]
_VOWEL_HEADS = [
    "hôpital",
    "école",
    "établissement",
    "office",
    "ehpad",
    "erea",
    "institut",
    "institution",
    "ensemble",
    "epci",
    "agglomération",
    "epl",
    "eple",
]


_ACRONYMS = frozenset(
    [
        "ccas",
        "sivom",
        "sivu",
        "sictom",
        "siaep",
        "smictom",
        "sdis",
        "cdg",
        "cig",
        "ctm",
        "gip",
        "ehpad",
        "erea",
        "epci",
        "epl",
        "eple",
    ]
)


def bare_letters(text: str) -> str:
    """Without accents, in small letters: to compare names."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c)).lower()


_HEADS = {  # name without accents → with its article, as it is spelt
    bare_letters(word): article + (word.upper() if word in _ACRONYMS else word)
    for article, words in (("la ", _FEMININE), ("le ", _MASCULINE), ("l’", _VOWEL_HEADS))
    for word in words
}


_INNER = re.compile(r"(?<= )de (le|les) (?=[^\W\d_])", re.IGNORECASE)  # « Commune de Le Havre »


def the(name: str) -> str:
    """« la commune d’Étiolles », « le lycée Ernest-Bichat », « Étiolles »: a body's name with its article."""
    name = _INNER.sub(lambda m: "du " if m[1].lower() == "le" else "des ", " ".join(name.split()))
    head, _, rest = name.partition(" ")
    known = _HEADS.get(bare_letters(head))
    return name if known is None or not rest else f"{known} {rest}"


def of(name: str) -> str:
    """« de la commune d’Étiolles », « du lycée Ernest-Bichat », « d’Étiolles », « du Havre », « des Mureaux »."""
    return words.of(the(name))


def to(name: str) -> str:
    """« à la commune d’Étiolles », « au lycée Ernest-Bichat », « à Dematis », « au Fournil », « aux Mureaux »."""
    return words.to(the(name))


_CIVILITIES = {
    "m": "Monsieur",
    "m.": "Monsieur",
    "mr": "Monsieur",
    "mr.": "Monsieur",
    "monsieur": "Monsieur",
    "mme": "Madame",
    "mme.": "Madame",
    "madame": "Madame",
    "mlle": "Madame",
    "mademoiselle": "Madame",
}


_PARTICLES = frozenset(
    ["le", "la", "les", "de", "du", "des", "d", "l", "van", "von", "der", "ben", "el", "al", "saint", "sainte"]
)
_OFFICES = frozenset(
    [
        "maire",
        "président",
        "présidente",
        "proviseur",
        "proviseure",
        "principal",
        "principale",
        "directeur",
        "directrice",
    ]
)


def civil_name(name: str | None) -> str | None:
    """« Madame Lefèvre » from « Mme Claire LEFÈVRE »; None where no civility was written: nobody's is guessed."""
    words = (name or "").split()
    if len(words) < 2:
        return None
    civility = _CIVILITIES.get(words[0].lower())
    if civility is None:
        return None
    rest = words[1:]
    if rest[0].lower() in ("le", "la") and rest[1:] and rest[1].lower() in _OFFICES:
        return f"{civility} {rest[0].lower()} {' '.join(_name_case(w) for w in rest[1:])}"
    family = [w for w in rest if len(w) > 1 and w == w.upper() and w != w.lower()]
    if family and len(family) < len(rest):
        rest = family
    elif not family and len(rest) > 1 and rest[0].lower() not in _PARTICLES:
        rest = rest[1:]
    return f"{civility} {' '.join(_name_case(w) for w in rest)}"


def _name_case(word: str) -> str:
    """« LE-GOFF » → « Le-Goff »; a word that has small letters is left."""
    if word != word.upper():
        return word
    return re.sub(r"[^\W\d_]+", lambda m: m.group().capitalize(), word)


_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=[^\W_])")
_BEFORE_COLON = re.compile(r"(?<=\S)[ \u00a0\u202f]+:(?=\s|$)")
_BEFORE_HIGH = re.compile(r"(?<=\S)[ \u00a0\u202f]+([;?!]+)(?=\W|$)")
_OPEN = re.compile(r"«[ \u00a0\u202f]*(?=\S)")
_CLOSE = re.compile(r"(?<=\S)[ \u00a0\u202f]*»")
_LOT = re.compile(r"\b(lots?) (?=\d)")
_UNIT = re.compile(r"(?<=\d) (?=(?:€|%|h\b|heures?\b|jours?\b|[kMG]?o\b|" + "|".join(_MONTHS) + r"\b))")
_PHONE = re.compile(r"(?<!\d)0\d(?: \d\d){4}(?!\d)")
_TITLE = re.compile(r"\b(M\.|Mme|n°|p\.|art\.) (?=\S)")


def typography(text: str) -> str:
    """Plain typing to French typography: no-break spaces before : ; ? ! » € %, after « n° Mme, curly apostrophes.

    Only spaces that are there change, save within guillemets; so an address or a time (12:30) stays whole. Idempotent.
    """
    text = _APOSTROPHE.sub("’", text)
    text = _OPEN.sub("«" + NBSP, text)
    text = _CLOSE.sub(NBSP + "»", text)
    text = _BEFORE_COLON.sub(NBSP + ":", text)
    text = _BEFORE_HIGH.sub(lambda m: THIN + m.group(1), text)
    text = _UNIT.sub(NBSP, text).replace(NBSP + "€ HT", f"{NBSP}€{NBSP}HT")
    text = _LOT.sub(lambda m: m.group(1) + NBSP, text)
    text = _PHONE.sub(lambda m: m.group().replace(" ", NBSP), text)
    return _TITLE.sub(lambda m: m.group(1) + NBSP, text)
