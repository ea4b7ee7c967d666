"""Pages typed as text: one character is 6 points wide, one line 12 points high. What a test shows is what is read."""

from __future__ import annotations

import re

from parsers import checks, orders
from parsers.extraction import Extraction
from parsers.page import Document, Page, Stroke, Word
from parsers.records import Context

HEAD = """
Commune de Valmont
12 rue du Lavoir                              DEMATIS
91999 Valmont                                 27 rue de la Vallée
SIRET 219 106 523 00018                       75013 Paris
"""
TABLE = """

Désignation                                   Qté      P.U. HT     Montant HT
Télétransmission des actes, abonnement          2        96,00         192,00
Parapheur électronique                          1       120,00         120,00
"""

FOOT = """
                                                     Total HT          312,00
                                                     TVA 20 %           62,40
                                                     Total TTC         374,40
"""


def page(text: str, number: int = 1, strokes: tuple[Stroke, ...] = ()) -> Page:
    """A page of the typed lines; `*text*` is bold, a line that begins with `#` is set in type twice as large."""
    words = []
    for row, line in enumerate(text.strip("\n").splitlines()):
        large = line.startswith("#")
        line = line[1:] if large else line
        for m in re.finditer(r"\S+", line):
            bold = m[0].startswith("*") and m[0].endswith("*") and len(m[0]) > 2
            shown = m[0].strip("*") if bold else m[0]
            x, y = 40 + 6.0 * m.start(), 40 + 12.0 * row
            box = (x, y, x + 6.0 * len(m[0]), y + 9.0)
            words.append(Word(text=shown, box=box, size=18.0 if large else 9.0, bold=bold))
    return Page(number=number, width=842.0, height=842.0, words=tuple(words), strokes=strokes)


def document(*texts: str) -> Document:
    """A text PDF of typed pages."""
    return Document(pages=tuple(page(t, i + 1) for i, t in enumerate(texts)), source_type="text_pdf")


def read(text: str) -> Extraction:
    """The order that a typed page is."""
    return read_page(document(text))


def read_page(doc: Document) -> Extraction:
    """The order on a document's first page."""
    found = orders.extract(doc, (1, 1), Context())
    assert found is not None
    return checks.check(found, Context(), doc.pages[0].text)


def value(found: Extraction, name: str) -> object:
    """A field's value; None where there is none."""
    field = found.fields.get(name)
    return None if field is None else field.value
