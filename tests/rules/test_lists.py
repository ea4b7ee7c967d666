"""Automatic lots: the coordinator checks the list, the provider gets it, additions follow."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from rules.lists import Approval, automatic, decide_list
from rules.records import Dossier
from tests.rules.dossiers import LDMEMS, SCHOOL, at, dossier, news

VOTE = LDMEMS.lot("vote")
NOON = at("2025-12-02T12:00")


def school(number: int, **more: object) -> Dossier:
    d = dossier(
        "vote", committed=True, member=replace(SCHOOL, name=f"École {number}"), opened_at=at("2025-12-01T09:00")
    )
    return replace(d, ref=f"LDMEMS-VOTE-000{number}", **more)  # type: ignore[arg-type]


def test_only_automatic_lots_have_lists() -> None:
    assert [x.id for x in LDMEMS.lots if automatic(x)] == ["vote", "pdf", "signature"]


def test_a_list_is_asked_then_sent_then_added_to() -> None:
    first = (school(1), school(2))
    asked = decide_list(LDMEMS, VOTE, first, (), NOON)
    assert asked.question is not None
    assert asked.letters == ()
    assert asked.refs == ("LDMEMS-VOTE-0001", "LDMEMS-VOTE-0002")
    assert "2 établissements" in asked.question.questions[0]
    key = asked.question.facts["list_key"]
    ok = Approval(key=key, refs=asked.refs, at=NOON)
    sent = decide_list(LDMEMS, VOTE, first, [ok], NOON)
    assert [x.key for x in sent.letters] == [key]
    assert sent.question is None
    letter = sent.letters[0]
    assert (letter.kind, letter.provider, letter.facts["additions"]) == ("list", "kercia", False)
    assert [m["name"] for m in letter.facts["members"]] == ["École 1", "École 2"]
    more = decide_list(LDMEMS, VOTE, (*first, school(3)), [ok], NOON)
    assert more.question is not None
    assert more.question.facts["additions"]
    assert more.refs == ("LDMEMS-VOTE-0003",)


def test_the_order_of_dossiers_does_not_matter_and_a_refusal_waits_for_a_change() -> None:
    both = (school(1), school(2))
    one, two = (decide_list(LDMEMS, VOTE, d, (), NOON) for d in (both, both[::-1]))
    assert one == two
    assert one.question is not None
    no = Approval(key=one.question.facts["list_key"], refs=one.refs, at=NOON, approved=False)
    assert decide_list(LDMEMS, VOTE, both, [no], NOON).question is None
    assert decide_list(LDMEMS, VOTE, both[:1], [no], NOON).question is not None


@pytest.mark.parametrize("kind", ["withdrawn", "closed", "listed"])
def test_who_is_out_or_listed_is_on_no_list(kind: str) -> None:
    out = school(1, news=(news(kind, "2025-12-02T09:00"),))
    assert decide_list(LDMEMS, VOTE, [out], (), NOON).question is None


def test_nobody_is_listed_that_nobody_committed_and_nothing_is_asked_at_night() -> None:
    stranger = school(1, committed=False)
    assert decide_list(LDMEMS, VOTE, [stranger], (), NOON).question is None
    assert decide_list(LDMEMS, VOTE, [replace(stranger, news=(news("admitted", "2025-12-02T09:00"),))], (), NOON).refs
    night = decide_list(LDMEMS, VOTE, [school(1)], (), at("2025-12-05T23:00"))
    assert night.question is None
    assert night.next_at == at("2025-12-08T08:00")


def test_instants_are_aware() -> None:
    with pytest.raises(ValueError, match="naive"):
        Approval(key="k", refs=(), at=NOON.replace(tzinfo=None))


def test_what_is_held_back_waits_until_the_list_is_asked_again() -> None:
    both = [school(1), school(2)]
    first = decide_list(LDMEMS, VOTE, both, (), NOON)
    assert first.question is not None
    key = first.question.facts["list_key"]
    held = both[1].ref
    but_one = Approval(key=key, refs=first.refs, at=NOON, without=(held,))
    later = NOON + dt.timedelta(hours=1)
    told = decide_list(LDMEMS, VOTE, both, [but_one], later)
    assert [x.facts["refs"] for x in told.letters] == [[both[0].ref]]
    assert told.question is None, "the coordinator has said so"
    grown = decide_list(LDMEMS, VOTE, [*both, school(3)], [but_one], later)
    assert held in grown.refs
    again = decide_list(LDMEMS, VOTE, both, [but_one], later, [later])
    assert again.refs == (held,)
    assert again.question is not None
    assert again.question.facts["additions"]
    assert again.letters == told.letters


def test_a_refused_list_is_asked_again_when_the_coordinator_says_so() -> None:
    both = [school(1), school(2)]
    first = decide_list(LDMEMS, VOTE, both, (), NOON)
    assert first.question is not None
    no = Approval(key=first.question.facts["list_key"], refs=first.refs, at=NOON, approved=False)
    later = NOON + dt.timedelta(hours=1)
    again = decide_list(LDMEMS, VOTE, both, [no], later, [later])
    assert again.question is not None
    assert again.question.id != first.question.id, "a new question, a new letter"
    after = later + dt.timedelta(minutes=5)
    refused = Approval(key=again.question.facts["list_key"], refs=again.refs, at=after, approved=False)
    assert decide_list(LDMEMS, VOTE, both, [no, refused], after, [later]).question is None


def test_who_withdrew_since_the_question_does_not_leave_with_the_list() -> None:
    both = [school(1), school(2)]
    asked = decide_list(LDMEMS, VOTE, both, (), NOON)
    assert asked.question is not None
    out = replace(both[1], news=(news("withdrawn", "2025-12-02T12:30"),))
    ok = Approval(key=asked.question.facts["list_key"], refs=asked.refs, at=NOON + dt.timedelta(hours=1))
    now = NOON + dt.timedelta(hours=2)
    decision = decide_list(LDMEMS, VOTE, [both[0], out], [ok], now)
    assert [x.facts["refs"] for x in decision.letters] == [[both[0].ref]]
    back = replace(out, news=(*out.news, news("reopened", "2025-12-02T13:30")))
    assert decide_list(LDMEMS, VOTE, [both[0], back], [ok], now).refs == (out.ref,), "an addition now"
