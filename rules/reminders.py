"""What a member owes, told once and reminded of: request, three reminders, then the coordinator.

Only the newest of these is due: after a downtime nobody gets three reminders at once. What arrives starts the
count anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from rules import tell
from rules.calendar import Days
from rules.case import Case
from rules.correspondents import reply_role
from rules.history import Owing
from rules.records import Dossier, Letter, Role
from rules.schema import Group


def owed_letters(case: Case) -> Iterator[Letter]:
    """The one letter about what is owed that is due by now, if any."""
    yield from _start(case)
    owing, dossier, count = case.told.owing, case.dossier, case.group.reminders.count
    if owing is None:
        return
    due = [(at, n) for n, at in _instants(case.group, owing, case.days) if at <= case.now]
    if not due:
        return
    at, n = max(due)
    asked = {**tell.situation(case, owing.told_at if n == 0 and owing.told_at else at), "missing": _asked(case)}
    if n == 0:
        heard = [m for m in dossier.messages if m.received_at == owing.told_at and m.role == "member"]
        message = max(heard, key=lambda m: m.id, default=None)
        to: Role = reply_role(dossier.member, message) if message else "member"
        yield Letter(
            key=f"{dossier.ref}/missing/{owing.told}/0",
            kind="missing",
            to=to,
            due_at=at,
            template="missing",
            answers=message.id if message else None,
            office_hours=owing.reason == "invitation",
            facts={**tell.common(case, at, to), **asked, "reason": owing.reason},
        )
    elif n <= count:
        yield Letter(
            key=f"{dossier.ref}/missing/{owing.key}/{n}",
            kind="reminder",
            to="member",
            due_at=at,
            template="reminder",
            office_hours=True,
            facts={
                **tell.common(case, at, "member"),
                **asked,
                "n": n,
                "of": count,
                "last": n == count,
                "earlier": _sent(dossier, owing, below=n),
                "since": owing.since.isoformat(),
                "received": [
                    {"what": v.name, "on": v.piece.received_at.isoformat()}
                    for v in case.told.standing.verdicts
                    if v.state == "met" and v.rule
                ],
            },
        )
    else:
        sent = _sent(dossier, owing, below=n)
        text = "L’adhérent n’a pas répondu à nos rappels." if sent else "L’adhérent n’a pas envoyé ce qu’il doit."
        yield Letter(
            key=f"{dossier.ref}/escalation/silent/{owing.key}",
            kind="escalation",
            to="coordinator",
            due_at=at,
            template="escalation",
            office_hours=True,
            facts={
                **tell.common(case, at, "coordinator"),
                **tell.escalation("silent", text, "Prendre contact avec l’adhérent, ou clore le dossier."),
                "missing": asked["missing"],
                "questions": asked["questions"],
                "reminders": sent,
            },
        )


def _start(case: Case) -> Iterator[Letter]:
    """A member that begins by itself is told how, once; its lead dossier's invitation says so already."""
    dossier, at = case.dossier, case.days.open(case.dossier.opened_at)
    waits = case.told.starts == "member" and dossier.committed and not dossier.lead
    if waits and at <= case.now and not case.told.over and not case.told.standing.verdicts:
        yield Letter(
            key=f"{dossier.ref}/start",
            kind="confirmation",
            to="member",
            due_at=at,
            template="missing",
            office_hours=True,
            facts={
                **tell.common(case, at, "member"),
                **tell.situation(case, at),
                "missing": [],
                "reason": "invitation",
            },
        )


def owed_turns(case: Case) -> Iterator[dt.datetime]:
    """The instants at which the next of them falls due."""
    yield case.days.open(case.dossier.opened_at)
    if case.told.owing is not None:
        yield from (at for _, at in _instants(case.group, case.told.owing, case.days))


def _instants(group: Group, owing: Owing, days: Days) -> Iterator[tuple[int, dt.datetime]]:
    """(n, when it falls due): 0 tells, 1 to `count` remind, the last goes to the coordinator."""
    base = owing.anchor
    if owing.told_at is not None:
        first = days.open(owing.told_at) if owing.reason == "invitation" else owing.told_at
        yield 0, first
        base = max(base, first)
    every = group.reminders
    day = days.date(base)
    for n in range(1, every.count + 1):
        day = days.add(day, every.first if n == 1 else every.every)
        at = days.opening(day)
        day = days.date(at)  # a closure puts the following ones off too
        yield n, at
    yield every.count + 1, days.opening(days.add(day, every.escalate))


def _asked(case: Case) -> list[tell.Json]:
    """What this dossier asks for: what is due group-wide is asked for by the member's lead dossier alone."""
    return [m for m in tell.missing(case) if case.dossier.lead or not m["group_wide"]]


def _sent(dossier: Dossier, owing: Owing, below: int) -> list[str]:
    """When the reminders of this count before the n-th really left."""
    keys = {f"{dossier.ref}/missing/{owing.key}/{n}" for n in range(1, below)}
    return [x.sent_at.isoformat() for x in dossier.letters if x.key in keys and x.sent_at is not None]
