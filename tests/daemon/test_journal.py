"""A journal whose data can go when their time is over: the chain holds, and nothing else can go."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from daemon.store import journal
from daemon.store.database import MIGRATIONS, Database
from daemon.store.models import EventRow

NOW = dt.datetime(2026, 1, 5, 9, 30, tzinfo=dt.UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path}/books.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql").create()
    database = Database(url)
    database.migrate()
    with database.session() as s:
        for n in range(4):
            journal.append(s, NOW, "news.closed", "CIG-2-0001", by="c@x.example", motive=f"motif nº {n}")
    yield database
    database.close()


def lines(database: Database) -> list[EventRow]:
    with database.session() as s:
        return list(s.scalars(select(EventRow).order_by(EventRow.id)))


def test_data_go_and_the_chain_holds(database: Database) -> None:
    with database.session() as s:
        journal.forget(s, NOW, s.scalars(select(EventRow).where(EventRow.id.in_([1, 3]))).all(), "CIG-2-0001")
        journal.append(s, NOW, "dossier.purged", "CIG-2-0001")
        assert journal.verify(s) is None
    told = lines(database)
    assert [bool(x.data) for x in told] == [False, True, False, True, True, False]
    assert told[4].data == {"lines": [1, 3]}
    with database.session() as s:
        journal.forget(s, NOW, s.scalars(select(EventRow)).all())
        assert journal.verify(s) is None
        assert len(s.scalars(select(EventRow)).all()) == 7, "the word that lines were emptied is never emptied itself"


@pytest.mark.parametrize(("line", "data"), [(2, {}), (2, {"by": "autre", "motive": "motif nº 1"}), (4, {})])
def test_data_that_go_without_a_word_break_it(database: Database, line: int, data: dict[str, str]) -> None:
    with database.session() as s:
        s.get_one(EventRow, line).data = data
    with database.session() as s:
        assert journal.verify(s) == line


def test_lines_of_the_first_revision_are_still_checked(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    database = Database(f"sqlite:///{tmp_path}/old.db")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    data = {"mail": 1, "name": "Étiolles"}
    told = [journal.GENESIS, NOW.isoformat(timespec="microseconds"), None, "mail.received", data]
    whole = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    values = {"at": NOW.replace(tzinfo=None), "data": json.dumps(data), "previous": journal.GENESIS}
    values["hash"] = hashlib.sha256(whole.encode()).hexdigest()
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO events (at, kind, data, previous, hash) "
                "VALUES (:at, 'mail.received', :data, :previous, :hash)"
            ),
            values,
        )
    database.migrate()
    with database.session() as s:
        journal.append(s, NOW, "mail.read", mail=1)
        assert journal.verify(s) is None
        journal.forget(s, NOW, s.scalars(select(EventRow)).all())
        assert s.get_one(EventRow, 1).data == data, "its hash holds its data: it stays"
        s.get_one(EventRow, 1).data = {"mail": 2, "name": "Étiolles"}
        s.flush()
        assert journal.verify(s) == 1
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
    database.close()
