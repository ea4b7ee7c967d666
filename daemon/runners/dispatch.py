"""Dispatch: gathers the letters due to one person, composes one mail, keeps it, and only then speaks SMTP.

The mail is stored whole, with its Message-ID, before it is sent: what is tried again is the same bytes.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formataddr, parseaddr
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from daemon.digest.digest import digest
from daemon.digest.facts import DigestFacts
from daemon.digest.gather import gather
from daemon.errors import DeliveryError, ServiceUnreachable, VaguemestreError
from daemon.house import House
from daemon.letters.attachments import attachments, enclosures, pictures
from daemon.letters.compose import Attachment, compose
from daemon.letters.render import Picture, Renderer
from daemon.outgoing import Receipt
from daemon.runners import retry
from daemon.store import journal
from daemon.store.models import DossierRow, LetterRow, MailRow, MessageRow
from rules import tell
from rules.calendar import Days

log = logging.getLogger(__name__)
TO_A_MEMBER = ("member", "sender")  # letters that are gathered; a provider gets one mail a dossier, a review one reply


@dataclass(frozen=True, slots=True)
class Due:
    """A letter as rendering wants it."""

    key: str
    kind: str
    template: str
    facts: Mapping[str, Any]
    subject: str | None


@dataclass(frozen=True, slots=True)
class Envelope:
    """A mail ready to leave."""

    letters: tuple[int, ...]  # ids
    raw: bytes
    sender: str
    recipients: tuple[str, ...]
    message_id: str


class Dispatch:
    """One unit is one mail."""

    name = "dispatch"

    def __init__(self, house: House) -> None:
        self.house = house
        self.renderer = Renderer(house.config.letters.templates)

    async def step(self) -> bool:
        """Sends the next mail due. A refusal that lasts is put on the books and told to the coordinator."""
        prepared = await asyncio.to_thread(self._prepare)
        if isinstance(prepared, bool):
            return prepared
        try:
            receipt = await self.house.outgoing.send(
                prepared.raw, prepared.sender, prepared.recipients, prepared.message_id
            )
        except DeliveryError as e:
            await asyncio.to_thread(self._refused, prepared, e)
        except ServiceUnreachable as e:
            await asyncio.to_thread(self._refused, prepared, e)
            raise
        else:
            await asyncio.to_thread(self._sent, prepared, receipt)
        return True

    async def close(self) -> None:
        """Lets go of the connection."""
        await self.house.outgoing.close()

    def _prepare(self) -> Envelope | bool:
        """The next mail, composed and stored; True: a letter turned out to have nowhere to go; False: nothing due."""
        now = self.house.clock()
        with self.house.database.session() as s:
            first = self._next(s, now)
            if first is None:
                return False
            if first.raw is None:
                try:
                    return self._compose(s, self._gathered(s, first, now), now)
                except ServiceUnreachable:
                    raise  # an outage of the blob store: the letter is as good as before
                except (VaguemestreError, LookupError, ValueError, TypeError) as e:
                    # A template that a coordinator changed, a fact that is missing: this letter waits and is seen;
                    # every other one leaves.
                    log.exception("letter cannot be written", extra={"event": "letter.unwritten", "letter": first.id})
                    self._unwritten(s, first, f"{type(e).__name__} : {e}", now)
                    return True
            rows = s.scalars(select(LetterRow).where(LetterRow.message_id == first.message_id)).unique().all()
            try:
                raw = self.house.blobs.get(first.raw)
            except ServiceUnreachable:
                raise
            except VaguemestreError as e:  # these bytes are lost: no others may leave under their Message-ID
                for row in rows:
                    fail(s, self.house, row, str(e))
                return True
        return self._envelope(rows, raw)

    def _unwritten(self, s: Session, row: LetterRow, why: str, now: dt.datetime) -> None:
        row.attempts += 1
        row.error = why
        row.claimed_by = row.claimed_until = None
        row.next_try_at = now + retry.wait(self.house.config.schedule, row.attempts)
        if row.attempts >= self.house.config.schedule.attempts:
            fail(s, self.house, row, why)

    def _next(self, s: Session, now: dt.datetime) -> LetterRow | None:
        ready = or_(LetterRow.next_try_at.is_(None), LetterRow.next_try_at <= now)
        ours = LetterRow.group.in_(list(self.house.groups))  # those of a group no longer configured wait
        waiting = select(LetterRow).where(LetterRow.due_at <= now, ready, ours)
        waiting = waiting.order_by(LetterRow.due_at, LetterRow.id)
        for state in ("sending", "due"):  # what was begun first
            while (row := self.house.database.claim(s, waiting.where(LetterRow.state == state), now)) is not None:
                opens = self._opens(row, now)
                if opens <= now:
                    return row
                row.next_try_at, row.claimed_by, row.claimed_until = opens, None, None
                s.flush()
        return None

    def _opens(self, row: LetterRow, now: dt.datetime) -> dt.datetime:
        """From when the letter may leave: reminders and chasers that an outage held back wait for working hours."""
        if not row.office_hours or row.group not in self.house.groups:
            return now
        department = row.dossier.member.department if row.dossier else None
        return Days(self.house.groups[row.group].calendar, department).open(now)

    def _gathered(self, s: Session, first: LetterRow, now: dt.datetime) -> list[LetterRow]:
        """The letters that leave in one mail with `first`."""
        if first.role not in TO_A_MEMBER or first.fixed_subject:
            return [first]
        others: Select[LetterRow] = (
            select(LetterRow)
            .where(
                LetterRow.state == "due",
                LetterRow.due_at <= now,
                or_(LetterRow.next_try_at.is_(None), LetterRow.next_try_at <= now),
                LetterRow.group == first.group,
                LetterRow.role.in_(TO_A_MEMBER),
                LetterRow.fixed_subject.is_(None),
                LetterRow.recipients == first.recipients,
                LetterRow.id != first.id,
            )
            .order_by(LetterRow.due_at, LetterRow.id)
            .with_for_update(skip_locked=True, of=LetterRow)
        )
        return [first, *(x for x in s.scalars(others).unique() if self._opens(x, now) <= now)]

    def _compose(self, s: Session, rows: Sequence[LetterRow], now: dt.datetime) -> Envelope | bool:
        if not rows[0].recipients:
            for row in rows:
                fail(s, self.house, row, "aucune adresse connue")
            return True
        message_id = f"<{secrets.token_hex(16)}@{parseaddr(self._sender(rows[0].group))[1].rpartition('@')[2]}>"
        mail = message(self.house, s, self.renderer, rows, message_id=message_id, date=now)
        raw = mail.as_bytes()
        sha256 = self.house.blobs.put(raw)
        names = [p.get_filename() or "" for p in mail.iter_attachments()]
        for row in rows:
            row.state, row.message_id, row.raw, row.subject = "sending", message_id, sha256, str(mail["Subject"])
            row.attachment_names = names
            row.claimed_by, row.claimed_until = rows[0].claimed_by, rows[0].claimed_until
        return self._envelope(rows, raw)

    def _envelope(self, rows: Sequence[LetterRow], raw: bytes) -> Envelope:
        return Envelope(
            letters=tuple(r.id for r in rows),
            raw=raw,
            sender=parseaddr(self._sender(rows[0].group))[1],
            recipients=tuple(rows[0].recipients),  # in rehearsal the port sends it home instead
            message_id=str(rows[0].message_id),
        )

    def _sender(self, group: str) -> str:
        return sender(self.house, group)

    def _sent(self, envelope: Envelope, receipt: Receipt) -> None:
        now = self.house.clock()
        with self.house.database.session() as s:
            for row in _rows(s, envelope):
                row.state, row.sent_at, row.error = "sent", now, None
                row.attempts += 1
                row.claimed_by = row.claimed_until = row.next_try_at = None
                if row.dossier is not None:
                    row.dossier.next_at = now  # that it is sent is a fact, too: decide looks again
                ref = row.dossier.ref if row.dossier else None
                journal.append(s, now, "letter.sent", ref, key=row.key, message_id=row.message_id)
                for address, (code, words) in receipt.refusals.items():
                    undeliverable(s, self.house, row, f"{address} : {code} {words}")

    def _refused(self, envelope: Envelope, error: DeliveryError | ServiceUnreachable) -> None:
        now = self.house.clock()
        schedule = self.house.config.schedule
        permanent = isinstance(error, DeliveryError) and error.permanent
        with self.house.database.session() as s:
            for row in _rows(s, envelope):
                row.attempts += 1
                row.tried_at = row.tried_at or now
                row.error = str(error)
                row.claimed_by = row.claimed_until = None
                row.next_try_at = now + retry.wait(schedule, row.attempts)
                if permanent or now - row.tried_at > dt.timedelta(hours=schedule.delivery_hours):
                    fail(s, self.house, row, str(error))


def _rows(s: Session, envelope: Envelope) -> Sequence[LetterRow]:
    return s.scalars(select(LetterRow).where(LetterRow.id.in_(envelope.letters)).order_by(LetterRow.id)).unique().all()


def sender(house: House, group: str) -> str:
    """Whom a group's letters come from: the configured sender, else the group's own address under its name."""
    rules = house.groups[group]
    return house.config.outgoing.sender or formataddr((rules.letters.signature[0], rules.mailbox))


def message(
    house: House,
    s: Session,
    renderer: Renderer,
    rows: Sequence[LetterRow],
    *,
    message_id: str,
    date: dt.datetime,
) -> EmailMessage:
    """The one mail of these letters."""
    first = rows[0]
    rules = house.groups[first.group]
    thread = _thread(s, rows)
    shown, enclosed = pictures(house, s, rows), [*attachments(house, s, rows), *enclosures(house, s, rows)]
    if first.template == "digest":  # its charts and its workbook are made of the same facts, as of the same instant
        at = {k: dt.datetime.fromisoformat(first.facts[k]) for k in ("since", "until")}
        _, shown, enclosed = _digest(gather(s, rules, **at, period=first.facts["period"]))
    return compose(
        [Due(r.key, r.kind, r.template, r.facts, r.fixed_subject) for r in rows],
        renderer=renderer,
        role=first.role,
        to=list(first.recipients),
        sender=sender(house, first.group),
        reply_to=rules.mailbox if house.config.outgoing.sender else None,
        message_id=message_id,
        date=date,
        in_reply_to=thread[-1] if thread else None,
        references=thread[:-1],
        attachments=enclosed,
        pictures=shown,
        rehearsal=house.config.outgoing.rehearsal,
    )


def _digest(facts: DigestFacts) -> tuple[str, list[Picture], list[Attachment]]:
    letter, shown, enclosed = digest(facts)
    return letter.key, list(shown), list(enclosed)


def preview(house: House, letter_id: int) -> EmailMessage:
    """A letter's mail: as it was sent, or as it would be sent now."""
    import email
    from email.policy import default

    with house.database.session() as s:
        row = s.get_one(LetterRow, letter_id)
        if row.raw is not None:
            raw = house.blobs.get(row.raw)
        else:
            renderer = Renderer(house.config.letters.templates)
            raw = message(house, s, renderer, [row], message_id="<apercu@localhost>", date=house.clock()).as_bytes()
    return email.message_from_bytes(raw, policy=default)


def _thread(s: Session, rows: Sequence[LetterRow]) -> list[str]:
    """The Message-IDs above this mail: of the mail it answers, else of the dossier's last one from the same address."""
    answered = [r.mail_id for r in rows if r.mail_id is not None]
    if not answered and rows[0].role in TO_A_MEMBER:
        dossiers = [r.dossier_id for r in rows if r.dossier_id is not None]
        answered = list(s.scalars(select(MessageRow.mail_id).where(MessageRow.dossier_id.in_(dossiers))))
    if not answered:
        return []
    mail = s.scalars(select(MailRow).where(MailRow.id.in_(answered)).order_by(MailRow.id.desc()).limit(1)).first()
    if mail is None or not mail.message_id or mail.sender not in rows[0].recipients:
        return []
    return [*mail.thread, mail.message_id]


def fail(s: Session, house: House, row: LetterRow, why: str) -> None:
    """A letter that will not leave: on the books with its reason, and told to the coordinator (once a letter)."""
    now = house.clock()
    row.state, row.error, row.next_try_at = "failed", why, None
    row.claimed_by = row.claimed_until = None
    journal.append(s, now, "letter.failed", row.dossier.ref if row.dossier else None, key=row.key, why=why)
    log.error("letter failed", extra={"event": "letter.failed", "letter": row.id})
    undeliverable(s, house, row, why)


def undeliverable(s: Session, house: House, row: LetterRow, why: str) -> None:
    """Tells the coordinators that a letter did not reach its addressee; a letter to themselves tells nobody.

    Once an address: a file that left again, to another one, may be lost again.
    """
    lost = select(LetterRow).where(
        LetterRow.key.startswith(f"{row.key}/", autoescape=True), LetterRow.key.endswith("/undelivered")
    )
    told_of = [x.facts.get("lost_to", row.recipients) for x in s.scalars(lost).unique()]
    if row.role == "coordinator" or row.recipients in told_of:
        return
    key = f"{row.key}/{len(told_of) + 1}/undelivered" if told_of else f"{row.key}/undelivered"
    to = ", ".join(row.recipients) or "(aucune adresse)"
    told = f"La lettre «\u00a0{row.subject or 'sans objet'}\u00a0» n’a pu être remise à {to}\u00a0: {why}."
    ask = "Vérifiez l’adresse dans le recensement, ou joignez le destinataire par un autre moyen."
    if row.role == "provider" and row.kind in ("forward", "list"):
        ask = (
            "Faites corriger l’adresse du prestataire dans la configuration ([providers])\u00a0: l’envoi repartira "
            "aussitôt, avec ses pièces jointes."
        )
    elif row.role == "provider":
        ask = "Vérifiez l’adresse du prestataire, ou joignez-le par un autre moyen."
    facts = {
        "member": None,
        "message": None,
        **{k: v for k, v in row.facts.items() if k in ("group", "dossier", "member", "about")},
        "at": house.clock().isoformat(),
        "to": "coordinator",
        "addressee": {"name": ""},
        **tell.escalation("undeliverable", told, ask),
        "lost_to": list(row.recipients),
    }
    dossier: DossierRow | None = row.dossier
    s.add(
        LetterRow(
            key=key,
            kind="escalation",
            group=row.group,
            dossier=dossier,
            role="coordinator",
            recipients=list(house.config.coordinators.get(row.group, ())),
            template="escalation",
            facts=facts,
            due_at=house.clock(),
        )
    )
