"""Free layouts: bons de commande and engagements juridiques as finance software prints them → an extraction.

Nothing here knows a software's layout: title, labels, blocks of addresses, the table's header and arithmetic say what
is what. What arithmetic or a check digit contradicts becomes a finding; what is absent stays absent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from parsers import (
    checks,
    names,
    order_buyer,
    order_kind,
    order_labels,
    order_lines,
    order_people,
    order_prose,
    order_references,
    order_totals,
    party_address,
    settling,
    values,
)
from parsers.candidates import Recognised
from parsers.extraction import Extraction
from parsers.layout import Sheet, bounds
from parsers.order_view import Read, View, sirets, take_apart
from parsers.page import Document, Word
from parsers.records import Context, Field, Finding

_CENT = Decimal("0.01")
_BROKEN = 0.6  # a code put together from two lines of a narrow cell


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
    view = take_apart(sheets, title, context)
    if not _is_order(view):
        return None
    lines = order_lines.lines(view.table) if view.table else order_prose.lines(view.around)
    sums = [checks.line_total(x) for x in lines.lines]
    known = [x for x in sums if x is not None]
    total = sum(known, Decimal(0)) + lines.removed if known and len(known) == len(sums) else None
    totals = order_totals.find(view.below, total, lines.adjustments, view.table.columns if view.table else ())
    concern = _concern(view, lines)
    fields = _fields(view, concern.group, totals)
    findings = list(lines.findings)
    if title is None:
        findings.append(_no_title())
    elif title.quote:
        findings.append(_a_quote())
    if not lines.lines:
        findings.append(_no_lines())
    if concern.group is None or not concern.lots:
        findings.append(_no_lot(concern.why))
    kind = title.kind if title is not None else "purchase_order"
    return Extraction(
        kind=kind,
        group=concern.group,
        lots=concern.lots,
        fields=fields,
        lines=lines.lines,
        adjustment=totals.adjustment + lines.removed,
        taxed_by_line=_taxed_by_line(lines, totals),
        findings=tuple(findings),
        signed_by_hand=_signed(view),
        score=_score(view, lines, totals, concern),
    )


def _taxed_by_line(lines: order_lines.Lines, totals: order_totals.Totals) -> bool:
    """Whether the lines' own rates give the order's VAT, to half a cent a line."""
    if lines.tax is None or totals.vat is None:
        return False
    return abs(lines.tax - totals.vat.amount) <= _CENT / 2 * max(len(lines.lines), 1)


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


def _a_quote() -> Finding:
    return Finding(
        code="doubtful",
        text="Ce document est un devis revêtu d’un « bon pour accord », et non un bon de commande. "
        "Merci de dire s’il vaut commande.",
    )


def _no_lot(why: str) -> Finding:
    return Finding(
        code="unknown_lot",
        text=f"Bon de commande dont le lot n’est pas reconnu ({why}). Merci d’indiquer le lot concerné.",
    )


def _score(
    view: View,
    lines: order_lines.Lines,
    totals: order_totals.Totals,
    concern: order_kind.Concern,
) -> float:
    parts = (
        0.35 if view.title else 0.1,
        0.2 if lines.lines else 0.0,
        0.15 if totals.proven else 0.0,
        0.15 if view.buyers else 0.0,
        0.1 if concern.group else 0.0,
    )
    return min(sum(parts), 0.9)  # an official form that is recognised says more


def _is_order(view: View) -> bool:
    """Whether the document is an order of a French body: its title, or an order's labels and a table."""
    text = view.text
    found = [x for b in view.blocks if b.role != "supplier" for x in sirets(b.segments)]
    french = bool(view.buyers) or any(values.valid_siret(x) for x, _ in found)
    if order_kind.foreign(text) and not any(x[0] in "12" for x, _ in found):
        return False
    keys = {f.key for f in view.labels if f.text and f.strong} & {"commitment_number", "order_number", "service_code"}
    rows = bool(view.table and view.table.rows)
    if view.title is None:
        return rows and french and bool(keys) and not _INVOICE.search(values.fold(text))
    return french or (rows and bool(keys))


_INVOICE = re.compile(
    r"\b(?:facture\s*n|n\s?[°o*]\s*(?:de\s+)?facture|date\s+de\s+facture|devis\s*n|echeance|avoir\s*n|iban|livraison\s*n)"
)


def _concern(view: View, lines: order_lines.Lines) -> order_kind.Concern:
    supplier = "\n".join(b.text for b in view.blocks if b.role == "supplier")
    address = {s for b in view.blocks if b.role for s in b.segments if not order_labels.marks(s)}
    around = "\n".join(s.text for s in view.around if s not in address)
    rows = [order_lines.label_of(r.label) for r in view.table.rows] if view.table else []
    ordered = [x.label for x in lines.lines] or rows
    name = order_buyer.member_name(view)
    return order_kind.concern(supplier, ordered, around, name[0] if name else "", view.context)


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


def _fields(view: View, group: str | None, totals: order_totals.Totals) -> dict[str, Field]:
    """All fields that the document carries."""
    found: dict[str, Read | None] = {
        "member_name": order_buyer.member_name(view),
        "siret": order_buyer.siret(view),
        "uai": order_buyer.uai(view),
        **order_buyer.address(view),
        **order_people.contact(view, group),
        "order_number": order_references.order_number(view),
        "order_date": order_references.order_date(view),
        "commitment_number": order_references.commitment_number(view),
        "service_code": order_references.service_code(view),
    }
    sums = {"total_excl_tax": totals.excl, "total_vat": totals.vat, "total_incl_tax": totals.incl}
    for name, figure in sums.items():
        if figure is not None:
            amount = str(figure.amount.quantize(_CENT, ROUND_HALF_UP))
            found[name] = (amount, figure.segment.words, figure.segment.page)
    found |= order_people.signatory(view)
    cut = {id(f.words) for f in view.labels if f.broken}
    if (bare := _bare_number(view, found)) is not None:
        cut.add(id(bare))
    values_read = {k: v for k, v in found.items() if v is not None and any(c.isalnum() for c in v[0])}  # no lone colon
    trust = _trust(values_read, view.context)
    read = {k: _field(k, v, trust[k], totals.proven) for k, v in values_read.items()}
    return {
        k: replace(f, confidence=min(f.confidence, _BROKEN)) if (v := found[k]) is not None and id(v[1]) in cut else f
        for k, f in read.items()
    }


def _bare_number(view: View, found: dict[str, Read | None]) -> Sequence[Word] | None:
    """The words of a bare « N° » below « Engagement juridique »: the order's or the commitment's? Nobody knows."""
    number = found["order_number"]
    legal = (
        view.title is not None and view.title.kind == "legal_commitment" and "commande" not in view.title.segment.key
    )
    if number is None or not legal or found["commitment_number"] is not None:
        return None
    return None if any(f.strong and f.words is number[1] for f in view.labels) else number[1]


_TYPES = {
    "siret": "siret", "uai": "uai", "contact_email": "email", "functional_email": "email", "contact_phone": "phone",
    "postal_code": "postal_code", "order_date": "date", "signed_on": "date", "order_number": "reference",
    "commitment_number": "reference", "service_code": "reference", "member_name": "name", "contact_name": "name",
    "signatory_name": "name", "city": "name",
    "total_excl_tax": "amount", "total_vat": "amount", "total_incl_tax": "amount",
}  # fmt: skip


def _trust(found: dict[str, Read], context: Context) -> dict[str, float]:
    """How sure each value's words are; of recognised ones by all that bears them out."""

    def given(value: str) -> Callable[[str], tuple[str, float]]:
        return lambda _: (value, 1.0)

    recognised = [
        Recognised(k, _TYPES.get(k, "text"), tuple(words), given(value), fixed=True)
        for k, (value, words, _) in found.items()
        if any(w.origin == "ocr" for w in words)
    ]
    own = {k: min((w.confidence for w in words), default=1.0) for k, (_, words, _) in found.items()}
    return own | {k: s.confidence for k, s in settling.settle(recognised, context).items()}


_IN_WORDS = ("signatory_name", "signatory_role", "contact_name", "contact_role", "street", "city")


def _field(name: str, read: Read, trust: float, proven: bool) -> Field:
    """A value with its place; `trust`: how sure its words are. A check of its own may vouch for it."""
    value, words, page = read
    box = bounds(w.box for w in words) if words else None
    confidence = trust
    if (
        (name == "siret" and values.valid_siret(value))
        or (name == "uai" and values.valid_uai(value))
        or (name.startswith("total_") and proven)
    ):
        confidence = max(confidence, 0.97)
    if name == "member_name" and (party_address.unfinished(value) or not names.core(value)):
        confidence = min(confidence, _BROKEN)  # « Mairie de », « Mairie »: which one?
    if name in _IN_WORDS and party_address.unfinished(value):
        confidence = min(confidence, _BROKEN)
    return Field(value=value, confidence=confidence, page=page, box=box)
