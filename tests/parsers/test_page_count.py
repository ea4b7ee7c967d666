"""A page that a document counts and its file lacks is told; nothing is where pages are not counted or all are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.make_forms import FILLED
from parsers import page_count
from parsers.page import Page, Word
from parsers.read import read
from parsers.records import Context


def _page(number: int, foot: str, top: float = 800.0) -> Page:
    words = [Word(text="Bon", box=(40, 300, 70, 310))]
    words += [Word(text=t, box=(40 + 30 * i, top, 66 + 30 * i, top + 10)) for i, t in enumerate(foot.split())]
    return Page(number=number, width=595, height=842, words=tuple(words))


@pytest.mark.parametrize(
    ("feet", "said"),
    [
        (("Page 1/2",), "la page 2"),
        (("Mairie de Valmorin Page 2 sur 2",), "la page 1"),
        (("Page 1 / 4", "Page 3 / 4"), "les pages 2 et 4"),
        (("Page : 1 de 4",), "les pages 2, 3 et 4"),
        (("Page 1/2", "Page 2/2"), None),
        (("Page 1/1",), None),
        (("Page 1",), None),
        (("1/2",), None),
        (("Page 1/2", "annexe"), None),
        (("Page 1/2", "Page 1/3"), None),
    ],
)
def test_what_is_counted_and_not_there(feet: tuple[str, ...], said: str | None) -> None:
    pages = [_page(i, foot) for i, foot in enumerate(feet, start=1)]
    found = page_count.missing(pages, pages)
    assert (found and found.text) == (
        f"Il manque {said} de ce document. Merci de le renvoyer avec toutes ses pages." if said else None
    )


def test_a_page_of_the_same_file_is_not_missing() -> None:
    pages = [_page(1, "Page 1/2"), _page(2, "Page 2/2")]
    assert page_count.missing(pages[:1], pages) is None


def test_a_count_in_running_text_is_none() -> None:
    pages = [_page(1, "voir page 1/2", top=420.0)]
    assert page_count.missing(pages, pages) is None


def test_a_form_whose_layout_tells_its_pages(tmp_path: Path) -> None:
    from parsers.layouts import SHIPPED

    layout = (SHIPPED / "cig-lot2-order.yaml").read_text(encoding="utf-8")
    (tmp_path / "cig-lot2-order.yaml").write_text(layout + "pages: 2\n", encoding="utf-8")
    data = (FILLED / "lot2-order.pdf").read_bytes()
    (piece,) = read(data, "bc.pdf", Context(forms=(str(tmp_path),))).pieces
    assert ("page_missing", True) in [(f.code, "la page 2" in f.text) for f in piece.findings]
    assert "page_missing" not in [f.code for f in read(data, "bc.pdf", Context()).pieces[0].findings]
