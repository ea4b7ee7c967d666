"""The watch must be able to fail: rules broken on purpose, one at a time, and the invariant that sees it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from rules.decide import decide
from rules.records import Decision, Dossier
from rules.schema import Calendar, Group
from tests.simulation.invariants import PARIS, Broken
from tests.simulation.people import LDMEMS
from tests.simulation.shell import Decide
from tests.simulation.year import START, Year


def _at_any_hour(group: Group, dossier: Dossier, now: dt.datetime) -> Decision:
    """People are at work day and night."""
    return decide(group.model_copy(update={"calendar": Calendar(opens=0, closes=24)}), dossier, now)


def _a_paper_left_behind(group: Group, dossier: Dossier, now: dt.datetime) -> Decision:
    """A forward forgets its first paper."""
    real = decide(group, dossier, now)
    cut = (replace(x, attachments=x.attachments[1:]) if x.template == "forward" else x for x in real.letters)
    return replace(real, letters=tuple(cut))


def _doubts_ignored(group: Group, dossier: Dossier, now: dt.datetime) -> Decision:
    """What the reader doubted is taken for good."""
    return decide(group, replace(dossier, pieces=tuple(replace(p, findings=()) for p in dossier.pieces)), now)


def _refusals_ignored(group: Group, dossier: Dossier, now: dt.datetime) -> Decision:
    """What the coordinator refused is taken for good."""
    pieces = tuple(replace(p, refused=None, findings=()) for p in dossier.pieces)
    return decide(group, replace(dossier, pieces=pieces), now)


def _papers_not_seen(group: Group, dossier: Dossier, now: dt.datetime) -> Decision:
    """Reminders go on whatever came."""
    blind = decide(group, replace(dossier, pieces=(), messages=(), heard_at=()), now)
    return replace(decide(group, dossier, now), letters=blind.letters)


def _again_each_day(group: Group, dossier: Dossier, now: dt.datetime) -> Decision:
    """A letter's key says when it was decided, and not what it answers."""
    real = decide(group, dossier, now)
    named = (replace(x, key=f"{x.key}/{now.date()}") for x in real.letters)
    return replace(real, letters=tuple(named))


def _the_end_not_seen(group: Group, dossier: Dossier, now: dt.datetime) -> Decision:
    """A dossier that is over is written about as before."""
    alive = replace(dossier, news=tuple(n for n in dossier.news if n.kind not in ("closed", "withdrawn")))
    return replace(decide(group, alive, now), state=decide(group, dossier, now).state)


def _asleep(group: Group, dossier: Dossier, now: dt.datetime) -> Decision:
    """Nothing falls due by itself."""
    return replace(decide(group, dossier, now), next_at=None)


def _too_late(group: Group, dossier: Dossier, now: dt.datetime) -> Decision:
    """It is looked at a fortnight after it should be."""
    real = decide(group, dossier, now)
    return replace(real, next_at=real.next_at and real.next_at + dt.timedelta(days=14))


def _not_told(group: Group, dossier: Dossier, now: dt.datetime) -> Decision:
    """Nobody is asked and nobody is told that a member is silent."""
    real = decide(group, dossier, now)
    return replace(real, letters=tuple(x for x in real.letters if x.kind != "escalation"), questions=())


def _backwards(group: Group, dossier: Dossier, now: dt.datetime) -> Decision:
    """An account once opened is forgotten."""
    fresh = tuple(n for n in dossier.news if (now - n.at).days < 20)
    real, tomorrow = decide(group, replace(dossier, news=fresh), now), now + dt.timedelta(days=1)
    return replace(real, next_at=min(real.next_at or tomorrow, tomorrow))


@pytest.mark.parametrize(
    ("broken", "seen"),
    [
        (_at_any_hour, "reminders in working hours only"),
        (_a_paper_left_behind, "every forward is complete|a forward carries papers"),
        (_doubts_ignored, "only good papers forwarded|no forward beside an open doubt"),
        (_refusals_ignored, "only good papers forwarded|no forward beside an open doubt"),
        (_papers_not_seen, "no request for a paper that is there"),
        (_again_each_day, "no paper forwarded twice|no reminder within a week"),
        (_the_end_not_seen, "nothing about what is over"),
        (_asleep, "moving, ended, or on the coordinator's list|nothing owed before next_at"),
        (_too_late, "nothing owed before next_at"),
        (_not_told, "moving, ended, or on the coordinator's list"),
        (_backwards, "active stays active|forwarded goes forward"),
    ],
)
def test_a_broken_rule_is_seen(broken: Decide, seen: str) -> None:
    with pytest.raises(Broken, match=f"^({seen}):"):
        Year(30, seed=3, days=150, decide=broken).run()


def test_a_list_that_nobody_asked_about_is_seen() -> None:
    year = Year(6, seed=3, days=20)
    year.run()
    year.watch.on_lists(START)
    school = next(o for o in year.books.owners if o.group == LDMEMS)
    missing = next(x for x in ("vote", "pdf", "signature") if x not in {s.lot for s in school.sheets})
    noon = dt.datetime(2025, 9, 23, 12, tzinfo=PARIS)
    year.books.open(school, missing, noon, committed=True)
    with pytest.raises(Broken, match="no list overlooked"):
        year.watch.on_lists(noon)
