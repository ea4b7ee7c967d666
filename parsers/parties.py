"""Who buys and who sells: the blocks of an order's head, each with its role, and the buyer's name and address.

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

from parsers import names, values, vocabulary
from parsers.catalogue import catalogues, provider_sirens, providers_in
from parsers.layout import Segment, Sheet, bounds, overlap, same_row
from parsers.order_labels import marks, plausible
from parsers.records import Box, Context

Role = Literal["buyer", "billing", "delivery", "supplier", ""]

_ALONE = r"(?:\s*\([^)]*\))?\s*:?\s*$"  # a heading that fills its segment
_BEFORE = r"\s*:\s*(?=\S)"  # a heading with the first line behind it

_COMPANY = re.compile(
    r"\b(?:sas|sasu|sarl|s\.a\.s\.?|s\.a\.r\.l\.?|eurl|gmbh|ltd|inc|scop|sa|s\.a\.|snc|groupe)\b|\brcs\b|au capital"
)
_STREET = re.compile(
    r"^(?:\d{1,4}\s*(?:[,-]\s*)?(?:bis|ter|quater|[a-d])?\b[\s,]+.*[a-z]|"
    r"(?:\d+\s*[-/]\s*\d+\s+)?(?:rue|avenue|av\.?|boulevard|bd\.?|blvd|place|pl\.?|allee|chemin|impasse|route|rte|square|quai|cours|esplanade|"
    r"hameau|lieu[- ]dit|residence|lotissement|passage|sente|sentier|villa|parvis|mail|faubourg|voie|rond-point|"
    r"promenade|zone|za|zi|zac|parc|domaine|ruelle|venelle|cite|clos|traverse|montee|cote|"
    r"le bourg|chaussee)\b.*[a-z]|grande?[- ]rue\b|le bourg\b)"
)
_BOX = re.compile(r"^(?:bp|b\.p\.|cs|c\.s\.|tsa|boite\s+postale)\s*(?:n°\s*)?\d+")
_PLACE = re.compile(r"^(?:f\s*-\s*|fr\s*-\s*)?(?P<cp>\d{2}\s?\d{3})\s*[-–,]?\s+(?P<city>[^\d\s(].*)$", re.IGNORECASE)
_PLACE_BEHIND = re.compile(r"^(?P<city>[^\d(]+?)\s*\((?P<cp>\d{5})\)$")
_PARTS = re.compile(
    r"\s+[-–—•·|●]\s+|\s*[•●|]\s*|\s*,\s+(?=(?:F-)?\d{5}\s)|(?<=[^\d\s,])(?<!\bBP)(?<!\bCS)(?<!\bTSA)\s+(?=(?:F-)?\d{5}\s+[A-ZÀ-Þ])|\s+(?=\(?SIRET\b)",
    re.IGNORECASE,
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


def blocks(sheet: Sheet, segments: Sequence[Segment]) -> list[Block]:
    """The segments as blocks, from the top; headings join what stands below them."""
    parent = {s: s for s in segments}

    def root(s: Segment) -> Segment:
        while parent[s] is not s:
            s = parent[s]
        return s

    ordered = sorted(segments, key=lambda s: (s.box[1], s.box[0]))
    for i, a in enumerate(ordered):
        below = [b for b in ordered[i + 1 :] if b.box[1] - a.box[3] < 2.3 * max(a.height, b.height)]
        for b in below:
            if _linked(sheet, a, b):
                parent[root(b)] = root(a)
    for s in ordered:  # a value beside its label
        own = marks(s)
        if own and own[-1].end == len(s.key) and head_role(s) is None and (own[-1].colon or own[-1].strong):
            right = [o for o in ordered if o is not s and same_row(s.box, o.box) and o.box[0] >= s.box[2] - 1]
            nearest = min(right, key=lambda o: o.box[0], default=None)
            if nearest is not None and nearest.box[0] - s.box[2] < 150 and plausible(own[-1].key, nearest.text):
                its = marks(nearest)
                if not (its and its[0].start == 0):
                    parent[root(nearest)] = root(s)
    found: dict[Segment, list[Segment]] = {}
    for s in ordered:
        found.setdefault(root(s), []).append(s)
    return [part for group in found.values() for part in _topics(group)]


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
            turned = head is not None or alone or (supplier and keys & _ORDER_KEYS)
            if turned and parts[-1].segments:
                parts.append(Block())
            if turned:
                supplier = head == "supplier"
            line = s
        parts[-1].segments.append(s)
    return parts


def _in_one_line(s: Segment) -> bool:
    """Whether a line holds a whole party: its place and its SIRET."""
    return bool(sirets(s.text)) and any(place(part.strip(" ,;")) for part in _PARTS.split(s.text))


def _opens(s: Segment) -> Role | None:
    """The role that a line's beginning gives: a heading, or a heading with the first line behind it."""
    return head_role(s) or next(
        (_role(e.key) for e, p in vocabulary.patterns("roles", _BEFORE) if p.match(s.key)), None
    )


def _goes_on(s: Segment) -> bool:
    """Whether a line can only be the further line of an address."""
    return place(s.text) is not None or is_street(s.text) or re.match(r"siret\b", s.key) is not None


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
    heads = [b for b in found if head_role(b.segments[0]) is not None]
    for h in heads:
        role = head_role(h.segments[0])
        if role is None or len(h.segments) > 1:
            continue
        # A heading alone (a shaded cell, or a line with space below it) speaks for the blocks in its column.
        under = [
            b
            for b in found
            if b is not h
            and b.page == h.page
            and 0 <= b.box[1] - h.box[3] + 2 < 30
            and overlap(*_span(h), *_span(b)) > 0
        ]
        aside = [
            b
            for b in found
            if b is not h
            and b.page == h.page
            and b.segments
            and same_row(h.box, b.segments[0].box)
            and 0 < b.box[0] - h.box[2] < 90
        ]
        for b in under or aside:
            if not b.told and head_role(b.segments[0]) is None:
                b.role, b.told = role, True


def _span(b: Block) -> tuple[float, float]:
    return b.box[0] - 6, b.box[2] + 6


def _own_role(b: Block, context: Context) -> tuple[Role, bool]:
    head = head_role(b.segments[0])
    if head is not None and len(b.segments) > 1:
        return head, True
    start = next((_role(e.key) for e, p in vocabulary.patterns("roles", _BEFORE) if p.match(b.segments[0].key)), None)
    found = [x for s in b.segments for x in sirets(s.text)]
    known = {x.siret[:9] for x in context.census if x.siret}
    if any(x[:9] in sold(context) for x in found):
        return "supplier", True
    if start is not None:
        return start, True
    if any(x[:9] in known for x in found):
        return "buyer", False
    top = [_PARTS.split(s.text)[0] for s in b.segments[:3]]
    if any((names.is_public_body(t) and not _noise(t)) or in_census(t, context) for t in top[:2]):
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


# --- name and address ------------------------------------------------------------------------------------------------


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
    for s in block.segments:
        if head_role(s) is not None:
            continue
        text = s.text
        start = next((p.match(s.key) for _, p in vocabulary.patterns("roles", _BEFORE) if p.match(s.key)), None)
        if start is not None:
            text = s.cut(start.end())[0]
        elif (found := marks(s)) and found[0].start == 0:
            continue  # labelled values are read by their labels
        for part in _PARTS.split(text):
            body, comma, street = part.strip(" ,;").partition(", ")
            both = bool(comma and names.core(body)) and names.is_public_body(body) and is_street(street)
            lines.extend((p, s) for p in ((body, street) if both else (part.strip(" ,;"),)) if p)
    for i in range(len(lines) - 2, -1, -1):  # a narrow cell may part the code from its city
        if re.fullmatch(r"(?:f-?)?\d{5}", values.fold(lines[i][0])) and not any(c.isdigit() for c in lines[i + 1][0]):
            lines[i : i + 2] = [(f"{lines[i][0]} {lines[i + 1][0]}", lines[i][1])]
    at = next((i for i, (t, _) in enumerate(lines) if place(t)), None)
    name = _name(lines[: at if at is not None else len(lines)], context)
    if at is None:
        return Address(name=name)
    found_place = place(lines[at][0])
    assert found_place is not None
    code, city = found_place
    street = _street(lines[:at], name)
    where = lines[at][1]
    return Address(name=name, street=street, postal_code=(code, where), city=(city, where))


def place(text: str) -> tuple[str, str] | None:
    """Postal code and city of a line (`78310 Maurepas`, `Maurepas (78310)`)."""
    m = _PLACE.match(text) or _PLACE_BEHIND.match(text)
    code = values.parse_postal_code(m["cp"]) if m else None
    if m is None or code is None:
        return None
    city = re.sub(r"\s*(?:,|-|–)?\s*france$", "", m["city"].strip(" ,;-–"), flags=re.IGNORECASE)
    return (code, city) if city and len(city) < 60 else None


def is_street(text: str) -> bool:
    """Whether a line begins as a street's address does."""
    return _STREET.match(values.fold(text)) is not None


def _street(lines: list[tuple[str, Segment]], name: tuple[str, Segment] | None) -> tuple[str, Segment] | None:
    rest = [x for x in lines if name is None or x[1] is not name[1] or x[0] != name[0]]
    streets = [x for x in rest if (is_street(x[0]) and not names.is_public_body(x[0])) or _house(x[0])]
    if streets:
        return streets[-1]
    # Villages have streets of no known kind (« Le Bourg »): the line right above the place, if it is nothing else.
    last = rest[-1] if rest and name is not None and rest[-1] is lines[-1] else None
    plain = last is not None and not _BOX.match(values.fold(last[0])) and not _noise(last[0]) and ":" not in last[0]
    return last if plain and last is not None and last[1] is not (name or last)[1] else None


def _house(text: str) -> bool:
    """Whether a line is a street behind the name of a house (« Hôtel de ville, 45 Grande Rue »)."""
    house, comma, street = text.partition(",")
    return bool(comma) and not names.core(house) and is_street(street.strip())


def _name(lines: list[tuple[str, Segment]], context: Context) -> tuple[str, Segment] | None:
    """The body's name: a name of the census, else a public body's, else the first line that is nothing else."""
    usable = [
        (t, s)
        for t, s in lines
        if len(t) > 2
        and (names.is_public_body(t) or not is_street(t))
        and not _house(t)
        and not _BOX.match(values.fold(t))
        and not _noise(t)
    ]
    for t, s in usable:
        if in_census(t, context):
            return t, s
    for i, (t, s) in enumerate(usable):
        if names.is_public_body(t):
            follows = usable[i + 1] if i + 1 < len(usable) else None
            after = usable[i + 2][1] if i + 2 < len(usable) else lines[-1][1] if lines[-1][1] is not s else None
            if follows and follows[1] is not s and (_one_name(t, s, follows) or _set_apart(s, follows[1], after)):
                return f"{t} {follows[0]}", s
            return t, s
    return usable[0] if usable else None


def may_be_name(s: Segment) -> bool:
    """Whether a line may be a further line of a name: no street, place, label, service or number."""
    plain = not is_street(s.text) and place(s.text) is None and not _BOX.match(s.folded) and not _noise(s.text)
    return plain and not marks(s) and head_role(s) is None and not any(c.isdigit() for c in s.text)


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


def _noise(text: str) -> bool:
    folded = values.fold(text)
    return bool(
        re.match(
            r"(?:republique francaise|liberte|departement|academie|region academique|arrondissement|canton|service|"
            r"direction|pole)\b",
            folded,
        )
        or re.search(r"\b(?:bon de commande|engagement juridique|tel|siret|page)\b|@|www\.", folded)
        or values.parse_date(text)
        or sum(c.isdigit() for c in text) > 4
    )
