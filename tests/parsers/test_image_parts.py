"""The parts of reading pictures, on drawings made here: geometry, marks, decoding, words, the second witness."""

import cv2
import numpy as np
import pytest

from parsers.ocr import digits, engines, geometry, lines, marks, witness
from parsers.ocr.geometry import SCALE
from parsers.ocr.lines import Crop, Read


def text_page(angle: float = 0.0) -> np.ndarray:
    """A page of dark bars where words would stand, turned by `angle` degrees."""
    page = np.full((2339, 1654), 255, np.uint8)
    rng = np.random.RandomState(3)
    for y in range(200, 2100, 48):
        x = 150
        while x < 1450:
            width = int(rng.randint(20, 120))
            for letter in range(x, x + width, 14):
                cv2.rectangle(page, (letter, y), (letter + 7, y + 20), 0, -1)
            x += width + 24
    turn = cv2.getRotationMatrix2D((827, 1169), angle, 1)
    return cv2.cvtColor(cv2.warpAffine(page, turn, (1654, 2339), borderValue=255), cv2.COLOR_GRAY2BGR)


@pytest.mark.parametrize("angle", [-3.0, -0.7, 0.0, 2.4])
def test_skew_is_taken_out(angle: float):
    sheet = geometry.straighten(text_page(angle), geometry.A4)
    # A point of the sheet leads to where it lay before the page was turned.
    turn = cv2.getRotationMatrix2D((595.28 / 2, 841.89 / 2), angle, 1)
    for x, y in ((100.0, 100.0), (500.0, 700.0)):
        expected = turn @ [x, y, 1]
        got = sheet.warp @ [x, y, 1]
        assert got[:2] / got[2] == pytest.approx(expected, abs=2.0)


def test_a_page_on_its_side_is_seen():
    assert geometry.sideways(geometry._ink(np.ascontiguousarray(np.rot90(text_page(1.0)))))
    assert not geometry.sideways(geometry._ink(text_page(-2.0)))


@pytest.mark.parametrize("tilt", [0, 14, -30])
@pytest.mark.parametrize("grey", [60, 150])
def test_dirt_on_the_glass_is_no_ruling(tilt: int, grey: int):
    page = cv2.cvtColor(text_page(), cv2.COLOR_BGR2GRAY)
    cv2.rectangle(page, (140, 180), (1460, 1200), 0, 2)
    table = marks.find(page).rulings
    cv2.line(page, (430, 0), (430 + tilt, 2338), grey, 2)
    assert [r for r in marks.find(page).rulings if r[0] == r[2]] == [r for r in table if r[0] == r[2]]


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_sheet_still_leads_back(quarters: int):
    sheet = geometry.straighten(text_page(), geometry.A4)
    turned = sheet.turned(quarters)
    corner = turned.warp @ [0, 0, 1]
    origin = {1: (0, 841.89), 2: (595.28, 841.89), 3: (595.28, 0)}[quarters]
    assert corner[:2] / corner[2] == pytest.approx(origin, abs=1.5)
    assert turned.gray.shape == (sheet.gray.shape if quarters == 2 else sheet.gray.shape[::-1])


def test_paper_is_found_on_a_darker_table_and_not_where_there_is_none():
    table = np.full((1200, 900, 3), (60, 80, 95), np.uint8)
    corners = np.array([[90, 110], [800, 70], [830, 1120], [60, 1090]], np.int32)
    cv2.fillConvexPoly(table, corners, (225, 235, 240))
    found = geometry.find_paper(table)
    assert found is not None
    assert np.abs(found - corners).max() < 6
    assert geometry.find_paper(text_page()) is None


def test_shadows_are_divided_out():
    page = text_page()
    shade = np.linspace(0.5, 1.0, page.shape[1])[None, :, None]
    even = geometry.flatten((page * shade).astype(np.uint8))
    assert np.percentile(even, 90) - np.percentile(even, 60) < 12
    assert even.min() < 60


@pytest.mark.parametrize(
    ("pixels", "dpi", "size"),
    [
        ((1654, 2339), (200.0, 200.0), (595.44, 842.04)),
        ((1452, 2000), (72.0, 72.0), (611.2, 841.89)),
        ((2000, 1452), None, (841.89, 611.2)),
    ],
)
def test_a_picture_s_size_by_resolution_or_as_a4(pixels, dpi, size):
    assert geometry.page_size(*pixels, dpi) == pytest.approx(size, abs=0.1)


def drawing() -> np.ndarray:
    return np.full((700, 1000), 250, np.uint8)


def test_boxes_are_empty_crossed_blackened_or_open():
    page = drawing()
    for i, x in enumerate((100, 250, 400, 550)):
        cv2.rectangle(page, (x, 100), (x + 25, 125), 20, 2)
        if i == 1:
            cv2.line(page, (x + 3, 103), (x + 22, 122), 20, 3)
            cv2.line(page, (x + 22, 103), (x + 3, 122), 20, 3)
        elif i == 2:
            cv2.rectangle(page, (x + 3, 103), (x + 21, 121), 40, -1)
        elif i == 3:
            cv2.rectangle(page, (x + 10, 110), (x + 13, 113), 20, -1)  # a speck or a dot of the pen: who knows
    found = sorted(marks.find(page).boxes, key=lambda b: b.rect[0])
    assert [b.state for b in found] == [False, True, True, None]


def test_round_letters_are_no_boxes():
    page = drawing()
    cv2.putText(page, "BON DODO", (80, 200), cv2.FONT_HERSHEY_DUPLEX, 1.6, 20, 4)
    assert marks.find(page).boxes == ()


def test_a_comb_s_cells_even_where_a_stroke_breaks_a_side():
    page = drawing()
    for i in range(8):
        cv2.rectangle(page, (100 + 37 * i, 100), (137 + 37 * i, 138), 40, 2)
        cv2.putText(page, str(i), (110 + 37 * i, 130), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 20, 2)
    cv2.line(page, (205, 104), (217, 134), 20, 3)  # through the third divider
    combs = marks.find(page).combs
    assert [len(c.cells) for c in combs] == [8]


def test_rulings_solid_and_dotted_are_found_and_rubbed_out():
    page = drawing()
    cv2.line(page, (50, 300), (900, 304), 40, 2)
    for x in range(50, 900, 9):
        cv2.rectangle(page, (x, 400), (x + 3, 402), 60, -1)
    cv2.putText(page, "Marie", (100, 395), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 20, 3)
    found = marks.find(page)
    level = sorted(r[1] for r in found.rulings if r[2] - r[0] > 700)
    assert level[0] == pytest.approx(302, abs=4)
    assert level[1] == pytest.approx(401, abs=3)
    assert (found.clean[415:500] < 200).sum() == 0
    assert (found.clean[300:305, 200:800] < 180).mean() < 0.05
    assert (found.clean[350:396, 90:260] < 100).sum() > 500, "the name stays"


LETTERS = ("", "1", "7", "a", " ")


def steps(*rows: dict[str, float]) -> np.ndarray:
    """CTC probabilities: one dict a step, what is left goes to "nothing"."""
    out = np.zeros((len(rows), len(LETTERS)), np.float32)
    for i, row in enumerate(rows):
        for letter, p in row.items():
            out[i, LETTERS.index(letter)] = p
        out[i, 0] = 1 - sum(row.values())
    return out


def test_decoding_drops_repeats_and_keeps_each_character_s_own_confidence():
    reading = engines.decode(steps({"1": 0.9}, {"1": 0.95}, {}, {"1": 0.6, "7": 0.3}, {" ": 0.8}, {"a": 0.7}), LETTERS)
    assert reading.text == "11 a"
    assert [round(g.confidence, 2) for g in reading.glyphs] == [0.95, 0.6, 0.8, 0.7]
    assert [round(g.column, 2) for g in reading.glyphs] == [0.25, 0.58, 0.75, 0.92]


def test_readings_come_with_their_probabilities_likeliest_first():
    reading = engines.decode(steps({"1": 0.9}, {}, {"1": 0.6, "7": 0.38}, {}), LETTERS)
    found = engines.likely(reading, 0, 1)
    assert [text for text, _ in found[:2]] == ["11", "17"]
    assert [p for _, p in found[:2]] == pytest.approx([0.54, 0.342], abs=0.01)


def crop_of(gaps: list[tuple[int, int]], width: int = 200) -> Crop:
    """A line picture inked but for the given columns."""
    picture = np.full((engines.ROW, width), 20, np.uint8)
    picture[:8] = picture[-8:] = 250
    for a, b in gaps:
        picture[:, a:b] = 250
    return Crop(picture=picture, left=0.0, top=0.0, scale=1.0)


def reading_of(text: str, columns: list[float]) -> engines.Reading:
    glyphs = tuple(engines.Glyph(char=c, confidence=0.99, column=x) for c, x in zip(text, columns, strict=True))
    return engines.Reading(glyphs=glyphs, steps=np.zeros((10, 5), np.float32), letters=LETTERS)


@pytest.mark.parametrize(
    ("text", "columns", "gaps", "words"),
    [
        ("ab", [0.2, 0.8], [(80, 110)], ["a", "b"]),  # far apart, though no space was read
        ("ab", [0.2, 0.8], [(90, 100)], ["ab"]),
        ("a b", [0.2, 0.5, 0.8], [(95, 105)], ["a", "b"]),
        ("a b", [0.2, 0.5, 0.8], [(99, 100)], ["ab"]),  # a space was read where there is no white
        ("- b", [0.2, 0.5, 0.8], [(97, 102)], ["-b"]),  # beside a dash a little white is none
        (":b", [0.2, 0.8], [(90, 100)], [":", "b"]),  # a label ends at its colon
    ],
)
def test_words_are_parted_by_white(text, columns, gaps, words):
    assert [w.text for w in lines.words(crop_of(gaps), reading_of(text, columns), 0)] == words


def test_letters_o_in_a_number_are_noughts_and_elsewhere_are_not():
    assert lines._figures("14/o9/2O27") == ("14/09/2027", True)
    assert lines._figures("Oo1") == ("Oo1", False)
    assert lines._figures("FOIX") == ("FOIX", False)


def test_a_date_whose_slashes_look_like_ones_is_among_the_readings():
    assert lines._with_date("3010312026", ("301O312026",)) == ("30/03/2026", "301O312026")
    assert lines._with_date("27103/2026", ()) == ("27/03/2026",)
    assert lines._with_date("27/03/2026", ()) == ()
    assert lines._with_date("9910912026", ()) == ()


def test_a_comb_s_row_leaves_the_frames_out():
    page = drawing()
    for i in range(4):
        cv2.rectangle(page, (100 + 37 * i, 100), (137 + 37 * i, 138), 40, 2)
    for i in (0, 2):
        cv2.putText(page, "8", (110 + 37 * i, 130), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 20, 2)
    found = marks.find(page)
    row, filled, told, _tiles = lines.comb_row(found.clean, found.combs[0])
    assert filled == (0, 2)
    assert told == "88"
    assert row.shape[0] == engines.ROW


def test_tesseract_s_table_is_read_and_other_rows_left():
    rows = [
        "5\t1\t1\t1\t1\t1\t10\t20\t30\t40\t96.5\tMairie",
        "4\t1\t1\t1\t1\t0\t10\t20\t30\t40\t-1\t",
        "5\t1\t1\t1\t1\t2\t10\t20\t30\t40\t-1\t ",
        "broken",
    ]
    assert engines._words(rows) == [engines.SecondWord(text="Mairie", box=(10, 20, 40, 60), confidence=0.965)]


def test_readings_are_compared_without_spaces_dashes_and_apostrophes_of_one_kind():
    assert witness.plain("l’État – 2") == witness.plain("l'État-2")
    assert witness.plain("S1") != witness.plain("51")


def word(text: str, x: float, line: int, confidence: float = 0.99) -> Read:
    return Read(text=text, box=(x, 10, x + 40, 30), confidence=confidence, line=line)


def test_prose_is_not_put_to_the_second_engine():
    prose = [word(f"mot{i}", 50 * i, 0) for i in range(12)]
    value = [word("SIRET", 0, 1), word("217", 60, 1)]
    assert witness._groups([*prose, *value]) == [[12, 13]]


def test_scale_is_200_dots_an_inch():
    assert pytest.approx(200 / 72) == SCALE


def test_a_colon_stands_as_high_as_its_line():
    line = crop_of([(90, 100)])
    line.picture[:, 100:] = 250
    line.picture[30:34, 110:116] = 20
    found = lines.words(line, reading_of("a :", [0.2, 0.5, 0.56]), 0)
    assert [w.text for w in found] == ["a", ":"]
    assert found[1].box[1::2] == found[0].box[1::2]


def test_remains_of_the_line_above_are_no_part_of_a_word():
    dark = np.zeros((engines.ROW, 30), bool)
    dark[0:2] = True
    dark[15:35] = True
    assert lines._rows(dark) == (15, 35)


def test_a_blackened_box_with_white_stripes_is_one_ticked_box():
    page = drawing()
    cv2.rectangle(page, (100, 100), (126, 126), 20, 2)
    for y in (114, 118, 122):
        cv2.line(page, (101, y), (125, y), 20, 3)
    found = marks.find(page).boxes
    assert [b.state for b in found] == [True]


def penned(*strokes: list[tuple[int, int]]) -> np.ndarray:
    """A character in one cell, drawn by a pen."""
    cell = np.full((60, 44), 250, np.uint8)
    for points in strokes:
        cv2.polylines(cell, [np.array(points, np.int32)], False, 40, 3, cv2.LINE_AA)
    return cell


def test_a_one_with_its_upstroke_and_a_seven_are_told_apart():
    one = penned([(12, 24), (24, 8), (23, 52)])
    seven = penned([(9, 10), (32, 9), (17, 52)], [(13, 31), (31, 29)])
    assert [digits.tell(cell)[0] for cell in (one, seven)] == ["1", "7"]


def test_a_cell_seen_otherwise_by_the_classifier_makes_a_doubt_and_one_not_told_none():
    def comb(told: str) -> witness.Verdict:
        word = Read(text="7783", box=(0, 0, 90, 20), confidence=0.99, line=0, comb=True, told=told)
        return witness._of_comb(word)

    assert comb("7783") == witness.Verdict(second="7783", confidence=pytest.approx(0.999))
    assert comb("77?3").confidence == pytest.approx(0.891)
    assert comb("1783").confidence < 0.75
    assert comb("").second is None


def verdict(second: str | None, *cuts: tuple[tuple[str, float], ...]) -> witness.Verdict:
    return witness.Verdict(second=second, confidence=0.6, looks=((("Vville", 0.5),), *cuts))


def test_a_word_is_settled_by_further_cuts_and_the_second_engine_together():
    sure, unsure = (("Ville", 0.97),), (("Ville", 0.6), ("Vville", 0.3))
    assert witness.settled(verdict("Ville", sure, sure, sure)) == "Ville"
    assert witness.settled(verdict("ville:", sure, sure, sure)) == "Ville"
    assert witness.settled(verdict("Ville", sure, sure, unsure)) == ""
    assert witness.settled(verdict("Vile", sure, sure, sure)) == ""
    assert witness.settled(verdict(None, sure, sure, sure)) == ""
    assert witness.settled(verdict("Ville", sure)) == ""
