"""A slice of the simulated year through the real runners and SQLite: what the simulation did, done again for real.

Readings are put on the books as if reading had just made them; ruling, dispatch, composition and the database are the
real ones. Letters leave into memory.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from daemon import config
from daemon.house import House
from daemon.outgoing import Receipt
from daemon.runners.dispatch import Dispatch
from daemon.runners.ruling import Ruling
from daemon.store import books, census
from daemon.store.decisions import settle
from daemon.store.models import DossierRow, LetterRow, MailRow, NewsRow, ReadingRow
from rules.records import Member
from tests.simulation.shell import COORDINATION, Books, Delivered
from tests.simulation.year import Year

CONFIG = """\
groups = [{groups}]
[store]
database = "sqlite:///books.db"
blobs = "file://blobs"
{mailboxes}
[outgoing]
url = "maildir://letters"
[coordinators]
{coordinators}
[providers]
{providers}
"""
# (key, kind, state, recipients, when it left)
Line = tuple[str, str, str, tuple[str, ...], dt.datetime | None]


@dataclass
class Pouch:
    """An Outgoing in memory."""

    name: str = "memory"
    sent: list[tuple[str, Sequence[str], bytes]] = field(default_factory=list)

    async def send(self, raw: bytes, sender: str, recipients: Sequence[str], message_id: str) -> Receipt:
        """See the port."""
        self.sent.append((message_id, recipients, raw))
        return Receipt(reply="ok")

    async def check(self) -> tuple[str, ...]:
        """See the port."""
        return ("memory",)

    async def close(self) -> None:
        """See the port."""


class Slice:
    """A house in a folder that goes through a simulation's script."""

    def __init__(self, folder: Path, year: Year) -> None:
        for box in (*year.books.groups, "letters"):
            for part in ("cur", "new", "tmp"):
                (folder / box / part).mkdir(parents=True)
        path = folder / "vaguemestre.toml"
        path.write_text(
            CONFIG.format(
                groups=", ".join(f'"{g}"' for g in year.books.groups),
                mailboxes="".join(f'[[mailbox]]\ngroup = "{g}"\nurl = "maildir://{g}"\n' for g in year.books.groups),
                coordinators="\n".join(f'{g} = ["{COORDINATION.format(g)}"]' for g in year.books.groups),
                providers="\n".join(f'{k} = "{v}"' for k, v in year.books.providers.items()),
            ),
            encoding="utf-8",
        )
        self.year, self.now = year, year.script[0][0]
        self.house = House(config.load(path), lambda: self.now)
        self.pouch = Pouch()
        self.house.__dict__["outgoing"] = self.pouch  # the port's place: a cached property
        self.house.database.migrate()
        self.uid = 0

    def run(self) -> None:
        """The whole script."""
        try:
            asyncio.run(self._run())
        finally:
            self.house.close()

    async def _run(self) -> None:
        ruling, dispatch = Ruling(self.house), Dispatch(self.house)
        for at, acts in self.year.script:
            self.now = at
            for name, what in acts:
                if name == "mail":
                    self._deliver(what)  # type: ignore[arg-type]
                elif name == "import":
                    self._import(*what)  # type: ignore[misc]
                else:
                    self._tell(*what)  # type: ignore[misc]
            worked = True
            while worked:
                worked = False
                for runner in (ruling, dispatch):
                    while await runner.step():
                        worked = True

    def _deliver(self, mail: Delivered) -> None:
        self.uid += 1
        head = mail.head
        with self.house.database.session() as s:
            quoted = s.scalars(select(LetterRow.message_id).where(LetterRow.key.in_(mail.answers)))
            record = books.plain(mail.reading)
            record["mail"]["in_reply_to"] = [m for m in quoted if m]
            for piece in mail.reading.pieces:
                self.house.blobs.put(self.year.desk.bytes[piece.sha256])
            raw = self.house.blobs.put(f"mail {self.uid}".encode())
            reading = ReadingRow(sha256=raw, version=f"simulated {self.uid}", reading=record, read_at=self.now)
            s.add(reading)
            s.flush()
            books.READING.validate_python(record)
            s.add(
                MailRow(
                    group=mail.group,
                    mailbox=mail.group,
                    folder="INBOX",
                    uidvalidity=1,
                    uid=self.uid,
                    sha256=raw,
                    size=10,
                    key=hashlib.sha256(str(head.message_id).encode()).hexdigest()[:32],
                    message_id=head.message_id,
                    thread=[],
                    sender=head.from_,
                    subject=head.subject,
                    received_at=self.now,
                    state="read",
                    reading_id=reading.id,
                    nature=head.nature,
                    authenticity=mail.authenticity,
                )
            )

    def _import(self, group: str, member: Member) -> None:
        with self.house.database.session() as s:
            row, _ = census.keep(s, group, member, self.now)
            for lot in member.lots:
                prefix = f"{self.house.groups[group].prefix}-{lot.upper()}"
                books.open_dossier(s, group=group, lot=lot, member=row, prefix=prefix, at=self.now, committed=True)

    def _tell(self, ref: str, kind: str) -> None:
        with self.house.database.session() as s:
            row = s.scalars(select(DossierRow).where(DossierRow.ref == ref)).unique().one()
            s.add(NewsRow(dossier_id=row.id, kind=kind, at=self.now, data={}))
            s.flush()
            settle(self.house, s, row, self.now)

    def letters(self) -> list[Line]:
        """Every letter but the digests, which the simulation in memory does not write."""
        with self.house.database.session() as s:
            rows = s.scalars(select(LetterRow).order_by(LetterRow.id)).unique().all()
        return sorted(
            (r.key, r.kind, r.state, tuple(r.recipients), r.sent_at and r.sent_at.astimezone(dt.UTC))
            for r in rows
            if r.kind != "digest"
        )

    def digests(self) -> list[dt.datetime]:
        """When the digests left."""
        with self.house.database.session() as s:
            rows = s.scalars(select(LetterRow).where(LetterRow.kind == "digest")).unique().all()
        return [r.sent_at for r in rows if r.sent_at is not None]

    def states(self) -> dict[str, str]:
        """Each dossier's."""
        with self.house.database.session() as s:
            return {r.ref: r.state for r in s.scalars(select(DossierRow)).unique()}


def letters(simulated: Books) -> list[Line]:
    """The simulation's, alike."""
    return sorted(
        (
            p.letter.key,
            p.letter.kind,
            p.state,
            p.recipients,
            p.sent_at and p.sent_at.astimezone(dt.UTC),
        )
        for p in simulated.posts.values()
    )
