"""How sure a value is: of digital text fully; of recognised text by both engines, check digits and the census."""

from __future__ import annotations

from collections.abc import Iterable

from parsers import values
from parsers.labels import squash
from parsers.page import Word
from parsers.records import Context

AGREED = 0.97  # two independent engines read the same
ALONE = 0.88  # a single engine, however sure of itself, is put to a person unless a check speaks for it
DIFFER = 0.55
CHECKED = 0.95  # a check digit or a list of known values speaks for it
KNOWN = 0.99  # the census has it


def of_words(words: Iterable[Word]) -> float:
    """The confidence of the weakest word; 1 for digital text and for no word at all."""
    return min((_of_word(w) for w in words), default=1.0)


def _of_word(word: Word) -> float:
    if word.origin != "ocr":
        return word.confidence
    if word.second is None:
        return (
            min(ALONE, word.confidence) if word.confidence < 0.985 or word.handwritten else min(0.91, word.confidence)
        )
    if squash(word.second) == squash(word.text):
        return max(AGREED, word.confidence) if word.confidence >= 0.6 else 0.9
    return min(DIFFER, word.confidence)


def settle(name: str, value: str, type_: str, words: Iterable[Word], context: Context) -> float:
    """A field's confidence from its words and from what can be checked about its value."""
    base = of_words(words)
    if base >= 1.0:
        return base
    witness = _witness(name, value, type_, context)
    if witness is None:
        return base
    return max(base, witness) if witness else min(base, 0.6)


def _witness(name: str, value: str, type_: str, context: Context) -> float | None:
    """What the world says: a confidence, 0 for a contradiction, None where it knows nothing."""
    bodies = context.census
    if type_ in ("siret", "siret_or_siren"):
        if any(b.siret == value for b in bodies):
            return KNOWN
        return CHECKED if len(value) == 14 and values.valid_siret(value) else 0.0
    if type_ == "uai":
        if any(b.uai == value for b in bodies):
            return KNOWN
        return CHECKED if values.valid_uai(value) else 0.0
    if type_ == "email":
        return KNOWN if any(value in b.addresses for b in bodies) else None
    if name == "member_name":
        wanted = values.fold(value)
        return KNOWN if any(values.fold(b.name) == wanted for b in bodies) else None
    return None
