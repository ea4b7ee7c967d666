"""Office files through the whole reading: official forms and typed orders, signatures pasted into them."""

import io
import random

import docx
import openpyxl
import pytest
from docx.shared import Pt
from openpyxl.drawing.image import Image as SheetImage

from bench.scoring import Score
from fixtures.generator import free_office, official
from fixtures.generator.bodies import CIG, LDMEMS, member
from fixtures.generator.parts import OPEN
from parsers.read import read
from parsers.records import Context, Piece

CONTEXT = Context(ocr=False)


def piece_of(data: bytes, name: str) -> Piece:
    (piece,) = read(data, name, CONTEXT).pieces
    return piece


@pytest.mark.parametrize("way", ["docx", "odt", "xlsx", "ods"])
@pytest.mark.parametrize("lot", ["1", "2", "3", "5", "rgs"])
def test_an_official_order_is_read_whole(lot, way):
    r = random.Random(f"{lot}/{way}")
    paper = official.order(r, OPEN, member(r, OPEN, LDMEMS if lot == "rgs" else CIG), lot, way)
    score = Score()
    piece = read(paper.data, "bc." + way, CONTEXT).to_json()["pieces"][0]
    score.piece("", paper.finished("bc." + way), piece)
    c = score.by["office"]
    assert c["hit"] == c["given"] == c["want"] > 10, score.faults
    assert c["line_hit"] == c["line_given"] == c["line_want"] > 0, score.faults
    assert (c["kind"], c["lots"], c["signature"], c["straight"]) == (1, 1, 1, 1), score.faults


def form(way: str):
    r = random.Random(7)
    data = official.order(r, OPEN, member(r, OPEN, CIG), "2", way).data
    return (
        docx.Document(io.BytesIO(data)) if way == "docx" else openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    )


def saved(file) -> bytes:
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()


@pytest.mark.parametrize("where", ["at the end", "beside the label", "as a logo", "nowhere"])
def test_a_picture_is_a_signature_only_in_its_place(where):
    d = form("docx")
    picture = free_office.signature(random.Random(1))
    if where == "at the end":
        d.add_paragraph().add_run().add_picture(picture, width=Pt(120))
    elif where == "beside the label":
        next(p for p in d.paragraphs if "Cachet" in p.text).add_run().add_picture(picture, width=Pt(120))
    elif where == "as a logo":
        d.paragraphs[0].insert_paragraph_before().add_run().add_picture(picture, width=Pt(100))
    expected = "handwritten" if where in ("at the end", "beside the label") else "none"
    assert piece_of(saved(d), "bc.docx").signature == expected


@pytest.mark.parametrize(("column", "offset"), [("B", 0), ("A", 1)])
def test_a_signature_pasted_into_a_sheet(column, offset):
    b = form("xlsx")
    row = next(c.row for c in b.active["A"] if c.value and "Cachet" in str(c.value))
    picture = SheetImage(free_office.signature(random.Random(2)))
    picture.width, picture.height = 150, 60
    b.active.add_image(picture, f"{column}{row + offset}")
    assert piece_of(saved(b), "bc.xlsx").signature == "handwritten"
    assert piece_of(saved(form("xlsx")), "bc.xlsx").signature == "none"


def test_a_total_that_was_never_computed_asks():
    b = form("xlsx")
    sheet = b.active
    row = next(c.row for c in sheet["D"] if c.value == "TOTAL HT")
    sheet[f"E{row}"] = "=SUM(E20:E30)"
    piece = piece_of(saved(b), "bc.xlsx")
    assert "uncomputed" in [f.code for f in piece.findings]
    assert "total_excl_tax" not in piece.fields
