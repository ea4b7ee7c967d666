"""The page's own hand: its proven figures show how its doubtful ones look.

No engine knows the hand that it reads; a one with a long upstroke is a seven to it, in one hand and not in another.
But a form holds dozens of figures of one hand, and most of them are proven: by a SIRET's check digit, or because both
engines read them alike. Each other figure is laid beside those. This witness shares nothing with the engines, and says
nothing where the hand is not steady or the figures run into each other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from parsers import values
from parsers.ocr import digits, lines, witness
from parsers.ocr.lines import Read
from parsers.ocr.witness import Verdict

Pixels = NDArray[Any]

PROVEN = 0.98  # sureness of the first engine from which a figure that the second one reads, too, is a pattern
FAR = 0.55  # distance from the nearest pattern beyond which a figure is not told (one hand's own lie within 0.3)
SAME = 0.3  # the same of what was read as a letter
MARGIN = 0.12  # by how much nearer the pattern of a figure must be than that of any other
SIZES = 0.65, 1.55  # heights of a pattern over the figure's: print is no pattern for handwriting
DOUBTED = 0.8  # what a reading is worth that the hand contradicts
SPECK = 4  # pixels that make no stroke
SPARED = 0.5  # share of the slimmer one's width from which two strokes above each other are one character


_NUMBER = re.compile(r"\d(?:[A-Za-z]?\d)*(?:(?<=\d{3})[A-Za-z](?![^\W_]))?")
_UAI = re.compile(r"\d{7}[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Glyph:
    """What one character looks like."""

    seen: NDArray[np.float32]
    height: int  # pixels


@dataclass(frozen=True, slots=True)
class Patterns:
    """Proven figures of one page."""

    figures: NDArray[np.str_]  # (n,)
    seen: NDArray[np.float32]  # (n, features)
    heights: NDArray[np.float32]  # (n,) pixels
    words: NDArray[np.int32]  # (n,) which word each stands in: none is a pattern for itself

    def tell(self, glyph: Glyph, read: str, word: int) -> str:
        """Which figure a character is; `?` where the hand does not tell, or has no pattern of the figure read."""
        alike = (self.heights > SIZES[0] * glyph.height) & (self.heights < SIZES[1] * glyph.height)
        alike &= self.words != word
        figures = self.figures[alike]
        if len(figures) == 0 or (read.isdigit() and read not in figures):
            return "?"
        distances = np.linalg.norm(self.seen[alike] - glyph.seen, axis=1)
        best = int(distances.argmin())
        others = distances[figures != figures[best]]
        clear = len(others) > 0 and float(others.min()) - float(distances[best]) >= MARGIN
        near = float(distances[best]) <= (FAR if read.isdigit() else SAME)
        return str(figures[best]) if clear and near else "?"


def witnessed(clean: Pixels, read: Sequence[Read], verdicts: dict[int, Verdict]) -> dict[int, Verdict]:
    """The verdicts with what the page's own hand says of words that hold figures."""
    glyphs = {i: found for i in verdicts if (found := _glyphs(clean, read[i])) is not None}
    patterns = _patterns(read, verdicts, glyphs)
    if patterns is None:
        return verdicts
    out = dict(verdicts)
    for i, found in glyphs.items():
        word = read[i]
        told = "".join(
            c if glyph is None else patterns.tell(glyph, c, i) for c, glyph in zip(word.text, found, strict=True)
        )
        out[i] = _weighed(word, verdicts[i], told)
    return out


def _figures(text: str) -> frozenset[int]:
    """Which characters are figures, or letters among them that may be misread ones: `2C26`, `0007230L`.

    An address holds both, and an establishment's code (UAI) ends in a letter.
    """
    if "@" in text or _UAI.fullmatch(text):
        return frozenset(i for i, c in enumerate(text) if c.isdigit())
    return frozenset(i for m in _NUMBER.finditer(text) for i in range(*m.span()))


def _weighed(word: Read, verdict: Verdict, told: str) -> Verdict:
    """A word's verdict with one witness more: where it agrees with either engine, that reading stands."""
    hand = "".join(a if b == "?" else b for a, b in zip(word.text, told, strict=True))
    second = witness.plain(verdict.second or "")
    agreed = second == witness.plain(word.text)
    if hand == word.text:
        if agreed or not _settles(word.text, told, second):
            return verdict
        return replace(
            verdict, second=word.text, confidence=1 - (1 - word.confidence) * 0.1, again=None, other="", looks=()
        )
    if second == witness.plain(hand) or (word.comb and _borne(word, hand)):
        return replace(verdict, hand=hand)
    return replace(verdict, confidence=min(verdict.confidence, DOUBTED), again=0.0, other=hand)


def _borne(comb: Read, hand: str) -> bool:
    """Whether the classifier of single cells contradicts nowhere and tells a changed figure alike, or the keys do."""
    told = comb.told if len(comb.told) == len(hand) else ""
    changed = [t == h for a, t, h in zip(comb.text, told, hand, strict=True) if a != h] if told else []
    return all(t in ("?", h) for t, h in zip(told, hand, strict=False)) and (
        any(changed) or (_keys_right(hand) and not _keys_right(comb.text))
    )


def _keys_right(text: str) -> bool:
    return re.fullmatch(r"\d{14}", text) is not None and values.valid_siret(text)


def _settles(text: str, told: str, second: str) -> bool:
    """Whether the hand tells every figure in doubt, and the second engine reads alike whatever is no figure."""
    if len(second) != len(text):
        return "?" not in told and not any(c.isalpha() for c in text)
    return all(a == b or (a.isdigit() and t == a) for a, b, t in zip(text, second, told, strict=True))


def _patterns(
    read: Sequence[Read], verdicts: dict[int, Verdict], glyphs: dict[int, list[Glyph | None]]
) -> Patterns | None:
    found: list[tuple[str, Glyph, int]] = []
    for i, characters in glyphs.items():
        word, verdict = read[i], verdicts[i]
        proven = _with_right_keys(word)
        alike = word.confidence >= PROVEN and witness.plain(verdict.second or "") == witness.plain(word.text)
        if proven or alike:
            pairs = zip(proven or word.text, characters, strict=True)
            found += [(c, glyph, i) for c, glyph in pairs if glyph is not None and c.isdigit()]
    if not found:
        return None
    return Patterns(
        np.array([c for c, _, _ in found]),
        np.stack([glyph.seen for _, glyph, _ in found]),
        np.array([glyph.height for _, glyph, _ in found], np.float32),
        np.array([i for _, _, i in found], np.int32),
    )


def _with_right_keys(word: Read) -> str:
    """A SIRET whose check digit is right, as the engine offers it; or ``."""
    return next(filter(_keys_right, (word.text, *word.others)), "")


def _glyphs(clean: Pixels, word: Read) -> list[Glyph | None] | None:
    """How each figure of a word looks, None for its other characters; None at all where it holds no figure or its
    characters do not stand apart.
    """
    figures = _figures(word.text)
    tiles = _tiles(clean, word) if figures else None
    if tiles is None:
        return None
    return [Glyph(digits.features(t), t.shape[0]) if k in figures else None for k, t in enumerate(tiles)]


def _tiles(clean: Pixels, word: Read) -> list[Pixels] | None:
    """A picture of each of a word's characters; None where they do not stand apart."""
    if word.comb:
        return list(word.tiles) if len(word.tiles) == len(word.text) else None
    x0, y0, x1, y1 = (round(v) for v in word.box)
    part = clean[max(y0 - 2, 0) : y1 + 2, max(x0 - 2, 0) : x1 + 2]
    if part.size == 0:
        return None
    dark = np.asarray(part < lines.threshold(part), np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    characters: list[tuple[int, int, list[int]]] = []  # first and last column, strokes
    for k in sorted(range(1, count), key=lambda k: int(stats[k, cv2.CC_STAT_LEFT])):
        if stats[k, cv2.CC_STAT_AREA] < SPECK:
            continue
        left = int(stats[k, cv2.CC_STAT_LEFT])
        right = left + int(stats[k, cv2.CC_STAT_WIDTH])
        if characters:
            a, b, strokes = characters[-1]
            if min(b, right) - max(a, left) > SPARED * min(b - a, right - left):
                characters[-1] = min(a, left), max(b, right), [*strokes, k]
                continue
        characters.append((left, right, [k]))
    if len(characters) != len(word.text):
        return None
    return [_alone(part, labels, *character) for character in characters]


def _alone(part: Pixels, labels: Pixels, left: int, right: int, strokes: list[int]) -> Pixels:
    """One character without its neighbours' ink."""
    own = np.isin(labels, strokes)
    rows = np.flatnonzero(own.any(axis=1))
    near = cv2.dilate(own.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    alone = np.where(near, part, 250)
    return np.asarray(alone[max(rows[0] - 1, 0) : rows[-1] + 2, max(left - 1, 0) : right + 1], np.uint8)
