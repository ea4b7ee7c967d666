"""The zone of a page that a question is about, as a picture. Drawn in a child: a document may kill what draws it."""

from __future__ import annotations

import io
import multiprocessing
import resource
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image as Bitmap

Box = tuple[float, float, float, float]

_SCALE = 2.0  # 144 points an inch: read at ease on a telephone, some tens of kilobytes
_AROUND = (70.0, 22.0)  # points kept left and right, above and below: the label stands there
_WIDEST = 360.0  # points, where the box itself is not wider
_MEMORY = 800_000_000
_PIXELS = 60_000_000


def crop(data: bytes, page: int, box: Box, *, seconds: float = 20.0) -> bytes | None:
    """A PNG of the zone around `box` (points from the page's top left, as its sender sees it), the box outlined.

    `page` counts from 1. None where nothing can be drawn: an office file, a document that kills or outlasts the child.
    """
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe(duplex=False)
    child = spawn.Process(target=_child, args=(theirs, data, page, box), daemon=True, name="vaguemestre-crop")
    child.start()
    theirs.close()
    try:
        drawn: bytes | None = ours.recv() if ours.poll(seconds) else None
    except EOFError:
        drawn = None
    finally:
        child.kill()
        child.join()
        child.close()
        ours.close()
    return drawn


def _child(pipe: Connection, data: bytes, page: int, box: Box) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    pipe.send(draw(data, page, box))


def draw(data: bytes, page: int, box: Box) -> bytes | None:
    """What `crop` gives, in this very process."""
    from PIL import Image, ImageDraw

    Image.MAX_IMAGE_PIXELS = _PIXELS
    sheet = _pdf(data, page) if data[:1024].lstrip().startswith(b"%PDF-") else _picture(data, page)
    if sheet is None:
        return None
    picture, scale = sheet
    across, above = _AROUND
    end = min(box[2] + across, max(box[0] - across + _WIDEST, box[2] + 10))
    zone = (box[0] - across, box[1] - above, end, box[3] + above)
    left, top, right, bottom = (round(v * scale) for v in zone)
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, picture.width), min(bottom, picture.height)
    if right <= left or bottom <= top:
        return None
    cut = picture.crop((left, top, right, bottom)).convert("RGB")
    shrink = min(1.0, _SCALE / scale)
    if shrink < 1.0:
        cut = cut.resize((max(1, round(cut.width * shrink)), max(1, round(cut.height * shrink))))
    x0, y0, x1, y1 = ((v * scale - o) * shrink for v, o in zip(box, (left, top, left, top), strict=True))
    ImageDraw.Draw(cut).rectangle((x0 - 4, y0 - 4, max(x1, x0) + 4, max(y1, y0) + 4), outline=(200, 30, 30), width=3)
    out = io.BytesIO()
    cut.quantize(64, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def _pdf(data: bytes, page: int) -> tuple[Bitmap, float] | None:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
        document.init_forms()
        if not 1 <= page <= len(document):
            return None
        sheet = document[page - 1]
        width, height = sheet.get_size()
        scale = min(_SCALE, (_PIXELS / max(width * height, 1.0)) ** 0.5)
        return sheet.render(scale=scale, may_draw_forms=True).to_pil(), scale
    except pypdfium2.PdfiumError:
        return None


def _picture(data: bytes, page: int) -> tuple[Bitmap, float] | None:
    from PIL import Image, ImageOps, UnidentifiedImageError

    from parsers.ocr.geometry import page_size

    try:
        with Image.open(io.BytesIO(data)) as opened:
            opened.seek(page - 1)
            upright = ImageOps.exif_transpose(opened).convert("RGB")
            dpi = opened.info.get("dpi")
    except (UnidentifiedImageError, OSError, EOFError, ValueError, Image.DecompressionBombError):
        return None
    width, _ = page_size(upright.width, upright.height, (float(dpi[0]), float(dpi[1])) if dpi else None)
    return upright, upright.width / width
