"""A page's own hand as a witness: proven figures tell how the doubtful ones are meant."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from parsers.ocr import hand
from parsers.ocr.lines import Read
from parsers.ocr.witness import Verdict, settled

Pixels = NDArray[Any]
HEIGHT = 40
SIRET = "21678010600003"  # its check digit is right


def _figure(char: str) -> Pixels:
    """One figure as this hand writes it: its one has a long upstroke, so that it looks nearly like its seven."""
    tile = np.full((HEIGHT, 30), 255, np.uint8)
    if char == "1":
        cv2.line(tile, (4, 14), (18, 4), 0, 3)
        cv2.line(tile, (18, 4), (18, 36), 0, 3)
    elif char == "7":
        cv2.line(tile, (4, 5), (24, 5), 0, 3)
        cv2.line(tile, (24, 5), (14, 36), 0, 3)
    else:
        cv2.putText(tile, char, (3, 34), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 0, 3)
    return tile


def _page(*lines: str) -> tuple[Pixels, list[tuple[float, float, float, float]]]:
    """Lines of figures below one another, and where each stands."""
    page = np.full((60 * len(lines) + 20, 620), 255, np.uint8)
    boxes = []
    for i, line in enumerate(lines):
        for k, char in enumerate(line):
            page[60 * i + 10 : 60 * i + 10 + HEIGHT, 10 + 34 * k : 40 + 34 * k] = _figure(char)
        boxes.append((8.0, 60.0 * i + 8, 12.0 + 34 * len(line), 60.0 * i + 52))
    return page, boxes


def _read(text: str, box: tuple[float, float, float, float], confidence: float = 0.9) -> Read:
    return Read(text=text, box=box, confidence=confidence, line=0)


def _verdicts(*words: tuple[str, str, float, str | None]) -> tuple[list[Read], dict[int, Verdict]]:
    """What stands there, what the first engine reads and how surely, what the second reads → the hand's verdicts."""
    page, boxes = _page(*(w[0] for w in words))
    read = [_read(w[1], box, w[2]) for w, box in zip(words, boxes, strict=True)]
    given = {i: Verdict(second=w[3], confidence=w[2], again=0.5) for i, w in enumerate(words)}
    return read, hand.witnessed(page, read, given)


def test_a_reading_that_the_hand_bears_out_is_read_twice() -> None:
    _, found = _verdicts((SIRET, SIRET, 0.999, None), ("161", "161", 0.9, "767"))
    assert found[1].second == "161"
    assert found[1].again is None
    assert found[1].confidence > 0.98


def test_the_hand_and_the_second_engine_outvote_the_first() -> None:
    _, found = _verdicts((SIRET, SIRET, 0.999, None), ("161", "167", 0.9, "161"))
    assert settled(found[1]) == "161"


@pytest.mark.parametrize(("confidence", "second"), [(0.97, "767"), (0.999, "167")])
def test_what_the_hand_alone_says_is_a_doubt(confidence: float, second: str) -> None:
    """Even against both engines."""
    _, found = _verdicts((SIRET, SIRET, 0.999, None), ("161", "167", confidence, second))
    assert settled(found[1]) == ""
    assert found[1].other == "161"
    assert found[1].again == 0.0
    assert found[1].confidence <= 0.8


def test_a_letter_among_figures_that_looks_like_one_is_put_to_a_person() -> None:
    _, found = _verdicts(
        (SIRET, SIRET, 0.999, None), ("260716", "26C716", 0.99, "26C716"), ("02607167", "0260716G", 0.9, "")
    )
    assert found[1].other == "260716"
    assert found[1].again == 0.0
    assert found[2].other == ""  # an establishment's code ends in a letter


def test_figures_of_which_the_page_has_no_pattern_are_not_told() -> None:
    siret = "21678010600003"
    _, found = _verdicts((siret, siret, 0.999, None), ("995", "995", 0.9, "775"))
    assert found[1].second == "775"


def test_a_hand_that_nothing_proves_says_nothing() -> None:
    wrong = "21678010600004"
    _, found = _verdicts((wrong, wrong, 0.9, None), ("161", "167", 0.9, "161"))
    assert found[1].hand == ""
    assert found[1].second == "161"


def test_figures_that_run_into_each_other_are_not_told() -> None:
    page, boxes = _page(SIRET, "161")
    page[60 + 30 : 60 + 34, 10:110] = 0  # a stroke through all of them
    read = [_read(SIRET, boxes[0], 0.999), _read("167", boxes[1])]
    given = {0: Verdict(second=None, confidence=0.9), 1: Verdict(second="161", confidence=0.9)}
    assert hand.witnessed(page, read, given)[1] == given[1]
