"""What was written in a form's table → the lines ordered: quantities, boxes, amounts, against the printed prices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from parsers import checks, values
from parsers.confidence import of_words
from parsers.form_table import Table
from parsers.labels import Match, around
from parsers.layouts import Row
from parsers.page import Page, Tick, Word
from parsers.records import Box, Finding, Line
from parsers.sources.pdf_shapes import MARKS
from parsers.zones import horizontals, in_order, inside, joined

_HALF_ROW = 9.0  # points above and below a row's reference where no ruling bounds it
_TALLEST = 70.0  # points: a row is never taller
_SURE = 0.9
_STROKES = frozenset("|lI/!")  # as recognition reads a hand's one that stands alone


@dataclass(slots=True)
class Ordered:
    """What the table holds."""

    lines: list[Line] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)  # labels of lines whose figures are not sure
    touched: bool = False  # something was written in it


def read(pages: Sequence[Page], table: Table, words: dict[int, list[Word]]) -> Ordered:
    """The lines ordered; `words`: by page index, what labels left over."""
    out = Ordered()
    choices: dict[str, list[str]] = {}
    frames = _frames(pages, table)
    used: set[int] = set()
    for (row, match), frame in zip(table.anchors, frames, strict=True):
        page = pages[match.page]
        cells = {n: _cell(words.get(match.page, []), frame, table.columns[n]) for n in table.columns}
        for cell in cells.values():
            used.update(id(w) for w in cell)
        ticks = [
            t
            for t in page.ticks
            if inside(t.box, (table.columns["quantity"][1], frame[0], table.columns["quantity"][2], frame[1]))
        ]
        crossed = any(_crossed(page, frame, table.columns[n]) for n in ("quantity", "total") if n in table.columns)
        crossed = crossed or any(map(_scribbled, (*cells.get("quantity", ()), *cells.get("total", ()))))
        line = _line(row, match, cells, ticks, out, pages[match.page].number, crossed=crossed)
        if line is not None:
            out.lines.append(line)
            if row.only:
                choices.setdefault(row.only, []).append(row.label)
    for labels in choices.values():
        if len(labels) > 1:
            out.findings.append(checks.two_boxes(" / ".join(labels), "lines"))
    _strays(pages, table, words, used, out)
    return out


def _frames(pages: Sequence[Page], table: Table) -> list[tuple[float, float]]:
    """Top and bottom of each row: its rulings, else halfway to its neighbours."""
    _, left, right = table.columns["quantity"]
    frames = []
    for n, (_, match) in enumerate(table.anchors):
        y = match.middle
        ys = horizontals(pages[match.page], (left + right) / 2)
        top = max((v for v in ys if v < y), default=None)
        bottom = min((v for v in ys if v > y), default=None)
        if top is None or bottom is None or bottom - top > _TALLEST:
            previous = table.anchors[n - 1][1] if n and table.anchors[n - 1][1].page == match.page else None
            following = table.anchors[n + 1][1] if n + 1 < len(table.anchors) else None
            if following is not None and following.page != match.page:
                following = None
            top = max(y - _TALLEST / 3, (previous.middle + y) / 2) if previous else y - _HALF_ROW
            bottom = min(y + _TALLEST / 3, (following.middle + y) / 2) if following else y + _HALF_ROW
        frames.append((top, bottom))
    return frames


def _cell(words: Sequence[Word], frame: tuple[float, float], column: tuple[int, float, float]) -> list[Word]:
    _, left, right = column
    return in_order(w for w in words if inside(w.box, (left, frame[0], right, frame[1])))


def _crossed(page: Page, frame: tuple[float, float], column: tuple[int, float, float]) -> bool:
    """Whether a short line runs across a cell's middle: a figure was struck out, whether or not it is still legible."""
    _, left, right = column
    return any(
        r.horizontal
        and 8 <= r.box[2] - r.box[0] < 0.8 * (right - left)
        and left + 1 < r.box[0]
        and r.box[2] < right - 1
        and frame[0] + 3 < r.box[1] < frame[1] - 3
        for r in page.rulings
        if any(w.origin == "ocr" for w in page.words[:1])
    )


def _scribbled(word: Word) -> bool:
    """Whether a recognised figure has something beside it that is no letter: a word much wider than its figures, or
    one that the engine also took for `#1`, `*1`."""
    if word.origin != "ocr" or not word.text or not any(c.isdigit() for c in word.text):
        return False
    wide = len(word.text) <= 3 and word.box[2] - word.box[0] > 1.5 * len(word.text) * (word.box[3] - word.box[1])
    return wide or any(o[:1] in "#*×x+" and o[1:].strip() == word.text for o in word.others)


def _line(
    row: Row,
    match: Match,
    cells: dict[str, list[Word]],
    ticks: Sequence[Tick],
    out: Ordered,
    number: int,
    *,
    crossed: bool,
) -> Line | None:
    written = cells.get("quantity", [])
    struck = [w for w in written if w.struck]
    quantity_words = [w for w in written if not w.struck]
    total_words = [w for w in cells.get("total", []) if not w.struck]
    price_words = [w for w in cells.get("unit_price", []) if not w.struck]
    ticked = any(t.state for t in ticks)
    doubt = any(t.state is None or t.confidence < _SURE for t in ticks)
    text, total_text = joined(quantity_words), joined(total_words)
    if written or total_words or ticked:
        out.touched = True
    price = values.parse_amount(joined(price_words)) if price_words else None
    total = values.parse_amount(total_text) if total_text else None
    if total_text and total is None:
        out.findings.append(_unread(row, total_text))
    quantity: Decimal | None = None
    if text and (text in MARKS or all(c in MARKS for c in text.replace(" ", ""))):
        quantity = Decimal(1)
    elif text:
        quantity = values.parse_quantity(text)
        if quantity is None and any(w.origin == "ocr" for w in quantity_words):
            quantity = _by_total(row.price, total)
            doubt = doubt or not (quantity == 1 and text in _STROKES)
        if quantity is None:
            out.findings.append(_unread(row, text))
            return None
    elif ticked:
        quantity = Decimal(1)
    quantity, total, agreed = _arithmetic(quantity, quantity_words, total, total_words, row.price)
    if price is None or (price != row.price and min((w.confidence for w in price_words), default=1.0) < 1.0):
        price = row.price  # what is printed there is known; recognition may have misread it
    if struck or crossed:
        told = checks.struck("une quantité ou un montant", f"{checks.short(row.label)} : {text or 'rien'}")
        out.findings.append(replace(told, field="lines"))
    if quantity is None:
        if doubt:
            out.doubtful.append(row.label)
        if total is not None and total != 0:
            quantity = _by_total(price, total)
            if quantity is None:
                out.findings.append(_unread(row, total_text))
                return None
            out.doubtful.append(row.label)
        else:
            return None
    if quantity < 0:
        out.findings.append(checks.negative_quantity(row.label, quantity))
        return None
    if quantity == 0:
        return None
    sure = of_words([*quantity_words, *total_words])
    if agreed or (price is not None and total is not None and abs(price * quantity - total) < Decimal("0.005")):
        sure = max(sure, 0.97)  # two figures that agree with the printed price
    if sure < _SURE or doubt:
        out.doubtful.append(row.label)
    boxes = [w.box for w in (*quantity_words, *total_words)] or [t.box for t in ticks if t.state] or [match.box]
    return Line(label=row.label, quantity=quantity, unit_price=price, total=total, page=number, box=around(boxes))


def _by_total(price: Decimal | None, total: Decimal | None) -> Decimal | None:
    """The quantity that a line's total tells, where its own was lost."""
    return total / price if price and total is not None and total > 0 and total % price == 0 else None


def _arithmetic(
    quantity: Decimal | None,
    quantity_words: list[Word],
    total: Decimal | None,
    total_words: list[Word],
    price: Decimal | None,
) -> tuple[Decimal | None, Decimal | None, bool]:
    """Recognised figures that contradict the printed price: the one other reading of them that does not, if there is.

    A hand's 1 and 7 look alike; that quantity × price = total tells them apart. Digital figures are left as they stand.
    """
    recognised = any(w.origin == "ocr" for w in (*quantity_words, *total_words))
    if not recognised or price is None or quantity is None or total is None or quantity * price == total:
        return quantity, total, False
    if total % price == 0 and total / price in _other_figures(quantity_words, values.parse_quantity):
        return total / price, total, True
    if quantity * price in _other_figures(total_words, values.parse_amount):
        return quantity, quantity * price, True
    return quantity, total, False


def _other_figures(words: list[Word], parse: Callable[[str], Decimal | None]) -> set[Decimal]:
    """What a recognised figure may be instead: the engines' other readings, and ones for sevens."""
    text = joined(words)
    texts = {text.replace("7", "1"), text.replace("1", "7")}
    for i, w in enumerate(words):
        for other in (w.second or "", *w.others):
            texts.add(joined([*words[:i], replace(w, text=other), *words[i + 1 :]]))
    return {v for t in texts if (v := parse(t)) is not None}


def _unread(row: Row, text: str) -> Finding:
    return Finding(
        code="doubtful",
        text=f"Ligne « {checks.short(row.label)} » : « {text} » n’est ni une quantité ni un montant. "
        "Merci de vérifier.",
        field="lines",
    )


def _strays(pages: Sequence[Page], table: Table, words: dict[int, list[Word]], used: set[int], out: Ordered) -> None:
    """Figures in the table's quantity or total column that stand in no row we know: a line may have been missed."""
    for name in ("quantity", "total"):
        if name not in table.columns:
            continue
        _, left, right = table.columns[name]
        for index in range(table.top[0], table.bottom[0] + 1):
            first = table.anchors[0][1].box[1] - 6 if index == table.top[0] else 0.0
            last = table.bottom[1] + 4 if index == table.bottom[0] else pages[index].height
            frame: Box = (left, first, right, last)
            stray = [
                w for w in words.get(index, [])
                if id(w) not in used and inside(w.box, frame) and any(c.isdigit() for c in w.text)
            ]  # fmt: skip
            if stray:
                out.findings.append(
                    Finding(
                        code="doubtful",
                        text=f"Une valeur du tableau (« {joined(in_order(stray))} ») n’est rattachée à aucune ligne "
                        "connue. Merci de vérifier la commande.",
                        field="lines",
                    )
                )
                return
