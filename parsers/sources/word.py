"""Word files (.docx, .docm): WordprocessingML as blocks, with form controls, text boxes, symbols and pictures.

Element names are compared without their namespace, so that strict and transitional files read alike. What a reader
of the printed page would not see is left out: deleted text, hidden text, the placeholder of an empty control.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from parsers.sources.flow import Block, Cell, Image, Inline, Mark, PageBreak, Paragraph, Table, Text
from parsers.sources.package import Package, attribute, local
from parsers.sources.pictures import picture

EMU = 12_700  # English metric units in a point
OFF = {"0", "false", "off", "none"}
DEPTH = 40  # nested wrappers that are followed
SKIPPED = "reader-skips"  # attribute set on our own tree: characters that are not on the page
BOX = "reader-box"  # likewise: stands for a tick box, "1" or "0"

# Code points of the symbol fonts' boxes and ticks (Wingdings, Wingdings 2, Webdings), as the fonts' charts show them.
SYMBOLS: dict[str, dict[int, str]] = {
    "wingdings": {
        0x6F: "☐", 0x70: "☐", 0x71: "☐", 0x72: "☐", 0xA8: "☐", 0x78: "☒", 0xFD: "☒", 0xFE: "☑", 0xFC: "✓", 0xFB: "✗",
    },
    "wingdings 2": {
        0x2A: "☐", 0x30: "☐", 0xA3: "☐", 0x50: "✓", 0x4F: "✗", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0x54: "☒",
    },
    "webdings": {0x63: "☐", 0x61: "✓", 0x67: "■", 0x72: "✗"},
    "marlett": {0x61: "✓", 0x62: "✓", 0x72: "✗"},
}  # fmt: skip


def blocks(package: Package) -> list[Block]:
    """The document's blocks, header first and footer last. Raises `package.RefusedError`."""
    main = next((t for kind, t in package.related("").values() if kind == "officeDocument"), "word/document.xml")
    tree = package.xml(main)
    body = None if tree is None else next((e for e in tree if local(e) == "body"), None)
    if body is None:
        return []
    reader = _Reader(package=package, part=main)
    sections = [e for e in body.iter() if local(e) == "sectPr"]
    reader.sections = sections
    found = list(reader.blocks(body))
    head = reader.margin(sections[:1], "headerReference")
    foot = reader.margin(sections[-1:], "footerReference")
    return [*head, *found, *foot]


def _child(e: Any, *names: str) -> Any:
    """The descendant reached through the children of these names, None where one is missing."""
    for name in names:
        e = next((c for c in e if local(c) == name), None)
        if e is None:
            return None
    return e


def _inside(e: Any, name: str) -> list[Any]:
    """What stands in the child of this name."""
    found = _child(e, name)
    return [] if found is None else list(found)


def _on(properties: Any, name: str) -> bool:
    e = None if properties is None else _child(properties, name)
    return e is not None and (attribute(e, "val") or "1").lower() not in OFF


def _whole(e: Any, *path: str) -> int | None:
    found = None if e is None else _child(e, *path)
    value = None if found is None else attribute(found, "val")
    return int(value) if value and value.lstrip("-").isdigit() else None


@dataclass(slots=True)
class _Line:
    """The paragraph being read: what stands in it, and what is anchored to it."""

    items: list[Inline] = field(default_factory=list)
    parts: list[list[Inline]] = field(default_factory=list)  # before each page break within it
    boxes: list[list[Block]] = field(default_factory=list)  # text boxes anchored here


@dataclass(slots=True)
class _Reader:
    package: Package
    part: str
    sections: list[Any] = field(default_factory=list)
    relations: dict[str, tuple[str, str]] | None = None

    def target(self, rid: str | None) -> str | None:
        if self.relations is None:
            self.relations = self.package.related(self.part)
        found = self.relations.get(rid or "")
        return found[1] if found else None

    def margin(self, sections: list[Any], name: str) -> list[Block]:
        """Header or footer of the section: the first page's where it has one of its own."""
        for section in sections:
            wanted = ["first", "default"] if _on(section, "titlePg") else ["default"]
            refs = {attribute(e, "type") or "default": attribute(e, "id") for e in section if local(e) == name}
            for kind in wanted:
                target = self.target(refs.get(kind))
                tree = self.package.xml(target) if target else None
                if target and tree is not None:
                    return list(_Reader(package=self.package, part=target).blocks(tree))
        return []

    def blocks(self, parent: Any, depth: int = 0) -> Iterator[Block]:
        if depth > DEPTH:
            return
        for e in parent:
            match local(e):
                case "p":
                    yield from self.paragraph(e, depth)
                case "tbl":
                    yield self.table(e, depth)
                case "sdt":
                    self.control(e)
                    yield from self.blocks(_inside(e, "sdtContent"), depth + 1)
                case "customXml" | "ins" | "moveTo" | "smartTag":
                    yield from self.blocks(e, depth + 1)
                case "AlternateContent":
                    yield from self.alternative(e, depth)

    def alternative(self, e: Any, depth: int) -> Iterator[Block]:
        for choice in e:
            found = list(self.blocks(choice, depth + 1))
            if found:
                yield from found
                return

    def control(self, sdt: Any) -> None:
        """Mark what a content control shows: a box's state, or a placeholder that nobody filled."""
        properties, content = _child(sdt, "sdtPr"), _child(sdt, "sdtContent")
        if properties is None or content is None:
            return
        signs = [e for e in content.iter() if local(e) in ("t", "sym")]
        box = _child(properties, "checkbox")
        if box is not None:
            ticked = _on(box, "checked")
            for i, e in enumerate(signs):
                e.set(SKIPPED if i else BOX, "1" if ticked else "0")
        elif _on(properties, "showingPlcHdr"):
            for e in signs:
                e.set(SKIPPED, "1")

    def paragraph(self, p: Any, depth: int) -> Iterator[Block]:
        properties = _child(p, "pPr")
        jc = None if properties is None else _child(properties, "jc")
        align = {"center": "center", "right": "right", "end": "right"}.get(
            "" if jc is None else attribute(jc, "val") or "", "left"
        )
        tabs = [] if properties is None else _inside(properties, "tabs")
        at = [attribute(e, "pos") or "" for e in tabs if attribute(e, "val") not in ("clear", "bar")]
        stops = tuple(sorted(int(x) / 20 for x in at if x.isdigit()))  # twentieths of a point
        line = _Line()
        self.inline(p, line, depth)
        if _on(properties, "pageBreakBefore"):
            yield PageBreak()
        for part in line.parts:
            yield Paragraph(items=tuple(part), align=align)  # type: ignore[arg-type]
            yield PageBreak()
        below = []
        for box in line.boxes:
            first = box[0] if len(box) == 1 else None
            if isinstance(first, Paragraph) and any(isinstance(i, Text) and i.text.strip() for i in line.items):
                line.items += [Text(text="\t"), *first.items]  # a box of one line stands beside its paragraph
            else:
                below.append(box)
        yield Paragraph(items=tuple(line.items), align=align, stops=stops)  # type: ignore[arg-type]
        for box in below:
            yield from box
        section = None if properties is None else _child(properties, "sectPr")
        if section is not None and self.breaks_after(section):
            yield PageBreak()

    def breaks_after(self, section: Any) -> bool:
        """Whether the section after this one starts on a new page."""
        later = self.sections[self.sections.index(section) + 1 :] if section in self.sections else []
        kind = _child(later[0], "type") if later else None
        return bool(later) and (kind is None or attribute(kind, "val") != "continuous")

    def inline(self, parent: Any, line: _Line, depth: int) -> None:
        if depth > DEPTH:
            return
        for e in parent:
            match local(e):
                case "r":
                    self.run(e, line, depth)
                case "hyperlink" | "ins" | "moveTo" | "smartTag" | "fldSimple" | "customXml" | "bdo" | "dir":
                    self.inline(e, line, depth + 1)
                case "sdt":
                    self.control(e)
                    self.inline(_inside(e, "sdtContent"), line, depth + 1)
                case "AlternateContent" | "drawing" | "pict" | "object":
                    self.drawing(e, line, depth)

    def run(self, r: Any, line: _Line, depth: int) -> None:
        properties = _child(r, "rPr")
        if _on(properties, "vanish"):
            return
        fonts = None if properties is None else _child(properties, "rFonts")
        font = "" if fonts is None else (attribute(fonts, "ascii") or attribute(fonts, "hAnsi") or "").lower()
        look = {
            "bold": _on(properties, "b"),
            "struck": _on(properties, "strike") or _on(properties, "dstrike"),
            "size": (_whole(properties, "sz") or 0) / 2,
        }

        def say(text: str) -> None:
            line.items.append(Text(text=text, **look))  # type: ignore[arg-type]

        for e in r:
            if e.get(SKIPPED) if isinstance(e.tag, str) else True:
                continue
            if e.get(BOX):
                line.items.append(Mark(state=e.get(BOX) == "1"))
                continue
            match local(e):
                case "t":
                    say(_symbols(e.text or "", font) if font in SYMBOLS else e.text or "")
                case "sym":
                    code = int(attribute(e, "char") or "0", 16)
                    say(_symbols(chr(code), (attribute(e, "font") or "").lower()))
                case "tab" | "ptab":
                    say("\t")
                case "noBreakHyphen":
                    say("-")
                case "br" | "cr":
                    if attribute(e, "type") == "page":
                        line.parts.append(line.items)
                        line.items = []
                    else:
                        say("\n")
                case "fldChar":
                    line.items += _legacy(e)
                case "AlternateContent" | "drawing" | "pict" | "object":
                    self.drawing(e, line, depth)

    def drawing(self, e: Any, line: _Line, depth: int) -> None:
        """A picture, a text box, or a group of both. Of alternatives, the first that shows something."""
        if depth > DEPTH:
            return
        if local(e) == "AlternateContent":
            for choice in e:
                before = (len(line.items), len(line.boxes))
                self.drawing(choice, line, depth + 1)
                if (len(line.items), len(line.boxes)) != before:
                    return
            return
        if local(e) == "txbxContent":
            line.boxes.append(list(self.blocks(e, depth + 1)))
            return
        if local(e) in ("blip", "imagedata"):
            image = self.image(e)
            if image:
                line.items.append(image)
            return
        for child in e:
            self.drawing(child, line, depth + 1)

    def image(self, blip: Any) -> Image | None:
        name = self.target(attribute(blip, "embed") or attribute(blip, "id") or attribute(blip, "link"))
        data = self.package.read(name) if name else None
        if data is None:
            return None
        size = None
        for up in blip.iterancestors():
            extent = next((c for c in up if local(c) == "extent"), None)
            if extent is not None:
                size = (int(extent.get("cx", 0)) / EMU, int(extent.get("cy", 0)) / EMU)
                break
        return picture(data, size, self.package.limits)

    def table(self, tbl: Any, depth: int) -> Table:
        rows = [self.row(tr, depth) for tr in _rows(tbl)]
        return Table(rows=tuple(_merged(rows)), ruled=_ruled(tbl))

    def row(self, tr: Any, depth: int) -> list[tuple[Cell, str | None]]:
        """The row's cells, each with its vertical merge: `restart`, `continue` or None."""
        properties = _child(tr, "trPr")
        before = _whole(properties, "gridBefore") or 0
        cells: list[tuple[Cell, str | None]] = [(Cell(columns=before), None)] if before else []
        for tc in self.cells(tr, 0):
            tcpr = _child(tc, "tcPr")
            merge = None if tcpr is None else _child(tcpr, "vMerge")
            state = None if merge is None else attribute(merge, "val") or "continue"
            span = max(1, min(63, _whole(tcpr, "gridSpan") or 1))
            held = () if state == "continue" or depth > DEPTH else tuple(self.blocks(tc, depth + 1))
            cells.append((Cell(blocks=held, columns=span, covered=state == "continue"), state))
        return cells

    def cells(self, tr: Any, depth: int) -> Iterator[Any]:
        for e in tr:
            match local(e):
                case "tc":
                    yield e
                case "sdt" if depth < DEPTH:
                    self.control(e)
                    yield from self.cells(_inside(e, "sdtContent"), depth + 1)
                case "customXml" if depth < DEPTH:
                    yield from self.cells(e, depth + 1)


def _rows(parent: Any, depth: int = 0) -> Iterator[Any]:
    for e in parent:
        properties = _child(e, "trPr") if local(e) == "tr" else None
        if local(e) == "tr" and not _on(properties, "hidden") and not _on(properties, "del"):
            yield e
        elif local(e) in ("sdt", "sdtContent", "customXml", "ins") and depth < DEPTH:
            yield from _rows(e, depth + 1)


def _merged(rows: list[list[tuple[Cell, str | None]]]) -> Iterator[tuple[Cell, ...]]:
    """The rows with each vertical merge's length in its first cell."""
    starts = []  # per row: first grid column → merge state
    for row in rows:
        at, states = 0, {}
        for cell, state in row:
            states[at] = state
            at += cell.columns
        starts.append(states)
    for n, row in enumerate(rows):
        at, cells = 0, []
        for cell, state in row:
            length = 1
            if state == "restart":
                while n + length < len(rows) and starts[n + length].get(at) == "continue":
                    length += 1
            cells.append(Cell(blocks=cell.blocks, columns=cell.columns, rows=length, covered=cell.covered))
            at += cell.columns
        yield tuple(cells)


def _ruled(tbl: Any) -> bool:
    properties = _child(tbl, "tblPr")
    borders = None if properties is None else _child(properties, "tblBorders")
    if borders is not None:
        return any((attribute(b, "val") or "nil") not in ("nil", "none") for b in borders)
    style = None if properties is None else _child(properties, "tblStyle")
    if style is not None:
        return (attribute(style, "val") or "") not in ("TableNormal", "TableauNormal")
    return any(local(e) == "tcBorders" for e in tbl.iter())


def _symbols(text: str, font: str) -> str:
    known = SYMBOLS.get(font, {})
    return "".join(known.get(ord(c) & 0xFF if ord(c) >= 0xF000 else ord(c), c) for c in text)


def _legacy(e: Any) -> Iterable[Inline]:
    """A legacy form field's own state: tick boxes and lists (a text field's value is its result run)."""
    data = _child(e, "ffData")
    if attribute(e, "fldCharType") != "begin" or data is None:
        return []
    box = _child(data, "checkBox")
    if box is not None:
        return [Mark(state=_on(box, "checked" if _child(box, "checked") is not None else "default"))]
    chosen = _whole(data, "ddList", "result")
    options = [attribute(o, "val") or "" for o in _inside(data, "ddList") if local(o) == "listEntry"]
    if chosen is not None and 0 < chosen < len(options):  # the first entry is what stands there untouched
        return [Text(text=options[chosen])]
    return []
