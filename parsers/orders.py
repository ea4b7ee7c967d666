"""Free layouts: bons de commande and engagements juridiques as finance software prints them → an extraction.

Nothing here knows a software's layout: title, labels, blocks of addresses, the table's header and arithmetic say what
is what. What arithmetic or a check digit contradicts becomes a finding; what is absent stays absent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal

from parsers import checks, names, order_kind, order_labels, order_lines, order_totals, parties, people, tables, values
from parsers.catalogue import catalogue
from parsers.extraction import Extraction
from parsers.layout import Segment, Sheet, bounds, overlap, same_row
from parsers.order_labels import Found
from parsers.page import Document, Word
from parsers.parties import Block
from parsers.records import Box, Context, Field, Finding

_CENT = Decimal("0.01")


def extract(document: Document, pages: tuple[int, int], context: Context) -> Extraction | None:
    """What an order on `pages` (first and last, from 1) says; None where it is no order.

    The checks that concern every document (`checks.check`) are not applied here.
    """
    sheets = [Sheet(p) for p in document.pages if pages[0] <= p.number <= pages[1]]
    if not any(s.words for s in sheets):
        return None
    title = order_kind.kind(sheets)
    if title is not None and title.kind == "other":
        return None
    view = _view(sheets, context)
    if not _is_order(view, title):
        return None
    lines = order_lines.lines(view.table) if view.table else order_lines.Lines()
    sums = [checks.line_total(x) for x in lines.lines]
    known = [x for x in sums if x is not None]
    total = sum(known, Decimal(0)) + lines.removed if known and len(known) == len(sums) else None
    totals = order_totals.find(view.below, total, lines.adjustments)
    fields = _Fields(view, title, context)
    concern = _concern(view, fields, lines, context)
    values_read = fields.read(concern.group, totals)
    findings = list(lines.findings)
    if title is None:
        findings.append(_no_title())
    if not lines.lines:
        findings.append(_no_lines())
    if concern.group is None or not concern.lots:
        findings.append(_no_lot(concern.why))
    kind = title.kind if title is not None else "purchase_order"
    return Extraction(
        kind=kind,
        group=concern.group,
        lots=concern.lots,
        fields=values_read,
        lines=lines.lines,
        adjustment=totals.adjustment + lines.removed,
        findings=tuple(findings),
        signed_by_hand=_signed(view),
        score=_score(title, view, lines, totals, concern),
    )


def _no_lines() -> Finding:
    return Finding(
        code="doubtful",
        text="Aucune ligne de commande n’a pu être lue dans ce bon de commande. Merci de le vérifier.",
        field="lines",
    )


def _no_title() -> Finding:
    return Finding(
        code="doubtful",
        text="Le titre du document n’a pas été lu ; il se présente comme un bon de commande. Merci de confirmer.",
    )


def _no_lot(why: str) -> Finding:
    return Finding(
        code="unknown_lot",
        text=f"Bon de commande dont le lot n’est pas reconnu ({why}). Merci d’indiquer le lot concerné.",
    )


def _score(
    title: order_kind.Title | None,
    view: View,
    lines: order_lines.Lines,
    totals: order_totals.Totals,
    concern: order_kind.Concern,
) -> float:
    parts = (
        0.35 if title else 0.1,
        0.2 if lines.lines else 0.0,
        0.15 if totals.proven else 0.0,
        0.15 if view.buyers else 0.0,
        0.1 if concern.group else 0.0,
    )
    return min(sum(parts), 0.9)  # an official form that is recognised says more


# --- the document in its parts ---------------------------------------------------------------------------------------


@dataclass
class View:
    """An order taken apart: table, what stands around it, blocks with their roles, labels with their values."""

    sheets: Sequence[Sheet]
    table: tables.Table | None
    around: list[Segment] = field(default_factory=list)  # all but the table's rows
    above: list[Segment] = field(default_factory=list)
    below: list[Segment] = field(default_factory=list)  # from the table's last row on, all pages' totals included
    blocks: list[Block] = field(default_factory=list)
    labels: list[Found] = field(default_factory=list)
    role: dict[Segment, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """All words."""
        return "\n".join(s.text for sheet in self.sheets for s in sheet.segments)

    @property
    def buyers(self) -> list[Block]:
        """The blocks that tell the buyer, the likeliest first."""
        rank = {"buyer": 0, "billing": 1, "delivery": 2}
        return sorted((b for b in self.blocks if b.role in rank), key=lambda b: (rank[b.role], b.page, not b.told))

    def sold(self, s: Segment) -> bool:
        """Whether a segment belongs to the supplier."""
        return self.role.get(s) == "supplier"


def _view(sheets: Sequence[Sheet], context: Context) -> View:
    table = tables.read(sheets)
    view = View(sheets, table)
    last = max(table.areas, default=0) if table else 0
    for sheet in sheets:
        area = table.areas.get(sheet.page.number) if table else None
        for s in sheet.segments:
            inside = area is not None and area[1] - 1 <= (s.box[1] + s.box[3]) / 2 <= area[3] + 1
            if inside:
                continue
            view.around.append(s)
            after = (area is not None and s.box[1] >= area[3] - 1) or (area is None and (sheet.page.number > last > 0))
            (view.below if after else view.above).append(s)
    if table is None:
        view.below = list(view.around)
    for sheet in sheets:
        mine = [s for s in view.around if s.page == sheet.page.number]
        found = parties.blocks(sheet, mine)
        parties.assign(found, context)
        view.blocks.extend(found)
        view.labels.extend(order_labels.read(mine))
    view.role = {s: b.role for b in view.blocks for s in b.segments}
    return view


def _is_order(view: View, title: order_kind.Title | None) -> bool:
    """Whether the document is an order of a French body: its title, or an order's labels and a table."""
    text = view.text
    sirets = [x for b in view.blocks if b.role != "supplier" for x in _sirets(b.segments)]
    french = bool(view.buyers) or any(values.valid_siret(x) for x, _ in sirets)
    if order_kind.foreign(text) and not any(x[0] in "12" for x, _ in sirets):
        return False
    keys = {f.key for f in view.labels if f.text and f.strong} & {"commitment_number", "order_number", "service_code"}
    rows = bool(view.table and view.table.rows)
    if title is None:
        return rows and french and bool(keys) and not _INVOICE.search(values.fold(text))
    return french or (rows and bool(keys))


_INVOICE = re.compile(
    r"\b(?:facture\s*n|n\s?[°o*]\s*(?:de\s+)?facture|date\s+de\s+facture|devis\s*n|echeance|avoir\s*n|iban|livraison\s*n)"
)


def _sirets(segments: Iterable[Segment]) -> list[tuple[str, Segment]]:
    return [(x, s) for s in segments for x in parties.sirets(s.text)]


def _concern(view: View, fields: _Fields, lines: order_lines.Lines, context: Context) -> order_kind.Concern:
    supplier = "\n".join(b.text for b in view.blocks if b.role == "supplier")
    address = {s for b in view.blocks if b.role for s in b.segments if not order_labels.marks(s)}
    around = "\n".join(s.text for s in view.around if s not in address)
    rows = [order_lines.label_of(r.label) for r in view.table.rows] if view.table else []
    ordered = [x.label for x in lines.lines] or rows
    name = fields.member_name()
    return order_kind.concern(supplier, ordered, around, name[0] if name else "", context)


def _signed(view: View) -> bool:
    """Whether ink or a picture stands below the table, where orders are signed."""
    last = view.sheets[-1]
    area = view.table.areas.get(last.page.number) if view.table else None
    top = area[3] if area else 0.45 * last.page.height
    if not last.page.placed:
        return any(p.box[1] >= top - 1 for p in last.page.pictures if not p.full_page)
    ink = [s.box for s in last.page.strokes if s.length > 25] + [p.box for p in last.page.pictures if not p.full_page]
    return any(
        (b[1] + b[3]) / 2 > top and b[3] - b[1] > 6 and b[2] - b[0] > 12 and b[1] < 0.94 * last.page.height for b in ink
    )


def _scrawls(sheet: Sheet) -> list[Box]:
    """Boxes of « words » that recognition saw in a signature: a few letters, far larger than the page's type."""
    usual = sorted(w.box[3] - w.box[1] for w in sheet.words)
    if not usual:
        return []
    height = usual[len(usual) // 2]
    return [
        w.box
        for w in sheet.words
        if w.origin == "ocr" and w.box[3] - w.box[1] > 1.8 * height and w.box[2] - w.box[0] > 8 * len(w.text)
    ]


# --- values ----------------------------------------------------------------------------------------------------------

Read = tuple[str, Sequence[Word], int]  # value, words, page
_BROKEN = 0.6  # a code put together from two lines of a narrow cell


@dataclass
class _Fields:
    """An order's fields, each by its own witnesses."""

    view: View
    title: order_kind.Title | None
    context: Context

    def read(self, group: str | None, totals: order_totals.Totals) -> dict[str, Field]:
        """All fields that the document carries."""
        found: dict[str, Read | None] = {"member_name": self.member_name()}
        found |= {"siret": self.siret(), "uai": self.uai()}
        found |= self.address()
        found |= self.contact(group)
        found |= {
            "order_number": self.order_number(),
            "order_date": self.order_date(),
            "commitment_number": self.commitment_number(),
            "service_code": self.service_code(),
        }
        for name, figure in (
            ("total_excl_tax", totals.excl),
            ("total_vat", totals.vat),
            ("total_incl_tax", totals.incl),
        ):
            if figure is not None:
                amount = str(figure.amount.quantize(_CENT, ROUND_HALF_UP))
                found[name] = (amount, figure.segment.words, figure.segment.page)
        found |= self.signatory()
        cut = {id(f.words) for f in self.view.labels if f.broken}
        if (bare := self._bare_number(found)) is not None:
            cut.add(id(bare))
        read = {
            k: _field(k, v, totals.proven)
            for k, v in found.items()
            if v is not None and any(c.isalnum() for c in v[0])  # a colon alone is no value
        }
        return {
            k: replace(f, confidence=min(f.confidence, _BROKEN))
            if (v := found[k]) is not None and id(v[1]) in cut
            else f
            for k, f in read.items()
        }

    def _bare_number(self, found: dict[str, Read | None]) -> Sequence[Word] | None:
        """The words of a bare « N° » below « Engagement juridique »: the order's or the commitment's? Nobody knows."""
        number = found["order_number"]
        legal = (
            self.title is not None
            and self.title.kind == "legal_commitment"
            and "commande" not in self.title.segment.key
        )
        if number is None or not legal or found["commitment_number"] is not None:
            return None
        return None if any(f.strong and f.words is number[1] for f in self.view.labels) else number[1]

    # who

    def _buyer(self) -> Block | None:
        """The block that tells the buyer best: with a name and an address, else with a name."""
        scored = []
        for i, b in enumerate(self.view.buyers):
            a = parties.address(b, self.context)
            labelled = any(f.key == "member_name" and f.text for f in self._in(b))
            scored.append(
                (
                    (
                        2 * bool(a.name or labelled)
                        + (a.city is not None or any(f.key in ("place", "city") for f in self._in(b))),
                        -i,
                    ),
                    b,
                )
            )
        return max(scored, key=lambda x: x[0])[1] if scored else None

    def _in(self, b: Block) -> list[Found]:
        return [f for f in self.view.labels if f.label in b.segments]

    def _labelled(self, *keys: str) -> list[Found]:
        """Labels with a value, outside the supplier's blocks."""
        return [
            f
            for f in self.view.labels
            if f.key in keys and f.text and not self.view.sold(f.label) and not (f.value and self.view.sold(f.value))
        ]

    def member_name(self) -> Read | None:
        """The buyer's name: behind its label, else the buyer's block's first line."""
        block = self._buyer()
        if block is not None:
            for f in self._in(block):
                if f.key == "member_name" and f.text and not any(c.isdigit() for c in f.text[:3]):
                    return _of(f)
            name = parties.address(block, self.context).name
            if name is not None:
                return name[0], name[1].words, name[1].page
        for f in self._labelled("member_name"):
            if names.is_public_body(f.text):
                return _of(f)
        return None

    def siret(self) -> Read | None:
        """The buyer's SIRET, never the supplier's."""
        sold = {x[:9] for x in self.context.suppliers} | parties.sold(self.context)
        sold |= {x[:9] for b in self.view.blocks if b.role == "supplier" for x, _ in _sirets(b.segments)}
        found: list[tuple[float, Read]] = []
        labelled = {id(f.value): f for f in self._labelled("siret")}
        for b in self.view.blocks:
            if b.role == "supplier":
                continue
            for x, s in _sirets(b.segments):
                if x[:9] in sold:
                    continue
                known = any(c.siret == x for c in self.context.census)
                score = (
                    2.0 * (id(s) in labelled)
                    + 2.0 * (b.role == "buyer")
                    + 1.0 * (b.role == "billing")
                    + 1.0 * (x[0] in "12")
                    + known
                )
                found.append((score + 0.5 * values.valid_siret(x), (x, s.words, s.page)))
        for f in self._labelled("siret"):
            digits = values.parse_siret(f.text)
            if digits and digits[:9] not in sold:
                found.append((2.5, (digits, f.words, f.page)))
        return max(found, key=lambda x: x[0])[1] if found else None

    def uai(self) -> Read | None:
        """The school's UAI."""
        for f in self._labelled("uai"):
            code = values.parse_uai(f.text.split("  ")[0]) or next(
                (c for t in f.text.split() if (c := values.parse_uai(t))), None
            )
            if code:
                return code, f.words, f.page
        for s in self.view.around:
            if not self.view.sold(s):
                for w in s.words:
                    code = values.parse_uai(w.text)
                    if code and values.valid_uai(code) and self.view.role.get(s) == "buyer":
                        return code, (w,), s.page
        return None

    def address(self) -> dict[str, Read | None]:
        """Street, postal code and city of the buyer."""
        block = self._buyer()
        if block is None:
            return {}
        a = parties.address(block, self.context)
        found: dict[str, Read | None] = {
            k: (v[0], v[1].words, v[1].page)
            for k, v in (("street", a.street), ("postal_code", a.postal_code), ("city", a.city))
            if v is not None
        }
        labelled = self._in(block)
        if a.city is None and not any(f.key in ("place", "city") and f.text for f in labelled):
            # A form of rows: each label stands in a cell of its own.
            elsewhere = [f for f in self._labelled("street", "place", "postal_code", "city") if f not in labelled]
            labelled += [f for f in elsewhere if self.view.role.get(f.label, "") not in ("billing", "delivery")]
        for f in labelled:
            if not f.text:
                continue
            if f.key == "street" and "street" not in found:
                found.update(_address_line(f))
            elif f.key in ("place", "postal_code", "city"):
                got = parties.place(f.text)
                if got is not None:
                    found["postal_code"], found["city"] = (got[0], f.words, f.page), (got[1], f.words, f.page)
                elif f.key == "postal_code" and (code := values.parse_postal_code(f.text)):
                    found["postal_code"] = (code, f.words, f.page)
                elif f.key == "city" and not any(c.isdigit() for c in f.text):
                    found["city"] = _of(f)
        return found

    # whom to ask

    def contact(self, group: str | None) -> dict[str, Read | None]:
        """Who follows the order, with telephone and e-mail."""
        found: dict[str, Read | None] = {}
        person: Found | None = None
        for f in sorted(self._labelled("contact_name"), key=lambda f: not f.strong):
            who = people.split(f.text)
            name = who.name or (
                people.bare(f.text) if f.strong and not re.search(r"[\d@]", f.text) and len(f.text.split()) <= 4 else ""
            )
            if name and not names.is_public_body(name):
                person = f
                found["contact_name"] = (name, f.words, f.page)
                if who.role:
                    found["contact_role"] = (who.role, f.words, f.page)
                elif f.value is not None and (under := self._under(f.value)) is not None and people.is_role(under.text):
                    found["contact_role"] = (under.text, under.words, under.page)
                break
        foot = set(self.view.below) if self.view.table else set()
        role = [f for f in self._labelled("contact_role", "signatory_role") if f.label not in foot]
        if "contact_role" not in found and person is not None and role:
            found["contact_role"] = _of(role[0])
        found["contact_phone"] = self._phone(person)
        found |= self._emails(person, group)
        return found

    def _under(self, s: Segment) -> Segment | None:
        """The line right below a segment, in its column, without a label."""
        near = [
            o
            for o in self.view.around
            if o.page == s.page and -1.5 <= o.box[1] - s.box[3] < 0.9 * s.height and abs(o.box[0] - s.box[0]) < 3
        ]
        if len(near) != 1 or any(m.colon or m.strong for m in order_labels.marks(near[0])):
            return None
        return near[0]

    def _places(self, person: Found | None) -> list[tuple[int, Segment]]:
        """Segments outside the supplier's blocks, those nearest the contact first."""
        ranked = []
        for s in self.view.around:
            if self.view.sold(s):
                continue
            near = person is not None and any(s is x or _close(s, x) for x in (person.label, person.value) if x)
            ranked.append((0 if near else 1 if self.view.role.get(s) in ("buyer", "billing") else 2, s))
        return sorted(ranked, key=lambda x: x[0])

    def _phone(self, person: Found | None) -> Read | None:
        refused = {id(f.value or f.label) for f in self.view.labels if f.key == "stop" and f.text}
        labelled = self._labelled("contact_phone")
        for rank, s in self._places(person):
            if rank == 0 and not order_labels.marks(s) and (numbers := values.find_phones(s.text)):
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
        return None

    def _emails(self, person: Found | None, group: str | None) -> dict[str, Read | None]:
        found: dict[str, Read | None] = {}
        places = self._places(person)
        buying = catalogue(group, self.context.forms)
        of_schools = buying is not None and "school" in buying.buyers
        for f in self._labelled("functional_email"):
            address = values.parse_email(f.text)
            if address:
                found["functional_email"] = (address, f.words, f.page)
        for _, s in places:
            more = values.find_emails(person.text) if person is not None and s is person.value else ()
            for address in values.find_emails(s.text) or more or self._broken(s):
                if parties.is_provider_domain(address.rpartition("@")[2], self.context):
                    continue
                own = re.match(r"ce\.\d{7}[a-z]@", address) is not None and of_schools
                by_person = person is not None and (s is person.label or s is person.value)
                name = "functional_email" if own and not by_person else "contact_email"
                if address not in {v[0] for v in found.values() if v}:
                    found.setdefault(name, (address, s.words, s.page))
        return found

    def _broken(self, s: Segment) -> tuple[str, ...]:
        """An address that goes on in the next line of the same column."""
        if "@" not in s.text:
            return ()
        below = [
            o
            for o in self.view.around
            if o.page == s.page
            and 0 <= o.box[1] - s.box[3] + 2 < 1.2 * s.height
            and overlap(s.box[0], s.box[2], o.box[0], o.box[2]) > 0
        ]
        return values.find_emails(s.text + "\n" + below[0].text) if below else ()

    # the order's own references

    def order_number(self) -> Read | None:
        """The order's number: behind its own label, in the title, or behind the `N°` that follows the title."""
        strong = [f for f in self._labelled("order_number") if f.strong]
        for f in strong:
            if number := _number(f.text):
                return number, f.words, f.page
        if (self.title is not None and self.title.kind == "purchase_order") or (
            self.title is not None and "commande" in self.title.segment.key
        ):
            text, words = self.title.segment.cut(self.title.rest_at)
            text = (
                re.sub(
                    r"(?i)^\s*(?:valant engagement juridique)?[\s:–-]*(?:n\s?[°ºo*']|num[ée]ro|num\.?)\s*:?\s*",
                    "",
                    text,
                )
                if re.match(
                    r"\s*(?:valant engagement juridique)?[\s:-]*(?:n\s?[°*'o]|numero|num\.?)", values.fold(text)
                )
                else ""
            )
            if number := _number(text):
                return number, words, self.title.segment.page
        weak = [f for f in self._labelled("order_number") if not f.strong]
        if weak:
            for f in sorted(weak, key=self._from_title):
                if self._from_title(f) < 450 and (number := _number(f.text)):
                    return number, f.words, f.page
        for f in self._labelled("reference"):
            if (
                self._from_title(f) < 80
                and (number := _number(f.text))
                and not re.search(r"march", values.fold(f.text))
            ):
                return number, f.words, f.page
        return None

    def _from_title(self, f: Found) -> float:
        """How far a label stands from the title, in points."""
        if self.title is None or f.page != self.title.segment.page:
            return f.label.box[1]
        a, b = f.label.box, self.title.segment.box
        return max(-overlap(a[1], a[3], b[1], b[3]), 0.0) + 0.5 * max(-overlap(a[0], a[2], b[0], b[2]), 0.0)

    def commitment_number(self) -> Read | None:
        """The number of the (legal) commitment."""
        for f in sorted(self._labelled("commitment_number"), key=lambda f: not f.strong):
            if number := _number(f.text):
                return number, f.words, f.page
        if (
            self.title is not None
            and self.title.kind == "legal_commitment"
            and "commande" not in self.title.segment.key
        ):
            text, words = self.title.segment.cut(self.title.rest_at)
            stripped = re.sub(r"(?i)^[\s:–-]*(?:n\s?[°ºo*']|num[ée]ro)\s*:?\s*", "", text)
            if stripped != text and (number := _number(stripped)):
                return number, words, self.title.segment.page
        return None

    def service_code(self) -> Read | None:
        """Chorus Pro's service code."""
        for f in self._labelled("service_code"):
            code = f.text.split(" – ")[0].split(" - ")[0].strip()
            if re.fullmatch(r"[\w./\- ]{1,40}", code) and len(code.split()) <= 3:
                return code, f.words, f.page
        for f in self._labelled("service"):
            if re.fullmatch(r"[A-Z0-9][A-Z0-9_./-]{1,19}", f.text):
                return _of(f)
        return None

    def order_date(self) -> Read | None:
        """The day of the order, from the labels above the lines or the title; never the day of signature."""
        head = self.view.above if self.view.table else self.view.around
        above = set(head)
        for f in sorted(self._labelled("order_date"), key=lambda f: not f.strong):
            if not f.strong and f.label not in above:
                continue
            dates = values.find_dates(f.text)
            if dates and (f.strong or len(dates) == 1):
                return dates[0], f.words, f.page
        if self.title is not None:
            dates = values.find_dates(self.title.segment.text)
            if dates:
                return dates[0], self.title.segment.words, self.title.segment.page
        refused = {f.label for f in self.view.labels if f.key == "stop" and values.find_dates(f.text)}
        for s in head:
            if self.view.sold(s) or s in refused or s.box[1] > 0.6 * self._height(s):
                continue
            dates = values.find_dates(s.text)
            if len(dates) == 1 and re.match(
                r"(?:[a-z' -]{2,40},?\s*)?(?:le|du|en date du)\s*:?\s*\d|.*\bdu\s+\d", s.key
            ):
                return dates[0], s.words, s.page
        return None

    def _height(self, s: Segment) -> float:
        return next(x.page.height for x in self.view.sheets if x.page.number == s.page)

    # who signs

    def signatory(self) -> dict[str, Read | None]:
        """Who signs, in which office, and when: from what stands below the lines."""
        foot = [s for s in self.view.below if order_totals.kind_of(s.key) is None] if self.view.table else []
        taken = {
            id(f.label)
            for f in self.view.labels
            if f.key in ("contact_name", "contact_phone", "contact_email") and f.text
        }
        foot = [s for s in foot if id(s) not in taken and not self.view.sold(s)]
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


def _close(a: Segment, b: Segment) -> bool:
    """Whether two segments stand next to each other: same line, or within three lines in the same column."""
    if a.page != b.page:
        return False
    gap = max(-overlap(a.box[1], a.box[3], b.box[1], b.box[3]), 0.0)
    return (gap < 3.2 * max(a.height, b.height) and abs(a.box[0] - b.box[0]) < 60) or same_row(a.box, b.box)


def _number(text: str) -> str | None:
    """A reference number at the beginning of a text, as written; None where there is none."""
    text = re.split(r"\s+(?:du|le|en date|date|page|–|-|\|)\s+|\s*[;(]|,\s", text.strip(" :.-–"), maxsplit=1)[0].strip(
        " :.,-–"
    )
    tokens: list[str] = []
    for token in text.split():
        if not re.fullmatch(r"[A-Za-z0-9ÉÈÀ][\w./°\-–]*", token) or len(tokens) == 3:
            break
        if tokens and token.isalpha() and not token.isupper():
            break
        tokens.append(token)
    value = " ".join(tokens).rstrip(".")
    digits = sum(c.isdigit() for c in value)
    if not digits or len(value) > 30 or (values.parse_date(value) and "/" in value) or re.fullmatch(r"\d{14}", value):
        return None
    return value


def _address_line(f: Found) -> dict[str, Read | None]:
    """A street behind its label, with or without the place behind it."""
    parts = re.split(r"\s*(?:,|\s[-–]\s)\s*(?=\d{5}\b)|\s+(?=\d{5}\s+[A-ZÀ-Þ])", f.text, maxsplit=1)
    found: dict[str, Read | None] = {"street": (parts[0].strip(" ,-–"), f.words, f.page)}
    got = parties.place(parts[1]) if len(parts) > 1 else None
    if got is not None:
        found |= {"postal_code": (got[0], f.words, f.page), "city": (got[1], f.words, f.page)}
    return found


def _of(f: Found) -> Read:
    return f.text, f.words, f.page


def _field(name: str, read: Read, proven: bool) -> Field:
    """A value with its place; what a picture showed keeps the engine's doubt unless a check vouches for it."""
    value, words, page = read
    box = bounds(w.box for w in words) if words else None
    confidence = min((w.confidence for w in words), default=1.0)
    if any(w.second is not None and values.fold(w.second) != values.fold(w.text) for w in words):
        confidence = min(confidence, 0.7)
    if (
        (name == "siret" and values.valid_siret(value))
        or (name == "uai" and values.valid_uai(value))
        or (name.startswith("total_") and proven)
    ):
        confidence = max(confidence, 0.97)
    if name == "member_name" and (parties.unfinished(value) or not names.core(value)):
        confidence = min(confidence, _BROKEN)  # « Mairie de », « Mairie »: which one?
    if name == "signatory_name" and parties.unfinished(value):
        confidence = min(confidence, _BROKEN)
    return Field(value=value, confidence=confidence, page=page, box=box)
