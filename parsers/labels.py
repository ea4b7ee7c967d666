"""Printed labels found in a page's words: exactly in digital text, within a few letters in recognised text.

A page's words are put in rows; a row is searched as one string of letters and digits (no spaces, accents or
punctuation), so that words split or glued by a PDF writer or by recognition are found all the same.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from parsers.page import Page, Word
from parsers.records import Box

_SHORT = 6  # letters below which a label must stand alone (`Ville :`) and may not be misread
_FUZZY = {"print": 92.0, "ocr": 80.0}  # likeness in percent that a label needs
_ALIKE = str.maketrans("i10", "llo")  # letters that recognition takes for one another in print (`MéI :` for `Mél :`)


_STEADY = 0.9  # probability in each further cut of a word from which a label is sought in what they read


@lru_cache(maxsize=4096)
def squash(text: str) -> str:
    """Letters and digits alone, lower case, no accents: what labels are compared by."""
    return "".join(_letters(text))


def _letters(text: str) -> Iterator[str]:
    for c in text:
        yield from _letter(c)


@lru_cache(maxsize=4096)
def _letter(char: str) -> str:
    if char in "°º":
        return ""
    folded = unicodedata.normalize("NFKD", char.replace("œ", "oe").replace("Œ", "oe").replace("æ", "ae"))
    return "".join(c for c in folded.casefold() if c.isalnum())


@dataclass(slots=True)
class Line:
    """Words of one row, from left to right, as one searchable string."""

    page: int  # index in the run of pages
    words: list[tuple[int, Word]]  # (index in the page's words, word)
    text: str = ""  # squashed
    looks: str = ""  # of recognised words, the same with letters that look alike made one
    at: list[tuple[int, int]] = field(default_factory=list)  # for each letter of `text`: place in `words`, in its text
    starts: list[int] = field(default_factory=list)  # for each word: where it starts in `text`
    recognised: bool = False
    box: Box = (0.0, 0.0, 0.0, 0.0)  # around all words

    def finish(self) -> Line:
        """Compute the searchable string and the box."""
        self.box = around(w.box for _, w in self.words)
        parts: list[str] = []
        for w, (_, word) in enumerate(self.words):
            self.starts.append(len(self.at))
            read = _as_label(word)
            for i, char in enumerate(read):
                letters = _letter(char)
                parts.append(letters)
                place = i if i < len(read) - 1 else len(word.text) - 1
                self.at.extend([(w, min(place, len(word.text) - 1))] * len(letters))
        self.text = "".join(parts)
        self.recognised = any(word.origin == "ocr" for _, word in self.words)
        self.looks = self.text.translate(_ALIKE) if self.recognised else ""
        return self


def _as_label(word: Word) -> str:
    """A word as a label is sought in it: as every further cut reads it, where they all read the same (`Vville`)."""
    best = [max(look, key=lambda x: x[1], default=("", 0.0)) for look in word.looks[1:]]
    read = {text.rstrip(".,:;") for text, _ in best}
    steady = len(best) > 1 and min(p for _, p in best) >= _STEADY and len(read) == 1
    return read.pop() if steady and word.text.isalpha() else word.text


@dataclass(frozen=True, slots=True)
class Match:
    """A label where it stands."""

    page: int  # index in the run of pages
    box: Box
    spans: tuple[tuple[int, int, int], ...]  # (index of word in page, first, last letter+1 of its text) it covers
    likeness: float  # in [0, 1]
    closed: bool  # a colon follows
    alone: bool  # nothing follows close by: end of its cell or of the row
    first: bool  # nothing stands close before it
    same_case: bool = False
    length: int = 0  # letters

    @property
    def weight(self) -> float:
        """How well this is the label, to choose among places."""
        sure = self.closed or self.alone
        return (
            self.likeness * (1 + min(self.length, 30) / 20)
            + 0.6 * self.closed
            + 0.3 * self.alone
            + 0.2 * self.first
            + 0.4 * self.same_case
            - (0 if sure else 1.0)
        )

    @property
    def middle(self) -> float:
        """Vertical middle."""
        return (self.box[1] + self.box[3]) / 2


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box around boxes (at least one)."""
    listed = list(boxes)
    return (
        min(b[0] for b in listed),
        min(b[1] for b in listed),
        max(b[2] for b in listed),
        max(b[3] for b in listed),
    )


def rows(page: Page, index: int) -> list[Line]:
    """The page's words but entries, in rows.

    Digital words keep their order of writing (what was typed over a label comes later and stays apart from it);
    recognised words are sorted.
    """
    numbered = [(i, w) for i, w in enumerate(page.words) if w.origin != "entry" and w.text.strip()]
    if any(w.origin == "ocr" for _, w in numbered):
        return [line.finish() for line in _sorted_rows(numbered, index)]
    lines: list[Line] = []
    for i, word in numbered:
        last = lines[-1].words[-1][1] if lines else None
        if last is not None and same_row(last.box, word.box) and word.box[0] >= last.box[2] - 0.35 * _height(word.box):
            lines[-1].words.append((i, word))
        else:
            lines.append(Line(index, [(i, word)]))
    return [line.finish() for line in lines]


def _sorted_rows(numbered: list[tuple[int, Word]], index: int) -> list[Line]:
    """Recognised words chained from left to right, each to the row that ends at its height.

    A word much taller than the rest (a signature read as letters) bridges no rows: its middle lies in neither.
    """
    heights = sorted(_height(w.box) for _, w in numbered)
    most = 1.5 * heights[len(heights) // 2]
    lines: list[Line] = []
    for i, word in sorted(numbered, key=lambda p: p[1].box[0]):
        box = _shrunk(word.box, most)
        best: Line | None = None
        least = 0.75
        for line in lines:
            last = _shrunk(line.words[-1][1].box, most)
            low = min(_height(last), _height(box))
            shared = min(last[3], box[3]) - max(last[1], box[1])
            apart = abs(last[1] + last[3] - box[1] - box[3]) / 2 / most
            if shared > 0.5 * low and apart < least and box[0] > last[2] - 0.6 * low:
                best, least = line, apart
        if best is None:
            lines.append(Line(index, [(i, word)]))
        else:
            best.words.append((i, word))
    return sorted(lines, key=lambda line: (line.words[0][1].box[1], line.words[0][1].box[0]))


def _shrunk(box: Box, most: float) -> Box:
    """A box made at most so high, about its middle."""
    if box[3] - box[1] <= most:
        return box
    middle = (box[1] + box[3]) / 2
    return box[0], middle - most / 2, box[2], middle + most / 2


def same_row(a: Box, b: Box) -> bool:
    """Whether two boxes overlap by half of the lower one's height."""
    return min(a[3], b[3]) - max(a[1], b[1]) > 0.5 * min(_height(a), _height(b))


def _height(box: Box) -> float:
    return max(box[3] - box[1], 1.0)


def find(
    spellings: Sequence[str],
    lines: Sequence[Line],
    bars: Sequence[Sequence[float]] = (),
    *,
    fuzzy: bool = True,
    inner: bool = False,
) -> list[Match]:
    """Every place where one of the spellings stands; the longest spelling wins where they overlap.

    `bars`: for each line, x of the vertical rulings that cross it. `fuzzy`: where no exact place is found, near ones.
    `inner`: a short label may stand within running text.
    """
    found: list[Match] = []
    for spelling in sorted(spellings, key=lambda s: -len(squash(s))):
        wanted = squash(spelling)
        if not wanted:
            continue
        for n, line in enumerate(lines):
            text, sought = (line.looks, wanted.translate(_ALIKE)) if line.recognised else (line.text, wanted)
            start = text.find(sought)
            while start >= 0:
                match = _match(line, start, start + len(wanted), 1.0, spelling, bars[n] if bars else (), inner)
                if match is not None and not any(_covers(m, match) for m in found):
                    found.append(match)
                start = text.find(sought, start + 1)
    if found or not fuzzy:
        return found
    for n, line in enumerate(lines):
        match = _near(spellings, line, bars[n] if bars else ())
        if match is not None:
            found.append(match)
    return found


def _near(spellings: Sequence[str], line: Line, bars: Sequence[float]) -> Match | None:
    from rapidfuzz import fuzz

    best: Match | None = None
    cutoff = _FUZZY["ocr" if line.recognised else "print"]
    for spelling in spellings:
        wanted = squash(spelling)
        if len(wanted) < (5 if line.recognised else _SHORT) or len(line.text) < 0.7 * len(wanted):
            continue
        hit = fuzz.partial_ratio_alignment(wanted, line.text, score_cutoff=cutoff)
        if hit is None:
            continue
        start, end = _snapped(line, hit.dest_start, hit.dest_end)
        likeness = fuzz.ratio(wanted, line.text[start:end])
        if likeness < cutoff - 4:
            continue
        match = _match(line, start, end, likeness / 100, spelling, bars)
        if match is not None and (best is None or match.weight > best.weight):
            best = match
    return best


def _snapped(line: Line, start: int, end: int) -> tuple[int, int]:
    """A near place moved to the borders of words where these are one or two letters away."""
    borders = [*line.starts, len(line.text)]
    near = [b for b in borders if abs(b - start) <= 2 and b < end]
    first = min(near, key=lambda b: abs(b - start)) if near else start
    near = [b for b in borders if abs(b - end) <= 2 and b > first]
    return first, (min(near, key=lambda b: abs(b - end)) if near else end)


def _match(
    line: Line, start: int, end: int, likeness: float, spelling: str, bars: Sequence[float], inner: bool = False
) -> Match | None:
    """The match, None where it begins or ends within a word of letters."""
    w0, c0 = line.at[start]
    w1, c1 = line.at[end - 1]
    before, behind = line.words[w0][1].text[:c0], line.words[w1][1].text[c1 + 1 :]
    box_read = line.recognised and len(before) == 1 and before.isdigit()  # « 0Oui »: the box before an answer
    if any(c.isalnum() for c in before) and not before.rstrip().endswith(":") and not box_read:
        return None  # « d’établissement » holds no label « Établissement »
    if behind and behind[0].isalpha():
        return None
    if behind and behind[0].isdigit() and spelling[-1:].isdigit():
        return None
    stop = c1 + 1
    text = line.words[w1][1].text
    while stop < len(text) and text[stop] in ").*?€%'’ ":
        stop += 1
    closed = stop < len(text) and text[stop] == ":"
    last = w1
    if closed:
        stop += 1
    while not closed and stop >= len(line.words[last][1].text) and last + 1 < len(line.words):
        following = line.words[last + 1][1]
        if any(c.isalnum() for c in following.text) or following.box[0] - line.words[last][1].box[2] > 8:
            break
        last += 1  # « % », « ? », « : » stand as words of their own behind the label
        closed = ":" in following.text
        stop = following.text.index(":") + 1 if closed else len(following.text)
    spans = []
    boxes = []
    for w in range(w0, last + 1):
        index, word = line.words[w]
        a, b = (c0 if w == w0 else 0), (stop if w == last else len(word.text))
        spans.append((index, a, b))
        boxes.append(part_box(word, a, b))
    box = around(boxes)
    height = _height(box)
    rest = line.words[last][1].text[stop:].strip()
    alone = not rest
    if alone and last + 1 < len(line.words):
        gap = line.words[last + 1][1].box[0] - box[2]
        alone = gap > 1.2 * height or any(box[2] - 1 < x < line.words[last + 1][1].box[0] + 1 for x in bars)
    first = not before.strip() and (w0 == 0 or line.words[w0][1].box[0] - line.words[w0 - 1][1].box[2] > 0.8 * height)
    raw = " ".join(line.words[w][1].text for w in range(w0, w1 + 1))
    length = end - start
    if length < _SHORT and not inner and not closed and not alone and not line.recognised:
        return None
    return Match(
        page=line.page, box=box, spans=tuple(spans), likeness=likeness, closed=closed, alone=alone, first=first,
        same_case=spelling.rstrip(" .:") in raw, length=length,
    )  # fmt: skip


def part_box(word: Word, start: int, end: int) -> Box:
    """Where letters `start` to `end` of a word stand, by even spacing."""
    x0, y0, x1, y1 = word.box
    n = max(len(word.text), 1)
    return x0 + (x1 - x0) * start / n, y0, x0 + (x1 - x0) * end / n, y1


def _covers(a: Match, b: Match) -> bool:
    return a.page == b.page and {s[0] for s in b.spans} <= {s[0] for s in a.spans} and overlap(a.box, b.box) > 0


def overlap(a: Box, b: Box) -> float:
    """Area that two boxes share."""
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def before(a: Match, b: Match) -> bool:
    """Whether `a` stands before `b` in reading order, apart from it."""
    if a.page != b.page:
        return a.page < b.page
    if same_row(a.box, b.box):
        return a.box[2] <= b.box[0] + 2
    return a.middle < b.middle


def choose(candidates: Sequence[Sequence[Match]]) -> list[Match | None]:
    """For labels in reading order, each with its possible places: the places that keep that order and weigh most."""
    flat = [(i, m) for i, places in enumerate(candidates) for m in places if m.weight > 0.3]
    flat.sort(key=lambda p: p[0])
    best: list[tuple[float, int]] = []  # total weight of the best chain that ends here, its last step
    for n, (i, match) in enumerate(flat):
        total, back = match.weight, -1
        for k in range(n):
            j, other = flat[k]
            if j < i and best[k][0] + match.weight > total and before(other, match):
                total, back = best[k][0] + match.weight, k
        best.append((total, back))
    chosen: list[Match | None] = [None] * len(candidates)
    at = max(range(len(flat)), key=lambda n: best[n][0], default=-1)
    while at >= 0:
        chosen[flat[at][0]] = flat[at][1]
        at = best[at][1]
    return chosen
