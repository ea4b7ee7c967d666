"""What reading gives: the records of the contract (`read --json`), each value with where it stood.

All are frozen and keyword-only. Amounts are `Decimal` in euros without tax unless named otherwise; boxes are in PDF
points (1/72 inch) from the page's top left corner; pages count from 1.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

Box = tuple[float, float, float, float]  # x0, top, x1, bottom

Nature = Literal["message", "auto_reply", "bounce", "bulk"]
Intent = Literal[
    "submit", "question_commercial", "question_technical", "withdraw", "join", "second_account", "training", "other"
]
Kind = Literal[
    "purchase_order",
    "legal_commitment",
    "account_form",
    "prefecture_convention",
    "prefecture_amendment",
    "group_convention",
    "merchant_contract",
    "other",
]
Signature = Literal["electronic_valid", "electronic_untrusted", "electronic_broken", "handwritten", "none"]
SourceType = Literal["text_pdf", "acroform", "office", "scan", "photo", "mail_body", "unreadable"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One value read, and where."""

    value: str | bool | int  # as the contract writes it: see its table "Fields and how values are written"
    confidence: float = 1.0  # in [0, 1]; below 0.9 the piece's review names the field
    page: int | None = None  # counts from the file's first page, also in a part of a bundle
    box: Box | None = None  # None where there is no page


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line ordered: quantity above 0, or its box ticked (quantity 1)."""

    label: str
    quantity: Decimal
    unit_price: Decimal | None = None  # without tax; None where the document shows none
    total: Decimal | None = None  # without tax; None where the document shows none
    discount: Decimal = Decimal(0)  # euros taken off this line: quantity × unit_price − discount = total
    page: int | None = None
    box: Box | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Why a person must look, or what a member can do about a document that could not be read."""

    code: str  # stable, for rules: `blank`, `outdated`, `unreadable`, `password`, `bad_siret`, `totals`, `two_boxes`, …
    text: str  # one French sentence for the coordinator or the member
    field: str | None = None  # the field it is about, so that a crop can be shown


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """One document found in a message."""

    name: str  # file name as sent, decoded; container path `dossier.zip/BC.pdf`; part of a bundle `dossier.pdf#3-4`
    sha256: str  # of the file's bytes; of the whole bundle for a part of one
    kind: Kind = "other"
    group: str | None = None
    lots: tuple[str, ...] = ()
    signature: Signature = "none"
    fields: Mapping[str, Field] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()
    findings: tuple[Finding, ...] = ()  # empty: the daemon may act on the piece alone
    source_type: SourceType = "unreadable"
    form: str | None = None  # id of the official form recognised (parsers/forms), None for a free layout
    pages: tuple[int, int] | None = None  # first and last page in the file, None where it has none

    @property
    def review(self) -> tuple[str, ...]:
        """The findings as the contract's sentences."""
        return tuple(f.text for f in self.findings)

    def value(self, name: str) -> str | bool | int | None:
        """A field's value, None where the piece does not carry it."""
        f = self.fields.get(name)
        return None if f is None else f.value


@dataclass(frozen=True, kw_only=True, slots=True)
class Mail:
    """A message's head and what it wants. Addresses are bare and lower case."""

    message_id: str | None
    from_: str | None
    subject: str
    date: dt.datetime | None  # aware
    nature: Nature
    intents: tuple[Intent, ...] = ()  # most certain first; empty unless nature is `message`
    from_name: str = ""  # display name of the sender, decoded
    reply_to: str | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    in_reply_to: tuple[str, ...] = ()  # Message-IDs of In-Reply-To and References, newest first
    authentication_results: tuple[str, ...] = ()  # raw headers; who may be believed is the shell's business
    body: str = ""  # the sender's own words: no quoted history, no signature block
    quoted_refs: tuple[str, ...] = ()  # dossier refs (`CIG-2-0042`) that stand in subject or body
    bounced: tuple[str, ...] = ()  # Message-IDs of our letters that a bounce reports
    bounced_recipients: tuple[str, ...] = ()  # addresses that failed, from a bounce
    bounce_permanent: bool = True  # False: a delay notice (RFC 3464 action `delayed`)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What one FILE holds: an `.eml`, or one bare document (mail is then None)."""

    source: str
    mail: Mail | None
    pieces: tuple[Piece, ...]

    def to_json(self) -> dict[str, Any]:
        """The object of the contract, ready for `json.dumps`."""
        return {
            "source": self.source,
            "mail": None if self.mail is None else _mail(self.mail),
            "pieces": [_piece(p) for p in self.pieces],
        }


def _mail(m: Mail) -> dict[str, Any]:
    return {
        "message_id": m.message_id,
        "from": m.from_,
        "subject": m.subject,
        "date": m.date.isoformat() if m.date else None,
        "nature": m.nature,
        "intents": list(m.intents),
    }


def _number(q: Decimal) -> int | float:
    return int(q) if q == q.to_integral_value() else float(q)


def _money(d: Decimal | None) -> str | None:
    return None if d is None else f"{d:.2f}"


def _piece(p: Piece) -> dict[str, Any]:
    return {
        "name": p.name,
        "sha256": p.sha256,
        "kind": p.kind,
        "group": p.group,
        "lots": list(p.lots),
        "signature": p.signature,
        "fields": {
            k: {
                "value": f.value,
                "confidence": round(f.confidence, 3),
                "page": f.page,
                "box": None if f.box is None else [round(x, 1) for x in f.box],
            }
            for k, f in p.fields.items()
        },
        "lines": [
            {
                "label": x.label,
                "quantity": _number(x.quantity),
                "unit_price": _money(x.unit_price),
                "total": _money(x.total),
            }
            for x in p.lines
        ],
        "review": list(p.review),
        "source_type": p.source_type,
        "form": p.form,
        "findings": [f.code for f in p.findings],
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """A body of the census, as reading needs it: to tell one member from another and to settle a doubtful digit."""

    name: str
    siret: str | None = None
    uai: str | None = None
    addresses: tuple[str, ...] = ()  # e-mails and functional address, lower case


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one document may cost. Over a limit: a finding, never a crash."""

    pages: int = 60
    bytes: int = 40_000_000  # one file, unpacked
    pixels: int = 60_000_000  # one picture
    depth: int = 4  # containers in containers
    parts: int = 200  # files in one message, containers opened
    seconds_per_page: float = 60.0
    seconds: float = 300.0  # one message
    memory: int = 1_200_000_000  # bytes a reader process may take


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """All that reading may know besides the bytes themselves. Given in, so that parsers stay pure."""

    census: tuple[Body, ...] = ()
    anchors: tuple[bytes, ...] = ()  # PEM files of the trusted roots for electronic signatures
    forms: tuple[str, ...] = ()  # folders of form layouts beside the shipped ones
    suppliers: tuple[str, ...] = ()  # SIRET/SIREN of providers, never a member's
    covering: str = ""  # what the mail around a paper says in letters of its own: see `parsers.covering`
    limits: Limits = Limits()
    ocr: bool = True
