"""The store on both databases: instants, leases, unique letters, the journal's chain; and the blobs."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from daemon.errors import ServiceUnreachable, VaguemestreError
from daemon.store import journal
from daemon.store.blobs import BlobStore
from daemon.store.database import Database
from daemon.store.models import Base, EventRow, LetterRow, MailRow

NOW = dt.datetime(2026, 1, 5, 9, 30, tzinfo=dt.UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/books.db"
    else:
        url = request.getfixturevalue("postgresql").create()
    database = Database(url)
    database.migrate()
    yield database
    database.close()


def a_mail(uid: int = 1, **more: object) -> MailRow:
    values = {
        "group": "g", "mailbox": "m", "folder": "INBOX", "uidvalidity": 1, "uid": uid, "sha256": "0" * 64,
        "size": 1, "key": "k", "received_at": NOW, **more,
    }  # fmt: skip
    return MailRow(**values)


def a_letter(key: str = "CIG-2-0001/ack/1") -> LetterRow:
    return LetterRow(
        key=key, kind="acknowledgement", group="g", role="member", recipients=[], template="t", facts={}, due_at=NOW
    )


def test_migrations_make_what_the_models_say(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
        assert set(Base.metadata.tables) <= set(inspect(connection).get_table_names())


def test_migrating_twice_changes_nothing(database: Database) -> None:
    database.migrate()


def test_sqlite_is_durable_and_concurrent(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/books.db")
    with database.engine.connect() as c:
        assert c.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert c.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL
        assert c.execute(text("PRAGMA foreign_keys")).scalar() == 1
    database.close()


def test_instants_come_back_aware_and_naive_ones_are_refused(database: Database) -> None:
    paris = dt.timezone(dt.timedelta(hours=1))
    with database.session() as s:
        s.add(a_mail(received_at=NOW.astimezone(paris)))
    with database.session() as s:
        assert s.scalars(select(MailRow.received_at)).one() == NOW
        assert s.scalars(select(MailRow.received_at)).one().tzinfo is not None
    with pytest.raises((ValueError, StatementError), match="naive"), database.session() as s:
        s.add(a_mail(uid=2, received_at=NOW.replace(tzinfo=None)))


def test_a_mail_is_claimed_once(database: Database) -> None:
    with database.session() as s:
        s.add(a_mail())
    with pytest.raises(IntegrityError), database.session() as s:
        s.add(a_mail())


def test_a_letter_exists_once(database: Database) -> None:
    with database.session() as s:
        s.add(a_letter())
    with pytest.raises(IntegrityError), database.session() as s:
        s.add(a_letter())


def test_letters_to_the_same_people_are_found_by_the_database(database: Database) -> None:
    people = (["a@b.example"], ["é@b.example", "c@b.example"], ["a@b.example"])
    with database.session() as s:
        for n, to in enumerate(people):
            letter = a_letter(f"k{n}")
            letter.recipients = to
            s.add(letter)
    with database.session() as s:
        for to in people:
            found = s.scalars(select(LetterRow).where(LetterRow.recipients == to)).unique().all()
            assert [x.recipients for x in found] == [x for x in people if x == to]


def test_a_lease_keeps_others_away_until_it_ends(database: Database) -> None:
    other = Database(str(database.engine.url.render_as_string(hide_password=False)))
    query = select(MailRow).order_by(MailRow.id)
    with database.session() as s:
        s.add_all([a_mail(1), a_mail(2)])
    with database.session() as s:
        first = database.claim(s, query, NOW)
    with other.session() as s:
        second = other.claim(s, query, NOW)
    assert first is not None
    assert second is not None
    assert {first.uid, second.uid} == {1, 2}
    with other.session() as s:
        assert other.claim(s, query.where(MailRow.uid == first.uid), NOW) is None
    with other.session() as s:
        assert other.claim(s, query.where(MailRow.uid == first.uid), NOW + dt.timedelta(hours=1)) is not None
    other.close()


def test_a_dead_worker_s_leases_are_freed(database: Database) -> None:
    with database.session() as s:
        s.add(
            a_mail(
                1, claimed_by=f"{database.worker.split(':')[0]}:999999999:x", claimed_until=NOW + dt.timedelta(days=1)
            )
        )
        s.add(a_mail(2, claimed_by="elsewhere:1:x", claimed_until=NOW + dt.timedelta(days=1)))
    database.release_dead()
    with database.session() as s:
        assert dict(s.execute(select(MailRow.uid, MailRow.claimed_by)).all()) == {1: None, 2: "elsewhere:1:x"}


def test_the_journal_shows_a_line_changed_later(database: Database) -> None:
    with database.session() as s:
        for n in range(3):
            journal.append(s, NOW, "mail.received", mail=n, name="Étiolles")
        assert journal.verify(s) is None
    with database.session() as s:
        s.scalars(select(EventRow).where(EventRow.id == 2)).one().data = {"mail": 7, "name": "Étiolles"}
    with database.session() as s:
        assert journal.verify(s) == 2


def test_the_journal_shows_a_line_gone(database: Database) -> None:
    with database.session() as s:
        for n in range(3):
            journal.append(s, NOW, "mail.received", mail=n)
        s.delete(s.scalars(select(EventRow).where(EventRow.id == 2)).one())
    with database.session() as s:
        assert journal.verify(s) == 3


def test_a_blob_is_kept_once_and_checked(tmp_path: Path) -> None:
    blobs = BlobStore(f"file://{tmp_path}/blobs")
    sha256 = blobs.put(b"bon de commande")
    assert blobs.put(b"bon de commande") == sha256
    assert blobs.get(sha256) == b"bon de commande"
    files = [p for p in tmp_path.rglob("*") if p.is_file() and p.name != ".vaguemestre"]
    assert [p.name for p in files] == [sha256]
    files[0].write_bytes(b"bon de commando")
    with pytest.raises(VaguemestreError, match="abîmé"):
        blobs.get(sha256)
    other = blobs.put(b"fiche")
    files[0].unlink()
    with pytest.raises(VaguemestreError, match="manque") as lost:
        blobs.get(sha256)
    assert not isinstance(lost.value, ServiceUnreachable), "one blob is lost, the store answers"
    assert blobs.get(other) == b"fiche"


def test_a_folder_that_was_used_and_is_empty_takes_nothing(tmp_path: Path) -> None:
    """A volume that is not mounted leaves its empty folder: what went there would vanish under the mount."""
    volume, away = tmp_path / "volume", tmp_path / "away"
    blobs = BlobStore(f"file://{volume}")
    sha256 = blobs.put(b"bon de commande")
    volume.rename(away)
    for there in (False, True):
        if there:
            (volume / "lost+found").mkdir(parents=True)  # a file system of its own, but not ours
        for store in (blobs, BlobStore(f"file://{volume}", used=True)):
            with pytest.raises(ServiceUnreachable, match="montez son volume"):
                store.put(b"fiche")
            with pytest.raises(ServiceUnreachable, match="monté"):
                store.get(sha256)
    assert [p.name for p in volume.iterdir()] == ["lost+found"]

    (volume / "lost+found").rmdir()
    volume.rmdir()
    away.rename(volume)
    assert blobs.put(b"fiche")
    assert blobs.get(sha256) == b"bon de commande"

    (volume / ".vaguemestre").unlink()  # made by a version that left no mark: it holds blobs, so it is ours
    other = BlobStore(f"file://{volume}", used=True)
    assert other.put(b"avenant")
    assert (volume / ".vaguemestre").exists()


def test_a_blob_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ServiceUnreachable, match="blobs"):
        BlobStore(f"file://{tmp_path}/blobs").get("0" * 64)


def test_two_runners_of_one_process_do_not_take_the_same_mail(database: Database) -> None:
    query = select(MailRow).order_by(MailRow.id)
    with database.session() as s:
        s.add(a_mail())
    with database.session() as s:
        assert database.claim(s, query, NOW, ":reading0") is not None
    with database.session() as s:
        assert database.claim(s, query, NOW, ":reading1") is None
    with database.session() as s:
        assert database.claim(s, query, NOW, ":reading0") is not None, "its own, after a failure"
