"""Filing: moves the mails that were ruled on, last of all, to the folder that says what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sqlalchemy import select

from daemon.house import House
from daemon.mailbox import Folder, FolderRenumbered
from daemon.store import journal
from daemon.store.models import MailRow

BATCH = 500  # mails in one MOVE


class Filing:
    """One unit is the mails of one mailbox that go to one folder: one MOVE for all of them."""

    name = "filing"

    def __init__(self, house: House, group: str) -> None:
        self.house, self.group = house, group

    async def step(self) -> bool:
        """Moves, then says so on the books. Dying between the two is harmless: what is gone is passed over."""
        return await asyncio.to_thread(self._step)

    def _step(self) -> bool:
        mails = self._next()
        if not mails:
            return False
        mailbox = self.house.mailboxes[self.group]
        renumbered = False
        try:
            mailbox.file(mails[0].uidvalidity, [m.uid for m in mails], mails[0].destination or Folder.TO_REVIEW)
        except FolderRenumbered:
            renumbered = True  # the mail comes in anew under its new number and is filed as the repeat that it is
        now = self.house.clock()
        with self.house.database.session() as s:
            for mail in mails:
                row = s.get_one(MailRow, mail.id)
                row.state = "filed"
                journal.append(s, now, "mail.filed", mail=row.id, folder=row.destination, renumbered=renumbered)
        return True

    def _next(self) -> Sequence[MailRow]:
        mailbox = self.house.mailboxes[self.group].name
        with self.house.database.session() as s:
            ruled = select(MailRow).where(MailRow.mailbox == mailbox, MailRow.state == "ruled").order_by(MailRow.id)
            first = s.scalars(ruled.limit(1)).first()
            if first is None:
                return ()
            alike = ruled.where(
                MailRow.destination == first.destination,
                MailRow.folder == first.folder,
                MailRow.uidvalidity == first.uidvalidity,
            )
            return s.scalars(alike.limit(BATCH)).all()
