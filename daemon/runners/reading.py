"""Reading: runs the parsers on the stored bytes in a child process and keeps what they say."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import logging
from collections.abc import Iterable

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from daemon import authentication
from daemon.errors import ServiceUnreachable, VaguemestreError
from daemon.house import House
from daemon.mailbox import Folder
from daemon.reader import Reader
from daemon.runners import retry
from daemon.store import books, census, journal, purge
from daemon.store.models import MailRow, ReadingRow
from parsers.read import parser_version
from parsers.records import Context, Piece, Reading

log = logging.getLogger(__name__)


class ReadingRunner:
    """One unit is one mail. The same bytes are read once by one parser version with one census."""

    name = "reading"

    def __init__(self, house: House, number: int = 0) -> None:
        self.house = house
        self._runner = f":reading{number}"
        self._reader: Reader | None = None
        self._census = ""
        self._mail = 0  # the one at hand
        self._kept: set[str] = set()  # bytes of the documents read since the last reading was kept

    async def step(self) -> bool:
        """Claims a mail, reads it, keeps the reading. A mail that cannot be read is tried again, then put aside."""
        return await asyncio.to_thread(self._step)

    def _step(self) -> bool:
        now = self.house.clock()
        with self.house.database.session() as s:
            ready = or_(MailRow.next_try_at.is_(None), MailRow.next_try_at <= now)
            mail = self.house.database.claim(
                s, select(MailRow).where(MailRow.state == "received", ready).order_by(MailRow.id), now, self._runner
            )
            if mail is None:
                return False
            self._mail = mail.id
            bodies = census.bodies(s)
            context = self.house.context(bodies)
            version = f"{parser_version()}+{context_digest(context, self.house.forms_digest)}"
            kept = s.scalar(_readings(mail.sha256, version))
        try:
            raw = self.house.blobs.get(mail.sha256)
            read = (
                books.READING.validate_python(kept.reading)
                if kept
                else self._with(context, version).read(raw, _name(mail))
            )
            self._keep_reading(mail.id, raw, version, read, now)
        except ServiceUnreachable:
            self._release(mail.id)  # an outage is no fault of the mail's: it costs it no try
            raise
        except VaguemestreError as e:
            self._failed(mail.id, str(e))
        except Exception as e:
            # As in ruling: a mail that we stumble over must not stop the next one.
            log.exception("reading failed", extra={"event": "reading.failed", "mail": mail.id})
            self._failed(mail.id, f"{type(e).__name__}: {e}")
        return True

    def _keep_reading(self, mail_id: int, raw: bytes, version: str, read: Reading, now: dt.datetime) -> None:
        trust = self.house.config.trust
        authenticity = authentication.authenticity(
            raw, trust, authentication.dns_resolver(trust)
        )  # may ask DNS: no lock
        with self.house.database.session() as s:
            row = s.get_one(MailRow, mail_id, with_for_update={"of": MailRow})
            if row.state != "received":
                return  # our lease was over, and another one has read it since
            kept = s.scalar(_readings(row.sha256, version))
            if kept is None:
                kept = ReadingRow(sha256=row.sha256, version=version, reading=books.plain(read), read_at=now)
                s.add(kept)
                s.flush()
            row.authenticity, row.reading_id = authenticity, kept.id
            self._read(row, read)
            self._settle(s, read.pieces)
            journal.append(s, now, "mail.read", mail=row.id, nature=row.nature, pieces=len(read.pieces))

    def _with(self, context: Context, version: str) -> Reader:
        """A reader that knows this census; the former one is let go when the census changes."""
        if self._reader is None or self._census != version:
            self.close()
            self._reader, self._census = Reader(context, self._keep), version
        return self._reader

    def _keep(self, data: bytes) -> None:
        """A document is begun: its bytes are put down, and the mail stays ours for as long again."""
        self._kept.add(self.house.blobs.put(data))
        with self.house.database.session() as s:
            s.get_one(MailRow, self._mail).claimed_until = self.house.clock() + self.house.database.lease

    def interrupt(self) -> None:
        """Gives the mail at hand back, from another thread: a stop or a reload does not wait for a long one."""
        if self._reader is not None:
            self._reader.interrupt()

    def _settle(self, s: Session, pieces: Iterable[Piece]) -> None:
        """What was put down while reading and became no piece (a mail's own words) need not stay."""
        purge.spent(s, self._kept - {p.sha256 for p in pieces})
        self._kept = set()

    def _read(self, row: MailRow, reading: Reading) -> None:
        mail = reading.mail
        row.state, row.attempts, row.next_try_at = "read", 0, None
        row.claimed_by = row.claimed_until = None
        if mail is not None:
            row.message_id, row.sender = _short(mail.message_id, 998), _short(mail.from_, 320)
            row.subject = mail.subject
            row.nature, row.thread = mail.nature, list(reversed(mail.in_reply_to))
            if mail.message_id:
                row.key = hashlib.sha256(mail.message_id.encode()).hexdigest()[:32]

    def _release(self, mail_id: int) -> None:
        with self.house.database.session() as s:
            row = s.get_one(MailRow, mail_id)
            row.claimed_by = row.claimed_until = None

    def _failed(self, mail_id: int, why: str) -> None:
        now = self.house.clock()
        with self.house.database.session() as s:
            row = s.get_one(MailRow, mail_id)
            put_off(row, self.house, why)
            self._settle(s, ())
            journal.append(s, now, "mail.failed", mail=mail_id, why=why, attempts=row.attempts, state=row.state)

    def close(self) -> None:
        """Ends the child."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def _readings(sha256: str, version: str) -> Select[ReadingRow]:
    return select(ReadingRow).where(ReadingRow.sha256 == sha256, ReadingRow.version == version)


def _short(text: str | None, longest: int) -> str | None:
    """An id or an address longer than any real one is none."""
    return text if text is not None and len(text) <= longest else None


def _name(mail: MailRow) -> str:
    return f"mail-{mail.id}.eml"


def put_off(row: MailRow, house: House, why: str) -> None:
    """One more failure of a mail: later again, or after the last try to « En erreur », on the books with its reason."""
    row.attempts += 1
    row.error = why
    row.claimed_by = row.claimed_until = None
    if row.attempts >= house.config.schedule.attempts:
        row.state, row.destination = "ruled", Folder.IN_ERROR
        log.error("mail put aside", extra={"event": "mail.in_error", "mail": row.id})
    else:
        row.next_try_at = house.clock() + retry.wait(house.config.schedule, row.attempts)


def context_digest(context: Context, forms: str) -> str:
    """What besides the bytes may change a reading: census, anchors, limits, and `forms`, the digest of their files."""
    known = repr((context.census, context.anchors, context.forms, forms, context.limits))
    return hashlib.sha256(known.encode()).hexdigest()[:12]
