"""Whom to ask about an order, and who signed it: names, roles, telephone, e-mail, day of signature."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from parsers import names, order_labels, order_totals, order_values, parties, people, values
from parsers.catalogue import catalogue
from parsers.layout import Segment, overlap, same_row
from parsers.order_values import Found
from parsers.order_view import Read, View
from parsers.page import Word

_TREASURY = re.compile(r"\bcomptables?\s+(?:assignataire|public)|\btresor(?:erie|ier)|\bsgc\b|centre\s+des\s+finances")


def contact(view: View, group: str | None) -> dict[str, Read | None]:
    """Who follows the order, with telephone and e-mail."""
    found: dict[str, Read | None] = {}
    person: Found | None = None
    for f in sorted(view.labelled("contact_name"), key=lambda f: not f.strong):
        who = people.split(f.text)
        if (full := _wrapped_name(view, f, whole=_whole(who))) is not None:
            f, who = full, people.split(full.text)
        name = who.name or (
            people.bare(f.text)
            if f.strong and not re.search(r"[\d@]", f.text) and len(f.text.split()) <= 4 and not people.is_role(f.text)
            else ""
        )
        if name and not names.is_public_body(name):
            person = f
            found["contact_name"] = (name, f.words, f.page)
            if who.role:
                rest = _rest_of_role(view, f.value or f.label, f.words) if f.text.endswith(who.role) else ""
                found["contact_role"] = (who.role + rest, f.words, f.page)
            elif f.value is not None and (under := _under(view, f.value)) is not None and people.is_role(under.text):
                rest = _rest_of_role(view, under, under.words)
                found["contact_role"] = (under.text + rest, under.words, under.page)
            break
    foot = set(view.below) if view.table else set()
    role = [f for f in view.labelled("contact_role", "signatory_role") if f.label not in foot]
    if "contact_role" not in found and person is not None and role:
        rest = _rest_of_role(view, role[0].value or role[0].label, role[0].words)
        found["contact_role"] = (role[0].text + rest, role[0].words, role[0].page)
    found["contact_phone"] = _phone(view, person)
    found |= _emails(view, person, group)
    return found


def _rest_of_role(view: View, s: Segment, known: Sequence[Word]) -> str:
    """What the lines below a role add to it (« chef » / « du service » / « finances »), those `known` left out."""
    text = ""
    while (under := _under(view, s)) is not None:
        s = under
        if under.words[0] in known:
            continue
        rest = under.text.split("–")[0].split(",")[0].strip()
        if not rest[:1].islower() or any(c in rest for c in "@:.0123456789"):
            break
        text += f" {rest}"
    return text + _before_label(view, s)


def _before_label(view: View, s: Segment) -> str:
    """The words of a running line below that end a role, in front of the line's first label (« finances – Tél : »)."""
    under = _lower(view, s)
    own = order_labels.marks(under) if under is not None else ()
    if under is None or not own:
        return ""
    rest = under.cut(0, own[0].start)[0]
    parted = re.match(r"([^@:.,()\d]*?)\s*[-–—|•·;,(/]\s*$", rest) or re.match(r"([^@:.,()\d]*?)\s+\|", rest)
    return f" {parted[1]}" if parted is not None and parted[1][:1].islower() else ""


def _whole(who: people.Person) -> bool:
    return bool(who.name) and not who.role and not people.is_surname(who.name)


def _wrapped_name(view: View, f: Found, whole: bool) -> Found | None:
    """A name that goes on in the next lines of a narrow column, and the office behind it.

    Where the first line reads as a `whole` name, the next one goes on only if it had no room there.
    """
    s, wrapped = f.value or f.label, None
    text, words = f.text, f.words
    if len(text.split()) > 2:
        return None
    for _ in range(8):
        under = _under(view, s)
        if under is None or re.search(r"[\d@]", under.text) or parties.head_role(under) is not None:
            break
        if under.words[0] in words:
            s = under
            continue
        if (whole and not _no_room(view, s, under)) or (wrapped is None and people.is_role(under.text)):
            break
        text, words, s = order_values.joined(text, under.text), (*words, *under.words), under
        if _whole(replace(people.split(text), role="")):
            wrapped = replace(f, text=text, words=words)
            if whole:
                break
    return wrapped


def _no_room(view: View, s: Segment, under: Segment) -> bool:
    """Whether the first word of the next line would have reached past the block's widest line."""
    block = next((b for b in view.blocks if s in b.segments), None)
    first = under.words[0].box
    return block is not None and s.box[2] + first[2] - first[0] > max(o.box[2] for o in block.segments)


def _under(view: View, s: Segment) -> Segment | None:
    """The line right below a segment, in its column, without a label."""
    below = _lower(view, s)
    return None if below is None or any(m.colon or m.strong for m in order_labels.marks(below)) else below


def _lower(view: View, s: Segment) -> Segment | None:
    """The line right below a segment, in its column."""
    near = [
        o
        for o in view.around
        if o.page == s.page and -1.5 <= o.box[1] - s.box[3] < 0.9 * s.height and abs(o.box[0] - s.box[0]) < 3
        if o.box[1] > s.box[1]  # a line of tiny type is not its own next one: whoever goes on down must end
    ]
    near.sort(key=lambda o: o.box[1])
    return near[0] if near and near[0] not in view.offices else None


def _places(view: View, person: Found | None) -> list[tuple[int, Segment]]:
    """Segments outside the supplier's blocks, those nearest the contact first."""
    ranked = []
    for s in view.around:
        if view.sold(s) or _TREASURY.search(s.key):
            continue
        near = person is not None and any(s is x or _close(s, x) for x in (person.label, person.value) if x)
        ranked.append((0 if near else 1 if view.role.get(s) in ("buyer", "billing") else 2, s))
    return sorted(ranked, key=lambda x: x[0])


def _phone(view: View, person: Found | None) -> Read | None:
    refused = {id(f.value or f.label) for f in view.labels if f.key == "stop" and values.find_phones(f.text)}
    labelled = view.labelled("contact_phone")
    for rank, s in _places(view, person):
        if rank == 0 and id(s) not in refused and not order_labels.marks(s) and (numbers := values.find_phones(s.text)):
            return numbers[0], s.words, s.page
        for f in labelled:
            if (f.value or f.label) is s:
                numbers = values.find_phones(f.text) or tuple(filter(None, [values.parse_phone(f.text)]))
                if numbers:
                    return numbers[0], f.words, f.page
        if person is not None and (s is person.label or s is person.value) and id(s) not in refused:
            numbers = values.find_phones(s.text) or values.find_phones(person.text)
            if numbers:
                return numbers[0], s.words, s.page
    for _, s in _places(view, person):  # beside a sign of a telephone, or in the letterhead
        if view.role.get(s) == "buyer" and id(s) not in refused and (numbers := values.find_phones(s.text)):
            return numbers[0], s.words, s.page
    return None


def _emails(view: View, person: Found | None, group: str | None) -> dict[str, Read | None]:
    found: dict[str, Read | None] = {}
    places = _places(view, person)
    buying = catalogue(group, view.context.forms)
    of_schools = buying is not None and "school" in buying.buyers
    for f in view.labelled("functional_email"):
        address = values.parse_email(f.text)
        if address:
            found["functional_email"] = (address, f.words, f.page)
    for _, s in places:
        more = values.find_emails(person.text) if person is not None and s is person.value else ()
        for address in values.find_emails(s.text) or more or _broken(view, s):
            domain = address.rpartition("@")[2]
            sellers = [b for b in view.blocks if b.role == "supplier"]
            if parties.is_provider_domain(domain, view.context) or any(parties.is_of(domain, b) for b in sellers):
                continue
            own = re.match(r"ce\.\d{7}[a-z]@", address) is not None and of_schools
            by_person = person is not None and (s is person.label or s is person.value)
            name = "functional_email" if own and not by_person else "contact_email"
            if address not in {v[0] for v in found.values() if v}:
                found.setdefault(name, (address, s.words, s.page))
    return found


def _broken(view: View, s: Segment) -> tuple[str, ...]:
    """An address that goes on in the next line of the same column."""
    if "@" not in s.text:
        return ()
    below = [
        o
        for o in view.around
        if o.page == s.page
        and 0 <= o.box[1] - s.box[3] + 2 < 1.2 * s.height
        and overlap(s.box[0], s.box[2], o.box[0], o.box[2]) > 0
    ]
    return values.find_emails(s.text + "\n" + below[0].text) if below else ()


def _close(a: Segment, b: Segment) -> bool:
    """Whether two segments stand next to each other: same line, or within three lines in the same column."""
    if a.page != b.page:
        return False
    gap = max(-overlap(a.box[1], a.box[3], b.box[1], b.box[3]), 0.0)
    return (gap < 3.2 * max(a.height, b.height) and abs(a.box[0] - b.box[0]) < 60) or same_row(a.box, b.box)


def signatory(view: View) -> dict[str, Read | None]:
    """Who signs, in which office, and when: from what stands below the lines."""
    foot = [s for s in (view.below if view.table else _closing(view)) if order_totals.kind_of(s.key) is None]
    contact = [f for f in view.labels if f.key in ("contact_name", "contact_phone", "contact_email") and f.text]
    taken = {id(s) for f in contact for s in (f.label, f.value)}
    foot = [s for s in foot if id(s) not in taken and not view.sold(s)]
    person = people.signatory(foot)
    found: dict[str, Read | None] = {}
    if person.name:
        words = [w for s in person.segments for w in s.words]
        page = person.segments[0].page if person.segments else 0
        found["signatory_name"] = (person.name, words, page)
        if person.role:
            found["signatory_role"] = (person.role, words, page)
    if (day := _day(foot, person)) is not None:
        found["signed_on"] = day
    return found


def _closing(view: View) -> list[Segment]:
    """A letter's end, where nothing is set in a table: what stands below its last amount."""
    page = view.sheets[-1].page.number
    mine = [s for s in view.around if s.page == page]
    amounts = [s.box[3] for s in mine if re.search(r"\d[.,]\d\d\s*(?:€|eur|h\.?t|t\.?t)", s.key)]
    return [s for s in mine if s.box[1] > max(amounts)] if amounts else []


def _day(foot: Sequence[Segment], person: people.Person) -> Read | None:
    """The day of signature among the segments below the lines: behind « le », or alone beside a name or a cue."""
    cue = bool(person.name) or any(re.search(r"\bsignature\b|\bdate\b|\bcachet\b|\bvisa\b", s.key) for s in foot)
    for s in foot:
        dates = values.find_dates(s.text)
        other = re.match(r"(?:date|delai).*(?:livraison|limite|echeance)|livr|edit|imprim|valid", s.key)
        if len(dates) == 1 and not other:
            behind = re.search(r"\ble\b|\bdate\b|\bfait\b|\bsigne", s.key)
            if behind or (cue and values.parse_date(s.text)):
                return dates[0], s.words, s.page
        if re.search(r"\b(?:le|date)\s*:?$", s.key):
            right = [
                o for o in foot if o is not s and o.page == s.page and same_row(o.box, s.box) and o.box[0] > s.box[2]
            ]
            beside = min(right, key=lambda o: o.box[0], default=None)
            if beside is not None and len(got := values.find_dates(beside.text)) == 1:
                return got[0], beside.words, beside.page
    return None
