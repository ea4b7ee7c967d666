"""The one page model: every source (text PDF, AcroForm, office file, scan, photograph, mail body) becomes such pages.

One extraction engine works on it; no source has an engine of its own. Units are PDF points from the page's top left.
An office file has no page of its own: its source lays cells and paragraphs out on a grid (one row below the other,
columns side by side) so that "right of the label" and "same row" keep their meaning, and sets `placed=False`: the
boxes then serve the engine alone and are not shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from parsers.records import Box, Finding, SourceType

Origin = Literal["print", "entry", "ocr"]  # printed text; the value of an AcroForm field; recognised in a picture


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """A run of characters without white space. An AcroForm value stands whole in one `entry` word, spaces included."""

    text: str
    box: Box
    origin: Origin = "print"
    confidence: float = 1.0  # the engine's own for `ocr`
    second: str | None = None  # what a second, independent engine read at the same place; None: it saw nothing
    size: float = 0.0  # font size in points, 0 unknown
    bold: bool = False
    struck: bool = False  # a line is drawn through it
    handwritten: bool = False  # from pixels: not printed type
    again: float | None = (
        None  # a second look at the word alone: its sureness of the same, 0 for another, None not taken
    )
    others: tuple[str, ...] = ()  # further readings of an OCR engine, likeliest first: typed values may choose
    looks: tuple[tuple[tuple[str, float], ...], ...] = ()  # a doubtful word cut out in several ways: of each cut its
    # readings with their probabilities, the first that of the line as a whole; none where nothing was doubtful


@dataclass(frozen=True, kw_only=True, slots=True)
class Ruling:
    """A straight horizontal or vertical line of the layout (table borders, dotted or solid writing lines)."""

    box: Box  # degenerate on one axis

    @property
    def horizontal(self) -> bool:
        """Whether it runs from left to right."""
        return self.box[2] - self.box[0] >= self.box[3] - self.box[1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tick:
    """A tick box and whether it is ticked; `state` None where the pixels leave it open."""

    box: Box
    state: bool | None
    confidence: float = 1.0
    name: str = ""  # AcroForm field name, if any


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A bitmap placed on the page (logo, scanned signature). `full_page` pictures are scans."""

    box: Box
    full_page: bool = False
    ink: float = 0.0  # share of dark pixels, 0 unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class Stroke:
    """Drawn ink that is no layout: curves of a vector signature, pen strokes found in a scan, an annotation."""

    box: Box
    length: float = 0.0  # points of path length


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """An AcroForm field's widget as it stands, filled or empty. Its value also stands in `words` or `ticks`."""

    name: str
    box: Box
    kind: Literal["text", "tick", "choice", "signature"]
    value: str | bool | None
    label: str = ""  # tooltip (/TU)
    max_length: int | None = None  # of a comb field


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One page, all in reading coordinates (upright, deskewed)."""

    number: int
    width: float
    height: float
    words: tuple[Word, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    ticks: tuple[Tick, ...] = ()
    pictures: tuple[Picture, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    entries: tuple[Entry, ...] = ()
    placed: bool = True  # False: boxes are a layout of our own (office files, mail bodies)
    photo: bool = False  # a photographed sheet, found on its background
    warp: tuple[float, ...] | None = None  # 3 × 3 by rows: points here → points of the page as sent; None: the same
    findings: tuple[Finding, ...] = ()  # what kept this page from being read

    @property
    def text(self) -> str:
        """All words in the order given, separated by spaces."""
        return " ".join(w.text for w in self.words)

    def as_sent(self, box: Box) -> Box:
        """A box of this page on the page as its sender sees it: boxes in a reading are shown there."""
        if self.warp is None:
            return box
        a, b, c, d, e, f, g, h, i = self.warp
        corners = [(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
        weights = [g * x + h * y + i for x, y in corners]
        xs = [(a * x + b * y + c) / w for (x, y), w in zip(corners, weights, strict=True)]
        ys = [(d * x + e * y + f) / w for (x, y), w in zip(corners, weights, strict=True)]
        return min(xs), min(ys), max(xs), max(ys)


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A file as pages, with what went wrong on the way."""

    pages: tuple[Page, ...]
    source_type: SourceType
    findings: tuple[Finding, ...] = ()  # reading problems of the file itself (truncated, too many pages…)
    metadata: dict[str, str] = field(default_factory=dict)  # title, producer…: hints, never proof
