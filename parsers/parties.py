"""Who buys and who sells: the blocks of an order's head, each with its role.

A block is a run of lines that belong together (one below the other, aligned, no border between). Its role comes from
what it says: a heading (« Fournisseur », « Adresse de facturation »), a known provider, a public body's name, the
first digits of its SIRET. What no witness tells stays without a role.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from parsers import addresses, names, people, values, vocabulary
from parsers.catalogue import catalogues, provider_sirens, providers_in
from parsers.layout import Segment, Sheet, bounds, overlap, same_row
from parsers.order_labels import marks
from parsers.order_values import plausible
from parsers.records import Box, Context

Role = Literal["buyer", "billing", "delivery", "supplier", ""]

_ALONE = r"(?:\s*\([^)]*\))?\s*:?\s*$"  # a heading that fills its segment
_BEFORE = r"\s*:\s*(?=\S)"  # a heading with the first line behind it

_COMPANY = re.compile(
    r"\b(?:sas|sasu|sarl|s\.a\.s\.?|s\.a\.r\.l\.?|eurl|gmbh|ltd|inc|scop|sa|s\.a\.|snc|groupe)\b|\brcs\b|au capital"
)


@dataclass(eq=False)
class Block:
    """Lines that belong together."""

    segments: list[Segment] = field(default_factory=list)
    role: Role = ""
    told: bool = False  # the role comes from a heading, not from the content

    @cached_property
    def box(self) -> Box:
        """Around all lines."""
        return bounds(s.box for s in self.segments)

    @cached_property
    def text(self) -> str:
        """All lines, one a line."""
        return "\n".join(s.text for s in self.segments)

    @property
    def page(self) -> int:
        """Number of its page."""
        return self.segments[0].page


def _role(key: str) -> Role:
    roles: dict[str, Role] = {"buyer": "buyer", "billing": "billing", "delivery": "delivery", "supplier": "supplier"}
    return roles[key]


def head_role(s: Segment) -> Role | None:
    """The role that a heading gives, None where the segment is no heading."""
    return next((_role(e.key) for e, p in vocabulary.patterns("roles", _ALONE) if p.match(s.key)), None)


def leading_role(s: Segment) -> tuple[Role, int] | None:
    """The role that a heading gives with the block's first line behind it, and where that line begins."""
    for entry, pattern in vocabulary.patterns("roles", _BEFORE):
        if (m := pattern.match(s.key)) is not None:
            return _role(entry.key), m.end()
    return None


def blocks(sheet: Sheet, segments: Sequence[Segment]) -> list[Block]:
    """The segments as blocks, from the top; headings join what stands below them."""
    parent = {s: s for s in segments}

    def root(s: Segment) -> Segment:
        while parent[s] is not s:
            s = parent[s]
        return s

    ordered = sorted(segments, key=lambda s: (s.box[1], s.box[0]))
    labels = _beside(ordered)
    apart = labels.keys() | _headed(ordered)
    for i, a in enumerate(ordered):
        below = [b for b in ordered[i + 1 :] if b.box[1] - a.box[3] < 2.3 * max(a.height, b.height) and b not in apart]
        for b in below:
            if _linked(sheet, a, b) and not (b.box[1] - a.box[3] > 0.95 * a.height and _between(ordered, a, b)):
                parent[root(b)] = root(a)
    for value, label in labels.items():
        parent[root(value)] = root(label)
    found: dict[Segment, list[Segment]] = {}
    for s in ordered:
        found.setdefault(root(s), []).append(s)
    return [part for group in found.values() for part in _topics(group)]


def _beside(ordered: Sequence[Segment]) -> dict[Segment, Segment]:
    """The values that stand beside a label, each with its label: such a line goes on from none above it."""
    found: dict[Segment, Segment] = {}
    for s in ordered:
        own = marks(s)
        if own and own[-1].end == len(s.key) and head_role(s) is None and (own[-1].colon or own[-1].strong):
            right = [o for o in ordered if o is not s and same_row(s.box, o.box) and o.box[0] >= s.box[2] - 1]
            nearest = min(right, key=lambda o: o.box[0], default=None)
            if nearest is not None and nearest.box[0] - s.box[2] < 150 and plausible(own[-1].key, nearest.text):
                its = marks(nearest)
                other = own[-1].start > 0 and _goes_on(nearest)  # a running line, beside it a line of an address
                if not (its and its[0].start == 0) and not other:
                    found[nearest] = s
    return found


def _headed(ordered: Sequence[Segment]) -> set[Segment]:
    """What stands beside a party's heading: it begins a party, whatever stands above it."""
    found = set()
    for s in ordered:
        if head_role(s) is not None:
            right = [o for o in ordered if o.box[0] >= s.box[2] - 1 and same_row(s.box, o.box)]
            nearest = min(right, key=lambda o: o.box[0], default=None)
            if nearest is not None and nearest.box[0] - s.box[2] < 90:
                found.add(nearest)
    return found


_ORDER_KEYS = {
    "order_number",
    "commitment_number",
    "order_date",
    "service_code",
    "contact_name",
    "market",
    "object",
    "reference",
}


def _topics(group: list[Segment]) -> list[Block]:
    """A run of lines that turns from one party to another, or to the order's references, as several blocks."""
    parts: list[Block] = [Block()]
    supplier = False
    line: Segment | None = None
    for s in group:
        if line is None or not same_row(line.box, s.box):
            keys = {m.key for m in marks(s) if m.start == 0}
            head = _opens(s)
            alone = _in_one_line(s) or (line is not None and _in_one_line(line))
            turned = head is not None or alone or _titled(s) or (supplier and keys & _ORDER_KEYS)
            if turned and parts[-1].segments:
                parts.append(Block())
            if turned:
                supplier = head == "supplier"
            line = s
        parts[-1].segments.append(s)
    return parts


def _titled(s: Segment) -> bool:
    """Whether a line is an order's title: a letterhead ends there."""
    return any(vocabulary.pattern("titles", k).match(s.key) is not None for k in ("order", "commitment"))


def _in_one_line(s: Segment) -> bool:
    """Whether a line holds a whole party: its place and its SIRET."""
    return bool(sirets(s.text)) and any(addresses.place(part.strip(" ,;")) for part in addresses.PARTS.split(s.text))


def _opens(s: Segment) -> Role | None:
    """The role that a line's beginning gives: a heading, or a heading with the first line behind it."""
    leading = leading_role(s)
    return head_role(s) or (leading[0] if leading else None)


def _goes_on(s: Segment) -> bool:
    """Whether a line can only be the further line of an address."""
    return addresses.place(s.text) is not None or addresses.is_street(s.text) or re.match(r"siret\b", s.key) is not None


def _between(ordered: Sequence[Segment], a: Segment, b: Segment) -> bool:
    """Whether another line stands between two lines of one column."""
    x0, x1 = max(a.box[0], b.box[0]), min(a.box[2], b.box[2])
    return any(
        a.box[3] - 2 <= o.box[1] and o.box[3] <= b.box[1] + 2 and overlap(x0, x1, *o.box[::2]) > 0 for o in ordered
    )


def _linked(sheet: Sheet, a: Segment, b: Segment) -> bool:
    """Whether line `b` goes on from line `a` above it."""
    gap = b.box[1] - a.box[3]
    reach = 2.2 if _goes_on(b) and not marks(a) else 0.95  # paragraphs of a letter stand further apart
    if same_row(a.box, b.box) or gap < -2 or gap > reach * min(max(a.height, 5.0), max(b.height, 5.0)) + 1:
        return False
    if overlap(a.box[0], a.box[2], b.box[0], b.box[2]) <= 0 or head_role(b) is not None:
        return False
    # A letterhead may have a line between name and address; a spreadsheet's address may have one below each line.
    named = (_goes_on(b) or values.parse_email(b.text) is not None) and abs(a.box[0] - b.box[0]) < 2
    if sheet.barred(a.box, b.box) and not named:
        return False
    left = abs(a.box[0] - b.box[0]) < 4
    right = abs(a.box[2] - b.box[2]) < 2
    centred = abs(a.box[0] + a.box[2] - b.box[0] - b.box[2]) < 5
    return left or right or centred


def assign(found: list[Block], context: Context) -> None:
    """Give each block its role."""
    for b in found:
        b.role, b.told = _own_role(b, context)
    heads = [(b, role) for b in found if len(b.segments) == 1 and (role := head_role(b.segments[0])) is not None]
    # A heading alone (a shaded cell, or a line with space below it) speaks for the blocks in its column.
    under = [
        (b.box[1] - h.box[3], n, b)
        for n, (h, _) in enumerate(heads)
        for b in found
        if b is not h and b.page == h.page and -2 <= b.box[1] - h.box[3] < 28 and overlap(*_span(h), *_span(b)) > 0
    ]
    for _, n, b in sorted(under, key=lambda x: x[0]):
        if not b.told and head_role(b.segments[0]) is None:
            b.role, b.told = heads[n][1], True
    for n, (h, role) in enumerate(heads):
        for b in found if all(n != m for _, m, _ in under) else ():
            beside = b.page == h.page and same_row(h.box, b.segments[0].box) and 0 < b.box[0] - h.box[2] < 90
            if beside and not b.told and head_role(b.segments[0]) is None:
                b.role, b.told = role, True
    _letterhead(found)


def _letterhead(found: list[Block]) -> None:
    """A name with its address that nothing claims is the buyer's, where the supplier is told and no buyer is."""
    if any(b.role in ("buyer", "billing") and _place_of(b) for b in found) or not any(
        b.role == "supplier" for b in found
    ):
        return
    unclaimed = [b for b in found if not b.role and _place_of(b) and not values.find_dates(b.text)]
    if len(unclaimed) == 1:
        unclaimed[0].role = "buyer"


def _place_of(b: Block) -> bool:
    return any(addresses.place(part.strip(" ,;")) for s in b.segments for part in addresses.PARTS.split(s.text))


def _span(b: Block) -> tuple[float, float]:
    return b.box[0] - 6, b.box[2] + 6


def _own_role(b: Block, context: Context) -> tuple[Role, bool]:
    head = head_role(b.segments[0])
    if head is not None and len(b.segments) > 1:
        return head, True
    leading = leading_role(b.segments[0])
    found = [x for s in b.segments for x in sirets(s.text)]
    known = {x.siret[:9] for x in context.census if x.siret}
    if any(x[:9] in sold(context) for x in found):
        return "supplier", True
    if leading is not None:
        return ("", False) if _person(b.segments[0].cut(leading[1])[0]) else (leading[0], True)
    if any(x[:9] in known for x in found):
        return "buyer", False
    top = [addresses.PARTS.split(s.text)[0] for s in b.segments[:3]]
    if any((names.is_public_body(t) and not addresses.is_noise(t)) or in_census(t, context) for t in top[:2]):
        return "buyer", False
    if any(providers_in(t, context.forms) for t in top):
        return "supplier", False
    if any(x[0] in "12" for x in found):
        return "buyer", False
    if any(_COMPANY.search(values.fold(t)) for t in top[:1]) or (
        found and not any(names.is_public_body(t) for t in top)
    ):
        return ("supplier", False) if any(_COMPANY.search(s.folded) for s in b.segments) else ("", False)
    return "", False


def _person(text: str) -> bool:
    """Whether a party's heading names a person, with an office or without: « Émetteur : H. Martin, DGS »."""
    name, *more = re.split(r"\s*[,;(]\s*|\s[-–—|]\s", text)
    return people.is_name(name) and (not more or people.is_role(more[0]))


def in_census(text: str, context: Context) -> bool:
    """Whether a text is the name of a body of the census."""
    folded = values.fold(text)
    return any(values.fold(b.name) == folded for b in context.census)


def sirets(text: str) -> list[str]:
    """Runs of 14 digits in a text, whatever their key."""
    return [re.sub(r"\D", "", m[0]) for m in _SIRET.finditer(values.clean(text))]


_SIRET = re.compile(r"(?<![\d])\d(?:[ .]?\d){13}(?![\d])(?!\s?\d)")


def sold(context: Context) -> frozenset[str]:
    """SIRENs of suppliers: the catalogues' providers and the configuration's."""
    return provider_sirens(context.forms) | {x[:9] for x in context.suppliers}


def is_of(domain: str, block: Block) -> bool:
    """Whether an e-mail domain bears a word of the name on top of a block."""
    words = {w for s in block.segments[:3] for w in re.findall(r"[a-z0-9]{3,}", s.folded)}
    return any(label in words for label in domain.split(".")[:-1])


def is_provider_domain(domain: str, context: Context) -> bool:
    """Whether an e-mail domain is a provider's, by the catalogue or by the firm's name in it."""
    bare = re.sub(r"[^a-z0-9]", "", domain)
    for c in catalogues(context.forms):
        for p in c.providers:
            if any(domain == d or domain.endswith("." + d) for d in p.domains):
                return True
            if any(len(n) > 4 and n in bare for n in (re.sub(r"[^a-z0-9]", "", values.fold(x)) for x in p.names)):
                return True
    return False
