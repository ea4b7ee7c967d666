"""The engine: SQLite (WAL, synchronous FULL) by default, PostgreSQL by URL; migrated to the newest shape on opening."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Engine, Select, create_engine, event, or_, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from daemon.errors import ServiceUnreachable
from daemon.store.models import DossierRow, LetterRow, MailRow

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
HOST = socket.gethostname()[:40]
LEASE = dt.timedelta(minutes=15)

Claimable = TypeVar("Claimable", MailRow, LetterRow, DossierRow)


def _sqlite(engine: Engine) -> None:
    """Durable and concurrent: WAL, FULL, and transactions that take the write lock at once instead of failing late."""

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN is late and deferred: we say BEGIN IMMEDIATE
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


class Database:
    """Sessions on one database. `with database.session() as s:` is one transaction."""

    def __init__(self, url: str | URL, lease: dt.timedelta = LEASE) -> None:
        self.lease = lease  # longer than the longest unit: a message's reading limit
        parsed = make_url(url)
        self.sqlite = parsed.get_backend_name() == "sqlite"
        if self.sqlite and parsed.database not in (None, "", ":memory:"):
            Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
        # What a mail says stays out of errors, and so out of the logs.
        self.engine = create_engine(url, pool_pre_ping=not self.sqlite, hide_parameters=True)
        if self.sqlite:
            _sqlite(self.engine)
        self.worker = f"{HOST}:{os.getpid()}:{secrets.token_hex(4)}"
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    def migrate(self) -> None:
        """To the newest shape. Two daemons starting at once: the database's own locks let one do it."""
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with _reachable(), self.engine.begin() as connection:
            if not self.sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(728364191)"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back on an exception."""
        with _reachable(), self._sessions.begin() as session:
            yield session

    def claim(self, session: Session, query: Select[Claimable], now: dt.datetime, runner: str = "") -> Claimable | None:
        """The first row of `query` that nobody works on, leased to us; others skip it (`FOR UPDATE SKIP LOCKED`).

        `runner` tells apart those of one process that do the same work side by side.
        """
        worker = self.worker + runner
        model: Any = query.column_descriptions[0]["type"]
        free = or_(model.claimed_until.is_(None), model.claimed_until < now, model.claimed_by == worker)
        row = session.scalars(query.where(free).limit(1).with_for_update(skip_locked=True, of=model)).first()
        if row is not None:
            row.claimed_by, row.claimed_until = worker, now + self.lease
        return row

    def serialise(self, session: Session, group: str) -> None:
        """Others who decide for the group wait for this transaction's end; SQLite has one writer anyway."""
        if not self.sqlite:
            session.execute(text("SELECT pg_advisory_xact_lock(728364193, hashtext(:g))"), {"g": group})

    def hold_blobs(self, session: Session, *, alone: bool = False) -> None:
        """Until this transaction's end no bytes are removed; `alone`: nobody puts down a mail's bytes either."""
        if self.sqlite:
            session.connection()  # begins: whoever writes waits
        else:
            session.execute(text(f"SELECT pg_advisory_xact_lock{'' if alone else '_shared'}(728364194)"))

    def release_dead(self) -> None:
        """Frees what a worker of this machine held that no longer lives, so that a restart goes on at once."""
        with self.session() as s:
            for model in (MailRow, LetterRow, DossierRow):
                holders = s.execute(Select(model.claimed_by).where(model.claimed_by.is_not(None)).distinct()).scalars()
                dead = [h for h in holders if h and h.startswith(f"{HOST}:") and not _alive(int(h.split(":")[1]))]
                if dead:
                    s.execute(
                        update(model).where(model.claimed_by.in_(dead)).values(claimed_by=None, claimed_until=None)
                    )

    def close(self) -> None:
        """Returns the connections."""
        self.engine.dispose()


@contextmanager
def _reachable() -> Iterator[None]:
    """A database that does not answer, or is full or locked, is a service out of reach: worth trying again."""
    try:
        yield
    except DatabaseError as e:
        if type(e) is DatabaseError:  # the file itself; its subclasses are faults of a statement
            raise ServiceUnreachable(
                f"la base de données est illisible : {e.orig}", "restaurez une sauvegarde de [store] database"
            ) from e
        if not isinstance(e, OperationalError):
            raise
        raise ServiceUnreachable(
            f"la base de données ne répond pas : {e.orig}", "vérifiez [store] database et le serveur"
        ) from e


def _alive(pid: int) -> bool:
    if pid == os.getpid():
        return False  # a lease under our own pid that is not this object's: a former process with the same number
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
