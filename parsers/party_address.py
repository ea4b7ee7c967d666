"""What the block of a party says: its name, its street, its place, each with the line it stands in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from parsers import addresses, names, parties, values
from parsers.catalogue import providers_in
from parsers.layout import Segment
from parsers.order_labels import marks
from parsers.order_values import joined
from parsers.parties import Block
from parsers.records import Context

OF = r"(?:de|du|des)\s|d'"
_LONGEST = 10  # words of a name; a line of more is a sentence


@dataclass(frozen=True)
class Address:
    """A block's name and address, each with the segment it stands in."""

    name: tuple[str, Segment] | None = None
    street: tuple[str, Segment] | None = None
    postal_code: tuple[str, Segment] | None = None
    city: tuple[str, Segment] | None = None


def address(block: Block, context: Context) -> Address:
    """What a block of unlabelled lines says: name, street, place."""
    lines: list[tuple[str, Segment]] = []
    for s, following in zip(block.segments, [*block.segments[1:], None], strict=True):
        if parties.head_role(s) is not None or (block.role != "supplier" and providers_in(s.text, context.forms)):
            continue
        text = s.text
        leading = parties.leading_role(s)
        if leading is not None:
            text = s.cut(leading[1])[0]
        elif (found := marks(s)) and found[0].start == 0 and not _begun(s, following):
            continue  # labelled values are read by their labels
        for part in (p for run in _runs(s, text) for p in addresses.PARTS.split(run)):
            body, comma, street = part.strip(" ,;").partition(", ")
            both = bool(comma and names.core(body)) and names.is_public_body(body) and addresses.is_street(street)
            lines.extend((p, s) for p in ((body, street) if both else (part.strip(" ,;"),)) if p)
    for i in range(len(lines) - 2, -1, -1):  # a narrow cell may part the code from its city
        if re.fullmatch(r"(?:f-?)?\d{5}", values.fold(lines[i][0])) and not any(c.isdigit() for c in lines[i + 1][0]):
            lines[i : i + 2] = [(f"{lines[i][0]} {lines[i + 1][0]}", lines[i][1])]
    at = next((i for i, (t, _) in enumerate(lines) if addresses.place(t)), None)
    name = _name(lines[: at if at is not None else len(lines)], context)
    if at is None:
        return Address(name=name)
    found_place = addresses.place(lines[at][0])
    assert found_place is not None
    code, city = found_place
    street = _street(lines[:at], name)
    where = lines[at][1]
    return Address(name=name, street=street, postal_code=(code, where), city=(city, where))


def _begun(s: Segment, following: Segment | None) -> bool:
    """Whether « Commune » or « Ville » is no label but a name's first line: « d’Échouboulains » follows."""
    return s.key in ("commune", "ville") and following is not None and re.match(OF, following.key) is not None


def _runs(s: Segment, text: str) -> list[str]:
    """A line's text, parted where a street begins in another type than the name before it."""
    for i, (a, b) in enumerate(pairwise(s.words), 1):
        if "ocr" in (a.origin, b.origin) or not any(c.isalpha() for w in s.words[:i] for c in w.text):
            continue  # recognition tells no type, and a house's number is no name
        other = a.bold != b.bold or abs(a.size - b.size) > 0.15 * max(a.size, b.size)
        name, street = (" ".join(w.text for w in part) for part in (s.words[:i], s.words[i:]))
        if other and text == s.text and addresses.is_street(street):
            return [name, street]
    return [text]


def _street(lines: list[tuple[str, Segment]], name: tuple[str, Segment] | None) -> tuple[str, Segment] | None:
    rest = [x for x in lines if name is None or x[1] is not name[1] or x[0] != name[0]]
    streets = [
        x for x in rest if (addresses.is_street(x[0]) and not names.is_public_body(x[0])) or addresses.is_house(x[0])
    ]
    if streets:
        return streets[-1]
    # Villages have streets of no known kind (« Le Bourg »): the line right above the place, if it is nothing else.
    last = rest[-1] if rest and name is not None and rest[-1] is lines[-1] else None
    plain = last is not None and not (addresses.is_box(last[0]) or addresses.is_noise(last[0]) or ":" in last[0])
    return last if plain and last is not None and last[1] is not (name or last)[1] else None


def _name(lines: list[tuple[str, Segment]], context: Context) -> tuple[str, Segment] | None:
    """The body's name: a name of the census, else a public body's, else the first line that is nothing else."""
    usable = [
        (t, s)
        for t, s in lines
        if len(t) > 2
        and (names.is_public_body(t) or not addresses.is_street(t))
        and not addresses.is_house(t)
        and not addresses.is_box(t)
        and not addresses.is_noise(t)
    ]
    for t, s in usable:
        if parties.in_census(t, context):
            return t, s
    for i, (t, s) in enumerate(usable):
        if names.is_public_body(t):
            return _with_more(t, s, usable[i + 1 : i + 4], lines[-1][1]), s
    return _in_sentence(*usable[0]) if usable else None


def _in_sentence(text: str, s: Segment) -> tuple[str, Segment] | None:
    """A line as a name; of a sentence, the body that it names last: « …, la commune de Valmont » (SIRET …)."""
    m = re.search(r",\s+(?:l[ea]\s+|l['’])(?P<name>[^,]+)$", text)
    if m is not None and names.is_public_body(m["name"]):
        return m["name"], s
    return (text, s) if len(text.split()) <= _LONGEST else None


def _with_more(name: str, s: Segment, further: Sequence[tuple[str, Segment]], last: Segment) -> str:
    """A name with the lines that go on with it, two at most."""
    for i, (text, line) in enumerate(further[:2]):
        after = further[i + 1][1] if i + 1 < len(further) else last if last is not s else None
        if line is s or not (_one_name(name, s, (text, line)) or _set_apart(s, line, after)):
            break
        name, s = joined(name, text), line
    return name


def may_be_name(s: Segment) -> bool:
    """Whether a line may be a further line of a name: no street, place, label, service or number."""
    other = addresses.is_street(s.text) or addresses.place(s.text) or addresses.is_box(s.text)
    hall = names.is_public_body(s.text) and not names.core(s.text)  # « Hôtel de ville » below a name is a house
    plain = not other and not hall and not addresses.is_noise(s.text)
    return plain and not marks(s) and parties.head_role(s) is None and not any(c.isdigit() for c in s.text)


def _one_name(first: str, s: Segment, follows: tuple[str, Segment]) -> bool:
    """Whether the next line goes on with the name: it or the first line is cut at a link word, in the same type."""
    if re.match(r"(?:de|du|des|d'|la|le|et|pour|a)\b", values.fold(follows[0])):
        return True
    return abs(s.size - follows[1].size) < 0.25 * s.size and unfinished(first)


def _set_apart(s: Segment, following: Segment, after: Segment | None) -> bool:
    """Whether two lines are in one type of their own, larger or bolder than what comes after: a name in two lines."""
    if after is None or after is following or abs(s.size - following.size) > 0.15 * s.size or s.bold != following.bold:
        return False
    return after.size < 0.85 * following.size or (following.bold and not after.bold)


def unfinished(name: str) -> bool:
    """Whether a name stops at a link word (« Mairie de »)."""
    return re.search(r"(?:\b(?:de|du|des|la|le|les|et|en|sur|sous|lez|les)|[-'])$", values.fold(name)) is not None
