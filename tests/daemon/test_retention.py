"""What has stayed long enough goes, for good; what is left still adds up, and nothing is said twice for it."""

import datetime as dt
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import select

from daemon import instructions
from daemon.clock import PARIS
from daemon.errors import ServiceUnreachable
from daemon.runners import retention
from daemon.store.models import Base, DossierRow, EventRow, LetterRow, MailRow, MemberRow, NewsRow, PieceRow, SpentRow
from fixtures import scene
from rules.instructions import Instruction
from tests.daemon.test_commands import lines, vaguemestre
from tests.daemon.test_walks import TOWN
from tests.daemon.town import CIG, THURSDAY, Town

Row = TypeVar("Row", bound=Base)
OTHER = scene.Body(
    name="Commune de Rochebelle", siret=scene.siret("21910555"), email="c.petit@rochebelle.example",
    functional="mairie@rochebelle.example", city="Rochebelle", person="Claude Petit",
)  # fmt: skip
YEARS = dt.datetime(2031, 1, 6, 10, 0, tzinfo=PARIS)  # five years and a month after the first mail: a Monday
AT = "2031-01-06T10:00"
REF = "CIG-5-0001"


def lived(folder: Path, database: str = "sqlite:///books.db") -> Town:
    """Two members and a plan that both sent; the first one's dossier is closed, the second one's waits for a paper."""
    town = Town(folder, census=f"{TOWN.row('5')}\n{OTHER.row('5')}", groups=(CIG,), database=database)
    plan = b"%PDF-1.4 un plan que les deux ont joint"
    both = {"BC.pdf": scene.order(TOWN, "5"), "Fiche.pdf": scene.account(TOWN, "5", yes=True, rgs=True), "n.pdf": plan}
    town.deliver(scene.mail(TOWN, "x@example.org", "Lot 5", "Voici, Jeanne Lefèvre.", both, message_id="a@b.example"))
    one = {"BC.pdf": scene.order(OTHER, "5"), "n.pdf": plan}
    town.deliver(scene.mail(OTHER, "x@example.org", "Lot 5", "Voici.", one, message_id="c@b.example"))
    headers = {"Auto-Submitted": "auto-replied"}
    town.deliver(scene.mail(TOWN, "x@example.org", "Absence", "Congés.", message_id="d@b.example", headers=headers))
    town.run()
    instruction = Instruction(what="closed", refs=(REF,), motive="motif confidentiel")
    house = town.house()
    with house.database.session() as s:
        [done] = instructions.carry_out(
            house, s, house.groups[CIG], instruction, by="A. Martin", at=THURSDAY + dt.timedelta(hours=1)
        )
    house.close()
    assert done.outcome == "done"
    town.run(THURSDAY + dt.timedelta(hours=2))  # the provider hears of it now, not in five years
    return town


def rows(town: Town, model: type[Row]) -> list[Row]:
    house = town.house()
    try:
        with house.database.session() as s:
            return list(s.scalars(select(model)).unique())
    finally:
        house.close()


def told(town: Town) -> str:
    """What the books say of the time before the dossier was closed, whole."""
    letters = [x for x in rows(town, LetterRow) if x.due_at <= THURSDAY + dt.timedelta(days=1)]
    found = [x for model in (MailRow, PieceRow, NewsRow, EventRow, DossierRow) for x in rows(town, model)]
    return " ".join(str(vars(x)) for x in [*letters, *found])


def blobs(town: Town) -> set[str]:
    return {p.name for p in (town.folder / "blobs").rglob("??/*") if p.is_file()}


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_closed_dossier_goes_with_its_mail_and_its_papers(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server = None if database == "sqlite" else request.getfixturevalue("postgresql")
    town = lived(tmp_path, server.create() if server else "sqlite:///books.db")
    town.run(YEARS - dt.timedelta(days=40))
    assert [m.id for m in rows(town, MailRow) if m.purged_at is not None] == [3], "the automatic reply alone"
    dry = lines(vaguemestre("purge", "--dry-run", "--json", "--now", AT, folder=tmp_path))
    assert [(x["what"], x["name"]) for x in dry] == [("dossier", REF)]
    assert "motif confidentiel" in told(town), "nothing went"

    there, sent = blobs(town), len(town.sent())
    town.run(YEARS)
    text = told(town)
    for word in ("Lefèvre", "valmondiere", "Fiche.pdf", "motif confidentiel", "A. Martin"):
        assert word not in text, word
    assert "rochebelle" in text, "the other member's dossier lives"
    assert there - blobs(town), "bytes are gone"
    left = {p.reading["name"]: p.reading["sha256"] for p in rows(town, PieceRow)}
    assert set(left) == {"BC.pdf", "n.pdf"}
    assert set(left.values()) <= blobs(town), "the other mail needs its own, and what both had"
    assert rows(town, SpentRow) == []
    assert not [m for m in town.sent()[sent:] if REF in str(m["Subject"])]

    [dossier] = [d for d in rows(town, DossierRow) if d.ref == REF]
    assert (dossier.state, dossier.next_at) == ("closed", None)
    letters = [x for x in town.letters() if x["dossiers"] == [REF]]
    assert {x["state"] for x in letters} == {"sent"}
    assert all(x["to"] == [] for x in letters)
    assert "purgée" in vaguemestre("letters", "show", letters[0]["key"], folder=tmp_path, expect=2)
    assert "La chaîne est entière" in vaguemestre("events", folder=tmp_path)
    assert [e["dossier"] for e in town.events() if e["kind"] == "dossier.purged"] == [REF]

    later = "2031-01-06T11:00"
    assert lines(vaguemestre("replay", "--json", "--now", later, folder=tmp_path)) == []
    assert lines(vaguemestre("purge", "--json", "--now", later, folder=tmp_path)) == []
    house = town.house()
    with house.database.session() as s:
        for row in s.scalars(select(DossierRow)).unique():
            row.next_at = YEARS  # as a changed rule would
    house.close()
    before = [x["key"] for x in town.letters()]
    town.run(YEARS + dt.timedelta(hours=2))
    assert [x["key"] for x in town.letters()] == before, "nothing is decided anew"
    assert "état closed" in vaguemestre("explain", REF, "--now", later, folder=tmp_path)


def purge_rows_only(town: Town, at: dt.datetime = YEARS) -> None:
    """What the daemon had done when it died."""
    house = town.house()
    with house.database.session() as s:
        items = list(retention.over(house, s, at))
    assert [retention.carry_out(house, x, at) for x in items]
    assert not any(retention.carry_out(house, x, at) for x in items), "once is all"
    house.close()


def test_what_dies_between_rows_and_bytes_is_taken_up_again(tmp_path: Path) -> None:
    town = lived(tmp_path)
    there = blobs(town)
    purge_rows_only(town)
    spent = {x.sha256 for x in rows(town, SpentRow)}
    assert spent
    assert blobs(town) == there
    house = town.house()
    removed: list[str] = []

    def remove(sha256: str) -> None:
        if removed:
            raise ServiceUnreachable("the disk is gone", "mount it")
        removed.append(sha256)
        type(house.blobs).remove(house.blobs, sha256)

    house.blobs.remove = remove  # type: ignore[method-assign]
    with pytest.raises(ServiceUnreachable):
        retention.sweep(house)
    house.close()
    assert {x.sha256 for x in rows(town, SpentRow)} == spent, "all are tried again"
    assert len(blobs(town)) == len(there) - 1
    town.run(YEARS)
    assert rows(town, SpentRow) == []
    assert "Fiche.pdf" not in told(town)


def test_the_same_mail_again_keeps_its_bytes_and_earns_nothing(tmp_path: Path) -> None:
    town = lived(tmp_path)
    first = rows(town, MailRow)[0].sha256
    raw = (tmp_path / "blobs" / first[:2] / first).read_bytes()
    purge_rows_only(town)
    town.deliver(raw)
    sent = len(town.sent(TOWN.email))
    town.run(YEARS)
    [again] = [m for m in rows(town, MailRow) if m.id == 4]
    assert again.repeats is not None
    assert again.sha256 in blobs(town)
    assert len(town.sent(TOWN.email)) == sent
    [dossier] = [d for d in town._rows(lambda s: s.scalars(select(DossierRow)).unique()) if d.ref == REF]
    assert dossier.state == "closed"


def test_papers_for_a_purged_dossier_go_to_the_coordinator_who_may_open_it_again(tmp_path: Path) -> None:
    town = lived(tmp_path)
    town.run(YEARS)
    files = {"BC.pdf": scene.order(TOWN, "5", number="2031-4")}
    town.deliver(scene.mail(TOWN, "x@example.org", "BC", "Voici.", files, message_id="e@b.example"))
    town.run(YEARS + dt.timedelta(hours=1))
    over = [x for x in town.letters("escalation") if x["dossiers"] == [REF]]
    assert len(over) == 1
    reopen = ("dossiers", "reopen", REF, "--now", "2031-01-06T12:00")
    assert f"{REF} : incomplet" in vaguemestre(*reopen, folder=tmp_path)
    town.run(YEARS + dt.timedelta(hours=3))
    assert not [x for x in town.letters("forward") if x["dossiers"] == [REF] and x["sent_at"] > "2031"]


def test_what_was_put_down_while_reading_and_is_no_paper_does_not_stay(tmp_path: Path) -> None:
    town = lived(tmp_path)
    named = {m.sha256 for m in rows(town, MailRow)} | {p.reading["sha256"] for p in rows(town, PieceRow)}
    named |= {str(x.raw) for x in rows(town, LetterRow)}
    assert blobs(town) == named


def test_the_persons_of_a_body_go_with_its_last_dossier(tmp_path: Path) -> None:
    town = lived(tmp_path)
    purge_rows_only(town)
    members = {m.name: m.emails for m in rows(town, MemberRow)}
    assert members == {TOWN.name: [], OTHER.name: [OTHER.email]}
