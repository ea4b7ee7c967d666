"""The columns' borders in an order's table: cut by rulings and white space, or by giving each stack to a header."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from parsers import values
from parsers.layout import Segment, Sheet, overlap
from parsers.table_header import Column, Header, runs_down

NUMERIC = ("quantity", "price_ttc", "net", "price", "discount", "rate", "vat", "total_ttc", "total")


def borders(sheet: Sheet, header: Header, body: Sequence[Sequence[Segment]]) -> list[tuple[Column, ...]]:
    """The columns with their borders, in one or two readings, the likelier first.

    One follows the white gaps that no row crosses (and rulings between two headers); one gives each column of figures
    to a header in order, for headers set left over figures set right.
    """
    columns = sorted(header.columns, key=lambda c: c.head[0])
    left = min([columns[0].head[0], *(s.box[0] for row in body for s in row)]) - 2
    right = max([columns[-1].head[2], *(s.box[2] for row in body for s in row)]) + 2
    gaps = [_edge(sheet, a, b, header, body) for a, b in pairwise(columns)]
    found = [_bounded(columns, [left, *gaps, right])]
    by_stacks = _by_stacks(columns, body)
    if by_stacks is not None:
        found.append(_bounded(columns, [left, *by_stacks, right]))
    return found


def extent(sheet: Sheet, header: Header, body: Sequence[Sequence[Segment]]) -> tuple[float, float]:
    """From where to where the table goes: infinite where no text runs down the page at that side of it."""
    columns = sorted(header.columns, key=lambda c: c.head[0])
    if len(columns) < 2:
        return -math.inf, math.inf
    left = _side(sheet, header, body, (columns[0], columns[1]), -1)
    right = _side(sheet, header, body, (columns[-1], columns[-2]), 1)
    return -left, right


def _side(
    sheet: Sheet, header: Header, body: Sequence[Sequence[Segment]], ends: tuple[Column, Column], sign: int
) -> float:
    """How far the table goes outwards, `sign` being the direction: all lengths are measured that way."""
    near, far = (0, 2) if sign > 0 else (2, 0)  # a box's edges, seen from the table
    outer, inner = ends
    figures = [row for row in body if any(_is_figure(s) for s in row)]
    level = {s for row in figures for s in row}
    edge = sign * outer.head[far]
    cells = [s for s in level if sign * s.box[near] < edge + 1 and sign * s.box[far] > sign * inner.head[far]]
    cells = [s for s in cells if not sheet.crossed(s.words)]  # a text beside the table that reaches over
    edge = max([edge, *(sign * s.box[far] for s in cells)])
    ruled = [sign * r[0] for r in sheet.down if sign * r[0] > edge - 2 and r[1] <= header.box[3] <= r[3] + 4]
    border = min(ruled, default=edge)
    if not any(edge < sign * s.box[near] - 1 < border and runs_down(sheet, s, level) for s in level):
        edge = border
    out = [s for row in body for s in row if sign * s.box[near] > edge + 1]
    # A column without a header stands on the lines of figures alone.
    return edge + 1 if any(s not in level or runs_down(sheet, s, level) for s in out) else math.inf


def _bounded(columns: Sequence[Column], xs: Sequence[float]) -> tuple[Column, ...]:
    return tuple(Column(c.kind, x0, x1, c.head) for c, x0, x1 in zip(columns, xs, xs[1:], strict=False))


def _by_stacks(columns: Sequence[Column], body: Sequence[Sequence[Segment]]) -> list[float] | None:
    """Borders between columns when each stack of cells goes to a header, in order; None where they do not fit."""
    stacks: list[list[float]] = []
    figures: list[bool] = []
    for s in sorted((s for row in body for s in row), key=lambda s: s.box[0]):
        if stacks and s.box[0] < stacks[-1][1] + 1:
            stacks[-1][1] = max(stacks[-1][1], s.box[2])
            figures[-1] = figures[-1] and _is_figure(s)
        else:
            stacks.append([s.box[0], s.box[2]])
            figures.append(_is_figure(s))
    if not 2 <= len(stacks) <= len(columns):
        return None
    best = _aligned(stacks, figures, columns)
    if best is None:
        return None
    places: dict[int, list[float]] = {c: stacks[i] for i, c in enumerate(best)}
    edges: list[float] = []
    for i in range(len(columns) - 1):
        a = places.get(i, [columns[i].head[0], columns[i].head[2]])
        b = places.get(i + 1, [columns[i + 1].head[0], columns[i + 1].head[2]])
        edges.append((a[1] + b[0]) / 2)
    return edges if edges == sorted(edges) else None


def _is_figure(s: Segment) -> bool:
    return values.parse_amount(s.text) is not None or values.parse_rate(s.text) is not None


def _aligned(stacks: Sequence[Sequence[float]], figures: Sequence[bool], columns: Sequence[Column]) -> list[int] | None:
    """For each stack of cells its column, in order, at the least distance; figures go under headers of figures."""
    best: dict[int, tuple[float, list[int]]] = {-1: (0.0, [])}
    for stack, figure in zip(stacks, figures, strict=True):
        options: dict[int, tuple[float, list[int]]] = {}
        for last, (cost, chosen) in best.items():
            for c in range(last + 1, len(columns)):
                head = columns[c].head
                off = max(-overlap(stack[0], stack[1], head[0], head[2]), 0.0)
                numeric = columns[c].kind in NUMERIC
                wrong = 60.0 if numeric and not figure else 25.0 if figure and columns[c].kind == "label" else 0.0
                total = cost + off + wrong
                if c not in options or total < options[c][0]:
                    options[c] = (total, [*chosen, c])
        best = options
    return min(best.values(), key=lambda x: x[0])[1] if best else None


def _edge(sheet: Sheet, a: Column, b: Column, header: Header, body: Sequence[Sequence[Segment]]) -> float:
    low, high = a.head[0], b.head[2]
    between = [
        r
        for r in sheet.down
        if a.head[2] - 2 <= r[0] <= b.head[0] + 2 and r[1] <= header.box[3] + 2 and r[3] >= header.box[1]
    ]
    if between and any(r[3] > header.box[3] + 4 for r in sheet.down if abs(r[0] - between[0][0]) < 2):
        return between[0][0]
    for units in ([s.box for row in body for s in row], [w.box for row in body for s in row for w in s.words]):
        taken = sorted((x0, x1) for x0, _, x1, _ in [*units, a.head, b.head] if x1 > low and x0 < high)
        gap = _widest(taken, (a.head[0] + a.head[2]) / 2, (b.head[0] + b.head[2]) / 2)
        if gap is not None:
            return gap
    return (a.head[2] + b.head[0]) / 2


def _widest(taken: Sequence[tuple[float, float]], low: float, high: float) -> float | None:
    """Middle of the widest free stretch between two points, None where all is taken."""
    best: tuple[float, float] | None = None
    end = low
    for x0, x1 in taken:
        if x0 > end and (best is None or min(x0, high) - end > best[1] - best[0]):
            best = (end, min(x0, high))
        end = max(end, x1)
        if end >= high:
            break
    else:
        if high > end and (best is None or high - end > best[1] - best[0]):
            best = (end, high)
    return None if best is None or best[1] - best[0] < 0.8 else (best[0] + best[1]) / 2
