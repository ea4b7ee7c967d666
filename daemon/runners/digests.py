"""The coordinators' report: daily or weekly as the group's rules say, in its open hours; none when there is nothing."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.digest.digest import letter
from daemon.digest.facts import DigestFacts, Period
from daemon.digest.gather import gather
from daemon.house import House
from daemon.store.decisions import add_letter
from daemon.store.models import LetterRow, MailRow
from rules.calendar import Days
from rules.schema import Group

LONGEST_SILENCE = dt.timedelta(days=7)  # a quiet group still hears of us once a week


def due(s: Session, group: Group, now: dt.datetime) -> DigestFacts | None:
    """The facts of the report that must leave now, if one must."""
    # Holidays spare the members; whoever coordinates wants to know what came in meanwhile.
    days = Days(group.calendar.model_copy(update={"closures": [], "school_zone": None}), None)
    if days.open(now) > now:
        return None
    local = now.astimezone(days.zone)
    if local.hour < group.digest.hour or (group.digest.every == "week" and local.weekday() < group.digest.weekday):
        return None
    period: Period = "day" if group.digest.every == "day" else "week"
    last = s.scalar(
        select(LetterRow.due_at)
        .where(LetterRow.group == group.id, LetterRow.kind == "digest")
        .order_by(LetterRow.due_at.desc())
        .limit(1)
    )
    begun = s.scalar(select(MailRow.received_at).where(MailRow.group == group.id).order_by(MailRow.id).limit(1))
    since = last or begun
    if since is None or since >= now:
        return None
    since_local = since.astimezone(days.zone)
    same_day = since_local.date() == local.date()
    same_week = since_local.isocalendar()[:2] == local.isocalendar()[:2]
    if same_day or (period == "week" and same_week):
        return None
    facts = gather(s, group, since=since, until=now, period=period)
    return None if facts.quiet and last is not None and now - last < LONGEST_SILENCE else facts


def step(house: House, s: Session, now: dt.datetime) -> bool:
    """One group's report, where one must leave."""
    for group in house.groups.values():
        if not house.config.coordinators.get(group.id):
            continue
        facts = due(s, group, now)
        if facts is not None and add_letter(house, s, group.id, letter(facts), now) is not None:
            return True
    return False
