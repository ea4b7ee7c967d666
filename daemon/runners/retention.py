"""Retention: once a day, what has stayed as long as the group's rules allow is purged. One unit is one transaction."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from daemon.clock import PARIS
from daemon.house import House
from daemon.mailbox import Folder
from daemon.store import books, purge
from daemon.store.decisions import OVER
from daemon.store.models import DossierRow, EventRow, LetterRow, MailRow, NewsRow, SpentRow
from rules.retention import expires_at
from rules.schema import Group

log = logging.getLogger(__name__)
UNSENT = ("due", "sending")
UNDER_WAY = ("received", "read")  # mails whose papers no row names yet
BATCH = 20  # blobs in one unit: the database is held meanwhile


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """Something whose time is over."""

    what: Literal["dossier", "mail", "letter"]
    group: str
    id: int
    name: str  # ref, number or key
    since: dt.datetime  # when its time was over


class Retention:
    """Looks once a day, and when it starts."""

    name = "retention"

    def __init__(self, house: House) -> None:
        self.house = house
        self._day: dt.date | None = None
        self._items: list[Item] = []

    async def step(self) -> bool:
        """Purges the next thing whose time is over; then the bytes that nothing needs any more."""
        return await asyncio.to_thread(self._step)

    def _step(self) -> bool:
        now = self.house.clock()
        today = now.astimezone(PARIS).date()
        if today != self._day:
            with self.house.database.session() as s:
                self._items = list(over(self.house, s, now))
            self._day = today
        while self._items:
            if carry_out(self.house, self._items.pop(0), now):
                return True
        return sweep(self.house) > 0


def over(house: House, s: Session, now: dt.datetime) -> Iterator[Item]:
    """All whose time is over: dossiers, mails that no dossier took, letters about neither."""
    for group in house.groups.values():
        yield from _dossiers(s, group, now)
        yield from _mails(s, group, now)
        yield from _letters(s, group, now)


def _dossiers(s: Session, group: Group, now: dt.datetime) -> Iterator[Item]:
    quiet = now - dt.timedelta(days=min(group.retention.closed, group.retention.done))
    last = select(EventRow.dossier).where(EventRow.dossier.is_not(None)).group_by(EventRow.dossier)
    rows = select(DossierRow).where(
        DossierRow.group == group.id,
        DossierRow.state.in_((*OVER, "active")),
        DossierRow.opened_at <= quiet,
        DossierRow.ref.in_(last.having(func.max(EventRow.at) <= quiet)),
    )
    for row in s.scalars(rows.order_by(DossierRow.id)).unique():
        since = _expired(s, group, row, now)
        if since is not None:
            yield Item(what="dossier", group=group.id, id=row.id, name=row.ref, since=since)


def _expired(s: Session, group: Group, row: DossierRow, now: dt.datetime) -> dt.datetime | None:
    since = expires_at(group, books.dossier(s, row), now)
    unsent = select(LetterRow.id).where(LetterRow.dossier_id == row.id, LetterRow.state.in_(UNSENT))
    return None if since is None or since > now or s.scalar(unsent.limit(1)) is not None else since


def _mails(s: Session, group: Group, now: dt.datetime) -> Iterator[Item]:
    kept = group.retention
    for folder, days in ((MailRow.destination == Folder.IGNORED, kept.ignored), (None, kept.unfiled)):
        unsent = select(LetterRow.mail_id).where(LetterRow.mail_id.is_not(None), LetterRow.state.in_(UNSENT))
        rows = select(MailRow).where(
            MailRow.group == group.id,
            MailRow.purged_at.is_(None),
            MailRow.state.in_(("ruled", "filed")),
            MailRow.received_at <= now - dt.timedelta(days=days),
            folder if folder is not None else MailRow.destination.is_distinct_from(Folder.IGNORED),
            MailRow.id.not_in(unsent),
            ~purge.in_dossier(),
        )
        for row in s.scalars(rows.order_by(MailRow.id)):
            since = row.received_at + dt.timedelta(days=days)
            yield Item(what="mail", group=group.id, id=row.id, name=f"courriel nº {row.id}", since=since)


def _letters(s: Session, group: Group, now: dt.datetime) -> Iterator[Item]:
    """Digests and lists. A list is known as long as one of its dossiers is."""
    days = dt.timedelta(days=group.retention.unfiled)
    rows = select(LetterRow).where(
        LetterRow.group == group.id,
        LetterRow.dossier_id.is_(None),
        LetterRow.mail_id.is_(None),
        LetterRow.purged_at.is_(None),
        LetterRow.state.not_in(UNSENT),
        LetterRow.due_at <= now - days,
    )
    purged = select(NewsRow.dossier_id).where(NewsRow.kind == purge.PURGED)
    for row in s.scalars(rows.order_by(LetterRow.id)).unique():
        living = select(DossierRow.id).where(
            DossierRow.ref.in_(row.facts.get("refs", ())), DossierRow.id.not_in(purged)
        )
        if s.scalar(living.limit(1)) is None:
            yield Item(what="letter", group=group.id, id=row.id, name=row.key, since=row.due_at + days)


def carry_out(house: House, item: Item, now: dt.datetime) -> bool:
    """Purges it, where its time is still over: it may have been taken up, or purged by another machine, meanwhile."""
    with house.database.session() as s:
        house.database.serialise(s, item.group)
        if item.what == "dossier":
            row = s.get_one(DossierRow, item.id, with_for_update={"of": DossierRow})
            if _expired(s, house.groups[item.group], row, now) is None:
                return False
            purge.dossier(s, row, now)
        elif item.what == "mail":
            held = s.scalar(select(purge.in_dossier()).select_from(MailRow).where(MailRow.id == item.id))
            mail = s.get_one(MailRow, item.id)
            if held or mail.purged_at is not None:
                return False
            purge.mail(s, mail, now)
        else:
            letter = s.get_one(LetterRow, item.id)
            if letter.purged_at is not None:
                return False
            purge.letter(s, letter, now)
    log.info("purged", extra={"event": f"retention.{item.what}", "item": item.id})
    return True


def sweep(house: House) -> int:
    """Removes the next bytes that no row needs; how many names were settled.

    Nothing while a mail is under way: its papers lie there already, and no row names them yet. A mail that comes in
    meanwhile waits for us (`hold_blobs`), and puts its bytes down again.
    """
    with house.database.session() as s:
        if s.scalar(select(SpentRow.sha256).limit(1)) is None:
            return 0
        house.database.hold_blobs(s, alone=True)
        names = s.scalars(select(SpentRow).order_by(SpentRow.sha256).limit(BATCH)).all()
        if s.scalar(select(MailRow.id).where(MailRow.state.in_(UNDER_WAY)).limit(1)) is not None:
            return 0
        for name in names:
            if not purge.needed(s, name.sha256):
                house.blobs.remove(name.sha256)
            s.delete(name)
    return len(names)
