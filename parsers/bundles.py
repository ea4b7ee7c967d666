"""Several documents in one file are cut at the right pages.

A document begins where a page has a title of its own, or numbers itself « Page 1/2 »; it goes on over pages that carry
no title (long orders, annexes, general conditions), that go on counting, or that repeat the head of the page before
under the same number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from parsers import order_kind, order_totals, order_values, parties, values, vocabulary
from parsers.layout import Sheet
from parsers.page import Document, Page
from parsers.records import Context

_NUMBERED = re.compile(
    r"\b(?:page|p\.|folio|feuillet)\s*(?:n\s?°\s*)?:?\s*(\d{1,3})(?:\s*(?:/|sur|de|of)\s*(\d{1,3}))?(?![\d/])|(?:^|\s)(\d{1,2})\s*/\s*(\d{1,2})$|^-\s*(\d{1,2})\s*-$"
)
# Titles that open a part of a document, never a document.
_TOP = 0.4  # of the page's height: a title stands above


@dataclass(frozen=True, eq=False)
class _Face:
    """What tells one page from the next."""

    page: Page
    context: Context

    @cached_property
    def sheet(self) -> Sheet:
        return Sheet(self.page)

    @cached_property
    def number(self) -> tuple[int, int | None] | None:
        """The page's own number and the count it names, from its head or foot."""
        low, high = 0.14 * self.page.height, 0.8 * self.page.height
        for s in self.sheet.segments:
            top = s.box[1]
            m = _NUMBERED.search(s.key)
            if m is None or (low < top < high and not s.key.startswith(("page", "folio"))):
                continue
            digits = [int(x) for x in m.groups() if x]
            if digits and digits[0] and (len(digits) == 1 or digits[0] <= digits[1] <= 99):
                return digits[0], digits[1] if len(digits) > 1 else None
        return None

    @cached_property
    def title(self) -> str:
        """The page's title, folded; "" where it has none near its top."""
        body = sorted(s.size for s in self.sheet.segments)
        usual = body[len(body) // 2] if body else 0.0
        for t in order_kind.titles(self.sheet):
            s = t.segment
            loud = s.size >= 1.12 * usual or s.bold or s.text.upper() == s.text
            if (
                s.box[1] < _TOP * self.page.height
                and loud
                and not vocabulary.pattern("titles", "inner").match(order_kind.compact(s))
            ):
                return re.sub(r"[^a-z ]", "", order_kind.compact(s)).strip()
        return ""

    @cached_property
    def reference(self) -> str:
        """The order's number on this page."""
        for f in order_values.read(self.sheet.segments):
            if f.key in ("order_number", "commitment_number") and any(c.isdigit() for c in f.text):
                return values.fold(f.text.split()[0])
        for t in order_kind.titles(self.sheet)[:1]:
            m = re.search(r"\d[\w/.-]*", t.rest)
            if m:
                return m[0]
        return ""

    @cached_property
    def sirets(self) -> frozenset[str]:
        """All SIRETs but the suppliers'."""
        sold = parties.sold(self.context)
        return frozenset(x for s in self.sheet.segments for x in parties.sirets(s.text) if x[:9] not in sold)

    @cached_property
    def closed(self) -> bool:
        """Whether totals or a place to sign stand on the page."""
        kinds = {order_totals.kind_of(s.key) for s in self.sheet.segments}
        return "incl" in kinds or any(
            re.match(r"fait\s+a\b|nom\s+et\s+prenom\s+du\s+signataire", s.key) for s in self.sheet.segments
        )

    @cached_property
    def head(self) -> frozenset[str]:
        """The texts of the page's first lines."""
        return frozenset(s.folded for s in self.sheet.segments[:10])


def cut(document: Document, context: Context) -> tuple[tuple[int, int], ...]:
    """First and last page (from 1, as the pages count) of each document in the file; one element: no bundle."""
    faces = [_Face(p, context) for p in document.pages]
    if not faces:
        return ()
    starts = [0]
    for i in range(1, len(faces)):
        if _begins(faces[starts[-1] : i], faces[i]):
            starts.append(i)
    ends = [*[s - 1 for s in starts[1:]], len(faces) - 1]
    return tuple((faces[a].page.number, faces[b].page.number) for a, b in zip(starts, ends, strict=True))


def _begins(before: list[_Face], page: _Face) -> bool:
    """Whether a page opens a document, given the pages of the one under way."""
    first, last = before[0], before[-1]
    if not page.page.words and not page.page.pictures:
        return False
    if page.number is not None:
        at, count = page.number
        if at > 1 and last.number is not None and last.number[0] == at - 1 and last.number[1] == count:
            return bool(page.title) and page.title != first.title and count is None and at != len(before) + 1
        if at == 1 and (count is not None or page.title):
            return True
    if last.number is not None and last.number[1] is not None and last.number[0] == last.number[1] and page.title:
        return True
    if not page.title:
        return False
    if first.title and page.title == first.title:
        return _another(before, page)
    return True


def _another(before: list[_Face], page: _Face) -> bool:
    """Whether a page with the same title is another document: other number, other body, or past the end."""
    first, last = before[0], before[-1]
    if first.reference and page.reference and first.reference != page.reference:
        return True
    if first.sirets and page.sirets and not first.sirets & page.sirets:
        return True
    if first.reference and first.reference == page.reference:
        return False
    return last.closed and page.closed
