"""PDF as pages, and what members can do about PDFs that cannot be read."""

from __future__ import annotations

import io
from typing import Any

import pikepdf
import pytest

from fixtures.make_forms import BLANK, FILLED
from parsers.page import Document
from parsers.records import Limits
from parsers.sources.pdf import to_document


def _text_pdf(*contents: bytes, rotate: int = 0, annotations: Any = None) -> bytes:
    """One page for each content stream, Helvetica as /F1."""
    pdf = pikepdf.new()
    for content in contents:
        font = pikepdf.Dictionary(
            Type=pikepdf.Name.Font,
            Subtype=pikepdf.Name.Type1,
            BaseFont=pikepdf.Name.Helvetica,
            Encoding=pikepdf.Name.WinAnsiEncoding,
        )
        page = pdf.add_blank_page(page_size=(595, 842))
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        page.Contents = pdf.make_stream(content)
        if rotate:
            page.Rotate = rotate
        if annotations is not None:
            page.Annots = pdf.make_indirect(pikepdf.Array([pdf.make_indirect(a) for a in annotations]))
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def _codes(document: Document) -> list[str]:
    return [f.code for f in document.findings]


def test_words_stand_where_they_are_drawn() -> None:
    document = to_document(_text_pdf(b"BT /F1 12 Tf 72 742 Td (Bonjour  le monde) Tj ET"), Limits())
    page = document.pages[0]
    assert [w.text for w in page.words] == ["Bonjour", "le", "monde"]
    first = page.words[0]
    assert first.box[0] == pytest.approx(72, abs=2)
    assert first.box[1] < 100 < first.box[3] + 4
    assert document.source_type == "text_pdf"


@pytest.mark.parametrize(
    ("rotate", "content"),
    [
        (90, b"BT /F1 12 Tf 0 1 -1 0 100 72 Tm (debout) Tj ET"),
        (180, b"BT /F1 12 Tf -1 0 0 -1 500 742 Tm (debout) Tj ET"),
        (270, b"BT /F1 12 Tf 0 -1 1 0 495 770 Tm (debout) Tj ET"),
        (0, b"BT /F1 12 Tf 0 1 -1 0 100 72 Tm (debout) Tj ET"),  # lies on its side on an unturned page
    ],
)
def test_a_turned_page_is_read_upright(rotate: int, content: bytes) -> None:
    page = to_document(_text_pdf(content, rotate=rotate), Limits()).pages[0]
    (word,) = page.words
    assert word.text == "debout"
    assert word.box[2] - word.box[0] > 2 * (word.box[3] - word.box[1])
    assert 0 <= word.box[0] < word.box[2] <= page.width
    assert 0 <= word.box[1] < word.box[3] <= page.height


def test_a_line_end_hyphen_is_a_hyphen() -> None:
    page = to_document(_text_pdf(b"BT /F1 12 Tf 72 742 Td (demi-) Tj 0 -14 Td (journee) Tj ET"), Limits()).pages[0]
    assert [w.text for w in page.words] == ["demi-", "journee"]


@pytest.mark.parametrize(
    ("mark", "state"),
    [
        (b"", False),
        (b"BT /F1 9 Tf 101.5 702 Td (X) Tj ET", True),
        (b"101 701 m 109 709 l S 101 709 m 109 701 l S", True),  # a cross of two strokes
        (b"101 705 m 104 701 l 110 710 l S", True),  # a check mark
        (b"102 702 6 6 re f", True),  # blackened
        (b"95 705 m 95 716 135 716 135 705 c 135 694 95 694 95 705 c S", True),  # ringed with its word
    ],
)
def test_a_drawn_box_and_its_mark(mark: bytes, state: bool) -> None:
    page = to_document(_text_pdf(b"100 700 10 10 re S BT /F1 9 Tf 115 702 Td (Oui) Tj ET " + mark), Limits()).pages[0]
    assert [t.state for t in page.ticks] == [state]
    assert [w.text for w in page.words] == ["Oui"]
    assert not page.strokes


def test_comb_cells_are_no_tick_boxes() -> None:
    cells = b" ".join(b"%d 700 12 12 re S" % (100 + 12 * i) for i in range(14))
    page = to_document(_text_pdf(cells + b" BT /F1 9 Tf 102 702 Td (2) Tj ET"), Limits()).pages[0]
    assert page.ticks == ()
    assert [w.text for w in page.words] == ["2"]


def test_struck_words_are_known() -> None:
    content = b"BT /F1 12 Tf 72 700 Td (douze) Tj 60 0 Td (treize) Tj ET 70 704 m 106 704 l S"
    page = to_document(_text_pdf(content), Limits()).pages[0]
    assert {w.text: w.struck for w in page.words} == {"douze": True, "treize": False}


def test_a_writing_line_of_dots_strikes_nothing() -> None:
    content = b"BT /F1 12 Tf 72 700 Td (douze) Tj ET [1 1.5] 0 d 70 704 m 106 704 l S"
    assert [w.struck for w in to_document(_text_pdf(content), Limits()).pages[0].words] == [False]


def test_a_signature_drawn_in_curves_is_ink() -> None:
    page = to_document(_text_pdf(b"100 100 m 150 180 160 60 200 120 c S 100 300 m 300 300 l S"), Limits()).pages[0]
    assert len(page.strokes) == 1
    assert len(page.rulings) == 1


def test_a_frame_with_round_corners_is_no_ink() -> None:
    corners = b"110 100 m 290 100 l 300 100 300 100 300 110 c 300 190 l 300 200 300 200 290 200 c "
    content = corners + b"110 200 l 100 200 100 200 100 190 c 100 110 l 100 100 100 100 110 100 c S"
    page = to_document(_text_pdf(content), Limits()).pages[0]
    assert not page.strokes
    assert len(page.rulings) == 4
    upper, lower = (
        b"100 177 122 200 150 200 c 177 200 200 177 200 150 c ",
        b"200 122 177 100 150 100 c 122 100 100 122 100 150 c S",
    )
    stamp = b"100 150 m " + upper + lower
    assert len(to_document(_text_pdf(stamp), Limits()).pages[0].strokes) == 1


def test_a_ring_round_two_boxes_ticks_neither() -> None:
    content = b"100 700 10 10 re S 125 700 10 10 re S 90 705 m 90 720 145 720 145 705 c 145 690 90 690 90 705 c S"
    page = to_document(_text_pdf(content), Limits()).pages[0]
    assert [t.state for t in page.ticks] == [False, False]


def test_text_typed_over_the_page_as_an_annotation_is_read() -> None:
    note = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.FreeText, Rect=[100, 700, 300, 712], Contents="Ville de Lys"
    )
    hidden = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.FreeText, Rect=[100, 600, 300, 612], Contents="caché", F=2
    )
    page = to_document(_text_pdf(b"BT /F1 9 Tf 50 702 Td (Nom) Tj ET", annotations=[note, hidden]), Limits()).pages[0]
    assert [w.text for w in page.words] == ["Nom", "Ville", "de", "Lys"]


def test_a_cross_typed_or_drawn_over_a_printed_box_ticks_it() -> None:
    squares = b"100 700 9 9 re S 100 680 9 9 re S 100 660 9 9 re S"
    typed = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.FreeText, Rect=[98, 698, 114, 712], Contents="X"
    )
    drawn = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Ink, Rect=[99, 659, 112, 671],
        InkList=[[99, 659, 112, 671]],
    )  # fmt: skip
    page = to_document(_text_pdf(squares, annotations=[typed, drawn]), Limits()).pages[0]
    assert [t.state for t in sorted(page.ticks, key=lambda t: t.box[1])] == [True, False, True]
    assert page.words == ()


def test_acroform_values_stand_in_their_widgets() -> None:
    document = to_document((FILLED / "lot1-order.pdf").read_bytes(), Limits())
    page = document.pages[0]
    assert document.source_type == "acroform"
    assert next(w.text for w in page.words if w.origin == "entry").startswith("Commune de Fontaine")
    assert [t.state for t in page.ticks] == [False, True, False, False, False]


def test_comb_fields_tell_their_length() -> None:
    page = to_document((FILLED / "lot2-order.pdf").read_bytes(), Limits()).pages[0]
    assert {e.max_length for e in page.entries if e.max_length} == {14}


# --- bad input -------------------------------------------------------------------------------------------------------


def test_zero_bytes() -> None:
    assert _codes(to_document(b"", Limits())) == ["empty"]


def test_a_web_page_named_pdf() -> None:
    document = to_document(b"<!DOCTYPE html><html><body>Erreur 404</body></html>", Limits())
    assert _codes(document) == ["unreadable"]
    assert "n’en est pas un" in document.findings[0].text


def test_a_password() -> None:
    pdf = pikepdf.open(BLANK / "CIG_lot2_bon_de_commande.pdf")
    out = io.BytesIO()
    pdf.save(out, encryption=pikepdf.Encryption(user="secret", owner="secret"))
    document = to_document(out.getvalue(), Limits())
    assert _codes(document) == ["password"]
    assert "mot de passe" in document.findings[0].text


def test_an_owner_password_alone_hinders_no_reading() -> None:
    pdf = pikepdf.open(FILLED / "lot1-order.pdf")
    out = io.BytesIO()
    pdf.save(out, encryption=pikepdf.Encryption(user="", owner="secret"))
    document = to_document(out.getvalue(), Limits())
    assert not document.findings
    assert any(w.origin == "entry" for w in document.pages[0].words)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.99])
def test_a_truncated_file_is_never_taken_for_whole(share: float) -> None:
    data = (FILLED / "lot2-order-flat-signed.pdf").read_bytes()
    assert _codes(to_document(data[: int(len(data) * share)], Limits()))[0] in ("truncated", "unreadable")


def test_too_many_pages() -> None:
    document = to_document(_text_pdf(*[b"BT /F1 9 Tf 50 700 Td (a) Tj ET"] * 5), Limits(pages=3))
    assert len(document.pages) == 3
    assert _codes(document) == ["too_many_pages"]
    assert "5 pages" in document.findings[0].text


@pytest.mark.parametrize(
    "junk", [b"%PDF-1.7\n", b"%PDF-1.7\n" + b"\x00" * 5000, b"%PDF-1.4\n1 0 obj<</Kids[1 0 R]>>\n%%EOF"]
)
def test_junk_behind_a_header(junk: bytes) -> None:
    document = to_document(junk, Limits())
    assert document.pages == ()
    assert _codes(document)[0] in ("unreadable", "truncated")


def test_a_loop_of_parents_ends() -> None:
    pdf = pikepdf.open(BLANK / "CIG_lot1_fiche_ouverture_compte.pdf")
    widget = pdf.pages[0].Annots[0]
    widget.Parent = widget
    del widget["/FT"]
    out = io.BytesIO()
    pdf.save(out)
    assert to_document(out.getvalue(), Limits()).pages


def test_a_scan_without_recognition_says_so() -> None:
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(595, 842))
    image = pdf.make_stream(bytes(100 * 100))
    image.Type, image.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    image.Width = image.Height = 100
    image.ColorSpace, image.BitsPerComponent = pikepdf.Name.DeviceGray, 8
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im=image))
    page.Contents = pdf.make_stream(b"q 595 0 0 842 0 0 cm /Im Do Q")
    out = io.BytesIO()
    pdf.save(out)
    document = to_document(out.getvalue(), Limits(), ocr=False)
    assert document.source_type == "scan"
    assert _codes(document) == ["no_engine"]
