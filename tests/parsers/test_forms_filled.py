"""Filled official forms: what was written in each must come out, and a person be asked exactly where one is needed."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from fixtures import make_forms
from fixtures.make_forms import CASES, FILLED, Case
from parsers.read import read
from parsers.records import Context, Piece


def _piece(path: Path) -> Piece:
    reading = read(path.read_bytes(), path.name, Context(ocr=False))
    assert len(reading.pieces) == 1
    return reading.pieces[0]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_a_filled_form_gives_what_was_written(case: Case) -> None:
    piece = _piece(FILLED / f"{case.name}.pdf")
    got = {k: f.value for k, f in piece.fields.items() if k not in case.skip}
    assert got == case.expect
    assert (piece.kind, set(piece.lots), piece.signature) == (case.kind, set(case.lots), case.signature)
    shown = tuple((x.label, int(x.quantity), None if x.total is None else f"{x.total:.2f}") for x in piece.lines)
    assert shown == case.lines
    assert sorted({f.code for f in piece.findings}) == sorted(case.findings), piece.review


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_the_golden_reading_stands(case: Case) -> None:
    path = FILLED / f"{case.name}.pdf"
    expected = path.with_name(path.name + ".json").read_text(encoding="utf-8")
    got = make_forms.golden(path)
    diff = "\n".join(difflib.unified_diff(expected.splitlines(), got.splitlines(), "golden", "read", lineterm="", n=1))
    assert not diff, f"run `python -m fixtures.make_forms --goldens` once you have looked:\n{diff}"


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_a_value_is_sure_or_asked_about(case: Case) -> None:
    piece = _piece(FILLED / f"{case.name}.pdf")
    named = {f.field for f in piece.findings}
    for name, value in piece.fields.items():
        assert value.confidence >= 0.9 or name in named
        assert value.page == 1
        assert value.box is not None
        assert value.box[0] < value.box[2] <= 900
