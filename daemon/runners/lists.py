"""Lists of the automatic lots: asked of the coordinator, released by its `ok`, then told to each dossier on them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.house import House
from daemon.store import books, journal
from daemon.store.decisions import add_letter, pose, settle
from daemon.store.models import DossierRow, LetterRow, NewsRow, ReviewRow
from rules.lists import Approval, automatic, decide_list
from rules.schema import Group, Lot

QUESTION = "list_review/"  # before the list's letter's key, in its review's


class ListDesk:
    """Looks at an automatic lot again only when its dossiers changed, or when the rules said so."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._seen: dict[tuple[str, str], tuple[frozenset[int], dt.datetime | None]] = {}

    def step(self, s: Session, now: dt.datetime) -> bool:
        """One lot's list, where one is owed; False where none changed."""
        for group in self.house.groups.values():
            for lot in filter(automatic, group.lots):
                if self._owed(s, group, lot, now) and self._settle(s, group, lot, now):
                    return True
        return False

    def _owed(self, s: Session, group: Group, lot: Lot, now: dt.datetime) -> bool:
        listed = select(NewsRow.dossier_id).where(NewsRow.kind == "listed")
        waiting = select(DossierRow.id).where(
            DossierRow.group == group.id, DossierRow.lot == lot.id, DossierRow.id.not_in(listed)
        )
        ids = frozenset(s.scalars(waiting))
        seen, next_at = self._seen.get((group.id, lot.id), (frozenset(), None))
        return (bool(ids) and ids != seen) or (next_at is not None and next_at <= now)

    def _settle(self, s: Session, group: Group, lot: Lot, now: dt.datetime) -> bool:
        of_lot = select(DossierRow).where(DossierRow.group == group.id, DossierRow.lot == lot.id)
        rows = s.scalars(of_lot.order_by(DossierRow.id)).unique().all()
        owed = decide_list(group, lot, [books.dossier(s, r) for r in rows], approvals(s, group.id, lot.id), now)
        self._seen[group.id, lot.id] = frozenset(r.id for r in rows), owed.next_at
        known = set(s.scalars(select(ReviewRow.key)))
        if owed.question is None or owed.question.id in known:
            return False
        prefix = f"{QUESTION}list/{group.id}/{lot.id}/"
        for review in s.scalars(
            select(ReviewRow).where(ReviewRow.key.startswith(prefix, autoescape=True), ReviewRow.answered_at.is_(None))
        ).unique():  # the list has grown since: the new question stands for the old one
            review.answered_at, review.answered_by, review.answer = now, "vaguemestre", "sans objet"
            journal.append(s, now, "review.moot", review=review.id)
        pose(self.house, s, None, owed.question, now, group=group.id)
        return True


def approvals(s: Session, group: str, lot: str) -> list[Approval]:
    """The coordinator's answers to the lot's lists."""
    prefix = f"{QUESTION}list/{group}/{lot}/"
    answered = select(ReviewRow).where(
        ReviewRow.key.startswith(prefix, autoescape=True), ReviewRow.answered_at.is_not(None)
    )
    out = []
    for review in s.scalars(answered.order_by(ReviewRow.id)).unique():
        if review.answered_by == "vaguemestre" or review.answered_at is None:
            continue
        key = review.key.removeprefix(QUESTION)
        approved = review.answer == "ok"
        out.append(Approval(key=key, refs=refs(s, review), at=review.answered_at, approved=approved))
    return out


def refs(s: Session, review: ReviewRow) -> tuple[str, ...]:
    """The dossiers that a list's question is about."""
    asked = s.scalars(select(LetterRow).where(LetterRow.key == f"{review.key}/request")).unique().one()
    return tuple(asked.facts["refs"])


def release(house: House, s: Session, review: ReviewRow, at: dt.datetime) -> list[DossierRow]:
    """The list's letter is owed to the provider, and each dossier on it knows."""
    key = review.key.removeprefix(QUESTION)
    _, group_id, lot_id, _ = key.split("/")
    group = house.groups[group_id]
    lot = group.lot(lot_id)
    named = select(DossierRow).where(DossierRow.ref.in_(refs(s, review))).order_by(DossierRow.id)
    rows = list(s.scalars(named).unique())
    of_lot = select(DossierRow).where(DossierRow.group == group_id, DossierRow.lot == lot_id)
    dossiers = [books.dossier(s, r) for r in s.scalars(of_lot).unique()]
    for letter in decide_list(group, lot, dossiers, approvals(s, group_id, lot_id), at).letters:
        add_letter(house, s, group_id, letter, at)
    for row in rows:
        s.add(NewsRow(dossier_id=row.id, kind="listed", at=at, data={"key": key}))
        journal.append(s, at, "news.listed", row.ref, key=key)
    s.flush()
    for row in rows:
        settle(house, s, row, at)
    return rows
