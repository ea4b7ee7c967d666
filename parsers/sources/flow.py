"""Office files have no pages: their paragraphs and tables are laid out here on a grid of our own.

One row stands below the other, columns side by side, one character after the other at a fixed step, so that the
engine's "right of the label", "same row" and "in this cell" keep their meaning. Body paragraphs are not broken over
lines (a value never is either); the text of a table's cell is broken only where its column would grow past reason.
Pages made here say `placed=False`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from parsers.page import Page, Picture, Ruling, Tick, Word

STEP = 5.0  # points a character takes
GUTTER = 16.0  # points of a cell beside its text: wider than two spaces, so that cells never read as one text
HEIGHT = 10.0  # of a word
LEADING = 14.0  # from one line to the next
MARGIN = 40.0
WIDTH, LENGTH = 595.0, 842.0  # A4, in points
TAB = 36.0
LINE = 400  # characters after which even a body paragraph is broken
CELL = 60  # characters after which the text of a table's cell is broken
TALL = 2_400.0  # points after which a page ends by itself: some four pages of paper
RUN = 40  # rows of a table laid out at once
FULL = 2_500  # words, likewise
WORDS = 20_000  # a document longer than forty dense pages is none of ours
DEPTH = 12  # tables in tables that are still laid out

OPEN_BOXES = "☐□▢◻⬜❏❑❒▫◽"
TICKED_BOXES = "☑☒🗹🗷⊠⌧"
TICK_SIGNS = "✓✔✗✘✅🗸"
FULL_BOXES = "■▣◼⬛◾"  # ticked only beside an open box, else a bullet
TYPED_BOX = re.compile(r"\[\s?([xX✓✔]?)\s{0,2}\]|\(\s?([xX✓✔])\s?\)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """Characters of one look; `\\n` breaks the line, `\\t` goes to the next stop."""

    text: str
    bold: bool = False
    struck: bool = False
    size: float = 0.0  # points, 0 unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A tick box within the text."""

    state: bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """A picture within the text, in points."""

    width: float
    height: float
    ink: float = 0.0
    data: bytes = b""  # kept where the picture may be the document itself (a scan pasted into a letter)


Inline = Text | Mark | Image


@dataclass(frozen=True, kw_only=True, slots=True)
class Paragraph:
    """One paragraph."""

    items: tuple[Inline, ...] = ()
    align: Literal["left", "center", "right"] = "left"
    stops: tuple[float, ...] = ()  # its own tab stops, points from its left edge


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A table's cell; one that spans columns or rows stands in its first place only."""

    blocks: tuple[Block, ...] = ()
    columns: int = 1
    rows: int = 1
    covered: bool = False  # stands under a cell that spans rows: its place counts, it holds nothing
    framed: bool | None = None  # whether its own borders are drawn; None: as the table says


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Rows of cells."""

    rows: tuple[tuple[Cell, ...], ...]
    ruled: bool = True  # whether its borders are drawn


@dataclass(frozen=True, kw_only=True, slots=True)
class PageBreak:
    """What follows stands on a new page."""


Block = Paragraph | Table | PageBreak


@dataclass(slots=True)
class _Sheet:
    """The page being filled."""

    words: list[Word] = field(default_factory=list)
    rulings: list[Ruling] = field(default_factory=list)
    ticks: list[Tick] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    right: float = WIDTH - MARGIN

    def page(self, number: int, bottom: float) -> Page:
        return Page(
            number=number,
            width=max(WIDTH, self.right + MARGIN),
            height=max(LENGTH, bottom + MARGIN),
            words=tuple(self.words),
            rulings=tuple(self.rulings),
            ticks=tuple(self.ticks),
            pictures=tuple(self.pictures),
            placed=False,
        )

    @property
    def empty(self) -> bool:
        return not (self.words or self.ticks or self.pictures)


def pages(blocks: Sequence[Block], *, limit: int) -> tuple[tuple[Page, ...], bool]:
    """The blocks as pages, at most `limit`, and whether some did not fit. Empty pages are left out.

    A page ends where the file breaks it, or past `TALL` points or `FULL` words: engines weigh each word of a page
    with the others.
    """
    full_box = any(c in OPEN_BOXES for t in _texts(blocks) for c in t)
    made: list[Page] = []
    sheet, y, words = _Sheet(), MARGIN, 0
    for block in [*_cut(blocks), PageBreak()]:
        if not isinstance(block, PageBreak):
            y = _blocks(sheet, [_split_marks(block, full_box)], MARGIN, y, WIDTH - 2 * MARGIN, LINE, 0)
        if isinstance(block, PageBreak) or y > TALL or len(sheet.words) > FULL:
            if not sheet.empty:
                if len(made) == limit or words > WORDS:
                    return tuple(made), True
                made.append(sheet.page(len(made) + 1, y))
                words += len(sheet.words)
            sheet, y = _Sheet(), MARGIN
    return tuple(made), False


def _cut(blocks: Sequence[Block]) -> Iterator[Block]:
    """The same blocks, tables of very many rows in runs of `RUN` rows."""
    for block in blocks:
        if isinstance(block, Table) and len(block.rows) > 2 * RUN:
            for start in range(0, len(block.rows), RUN):
                yield Table(rows=block.rows[start : start + RUN], ruled=block.ruled)
        else:
            yield block


def _texts(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Paragraph):
            for item in block.items:
                if isinstance(item, Text):
                    yield item.text
                elif isinstance(item, Mark):
                    yield OPEN_BOXES[0]
        elif isinstance(block, Table):
            for row in block.rows:
                for cell in row:
                    yield from _texts(cell.blocks)


def _split_marks(block: Block, full_box: bool) -> Block:
    """The same block with box characters (☐ ☒ [x]) turned into marks."""
    if isinstance(block, Paragraph):
        return Paragraph(
            items=tuple(i for x in block.items for i in _marks(x, full_box)), align=block.align, stops=block.stops
        )
    if isinstance(block, Table):
        rows = tuple(
            tuple(
                Cell(
                    blocks=tuple(_split_marks(b, full_box) for b in c.blocks),
                    columns=c.columns,
                    rows=c.rows,
                    covered=c.covered,
                    framed=c.framed,
                )
                for c in row
            )
            for row in block.rows
        )
        return Table(rows=rows, ruled=block.ruled)
    return block


def _marks(item: Inline, full_box: bool) -> Iterator[Inline]:
    if not isinstance(item, Text):
        yield item
        return
    signs = OPEN_BOXES + TICKED_BOXES + TICK_SIGNS + (FULL_BOXES if full_box else "")
    start = 0
    for m in re.finditer(f"[{signs}]\ufe0f?|{TYPED_BOX.pattern}", item.text):
        if m.start() > start:
            yield Text(text=item.text[start : m.start()], bold=item.bold, struck=item.struck, size=item.size)
        sign = m.group(0)
        if sign[0] in "[(":
            yield Mark(state=bool(m.group(1) or m.group(2)))
        else:
            yield Mark(state=sign[0] not in OPEN_BOXES)
        start = m.end()
    if start < len(item.text):
        yield Text(text=item.text[start:], bold=item.bold, struck=item.struck, size=item.size)


def _blocks(s: _Sheet, blocks: Sequence[Block], x: float, y: float, width: float, line: int, depth: int) -> float:
    """Lay the blocks out from (x, y) downwards; gives the y below them."""
    for block in blocks:
        if isinstance(block, Paragraph):
            y = _paragraph(s, block, x, y, width, line)
        elif isinstance(block, Table) and depth < DEPTH:
            y = _table(s, block, x, y, depth + 1)
    return y


@dataclass(slots=True)
class _Pen:
    """Writes a paragraph's items into lines; offsets count from the line's start."""

    limit: int  # characters after which a line is broken
    lines: list[list[tuple[float, Word | Mark | Image]]] = field(default_factory=lambda: [[]])
    x: float = 0.0
    glued: bool = False  # the next characters continue the last word

    def write(self, item: Inline) -> None:
        if isinstance(item, Mark):
            self.lines[-1].append((self.x + 1, item))
            self.x += HEIGHT + 2
            self.glued = False
        elif isinstance(item, Image):
            self.lines[-1].append((self.x, item))
            self.x += item.width + STEP
            self.glued = False
        else:
            for run in re.findall(r"\n|\t|[^\S\n\t]+|\S+", item.text):
                self._run(run, item)

    def _run(self, run: str, look: Text) -> None:
        if run == "\n":
            self.lines.append([])
            self.x = 0.0
        elif run == "\t":
            self.x = (int((self.x + STEP) / TAB) + 1) * TAB
        elif run.isspace():
            self.x += STEP * len(run)
        else:
            self._word(run, look)
            self.glued = True
            return
        self.glued = False

    def _word(self, run: str, look: Text) -> None:
        last = self.lines[-1][-1][1] if self.glued and self.lines[-1] else None
        if isinstance(last, Word) and last.struck == look.struck:
            start, _ = self.lines[-1].pop()
            run, bold, size = last.text + run, last.bold and look.bold, last.size
        else:
            start, bold, size = self.x, look.bold, look.size
        if start > 0 and (start / STEP + len(run)) > self.limit:
            self.lines.append([])
            start = 0.0
        self.x = start + STEP * len(run)
        word = Word(text=run, box=(0.0, 0.0, self.x - start, HEIGHT), size=size, bold=bold, struck=look.struck)
        self.lines[-1].append((start, word))


def _paragraph(s: _Sheet, p: Paragraph, x: float, y: float, width: float, limit: int) -> float:
    pen = _Pen(limit=limit)
    for item in p.items:
        pen.write(item)
    for bits in pen.lines:
        end = max((offset + _width(item) for offset, item in bits), default=0.0)
        room = max(0.0, width - end)
        left = x + {"left": 0.0, "center": room / 2, "right": room}[p.align]
        tall = max((item.height for _, item in bits if isinstance(item, Image)), default=0.0)
        base = y + max(0.0, tall - HEIGHT)  # text stands at a picture's foot
        for offset, bit in bits:
            _put(s, bit, left + offset, base)
        y = base + LEADING
    return y


def _width(item: Word | Mark | Image) -> float:
    return item.box[2] if isinstance(item, Word) else HEIGHT if isinstance(item, Mark) else item.width


def _put(s: _Sheet, item: Word | Mark | Image, x: float, y: float) -> None:
    if isinstance(item, Word):
        box = (x, y, x + item.box[2], y + HEIGHT)
        s.words.append(replace(item, box=box))
    elif isinstance(item, Mark):
        s.ticks.append(Tick(box=(x, y, x + HEIGHT, y + HEIGHT), state=item.state))
    else:
        top = y + HEIGHT - item.height
        s.pictures.append(Picture(box=(x, top, x + item.width, y + HEIGHT), ink=item.ink))


def _needs(blocks: Sequence[Block]) -> float:
    """Points of width the blocks take, their longest line unbroken up to the limit of a cell."""
    need = 0.0
    for block in blocks:
        if isinstance(block, Paragraph):
            pen = _Pen(limit=CELL)
            for item in block.items:
                pen.write(item)
            need = max(need, *(o + _width(i) for line in pen.lines for o, i in line), 0.0)
        elif isinstance(block, Table):
            need = max(need, sum(_columns(block)))
    return need


def _columns(table: Table) -> list[float]:
    """Each column's width: what its own cells need; a cell that spans columns widens the last of them."""
    widths = [30.0] * max((sum(c.columns for c in row) for row in table.rows), default=0)
    for row in table.rows:
        at = 0
        for cell in row:
            if cell.columns == 1:
                widths[at] = max(widths[at], _needs(cell.blocks) + GUTTER)
            at += cell.columns
    for row in table.rows:
        at = 0
        for cell in row:
            end = at + cell.columns
            if cell.columns > 1:
                widths[end - 1] += max(0.0, _needs(cell.blocks) + GUTTER - sum(widths[at:end]))
            at = end
    return widths


def _table(s: _Sheet, table: Table, x: float, y: float, depth: int) -> float:
    widths = _columns(table)
    edges = [x]
    for w in widths:
        edges.append(edges[-1] + w)
    s.right = max(s.right, edges[-1])
    hanging: list[tuple[int, int, int, float, float]] = []  # first and past column, rows still to go, top, bottom
    for row in table.rows:
        at, bottom = 0, y + LEADING + 2
        spanning = []
        for cell in row:
            left, right = edges[at], edges[at + cell.columns]
            limit = max(8, int((right - left - 6) / STEP)) if cell.columns > 1 else CELL
            below = _blocks(s, cell.blocks, left + 4, y + 3, right - left - 8, limit, depth)
            if cell.rows > 1:
                spanning.append((at, at + cell.columns, cell.rows, y, below + 2))
            elif not cell.covered:
                bottom = max(bottom, below + 2)
            at += cell.columns
        hanging = [(a, b, n - 1, top, low) for a, b, n, top, low in [*hanging, *spanning]]
        bottom = max([bottom, *(low for *_, n, _, low in hanging if n == 0)])
        at = 0
        for cell in row:
            x0, x1 = edges[at], edges[at + cell.columns]
            if table.ruled if cell.framed is None else cell.framed:
                _frame(s, x0, y, x1, bottom, open_top=cell.covered, open_foot=cell.rows > 1)
            at += cell.columns
        hanging = [h for h in hanging if h[2] > 0]
        y = bottom
    return y + 4


def _frame(s: _Sheet, x0: float, top: float, x1: float, bottom: float, *, open_top: bool, open_foot: bool) -> None:
    sides = [(x0, top, x0, bottom), (x1, top, x1, bottom)]
    if not open_top:
        sides.append((x0, top, x1, top))
    if not open_foot:
        sides.append((x0, bottom, x1, bottom))
    s.rulings.extend(Ruling(box=b) for b in sides)
