"""The zone a question is about: the right place, outlined; nothing where nothing can be drawn."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from daemon.letters.crop import crop, draw
from daemon.letters.render import FOLDER

FORM = (FOLDER / "papers" / "CIG_lot2_bon_de_commande.pdf").read_bytes()
SIRET = (137.9, 165.8, 326.9, 178.3)


def image(data: bytes | None) -> Image.Image:
    assert data is not None
    return Image.open(io.BytesIO(data)).convert("RGB")


def red(picture: Image.Image) -> tuple[int, int, int, int]:
    """The box of what is red."""
    pixels = np.asarray(picture).astype(int)
    rows, columns = np.nonzero((pixels[..., 0] > 150) & (pixels[..., 1] < 90) & (pixels[..., 2] < 90))
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


def photo(mode: str = "RGB", orientation: int | None = None, frames: int = 1) -> bytes:
    """A sheet of A4 with a blue mark a third down and half across."""
    sheet = Image.new("RGB", (1190, 1684), "white")
    ImageDraw.Draw(sheet).rectangle((595, 560, 700, 590), fill=(0, 0, 255))
    out = io.BytesIO()
    exif = Image.Exif()
    if orientation == 6:  # stored lying, shown upright
        exif[0x0112] = 6
        sheet = sheet.transpose(Image.Transpose.ROTATE_90)
    more = {"save_all": True, "append_images": [sheet] * (frames - 1)} if frames > 1 else {}
    sheet.convert(mode).save(out, "TIFF" if frames > 1 else "PNG" if mode != "RGB" else "JPEG", exif=exif, **more)
    return out.getvalue()


def test_a_form_s_field_is_shown_with_its_label() -> None:
    picture = image(crop(FORM, 1, SIRET))
    assert 300 < picture.width <= 1040
    assert picture.height < 200
    left, top, right, bottom = red(picture)
    assert right - left == pytest.approx(2 * (SIRET[2] - SIRET[0]) + 8, abs=4)
    assert bottom - top == pytest.approx(2 * (SIRET[3] - SIRET[1]) + 8, abs=4)


@pytest.mark.parametrize("data", [photo(), photo(orientation=6), photo("L"), photo(frames=2)])
def test_a_picture_s_zone_is_found_by_points(data: bytes) -> None:
    page = 2 if data[:2] in (b"II", b"MM") else 1
    picture = image(draw(data, page, (297.5, 280.0, 350.0, 295.0)))
    pixels = np.asarray(picture).astype(int)
    dark = np.argwhere(pixels[..., 0] < 100)
    left, top, right, bottom = red(picture)
    assert top < dark[:, 0].min() <= dark[:, 0].max() < bottom
    assert left < dark[:, 1].min() <= dark[:, 1].max() < right


@pytest.mark.parametrize(
    ("data", "page", "box"),
    [
        (b"PK\x03\x04 an office file", 1, SIRET),
        (b"%PDF-1.7 broken", 1, SIRET),
        (b"", 1, SIRET),
        (FORM, 9, SIRET),
        (FORM, 0, SIRET),
        (FORM, 1, (9000.0, 9000.0, 9100.0, 9100.0)),
        (photo()[:400], 1, SIRET),
        (photo(), 2, SIRET),
    ],
)
def test_what_cannot_be_drawn_is_none(data: bytes, page: int, box: tuple[float, float, float, float]) -> None:
    assert draw(data, page, box) is None


def test_a_document_that_kills_or_outlasts_its_child_is_none() -> None:
    assert crop(FORM, 1, SIRET, seconds=0.0) is None
    bomb = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(bomb, "PNG")
    assert crop(bomb.getvalue(), 1, SIRET) is None
