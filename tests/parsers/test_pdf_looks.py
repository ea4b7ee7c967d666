"""A field whose appearance shows another text than it stores is put to a person, whichever of the two is right."""

from __future__ import annotations

import io

import pikepdf
import pytest

from fixtures.make_forms import FILLED
from parsers.read import read
from parsers.records import Context, Piece
from parsers.sources import pdf_looks

NUMBER = 10  # the widget of the order's number


def _stored(value: str, *, redraw: bool = False) -> Piece:
    """The order with another number stored below an unchanged appearance."""
    out = io.BytesIO()
    with pikepdf.open(FILLED / "lot2-order.pdf") as pdf:
        pdf.Root.AcroForm.NeedAppearances = True  # as it is generated where it is asked for
        widget = pdf.pages[0].Annots[NUMBER]
        assert str(widget.V) == "BC_2026-0417"
        pdf.generate_appearance_streams()
        pdf.Root.AcroForm.NeedAppearances = redraw
        widget.V = value
        pdf.save(out)
    (piece,) = read(out.getvalue(), "bc.pdf", Context()).pieces
    return piece


def _asked(piece: Piece) -> list[tuple[str, str | None]]:
    return [(f.code, f.field) for f in piece.findings]


def test_another_text_shown_than_stored() -> None:
    piece = _stored("BC_2026-0999")
    assert piece.value("order_number") == "BC_2026-0999"
    assert ("doubtful", "order_number") in _asked(piece)


def test_a_text_shown_and_not_stored() -> None:
    piece = _stored("")
    assert piece.value("order_number") == "BC_2026-0417"
    assert ("doubtful", "order_number") in _asked(piece)


def test_what_a_viewer_draws_anew_is_not_compared() -> None:
    assert _asked(_stored("BC_2026-0999", redraw=True)) == []


def test_the_same_text_is_no_question() -> None:
    assert _asked(_stored("BC_2026-0417")) == []


@pytest.mark.parametrize(
    ("value", "drawn", "alike"),
    [
        ("1234.5", "1 234,50 €", True),
        ("2026-03-05", "05/03/2026", True),
        ("Hôtel de ville", "Hôteldeville", True),
        ("Communauté de communes du Val", "Communautédeco", True),
        ("Grès-Verts", "Gr?s-Verts", True),
        ("Gres-Verts", "Gr?s-Verts", False),
        ("12", "1", False),
        ("217 806 462 00019", "217 806 462 00027", False),
        ("", "1", False),
        ("12", "", True),
    ],
)
def test_ways_of_writing_are_no_difference(value: str, drawn: str, alike: bool) -> None:
    assert pdf_looks.agree(value, drawn) is alike
