"""The days that a procedure promises: when each is due, whether it is reached or late, who asks after it when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from rules import schema
from rules.calendar import Days
from rules.departments import filled
from rules.facts import holds
from rules.history import History
from rules.records import Dossier, Milestone, News
from rules.schema import Lot

_REACHED = {"reached", "opened", "appointment"}  # outcomes of a provider's news
_STOPPED = {"refused", "question"}  # the provider waits: so does the clock


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One milestone of this dossier."""

    rule: schema.Milestone
    record: Milestone
    reached: dt.date | None
    chase_at: dt.datetime | None  # somebody is asked after it, unless it is reached before
    escalate_at: dt.datetime | None
    turns_at: dt.datetime | None  # its state changes then by time alone


def milestones(lot: Lot, dossier: Dossier, told: History, days: Days) -> tuple[Step, ...]:
    """All milestones that this dossier has, in the lot's order. None where the dossier is over."""
    rules = _mine(lot, told)
    news = [n for n in dossier.news if n.kind == "milestone" and n.at <= told.now]
    reached = _reached(rules, news, days)
    pause = _pauses(dossier, news, told.now)
    due: dict[str, dt.date | None] = {}
    out: list[Step] = []
    for rule in rules:
        start = _start(rule, told, days, reached, due)
        due[rule.id] = _due(rule, start, pause, days)
        step = _step(rule, start, due[rule.id], reached.get(rule.id), paused=_open(pause), told=told, days=days)
        what = filled(rule.what, dossier.member.department)
        out.append(replace(step, record=replace(step.record, what=what)))
    return tuple(out)


def opened(dossier: Dossier, now: dt.datetime, lot: Lot) -> dt.datetime | None:
    """When the provider said that the account is open."""
    opening = {m.id for m in lot.milestones if m.opens}
    for n in sorted((n for n in dossier.news if n.kind == "milestone" and n.at <= now), key=lambda n: n.at):
        outcome = n.data.get("outcome")
        if outcome == "opened" or (outcome == "reached" and n.data.get("milestone") in opening):
            return n.at
    return None


def _mine(lot: Lot, told: History) -> list[schema.Milestone]:
    """One rule for each id: the first whose conditions hold."""
    out: dict[str, schema.Milestone] = {}
    for rule in lot.milestones:
        if rule.id not in out and holds(rule.when, told.standing.facts):
            out[rule.id] = rule
    return list(out.values())


def _reached(rules: list[schema.Milestone], news: list[News], days: Days) -> dict[str, dt.date]:
    out: dict[str, dt.date] = {}
    for n in sorted(news, key=lambda n: n.at):
        if n.data.get("outcome") not in _REACHED:
            continue
        named = n.data.get("milestone")
        for rule in rules:
            if rule.id == named or (rule.opens and n.data.get("outcome") == "opened"):
                out.setdefault(rule.id, _on(n, days))
    # An open account has been confirmed and validated before, told or not.
    last = next((i for i, rule in enumerate(rules) if rule.opens and rule.id in out), None)
    for rule in rules[: last or 0]:
        out.setdefault(rule.id, out[rules[last or 0].id])
    return out


def _on(news: News, days: Days) -> dt.date:
    said = news.data.get("on")
    return dt.date.fromisoformat(str(said)) if said else days.date(news.at)


def _start(
    rule: schema.Milestone,
    told: History,
    days: Days,
    reached: Mapping[str, dt.date],
    due: Mapping[str, dt.date | None],
) -> dt.date | None:
    """The day from which it counts; None while it has not come."""
    met = dict(told.met_at)
    named = {"order": told.ordered_at, "listed": told.listed_at}  # J, not the paper of that name
    for start in rule.starts:
        if start in named:
            at = named[start]
        else:
            at = met[start] if start in met and told.standing.state(start) == "met" else None
        if at:
            return days.date(at)
        day = reached.get(start) or due.get(start)
        if day:
            return day
    return None


Pauses = list[tuple[dt.datetime, dt.datetime | None]]


def _pauses(dossier: Dossier, news: list[News], now: dt.datetime) -> Pauses:
    """From the provider's question or refusal to the member's next mail; None: it still owes an answer."""
    out: Pauses = []
    for n in sorted(news, key=lambda n: n.at):
        if n.data.get("outcome") not in _STOPPED or (out and (out[-1][1] is None or out[-1][1] >= n.at)):
            continue
        answers = [m.received_at for m in dossier.messages if m.role == "member" and n.at < m.received_at <= now]
        answers += [x.at for x in news if x.data.get("outcome") in _REACHED and x.at > n.at]
        out.append((n.at, min(answers, default=None)))
    return out


def _open(pauses: Pauses) -> bool:
    return bool(pauses) and pauses[-1][1] is None


def _due(rule: schema.Milestone, start: dt.date | None, pauses: Pauses, days: Days) -> dt.date | None:
    count = rule.working_days if rule.hours is None else -(-rule.hours // 24)
    if start is None or count is None:
        return None
    due = days.add(start, count)
    for first, last in pauses:
        if last is not None and days.date(first) <= due and days.date(last) > start:
            due = days.add(due, days.between(max(days.date(first), start), days.date(last)))
    return due


def _step(
    rule: schema.Milestone,
    start: dt.date | None,
    due: dt.date | None,
    reached: dt.date | None,
    *,
    paused: bool,
    told: History,
    days: Days,
) -> Step:
    shown = None if paused and reached is None else due
    waiting = reached is None and shown is not None and not told.over
    late_at = days.start(shown + dt.timedelta(days=1)) if waiting and shown else None
    late = late_at is not None and told.now >= late_at
    state = "reached" if reached else "late" if late else "waiting"
    chase_at = escalate_at = None
    base = shown or (start if rule.working_days is None and rule.hours is None else None)
    if rule.chase and base and reached is None and not paused and not told.over:
        chase_at = days.opening(days.add(base, rule.chase.after))
        escalate_at = chase_at
        if rule.chase.to == "provider":
            escalate_at = days.opening(days.add(days.date(chase_at), rule.chase.escalate))
    return Step(
        rule=rule,
        record=Milestone(id=rule.id, due=shown or reached, state=state, what=rule.what),  # type: ignore[arg-type]
        reached=reached,
        chase_at=chase_at,
        escalate_at=escalate_at,
        turns_at=late_at if not late else None,
    )
