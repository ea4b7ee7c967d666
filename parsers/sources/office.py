"""Office files (Word, Excel, OpenDocument, old and new) as pages on a grid; what cannot be read is a finding.

Word: `word.py`; OpenDocument: `odf.py`; spreadsheets: `sheet.py`. All become the blocks of `flow.py`.
"""

from __future__ import annotations

from collections.abc import Callable

from parsers.page import Document
from parsers.records import Finding, Limits
from parsers.sources import tab_stops
from parsers.sources.flow import Block, Image, Paragraph, Table, pages
from parsers.sources.package import MACRO, PASSWORD, TRUNCATED, Package, RefusedError

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SPARSE = 20  # words below which a file that holds a large picture is that picture

OLD_WORD = Finding(
    code="unreadable",
    text="Ce document est au format Word 97-2003 (.doc), que nous ne lisons pas ; "
    "merci de l’enregistrer en PDF (Fichier, Enregistrer sous, PDF) et de le renvoyer.",
)
OLD_OFFICE = Finding(
    code="unreadable",
    text="Ce document est dans un format bureautique que nous ne lisons pas ; merci de l’enregistrer en PDF "
    "et de le renvoyer.",
)
EMPTY = Finding(
    code="empty", text="Ce document est vide ; merci de vérifier le fichier et de renvoyer le document complété."
)
MANY_PAGES = (
    "Ce document dépasse {limit} pages et n’a été lu que jusque-là ; merci de n’envoyer que les pièces demandées."
)

MEDIA = (
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.ms-word.document.macroenabled.12",
    "application/vnd.ms-excel.sheet.macroenabled.12",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.ms-excel",
    "application/msword",
    "application/vnd.ms-powerpoint",
    "application/rtf",
    "text/rtf",
)


def to_document(
    data: bytes, media_type: str, limits: Limits, picture: Callable[[bytes], Document] | None = None
) -> Document:
    """The file as pages with `placed=False`, never raising for what the file holds.

    The bytes decide what it is; `media_type` only where they leave it open. `picture` reads a scan or photograph that
    somebody pasted into an empty document (such a document is then that picture).
    """
    findings: list[Finding] = []
    try:
        blocks, more = _blocks(data, media_type, limits, findings)
    except RefusedError as e:
        return Document(pages=(), source_type="unreadable", findings=(*findings, e.finding))
    except RecursionError:  # nested past any document that a person wrote
        return Document(pages=(), source_type="unreadable", findings=(*findings, TRUNCATED))
    findings += more
    laid, cut = pages(tab_stops.aligned(blocks), limit=limits.pages)
    scan = _pasted(blocks) if picture is not None and sum(len(p.words) for p in laid) < SPARSE else None
    if picture is not None and scan is not None:
        inner = picture(scan)
        return Document(pages=inner.pages, source_type=inner.source_type, findings=(*findings, *inner.findings))
    if cut:
        findings.append(Finding(code="too_many_pages", text=MANY_PAGES.format(limit=limits.pages)))
    if not laid:
        findings.append(EMPTY)
    return Document(pages=laid, source_type="office", findings=tuple(findings))


def _blocks(data: bytes, media_type: str, limits: Limits, findings: list[Finding]) -> tuple[list[Block], list[Finding]]:
    """The file's blocks by what its bytes are; a macro is noted in `findings` even where reading then fails."""
    if not data.strip(b"\0 \r\n\t"):
        raise RefusedError(EMPTY)
    if data.startswith(OLE):
        return _compound(data, limits, findings)
    if not data.startswith(b"PK"):
        raise RefusedError(TRUNCATED if media_type in MEDIA[:8] and not data.startswith(b"{\\rtf") else OLD_OFFICE)
    package = Package.open(data, limits)
    if package.macros:
        findings.append(MACRO)
    if package.has("content.xml"):
        from parsers.sources import odf

        return odf.blocks(package)
    if any(n.startswith("xl/") for n in package.names):
        if any(n.endswith(".bin") and "/worksheets/" in n for n in package.names):  # .xlsb, calamine's alone
            from parsers.sources import sheet

            return sheet.xls(data, limits)
        from parsers.sources import sheet

        return sheet.xlsx(package, data)
    if any(n.startswith("ppt/") for n in package.names):
        from parsers.sources import sheet

        return sheet.text_of(package, "ppt/slides"), []
    if any(n.startswith("word/") for n in package.names) or "[Content_Types].xml" in package.names:
        from parsers.sources import word

        return word.blocks(package), []
    raise RefusedError(TRUNCATED)


def _compound(data: bytes, limits: Limits, findings: list[Finding]) -> tuple[list[Block], list[Finding]]:
    """OLE compound files: Excel 97-2003, protected Office Open XML, and what we do not read."""
    import olefile

    try:
        with olefile.OleFileIO(data) as ole:
            top = {path[0].lower() for path in ole.listdir(streams=True, storages=True) if path}
    except (OSError, ValueError, IndexError, TypeError, RecursionError) as e:
        raise RefusedError(TRUNCATED) from e
    if "encryptedpackage" in top or "encryptioninfo" in top:
        raise RefusedError(PASSWORD)
    if "_vba_project_cur" in top or "macros" in top:
        findings.append(MACRO)
    if "workbook" in top or "book" in top:
        from parsers.sources import sheet

        return sheet.xls(data, limits)
    raise RefusedError(OLD_WORD if "worddocument" in top else OLD_OFFICE)


def _pasted(blocks: list[Block]) -> bytes | None:
    """The largest picture of the document, where one is large enough to be a page."""
    found: list[bytes] = []

    def look(blocks: tuple[Block, ...] | list[Block]) -> None:
        for block in blocks:
            if isinstance(block, Paragraph):
                found.extend(i.data for i in block.items if isinstance(i, Image) and i.data)
            elif isinstance(block, Table):
                for row in block.rows:
                    for cell in row:
                        look(cell.blocks)

    look(blocks)
    return max(found, key=len, default=None)
