"""Intake: claims a mail by (mailbox, folder, UIDVALIDITY, UID), keeps its raw bytes, and adds its row."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Iterator, Sequence
from itertools import islice

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from daemon.house import House
from daemon.mailbox import FolderRenumbered, Incoming, Mailbox, Waiting
from daemon.store import journal
from daemon.store.models import MailRow

log = logging.getLogger(__name__)
IN_CLAUSE = 500  # values in one query: well under every database's limit


class Intake:
    """One unit is a batch of mails of one mailbox; each mail has its own transaction."""

    name = "intake"

    def __init__(self, house: House, group: str) -> None:
        self.house, self.group = house, group

    async def step(self) -> bool:
        """Takes in the first new mails. A mail that another machine took in meanwhile is passed over."""
        return await asyncio.to_thread(self._step)

    def _step(self) -> bool:
        mailbox = self.house.mailboxes[self.group]
        waiting = mailbox.waiting()
        new = self._new(mailbox, waiting)
        if not new:
            return False
        try:
            batch = mailbox.fetch(waiting.uidvalidity, new)
        except FolderRenumbered:
            return True  # the uids mean other mails now: look again
        for mail in batch.mails:
            self._take(mailbox, mail)
        return bool(batch.mails)

    def _new(self, mailbox: Mailbox, waiting: Waiting) -> list[int]:
        known: set[int] = set()
        with self.house.database.session() as s:
            for uids in _chunks(waiting.uids):
                known.update(
                    s.scalars(
                        select(MailRow.uid).where(
                            MailRow.mailbox == mailbox.name,
                            MailRow.folder == waiting.folder,
                            MailRow.uidvalidity == waiting.uidvalidity,
                            MailRow.uid.in_(uids),
                        )
                    )
                )
        return [u for u in waiting.uids if u not in known]

    def _take(self, mailbox: Mailbox, mail: Incoming) -> None:
        now = self.house.clock()
        sha256 = self.house.blobs.put(mail.raw)  # before the row: a row's bytes are always there
        try:
            with self.house.database.session() as s:
                self._add(s, mailbox, mail, sha256)
        except IntegrityError:
            log.info("mail already taken in", extra={"event": "intake.taken", "uid": mail.uid, "at": now.isoformat()})

    def _add(self, s: Session, mailbox: Mailbox, mail: Incoming, sha256: str) -> None:
        now = self.house.clock()
        self.house.database.hold_blobs(s)
        self.house.blobs.put(mail.raw)  # there already, but where the same bytes' time was over just now
        row = MailRow(
            group=self.group,
            mailbox=mailbox.name,
            folder=mail.folder,
            uidvalidity=mail.uidvalidity,
            uid=mail.uid,
            sha256=sha256,
            size=mail.size,
            complete=mail.whole,
            key=hashlib.sha256(mail.raw).hexdigest()[:32],
            error=mail.problem or None,
            received_at=now,
        )
        s.add(row)
        s.flush()
        journal.append(s, now, "mail.received", mail=row.id, sha256=sha256, size=mail.size, whole=mail.whole)


def _chunks(uids: Sequence[int]) -> Iterator[list[int]]:
    rest = iter(uids)
    while chunk := list(islice(rest, IN_CLAUSE)):
        yield chunk
