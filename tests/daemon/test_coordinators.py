"""What coordinators get: lists to check, reports, and a changed rule shown before it is followed."""

import datetime as dt
import json
from importlib import resources
from pathlib import Path

import pytest

from daemon.clock import PARIS
from fixtures import scene
from tests.daemon.test_commands import lines, vaguemestre
from tests.daemon.test_walks import SCHOOL, TOWN, lot2
from tests.daemon.town import CIG, LDMEMS, Town, body, requirement

MONDAY = dt.datetime(2025, 12, 8, 9, 0, tzinfo=PARIS)


@pytest.fixture
def schools(tmp_path: Path) -> Town:
    town = Town(tmp_path, census=SCHOOL.row("vote;signature"), groups=(LDMEMS,))
    config = town.config.read_text(encoding="utf-8")
    town.config.write_text(
        config.replace("[providers]", '[providers]\nkercia = "projets@kercia.example.org"'), encoding="utf-8"
    )
    vaguemestre("members", "import", "members.csv", "--now", "2025-12-04T10:00", folder=tmp_path)
    return town


def test_a_list_is_checked_by_the_coordinator_then_leaves_and_each_school_knows(schools: Town) -> None:
    coordinator = f"coordination@{LDMEMS}.example.org"
    schools.run()
    asked = [m for m in schools.sent(coordinator) if "vote" in body(m)]
    assert len(asked) == 1
    assert SCHOOL.name.replace("-", "") in body(asked[0]).replace("-", "") or any(asked[0].iter_attachments())
    assert not schools.sent("projets@kercia.example.org")
    reply = scene.mail(
        coordinator, "x@example.org", "Re:", "ok", message_id="r@x.example", in_reply_to=str(asked[0]["Message-ID"])
    )
    schools.deliver(reply, LDMEMS)
    schools.run(schools.now + dt.timedelta(hours=1))
    [sent] = schools.sent("projets@kercia.example.org")
    assert any(str(p.get_filename()).endswith(".xlsx") for p in sent.iter_attachments())
    assert schools.dossiers()["vote"]["state"] == "forwarded"
    schools.run(schools.now + dt.timedelta(hours=1))
    assert len(schools.sent("projets@kercia.example.org")) == 1


def test_the_report_leaves_once_a_day_and_says_what_moved(tmp_path: Path) -> None:
    town = Town(tmp_path, census=TOWN.row("2;5"), groups=(CIG,))
    coordinator = f"coordination@{CIG}.example.org"
    town.deliver(lot2())
    town.run()
    assert town.letters("digest") == [], "nothing has been told of yet: the first day ends first"
    town.run(MONDAY)
    town.run(MONDAY + dt.timedelta(hours=2))
    [report] = town.letters("digest")
    assert report["to"] == [coordinator]
    [mail] = [m for m in town.sent(coordinator) if m["Message-ID"] == report["message_id"]]
    assert any(str(p.get_filename()).endswith(".xlsx") for p in mail.iter_attachments())
    assert "1" in body(mail)
    told = vaguemestre("digest", "--at", "2025-12-05T09:00", "--out", "bilan", folder=tmp_path)
    assert "dossier" in told.casefold()
    assert {p.suffix for p in (tmp_path / "bilan").iterdir()} == {".eml", ".html", ".xlsx"}


def test_no_report_on_a_weekend_or_at_night(tmp_path: Path) -> None:
    town = Town(tmp_path, census=TOWN.row("2;5"), groups=(CIG,))
    town.deliver(lot2())
    town.run()
    for at in (dt.datetime(2025, 12, 6, 10, 0, tzinfo=PARIS), dt.datetime(2025, 12, 8, 6, 0, tzinfo=PARIS)):
        town.run(at)
        assert town.letters("digest") == []


def test_a_changed_rule_is_shown_by_replay_and_run_sends_only_that(tmp_path: Path) -> None:
    rules = (resources.files("rules") / "groups" / f"{CIG}.yaml").read_text(encoding="utf-8")
    (tmp_path / "mon-groupe.yaml").write_text(rules, encoding="utf-8")
    town = Town(tmp_path, census=TOWN.row("2;5"), groups=(CIG,), sources={CIG: "./mon-groupe.yaml"})
    town.deliver(
        scene.mail(
            TOWN, "x@example.org", "BC", "Voici le bon.", {"BC.pdf": scene.order(TOWN, "5")}, message_id="a@b.example"
        )
    )
    town.run()
    assert requirement(town.dossiers()["5"], "form") == "missing"
    assert town.letters("forward") == []
    assert lines(vaguemestre("replay", "--json", "--now", "2025-12-04T10:30", folder=tmp_path)) == []

    lot5 = rules.index('  - id: "5"')
    form = rules.index("      - id: form", lot5)
    kinds = rules.index("        kinds: [account_form]", form)
    changed = rules[:kinds] + "        blocks: false\n" + rules[kinds:]
    (tmp_path / "mon-groupe.yaml").write_text(changed, encoding="utf-8")
    changes = lines(vaguemestre("replay", "--json", "--now", "2025-12-04T10:30", folder=tmp_path))
    assert {(c["what"], c["kind"]) for c in changes} >= {("new", "forward")}
    assert {c["what"] for c in changes} == {"new"}
    assert town.letters("forward") == [], "replay sends nothing"
    before = {x["key"] for x in town.letters()}
    town.run(town.now + dt.timedelta(minutes=30))
    assert {x["key"] for x in town.letters()} - before == {c["key"] for c in changes}
    assert len(town.sent("dossiers@dematis.example.org")) == 1
    json.dumps(changes)


def test_a_body_that_was_turned_away_comes_back_when_the_census_commits_it(tmp_path: Path) -> None:
    town = Town(tmp_path, groups=(CIG,))
    coordinator, provider = f"coordination@{CIG}.example.org", "dossiers@dematis.example.org"
    town.deliver(lot2())
    town.run()
    [asked] = [m for m in town.sent(coordinator) if "recensement" in body(m)]
    no = "refuser : pas encore adhérent"
    reply = scene.mail(
        coordinator, "x@example.org", "Re:", no, message_id="no@x.example", in_reply_to=str(asked["Message-ID"])
    )
    town.deliver(reply)
    town.run(MONDAY)
    assert town.dossiers()["2"]["state"] == "withdrawn"
    (tmp_path / "members.csv").write_text(f"{scene.CENSUS}\n{TOWN.row('2')}\n", encoding="utf-8")
    tuesday = MONDAY + dt.timedelta(days=1)
    town.run(tuesday)
    assert town.dossiers()["2"]["state"] == "forwarded"
    [forward] = town.letters("forward")
    assert dt.datetime.fromisoformat(forward["due_at"]) == tuesday, "nothing was sent before that the refusal held back"
    assert len(town.sent(provider)) == 1
    town.run(tuesday + dt.timedelta(hours=1))
    assert len(town.letters("forward")) == 1
