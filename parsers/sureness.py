"""How sure a chosen value is: by check digits, the second engine, further cuts of the words and strange signs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from parsers import candidates, confidence, known_words, values
from parsers.candidates import NO_LETTER, PEOPLE, PROVES, SPELT, Candidate, Looks, Recognised, Seen
from parsers.labels import squash
from parsers.page import Word
from parsers.zones import joined

STRANGE = 0.6  # what a value is worth that holds what no value of its field does
_CUTS = 3  # looks, the line's own counted, from which they decide anything
_OFFERED = 0.1  # probability in the line's own reading without which cuts prove nothing
_AGREED_CUT, _AGREED_CUTS = (
    0.4,
    0.8,
)  # probability in each cut, in most, that bears out what the second engine read, too
_STEADY_CUT = 0.93  # the same where the first engine stands alone
_BEYOND_DOUBT = 0.97  # the same where the second engine read another value of the type
_CLOSED = frozenset({"current_provider", "contact_role", "signatory_role"})  # fields whose words are known nearly all
_YEARS = ("2000", "2049")  # of dates on these papers; another century's is misread
_LOOKALIKE = re.compile(r"^(?=.*\d)(?=.*[SOlIBZ])[\dSOlIBZ]{2,5}$")  # a house number half read as letters
_LOOKALIKE_NUMBER = re.compile(r"(?!\d+B )(?=\w*\d)(?=\w*[SOZB])[\dSOZB]{2,5} ")  # `S1 rue`; `12B rue` is a number
_LOOKALIKES = re.compile(r"(?<![^\W\d_])[^\W\d_]?[SOZBIl](?=\d)|(?<=\d)[SOZBIl](?![^\W\d_])")
_PREFIXES = frozenset({"PO", "OS", "AO", "MO", "NO"})  # of references, by their usual abbreviations
_STRANGE_CODE = re.compile(
    r"[\[\]{}()|<>\\*#~^=]|(?<=\w)l(?=[A-Z\d])|(?<=\d)l"
)  # the same of a reference, which may hold strokes and dashes
_NEAR_TOP = re.compile(r"\.(?:f[^r.]|[^f.]r|co[^m.]|[^c.]om|c[^o.]m|or[^g.]|ne[^t.])$")  # a French domain's end misread
_NEAR_UAI = re.compile(r"^ce\.(?!\d{7}[a-z]@)[^@]*\d[^@]*@ac-")  # an establishment's address without its code
_ONE_LETTER = re.compile(r"\d{4,}[A-Za-z]\d*")  # a reference's figures with one letter among or behind them


def of(read: Recognised, best: Candidate, found: Sequence[Candidate], looks: Looks, *, known: bool) -> float:
    """0 to 1 for the value chosen among `found`; `known`: a witness bears it out."""
    text = str(best.value)
    if not best.of_type:
        return 0.3
    if check_digit(read.type, text) is False:
        return 0.5
    if is_strange(read, text):
        return STRANGE
    if read.type == "date" and not _YEARS[0] <= text[:4] <= _YEARS[1]:
        return 0.5
    own = _own_sureness(read, best, found, known=known)
    return own if own >= confidence.ENOUGH else max(own, _standing(read, best, found, looks))


def of_covering(read: Recognised, best: Candidate, trust: float) -> float:
    """How sure a value is that the covering mail holds, too, where the first engine read it otherwise.

    A word of letters alone is nearly what was read, or it would not be offered. Figures are another thing: what both
    engines read asks a person.
    """
    if read.type in SPELT and not any(c.isdigit() for c in str(best.value)):
        return max(trust, confidence.ENOUGH)
    if all(w.origin != "ocr" or confidence.agrees(w) or not _spells(w) for w in read.words):
        return min(trust, confidence.DOUBT)
    return trust


def _own_sureness(read: Recognised, best: Candidate, found: Sequence[Candidate], *, known: bool) -> float:
    """What check digits, other places and the second engine say of a value."""
    text = str(best.value)
    checked = check_digit(read.type, text)
    if read.type == "digits" and not known and not _uprights_told(read):
        return min(0.85, confidence.of_words(read.words))  # cell by cell, some hands' ones and sevens are read alike
    if best.first and all(w.origin != "ocr" or confidence.agrees(w) or not _spells(w) for w in read.words):
        return confidence.of_words(read.words)
    least = min((confidence.raw(w) for w in read.words if _spells(w) and not _borne(read, w, text)), default=1.0)
    if known:
        return confidence.KNOWN if best.first else 0.93 if best.offered or _apart(found, text) > 1 else 0.85
    if checked:
        rivals = [c for c in found if c.of_type and c.value != best.value and check_digit(read.type, str(c.value))]
        return confidence.CHECKED if best.first and least > 0.6 else 0.92 if not rivals else 0.6
    if _digits_agree(read, text):
        return 0.92
    if not best.first:
        if read.name in _CLOSED and best.offered and all(known_words.expected(read.name, w) for w in text.split()):
            return 0.92
        if read.type in SPELT and least >= confidence.CLEAR and _figures_kept(read, text):
            return 0.92  # what was changed became words that the field is known for
        return 0.92 if best.offered and read.type in PROVES and second_reads(read, text) else 0.7
    if any(_LOOKALIKE.match(w.text) for w in read.words) and read.type == "text":
        return 0.6
    if read.type == "reference" and _ONE_LETTER.fullmatch(text):
        return 0.6  # a figure may be read as a letter
    if least >= (confidence.RIVALLED if _rivalled(read, best) else confidence.CLEAR):
        return confidence.ENOUGH
    return min(confidence.DOUBT, least)


def _standing(read: Recognised, best: Candidate, found: Sequence[Candidate], looks: Looks) -> float:
    """How sure further cuts of the words make a value; 0 where they do not bear it out.

    The line as a whole must have offered it. A value that the first reading does not spell needs more: cuts that leave
    no doubt, and the second engine's word for each word that is changed.
    """
    if len(looks) < _CUTS or best.of_type is False:
        return 0.0
    line, *cuts = (_share(read, best.value, look) for look in looks)
    if line < _OFFERED:
        return 0.0
    if second_reads(read, best.value) and min(cuts) >= _AGREED_CUT and sorted(cuts)[len(cuts) // 2] >= _AGREED_CUTS:
        return confidence.ENOUGH + 0.02
    if _rivalled(read, best):
        return confidence.ENOUGH if min(cuts) >= _BEYOND_DOUBT and not _changed(read, best, found) else 0.0
    if _changed(read, best, found):
        return confidence.ENOUGH if min(cuts) >= _STEADY_CUT and _seconded(read, str(best.value)) else 0.0
    return confidence.ENOUGH if min(cuts) >= _STEADY_CUT else 0.0


def seen_in(read: Recognised, value: str | int, looks: Looks) -> list[float]:
    """A value's probability in each look."""
    key = candidates.key_of(read, value)
    return [look[key].likely if key in look else 0.0 for look in looks]


def _share(read: Recognised, value: str | int, look: Mapping[str, Seen]) -> float:
    """A value's probability in one look; of a type that can be told, among what is of it, where that is not little."""
    key = candidates.key_of(read, value)
    own = look[key].likely if key in look else 0.0
    if read.type not in PROVES:
        return own
    right = sum(s.likely for s in look.values() if s.of_type)
    return own / right if right >= _OFFERED else own


def _changed(read: Recognised, best: Candidate, found: Sequence[Candidate]) -> bool:
    """Whether a value says anything else than the first reading did, capitals, accents and signs aside."""
    first = next((str(c.value) for c in found if c.first), "")
    if read.type in ("phone", "date"):
        figures = re.sub(r"\D", "", joined(read.words))
        return first != str(best.value) and figures not in _figures(read.type, str(best.value))
    bare = [re.sub(r"\W", "", candidates.key_of(read, t)) for t in (first, joined(read.words), str(best.value))]
    return bare[2] not in bare[:2]


def _figures(type_: str, value: str) -> tuple[str, ...]:
    """The figures by which a hand may have written a telephone number or a day."""
    if type_ == "phone":
        return "0" + value[3:], value[1:], "00" + value[1:]
    year, month, day = value.split("-") if value.count("-") == 2 else ("", "", "")
    days, months = {day, day.lstrip("0")}, {month, month.lstrip("0")}
    return tuple(d + m + y for d in days for m in months for y in (year, year[2:]))


def _seconded(read: Recognised, value: str) -> bool:
    """Whether the second engine read each word that differs from the first one's reading as it is chosen."""
    parts = value.split()
    return len(parts) == len(read.words) and all(
        candidates.key_of(read, part) == candidates.key_of(read, word.text)
        or (word.second is not None and candidates.key_of(read, part) == candidates.key_of(read, word.second))
        for part, word in zip(parts, read.words, strict=True)
    )


def second_reads(read: Recognised, value: str | int) -> bool:
    """Whether the second engine's own reading is the value."""
    if any(w.second is None and _spells(w) for w in read.words if w.origin == "ocr"):
        return False
    theirs, sure = read.parse(joined([replace(w, text=w.second or w.text) for w in read.words]))
    return theirs is not None and sure >= 1.0 and candidates.key_of(read, theirs) == candidates.key_of(read, value)


def _rivalled(read: Recognised, best: Candidate) -> bool:
    """Whether the second engine read another value of the right type."""
    if read.type not in PROVES or read.type == "email" or any(w.second is None for w in read.words):
        return False
    value, sure = read.parse(joined([replace(w, text=w.second or "") for w in read.words]))
    return value is not None and sure >= 1.0 and value != best.value


def check_digit(type_: str, text: str) -> bool | None:
    """What a value's own check digit says; None where it has none."""
    if type_ in ("siret", "siret_or_siren") and len(text) == 14:
        return values.valid_siret(text)
    if type_ == "uai":
        return values.valid_uai(text)
    return None


def is_strange(read: Recognised, text: str) -> bool:
    """Whether a value holds signs that no name or reference holds, or an address ends nearly as French domains do."""
    if read.type == "email":
        signs = (_NEAR_TOP, candidates.ONE_FOR_L, candidates.NOUGHT_FOR_O, _NEAR_UAI)
        return any(p.search(text) for p in signs) or bool(candidates.cut_off(read, text))
    if read.type not in SPELT:
        return False
    words = text.split()
    if read.name in PEOPLE and any(len(w) == 1 or any(c.isdigit() for c in w) for w in words):
        return True
    if any(known_words.nearly(read.name, w) for w in words):
        return True
    if candidates.letters(text) != text:
        return True  # an I and a one, an O and a nought are one stroke in many hands
    if known_words.is_doubtful(read.name, text) or (read.name == "street" and _LOOKALIKE_NUMBER.match(text)):
        return True
    if read.type == "reference" and _lookalikes(text):
        return True
    return (_STRANGE_CODE if read.type == "reference" else NO_LETTER).search(text) is not None


def _lookalikes(text: str) -> bool:
    """Whether a letter stands among a reference's figures that a hand writes like one: `ES7031` and `E57031`."""
    return any(m[0].upper() not in _PREFIXES for m in _LOOKALIKES.finditer(text))


def unseconded(read: Recognised, value: str) -> int:
    """How many words that both engines read alike a value does not hold."""
    whole = squash(value)
    alike = (w for w in read.words if w.origin == "ocr" and confidence.agrees(w) and len(squash(w.text)) > 2)
    return sum(squash(w.text) not in whole for w in alike) if read.type in SPELT else 0


def _figures_kept(read: Recognised, text: str) -> bool:
    """Whether a value holds the figures that were read first: of those nothing but a witness is believed otherwise.

    A service's usual code has none: `DS1` is `DSI`.
    """
    if candidates.letters(joined(read.words)) == text:
        codes = {values.fold(t) for t in re.findall(r"[^\W\d_]{3,}", text)}
        return bool(codes & known_words.CODES)
    return re.sub(r"\D", "", text) == re.sub(r"\D", "", joined(read.words))


def _spells(word: Word) -> bool:
    """Whether a word holds letters or figures: a doubtful colon makes no value doubtful."""
    return any(c.isalnum() for c in word.text)


def _uprights_told(read: Recognised) -> bool:
    """Whether the second witness sees each one and each seven as such, too."""
    return all(
        w.second is not None
        and len(w.second) == len(w.text)
        and all(a == b for a, b in zip(w.text, w.second, strict=True) if a in "17")
        for w in read.words
        if "1" in w.text or "7" in w.text
    )


def _borne(read: Recognised, word: Word, value: str) -> bool:
    """Whether a word of the value, as read or as chosen, is one that the field often holds, or none of it at all."""
    if read.name in PEOPLE and len(word.text) == 1 and len(value.split()) < len(read.words):
        return True
    if confidence.agrees(word) or known_words.expected(read.name, word.text):
        return True
    options = {t for t, _, _ in candidates.readings(word)} & set(value.split())
    return any(known_words.expected(read.name, t) for t in options)


def _digits_agree(read: Recognised, value: str) -> bool:
    """A reference whose figures both engines read alike, and whose letters are the usual ones before figures."""
    if read.type != "reference":
        return False
    figures = re.sub(r"\D", "", value)
    second = re.sub(r"\D", "", "".join(w.second or "" for w in read.words))
    return len(figures) >= 5 and figures == second and re.fullmatch(r"(?:EJ|BC|E|EN|ENG)?[\d/ -]+", value) is not None


def _apart(found: Sequence[Candidate], text: str) -> int:
    """In how many characters a value differs from what the first engine read."""
    first = next((str(c.value) for c in found if c.first), "")
    if len(first) != len(text):
        return 99
    return sum(a != b for a, b in zip(first, text, strict=True))
