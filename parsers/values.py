"""Values as French administrations write them → values as the contract writes them.

Each `parse_…` takes the text of ONE value (a cell, what stands after a label) and answers with the contract's form, or
None when the text is not exactly such a value. Nothing is repaired or guessed: a SIRET with a wrong key comes back as
written (the finding is the checks' business, see `valid_siret`), a text that could mean two values comes back as None.
Each `find_…` looks for values inside running text.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
import unicodedata
from decimal import Decimal
from functools import lru_cache

# Spaces that finance software and Word put between digits, and marks without width that copying leaves behind.
_SPACES = "\x00\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t\r\n\v\f"
_TABLE = {ord(c): " " for c in _SPACES} | {ord(c): None for c in "\u200b\u200c\u200d\u2060\ufeff\u00ad\ufffe"}
_DASHES = {ord(c): "-" for c in "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d"}

UAI_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"  # key = letter at [number mod 23] (ministère de l’Éducation nationale)
_LA_POSTE = "356000000"  # its establishments' SIRET is checked by the sum of its digits modulo 5, not by Luhn


def clean(text: str) -> str:
    """White space of every kind collapsed to single spaces, marks without width dropped. Nothing else is changed."""
    return " ".join(text.translate(_TABLE).split())


@lru_cache(maxsize=8192)  # the same words come again and again on a page
def fold(text: str) -> str:
    """For comparing: NFKD, lower case, no accents, plain quotes and dashes, spaces collapsed."""
    text = unicodedata.normalize("NFKD", clean(text).replace("œ", "oe").replace("Œ", "oe").replace("æ", "ae"))
    text = "".join(c for c in text if not unicodedata.combining(c)).translate(_DASHES)
    return clean(text.replace("’", "'").replace("‘", "'").replace("´", "'").replace("`", "'")).casefold()


# --- identifiers -----------------------------------------------------------------------------------------------------


def _digits(text: str, count: int, separators: str = " .-/_") -> str | None:
    """The digits of `text` if it holds `count` of them and separators alone."""
    text = clean(text).translate(_DASHES)
    kept = "".join(c for c in text if c not in separators)
    return kept if len(kept) == count and kept.isascii() and kept.isdigit() else None


def _unlabelled(text: str, *labels: str) -> str:
    """`text` without a leading label (`SIRET :`, `N° SIRET`) and without closing punctuation."""
    text = clean(text)
    pattern = r"^(?:n\s*[°ºo]\s*)?(?:de\s+)?(?:" + "|".join(labels) + r")\s*(?:n\s*[°ºo])?\s*[:=]?\s*"
    return re.sub(pattern, "", text, flags=re.IGNORECASE).strip(" .;,|[]()")


def luhn(digits: str) -> bool:
    """Whether the digits satisfy Luhn's key (ISO/IEC 7812)."""
    total = 0
    for i, c in enumerate(reversed(digits)):
        d = int(c) * (1 + i % 2)
        total += d - 9 if d > 9 else d
    return total % 10 == 0


_SIRET = re.compile(r"(?<!\d)(?<!\d[ .])\d(?:[ .]?\d){13}(?![ .]?\d)")


def parse_siret(text: str) -> str | None:
    """14 digits, however they are grouped; the key is not checked (see `valid_siret`)."""
    return _digits(_unlabelled(text, r"siret", r"s\.i\.r\.e\.t\.?"), 14)


def valid_siret(siret: str) -> bool:
    """Whether 14 digits carry right keys: SIREN's and SIRET's by Luhn; for La Poste the sum of digits modulo 5."""
    from stdnum.fr import siret as _siret

    return len(siret) == 14 and bool(_siret.is_valid(siret))


def find_sirets(text: str) -> tuple[str, ...]:
    """Every SIRET with right keys in running text, each once, in order; numbers with wrong keys are no SIRET here."""
    found = (re.sub(r"\D", "", x) for x in _SIRET.findall(clean(text)))
    return tuple(dict.fromkeys(x for x in found if valid_siret(x)))


def parse_siren(text: str) -> str | None:
    """9 digits, however they are grouped; the key is not checked (see `valid_siren`)."""
    return _digits(_unlabelled(text, r"siren", r"s\.i\.r\.e\.n\.?"), 9)


def valid_siren(siren: str) -> bool:
    """Whether 9 digits carry a right Luhn key."""
    return len(siren) == 9 and siren.isascii() and siren.isdigit() and luhn(siren)


def parse_uai(text: str) -> str | None:
    """Seven digits and a capital letter (`0541394X`); the letter is not checked (see `valid_uai`)."""
    text = _unlabelled(text, r"uai", r"rne", r"code\s+uai", r"code\s+rne", r"uai\s*/\s*rne", r"uai\s*\(?ex[- ]rne\)?")
    kept = re.sub(r"[ .\-/]", "", text.translate(_DASHES)).upper()
    return kept if re.fullmatch(r"[0-9]{7}[A-Z]", kept, re.ASCII) else None


def valid_uai(uai: str) -> bool:
    """Whether the letter of a UAI is the key of its number."""
    return re.fullmatch(r"[0-9]{7}[A-Z]", uai, re.ASCII) is not None and UAI_LETTERS[int(uai[:7]) % 23] == uai[7]


def parse_postal_code(text: str) -> str | None:
    """Five digits of a French département or overseas territory; `F-91450` and `91 450` too."""
    text = re.sub(r"^(?:F|FR)\s*-?\s*(?=\d)", "", clean(text).strip(" .,;()"), flags=re.IGNORECASE)
    code = _digits(text, 5, " ")
    return code if code and re.fullmatch(r"(?:0[1-9]|[1-8]\d|9[0-8])\d{3}", code) else None


# --- dates -----------------------------------------------------------------------------------------------------------

_MONTHS = {
    "janvier": 1, "janv": 1, "jan": 1, "fevrier": 2, "fevr": 2, "fev": 2, "mars": 3, "mar": 3, "avril": 4, "avr": 4,
    "mai": 5, "juin": 6, "jun": 6, "juillet": 7, "juil": 7, "juill": 7, "jul": 7, "aout": 8, "aou": 8, "septembre": 9,
    "sept": 9, "sep": 9, "octobre": 10, "oct": 10, "novembre": 11, "nov": 11, "decembre": 12, "dec": 12,
}  # fmt: skip
_DAY = r"(?P<d>[0-3]?\d)"
_YEAR = r"(?P<y>(?:19|20)\d\d|\d\d)"
_NUMERIC = rf"{_DAY}\s*(?P<s>[/.\-])\s*(?P<m>[01]?\d)\s*(?P=s)\s*{_YEAR}"
_ISO = r"(?P<y>(?:19|20)\d\d)\s*(?P<s>[/.\-])\s*(?P<m>[01]\d)\s*(?P=s)\s*(?P<d>[0-3]\d)"
_NAMES = "|".join(sorted(_MONTHS, key=len, reverse=True))
_WORDS = rf"(?P<d>1\s*er|[0-3]?\d)\s*[.\-/ ]?\s*(?P<m>{_NAMES})\.?\s*[\-/ ,]?\s*{_YEAR}"
_PATTERNS = tuple(re.compile(rf"(?<![\d/.,\-])(?:{p})(?![\d/]|[.,\-]\d)") for p in (_ISO, _NUMERIC, _WORDS))
_BEFORE = (
    r"(?:(?:date|fait|signe|etabli|emis|edite)?\s*(?:a [^,\d]{1,60},?\s*)?(?:le|du|au)?\s*:?\s*)?"
    r"(?:(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lun|mar|mer|jeu|ven|sam|dim)\.?,?\s*)?"
)
_AFTER = r"(?:\s*(?:a|,|-)?\s*\d{1,2}\s*[:h]\s*\d{2}(?:\s*:\s*\d{2})?)?"


def _date(year: str, month: int, day: int) -> dt.date | None:
    y = int(year) + (2000 if len(year) == 2 else 0)
    if not 1990 <= y <= 2099 or not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(y, month)[1]:
        return None
    return dt.date(y, month, day)


def _dates(folded: str) -> list[tuple[int, int, dt.date]]:
    """Every date in a folded text with where it starts and ends."""
    found: list[tuple[int, int, dt.date]] = []
    for pattern in _PATTERNS:
        for m in pattern.finditer(folded):
            if any(m.start() < e and s < m.end() for s, e, _ in found):
                continue
            month = m["m"] if m["m"].isdigit() else str(_MONTHS[m["m"]])
            date = _date(m["y"], int(month), int(re.sub(r"\D", "", m["d"])))
            if date is not None:
                found.append((m.start(), m.end(), date))
    return sorted(found)


def parse_date(text: str) -> str | None:
    """A day in any French spelling (`03/05/2027`, `03.05.27`, `mardi 1er sept. 2026`, `2027-05-03`) → ISO 8601.

    `le` and a weekday may stand before it, a time behind it. Day before month, always; two digits of year are 20xx.
    """
    folded = fold(text).strip(" .;,|()[]")
    found = _dates(folded)
    if len(found) == 1:
        start, end, date = found[0]
        whole = re.fullmatch(_BEFORE, folded[:start]) and re.fullmatch(_AFTER, folded[end:])
        return date.isoformat() if whole else None
    if not found and (digits := _digits(folded, 8, " |")):  # comb cells: one digit a cell
        french = _date(digits[4:], int(digits[2:4]), int(digits[:2]))
        iso = _date(digits[:4], int(digits[4:6]), int(digits[6:]))
        if (french is None) != (iso is None):
            return (french or iso or dt.date.min).isoformat()
    return None


def find_dates(text: str) -> tuple[str, ...]:
    """Every date in running text (`Fait à Domont, le 3 mai 2027`), in order, ISO 8601."""
    return tuple(d.isoformat() for _, _, d in _dates(fold(text)))


# --- amounts ---------------------------------------------------------------------------------------------------------

_CURRENCY = r"(?:€|euros?|eur|e)?\s*(?:\(?(?:h\.?\s?t\.?|t\.?\s?t\.?\s?c\.?|hors taxes?|net)\)?)?"
_SIGN = r"(?P<sign>[-+])?\s*"
_NUMBERS = (
    r"(?P<i>\d{1,3}(?: \d{3})+)(?:\s?[.,]\s?(?P<f>\d{1,6}))?",  # 1 234,50
    r"(?P<i>\d{1,3}(?:\.\d{3})+),(?P<f>\d{1,6})",  # 1.234,50
    r"(?P<i>\d{1,3}(?:,\d{3})+)\.(?P<f>\d{1,6})",  # 1,234.50
    r"(?P<i>\d{1,3}(?:'\d{3})+)(?:[.,](?P<f>\d{1,6}))?",  # 1'234,50
    r"(?P<i>\d{1,3}(?:\.\d{3}){2,})",  # 1.234.567
    r"(?P<i>\d{1,12}),(?P<f>\d{1,6})",  # 1234,50
    r"(?P<i>\d{1,12})\.(?P<f>\d{1,2}|\d{4,6})",  # 1234.5; three digits behind a dot could be thousands: not taken
    r"(?P<i>0)\.(?P<f>\d{3})",  # 0.125 can only be a fraction
    r"(?P<i>\d{1,12})",
)
_AMOUNTS = tuple(
    re.compile(rf"(?:(?:€|eur)\s*)?(?P<open>\()?{_SIGN}{n}\s*(?P<minus>-)?(?P<close>\))?\s*{_CURRENCY}")
    for n in _NUMBERS
)


@lru_cache(maxsize=2048)
def parse_amount(text: str) -> Decimal | None:
    """`1 234,50 €`, `1.234,50`, `1234.5`, `12,00 EUR HT`, `12,00-`, `(12,00)` → Decimal euros, decimals as written.

    `1.234` alone is None: French thousands or an English fraction.
    """
    folded = re.sub(r"(?<=\d)\s*€\s*(?=\d\d$)", ",", fold(text))  # 12€50
    folded = re.sub(r"(?<=\d)[■□▯\ufffd](?=\d{3})", " ", folded)  # a thin space that the font does not have
    folded = re.sub(r"(?<=\d),\s?--?(?=\s*(?:€|eur\w*)?$)", ",00", folded.strip(" :;|=*"))  # 108,-
    for pattern in _AMOUNTS:
        m = pattern.fullmatch(folded)
        if m is None or (m["open"] is None) != (m["close"] is None):
            continue
        groups = m.groupdict()
        value = Decimal(re.sub(r"\D", "", m["i"]) + "." + (groups.get("f") or "0"))
        places = len(groups.get("f") or "")
        value = value.quantize(Decimal(1).scaleb(-places)) if places else Decimal(int(value))
        signs = (m["sign"] == "-") + (m["minus"] is not None) + (m["open"] is not None)
        if signs > 1:
            return None
        return -value if signs else value
    return None


def parse_rate(text: str) -> Decimal | None:
    """A rate in per cent: `20 %`, `5,50%`, `20.0` → Decimal per cent; None outside 0 to 100."""
    value = parse_amount(re.sub(r"\s*%\s*$", "", clean(text)))
    return value if value is not None and 0 <= value <= 100 else None


_UNITS = (
    r"(?:u|un|unites?|unite\(s\)|ens|ensemble|forfaits?|ft|fft|pce?s?|pieces?|lots?|ans?|annees?|mois|jours?|j|h|heures?|"
    r"licences?|abonnements?|certificats?|sessions?|utilisateurs?|postes?|ea|ut|x)"
)


def parse_quantity(text: str) -> Decimal | None:
    """A quantity with or without its unit: `2`, `1,00`, `3 U`, `x2`, `1 forfait`, `-1` → Decimal without idle zeros."""
    folded = re.sub(r"(?<=\d)\s*\([a-z -]+\)$", "", fold(text).strip(" .;:|"))  # « 3 (trois) »
    folded = re.sub(rf"\s*{_UNITS}\.?$", "", re.sub(r"^x\s*(?=\d)", "", folded))
    value = None if "€" in folded or "%" in folded else parse_amount(folded)
    if value is None:
        return None
    return Decimal(int(value)) if value == value.to_integral_value() else value.normalize()


# --- how to reach a person -------------------------------------------------------------------------------------------

# Overseas numbers are dialled like the mainland's but have calling codes of their own (ARCEP's numbering plan).
_OVERSEAS = {
    "590": "590", "690": "590", "691": "590", "594": "594", "694": "594", "596": "596", "696": "596", "697": "596",
    "262": "262", "263": "262", "269": "262", "639": "262", "692": "262", "693": "262", "508": "508",
}  # fmt: skip
_EXTENSION = r"\s*[,;\-–(]?\s*(?:poste|p\.|ext\.?|extension|int\.?)\s*:?\s*\d{1,6}\)?\s*$"
_PHONE_LABEL = (
    r"^(?:(?:n\s*[°o]\s*)?(?:de\s+)?(?:tel\w*|mobile|portable|port|fixe|standard|ligne directe)[\s.]*"
    r"(?:\(?(?:fixe|mobile|portable|direct\w*)\)?)?\s*:?\s*)+"
)
_OF_SIRET = re.compile(  # behind its name, or a digit a box
    r"s[ .]?i[ .]?r[ .]?e[ .]?t\b\D{0,12}\d(?:[ .]?\d){13}(?!\d)|(?<!\d)(?<!\d )\d(?: \d){13}(?! ?\d)", re.IGNORECASE
)
_PHONE = re.compile(r"(?<![\d+])(?:(?:\+|00)\d[\d .\-/()]{7,20}\d|0[\s.\-/]?[1-9](?:[\s.\-/]{0,3}\d\d?){4,8})(?![\d])")


def parse_phone(text: str) -> str | None:
    """One telephone number → E.164: French writings, overseas ones by their own code, foreign ones behind `+`.

    The extension (`poste 12`) is dropped: E.164 holds none. Two different numbers, or digits to spare, give None.
    """
    folded = fold(text).translate(_DASHES)
    folded = re.sub(_PHONE_LABEL, "", folded)
    folded = re.sub(_EXTENSION, "", folded).strip(" .;,|:")
    if not re.fullmatch(r"[\d+ .\-/()_|]+", folded):
        return None
    if "/" in folded and any(len(group) % 2 for group in re.findall(r"\d+", folded.partition("+")[0])):
        return None  # « 011 / 6512 / 020 »: strokes part an imputation anywhere, a telephone number between its pairs
    kept = re.sub(r"[ .\-/_|]", "", folded.replace("(0)", "" if re.match(r"\s*(?:\+|00|\()", folded) else "0"))
    kept = re.sub(r"[()]", "", kept)
    kept = re.sub(r"^00(?=[1-9])", "+", kept)
    kept = re.sub(r"^\+33\+?0?(?=[1-9]\d{8}$)", "0", kept)
    if re.fullmatch(r"(?:33)?[1-79]\d{8}", folded):  # a spreadsheet's number: its 0 or its + is not kept
        kept = f"0{folded[-9:]}"
    if re.fullmatch(r"0[1-9]\d{8}", kept):
        return f"+{_OVERSEAS.get(kept[1:4], '33')}{kept[1:]}"
    if kept.startswith("+"):
        return _foreign(kept)
    return None


def _foreign(number: str) -> str | None:
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def find_phones(text: str) -> tuple[str, ...]:
    """Every telephone number in running text, each once, in order, E.164."""
    found: dict[str, None] = {}
    for m in _PHONE.finditer(_OF_SIRET.sub(" ", clean(text))):
        number = parse_phone(m[0])
        if number:
            found.setdefault(number)
    return tuple(found)


_LOCAL = r"[a-z0-9!#$%&'*+/=?^_{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_{|}~-]+)*"
_DOMAIN = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,18}"
_EMAIL = re.compile(rf"(?<![\w.@+-]){_LOCAL}@{_DOMAIN}(?![\w@-])")


def parse_email(text: str) -> str | None:
    """One address, lower case: `mailto:`, `<…>`, a closing dot, a break at its `@`, dots or hyphens are taken away.

    Two different addresses, or words beside it, give None.
    """
    found = find_emails(text)
    if len(found) != 1:
        return None
    rest = re.sub(r"\s+", "", _joined(text)).replace(found[0], "").replace("mailto:", "")
    rest = re.sub(r"^(?:e-?mail|courriel|adresse(?:e-?mail|courriel|electronique)?|mail|m[eé]l)\.?:?", "", rest)
    return found[0] if not rest.strip("<>()[]{}.,;:|\"'") else None


def _joined(text: str) -> str:
    """Lower case, with white space inside an address taken out where only an address can be broken so."""
    text = unicodedata.normalize("NFKC", text.translate({k: v for k, v in _TABLE.items() if v is None}))
    text = text.translate(_DASHES).casefold().replace("\r", "\n")
    text = re.sub(r"\s*@\s*", "@", text)
    # Behind the @: a domain cut before or after a dot or a hyphen, or a line's end where no domain is complete yet.
    previous = None
    while previous != text:
        previous = text
        text = re.sub(r"(@[a-z0-9.-]*[.-])[ \t]*\n?[ \t]*(?=[a-z0-9][a-z0-9.-]*)", r"\1", text) if _open(text) else text
        text = re.sub(r"(@[a-z0-9-]+)\s+(?=\.[a-z0-9])", r"\1", text)
        text = re.sub(r"(@[a-z0-9-]+)[ \t]*\n[ \t]*(?=[a-z0-9-]+(?:\.[a-z0-9-]+)+(?![\w@]))", r"\1", text)
    # Before the @: a line's end behind a dot, a hyphen or an underscore.
    return re.sub(r"([a-z0-9][._-])[ \t]*\n[ \t]*(?=[a-z0-9._-]+@)", r"\1", text)


def _open(text: str) -> bool:
    """Whether some domain stops at a dot or hyphen with an address's rest behind white space."""
    return re.search(r"@[a-z0-9.-]*(?:-|(?<!\.[a-z]{2})(?<!\.[a-z]{3})\.)\s+[a-z0-9]", text) is not None


def find_emails(text: str) -> tuple[str, ...]:
    """Every address in running text, each once, in order, lower case."""
    return tuple(
        dict.fromkeys(m[0].removeprefix("mailto:") for m in _EMAIL.finditer(_joined(text).replace("mailto:", " ")))
    )
