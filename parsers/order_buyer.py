"""Who orders: the buyer's name, SIRET, UAI and address, each by its own witnesses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from parsers import addresses, names, order_values, parties, party_address, values
from parsers.layout import Segment, same_row
from parsers.order_values import Found
from parsers.order_view import Read, View, sirets, value_of
from parsers.parties import Block

_BROKEN = 0.6  # a name that may go on in the next line
_OF = re.compile(r"d(?:e|u|es)\s|d\s?['’]", re.IGNORECASE)  # « Commune d’Éragny » is a name, no label with its value


def member_name(view: View) -> Read | None:
    """The buyer's name: behind its label, else the buyer's block's first line."""
    block = view.buyer()
    if block is not None:
        for f in view.inside(block):
            if f.key == "member_name" and f.text and not any(c.isdigit() for c in f.text[:3]):
                return _whole(view, block, f.text, f.value) if f.how == "below" and f.value else value_of(f)
        name = party_address.address(block, view.context).name
        if name is not None:
            return _whole(view, block, *name)
    for other in view.buyers:
        found = party_address.address(other, view.context).name if other is not block else None
        if found is not None and names.core(found[0]) and names.is_public_body(found[0]):
            return _whole(view, other, *found)
    for f in view.labelled("member_name"):
        if names.is_public_body(f.text):
            return value_of(f)
    return None


def _whole(view: View, block: Block, name: str, s: Segment) -> Read:
    """A name with its second line, where a narrow cell may have broken it.

    The census, or the same name in one line elsewhere, says that the lines are one; where only the cell's width speaks
    for it, the name is read as it stands in its first line and put to a person.
    """
    lines = list(_following(block, s))  # in a narrow cell
    if parties.in_census(name, view.context) or not lines or not name.startswith(s.text):
        return name, s.words, s.page
    both, words = s.text, list(s.words)
    for line in lines:
        both, words = order_values.joined(both, line.text), [*words, *line.words]
        if parties.in_census(both, view.context):
            return both, words, s.page
    if name != s.text:
        return name, s.words, s.page
    words, last, rest = list(s.words), s, lines
    for i, line in enumerate(lines):
        both = order_values.joined(name, line.text)
        elsewhere = any(values.fold(both) in o.folded for sheet in view.sheets for o in sheet.segments)
        unfinished = party_address.unfinished(name) or not names.core(name)  # « Centre communal d’action »
        if not (elsewhere or unfinished or (i == 0 and line.text[:1].islower())):
            break
        name, words, last, rest = both, [*words, *line.words], line, lines[i + 1 :]
    if rest and _may_go_on(view, block, last, rest[0]):
        words = [replace(w, confidence=min(w.confidence, _BROKEN)) for w in words]
    return name, words, s.page


def _may_go_on(view: View, block: Block, s: Segment, more: Segment) -> bool:
    """Whether nothing but its place tells that a line is not a name's next one: same type, no room for it above."""
    alike = s.text.isupper() == more.text.isupper() and abs(s.size - more.size) < 0.15 * s.size
    found = party_address.address(block, view.context).street
    street = found is not None and found[1] is more and _has_room(view, s, more)
    return alike and not street and _filled(block, s, more) and abs(more.box[0] - s.box[0]) < 3


def _following(block: Block, s: Segment) -> Iterable[Segment]:
    """The lines right below a name in its block that may go on with it, three at most."""
    above = s
    for _ in range(3):
        under = [o for o in block.segments if o.page == s.page and -2 < o.box[1] - above.box[3] < 0.9 * above.height]
        if not under or not party_address.may_be_name(under[0]):
            return
        above = min(under, key=lambda o: o.box[1])
        yield above


def _filled(block: Block, s: Segment, more: Segment) -> bool:
    """Whether the first word of a further line would reach past the block's widest line, were it in the line above."""
    return more.words[0].box[2] - more.words[0].box[0] > max(o.box[2] for o in block.segments) - s.box[2]


def _has_room(view: View, s: Segment, more: Segment) -> bool:
    """Whether a further line's first word had room in the line above: its cell, or the page's text, goes on there."""
    sheet = next(x for x in view.sheets if x.page.number == s.page)
    middle = (s.box[1] + s.box[3]) / 2
    walls = [r[0] for r in sheet.down if r[0] > s.box[2] and r[1] <= middle <= r[3]]
    others = [o.box[0] for o in sheet.segments if o.box[0] > s.box[2] and same_row(o.box, s.box)]
    end = min([*walls, *others, max(o.box[2] for o in sheet.segments)])
    first = more.words[0].box
    return s.box[2] + 0.3 * s.height + first[2] - first[0] < end - 0.5 * s.height


def siret(view: View) -> Read | None:
    """The buyer's SIRET, never the supplier's."""
    sold = {x[:9] for x in view.context.suppliers} | parties.sold(view.context)
    sold |= {x[:9] for b in view.blocks if b.role == "supplier" for x, _ in sirets(b.segments)}
    found: list[tuple[float, Read]] = []
    labelled = {id(f.value): f for f in view.labelled("siret")}
    for b in view.blocks:
        if b.role == "supplier":
            continue
        for x, s in sirets(b.segments):
            if x[:9] in sold:
                continue
            known = any(c.siret == x for c in view.context.census)
            score = (
                2.0 * (id(s) in labelled)
                + 2.0 * (b.role == "buyer")
                + 1.0 * (b.role == "billing")
                + 1.0 * (x[0] in "12")
                + known
            )
            found.append((score + 0.5 * values.valid_siret(x), (x, s.words, s.page)))
    for f in view.labelled("siret"):
        digits = values.parse_siret(f.text)
        if digits and digits[:9] not in sold:
            found.append((2.5, (digits, f.words, f.page)))
    return max(found, key=lambda x: x[0])[1] if found else None


def uai(view: View) -> Read | None:
    """The school's UAI."""
    for f in view.labelled("uai"):
        code = values.parse_uai(f.text.split("  ")[0]) or next(
            (c for t in f.text.split() if (c := values.parse_uai(t))), None
        )
        if code:
            return code, f.words, f.page
    for s in view.around:
        if not view.sold(s):
            for w in s.words:
                code = values.parse_uai(w.text)
                if code and values.valid_uai(code) and view.role.get(s) == "buyer":
                    return code, (w,), s.page
    return None


def address(view: View) -> dict[str, Read | None]:
    """Street, postal code and city of the buyer."""
    block = view.buyer()
    if block is None:
        return {}
    a = party_address.address(block, view.context)
    found: dict[str, Read | None] = {
        k: (v[0], v[1].words, v[1].page)
        for k, v in (("street", a.street), ("postal_code", a.postal_code), ("city", a.city))
        if v is not None
    }
    if a.city is None:  # a letterhead of two parts: the name on top, the address in the foot
        for other in (b for b in view.buyers if b.role == "buyer" and b is not block):
            foot = party_address.address(other, view.context)
            same = foot.name is None or not names.core(foot.name[0]) or foot.name == a.name
            if foot.city is not None and foot.postal_code is not None and same:
                parts = (("street", foot.street), ("postal_code", foot.postal_code), ("city", foot.city))
                found |= {k: (v[0], v[1].words, v[1].page) for k, v in parts if v is not None}
                return found
    labelled = view.inside(block)
    if a.city is None and not any(f.key in ("place", "city") and f.text for f in labelled):
        # A form of rows: each label stands in a cell of its own.
        elsewhere = [f for f in view.labelled("street", "place", "postal_code", "city") if f not in labelled]
        labelled += [f for f in elsewhere if view.role.get(f.label, "") not in ("billing", "delivery")]
    for f in labelled:
        if not f.text:
            continue
        if f.key == "street" and ("street" not in found or addresses.is_street(f.text)):  # told by its label
            found.update(_address_line(f))
        elif f.key in ("place", "postal_code", "city"):
            got = addresses.place(f.text)
            if got is not None:
                found["postal_code"], found["city"] = (got[0], f.words, f.page), (got[1], f.words, f.page)
            elif f.key == "postal_code" and (code := values.parse_postal_code(f.text)):
                found["postal_code"] = (code, f.words, f.page)
            elif f.key == "city" and not any(c.isdigit() for c in f.text) and not _OF.match(f.text):
                found["city"] = value_of(f)
    return found or _billed(view, block)


def _billed(view: View, block: Block) -> dict[str, Read | None]:
    """The address of an office that is billed, where the buyer tells none: put to a person."""
    for other in (b for b in view.buyers if b is not block and b.role == "billing"):
        a = party_address.address(other, view.context)
        return {
            k: (v[0], [replace(w, confidence=min(w.confidence, _BROKEN)) for w in v[1].words], v[1].page)
            for k, v in (("street", a.street), ("postal_code", a.postal_code), ("city", a.city))
            if v is not None
        }
    return {}


def _address_line(f: Found) -> dict[str, Read | None]:
    """A street behind its label, with or without the place behind it."""
    parts = re.split(r"\s*(?:,|\s[-–]\s)\s*(?=\d{5}\b)|\s+(?=\d{5}\s+[A-ZÀ-Þ])", f.text, maxsplit=1)
    found: dict[str, Read | None] = {"street": (parts[0].strip(" ,-–"), f.words, f.page)}
    got = addresses.place(parts[1]) if len(parts) > 1 else None
    if got is not None:
        found |= {"postal_code": (got[0], f.words, f.page), "city": (got[1], f.words, f.page)}
    return found
