"""A changed rule: every dossier of its group is looked at again, once. `replay` shows beforehand what would change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from daemon.house import House
from daemon.store import books, journal
from daemon.store.models import DossierRow, EventRow
from rules.decide import decide
from rules.schema import Group

LOADED = "rules.loaded"


def digest(group: Group) -> str:
    """Changes whenever anything in the group's rules does."""
    return hashlib.sha256(group.model_dump_json().encode()).hexdigest()[:16]


def take_up(house: House) -> None:
    """Wakes the dossiers of every group whose rules are not those last run with."""
    now = house.clock()
    with house.database.session() as s:
        for group in house.groups.values():
            known = [
                e.data["digest"]
                for e in s.scalars(select(EventRow).where(EventRow.kind == LOADED).order_by(EventRow.id))
                if e.data["group"] == group.id
            ]
            if known[-1:] == [digest(group)]:
                continue
            journal.append(s, now, LOADED, group=group.id, digest=digest(group))
            if known:
                s.execute(update(DossierRow).where(DossierRow.group == group.id).values(next_at=now))


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One letter under today's rules against the books."""

    dossier: str
    what: str  # `kept`, `new`, `gone`
    key: str
    kind: str
    state: str  # of the letter on the books, empty for a new one


def replay(house: House, s: Session) -> Iterator[Change]:
    """What today's rules would make of everything on the books, dossier by dossier. Writes nothing."""
    now = house.clock()
    rows = select(DossierRow).where(DossierRow.group.in_(list(house.groups)))
    for row in s.scalars(rows.order_by(DossierRow.id)).unique():
        dossier = books.dossier(s, row)
        owed = {x.key: x for x in decide(house.groups[row.group], dossier, now).letters}
        filed = {x.key: x for x in dossier.letters if x.state != "superseded" and x.key.startswith(f"{row.ref}/")}
        for key, old in filed.items():
            if not key.endswith("/undelivered"):
                what = "kept" if key in owed else "gone"
                yield Change(dossier=row.ref, what=what, key=key, kind=old.kind, state=old.state)
        for key, new in owed.items():
            if key not in {x.key for x in dossier.letters}:
                yield Change(dossier=row.ref, what="new", key=key, kind=new.kind, state="")
