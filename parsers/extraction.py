"""What one engine (official form, free layout) reads in a run of pages: a piece before it has a name and a digest.

Engines are tried on the same pages and the one with the highest `score` is believed: `parsers.document` decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from parsers.records import Field, Finding, Kind, Line, Piece, Signature, SourceType


@dataclass(frozen=True, kw_only=True, slots=True)
class Extraction:
    """One document's content as one engine reads it."""

    kind: Kind = "other"
    group: str | None = None
    lots: tuple[str, ...] = ()
    form: str | None = None  # id of the official form, None for a free layout
    fields: Mapping[str, Field] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()
    adjustment: Decimal = Decimal(0)  # between the sum of lines and total_excl_tax: a discount (negative), carriage
    taxed_by_line: bool = False  # each line shows its rate of VAT, and they add up to total_vat: several rates
    findings: tuple[Finding, ...] = ()
    signed_by_hand: bool = False  # a signature or stamp is drawn or pictured in the signature box
    score: float = 0.0  # in [0, 1]: how sure the engine is that the document is of this kind

    def with_findings(self, *more: Finding) -> Extraction:
        """The same with findings added, each (code, field, text) once."""
        seen = list(self.findings)
        seen.extend(f for f in more if f not in seen)
        return replace(self, findings=tuple(seen))

    def to_piece(
        self,
        *,
        name: str,
        sha256: str,
        source_type: SourceType,
        pages: tuple[int, int] | None = None,
        signature: Signature | None = None,
    ) -> Piece:
        """The piece of the contract; `signature` where an electronic one was found, else what was drawn by hand."""
        return Piece(
            name=name,
            sha256=sha256,
            kind=self.kind,
            group=self.group,
            lots=self.lots,
            signature=signature or ("handwritten" if self.signed_by_hand else "none"),
            fields=self.fields,
            lines=self.lines,
            findings=self.findings,
            source_type=source_type,
            form=self.form,
            pages=pages,
        )
