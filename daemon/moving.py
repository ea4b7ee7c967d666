"""A paper that a coordinator gives to another member than the one it was filed with: it changes dossiers, whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.house import House
from daemon.store import books, census, journal
from daemon.store.models import DossierRow, MemberRow, MessageRow, NewsRow, PieceRow, PlacementRow
from rules.records import Member


def owner(s: Session, dossier: DossierRow, numbers: Mapping[str, str]) -> MemberRow | None:
    """The other member of the census that a corrected SIRET or UAI names; None where it names none, or this one."""
    named = Member(name="", siret=numbers.get("siret"), uai=numbers.get("uai"))
    row = census.find(s, dossier.group, named) if named.siret or named.uai else None
    return row if row is not None and row.known and row.id != dossier.member_id else None


def move(house: House, s: Session, pieces: Sequence[PieceRow], to: MemberRow, at: dt.datetime) -> list[DossierRow]:
    """Puts the papers in the dossiers of `to`, lot by lot; in those of others they count no more. Gives the others'.

    A dossier that held nothing else, and that no census opened, was never one: it is closed.
    """
    placed = select(PlacementRow).where(PlacementRow.piece_id.in_([p.id for p in pieces])).order_by(PlacementRow.id)
    left: dict[int, DossierRow] = {}
    for placement in s.scalars(placed).unique().all():
        old = s.get_one(DossierRow, placement.dossier_id)
        if old.member_id == to.id:
            continue
        rules = house.groups[old.group]
        prefix = f"{rules.prefix}-{old.lot.upper()}"
        new, _ = books.open_dossier(
            s, group=old.group, lot=old.lot, member=to, prefix=prefix, at=at, wide=books.wide_kinds(rules)
        )
        piece = placement.piece.piece
        journal.append(s, at, "piece.moved", old.ref, piece=piece, to=new.ref)
        s.add(NewsRow(dossier_id=old.id, kind="review", at=at, data={"piece": piece, "outcome": "moved"}))
        left[old.id] = old
        _bring(s, new, placement.piece)
    for old in left.values():
        _leave(s, old, {p.piece for p in pieces}, at)
    s.flush()
    return list(left.values())


def _bring(s: Session, new: DossierRow, piece: PieceRow) -> None:
    """The paper, and the mail it came with, in its new dossier."""
    there = select(PlacementRow.id).where(PlacementRow.dossier_id == new.id, PlacementRow.piece_id == piece.id)
    if s.scalar(there) is None:
        s.add(PlacementRow(dossier_id=new.id, piece=piece))
    mail = select(MessageRow).where(MessageRow.mail_id == piece.mail_id).order_by(MessageRow.id)
    rows = s.scalars(mail).all()
    own = next((m for m in rows if m.dossier_id == new.id), None)
    if own is None and rows:
        own = MessageRow(
            dossier_id=new.id, mail_id=piece.mail_id, record={**rows[0].record, "new_pieces": [], "again": []}
        )
        s.add(own)
    if own is not None and piece.piece not in own.record["new_pieces"]:
        own.record = {**own.record, "new_pieces": [*own.record["new_pieces"], piece.piece]}
    s.flush()


def _leave(s: Session, old: DossierRow, gone: set[str], at: dt.datetime) -> None:
    held = select(PieceRow.piece).join(PlacementRow, PlacementRow.piece_id == PieceRow.id)
    if not old.committed and set(s.scalars(held.where(PlacementRow.dossier_id == old.id))) <= gone:
        s.add(NewsRow(dossier_id=old.id, kind="closed", at=at, data={}))
        journal.append(s, at, "news.closed", old.ref)
