"""Marks found in the pixels of a straightened sheet, never by OCR: rulings, tick boxes, comb cells, pen strokes.

All measures are sheet pixels (`geometry.SCALE` a point); boxes are (x0, y0, x1, y1) with the ends outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from parsers.ocr import streaks
from parsers.ocr.geometry import SCALE

Pixels = NDArray[Any]
Rect = tuple[int, int, int, int]

LONG = round(15 * SCALE)  # a stroke this long and this straight is a ruling, no letter
BROKEN = round(3 * SCALE)  # a gap in an upright ruling; a longer one parts a letter from the cell below it
SIDE = (round(6 * SCALE), round(22 * SCALE))  # a tick box's side
EMPTY, TICKED = 0.03, 0.075  # share of ink within a box: below it is empty, above it is ticked, between a person looks


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A tick box; `state` None where the ink leaves it open."""

    rect: Rect
    state: bool | None
    ink: float  # share of ink inside


@dataclass(frozen=True, kw_only=True, slots=True)
class Comb:
    """A row of boxes of one character each."""

    cells: tuple[Rect, ...]

    @property
    def rect(self) -> Rect:
        """All its cells together."""
        return self.cells[0][0], self.cells[0][1], self.cells[-1][2], self.cells[-1][3]


@dataclass(frozen=True, kw_only=True, slots=True)
class Marks:
    """What a sheet holds besides text."""

    rulings: tuple[Rect, ...]
    boxes: tuple[Box, ...]
    combs: tuple[Comb, ...]
    clean: Pixels  # the gray sheet with rulings and boxes painted out: what is written is left
    ink: Pixels  # 255 where something is written or printed, rulings and boxes out
    raw: Pixels  # 255 where there is ink of any kind but filled areas


def find(gray: Pixels) -> Marks:
    """The marks of a flattened gray sheet."""
    ink = inked(gray)
    solid = _solid(gray, ink)
    thin = cv2.subtract(ink, solid)
    across, down = _lines(thin)
    dirt = streaks.find(thin, down)
    thin, down = cv2.subtract(thin, dirt), cv2.subtract(down, dirt)
    grid = cv2.bitwise_or(cv2.bitwise_or(across, down), dirt)
    combs, boxes = _cells(thin, across, down)
    dots = _dotted(thin)
    rulings = (*_runs(across, horizontal=True), *_runs(down, horizontal=False), *_runs(dots, horizontal=True, thick=9))
    rubbed = cv2.bitwise_or(cv2.dilate(grid, np.ones((3, 3), np.uint8)), dots)
    for box in boxes:
        x0, y0, x1, y1 = box.rect
        cv2.rectangle(rubbed, (x0 - 2, y0 - 2), (x1 + 1, y1 + 1), 255, -1)
    written = cv2.subtract(ink, rubbed)
    return Marks(
        rulings=rulings,
        boxes=tuple(boxes),
        combs=tuple(combs),
        clean=_painted(gray, rubbed, thin),
        ink=np.asarray(written, np.uint8),
        raw=np.asarray(thin, np.uint8),
    )


def inked(gray: Pixels) -> Pixels:
    """255 where there is ink."""
    local = cv2.adaptiveThreshold(gray, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY_INV, 41, 14)
    dark = cv2.threshold(gray, 110, 255, cv2.THRESH_BINARY_INV)[1]
    light = cv2.threshold(gray, 215, 255, cv2.THRESH_BINARY_INV)[1]
    return np.asarray(cv2.bitwise_and(cv2.bitwise_or(local, dark), light), np.uint8)


def _solid(gray: Pixels, ink: Pixels) -> Pixels:
    """Filled areas (bars, logos, with the white letters in them), whose edges are no rulings."""
    core = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((29, 29), np.uint8))
    around = cv2.threshold(cv2.blur(gray, (45, 25)), 130, 255, cv2.THRESH_BINARY_INV)[1]
    return np.asarray(cv2.dilate(cv2.bitwise_or(core, around), np.ones((9, 9), np.uint8)), np.uint8)


def _lines(ink: Pixels) -> tuple[Pixels, Pixels]:
    """Horizontal and vertical rulings, a little slope and small gaps allowed for."""
    across = cv2.dilate(ink, np.ones((2, 1), np.uint8))
    across = cv2.morphologyEx(across, cv2.MORPH_OPEN, np.ones((1, LONG), np.uint8))
    across = cv2.morphologyEx(across, cv2.MORPH_CLOSE, np.ones((3, LONG), np.uint8))
    down = cv2.dilate(ink, np.ones((1, 2), np.uint8))
    down = cv2.morphologyEx(down, cv2.MORPH_OPEN, np.ones((SIDE[1] // 2, 1), np.uint8))
    down = cv2.morphologyEx(down, cv2.MORPH_CLOSE, np.ones((BROKEN, 3), np.uint8))
    across = _keep(across, horizontal=True)
    return across, _keep(down, horizontal=False, beside=cv2.dilate(across, np.ones((7, 7), np.uint8)))


def _keep(lines: Pixels, *, horizontal: bool, beside: Pixels | None = None) -> Pixels:
    """Only thin and long ones; a pen's short upright stroke is no ruling unless it touches one of those `beside`."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
    length = stats[:, cv2.CC_STAT_WIDTH if horizontal else cv2.CC_STAT_HEIGHT]
    breadth = stats[:, cv2.CC_STAT_HEIGHT if horizontal else cv2.CC_STAT_WIDTH]
    good = (length >= LONG) & (breadth <= np.maximum(12, length * 0.03))
    if beside is not None:
        touching = np.bincount(labels[beside > 0], minlength=count) > 0
        good &= touching | (length >= 2 * LONG)
    good[0] = False
    return np.asarray(np.where(good[labels], 255, 0), np.uint8) if count > 1 else lines


def _runs(lines: Pixels, *, horizontal: bool, thick: int = 14) -> tuple[Rect, ...]:
    _, _, stats, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
    found = []
    for x, y, w, h, _area in stats[1:].tolist():
        if horizontal and w >= LONG and h <= max(thick, 0.03 * w):
            found.append((x, y + h // 2, x + w, y + h // 2))
        elif not horizontal and h >= LONG and w <= max(thick, 0.03 * h):
            found.append((x + w // 2, y, x + w // 2, y + h))
    return tuple(found)


def _dotted(ink: Pixels) -> Pixels:
    """Writing lines made of dots or dashes: chains of specks on one level."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    width, height = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    speck = (width <= 4 * SCALE) & (height <= 1.7 * SCALE)
    speck[0] = False
    if count < 2:
        return np.zeros_like(ink)
    specks = np.asarray(np.where(speck[labels], 255, 0), np.uint8)
    chain = cv2.dilate(specks, np.ones((3, 1), np.uint8))
    chain = cv2.morphologyEx(chain, cv2.MORPH_CLOSE, np.ones((1, round(4.5 * SCALE)), np.uint8))
    chain = cv2.morphologyEx(chain, cv2.MORPH_OPEN, np.ones((1, round(16 * SCALE)), np.uint8))
    return _along(chain, specks)


def _along(chain: Pixels, specks: Pixels) -> Pixels:
    """The chains with the stray dots that lie on their level, where the copier lost the others."""
    level = cv2.dilate(chain, np.ones((1, 2 * round(60 * SCALE) + 1), np.uint8))
    return np.asarray(
        cv2.bitwise_or(chain, cv2.dilate(cv2.bitwise_and(specks, level), np.ones((3, 3), np.uint8))), np.uint8
    )


def _cells(ink: Pixels, across: Pixels, down: Pixels) -> tuple[list[Comb], list[Box]]:
    """Combs and tick boxes: frames whose four sides are drawn."""
    short = SIDE[0]
    wide = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, short), np.uint8))
    tall = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((short, 1), np.uint8))
    frame = cv2.bitwise_or(cv2.bitwise_or(wide, tall), cv2.bitwise_or(across, down))
    frame = cv2.morphologyEx(frame, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    holes, tree = cv2.findContours(frame, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    rects = []
    for contour, (_next, _previous, _child, parent) in zip(holes, tree[0] if tree is not None else (), strict=True):
        if parent < 0:
            continue
        x, y, w, h = cv2.boundingRect(contour)
        rect = (x, y, x + w, y + h)
        if min(w, h) >= SIDE[0] - 3 and max(w, h) <= 30 * SCALE and _framed(frame, rect):
            rects.append(rect)
    combs = _combs(rects, frame)
    used = {cell for comb in combs for cell in comb.cells}
    lone = [r for r in rects if r not in used and _squarish(r)]  # stripes left white in a blackened box are none
    lone += _filled_boxes(ink, frame, lone)
    boxes = []
    for rect in lone:
        x0, y0, x1, y1 = rect
        w, h = x1 - x0, y1 - y0
        near = sum(1 for r in rects if r != rect and abs(r[1] - y0) < h / 2 and -4 <= max(r[0] - x1, x0 - r[2]) <= 6)
        if near or max(w, h) > SIDE[1] or not _alone(ink, rect):
            continue
        share = _inside(ink, rect)
        if share < 0.12 and _rounded(ink, rect):
            continue
        boxes.append(Box(rect=rect, state=False if share < EMPTY else True if share > TICKED else None, ink=share))
    return combs, boxes


def _squarish(rect: Rect) -> bool:
    return 0.72 <= (rect[2] - rect[0]) / (rect[3] - rect[1]) <= 1.38


def _framed(frame: Pixels, rect: Rect) -> bool:
    """Whether straight lines run along all four sides of a hole: round letters have none."""
    x0, y0, x1, y1 = rect
    reach = 4
    if min(x0, y0) < reach or y1 + reach > frame.shape[0] or x1 + reach > frame.shape[1]:
        return False
    bands = (
        frame[y0 - reach : y0 + 1, x0 - 1 : x1 + 1].max(axis=0),
        frame[y1 - 1 : y1 + reach, x0 - 1 : x1 + 1].max(axis=0),
        frame[y0 - 1 : y1 + 1, x0 - reach : x0 + 1].max(axis=1),
        frame[y0 - 1 : y1 + 1, x1 - 1 : x1 + reach].max(axis=1),
    )
    return min(float((band > 0).mean()) for band in bands) >= 0.93


def _rounded(ink: Pixels, rect: Rect) -> bool:
    """Whether a hole has rounded corners: it is a letter's."""
    x0, y0, x1, y1 = rect
    corners = (
        ink[y0 + 1 : y0 + 4, x0 + 1 : x0 + 4],
        ink[y0 + 1 : y0 + 4, x1 - 4 : x1 - 1],
        ink[y1 - 4 : y1 - 1, x0 + 1 : x0 + 4],
        ink[y1 - 4 : y1 - 1, x1 - 4 : x1 - 1],
    )
    return sum(bool((c > 0).mean() > 0.4) for c in corners) >= 2


def _alone(ink: Pixels, rect: Rect) -> bool:
    """Whether there is mostly paper around a tick box, as there is none around a letter of a word."""
    x0, y0, x1, y1 = rect
    near, far = 7, 10
    outer = ink[max(y0 - far, 0) : y1 + far, max(x0 - far, 0) : x1 + far] > 0
    inner = ink[max(y0 - near, 0) : y1 + near, max(x0 - near, 0) : x1 + near] > 0
    ring = outer.size - inner.size
    return bool(ring and (outer.sum() - inner.sum()) / ring < 0.3)


def _inside(ink: Pixels, rect: Rect) -> float:
    """Share of ink within a box, its border left out."""
    x0, y0, x1, y1 = rect
    inset = max(2, round(0.14 * min(x1 - x0, y1 - y0)))
    part = ink[y0 + inset : y1 - inset, x0 + inset : x1 - inset]
    return float((part > 0).mean()) if part.size else 0.0


def _filled_boxes(ink: Pixels, frame: Pixels, known: list[Rect]) -> list[Rect]:
    """Boxes blackened or scribbled over, so that no clean hole is left: square shapes with four straight sides."""
    closed = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    outer, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    found: list[Rect] = []
    for contour in outer:
        x, y, w, h = cv2.boundingRect(contour)
        if not (SIDE[0] <= min(w, h) and max(w, h) <= SIDE[1] * 1.6):
            continue
        rect = (x, y, x + w, y + h)
        if not (max(w, h) <= SIDE[1] and 0.75 <= w / h <= 1.33 and _bordered(ink[y : y + h, x : x + w])):
            square = _square(frame, rect)
            if square is None:
                continue
            rect = square
        if not any(_overlap(rect, k) > 0.4 for k in known + found) and _inside(ink, rect) < 0.98:
            found.append(rect)
    return found


def _bordered(part: Pixels) -> bool:
    """Whether ink runs along all four edges of a shape."""
    edges = part[:4].max(axis=0), part[-4:].max(axis=0), part[:, :4].max(axis=1), part[:, -4:].max(axis=1)
    return min(float((edge > 0).mean()) for edge in edges) >= 0.93


def _square(frame: Pixels, rect: Rect) -> Rect | None:
    """The square drawn within a shape that a tick may have made larger; None where there is none."""
    x0, y0, x1, y1 = rect
    part = frame[y0:y1, x0:x1] > 0
    rows, columns = part.sum(axis=1), part.sum(axis=0)
    least = SIDE[0] - 2
    across, down = np.flatnonzero(rows >= least), np.flatnonzero(columns >= least)
    if len(across) < 2 or len(down) < 2:
        return None
    top, bottom, left, right = across[0], across[-1], down[0], down[-1]
    w, h = right - left + 1, bottom - top + 1
    if not (SIDE[0] <= min(w, h) and max(w, h) <= SIDE[1] and 0.75 <= w / h <= 1.33):
        return None
    band = 3
    sides = (
        part[max(top - 1, 0) : top + band, left : right + 1].any(axis=0).mean(),
        part[max(bottom - band, 0) : bottom + 2, left : right + 1].any(axis=0).mean(),
        part[top : bottom + 1, max(left - 1, 0) : left + band].any(axis=1).mean(),
        part[top : bottom + 1, max(right - band, 0) : right + 2].any(axis=1).mean(),
    )
    if min(sides) < 0.9:
        return None
    return int(x0 + left), int(y0 + top), int(x0 + right + 1), int(y0 + bottom + 1)


def _overlap(a: Rect, b: Rect) -> float:
    """Shared area over the smaller one's."""
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))


def _combs(rects: list[Rect], frame: Pixels) -> list[Comb]:
    """Rows of touching cells alike in size."""
    left = sorted(rects, key=lambda r: r[0])
    rows: list[list[Rect]] = []
    used: set[Rect] = set()
    for first in left:
        if first in used:
            continue
        row = [first]
        for cell in left:
            last = row[-1]
            w, h = last[2] - last[0], last[3] - last[1]
            level = abs(cell[1] - last[1]) <= 0.09 * h and abs(cell[3] - last[3]) <= 0.09 * h
            if level and -2 <= cell[0] - last[2] <= 7 and abs((cell[2] - cell[0]) - w) <= max(4, 0.2 * w):
                row.append(cell)
        w, h = row[0][2] - row[0][0], row[0][3] - row[0][1]
        if len(row) >= 2 and 0.4 <= w / h <= 1.5 and h >= 8.5 * SCALE and w >= 6.5 * SCALE:
            rows.append(row)
            used.update(row)
    return [Comb(cells=tuple(_extended(row, frame))) for row in _bridged(rows, rects)]


def _extended(row: list[Rect], frame: Pixels) -> list[Rect]:
    """With the cells at either end whose outer frame is drawn though a stroke of the pen broke their inner side."""
    pitch = (row[-1][2] - row[0][0] + 3) / len(row)
    for step in (-1, 1):
        for missing in (1, 2):
            end = row[0] if step < 0 else row[-1]
            near = end[0] - 2 if step < 0 else end[2] + 2
            far = round(near + step * missing * pitch)
            left, right = min(near, far), max(near, far)
            if left < 6 or right + 6 > frame.shape[1] or end[1] < 6 or end[3] + 6 > frame.shape[0]:
                break
            top = (frame[end[1] - 5 : end[1] + 3, left:right].max(axis=0) > 0).mean()
            bottom = (frame[end[3] - 3 : end[3] + 5, left:right].max(axis=0) > 0).mean()
            side = (frame[end[1] : end[3], far - 5 : far + 6].max(axis=1) > 0).mean()
            if min(top, bottom) >= 0.9 and side >= 0.8:
                cells = [
                    (round(left + 2 + k * pitch), end[1], round(left + (k + 1) * pitch - 1), end[3])
                    for k in range(missing)
                ]
                row = [*cells, *row] if step < 0 else [*row, *cells]
                break
    return row


def _bridged(rows: list[list[Rect]], rects: list[Rect]) -> list[list[Rect]]:
    """Parts of one comb joined where a pen crossed the frame, so that the cells between were not seen as such."""
    lone = [[r] for r in rects if not any(r in row for row in rows)]
    done: list[list[Rect]] = []
    for row in sorted(rows, key=lambda cells: cells[0][0]):
        pitch = (row[-1][2] - row[0][0] + 3) / len(row)
        before = done[-1] if done else None
        for part in ([before] if before else []) + lone:
            gap = row[0][0] - part[-1][2]
            level = max(abs(part[-1][1] - row[0][1]), abs(part[-1][3] - row[0][3])) <= 5
            alike = abs((part[-1][2] - part[-1][0]) - (row[0][2] - row[0][0])) <= 6
            missing = round((gap + 3) / pitch - 0.1)
            if level and alike and 0 <= missing <= 6 and abs(gap - missing * pitch) <= 0.2 * pitch + 4:
                between = [
                    (round(part[-1][2] + 3 + k * pitch), row[0][1], round(part[-1][2] + (k + 1) * pitch), row[0][3])
                    for k in range(missing)
                ]
                row = [*part, *between, *row]
                if part is before:
                    done.pop()
        done.append(row)
    return done


def struck(raw: Pixels, box: tuple[float, float, float, float]) -> bool:
    """Whether a line is drawn through a word: one thin stroke across its middle that stands out on both sides.

    `box` is the word's own ink, with or without the stroke. Crossbars and dashes of letters do not stand out.
    """
    x0, y0, x1, y1 = (round(v) for v in box)
    side = round(0.6 * (y1 - y0))
    left = max(x0 - side, 0)
    window = raw[max(y0, 0) : y1, left : x1 + side]
    height, width = window.shape
    if height < 2.5 * SCALE or width < 3 * SCALE:
        return False
    for slope in (-0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2):
        shear = np.array([[1, 0, 0], [slope, 1, -slope * width / 2]], np.float64)
        level = cv2.warpAffine(window, shear, (width, height), flags=cv2.INTER_NEAREST) if slope else window
        if _crossed(level, x0 - left, x1 - left):
            return True
    return False


def _crossed(level: Pixels, first: int, last: int) -> bool:
    height = level.shape[0]
    least = max(round(0.7 * (last - first)), round(0.5 * height))
    runs = cv2.morphologyEx(cv2.dilate(level, np.ones((2, 1), np.uint8)), cv2.MORPH_OPEN, np.ones((1, least), np.uint8))
    rows = np.flatnonzero(runs.any(axis=1))
    if (
        not len(rows)
        or rows[0] < 0.25 * height
        or rows[-1] > 0.78 * height
        or rows[-1] - rows[0] > max(0.3 * height, 8)
    ):
        return False
    stroke = np.flatnonzero(runs.any(axis=0))
    rest = level.copy()
    rest[max(rows[0] - 1, 0) : rows[-1] + 2] = 0
    above, below = rest[: rows[0]] > 0, rest[rows[-1] :] > 0
    letters = np.flatnonzero(rest[:, first:last].sum(axis=0) > 0) + first
    if len(letters) < 3 or min(above.sum(), below.sum()) < 0.01 * height * (last - first):
        return False
    out = 0.14 * height
    return bool(stroke[0] <= letters[0] - out and stroke[-1] >= letters[-1] + out)


def _painted(gray: Pixels, rubbed: Pixels, thin: Pixels) -> Pixels:
    """The gray sheet with the rulings painted out, save where a pen crosses them."""
    crossing = cv2.subtract(thin, rubbed)
    above = cv2.dilate(crossing, np.ones((9, 1), np.uint8), anchor=(0, 8))
    below = cv2.dilate(crossing, np.ones((9, 1), np.uint8), anchor=(0, 0))
    left = cv2.dilate(crossing, np.ones((1, 9), np.uint8), anchor=(8, 0))
    right = cv2.dilate(crossing, np.ones((1, 9), np.uint8), anchor=(0, 0))
    crossed = cv2.bitwise_or(cv2.bitwise_and(above, below), cv2.bitwise_and(left, right))
    clean = gray.copy()
    clean[(rubbed > 0) & (crossed == 0)] = 250
    return clean
