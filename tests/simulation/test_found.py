"""What the simulated year found, each alone and small."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from rules.decide import decide
from rules.provider_news import classify
from rules.records import Member, News
from tests.rules.dossiers import CIG, LDMEMS, SCHOOL, at, decided, dossier, paper

STRANGER = Member(name="Commune de Loin", siret="21910000200016", known=False, emails=("mairie@loin.example",))


def test_a_dossier_opened_late_is_invited_first_whatever_the_member_wrote_before() -> None:
    heard = at("2025-09-03T10:00")
    late = dossier("5", committed=True, opened_at=at("2025-12-01T09:00"), heard_at=(heard,))
    assert [x.template for x in decided(late, "2025-12-01T09:00").letters] == ["missing"]
    reminders = [x for x in decided(late, "2025-12-11T09:00").letters if x.kind == "reminder"]
    assert [x.facts["n"] for x in reminders] == [1], "seven working days after the invitation, not after the old mail"


def test_an_appointment_does_not_open_what_has_one_step_alone() -> None:
    words = "Nous avons fixé un rendez-vous téléphonique."
    certigna = classify(LDMEMS, LDMEMS.lot("rgs"), "", words, at("2025-12-02T10:00"), "m")
    assert certigna is not None
    assert (certigna.data["outcome"], certigna.data["milestone"]) == ("appointment", None)
    dematis = classify(CIG, CIG.lot("2"), "", words, at("2025-12-02T10:00"), "m")
    assert dematis is not None
    assert dematis.data["milestone"] == "j2"
    order = paper("purchase_order", ("rgs",), at("2025-12-01T10:00"))
    gone = replace(dossier("rgs", order), news=(certigna,), committed=True, member=SCHOOL)
    told = decided(gone, "2026-01-15T10:00")
    assert told.state == "forwarded"
    assert any(x.kind == "escalation" and "/milestone/certigna/" in x.key for x in told.letters), "still asked after"


def test_a_body_that_is_turned_away_is_asked_for_nothing_more() -> None:
    order = paper("purchase_order", ("2",), at("2025-12-01T10:00"))
    no = News(kind="review", at=at("2025-12-02T10:00"), data={"piece": None, "outcome": "refused"})
    turned = replace(dossier("2", order, member=STRANGER), news=(no,))
    told = decide(CIG, turned, at("2026-03-02T10:00"))
    assert told.state == "closed"
    assert {x.kind for x in told.letters} == {"acknowledgement"}
    assert told.questions == ()


def test_papers_that_come_with_the_end_are_seen_by_a_person() -> None:
    now = at("2025-12-02T10:00")
    no = News(kind="review", at=now, data={"piece": None, "outcome": "refused"})
    second = replace(dossier("3", paper("purchase_order", ("3",), now), member=STRANGER), news=(no,))
    over = [x for x in decide(CIG, second, now + dt.timedelta(minutes=1)).letters if x.kind == "escalation"]
    assert [x.facts["reason"] for x in over] == ["over"]
