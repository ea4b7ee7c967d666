"""The rows of an order's table: the lines that hold figures, each with the label lines that stand with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from parsers import values
from parsers.layout import Segment, Sheet, bounds
from parsers.page import Word
from parsers.records import Box
from parsers.table_header import Column

_FREE = re.compile(r"^(?:offert\w*|gratuit\w*|inclus\w*|compris\w*|sans\s+frais|nc|-+|neant)$")


@dataclass(eq=False)
class Row:
    """One line of the table: its cells' words by kind of column, its label's lines in order."""

    box: Box
    cells: dict[str, list[Word]]
    label: list[Word]
    page: int
    doubtful: bool = False  # may be the first line of an amount broken over two

    def text(self, kind: str) -> str:
        """A cell's text."""
        return values.clean(" ".join(w.text for w in self.cells.get(kind, [])))

    def amount(self, kind: str) -> Decimal | None:
        """A cell's amount; a word such as « offert » is 0."""
        text = self.text(kind)
        if text and _FREE.match(values.fold(text)):
            return Decimal(0) if re.match(r"offert|gratuit|inclus|compris|sans", values.fold(text)) else None
        return values.parse_amount(factor(text)) if text else None

    @property
    def words(self) -> list[Word]:
        """All words."""
        return self.label + [w for ws in self.cells.values() for w in ws]


def factor(text: str) -> str:
    """A figure without the sign that links it to the one before it (`x 130,00 €`, `= 260,00 €`)."""
    return re.sub(r"^\s*[x×*=@]\s*(?=[\d€])", "", text, flags=re.IGNORECASE)


def row_of(row: Sequence[Segment], columns: Sequence[Column], page: int) -> Row:
    """The segments of one line by the columns they stand in."""
    cells: dict[str, list[Word]] = {}
    label: list[Word] = []
    for s in row:
        text = next((c for c in columns if c.kind == "label"), None)
        if (
            len(row) == 1
            and text is not None
            and text.x0 - 2 <= s.box[0] < text.x1
            and values.parse_amount(s.text) is None
        ):
            label.extend(s.words)  # a label's further line may run on under the figures
            continue
        if text is not None and len(row) == 1 and len(s.words) > 3 and s.box[0] < text.x0 - 2 and s.box[2] > text.x1:
            continue  # a sentence across the columns
        for w in s.words:
            middle = (w.box[0] + w.box[2]) / 2
            column = next((c for c in columns if c.x0 <= middle < c.x1), None)
            if column is None:
                continue
            if column.kind == "label":
                label.append(w)
            else:
                cells.setdefault(column.kind, []).append(w)
    return Row(bounds(w.box for s in row for w in s.words), cells, label, page)


def has_figures(row: Row) -> bool:
    """Whether a row holds a line's figures."""
    return any(row.amount(k) is not None for k in ("quantity", "price", "net", "total", "price_ttc", "total_ttc"))


def gather(sheet: Sheet, rows: Sequence[Row]) -> list[Row]:
    """Rows with figures, each with the label lines that stand with it."""
    anchors = [r for r in rows if has_figures(r)]
    anchors = [r for r in anchors if not _given(sheet, r, anchors)]
    if not anchors:
        return []
    lines: dict[int, list[Row]] = {id(a): [a] for a in anchors}
    for row in rows:
        if row in anchors or not row.label:
            continue
        owner = _owner(sheet, row, anchors, lines)
        if owner is not None:
            lines[id(owner)].append(row)
    for a in anchors:
        a.label = _in_order([w for r in lines[id(a)] for w in r.label])
        a.box = bounds(r.box for r in lines[id(a)])
    return anchors


_CELLS = ("quantity", "price", "net", "total", "price_ttc", "total_ttc")


def _given(sheet: Sheet, row: Row, anchors: Sequence[Row]) -> bool:
    """Whether a row's figures are another's, which a narrow cell of two lines set half a line higher or lower.

    They are given to it: its own cell holds no figure, at most the currency's sign of the broken amount.
    """
    reach = 0.9 * max(w.box[3] - w.box[1] for w in row.words)
    own = [k for k in _CELLS if row.amount(k) is not None]
    for a in anchors:
        theirs = [k for k in _CELLS if a.amount(k) is not None]
        if a is row or abs(a.box[1] - row.box[1]) >= reach or set(own) & set(theirs):
            continue
        if "quantity" in theirs and not parted(sheet, row, a):
            for k in own:
                a.cells[k] = _in_order([*row.cells[k], *a.cells.get(k, [])])
            return True
    return False


def _in_order(words: Sequence[Word]) -> list[Word]:
    """Words as they are read: line by line, a line being less than 0.7 of its height askew (scans)."""
    lines: list[list[Word]] = []
    for w in sorted(words, key=lambda w: w.box[1] + w.box[3]):
        first = lines[-1][0].box if lines else w.box
        askew = abs(w.box[1] + w.box[3] - first[1] - first[3]) / 2
        if lines and askew < 0.7 * min(first[3] - first[1], max(w.box[3] - w.box[1], 4.0)):
            lines[-1].append(w)
        else:
            lines.append([w])
    return [w for line in lines for w in sorted(line, key=lambda w: w.box[0])]


def _owner(sheet: Sheet, row: Row, anchors: Sequence[Row], lines: dict[int, list[Row]]) -> Row | None:
    """The row that a label line without figures belongs to: the one in its ruled band, else the nearer one."""
    above = max((a for a in anchors if a.box[1] < row.box[1]), key=lambda a: a.box[1], default=None)
    below = min((a for a in anchors if a.box[1] >= row.box[1]), key=lambda a: a.box[1], default=None)
    box = bounds(w.box for w in row.label)
    up = above is not None and not parted(sheet, above, row)
    down = below is not None and not parted(sheet, row, below)
    if up and down:
        assert above is not None
        assert below is not None
        last = max(r.box[3] for r in lines[id(above)])
        first = min(r.box[1] for r in lines[id(below)])
        to_above, to_below = box[1] - last, first - box[3]
        if to_below < 0.6 * to_above and to_above > 0.5 * (box[3] - box[1]):
            return below
        return above if to_above < 3.0 * (box[3] - box[1]) else None
    if up:
        assert above is not None
        last = max(r.box[3] for r in lines[id(above)])
        return above if box[1] - last < 1.6 * (box[3] - box[1]) else None
    if down:
        assert below is not None
        first = min(r.box[1] for r in lines[id(below)])
        bold = all(w.bold for w in row.label) and not all(w.bold for w in below.label or row.label)
        return below if first - box[3] < 0.9 * (box[3] - box[1]) and not bold else None
    return None


def parted(sheet: Sheet, upper: Row, lower: Row) -> bool:
    """Whether a horizontal ruling of the table stands between two rows' lines."""
    low, high = sorted(((upper.box[1] + upper.box[3]) / 2, (lower.box[1] + lower.box[3]) / 2))
    x = (max(upper.box[0], lower.box[0]) + min(upper.box[2], lower.box[2])) / 2
    across = [r for r in sheet.across if low < r[1] < high]
    # Borders are often drawn cell by cell; an underlined word is none.
    return any(
        r[0] - 3 <= x <= r[2] + 3 and sum(o[2] - o[0] for o in across if abs(o[1] - r[1]) < 1) > 60 for r in across
    )
