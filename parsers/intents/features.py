"""A sentence as hashed features: the same code serves training and prediction, so that they cannot drift apart.

Words and pairs of words say what it is about; pieces of words forgive mistakes, plurals and missing accents; fields of
meaning (money, breakdowns, leaving, sending…), alone and in pairs, carry over to words that no training sentence held.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WORDS = 1 << 13  # buckets of words and pairs of words
PIECES = 1 << 13  # buckets of pieces of words


def _load() -> dict[str, re.Pattern[str]]:
    lines = Path(__file__).with_name("fields.tsv").read_text(encoding="utf-8").splitlines()
    pairs = (x.split("\t") for x in lines if x and not x.startswith("#"))
    return {name: re.compile(pattern) for name, pattern in pairs}


_FIELDS = _load()
FIELDS = len(_FIELDS) * (len(_FIELDS) + 1) // 2 + 1  # fields, pairs of fields, and « none at all »
SIZE = WORDS + PIECES + FIELDS
_FIELD_WEIGHT = 0.35

_WORD = re.compile(r"[a-z0-9]+|\?")


def fold(text: str) -> str:
    """Lower case, no accents, digits all alike, one kind of apostrophe."""
    text = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "oe"))
    text = "".join(c for c in text if not unicodedata.combining(c)).lower()
    return re.sub(r"\d+", "0", text)


def words(text: str) -> list[str]:
    """The words of a sentence, folded; a question mark counts as one."""
    return _WORD.findall(fold(text))


def _bucket(text: str, size: int) -> int:
    return zlib.crc32(text.encode()) % size


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    length = float(np.sqrt((vector * vector).sum()))
    return vector / np.float32(length) if length else vector


def features(text: str) -> NDArray[np.float32]:
    """A vector of `SIZE` numbers, words and pieces each of length 1 (0 for a text without words)."""
    found = words(text)
    vector = np.zeros(SIZE, dtype=np.float32)
    for i, w in enumerate(found):
        vector[_bucket(w, WORDS)] = 1
        if i:
            vector[_bucket(f"{found[i - 1]} {w}", WORDS)] = 1
        padded = f" {w} "
        for n in (3, 4, 5):
            for at in range(max(len(padded) - n + 1, 0)):
                vector[WORDS + _bucket(padded[at : at + n], PIECES)] = 1
    pieces = WORDS + PIECES
    vector[:WORDS] = _unit(vector[:WORDS])
    vector[WORDS:pieces] = _unit(vector[WORDS:pieces])
    vector[[pieces + i for i in _indices(text)]] = _FIELD_WEIGHT
    return vector


def fields(text: str) -> list[str]:
    """The fields of meaning that a sentence touches."""
    flat = " ".join(words(text))
    return [name for name, pattern in _FIELDS.items() if pattern.search(flat)]


def _indices(text: str) -> list[int]:
    """Indices of a sentence's fields and of their pairs."""
    names = list(_FIELDS)
    held = [names.index(n) for n in fields(text)]
    if not held:
        return [FIELDS - 1]
    pairs = [len(names) + j * (j - 1) // 2 + i for n, j in enumerate(held) for i in held[:n]]
    return held + pairs
