"""How sure a value is: of digital text fully; of recognised text by both engines, check digits and other witnesses.

The bounds were set on filled forms written by hand in several hands, scanned and photographed: above `CLEAR` the first
engine's least sure letter was never wrong, below it was now and then, whatever the second engine said.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from parsers.page import Word

AGREED = 0.97  # two independent engines read the same
KNOWN = 0.97  # another place of the document, or the census, says the same
CHECKED = 0.95  # a check digit speaks for it
ENOUGH = 0.91  # one engine, sure of every letter
DOUBT = 0.88  # put to a person
CLEAR = 0.96  # sureness of the least sure letter from which one engine's reading stands
RIVALLED = 0.975  # the same where the second engine reads another value of the same type
LOOKED = 0.9  # sureness of a second look that counts as a witness
TWICE = 0.98  # what a reading is worth that was made twice
_HESITANT = 0.8  # below this no second look helps
_UNSTEADY = 0.9  # what one is worth at most that the second look did not repeat
_HUMBLED = 0.9  # recognition lowers a word's confidence by this where the engines differ


def raw(word: Word) -> float:
    """The first engine's sureness of its least sure letter, and what a second look at the word alone made of it."""
    own = word.confidence
    if word.second is not None and not agrees(word):
        own = min(1.0, own / _HUMBLED)
    if word.again is None:
        return own
    if word.again >= LOOKED and own >= _HESITANT:
        return max(own, TWICE)
    return own if word.again else min(own, _UNSTEADY)


def agrees(word: Word) -> bool:
    """Whether the second engine read the same: capitals, accents, spaces and closing punctuation aside."""
    return word.second is not None and _plain(word.second) == _plain(word.text)


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKD", text.casefold())
    text = "".join(c for c in text if not unicodedata.combining(c) and not c.isspace())
    for many, one in (("–—−", "-"), ("’‘`´", "'")):
        for char in many:
            text = text.replace(char, one)
    return text.strip(".,:;'")


def of_words(words: Iterable[Word]) -> float:
    """The confidence of the weakest word that holds letters or figures; 1 for digital text and for no word at all."""
    return min((of_word(w) for w in words if any(c.isalnum() for c in w.text)), default=1.0)


def of_word(word: Word) -> float:
    """One word's confidence by what both engines made of it."""
    if word.origin != "ocr":
        return word.confidence
    if agrees(word):
        if word.again is not None and word.again < LOOKED:
            return DOUBT  # both engines alike, but the first hesitated and does not read it again
        return AGREED if word.confidence >= 0.6 else 0.9
    if raw(word) >= CLEAR:
        return ENOUGH
    return min(DOUBT, raw(word))
