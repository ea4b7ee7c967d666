"""A mail's own words as one page: an order written in the mail itself is read like any other.

Mail programs show plain text in a type of fixed pitch, and what is written in columns there relies on it: one line a
row, each character a column. The boxes are of our own making, so the page is not `placed`.
"""

from __future__ import annotations

import re

from parsers.page import Document, Page, Word

_PITCH, _SIZE, _ROW = 6.0, 10.0, 14.0  # points: a character's width, its size, from one line to the next
_MARGIN = 40.0
_LINES, _WIDEST = 1_000, 400  # what is looked at: an order written by hand stands in far less


def to_document(text: str) -> Document:
    """The text's lines as the rows of one page; no page where nothing is written."""
    words: list[Word] = []
    lines = text.expandtabs(8).split("\n")[:_LINES]
    for row, line in enumerate(lines):
        top = _MARGIN + row * _ROW
        for m in re.finditer(r"\S+", line[:_WIDEST]):
            x0, x1 = _MARGIN + m.start() * _PITCH, _MARGIN + m.end() * _PITCH
            words.append(Word(text=m[0], box=(x0, top, x1, top + _SIZE), size=_SIZE))
    if not words:
        return Document(pages=(), source_type="mail_body")
    width = max(595.0, max(w.box[2] for w in words) + _MARGIN)
    height = max(842.0, words[-1].box[3] + _MARGIN)
    page = Page(number=1, width=width, height=height, words=tuple(words), placed=False)
    return Document(pages=(page,), source_type="mail_body")
