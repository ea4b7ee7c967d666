"""Ruled cells of several lines laid out in one: a form typed anew breaks its labels and values in narrow cells.

The words of a table's row are set on one line, squeezed into their cells, so that a label is found whole and its value
stands right of it, as on an office file's page.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise

from parsers.labels import same_row
from parsers.page import Page, Word
from parsers.records import Box
from parsers.zones import in_order

_LINES = 8  # lines of a cell, at most: a frame round a text is no cell
_PAD = 2.0


def unwrapped(page: Page) -> Page:
    """The page with each row of ruled cells on one line; the same page where no cell holds several."""
    cells: dict[Box, list[int]] = defaultdict(list)
    for i, w in enumerate(page.words):
        if (cell := _cell(page, w.box)) is not None:
            cells[cell].append(i)
    boxes = _boxes(page)
    bands: dict[tuple[float, float], list[Box]] = defaultdict(list)
    for cell in cells:
        bands[cell[1], cell[3]].append(cell)
    words, ticks = list(page.words), list(page.ticks)
    for (top, bottom), row in bands.items():
        tall = [c for c in row if 1 < _count([*(page.words[i] for i in cells[c]), *boxes[c].values()]) <= _LINES]
        if not tall or len(row) < 2 or not all(_tight([page.words[i] for i in cells[c]]) for c in tall):
            continue
        middle = (top + bottom) / 2
        for cell in row:
            ticked = boxes[cell] if cell in tall else {}  # tick boxes keep their place among a cell's words
            held = in_order([*(page.words[i] for i in cells[cell]), *ticked.values()])
            places = {id(w): box for w, box in zip(held, _squeezed(held, cell, middle), strict=True)}
            for k, w in ticked.items():
                ticks[k] = replace(ticks[k], box=places[id(w)])
            index = {id(page.words[i]): i for i in cells[cell]}
            held = [w for w in held if id(w) in index]
            for w in held:
                words[index[id(w)]] = replace(w, box=places[id(w)])
            for a, b in pairwise(held):
                if a.text.endswith("-") and len(a.text) > 1 and not same_row(a.box, b.box):
                    first, second = words[index[id(a)]], words[index[id(b)]]
                    whole = (*first.box[:2], second.box[2], first.box[3])
                    words[index[id(b)]] = replace(second, text=first.text + second.text, box=whole)
                    words[index[id(a)]] = replace(first, text="")
        for k, tick in enumerate(ticks):
            x0, y0, x1, y1 = tick.box
            if top <= (y0 + y1) / 2 <= bottom and any(c[0] <= x0 <= c[2] for c in row if c not in tall):
                half = (y1 - y0) / 2
                ticks[k] = replace(tick, box=(x0, middle - half, x1, middle + half))
    return replace(page, words=tuple(w for w in _by_row(words, page.words) if w.text), ticks=tuple(ticks))


def _boxes(page: Page) -> dict[Box, dict[int, Word]]:
    """The tick boxes of each ruled cell, by their number, as words that stand where they do."""
    found: dict[Box, dict[int, Word]] = defaultdict(dict)
    for k, tick in enumerate(page.ticks):
        if (cell := _cell(page, tick.box)) is not None:
            found[cell][k] = Word(text="☐", box=tick.box)
    return found


def _by_row(moved: list[Word], before: tuple[Word, ...]) -> list[Word]:
    """Words in the order of the rows that they now stand in; the same order where nothing moved."""
    return moved if list(before) == moved else in_order(moved)


def _count(words: list[Word]) -> int:
    held = in_order(words)
    return 1 + sum(not same_row(a.box, b.box) for a, b in pairwise(held))


def _tight(words: list[Word]) -> bool:
    """Whether lines follow one another as a text's do; labels set apart in one frame stand further from each other."""
    held = in_order(words)
    broken = [(a.box, b.box) for a, b in pairwise(held) if not same_row(a.box, b.box)]
    return all(b[1] - a[3] < 0.75 * (a[3] - a[1]) for a, b in broken)


def _squeezed(words: list[Word], cell: Box, middle: float) -> list[Box]:
    """Boxes side by side at one height; a single line keeps its place across."""
    single = _count(words) == 1
    gap = min(w.box[3] - w.box[1] for w in words) * 0.3
    width = sum(w.box[2] - w.box[0] for w in words) + gap * (len(words) - 1)
    scale = 1.0 if single else min(1.0, (cell[2] - cell[0] - 2 * _PAD) / width)
    x, out = cell[0] + _PAD, []
    for w in words:
        half = (w.box[3] - w.box[1]) / 2
        x0 = w.box[0] if single else x
        x1 = x0 + (w.box[2] - w.box[0]) * scale
        out.append((x0, middle - half, x1, middle + half))
        x = x1 + gap * scale
    return out


def _cell(page: Page, box: Box) -> Box | None:
    """The ruled cell around a word; None where a side is open."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    down = sorted({r.box[0] for r in page.rulings if not r.horizontal and r.box[1] - 1 <= y <= r.box[3] + 1})
    across = sorted({r.box[1] for r in page.rulings if r.horizontal and r.box[0] - 1 <= x <= r.box[2] + 1})
    i, j = bisect.bisect(down, x), bisect.bisect(across, y)
    if not 0 < i < len(down) or not 0 < j < len(across):
        return None
    return round(down[i - 1], 0), round(across[j - 1], 0), round(down[i], 0), round(across[j], 0)
