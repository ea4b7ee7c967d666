"""`vaguemestre plan`: which letters would be due by an instant. A simulation: nothing is written, nothing is sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.addresses import recipients
from daemon.clock import PARIS
from daemon.commands.common import house, instant, print_json, table
from daemon.house import House
from daemon.store import books
from daemon.store.models import DossierRow, LetterRow
from rules.decide import decide
from rules.records import Dossier, Letter, LetterOnFile
from rules.schema import Group


def simulate(
    group: Group, dossier: Dossier, now: dt.datetime, until: dt.datetime
) -> Iterator[tuple[dt.datetime, Letter]]:
    """The letters that come into being from `now` to `until` if nothing comes in, each at its instant and sent."""
    at = now
    while True:
        decision = decide(group, dossier, at)
        filed = {x.key for x in dossier.letters}
        new = [x for x in decision.letters if x.key not in filed]
        yield from ((at, x) for x in new)
        sent = (
            LetterOnFile(
                key=x.key, kind=x.kind, due_at=x.due_at, sent_at=max(at, x.due_at), state="sent", facts=x.facts
            )
            for x in new
        )
        dossier = replace(dossier, letters=(*dossier.letters, *sent))
        if decision.next_at is None or decision.next_at > until or decision.next_at <= at:
            return
        at = decision.next_at


def due(h: House, s: Session, now: dt.datetime, until: dt.datetime) -> Iterator[dict[str, Any]]:
    """The contract's letters: those due on the books and not sent, then those that would come."""
    for x in s.scalars(
        select(LetterRow).where(LetterRow.state.in_(("due", "sending"))).order_by(LetterRow.id)
    ).unique():
        yield _row(x.due_at, x.key, x.kind, x.group, [x.dossier.ref] if x.dossier else [], x.recipients, x.subject)
    wanted = select(DossierRow).where(DossierRow.next_at <= until, DossierRow.group.in_(list(h.groups)))
    for row in s.scalars(wanted.order_by(DossierRow.id)).unique():
        group = h.groups[row.group]
        dossier = books.dossier(s, row)
        for at, letter in simulate(group, dossier, min(max(now, row.next_at or now), until), until):
            sender = next((m.sender for m in dossier.messages if m.id == letter.answers), None)
            to = recipients(h, row.group, letter, lot=row.lot, member=dossier.member, sender=sender)
            yield _row(max(at, letter.due_at), letter.key, letter.kind, row.group, [row.ref], to, letter.subject or "")


def _row(
    at: dt.datetime, key: str, kind: str, group: str, refs: list[str], to: list[Any], subject: str
) -> dict[str, Any]:
    return {
        "key": key,
        "kind": kind,
        "group": group,
        "dossiers": refs,
        "to": to,
        "subject": subject,
        "state": "due",
        "due_at": at.astimezone(PARIS).isoformat(timespec="seconds"),
        "sent_at": None,
        "attempts": 0,
        "message_id": None,
        "attachments": [],
    }


def plan(at: str, *, json: bool, config: Path | None) -> None:
    """Prints them."""
    until = instant(at)()
    with house(config) as h, h.database.session() as s:
        rows = sorted(due(h, s, min(h.clock(), until), until), key=lambda r: str(r["due_at"]))
        s.rollback()
    if json:
        print_json(rows)
        return
    table(
        ("quand", "lettre", "dossier", "à", "clé"),
        (
            (r["due_at"][:16].replace("T", " "), r["kind"], ", ".join(r["dossiers"]), ", ".join(r["to"]), r["key"])
            for r in rows
        ),
        title=f"Lettres qui seraient dues d’ici au {until.astimezone(PARIS):%d/%m/%Y %H:%M}",
    )
