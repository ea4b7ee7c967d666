"""A year of two groups in memory, and some weeks of it through the real runners: the same letters."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.simulation.invariants import PARIS, Broken, working
from tests.simulation.people import CIG, LDMEMS, person
from tests.simulation.shell import Post
from tests.simulation.slice import Slice, letters
from tests.simulation.year import START, Year

MEMBERS = 150  # the command runs 1,500: `python -m tests.simulation.year`; this is its tenth, to keep tests short
SLICE = 12  # members of three months through the real runners; `python -m tests.simulation.slice` runs 60


def test_nothing_breaks_in_a_year() -> None:
    year = Year(MEMBERS, seed=7)
    year.run()
    never = [name for name in EXPECTED if not year.watch.checked[name]]
    assert not never, "each invariant was put to the test"
    kinds = {name.split()[0] for name in year.letters}
    assert {"acknowledgement", "missing", "reminder", "confirmation", "answer", "forward", "list"} <= kinds
    assert {"escalation", "review_request"} <= kinds
    states = {s.state for s in year.books.sheets.values()}
    assert {"expected", "forwarded", "active", "closed"} <= states


def test_the_same_seed_is_the_same_year() -> None:
    first, second = Year(12, seed=3, days=60), Year(12, seed=3, days=60)
    first.run()
    second.run()
    assert letters(first.books) == letters(second.books)
    assert letters(first.books)


def test_the_watch_sees_what_is_wrong() -> None:
    year = Year(12, seed=3, days=60)
    year.run()
    post = next(p for p in year.books.posts.values() if p.letter.kind == "reminder")
    assert post.sent_at is not None
    with pytest.raises(Broken, match="no letter twice"):
        year.watch.on_sent(post, post.sent_at)
    night = post.sent_at.astimezone(PARIS).replace(hour=3)
    again = Post(0, post.letter, post.group, post.sheet, post.recipients)
    year.watch.sent.discard(post.letter.key)
    with pytest.raises(Broken, match="working hours"):
        year.watch.on_sent(again, night)


def test_the_real_runners_send_the_same_letters(tmp_path: Path) -> None:
    year = Year(SLICE, seed=7, days=90)
    year.run()  # every invariant holds of these letters
    real = Slice(tmp_path, year)
    real.run()
    assert real.letters() == letters(year.books)
    assert real.states() == {s.ref: s.state for s in year.books.sheets.values()}
    assert real.filed() == (real.delivered, 0), "every mail lies in a folder"
    assert real.delivered == sum(year.mails.values())
    forwarded = real.forwards()
    assert forwarded
    for key, files in forwarded.items():
        post = year.books.posts[key]
        assert post.sheet is not None
        papers = {post.sheet.pieces[p].sha256 for p in post.letter.attachments}
        assert papers
        assert papers <= files, f"{key}: every paper left, byte for byte"
    assert real.digests()
    assert all(working(at, None) for at in real.digests())


EXPECTED = (
    "no letter twice",
    "a letter has an addressee",
    "reminders in working hours only",
    "nothing about what is over",
    "no reminder to who owes nothing",
    "no reminder within a week of the same one",
    "no request for a paper that is there",
    "no paper forwarded twice",
    "a forward carries papers",
    "only good papers forwarded",
    "every forward is complete",
    "no forward beside an open doubt",
    "active stays active",
    "forwarded goes forward",
    "moving, ended, or on the coordinator's list",
    "no list overlooked",
    "nothing owed before next_at",
)


def test_a_paper_settled_in_one_dossier_is_asked_about_anew_in_another(tmp_path: Path) -> None:
    year = Year(0, seed=2, days=30)
    number = next(n for n in range(1, 200) if {"2", "3"} <= set(person(Random(n), CIG, n).member.lots))
    who = replace(person(Random(number), CIG, number), care=1.0)
    order = replace(year.desk.paper(who, "purchase_order", "2"), lots=())
    year.desk.papers[order.sha256] = order
    forms = {lot: year.desk.paper(who, "account_form", lot) for lot in ("2", "3")}

    def bring(lot: str) -> None:
        mail = year.desk.mail(CIG, who.member.emails[0], "", "", (order, forms[lot]), intents=("submit",))
        year.deliver("papers", mail)

    year.at(START, lambda: year.import_(who))
    year.at(START + dt.timedelta(days=1), lambda: bring("2"))
    year.at(START + dt.timedelta(days=20), lambda: bring("3"))
    year.run()
    asked = [r for r in year.books.reviews.values() if r.question.piece == order.sha256]
    assert [r.sheet and r.sheet.lot for r in asked] == ["2", "3"]
    assert asked[0].answer == "ok"
    real = Slice(tmp_path, year)
    real.run()
    assert real.letters() == letters(year.books)


def test_a_school_whose_papers_alone_ask_for_a_lot_is_put_on_the_list(tmp_path: Path) -> None:
    year = Year(0, seed=1, days=20)
    who = replace(person(Random(1), LDMEMS, 1), care=1.0)
    early = replace(who, member=replace(who.member, kind="public", lots=()))
    paper = replace(year.desk.paper(who, "group_convention", "vote"), lots=("vote",))
    year.desk.papers[paper.sha256] = paper
    mail = year.desk.mail(LDMEMS, who.member.emails[0], "", "", (paper,), intents=("submit",))
    year.at(START, lambda: year.import_(early))
    year.at(START + dt.timedelta(days=1), lambda: year.deliver("papers", mail))
    year.run()
    assert [r.asked_at - START for r in year.books.list_reviews] == [dt.timedelta(days=1)]
    real = Slice(tmp_path, year)
    real.run()
    assert real.letters() == letters(year.books)
