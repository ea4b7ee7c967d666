"""The document as sent with each value's box drawn and labelled: what `read --overlay` writes.

Green: sure; orange: put to a person. A picture becomes a PDF page; a document without pages of its own (office file)
cannot be drawn on.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from parsers import sniff
from parsers.records import Box, Field, Piece

SURE = 0.9
_FONT = "/VagOverlay"
_GREEN, _ORANGE, _BLUE = "0 0.5 0.2", "0.85 0.4 0", "0.1 0.3 0.8"
_SIZE = 6.0  # points of a label


class OverlayError(ValueError):
    """The file has no pages to draw on. The message says what to do, in French."""


def overlay(data: bytes, pieces: Sequence[Piece]) -> bytes:
    """The PDF of a file's bytes with the boxes of all its pieces' fields and lines; raises OverlayError."""
    import pikepdf

    source = _as_pdf(data)
    try:
        pdf = pikepdf.open(io.BytesIO(source))
    except pikepdf.PdfError as error:
        raise OverlayError("Le PDF ne peut pas être ouvert : rien ne peut y être dessiné.") from error
    font = pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Font,
            Subtype=pikepdf.Name.Type1,
            BaseFont=pikepdf.Name("/Helvetica"),
            Encoding=pikepdf.Name.WinAnsiEncoding,
        )
    )
    for number, page in enumerate(pdf.pages, start=1):
        marks = list(_marks(pieces, number))
        if marks:
            _draw(page, font, marks)
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def _as_pdf(data: bytes) -> bytes:
    kind = sniff.media_type(data)
    if kind == sniff.PDF:
        return data
    if not kind.startswith("image/"):
        raise OverlayError("Seuls un PDF ou une image ont des pages sur lesquelles dessiner.")
    from PIL import Image, ImageOps

    from parsers.ocr.geometry import page_size

    frames = []
    with Image.open(io.BytesIO(data)) as image:
        for i in range(getattr(image, "n_frames", 1)):
            image.seek(i)
            frames.append(ImageOps.exif_transpose(image).convert("RGB"))
        dpi = image.info.get("dpi")
    width, _ = page_size(*frames[0].size, dpi)
    out = io.BytesIO()
    # Boxes are in points of the page that recognition assumed: the PDF's pages get the same size.
    frames[0].save(out, format="PDF", save_all=True, append_images=frames[1:], resolution=72 * frames[0].width / width)
    return out.getvalue()


def _marks(pieces: Sequence[Piece], number: int) -> Iterable[tuple[Box, str, str]]:
    """(box, text, colour) of everything read on a page."""
    for piece in pieces:
        asked = {f.field for f in piece.findings if f.field}
        for name, field in piece.fields.items():
            if field.page == number and field.box is not None:
                sure = field.confidence >= SURE and name not in asked
                yield field.box, f"{name} = {_shown(field)}", _GREEN if sure else _ORANGE
        for line in piece.lines:
            if line.page == number and line.box is not None:
                yield line.box, f"{line.quantity.normalize():f} × {line.label[:40]}", _BLUE


def _shown(field: Field) -> str:
    value = ("oui" if field.value else "non") if isinstance(field.value, bool) else str(field.value)
    return f"{value} ({field.confidence:.2f})"


def _draw(page: Any, font: Any, marks: Sequence[tuple[Box, str, str]]) -> None:
    import pikepdf

    to_user = _to_user(page)
    out = [b"q"]
    for (x0, top, x1, bottom), text, colour in marks:
        a, b, c, d, e, f = to_user
        out.append(f"q {a} {b} {c} {d} {e} {f} cm {colour} RG {colour} rg 0.8 w".encode())
        # In the upright page's own axes, y up from its bottom edge.
        height = _upright_height(page)
        y = height - bottom
        out.append(f"{x0:.2f} {y:.2f} {x1 - x0:.2f} {bottom - top:.2f} re S".encode())
        shown = text.encode("cp1252", "replace").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
        out.append(f"BT {_FONT} {_SIZE} Tf {x0:.2f} {y + bottom - top + 1:.2f} Td (".encode() + shown + b") Tj ET Q")
    out.append(b"Q")
    # The page's own content may leave the graphics state changed: it is wrapped before anything is drawn over it.
    page.contents_add(b"q", prepend=True)
    page.contents_add(b"Q " + b"\n".join(out))
    if "/Resources" not in page:
        page.Resources = pikepdf.Dictionary()
    fonts = page.Resources.get("/Font")
    if fonts is None:
        page.Resources.Font = pikepdf.Dictionary({_FONT: font})
    else:
        fonts[_FONT] = font


def _box(page: Any) -> tuple[float, float, float, float]:
    left, bottom, right, top = (float(v) for v in page.cropbox)
    return left, bottom, right, top


def _rotation(page: Any) -> int:
    return int(page.obj.get("/Rotate", 0) or 0) % 360


def _upright_height(page: Any) -> float:
    left, bottom, right, top = _box(page)
    return right - left if _rotation(page) in (90, 270) else top - bottom


def _to_user(page: Any) -> tuple[float, float, float, float, float, float]:
    """The matrix from the upright page (origin bottom left) to the page's user space."""
    left, bottom, right, top = _box(page)
    match _rotation(page):
        case 90:
            return 0, 1, -1, 0, right, bottom
        case 180:
            return -1, 0, 0, -1, right, top
        case 270:
            return 0, -1, 1, 0, left, top
        case _:
            return 1, 0, 0, 1, left, bottom


__all__ = ["OverlayError", "overlay"]
