"""What a coordinator decides by mail or on the terminal: dossiers closed, withdrawn, reopened; a list asked again."""

import datetime as dt
from pathlib import Path

import pytest

from daemon.clock import PARIS
from fixtures import scene
from tests.daemon.test_commands import lines, vaguemestre
from tests.daemon.test_walks import SCHOOL, TOWN, requirement
from tests.daemon.town import CIG, LDMEMS, Town, body

COORDINATOR = f"coordination@{CIG}.example.org"
HOUR = dt.timedelta(hours=1)
LATER = dt.datetime(2026, 1, 12, 10, 0, tzinfo=PARIS)  # all reminders of an unanswered request have left by then


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """A member whose form is missing: it is reminded, then put to the coordinator."""
    town = Town(tmp_path, census=TOWN.row("5"), groups=(CIG,))
    papers = {"BC.pdf": scene.order(TOWN, "5")}
    town.deliver(scene.mail(TOWN, "x@example.org", "BC", "Voici le bon.", papers, message_id="a@b.example"))
    town.run()
    return town


def say(
    town: Town, words: str, *, to: str | None = None, sender: str = COORDINATOR, group: str = CIG, n: int = 0
) -> None:
    """A mail of the coordinator; `to`: the Message-ID that it answers."""
    message_id = f"{town.delivered}@{group}.example"
    town.deliver(scene.mail(sender, "x@example.org", "Re:", words, message_id=message_id, in_reply_to=to), group)
    town.run(town.now + HOUR)


def asked(town: Town) -> str:
    """The Message-ID of a letter to the coordinator about the dossier: its paper is doubted."""
    odd = {
        "Fiche.pdf": scene.account(TOWN, "5", yes=True, rgs=True),
        "BC.pdf": scene.order(TOWN, "5", more={15: "9,00"}),
    }
    town.deliver(scene.mail(TOWN, "x@example.org", "BC", "Voici.", odd, message_id="c@b.example"))
    town.run(town.now + HOUR)
    return str(town.sent(COORDINATOR)[-1]["Message-ID"])


def test_a_reply_closes_the_dossier_of_the_letter_it_answers_and_no_reminder_leaves(town: Town) -> None:
    request = asked(town)
    assert [r["answered_at"] for r in town.reviews()] == [None]
    say(town, "clore : double saisie\n\nCordialement", to=request)
    assert town.dossiers()["5"]["state"] == "closed"
    assert town.reviews()[0]["answer"] == "sans objet"
    told = town.sent(COORDINATOR)[-1]
    assert "Dossier clos" in told["Subject"]
    assert "double saisie" in body(told)
    [event] = [e for e in town.events() if e["kind"] == "news.closed"]
    assert (event["dossier"], event["data"]["by"], event["data"]["motive"]) == (
        "CIG-5-0001", COORDINATOR, "double saisie",
    )  # fmt: skip
    before = len(town.sent(TOWN.email)), len(town.letters("reminder"))
    town.run(LATER)
    assert (len(town.sent(TOWN.email)), len(town.letters("reminder"))) == before

    say(town, "rouvrir CIG-5-0001", to=str(told["Message-ID"]))
    assert town.dossiers()["5"]["state"] == "review", "what the papers say"
    assert "Une question attend" in body(town.sent(COORDINATOR)[-1])
    assert [r["answered_at"] for r in town.reviews()] == [None], "the same question stands again"
    say(town, "ok", to=request)
    assert town.dossiers()["5"]["state"] == "forwarded"
    assert len(town.sent("dossiers@dematis.example.org")) == 1


def test_a_withdrawal_is_told_to_the_member_with_its_reason(town: Town) -> None:
    say(town, "retirer CIG-5-0001 : vous avez choisi un autre prestataire", to=asked(town))
    assert town.dossiers()["5"]["state"] == "withdrawn"
    letter = town.sent(TOWN.functional)[-1]
    assert " ".join(letter["Subject"].split()) == "[CIG-5-0001] Votre dossier « convocation électronique » est retiré"
    assert "vous avez choisi un autre prestataire" in body(letter)
    assert "averti" in body(town.sent(COORDINATOR)[-1])


def test_an_instruction_is_followed_only_where_its_origin_is_proven(town: Town) -> None:
    request = asked(town)
    state = town.dossiers()["5"]["state"]
    say(town, "clore CIG-5-0001 : sans suite")  # a From that nothing vouches for, no letter of ours quoted
    assert town.dossiers()["5"]["state"] == state
    assert "n’a pas été suivi" in town.sent(COORDINATOR)[-1]["Subject"]
    say(town, "clore CIG-5-0001 : sans suite", sender=TOWN.email, to=request)
    assert town.dossiers()["5"]["state"] == state, "the letter was not sent to that address"
    say(town, "clore CIG-5-0001 : sans suite", to="<inconnu@example.org>")
    assert town.dossiers()["5"]["state"] == state


def test_what_cannot_be_done_is_answered_with_what_can_be_written(town: Town) -> None:
    town.run(LATER + dt.timedelta(days=7))
    [silent] = town.letters("escalation")
    before = town.dossiers()["5"]["state"]
    for words, told in (
        ("Je m’en occupe la semaine prochaine.", "clore REF : motif"),
        ("rouvrir CIG-5-0001 si le maire confirme", "clore REF : motif"),
        ("clore CIG-5-0001", "il manque le motif"),
        ("clore CIG-5-0099 : sans suite", "Aucun dossier de ce groupement"),
        ("rouvrir CIG-5-0001", "n’est ni clos ni retiré"),
    ):
        say(town, words, to=silent["message_id"])
        assert town.dossiers()["5"]["state"] == before
        assert told in body(town.sent(COORDINATOR)[-1]).replace("\u00a0", " ")
    before = [m["Subject"] for m in town.sent(COORDINATOR)]
    say(town, "Merci beaucoup, bonne journée", to=str(town.sent(COORDINATOR)[-1]["Message-ID"]))
    assert [m["Subject"] for m in town.sent(COORDINATOR)] == before, "thanks need no answer"


def test_the_terminal_does_the_same(town: Town) -> None:
    now = "2025-12-05T09:00"
    close = ("dossiers", "close", "cig-5-0001", "--now", now)
    assert "CIG-5-0001 : clos" in vaguemestre(*close, "--reason", "doublon", "--by", "A. Martin", folder=town.folder)
    assert lines(vaguemestre("dossiers", "--json", folder=town.folder))[0]["state"] == "closed"
    events = lines(vaguemestre("events", "--json", "--dossier", "CIG-5-0001", folder=town.folder))
    assert [e["data"]["by"] for e in events if e["kind"] == "news.closed"] == ["A. Martin"]
    assert "déjà clos" in vaguemestre(*close, "--reason", "doublon", folder=town.folder, expect=2)
    vaguemestre("dossiers", "close", "CIG-5-0001", folder=town.folder, expect=2)  # no reason
    unknown = ("dossiers", "withdraw", "CIG-5-0001", "CIG-9-0001", "--reason", "x", "--now", now)
    assert "aucun dossier CIG-9-0001" in vaguemestre(*unknown, folder=town.folder, expect=2)
    reopen = ("dossiers", "reopen", "CIG-5-0001", "--now", "2025-12-05T10:00")
    assert "CIG-5-0001 : incomplet" in vaguemestre(*reopen, folder=town.folder)


@pytest.fixture
def schools(tmp_path: Path) -> Town:
    """Two schools for one automatic lot; the coordinator has been asked."""
    other = scene.Body(
        name="Collège Marie-Curie", siret=scene.siret("19541777"), uai="0541777N", email="b@ac-nancy-metz.fr",
        functional="ce.0541777n@ac-nancy-metz.fr", department="54",
    )  # fmt: skip
    town = Town(tmp_path, census=f"{SCHOOL.row('vote')}\n{other.row('vote')}", groups=(LDMEMS,))
    config = town.config.read_text(encoding="utf-8")
    town.config.write_text(
        config.replace("[providers]", '[providers]\nkercia = "projets@kercia.example.org"'), encoding="utf-8"
    )
    vaguemestre("members", "import", "members.csv", "--now", "2025-12-04T10:00", folder=tmp_path)
    town.run()
    return town


def listed(town: Town) -> list[list[str]]:
    """The refs of each list that left."""
    return [x["dossiers"] for x in town.letters("list") if x["state"] == "sent"]


def questions(town: Town) -> list[str]:
    """Message-IDs of the lists that the coordinator was asked, oldest first."""
    return [x["message_id"] for x in town.letters("review_request")]


def test_a_list_leaves_without_one_and_the_rest_when_it_is_asked_again(schools: Town) -> None:
    to = {"sender": f"coordination@{LDMEMS}.example.org", "group": LDMEMS}
    say(schools, f"ok sauf {SCHOOL.uai}", to=questions(schools)[0], **to)
    assert listed(schools) == [["LDMEMS-VOTE-0002"]]
    assert "sans LDMEMS-VOTE-0001" in body(schools.sent(to["sender"])[-1])
    schools.run(schools.now + HOUR)
    assert len(questions(schools)) == 1, "the coordinator has said so"
    say(schools, "liste vote", to=questions(schools)[0], **to)
    schools.run(schools.now + HOUR)
    assert len(questions(schools)) == 2
    say(schools, "ok", to=questions(schools)[1], **to)
    assert listed(schools) == [["LDMEMS-VOTE-0002"], ["LDMEMS-VOTE-0001"]]
    say(schools, "liste vote", to=questions(schools)[0], **to)
    assert "Aucun adhérent n’attend" in body(schools.sent(to["sender"])[-1])


def test_a_refused_list_is_asked_again_from_the_terminal_without_who_withdrew(schools: Town) -> None:
    to = {"sender": f"coordination@{LDMEMS}.example.org", "group": LDMEMS}
    say(schools, "refuser : un établissement en trop", to=questions(schools)[0], **to)
    assert listed(schools) == []
    schools.run(schools.now + HOUR)
    assert len(questions(schools)) == 1
    told = vaguemestre("reviews", "again", "vote", "--now", "2025-12-04T14:00", folder=schools.folder)
    assert "sera posée de nouveau" in told
    vaguemestre("reviews", "again", "rgs", folder=schools.folder, expect=2)
    schools.run(dt.datetime(2025, 12, 4, 14, 1, tzinfo=PARIS))
    assert len(questions(schools)) == 2
    out = ("dossiers", "withdraw", "LDMEMS-VOTE-0001", "--reason", "fusion", "--now", "2025-12-04T14:05")
    vaguemestre(*out, folder=schools.folder)
    schools.run(dt.datetime(2025, 12, 4, 14, 10, tzinfo=PARIS))
    assert len(questions(schools)) == 3, "the list has changed: the new question stands for the old one"
    say(schools, "ok", to=questions(schools)[2], **to)
    assert listed(schools) == [["LDMEMS-VOTE-0002"]]
    assert schools.dossiers()["vote"]["state"] == "forwarded"


@pytest.mark.parametrize("words", ["ok sauf 0000000Z", "siret 21910652300018", "ok mais pas tout de suite"])
def test_an_answer_that_does_not_fit_a_list_changes_nothing(schools: Town, words: str) -> None:
    to = {"sender": f"coordination@{LDMEMS}.example.org", "group": LDMEMS}
    say(schools, words, to=questions(schools)[0], **to)
    assert listed(schools) == []
    assert schools.reviews()[0]["answered_at"] is None
    assert "ok sauf" in body(schools.sent(to["sender"])[-1])


def test_a_convention_that_came_meanwhile_stands_in_the_dossier_reopened(tmp_path: Path) -> None:
    town = Town(tmp_path, census=SCHOOL.row("rgs;tpe"), groups=(LDMEMS,))
    contract = {"contrat.pdf": scene.merchant(SCHOOL)}
    town.deliver(scene.mail(SCHOOL, "x@example.org", "TPE", "Voici.", contract, message_id="a@b.example"), LDMEMS)
    town.run()
    ref = str(town.dossiers()["tpe"]["ref"])
    when = ("--now", town.now.isoformat())
    vaguemestre("dossiers", "close", ref, "--reason", "doublon", *when, folder=town.folder)
    convention = {"EJ.pdf": scene.certificates(SCHOOL), "convention.pdf": scene.group_convention(SCHOOL)}
    town.deliver(scene.mail(SCHOOL, "x@example.org", "EJ", "Voici.", convention, message_id="c@b.example"), LDMEMS)
    town.run(town.now + HOUR)
    vaguemestre("dossiers", "reopen", ref, "--now", town.now.isoformat(), folder=town.folder)
    assert requirement(town.dossiers()["tpe"], "group_convention") == "refused", "the same paper, the same answer"
