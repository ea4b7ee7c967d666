"""The values of an order's labels: behind the label, beside it, or below it; over two lines where a cell is narrow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from parsers import values, vocabulary
from parsers.layout import Segment, overlap, same_row
from parsers.order_labels import Mark, marks
from parsers.order_roles import right_of, roles
from parsers.page import Word


@dataclass(frozen=True, eq=False)
class Found:
    """A label and the value that stands with it ("" where its place is empty)."""

    key: str
    text: str
    words: tuple[Word, ...]
    label: Segment
    value: Segment | None  # the segment the value stands in
    colon: bool
    strong: bool
    how: str  # `behind` in the same segment, `beside`, `below`
    broken: bool = False  # put together from two lines: where a code is cut, nobody knows whether a space stood there

    @property
    def page(self) -> int:
        """Number of the page."""
        return self.label.page


def read(segments: Sequence[Segment], reach: float = 200.0) -> tuple[Found, ...]:
    """Every label of a page with its value. `segments` are those to look at (an order's lines left out).

    `reach`: how far right of its label a value may stand, in points.
    """
    segments = _joined_labels(segments)
    known = roles(segments)
    labels = {s: () if s in known else marks(s) for s in segments}
    return tuple(f for s in segments for f in _values(s, labels, reach))


def _joined_labels(segments: Sequence[Segment]) -> Sequence[Segment]:
    """The segments, a label that a narrow cell breaks over lines (« Date de » / « commande ») as one, three at most."""
    for _ in range(2):
        segments = _joined_once(segments)
    return segments


def _joined_once(segments: Sequence[Segment]) -> Sequence[Segment]:
    short = [s for s in segments if len(s.words) < 4 and not re.search(r"[\d@]|:.", s.key)]
    pairs: dict[Segment, Segment] = {}
    for s in short:
        for o in short:
            if s is o or ":" in s.key:
                continue
            edges = min(abs(o.box[0] - s.box[0]), abs(o.box[2] - s.box[2]))
            if -2 < o.box[1] - s.box[3] < 0.4 * s.height and edges < 2 and o.page == s.page:
                both = Segment((*s.words, *o.words), s.page)
                if not _is_label(both, strong=not _is_label(s) or _is_label(o)):
                    continue
                if not _is_label(s) or marks(both)[0].key in (marks(s)[0].key, f"{marks(s)[0].key}_code"):
                    pairs[s], pairs[o] = both, both
    seen: dict[Segment, None] = dict.fromkeys(pairs.get(s, s) for s in segments)
    return tuple(seen)


def _is_label(s: Segment, strong: bool = False) -> bool:
    own = marks(s)
    return len(own) == 1 and own[0].start == 0 and own[0].end == len(s.key) and (own[0].strong or not strong)


def _values(s: Segment, labels: dict[Segment, tuple[Mark, ...]], reach: float) -> Iterable[Found]:
    own = labels[s]
    for i, mark in enumerate(own):
        end = own[i + 1].start if i + 1 < len(own) else len(s.key)
        text, words = s.cut(mark.end, end)
        text = text.strip(" -–—|•·;,(/") if i + 1 < len(own) else _unhung(text).lstrip(" -–—|•·;:,)/")
        if text:
            whole = Found(mark.key, text, words, s, s, mark.colon, mark.strong, "behind")
            if mark.key == "order_date" and not values.find_dates(text):
                whole = _with_year(whole, labels)
            yield _cut_short(_continued(whole, labels), labels) if i + 1 == len(own) else whole
            continue
        if len(own) > 1 and len(own) == sum(not m.colon for m in own) and own[-1].end == len(s.key):
            below = _below(Segment(s.cut(mark.start, mark.end)[1], s.page), labels, mark)
            if below is not None and plausible(mark.key, below.text):
                yield Found(mark.key, below.text, below.words, s, below, False, mark.strong, "below")
                continue
        if i + 1 < len(own):
            yield Found(mark.key, "", (), s, None, mark.colon, mark.strong, "behind")
            continue
        heads = mark.key == "member_name" and not mark.colon and _heads(s, labels)
        beside = None if heads else _beside(s, labels, reach)
        if beside is not None and plausible(mark.key, beside.text):
            found = Found(mark.key, beside.text, beside.words, s, beside, mark.colon, mark.strong, "beside")
            upper = _upper(s, beside, labels) if mark.key == "contact_name" else []
            for line in upper:
                found = replace(
                    found, text=joined(line.text, found.text), words=(*line.words, *found.words), value=line
                )
            yield found if upper else _continued(found, labels)
        elif mark.key == "order_date" and (day := _two_lines(beside or _below(s, labels, mark), labels)) is not None:
            at, text, words = day
            yield Found(mark.key, text, words, s, at, mark.colon, mark.strong, "beside" if beside else "below")
        elif (below := _below(s, labels, mark)) is not None and plausible(mark.key, below.text):
            found = Found(mark.key, below.text, below.words, s, below, mark.colon, mark.strong, "below")
            yield _continued(found, labels)
        elif (
            more := _turned(s, labels, max(o.box[2] for o in labels)) if mark.colon and mark.strong else None
        ) is not None:
            fits = plausible(mark.key, more.text) and len(more.words) < 4
            yield Found(mark.key, more.text if fits else "", more.words, s, more, True, True, "below")
        else:
            yield Found(mark.key, "", (), s, None, mark.colon, mark.strong, "beside")


_OPEN = re.compile(r"[-–—,(/:;]$|\b(?:de|des|du|la|le|les|et|d'|l'|a|au|aux|en|par)$")


def _unhung(text: str) -> str:
    """A text without the marks that part it from what follows; the hyphen of a broken name stays."""
    return re.sub(r"(?:\s*[–—|•·;(/]|\s+-|(?<!\w)-|\s)+$", "", text)


def joined(first: str, second: str) -> str:
    """Two lines as one text: a name broken at its hyphen is closed up."""
    return first + second if re.search(r"\w-$", first) and second[:1].isalpha() else f"{first} {second}"


def _continued(found: Found, labels: dict[Segment, tuple[Mark, ...]]) -> Found:
    """A value with its further lines: where it plainly stops short, or where a code's cell has a second line."""
    s = found.value or found.label
    if found.key == "contact_phone":
        return _dialled(found, s, labels)
    right = right_of(s, labels) if found.key == "siret" and _siret_cut(found.text) else None
    if right is not None and values.valid_siret(values.parse_siret(found.text + right.text) or ""):
        return replace(found, text=f"{found.text} {right.text}", words=(*found.words, *right.words))
    code = found.key in ("order_number", "commitment_number", "service_code", "service") and found.how == "below"
    code = code and re.fullmatch(r"[A-Z0-9./_-]+", found.text) is not None
    margin = max((o.box[2] for o in labels), default=0.0)
    if found.key == "contact_name" and (more := _turned(s, labels, margin)) is not None:
        return replace(found, text=joined(found.text, more.text), words=(*found.words, *more.words))
    for _ in range(3):
        full = found.key == "contact_name" and s.box[2] > margin - 60 and s.box[2] - s.box[0] > 200
        address = found.key == "street" and found.how != "behind"
        cut = found.key == "siret" and _siret_cut(found.text)
        short = (
            full
            or address
            or cut
            or _OPEN.search(s.folded) is not None
            or found.text.count("(") > found.text.count(")")
        )
        if not (short or code):
            return found
        under = [
            o
            for o in labels
            if o is not s
            and -1.5 <= o.box[1] - s.box[3] < 0.75 * s.height
            and abs(o.box[0] - s.box[0]) < 3
            and not labels[o]
        ]
        if len(under) != 1:
            return found
        more = under[0]
        if address and not re.match(r"(?:f-)?\d{5}\s", more.key):
            return found
        if code and not short and not re.fullmatch(r"[A-Z0-9./_-]+", more.text):
            return found  # a code's second line is one too
        if cut and not values.valid_siret(values.parse_siret(found.text + more.text) or ""):
            return found
        text = found.text + more.text if code else joined(found.text, more.text)
        found = replace(found, text=text, words=(*found.words, *more.words), broken=code)
        s = more
    return found


def _cut_short(found: Found, labels: dict[Segment, tuple[Mark, ...]]) -> Found:
    """A code that the end of a line breaks at its hyphen, with the word that the next line begins with."""
    s = found.value or found.label
    if found.key not in ("order_number", "commitment_number", "service_code") or not re.search(r"\w-$", s.text):
        return found
    more = _turned(s, labels, max(o.box[2] for o in labels))
    rest = more.words[:1] if more is not None else ()
    text = found.text.rstrip("-") + "-" + "".join(w.text for w in rest)
    return replace(found, text=text, words=(*found.words, *rest), broken=True)


def _dialled(found: Found, s: Segment, labels: dict[Segment, tuple[Mark, ...]]) -> Found:
    """A telephone number with the lines that a narrow cell breaks it into."""
    text, words = found.text, found.words
    while not values.find_phones(text) and len(words) < 12:
        below = _next_line(s, labels)
        if below is None or not re.fullmatch(r"[\d .+()/-]+", below.text):
            return found
        text, words, s = text + (" " if text[-1].isdigit() else "") + below.text, (*words, *below.words), below
    return replace(found, text=text, words=words)


def _turned(s: Segment, labels: dict[Segment, tuple[Mark, ...]], margin: float) -> Segment | None:
    """The line that a running text goes on in: it ends at the margin and has no room there for the next one's word."""
    row = [o for o in labels if same_row(o.box, s.box)]
    left = min(o.box[0] for o in row)
    if s.box[0] < left + 3 or max(o.box[2] for o in row) > s.box[2]:
        return None
    below = [o for o in labels if -1.5 <= o.box[1] - s.box[3] < 0.75 * s.height]
    under = [o for o in below if abs(o.box[0] - left) < 3]
    cells = any(abs(o.box[0] - b.box[0]) < 3 for o in row if o.box[0] > left + 3 for b in below)  # columns, no text
    if cells or len(under) != 1 or (labels[under[0]] and labels[under[0]][0].start == 0):
        return None
    first = under[0].words[0].box
    return under[0] if s.box[2] + 0.2 * s.height + first[2] - first[0] > margin else None


def _two_lines(
    s: Segment | None, labels: dict[Segment, tuple[Mark, ...]]
) -> tuple[Segment, str, tuple[Word, ...]] | None:
    """A date that a narrow cell breaks over two lines."""
    below = _next_line(s, labels) if s is not None else None
    if s is None or below is None:
        return None
    text = f"{s.text} {below.text}"
    return (s, text, (*s.words, *below.words)) if values.parse_date(text) else None


def _next_line(s: Segment, labels: dict[Segment, tuple[Mark, ...]]) -> Segment | None:
    """The one unlabelled line right below a segment, set to its left edge."""
    under = [o for o in labels if -2 < o.box[1] - s.box[3] < 0.8 * s.height and not labels[o]]
    below = [o for o in under if abs(o.box[0] - s.box[0]) < 3]
    return below[0] if len(below) == 1 else None


def _with_year(found: Found, labels: dict[Segment, tuple[Mark, ...]]) -> Found:
    """A date whose year stands on its cell's next line."""
    day = _two_lines(found.label, labels)
    if day is None and (under := _next_line(found.label, labels)) is not None:
        text = f"{found.text} {under.text}"
        return replace(found, text=text, words=(*found.words, *under.words)) if values.parse_date(text) else found
    return found


def _siret_cut(text: str) -> bool:
    """Whether a narrow cell breaks a SIRET's digits over two lines."""
    return 3 <= sum(c.isdigit() for c in text) < 14 and not re.search(r"[a-z]", values.fold(text))


def plausible(key: str, text: str) -> bool:
    """Whether a text apart from its label may be that label's value at all."""
    folded = values.fold(text)
    digits = sum(c.isdigit() for c in text)
    if key in ("order_number", "commitment_number"):
        return (
            digits > 0
            and len(folded.split()) <= 5
            and values.parse_date(text) is None
            and not (folded.split()[0].isalpha() and len(folded.split()[0]) > 4)  # « Exercice 2026 »
            and not re.match(r"\d{1,4}\s*(?:bis|ter)?,?\s+[a-z]|\d{5}\s+[a-z]", folded)
        )
    if key == "order_date":
        return bool(values.find_dates(text))
    if key == "contact_phone":
        return digits >= 9 or re.fullmatch(r"[+0(][\d .+()/-]+", text) is not None
    if key in ("contact_email", "functional_email"):
        return "@" in text
    if key in ("siret", "postal_code", "place", "uai"):
        return digits >= 5
    if key in ("service_code", "service"):
        person = re.match(r"(?:m|mr|mme|mlle|monsieur|madame)\b", folded)
        coded = digits > 0 or text.isupper() or len(folded.split()) == 1
        return coded and len(folded.split()) <= 4 and not any(c in text for c in "@,") and person is None
    if key in ("contact_name", "signatory_name", "member_name", "city"):
        headed = any(p.match(folded) for _, p in vocabulary.patterns("roles", r"\s*:?\s*$"))
        first = re.split(r"\s[-–/|]\s|[,;(]", text)[0]
        titled = vocabulary.pattern("titles", "order").match(folded) is not None
        if key == "city" and re.match(r"(?:de|du|des)\s|d'", folded):
            return False  # « Commune » / « d’Échouboulains » is a name
        lettered = re.search(r"[^\W\d_]{2}|^M\.", text) is not None  # « T. » is the next cell's label
        return (
            lettered and sum(c.isdigit() for c in first) < 4 and len(first.split()) <= 12 and not headed and not titled
        )
    return True


def _beside(s: Segment, labels: dict[Segment, tuple[Mark, ...]], reach: float) -> Segment | None:
    """The next segment to the right on the line, unless it is a label itself or stands far away."""
    nearest = right_of(s, labels)
    if nearest is None or (labels[nearest] and labels[nearest][0].start == 0):
        return None
    return nearest if nearest.box[0] - s.box[2] < reach else None


def _upper(s: Segment, beside: Segment, labels: dict[Segment, tuple[Mark, ...]]) -> list[Segment]:
    """The lines of a value above the one that its label, set to their middle, stands beside; the nearest first."""
    found: list[Segment] = []
    for o in sorted(labels, key=lambda o: -o.box[1]):
        last = found[-1] if found else beside
        gap = last.box[1] - o.box[3]
        level = overlap(o.box[1], o.box[3], s.box[1], s.box[3]) > 0.25 * s.height
        near = abs(o.box[0] - last.box[0]) < 3 and -1.5 <= gap < (0.2 if found else 0.75) * o.height
        if near and not labels[o] and (found or level):
            found.append(o)
    return found


def _heads(s: Segment, labels: dict[Segment, tuple[Mark, ...]]) -> bool:
    """Whether a label without a colon stands on top of lines set to its left edge: they are what it heads."""
    return any(
        -2 < o.box[1] - s.box[3] < 0.9 * s.height and abs(o.box[0] - s.box[0]) < 3 and not labels[o] for o in labels
    )


def _in_place(s: Segment, labels: dict[Segment, tuple[Mark, ...]]) -> Segment | None:
    """The value of a caption that is not set over it: its place goes from the caption's edge to the next caption's."""
    end = min((o.box[0] for o in labels if same_row(o.box, s.box) and o.box[0] > s.box[2] and labels[o]), default=None)
    if end is None:
        return None
    under = [
        o for o in labels if 0 <= o.box[1] - s.box[3] + 2 <= 1.5 * s.height and s.box[0] < o.box[0] and o.box[2] < end
    ]
    return under[0] if len(under) == 1 else None


def _below(s: Segment, labels: dict[Segment, tuple[Mark, ...]], mark: Mark) -> Segment | None:
    """The segment right below, in the same column: the grids that print captions above their values."""
    height = max(s.height, 6.0)
    under = [
        o
        for o in labels
        if o is not s
        and 0 <= o.box[1] - s.box[3] + 2 <= 2.6 * height
        and overlap(s.box[0], s.box[2], o.box[0], o.box[2]) > 0
    ]
    nearest = min(under, key=lambda o: (round(o.box[1]), abs(o.box[0] - s.box[0])), default=None)
    nearest = nearest or _in_place(s, labels)
    if nearest is None or (labels[nearest] and labels[nearest][0].start == 0):
        return None
    if mark.colon and nearest.box[0] < s.box[0] - 3:
        return None
    # A value that also stands right of a label of its own line belongs to that one.
    left = [o for o in labels if o is not nearest and same_row(o.box, nearest.box) and o.box[2] <= nearest.box[0] + 1]
    before = max(left, key=lambda o: o.box[2], default=None)
    if before is not None and labels[before] and labels[before][-1].end == len(before.key) and labels[before][-1].colon:
        return None
    return nearest
