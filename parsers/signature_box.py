"""Whether a hand signed: something drawn, stamped or pictured in the member's signature box. A typed name is not."""

from __future__ import annotations

from collections.abc import Sequence

from parsers.labels import Line, Match, find, overlap
from parsers.layouts import Form
from parsers.page import Page, Word
from parsers.records import Box
from parsers.zones import shared, verticals

_BELOW = 110.0  # points below the label that its box may reach where nothing bounds it
_LEAST = 12.0  # points of ink or picture: less is a speck


def signed(form: Form, pages: Sequence[Page], lines: Sequence[Line], bars: Sequence[Sequence[float]]) -> bool:
    """Whether ink or a picture stands in the box under the label of the member's signature."""
    if not form.signature:
        return False
    found = find(form.signature, lines, bars)
    if not found:
        return False
    label = max(found, key=lambda m: (m.likeness, m.page, m.box[1]))
    others = [m for spellings in form.other_signatures for m in find(spellings, lines, bars) if m.page == label.page]
    page = pages[label.page]
    box = frame(label, page, others)
    for picture in page.pictures:
        if not picture.full_page and _lies_in(picture.box, box):
            return True
    if any(_lies_in(w.box, box) for w in _scrawled(page)):
        return True
    ink = [s for s in page.strokes if _lies_in(s.box, box)]
    return any(max(s.box[2] - s.box[0], s.box[3] - s.box[1]) >= _LEAST for s in ink)


def _scrawled(page: Page) -> list[Word]:
    """Recognised words far taller than the page's others: a pen's flourish taken for letters."""
    seen = [w for w in page.words if w.origin == "ocr"]
    if not seen:
        return []
    heights = sorted(w.box[3] - w.box[1] for w in seen)
    least = max(14.0, 2 * heights[len(heights) // 2])
    return [w for w in seen if w.box[3] - w.box[1] >= least]


def frame(label: Match, page: Page, others: Sequence[Match] = ()) -> Box:
    """The box that the rulings draw around the label, else the space below it."""
    x, y = label.box[0] + 2, label.middle
    beside = verticals(page, y)
    # A pen's upright stroke below the label is no border: the box's run along the label, too.
    xs = [v for v in verticals(page, label.box[3] + 8) if any(abs(v - b) < 2 for b in beside)]
    left = max((v for v in xs if v <= x + 2), default=label.box[0] - 10)
    right = min((v for v in xs if v > label.box[2] - 2), default=page.width)
    for other in others:
        if other.box[0] > label.box[0] and abs(other.middle - y) < 20:
            right = min(right, other.box[0] - 2)
    ys = _borders(page, left, right)
    top = max((v for v in ys if v < y), default=y - 8)
    bottom = min((v for v in ys if v > y + 12), default=y + _BELOW)
    return left, max(top, y - 30), right, min(bottom, y + 2 * _BELOW)


def _borders(page: Page, left: float, right: float) -> list[float]:
    """Heights at which horizontal rulings run along most of a box's width: a pen's stroke is no border."""
    level = [r.box for r in page.rulings if r.horizontal]
    out = []
    for y in sorted({b[1] for b in level}):
        spans = [(max(b[0], left), min(b[2], right)) for b in level if abs(b[1] - y) < 2]
        if sum(max(0.0, x1 - x0) for x0, x1 in spans) >= 0.6 * (right - left):
            out.append(y)
    return out


def _lies_in(what: Box, box: Box) -> bool:
    """Half of it in the box, or a third where it is large (a stamp beside its box); its height may run over."""
    area = (what[2] - what[0]) * (what[3] - what[1])
    if area < 1:
        return False
    return shared(what, box) >= 0.5 or (overlap(what, box) > 600 and shared(what, box) > 0.3)
