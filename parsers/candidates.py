"""What recognised words may say: every reading of a field's words by both engines, and what each cut of them says.

Nothing is chosen here; `sureness` weighs the candidates, `witnesses` bear them out, `settling` chooses.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from parsers import confidence, covering, known_words, values
from parsers.page import Word
from parsers.records import Context
from parsers.zones import joined

Parse = Callable[[str], tuple[str | int | None, float]]  # text → value and whether it is of its type (1) or not
_MOST = 80  # combinations of readings looked at
_GAP = 0.45  # of their height, between two figures of one number
_LEAST = 0.05  # probability in one look from which a value is a candidate
PEOPLE = frozenset({"contact_name", "signatory_name"})
SPELT = frozenset({"name", "text", "reference", "department"})
PROVES = frozenset({"siret", "siret_or_siren", "uai", "date", "phone", "email", "postal_code", "digits", "integer"})
NO_LETTER = re.compile(  # no letters of a name; no French word is elided but to L', D', and the like
    r"[\[\]{}|<>\\_*#~^=]|(?<=\w)/(?=\w)|(?<=[a-zà-ÿ])/|\((?![^)]*\))|^[^(]*\)|(?<!\w)[CI1]['’](?=[A-ZÀ-Þ])"
)
_ELIDED_LETTER = re.compile(r"(?<!\w)[CI1(\[]['’](?=[A-ZÀ-Þ])")
_GLUED = re.compile(
    r"(?<=[a-zà-ÿ]{3})(?=[A-ZÀ-Þ][A-ZÀ-Þa-zà-ÿ]{2})|(?<=^de)(?=[A-ZÀ-Þ][a-zà-ÿ])|(?<=^du)(?=[A-ZÀ-Þ][a-zà-ÿ])"
)
_GLUED_NUMBER = re.compile(r"^(\d{1,4})(?=[a-zà-ÿ]{4,}$)(?!i?[eè]mes?$)")  # `98venelle`, not `2ième`
_ELIDED = re.compile(r"(?<=\b[dlDL]['’]) +(?=\w)")  # the white behind an elision, read as a space
_ELIDED_AWAY = re.compile(r"[dl][aeiouyh][a-z]{4,}")  # `dintendance`
_ELIDED_NAME = re.compile(r"^([dl])(?=[AEIOUYHÀ-Þ][a-zà-ÿ]{2})")  # `dIvry`
_MISREAD = str.maketrans({"/": "l", "|": "l", "(": "L", "[": "L", "]": "J", ")": "J", "\\": "l"})
_CAPITALS = re.compile(r"[A-ZÀ-Þ](?=.*[cosuvwxzkp])[A-ZÀ-Þcosuvwxzkp]{2,}")  # capitals, some of the smaller ones' shape
_FIGURE_AMONG_LETTERS = re.compile(r"(?<![^\W\d_])(?<!\d)(?=[^\W\d_]*[01][^\W\d_]*(?![^\W_]))[^\W_]{3,}")  # `DS1`
ONE_FOR_L = re.compile(r"(?<![^@._-])1(?=[._-]?[a-z]{2}.*@)")  # `1.martin@…`
NOUGHT_FOR_O = re.compile(r"(?<![^@._-])0(?=[._-][a-z]{2}.*@)")  # `0.martin@…`
_STROKES = frozenset("1Il|/!")
_STROKES_AMONG_FIGURES = re.compile(r"(?=\D*\d)(?=\d*\D)[\dIl|!]{2,4}")  # `1l`
_AS_ONES = str.maketrans(dict.fromkeys("Il|!", "1"))
_STROKE_FOR_I = re.compile(r"(?<=[A-Z]{2})/(?![^\W_])")  # `DS/`
_AS_LETTERS = str.maketrans("10", "IO")
_PARTICLE = re.compile(r"^(de|du|des|la|le|les|d|l|sur|sous|en|et)[.,;]$", re.IGNORECASE)
Looks = Sequence[Mapping[str, "Seen"]]  # of each cut of a field's words, what it says, by the value's key


@dataclass(frozen=True, slots=True)
class Recognised:
    """One field's words as recognised, with the parser of its type."""

    name: str
    type: str
    words: tuple[Word, ...]
    parse: Parse
    fixed: bool = False  # the value is given already, other readings of the words are not parsed


@dataclass(frozen=True, slots=True)
class Seen:
    """A value in one look: its probability and its likeliest spelling there."""

    likely: float
    value: str | int
    of_type: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that the words may spell, and how likely each engine makes it."""

    value: str | int
    likely: float
    of_type: bool
    first: bool  # what the first engine read
    offered: bool  # the first engine's own readings give it, the second's are not needed


def offered(read: Recognised) -> list[str | int]:
    """Every value of its type that a reading of the words gives, the likeliest first; the last word may be a sign that
    was taken for a figure (`€` for `0`).
    """
    found = [c.value for c in of(read, Context(), looks_of(read)) if c.of_type]
    if len(read.words) > 1 and len(read.words[-1].text) == 1:
        found += offered(replace(read, words=read.words[:-1]))
    return list(dict.fromkeys(found))


def of(read: Recognised, context: Context, looks: Looks) -> list[Candidate]:
    """Every value that a reading of the words gives: what the first engine read first, then the likeliest first."""
    combined: list[tuple[float, bool, bool, tuple[Word, ...]]] = [(1.0, True, True, ())]
    for word in read.words:
        options = readings(word)
        combined = sorted(
            (
                (likely * p, first and i == 0, own and mine, (*words, replace(word, text=text)))
                for likely, first, own, words in combined
                for i, (text, p, mine) in enumerate(options)
            ),
            key=lambda c: -c[0],
        )[:_MOST]
    out: dict[str | int, Candidate] = {}
    for likely, first, own, words in combined:
        value, sure = read.parse(_ELIDED.sub("", joined(words)))
        if value is None:
            continue
        known = out.get(value)
        if known is None:
            out[value] = Candidate(value, likely, sure >= 1.0, first, own)
        else:
            right = known.of_type or sure >= 1.0
            out[value] = Candidate(value, known.likely + likely, right, known.first or first, known.offered or own)
    keys = {key_of(read, v) for v in out}
    for look in looks:
        for key, seen in look.items():
            if key not in keys and seen.likely > _LEAST:
                keys.add(key)
                out[seen.value] = Candidate(seen.value, seen.likely, seen.of_type, first=False, offered=True)
    for value, known in out.items():
        if not known.offered and any(key_of(read, value) in look for look in looks):
            out[value] = replace(known, offered=True)
    for value in _kindred(read, out, context):
        out.setdefault(value, Candidate(value, 1e-2, of_type=True, first=False, offered=False))
    return sorted(out.values(), key=lambda c: (not c.first, -c.likely))


def prepared(read: Recognised) -> Recognised:
    """The words as their place makes them: a lone stroke before a street is a one, figures set a little apart are one
    number.
    """
    return _without_gaps(_with_ones(read))


def _with_ones(read: Recognised) -> Recognised:
    """A stroke where a number begins, as a house's or a day's, or that stands in one is a one."""
    if not read.words or not (read.name == "street" or read.type == "date"):
        return read
    first = read.words[0]
    number = first.text.translate(_AS_ONES)
    if {first.text, first.second or "1"} <= _STROKES:
        number = "1"
    elif not _STROKES_AMONG_FIGURES.fullmatch(first.text) or (first.second or first.text).translate(_AS_ONES) != number:
        return read
    sure = max(first.confidence, confidence.ENOUGH)
    one = replace(first, text=number, second=number, confidence=sure, again=None, looks=())
    return replace(read, words=(one, *read.words[1:]))


def _without_gaps(read: Recognised) -> Recognised:
    """A number whose figures a hand set apart by less than a figure's width is one."""
    words = list(read.words[:1])
    for w in read.words[1:]:
        last = words[-1]
        close = w.box[0] - last.box[2] < _GAP * (last.box[3] - last.box[1])
        if read.type == "reference" and close and last.text.isdigit() and w.text.isdigit():
            words[-1] = _as_one(last, w)
        else:
            words.append(w)
    return replace(read, words=tuple(words)) if len(words) < len(read.words) else read


def _as_one(a: Word, b: Word) -> Word:
    seconds = None if a.second is None or b.second is None else a.second + b.second
    box = (a.box[0], min(a.box[1], b.box[1]), b.box[2], max(a.box[3], b.box[3]))
    sure = min(a.confidence, b.confidence)
    return Word(text=a.text + b.text, box=box, origin=a.origin, confidence=sure, second=seconds, size=a.size)


def looks_of(read: Recognised) -> list[dict[str, Seen]]:
    """What each cut of the field's words says as a whole; words that nobody doubted say one thing."""
    count = 0 if read.fixed else max((len(w.looks) for w in read.words), default=0)
    out: list[dict[str, Seen]] = []
    for k in range(count):
        combined: list[tuple[float, tuple[Word, ...]]] = [(1.0, ())]
        for word in read.words:
            options = word.looks[k] if k < len(word.looks) else ((word.text, 1.0),)
            combined = sorted(
                ((p * q, (*words, replace(word, text=_tidy(t)))) for p, words in combined for t, q in options),
                key=lambda c: -c[0],
            )[:_MOST]
        seen: dict[str, Seen] = {}
        for p, words in combined:
            value, sure = read.parse(_ELIDED.sub("", joined(words)))
            if value is None:
                continue
            key = key_of(read, value)
            known = seen.get(key)
            seen[key] = replace(known, likely=known.likely + p) if known is not None else Seen(p, value, sure >= 1.0)
        out.append(seen)
    return out


def key_of(read: Recognised, value: str | int) -> str:
    """Values that differ in capitals or accents alone have one key: no engine is sure of those in a hand's writing."""
    text = " ".join(str(value).split()).casefold().replace("’", "'")
    if read.type == "reference":
        text = text.replace("]", "j")  # a J's hook; no reference holds brackets
    if read.type in SPELT:
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return text


def _kindred(read: Recognised, out: Mapping[str | int, Candidate], context: Context) -> list[str]:
    """What the census knows and was nearly read: a SIRET but for ones and sevens, which some hands write alike, an
    address whose end was lost; and what the covering mail says nearly so.
    """
    first = [str(v) for v, c in out.items() if c.first]
    said = covering.of(context.covering)
    offered = [v for f in first for v in said.offers(read.type, f)] if said else []
    if read.type in SPELT or read.type == "email":
        offered += [v for f in first for v in _of_field(read, f)]
    return offered + _of_census(read, first, context)


def _of_field(read: Recognised, value: str) -> list[str]:
    """A value with each word that is nearly one which the field often holds made that one; a person's name without the
    strokes that stand in it; a code's figure among letters as a letter.
    """
    words = value.split()
    usual = " ".join(_like(w, known_words.nearly(read.name, w) or w) for w in words)
    whole = " ".join(w for w in words if len(w) > 1) if read.name in PEOPLE else value
    spelt = letters(value) if read.type in SPELT else value
    if read.type == "email":
        spelt = NOUGHT_FOR_O.sub("o", ONE_FOR_L.sub("l", _with_cut_off(read, value)))
    return [v for v in (usual, whole, spelt) if v and v != value]


def _with_cut_off(read: Recognised, value: str) -> str:
    return ".".join([*cut_off(read, value), value])


def cut_off(read: Recognised, address: str) -> list[str]:
    """The words before an address that may be its beginning: a hand's full stop is wide, and often not seen."""
    local = address.partition("@")[0]
    words = [w.text.strip(".,:;").lower() for w in read.words if "@" not in w.text and len(w.text) > 1]
    return [] if read.fixed or "@" not in address else [w for w in words if w.isalpha() and w not in local]


def letters(value: str) -> str:
    """A value whose nought or one among letters is a letter: `DSI` for `DS1` or `DS/`."""
    return _STROKE_FOR_I.sub("I", _FIGURE_AMONG_LETTERS.sub(lambda m: m[0].translate(_AS_LETTERS), value))


def _like(word: str, other: str) -> str:
    """Another word in the first one's capitals."""
    return other.upper() if word.isupper() else other.capitalize() if word[:1].isupper() else other


def _of_census(read: Recognised, first: Sequence[str], context: Context) -> list[str]:
    if read.type == "email":
        local, _, domain = "".join(joined(read.words).lower().split()).rpartition("@")
        known = {a.partition("@")[2] for b in context.census for a in b.addresses}
        return [f"{local}@{d}" for d in known if len(domain) >= 6 and d != domain and d.startswith(domain.rstrip("."))]
    if read.type not in ("siret", "siret_or_siren"):
        return []
    alike = [v.replace("7", "1") for v in first]
    return [b.siret for b in context.census if b.siret and b.siret.replace("7", "1") in alike]


def readings(word: Word) -> list[tuple[str, float, bool]]:
    """A word's readings, each with a weight and whether the first engine offers it; its own stands first."""
    text = _tidy(word.text)
    if word.origin != "ocr" or confidence.agrees(word):
        best = text
        if word.second is not None and word.origin == "ocr" and _accents(word.second) > _accents(text):
            best = _tidy(word.second)  # the engine that sees accents
        # Both may read a hand's stroke as a one, or its @ as an e: what is then of no type gives way to what is.
        rarer = [(_tidy(o), 0.02, True) for o in word.others[:3]] if word.origin == "ocr" else []
        return [(best, 1.0, True), *rarer, *_repaired(best)]
    sure = min(0.999, max(0.05, confidence.raw(word)))
    out = {text: sure}
    rest = 1 - sure
    for i, other in enumerate((*word.others[:5], _capitals(text))):
        out.setdefault(_tidy(other), rest * 0.5 / (i + 1))
    if word.second:
        out[_tidy(word.second)] = out.get(_tidy(word.second), 0.0) + rest * 0.4
    for other, weight, _ in _repaired(text):
        out.setdefault(other, weight)
    own = {text, *map(_tidy, (*word.others, _capitals(text)))}
    return [(t, p, t in own) for t, p in out.items()]


def _tidy(text: str) -> str:
    """Specks read as full stops behind particles go; words that were run together stand apart."""
    if _PARTICLE.match(text):
        return text[:-1]
    text = _GLUED_NUMBER.sub(r"\1 ", _GLUED.sub(" ", text))
    if _CAPITALS.fullmatch(text) and sum(c.isupper() for c in text) > sum(c.islower() for c in text):
        text = text.upper()
    text = _ELIDED_NAME.sub(r"\1'", text)
    folded = values.fold(text)
    if _ELIDED_AWAY.match(folded) and folded[1:] in known_words.ALL and folded not in known_words.ALL:
        return f"{text[0]}'{text[1:]}"
    if len(folded) == len(text) and len(text) >= 8 and text.isalpha() and folded not in known_words.OFFICES:
        for i in range(2, len(text) - 1):
            if i > 1 and folded[:i] in known_words.OFFICES and folded[i:] in known_words.OFFICES:
                return f"{text[:i]} {text[i:]}"
    return text


def _repaired(text: str) -> list[tuple[str, float, bool]]:
    """A reading without the signs that stand for misread letters."""
    if not NO_LETTER.search(text) or sum(c.isalpha() for c in text) < 2:
        return []
    return [(_ELIDED_LETTER.sub("L'", text).translate(_MISREAD), 0.05, False)]


def _accents(text: str) -> int:
    return sum(not c.isascii() for c in text if c.isalpha())


def _capitals(text: str) -> str:
    """A small l among capitals is an I."""
    upper = sum(c.isupper() for c in text)
    lower = sum(c.islower() and c != "l" for c in text)
    return text.replace("l", "I") if upper > lower and "l" in text else text
