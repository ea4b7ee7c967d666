"""From detected lines to words: crops, characters grouped by the white between them, comb cells as one word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from parsers.ocr import digits
from parsers.ocr.engines import ROW, TRAINED, Glyph, Rapid, Reading, likely
from parsers.ocr.marks import Comb, Rect

Pixels = NDArray[Any]

JOIN = round(0.05 * ROW)  # pixels of white below which a space that was read is none
LOOSE = round(0.2 * ROW)  # the same beside a dash or a point, which stand apart from letters anyway
HINT = round(0.13 * ROW)  # pixels of white from which the faint trace of a space is one
SPLIT = round(0.42 * ROW)  # pixels of white from which two words stand apart though no space was read
AFTER_COLON = round(0.17 * ROW)  # the same behind a colon: a label ends there
TIGHT = "-.@/'’_"  # characters within numbers, names and addresses
GAP = 5  # rows of white that end a word above and below; the dots of an i are nearer
SIDEWAYS = 0.12  # of a line's height, added to either end
MOST = 8  # readings of a word that are kept
SURE = 0.97  # characters read with less have their alternatives looked up
FIGURES = re.compile(r"[0-9oO/.,-]+[€%]?")
DATE = re.compile(r"([0-3]?\d)[/1]([01]?\d)[/1](20\d\d|\d\d)")  # a hand's slash is often read as a one


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """A word as the first engine read it, in sheet pixels."""

    text: str
    box: tuple[float, float, float, float]
    confidence: float  # of its least sure character
    line: int  # which detected line it belongs to
    others: tuple[str, ...] = ()  # readings that came next, likeliest first
    look: tuple[tuple[str, float], ...] = ()  # what it may say, with probabilities; none where it is sure
    comb: bool = False
    told: str = ""  # of a comb, its digits as the classifier tells them, "?" where it is not sure
    tiles: tuple[Pixels, ...] = field(default=(), repr=False, compare=False)  # of a comb, what its filled cells hold


@dataclass(frozen=True, kw_only=True, slots=True)
class Crop:
    """A line cut out of the sheet, `ROW` pixels high."""

    picture: Pixels
    left: float  # sheet pixels
    top: float
    scale: float  # crop pixels a sheet pixel
    slope: float = 0.0  # sheet pixels down a pixel to the right


def crop(gray: Pixels, quad: NDArray[np.float32]) -> Crop | None:
    """The line within a detected quadrilateral, black on white; None where it is too thin to hold one."""
    width = float(np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3])) / 2
    height = float(np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1])) / 2
    if height < 6 or width < 4:
        return None
    slope = float((quad[1][1] - quad[0][1]) / max(quad[1][0] - quad[0][0], 1))
    slope = slope if abs(slope) < 0.2 else 0.0
    left, top = float(quad[:, 0].min()), float((quad[0][1] + quad[3][1]) / 2 - height / 2)
    margin = SIDEWAYS * height  # a first or last slim figure lies on the detector's edge
    left, width, top = left - margin, width + 2 * margin, top - slope * margin
    scale = ROW / height
    across = max(round(width * scale), 8)
    matrix = np.array([[1 / scale, 0, left], [slope / scale, 1 / scale, top]])
    flags = (cv2.INTER_AREA if scale < 0.7 else cv2.INTER_CUBIC) | cv2.WARP_INVERSE_MAP
    picture = cv2.warpAffine(gray, matrix, (across, ROW), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    if float(np.median(picture)) < 110:  # white letters on a bar
        picture = 255 - picture
    return Crop(picture=np.asarray(picture, np.uint8), left=left, top=top, scale=scale, slope=slope)


def words(cut: Crop, reading: Reading, line: int) -> list[Read]:
    """The line's words. Its characters are grouped by what was read and by how much white lies between them."""
    glyphs = reading.glyphs
    if not glyphs:
        return []
    width = cut.picture.shape[1]
    dark = cut.picture < threshold(cut.picture)
    inked = np.asarray(dark.any(axis=0))
    groups: list[list[Glyph]] = []
    edges: list[tuple[float, float]] = []
    start = 0.0
    space = False
    for glyph in glyphs:
        if glyph.char == " ":
            space = True
            continue
        if groups:
            last = groups[-1][-1]
            a, b = _white(inked, last.column * width, glyph.column * width)
            if b - a >= _least_gap(reading, last, glyph, space=space):
                edges.append((start, a))
                start = b
                groups.append([glyph])
            else:
                groups[-1].append(glyph)
        else:
            groups.append([glyph])
        space = False
    edges.append((start, float(width)))
    read = [_word(cut, reading, group, edge, dark, line) for group, edge in zip(groups, edges, strict=True)]
    return _levelled(read)


def _levelled(read: list[Read]) -> list[Read]:
    """Colons, dashes and points stand as high as the line's words, so that nobody takes them for another row."""
    tall = [w for w in read if any(c.isalnum() for c in w.text)]
    if not tall:
        return read
    top, bottom = (float(np.median([w.box[i] for w in tall])) for i in (1, 3))
    return [w if w in tall else replace(w, box=(w.box[0], top, w.box[2], bottom)) for w in read]


def _least_gap(reading: Reading, a: Glyph, b: Glyph, *, space: bool) -> float:
    """Pixels of white from which two characters belong to two words."""
    if space:
        return LOOSE if a.char in TIGHT or b.char in TIGHT else JOIN
    if a.char == ":":
        return AFTER_COLON
    count = len(reading.steps)
    first, last = (int(g.column / reading.stretch * count) for g in (a, b))
    trace = (
        reading.steps[first : last + 1, reading.letters.index(" ")].max(initial=0.0) if " " in reading.letters else 0.0
    )
    return HINT if trace > 0.03 and a.char not in TIGHT and b.char not in TIGHT else SPLIT


def threshold(picture: Pixels) -> float:
    """The gray between a picture's ink and its paper, nearer to the paper: thin strokes are pale."""
    paper, ink = float(np.percentile(picture, 90)), float(picture.min())
    return ink + 0.55 * (paper - ink)


def _white(inked: NDArray[Any], a: float, b: float) -> tuple[float, float]:
    """The longest run of columns without ink between two character centres."""
    first, last = max(round(a), 0), min(round(b) + 1, len(inked))
    best, begin = (first, first), None
    for x in range(first, last + 1):
        if x < last and not inked[x]:
            begin = x if begin is None else begin
        elif begin is not None:
            if x - begin > best[1] - best[0]:
                best = begin, x
            begin = None
    if best[1] == best[0]:
        middle = (a + b) / 2
        return middle, middle
    return float(best[0]), float(best[1])


def _word(
    cut: Crop,
    reading: Reading,
    group: Sequence[Glyph],
    edge: tuple[float, float],
    dark: NDArray[np.bool_],
    line: int,
) -> Read:
    width = cut.picture.shape[1]
    x0, x1 = max(int(edge[0]), 0), min(int(np.ceil(edge[1])), width)
    columns = np.flatnonzero(dark[:, x0:x1].any(axis=0))
    if len(columns):
        x0, x1 = x0 + int(columns[0]), x0 + int(columns[-1]) + 1
    y0, y1 = _rows(dark[:, x0:x1])
    text, swapped = _figures("".join(g.char for g in group))
    confidence = min(g.confidence for g in group) * (0.97 if swapped else 1.0)
    look: tuple[tuple[str, float], ...] = ()
    if confidence < SURE:
        look = _whole(likely(reading, edge[0] / width, edge[1] / width, most=MOST))
    return Read(
        text=text,
        box=_placed(cut, (x0, y0, x1, y1)),
        confidence=confidence,
        line=line,
        others=_with_date(text, tuple(o for o, _ in look if o != text)),
        look=look,
    )


def _whole(found: Sequence[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    """Readings of one word: the spaces that were seen in it go, and the letters O of a number are noughts."""
    out: dict[str, float] = {}
    for text, p in found:
        whole, _ = _figures(text.replace(" ", ""))
        out[whole] = out.get(whole, 0.0) + p
    return tuple(sorted(out.items(), key=lambda o: -o[1]))


def _rows(dark: NDArray[Any]) -> tuple[int, int]:
    """The rows that a word takes: from where most of its ink lies up and down to a clear gap, so that remains of the
    lines above and below stay out.
    """
    filled = dark.sum(axis=1)
    if not filled.any():
        return 0, ROW
    middle = int(np.average(np.arange(len(filled)), weights=filled))
    top = bottom = middle
    while top > 0 and filled[max(top - GAP, 0) : top].any():
        top -= 1
    while bottom < len(filled) and filled[bottom : bottom + GAP].any():
        bottom += 1
    inked = np.flatnonzero(filled[top:bottom])
    return (top + int(inked[0]), top + int(inked[-1]) + 1) if len(inked) else (0, ROW)


def _figures(text: str) -> tuple[str, bool]:
    """A number with the letters O in it read as noughts, and whether there were any."""
    if not FIGURES.fullmatch(text) or sum(c.isdigit() for c in text) < 2:
        return text, False
    figures = text.translate({ord("o"): "0", ord("O"): "0"})
    return figures, figures != text


def _with_date(text: str, others: tuple[str, ...]) -> tuple[str, ...]:
    """With the date that digits spell where ones are slashes: no engine tells them apart in some hands."""
    found = DATE.fullmatch(text)
    if found is None or text.count("/") == 2:
        return others
    date = "/".join(found.groups())
    return others if date in others else (date, *others)


def _placed(cut: Crop, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (v / cut.scale for v in box)
    drop = cut.slope * (x0 + x1) / 2
    return cut.left + x0, cut.top + y0 + drop, cut.left + x1, cut.top + y1 + drop


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What a further cut of one word says."""

    text: str
    sure: float  # of its least sure character
    readings: tuple[tuple[str, float], ...]  # with their probabilities, likeliest first


def look(engine: Rapid, gray: Pixels, word: Read, *, over: float, wide: float = 1.0) -> Look:
    """A further look at one word alone, cut out anew with `over` of its height as margin, stretched sideways by
    `wide`.
    """
    x0, y0, x1, y1 = word.box
    side, more = over * (y1 - y0) + 2, 0.9 * over * (y1 - y0) + 2
    quad = np.array([[x0 - side, y0 - more], [x1 + side, y0 - more], [x1 + side, y1 + more], [x0 - side, y1 + more]])
    cut = crop(gray, quad.astype(np.float32))
    if cut is None:
        return Look(text="", sure=0.0, readings=())
    picture = cut.picture
    if wide != 1.0:
        picture = np.asarray(cv2.resize(picture, None, fx=wide, fy=1.0, interpolation=cv2.INTER_LINEAR), np.uint8)
    reading = engine.read(picture, least=TRAINED)
    glyphs = [g for g in reading.glyphs if g.char != " "]
    text, _ = _figures("".join(g.char for g in glyphs))
    sure = min((g.confidence for g in glyphs), default=0.0)
    readings = _whole(likely(reading, 0.0, 1.0, most=MOST))
    if FIGURES.fullmatch(text):  # it may have hesitated between O and nought alone
        sure = max(sure, dict(readings).get(text, 0.0))
    return Look(text=text, sure=sure, readings=readings)


# ---- comb cells ----------------------------------------------------------------------------------------------------


def comb_row(clean: Pixels, comb: Comb) -> tuple[Pixels, tuple[int, ...], str, tuple[Pixels, ...]]:
    """The cells' contents set side by side without their frames, which cells hold something, their digits as the
    classifier tells them one by one, and each content alone.
    """
    filled: list[int] = []
    tiles: list[Pixels] = []
    told = ""
    for i, (x0, y0, x1, y1) in enumerate(comb.cells):
        inset = 2
        cell = clean[y0 + inset : y1 - inset, x0 + inset : x1 - inset]
        if cell.size == 0:
            continue
        dark = np.asarray(cell < min(threshold(cell), 190), np.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
        height = cell.shape[0]
        # Remains of the frame touch the edge and are thin; a figure is tall.
        keep = [
            k
            for k in range(1, count)
            if stats[k, cv2.CC_STAT_HEIGHT] >= 0.3 * height and stats[k, cv2.CC_STAT_AREA] >= 0.02 * cell.size
        ]
        if not keep:
            continue
        near = cv2.dilate(np.isin(labels, keep).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        alone = np.where(near, cell, 250).astype(np.uint8)
        columns = np.flatnonzero(near.any(axis=0))
        tiles.append(alone[:, max(columns[0] - 1, 0) : columns[-1] + 2])
        filled.append(i)
        digit, sure = digits.tell(alone)
        told += digit if digit and sure >= digits.SURE else "?"
    if not tiles:
        return np.full((ROW, ROW), 250, np.uint8), (), "", ()
    height = max(t.shape[0] for t in tiles)
    gap = np.full((height, max(3, height // 9)), 250, np.uint8)
    parts: list[Pixels] = [gap]
    for tile in tiles:
        padded = np.full((height, tile.shape[1]), 250, np.uint8)
        padded[: tile.shape[0]] = tile
        parts += [padded, gap]
    row = np.hstack(parts)
    scale = 0.92 * ROW / height
    small = cv2.resize(row, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
    canvas = np.full((ROW, small.shape[1]), 250, np.uint8)
    top = (ROW - small.shape[0]) // 2
    canvas[top : top + small.shape[0]] = small
    return canvas, tuple(filled), told, tuple(tiles)


def comb_word(clean: Pixels, comb: Comb, engine: Rapid, line: int) -> Read | None:
    """A comb's characters as one word; None where it is empty. One character a cell, or it is not sure."""
    row, filled, told, tiles = comb_row(clean, comb)
    if not filled:
        return None
    reading = engine.read(row)
    glyphs = [g for g in reading.glyphs if g.char not in " .,'’-|"]
    text = "".join(g.char for g in glyphs)
    confidence = min((g.confidence for g in glyphs), default=0.0)
    others = [o for o, _ in _whole(likely(reading, 0.0, 1.0, most=MOST))]
    gaps = filled != tuple(range(filled[0], filled[0] + len(filled)))
    if len(glyphs) != len(filled) or gaps:
        right = [o for o in others if len(o) == len(filled)]
        text = right[0] if right and not gaps else text
        confidence = min(confidence, 0.5)
    first, last = comb.cells[filled[0]], comb.cells[filled[-1]]
    box: Rect = first[0], first[1], last[2], last[3]
    return Read(
        text=text,
        box=box,
        confidence=confidence,
        line=line,
        others=tuple(o for o in others if o != text),
        comb=True,
        told=told,
        tiles=tiles,
    )


def merged(first: Sequence[Read], extra: Sequence[Read]) -> list[Read]:
    """Words in reading order: by line, then from left to right."""
    return sorted([*first, *extra], key=lambda w: (round(w.box[1] / 8), w.box[0]))


def lowered(word: Read, factor: float) -> Read:
    """The same word, less sure."""
    return replace(word, confidence=word.confidence * factor)
