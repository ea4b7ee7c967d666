"""Scanned pages of a PDF: each rendered and handed to recognition; what is digital on them is kept over its picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from parsers.page import Page, Word
from parsers.records import Box, Finding, Limits

if TYPE_CHECKING:
    import pypdfium2

DPI = 200  # what recognition is tuned to

NO_ENGINE = Finding(
    code="no_engine",
    text="Le document est une image et la reconnaissance de texte n’est pas disponible : "
    "merci de renvoyer le formulaire rempli à l’écran, ou de lire cette page à l’œil.",
)


def recognise_pages(
    pdf: pypdfium2.PdfDocument, pages: list[Page], scanned: frozenset[int], limits: Limits, ocr: bool
) -> tuple[list[Page], list[Finding]]:
    """The pages with the scanned ones (by number) read from their pixels, and what went wrong, each remedy once."""
    if not ocr:
        return pages, [NO_ENGINE]
    from parsers.sources import image

    read = {page.number: page for page in image.recognise_all(_pictures(pdf, scanned, limits), limits)}
    merged = [_merged(page, read[page.number]) if page.number in read else page for page in pages]
    findings = dict.fromkeys(f for page in read.values() for f in page.findings)
    return merged, list(findings)


def _pictures(
    pdf: pypdfium2.PdfDocument, scanned: frozenset[int], limits: Limits
) -> Iterator[tuple[int, Any, tuple[float, float]]]:
    """(number, BGR pixels, size in points) of each scanned page; a page too large is rendered smaller."""
    import numpy as np

    for number in sorted(scanned):
        page = pdf[number - 1]
        try:
            width, height = page.get_size()
            scale = DPI / 72
            if width * height * scale**2 > limits.pixels:
                scale = (limits.pixels / (width * height)) ** 0.5
            # Fields and notes are read as such and laid over: their pixels would only be a second, worse witness.
            bitmap = page.render(scale=scale, may_draw_forms=False, draw_annots=False)
            pixels = np.array(bitmap.to_numpy()[..., :3])
            bitmap.close()
        finally:
            page.close()
        yield number, pixels, (width, height)


def _merged(drawn: Page, read: Page) -> Page:
    """The recognised page with the digital words, fields and notes laid over it."""
    if not (drawn.words or drawn.entries):
        return replace(read, number=drawn.number)
    covered = [w.box for w in drawn.words]
    kept = [w for w in read.words if not any(_middle_in(w, box) for box in covered)]
    return replace(
        read,
        number=drawn.number,
        words=(*kept, *drawn.words),
        ticks=(*read.ticks, *drawn.ticks),
        entries=drawn.entries,
        strokes=(*read.strokes, *drawn.strokes),
    )


def _middle_in(word: Word, box: Box) -> bool:
    x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]
