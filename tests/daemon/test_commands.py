"""The commands as a person types them: exit codes, JSON of the contract, tables, errors in one line."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fixtures import scene
from tests.daemon.test_walks import TOWN, lot2
from tests.daemon.town import CIG, Town

ROOT = Path(__file__).resolve().parents[2]
NOW = "2025-12-04T10:00"
DRAWN = str(ROOT / "fixtures" / "documents" / "acroform-fiche-lot2.pdf")


def vaguemestre(*words: str | Path, folder: Path, expect: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "daemon.cli", *map(str, words)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "160"},
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout if expect == 0 else done.stdout + done.stderr


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(x) for x in text.splitlines()]


@pytest.fixture
def town(tmp_path: Path) -> Town:
    town = Town(tmp_path, census=TOWN.row("2;5"), groups=(CIG,))
    town.deliver(lot2())
    return town


def test_help_teaches_and_is_quick(tmp_path: Path) -> None:
    import resource

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = vaguemestre("--help", folder=tmp_path)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    for command in (
        "run",
        "read",
        "explain",
        "plan",
        "dossiers",
        "letters",
        "reviews",
        "events",
        "members",
        "purge",
        "check",
        "demo",
    ):
        assert command in told
    # The measure is CPU, not the clock, and twice the promise: it catches a heavy import, not a busy machine.
    assert (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime) < 0.6


def test_run_once_then_the_books_in_the_contract_s_words(town: Town) -> None:
    vaguemestre("run", "--once", "--now", NOW, folder=town.folder)
    [dossier] = lines(vaguemestre("dossiers", "--json", folder=town.folder))
    assert {
        "ref",
        "group",
        "lot",
        "member",
        "state",
        "requirements",
        "milestones",
        "opened_at",
        "complete_at",
        "next_at",
    } <= set(dossier)
    assert set(dossier["member"]) == {"name", "siret", "uai", "known"}
    assert {k for r in dossier["requirements"] for k in r} == {"id", "kind", "state", "piece", "why"}
    assert {k for m in dossier["milestones"] for k in m} == {"id", "due", "state"}
    letters = lines(vaguemestre("letters", "--json", folder=town.folder))
    keys = {
        "key",
        "kind",
        "group",
        "dossiers",
        "to",
        "subject",
        "state",
        "due_at",
        "sent_at",
        "attempts",
        "message_id",
        "attachments",
    }
    assert all(keys <= set(x) for x in letters)
    assert {x["kind"] for x in letters} >= {"acknowledgement", "forward"}
    events = lines(vaguemestre("events", "--json", folder=town.folder))
    assert all(set(e) == {"id", "at", "dossier", "kind", "data", "hash"} for e in events)
    assert dossier["ref"] in vaguemestre("dossiers", folder=town.folder)
    assert "La chaîne est entière" in vaguemestre("events", folder=town.folder)
    assert lines(vaguemestre("reviews", "--json", folder=town.folder)) == []
    shown = vaguemestre("letters", "show", letters[0]["key"], folder=town.folder)
    assert "Subject: [CIG-2-0001]" in shown
    assert "Bonjour" in shown
    explained = vaguemestre("explain", dossier["ref"], "--now", NOW, folder=town.folder)
    for fact in ("règle « amendment »", "already_transmitting = True", "page 1", "forward"):
        assert fact in explained


def test_plan_tells_what_a_week_would_bring_and_sends_nothing(town: Town) -> None:
    vaguemestre("run", "--once", "--now", NOW, folder=town.folder)
    before = vaguemestre("letters", "--json", folder=town.folder), len(town.sent())
    planned = lines(vaguemestre("plan", "--at", "2025-12-17T12:00", "--json", folder=town.folder))
    assert any(x["kind"] == "reminder" for x in planned), planned
    assert all(x["state"] == "due" for x in planned)
    assert (vaguemestre("letters", "--json", folder=town.folder), len(town.sent())) == before
    assert "reminder" in vaguemestre("plan", "--at", "2025-12-17T12:00", folder=town.folder)


def test_members_import_opens_what_the_census_commits_to_and_only_once(town: Town) -> None:
    told = vaguemestre("members", "import", town.folder / "members.csv", "--now", NOW, folder=town.folder)
    assert "2 dossiers ouverts" in told
    assert {d["state"] for d in lines(vaguemestre("dossiers", "--json", folder=town.folder))} == {"expected"}
    again = vaguemestre("members", "import", town.folder / "members.csv", "--now", NOW, folder=town.folder)
    assert "0 dossiers ouverts" in again
    assert "1 inchangés" in again
    (town.folder / "faux.csv").write_text(f"{scene.CENSUS}\n12345678901234,,Faux,,,,,2\n", encoding="utf-8")
    (town.folder / "sans.csv").write_text(f"{scene.CENSUS}\n{TOWN.row('2')}\n", encoding="utf-8")
    told = vaguemestre("members", "import", town.folder / "sans.csv", "--now", NOW, folder=town.folder)
    assert "CIG-5-0001 reste ouvert" in told
    assert "CIG-2-0001" not in told
    assert "ligne 2 : SIRET faux" in vaguemestre("members", "import", town.folder / "faux.csv", folder=town.folder)


def test_check_tries_everything_and_says_who_is_awaited(town: Town) -> None:
    told = vaguemestre("check", folder=town.folder)
    assert "non " not in told
    odd = {"BC.pdf": scene.order(TOWN, "2", more={15: "192,00"})}
    town.deliver(scene.mail(TOWN, "x@example.org", "BC", "Voici.", odd, message_id="faux@b.example"))
    town.run()
    assert "question(s) à la coordination" in vaguemestre("check", folder=town.folder, expect=4)


def test_check_names_the_anchor_that_is_no_certificate(town: Town) -> None:
    assert "chaque signature électronique ira à vérifier" in vaguemestre("check", folder=town.folder)
    anchors = town.folder / "anchors"
    anchors.mkdir()
    shutil.copy(ROOT / "fixtures" / "signatures" / "root.pem", anchors)
    with town.config.open("a", encoding="utf-8") as file:
        file.write('\n[trust]\nanchors = "anchors"\n')
    assert "(root.pem)" in vaguemestre("check", folder=town.folder)
    (anchors / "agent.crt").write_text("pas un certificat", encoding="utf-8")
    assert "agent.crt n’est pas un certificat" in vaguemestre("check", folder=town.folder, expect=2)


@pytest.mark.parametrize(
    ("change", "named", "code"),
    [
        (("[members]", "[membres]"), "membres", 2),
        (('file = "members.csv"', 'file = "absent.csv"'), "absent.csv", 2),
        (('database = "sqlite:///books.db"', 'database = "postgresql://x@127.0.0.1:9/x"'), "base", 3),
    ],
)
def test_errors_are_one_line_with_the_remedy(town: Town, change: tuple[str, str], named: str, code: int) -> None:
    town.config.write_text(town.config.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    told = vaguemestre("dossiers", folder=town.folder, expect=code)
    assert named in told
    assert len(told.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "named", "code"),
    [
        (("dossiers", "--group", "inconnu"), "admis : cig-grande-couronne", 2),
        (("events", "--dossier", "CIG-2-9999"), "aucun dossier CIG-2-9999", 2),
        (("run", "--once", "--now", "0001-01-01"), "n’est pas un instant", 2),
        (("read", "members.csv", "--overlay", "x.pdf"), "--overlay : Seuls un PDF", 2),
        (("read", DRAWN, "--overlay", "nulle/part.pdf"), "--overlay : nulle/part.pdf", 2),
        (("digest", "--out", "members.csv"), "--out", 2),
        (("demo", "--folder", "members.csv"), "--folder", 2),
        (("dossiers", "close", "CIG-2-0001"), "--reason est vide", 2),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, tuple) else "",
)
def test_no_command_shows_a_traceback(town: Town, words: tuple[str, ...], named: str, code: int) -> None:
    told = vaguemestre(*words, folder=town.folder, expect=code)
    assert named in told.splitlines()[-1]
    assert "Traceback" not in told


def test_a_file_that_is_no_database_is_told_so(town: Town) -> None:
    (town.folder / "books.db").write_text("ce n’est pas une base de données" * 9, encoding="utf-8")
    told = vaguemestre("dossiers", folder=town.folder, expect=3)
    assert "illisible" in told
    assert "Traceback" not in told


def test_a_fault_of_the_program_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from daemon import cli

    def stumble() -> None:
        raise ZeroDivisionError("une\nfaute")

    monkeypatch.setattr(cli, "app", stumble)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 1
    assert capsys.readouterr().err.splitlines() == [
        "vaguemestre: faute du programme (ZeroDivisionError: une faute) – signalez-la, avec VAGUEMESTRE_TRACE=1"
    ]


def test_read_prints_valid_readings_and_touches_nothing(tmp_path: Path) -> None:
    (tmp_path / "mail.eml").write_bytes(lot2())
    (tmp_path / "BC.pdf").write_bytes(scene.order(TOWN, "2"))
    schema = Draft202012Validator(
        json.loads((ROOT / "fixtures/contract/reading.schema.json").read_text(encoding="utf-8"))
    )
    readings = lines(vaguemestre("read", "--json", "mail.eml", "BC.pdf", folder=tmp_path))
    for reading in readings:
        schema.validate(reading)
    assert [r["source"] for r in readings] == ["mail.eml", "BC.pdf"]
    assert readings[1]["mail"] is None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["BC.pdf", "mail.eml"]
    assert TOWN.siret in vaguemestre("read", "BC.pdf", folder=tmp_path)
    vaguemestre("read", "BC.pdf", "--overlay", "boxes.pdf", folder=tmp_path)
    assert (tmp_path / "boxes.pdf").read_bytes().startswith(b"%PDF")


def test_a_review_is_answered_on_the_terminal(town: Town) -> None:
    odd = {"BC.pdf": scene.order(TOWN, "5", more={17: "999,00"})}
    town.deliver(scene.mail(TOWN, "x@example.org", "BC", "Voici.", odd, message_id="faux@b.example"))
    town.run()
    [review] = town.reviews()
    assert "usage" not in vaguemestre("reviews", "answer", "1", "peut-être", folder=town.folder, expect=2)
    told = vaguemestre(
        "reviews", "answer", str(review["id"]), "refuser", ":", "montant", "à", "refaire", folder=town.folder
    )
    assert "CIG-5-0001" in told
    [answered] = town.reviews()
    assert (answered["answer"], answered["answered_by"]) == ("refuser : montant à refaire", "terminal")
    vaguemestre("reviews", "answer", "1", "ok", folder=town.folder, expect=2)


def test_a_review_is_answered_by_mail(town: Town) -> None:
    odd = {"BC.pdf": scene.order(TOWN, "5", more={17: "999,00"}), "F.pdf": scene.account(TOWN, "5", yes=False)}
    town.deliver(scene.mail(TOWN, "x@example.org", "BC", "Voici.", odd, message_id="faux@b.example"))
    town.run()
    assert town.dossiers()["5"]["state"] == "review"
    coordinator = f"coordination@{CIG}.example.org"
    [asked] = town.sent(coordinator)
    quoted = "".join(f"> {x}\n" for x in ["Répondez ok pour retenir."])
    forged = scene.mail(
        "faux@ailleurs.example",
        "x@example.org",
        "Re:",
        "ok",
        message_id="f@x.example",
        in_reply_to=str(asked["Message-ID"]),
    )
    town.deliver(forged)
    town.run()
    assert town.dossiers()["5"]["state"] == "review", "a stranger's ok moves nothing"
    reply = scene.mail(
        coordinator,
        "x@example.org",
        "Re: point",
        f"ok\n\nLe 4 décembre, vous écriviez :\n{quoted}",
        message_id="r@x.example",
        in_reply_to=str(asked["Message-ID"]),
    )
    town.deliver(reply)
    town.run()
    assert town.dossiers()["5"]["state"] == "forwarded"
    [review] = town.reviews()
    assert (review["answer"], review["answered_by"]) == ("ok", coordinator)
    assert len(town.sent("dossiers@dematis.example.org")) >= 1
    assert [str(m["In-Reply-To"]) for m in town.sent(coordinator)][-1] == "<r@x.example>", "it is told what was done"
