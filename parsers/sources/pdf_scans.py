"""Scanned pages of a PDF: each rendered and handed to recognition; words typed over the picture are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.page import Page
from parsers.records import Finding, Limits

if TYPE_CHECKING:
    import pypdfium2

NO_ENGINE = Finding(
    code="no_engine",
    text="Le document est une image et la reconnaissance de texte n’est pas disponible : "
    "merci de renvoyer le formulaire rempli à l’écran, ou de lire cette page à l’œil.",
)


def recognise_pages(
    pdf: pypdfium2.PdfDocument,  # noqa: ARG001 - rendered once recognition is there
    pages: list[Page],
    scanned: frozenset[int],  # noqa: ARG001
    limits: Limits,  # noqa: ARG001
    ocr: bool,  # noqa: ARG001
) -> tuple[list[Page], list[Finding]]:
    """The pages with the scanned ones read from their pixels, and what went wrong."""
    return pages, [NO_ENGINE]
