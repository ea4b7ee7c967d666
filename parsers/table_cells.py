"""Amounts that a narrow cell breaks at a space between thousands (`1` above `250,00`), put together again.

Arithmetic (quantity × price = total) says that two lines are one amount; where a row lacks a figure for it, the rulings
around the row do. What neither proves stays as it was printed, and is put to a person.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from parsers import values
from parsers.layout import Sheet, bounds
from parsers.page import Word
from parsers.table_rows import Row, factor, has_figures, parted

_AMOUNTS = ("quantity", "price", "net", "total", "price_ttc", "total_ttc", "vat", "unknown")
_FIRST = re.compile(r"[-+]?\s?\d{1,3}(?:\s\d{3})*")
_FURTHER = re.compile(r"\d{3}(?:\s\d{3})*")
_LAST = re.compile(r"\d{3}(?:\s\d{3})*(?P<cents>[.,]\d{1,4})?(?:\s?(?:€|eur(?:os?)?|h\.?t\.?|t\.?t\.?c\.?))*")
_HALF = Decimal("0.005")
_LINES = 4  # of one cell, at most


def mended(sheet: Sheet, rows: Sequence[Row]) -> list[Row]:
    """A table's rows from the top, those that hold the parts of one amount as one."""
    found: list[Row] = []
    at = 0
    while at < len(rows):
        size = 1
        row = rows[at]
        for n in range(min(_LINES, len(rows) - at), 1, -1):
            lines = rows[at : at + n]
            whole = _whole(sheet, lines)
            if whole is None:
                continue
            if _proven(whole, lines) or _enclosed(sheet, whole, lines, rows):
                row, size = whole, n
                break
            if has_figures(rows[at]) and not _fits(rows[at]) and (whole.text("quantity") or _goes_on(lines)):
                row = replace(rows[at], doubtful=True)
        found.append(row)
        at += size
    return found


def _whole(sheet: Sheet, lines: Sequence[Row]) -> Row | None:
    """The lines as one row, None where they are not the lines of one that breaks an amount."""
    if not (_figured(lines[0]) and _figured(lines[-1])):
        return None
    for upper, lower in pairwise(lines):
        height = max(w.box[3] - w.box[1] for w in upper.words or lower.words)
        if lower.box[1] - upper.box[3] > 0.8 * height or parted(sheet, upper, lower):
            return None
    cells: dict[str, list[Word]] = {}
    broken = False
    for kind in dict.fromkeys(k for line in lines for k in line.cells):
        parts = [line.text(kind) for line in lines if line.text(kind)]
        cells[kind] = [w for line in lines for w in line.cells.get(kind, [])]
        if len(parts) == 1 or not any(c.isdigit() for part in parts[1:] for c in part):
            continue
        if kind in _AMOUNTS and is_broken(parts):
            broken = True
        elif kind in (*_AMOUNTS, "rate", "discount"):
            return None  # each line has an amount of its own
    if not broken:
        return None
    return Row(bounds(line.box for line in lines), cells, [w for x in lines for w in x.label], lines[0].page)


def _figured(row: Row) -> bool:
    return any(c.isdigit() for k in _AMOUNTS for c in row.text(k))


def is_broken(parts: Sequence[str]) -> bool:
    """Whether a cell's lines are one amount broken at its thousands."""
    first, *between, last = (values.fold(factor(part)) for part in parts)
    if not any(c.isdigit() for c in last) and between:  # the currency alone on the last line
        *between, last = between
    return (
        _FIRST.fullmatch(first) is not None
        and all(_FURTHER.fullmatch(part) for part in between)
        and _LAST.fullmatch(last) is not None
    )


def _fits(row: Row) -> bool:
    """Whether a row proves itself: quantity × price = total, its discount taken off."""
    quantity, total = values.parse_quantity(row.text("quantity")), row.amount("total")
    if quantity is None or total is None:
        return False
    off = values.parse_amount(row.text("discount").replace("%", "").strip()) if row.text("discount") else None
    for price in (row.amount("price"), row.amount("net")):
        if price is None:
            continue
        sums = [quantity * price]
        if off is not None:
            sums += [sums[0] * (1 - abs(off) / 100), sums[0] - abs(off), sums[0] - quantity * abs(off)]
        if any(abs(x - total) <= _HALF for x in sums):
            return True
    return False


def _cents(whole: Row, lines: Sequence[Row]) -> bool:
    """Whether cents stand on the last line of an amount and none on its first: a line of its own would show them."""
    for kind in whole.cells:
        parts = [values.fold(line.text(kind)) for line in lines if line.text(kind)]
        last = [m for part in parts[1:] if kind in _AMOUNTS and (m := _LAST.fullmatch(part)) is not None]
        if last and last[-1]["cents"] and _FIRST.fullmatch(parts[0]):
            return True
    return False


def _proven(whole: Row, lines: Sequence[Row]) -> bool:
    return _fits(whole) and (_cents(whole, lines) or not any(_fits(line) for line in lines))


def _enclosed(sheet: Sheet, whole: Row, lines: Sequence[Row], rows: Sequence[Row]) -> bool:
    """Whether rulings close the lines in, above and below, and leave out every other row of figures."""
    full = whole.text("quantity") and whole.text("total") and (whole.text("price") or whole.text("net"))
    if full or not _cents(whole, lines) or not _goes_on(lines):
        return False  # arithmetic had the say, or a label begins: two lines, maybe
    x = (whole.box[0] + whole.box[2]) / 2
    across = [r for r in sheet.across if r[0] - 3 <= x <= r[2] + 3 and r[2] - r[0] > 20]
    top = max((r[1] for r in across if r[1] <= whole.box[1] + 2), default=None)
    bottom = min((r[1] for r in across if r[1] >= whole.box[3] - 2), default=None)
    if top is None or bottom is None:
        return False
    others = [r for r in rows if r not in lines and _figured(r)]
    return not any(top < (r.box[1] + r.box[3]) / 2 < bottom for r in others)


def _goes_on(lines: Sequence[Row]) -> bool:
    """Whether no line but the first begins a label."""
    return not any(line.label and line.label[0].text[:1].isupper() for line in lines[1:])
