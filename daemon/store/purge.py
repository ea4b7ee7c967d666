"""What goes when its time is over: first the rows that hold or name it, in one transaction, then the bytes.

A mail goes when no dossier needs it any more; bytes go when no row needs them. Until then their name stands in
`spent_blobs`: whatever dies in between is taken up again. What stays says that something was there, never what.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from daemon.store import journal
from daemon.store.models import (
    DossierRow,
    EventRow,
    LetterRow,
    MailRow,
    MessageRow,
    NewsRow,
    PieceRow,
    PlacementRow,
    ReadingRow,
    ReviewRow,
    SpentRow,
)

PURGED = "purged"  # news: nothing before it is known any more
KEPT = ("milestone", "outcome", "on", "key", "state", "complete_at", "heard")  # of a news: days and outcomes, no words


def in_dossier(mail: Any = MailRow) -> ColumnElement[bool]:
    """Whether a dossier still holds the mail, or a paper of it."""
    placed = exists().where(PlacementRow.piece_id == PieceRow.id, PieceRow.mail_id == mail.id)
    return or_(exists().where(MessageRow.mail_id == mail.id), placed)


def dossier(s: Session, row: DossierRow, at: dt.datetime) -> None:
    """All that a dossier holds, and the mails that no other one needs. Its ref, state and days stay."""
    messages = s.scalars(select(MessageRow).where(MessageRow.dossier_id == row.id).order_by(MessageRow.id)).all()
    placed = select(PieceRow.mail_id).join(PlacementRow, PlacementRow.piece_id == PieceRow.id)
    mails = {m.mail_id for m in messages} | set(s.scalars(placed.where(PlacementRow.dossier_id == row.id)))
    # Reminders of the member's other dossiers count from its last mail, whatever it was about.
    heard = [m.record["received_at"] for m in messages if m.record.get("role", "member") == "member"]
    for model in (PlacementRow, MessageRow, ReviewRow):
        s.execute(delete(model).where(model.dossier_id == row.id))
    _news(s, row)
    for x in s.scalars(select(LetterRow).where(LetterRow.dossier_id == row.id, LetterRow.purged_at.is_(None))).unique():
        letter(s, x, at)
    complete_at = row.complete_at.isoformat() if row.complete_at else None
    data = {"state": row.state, "complete_at": complete_at, "heard": heard}
    s.add(NewsRow(dossier_id=row.id, kind=PURGED, at=at, data=data))
    row.requirements, row.next_at = [], None
    s.flush()
    free = select(MailRow).where(MailRow.id.in_(mails), MailRow.purged_at.is_(None), ~in_dossier())
    for unneeded in s.scalars(free.order_by(MailRow.id)).all():
        mail(s, unneeded, at)
    personal = or_(EventRow.kind.startswith("news."), EventRow.kind.in_(("review.answered", "letter.failed")))
    lines = select(EventRow).where(EventRow.dossier == row.ref, personal).order_by(EventRow.id)
    journal.forget(s, at, s.scalars(lines).all(), row.ref)
    journal.append(s, at, "dossier.purged", row.ref)
    _member(s, row)


def _news(s: Session, row: DossierRow) -> None:
    for news in s.scalars(select(NewsRow).where(NewsRow.dossier_id == row.id)).all():
        if news.kind == "fact" or (news.kind == "review" and news.data.get("piece") is not None):
            s.delete(news)  # about papers that are gone
        else:
            news.data = {k: v for k, v in news.data.items() if k in KEPT}


def _member(s: Session, row: DossierRow) -> None:
    """The persons of a body all of whose dossiers are purged; its name and number name nobody."""
    purged = select(NewsRow.dossier_id).where(NewsRow.kind == PURGED)
    living = select(DossierRow.id).where(DossierRow.member_id == row.member_id, DossierRow.id.not_in(purged))
    if s.scalar(living.limit(1)) is None:
        row.member.emails, row.member.facts = [], {}


def mail(s: Session, row: MailRow, at: dt.datetime) -> None:
    """A mail that no dossier holds: its words, its papers, what was read in them, and our answers to it."""
    answers = select(LetterRow).where(LetterRow.mail_id == row.id, LetterRow.dossier_id.is_(None))
    for x in s.scalars(answers.where(LetterRow.purged_at.is_(None))).unique():
        letter(s, x, at)
    readings = s.scalars(select(ReadingRow).where(ReadingRow.sha256 == row.sha256)).all()
    spent(s, {row.sha256, *(p["sha256"] for r in readings for p in r.reading["pieces"])})
    for model in (PieceRow, ReviewRow):
        s.execute(delete(model).where(model.mail_id == row.id))
    row.sender = row.message_id = row.reading_id = row.error = None
    row.subject, row.thread, row.purged_at = "", [], at
    s.flush()
    alike = select(MailRow.id).where(MailRow.sha256 == row.sha256, MailRow.purged_at.is_(None))
    if s.scalar(alike.limit(1)) is None:
        s.execute(delete(ReadingRow).where(ReadingRow.sha256 == row.sha256))
    _forget(s, at, "mail.failed", "mail", row.id)
    journal.append(s, at, "mail.purged", mail=row.id)


def letter(s: Session, row: LetterRow, at: dt.datetime) -> None:
    """What a letter said, and to whom. Its key stays: it is not written twice. Of a list, its dossiers' refs stay."""
    if row.raw is not None:
        spent(s, {row.raw})
    row.facts = {k: v for k, v in row.facts.items() if k == "refs"}
    row.recipients, row.attachments, row.attachment_names = [], [], []
    row.subject, row.fixed_subject, row.error, row.raw, row.purged_at = "", None, None, None, at
    if row.dossier_id is None:
        _forget(s, at, "letter.failed", "key", row.key)


def _forget(s: Session, at: dt.datetime, kind: str, name: str, value: object) -> None:
    lines = s.scalars(select(EventRow).where(EventRow.kind == kind, EventRow.dossier.is_(None))).all()
    journal.forget(s, at, [line for line in lines if line.data.get(name) == value])


def spent(s: Session, blobs: Iterable[str]) -> None:
    """These bytes may go as soon as no row needs them. Two may say so at once."""
    insert = postgresql.insert if s.get_bind().dialect.name == "postgresql" else sqlite.insert
    for sha256 in sorted(blobs):
        s.execute(insert(SpentRow).values(sha256=sha256).on_conflict_do_nothing())


def needed(s: Session, sha256: str) -> bool:
    """Whether a row still names the bytes."""
    part = PieceRow.piece.startswith(f"{sha256}#", autoescape=True)
    wanted = (
        select(MailRow.id).where(MailRow.sha256 == sha256, MailRow.purged_at.is_(None)),
        select(PieceRow.id).where(or_(PieceRow.piece == sha256, part)),
        select(LetterRow.id).where(LetterRow.raw == sha256),
    )
    return any(s.scalar(query.limit(1)) is not None for query in wanted)
