"""A dossier on the table: group, lot, history, milestones and state, together, as all letters need them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rules.calendar import Days
from rules.history import History, ack_key, acknowledged, tell
from rules.milestones import Step, milestones, opened
from rules.records import Dossier, DossierState, LetterOnFile
from rules.schema import Group, Lot


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """Everything derived from a dossier as of `now`."""

    group: Group
    lot: Lot
    dossier: Dossier
    now: dt.datetime
    days: Days
    told: History
    steps: tuple[Step, ...]
    filed: frozenset[str]  # keys of its letters on file
    gone: Mapping[str, LetterOnFile]  # those that have left: what they said is said
    opened_at: dt.datetime | None  # the provider opened the account
    state: DossierState

    def facts(self, key: str, make: Callable[[], dict[str, Any]]) -> Mapping[str, Any]:
        """What the letter of that key says: what it said where it has left, else what `make` tells now."""
        gone = self.gone.get(key)
        return make() if gone is None else gone.facts

    def spoken_before(self, at: dt.datetime) -> dt.datetime | None:
        """When the member was last written to about this dossier before `at`, mails not yet answered left out."""
        mails = [m for m in self.dossier.messages if acknowledged(m)]
        answered = {m.received_at for m in mails if ack_key(self.dossier, m) in self.gone}
        waiting = {m.received_at for m in mails} - answered
        spoken = (i for i in self.told.spoken if i not in waiting and (i < at or (i == at and i in answered)))
        return max(spoken, default=None)

    @property
    def provider(self) -> str:
        """The provider's name."""
        return self.group.providers[self.lot.provider].name


def study(group: Group, dossier: Dossier, now: dt.datetime) -> Case:
    """The case of a dossier. KeyError where the group has no such lot."""
    lot = group.lot(dossier.lot)
    days = Days(group.calendar, dossier.member.department)
    told = tell(group, lot, dossier, now)
    opened_at = opened(dossier, now, lot)
    return Case(
        group=group,
        lot=lot,
        dossier=dossier,
        now=now,
        days=days,
        told=told,
        filed=frozenset(x.key for x in dossier.letters),
        gone={x.key: x for x in dossier.letters if x.state not in {"due", "superseded"}},
        steps=milestones(lot, dossier, told, days),
        opened_at=opened_at,
        state=_state(dossier, told, active=opened_at is not None),
    )


def _state(dossier: Dossier, told: History, *, active: bool) -> DossierState:
    if told.withdrawn_at:
        return "withdrawn"
    if told.closed_at:
        return "closed"
    if told.kept:
        return told.kept
    if active:
        return "active"
    if told.sendings or told.listed_at:
        return "forwarded"
    if not told.admitted or any(v.state == "review" for v in told.standing.verdicts):
        return "review"
    if told.complete_at:
        return "complete"
    heard = any(m.role == "member" and m.received_at <= told.now for m in dossier.messages)
    return "incomplete" if told.standing.verdicts or heard or not dossier.committed else "expected"
