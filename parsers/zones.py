"""Values between labels: which words stand in the place that a label opens.

A label's place runs to the right up to the next label, the end of its cell or its frame. What begins in a place belongs
to it whole, even where it runs over the next label; what stands on another row does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from parsers.confidence import agrees
from parsers.labels import Match, around, overlap, part_box, same_row
from parsers.page import Page, Word
from parsers.records import Box

_LEADERS = re.compile(r"[.…·‥]{2,}|…|_{2,}|(?<!\S)_(?!\S)")  # writing lines typed as dots or underscores
_REACH = 8.5  # points above or below a label's middle within which its value stands
_DOUBT = 0.6  # confidence of a value below which a line stands that may be its second
_COMB = 22.0  # points: vertical rulings closer than this are comb cells, not cells of a table


@dataclass(slots=True)
class Place:
    """A label's place and the words in it."""

    match: Match
    x0: float
    x1: float
    top: float
    bottom: float
    row: int | None = None  # the row of recognised words that the label stands in
    words: list[Word] = field(default_factory=list)

    @property
    def kept(self) -> list[Word]:
        """The words that are not struck out, in reading order."""
        return in_order(w for w in self.words if not w.struck)

    @property
    def text(self) -> str:
        """What is written there, without struck words."""
        return joined(self.kept)

    @property
    def box(self) -> Box:
        """Around the value, or the empty place."""
        if self.words:
            return around(w.box for w in (self.kept or self.words))
        return self.x0, self.top, self.x1, self.bottom


def in_order(words: Iterable[Word]) -> list[Word]:
    """Words by row, then from left to right."""
    rows: list[list[Word]] = []
    for w in sorted(words, key=lambda w: w.box[1] + w.box[3]):
        if rows and same_row(rows[-1][0].box, w.box):
            rows[-1].append(w)
        else:
            rows.append([w])
    return [w for row in rows for w in sorted(row, key=lambda w: w.box[0])]


def joined(words: Sequence[Word]) -> str:
    """The words' text with single spaces, dot leaders dropped; what a line's end hyphen divides is put together."""
    text = ""
    for i, w in enumerate(words):
        if i and text.endswith("-") and not same_row(words[i - 1].box, w.box):
            text += w.text
        else:
            text += " " + w.text
    return " ".join(_LEADERS.sub(" ", text.replace("\n", " ")).split())


def verticals(page: Page, y: float) -> list[float]:
    """x of the vertical rulings that cross height y, comb cells left out."""
    xs = sorted(r.box[0] for r in page.rulings if not r.horizontal and r.box[1] - 1 <= y <= r.box[3] + 1)
    merged: list[float] = []
    for x in xs:
        if not merged or x - merged[-1] > 2:
            merged.append(x)
    out: list[float] = []
    i = 0
    while i < len(merged):
        j = i
        while j + 1 < len(merged) and merged[j + 1] - merged[j] < _COMB:
            if abs((merged[j + 1] - merged[j]) - (merged[i + 1] - merged[i])) > 2.5:
                break
            j += 1
        if j - i < 2:
            out.append(merged[i])
            i += 1
        else:
            i = j + 1
    return out


def horizontals(page: Page, x: float) -> list[float]:
    """y of the horizontal rulings that cross x."""
    return sorted({r.box[1] for r in page.rulings if r.horizontal and r.box[0] - 1 <= x <= r.box[2] + 1})


def places(pages: Sequence[Page], matches: Sequence[Match], others: Sequence[Match] = ()) -> list[Place]:
    """The place that each of `matches` opens, in the same order; `others` are printed things that end a place."""
    out: list[Place] = []
    for match in matches:
        page = pages[match.page]
        y = match.middle
        right = page.width
        for other in (*matches, *others):
            same = other is not match and other.page == match.page and abs(other.middle - y) < _REACH
            if same and other.box[0] >= match.box[2] - 1:
                right = min(right, other.box[0])
        bars = [x for x in verticals(page, y) if x > match.box[2] - 2 and not _through_a_word(page, match, x)]
        x0 = match.box[2]
        in_grid = False
        if bars and bars[0] < right:
            if match.closed or _anything_between(page, match, bars[0]):
                right = min(right, bars[0])
            else:  # the label fills its cell: the value stands in the next one
                x0, in_grid = bars[0], True
                right = min(right, bars[1] if len(bars) > 1 else page.width)
        top, bottom = y - _REACH, y + _REACH
        if in_grid:
            ys = horizontals(page, (x0 + right) / 2)
            top = max((v for v in ys if v < y), default=top)
            bottom = min((v for v in ys if v > y), default=bottom)
            if bottom - top > 120:
                top, bottom = y - _REACH, y + _REACH
        out.append(Place(match, x0, right, top, bottom))
    return out


def _through_a_word(page: Page, match: Match, x: float) -> bool:
    """Whether a vertical line runs through a word of the label's row: a letter's stroke, no border."""
    return any(
        w.origin == "ocr" and w.box[0] + 0.8 < x < w.box[2] - 0.8 and same_row(w.box, match.box) for w in page.words
    )


def _anything_between(page: Page, match: Match, x: float) -> bool:
    covered = {s[0] for s in match.spans}
    return any(
        i not in covered and match.box[2] - 1 < (w.box[0] + w.box[2]) / 2 < x and same_row(w.box, match.box)
        for i, w in enumerate(page.words)
    )


def with_strikes(page: Page) -> Page:
    """A recognised page with the words marked that a pen's line runs through; digital pages know theirs."""
    level = [r.box for r in page.rulings if r.horizontal and r.box[2] - r.box[0] >= 8]

    def struck(word: Word) -> bool:
        x0, y0, x1, y1 = word.box
        width, height = x1 - x0, y1 - y0
        return height >= 6 and any(
            y0 + 0.3 * height < y < y0 + 0.7 * height
            and min(a1, x1) - max(a0, x0) > 0.6 * width
            and a1 - a0 < 1.5 * width + 20
            for a0, y, a1, _ in level
        )

    if not level or not any(w.origin == "ocr" for w in page.words):
        return page
    words = tuple(replace(w, struck=True) if w.origin == "ocr" and struck(w) else w for w in page.words)
    return replace(page, words=words)


def leftovers(page: Page, index: int, matches: Iterable[Match], row_of: dict[int, int]) -> list[Word]:
    """The page's words without what labels cover; a word glued to its label keeps the rest of its letters.

    `row_of`: row by the word's id, of recognised words; what is cut off is added to it.
    """
    covered: dict[int, list[tuple[int, int]]] = {}
    for m in matches:
        if m.page == index:
            for i, a, b in m.spans:
                covered.setdefault(i, []).append((a, b))
    out: list[Word] = []
    for i, w in enumerate(page.words):
        if i not in covered:
            out.append(w)
            continue
        at = 0
        for a, b in [*sorted(covered[i]), (len(w.text), len(w.text))]:
            piece = w.text[at:a]
            if piece.strip(" :.;,()*?"):
                # What the second engine read of the part is not known, only whether it read the whole alike.
                second = None if w.second is None else piece if agrees(w) else ""
                out.append(replace(w, text=piece, box=part_box(w, at, a), second=second, others=()))
                if id(w) in row_of:
                    row_of[id(out[-1])] = row_of[id(w)]
            at = max(at, b)
    return out


def fill(
    page: Page, index: int, found: Sequence[Place], words: Sequence[Word], row_of: Mapping[int, int]
) -> list[Word]:
    """Put words into the places of this page; returns those that stand in none."""
    here = [p for p in found if p.match.page == index]
    left: list[Word] = []
    for chunk in _chunks(page, words):
        place = _place_of(around(w.box for w in chunk), row_of.get(id(chunk[0])), here)
        if place is None:
            left.extend(chunk)
        else:
            place.words.extend(chunk)
    return left


def run_on(page: Page, index: int, found: Sequence[Place], left: Sequence[Word]) -> None:
    """Give the lines that stand in no place to the value above them, where they are plainly its further lines.

    A line goes on where it begins below its value's beginning, or at the edge of the text where its first word had no
    room in the row above. A row with a label, or with another place's words, is nobody's further line.
    """
    here = [p for p in found if p.match.page == index]
    taken = [p.match.box for p in here] + [w.box for p in here for w in p.words]
    margin = max((w.box[2] for w in page.words), default=0.0)
    for run in _rows_of(left):
        box = around(w.box for w in run)
        height = box[3] - box[1]
        if any(same_row(b, box) for b in taken):
            continue
        above = [p for p in here if p.kept and -2 <= box[1] - around(w.box for w in p.kept)[3] < 0.75 * height]
        last = max(above, key=lambda p: p.x0, default=None)  # in its row: it may go on at the edge of the text
        claims = [p for p in above if _goes_on(page, p, run, margin, last is p)]
        if len(claims) == 1:
            claims[0].words.extend(run)
            continue
        for place in claims or [p for p in above if abs(box[0] - p.match.box[0]) < 3]:
            # It may be this value's end, another's or somebody's remark: a person says which.
            place.words = [replace(w, confidence=min(w.confidence, _DOUBT)) for w in place.words]


def _goes_on(page: Page, place: Place, run: Sequence[Word], margin: float, last: bool) -> bool:
    """Whether a line may be a value's next one: below its beginning, or at an edge while it had no room above."""
    x, height = run[0].box[0], run[0].box[3] - run[0].box[1]
    above = [w for w in place.kept if same_row(w.box, place.kept[-1].box)]
    edges = {place.match.box[0]}
    if last:
        edges.add(min(w.box[0] for w in page.words if same_row(w.box, above[-1].box)))
    end = min(margin, place.x1 - height)  # a column's text ends before the next label
    full = above[-1].box[2] + 0.2 * height + run[0].box[2] - x > end
    return abs(x - above[0].box[0]) < 3 or (full and any(abs(x - edge) < 3 for edge in edges))


def _rows_of(words: Sequence[Word]) -> list[list[Word]]:
    """Words by row and, in a row, by column."""
    rows: list[list[Word]] = []
    for w in in_order(words):
        last = rows[-1][-1].box if rows else w.box
        if rows and same_row(last, w.box) and w.box[0] - last[2] < 1.5 * (last[3] - last[1]):
            rows[-1].append(w)
        else:
            rows.append([w])
    return rows


def _chunks(page: Page, words: Sequence[Word]) -> Iterable[list[Word]]:
    """Runs of words that were written as one: same row, close together, no ruling between."""
    chunk: list[Word] = []
    for w in words:
        if chunk and _runs_on(page, chunk[-1], w):
            chunk.append(w)
            continue
        if chunk:
            yield chunk
        chunk = [w]
    if chunk:
        yield chunk


def _runs_on(page: Page, a: Word, b: Word) -> bool:
    if a.origin == "entry" or b.origin == "entry" or not same_row(a.box, b.box):
        return False
    gap, height = b.box[0] - a.box[2], a.box[3] - a.box[1]
    if not -0.3 * height <= gap <= 0.7 * height:
        return False
    y = (b.box[1] + b.box[3]) / 2
    return not any(
        not r.horizontal and a.box[2] - 1 <= r.box[0] <= b.box[0] + 1 and r.box[1] < y < r.box[3] for r in page.rulings
    )


def _place_of(box: Box, row: int | None, here: Sequence[Place]) -> Place | None:
    """The place in which a run of words begins; where the page is not level, its row says as much as its height."""
    x, y = box[0] + 1.5, (box[1] + box[3]) / 2
    middle = (box[0] + box[2]) / 2
    best: Place | None = None
    least = (True, 0.0, 0.0)
    for p in here:
        own = row is not None and row == p.row and abs(p.match.middle - y) < 2 * _REACH
        if not own and not p.top <= y <= p.bottom:
            continue
        begins = p.match.box[0] - 2 <= x < p.x1 or (x < p.x0 and p.x0 <= middle < p.x1)
        rank = (not own, abs(p.match.middle - y), -p.x0)
        if begins and (best is None or rank < least):
            best, least = p, rank
    return best


def inside(box: Box, frame: Box) -> bool:
    """Whether a box's middle lies in a frame."""
    cx, cy = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return frame[0] <= cx <= frame[2] and frame[1] <= cy <= frame[3]


def shared(box: Box, frame: Box) -> float:
    """Share of a box that lies in a frame."""
    area = max((box[2] - box[0]) * (box[3] - box[1]), 1e-6)
    return overlap(box, frame) / area
