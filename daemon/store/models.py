"""The tables. One row class a table; every change of shape is an Alembic migration (`daemon/migrations`).

Work moves by `state` columns: a runner claims the rows in one state, does one unit, and leaves them in the next, in one
transaction. `Lease` columns say who works on a row; a lease of a dead worker is taken over.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, MetaData, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import DateTime, TypeDecorator

UTC = dt.UTC
Json = JSON().with_variant(JSONB(), "postgresql")


class Instant(TypeDecorator[dt.datetime]):
    """An aware instant, kept in UTC. A naive one is a fault of the program and is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """To UTC; SQLite stores it without its offset."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive instant {value.isoformat()}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, _dialect: Dialect) -> dt.datetime | None:
        """Back to an aware instant in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Names every constraint, so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {dt.datetime: Instant(), dict[str, Any]: Json, list[Any]: Json}  # noqa: RUF012  SQLAlchemy reads it from the class


class Lease:
    """Who works on a row, and until when."""

    claimed_by: Mapped[str | None] = mapped_column(String(80))  # `host:pid:token`
    claimed_until: Mapped[dt.datetime | None]


class ReadingRow(Base):
    """What a parser version read in some bytes; the same bytes are never read twice by it."""

    __tablename__ = "readings"
    __table_args__ = (UniqueConstraint("sha256", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    version: Mapped[str] = mapped_column(String(80))  # parser version and digest of its context
    reading: Mapped[dict[str, Any]]
    read_at: Mapped[dt.datetime]


class MailRow(Lease, Base):
    """A mail taken in. `received` → `read` → `ruled` → `filed`."""

    __tablename__ = "mails"
    __table_args__ = (
        UniqueConstraint("mailbox", "folder", "uidvalidity", "uid"),
        Index("ix_mails_state", "state", "next_try_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    group: Mapped[str] = mapped_column(String(80))
    mailbox: Mapped[str] = mapped_column(String(255))
    folder: Mapped[str] = mapped_column(String(255))
    uidvalidity: Mapped[int] = mapped_column(BigInteger)
    uid: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64), index=True)  # of the raw bytes; the headers alone when too big
    size: Mapped[int] = mapped_column(BigInteger)
    complete: Mapped[bool] = mapped_column(default=True)  # False: over the size limit, only its headers were fetched
    key: Mapped[str] = mapped_column(String(32), index=True)  # stable id: digest of the Message-ID, or of the bytes
    message_id: Mapped[str | None] = mapped_column(String(998))
    thread: Mapped[list[Any]] = mapped_column(default=list)  # Message-IDs it answers, oldest first: for References
    sender: Mapped[str | None] = mapped_column(String(320))
    subject: Mapped[str] = mapped_column(Text, default="")
    received_at: Mapped[dt.datetime]  # by intake
    counts_at: Mapped[dt.datetime | None]  # by ruling: the instant from which its papers and words are known
    state: Mapped[str] = mapped_column(String(12), default="received")
    reading_id: Mapped[int | None] = mapped_column(ForeignKey("readings.id"))
    nature: Mapped[str | None] = mapped_column(String(12))
    authenticity: Mapped[str] = mapped_column(String(8), default="unknown")
    destination: Mapped[str | None] = mapped_column(String(80))
    repeats: Mapped[str | None] = mapped_column(String(32))  # key of the mail that this one is again
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[dt.datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    purged_at: Mapped[dt.datetime | None]  # its words and its bytes are gone since (`daemon.store.purge`)


class MemberRow(Base):
    """A member of a group, from the census or from a document (`known` False)."""

    __tablename__ = "members"
    __table_args__ = (Index("ix_members_group_siret", "group", "siret"), Index("ix_members_group_uai", "group", "uai"))
    id: Mapped[int] = mapped_column(primary_key=True)
    group: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(Text)
    siret: Mapped[str | None] = mapped_column(String(14))
    uai: Mapped[str | None] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(20), default="public")
    department: Mapped[str | None] = mapped_column(String(3))
    emails: Mapped[list[Any]] = mapped_column(default=list)
    functional_email: Mapped[str | None] = mapped_column(String(320))
    lots: Mapped[list[Any]] = mapped_column(default=list)
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    known: Mapped[bool] = mapped_column(default=True)


class DossierRow(Lease, Base):
    """One member, one lot. Its decision is kept as last taken."""

    __tablename__ = "dossiers"
    __table_args__ = (UniqueConstraint("group", "lot", "member_id"), Index("ix_dossiers_next_at", "next_at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(40), unique=True)
    group: Mapped[str] = mapped_column(String(80))
    lot: Mapped[str] = mapped_column(String(40))
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    committed: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(12), default="incomplete")
    opened_at: Mapped[dt.datetime]
    complete_at: Mapped[dt.datetime | None]
    next_at: Mapped[dt.datetime | None]
    requirements: Mapped[list[Any]] = mapped_column(default=list)
    milestones: Mapped[list[Any]] = mapped_column(default=list)
    member: Mapped[MemberRow] = relationship(lazy="joined")


class PieceRow(Base):
    """A document of a mail, as read, with a coordinator's corrections beside it."""

    __tablename__ = "pieces"
    __table_args__ = (UniqueConstraint("mail_id", "piece"), Index("ix_pieces_piece", "piece"))
    id: Mapped[int] = mapped_column(primary_key=True)
    mail_id: Mapped[int] = mapped_column(ForeignKey("mails.id"))
    piece: Mapped[str] = mapped_column(String(90))  # PieceOnFile.id: sha256, `#3-4` for a part of a bundle
    reading: Mapped[dict[str, Any]]  # parsers.records.Piece
    settled: Mapped[dict[str, Any]] = mapped_column(default=dict)  # a person's answer: `fields`, `all`, `refused`
    mail: Mapped[MailRow] = relationship(lazy="joined")


class PlacementRow(Base):
    """A piece in a dossier. The same paper again is placed again, and known by its `piece`."""

    __tablename__ = "placements"
    __table_args__ = (UniqueConstraint("dossier_id", "piece_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    dossier_id: Mapped[int] = mapped_column(ForeignKey("dossiers.id"), index=True)
    piece_id: Mapped[int] = mapped_column(ForeignKey("pieces.id"))
    piece: Mapped[PieceRow] = relationship(lazy="joined")


class MessageRow(Base):
    """A mail that counts in a dossier."""

    __tablename__ = "messages"
    __table_args__ = (UniqueConstraint("dossier_id", "mail_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    dossier_id: Mapped[int] = mapped_column(ForeignKey("dossiers.id"), index=True)
    mail_id: Mapped[int] = mapped_column(ForeignKey("mails.id"))
    record: Mapped[dict[str, Any]]  # rules.records.Message


class NewsRow(Base):
    """What became known of a dossier other than by a piece."""

    __tablename__ = "news"
    id: Mapped[int] = mapped_column(primary_key=True)
    dossier_id: Mapped[int] = mapped_column(ForeignKey("dossiers.id"), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    at: Mapped[dt.datetime]
    data: Mapped[dict[str, Any]]


class LetterRow(Lease, Base):
    """A letter that we owe. Its key is unique: it exists once, whatever dies when."""

    __tablename__ = "letters"
    __table_args__ = (Index("ix_letters_state", "state", "due_at"), Index("ix_letters_message_id", "message_id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(255), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    group: Mapped[str] = mapped_column(String(80))
    dossier_id: Mapped[int | None] = mapped_column(ForeignKey("dossiers.id"), index=True)
    mail_id: Mapped[int | None] = mapped_column(ForeignKey("mails.id"))  # the mail it answers: threading
    role: Mapped[str] = mapped_column(String(12))
    recipients: Mapped[list[Any]]
    template: Mapped[str] = mapped_column(String(80))
    facts: Mapped[dict[str, Any]]
    attachments: Mapped[list[Any]] = mapped_column(default=list)  # piece ids
    attachment_names: Mapped[list[Any]] = mapped_column(default=list)  # as sent
    fixed_subject: Mapped[str | None] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(12), default="due")
    due_at: Mapped[dt.datetime]
    office_hours: Mapped[bool] = mapped_column(default=False)  # leaves in the group's open hours alone
    sent_at: Mapped[dt.datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    tried_at: Mapped[dt.datetime | None]  # when it was first refused: what it was owed before is no fault of a server's
    next_try_at: Mapped[dt.datetime | None]
    message_id: Mapped[str | None] = mapped_column(String(255))  # shared by letters gathered in one mail
    raw: Mapped[str | None] = mapped_column(String(64))  # blob of the composed mail
    error: Mapped[str | None] = mapped_column(Text)
    purged_at: Mapped[dt.datetime | None]  # what it said, and to whom, is gone since; its key and its dates stay
    dossier: Mapped[DossierRow | None] = relationship(lazy="joined")


class ReviewRow(Base):
    """A question to the coordinator, and its answer."""

    __tablename__ = "reviews"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(255), unique=True)
    dossier_id: Mapped[int | None] = mapped_column(ForeignKey("dossiers.id"), index=True)
    mail_id: Mapped[int | None] = mapped_column(ForeignKey("mails.id"))
    piece: Mapped[str | None] = mapped_column(String(90))
    questions: Mapped[list[Any]]
    asked_at: Mapped[dt.datetime]
    answered_at: Mapped[dt.datetime | None]
    answered_by: Mapped[str | None] = mapped_column(String(320))
    answer: Mapped[str | None] = mapped_column(Text)
    dossier: Mapped[DossierRow | None] = relationship(lazy="joined")


class SpentRow(Base):
    """Bytes that may go from the blob store as soon as no row needs them."""

    __tablename__ = "spent_blobs"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)


class EventRow(Base):
    """A line of the journal. Append-only; each carries the hash of the one before.

    The hash covers the data by its digest: data whose time is over can go (`journal.forget`), the chain still holds.
    """

    __tablename__ = "events"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime]
    dossier: Mapped[str | None] = mapped_column(String(40), index=True)  # ref
    kind: Mapped[str] = mapped_column(String(40), index=True)
    data: Mapped[dict[str, Any]]
    digest: Mapped[str | None] = mapped_column(String(64))  # of the data; None in lines of the first revision
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
