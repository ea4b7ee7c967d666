"""Columns set by tab stops: paragraphs one below the other whose tabs lead to the same places, as a bare table.

Where a tab leads depends on how wide the text before it is printed, so widths are estimated as a common sans serif's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

from parsers.sources.flow import Block, Cell, Image, Inline, Paragraph, Table, Text

EVERY = 35.4  # points between stops where a paragraph sets none (1.25 cm)
SIZE = 11.0  # points, where the text does not say
_NARROW, _WIDE = set("iljtfr.,:;'’|!()[] \u00a0\u202f"), set("mwMW@%—")
Field = tuple[float, tuple[Inline, ...]]  # where it begins, in points, and what stands there


def aligned(blocks: Sequence[Block]) -> list[Block]:
    """The same blocks, runs of paragraphs whose tabs set columns turned into tables."""
    found: list[Block] = []
    for tabbed, run in groupby(blocks, key=_tabbed):
        paragraphs = list(run)
        if tabbed and len(paragraphs) > 1:
            found.extend(_table([p for p in paragraphs if isinstance(p, Paragraph)]))
        else:
            found.extend(paragraphs)
    return found


def _tabbed(block: Block) -> bool:
    if not isinstance(block, Paragraph) or block.align != "left":
        return False
    texts = [i.text for i in block.items if isinstance(i, Text)]
    return any("\t" in t for t in texts) and not any("\n" in t for t in texts)


def _table(paragraphs: Sequence[Paragraph]) -> Iterator[Block]:
    """A run of tabbed paragraphs as one table; as it stands where none has three fields."""
    rows = [list(_fields(p)) for p in paragraphs]
    if max(len(fields) for fields in rows) < 3:
        yield from paragraphs
        return
    places = sorted({at for fields in rows for at, _ in fields})
    cells = ({at: Paragraph(items=items) for at, items in fields} for fields in rows)
    yield Table(
        rows=tuple(tuple(Cell(blocks=(row[at],) if at in row else ()) for at in places) for row in cells),
        ruled=False,
    )


def _fields(paragraph: Paragraph) -> Iterator[Field]:
    """What stands between the tabs, each with the stop it begins at; nothing for two tabs in a row."""
    at = width = 0.0
    held: list[Inline] = []
    for item in paragraph.items:
        parts = item.text.split("\t") if isinstance(item, Text) else [item]
        for i, part in enumerate(parts):
            if i:
                if any(not isinstance(x, Text) or x.text.strip() for x in held):
                    yield at, tuple(held)
                at, width, held = _next(at + width, paragraph.stops), 0.0, []
            if isinstance(part, str) and isinstance(item, Text):
                if part:
                    held.append(Text(text=part, bold=item.bold, struck=item.struck, size=item.size))
                    width += _printed(part, item.size or SIZE)
            else:
                held.append(item)
                width += item.width if isinstance(item, Image) else SIZE
    if any(not isinstance(x, Text) or x.text.strip() for x in held):
        yield at, tuple(held)


def _next(x: float, stops: Sequence[float]) -> float:
    own = next((s for s in stops if s > x + 0.5), None)
    return own if own is not None else EVERY * (math.floor((x + 0.5) / EVERY) + 1)


def _printed(text: str, size: float) -> float:
    """About how wide a text is printed, in points."""
    em = sum(0.28 if c in _NARROW else 0.83 if c in _WIDE else 0.66 if c.isupper() else 0.53 for c in text)
    return 0.92 * em * size
