"""AcroForm fields and typed-over annotations of a PDF, by pikepdf: each widget's value where the widget stands.

A field's value is /V of the field or of one of its parents (ISO 32000-2, 12.7.4); a button's state is the appearance
shown (/AS), and /V where there is none. Names of fields mean nothing here: only places do.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from parsers.page import Entry, Page, Picture, Stroke, Tick, Word
from parsers.records import Box
from parsers.sources.pdf_content import Drawn

_MOST = 5_000  # widgets looked at in a file
_CONTRADICTED = 0.6  # confidence of a value that its own appearance belies
_HIDDEN = 2 | 32  # annotation flags Hidden and NoView
_RADIO, _PUSH = 1 << 15, 1 << 16
_COMB, _PASSWORD = 1 << 24, 1 << 13


@dataclass(frozen=True, kw_only=True, slots=True)
class Widget:
    """One annotation that carries something, in user space."""

    rect: tuple[float, float, float, float]
    kind: Literal["text", "tick", "choice", "signature", "note", "ink", "stamp"]
    name: str = ""
    label: str = ""
    value: str | bool | None = None
    sure: bool = True  # False where what is shown and what is stored contradict each other
    looks: bool = False  # a text field with an appearance that viewers show as it is
    max_length: int | None = None


def read_widgets(data: bytes, pages: int) -> tuple[Mapping[int, tuple[Widget, ...]], bool]:
    """Widgets and notes of the first `pages` pages by page number, and whether there is any field to fill in.

    A file that qpdf cannot open gives none: what is drawn has then been read already.
    """
    import pikepdf

    found: dict[int, tuple[Widget, ...]] = {}
    fillable = False
    try:
        with pikepdf.open(io.BytesIO(data), suppress_warnings=True) as pdf:
            acroform = pdf.Root.get("/AcroForm")
            redraw = bool(acroform is not None and acroform.get("/NeedAppearances", False))
            left = _MOST
            for number, page in enumerate(pdf.pages, start=1):
                if number > pages or left <= 0:
                    break
                annotations = page.obj.get("/Annots")
                if not isinstance(annotations, pikepdf.Array):
                    continue
                widgets = [w for a in list(annotations)[:left] if (w := _widget(a, redraw)) is not None]
                left -= len(widgets)
                found[number] = tuple(widgets)
                fillable = fillable or any(w.kind in ("text", "tick", "choice") for w in widgets)
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        # Broken objects reach us as any of these; the page's drawn content stands all the same.
        pass
    return _compared(data, found), fillable


def _compared(data: bytes, found: Mapping[int, tuple[Widget, ...]]) -> Mapping[int, tuple[Widget, ...]]:
    """The widgets, a text field unsure where its appearance shows another text; what only the appearance says too."""
    rects = {n: [w.rect for w in widgets if w.looks] for n, widgets in found.items()}
    rects = {n: r for n, r in rects.items() if r}
    if not rects:
        return found
    from parsers.sources import pdf_looks

    compared = dict(found)
    for number, drawn in pdf_looks.shown(data, rects).items():
        texts = iter(drawn)
        compared[number] = tuple(
            w
            if not w.looks or pdf_looks.agree(str(w.value or ""), text := next(texts))
            else replace(w, value=w.value or text, sure=False)
            for w in found[number]
        )
    return compared


def _widget(annotation: Any, redraw: bool) -> Widget | None:
    import pikepdf

    if not isinstance(annotation, pikepdf.Dictionary):
        return None
    rect = _rect(annotation.get("/Rect"))
    subtype = str(annotation.get("/Subtype", ""))
    if rect is None or int(annotation.get("/F", 0)) & _HIDDEN:
        return None
    if subtype == "/FreeText":
        return Widget(rect=rect, kind="note", value=str(annotation.get("/Contents", "")))
    if subtype in ("/Ink", "/PolyLine", "/Line"):
        return Widget(rect=rect, kind="ink")
    if subtype == "/Stamp":
        return Widget(rect=rect, kind="stamp")
    if subtype != "/Widget":
        return None
    kind = str(_inherited(annotation, "/FT") or "")
    flags = _inherited(annotation, "/Ff")
    flags = int(flags) if flags is not None else 0
    name, label = _names(annotation)
    if kind == "/Btn":
        if flags & _PUSH:
            return None
        state, sure = _button(annotation, redraw)
        return Widget(rect=rect, kind="tick", name=name, label=label, value=state, sure=sure)
    if kind == "/Sig":
        signed = _inherited(annotation, "/V") is not None
        return Widget(rect=rect, kind="signature", name=name, label=label, value=signed)
    if kind not in ("/Tx", "/Ch"):
        return None
    length = _inherited(annotation, "/MaxLen")
    return Widget(
        rect=rect,
        kind="text" if kind == "/Tx" else "choice",
        name=name,
        label=label,
        value=_text(_inherited(annotation, "/V")),
        max_length=int(length) if length is not None and flags & _COMB else None,
        looks=kind == "/Tx" and not redraw and not flags & _PASSWORD and "/AP" in annotation,
    )


def _inherited(field: Any, key: str) -> Any:
    """A field's entry, its own or the nearest parent's."""
    for _ in range(20):
        if key in field:
            return field[key]
        if "/Parent" not in field:
            return None
        field = field["/Parent"]
    return None


def _names(field: Any) -> tuple[str, str]:
    parts: list[str] = []
    label = str(field.get("/TU", ""))
    for _ in range(20):
        if "/T" in field:
            parts.append(str(field["/T"]))
        if "/Parent" not in field:
            break
        field = field["/Parent"]
        label = label or str(field.get("/TU", ""))
    return ".".join(reversed(parts)), label


def _text(value: Any) -> str:
    import pikepdf

    if value is None:
        return ""
    if isinstance(value, pikepdf.Array):
        return " ".join(_text(v) for v in value)
    if isinstance(value, pikepdf.Stream):
        data = value.read_bytes()
        encoding = "utf-16" if data[:2] in (b"\xfe\xff", b"\xff\xfe") else "utf-8"
        return data.decode(encoding, "replace")
    if isinstance(value, pikepdf.Name):
        return str(value).removeprefix("/")
    return str(value).replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


def _button(widget: Any, redraw: bool) -> tuple[bool, bool]:
    """Whether a box is ticked, and whether that is certain."""
    import pikepdf

    shown = str(widget["/AS"]) if "/AS" in widget else None
    value = _inherited(widget, "/V")
    chosen = str(value) if isinstance(value, pikepdf.Name) else ("/" + str(value) if value is not None else None)
    states: set[str] = set()
    normal = widget.get("/AP", {}).get("/N") if "/AP" in widget else None
    if isinstance(normal, pikepdf.Dictionary) and not isinstance(normal, pikepdf.Stream):
        states = {str(k) for k in normal.keys()} - {"/Off"}  # noqa: SIM118 - a pikepdf dictionary, not a dict
    by_value = chosen is not None and chosen != "/Off" and (not states or chosen in states)
    if shown is None:
        return by_value, True
    by_shown = shown != "/Off"
    if by_shown == by_value or chosen is None or (by_shown and states and chosen not in states):
        return by_shown, True
    # Filled by a program that set only one of the two. What a viewer shows is /AS, unless it is told to draw anew.
    return (by_value if redraw else by_shown or by_value), redraw


def _rect(value: Any) -> tuple[float, float, float, float] | None:
    try:
        x0, y0, x1, y1 = (float(v) for v in value)
    except (TypeError, ValueError):
        return None
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def add_widgets(drawn: Drawn, widgets: Iterable[Widget]) -> Page:
    """The page with its widgets' values as `entry` words and ticks, its notes as words, its ink as strokes."""
    page = drawn.page
    words, ticks = list(page.words), list(page.ticks)
    entries, strokes, pictures = list(page.entries), list(page.strokes), list(page.pictures)
    for w in widgets:
        box = drawn.upright.rect(*w.rect)
        if w.kind in ("note", "ink") and (at := _marked(w, box, ticks)) is not None:
            ticks[at] = replace(ticks[at], state=True)
        elif w.kind == "note":
            words.extend(_note(str(w.value), box))
        elif w.kind == "ink":
            strokes.append(Stroke(box=box, length=box[2] - box[0] + box[3] - box[1]))
        elif w.kind == "stamp":
            pictures.append(Picture(box=box))
        else:
            kind = w.kind
            value = w.value.strip() if isinstance(w.value, str) else w.value
            entries.append(Entry(name=w.name, box=box, kind=kind, value=value, label=w.label, max_length=w.max_length))
            if kind == "tick":
                ticks = [t for t in ticks if not _same_place(t.box, box)]  # its printed frame is not a second box
                ticks.append(Tick(box=box, state=bool(value), confidence=1.0 if w.sure else _CONTRADICTED, name=w.name))
            elif kind != "signature" and value:
                trust = 1.0 if w.sure else _CONTRADICTED
                words.append(
                    Word(text=str(value), box=box, origin="entry", confidence=trust, size=min(12.0, box[3] - box[1]))
                )
    return replace(
        page,
        words=tuple(words),
        ticks=tuple(ticks),
        entries=tuple(entries),
        strokes=tuple(strokes),
        pictures=tuple(pictures),
    )


def _marked(w: Widget, box: Box, ticks: list[Tick]) -> int | None:
    """Which printed box a cross typed or drawn over the page ticks; None where it is no cross or stands elsewhere."""
    if w.kind == "note" and len(str(w.value).strip()) not in (1, 2):
        return None
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    for i, t in enumerate(ticks):
        x0, y0, x1, y1 = t.box
        small = box[2] - box[0] < 4 * (x1 - x0) and box[3] - box[1] < 4 * (y1 - y0)
        if small and x0 - 3 < x < x1 + 3 and y0 - 3 < y < y1 + 3:
            return i
    return None


def _note(text: str, box: Box) -> list[Word]:
    """Text typed over the page, a word each, spread over the lines of its box."""
    lines = [line.split() for line in text.replace("\r", "\n").split("\n") if line.strip()]
    words: list[Word] = []
    if not lines:
        return words
    height = (box[3] - box[1]) / len(lines)
    for row, line in enumerate(lines):
        step = (box[2] - box[0]) / max(1, sum(len(w) + 1 for w in line))
        x = box[0]
        for text_ in line:
            y = box[1] + row * height
            words.append(Word(text=text_, box=(x, y, x + step * len(text_), y + height), size=min(12.0, height)))
            x += step * (len(text_) + 1)
    return words


def _same_place(a: Box, b: Box) -> bool:
    return abs(a[0] + a[2] - b[0] - b[2]) < 8 and abs(a[1] + a[3] - b[1] - b[3]) < 8
