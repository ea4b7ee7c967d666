"""Recognised values settled: among what the engines offer, what types, check digits and other places bear out.

Two passes: first what proves itself (SIRET, UAI, dates, telephone numbers, addresses), then names and places with
what the first pass, the e-mail addresses and the census say. A value that nothing bears out keeps its doubt.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from parsers import confidence, known_words, values
from parsers.labels import squash
from parsers.page import Word
from parsers.records import Body, Context
from parsers.zones import joined

Parse = Callable[[str], tuple[str | int | None, float]]  # text → value and whether it is of its type (1) or not

_MOST = 80  # combinations of readings looked at
_CUTS = 3  # looks, the line's own counted, from which they decide anything
_OFFERED = 0.1  # probability in the line's own reading without which cuts prove nothing
_AGREED_CUT, _AGREED_CUTS = (
    0.4,
    0.8,
)  # probability in each cut, in most, that bears out what the second engine read, too
_STEADY_CUT = 0.93  # the same where the first engine stands alone
_BEYOND_DOUBT = 0.97  # the same where the second engine read another value of the type
_RARE = 0.02  # what a value is worth at most that no look offers: the census, or a slash for a one, brought it up
_USUAL = 3.0  # how much likelier a word is that the field often holds (`rue` beside `rve`)
_LONG = 12  # letters from which one or two that differ are misread ones
_YEARS = ("2000", "2049")  # of dates on these papers; another century's is misread
_LEAST = 0.05  # probability in one look from which a value is a candidate
_SPELT = frozenset({"name", "text", "reference", "department"})
_PROVES = frozenset({"siret", "siret_or_siren", "uai", "date", "phone", "email", "postal_code", "digits", "integer"})
_GENERIC_LOCALS = (
    "accueil administration commune communication compta comptabilite contact courrier dgs direction finances "
    "gestion informatique intendance mairie marches marchespublics secretariat secretairegeneral secretaire ville"
)
_GENERIC = frozenset(_GENERIC_LOCALS.split())
_LOOKALIKE = re.compile(r"^(?=.*\d)(?=.*[SOlIBZ])[\dSOlIBZ]{2,5}$")  # a house number half read as letters
_GLUED = re.compile(r"(?<=[a-zà-ÿ]{3})(?=[A-ZÀ-Þ]{3})|(?<=^de)(?=[A-ZÀ-Þ][a-zà-ÿ])|(?<=^du)(?=[A-ZÀ-Þ][a-zà-ÿ])")
_ELIDED = re.compile(r"(?<=\b[dlDL]['’]) +(?=\w)")  # the white behind an elision, read as a space
_STRANGE = re.compile(
    r"[\[\]{}|<>\\_*#~^=]|(?<=\w)/(?=\w)|(?<=[a-zà-ÿ])/|\((?![^)]*\))|^[^(]*\)"
)  # no letters of a name
_STRANGE_CODE = re.compile(r"[\[\]{}()|<>\\*#~^=]")  # the same of a reference, which may hold strokes and dashes
_MISREAD = str.maketrans({"/": "l", "|": "l", "(": "L", "[": "L", "]": "J", ")": "J", "\\": "l"})
_CAPITALS = re.compile(r"[A-ZÀ-Þ](?=.*[cosuvwxzkp])[A-ZÀ-Þcosuvwxzkp]{2,}")  # capitals, some of the smaller ones' shape
_ACADEMY = re.compile(r"ac-[a-z][a-z-]+[a-z]\.fr")
_NEAR_TOP = re.compile(r"\.(?:f[^r.]|[^f.]r|co[^m.]|[^c.]om|c[^o.]m|or[^g.]|ne[^t.])$")  # a French domain's end misread
_ONE_LETTER = re.compile(r"\d{4,}[A-Za-z]\d*")  # a reference's figures with one letter among or behind them
_PARTICLE = re.compile(r"^(de|du|des|la|le|les|d|l|sur|sous|en|et)[.,;]$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Recognised:
    """One field's words as recognised, with the parser of its type."""

    name: str
    type: str
    words: tuple[Word, ...]
    parse: Parse
    fixed: bool = False  # the value is given already, other readings of the words are not parsed


@dataclass(frozen=True, slots=True)
class Settled:
    """The value chosen and how sure it is; `of_type`: it is of its field's type."""

    value: str | int
    confidence: float
    of_type: bool


@dataclass(frozen=True, slots=True)
class _Candidate:
    value: str | int
    likely: float
    of_type: bool
    first: bool  # what the first engine read
    offered: bool  # the first engine's own readings give it, the second's are not needed


def settle(read: Sequence[Recognised], context: Context) -> dict[str, Settled]:
    """The fields of one document, by name; a field in whose place nothing is written is left out."""
    looks = {r.name: _looks(r) for r in read}
    offered = {r.name: _candidates(r, context, looks[r.name]) for r in read}
    offered = {name: found for name, found in offered.items() if found}
    by_name = {r.name: r for r in read}
    chosen: dict[str, Settled] = {}
    for proving in (True, False):
        for name, found in offered.items():
            if (by_name[name].type in _PROVES) == proving and name not in chosen:
                said = _witness(name, by_name[name].type, chosen, context)
                if by_name[name].type == "date":
                    said = _other_dates(name, by_name, offered)
                chosen[name] = _choose(by_name[name], found, said, looks[name])
    for name in (
        "contact_email",
        "functional_email",
        "postal_code",
        "member_name",
    ):  # now that names and places are known
        if name in chosen and chosen[name].confidence < confidence.ENOUGH:
            said = _witness(name, by_name[name].type, chosen, context)
            chosen[name] = _nearly(name, chosen, context) or _choose(by_name[name], offered[name], said, looks[name])
    if "contact_name" in chosen and "contact_email" in chosen:
        chosen["contact_name"] = _mended(chosen["contact_name"], chosen["contact_email"])
    return chosen


def _other_dates(
    name: str, by_name: Mapping[str, Recognised], offered: Mapping[str, Sequence[_Candidate]]
) -> Callable[[str], bool]:
    """Order and signature often bear one day: the same day among the readings of two places is no chance."""
    days = {
        str(c.value)
        for other, found in offered.items()
        if other != name and by_name[other].type == "date" and other in ("order_date", "signed_on")
        for c in found
        if c.of_type and c.offered
    }
    return lambda v: name in ("order_date", "signed_on") and v in days


def _nearly(name: str, chosen: Mapping[str, Settled], context: Context) -> Settled | None:
    """The name or address of the body that SIRET or UAI prove, where what was read is a letter or two away from it."""
    from rapidfuzz.distance import Levenshtein

    body = _body(chosen, context)
    if body is None or name == "postal_code":
        return None
    read = str(chosen[name].value).casefold()
    known = [body.name] if name == "member_name" else list(body.addresses)
    near = [k for k in known if len(k) >= _LONG and Levenshtein.distance(read, k.casefold()) <= 2]
    return Settled(near[0], confidence.ENOUGH, of_type=True) if len(near) == 1 else None


def offered(read: Recognised) -> list[str | int]:
    """Every value of its type that a reading of the words gives, the likeliest first; the last word may be a sign that
    was taken for a figure (`€` for `0`).
    """
    found = [c.value for c in _candidates(read, Context(), _looks(read)) if c.of_type]
    if len(read.words) > 1 and len(read.words[-1].text) == 1:
        found += offered(replace(read, words=read.words[:-1]))
    return list(dict.fromkeys(found))


def _mended(name: Settled, address: Settled) -> Settled:
    """A person's name of which one word is nearly the one in a sure e-mail address takes that word's letters."""
    from rapidfuzz import fuzz

    if name.confidence >= confidence.ENOUGH or address.confidence < confidence.ENOUGH:
        return name
    parts = [p for p in re.split(r"[.\-_]", str(address.value).partition("@")[0]) if len(p) >= 6]
    words = str(name.value).split()
    for i, word in enumerate(words):
        for part in parts:
            near = squash(word)
            if near != part and near[:1] == part[:1] and near[-1:] == part[-1:] and fuzz.ratio(near, part) >= 80:
                words[i] = part.upper() if word.isupper() else part.capitalize()
                return Settled(" ".join(words), confidence.ENOUGH, of_type=True)
    return name


# --- what the engines offer ------------------------------------------------------------------------------------------


Looks = Sequence[Mapping[str, "_Seen"]]  # of each cut of a field's words, what it says, by the value's key


@dataclass(frozen=True, slots=True)
class _Seen:
    """A value in one look: its probability and its likeliest spelling there."""

    likely: float
    value: str | int
    of_type: bool


def _key(read: Recognised, value: str | int) -> str:
    """Values that differ in capitals or accents alone have one key: no engine is sure of those in a hand's writing."""
    text = " ".join(str(value).split()).casefold().replace("’", "'")
    if read.type == "reference":
        text = text.replace("]", "j")  # a J's hook; no reference holds brackets
    if read.type in _SPELT:
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return text


def _looks(read: Recognised) -> list[dict[str, _Seen]]:
    """What each cut of the field's words says as a whole; words that nobody doubted say one thing."""
    count = 0 if read.fixed else max((len(w.looks) for w in read.words), default=0)
    out: list[dict[str, _Seen]] = []
    for k in range(count):
        combined: list[tuple[float, tuple[Word, ...]]] = [(1.0, ())]
        for word in read.words:
            options = word.looks[k] if k < len(word.looks) else ((word.text, 1.0),)
            combined = sorted(
                ((p * q, (*words, replace(word, text=_tidy(t)))) for p, words in combined for t, q in options),
                key=lambda c: -c[0],
            )[:_MOST]
        seen: dict[str, _Seen] = {}
        for p, words in combined:
            value, sure = read.parse(_ELIDED.sub("", joined(words)))
            if value is None:
                continue
            key = _key(read, value)
            known = seen.get(key)
            seen[key] = replace(known, likely=known.likely + p) if known is not None else _Seen(p, value, sure >= 1.0)
        out.append(seen)
    return out


def _candidates(read: Recognised, context: Context, looks: Looks) -> list[_Candidate]:
    combined: list[tuple[float, bool, bool, tuple[Word, ...]]] = [(1.0, True, True, ())]
    for word in read.words:
        options = _readings(word)
        combined = sorted(
            (
                (likely * p, first and i == 0, own and mine, (*words, replace(word, text=text)))
                for likely, first, own, words in combined
                for i, (text, p, mine) in enumerate(options)
            ),
            key=lambda c: -c[0],
        )[:_MOST]
    out: dict[str | int, _Candidate] = {}
    for likely, first, own, words in combined:
        value, sure = read.parse(_ELIDED.sub("", joined(words)))
        if value is None:
            continue
        known = out.get(value)
        if known is None:
            out[value] = _Candidate(value, likely, sure >= 1.0, first, own)
        else:
            right = known.of_type or sure >= 1.0
            out[value] = _Candidate(value, known.likely + likely, right, known.first or first, known.offered or own)
    keys = {_key(read, v) for v in out}
    for look in looks:
        for key, seen in look.items():
            if key not in keys and seen.likely > _LEAST:
                keys.add(key)
                out[seen.value] = _Candidate(seen.value, seen.likely, seen.of_type, first=False, offered=True)
    for value, known in out.items():
        if not known.offered and any(_key(read, value) in look for look in looks):
            out[value] = replace(known, offered=True)
    for value in _kindred(read, out, context):
        out.setdefault(value, _Candidate(value, 1e-2, of_type=True, first=False, offered=False))
    return sorted(out.values(), key=lambda c: (not c.first, -c.likely))


def _kindred(read: Recognised, out: Mapping[str | int, _Candidate], context: Context) -> list[str]:
    """What the census knows and was nearly read: a SIRET but for ones and sevens, which some hands write alike, an
    address whose end was lost.
    """
    if read.type == "email":
        local, _, domain = "".join(joined(read.words).lower().split()).rpartition("@")
        known = {_domain(a) for b in context.census for a in b.addresses}
        return [f"{local}@{d}" for d in known if len(domain) >= 6 and d != domain and d.startswith(domain.rstrip("."))]
    if read.type not in ("siret", "siret_or_siren"):
        return []
    alike = [str(v).replace("7", "1") for v, c in out.items() if c.first]
    return [b.siret for b in context.census if b.siret and b.siret.replace("7", "1") in alike]


def _readings(word: Word) -> list[tuple[str, float, bool]]:
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
    readings = {text: sure}
    rest = 1 - sure
    for i, other in enumerate((*word.others[:5], _capitals(text))):
        readings.setdefault(_tidy(other), rest * 0.5 / (i + 1))
    if word.second:
        readings[_tidy(word.second)] = readings.get(_tidy(word.second), 0.0) + rest * 0.4
    for other, weight, _ in _repaired(text):
        readings.setdefault(other, weight)
    own = {text, *map(_tidy, (*word.others, _capitals(text)))}
    return [(t, p, t in own) for t, p in readings.items()]


def _tidy(text: str) -> str:
    """Specks read as full stops behind particles go; words that were run together stand apart."""
    if _PARTICLE.match(text):
        return text[:-1]
    text = _GLUED.sub(" ", text)
    if _CAPITALS.fullmatch(text) and sum(c.isupper() for c in text) > sum(c.islower() for c in text):
        text = text.upper()
    folded = values.fold(text)
    if len(folded) == len(text) and len(text) >= 8 and text.isalpha() and folded not in known_words.OFFICES:
        for i in range(2, len(text) - 1):
            if i > 1 and folded[:i] in known_words.OFFICES and folded[i:] in known_words.OFFICES:
                return f"{text[:i]} {text[i:]}"
    return text


def _repaired(text: str) -> list[tuple[str, float, bool]]:
    """A reading without the signs that stand for misread letters."""
    if not _STRANGE.search(text) or sum(c.isalpha() for c in text) < 2:
        return []
    return [(text.translate(_MISREAD), 0.05, False)]


def _accents(text: str) -> int:
    return sum(not c.isascii() for c in text if c.isalpha())


def _capitals(text: str) -> str:
    """A small l among capitals is an I."""
    upper = sum(c.isupper() for c in text)
    lower = sum(c.islower() and c != "l" for c in text)
    return text.replace("l", "I") if upper > lower and "l" in text else text


# --- choosing --------------------------------------------------------------------------------------------------------


def _choose(read: Recognised, found: Sequence[_Candidate], said: Callable[[str], bool] | None, looks: Looks) -> Settled:
    def weight(c: _Candidate) -> float:
        checked = 1.0 if _checks(read.type, str(c.value)) in (None, True) else 0.02
        borne = 40.0 if said is not None and said(str(c.value)) else 1.0
        strange = 0.02 if _is_strange(read, str(c.value)) else 1.0
        own = c.likely
        if looks:
            seen = _seen(read, c.value, looks)
            own = max(sum(seen) / len(seen), min(_RARE, c.likely)) * (4.0 if _same(read, c.value) else 1.0)
        usual = _USUAL ** sum(known_words.expected(read.name, word) for word in str(c.value).split())
        return own * checked * borne * strange * usual * (1.0 if c.of_type else 0.01)

    best = max(found, key=weight)
    text = str(best.value)
    known = said is not None and said(text)
    return Settled(best.value, _sureness(read, best, found, looks, known=known), best.of_type)


def _seen(read: Recognised, value: str | int, looks: Looks) -> list[float]:
    """A value's probability in each look."""
    key = _key(read, value)
    return [look[key].likely if key in look else 0.0 for look in looks]


def _standing(read: Recognised, best: _Candidate, found: Sequence[_Candidate], looks: Looks) -> float:
    """How sure further cuts of the words make a value; 0 where they do not bear it out.

    The line as a whole must have offered it. A value that the first reading does not spell needs more: cuts that leave
    no doubt, and the second engine's word for each word that is changed.
    """
    if len(looks) < _CUTS or best.of_type is False:
        return 0.0
    line, *cuts = (_share(read, best.value, look) for look in looks)
    if line < _OFFERED:
        return 0.0
    if _same(read, best.value) and min(cuts) >= _AGREED_CUT and sorted(cuts)[len(cuts) // 2] >= _AGREED_CUTS:
        return confidence.ENOUGH + 0.02
    if _rivalled(read, best):
        return confidence.ENOUGH if min(cuts) >= _BEYOND_DOUBT and not _changed(read, best, found) else 0.0
    if _changed(read, best, found):
        return confidence.ENOUGH if min(cuts) >= _STEADY_CUT and _seconded(read, str(best.value)) else 0.0
    return confidence.ENOUGH if min(cuts) >= _STEADY_CUT else 0.0


def _share(read: Recognised, value: str | int, look: Mapping[str, _Seen]) -> float:
    """A value's probability in one look; of a type that can be told, among what is of it, where that is not little."""
    key = _key(read, value)
    own = look[key].likely if key in look else 0.0
    if read.type not in _PROVES:
        return own
    right = sum(s.likely for s in look.values() if s.of_type)
    return own / right if right >= _OFFERED else own


def _changed(read: Recognised, best: _Candidate, found: Sequence[_Candidate]) -> bool:
    """Whether a value says anything else than the first reading did, capitals, accents and signs aside."""
    first = next((str(c.value) for c in found if c.first), "")
    if read.type in ("phone", "date"):
        figures = re.sub(r"\D", "", joined(read.words))
        return first != str(best.value) and figures not in _figures(read.type, str(best.value))
    bare = [re.sub(r"\W", "", _key(read, t)) for t in (first, joined(read.words), str(best.value))]
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
        _key(read, part) == _key(read, word.text)
        or (word.second is not None and _key(read, part) == _key(read, word.second))
        for part, word in zip(parts, read.words, strict=True)
    )


def _sureness(read: Recognised, best: _Candidate, found: Sequence[_Candidate], looks: Looks, *, known: bool) -> float:
    text = str(best.value)
    if not best.of_type:
        return 0.3
    if _checks(read.type, text) is False:
        return 0.5
    if _is_strange(read, text):
        return 0.6
    if read.type == "date" and not _YEARS[0] <= text[:4] <= _YEARS[1]:
        return 0.5
    own = _own_sureness(read, best, found, known=known)
    return own if own >= confidence.ENOUGH else max(own, _standing(read, best, found, looks))


def _own_sureness(read: Recognised, best: _Candidate, found: Sequence[_Candidate], *, known: bool) -> float:
    """What check digits, other places and the second engine say of a value."""
    text = str(best.value)
    checked = _checks(read.type, text)
    if read.type == "digits" and "7" in text and not known and not _sevens_told(read):
        return min(0.85, confidence.of_words(read.words))  # cell by cell, some hands' ones are read as sevens
    if best.first and all(w.origin != "ocr" or confidence.agrees(w) or not _spells(w) for w in read.words):
        return confidence.of_words(read.words)
    least = min((confidence.raw(w) for w in read.words if _spells(w) and not _borne(read, w, text)), default=1.0)
    if known:
        return confidence.KNOWN if best.first else 0.93 if best.offered or _apart(found, text) > 1 else 0.85
    if checked:
        rivals = [c for c in found if c.of_type and c.value != best.value and _checks(read.type, str(c.value))]
        return confidence.CHECKED if best.first and least > 0.6 else 0.92 if not rivals else 0.6
    if _digits_agree(read, text):
        return 0.92
    if not best.first:
        if least >= confidence.CLEAR and read.name != "street":
            return 0.92  # what was changed became words that the field is known for
        return 0.92 if best.offered and read.type in _PROVES and _same(read, text) else 0.7
    if any(_LOOKALIKE.match(w.text) for w in read.words) and read.type == "text":
        return 0.6
    if read.type == "reference" and _ONE_LETTER.fullmatch(text):
        return 0.6  # a figure may be read as a letter
    if least >= (confidence.RIVALLED if _rivalled(read, best) else confidence.CLEAR):
        return confidence.ENOUGH
    return min(confidence.DOUBT, least)


def _spells(word: Word) -> bool:
    """Whether a word holds letters or figures: a doubtful colon makes no value doubtful."""
    return any(c.isalnum() for c in word.text)


def _sevens_told(read: Recognised) -> bool:
    """Whether the second witness sees each seven as one, too."""
    return all(
        w.second is not None
        and len(w.second) == len(w.text)
        and all(b == "7" for a, b in zip(w.text, w.second, strict=True) if a == "7")
        for w in read.words
        if "7" in w.text
    )


def _borne(read: Recognised, word: Word, value: str) -> bool:
    """Whether a word of the value, as read or as chosen, is one that the field often holds."""
    if confidence.agrees(word) or known_words.expected(read.name, word.text):
        return True
    options = {t for t, _, _ in _readings(word)} & set(value.split())
    return any(known_words.expected(read.name, t) for t in options)


def _digits_agree(read: Recognised, value: str) -> bool:
    """A reference whose figures both engines read alike, and whose letters are the usual ones before figures."""
    if read.type != "reference":
        return False
    figures = re.sub(r"\D", "", value)
    second = re.sub(r"\D", "", "".join(w.second or "" for w in read.words))
    return len(figures) >= 5 and figures == second and re.fullmatch(r"(?:EJ|BC|E|EN|ENG)?[\d/ -]+", value) is not None


def _is_strange(read: Recognised, text: str) -> bool:
    """Whether a value holds signs that no name or reference holds, or an address ends nearly as French domains do."""
    if read.type == "email":
        return _NEAR_TOP.search(text) is not None
    if read.type not in _SPELT:
        return False
    return (_STRANGE_CODE if read.type == "reference" else _STRANGE).search(text) is not None


def _apart(found: Sequence[_Candidate], text: str) -> int:
    """In how many characters a value differs from what the first engine read."""
    first = next((str(c.value) for c in found if c.first), "")
    if len(first) != len(text):
        return 99
    return sum(a != b for a, b in zip(first, text, strict=True))


def _same(read: Recognised, value: str | int) -> bool:
    """Whether the second engine's own reading is the value."""
    if any(w.second is None and _spells(w) for w in read.words if w.origin == "ocr"):
        return False
    theirs, sure = read.parse(joined([replace(w, text=w.second or w.text) for w in read.words]))
    return theirs is not None and sure >= 1.0 and _key(read, theirs) == _key(read, value)


def _rivalled(read: Recognised, best: _Candidate) -> bool:
    """Whether the second engine read another value of the right type."""
    if read.type not in _PROVES or read.type == "email" or any(w.second is None for w in read.words):
        return False
    value, sure = read.parse(joined([replace(w, text=w.second or "") for w in read.words]))
    return value is not None and sure >= 1.0 and value != best.value


def _checks(type_: str, text: str) -> bool | None:
    """What a value's own check digit says; None where it has none."""
    if type_ in ("siret", "siret_or_siren") and len(text) == 14:
        return values.valid_siret(text)
    if type_ == "uai":
        return values.valid_uai(text)
    return None


# --- witnesses -------------------------------------------------------------------------------------------------------


def _witness(name: str, type_: str, chosen: Mapping[str, Settled], context: Context) -> Callable[[str], bool] | None:
    """A test that a value passes where something independent of its own letters bears it out; None: nothing can."""
    body = _body(chosen, context)
    if type_ in ("siret", "siret_or_siren"):
        sirets = {b.siret for b in context.census if b.siret}
        return lambda v: v in sirets
    if type_ == "uai":
        codes = {b.uai for b in context.census if b.uai}
        return lambda v: v in codes
    if type_ == "email":
        return _address(name, chosen, context, body)
    if name == "postal_code":
        departments = {_text(chosen, "siret")[2:4]} if _text(chosen, "siret")[:1] == "2" else set()
        departments |= {_text(chosen, "uai")[1:3]}
        return lambda v: v[:2] in departments
    if name == "member_name":
        names = {squash(b.name) for b in ([body] if body else context.census)}
        city = squash(_text(chosen, "city"))
        return lambda v: squash(v) in names or (len(city) >= 5 and squash(v).endswith(city))
    if name == "city":
        around = [_text(chosen, "member_name"), body.name if body else ""]
        around += [_domain(_text(chosen, n)) for n in ("contact_email", "functional_email")]
        places = [squash(a) for a in around if a]
        return lambda v: len(squash(v)) >= 4 and any(squash(v) in p for p in places)
    if name == "contact_name":
        local = [_local(_text(chosen, "contact_email"))] + [_local(a) for a in (body.addresses if body else ())]
        return lambda v: any(_names(v, x) for x in local if x)
    if name == "signatory_name":
        contact = _text(chosen, "contact_name")
        local = [_local(a) for a in (body.addresses if body else ())]
        return lambda v: (bool(contact) and _tokens(v) == _tokens(contact)) or any(_names(v, x) for x in local if x)
    return None


def _body(chosen: Mapping[str, Settled], context: Context) -> Body | None:
    """The census's body of the SIRET or UAI settled."""
    for name, key in (("siret", "siret"), ("uai", "uai")):
        settled = chosen.get(name)
        if settled is not None and settled.confidence >= confidence.ENOUGH:
            for body in context.census:
                if getattr(body, key) == settled.value:
                    return body
    return None


def _address(
    name: str, chosen: Mapping[str, Settled], context: Context, body: Body | None
) -> Callable[[str], bool] | None:
    known = {a for b in ([body] if body else context.census) for a in b.addresses}
    domains = {_domain(a) for a in known}
    uai = _text(chosen, "uai").lower()
    other = "functional_email" if name == "contact_email" else "contact_email"
    domains.add(_domain(_text(chosen, other)))
    contact = _text(chosen, "contact_name")

    def borne(v: str) -> bool:
        if v in known:
            return True
        if uai and v.startswith((f"ce.{uai}@", f"gestion.{uai}@")):
            return _domain(v) in domains or _ACADEMY.fullmatch(_domain(v)) is not None
        if _domain(v) not in domains:
            return False
        return _local(v) in _GENERIC if name == "functional_email" else bool(contact) and _names(contact, _local(v))

    return borne


def _text(chosen: Mapping[str, Settled], name: str) -> str:
    """A value settled so far, sure or not: two places written apart that agree bear one another out."""
    settled = chosen.get(name)
    return str(settled.value) if settled is not None and settled.of_type else ""


def _domain(address: str) -> str:
    return address.partition("@")[2]


def _local(address: str) -> str:
    return squash(address.partition("@")[0])


def _tokens(name: str) -> list[str]:
    return sorted(squash(t) for t in name.split() if len(squash(t)) > 1)


def _names(name: str, local: str) -> bool:
    """Whether an address's local part spells a person's name: the family name whole, the first name or its initial."""
    tokens = [t for t in _tokens(name) if t not in ("mme", "mr", "monsieur", "madame")]
    if not tokens or not local:
        return False
    whole = [t for t in tokens if len(t) >= 3 and t in local]
    rest = local
    for t in whole:
        rest = rest.replace(t, "", 1)
    missing = [t for t in tokens if t not in whole]
    return (
        bool(whole)
        and len(rest) <= 1
        and (not rest or any(t.startswith(rest) for t in missing))
        and (len(missing) <= 1 and not (missing and not rest and len(whole[0]) < 5))
    )
