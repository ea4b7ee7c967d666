"""Pages that a document says it has and that its file lacks: a copier that pulled two sheets, a page not scanned."""

from __future__ import annotations

import re
from collections.abc import Sequence

from parsers.labels import rows
from parsers.page import Page
from parsers.records import Finding
from parsers.values import fold

_COUNTED = re.compile(r"^(?:.*\s)?page\s*(?:n\s?[°o]\s*)?:?\s*(\d{1,2})\s*(?:/|sur|de)\s*(\d{1,2})\.?$")
_EDGE = 0.15  # of the page's height: where pages are counted, at the head and at the foot
_MOST = 20  # pages of an order or a form; more is a date or a reference misread


def missing(pages: Sequence[Page], file: Sequence[Page], expected: int | None = None) -> Finding | None:
    """What to do where pages of one document lack in its file, None where none does or none is counted.

    A count stands at the head or the foot of a page, « Page 1/2 »; `expected`: the pages that the form has, where its
    layout tells. Nothing is said where a page that carries words is not counted or two pages disagree: such a run of
    pages is no single document.
    """
    counted = [_count(p) for p in pages if p.words]
    here = {c for c in counted if c is not None}
    if here and len({whole for _, whole in here}) == 1 and None not in counted:
        whole = next(iter(here))[1]
        there = {c for p in file if (c := _count(p)) is not None}
        lost = [n for n in range(1, whole + 1) if (n, whole) not in there]
        return _finding(lost) if lost else None
    if not here and expected is not None and len(pages) < expected and all(p.placed for p in pages):
        return _finding(list(range(len(pages) + 1, expected + 1)))
    return None


def _count(page: Page) -> tuple[int, int] | None:
    """The page's number and how many there are; the last one told where head and foot both do."""
    height = page.height or 1.0
    told: tuple[int, int] | None = None
    for line in rows(page, 0):
        if page.placed and _EDGE * height < (line.box[1] + line.box[3]) / 2 < (1 - _EDGE) * height:
            continue
        found = _COUNTED.match(fold(" ".join(w.text for _, w in line.words)))
        if found is not None and 1 <= int(found[1]) <= int(found[2]) <= _MOST and int(found[2]) > 1:
            told = int(found[1]), int(found[2])
    return told


def _finding(lost: Sequence[int]) -> Finding:
    one = len(lost) == 1
    which = "la page " + str(lost[0]) if one else "les pages " + ", ".join(map(str, lost[:-1])) + f" et {lost[-1]}"
    text = f"Il manque {which} de ce document. Merci de le renvoyer avec toutes ses pages."
    return Finding(code="page_missing", text=text)
