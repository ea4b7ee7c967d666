"""The labels that finance software prints on orders: which of them stand in a line, and where.

A label is strong (`N° d'engagement`: nothing else begins so) or weak (`Ville`, `Date`: only before a colon, or alone in
its segment). Keys are the contract's fields where there is one; the others (`stop`) matter as borders: an empty place
followed by another label is empty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from parsers import values, vocabulary
from parsers.layout import Segment

_NUMBERED = re.compile(r"(?:n\s?[°*'o.]|numero|num\.?|no\.?|nr\.?)\s*[a-z]{0,6}[-./ ]?\d")
_BREAK = re.compile(r"(?:^|(?<=[\s(]))(?=\S)")
_AFTER = re.compile(r"\s*(?P<colon>[:=]+)?\s*")


@dataclass(frozen=True)
class Mark:
    """A label within a segment's key."""

    key: str
    start: int
    end: int  # behind the label and its colon
    colon: bool
    strong: bool


def marks(segment: Segment) -> tuple[Mark, ...]:
    """The labels in a segment, in order."""
    known: tuple[Mark, ...] | None = segment.__dict__.get("_marks")  # asked for by many; a segment never changes
    if known is None:
        known = segment.__dict__["_marks"] = _find(segment)
    return known


def _find(segment: Segment) -> tuple[Mark, ...]:
    key, found, at = segment.key, [], 0
    if captions := _captions(key):
        return captions
    for spot in _BREAK.finditer(key):
        start = spot.start()
        if start < at:
            continue
        best: Mark | None = None
        for entry, p in vocabulary.patterns("labels"):
            name, strong = entry.key, entry.strong
            m = p.match(key, start)
            if (
                m is None
                or m.end() == start
                or (m.end() < len(key) and key[m.end()].isalpha() and key[m.end() - 1].isalpha())
            ):
                continue
            tail = _AFTER.match(key, m.end())
            assert tail is not None
            colon = tail["colon"] is not None
            first = not key[:start].strip(" -–—|•·*►(/")
            parted = key[:start].rstrip().endswith(("-", "–", "—", "|", "•", "·", ";", ",", "/", "(")) or first
            alone = first and tail.end() == len(key)
            numbered = first and name == "order_number" and _NUMBERED.match(key) is not None
            coded = (
                first
                and name == "service"
                and re.fullmatch(r"[A-Z0-9][A-Z0-9_.-]+", segment.cut(m.end())[0]) is not None
            )
            referred = (
                (parted or key[:start].rstrip().endswith(":"))
                and name == "commitment_number"
                and re.match(r"\s+[a-z]{0,4}[-./]?\d[\w./-]*(?:\s[/-]\s\d+)?(?=\s*$|,|\s+[-–—|;]\s)", key[m.end() :])
                is not None
            )
            dated = first and name == "order_date" and m[0].startswith("date")
            dated = dated and values.parse_date(key[m.end() :]) is not None
            if not (colon or alone or numbered or coded or referred or dated or (strong and parted)):
                continue
            if (
                key[m.end() : m.end() + 1] not in ("", " ", ":", "=")
                and key[m.end() - 1 : m.end()] not in "°.)"
                and not (name in ("siret", "contact_phone") and _digit(key, m.end()))
            ):
                continue
            if best is None or (colon, m.end()) > (best.colon, best.end):
                best = Mark(name, start, tail.end() if colon else _skip(key, m.end()), colon, strong)
        if best is not None:
            found.append(best)
            at = best.end
    return tuple(found)


def _captions(key: str) -> tuple[Mark, ...]:
    """Captions of neighbouring cells that came as one segment: labels without anything between them."""
    ends = [m.end() for m in re.finditer(r"\S+", key)]
    if not 2 <= len(ends) <= 10 or ":" in key:
        return ()
    best: dict[int, tuple[Mark, ...]] = {0: ()}  # by where they end
    for start in [0, *(e + 1 for e in ends[:-1])]:
        if start not in best:
            continue
        for entry, p in vocabulary.patterns("labels"):
            m = p.match(key, start)
            if m is None or m.end() not in ends:
                continue
            marks = (*best[start], Mark(entry.key, start, m.end(), False, entry.strong))
            end = min(m.end() + 1, len(key))
            if end not in best or len(marks) < len(best[end]):
                best[end] = marks
    found = best.get(len(key), ())
    return found if len(found) > 1 and any(m.strong for m in found) else ()


def _digit(key: str, at: int) -> bool:
    return key[at : at + 1].isdigit()


def _skip(key: str, at: int) -> int:
    return at + len(key[at:]) - len(key[at:].lstrip())
