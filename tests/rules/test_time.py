"""Days, hours, reminders and milestones."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace

import pytest

from rules.calendar import Days, school_holidays
from rules.schema import Calendar, Closure
from tests.rules.dossiers import CIG, PARIS, at, decided, dossier, filed, mail, news, one, paper, states

T0 = at("2025-12-04T10:00")
BOTH = (paper("purchase_order", ("5",), T0), paper("account_form", ("5",), T0))


@pytest.mark.parametrize(
    ("department", "day", "works"),
    [
        ("54", "2025-12-26", True),
        ("57", "2025-12-26", False),
        ("67", "2026-04-03", False),
        ("91", "2026-04-03", True),
        ("91", "2026-05-14", False),
        ("91", "2026-05-16", False),
        (None, "2026-05-15", True),
    ],
)
def test_holidays_are_the_departements(department: str | None, day: str, works: bool) -> None:
    assert Days(Calendar(), department).works(dt.date.fromisoformat(day)) is works


def test_moselle_has_thirteen_days_and_nancy_eleven() -> None:
    year = [dt.date(2026, 1, 1) + dt.timedelta(days=i) for i in range(365)]

    def weekdays_off(department: str) -> int:
        days = Days(Calendar(), department)
        return sum(not days.works(d) for d in year if d.weekday() < 5)

    # 26 December 2026 is a Saturday, Good Friday is not: one weekday more in Moselle that year.
    assert weekdays_off("57") - weekdays_off("54") == 1


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ("2025-12-04", 2, "2025-12-08"),
        ("2025-12-05", 1, "2025-12-08"),
        ("2025-12-06", 2, "2025-12-09"),
        ("2025-12-24", 1, "2025-12-26"),
        ("2025-12-06", 0, "2025-12-08"),
    ],
)
def test_working_days_are_counted_from_the_day_after(start: str, count: int, end: str) -> None:
    assert str(Days(Calendar(), "91").add(dt.date.fromisoformat(start), count)) == end


@pytest.mark.parametrize(
    ("instant", "leaves"),
    [
        ("2025-12-04T10:00", "2025-12-04T10:00"),
        ("2025-12-04T07:59", "2025-12-04T08:00"),
        ("2025-12-04T19:00", "2025-12-05T08:00"),
        ("2025-12-05T22:00", "2025-12-08T08:00"),
        ("2025-12-25T10:00", "2025-12-26T08:00"),
    ],
)
def test_reminders_leave_in_working_hours(instant: str, leaves: str) -> None:
    assert Days(Calendar(), "91").open(at(instant)) == at(leaves)


def test_hours_hold_across_the_change_of_clocks() -> None:
    days = Days(Calendar(), "91")
    assert days.open(at("2026-03-28T12:00")) == dt.datetime(2026, 3, 30, 6, tzinfo=dt.UTC)
    assert days.open(dt.datetime(2025, 10, 27, 6, 59, tzinfo=dt.UTC)) == dt.datetime(2025, 10, 27, 7, tzinfo=dt.UTC)


def test_a_closure_puts_reminders_off_for_its_departements_alone() -> None:
    holidays = Closure(first=dt.date(2025, 12, 20), last=dt.date(2026, 1, 4), what="Noël", departments=["54"])
    calendar = Calendar(closures=[holidays])
    assert Days(calendar, "54").open(at("2025-12-22T10:00")) == at("2026-01-05T08:00")
    assert Days(calendar, "91").open(at("2025-12-22T10:00")) == at("2025-12-22T10:00")


@pytest.mark.parametrize(
    ("zone", "asked", "leaves"),
    [
        ("B", "2025-12-22T10:00", "2026-01-05T08:00"),
        ("B", "2026-02-16T10:00", "2026-03-02T08:00"),
        ("A", "2026-02-16T10:00", "2026-02-23T08:00"),
        ("C", "2026-02-16T10:00", "2026-02-16T10:00"),
        ("B", "2026-07-15T10:00", "2026-09-01T08:00"),
        ("B", "2027-04-26T10:00", "2027-05-03T08:00"),
        (None, "2025-12-22T10:00", "2025-12-22T10:00"),
    ],
)
def test_school_holidays_put_reminders_off_where_a_zone_is_named(zone: str | None, asked: str, leaves: str) -> None:
    calendar = Calendar.model_validate({"school_zone": zone})
    assert Days(calendar, "54").open(at(asked)) == at(leaves)
    assert Days(calendar, "54").add(at(asked).date(), 1) == Days(Calendar(), "54").add(at(asked).date(), 1)


def test_school_holidays_are_whole_weeks_of_all_zones() -> None:
    for zone in "ABC":
        told = school_holidays(zone)
        assert [c.what for c in told] == [c.what for c in school_holidays("B")]
        assert all(a.last < b.first for a, b in itertools.pairwise(told))
        assert all(c.first.weekday() == 5 for c in told), "classes end on a Friday evening"


def test_three_reminders_then_the_coordinator_and_only_the_newest() -> None:
    d = dossier("5", BOTH[0])
    expected = [("2025-12-15", "1"), ("2025-12-24", "2"), ("2026-01-06", "3"), ("2026-01-15", None)]
    for day, n in expected:
        morning = at(f"{day}T08:00")
        before = decided(d, morning - dt.timedelta(minutes=1)).letters
        new = [x for x in decided(d, morning).letters if x.key not in {y.key for y in before}]
        assert len(new) == 1
        assert new[0].due_at == morning
        assert new[0].office_hours
        assert new[0].kind == ("reminder" if n else "escalation")
        assert new[0].key.endswith(f"/{n}") or n is None
        d = filed(d, decided(d, morning))
    late = decided(d, "2026-03-01T10:00")
    assert [x.kind for x in late.letters] == ["acknowledgement", "escalation"]
    assert late.letters[-1].facts["text"] == "L’adhérent n’a pas répondu à nos rappels."
    assert len(late.letters[-1].facts["reminders"]) == 3


def test_after_a_downtime_no_reminder_is_made_at_night() -> None:
    d = dossier("5", BOTH[0])
    night = decided(d, "2025-12-24T22:00")
    assert [x.kind for x in night.letters] == ["acknowledgement"]
    assert night.next_at == at("2025-12-26T08:00")
    morning = decided(d, "2025-12-26T08:00")
    assert [x.facts.get("n") for x in morning.letters] == [None, 2]


def test_a_word_from_the_member_starts_the_count_anew() -> None:
    d = dossier("5", BOTH[0])
    question = mail(when=at("2025-12-12T17:00"), new_pieces=())
    heard = replace(d, messages=(*d.messages, question))
    assert [x.kind for x in decided(heard, "2025-12-15T08:00").letters] == ["acknowledgement"]
    assert decided(heard, "2025-12-23T08:00").letters[-1].facts["n"] == 1
    elsewhere = replace(d, heard_at=(at("2025-12-12T17:00"),))
    assert [x.kind for x in decided(elsewhere, "2025-12-15T08:00").letters] == ["acknowledgement"]


def test_an_invitation_waits_for_the_morning_and_is_not_repeated_by_a_question() -> None:
    d = dossier("5", committed=True, opened_at=at("2025-12-06T15:00"))
    assert decided(d, "2025-12-07T12:00").letters == ()
    assert decided(d, "2025-12-07T12:00").next_at == at("2025-12-08T08:00")
    invitation = one(decided(d, "2025-12-08T08:00"), "missing")
    assert invitation.facts["reason"] == "invitation"
    assert [m["id"] for m in invitation.facts["missing"]] == ["order", "form"]
    asked = replace(d, messages=(mail(when=at("2025-12-09T10:00"), new_pieces=()),))
    assert [x.key for x in decided(asked, "2025-12-09T10:00").letters] == [invitation.key]


def test_milestones_wait_are_late_and_are_asked_after_once() -> None:
    d = dossier("5", *BOTH)
    assert [(m.id, m.state) for m in decided(d, "2025-12-08T23:59").milestones] == [
        ("j2", "waiting"),
        ("j4", "waiting"),
    ]
    late = decided(d, "2025-12-09T00:00")
    assert [(m.id, m.state) for m in late.milestones] == [("j2", "late"), ("j4", "waiting")]
    chaser = one(decided(d, "2025-12-09T08:00"), "reminder")
    assert (chaser.key, chaser.to) == ("CIG-5-0001/milestone/j2/chaser", "provider")
    keys = {x.key for x in decided(d, "2025-12-16T08:00").letters}
    assert {k for k in keys if "milestone" in k} == {
        "CIG-5-0001/milestone/j2/escalation",
        "CIG-5-0001/milestone/j4/escalation",
    }


def test_an_open_account_reaches_what_comes_before_it() -> None:
    opened = news("milestone", "2025-12-09T15:00", milestone="j4", outcome="opened")
    decision = decided(dossier("5", *BOTH, news=(opened,)), "2026-02-01T10:00")
    assert decision.state == "active"
    assert [(m.id, m.state) for m in decision.milestones] == [("j2", "reached"), ("j4", "reached")]
    assert [x.template for x in decision.letters if x.to == "member"] == ["milestone"]
    assert not [x for x in decision.letters if x.kind in {"reminder", "escalation"}]
    assert decision.next_at is None


def test_the_clock_stands_while_the_member_owes_the_provider_an_answer() -> None:
    asks = news("milestone", "2025-12-05T10:00", milestone=None, outcome="question", words="Quel utilisateur ?")
    d = dossier("5", *BOTH, news=(asks,))
    stopped = decided(d, "2025-12-19T10:00")
    assert [(m.due, m.state) for m in stopped.milestones] == [(None, "waiting"), (None, "waiting")]
    assert one(stopped, "missing").facts["words"] == "Quel utilisateur ?"
    assert one(stopped, "escalation").facts["reason"] == "provider_question"
    assert one(stopped, "escalation").due_at == at("2025-12-16T08:00")
    reply = mail(when=at("2025-12-10T10:00"), new_pieces=())
    again = decided(replace(d, messages=(*d.messages, reply)), "2025-12-10T10:00")
    assert [str(m.due) for m in again.milestones] == ["2025-12-11", "2025-12-15"]
    assert not [
        x
        for x in decided(replace(d, messages=(*d.messages, reply)), "2025-12-20T10:00").letters
        if "question" in x.key and x.to == "coordinator"
    ]


def test_a_lot_without_milestones_is_put_to_the_coordinator_when_nobody_is_heard_of() -> None:
    contract = paper("merchant_contract", ("tpe",), T0, fields={"merchant_number": "1234567"})
    d = dossier("tpe", contract, lead=False)
    quiet = decided(d, "2026-01-05T10:00")
    assert [x.key for x in quiet.letters if x.kind == "escalation"] == ["LDMEMS-TPE-0001/escalation/quiet/2026-01-05"]


def test_the_prefectures_validation_has_its_own_clock() -> None:
    form = paper("account_form", ("2",), T0, fields={"already_transmitting": True})
    order = paper("purchase_order", ("2",), T0)
    amendment = paper("prefecture_amendment", ("2",), at("2025-12-10T10:00"), signature="handwritten")
    told = news("milestone", "2025-12-10T15:00", milestone="j4", outcome="opened")
    d = dossier("2", order, form, amendment, news=(told,))
    decision = decided(d, "2025-12-11T10:00")
    assert decision.state == "active"
    assert states(decision)["amendment"] == "met"
    assert [(m.id, m.state) for m in decision.milestones][-1] == ("prefecture", "waiting")
    month = decided(d, "2026-01-12T10:00")
    assert [x.to for x in month.letters if "prefecture" in x.key] == ["coordinator"]


def test_webinars_lie_ahead_or_are_replayed() -> None:
    early = at("2022-12-01T10:15")
    d = dossier("2", paper("purchase_order", ("2",), early))
    ahead = one(decided(d, early), "acknowledgement").facts["webinars"]
    assert [w["at"][:16] for w in ahead["upcoming"]] == ["2022-12-01T10:30", "2022-12-13T14:00", "2022-12-13T14:30"]
    assert ahead["register"]
    assert ahead["replays"] == []
    past = one(decided(dossier("2", paper("purchase_order", ("2",), T0)), T0), "acknowledgement").facts["webinars"]
    assert past["upcoming"] == []
    assert past["replays"]
    assert CIG.lot("2").webinars[0].at.astimezone(PARIS).hour == 10
