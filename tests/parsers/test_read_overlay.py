"""The overlay: every value's box is drawn where its words stand, also on turned pages."""

from __future__ import annotations

import io

import pikepdf
import pypdfium2
import pytest

from fixtures.make_forms import FILLED
from parsers.overlay import OverlayError, overlay
from parsers.read import read
from parsers.records import Context, Limits
from parsers.sources.pdf import to_document


def _text_in(pdf: bytes, name: str) -> str:
    document = pypdfium2.PdfDocument(pdf)
    text = document[0].get_textpage().get_text_range()
    document.close()
    return next(line for line in text.splitlines() if line.startswith(name))


@pytest.mark.parametrize("name", ["lot2-order", "lot2-order-flat-signed", "lot5-order-rotated"])
def test_each_value_is_labelled(name: str) -> None:
    data = (FILLED / f"{name}.pdf").read_bytes()
    piece = read(data, "x.pdf", Context()).pieces[0]
    drawn = overlay(data, [piece])
    assert "21780646" in _text_in(drawn, "siret")
    with pikepdf.open(io.BytesIO(drawn)) as pdf:
        assert len(pdf.pages) == 1


def test_a_label_stands_just_above_its_value() -> None:
    data = (FILLED / "lot2-order-flat-signed.pdf").read_bytes()
    piece = read(data, "x.pdf", Context()).pieces[0]
    words = to_document(overlay(data, [piece]), Limits()).pages[0].words
    label = next(w for w in words if w.text == "city")
    box = piece.fields["city"].box
    assert box is not None
    assert label.box[0] == pytest.approx(box[0], abs=2)
    assert label.box[3] == pytest.approx(box[1], abs=4)


def test_boxes_of_a_turned_page_are_those_of_the_page_as_shown() -> None:
    data = (FILLED / "lot5-order-rotated.pdf").read_bytes()
    piece = read(data, "x.pdf", Context()).pieces[0]
    document = pypdfium2.PdfDocument(overlay(data, [piece]))
    width, height = document[0].get_size()
    assert width > height
    box = piece.fields["city"].box
    assert box is not None
    assert box[3] - box[1] > 2 * (box[2] - box[0])  # shown lying on its side
    assert 0 < box[0] < box[2] < width
    assert 0 < box[1] < box[3] < height
    bitmap = document[0].render(scale=1).to_numpy()
    green = bitmap[int(box[1]) - 3 : int(box[3]) + 3, int(box[0]) - 3 : int(box[2]) + 3]
    assert (abs(green.astype(int) - [51, 128, 0]).sum(axis=2) < 90).any()  # the box is drawn around it (BGR)
    document.close()


def test_an_office_file_has_no_page_to_draw_on() -> None:
    with pytest.raises(OverlayError, match="PDF ou une image"):
        overlay(b"Bonjour", [])
