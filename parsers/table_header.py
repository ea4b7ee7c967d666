"""The header of an order's table: which columns its words announce, over one line or several.

Columns are known by what their header says (Désignation, Qté, P.U. HT, Remise, TVA, Montant HT…), in any order.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from parsers import values, vocabulary
from parsers.layout import Segment, Sheet, bounds, overlap, same_row
from parsers.order_labels import marks
from parsers.page import Word
from parsers.records import Box


@dataclass(frozen=True)
class Column:
    """One column: what its header says and from where to where it goes."""

    kind: str
    x0: float
    x1: float
    head: Box


@dataclass(frozen=True)
class Header:
    """A header's columns, where it ends, and its words."""

    columns: tuple[Column, ...]
    box: Box


def column_kind(folded: str) -> str | None:
    """What a header cell's folded text announces, None where it is no header."""
    text = re.sub(r"\s+", " ", folded).strip(" .:*")
    return next((e.key for e, p in vocabulary.patterns("columns", r"\.?") if p.fullmatch(text)), None)


def headers(sheet: Sheet) -> list[Header]:
    """The headers of order tables on a page, from the top."""
    found: list[Header] = []
    rows = sheet.rows
    for i, row in enumerate(rows):
        cells = _cells(row)
        kinds = {k for k, _ in cells}
        if not _enough(kinds) and not ("label" in kinds or kinds & {"quantity", "price", "total"}):
            continue
        merged = _merge(sheet, i)
        if merged is None or not _enough({c.kind for c in merged.columns}):
            continue
        if found and overlap(found[-1].box[1], found[-1].box[3], merged.box[1], merged.box[3]) > 0:
            continue
        found.append(merged)
    return found


_JUT = 15.0  # points that a header's cell may stand out from the table's edge without being a text beside it


def _enough(kinds: Iterable[str]) -> bool:
    kinds = set(kinds)
    money = kinds & {"price", "net", "total", "price_ttc", "total_ttc"}
    return ("label" in kinds and bool(money | (kinds & {"quantity"}))) or (
        "quantity" in kinds and len(money) >= 1 and len(kinds) >= 3
    )


def _cells(row: Sequence[Segment]) -> list[tuple[str, Box]]:
    """The header cells that a row's segments hold; a segment may hold several, set close together."""
    cells: list[tuple[str, Box]] = []
    for s in row:
        kind = column_kind(s.key)
        if kind is not None:
            cells.append((kind, s.box))
        else:
            cells.extend(_parts(s))
    return cells


def _parts(s: Segment) -> list[tuple[str, Box]]:
    """A segment as header cells side by side, empty where it is none."""
    words = _apart(s.words)
    best: dict[int, list[tuple[str, Box]]] = {0: []}
    for end in range(1, len(words) + 1):
        for start in range(max(0, end - 5), end):
            if start not in best:
                continue
            kind = column_kind(" ".join(values.fold(w.text) for w in words[start:end]))
            if kind is None:
                continue
            option = [*best[start], (kind, bounds(w.box for w in words[start:end]))]
            if end not in best or len(option) < len(best[end]):
                best[end] = option
    return best.get(len(words), [])


def _apart(words: Sequence[Word]) -> list[Word]:
    """Header words set so tightly that they came as one (`QuantitéPrix`) taken apart, their boxes by share."""
    found: list[Word] = []
    for w in words:
        cuts = [m.start() for m in re.finditer(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])", w.text)]
        at = [0, *cuts, len(w.text)]
        x0, top, x1, bottom = w.box
        wide = (x1 - x0) / max(len(w.text), 1)
        found.extend(
            replace(w, text=w.text[a:b], box=(x0 + a * wide, top, x0 + b * wide, bottom)) for a, b in pairwise(at)
        )
    return found


def _merge(sheet: Sheet, at: int) -> Header | None:
    """The header around a row: cells of two or three lines put together, by the columns they share."""
    seed = _without_text_beside(sheet, sheet.rows[at])
    x0, _, x1, _ = bounds(s.box for s in seed)
    lines = [seed]
    for step in (-1, 1):
        j, last = at + step, seed
        while 0 <= j < len(sheet.rows) and len(lines) < 4:
            inside = [s for s in sheet.rows[j] if overlap(s.box[0], s.box[2], x0, x1) > 0 or _head_words(s)]
            inside = [s for s in inside if not _is_beside(sheet, s, x0, x1)]
            if inside and not _joins(inside, last, step):
                break
            if inside:
                lines.append(inside)
                last = inside
            j += step
    best: Header | None = None
    for group in (lines, [seed]):
        columns = _columns([s for line in sorted(group, key=lambda r: r[0].box[1]) for s in line])
        if columns is None:
            continue
        if best is None or len(columns) > len(best.columns):
            best = Header(tuple(columns), bounds(c.head for c in columns))
    return best


def _joins(row: Sequence[Segment], near: Sequence[Segment], step: int) -> bool:
    """Whether a row may be a further line of the header: close, without figures, made of header words."""
    a, b = bounds(s.box for s in row), bounds(s.box for s in near)
    gap = b[1] - a[3] if step < 0 else a[1] - b[3]
    if gap > 0.8 * max(s.height for s in near):
        return False
    return all(_head_words(s) for s in row)


def _head_words(s: Segment) -> bool:
    return column_kind(s.key) is not None or all(_HEAD_WORD.fullmatch(w) for w in s.key.split())


def _without_text_beside(sheet: Sheet, row: Sequence[Segment]) -> Sequence[Segment]:
    """A header's row without the lines of a text that runs down the page left or right of the table."""
    known = [i for i, s in enumerate(row) if column_kind(s.key) is not None or _parts(s)]
    if not known:
        return row
    first, last = known[0], known[-1]
    beside = [s for i, s in enumerate(row) if not first <= i <= last and (_is_number(s) or runs_down(sheet, s))]
    return [s for s in row if s not in beside]


def _is_number(s: Segment) -> bool:
    return values.parse_amount(s.text) is not None  # no column is headed so: a telephone number's second line is


def _is_beside(sheet: Sheet, s: Segment, x0: float, x1: float) -> bool:
    """Whether a line belongs to a text beside the table, though it says what a header may, or reaches over it."""
    if overlap(s.box[0], s.box[2], x0, x1) > 0:
        out = s.box[0] < x0 - _JUT or s.box[2] > x1 + _JUT
        return out and not _head_words(s) and (sheet.crossed(s.words) or runs_down(sheet, s))
    return runs_down(sheet, s)


def runs_down(sheet: Sheet, s: Segment, cells: Collection[Segment] = ()) -> bool:
    """Whether a segment is a line of running text: labelled, or right below a line that is no header and no cell."""
    if values.parse_amount(s.text) is not None:
        return False
    if "@" in s.text or any(m.colon or m.strong for m in marks(s)):
        return True
    return any(
        -2 < s.box[1] - o.box[3] < 0.9 * s.height and abs(o.box[0] - s.box[0]) < 3 and not _head_words(o)
        for o in sheet.segments
        if o not in cells
    )


_HEAD_WORD = re.compile(
    r"\(?(?:prix|unit\w*\.?|p\.?u\.?|h\.?t\.?|t\.?t\.?c\.?|€|eur|euros?|montant|total|tva|t\.v\.a\.?|taux|%|qte|quantite\w*|commandee?s?|cdee?|remise|"
    r"ref\w*\.?|n°|code|article\w*|designation|libelle|hors|taxes?|net|brut|en|de|la|du|des|ligne|l'unite|d'unites?|/|cocher|nbre|nombre|unites?|"
    r"prestations?|produits?|description|imputation|budgetaire|toutes|comprises)\)?"
)


def _spread(parts: list[tuple[list[Word], Box]]) -> list[tuple[list[Word], Box]]:
    """Header cells without those that stand over several of the next line (« Prix » over « unitaire » and « total »).

    What such a cell says is put before what each of them says, where that makes a header.
    """
    found = list(parts)
    for top in parts:
        under = [
            x
            for x in parts
            if x is not top and x[1][1] > top[1][3] - 2 and overlap(x[1][0], x[1][2], top[1][0], top[1][2]) > 0
        ]
        line = [x for x in under if same_row(x[1], min(under, key=lambda x: x[1][1])[1])]
        if len(line) < 2:
            continue
        found.remove(top)
        for words, box in line:
            together = values.fold(" ".join(w.text for w in [*top[0], *words]))
            if column_kind(together) is not None and (words, box) in found:
                found[found.index((words, box))] = ([*top[0], *words], box)
    return found


def _columns(cells: Sequence[Segment]) -> list[Column] | None:
    """Header cells, those above one another as one, each with its kind; None where one says nothing."""
    parts: list[tuple[list[Word], Box]] = []
    for s in cells:
        above = [b for _, b in parts if b[3] <= s.box[1] + 2 and overlap(b[0], b[2], s.box[0], s.box[2]) > 0]
        split = _parts(s) if column_kind(s.key) is None and len(above) != 1 else []
        groups = (
            [[w for w in _apart(s.words) if overlap(w.box[0], w.box[2], b[0], b[2]) > 0.1] for _, b in split]
            if split
            else [list(s.words)]
        )
        parts.extend((g, bounds(w.box for w in g)) for g in groups)
    stacks: list[tuple[list[Word], Box]] = []
    parts = _spread(parts)
    for words, box in sorted(parts, key=lambda p: p[1][1]):
        over = [
            x
            for x in stacks
            if overlap(x[1][0], x[1][2], box[0], box[2]) > 0.3 * min(x[1][2] - x[1][0], box[2] - box[0])
        ]
        if len(over) == 1 and not same_row(over[0][1], box):
            over[0][0].extend(words)
            stacks[stacks.index(over[0])] = (over[0][0], bounds((over[0][1], box)))
        else:
            stacks.append((words, box))
    columns: list[Column] = []
    for words, box in sorted(stacks, key=lambda x: x[1][0]):
        # Narrow cells break words: « Descriptio » above « n ».
        kind = column_kind(values.fold(" ".join(w.text for w in words)))
        kind = kind or column_kind(values.fold("".join(w.text for w in words)))
        columns.append(Column(kind or "unknown", box[0], box[2], box))
    kinds = {c.kind for c in columns}
    if "label" not in kinds and "unknown" in kinds and "quantity" in kinds and kinds & {"price", "net", "total"}:
        wide = max((c for c in columns if c.kind == "unknown"), key=lambda c: c.x1 - c.x0)
        columns[columns.index(wide)] = replace(wide, kind="label")
    whole = [i for i, c in enumerate(columns) if c.kind == "total"]
    if len(whole) > 1 and not any(c.kind in ("price", "net") for c in columns):
        # « Prix HT … Total HT »: the first is the price of one.
        columns[whole[0]] = replace(columns[whole[0]], kind="price")
    return columns if any(c.kind != "unknown" for c in columns) else None
