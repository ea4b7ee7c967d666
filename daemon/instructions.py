"""A coordinator withdraws, closes or reopens dossiers, or has a list asked again: by mail or on the terminal.

An instruction is a news of the dossier: what follows from it is for the rules to say; a letter is derived, as always.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.house import House
from daemon.runners import lists
from daemon.store import books, journal
from daemon.store.decisions import OVER, settle
from daemon.store.models import DossierRow, NewsRow
from daemon.store.purge import PURGED
from rules.endings import ENDS
from rules.instructions import Instruction
from rules.schema import Group

Outcome = Literal["done", "already", "unknown", "no_motive", "no_ref", "nobody"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What became of an instruction, for one dossier or one list."""

    instruction: Instruction
    outcome: Outcome
    ref: str = ""
    row: DossierRow | None = None


def carry_out(
    house: House,
    s: Session,
    group: Group,
    instruction: Instruction,
    *,
    by: str,
    at: dt.datetime,
    mail: int | None = None,
) -> list[Done]:
    """Applies an instruction of the group's coordinator, journalled with who gave it (`mail`: in which mail)."""
    house.database.serialise(s, group.id)
    if instruction.what == "list":
        waits = lists.ask_again(s, group, group.lot(instruction.lot), by=by, at=at)
        return [Done(instruction=instruction, outcome="done" if waits else "nobody")]
    if not instruction.refs:
        return [Done(instruction=instruction, outcome="no_ref")]
    if instruction.what in ENDS and not instruction.motive:
        return [Done(instruction=instruction, outcome="no_motive", ref=ref) for ref in instruction.refs]
    return [_one(house, s, group, instruction, ref, by=by, at=at, mail=mail) for ref in instruction.refs]


def _one(
    house: House,
    s: Session,
    group: Group,
    instruction: Instruction,
    ref: str,
    *,
    by: str,
    at: dt.datetime,
    mail: int | None,
) -> Done:
    query = select(DossierRow).where(DossierRow.ref == ref, DossierRow.group == group.id)
    row = s.scalars(query.with_for_update(of=DossierRow)).unique().first()
    if row is None:
        return Done(instruction=instruction, outcome="unknown", ref=ref)
    purged = s.scalar(select(NewsRow.id).where(NewsRow.dossier_id == row.id, NewsRow.kind == PURGED).limit(1))
    ended = row.state in OVER or (purged is not None and not row.requirements)
    if ended == (instruction.what in ENDS):
        return Done(instruction=instruction, outcome="already", ref=ref, row=row)
    s.add(NewsRow(dossier_id=row.id, kind=instruction.what, at=at, data={"by": by, "motive": instruction.motive}))
    if instruction.what == "reopened":
        books.share(s, row, books.wide_kinds(group))
    s.flush()
    journal.append(s, at, f"news.{instruction.what}", ref, by=by, motive=instruction.motive, mail=mail)
    settle(house, s, row, at)
    return Done(instruction=instruction, outcome="done", ref=ref, row=row)
