"""Where the order's table of an official form stands: its header and its printed rows, by reference or wording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parsers.labels import Line as TextLine
from parsers.labels import Match, choose, find, squash
from parsers.layouts import Form, Row
from parsers.page import Page
from parsers.zones import verticals


@dataclass(slots=True)
class Table:
    """Where the table stands: header, columns, rows."""

    columns: dict[str, tuple[int, float, float]]  # name → page index of the header, left, right
    anchors: list[tuple[Row, Match]]
    matches: list[Match]  # everything printed of it
    top: tuple[int, float]  # page index and height where it begins
    bottom: tuple[int, float]  # of its last row


def locate(
    form: Form, pages: Sequence[Page], lines: Sequence[TextLine], bars: Sequence[Sequence[float]]
) -> Table | None:
    """The form's table on these pages, None where its header or all its rows are missing."""
    if form.order is None or not form.rows:
        return None
    candidates = []
    for row in form.rows:
        by_ref = [m for m in find((row.ref,), lines, bars, fuzzy=False) if m.first]
        candidates.append(by_ref or _near_ref(row, lines, bars) or find((row.label,), lines, bars))
    chosen = choose(candidates)
    anchors = [(row, m) for row, m in zip(form.rows, chosen, strict=True) if m is not None]
    if not anchors:
        return None
    first = anchors[0][1]
    columns, headers = _columns(form, pages, lines, bars, first)
    if "quantity" not in columns:
        return None
    top = min((h.box[1] for h in headers if h.page == first.page), default=first.box[1])
    last = anchors[-1][1]
    labels = [m for row, _ in anchors for m in find((row.label,), lines, bars, fuzzy=False)]
    return Table(
        columns=columns,
        anchors=anchors,
        matches=[*headers, *labels, *(m for _, m in anchors)],
        top=(first.page, top),
        bottom=(last.page, last.box[3]),
    )


def _near_ref(row: Row, lines: Sequence[TextLine], bars: Sequence[Sequence[float]]) -> list[Match]:
    """A misread reference: the row's wording decides whether it is this one."""
    from rapidfuzz import fuzz

    out = []
    wanted = squash(row.label)
    for n, line in enumerate(lines):
        if not line.recognised or len(line.text) < len(wanted):
            continue
        if fuzz.partial_ratio(wanted, line.text) >= 82:
            out.extend(find((row.label,), [line], [bars[n]]))
    return out


def _columns(
    form: Form, pages: Sequence[Page], lines: Sequence[TextLine], bars: Sequence[Sequence[float]], first: Match
) -> tuple[dict[str, tuple[int, float, float]], list[Match]]:
    """Columns by their headers: the rulings around a header bound it, else the middle between neighbours."""
    assert form.order is not None
    near = [
        n
        for n, line in enumerate(lines)
        if (line.page == first.page and -90 < line.box[3] - first.box[1] <= 6) or line.page == first.page - 1
    ]
    some, some_bars = [lines[n] for n in near], [bars[n] for n in near]
    headers: dict[str, Match] = {}
    anchor = _lowest(find(form.order.columns.get("label", ()), some, some_bars))
    for name, spellings in form.order.columns.items():
        found = find(spellings, some, some_bars) or find(_heads(spellings), some, some_bars, fuzzy=False)
        if anchor is not None:
            found = [m for m in found if m.page == anchor.page and abs(m.middle - anchor.middle) < 26]
        best = max(found, key=lambda m: (m.length, m.box[1]), default=None)
        if best is not None and all(
            abs(best.box[0] - o.box[0]) > 3 or best.box[1] != o.box[1] for o in headers.values()
        ):
            headers[name] = best
    ordered = sorted(headers.items(), key=lambda p: p[1].box[0])
    columns: dict[str, tuple[int, float, float]] = {}
    for i, (column, match) in enumerate(ordered):
        page = pages[match.page]
        middle = (match.box[0] + match.box[2]) / 2
        xs = verticals(page, first.middle if match.page == first.page else match.middle)
        left = max((x for x in xs if x <= middle), default=None)
        right = min((x for x in xs if x > middle), default=None)
        if left is None or (i and left < ordered[i - 1][1].box[0]):
            left = (ordered[i - 1][1].box[2] + match.box[0]) / 2 if i else 0.0
        if right is None or (i + 1 < len(ordered) and right > ordered[i + 1][1].box[2]):
            right = (match.box[2] + ordered[i + 1][1].box[0]) / 2 if i + 1 < len(ordered) else page.width
        columns[column] = (match.page, left, right)
    return columns, list(headers.values())


def _heads(spellings: Sequence[str]) -> tuple[str, ...]:
    """First words of headers that a narrow column breaks over lines."""
    return tuple(dict.fromkeys(s.split(" HT")[0].split(" / ")[0] for s in spellings))


def _lowest(found: Sequence[Match]) -> Match | None:
    return max(found, key=lambda m: (m.page, m.box[1]), default=None)
