"""Lists of the automatic lots: asked of the coordinator, released by its `ok`, then told to each dossier on them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from daemon.house import House
from daemon.store import books, journal
from daemon.store.decisions import MOOT, OVER, add_letter, pose, settle
from daemon.store.models import DossierRow, EventRow, LetterRow, NewsRow, ReviewRow
from rules.calendar import Days
from rules.lists import Approval, Lists, automatic, decide_list
from rules.schema import Group, Lot

QUESTION = "list_review/"  # before the list's letter's key, in its review's
AGAIN = "list.again"  # event: the coordinator has a lot's list asked anew
EXCEPT = "ok sauf "  # before the refs held back, in a review's answer


Waiting = frozenset[tuple[int, bool, str]]  # dossiers: id, whether the census commits it, state


class ListDesk:
    """Looks at an automatic lot again only when its dossiers changed, or when the rules said so."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._seen: dict[tuple[str, str], tuple[Waiting, int | None, dt.datetime | None]] = {}

    def step(self, s: Session, now: dt.datetime) -> bool:
        """One lot's list, where one is owed; False where none changed."""
        for group in self.house.groups.values():
            for lot in filter(automatic, group.lots):
                if self._owed(s, group, lot, now) and self._settle(s, group, lot, now):
                    return True
        return False

    def _owed(self, s: Session, group: Group, lot: Lot, now: dt.datetime) -> bool:
        ids, again = self._waiting(s, group, lot)
        seen, heard, next_at = self._seen.get((group.id, lot.id), (frozenset(), None, None))
        return (bool(ids) and (ids, again) != (seen, heard)) or (next_at is not None and next_at <= now)

    def _waiting(self, s: Session, group: Group, lot: Lot) -> tuple[Waiting, int | None]:
        """The lot's open dossiers that no list holds, and the last word that asked anew."""
        listed = select(NewsRow.dossier_id).where(NewsRow.kind == "listed")
        seen = select(DossierRow.id, DossierRow.committed, DossierRow.state)
        of_lot = seen.where(DossierRow.group == group.id, DossierRow.lot == lot.id)
        open_ = s.execute(of_lot.where(DossierRow.id.not_in(listed), DossierRow.state.not_in(OVER)))
        ids = frozenset((row.id, row.committed, row.state) for row in open_)
        return ids, s.scalar(select(func.max(EventRow.id)).where(EventRow.kind == AGAIN))

    def _settle(self, s: Session, group: Group, lot: Lot, now: dt.datetime) -> bool:
        owed = decide(s, group, lot, now)
        self._seen[group.id, lot.id] = (*self._waiting(s, group, lot), owed.next_at)
        known = set(s.scalars(select(ReviewRow.key)))
        if owed.question is None or owed.question.id in known:
            return False
        prefix = f"{QUESTION}list/{group.id}/{lot.id}/"
        for review in s.scalars(
            select(ReviewRow).where(ReviewRow.key.startswith(prefix, autoescape=True), ReviewRow.answered_at.is_(None))
        ).unique():  # the list has grown since: the new question stands for the old one
            review.answered_at, review.answered_by, review.answer = now, MOOT, "sans objet"
            journal.append(s, now, "review.moot", review=review.id)
        pose(self.house, s, None, owed.question, now, group=group.id)
        return True


def decide(s: Session, group: Group, lot: Lot, now: dt.datetime) -> Lists:
    """What the rules say of the lot's lists."""
    of_lot = select(DossierRow).where(DossierRow.group == group.id, DossierRow.lot == lot.id).order_by(DossierRow.id)
    dossiers = [books.dossier(s, r) for r in s.scalars(of_lot).unique()]
    events = s.scalars(select(EventRow).where(EventRow.kind == AGAIN).order_by(EventRow.id))
    again = [e.at for e in events if (e.data["group"], e.data["lot"]) == (group.id, lot.id)]
    return decide_list(group, lot, dossiers, approvals(s, group.id, lot.id), now, again)


def ask_again(s: Session, group: Group, lot: Lot, *, by: str, at: dt.datetime) -> bool:
    """Has the list asked anew, refused or held back as it may be; False where nobody waits for one."""
    journal.append(s, at, AGAIN, group=group.id, lot=lot.id, by=by)
    return decide(s, group, lot, Days(group.calendar, None).open(at)).question is not None


def approvals(s: Session, group: str, lot: str) -> list[Approval]:
    """The coordinator's answers to the lot's lists."""
    prefix = f"{QUESTION}list/{group}/{lot}/"
    answered = select(ReviewRow).where(
        ReviewRow.key.startswith(prefix, autoescape=True), ReviewRow.answered_at.is_not(None)
    )
    out = []
    for review in s.scalars(answered.order_by(ReviewRow.id)).unique():
        if review.answered_by == MOOT or review.answered_at is None:
            continue
        key, answer = review.key.removeprefix(QUESTION), review.answer or ""
        without = tuple(answer.removeprefix(EXCEPT).split(", ")) if answer.startswith(EXCEPT) else ()
        approved = answer == "ok" or bool(without)
        named = refs(s, review)
        out.append(Approval(key=key, refs=named, at=review.answered_at, approved=approved, without=without))
    return out


def group_of(review: ReviewRow) -> str:
    """The group whose list the question is about."""
    return review.key.removeprefix(QUESTION).split("/")[1]


def refs(s: Session, review: ReviewRow) -> tuple[str, ...]:
    """The dossiers that a list's question is about."""
    asked = s.scalars(select(LetterRow).where(LetterRow.key == f"{review.key}/request")).unique().one()
    return tuple(asked.facts["refs"])


def on_list(s: Session, review: ReviewRow, words: Iterable[str]) -> tuple[str, ...] | None:
    """The refs of those on the list that the words name by ref, UAI or SIRET; None where one names nobody on it."""
    rows = s.scalars(select(DossierRow).where(DossierRow.ref.in_(refs(s, review)))).unique()
    known = {name: d.ref for d in rows for name in (d.ref, d.member.uai, d.member.siret) if name}
    found = [known.get(w) for w in words]
    return None if None in found else tuple(sorted({str(ref) for ref in found}))


def release(house: House, s: Session, review: ReviewRow, at: dt.datetime) -> list[DossierRow]:
    """The list's letter is owed to the provider, and each dossier on it knows."""
    key = review.key.removeprefix(QUESTION)
    _, group_id, lot_id, _ = key.split("/")
    group = house.groups[group_id]
    lot = group.lot(lot_id)
    listed: tuple[str, ...] = ()
    for letter in decide(s, group, lot, at).letters:
        add_letter(house, s, group_id, letter, at)
        listed = tuple(letter.facts["refs"]) if letter.key == key else listed
    rows = list(s.scalars(select(DossierRow).where(DossierRow.ref.in_(listed)).order_by(DossierRow.id)).unique())
    for row in rows:
        s.add(NewsRow(dossier_id=row.id, kind="listed", at=at, data={"key": key}))
        journal.append(s, at, "news.listed", row.ref, key=key)
    s.flush()
    for row in rows:
        settle(house, s, row, at)
    return rows
