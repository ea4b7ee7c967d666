"""What is drawn on one PDF page: words, rulings, tick boxes with their marks, pictures, strokes, all upright.

Boxes come out in points from the upright page's top left corner; the page is turned by what its text says (most
characters' direction), and by /Rotate only where it has no text.
"""

from __future__ import annotations

import ctypes
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parsers.page import Page, Picture, Stroke, Word
from parsers.records import Box
from parsers.sources import pdf_shapes
from parsers.sources.upright import Upright

if TYPE_CHECKING:
    import pypdfium2

_SPACE = frozenset(
    " \t\r\n\v\f\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
)
_NOTHING = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad")
_LINE_END_HYPHENS = (0x02, 0xFFFE)  # pdfium's signs for a hyphen at a line's end
_COVERS = 0.7  # share of the page that a scan's picture covers; margins of a copier are well below 30 %
_TYPED_OVER = 40  # visible words above which a page with a full picture is text on a background, not a scan


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page as drawn, and what the later steps need to know of it."""

    page: Page
    upright: Upright
    annotations: bool  # has annotations: widgets, typed-over text, ink
    scanned: bool  # its text is in a picture, or cannot be had as characters: recognition must read it


@dataclass(slots=True)
class _Run:
    """A word being built: in user space."""

    text: str
    l: float  # noqa: E741 - left, as in PDF rectangles
    b: float
    r: float
    t: float
    first: int


def read_page(pdf: pypdfium2.PdfDocument, number: int) -> Drawn:
    """Page `number` (from 1). Raises nothing on odd content; what pdfium cannot load comes out empty and `scanned`."""
    import pypdfium2 as pdfium
    import pypdfium2.raw as raw

    try:
        page = pdf[number - 1]
    except pdfium.PdfiumError:
        empty = Page(number=number, width=595.0, height=842.0)
        return Drawn(empty, Upright((0, 0, 595, 842), 0), annotations=False, scanned=True)
    try:
        textpage = page.get_textpage()
        runs, odd = _runs(raw, textpage)
        turns = [_turn(raw, textpage, run) for run in runs]
        upright = Upright(page.get_bbox(), _reading_turn(runs, turns, page.get_rotation()))
        shapes = pdf_shapes.read_shapes(raw, page.raw, upright)
        width, height = upright.size
        covered = sum(_overlap(p.box, (0, 0, width, height)) for p in shapes.pictures) / max(1.0, width * height)
        visible = runs
        if covered >= _COVERS and runs:
            visible = [run for run in runs if _is_visible(raw, textpage, run)]
        scanned = odd or (covered >= _COVERS and len(visible) < _TYPED_OVER)
        words: list[Word] = []
        stamped: list[Stroke] = []
        for run, turn in zip(runs, turns, strict=True):
            if odd or (scanned and run not in visible):
                continue
            box = upright.rect(run.l, run.b, run.r, run.t)
            if turn != upright.turn:
                stamped.append(Stroke(box=box, length=2 * (box[2] - box[0])))  # a slanted stamp or a watermark
                continue
            weight = raw.FPDFText_GetFontWeight(textpage.raw, run.first)
            words.append(Word(text=run.text, box=box, size=round(box[3] - box[1], 2), bold=weight >= 600))
        words, ticks, strokes = pdf_shapes.settle_ticks(words, shapes)
        words = pdf_shapes.mark_struck(words, shapes)
        built = Page(
            number=number,
            width=width,
            height=height,
            words=tuple(words),
            rulings=tuple(shapes.rulings),
            ticks=tuple(ticks),
            pictures=tuple(
                Picture(box=p.box, full_page=scanned and _overlap(p.box, (0, 0, width, height)) > 0.5 * width * height)
                for p in shapes.pictures
            ),
            strokes=(*strokes, *stamped),
            warp=_as_shown((page.get_rotation() - upright.turn) % 360, width, height),
        )
        textpage.close()
        return Drawn(built, upright, annotations=raw.FPDFPage_GetAnnotCount(page.raw) > 0, scanned=scanned)
    finally:
        page.close()


def _runs(raw: Any, textpage: Any) -> tuple[list[_Run], bool]:
    """Words in the order of the content stream, and whether most characters have no Unicode.

    pdfium ends words itself (it sets spaces where text objects stand apart), so a word is taken whole where it is one
    rectangle, and letter by letter where it is several: comb cells, values typed over labels.
    """
    tp = textpage.raw
    count = raw.FPDFText_CountChars(tp)
    runs: list[_Run] = []
    letters: list[tuple[int, str]] = []
    odd = 0
    for i, code in enumerate(_codes(raw, tp, count)):
        if 32 < code < 127:
            letters.append((i, chr(code)))
            continue
        char = chr(code) if code <= 0x10FFFF and not 0xD800 <= code < 0xE000 else "\ufffd"
        if code == 32 or char in _SPACE:
            if letters:
                _add_word(raw, tp, letters, runs)
                letters = []
            continue
        if char in _NOTHING:
            continue
        if code in _LINE_END_HYPHENS:
            letters.append((i, "-"))
            _add_word(raw, tp, letters, runs)
            letters = []
            continue
        if code < 32 or code == 0xFFFD or (0xE000 <= code <= 0xF8FF and not 0xF020 <= code <= 0xF0FF):
            odd += 1
        letters.append((i, char))
    if letters:
        _add_word(raw, tp, letters, runs)
    return runs, odd > 20 and odd > 0.3 * max(1, count)


def _codes(raw: Any, tp: Any, count: int) -> Sequence[int]:
    """The code of each character: all in one call where pdfium's text has one unit for each, else one by one."""
    buffer = (ctypes.c_ushort * (count + 1))()
    if raw.FPDFText_GetText(tp, 0, count, buffer) == count + 1:
        codes = buffer[:count]
        if 0 not in codes and not any(0xD800 <= c < 0xE000 for c in codes):
            return codes
    return [raw.FPDFText_GetUnicode(tp, i) for i in range(count)]


def _add_word(raw: Any, tp: Any, letters: list[tuple[int, str]], runs: list[_Run]) -> None:
    """Add the word of some letters; several where they do not stand in one row."""
    rect = raw.FS_RECTF()
    ref = ctypes.byref(rect)
    first, last = letters[0][0], letters[-1][0]
    whole = (
        len(letters) > 2 and last - first + 1 == len(letters) and raw.FPDFText_CountRects(tp, first, len(letters)) == 1
    )
    run: _Run | None = None
    for i, char in (letters[0], letters[-1]) if whole else letters:
        if not raw.FPDFText_GetLooseCharBox(tp, i, ref):
            continue
        left, bottom, right, top = rect.left, rect.bottom, rect.right, rect.top
        if run is not None and not whole and not _continues(run, left, bottom, right, top):
            run = None
        if run is None:
            run = _Run(char, left, bottom, right, top, i)
            runs.append(run)
        else:
            run.text += char
            run.l, run.b = min(run.l, left), min(run.b, bottom)
            run.r, run.t = max(run.r, right), max(run.t, top)
    if whole and run is not None:
        run.text = "".join(c for _, c in letters)


def _continues(run: _Run, left: float, bottom: float, right: float, top: float) -> bool:
    """Whether a character stands right behind the run, along its line or (turned text) along its column."""
    h = max(top - bottom, 1.0)
    w = max(right - left, 1.0)
    along = min(abs(left - run.r), abs(right - run.l)) < 0.8 * h and min(top, run.t) - max(bottom, run.b) > 0.4 * h
    turned = (abs(bottom - run.t) < 0.8 * w or abs(run.b - top) < 0.8 * w) and min(right, run.r) - max(
        left, run.l
    ) > 0.4 * w
    slanted = abs(left - run.r) < 0.5 * h and abs((top + bottom) - (run.t + run.b)) < 2 * h
    return along or turned or slanted or (left >= run.l - 0.3 * w and right <= run.r + 0.3 * w and bottom >= run.b - h)


def _turn(raw: Any, textpage: Any, run: _Run) -> int:
    """The clockwise turn that would set the run upright: 0, 90, 180, 270; -1 for slanted text."""
    # pdfium gives the angle clockwise, in radians; the page must be turned the other way round.
    degrees = -math.degrees(raw.FPDFText_GetCharAngle(textpage.raw, run.first)) % 360
    nearest = round(degrees / 90) * 90
    return int(nearest % 360) if abs(degrees - nearest) < 3 else -1


def _reading_turn(runs: list[_Run], turns: list[int], rotation: int) -> int:
    votes: Counter[int] = Counter()
    for run, turn in zip(runs, turns, strict=True):
        if turn >= 0:
            votes[turn] += len(run.text)
    return votes.most_common(1)[0][0] if votes else rotation % 360


def _as_shown(turn: int, width: float, height: float) -> tuple[float, ...] | None:
    """The map from the page as read to the page as a viewer shows it, turned clockwise by `turn`; None: the same."""
    match turn:
        case 90:
            return 0.0, -1.0, height, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0
        case 180:
            return -1.0, 0.0, width, 0.0, -1.0, height, 0.0, 0.0, 1.0
        case 270:
            return 0.0, 1.0, 0.0, -1.0, 0.0, width, 0.0, 0.0, 1.0
        case _:
            return None


def _is_visible(raw: Any, textpage: Any, run: _Run) -> bool:
    obj = raw.FPDFText_GetTextObject(textpage.raw, run.first)
    return not obj or raw.FPDFTextObj_GetTextRenderMode(obj) != raw.FPDF_TEXTRENDERMODE_INVISIBLE


def _overlap(a: Box, b: Box) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
