"""Scans and photographs: fixtures/scans holds one invented page, scanned askew, photographed, blurred past reading."""

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from parsers.ocr import engines
from parsers.page import Page
from parsers.records import Limits
from parsers.sources import image

SCANS = Path(__file__).parents[2] / "fixtures" / "scans"
VALUES = [
    "Commune de Vaux-la-Garenne",
    "18 rue des Peupliers",
    "78997",
    "VAUX-LA-GARENNE",
    "01 39 00 27 46",
    "mairie@vaux-la-garenne.example",
    "14/03/2026",
]


@pytest.fixture(scope="module")
def scan() -> Page:
    document = image.to_document((SCANS / "order.png").read_bytes(), Limits())
    assert document.source_type == "scan"
    assert document.findings == ()
    return document.pages[0]


@pytest.fixture(scope="module")
def photo() -> Page:
    document = image.to_document((SCANS / "photo.jpg").read_bytes(), Limits())
    assert document.source_type == "photo"
    assert document.findings == ()
    return document.pages[0]


def rows(page: Page) -> list[str]:
    """The page's words by line."""
    lines: list[list] = []
    for word in sorted(page.words, key=lambda w: (w.box[1] + w.box[3]) / 2):
        middle = (word.box[1] + word.box[3]) / 2
        if lines and abs(middle - (lines[-1][-1].box[1] + lines[-1][-1].box[3]) / 2) < 5:
            lines[-1].append(word)
        else:
            lines.append([word])
    return [" ".join(w.text for w in sorted(line, key=lambda w: w.box[0])) for line in lines]


def test_a_skewed_scan_gives_every_value_word_by_word(scan: Page):
    text = rows(scan)
    for value in VALUES:
        assert any(value in row for row in text), (value, text)


def test_a_photograph_gives_every_value_too(photo: Page):
    text = rows(photo)
    assert photo.photo
    for value in VALUES:
        assert any(value in row for row in text), (value, text)


@pytest.mark.parametrize("source", ["scan", "photo"])
def test_a_comb_is_one_word_of_one_figure_a_cell(source: str, request: pytest.FixtureRequest):
    page = request.getfixturevalue(source)
    assert [w.confidence > 0.85 for w in page.words if w.text == "21789970400017"] == [True]


@pytest.mark.parametrize("source", ["scan", "photo"])
def test_tick_boxes_are_crossed_empty_filled_ticked(source: str, request: pytest.FixtureRequest):
    page = request.getfixturevalue(source)
    assert [t.state for t in sorted(page.ticks, key=lambda t: t.box[0])] == [True, False, True, True]


@pytest.mark.parametrize("source", ["scan", "photo"])
def test_the_table_s_rulings_and_the_signature_s_stroke_are_found(source: str, request: pytest.FixtureRequest):
    page = request.getfixturevalue(source)
    long = [r for r in page.rulings if r.horizontal and r.box[2] - r.box[0] > 490]
    assert len(long) >= 5, "five lines of the table run over the page's width"
    assert sum(not r.horizontal and r.box[3] - r.box[1] > 80 for r in page.rulings) >= 5
    drawn = [s for s in page.strokes if s.box[0] > 290 and s.box[1] > 450 and s.box[2] - s.box[0] > 100]
    assert len(drawn) == 1


def test_a_struck_out_quantity_is_marked_and_no_other_word(scan: Page):
    struck = [w for w in scan.words if w.struck]
    assert len(struck) == 1
    assert struck[0].box[0] == pytest.approx(417, abs=8)


def test_boxes_lead_back_to_the_page_as_sent(photo: Page):
    """The title stands near the top right of the sheet; the picture was stored turned, and comes out upright."""
    word = next(w for w in photo.words if w.text == "COMMANDE")
    x0, top, x1, bottom = photo.as_sent(word.box)
    # make.py lays the sheet's points through these corners of a picture of 1500 × 2000, 842 points high.
    sheet = np.array([[0, 0], [595.28, 0], [595.28, 841.89], [0, 841.89]], np.float32)
    corners = np.array([[105, 140], [1400, 95], [1425, 1890], [75, 1850]], np.float32) * 841.89 / 2000
    matrix = cv2.getPerspectiveTransform(sheet, corners)
    expected = matrix @ np.array([345.0, 58.0, 1.0])
    expected = expected[:2] / expected[2]
    assert (x0 + x1) / 2 == pytest.approx(expected[0], abs=25)
    assert (top + bottom) / 2 == pytest.approx(expected[1], abs=6)


@pytest.mark.parametrize("quarters", [1, 2])
def test_a_page_fed_in_sideways_or_upside_down_is_turned(quarters: int):
    picture = np.ascontiguousarray(np.rot90(cv2.imread(str(SCANS / "order.png"), 0), quarters)[:, :])
    page = image.recognise(picture, number=3, size=None, limits=Limits())
    assert page.number == 3
    assert page.height > page.width
    assert any("18 rue des Peupliers" in row for row in rows(page))
    word = next(w for w in page.words if w.text == "Peupliers")
    x0, _, x1, _ = page.as_sent(word.box)
    across = 595.28 if quarters == 2 else 841.89
    assert 0 < x0 < x1 < across


def test_what_nobody_could_read_says_how_to_send_it_again():
    document = image.to_document((SCANS / "blurred.jpg").read_bytes(), Limits())
    assert [f.code for f in document.findings] == ["unreadable"]
    assert "en pleine lumière" in document.findings[0].text


def test_a_tiff_has_its_pages_in_order_and_stops_at_the_limit():
    page = Image.open(SCANS / "order.png").convert("L").resize((827, 1170))
    blank = Image.new("L", page.size, 255)
    data = io.BytesIO()
    blank.save(data, "TIFF", save_all=True, append_images=[blank, page], dpi=(100, 100))
    document = image.to_document(data.getvalue(), Limits(pages=2))
    assert [p.number for p in document.pages] == [1, 2]
    assert [f.code for f in document.findings] == ["too_many_pages"]
    assert document.pages[0].width == pytest.approx(595.4, abs=0.5)


def test_an_empty_file_asks_for_another():
    document = image.to_document(b"", Limits())
    assert (document.pages, [f.code for f in document.findings]) == ((), ["empty"])


def test_a_photograph_cut_off_on_its_way_asks_for_the_whole():
    data = (SCANS / "photo.jpg").read_bytes()
    document = image.to_document(data[: len(data) // 3], Limits())
    assert (document.pages, [f.code for f in document.findings]) == ((), ["truncated"])


def test_something_that_is_no_picture_is_said_so():
    document = image.to_document(b"\x89PNG\r\n\x1a\n" + bytes(200), Limits())
    assert document.source_type == "unreadable"
    assert [f.code for f in document.findings] == ["unreadable"]


def png(width: int, height: int) -> bytes:
    """A one-bit PNG's bytes, small however large the picture."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width + 7) // 8 + 1) * height, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [9_000, 12_000, 20_000])
def test_a_huge_picture_is_refused_before_it_is_decoded(side: int):
    document = image.to_document(png(side, side), Limits())
    assert [f.code for f in document.findings] == ["too_big"]
    assert "300 points par pouce" in document.findings[0].text


def test_pictures_of_a_file_are_drawn_one_by_one_and_come_back_in_order():
    drawn: list[int] = []

    def pictures():
        for number in (1, 2, 3):
            drawn.append(number)
            yield number, np.full((600, 424), 255, np.uint8), None

    pages = image.recognise_all(pictures(), Limits())
    assert drawn == [1, 2, 3]
    assert [p.number for p in pages] == [1, 2, 3]


HIDE = """
import sys
class Without:
    def __init__(self, finder): self.finder = finder
    def find_spec(self, name, path=None, target=None):
        return None if name.split(".")[0] == "rapidocr" else self.finder.find_spec(name, path, target)
sys.meta_path = [Without(finder) for finder in sys.meta_path]
"""


def test_without_an_engine_the_page_says_what_to_install():
    code = HIDE + (
        "import sys\nfrom parsers.sources import image\nfrom parsers.records import Limits\n"
        "d = image.to_document(open(sys.argv[1], 'rb').read(), Limits())\n"
        "print(len(d.pages), d.pages[0].words, [f.code for f in d.findings])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(SCANS / "order.png")],
        capture_output=True,
        text=True,
        check=True,
        cwd=SCANS.parents[1],
    )
    assert done.stdout.strip() == "1 () ['no_engine']"


def test_the_first_engine_never_reaches_for_the_network():
    code = (
        "import sys\n"
        "def no(event, args):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo'): raise SystemExit('network: ' + event)\n"
        "sys.addaudithook(no)\n"
        "import numpy as np\nfrom parsers.ocr import engines\n"
        "line = np.full((48, 200), 255, np.uint8); line[10:38, 40:44] = 0\n"
        "print(type(engines.rapid().read(line)).__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=SCANS.parents[1]
    )
    assert done.stdout.strip() == "Reading", done.stderr


def test_the_probes_name_a_version_or_nothing():
    assert engines.rapid_version() is not None
    version = engines.tesseract_version()
    assert version is None or version[0].isdigit()
