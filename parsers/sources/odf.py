"""OpenDocument files: text (.odt), spreadsheets (.ods), slides (.odp), as blocks. OASIS OpenDocument 1.3, part 3.

Deleted text, hidden sheets, rows and columns, comments and the placeholder of an empty control are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from parsers.records import Finding
from parsers.sources.flow import Block, Cell, Image, Inline, Mark, PageBreak, Paragraph, Table, Text
from parsers.sources.grid import COLUMNS, ROWS, UNCOMPUTED, Sheet, failed, french_date, plain_number
from parsers.sources.package import PASSWORD, Package, RefusedError, attribute, local
from parsers.sources.pictures import picture

DEPTH = 40
SKIPPED = {
    "annotation", "annotation-end", "note", "tracked-changes", "sequence-decls", "variable-decls", "forms",
    "user-field-decls", "soft-page-break", "shapes", "calculation-settings", "content-validations", "named-expressions",
    "database-ranges", "placeholder", "title", "desc", "settings",
}  # fmt: skip
CRAMPED = re.compile(r"E\+|###")  # a number shown with an exponent, or in too narrow a column
CONTROLS = ("checkbox", "radio", "text", "textarea", "combobox", "listbox")
POINTS = {"cm": 72 / 2.54, "mm": 72 / 25.4, "in": 72.0, "pt": 1.0, "px": 0.75, "pc": 12.0}


def blocks(package: Package) -> tuple[list[Block], list[Finding]]:
    """The document's blocks and what went wrong. Raises `package.RefusedError`."""
    manifest = package.xml("META-INF/manifest.xml")
    if manifest is not None and any(local(e) == "encryption-data" for e in manifest.iter()):
        raise RefusedError(PASSWORD)
    content = package.xml("content.xml")
    if content is None:
        return [], []
    reader = _Reader(package=package)
    styles = package.xml("styles.xml")
    for tree in (styles, content):
        if tree is not None:
            reader.learn(tree)
    found: list[Block] = []
    if styles is not None:
        found += reader.margin(styles, "header")
    body = next((e for e in content if local(e) == "body"), None)
    for part in body if body is not None else []:
        if local(part) == "spreadsheet":
            found += reader.spreadsheet(part)
        else:
            found += reader.blocks(part)
    if styles is not None:
        found += reader.margin(styles, "footer")
    return found, reader.findings


@dataclass(frozen=True, kw_only=True, slots=True)
class _Style:
    bold: bool = False
    struck: bool = False
    size: float = 0.0
    align: str = "left"
    new_page: bool = False
    hidden: bool = False
    framed: bool = False
    stops: tuple[float, ...] = ()  # tab stops, points from the paragraph's left edge


@dataclass(slots=True)
class _Reader:
    package: Package
    styles: dict[str, _Style] = field(default_factory=dict)
    controls: dict[str, Any] = field(default_factory=dict)  # form controls by id
    findings: list[Finding] = field(default_factory=list)

    def learn(self, tree: Any) -> None:
        for e in tree.iter():
            if local(e) == "style":
                self.styles[attribute(e, "name") or ""] = self.style(e)
            elif local(e) in ("checkbox", "text", "textarea", "combobox", "listbox", "radio") and "form:1" in str(
                e.tag
            ):
                self.controls[attribute(e, "id") or ""] = e

    def style(self, e: Any) -> _Style:
        base = self.styles.get(attribute(e, "parent-style-name") or "", _Style())
        seen: dict[str, str] = {}
        for properties in e:
            for key, value in properties.attrib.items():
                name = str(key).rsplit("}", 1)[-1]
                seen[f"{local(properties)}/{name}"] = str(value)
                seen.setdefault(name, str(value))
        align = {"end": "right", "right": "right", "center": "center", "start": "left", "left": "left"}
        size = re.match(r"([\d.]+)pt", seen.get("text-properties/font-size", ""))
        border = [v for k, v in seen.items() if k.startswith("table-cell-properties/border")]
        return _Style(
            bold=seen.get("font-weight", "bold" if base.bold else "") == "bold",
            struck=seen.get("text-line-through-style", "solid" if base.struck else "none") != "none",
            size=float(size.group(1)) if size else base.size,
            align=align.get(seen.get("text-align", ""), base.align),
            new_page=seen.get("paragraph-properties/break-before") == "page",
            hidden=seen.get("text-properties/display") == "none" or seen.get("table-properties/display") == "false",
            stops=tuple(sorted(_points(s, "position") for s in e.iter() if local(s) == "tab-stop")) or base.stops,
            framed=any(not v.startswith("none") for v in border) if border else base.framed,
        )

    def of(self, e: Any) -> _Style:
        return self.styles.get(attribute(e, "style-name") or "", _Style())

    def margin(self, styles: Any, name: str) -> list[Block]:
        """Headers or footers of the master pages, each text once."""
        found: list[Block] = []
        for e in styles.iter():
            if local(e) == name and "display" not in {str(k).rsplit("}", 1)[-1] for k in e.attrib}:
                found += [b for b in self.blocks(e) if b not in found and _says(b)]
        return found

    def blocks(self, parent: Any, depth: int = 0) -> Iterator[Block]:
        if depth > DEPTH:
            return
        for e in parent:
            match local(e):
                case "p" | "h":
                    yield from self.paragraph(e, depth)
                case "table":
                    yield self.table(e, depth)
                case "page":  # a slide or a drawing's page
                    yield from self.blocks(e, depth + 1)
                    yield PageBreak()
                case "frame" | "custom-shape" | "g" | "rect":
                    line = _Line()
                    self.frame(e, line, depth)
                    yield from line.close("left")
                case name if name and name not in SKIPPED:
                    yield from self.blocks(e, depth + 1)

    def paragraph(self, p: Any, depth: int) -> Iterator[Block]:
        style = self.of(p)
        if style.hidden:
            return
        line = _Line()
        self.inline(p, style, line, depth)
        if style.new_page:
            yield PageBreak()
        yield from line.close(style.align, style.stops)

    def inline(self, parent: Any, style: _Style, line: _Line, depth: int) -> None:
        def say(text: str | None) -> None:
            if text:
                line.items.append(Text(text=text, bold=style.bold, struck=style.struck, size=style.size))

        if depth > DEPTH:
            return
        say(re.sub(r"\s+", " ", parent.text or "") if parent.text else None)
        for e in parent:
            match local(e):
                case "s":
                    say(" " * min(200, int(attribute(e, "c") or 1)))
                case "tab":
                    say("\t")
                case "line-break":
                    say("\n")
                case "frame" | "custom-shape" | "g" | "rect":
                    self.frame(e, line, depth + 1)
                case "control":
                    line.items += self.control(e)
                case "fieldmark":
                    line.items += _fieldmark(e)
                case "content-control":
                    if attribute(e, "checkbox") == "true":
                        line.items.append(Mark(state=attribute(e, "checked") == "true"))
                    elif attribute(e, "showing-place-holder") != "true":
                        self.inline(e, style, line, depth + 1)
                case "span":
                    own = self.of(e) if attribute(e, "style-name") in self.styles else style
                    if not own.hidden:
                        self.inline(e, _Style(bold=own.bold or style.bold, struck=own.struck or style.struck,
                                              size=own.size or style.size), line, depth + 1)  # fmt: skip
                case name if name and name not in SKIPPED:
                    self.inline(e, style, line, depth + 1)
            say(re.sub(r"\s+", " ", e.tail) if e.tail else None)

    def frame(self, e: Any, line: _Line, depth: int) -> None:
        """A picture (of several forms of one, the first), a text box, or a group of them."""
        if depth > DEPTH:
            return
        for child in e:
            if local(child) == "image":
                image = self.image(child, e)
                if image:
                    line.items.append(image)
                    return
            elif local(child) in ("text-box", "custom-shape", "g", "rect"):
                line.boxes.append(list(self.blocks(child, depth + 1)))
            elif local(child) == "frame":
                self.frame(child, line, depth + 1)
        if local(e) in ("custom-shape", "rect"):
            line.boxes.append(list(self.blocks(e, depth + 1)))

    def image(self, e: Any, frame: Any) -> Image | None:
        data = self.package.read((attribute(e, "href") or "").removeprefix("./"))
        if data is None:
            return None
        width, height = (_points(frame, name) for name in ("width", "height"))
        return picture(data, (width, height) if width and height else None, self.package.limits)

    def control(self, e: Any) -> list[Inline]:
        control = self.controls.get(attribute(e, "control") or "")
        if control is None:
            return []
        if local(control) in ("checkbox", "radio"):
            state = attribute(control, "current-state") or attribute(control, "current-selected") or ""
            return [Mark(state=state in ("checked", "true")), Text(text=" " + (attribute(control, "label") or ""))]
        return [Text(text=attribute(control, "current-value") or "")]

    def table(self, e: Any, depth: int) -> Table:
        rows = []
        for tr in _rows(e):
            cells: list[Cell] = []
            owed = 0  # covered places that belong to the cell on their left
            for tc in _cells(tr):
                again = min(63, int(attribute(tc, "number-columns-repeated") or 1))
                if local(tc) == "covered-table-cell":
                    own = min(owed, again)
                    owed -= own
                    cells += [Cell(covered=True)] * (again - own)
                    continue
                span = max(1, min(63, int(attribute(tc, "number-columns-spanned") or 1)))
                length = max(1, int(attribute(tc, "number-rows-spanned") or 1))
                cells += [Cell(blocks=tuple(self.blocks(tc, depth + 1)), columns=span, rows=length)] * again
                owed = span - 1
            rows.append(tuple(cells))
        framed = any(self.of(c).framed for tr in _rows(e) for c in _cells(tr))
        return Table(rows=tuple(rows), ruled=framed)

    def spreadsheet(self, part: Any) -> Iterator[Block]:
        for e in part:
            if local(e) == "table" and not self.of(e).hidden:
                sheet = Sheet()
                self.sheet(e, sheet)
                yield from sheet.blocks()
                yield PageBreak()
                if sheet.uncomputed and UNCOMPUTED not in self.findings:
                    self.findings.append(UNCOMPUTED)
                self.findings += [f for f in sheet.findings() if f not in self.findings]

    def sheet(self, e: Any, sheet: Sheet) -> None:
        hidden_columns = _hidden_columns(e)
        at = 0
        for tr in _rows(e):
            again = int(attribute(tr, "number-rows-repeated") or 1)
            shown = (attribute(tr, "visibility") or "visible") == "visible"
            column = 0
            for tc in _cells(tr):
                width = int(attribute(tc, "number-columns-repeated") or 1)
                if local(tc) == "table-cell" and len(tc) + len(tc.attrib) and (len(tc) or _value(tc)):
                    for c in range(column, min(column + width, COLUMNS)):
                        if shown and c not in hidden_columns:
                            for r in range(at, min(at + again, at + 20)):
                                self.cell(tc, sheet, r, c)
                column += width
            at += again
            if at > ROWS:
                sheet.cut = sheet.cut or any(len(tc) for tc in _cells(tr))

    def cell(self, tc: Any, sheet: Sheet, row: int, column: int) -> None:
        span = int(attribute(tc, "number-columns-spanned") or 1)
        length = int(attribute(tc, "number-rows-spanned") or 1)
        held = list(self.blocks(tc))
        kind, value = attribute(tc, "value-type"), _value(tc)
        shown = " ".join(i.text for b in held if isinstance(b, Paragraph) for i in b.items if isinstance(i, Text))
        if failed(shown):
            sheet.uncomputed, held = True, []
        elif kind == "boolean":
            held = [Paragraph(items=(Mark(state=attribute(tc, "boolean-value") == "true"),))]
        elif kind == "date" and value:
            held = [Paragraph(items=(Text(text=french_date(value)),))]
        elif kind in ("float", "currency", "percentage") and value:
            held = [Paragraph(items=(Text(text=_number(float(value), shown, kind)),))]
        elif attribute(tc, "formula") and kind is None and not shown.strip():
            sheet.uncomputed = True
        sheet.put(row, column, held, columns=span, rows=length, framed=self.of(tc).framed)


@dataclass(slots=True)
class _Line:
    items: list[Inline] = field(default_factory=list)
    boxes: list[list[Block]] = field(default_factory=list)

    def close(self, align: str, stops: tuple[float, ...] = ()) -> Iterator[Block]:
        """The paragraph, a text box of one line beside it, larger ones below."""
        below = []
        for box in self.boxes:
            said = [b for b in box if _says(b)]
            first = said[0] if len(said) == 1 else None
            if isinstance(first, Paragraph) and any(isinstance(i, Text) and i.text.strip() for i in self.items):
                self.items += [Text(text="\t"), *first.items]
            else:
                below.append(box)
        if self.items or not below:
            yield Paragraph(items=tuple(self.items), align=align, stops=stops)  # type: ignore[arg-type]
        for box in below:
            yield from box


def _says(block: Block) -> bool:
    if isinstance(block, Paragraph):
        return any(not isinstance(i, Text) or bool(i.text.strip()) for i in block.items)
    return isinstance(block, Table)


def _rows(e: Any, depth: int = 0) -> Iterator[Any]:
    for child in e:
        if local(child) == "table-row":
            yield child
        elif local(child) in ("table-header-rows", "table-row-group", "table-rows") and depth < DEPTH:
            yield from _rows(child, depth + 1)


def _cells(tr: Any) -> list[Any]:
    return [c for c in tr if local(c) in ("table-cell", "covered-table-cell")]


def _hidden_columns(e: Any) -> set[int]:
    hidden: set[int] = set()
    at = 0
    for child in e.iter():
        if local(child) == "table-column":
            again = int(attribute(child, "number-columns-repeated") or 1)
            if (attribute(child, "visibility") or "visible") != "visible":
                hidden |= set(range(at, min(at + again, COLUMNS)))
            at += again
    return hidden


def _value(tc: Any) -> str | None:
    for name in ("date-value", "boolean-value", "time-value", "string-value", "value"):
        found = attribute(tc, name)
        if found is not None:
            return found
    return attribute(tc, "formula")


def _points(frame: Any, name: str) -> float:
    m = re.match(r"([\d.]+)\s*([a-z]+)", attribute(frame, name) or "")
    return float(m.group(1)) * POINTS.get(m.group(2), 0.0) if m else 0.0


def _fieldmark(e: Any) -> list[Inline]:
    """A form field as LibreOffice keeps those of Word."""
    kind = (attribute(e, "type") or "").rsplit(".", 1)[-1]
    params = {attribute(p, "name"): attribute(p, "value") for p in e if local(p) == "param"}
    if kind == "FORMCHECKBOX":
        return [Mark(state=(params.get("Checkbox_Checked") or "").lower() in ("true", "1"))]
    return []


def _number(value: float, shown: str, kind: str) -> str:
    """A number cell with the decimals it shows, decimal comma; its bare value where too narrow a column cramps it.

    The text shown follows the writer's locale (`1,250.00`, `1 250,00`): only the value tells them apart.
    """
    if kind == "percentage":
        return shown.strip() or f"{plain_number(round(value * 100, 6))} %"
    if not shown.strip() or CRAMPED.search(shown):
        return plain_number(value)
    euro = " €" if "€" in shown or "EUR" in shown else ""
    digits = re.sub(r"\D", "", shown)
    for places in range(5):
        text = f"{value:.{places}f}"
        tail = places == 0 or re.search(rf"[.,]\d{{{places}}}\D*$", shown)
        if tail and re.sub(r"\D", "", text) == digits:
            return text.replace(".", ",") + euro
    return shown
