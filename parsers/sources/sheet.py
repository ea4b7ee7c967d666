"""Spreadsheets: .xlsx and .xlsm with openpyxl (formats, hidden rows, formulas' stored results), .xls with calamine.

Hidden sheets, rows and columns are left out: what counts is what the member sees and would print.
"""

from __future__ import annotations

import datetime as dt
import io
import posixpath
import warnings
from typing import Any

from parsers.records import Finding, Limits
from parsers.sources.flow import Block, Mark, PageBreak, Paragraph, Text
from parsers.sources.grid import COLUMNS, ROWS, Sheet, failed, formatted, plain_number, written_date
from parsers.sources.package import PASSWORD, TOO_BIG, TRUNCATED, Package, RefusedError, attribute, local
from parsers.sources.pictures import picture

EMU = 12_700
SHEET = 6_000_000  # bytes of one sheet's XML that openpyxl is given: it takes fifty times as much memory


def xlsx(package: Package, data: bytes) -> tuple[list[Block], list[Finding]]:
    """The visible sheets of an Office Open XML workbook, a page each. Raises `package.RefusedError`."""
    import openpyxl

    package.check()
    if any(i.file_size > SHEET for n, i in package.names.items() if "/worksheets/" in n):
        raise RefusedError(TOO_BIG)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about extensions openpyxl does not keep: nothing is written back
        try:
            shown = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
            formulas = openpyxl.load_workbook(io.BytesIO(data)) if _has_formulas(package) else None
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, OSError):
            return xls(data, package.limits)  # openpyxl trips over parts that it does not know: calamine skips them
    drawings = _Drawings(package)
    found: list[Block] = []
    findings: list[Finding] = []
    for ws in shown.worksheets:
        if ws.sheet_state != "visible":
            continue
        sheet = Sheet()
        _cells(ws, None if formulas is None else formulas[ws.title], sheet)
        drawings.into(sheet, ws.title)
        found += [*sheet.blocks(), PageBreak()]
        findings += [f for f in sheet.findings() if f not in findings]
    return found, findings


def _has_formulas(package: Package) -> bool:
    return any(b"<f" in (package.read(n) or b"") for n in package.names if "/worksheets/sheet" in n)


def _cells(ws: Any, formulas: Any, sheet: Sheet) -> None:
    spans = {(r.min_row, r.min_col): (r.max_row - r.min_row + 1, r.max_col - r.min_col + 1) for r in ws.merged_cells}
    hidden_rows = {n for n, d in ws.row_dimensions.items() if d.hidden}
    hidden_columns = {
        c for d in ws.column_dimensions.values() if d.hidden for c in range(d.min or 0, min(d.max or 0, COLUMNS) + 1)
    }
    last = min(ws.max_row, ROWS)
    sheet.cut = ws.max_row > ROWS and any(
        c.value is not None for row in ws.iter_rows(min_row=last + 1, max_row=last + 50, max_col=COLUMNS) for c in row
    )
    for row in ws.iter_rows(max_row=last, max_col=min(ws.max_column, COLUMNS)):
        for cell in row:
            at = (cell.row, cell.column)
            if cell.row in hidden_rows or cell.column in hidden_columns:
                continue
            formula = None if formulas is None else formulas.cell(*at)
            if formula is not None and formula.data_type == "f" and cell.value is None:
                sheet.uncomputed = True
            border = cell.border
            framed = any(s is not None and s.style for s in (border.left, border.right, border.top, border.bottom))
            rows, columns = spans.get(at, (1, 1))
            blocks = _value(cell)
            if cell.data_type == "e" or (isinstance(cell.value, str) and failed(cell.value)):
                sheet.uncomputed, blocks = True, []
            if blocks or framed:
                sheet.put(*at, blocks, rows=rows, columns=columns, framed=framed)


def _value(cell: Any) -> list[Block]:
    value, code = cell.value, cell.number_format or "General"
    if value is None:
        return []
    if isinstance(value, bool):
        return [Paragraph(items=(Mark(state=value),))]
    if isinstance(value, dt.datetime | dt.date | dt.time | dt.timedelta):
        text = written_date(value)
    elif isinstance(value, int | float):
        text = formatted(float(value), code)
    else:
        text = str(value)
    font = cell.font
    look = {"bold": bool(font and font.b), "struck": bool(font and font.strike)}
    size = float(font.sz) if font and font.sz else 0.0
    align = {"center": "center", "right": "right"}.get((cell.alignment and cell.alignment.horizontal) or "", "left")
    return [Paragraph(items=(Text(text=text, size=size, **look),), align=align)]  # type: ignore[arg-type]


class _Drawings:
    """What floats over the cells, by sheet title: pictures, text boxes and the check boxes of form controls."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.parts: dict[str, str] = {}  # sheet title → part
        book = next((t for kind, t in package.related("").values() if kind == "officeDocument"), "xl/workbook.xml")
        tree, related = package.xml(book), package.related(book)
        for e in tree.iter() if tree is not None else []:
            if local(e) == "sheet":
                rid = next((v for k, v in e.attrib.items() if str(k).endswith("}id")), "")
                self.parts[e.get("name", "")] = related.get(rid, ("", ""))[1]

    def into(self, sheet: Sheet, title: str) -> None:
        part = self.parts.get(title)
        if not part:
            return
        for kind, target in self.package.related(part).values():
            if kind == "drawing":
                self.drawing(target, sheet)
        self.controls(part, sheet)

    def drawing(self, part: str, sheet: Sheet) -> None:
        tree, related = self.package.xml(part), self.package.related(part)
        for anchor in tree if tree is not None else []:
            at = _start(anchor)
            if at is None:
                continue
            for e in anchor.iter():
                if local(e) == "blip":
                    data = self.package.read(related.get(attribute(e, "embed") or "", ("", ""))[1])
                    image = picture(data, _extent(anchor), self.package.limits) if data else None
                    if image:
                        sheet.put(*at, [Paragraph(items=(image,))])
                elif local(e) == "txBody":
                    lines = ["".join(t.text or "" for t in p.iter() if local(t) == "t") for p in e if local(p) == "p"]
                    sheet.put(*at, [Paragraph(items=(Text(text=x),)) for x in lines if x.strip()])

    def controls(self, part: str, sheet: Sheet) -> None:
        """Check boxes and option buttons from the developer's tab; their caption stands in the old VML drawing."""
        tree, related = self.package.xml(part), self.package.related(part)
        captions = self.captions(part)
        for control in tree.iter() if tree is not None else []:
            if local(control) != "control":
                continue
            rid = next((v for k, v in control.attrib.items() if str(k).endswith("}id")), "")
            state = self.package.xml(related.get(rid, ("", ""))[1])
            anchor = next((a for a in control.iter() if local(a) == "anchor"), None)
            at = None if anchor is None else _start(anchor)
            if state is None or at is None or state.get("objectType") not in ("CheckBox", "Radio"):
                continue
            caption = captions.get(control.get("shapeId", ""), "")
            mark = Mark(state=state.get("checked") == "Checked")
            old = sheet.cells.get(at)
            if old is None or (mark, caption) not in [_said(b) for b in old.blocks]:
                sheet.put(*at, [Paragraph(items=(mark, Text(text=f" {caption}")))])

    def captions(self, part: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for kind, target in self.package.related(part).values():
            tree = self.package.xml(target) if kind == "vmlDrawing" else None
            for shape in tree.iter() if tree is not None else []:
                if local(shape) == "shape":
                    text = " ".join("".join(t.itertext()) for t in shape.iter() if local(t) == "textbox")
                    found[shape.get("id", "").rsplit("_s", 1)[-1]] = " ".join(text.split())
        return found


def _said(block: Block) -> tuple[Any, str]:
    if isinstance(block, Paragraph) and len(block.items) == 2 and isinstance(block.items[1], Text):
        return block.items[0], block.items[1].text.strip()
    return None, ""


def _start(anchor: Any) -> tuple[int, int] | None:
    """The cell (row, column from 1) an anchor's upper left corner stands in; a floating one lies at the top."""
    start = next((e for e in anchor if local(e) == "from"), None)
    if start is None:
        return (1, 1) if local(anchor) == "absoluteAnchor" else None
    values = {local(e): int(e.text or 0) for e in start if (e.text or "").strip().isdigit()}
    return values.get("row", 0) + 1, values.get("col", 0) + 1


def _extent(anchor: Any) -> tuple[float, float] | None:
    for e in anchor.iter():
        if local(e) == "ext" and e.get("cx") and e.get("cy"):
            return int(e.get("cx")) / EMU, int(e.get("cy")) / EMU
    return None


def xls(data: bytes, limits: Limits) -> tuple[list[Block], list[Finding]]:
    """The visible sheets of an Excel 97-2003 or binary (.xlsb) workbook. Raises `package.RefusedError`."""
    import python_calamine as calamine

    if len(data) > limits.bytes // 2:
        raise RefusedError(TOO_BIG)
    try:
        return _old_sheets(calamine, calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)))
    except calamine.PasswordError as e:
        raise RefusedError(PASSWORD) from e
    except (calamine.CalamineError, ValueError, OSError) as e:
        raise RefusedError(PASSWORD if "assword" in str(e) else TRUNCATED) from e
    except BaseException as e:
        if type(e).__name__ != "PanicException":  # calamine's Rust panics on damaged files; it is no Exception
            raise
        raise RefusedError(TRUNCATED) from e


def _old_sheets(calamine: Any, book: Any) -> tuple[list[Block], list[Finding]]:
    found: list[Block] = []
    findings: list[Finding] = []
    for n, meta in enumerate(book.sheets_metadata):
        if meta.visible != calamine.SheetVisibleEnum.Visible or meta.typ != calamine.SheetTypeEnum.WorkSheet:
            continue
        ws = book.get_sheet_by_index(n)
        sheet = Sheet(cut=ws.total_height > ROWS)
        first_row, first_column = ws.start or (0, 0)
        spans = {a: (b[0] - a[0] + 1, b[1] - a[1] + 1) for a, b in ws.merged_cell_ranges or []}
        for r, row in enumerate(ws.to_python(nrows=ROWS), first_row):
            for c, value in enumerate(row[:COLUMNS], first_column):
                text = _plain(value)
                if isinstance(value, str) and failed(value):
                    sheet.uncomputed = True
                elif text:
                    rows, columns = spans.get((r, c), (1, 1))
                    sheet.put(r, c, [Paragraph(items=text)], rows=rows, columns=columns)
        found += [*sheet.blocks(), PageBreak()]
        findings += [f for f in sheet.findings() if f not in findings]
    return found, findings


def _plain(value: Any) -> tuple[Any, ...]:
    """A cell of a workbook whose formats are not known."""
    if value is None or value == "":
        return ()
    if isinstance(value, bool):
        return (Mark(state=value),)
    if isinstance(value, dt.datetime | dt.date | dt.time | dt.timedelta):
        return (Text(text=written_date(value)),)
    return (Text(text=plain_number(float(value)) if isinstance(value, int | float) else str(value)),)


def text_of(package: Package, folder: str) -> list[Block]:
    """Slides of a presentation: each text paragraph of each slide, a page a slide."""
    found: list[Block] = []
    names = [n for n in package.names if posixpath.dirname(n) == folder and n.endswith(".xml")]
    for name in sorted(names, key=lambda n: int("".join(c for c in n if c.isdigit()) or 0)):
        tree = package.xml(name)
        for e in tree.iter() if tree is not None else []:
            if local(e) == "p":
                text = "".join(t.text or "" for t in e.iter() if local(t) == "t")
                found.append(Paragraph(items=(Text(text=text),)))
        found.append(PageBreak())
    return found
