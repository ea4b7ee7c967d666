"""The table of an order's lines: found by its header's words, cut by rulings and white space, proven by arithmetic.

Rows are the lines that hold figures; text without figures continues the label of the row it stands with. Carried
totals (« Report », « À reporter »), subtotals and headings are no lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from parsers import table_bare, values
from parsers.layout import Segment, Sheet, bounds, overlap
from parsers.records import Box
from parsers.table_cells import mended
from parsers.table_columns import NUMERIC, borders, extent
from parsers.table_header import Column, Header, column_kind, headers
from parsers.table_rows import Row, gather, row_of

_CARRIED = re.compile(
    r"(?:a\s+)?report(?:er)?\b|total\s+(?:de\s+la\s+)?page\b|cumul\b|sous[- ]?total\b|"
    r"s/total\b|total\s+partiel\b|suite\b"
)
_SUITE = re.compile(r"suite\b")
_TOTAL = re.compile(
    r"(?:montant\s+)?(?:total|net|base|totaux|prix\s+total)\b(?!\s+de\s+(?:la\s+)?ligne)|(?:montant\s+)?(?:t\.?v\.?a\.?)\b|"
    r"montant\s+(?:h\.?t|t\.?t|global|general|du\s+bon|de\s+la\s+commande|hors|net|tva|total)|h\.?t\.?\s*:|arrete\s+l|"
    r"valeur\s+(?:nette|brute|totale)|soit\s|a\s+payer|ttc\b|ht\b|recapitulatif"
)
ADJUSTMENT = re.compile(
    r"(?:remise|rabais|ristourne|escompte|avoir|reduction|frais|port|participation|"
    r"eco[- ]?(?:taxe|contribution)|geste)\b"
)


@dataclass(eq=False)
class Table:
    """An order's table over its pages."""

    columns: tuple[Column, ...]
    rows: list[Row] = field(default_factory=list)  # lines ordered and adjustments, in order
    carried: list[Row] = field(default_factory=list)  # carried totals and subtotals
    areas: dict[int, Box] = field(default_factory=dict)  # page → where the table stands, header included

    def has(self, *kinds: str) -> bool:
        """Whether there is a column of one of these kinds."""
        return any(c.kind in kinds for c in self.columns)


def read(sheets: Sequence[Sheet]) -> Table | None:
    """The order's table over its pages, None where no page has a header."""
    table: Table | None = None
    for sheet in sheets:
        found = headers(sheet)
        if found:
            for header in found:
                table = _page(sheet, header, table)
        elif table is not None:
            continued = _continued(sheet, table)
            if continued is not None:
                table = _page(sheet, continued, table)
    return table if table is not None else _bare(sheets)


def _bare(sheets: Sequence[Sheet]) -> Table | None:
    """Lines without a table's header."""
    table: Table | None = None
    for sheet in sheets:
        header = table_bare.header(sheet)
        if header is not None:
            table = _page(sheet, header, table)
    if table is not None:
        return table
    for sheet in sheets:
        row = table_bare.card(sheet)
        if row is not None:
            columns = tuple(Column(kind, *row.box[::2], row.box) for kind in ("label", *row.cells))
            return Table(columns, [row], areas={row.page: row.box})
    return None


def _continued(sheet: Sheet, table: Table) -> Header | None:
    """A page without a header whose rows fall into the same columns."""
    rows = [r for r in sheet.rows if _figures(r)]
    columns = [Column(c.kind, c.x0, c.x1, (c.x0, 0.0, c.x1, 0.0)) for c in table.columns]
    amounts = [c for c in columns if c.kind in ("total", "price")]
    fits = [
        r
        for r in rows
        if any(overlap(s.box[0], s.box[2], c.x0, c.x1) >= (s.box[2] - s.box[0]) * 0.8 for s in r for c in amounts)
    ]
    if not fits or not amounts:
        return None
    top = fits[0][0].box[1] - 2
    return Header(tuple(columns), (columns[0].x0, top, columns[-1].x1, top))


def _figures(row: Sequence[Segment]) -> bool:
    return any(values.parse_amount(s.text) is not None for s in row)


def _page(sheet: Sheet, header: Header, table: Table | None) -> Table:
    below: list[Sequence[Segment]] = [r for r in sheet.rows if min(s.box[1] for s in r) >= header.box[3] - 2]
    if table is not None and header.columns[0].head[1] == header.columns[0].head[3]:
        columns = header.columns
        body = _until(below, header)
    else:
        near = [r for r in below if any(overlap(s.box[0], s.box[2], header.box[0], header.box[2]) > 0 for s in r)]
        end = max((s.box[3] for r in _until(near, header) for s in r), default=header.box[3])
        below = _within(below, *extent(sheet, header, [r for r in below if r[0].box[1] < end]))
        body = _until(below, header)
        options = borders(sheet, header, _inside(body))
        columns = max(options, key=lambda o: _fitting(sheet, body, o))
        columns = _one_label(_solved(sheet, body, columns), body)
    if table is None:
        table = Table(columns)
    if body:
        box = bounds([header.box, *(s.box for r in body for s in r)])
    else:
        box = header.box
    table.areas[sheet.page.number] = (
        bounds([box, table.areas[sheet.page.number]]) if sheet.page.number in table.areas else box
    )
    for row in gather(sheet, _rows(sheet, body, columns)):
        (table.carried if _carried(row) else table.rows).append(row)
    return table


def _carried(row: Row) -> bool:
    """Whether a row carries a sum on; « Suite bureautique » at so much a piece is a line."""
    quantity, price = values.parse_quantity(row.text("quantity")), row.amount("price") or row.amount("net")
    if (
        quantity is not None
        and price is not None
        and (row.amount("total") == quantity * price or _SUITE.match(_said(row)))
    ):
        return False
    texts = [_said(row), *(values.fold(row.text(k)) for k in row.cells)]
    return any(_CARRIED.match(t) for t in texts)


def _said(row: Row) -> str:
    return values.fold(" ".join(w.text for w in row.label))


def _within(rows: Sequence[Sequence[Segment]], x0: float, x1: float) -> list[Sequence[Segment]]:
    """The rows with what lies between two borders."""
    kept = ([s for s in row if s.box[0] > x0 - 2 and s.box[2] < x1 + 2] for row in rows)
    return [row for row in kept if row]


def _one_label(columns: tuple[Column, ...], body: Sequence[Sequence[Segment]]) -> tuple[Column, ...]:
    """Of several columns that could hold the labels (« Article », « Libellé », « Service ») the one with most text."""
    texts = [c for c in columns if c.kind == "label"]
    if len(texts) < 2:
        return columns
    words = [w for row in body for s in row for w in s.words]
    fullest = max(texts, key=lambda c: sum(len(w.text) for w in words if c.x0 <= (w.box[0] + w.box[2]) / 2 < c.x1))
    return tuple(replace(c, kind="other") if c in texts and c is not fullest else c for c in columns)


def _rows(sheet: Sheet, body: Sequence[Sequence[Segment]], columns: Sequence[Column]) -> list[Row]:
    return mended(sheet, [row_of(r, columns, sheet.page.number) for r in body])


def _solved(sheet: Sheet, body: Sequence[Sequence[Segment]], columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Columns whose header says nothing, told by arithmetic: what makes quantity × price = total in every row."""
    missing = [k for k in ("quantity", "price", "total") if not any(c.kind == k for c in columns)]
    blank = [i for i, c in enumerate(columns) if c.kind in ("unknown", "other")]
    if len(missing) != 1 or not blank or (missing[0] == "price" and any(c.kind == "net" for c in columns)):
        return columns
    for i in blank:
        tried = tuple(replace(c, kind=missing[0]) if j == i else c for j, c in enumerate(columns))
        full = [r for r in _rows(sheet, body, tried) if all(r.text(k) for k in ("quantity", "price", "total"))]
        if full and _fitting(sheet, body, tried)[0] == len(full):
            return tried
    return columns


def _fitting(sheet: Sheet, body: Sequence[Sequence[Segment]], columns: Sequence[Column]) -> tuple[int, int]:
    """How many rows prove themselves (quantity × price = total), and how many cells hold what their header says."""
    proven = sound = 0
    for row in _rows(sheet, body, columns):
        quantity = values.parse_quantity(row.text("quantity"))
        price, total = row.amount("price") or row.amount("net"), row.amount("total")
        if quantity is not None and price is not None and total is not None:
            proven += abs(quantity * price - total) <= Decimal("0.05") + abs(total) / 4 * bool(row.text("discount"))
        sound += sum(row.amount(k) is not None for k in NUMERIC if row.text(k)) - sum(
            row.amount(k) is None for k in ("quantity", "price", "net", "total") if row.text(k)
        )
    return proven, sound


def _inside(body: Sequence[Sequence[Segment]]) -> list[list[Segment]]:
    """The rows that hold figures: they show where columns part; captions and sub-totals across columns do not."""
    rows = [r for r in body if len(r) > 1 and _figures(r)]
    with_figures = [list(r) for r in rows if _ordered(r) or not any(_CARRIED.match(s.key) for s in r)]
    return with_figures or [list(r) for r in body]


def _until(rows: Sequence[Sequence[Segment]], header: Header) -> list[Sequence[Segment]]:
    """The rows of the table's body: up to the first line of totals, or where something else begins."""
    body: list[Sequence[Segment]] = []
    for i, row in enumerate(rows):
        if _closes(row) and not _wrapped(row, body, header) and not any(_ordered(r) for r in rows[i + 1 :]):
            break
        if (_ends(row, header) and not _wrapped(row, body, header)) or (
            _CARRIED.match(row[0].key) and not any(_ordered(r) for r in rows[i:])
        ):
            break
        if _sentence(row, body, header) and not any(_ordered(r) for r in rows[i + 1 :]):
            break
        far = bool(body) and row[0].box[1] - body[-1][0].box[3] > 60
        if far and not any(_figures(r) for r in rows[i : i + 3]):
            break
        body.append(row)
    return body


def _captions(row: Sequence[Segment]) -> bool:
    """Whether a row is the header of a table of totals (`Taux | Base HT | TVA | TTC`)."""
    if len(row) > 1 and not _figures(row) and all(_TOTAL.match(s.key) or _CARRIED.match(s.key) for s in row):
        return True
    kinds = [column_kind(s.key) for s in row]
    sums = {"rate", "vat", "total", "total_ttc", "ref"}
    return (
        len(kinds) > 1 and set(kinds) <= sums and bool(set(kinds) & {"vat", "total", "total_ttc"}) and not _figures(row)
    )


def _sentence(row: Sequence[Segment], body: Sequence[Sequence[Segment]], header: Header) -> bool:
    """Whether a row is a sentence that runs across the columns, set to another edge than the table's texts."""
    s = row[0]
    across = sum(c.head[0] > s.box[0] and c.head[0] < s.box[2] for c in header.columns) > 1
    edges = [o.box[0] for r in body for o in r]
    return len(row) == 1 and len(s.words) > 5 and across and not any(abs(x - s.box[0]) < 1.5 for x in edges)


def _wrapped(row: Sequence[Segment], body: Sequence[Sequence[Segment]], header: Header) -> bool:
    """Whether a row goes on from the text right above it, as a label's further line does."""
    if not body or _figures(row):
        return False
    s = row[0]
    label = next((c for c in header.columns if c.kind == "label"), None)
    after = min((c.head[0] for c in header.columns if label and c.head[0] > label.head[2]), default=0.0)
    crumbs = re.compile(r"[%€]|eur(?:os?)?|h\.?t\.?")  # cut from the figures above in narrow columns
    if any(not crumbs.fullmatch(o.key) for o in row if o.box[2] > after) and (len(row) > 1 or after):
        return False  # a sentence runs on under the columns of figures
    return any(-2 < s.box[1] - o.box[3] < 0.7 * s.height and abs(o.box[0] - s.box[0]) < 3 for o in body[-1])


def _closes(row: Sequence[Segment]) -> bool:
    """Whether a row may be where the order is signed; « Signature électronique » is what some order."""
    return not _figures(row) and re.match(r"(?:signature|cachet|visa)\b", row[0].key) is not None


def _column(s: Segment, header: Header) -> str:
    """The kind of the column whose head stands nearest above a cell."""
    return min(header.columns, key=lambda c: abs(c.head[0] + c.head[2] - s.box[0] - s.box[2])).kind


def _ordered(row: Sequence[Segment]) -> bool:
    """Whether a row looks like a line: a label and two figures, or three figures beside a label of several lines."""
    figures = sum(values.parse_amount(s.text) is not None for s in row)
    return figures >= 3 or (figures == 2 and any(values.parse_amount(s.text) is None for s in row))


def _ends(row: Sequence[Segment], header: Header) -> bool:
    """Whether a row opens the totals: a total's label with its figure behind or beside, and no quantity before."""
    if _captions(row):
        return True
    for i, s in enumerate(row):
        if _CARRIED.match(s.key):
            return False
        if _TOTAL.match(s.key) and (i == 0 or not values.parse_amount(row[0].text)):
            rest = row[i + 1 :]
            if (
                any(values.parse_amount(o.text) is not None for o in rest)
                or re.search(r"\d[\d ]*[.,]\d\d", s.key)
                or s.key.startswith(("arrete", "total", "montant"))
            ):
                # « Total … » as a line's own label has a quantity and a price beside it.
                figures = [o for o in rest if values.parse_amount(o.text) is not None]
                return len(figures) < 3 or not any(_column(o, header) in ("quantity", "price", "net") for o in figures)
        if not _figures(row) and re.match(
            r"fait\s+a\b|le\s+maire\b|bon\s+pour\b|date\s+et\s+signature|l'ordonnateur\b|observations?\b|conditions\b|page\s+\d",
            s.key,
        ):
            return True
    return False
