"""An order's totals: every figure that stands with a total's label, then the ones that fit together and the lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from parsers import values
from parsers.layout import Segment, overlap, same_row
from parsers.page import Word
from parsers.table_cells import is_broken
from parsers.table_header import Column
from parsers.tables import ADJUSTMENT

_HT = re.compile(r"(?:\b|total|montant|net)h\.?\s?t(?![a-z])\.?|\bhors[- ]?tax")
_TTC = re.compile(
    r"(?:\b|total|montant|net)t\.?\s?t\.?\s?c(?![a-z])\.?|toutes\s+taxes|taxes\s+comprises|tva\s+comprise|net\s+a\s+payer|a\s+payer"
)
_VAT = re.compile(
    r"(?:(?:montant|total|mt|dont|\+)\s+(?:de\s+)?(?:la\s+)?)*(?:t\.?\s?v\.?\s?a(?![a-z])\.?|taxes?\b)(?!\s*(?:intra|n\s?°|:?\s*fr))"
)
_START = re.compile(
    r"(?:sous[- ]?)?(?:totaux|total|montant|valeur|mt|net|base|prix|h\.?t\b|t\.?t\.?c\b|somme|a\s+payer|hors\s+taxes?|"
    r"general|ensemble|soit(?=\s+(?:h\.?t|t\.?t)))"
)
_CARRIED = re.compile(r"(?:a\s+)?report|sous[- ]?total|total\s+(?:de\s+la\s+)?page|cumul|total\s+partiel")
_RATE = re.compile(
    r"\(?(?:a|au\s+taux\s+de|taux)?\s*\d{1,2}(?:[.,]\d{1,2})?\s*%\)?|\b(?:a|au\s+taux\s+de)\s+\d{1,2}(?:[.,]\d{1,2})?\b"
)
_AGAIN = re.compile(r"total|montant|t\.?v\.?a\b|net\b|soit\b|dont\b")
_TAIL = re.compile(r"-?\d[\d .,']*(?:\s*(?:€|eur(?:os?)?))?\s*$")
_BEFORE = re.compile(r"(?:€|\beur(?:os?)?)\s*(?=-?\d)")  # « € 189,60 »
_ASIDE = re.compile(r"(?<=[\d€])\s*\([^)]*[a-z][^)]*\)\s*$")  # « 0,00 € (article 294 du CGI) »
_WORDS = re.compile(
    r"(?P<amount>\d[\d ]*[.,]\d\d)\s*(?:€|eur(?:os?)?)?\s*(?:de\s+)?"
    r"(?P<kind>h\.?t\b|hors\s+tax|tva\b|t\.?t\.?c\b|toutes\s+taxes)"
)
_TABLE = 130.0  # points from a table's captions to its last row, at most


@dataclass(frozen=True)
class Figure:
    """One amount with the segment it stands in."""

    amount: Decimal
    segment: Segment


@dataclass(frozen=True)
class Totals:
    """What was chosen; `adjustment` is what stands between the lines' sum and the total without tax."""

    excl: Figure | None = None
    vat: Figure | None = None
    incl: Figure | None = None
    adjustment: Decimal = Decimal(0)
    proven: bool = False  # the three fit together, or the lines' sum is one of them


def kind_of(key: str) -> str | None:
    """`excl`, `vat`, `incl`, `any` (a bare « Total »), `adjust`; None for what is no total's label."""
    key = key.lstrip("(")
    if _CARRIED.match(key):  # « Sous-total : » may be all there is for the sum without tax
        return "any" if re.match(r"s(?:ous|/)[- ]?total(?!\s+(?:de\s+)?(?:la\s+)?page)", key) else None
    if _VAT.match(key):
        return "vat"
    if _TTC.search(key) and (_START.match(key) or _TTC.match(key)):
        return "incl"
    if _HT.search(key) and _START.match(key):
        return "excl"
    if ADJUSTMENT.match(key):
        return "adjust"
    if re.match(
        r"(?:montant\s+)?tot(?:al|aux)(?:\s+(?:general|commande|de\s+la\s+commande|du\s+bon(?:\s+de\s+commande)?))?\s*:?\s*(?:\d|$|en\s+e)",
        key,
    ):
        return "any"
    return None


def find(
    segments: Sequence[Segment],
    lines_sum: Decimal | None,
    adjustments: Sequence[Decimal],
    columns: Sequence[Column] = (),
) -> Totals:
    """The totals among the segments outside the table's rows; `adjustments` stood in the table itself.

    `columns` are the table's: a bare « Total » stands under several of them with a figure in each.
    """
    figures: dict[str, list[Figure]] = {}
    segments = [part for s in segments for part in _parts(s)]
    for s in segments:
        kind = kind_of(s.key)
        if kind is None:
            continue
        found = [w for f in _figures(s, segments) for w in (f, *_whole(f, segments))]
        if kind == "any" and len(found) > 1:
            for f, headed in zip(found, _headed(found, segments), strict=True):
                figures.setdefault(headed or _under(f.segment, columns) or kind, []).append(f)
        else:
            figures.setdefault(kind, []).extend(found)
    if not any(figures.get(k) for k in ("excl", "incl", "any")):
        for s in segments:
            for kind, figure in _in_words(s):
                figures.setdefault(kind, []).append(figure)
    more = [
        -abs(f.amount) if re.match(r"remise|rabais|rist|esc|red|geste|avoir", f.segment.key) else f.amount
        for f in figures.get("adjust", [])
    ]
    return _choose(figures, lines_sum, [*adjustments, *more])


def _headed(row: Sequence[Figure], segments: Sequence[Segment]) -> list[str | None]:
    """What each figure of a row is by the captions over it: the last row of a table of rates (`Base HT | TVA | TTC`).

    The captions of one line, as many as the figures, stand for them in order: they need not be set over them.
    """
    first = row[0].segment
    above = [o for o in segments if o.page == first.page and 0 < first.box[1] - o.box[1] < _TABLE]
    captions = [o for o in above if not any(c.isdigit() for c in o.key) and kind_of(o.key) in ("excl", "vat", "incl")]
    for lead in sorted(captions, key=lambda o: -o.box[1]):
        line = sorted((o for o in captions if same_row(o.box, lead.box)), key=lambda o: o.box[0])
        if len(line) == len(row):
            return [kind_of(o.key) for o in line]
    return [None] * len(row)


def _in_words(s: Segment) -> Iterable[tuple[str, Figure]]:
    """The totals of a sentence: « soit un total de 133,50 € HT, 26,70 € de TVA, et 160,20 € TTC »."""
    found: list[tuple[str, Decimal]] = []
    for m in _WORDS.finditer(s.key):
        amount = values.parse_amount(m["amount"])
        if amount is not None:
            found.append(("vat" if m["kind"].startswith("tva") else "incl" if m["kind"][0] == "t" else "excl", amount))
    if len(found) > 1 and len({k for k, _ in found}) == len(found):
        yield from ((kind, Figure(amount, s)) for kind, amount in found)


def _under(s: Segment, columns: Sequence[Column]) -> str | None:
    """The total that a figure is by the column it stands in."""
    kinds = {"total": "excl", "vat": "vat", "rate": "vat", "total_ttc": "incl"}
    middle = (s.box[0] + s.box[2]) / 2
    return next((kinds.get(c.kind) for c in columns if c.x0 <= middle < c.x1), None)


def _parts(s: Segment) -> list[Segment]:
    """A line that holds several totals (`Total HT : 10,00 € – TVA : 2,00 €`) as one segment a total."""
    runs: list[list[Word]] = [[]]
    for w in s.words:
        if w.text in ("–", "-", "—", "|", ";", "/", "+", "="):
            runs.append([])
            continue
        if _AGAIN.match(values.fold(w.text).lstrip("(")) and any(re.search(r"\d[.,]\d\d$", o.text) for o in runs[-1]):
            runs.append([])
        runs[-1].append(w)
    parts = [Segment(tuple(r), s.page) for r in runs if r]
    return parts if len(parts) > 1 and sum(kind_of(p.key) is not None for p in parts) > 1 else [s]


def _figures(s: Segment, segments: Sequence[Segment]) -> Iterable[Figure]:
    """The amounts of a label: behind it, beside it, or below it."""
    behind = _plain(s.key)
    m = _TAIL.search(behind.rstrip(" )"))
    amount = values.parse_amount(m[0]) if m and re.search(r"\d", m[0]) else None
    if amount is not None and m is not None and re.search(r"[a-z.:)]\s*$", behind[: m.start()].rstrip() or "x"):
        yield Figure(amount, s)
    right = sorted(
        (o for o in segments if o is not s and _level(o, s) and o.box[0] >= s.box[2] - 1),
        key=lambda o: o.box[0],
    )
    seen = False
    for o in right:
        if kind_of(o.key) is not None:
            break
        if "%" in o.key and not re.search(r"%.*\d", o.key):
            continue
        got = values.parse_amount(_plain(o.key))
        if got is not None:
            seen = True
            yield Figure(got, o)
    if seen or amount is not None:
        return
    # Captions over figures: the place of a figure goes up to the next caption.
    end = min((o.box[0] for o in right if kind_of(o.key) is not None), default=s.box[2] + 240.0)
    under = [
        o
        for o in segments
        if o is not s
        and 0 <= o.box[1] - s.box[3] + 2 < 2.6 * max(s.height, 6)
        and overlap(s.box[0] - 8, max(s.box[2] + 8, end - 2), o.box[0], o.box[2]) > 0
        and values.parse_amount(o.text) is not None
    ]
    nearest = min(under, key=lambda o: o.box[1], default=None)
    for o in under:
        if nearest is not None and same_row(o.box, nearest.box) and (got := values.parse_amount(o.text)) is not None:
            yield Figure(got, o)


def _whole(figure: Figure, segments: Sequence[Segment]) -> Iterable[Figure]:
    """A figure with the line below it, where its narrow cell may break it at the thousands: the sums choose."""
    s = figure.segment
    for o in segments:
        near = o.page == s.page and -2 < o.box[1] - s.box[3] < 0.8 * s.height and overlap(*s.box[::2], *o.box[::2]) > 0
        if near and is_broken((s.text, o.text)):
            amount = values.parse_amount(f"{s.text} {o.text}")
            if amount is not None:
                yield Figure(amount, Segment((*s.words, *o.words), s.page))


def _plain(key: str) -> str:
    """A total's text without rates, remarks and the currency's sign before its figure."""
    return _BEFORE.sub("", _RATE.sub(" ", _ASIDE.sub("", key)))


def _level(o: Segment, s: Segment) -> bool:
    """Whether a figure stands beside a label: on its line, or on one of two lines in a cell as high."""
    middle = abs(o.box[1] + o.box[3] - s.box[1] - s.box[3]) / 2
    return same_row(o.box, s.box) or middle < 0.8 * max(o.height, s.height)


def _choose(figures: dict[str, list[Figure]], lines_sum: Decimal | None, adjustments: Sequence[Decimal]) -> Totals:
    """The combination that fits best: HT is the lines' sum (with or without adjustments), HT and TVA make TTC."""
    bare = figures.get("any", [])
    sums = {Decimal(0): lines_sum} if lines_sum is not None else {}
    if lines_sum is not None and adjustments:
        sums |= {a: lines_sum + a for a in {sum(adjustments, Decimal(0)), *adjustments}}
    best: tuple[tuple[float, ...], Totals] = ((-1.0,), Totals())
    options = [
        _last([*figures.get("excl", []), *bare]),
        _last(figures.get("vat", [])),
        _last([*figures.get("incl", []), *bare]),
    ]
    for e, v, i in product(*options):
        if e is not None and i is not None and e is i:
            continue
        fits = e is not None and v is not None and i is not None and e.amount + v.amount == i.amount
        adjustment = next(
            (a for a, x in sums.items() if e is not None and abs(x - e.amount) <= Decimal("0.005") * 20), None
        )
        exact = next((a for a, x in sums.items() if e is not None and x == e.amount), None)
        adjustment = exact if exact is not None else adjustment
        clash = e is not None and i is not None and i.amount < e.amount
        plain = e is not None and e in bare
        score = (
            3.0 * fits
            + 3.0 * (exact is not None)
            + 1.0 * (adjustment is not None)
            + 0.5 * sum(x is not None for x in (e, v, i))
            - 0.4 * clash
            - 0.25 * plain,
        )
        if score > best[0]:
            best = (score, Totals(e, v, i, adjustment or Decimal(0), bool(fits or exact is not None)))
    return best[1]


def _last(figures: Sequence[Figure]) -> list[Figure | None]:
    """The figures from the last to the first, then none: the order's own totals stand at its end."""
    return [*list(reversed(figures))[:8], None]
