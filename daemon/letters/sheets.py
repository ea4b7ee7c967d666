"""Workbooks (XLSX): cells that hold text hold text, whatever it begins with; headers frozen, filters set."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Value = str | int | float | Decimal | dt.date | bool | None

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")  # what XML 1.0 cannot hold
_WIDEST = 60  # characters of a column
_MOST = 32_767  # characters of a cell, a limit of the format
_HEAD = "1F4E79"
AMOUNT = '#,##0.00\\ "€"'
DATE = "dd/mm/yyyy"


def workbook(at: dt.datetime) -> Workbook:
    """An empty workbook dated `at`, so that the same facts give the same cells and properties."""
    from openpyxl import Workbook

    book = Workbook()
    book.properties.creator = "Vaguemestre"
    book.properties.created = book.properties.modified = at.astimezone(dt.UTC).replace(tzinfo=None)
    book.remove(book.worksheets[0])
    return book


def table(book: Workbook, title: str, head: Sequence[str], rows: Sequence[Sequence[Value]]) -> Worksheet:
    """A sheet with one table: its header in bold, frozen, with filters; columns as wide as what they hold."""
    sheet = book.create_sheet(_title(title))
    for column, name in enumerate(head, 1):
        _head(put(sheet, 1, column, name))
    for number, row in enumerate(rows, 2):
        for column, value in enumerate(row, 1):
            put(sheet, number, column, value)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    fit(sheet)
    return sheet


def put(
    sheet: Worksheet,
    row: int,
    column: int,
    value: Value,
    *,
    bold: bool = False,
    size: int = 11,
    form: str | None = None,
) -> Cell:
    """A value in its cell. A text that begins like a formula stays a text, also when somebody edits the cell."""
    from openpyxl.styles import Alignment, Font

    cell = sheet.cell(row=row, column=column)
    if isinstance(value, bool):
        value = "oui" if value else "non"
    if isinstance(value, str):
        cell.value = _CONTROL.sub("", value)[:_MOST]
        cell.data_type = "s"
        cell.quotePrefix = value[:1] in tuple("=+-@\t\r")
        cell.alignment = Alignment(vertical="top", wrap_text=len(value) > _WIDEST or "\n" in value)
    else:
        cell.value = value
        cell.alignment = Alignment(vertical="top")
        if isinstance(value, Decimal):
            cell.number_format = AMOUNT
        elif isinstance(value, dt.date):
            cell.number_format = DATE
    if form:
        cell.number_format = form
    if bold:
        cell.font = Font(bold=True, size=size)
    return cell


def _head(cell: Cell) -> None:
    from openpyxl.styles import Font, PatternFill

    cell.font = Font(bold=True, color="FFFFFF")
    cell.fill = PatternFill("solid", fgColor=_HEAD)


def fit(sheet: Worksheet) -> None:
    """Each column as wide as its longest value, within reason."""
    from openpyxl.utils import get_column_letter

    for number, column in enumerate(sheet.columns, 1):
        longest = max((len(line) for cell in column for line in str(cell.value or "").split("\n")), default=0)
        sheet.column_dimensions[get_column_letter(number)].width = min(max(longest + 3, 10), _WIDEST)


def one_page(sheet: Worksheet, *, landscape: bool = False) -> None:
    """Printed on A4, as wide as the page."""
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.orientation = "landscape" if landscape else "portrait"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_options.gridLines = False


def save(book: Workbook) -> bytes:
    """The workbook's bytes."""
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _title(text: str) -> str:
    return re.sub(r"[\[\]:*?/\\']", " ", text).strip()[:31] or "Feuille"


def pairs(sheet: Worksheet, row: int, values: Mapping[str, Value]) -> int:
    """Names and values in two columns, from `row` on. Returns the next free row."""
    for name, value in values.items():
        put(sheet, row, 1, name, bold=True)
        put(sheet, row, 2, value)
        row += 1
    return row


def grid(sheet: Worksheet, row: int, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
    """A small table inside a sheet, from `row` on. Returns the next free row."""
    for column, name in enumerate(head, 1):
        _head(put(sheet, row, column, name))
    for line in rows:
        row += 1
        for column, value in enumerate(line, 1):
            put(sheet, row, column, value)
    return row + 1
