"""From words to what a reader sees: segments (runs of text on one line) and rows.

A segment ends where the gap to the next word is wider than a word space, or where a vertical ruling stands between.
Borders drawn with characters (`+-----+`, `|`, `=====`) are rulings, not words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from parsers.page import Page, Ruling, Word
from parsers.records import Box
from parsers.values import clean, fold

_DRAWN = re.compile(r"^[|!+=_\-–—.…·*#~\u2500-\u257f]+$")
_BARS = ("|", "!", "+", "||", "│", "┃", "║")
_SPLIT = 0.9  # of the type size: one space of a fixed pitch is 0.6, two part columns


@dataclass(frozen=True, eq=False)
class Segment:
    """A run of words on one line, without a wide gap."""

    words: tuple[Word, ...]
    page: int  # number of the page

    @cached_property
    def text(self) -> str:
        """As written, white space collapsed."""
        return clean(" ".join(w.text for w in self.words))

    @cached_property
    def folded(self) -> str:
        """For comparing."""
        return fold(self.text)

    @cached_property
    def box(self) -> Box:
        """The words' common box."""
        return bounds(w.box for w in self.words)

    @property
    def height(self) -> float:
        """In points."""
        return self.box[3] - self.box[1]

    @cached_property
    def size(self) -> float:
        """Type size in points, the height where it is unknown."""
        return max((w.size for w in self.words), default=0.0) or self.height

    @property
    def bold(self) -> bool:
        """Whether all of it is."""
        return all(w.bold for w in self.words)

    @cached_property
    def key(self) -> str:
        """The words folded one by one and joined: what patterns search, so that a match leads back to its words."""
        return " ".join(fold(w.text) for w in self.words)

    def cut(self, start: int, end: int | None = None) -> tuple[str, tuple[Word, ...]]:
        """What stands from `start` to `end` of `key`: the text as written, and its words."""
        end = len(self.key) if end is None else end
        texts, words, at = [], [], 0
        for w in self.words:
            length = len(fold(w.text))
            first, last = max(start - at, 0), min(end - at, length)
            if first < last:
                # A fold that changes the length (œ, ½) leaves no way back inside the word: then it is taken whole.
                texts.append(w.text[first:last] if len(w.text) == length else w.text)
                words.append(w)
            at += length + 1
        return clean(" ".join(texts)), tuple(words)

    def __repr__(self) -> str:
        return f"<{self.text!r} {tuple(round(v) for v in self.box)}>"


def bounds(boxes: Iterable[Box]) -> Box:
    """The smallest box around others."""
    x0, top, x1, bottom = zip(*boxes, strict=True)
    return (min(x0), min(top), max(x1), max(bottom))


def overlap(a0: float, a1: float, b0: float, b1: float) -> float:
    """Length that two intervals share; negative: the distance between them."""
    return min(a1, b1) - max(a0, b0)


def same_row(a: Box, b: Box) -> bool:
    """Whether two boxes stand on one line."""
    return overlap(a[1], a[3], b[1], b[3]) > 0.5 * min(a[3] - a[1], b[3] - b[1])


@dataclass(frozen=True, eq=False)
class Sheet:
    """A page as segments and rulings."""

    page: Page

    @cached_property
    def _split(self) -> tuple[tuple[Word, ...], tuple[Ruling, ...]]:
        words, drawn = [], list(self.page.rulings)
        for w in self.page.words:
            if not w.text.strip():
                continue
            if _DRAWN.match(w.text) and (len(w.text) > 3 or w.text in _BARS):
                x0, top, x1, bottom = w.box
                y, x = (top + bottom) / 2, (x0 + x1) / 2
                if len(w.text) > 3:
                    drawn.append(Ruling(box=(x0, y, x1, y)))
                elif w.text in _BARS and w.text != "+":
                    drawn.append(Ruling(box=(x, top - (bottom - top) / 2, x, bottom + (bottom - top) / 2)))
                continue
            words.append(w)
        return tuple(words), tuple(drawn)

    @property
    def words(self) -> tuple[Word, ...]:
        """The page's words without drawn borders."""
        return self._split[0]

    @cached_property
    def across(self) -> tuple[Box, ...]:
        """Horizontal rulings."""
        return tuple(r.box for r in self._split[1] if r.horizontal)

    @cached_property
    def down(self) -> tuple[Box, ...]:
        """Vertical rulings."""
        return tuple(r.box for r in self._split[1] if not r.horizontal)

    @cached_property
    def _walls(self) -> tuple[Box, ...]:
        """Vertical rulings that part words: a typed bar stands in its own line alone, whatever it is joined to."""
        typed = [w.box for w in self.page.words if w.text in _BARS and w.text != "+"]
        drawn = [r.box for r in self.page.rulings if not r.horizontal]
        return (*drawn, *(((b[0] + b[2]) / 2, b[1], (b[0] + b[2]) / 2, b[3]) for b in typed))

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """All segments, line by line."""
        return tuple(s for row in self.rows for s in row)

    @cached_property
    def rows(self) -> tuple[tuple[Segment, ...], ...]:
        """Segments line by line from the top, each from left to right."""
        chains = [Segment(tuple(c), self.page.number) for c in self._parted(self._chains())]
        return tuple(tuple(self._glued(row)) for row in _lines(chains))

    def _chains(self) -> list[list[Word]]:
        """Words strung together from left to right, as long as no wide gap and no vertical ruling parts them.

        Columns may be set on lines of different heights: a word follows the one it stands level with.
        """
        ends: dict[int, list[list[Word]]] = {}  # by height on the page: chains that may go on
        found: list[list[Word]] = []
        for w in sorted(self.words, key=lambda w: w.box[0]):
            middle, height = (w.box[1] + w.box[3]) / 2, w.box[3] - w.box[1]
            best: tuple[float, list[Word]] | None = None
            slot = int(middle // _SLOT)
            for at in (slot - 1, slot, slot + 1):
                for chain in ends.get(at, ()):
                    last = chain[-1]
                    off = abs((last.box[1] + last.box[3]) / 2 - middle)
                    gap = w.box[0] - last.box[2]
                    lower = min(height, last.box[3] - last.box[1])
                    if off >= 0.35 * lower or not -0.6 * lower < gap <= _reach(last, w, self.page.placed):
                        continue
                    if "entry" in (w.origin, last.origin) or self.ruled(last.box, w.box):
                        continue
                    if self.crossed((last,), w.box[0]):  # it ends beyond its cell's border, close to the next word
                        continue
                    cost = off + max(gap, 0.0) * 0.2
                    if best is None or cost < best[0]:
                        best = (cost, chain)
            if best is None:
                chain = [w]
                found.append(chain)
            else:
                chain = best[1]
                old = int((chain[-1].box[1] + chain[-1].box[3]) / 2 // _SLOT)
                ends[old] = [c for c in ends[old] if c is not chain]
                chain.append(w)
            ends.setdefault(slot, []).append(chain)
        return found

    def _parted(self, chains: Sequence[list[Word]]) -> Iterable[list[Word]]:
        """The chains cut where a gap wider than the line's own word spaces is a column's edge.

        Cells without rulings may stand closer than three spaces: what begins or ends in a neighbouring line at the
        same place tells them from words. A gap of three spaces parts texts by itself.
        """
        if not self.page.placed:
            yield from chains
            return
        starts: dict[int, list[Word]] = {}
        ends: dict[int, list[Word]] = {}
        for chain in chains:
            starts.setdefault(round(chain[0].box[0]), []).append(chain[0])
            ends.setdefault(round(chain[-1].box[2]), []).append(chain[-1])
        for chain in chains:
            first = 0
            for i in _wide_gaps(chain):
                a, b = chain[i - 1], chain[i]
                size = max(a.size, b.size) or 1.25 * (b.box[3] - b.box[1])
                if (
                    b.box[0] - a.box[2] > _THREE * size
                    or _meets(starts, b, b.box[0], 0)
                    or _meets(ends, a, a.box[2], 2)
                ):
                    yield chain[first:i]
                    first = i
            yield chain[first:]

    def _glued(self, row: Sequence[Segment]) -> Iterable[Segment]:
        """A colon set apart belongs to the label before it, wherever the typist put it."""
        before: Segment | None = None
        for s in row:
            near = before is not None and s.box[0] - before.box[2] < 200 and not self.ruled(before.box, s.box)
            if before is not None and near and s.words[0].text.startswith(":") and not before.text.endswith(":"):
                before = Segment(before.words + s.words, self.page.number)
                continue
            if before is not None:
                yield before
            before = s
        if before is not None:
            yield before

    def ruled(self, left: Box, right: Box) -> bool:
        """Whether a vertical ruling stands between two boxes of one line."""
        middle = (left[1] + left[3] + right[1] + right[3]) / 4
        return any(left[2] - 1.5 <= r[0] <= right[0] + 1.5 and r[1] - 1 <= middle <= r[3] + 1 for r in self._walls)

    def crossed(self, words: Sequence[Word], end: float = math.inf) -> bool:
        """Whether a vertical ruling goes through printed words left of `end`: a line too long for its cell."""
        x0, top, x1, bottom = bounds(w.box for w in words)
        middle = (top + bottom) / 2
        return all(w.origin == "print" for w in words) and any(
            x0 + 1.5 < r[0] < min(x1 - 1.5, end) and r[1] - 1 <= middle <= r[3] + 1 for r in self._walls
        )

    def barred(self, upper: Box, lower: Box) -> bool:
        """Whether a horizontal ruling stands between a box and one below it."""
        x0, x1 = max(upper[0], lower[0]), min(upper[2], lower[2])
        if x0 > x1:
            x0, x1 = min(upper[0], lower[0]), min(upper[2], lower[2])
        middle = (x0 + x1) / 2
        return any(
            upper[3] - 2 <= r[1] <= lower[1] + 2 and r[0] - 2 <= middle <= r[2] + 2 and r[2] - r[0] > 20
            for r in self.across
        )


_SLOT = 8.0  # points
_THREE = 0.7  # of the type size: three spaces of a proportional type
_NEAR = 40.0  # points up and down in which another line may tell a column's edge


def _wide_gaps(chain: Sequence[Word]) -> list[int]:
    """Before which words of a line the gap is wider than its word spaces; none in justified or fixed-pitch text."""
    gaps = [b.box[0] - a.box[2] for a, b in pairwise(chain)]
    if not gaps or chain[0].origin != "print":
        return []
    size = max(w.size for w in chain) or 1.25 * (chain[0].box[3] - chain[0].box[1])
    widths = [(w.box[2] - w.box[0]) / len(w.text) for w in chain]
    if min(widths) > 0.5 * size and max(widths) - min(widths) < 0.15 * size:
        return []  # fixed pitch
    space = sorted(gaps)[len(gaps) // 2] if len(gaps) > 2 else 0.28 * size
    space = max(min(space, 0.45 * size), 0.2 * size)
    return [i for i, gap in enumerate(gaps, 1) if gap > max(1.5 * space, 0.4 * size)]


def _meets(edges: dict[int, list[Word]], word: Word, x: float, side: int) -> bool:
    """Whether a line above or below has its edge at `x`."""
    return any(
        abs(o.box[side] - x) < 0.8 and 0 < abs(o.box[1] - word.box[1]) < _NEAR and not same_row(o.box, word.box)
        for at in (round(x) - 1, round(x), round(x) + 1)
        for o in edges.get(at, ())
    )


_GRID = 12.0  # points between words of one text where the grid is our own: two spaces of its fixed pitch


def _reach(a: Word, b: Word, placed: bool) -> float:
    """How far the next word of a segment may be: a word space is up to 0.6 of the type size (fixed pitch).

    Words of another type (a name and a title on one line) part sooner: their boxes hang lower, not taller alone.
    """
    if not placed:
        return _GRID
    size = max(a.size, b.size) or 1.25 * max(a.box[3] - a.box[1], b.box[3] - b.box[1])
    smaller = 0 < min(a.size, b.size) < 0.72 * size
    other = smaller and abs(a.box[3] - b.box[3]) > 0.1 * size
    return (0.25 if other else _SPLIT) * size


def _lines(segments: Iterable[Segment]) -> list[list[Segment]]:
    """Segments of one line together, lines from the top, each from left to right."""
    lines: list[tuple[float, float, list[Segment]]] = []  # middle and height of the first, members
    for s in sorted(segments, key=lambda s: (s.box[1] + s.box[3]) / 2):
        middle = (s.box[1] + s.box[3]) / 2
        for line in reversed(lines[-6:]):
            clear = all(overlap(o.box[0], o.box[2], s.box[0], s.box[2]) < 0.5 for o in line[2])
            if clear and abs(middle - line[0]) < 0.45 * min(s.height, line[1]):
                line[2].append(s)
                break
        else:
            lines.append((middle, s.height, [s]))
    return [sorted(line[2], key=lambda s: s.box[0]) for line in lines]
