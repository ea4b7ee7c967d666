"""An order's lines without a table's header: rows of figures that prove themselves, or one line as a card of labels.

Without a header nothing but arithmetic says which figure is which: a row counts where quantity × price = total.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from parsers import values
from parsers.layout import Segment, Sheet, bounds, overlap
from parsers.page import Word
from parsers.table_header import Column, Header, column_kind
from parsers.table_rows import Row, factor

_REACH = 60.0  # points between two rows of one card, at most


@dataclass(frozen=True)
class _Proof:
    """A row whose figures prove themselves: its cells by kind."""

    cells: dict[str, Segment]
    row: Sequence[Segment]


def header(sheet: Sheet) -> Header | None:
    """A header in the place of the one that a sheet's rows of figures do not have; None where no row proves itself."""
    proofs = [p for row in sheet.rows if (p := _proof(row)) is not None]
    if not proofs:
        return None
    first = proofs[0].cells
    alike = [p.cells for p in proofs if all(overlap(*_span(p.cells[k]), *_span(first[k])) > 0 for k in first)]
    top = min(s.box[1] for s in proofs[0].row)
    columns = []
    for kind in first:
        x0, _, x1, _ = bounds(cells[kind].box for cells in alike)
        columns.append(Column(kind, x0, x1, (x0, top, x1, top)))
    columns.sort(key=lambda c: c.x0)
    return Header(tuple(columns), (columns[0].x0, top, max(c.x1 for c in columns), top))


def _span(s: Segment) -> tuple[float, float]:
    return s.box[0], s.box[2]


def _proof(row: Sequence[Segment]) -> _Proof | None:
    """A row of a label and three figures, the last of them quantity × price."""
    amounts = [(s, values.parse_amount(factor(s.text))) for s in row]
    figures = [(s, a) for s, a in amounts if a is not None]
    texts = [s for s, a in amounts if a is None and sum(c.isalpha() for c in s.text) > 2]
    if len(figures) != 3 or not texts:
        return None
    (first, a), (second, b), (third, total) = figures
    if not total or a * b != total:
        return None
    swapped = _counts(second) and not _counts(first)
    quantity, price = (second, first) if swapped else (first, second)
    if not _counts(quantity):
        return None
    label = max(texts, key=lambda s: len(s.text))
    return _Proof({"label": label, "quantity": quantity, "price": price, "total": third}, row)


def _counts(s: Segment) -> bool:
    """Whether a figure may be a quantity: a whole number, and no money."""
    quantity = values.parse_quantity(s.text)
    return quantity is not None and quantity == quantity.to_integral_value() and 0 < quantity < 10_000


def card(sheet: Sheet) -> Row | None:
    """One line laid out as rows of a label and its value (`Désignation | …`, `Quantité | 1`, `Prix unitaire HT | …`).

    None where a label comes twice: several lines, or something else.
    """
    found: dict[str, tuple[Segment, tuple[Word, ...]]] = {}
    for row in sheet.rows:
        cell = _labelled(row)
        if cell is None:
            continue
        kind, label, words = cell
        if kind == "total" and kind in found:
            continue  # the line's own total, then the order's
        if kind in found:
            return None
        found[kind] = (label, words)
    if not {"label", "price", "quantity"} <= found.keys() or not _near(found):
        return None
    parts = {k: words for k, (_, words) in found.items() if k in ("label", "quantity", "price", "total")}
    boxes = [w.box for k in ("label", "quantity", "price") for w in (*found[k][0].words, *found[k][1])]
    cells = {k: list(words) for k, words in parts.items() if k != "label"}
    line = Row(bounds(boxes), cells, list(parts["label"]), sheet.page.number)
    quantity, price, total = values.parse_quantity(line.text("quantity")), line.amount("price"), line.amount("total")
    if quantity is None or price is None or (total is not None and abs(quantity * price - total) > Decimal("0.005")):
        return None
    return line


def _labelled(row: Sequence[Segment]) -> tuple[str, Segment, tuple[Word, ...]] | None:
    """The column that a row's label names, with the words of its value: in the next cell, or behind a colon."""
    s = row[0]
    if len(row) > 1:
        kind = column_kind(s.key.rstrip(" :"))
        return None if kind is None else (kind, s, tuple(w for o in row[1:] for w in o.words))
    name, colon, _ = s.key.partition(":")
    kind = column_kind(name) if colon else None
    return None if kind is None else (kind, s, s.cut(len(name) + 1)[1])


def _near(found: dict[str, tuple[Segment, tuple[Word, ...]]]) -> bool:
    labels = sorted((found[k][0] for k in ("label", "quantity", "price")), key=lambda s: s.box[1])
    return all(b.box[1] - a.box[3] < _REACH for a, b in pairwise(labels))
