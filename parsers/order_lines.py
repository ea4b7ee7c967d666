"""Rows of an order's table → the lines ordered, each proven by quantity × price = total where the figures allow it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from parsers import checks, values
from parsers.page import Word
from parsers.records import Finding, Line
from parsers.table_rows import Row
from parsers.tables import ADJUSTMENT, Table

_HALF = Decimal("0.005")
_CENT = Decimal("0.01")
_SURE_OCR = 0.9  # below, a figure recognised in a picture needs arithmetic to vouch for it


@dataclass(frozen=True)
class Lines:
    """The lines, what stood between them and the total, and what a person must look at."""

    lines: tuple[Line, ...] = ()
    adjustments: tuple[Decimal, ...] = ()
    findings: tuple[Finding, ...] = ()
    tax: Decimal | None = None  # by the rate that each line shows; None where one shows none
    removed: Decimal = Decimal(0)  # amount of lines left out (negative quantities) that the total still counts


def lines(table: Table) -> Lines:
    """The table's lines, in document order."""
    found: list[Line] = []
    adjustments: list[Decimal] = []
    findings: list[Finding] = []
    removed = Decimal(0)
    taxes: list[Decimal | None] = []
    for row in table.rows:
        label = label_of(row.label)
        quantity = values.parse_quantity(row.text("quantity"))
        price, total, discount = _figures(row, quantity)
        if not label and total is None:
            continue
        if quantity is None and ADJUSTMENT.match(values.fold(label)) and total is not None:
            adjustments.append(-abs(total) if _lowers(label) else total)
            continue
        if quantity is not None and quantity < 0:
            findings.append(checks.negative_quantity(label, quantity))
            removed += total if total is not None else quantity * (price or Decimal(0))
            continue
        if quantity is None:
            quantity = _implied(table, row, price, total)
            if quantity is None:
                if row.text("quantity") and label:
                    findings.append(checks.doubtful_line(label))
                continue
        if quantity == 0:
            continue
        rate = values.parse_rate(row.text("rate")) if row.text("rate") else None
        taxes.append(None if rate is None or total is None else total * rate / 100)
        found.append(
            Line(
                label=label,
                quantity=quantity,
                unit_price=None if price is None else price,
                total=None if total is None else total.quantize(_CENT, ROUND_HALF_UP),
                discount=discount,
                page=row.page,
                box=row.box,
            )
        )
        if not any(c.isalpha() for c in label) or row.doubtful or _shaky(row, quantity, price, total, discount):
            findings.append(checks.doubtful_line(label))
    known = [x for x in taxes if x is not None]
    tax = sum(known, Decimal(0)) if known and len(known) == len(taxes) and not adjustments else None
    return Lines(tuple(found), tuple(adjustments), tuple(findings), tax, removed)


def label_of(words: Sequence[Word]) -> str:
    """A label's words as one text; a word broken at a line's end is closed up again."""
    text = ""
    for before, w in zip([None, *words], words, strict=False):
        new_line = before is not None and w.box[1] > before.box[3] - 0.3 * (before.box[3] - before.box[1])
        if text.endswith("-") and new_line and w.text[:1].islower() and not text.endswith(" -"):
            text += w.text
        else:
            text += (" " if text else "") + w.text
    return values.clean(text).strip(" -–|")


def _lowers(label: str) -> bool:
    return re.match(r"remise|rabais|rist|esc|red|geste|avoir", values.fold(label)) is not None


def _figures(row: Row, quantity: Decimal | None) -> tuple[Decimal | None, Decimal | None, Decimal]:
    """Unit price, total and discount of a row, without tax."""
    total = row.amount("total")
    gross, net = row.amount("price"), row.amount("net")
    price = (
        net
        if net is not None
        and (gross is None or total is None or quantity is None or abs(quantity * gross - total) > _HALF)
        else gross
    )
    discount = Decimal(0)
    if quantity is not None and price is not None and total is not None and price is not net:
        off = quantity * price - total
        if abs(off) > _HALF and (text := row.text("discount")):
            amount = values.parse_amount(text.replace("%", "").strip())
            if amount is not None:
                share = (quantity * price * abs(amount) / 100).quantize(_CENT, ROUND_HALF_UP)
                fits = [x for x in (share, abs(amount), quantity * abs(amount)) if abs(x - off) <= _HALF + _HALF]
                discount = off if fits else share
    return price, total, discount


def _implied(table: Table, row: Row, price: Decimal | None, total: Decimal | None) -> Decimal | None:
    """The quantity of a row that shows none: from price and total, or one where the table has no such column."""
    if total is not None and price:
        ratio = total / price
        if ratio == ratio.to_integral_value() and ratio > 0 and not row.text("quantity"):
            return Decimal(int(ratio))
        return None
    if table.has("quantity"):
        return None if total is None or row.text("quantity") or price is not None else Decimal(1)
    if total is not None or row.amount("total_ttc") is not None or price is not None:
        return Decimal(1)
    return None


def _shaky(row: Row, quantity: Decimal, price: Decimal | None, total: Decimal | None, discount: Decimal) -> bool:
    """Whether a row has a figure that nothing explains, or one that neither the engine nor arithmetic is sure of."""
    stray = values.parse_amount(row.text("unknown").split(" ")[0] if row.text("unknown") else "") is not None
    if stray and (price is None or total is None or not row.text("quantity")):
        return True
    if any(any(c.isdigit() for c in row.text(k)) and row.amount(k) is None for k in ("price", "net", "total")):
        return True  # two amounts in one cell: a column whose header was not understood
    figures = [w for k in ("quantity", "price", "net", "total") for w in row.cells.get(k, []) if w.origin == "ocr"]
    if not figures:
        return False
    if price is not None and total is not None:
        return abs(quantity * price - discount - total) > _HALF
    return min(w.confidence for w in figures) < _SURE_OCR or any(w.second not in (None, w.text) for w in figures)
