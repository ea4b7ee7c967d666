"""A form's totals: what stands behind their labels, and how they prove one another and the lines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

from parsers import candidates, checks, confidence, values
from parsers.candidates import Recognised
from parsers.form_values import ENDS, WRONG, or_raw
from parsers.labels import Match
from parsers.page import Page
from parsers.records import Field, Finding
from parsers.records import Line as OrderLine
from parsers.zones import Place

_RATE = re.compile(r"^\(?\s*\d{1,2}(?:[.,]\d+)?\s*%\s*\)?")
_TOTALS = ("total_excl_tax", "total_vat", "total_incl_tax")


def read_totals(
    labels: Sequence[tuple[str, Match]], places: Sequence[Place], pages: Sequence[Page]
) -> tuple[dict[str, Field], dict[str, list[Decimal]], list[Finding]]:
    """Totals behind their labels, and what else was read there; a rate (`20 %`) that stands with the label is none."""
    fields: dict[str, Field] = {}
    offered: dict[str, list[Decimal]] = {}
    findings: list[Finding] = []
    for (name, match), place in zip(labels, places, strict=True):
        text = _RATE.sub("", place.text).strip(ENDS)
        if not text or not any(c.isdigit() for c in text):
            continue
        amount = values.parse_amount(text)
        trust = confidence.of_words(place.kept)
        if any(w.origin == "ocr" for w in place.kept):
            told = candidates.offered(Recognised(name, "amount", tuple(place.kept), _total))
            offered[name] = [Decimal(v) for v in map(str, told)]
        fields[name] = Field(
            value=f"{amount:.2f}" if amount is not None else text,
            confidence=trust if amount is not None else WRONG,
            page=pages[match.page].number,
            box=place.box if pages[match.page].placed else None,
        )
        if any(w.struck for w in place.words):
            findings.append(checks.struck(name, text))
    return fields, offered, findings


def _total(text: str) -> tuple[str | None, float]:
    """An amount in the contract's form; the rate that may stand before it goes."""
    text = _RATE.sub("", text).strip(ENDS)
    amount = values.parse_amount(text)
    return or_raw(f"{amount:.2f}" if amount is not None else None, text) if text else (None, 1.0)


def prove_totals(
    fields: Mapping[str, Field],
    lines: Sequence[OrderLine],
    offered: Mapping[str, Sequence[Decimal]] = MappingProxyType({}),
) -> dict[str, Field]:
    """The fields with the totals sure where they prove one another: HT + TVA = TTC at 20 %, HT = sum of the lines.

    `offered`: further readings of totals. Where one single choice among them adds up and what was read first does not,
    it is taken: the arithmetic and the reading are two witnesses.
    """
    fields = _adding_up(fields, lines, offered)
    excl, vat, incl = (_amount(fields, n) for n in _TOTALS)
    proved: set[str] = set()
    if excl is not None and vat is not None and incl is not None and excl + vat == incl:
        proved |= set(_TOTALS)
    total = _sum(lines)
    if excl is not None and total == excl:
        proved.add("total_excl_tax")
        if vat is not None and abs(excl / 5 - vat) < Decimal("0.006"):
            proved.add("total_vat")
        if incl is not None and abs(excl * 6 / 5 - incl) < Decimal("0.006"):
            proved.add("total_incl_tax")
    return {
        k: replace(f, confidence=max(f.confidence, confidence.KNOWN)) if k in proved else f for k, f in fields.items()
    }


def _sum(lines: Sequence[OrderLine]) -> Decimal | None:
    """What the lines come to; None where one of them shows no amount."""
    shown = [x for x in map(checks.line_total, lines) if x is not None]
    return sum(shown, Decimal()) if shown and len(shown) == len(lines) else None


def _adding_up(
    fields: Mapping[str, Field], lines: Sequence[OrderLine], offered: Mapping[str, Sequence[Decimal]]
) -> dict[str, Field]:
    """The totals that add up to one another at 20 % and to the lines, where one choice of readings alone does."""
    if not all(offered.get(n) for n in _TOTALS) or not all(n in fields for n in _TOTALS):
        return dict(fields)
    total = _sum(lines)
    right = {
        (excl, vat, incl)
        for excl in offered["total_excl_tax"]
        for vat in offered["total_vat"]
        for incl in offered["total_incl_tax"]
        if excl + vat == incl and abs(excl / 5 - vat) < Decimal("0.006") and (total is None or total == excl)
    }
    if len(right) != 1:
        return dict(fields)
    chosen = dict(zip(_TOTALS, right.pop(), strict=True))
    return {k: replace(f, value=f"{chosen[k]:.2f}") if k in chosen else f for k, f in fields.items()}


def _amount(fields: Mapping[str, Field], name: str) -> Decimal | None:
    return values.parse_amount(str(fields[name].value)) if name in fields else None
