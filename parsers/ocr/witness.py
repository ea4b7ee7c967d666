"""The second witness: words that may be values, put to tesseract in one picture, one line below the other.

It reads other things wrong than the first engine does, so what both read alike is sure. Long printed sentences are
not asked about: nothing in them is a value, and they would cost most of the time.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from parsers.ocr import engines, lines
from parsers.ocr.lines import Read

Pixels = NDArray[Any]

HEIGHT = 40  # pixels of a line in the picture shown to tesseract
GAP = 26  # white between two lines
CONFIRMED = 0.95  # sureness of the first engine from which the second one's word settles it
ALL_BUT_CERTAIN = 0.9  # probability in each further cut with which a reading of the second engine is settled
CONTRADICTED = 0.8  # what a comb's reading is worth of which the classifier sees a digit otherwise
CUTS = ((0.2, 1.0), (0.08, 1.0), (0.15, 1.25))  # margins and widths of the further looks at a word
STEADY = 0.9
WIDTH = 1500  # a line's part longer than this is cut


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What the second engine made of a word, and how sure the word is now."""

    second: str | None
    confidence: float  # the first engine's, raised where the second one agrees, lowered where it does not
    again: float | None = None  # see Word.again
    other: str = ""  # what the second look read where it differs
    looks: tuple[tuple[tuple[str, float], ...], ...] = ()  # see Word.looks
    hand: str = ""  # what the second engine and the page's own hand say against the first engine


def verdicts(engine: engines.Rapid, clean: Pixels, read: Sequence[Read], limit: float) -> dict[int, Verdict]:
    """How sure each word is, by its place in `read`. What the second engine does not confirm is looked at again."""
    groups = _groups(read)
    seconds = _seconds(clean, read, groups, limit)
    asked = [i for group in groups for i in group]
    asked += [i for i, word in enumerate(read) if word.look and i not in set(asked)]  # a doubtful word of a long line
    found = {i: _verdict(engine, clean, read[i], seconds.get(i)) for i in asked}
    return found | {i: _of_comb(word) for i, word in enumerate(read) if word.comb}


def _seconds(clean: Pixels, read: Sequence[Read], groups: list[list[int]], limit: float) -> dict[int, str]:
    """What tesseract reads where each word stands; nothing where it is not installed."""
    if engines.tesseract_version() is None or not groups:
        return {}
    picture, rows = _stacked(clean, read, groups)
    seen = engines.tesseract(picture, dpi=200, seconds=limit, psm=6)
    seconds: dict[int, str] = {}
    for (top, scale, left), group in zip(rows, groups, strict=True):
        line = [w for w in seen if top - GAP / 2 <= (w.box[1] + w.box[3]) / 2 < top + HEIGHT + GAP / 2]
        for i in group:
            x0, x1 = ((read[i].box[k] - left) * scale for k in (0, 2))
            text = "".join(
                w.text for w in sorted(line, key=lambda w: w.box[0]) if _share(w.box[0], w.box[2], x0, x1) > 0.5
            )
            if text:
                seconds[i] = text
    return seconds


def _share(a0: float, a1: float, b0: float, b1: float) -> float:
    """How much of the shorter span lies within the other."""
    return (min(a1, b1) - max(a0, b0)) / max(min(a1 - a0, b1 - b0), 1.0)


def _groups(read: Sequence[Read]) -> list[list[int]]:
    """Runs of words of one line that may hold a value."""
    by_line: dict[int, list[int]] = {}
    for i, word in enumerate(read):
        if word.comb:
            continue  # its cells have a witness of their own
        by_line.setdefault(word.line, []).append(i)
    groups = []
    for line in by_line.values():
        line.sort(key=lambda i: read[i].box[0])
        prose = len(line) >= 9 and min(read[i].confidence for i in line) > 0.3
        if not prose:
            groups.append(line)
    return groups


def _stacked(
    clean: Pixels, read: Sequence[Read], groups: list[list[int]]
) -> tuple[Pixels, list[tuple[int, float, float]]]:
    """The lines' pictures below each other, and of each its top, its scale and the sheet's pixel where it begins."""
    strips: list[Pixels] = []
    rows: list[tuple[int, float, float]] = []
    top = GAP
    for group in groups:
        x0 = max(min(read[i].box[0] for i in group) - 6, 0)
        x1 = min(max(read[i].box[2] for i in group) + 6, clean.shape[1])
        y0 = max(min(read[i].box[1] for i in group) - 3, 0)
        y1 = min(max(read[i].box[3] for i in group) + 3, clean.shape[0])
        part = clean[round(y0) : max(round(y1), round(y0) + 4), round(x0) : max(round(x1), round(x0) + 4)]
        scale = min(HEIGHT / part.shape[0], WIDTH / part.shape[1])
        size = max(round(part.shape[1] * scale), 4), max(round(part.shape[0] * scale), 4)
        small = cv2.resize(part, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
        strips.append(np.asarray(small, np.uint8))
        rows.append((top, scale, x0 - 20 / scale))
        top += HEIGHT + GAP
    picture = np.full((top, max(s.shape[1] for s in strips) + 40), 250, np.uint8)
    for strip, (row, _scale, _left) in zip(strips, rows, strict=True):
        picture[row : row + strip.shape[0], 20 : 20 + strip.shape[1]] = strip
    return picture, rows


def plain(text: str) -> str:
    """A reading as it is compared: without spaces, with one kind of dash and apostrophe."""
    text = unicodedata.normalize("NFKC", text)
    for many, one in (("–—−", "-"), ("’‘`´", "'"), ("“”«»", '"')):
        for char in many:
            text = text.replace(char, one)
    return "".join(text.split())


def settled(verdict: Verdict) -> str:
    """What the second engine and the page's own hand, or every further cut, read alike, whatever the line as a whole
    seemed to say; or ``.
    """
    if verdict.hand:
        return verdict.hand
    if verdict.second is None or len(verdict.looks) <= len(CUTS) or not _bare(verdict.second):
        return ""
    spelt: defaultdict[str, float] = defaultdict(float)
    for look in verdict.looks[1:]:
        same = [(plain(text), p) for text, p in look if _bare(text) == _bare(verdict.second)]
        if sum(p for _, p in same) < ALL_BUT_CERTAIN:
            return ""
        for text, p in same:
            spelt[text] += p
    second = plain(verdict.second)
    return second if second in spelt else max(spelt, key=lambda t: spelt[t])


def _bare(text: str) -> str:
    """A reading without capitals and closing signs: a colon beside a word is often read into it."""
    return plain(text).casefold().rstrip(".,:;")


def _of_comb(word: Read) -> Verdict:
    """A comb's word beside what the classifier tells of its cells: one cell that it sees otherwise makes a doubt."""
    if len(word.told) != len(word.text) or not word.told.strip("?"):
        return Verdict(second=None, confidence=word.confidence * 0.9)
    if word.told == word.text:
        return Verdict(second=word.told, confidence=1 - (1 - word.confidence) * 0.1)
    differs = any(b not in ("?", a) for a, b in zip(word.text, word.told, strict=True))
    return Verdict(second=word.told, confidence=min(word.confidence, CONTRADICTED if differs else 1.0) * 0.9)


def _verdict(engine: engines.Rapid, clean: Pixels, word: Read, second: str | None) -> Verdict:
    """How far a word may be believed. The bounds are fitted, not proven: on 40 invented pages in seven hands and four
    typefaces, a word that both engines read alike, the first one sure of each letter, was wrong once in 198 by hand and
    never in 300 typed; one that only the first reads, once in 109 where the second look was sure of the same, and three
    times in 16 where it was not.
    """
    agreed = second is not None and plain(second) == plain(word.text)
    confidence = 1 - (1 - word.confidence) * 0.1 if agreed else word.confidence * 0.9
    if (agreed and word.confidence > CONFIRMED) or not any(c.isalnum() for c in word.text):
        return Verdict(second=second, confidence=confidence)
    looks = [word.look or ((word.text, 1.0),)]
    first = None
    for over, wide in CUTS:
        found = lines.look(engine, clean, word, over=over, wide=wide)
        looks.append(found.readings)
        first = first or found
        if not word.look and plain(first.text) == plain(word.text) and first.sure >= STEADY:
            break  # sure in its line and alone: further cuts would say the same
    if first is None:
        return Verdict(second=second, confidence=confidence)
    same = plain(first.text) == plain(word.text)
    return Verdict(
        second=second,
        confidence=confidence,
        again=first.sure if same else 0.0,
        other="" if same else first.text,
        looks=tuple(looks),
    )
