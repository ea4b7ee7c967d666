"""The table of an order's lines: found by its header's words, cut by rulings and white space, proven by arithmetic.

Columns are known by what their header says (Désignation, Qté, P.U. HT, Remise, TVA, Montant HT…), in any order. Rows
are the lines that hold figures; text without figures continues the label of the row it stands with. Carried totals
(« Report », « À reporter »), subtotals and headings are no lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise

from parsers import values, vocabulary
from parsers.layout import Segment, Sheet, bounds, overlap, same_row
from parsers.page import Word
from parsers.records import Box

NUMERIC = ("quantity", "price_ttc", "net", "price", "discount", "rate", "vat", "total_ttc", "total")
_CARRIED = re.compile(
    r"(?:a\s+)?report(?:er)?\b|total\s+(?:de\s+la\s+)?page\b|cumul\b|sous[- ]?total\b|"
    r"s/total\b|total\s+partiel\b|suite\b"
)
_TOTAL = re.compile(
    r"(?:montant\s+)?(?:total|net|base|totaux|prix\s+total)\b(?!\s+de\s+(?:la\s+)?ligne)|(?:montant\s+)?(?:t\.?v\.?a\.?)\b|"
    r"montant\s+(?:h\.?t|t\.?t|global|general|du\s+bon|de\s+la\s+commande|hors|net|tva|total)|h\.?t\.?\s*:|arrete\s+l|"
    r"soit\s|a\s+payer|ttc\b|ht\b|recapitulatif"
)
ADJUSTMENT = re.compile(
    r"(?:remise|rabais|ristourne|escompte|avoir|reduction|frais|port|participation|"
    r"eco[- ]?(?:taxe|contribution)|geste)\b"
)
_FREE = re.compile(r"^(?:offert\w*|gratuit\w*|inclus\w*|compris\w*|sans\s+frais|nc|-+|neant)$")


@dataclass(frozen=True)
class Column:
    """One column: what its header says and from where to where it goes."""

    kind: str
    x0: float
    x1: float
    head: Box


@dataclass(eq=False)
class Row:
    """One line of the table: its cells' words by kind of column, its label's lines in order."""

    box: Box
    cells: dict[str, list[Word]]
    label: list[Word]
    page: int

    def text(self, kind: str) -> str:
        """A cell's text."""
        return values.clean(" ".join(w.text for w in self.cells.get(kind, [])))

    def amount(self, kind: str) -> Decimal | None:
        """A cell's amount; a word such as « offert » is 0."""
        text = self.text(kind)
        if text and _FREE.match(values.fold(text)):
            return Decimal(0) if re.match(r"offert|gratuit|inclus|compris|sans", values.fold(text)) else None
        return values.parse_amount(text) if text else None

    @property
    def words(self) -> list[Word]:
        """All words."""
        return self.label + [w for ws in self.cells.values() for w in ws]


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


@dataclass(frozen=True)
class Header:
    """A header's columns, where it ends, and its words."""

    columns: tuple[Column, ...]
    box: Box


# --- the header ------------------------------------------------------------------------------------------------------


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
    seed = sheet.rows[at]
    lines = [seed]
    for step in (-1, 1):
        j, last = at + step, seed
        while 0 <= j < len(sheet.rows) and len(lines) < 4 and _joins(sheet.rows[j], last, step):
            lines.append(sheet.rows[j])
            last, j = sheet.rows[j], j + step
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
    return all(_HEAD_WORD.fullmatch(w) for s in row for w in s.key.split())


_HEAD_WORD = re.compile(
    r"\(?(?:prix|unit\w*\.?|p\.?u\.?|h\.?t\.?|t\.?t\.?c\.?|€|eur|euros?|montant|total|tva|t\.v\.a\.?|taux|%|qte|quantite\w*|commandee?s?|cdee?|remise|"
    r"ref\w*\.?|n°|code|article\w*|designation|libelle|hors|taxes?|net|brut|en|de|la|du|des|ligne|l'unite|d'unites?|/|cocher|nbre|nombre|unites?|"
    r"prestations?|produits?|description|imputation|budgetaire|toutes|comprises)\)?"
)


def _columns(cells: Sequence[Segment]) -> list[Column] | None:
    """Header cells, those above one another as one, each with its kind; None where one says nothing."""
    parts: list[tuple[list[Word], Box]] = []
    for s in cells:
        split = _parts(s) if column_kind(s.key) is None else []
        groups = (
            [[w for w in _apart(s.words) if overlap(w.box[0], w.box[2], b[0], b[2]) > 0.1] for _, b in split]
            if split
            else [list(s.words)]
        )
        parts.extend((g, bounds(w.box for w in g)) for g in groups)
    stacks: list[tuple[list[Word], Box]] = []
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


# --- columns' borders ------------------------------------------------------------------------------------------------


def borders(sheet: Sheet, header: Header, body: Sequence[Sequence[Segment]]) -> list[tuple[Column, ...]]:
    """The columns with their borders, in one or two readings, the likelier first.

    One follows the white gaps that no row crosses (and rulings between two headers); one gives each column of figures
    to a header in order, for headers set left over figures set right.
    """
    columns = sorted(header.columns, key=lambda c: c.head[0])
    left = min([columns[0].head[0], *(s.box[0] for row in body for s in row)]) - 2
    right = max([columns[-1].head[2], *(s.box[2] for row in body for s in row)]) + 2
    gaps = [_edge(sheet, a, b, header, body) for a, b in pairwise(columns)]
    found = [_bounded(columns, [left, *gaps, right])]
    by_stacks = _by_stacks(columns, body)
    if by_stacks is not None:
        found.append(_bounded(columns, [left, *by_stacks, right]))
    return found


def _bounded(columns: Sequence[Column], xs: Sequence[float]) -> tuple[Column, ...]:
    return tuple(Column(c.kind, x0, x1, c.head) for c, x0, x1 in zip(columns, xs, xs[1:], strict=False))


def _by_stacks(columns: Sequence[Column], body: Sequence[Sequence[Segment]]) -> list[float] | None:
    """Borders between columns when each stack of cells goes to a header, in order; None where they do not fit."""
    stacks: list[list[float]] = []
    figures: list[bool] = []
    for s in sorted((s for row in body for s in row), key=lambda s: s.box[0]):
        if stacks and s.box[0] < stacks[-1][1] + 1:
            stacks[-1][1] = max(stacks[-1][1], s.box[2])
            figures[-1] = figures[-1] and _is_figure(s)
        else:
            stacks.append([s.box[0], s.box[2]])
            figures.append(_is_figure(s))
    if not 2 <= len(stacks) <= len(columns):
        return None
    best = _aligned(stacks, figures, columns)
    if best is None:
        return None
    places: dict[int, list[float]] = {c: stacks[i] for i, c in enumerate(best)}
    edges: list[float] = []
    for i in range(len(columns) - 1):
        a = places.get(i, [columns[i].head[0], columns[i].head[2]])
        b = places.get(i + 1, [columns[i + 1].head[0], columns[i + 1].head[2]])
        edges.append((a[1] + b[0]) / 2)
    return edges if edges == sorted(edges) else None


def _is_figure(s: Segment) -> bool:
    return values.parse_amount(s.text) is not None or values.parse_rate(s.text) is not None


def _aligned(stacks: Sequence[Sequence[float]], figures: Sequence[bool], columns: Sequence[Column]) -> list[int] | None:
    """For each stack of cells its column, in order, at the least distance; figures go under headers of figures."""
    best: dict[int, tuple[float, list[int]]] = {-1: (0.0, [])}
    for stack, figure in zip(stacks, figures, strict=True):
        options: dict[int, tuple[float, list[int]]] = {}
        for last, (cost, chosen) in best.items():
            for c in range(last + 1, len(columns)):
                head = columns[c].head
                off = max(-overlap(stack[0], stack[1], head[0], head[2]), 0.0)
                numeric = columns[c].kind in NUMERIC
                wrong = 60.0 if numeric and not figure else 25.0 if figure and columns[c].kind == "label" else 0.0
                total = cost + off + wrong
                if c not in options or total < options[c][0]:
                    options[c] = (total, [*chosen, c])
        best = options
    return min(best.values(), key=lambda x: x[0])[1] if best else None


def _edge(sheet: Sheet, a: Column, b: Column, header: Header, body: Sequence[Sequence[Segment]]) -> float:
    low, high = a.head[0], b.head[2]
    between = [
        r
        for r in sheet.down
        if a.head[2] - 2 <= r[0] <= b.head[0] + 2 and r[1] <= header.box[3] + 2 and r[3] >= header.box[1]
    ]
    if between and any(r[3] > header.box[3] + 4 for r in sheet.down if abs(r[0] - between[0][0]) < 2):
        return between[0][0]
    for units in ([s.box for row in body for s in row], [w.box for row in body for s in row for w in s.words]):
        taken = sorted((x0, x1) for x0, _, x1, _ in [*units, a.head, b.head] if x1 > low and x0 < high)
        gap = _widest(taken, (a.head[0] + a.head[2]) / 2, (b.head[0] + b.head[2]) / 2)
        if gap is not None:
            return gap
    return (a.head[2] + b.head[0]) / 2


def _widest(taken: Sequence[tuple[float, float]], low: float, high: float) -> float | None:
    """Middle of the widest free stretch between two points, None where all is taken."""
    best: tuple[float, float] | None = None
    end = low
    for x0, x1 in taken:
        if x0 > end and (best is None or min(x0, high) - end > best[1] - best[0]):
            best = (end, min(x0, high))
        end = max(end, x1)
        if end >= high:
            break
    else:
        if high > end and (best is None or high - end > best[1] - best[0]):
            best = (end, high)
    return None if best is None or best[1] - best[0] < 0.8 else (best[0] + best[1]) / 2


# --- rows ------------------------------------------------------------------------------------------------------------


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
    return table


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
    below = [r for r in sheet.rows if min(s.box[1] for s in r) >= header.box[3] - 2]
    if table is not None and header.columns[0].head[1] == header.columns[0].head[3]:
        columns = header.columns
        body = _until(below)
    else:
        body = _until(below)
        options = borders(sheet, header, _inside(body))
        columns = max(options, key=lambda o: _fitting(body, o, sheet.page.number))
        columns = _solved(body, columns, sheet.page.number)
    if table is None:
        table = Table(columns)
    if body:
        box = bounds([header.box, *(s.box for r in body for s in r)])
    else:
        box = header.box
    table.areas[sheet.page.number] = (
        bounds([box, table.areas[sheet.page.number]]) if sheet.page.number in table.areas else box
    )
    rows = [_row(r, columns, sheet.page.number) for r in body]
    for row in _gather(sheet, rows):
        texts = [values.fold(" ".join(w.text for w in row.label)), *(values.fold(row.text(k)) for k in row.cells)]
        (table.carried if any(_CARRIED.match(t) for t in texts) else table.rows).append(row)
    return table


def _solved(body: Sequence[Sequence[Segment]], columns: tuple[Column, ...], page: int) -> tuple[Column, ...]:
    """Columns whose header says nothing, told by arithmetic: what makes quantity × price = total in every row."""
    missing = [k for k in ("quantity", "price", "total") if not any(c.kind == k for c in columns)]
    blank = [i for i, c in enumerate(columns) if c.kind in ("unknown", "other")]
    if len(missing) != 1 or not blank or (missing[0] == "price" and any(c.kind == "net" for c in columns)):
        return columns
    for i in blank:
        tried = tuple(replace(c, kind=missing[0]) if j == i else c for j, c in enumerate(columns))
        rows = [_row(r, tried, page) for r in body]
        full = [r for r in rows if all(r.text(k) for k in ("quantity", "price", "total"))]
        if full and _fitting(body, tried, page)[0] == len(full):
            return tried
    return columns


def _fitting(body: Sequence[Sequence[Segment]], columns: Sequence[Column], page: int) -> tuple[int, int]:
    """How many rows prove themselves (quantity × price = total), and how many cells hold what their header says."""
    proven = sound = 0
    for r in body:
        row = _row(r, columns, page)
        quantity = values.parse_quantity(row.text("quantity"))
        price, total = row.amount("price") or row.amount("net"), row.amount("total")
        if quantity is not None and price is not None and total is not None:
            proven += abs(quantity * price - total) <= Decimal("0.05") + abs(total) / 4 * bool(row.text("discount"))
        sound += sum(row.amount(k) is not None for k in NUMERIC if row.text(k)) - sum(
            row.amount(k) is None for k in ("quantity", "price", "net", "total") if row.text(k)
        )
    return proven, sound


def _inside(body: Sequence[Sequence[Segment]]) -> list[list[Segment]]:
    """The rows that hold figures: they show where columns part; captions across all columns do not."""
    with_figures = [list(r) for r in body if len(r) > 1 and _figures(r)]
    return with_figures or [list(r) for r in body]


def _until(rows: Sequence[Sequence[Segment]]) -> list[Sequence[Segment]]:
    """The rows of the table's body: up to the first line of totals, or where something else begins."""
    body: list[Sequence[Segment]] = []
    for i, row in enumerate(rows):
        if (_ends(row) and not _wrapped(row, body)) or (
            _CARRIED.match(row[0].key) and not any(_ordered(r) for r in rows[i + 1 :])
        ):
            break
        far = bool(body) and row[0].box[1] - body[-1][0].box[3] > 60
        if far and not any(_figures(r) for r in rows[i : i + 3]):
            break
        body.append(row)
    return body


def _wrapped(row: Sequence[Segment], body: Sequence[Sequence[Segment]]) -> bool:
    """Whether a row goes on from the text right above it, as a label's further line does."""
    if not body or len(row) > 1 or _figures(row):
        return False
    s = row[0]
    return any(-2 < s.box[1] - o.box[3] < 0.7 * s.height and abs(o.box[0] - s.box[0]) < 3 for o in body[-1])


def _ordered(row: Sequence[Segment]) -> bool:
    """Whether a row looks like a line: a label and two figures or more."""
    figures = sum(values.parse_amount(s.text) is not None for s in row)
    return figures >= 2 and any(values.parse_amount(s.text) is None for s in row)


def _ends(row: Sequence[Segment]) -> bool:
    """Whether a row opens the totals: a total's label with its figure behind or beside, and no quantity before."""
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
                return len([o for o in rest if values.parse_amount(o.text) is not None]) < 3
        if not _figures(row) and re.match(
            r"fait\s+a\b|le\s+maire\b|signature\b|cachet\b|bon\s+pour\b|date\s+et\s+signature|l'ordonnateur\b|visa\b|observations?\b|conditions\b|page\s+\d",
            s.key,
        ):
            return True
    return False


def _row(row: Sequence[Segment], columns: Sequence[Column], page: int) -> Row:
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


def _anchor(row: Row) -> bool:
    """Whether a row holds a line's figures."""
    return any(row.amount(k) is not None for k in ("quantity", "price", "net", "total", "price_ttc", "total_ttc"))


def _gather(sheet: Sheet, rows: Sequence[Row]) -> list[Row]:
    """Rows with figures, each with the label lines that stand with it."""
    anchors = [r for r in rows if _anchor(r)]
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
    up = above is not None and not _parted(sheet, above, row)
    down = below is not None and not _parted(sheet, row, below)
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


def _parted(sheet: Sheet, upper: Row, lower: Row) -> bool:
    """Whether a horizontal ruling of the table stands between two rows' lines."""
    low, high = sorted(((upper.box[1] + upper.box[3]) / 2, (lower.box[1] + lower.box[3]) / 2))
    x = (max(upper.box[0], lower.box[0]) + min(upper.box[2], lower.box[2])) / 2
    return any(low < r[1] < high and r[0] - 3 <= x <= r[2] + 3 and r[2] - r[0] > 60 for r in sheet.across)
