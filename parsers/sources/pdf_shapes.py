"""Paths and pictures of a PDF page sorted by what they are: rulings, tick boxes, marks in them, ink, bitmaps."""

from __future__ import annotations

import bisect
import ctypes
import itertools
import math
from dataclasses import dataclass, field, replace
from typing import Any

from parsers.page import Picture, Ruling, Stroke, Tick, Word
from parsers.records import Box
from parsers.sources.upright import Upright

_MOST = 30_000  # objects and path points looked at on a page: a plan or a map holds millions, a form a few hundred
_DEEP = 8  # form objects in form objects
_THIN = 2.5  # points: a filled rectangle thinner than this is a line
_TICK = (5.0, 17.0)  # side of a tick box in points
_FLAT = 0.06  # slope below which a line counts as level

# Glyphs that are a whole tick box: empty ones, ticked ones. The F0xx are Wingdings' as symbol fonts give them.
EMPTY_BOXES = frozenset("☐□▢◻◽❏❐❑❒🗆\uf0a8\uf06f\uf071\uf072\uf0a3")
TICKED_BOXES = frozenset("☑☒⊠⮽🗹🗷\uf0fe\uf0fd\uf078")
MARKS = frozenset("xX×✓✔✕✖✗✘☓✅❌\uf0fc\uf0fb")

Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: Matrix = (1, 0, 0, 1, 0, 0)


@dataclass(slots=True)
class Shapes:
    """What the page's paths and pictures are; `squares` may be tick boxes."""

    rulings: list[Ruling] = field(default_factory=list)
    dashed: set[Box] = field(default_factory=set)  # those of the rulings that are writing lines of dots
    squares: list[Box] = field(default_factory=list)
    fills: list[Box] = field(default_factory=list)  # small filled shapes: a blackened box
    strokes: list[Stroke] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    seen: int = 0


def read_shapes(raw: Any, page: Any, upright: Upright) -> Shapes:
    """All shapes of a page, form objects included."""
    shapes = Shapes()
    for i in range(min(raw.FPDFPage_CountObjects(page), _MOST)):
        _object(raw, raw.FPDFPage_GetObject(page, i), _IDENTITY, upright, shapes, 0)
    return shapes


def _object(raw: Any, obj: Any, outer: Matrix, upright: Upright, shapes: Shapes, depth: int) -> None:
    shapes.seen += 1
    if shapes.seen > _MOST:
        return
    kind = raw.FPDFPageObj_GetType(obj)
    if kind == raw.FPDF_PAGEOBJ_PATH:
        _path(raw, obj, outer, upright, shapes)
    elif kind == raw.FPDF_PAGEOBJ_IMAGE:
        box = _bounds(raw, obj, outer, upright)
        if box[2] - box[0] > 4 and box[3] - box[1] > 4:
            shapes.pictures.append(Picture(box=box))
    elif kind == raw.FPDF_PAGEOBJ_FORM and depth < _DEEP:
        inner = _product(_matrix(raw, obj), outer)
        for i in range(min(raw.FPDFFormObj_CountObjects(obj), _MOST)):
            _object(raw, raw.FPDFFormObj_GetObject(obj, i), inner, upright, shapes, depth + 1)


def _bounds(raw: Any, obj: Any, outer: Matrix, upright: Upright) -> Box:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    if not raw.FPDFPageObj_GetBounds(obj, left, bottom, right, top):
        return 0.0, 0.0, 0.0, 0.0
    corners = [_apply(outer, x, y) for x in (left.value, right.value) for y in (bottom.value, top.value)]
    xs, ys = [c[0] for c in corners], [c[1] for c in corners]
    return upright.rect(min(xs), min(ys), max(xs), max(ys))


def _matrix(raw: Any, obj: Any) -> Matrix:
    m = raw.FS_MATRIX()
    if not raw.FPDFPageObj_GetMatrix(obj, m):
        return _IDENTITY
    return m.a, m.b, m.c, m.d, m.e, m.f


def _product(m: Matrix, n: Matrix) -> Matrix:
    """First m, then n."""
    a, b, c, d, e, f = m
    p, q, r, s, t, u = n
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def _apply(m: Matrix, x: float, y: float) -> tuple[float, float]:
    return m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]


def _path(raw: Any, obj: Any, outer: Matrix, upright: Upright, shapes: Shapes) -> None:
    mode, stroke = ctypes.c_int(), ctypes.c_int()
    raw.FPDFPath_GetDrawMode(obj, mode, stroke)
    filled, stroked = mode.value != 0, bool(stroke.value)
    if filled and not stroked and _is_white(raw, obj):
        return
    if not filled and not stroked:
        return
    matrix = _product(_matrix(raw, obj), outer)
    x, y = ctypes.c_float(), ctypes.c_float()
    parts: list[tuple[list[tuple[float, float]], bool]] = []  # points of each subpath, whether it has curves
    for i in range(min(raw.FPDFPath_CountSegments(obj), _MOST)):
        shapes.seen += 1
        segment = raw.FPDFPath_GetPathSegment(obj, i)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        at = upright.point(*_apply(matrix, x.value, y.value))
        kind = raw.FPDFPathSegment_GetType(segment)
        if kind == raw.FPDF_SEGMENT_MOVETO or not parts:
            parts.append(([at], False))
        else:
            points, curved = parts[-1]
            points.append(at)
            if kind == raw.FPDF_SEGMENT_BEZIERTO and not curved:
                parts[-1] = (points, True)
        if raw.FPDFPathSegment_GetClose(segment):
            points, curved = parts[-1]
            points.append(points[0])
    known = len(shapes.rulings)
    for points, curved in parts:
        if len(points) > 1:
            _subpath(points, curved, stroked, shapes)
    if raw.FPDFPageObj_GetDashCount(obj) > 0:
        shapes.dashed.update(r.box for r in shapes.rulings[known:])


def _is_white(raw: Any, obj: Any) -> bool:
    r, g, b, a = (ctypes.c_uint() for _ in range(4))
    if not raw.FPDFPageObj_GetFillColor(obj, r, g, b, a):
        return False
    return min(r.value, g.value, b.value) > 245 or a.value == 0


def _subpath(points: list[tuple[float, float]], curved: bool, stroked: bool, shapes: Shapes) -> None:
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    box = (min(xs), min(ys), max(xs), max(ys))
    width, height = box[2] - box[0], box[3] - box[1]
    if min(width, height) <= _THIN and max(width, height) >= 4 and not curved:
        shapes.rulings.append(Ruling(box=_flattened(box)))
        return
    level = not curved and all(
        abs(x1 - x0) <= _FLAT * abs(y1 - y0) or abs(y1 - y0) <= _FLAT * abs(x1 - x0)
        for (x0, y0), (x1, y1) in itertools.pairwise(points)
        if math.hypot(x1 - x0, y1 - y0) > 0.2
    )
    if level:
        if (
            _TICK[0] <= width <= _TICK[1]
            and _TICK[0] <= height <= _TICK[1]
            and max(width, height) < 1.35 * min(width, height)
        ):
            if stroked:
                shapes.squares.append(box)
            else:
                shapes.fills.append(box)
        elif stroked:
            _edges(points, shapes)
        elif max(width, height) < _TICK[0] * 2:
            shapes.fills.append(box)
        return
    if _is_frame(points, box):
        x0, y0, x1, y1 = box
        _edges([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)], shapes)
        return
    length = sum(math.dist(p, q) for p, q in itertools.pairwise(points))
    shapes.strokes.append(Stroke(box=box, length=length))


def _is_frame(points: list[tuple[float, float]], box: Box) -> bool:
    """Whether a path is a rectangle with round corners: a straight run along more than half of each side."""
    x0, y0, x1, y1 = box
    if min(x1 - x0, y1 - y0) < 20:
        return False
    sides = ((1, y0, x1 - x0), (1, y1, x1 - x0), (0, x0, y1 - y0), (0, x1, y1 - y0))
    return all(
        any(
            abs(p[axis] - at) < 0.5 and abs(q[axis] - at) < 0.5 and math.dist(p, q) > length / 2
            for p, q in itertools.pairwise(points)
        )
        for axis, at, length in sides
    )


def _flattened(box: Box) -> Box:
    x0, y0, x1, y1 = box
    if x1 - x0 >= y1 - y0:
        y = (y0 + y1) / 2
        return x0, y, x1, y
    x = (x0 + x1) / 2
    return x, y0, x, y1


def _edges(points: list[tuple[float, float]], shapes: Shapes) -> None:
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        if math.hypot(x1 - x0, y1 - y0) >= 4:
            shapes.rulings.append(Ruling(box=_flattened((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)))))


# --- tick boxes ------------------------------------------------------------------------------------------------------


def settle_ticks(words: list[Word], shapes: Shapes) -> tuple[list[Word], list[Tick], list[Stroke]]:
    """Tick boxes with their state; the marks are taken out of words and strokes. Comb cells become rulings."""
    boxes = [b for b in _without_doubles(shapes.squares) if not _is_comb(b, shapes.squares)]
    for square in shapes.squares:
        if square not in boxes and _is_comb(square, shapes.squares):
            x0, y0, x1, y1 = square
            _edges([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)], shapes)
    ticks: list[Tick] = []
    used: set[int] = set()
    used_strokes: set[int] = set()
    for box in boxes:
        ticked = False
        for i, word in enumerate(words):
            if len(word.text) <= 2 and _inside(word.box, box):
                ticked = True
                used.add(i)
        for i, stroke in enumerate(shapes.strokes):
            if _inside(stroke.box, box) and stroke.box[2] - stroke.box[0] < 3 * (box[2] - box[0]):
                ticked = True
                used_strokes.add(i)
        if any(_inside(f, box) for f in shapes.fills):
            ticked = True
        for i, stroke in enumerate(shapes.strokes):
            if _rings(stroke, box) and sum(_rings(stroke, other) for other in boxes) == 1:
                ticked = True
                used_strokes.add(i)
        ticks.append(Tick(box=box, state=ticked))
    kept: list[Word] = []
    for i, word in enumerate(words):
        if i in used:
            continue
        head, rest = word.text[:1], word.text[1:]
        if head in EMPTY_BOXES or head in TICKED_BOXES:
            x0, y0, x1, y1 = word.box
            side = min(y1 - y0, x1 - x0)
            ticks.append(Tick(box=(x0, y0, x0 + side, y1), state=head in TICKED_BOXES))
            if not rest:
                continue
            word = replace(word, text=rest, box=(min(x0 + side, x1 - 1), y0, x1, y1))
        kept.append(word)
    return kept, ticks, [s for i, s in enumerate(shapes.strokes) if i not in used_strokes]


def _inside(what: Box, box: Box) -> bool:
    cx, cy = (what[0] + what[2]) / 2, (what[1] + what[3]) / 2
    return box[0] - 1 <= cx <= box[2] + 1 and box[1] - 1 <= cy <= box[3] + 1


def _rings(stroke: Stroke, box: Box) -> bool:
    """Whether a pen went round a tick box, with the word beside it or without."""
    x0, y0, x1, y1 = stroke.box
    side = box[2] - box[0]
    round_it = x0 < box[0] and y0 < box[1] and x1 > box[2] and y1 > box[3]
    return round_it and x1 - x0 < 8 * side and y1 - y0 < 3.5 * side and stroke.length > 1.5 * (x1 - x0 + y1 - y0)


def _without_doubles(squares: list[Box]) -> list[Box]:
    kept: list[Box] = []
    for s in squares:
        if not any(_inside(s, k) for k in kept):
            kept.append(s)
    return kept


def _is_comb(box: Box, squares: list[Box]) -> bool:
    """Whether an equal square touches this one on the left or right: cells for one digit each."""
    side = box[2] - box[0]
    return any(
        abs(o[1] - box[1]) < 1.5
        and abs((o[3] - o[1]) - (box[3] - box[1])) < 1.5
        and 0.7 * side < abs(o[0] - box[0]) < 1.15 * side
        for o in squares
    )


# --- struck words ----------------------------------------------------------------------------------------------------


def mark_struck(words: list[Word], shapes: Shapes) -> list[Word]:
    """Words with a line drawn through their middle: typed or written, then crossed out. Nobody crosses out in dots."""
    level = sorted((r.box for r in shapes.rulings if r.horizontal and r.box not in shapes.dashed), key=lambda b: b[1])
    heights = [b[1] for b in level]
    slanted = [s.box for s in shapes.strokes if 4 < s.length < 1.5 * (s.box[2] - s.box[0]) + s.box[3] - s.box[1] + 4]
    return [replace(w, struck=True) if _is_struck(w.box, level, heights, slanted) else w for w in words]


def _is_struck(box: Box, level: list[Box], heights: list[float], slanted: list[Box]) -> bool:
    x0, y0, x1, y1 = box
    w, h = max(x1 - x0, 1.0), max(y1 - y0, 1.0)
    first, last = bisect.bisect_right(heights, y0 + 0.35 * h), bisect.bisect_left(heights, y0 + 0.72 * h)
    for a0, _, a1, _ in level[first:last]:
        if min(a1, x1) - max(a0, x0) > 0.7 * w and a1 - a0 < 4 * w + 40:
            return True
    for a0, b0, a1, b1 in slanted:
        crosses = y0 < (b0 + b1) / 2 < y1 and min(a1, x1) - max(a0, x0) > 0.7 * w
        if crosses and b1 - b0 < 1.3 * h and a1 - a0 < 2.5 * w + 20:
            return True
    return False
