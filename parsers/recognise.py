"""Which official form a run of pages is: by its title and its labels, never by names of AcroForm fields.

All of a form's title anchors must stand near the top, and most of its labels below: an invoice that quotes a title, or
another body's form with like labels, is neither.
"""

from __future__ import annotations

from collections.abc import Sequence

from parsers import prose
from parsers.labels import Line, squash
from parsers.layouts import Form

_NEAR = {False: 90.0, True: 80.0}  # likeness of a title, digital and recognised
ENOUGH = 0.62
_ROWS, _ROWS_RECOGNISED = 0.6, 0.4  # share of the printed rows that must be there


def score(form: Form, lines: Sequence[Line]) -> float:
    """How well the first page's rows are this form's, in [0, 1]; 0 where a title anchor is missing."""
    first = [line for line in lines if line.page == 0]
    if not first:
        return 0.0
    recognised = any(line.recognised for line in first)
    limit = _top(first)
    upper = [line for line in first if line.box[1] <= limit]
    titles = [_best(anchor, upper, recognised, whole=False) for anchor in form.title]
    near = _NEAR[recognised]
    if any(t < near for t in titles):
        return 0.0
    if any(_best(anchor, upper, recognised, whole=True) >= near for anchor in form.not_title):
        return 0.0
    if form.prose is not None:
        return 0.5 * sum(titles) / (100 * len(titles)) + 0.5 * prose.matched(form, lines)
    everything = "".join(line.text for line in lines)
    items = [i for i in form.items if len(squash(i.spellings[0])) >= 4]
    hits = sum(any(squash(s) in everything for s in item.spellings) for item in items)
    rows = sum(squash(r.label) in everything or squash(r.ref) in everything for r in form.rows)
    if rows < (_ROWS_RECOGNISED if recognised else _ROWS) * len(form.rows):
        return 0.0  # an order of one's own layout that names the market is no official form
    wanted = len(items) + len(form.rows)
    labels = (hits + rows) / wanted if wanted else 1.0
    if recognised:
        labels = min(1.0, labels * 1.35)  # some labels are misread
    return 0.5 * sum(titles) / (100 * len(titles)) + 0.5 * labels


def _top(lines: Sequence[Line]) -> float:
    """Titles stand in the upper half of what is written."""
    ys = sorted(line.box[1] for line in lines)
    return ys[0] + max(0.45 * (ys[-1] - ys[0]), 120)


def _best(spellings: Sequence[str], lines: Sequence[Line], recognised: bool, *, whole: bool) -> float:
    from rapidfuzz import fuzz

    best = 0.0
    joined = "".join(line.text for line in lines)
    for spelling in spellings:
        wanted = squash(spelling)
        if any(wanted in line.text for line in lines) or (len(wanted) > 25 and wanted in joined):
            return 100.0
        if len(wanted) < 8:
            continue
        for line in lines:
            if len(line.text) >= 0.75 * len(wanted):
                ratio = fuzz.partial_ratio if len(line.text) >= len(wanted) and not whole else fuzz.ratio
                best = max(best, ratio(wanted, line.text))
        if recognised and len(wanted) > 25:
            best = max(best, fuzz.partial_ratio(wanted, joined))
    return best


def rank(forms: Sequence[Form], lines: Sequence[Line]) -> list[tuple[float, Form]]:
    """The forms that these rows may be, best first."""
    scored = [(score(form, lines), form) for form in forms]
    return sorted(((s, f) for s, f in scored if s >= ENOUGH), key=lambda p: -p[0])
