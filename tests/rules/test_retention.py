"""When a dossier's time is over, and what `decide` says of one that is purged."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from rules.records import Dossier, News
from rules.retention import expires_at
from tests.rules.dossiers import CIG, at, decided, dossier, filed, mail, news, paper

T0 = at("2025-12-04T10:00")
BOTH = (paper("purchase_order", ("5",), T0), paper("account_form", ("5",), T0))
OPENED = news("milestone", "2025-12-10T15:00", milestone="j4", outcome="opened")
LATE = at("2031-02-03T10:00")
DAYS = dt.timedelta(days=CIG.retention.closed)


def purged(d: Dossier, when: dt.datetime, state: str) -> Dossier:
    """As the shell leaves it: news without words, and the one that says so."""
    heard = tuple(sorted({*d.heard_at, *(m.received_at for m in d.messages)}))
    told = News(kind="purged", at=when, data={"state": state, "complete_at": T0.isoformat(), "heard": []})
    kept = tuple(n for n in d.news if n.kind not in {"fact", "review"})
    return replace(d, pieces=(), messages=(), letters=(), news=(*kept, told), heard_at=heard)


def test_a_closed_dossier_goes_years_after_its_last_word() -> None:
    d = dossier("5", *BOTH, news=(news("closed", "2025-12-05T10:00", motive="x", by="y"),))
    assert expires_at(CIG, d, at("2025-12-06T10:00")) == at("2025-12-05T10:00") + DAYS
    late = replace(d, messages=(*d.messages, mail(when=at("2026-02-02T10:00"), new_pieces=())))
    assert expires_at(CIG, late, LATE) == at("2026-02-02T10:00") + DAYS
    again = replace(d, news=(*d.news, news("reopened", "2025-12-07T10:00", motive="", by="y")))
    assert expires_at(CIG, again, LATE) is None


def test_an_open_account_goes_only_where_nothing_is_owed() -> None:
    d = dossier("5", *BOTH, news=(OPENED,))
    assert expires_at(CIG, d, LATE) == OPENED.at + dt.timedelta(days=CIG.retention.done)
    assert expires_at(CIG, dossier("5", *BOTH), LATE) is None, "nobody opened the account"
    assert expires_at(CIG, dossier("5", BOTH[0]), LATE) is None, "a silent member's dossier is for a person to close"
    owing = dossier("2", paper("purchase_order", ("2",), T0), news=(OPENED,))
    assert expires_at(CIG, owing, LATE) is None


def test_a_purged_dossier_keeps_its_state_and_says_nothing_more() -> None:
    for d, state in ((dossier("5", *BOTH, news=(OPENED,)), "active"), (dossier("5", BOTH[0]), "closed")):
        if state == "closed":
            d = replace(d, news=(news("closed", "2025-12-05T10:00", motive="x", by="y"),))
        before = decided(filed(d, decided(d, T0)), LATE)
        gone = purged(filed(d, before), LATE, state)
        for hours in (0, 1, 24 * 400):
            decision = decided(gone, LATE + dt.timedelta(hours=hours))
            assert (decision.state, decision.letters, decision.questions) == (state, (), ())
            assert decision.requirements == ()
            assert decision.complete_at == T0
        assert decision.next_at is None
        assert expires_at(CIG, gone, LATE + dt.timedelta(days=4000)) is None, "once is all"


def test_what_comes_after_is_put_to_the_coordinator_and_counts_once_it_is_reopened() -> None:
    gone = purged(dossier("5", *BOTH, news=(OPENED,)), LATE, "active")
    new = paper("purchase_order", ("5",), LATE + dt.timedelta(days=1))
    came = replace(gone, pieces=(new,), messages=(mail(new),))
    decision = decided(came, new.received_at)
    assert [x.kind for x in decision.letters] == ["acknowledgement", "escalation"]
    assert decision.state == "active"
    when = new.received_at + dt.timedelta(days=1)
    again = replace(came, news=(*came.news, News(kind="reopened", at=when, data={"by": "y", "motive": ""})))
    decision = decided(again, when)
    assert {r.id: r.state for r in decision.requirements}["order"] == "met"
    assert min(x.due_at for x in decision.letters) > LATE, "what was said before the purge is not said anew"
    assert expires_at(CIG, came, when) == new.received_at + DAYS
