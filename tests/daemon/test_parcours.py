"""The walked examples of docs/parcours stay true: the real daemon makes them again, word for word."""

import difflib
from pathlib import Path

import pytest

from fixtures.parcours import OUT, WALKS, Walk, walk


@pytest.mark.parametrize("example", WALKS, ids=lambda w: w.name)
def test_the_page_is_what_the_daemon_does(example: Walk, tmp_path: Path) -> None:
    there = (OUT / f"{example.name}.md").read_text(encoding="utf-8")
    made = walk(example, tmp_path)
    diff = "".join(
        difflib.unified_diff(there.splitlines(True), made.splitlines(True), "docs/parcours", "the daemon", n=1)
    )
    assert not diff, f"python -m fixtures.parcours writes the pages anew; first look at the difference:\n{diff}"
    assert "« actif »" in made.rstrip().splitlines()[-1], "from the first mail to the account opened"
