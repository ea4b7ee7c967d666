"""A digest from the real books, of today and of days gone by."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import select

from daemon.digest.digest import digest
from daemon.digest.facts import DigestFacts
from daemon.digest.gather import _now, _then, gather
from daemon.letters.render import Renderer
from daemon.store.models import DossierRow
from fixtures import scene
from tests.daemon.town import CIG, THURSDAY, Town

MAILBOX = "dematerialisation-mp@cigversailles.fr"
FIRST = scene.Body(
    name="Commune de Valmondière", siret=scene.siret("21910777"), email="j.lefevre@valmondiere.example",
    functional="mairie@valmondiere.example", city="Valmondière",
)  # fmt: skip
SECOND = dataclasses.replace(
    FIRST, name="Commune de Bellefosse", siret=scene.siret("21910888"), email="mairie@bellefosse.example",
    functional="accueil@bellefosse.example", city="Bellefosse",
)  # fmt: skip
DAY = dt.timedelta(days=1)


def mail(body: scene.Body, *papers: str, id: str = "a") -> bytes:  # noqa: A002
    files = {"BC.pdf": scene.order(body, "5"), "Fiche.pdf": scene.account(body, "5", yes=False)}
    sent = {name: data for name, data in files.items() if name in papers}
    return scene.mail(body, MAILBOX, "Lot 5", "Bonjour,\n\nVoici.", sent, message_id=f"{id}@{body.siret}.example")


def gathered(town: Town, until: dt.datetime, since: dt.datetime | None = None) -> DigestFacts:
    house = town.house()
    try:
        with house.database.session() as s:
            return gather(s, house.groups[CIG], since=since or until - DAY, until=until)
    finally:
        house.close()


@pytest.fixture
def town(tmp_path: Path) -> Town:
    town = Town(tmp_path, census=f"{FIRST.row('5')}\n{SECOND.row('5')}")
    town.deliver(mail(FIRST, "BC.pdf", "Fiche.pdf"))
    town.deliver(mail(SECOND, "BC.pdf"))
    town.run()
    return town


def test_today_and_yesterday(town: Town) -> None:
    town.run(THURSDAY + dt.timedelta(days=20))
    now = THURSDAY + dt.timedelta(minutes=5)
    facts = gathered(town, now)
    assert (facts.mails, facts.pieces, facts.answers) == (2, 3, 2)
    assert facts.letters == {"acknowledgement": 2, "forward": 1}
    assert facts.answer_days is not None
    assert facts.answer_days < 1
    assert {(d.member, d.state, d.waits_for) for d in facts.dossiers} == {
        (FIRST.name, "forwarded", "provider"),
        (SECOND.name, "incomplete", "member"),
    }
    assert [d.missing for d in facts.dossiers if d.member == SECOND.name] == [
        ("la fiche de renseignement de compte du lot 5",)
    ]
    assert sum(d.received for d in facts.days) == 2
    assert facts.days[-1].day == now.date()
    before = gathered(town, THURSDAY - dt.timedelta(minutes=1))
    assert before.quiet
    assert before.dossiers == ()


def test_later_who_is_silent_and_what_is_late(town: Town) -> None:
    for day in (8, 13, 20, 27):
        town.run(THURSDAY + dt.timedelta(days=day))
    later = gathered(town, THURSDAY + dt.timedelta(days=27, hours=1))
    assert later.mails == 0
    [silent] = later.silent
    assert silent.member == SECOND.name
    assert silent.reminders >= 2
    assert {x.ref for x in later.late} == {d.ref for d in later.dossiers if d.member == FIRST.name}
    words = Renderer().render([digest(later)[0]], role="coordinator").text
    assert "Silencieux" in words
    assert "Ce qui tarde" in words


@pytest.mark.parametrize("days", [0, 8, 20])
def test_the_books_say_what_the_rules_say(town: Town, days: int) -> None:
    town.run(THURSDAY + dt.timedelta(days=days))
    house = town.house()
    try:
        with house.database.session() as s:
            group = house.groups[CIG]
            rows = s.scalars(select(DossierRow).order_by(DossierRow.id)).unique().all()
            assert len(rows) == 2
            assert _now(s, group, rows) == [_then(s, group, row, town.now) for row in rows]
    finally:
        house.close()


def test_an_open_question_is_told_until_it_is_answered(town: Town) -> None:
    wrong = dataclasses.replace(FIRST, siret=FIRST.siret[:-1] + str((int(FIRST.siret[-1]) + 1) % 10))
    town.deliver(mail(wrong, "BC.pdf", id="b"))
    town.run(THURSDAY + DAY)
    facts = gathered(town, THURSDAY + DAY + dt.timedelta(minutes=1))
    assert [r.member for r in facts.reviews] == [FIRST.name]
    assert "SIRET" in facts.reviews[0].question
    assert gathered(town, THURSDAY + dt.timedelta(hours=1)).reviews == ()
