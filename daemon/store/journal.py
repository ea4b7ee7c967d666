"""The journal: append-only events, each with the hash of the one before, so that a line changed later shows.

A line's hash covers its data by their digest. Data whose time is over are forgotten: the line stays, its digest with
it, and a later line names it. Data that went without such a word show as a broken chain.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from daemon.store.models import EventRow

GENESIS = "0" * 64


FORGOTTEN = "journal.forgotten"  # event: {lines: ids}


def _digest(value: Any) -> str:
    line = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(line.encode()).hexdigest()


def _hash(previous: str, at: dt.datetime, dossier: str | None, kind: str, told: Mapping[str, Any] | str) -> str:
    """`told`: the data's digest; the data themselves in lines of the first revision."""
    return _digest([previous, at.astimezone(dt.UTC).isoformat(timespec="microseconds"), dossier, kind, told])


def append(session: Session, at: dt.datetime, kind: str, dossier: str | None = None, **data: Any) -> EventRow:
    """Adds a line in the caller's transaction. Writers queue: on PostgreSQL by a lock, on SQLite by its one writer."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(728364192)"))
    session.flush()
    previous = session.scalar(select(EventRow.hash).order_by(EventRow.id.desc()).limit(1)) or GENESIS
    data = json.loads(json.dumps(data, ensure_ascii=False))  # as it will come back, so that its hash can be checked
    digest = _digest(data)
    hash_ = _hash(previous, at, dossier, kind, digest)
    row = EventRow(at=at, dossier=dossier, kind=kind, data=data, digest=digest, previous=previous, hash=hash_)
    session.add(row)
    session.flush()
    return row


def forget(session: Session, at: dt.datetime, rows: Iterable[EventRow], dossier: str | None = None) -> None:
    """Empties these lines and says so in a new one. Lines of the first revision stay: their hash holds their data."""
    emptied = [row for row in rows if row.data and row.digest is not None and row.kind != FORGOTTEN]
    for row in emptied:
        row.data = {}
    if emptied:
        append(session, at, FORGOTTEN, dossier, lines=[row.id for row in emptied])


def verify(session: Session) -> int | None:
    """The id of the first line that does not follow from the one before; None where the chain is whole."""
    previous = GENESIS
    empty: list[int] = []
    forgotten: set[int] = set()
    for row in session.scalars(select(EventRow).order_by(EventRow.id)).yield_per(500):
        told = row.data if row.digest is None else row.digest
        if row.previous != previous or row.hash != _hash(previous, row.at, row.dossier, row.kind, told):
            return row.id
        if row.digest is not None and row.digest != _digest(row.data):
            if row.data:
                return row.id
            empty.append(row.id)
        if row.kind == FORGOTTEN:
            forgotten.update(row.data.get("lines", ()))
        previous = row.hash
    return next((i for i in empty if i not in forgotten), None)
