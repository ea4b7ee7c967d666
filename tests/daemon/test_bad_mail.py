"""No mail, however broken, stops the next one: it is kept, filed, on the books with its reason."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from daemon.store.models import MailRow
from fixtures import scene
from fixtures.scene import Body, siret
from tests.daemon.test_commands import vaguemestre
from tests.daemon.test_walks import TOWN
from tests.daemon.town import BOX, CIG, LDMEMS, Town, body

GOOD = scene.mail(
    TOWN,
    "x@example.org",
    "BC",
    "Bonjour, voici le bon.",
    {"BC.pdf": scene.order(TOWN, "5")},
    message_id="bon@b.example",
)


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path, census=TOWN.row("5"), groups=(CIG,))


def without(header: str) -> bytes:
    return b"\r\n".join(x for x in GOOD.split(b"\r\n") if not x.startswith(header.encode() + b":"))


BROKEN = {
    "empty": b"",
    "no blank line": b"From: a@b.example",
    "no From": without("From"),
    "no Message-ID": without("Message-ID"),
    "two Message-IDs": GOOD.replace(b"Message-ID: ", b"Message-ID: <autre@b.example>\r\nMessage-ID: ", 1),
    "1970": without("Date").replace(b"From:", b"Date: Thu, 01 Jan 1970 00:00:00 +0000\r\nFrom:", 1),
    "a date that is none": without("Date").replace(b"From:", b"Date: hier soir\r\nFrom:", 1),
    "no boundary": GOOD.replace(b"boundary=", b"frontiere="),
    "cut short": GOOD[: len(GOOD) // 2],
    "raw 8-bit": b"From: \xe9l\xe8ve <a@b.example>\r\nSubject: d\xe9\r\nMessage-ID: <8@b.example>\r\n\r\n\xe0 voir",
    "NUL bytes": b"From: a@b.example\r\nSubject: x\r\nMessage-ID: <0@b.example>\r\n\r\n" + b"\0" * 2000,
    "NUL in the subject": b"From: a@b.example\r\nSubject: a\0b\r\nMessage-ID: <n@b.example>\r\n\r\nbonjour",
    "half a surrogate pair": b"From: a@b.example\r\nSubject: =?utf-7?Q?+2AA-?=\r\nMessage-ID: <s@b.example>\r\n"
    b"Content-Type: text/plain; charset=utf-7\r\n\r\n+2AA- bonjour",
    "an endless Message-ID": b"From: a@b.example\r\nMessage-ID: <" + b"m" * 3000 + b"@b.example>\r\n\r\nbonjour",
    "an endless From": b"From: " + b"a" * 900 + b"@b.example\r\nMessage-ID: <f@b.example>\r\n\r\nbonjour",
    "not a mail": bytes(range(256)) * 40,
    "a loop of containers": scene.mail(
        "a@b.example", "x@example.org", "x", "x", {"x.eml": GOOD * 3}, message_id="l@b.example"
    ),
}


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN)
def test_a_broken_mail_is_kept_and_the_next_one_goes_on(town: Town, raw: bytes) -> None:
    town.deliver(raw)
    later = scene.mail(
        TOWN,
        "x@example.org",
        "Fiche",
        "Bonjour, voici la fiche.",
        {"F.pdf": scene.account(TOWN, "5", yes=False)},
        message_id="suite@b.example",
    )
    town.deliver(later)
    town.run()
    house = town.house()
    with house.database.session() as s:
        rows = s.scalars(select(MailRow).order_by(MailRow.id)).all()
        assert [house.blobs.get(r.sha256) for r in rows] == [raw, later]
        assert {r.state for r in rows} == {"filed"}
    house.close()
    assert sum(town.filed().values()) == 2
    assert town.dossiers()["5"]["requirements"], "the next mail was ruled on"


def test_postgresql_takes_what_is_broken_too(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    town = Town(tmp_path, census=TOWN.row("5"), groups=(CIG,), database=request.getfixturevalue("postgresql").create())
    for raw in (*BROKEN.values(), GOOD):
        town.deliver(raw)
    town.run()
    assert sum(town.filed().values()) == len(BROKEN) + 1
    assert not [e for e in town.events() if e["kind"] == "mail.failed"]


@pytest.mark.parametrize("name", ["no Message-ID", "two Message-IDs", "1970", "a date that is none"])
def test_what_can_be_read_counts_all_the_same(town: Town, name: str) -> None:
    town.deliver(BROKEN[name])
    town.run()
    assert town.dossiers()["5"]["state"] == "incomplete"
    [answer] = town.sent(TOWN.email)
    assert "fiche" in body(answer)


def test_the_same_mail_without_message_id_twice_earns_one_answer(town: Town) -> None:
    town.deliver(BROKEN["no Message-ID"])
    town.run()
    town.deliver(BROKEN["no Message-ID"])
    town.run(town.now + dt.timedelta(minutes=5))
    assert len(town.sent(TOWN.email)) == 1


def test_a_mail_over_the_limit_is_answered_with_the_limit(town: Town) -> None:
    files = {"scan.pdf": b"%PDF-1.4\n" + b"x" * 4_000_000}
    town.deliver(scene.mail(TOWN, "x@example.org", "scan", "Voici.", files, message_id="gros@b.example"))
    town.run()
    [answer] = town.sent(TOWN.email)
    assert "3 Mo" in body(answer).replace("\u00a0", " ").replace("\u202f", " ")
    assert town.filed() == {"À vérifier": 1}


def test_a_mail_that_cannot_be_ruled_on_is_tried_three_times_then_put_aside(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    from daemon.runners import ruling

    def stumble(*_: object) -> None:
        raise ZeroDivisionError("une règle trébuche")

    town.deliver(GOOD)
    monkeypatch.setattr(ruling, "file_mail", stumble)
    for _ in range(4):
        town.run(town.now + dt.timedelta(hours=1))
    assert town.filed() == {"En erreur": 1}
    failed = [e for e in town.events() if e["kind"] == "mail.failed"]
    assert len(failed) == 3
    assert "une règle trébuche" in failed[-1]["data"]["why"]

    monkeypatch.undo()  # the fault is mended: a person puts the mail back into the inbox
    [put_aside] = [p for p in (town.folder / CIG / ".En erreur").rglob("*.mail*") if p.is_file()]
    put_aside.rename(town.folder / CIG / "new" / "remis.mail")
    town.run(town.now + dt.timedelta(hours=1))
    assert town.dossiers()["5"]["state"] == "incomplete"
    assert len(town.sent(TOWN.email)) == 1


def test_a_letter_without_an_address_is_told_to_the_coordinator(town: Town) -> None:
    config = town.config.read_text(encoding="utf-8")
    town.config.write_text(config.replace('dematis = "dossiers@dematis.example.org"\n', ""), encoding="utf-8")
    town.deliver(GOOD)
    files = {"F.pdf": scene.account(TOWN, "5", yes=False)}
    town.deliver(scene.mail(TOWN, "x@example.org", "F", "Voici la fiche.", files, message_id="f@b.example"))
    town.run()
    assert [x["state"] for x in town.letters("forward")] == ["failed"]
    [told] = [m for m in town.sent(f"coordination@{CIG}.example.org") if "n’a pu être remise" in body(m)]
    assert "aucune adresse connue" in body(told)


def test_a_mail_that_reading_stumbles_over_is_put_aside_and_the_next_one_read(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    from daemon import authentication

    judged = authentication.authenticity

    def stumble(raw: bytes, *rest: Any) -> Any:
        if b"piege" in raw:
            raise ZeroDivisionError("un en-tête fait trébucher")
        return judged(raw, *rest)

    monkeypatch.setattr(authentication, "authenticity", stumble)
    town.deliver(b"From: a@b.example\r\nMessage-ID: <piege@b.example>\r\n\r\nbonjour")
    town.deliver(GOOD)
    for _ in range(4):
        town.run(town.now + dt.timedelta(hours=1))
    assert town.filed() == {"En erreur": 1, "Traités": 1}
    assert "trébucher" in [e for e in town.events() if e["kind"] == "mail.failed"][-1]["data"]["why"]


def test_a_dossier_that_the_rules_stumble_over_stops_no_other(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    from daemon.runners import ruling

    town.deliver(GOOD)
    town.run()
    settle = ruling.settle

    def stumble(house: Any, s: Any, row: Any, now: Any) -> Any:
        if row.lot == "5":
            raise ZeroDivisionError("une règle trébuche")
        return settle(house, s, row, now)

    files = {"BC.pdf": scene.order(TOWN, "2")}
    town.deliver(scene.mail(TOWN, "x@example.org", "BC", "Voici.", files, message_id="deux@b.example"))
    monkeypatch.setattr(ruling, "settle", stumble)
    for _ in range(3):
        town.run(town.now + dt.timedelta(days=5))
    assert "reminder" in {x["kind"] for x in town.letters() if x["dossiers"] == ["CIG-2-0001"]}
    failed = [e for e in town.events() if e["kind"] == "dossier.failed"]
    assert [(e["dossier"], e["data"]["why"]) for e in failed] == [
        ("CIG-5-0001", "ZeroDivisionError: une règle trébuche")
    ]

    monkeypatch.undo()  # mended: what it owes comes by itself
    town.run(town.now + dt.timedelta(days=3))
    assert "reminder" in {x["kind"] for x in town.letters() if x["dossiers"] == ["CIG-5-0001"]}


def test_a_group_that_is_configured_no_more_stops_no_other(tmp_path: Path) -> None:
    town = Town(tmp_path, census=TOWN.row("5"), groups=(CIG, LDMEMS))
    town.deliver(GOOD)
    town.run()
    told = town.config.read_text(encoding="utf-8")
    told = told.replace(f'"{CIG}", ', "").replace(BOX.format(CIG), "")
    town.config.write_text(told.replace(f'{CIG} = ["coordination@{CIG}.example.org"]\n', ""), encoding="utf-8")
    school = Body(name="Lycée du Bac", uai="0540001A", siret=siret("19540001"), email="ce.0540001a@ac.example")
    town.deliver(
        scene.mail(school, "x@example.org", "Question", "Bonjour, qui êtes-vous ?", message_id="q@b.example"), LDMEMS
    )
    town.run(town.now + dt.timedelta(days=30))
    assert sum(town.filed(LDMEMS).values()) == 1
    assert len(town.letters("reminder")) == 0
    assert vaguemestre("plan", "--at", "2027-01-01", folder=town.folder).count("reminder") == 0
    assert "« cig-grande-couronne » n’y est plus" in vaguemestre("explain", "CIG-5-0001", folder=town.folder, expect=2)
