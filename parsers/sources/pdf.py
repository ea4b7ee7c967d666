"""PDF → pages: words with loose character boxes, layout, AcroForm values, annotations; scanned pages by recognition.

pypdfium2 reads what is drawn; pikepdf is opened only where the file holds a form or annotations. Both see untrusted
bytes: what they refuse becomes a finding that tells the member what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parsers.page import Document, Page
from parsers.records import Finding, Limits, SourceType

if TYPE_CHECKING:
    import pypdfium2

_LOCKED = (
    "Le PDF est protégé par un mot de passe : nous ne pouvons pas l’ouvrir. "
    "Merci de le renvoyer sans protection (imprimer en PDF, puis joindre ce nouveau fichier)."
)
_EMPTY = "Le fichier est vide (0 octet) : l’envoi a échoué. Merci de le joindre à nouveau."
_TRUNCATED = "Le PDF est incomplet, la fin du fichier manque : l’envoi a été interrompu. Merci de le joindre à nouveau."
_UNREADABLE = (
    "Le PDF est endommagé : nous ne pouvons pas l’ouvrir. "
    "Merci de l’enregistrer à nouveau (imprimer en PDF) et de le renvoyer."
)
_NO_PDF = (
    "Le fichier porte le nom d’un PDF, mais n’en est pas un (page web ou autre format). Merci de renvoyer le vrai PDF."
)
_XFA = (
    "Le formulaire est au format XFA, que seul Adobe Acrobat affiche. "
    "Merci de l’ouvrir dans Acrobat, de l’imprimer en PDF et de renvoyer ce nouveau fichier."
)


def is_picture(data: bytes) -> bool:
    """Whether the first page holds no text: a scan, most likely. False for what is no PDF."""
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError:
        return False
    try:
        page = pdf[0]
        return int(page.get_textpage().count_chars()) == 0
    except (pypdfium2.PdfiumError, IndexError):
        return False
    finally:
        pdf.close()


def to_document(data: bytes, limits: Limits, ocr: bool = True) -> Document:
    """The PDF's pages in reading order, at most `limits.pages` of them; `ocr`: scanned pages are recognised.

    Never raises on what the bytes hold: password, damage, XFA or too many pages are findings of the document.
    """
    if not data:
        return _failed("empty", _EMPTY)
    if b"%PDF-" not in data[:1024]:
        # A few generators put a banner before the header; more than that is another format under a PDF's name.
        return _failed("unreadable", _NO_PDF)
    import pypdfium2

    truncated = b"%%EOF" not in data[-2048:] and b"startxref" not in data[-2048:]
    try:
        pdf = pypdfium2.PdfDocument(data)
        count = len(pdf)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).casefold():
            return _failed("password", _LOCKED)
        return _failed("truncated", _TRUNCATED) if truncated else _failed("unreadable", _UNREADABLE)
    try:
        return _read(pdf, data, count, truncated, limits, ocr)
    finally:
        pdf.close()


def _read(pdf: pypdfium2.PdfDocument, data: bytes, count: int, truncated: bool, limits: Limits, ocr: bool) -> Document:
    import pypdfium2.raw as raw

    from parsers.sources import pdf_content, pdf_forms, pdf_scans

    findings: list[Finding] = []
    if truncated:
        findings.append(Finding(code="truncated", text=_TRUNCATED))
    if count == 0:
        return _failed("unreadable", _UNREADABLE)
    if count > limits.pages:
        text = (
            f"Le PDF compte {count} pages ; nous en lisons {limits.pages} au plus. "
            "Merci de n’envoyer que les documents demandés."
        )
        findings.append(Finding(code="too_many_pages", text=text))
    form_type = raw.FPDF_GetFormType(pdf.raw)
    if form_type in (raw.FORMTYPE_XFA_FULL, raw.FORMTYPE_XFA_FOREGROUND):
        findings.append(Finding(code="xfa", text=_XFA))
    drawn = [pdf_content.read_page(pdf, number) for number in range(1, min(count, limits.pages) + 1)]
    pages: list[Page] = [d.page for d in drawn]
    filled = False
    if form_type != raw.FORMTYPE_NONE or any(d.annotations for d in drawn):
        widgets, filled = pdf_forms.read_widgets(data, len(pages))
        pages = [pdf_forms.add_widgets(d, widgets.get(d.page.number, ())) for d in drawn]
    scanned = [d.page.number for d in drawn if d.scanned]
    if scanned:
        pages, more = pdf_scans.recognise_pages(pdf, pages, frozenset(scanned), limits, ocr)
        findings.extend(more)
    source: SourceType = "acroform" if filled else "text_pdf"
    if scanned and 2 * len(scanned) >= len(pages):
        source = "photo" if any(page.photo for page in pages) else "scan"
    return Document(
        pages=tuple(pages),
        source_type=source,
        findings=tuple(findings),
        metadata=_metadata(pdf),
    )


def _metadata(pdf: Any) -> dict[str, str]:
    return {k: v for k, v in pdf.get_metadata_dict(skip_empty=True).items() if k in ("Title", "Producer", "Creator")}


def _failed(code: str, text: str) -> Document:
    return Document(pages=(), source_type="unreadable", findings=(Finding(code=code, text=text),))
