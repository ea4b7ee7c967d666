"""An order's lines in sentences: « - 3 licences à 12,50 € HT l'unité, soit 37,50 € HT », proven by arithmetic alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from parsers import values
from parsers.layout import Segment, same_row
from parsers.order_lines import Lines
from parsers.records import Line

_AMOUNT = r"\d[\d ]*(?:[.,]\d{1,2})?(?:\s*(?:€|euros?\b|eur\b))?(?:\s*h\.?t\.?(?![a-z]))?"
_TOTAL = rf"(?:\s*[^\d=]{{0,30}}?(?:=|\bsoit\b|:|\btotal\b)[^\d]{{0,12}}?)(?P<total>{_AMOUNT})"
_FIRST = re.compile(  # « Abonnement annuel : 3 × 12,50 € = 37,50 € »
    rf"^\W*(?P<label>[^\W\d].*?)[\s:,–-]+(?P<quantity>\d{{1,4}})\s*(?:x|×|\*|unites?\s+a|fois)\s*(?P<price>{_AMOUNT}){_TOTAL}"
)
_COUNTED = re.compile(  # « 3 abonnements, à 12,50 € l'unité, soit 37,50 € »
    rf"^\W*(?P<quantity>\d{{1,4}})\s+(?:x\s+)?(?P<label>[^\W\d].*?)[\s,:–-]+(?:a|au\s+prix\s+(?:unitaire\s+)?de|x|×)\s+"
    rf"(?P<price>{_AMOUNT}){_TOTAL}"
)
_ROW = re.compile(  # « Abonnement annuel | 3 x 12,50 € | 37,50 € », cells of one row
    rf"^\W*(?P<label>[^\W\d].*?)[\s:,–-]+(?P<quantity>\d{{1,4}})\s*(?:x|×|\*)\s*(?P<price>{_AMOUNT})\s+(?P<total>{_AMOUNT})$"
)
_LABELLED = re.compile(  # « Quantité : 3 · Prix unitaire HT : 12,50 € · Total HT : 37,50 € », below its label or behind
    rf"^\W*(?P<label>[^\W\d].*?)??\W*\b(?:quantite|qte)\s*:?\s*(?P<quantity>\d{{1,4}})\b\D{{0,20}}"
    rf"(?:\bprix|\bp\.?u\b)[^\d:]{{0,20}}:?\s*(?P<price>{_AMOUNT})\D{{0,12}}"
    rf"(?:\btotal|\bmontant|\bsoit)[^\d:]{{0,12}}:?\s*(?P<total>{_AMOUNT})"
)


def lines(segments: Sequence[Segment]) -> Lines:
    """The lines that sentences order, each of them proven (quantity × price = total); none where none is."""
    found = tuple(line for words, page in _sentences(segments) if (line := _line(words, page)) is not None)
    return Lines(found)


def _sentences(segments: Sequence[Segment]) -> Iterable[tuple[Segment, int]]:
    """Each line of text, with the one that it goes on in."""
    used: set[Segment] = set()
    for s in segments:
        if s in used:
            continue
        beside = [o for o in segments if o.page == s.page and same_row(o.box, s.box)]
        row = Segment(tuple(w for o in sorted(beside, key=lambda o: o.box[0]) for w in o.words), s.page)
        if (m := _ROW.match(row.key) or _LABELLED.match(row.key)) is not None:
            used.update(beside)
            above = [o for o in segments if o not in beside and (n := _next(o, segments)) is not None and n in beside]
            if m["label"]:
                yield row, s.page
            elif len(above) == 1:
                used.add(above[0])
                yield Segment((*above[0].words, *row.words), s.page), s.page
            continue
        if _match(s) is None and (more := _next(s, segments)) is not None:
            both = Segment((*s.words, *more.words), s.page)
            if _match(both) is not None and _match(more) is None:
                used.add(more)
                yield both, s.page
                continue
        yield s, s.page


def _next(s: Segment, segments: Sequence[Segment]) -> Segment | None:
    under = [
        o for o in segments
        if o.page == s.page and -2 < o.box[1] - s.box[3] < 0.8 * s.height and abs(o.box[0] - s.box[0]) < 15
    ]  # fmt: skip
    return under[0] if len(under) == 1 else None


def _match(s: Segment) -> re.Match[str] | None:
    return _FIRST.match(s.key) or _COUNTED.match(s.key) or _LABELLED.match(s.key) or _ROW.match(s.key)


def _line(s: Segment, page: int) -> Line | None:
    m = _match(s)
    if m is None:
        return None
    quantity = Decimal(m["quantity"])
    price, total = (values.parse_amount(re.sub(r"\s*h\.?t\.?\s*$", "", m[k])) for k in ("price", "total"))
    if price is None or total is None or quantity * price != total or not total:
        return None
    label = s.cut(*m.span("label"))[0]
    return Line(
        label=label.strip(" ,;:–-"),
        quantity=quantity,
        unit_price=price,
        total=total.quantize(Decimal("0.01")),
        page=page,
        box=s.box,
    )
