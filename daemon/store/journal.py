"""The journal: append-only events, each with the hash of the one before, so that a line changed later shows."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from daemon.store.models import EventRow

GENESIS = "0" * 64


def _hash(previous: str, at: dt.datetime, dossier: str | None, kind: str, data: Mapping[str, Any]) -> str:
    line = json.dumps(
        [previous, at.astimezone(dt.UTC).isoformat(timespec="microseconds"), dossier, kind, data],
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(line.encode()).hexdigest()


def append(session: Session, at: dt.datetime, kind: str, dossier: str | None = None, **data: Any) -> EventRow:
    """Adds a line in the caller's transaction. Writers queue: on PostgreSQL by a lock, on SQLite by its one writer."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(728364192)"))
    session.flush()
    previous = session.scalar(select(EventRow.hash).order_by(EventRow.id.desc()).limit(1)) or GENESIS
    data = json.loads(json.dumps(data, ensure_ascii=False))  # as it will come back, so that its hash can be checked
    row = EventRow(
        at=at, dossier=dossier, kind=kind, data=data, previous=previous, hash=_hash(previous, at, dossier, kind, data)
    )
    session.add(row)
    session.flush()
    return row


def verify(session: Session) -> int | None:
    """The id of the first line that does not follow from the one before; None where the chain is whole."""
    previous = GENESIS
    for row in session.scalars(select(EventRow).order_by(EventRow.id)).yield_per(500):
        if row.previous != previous or row.hash != _hash(previous, row.at, row.dossier, row.kind, row.data):
            return row.id
        previous = row.hash
    return None
