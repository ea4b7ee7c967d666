"""A spreadsheet's sheet as a table of blocks, and how its numbers and dates are written out."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal

from parsers.records import Finding
from parsers.sources.flow import Block, Cell, Paragraph, Table, Text

ROWS, COLUMNS = 1_000, 60  # what is read of a sheet; an order stands in far less
LISTED = 3  # filled cells from which a row is one of a list: its empty cells count too
SPILL = 30  # characters from which a text runs on over the empty cells to its right

UNCOMPUTED = Finding(
    code="uncomputed",
    text="Ce tableau contient des formules en erreur, ou dont le résultat n’est pas enregistré ; "
    "merci de l’ouvrir dans votre tableur, de l’enregistrer et de le renvoyer, ou d’en faire un PDF.",
)
CUT = Finding(
    code="too_big",
    text=f"Ce tableau dépasse {ROWS} lignes et n’a été lu que jusque-là ; merci de n’envoyer que le bon de commande.",
)


@dataclass(slots=True)
class Sheet:
    """The cells of one sheet by (row, column), filled by a reader."""

    cells: dict[tuple[int, int], Cell] = field(default_factory=dict)
    uncomputed: bool = False  # a formula has no stored result
    cut: bool = False  # cells past the limits were left out

    def put(
        self, row: int, column: int, blocks: list[Block], *, columns: int = 1, rows: int = 1, framed: bool = False
    ) -> None:
        """Add blocks to a cell, below what it holds already. Places past the limits are dropped and noted."""
        if row >= ROWS or column >= COLUMNS:
            self.cut = self.cut or (row >= ROWS and bool(blocks))
            return
        old = self.cells.get((row, column), Cell())
        self.cells[row, column] = Cell(
            blocks=(*old.blocks, *blocks),
            columns=max(old.columns, min(columns, COLUMNS - column)),
            rows=max(old.rows, min(rows, ROWS - row)),
            framed=framed or bool(old.framed),
        )

    def findings(self) -> list[Finding]:
        """What a person must know of this sheet."""
        return ([UNCOMPUTED] if self.uncomputed else []) + ([CUT] if self.cut else [])

    def blocks(self) -> Iterator[Block]:
        """The sheet as one table; rows and columns that hold nothing are left out, their order kept."""
        taken = {k: c for k, c in self._listed().items() if c.blocks or c.framed}
        if not any(c.blocks for c in taken.values()):
            return
        rows = sorted({r for r, _ in taken})
        columns = sorted({c for _, c in taken} | {c for (_, c0), x in taken.items() for c in range(c0, c0 + x.columns)})
        covered = {
            (r, c)
            for (r0, c0), cell in taken.items()
            if cell.rows > 1 or cell.columns > 1
            for r in range(r0, r0 + cell.rows)
            for c in range(c0, c0 + cell.columns)
            if (r, c) != (r0, c0)
        }
        lines: list[tuple[Cell, ...]] = []
        for before, r in zip([rows[0], *rows], rows, strict=False):
            if r > before + 1:  # rows left empty part what stands above from what stands below
                lines.append((Cell(columns=len(columns), framed=False),))
            line: list[Cell] = []
            i = 0
            while i < len(columns):
                c = columns[i]
                cell = Cell(covered=True, framed=False) if (r, c) in covered else taken.get((r, c), Cell(framed=False))
                span = sum(1 for x in columns[i:] if x < c + cell.columns)
                length = sum(1 for x in rows if r <= x < r + cell.rows)
                if span == 1 and not cell.framed and _long(cell):
                    while i + span < len(columns) and self._free(taken, covered, r, columns[i + span]):
                        span += 1
                line.append(
                    Cell(blocks=cell.blocks, columns=span, rows=length, covered=cell.covered, framed=bool(cell.framed))
                )
                i += span
            lines.append(tuple(line))
        yield Table(rows=tuple(lines), ruled=False)

    def _listed(self) -> dict[tuple[int, int], Cell]:
        """The cells, those of lists framed where no border is drawn: a spreadsheet shows its cells without any.

        So an empty quantity stays an empty cell, and the price beside it is not taken for it.
        """
        if any(c.framed for c in self.cells.values()):
            return self.cells
        filled: dict[int, list[int]] = {}
        for (r, c), cell in self.cells.items():
            if cell.blocks and cell.columns == cell.rows == 1:
                filled.setdefault(r, []).append(c)
        lists = {r: c for r, c in filled.items() if len(c) >= LISTED}
        if not lists:
            return self.cells
        first, last = min(min(c) for c in lists.values()), max(max(c) for c in lists.values())
        places = {(r, c) for r in lists for c in range(first, last + 1)}
        framed = {k: replace(c, framed=k in places) for k, c in self.cells.items()}
        return framed | {k: Cell(framed=True) for k in places - self.cells.keys()}

    @staticmethod
    def _free(taken: dict[tuple[int, int], Cell], covered: set[tuple[int, int]], row: int, column: int) -> bool:
        return (row, column) not in taken and (row, column) not in covered


def _long(cell: Cell) -> bool:
    texts = (i.text for b in cell.blocks if isinstance(b, Paragraph) for i in b.items if isinstance(i, Text))
    return sum(len(t) for t in texts) > SPILL


def french_date(iso: str) -> str:
    """`2025-11-07` or `2025-11-07T00:00:00` as `07/11/2025`; anything else as it is."""
    m = re.match(r"(\d{4})-(\d{2})-(\d{2})", iso)
    return f"{m[3]}/{m[2]}/{m[1]}" if m else iso


def failed(text: str) -> bool:
    """Whether a cell shows a formula's error (`#VALUE!`, `#REF!`, `Err:502`) and no value."""
    return bool(re.fullmatch(r"#[A-Z/0!?]{2,12}|#(?:VALEUR|NOMBRE|NOM)[!?]|Err:\d{3}", text.strip()))


def plain_number(value: float) -> str:
    """A number without a format: all its digits, no exponent, a decimal comma; noise of binary fractions dropped."""
    if value == int(value) and abs(value) < 1e16:
        return str(int(value))
    return f"{value:.8f}".rstrip("0").rstrip(".").replace(".", ",")


def formatted(value: float, code: str) -> str:
    """A number as its format shows it: leading zeros, decimals, percent, euro. Other formats: `plain_number`.

    Groups of thousands are not separated: one number stays one word.
    """
    code = re.sub(r"\[[^\]]*\]|_.|\*.", "", code.split(";")[0])
    percent = "%" in code
    euro = " €" if "€" in code or "EUR" in code else ""
    digits = re.sub(r'"[^"]*"|\\.', "", code)
    number = Decimal(repr(value * 100 if percent else value))
    m = re.search(r"([0#?, ]*[0#?])(?:\.([0#?]+))?", digits)
    if not m or code == "General" or "E+" in digits or "/" in digits:
        return plain_number(value) + euro
    least = len(re.sub(r"[^0#?]", "", m[1][m[1].find("0") :])) if "0" in m[1] else 0
    if m[2] is None and least > 1 and number == number.to_integral_value():
        return str(int(number)).zfill(least) + euro  # postal codes 00000, telephone numbers 0# ## ## ## ##
    places = len(m[2] or "")
    text = f"{number:.{places}f}".replace(".", ",")
    if places == 0 and number != number.to_integral_value():
        text = plain_number(float(number))  # the format hides decimals: the value counts
    return text + (" %" if percent else "") + euro


def written_date(value: dt.datetime | dt.date | dt.time | dt.timedelta) -> str:
    """A date cell, day first; a time keeps its hours."""
    if isinstance(value, dt.datetime | dt.date):
        return f"{value.day:02d}/{value.month:02d}/{value.year:04d}"
    return str(value)
