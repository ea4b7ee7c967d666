"""A coordinator withdraws, closes or reopens dossiers, or has a list asked again: by mail or on the terminal.

An order is a news of the dossier: what follows from it is for the rules to say, and a letter is derived, as always.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.house import House
from daemon.runners import lists
from daemon.store import journal
from daemon.store.decisions import OVER, settle
from daemon.store.models import DossierRow, NewsRow
from daemon.store.purge import PURGED
from rules.endings import ENDS
from rules.orders import Order
from rules.schema import Group

Outcome = Literal["done", "already", "unknown", "no_motive", "no_ref", "nobody"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What became of an order, for one dossier or one list."""

    order: Order
    outcome: Outcome
    ref: str = ""
    row: DossierRow | None = None


def carry_out(
    house: House, s: Session, group: Group, order: Order, *, by: str, at: dt.datetime, mail: int | None = None
) -> list[Done]:
    """Applies an order of the group's coordinator, journalled with who gave it (`mail`: in which mail)."""
    house.database.serialise(s, group.id)
    if order.what == "list":
        waits = lists.ask_again(s, group, group.lot(order.lot), by=by, at=at)
        return [Done(order=order, outcome="done" if waits else "nobody")]
    if not order.refs:
        return [Done(order=order, outcome="no_ref")]
    if order.what in ENDS and not order.motive:
        return [Done(order=order, outcome="no_motive", ref=ref) for ref in order.refs]
    return [_one(house, s, group, order, ref, by=by, at=at, mail=mail) for ref in order.refs]


def _one(
    house: House, s: Session, group: Group, order: Order, ref: str, *, by: str, at: dt.datetime, mail: int | None
) -> Done:
    query = select(DossierRow).where(DossierRow.ref == ref, DossierRow.group == group.id)
    row = s.scalars(query.with_for_update(of=DossierRow)).unique().first()
    if row is None:
        return Done(order=order, outcome="unknown", ref=ref)
    purged = s.scalar(select(NewsRow.id).where(NewsRow.dossier_id == row.id, NewsRow.kind == PURGED).limit(1))
    ended = row.state in OVER or (purged is not None and not row.requirements)
    if ended == (order.what in ENDS):
        return Done(order=order, outcome="already", ref=ref, row=row)
    s.add(NewsRow(dossier_id=row.id, kind=order.what, at=at, data={"by": by, "motive": order.motive}))
    s.flush()
    journal.append(s, at, f"news.{order.what}", ref, by=by, motive=order.motive, mail=mail)
    settle(house, s, row, at)
    return Done(order=order, outcome="done", ref=ref, row=row)
