"""Filled forms as recognition gives them: words with confidences and a second reading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fixtures.make_forms import FILLED
from parsers import document
from parsers.extraction import Extraction
from parsers.page import Document, Page, Word
from parsers.records import Context, Limits
from parsers.sources.pdf import to_document

Change = Callable[[Word], Word]


def recognised(
    name: str,
    change: Change = lambda w: w,
    context: Context | None = None,
    of_page: Callable[[Page], Page] = lambda p: p,
) -> Extraction:
    """A filled form as if it had been scanned and read well, but for what is done to its words and its pages."""
    pages = to_document((FILLED / f"{name}.pdf").read_bytes(), Limits()).pages

    def scanned(page: Page) -> Page:
        words = []
        for w in page.words:
            for i, part in enumerate(w.text.split() if w.origin == "entry" else [w.text]):
                step = 5.5 * i * (len(part) + 1)
                box = (
                    w.box
                    if w.origin != "entry"
                    else (w.box[0] + step, w.box[1], w.box[0] + step + 5 * len(part), w.box[3])
                )
                words.append(change(Word(text=part, box=box, origin="ocr", confidence=0.999, second=part)))
        return of_page(replace(page, words=tuple(words), entries=()))

    read = Document(pages=tuple(map(scanned, pages)), source_type="scan")
    return document.extract_pages(read, read.pages, context or Context())


def differing(*texts: str, second: str = "?", confidence: float = 0.8, others: tuple[str, ...] = ()) -> Change:
    """Both engines read these words differently."""

    def change(w: Word) -> Word:
        return replace(w, second=second, confidence=confidence, others=others) if w.text in texts else w

    return change


def misread(**texts: str) -> Change:
    return lambda w: replace(w, text=texts[w.text], second=texts[w.text]) if w.text in texts else w
