"""One file → its pieces: bytes to pages, a bundle cut into documents, each read by the engine that knows it best."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from parsers import bundles, layouts, sniff
from parsers.extraction import Extraction
from parsers.page import Document, Page
from parsers.records import Context, Finding, Piece, Signature

_OFFICE = frozenset(
    {sniff.DOCX, sniff.XLSX, sniff.PPTX, sniff.ODT, sniff.ODS, sniff.DOC, sniff.XLS, sniff.PPT, sniff.OLE}
)
_NOT_READ = (
    "Nous n’avons pas pu lire ce document : merci de l’ouvrir et de dire ce qu’il est, ou de le renvoyer en PDF."
)
_NO_FORMAT = (
    "Ce format de fichier n’est pas de ceux que nous lisons : merci de renvoyer le document en PDF, Word ou Excel."
)


def read_document(data: bytes, name: str, media_type: str, context: Context) -> list[Piece]:
    """The pieces of one file, in page order. What cannot be read is a piece with a finding."""
    document = to_document(data, media_type, context)
    sha256 = hashlib.sha256(data).hexdigest()
    if not document.pages:
        return [Piece(name=name, sha256=sha256, source_type="unreadable", findings=document.findings or (_unread(),))]
    signature, signing = _electronic(data, media_type, context)
    pieces: list[Piece] = []
    parts = bundles.cut(document, context)
    for first, last in parts:
        pages = tuple(p for p in document.pages if first <= p.number <= last)
        found = extract_pages(document, pages, context)
        found = found.with_findings(*_of_pages(document, pages), *_lost(found, document, pages, context), *signing)
        piece = _as_sent(found, pages).to_piece(
            name=name if len(parts) == 1 else f"{name}#{first}-{last}",
            sha256=sha256,
            source_type=document.source_type,
            pages=(first, last) if pages[0].placed else None,
            signature=signature,
        )
        pieces.append(piece)
    return pieces


def _of_pages(document: Document, pages: tuple[Page, ...]) -> list[Finding]:
    """The file's findings without those that are about other pages alone."""
    own = {f for p in pages for f in p.findings}
    others = {f for p in document.pages if p not in pages for f in p.findings} - own
    return [f for f in document.findings if f not in others]


def _lost(found: Extraction, document: Document, pages: tuple[Page, ...], context: Context) -> tuple[Finding, ...]:
    """Pages that one of our papers should have and the file has not."""
    if found.kind == "other":
        return ()
    from parsers import page_count

    expected = next((f.pages for f in layouts.load(context.forms) if f.id == found.form), None)
    finding = page_count.missing(pages, document.pages, expected)
    return (finding,) if finding else ()


def to_document(data: bytes, media_type: str, context: Context) -> Document:
    """The file as pages, by the source that its bytes call for."""
    if media_type == sniff.PDF or (not data and media_type not in _OFFICE):
        from parsers.sources import pdf

        return pdf.to_document(data, context.limits, context.ocr)
    if media_type.startswith("image/"):
        return _picture(data, context)
    if media_type in _OFFICE:
        from parsers.sources import office

        return office.to_document(data, media_type, context.limits, lambda picture: _picture(picture, context))
    return Document(pages=(), source_type="unreadable", findings=(Finding(code="unreadable", text=_NO_FORMAT),))


def _picture(data: bytes, context: Context) -> Document:
    if not context.ocr:
        from parsers.sources.pdf_scans import NO_ENGINE

        return Document(pages=(), source_type="unreadable", findings=(NO_ENGINE,))
    from parsers.sources import image

    return image.to_document(data, context.limits)


def extract_pages(document: Document, pages: tuple[Page, ...], context: Context) -> Extraction:
    """What one document's pages say: an official form first, else a free layout; with every cross check.

    Read well and of no kind that we know (a délibération, a note): kind `other` without a finding.
    """
    from parsers import checks, extract, orders, suspects

    found = extract.extract(pages, context)
    if found is None:
        found = orders.extract(document, (pages[0].number, pages[-1].number), context)
    if found is None:
        if not any(p.words for p in pages):
            return Extraction(findings=(_unread(),))
        asked = suspects.suspicion(pages, context)
        return Extraction(findings=(asked,) if asked else ())
    text = "\n".join(p.text for p in pages)
    if any(f.code == "blank" for f in found.findings):
        return replace(found, findings=(*found.findings, *checks.outdated(found.group, text, context)))
    return checks.check(found, context, text)


def _as_sent(found: Extraction, pages: tuple[Page, ...]) -> Extraction:
    """Boxes moved from the straightened page to the page as its sender sees it."""
    warped = {p.number: p for p in pages if p.warp is not None}
    if not warped:
        return found
    fields = {
        k: replace(f, box=warped[f.page].as_sent(f.box)) if f.box is not None and f.page in warped else f
        for k, f in found.fields.items()
    }
    lines = tuple(
        replace(x, box=warped[x.page].as_sent(x.box)) if x.box is not None and x.page in warped else x
        for x in found.lines
    )
    return replace(found, fields=fields, lines=lines)


def _electronic(data: bytes, media_type: str, context: Context) -> tuple[Signature | None, tuple[Finding, ...]]:
    """The file's electronic signature and what a person must know of it; (None, ()) where it bears none."""
    if media_type != sniff.PDF:
        return None, ()
    from parsers import signatures

    return signatures.electronic(data, context.anchors)


def _unread() -> Finding:
    return Finding(code="unreadable", text=_NOT_READ)
