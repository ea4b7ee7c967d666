"""Ruling: files the pieces of a mail in their dossiers, and asks the rules what is owed. One mail, one transaction."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from daemon import reviews
from daemon.errors import ServiceUnreachable, VaguemestreError
from daemon.house import House
from daemon.mailbox import Folder
from daemon.runners import automatic, digests
from daemon.runners.lists import ListDesk
from daemon.runners.reading import put_off
from daemon.store import books, census, journal
from daemon.store.decisions import add_letter, settle
from daemon.store.models import (
    DossierRow,
    EventRow,
    LetterRow,
    MailRow,
    MemberRow,
    MessageRow,
    NewsRow,
    PieceRow,
    PlacementRow,
    ReadingRow,
    ReviewRow,
)
from parsers.records import Finding, Piece, Reading
from rules.facts import asked
from rules.filing import file_mail
from rules.incoming import Incoming, Writer, as_message
from rules.provider_news import provider_of
from rules.records import Filing, Member, OpenDossier
from rules.replies import questioned
from rules.who import Census

log = logging.getLogger(__name__)
OVER = ("withdrawn", "closed")


class Ruling:
    """One unit is one mail, or one dossier whose time has come."""

    name = "ruling"

    def __init__(self, house: House) -> None:
        self.house = house
        self._lists = ListDesk(house)

    async def step(self) -> bool:
        """Mails first, oldest first; then dossiers; then lists and reports."""
        return await asyncio.to_thread(self._step)

    def _step(self) -> bool:
        now = self.house.clock()
        at: tuple[type[MailRow | DossierRow], int] | None = None
        try:
            with self.house.database.session() as s:
                row = self._next(s, now)
                if row is None:
                    return self._lists.step(s, now) or digests.step(self.house, s, now)
                at = type(row), row.id
                self.house.database.serialise(s, row.group)
                if isinstance(row, MailRow):
                    rule(self.house, s, row)
                else:
                    self._settle(s, row, now)
                row.claimed_by = row.claimed_until = None
        except ServiceUnreachable:
            raise  # an outage is nobody's fault: it costs no try
        except Exception as e:
            # What the rules stumble over must not stop the next one: a mail is tried again, then put aside, with its
            # reason on the books; a dossier is looked at later. The transaction was rolled back: nothing is half done.
            if at is None:
                raise
            log.exception("ruling failed", extra={"event": "ruling.failed", "table": at[0].__tablename__, "row": at[1]})
            self._failed(*at, str(e) if isinstance(e, VaguemestreError) else f"{type(e).__name__}: {e}")
        return True

    def _next(self, s: Session, now: dt.datetime) -> MailRow | DossierRow | None:
        """A mail, oldest first; else a dossier whose time has come. Those of a group no longer configured wait."""
        groups = list(self.house.groups)
        ready = or_(MailRow.next_try_at.is_(None), MailRow.next_try_at <= now)
        read = select(MailRow).where(MailRow.state == "read", ready, MailRow.group.in_(groups)).order_by(MailRow.id)
        due = select(DossierRow).where(DossierRow.next_at <= now, DossierRow.group.in_(groups))
        return self.house.database.claim(s, read, now) or self.house.database.claim(
            s, due.order_by(DossierRow.next_at, DossierRow.id), now
        )

    def _settle(self, s: Session, row: DossierRow, now: dt.datetime) -> None:
        settle(self.house, s, row, now)
        if row.next_at is not None and row.next_at <= now:
            log.error("dossier does not settle", extra={"event": "ruling.unsettled", "dossier": row.ref})
            row.next_at = None

    def _failed(self, table: type[MailRow | DossierRow], number: int, why: str) -> None:
        now = self.house.clock()
        with self.house.database.session() as s:
            row: Any = s.get_one(table, number)
            if isinstance(row, MailRow):
                put_off(row, self.house, why)
                journal.append(s, now, "mail.failed", mail=row.id, why=why, attempts=row.attempts, state=row.state)
                return
            row.next_at = now + dt.timedelta(seconds=self.house.config.schedule.retry_max_seconds)
            last = s.scalars(select(EventRow).where(EventRow.dossier == row.ref).order_by(EventRow.id.desc())).first()
            if last is None or (last.kind, last.data) != ("dossier.failed", {"why": why}):  # told once, not every hour
                journal.append(s, now, "dossier.failed", row.ref, why=why)


def rule(house: House, s: Session, mail: MailRow) -> None:
    """A mail's papers, words and consequences onto the books; it is then `ruled` and waits for filing."""
    now = house.clock()
    mail.counts_at = now
    reading = books.READING.validate_python(s.get_one(ReadingRow, mail.reading_id).reading)
    reason = _repeat(s, mail, reading) or automatic.rule(house, s, mail, reading)
    if reason is None:
        incoming = _incoming(s, mail, reading, now)
        books_ = _Books(s, mail.group)
        rules = house.groups[mail.group]
        kept = house.config.members.file is not None or _imported(s, mail.group)
        census_ = Census(_members(s, mail.group), rules.shared_domains, kept=kept)
        configured = tuple(house.config.providers.items())
        filing = file_mail(rules, incoming, census_, books_, configured)
        _apply(house, s, mail, incoming, filing)
        mail.destination, reason = filing.folder, filing.reason
    mail.state, mail.attempts, mail.next_try_at = "ruled", 0, None
    journal.append(s, now, "mail.ruled", mail=mail.id, folder=mail.destination, why=reason)


def _repeat(s: Session, mail: MailRow, reading: Reading) -> str | None:
    """The same mail again (Message-ID, and the same papers): nothing, and it goes where the first one went."""
    earlier = s.scalars(
        select(MailRow)
        .where(
            MailRow.group == mail.group,
            MailRow.key == mail.key,
            MailRow.id != mail.id,
            MailRow.state.in_(("ruled", "filed")),
            MailRow.destination != Folder.IN_ERROR,
        )
        .order_by(MailRow.id)
    ).all()
    papers = sorted(books.piece_id(p) for p in reading.pieces)
    for other in earlier:
        if other.purged_at is not None:
            mail.repeats, mail.destination = other.key, other.destination
            return f"le même message que le nº {other.id}, dont la durée de conservation est passée"
        if other.reading_id is None:
            continue
        read = books.READING.validate_python(s.get_one(ReadingRow, other.reading_id).reading)
        if sorted(books.piece_id(p) for p in read.pieces) == papers:
            mail.repeats, mail.destination = other.key, other.destination
            return f"le même message que le nº {other.id}"
    return None


def _incoming(s: Session, mail: MailRow, reading: Reading, now: dt.datetime) -> Incoming:
    """The mail with what we know of its sender: proven where it quotes a letter that we sent to that very address."""
    head = reading.mail
    assert head is not None
    quoted = s.scalars(select(LetterRow).where(LetterRow.message_id.in_(head.in_reply_to))).unique()
    answered = [x for x in quoted if head.from_ in x.recipients and x.group == mail.group]
    if answered and mail.authenticity == "unknown":
        mail.authenticity = "pass"
    threads = dict.fromkeys(x.dossier.ref for x in answered if x.dossier is not None)
    return Incoming(
        id=mail.key,
        received_at=now,
        reading=reading,
        authenticity=mail.authenticity,  # type: ignore[arg-type]  # one of three words
        threads=tuple(threads),
    )


class _Books:
    """Open dossiers, as filing asks for them."""

    def __init__(self, s: Session, group: str) -> None:
        self._s, self._group = s, group

    def of(self, member: Member) -> list[OpenDossier]:
        """The member's, oldest first."""
        row = census.find(self._s, self._group, member)
        return [] if row is None else [_open(self._s, d) for d in self._rows(DossierRow.member_id == row.id)]

    def ref(self, ref: str) -> OpenDossier | None:
        """The one of that ref."""
        return next((_open(self._s, d) for d in self._rows(DossierRow.ref == ref)), None)

    def _rows(self, condition: ColumnElement[bool]) -> Sequence[DossierRow]:
        query = select(DossierRow).where(DossierRow.group == self._group, DossierRow.state.not_in(OVER), condition)
        return self._s.scalars(query.order_by(DossierRow.id)).unique().all()


def _members(s: Session, group: str) -> list[Member]:
    return [
        books.member(r) for r in s.scalars(select(MemberRow).where(MemberRow.group == group).order_by(MemberRow.id))
    ]


def _imported(s: Session, group: str) -> bool:
    known = select(MemberRow.id).where(MemberRow.group == group, MemberRow.known)
    return s.scalar(known.limit(1)) is not None


def _open(s: Session, row: DossierRow) -> OpenDossier:
    sent = [x for x in books.letters(s, row) if x.sent_at is not None]
    return OpenDossier(
        ref=row.ref,
        lot=row.lot,
        member=books.member(row.member),
        state=row.state,
        opened_at=row.opened_at,
        owed=tuple(r["kind"] for r in row.requirements if r["state"] in ("missing", "refused")),
        asked=tuple(asked(sent)),
        questioned=questioned(books.news(s, row)),
    )


def _apply(house: House, s: Session, mail: MailRow, incoming: Incoming, filing: Filing) -> None:
    now = house.clock()
    pieces = [_keep_piece(s, mail, p) for p in incoming.reading.pieces]
    touched: dict[int, DossierRow] = {}
    brought: dict[int, list[PieceRow]] = {}
    for member, lot in filing.opens:
        row = _dossier_of(house, s, mail.group, member, lot)
        touched[row.id] = row
    for placement in filing.placements:
        piece = pieces[placement.piece]
        _add_findings(piece, placement.findings)
        for lot in placement.lots:
            row = _dossier_of(house, s, mail.group, placement.member, lot)
            touched[row.id] = row
            brought.setdefault(row.id, []).append(piece)
    for ref in filing.concerns:
        row = s.scalars(select(DossierRow).where(DossierRow.ref == ref)).unique().one()
        touched[row.id] = row
    for ref, news in filing.news:
        row = s.scalars(select(DossierRow).where(DossierRow.ref == ref)).unique().one()
        s.add(NewsRow(dossier_id=row.id, kind=news.kind, at=news.at, data=dict(news.data)))
        journal.append(s, now, f"news.{news.kind}", ref, **news.data)
        touched[row.id] = row
    writer = _writer(house, mail)
    for row in touched.values():
        _message(s, mail, incoming, row, brought.get(row.id, []), writer)
    s.flush()
    for letter in filing.letters:
        add_letter(house, s, mail.group, letter, now, member=filing.member, mail=mail)
    _wake_siblings(s, touched, now)
    for row in touched.values():
        settle(house, s, row, now)


def _dossier_of(house: House, s: Session, group: str, member: Member, lot: str) -> DossierRow:
    rules = house.groups[group]
    now = house.clock()
    row, _ = census.keep(s, group, member, now)
    dossier, fresh = books.open_dossier(
        s,
        group=group,
        lot=lot,
        member=row,
        prefix=f"{rules.prefix}-{lot.upper()}",
        at=now,
        wide=books.wide_kinds(rules),
    )
    if fresh and not row.known:
        _as_before(s, dossier, now)
    return dossier


def _as_before(s: Session, dossier: DossierRow, now: dt.datetime) -> None:
    """A body that the coordinator turned away is turned away with its further dossiers: it is asked once a body."""
    asked_ = select(ReviewRow.answer).join(DossierRow, DossierRow.id == ReviewRow.dossier_id)
    asked_ = asked_.where(DossierRow.member_id == dossier.member_id, ReviewRow.key.startswith(reviews.ADMISSION))
    if any(str(answer).startswith("refuser") for answer in s.scalars(asked_)):
        s.add(NewsRow(dossier_id=dossier.id, kind="withdrawn", at=now, data={}))
        journal.append(s, now, "news.withdrawn", dossier.ref)


def _keep_piece(s: Session, mail: MailRow, piece: Piece) -> PieceRow:
    row = PieceRow(mail=mail, piece=books.piece_id(piece), reading=books.plain(piece), settled={})
    known = s.scalars(select(PieceRow).where(PieceRow.mail_id == mail.id, PieceRow.piece == row.piece)).unique().first()
    if known is not None:  # the same file twice in one mail
        return known
    s.add(row)
    s.flush()
    return row


def _add_findings(row: PieceRow, findings: Sequence[tuple[str, str]]) -> None:
    if findings:
        piece = books.PIECE.validate_python(row.reading)
        added = [books.plain(Finding(code=code, text=sentence)) for code, sentence in findings]
        row.reading = {**books.plain(piece), "findings": [*books.plain(piece)["findings"], *added]}


def _writer(house: House, mail: MailRow) -> Writer:
    if mail.sender in house.config.coordinators.get(mail.group, ()):
        return "coordinator"
    configured = tuple(house.config.providers.items())
    return "provider" if provider_of(house.groups[mail.group], mail.sender, configured) else "member"


def _message(
    s: Session, mail: MailRow, incoming: Incoming, row: DossierRow, pieces: list[PieceRow], writer: Writer
) -> None:
    there = set(
        s.scalars(
            select(PieceRow.piece)
            .join(PlacementRow, PlacementRow.piece_id == PieceRow.id)
            .where(PlacementRow.dossier_id == row.id)
        )
    )
    names = list(dict.fromkeys(p.piece for p in pieces))
    new, again = [n for n in names if n not in there], [n for n in names if n in there]
    record = as_message(incoming, new, again, writer)
    s.add(MessageRow(dossier_id=row.id, mail_id=mail.id, record=books.plain(record)))
    for piece in {p.id: p for p in pieces}.values():
        s.add(PlacementRow(dossier_id=row.id, piece=piece))


def _wake_siblings(s: Session, touched: dict[int, DossierRow], now: dt.datetime) -> None:
    """The member's other dossiers look again: reminders wait when a member writes, the lead may have changed."""
    for member_id in {r.member_id for r in touched.values()}:
        for row in s.scalars(select(DossierRow).where(DossierRow.member_id == member_id)).unique():
            if row.id not in touched:
                row.next_at = now
