"""The mails of `fixtures/mails` against what is to be read in them."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from fixtures.mails.make import mails, reading, written

FOLDER = Path(__file__).parents[2] / "fixtures" / "mails"
FILES = sorted(p.name for p in FOLDER.iterdir() if p.suffix in (".eml", ".msg"))


@pytest.mark.parametrize("name", FILES)
def test_golden(name: str):
    expected = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    found = written(reading((FOLDER / name).read_bytes()))
    diff = "".join(difflib.unified_diff(expected.splitlines(True), found.splitlines(True), "golden", "read"))
    assert not diff, f"run `python -m fixtures.mails.make --goldens` once you have looked:\n{diff}"


def test_every_mail_that_is_made_is_there_and_in_the_register():
    register = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert set(FILES) == {*mails(), "enregistre.msg"}
    assert [name for name in FILES if f"`{name}`" not in register] == []
