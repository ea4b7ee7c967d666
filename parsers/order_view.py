"""An order taken apart: its table, what stands around it, blocks of lines with their roles, labels with values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from parsers import names, order_kind, order_roles, order_values, parties, party_address, tables
from parsers.layout import Segment, Sheet, overlap
from parsers.order_values import Found
from parsers.page import Word
from parsers.parties import Block
from parsers.records import Box, Context

_APART = 40.0  # points between the blocks of one column of text, at most
_ORDERS_OWN = ("order_number", "commitment_number", "service_code")  # no supplier has them, whatever they stand beside
Read = tuple[str, Sequence[Word], int]  # value, words, page


@dataclass
class View:
    """An order taken apart: table, what stands around it, blocks with their roles, labels with their values."""

    sheets: Sequence[Sheet]
    title: order_kind.Title | None
    context: Context
    table: tables.Table | None
    around: list[Segment] = field(default_factory=list)  # all but the table's rows
    above: list[Segment] = field(default_factory=list)
    below: list[Segment] = field(default_factory=list)  # from the table's last row on, all pages' totals included
    blocks: list[Block] = field(default_factory=list)
    labels: list[Found] = field(default_factory=list)
    role: dict[Segment, str] = field(default_factory=dict)
    offices: set[Segment] = field(default_factory=set)  # a person's role, beside or below the label of one

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

    def buyer(self) -> Block | None:
        """The block that tells the buyer best: with a name and an address, else with a name."""
        scored = []
        for i, b in enumerate(self._parties()):
            a = party_address.address(b, self.context)
            labelled = any(f.key == "member_name" and f.text for f in self.inside(b))
            scored.append(
                (
                    (
                        2 * bool(a.name or labelled)
                        + (a.city is not None or any(f.key in ("place", "city") for f in self.inside(b))),
                        -i,
                    ),
                    b,
                )
            )
        return max(scored, key=lambda x: x[0])[1] if scored else None

    def _parties(self) -> list[Block]:
        """The buyer's blocks; an office (« Agence comptable ») that is billed names no buyer where a body is told."""
        named = {b: a.name[0] if (a := party_address.address(b, self.context)).name else "" for b in self.buyers}
        if not any(b.role == "buyer" and names.is_public_body(n) and names.core(n) for b, n in named.items()):
            return self.buyers
        return [b for b, n in named.items() if b.role == "buyer" or not n or names.is_public_body(n)]

    def inside(self, b: Block) -> list[Found]:
        """The labels that stand in a block."""
        return [f for f in self.labels if f.label in b.segments]

    def labelled(self, *keys: str) -> list[Found]:
        """Labels with a value, outside the supplier's blocks."""
        return [
            f
            for f in self.labels
            if f.key in keys
            and f.text
            and ((f.strong and f.key in _ORDERS_OWN) or not (self.sold(f.label) or (f.value and self.sold(f.value))))
        ]


def take_apart(sheets: Sequence[Sheet], title: order_kind.Title | None, context: Context) -> View:
    """The view of an order's pages."""
    table = tables.read(sheets)
    view = View(sheets, title, context, table)
    last = max(table.areas, default=0) if table else 0
    for sheet in sheets:
        area = table.areas.get(sheet.page.number) if table else None
        beside = _beside(sheet, area) if area is not None else set()
        for s in sheet.segments:
            level = area is not None and area[1] - 1 <= (s.box[1] + s.box[3]) / 2 <= area[3] + 1
            if level and s not in beside:
                continue
            view.around.append(s)
            after = (area is not None and s.box[1] >= area[3] - 1) or (area is None and (sheet.page.number > last > 0))
            (view.below if after and s not in beside else view.above).append(s)
    if table is None:
        view.below = list(view.around)
    for sheet in sheets:
        mine = [s for s in view.around if s.page == sheet.page.number]
        view.offices |= order_roles.roles(mine)
        found = parties.blocks(sheet, [s for s in mine if s not in view.offices or parties.head_role(s) is None])
        parties.assign(found, context)
        view.blocks.extend(found)
        view.labels.extend(order_values.read(mine, 200.0 if sheet.page.placed else math.inf))
    view.role = {s: b.role for b in view.blocks for s in b.segments}
    return view


def _beside(sheet: Sheet, area: Box) -> set[Segment]:
    """The lines of texts that run down the page left or right of the table, and past its end."""
    found: set[Segment] = set()
    for s in sorted(sheet.segments, key=lambda s: s.box[1]):
        out = s.box[0] < area[0] - 3 or s.box[2] > area[2] + 3  # a long line may reach over to the table
        if not out or s.box[3] < area[1]:
            continue
        joined = overlap(s.box[0], s.box[2], area[0], area[2]) <= 0 and any(
            s.box[1] - o.box[3] < _APART and overlap(s.box[0], s.box[2], o.box[0], o.box[2]) > 0 for o in found
        )
        if s.box[1] < area[3] or joined:
            found.add(s)
    return found


def sirets(segments: Iterable[Segment]) -> list[tuple[str, Segment]]:
    """Runs of 14 digits, each with the segment it stands in."""
    return [(x, s) for s in segments for x in parties.sirets(s.text)]


def value_of(f: Found) -> Read:
    """A label's value as it is."""
    return f.text, f.words, f.page
