"""A file that reached no provider leaves again once the configuration or the rules give another address.

Looked at when the configuration is loaded: at the start and at each reload. The member was told that its file went.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.addresses import recipients
from daemon.house import House
from daemon.store import journal
from daemon.store.models import LetterRow
from rules.records import Letter

KINDS = ("forward", "list")  # what a provider must have; an old chaser is of no use


def take_up(house: House) -> None:
    """Makes those letters due again, to the new address; under a Message-ID of its own, lest it pass for a repeat."""
    now = house.clock()
    with house.database.session() as s:
        lost = select(LetterRow).where(
            LetterRow.role == "provider", LetterRow.kind.in_(KINDS), LetterRow.state.in_(("failed", "bounced"))
        )
        for row in s.scalars(lost.order_by(LetterRow.id)).unique():
            to = _address(house, row)
            if to and to != row.recipients:
                row.recipients, row.state, row.raw, row.error = to, "due", None, None
                row.attempts, row.tried_at, row.next_try_at = 0, None, None
                ref = row.dossier.ref if row.dossier else None
                journal.append(s, now, "letter.readdressed", ref, key=row.key, to=to)
                _overtake(s, row)


def _address(house: House, row: LetterRow) -> list[str]:
    lot = row.dossier.lot if row.dossier else (row.facts.get("lot") or {}).get("id")
    if row.group not in house.groups or lot is None:
        return []
    rules = house.groups[row.group].lot(str(lot))
    letter = Letter(
        key=row.key, kind="forward", to="provider", due_at=row.due_at, template=row.template, provider=rules.provider,
        address=rules.forward_to,
    )  # fmt: skip
    return recipients(house, row.group, letter, lot=str(lot), member=None, sender=None)


def _overtake(s: Session, row: LetterRow) -> None:
    """Word of the failure that has not left yet is no longer true."""
    told = select(LetterRow).where(LetterRow.key.startswith(f"{row.key}/undelivered", autoescape=True))
    for letter in s.scalars(told.where(LetterRow.state == "due")).unique():
        letter.state = "superseded"
