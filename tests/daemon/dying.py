"""The daemon run again and again, killed (SIGKILL) at every point between two transactions, until nothing is left.

`python -m tests.daemon.dying CONFIG INSTANT`: each life is a fork that ends just before or just after a commit of its
own. Lives climb: before the first commit (what was done outside the database has happened, the commit has not), after
it, before the second, after it, and so on, until one of them has moved the work on; the next then starts again at the
first. A claim moves nothing, since the next life frees it: so a runner is killed before its claim, after it, before
its work is kept and after. Prints how many lives it took, and how many of them moved the work.
"""

import asyncio
import hashlib
import itertools
import os
import signal
import sys
import traceback
from pathlib import Path

from sqlalchemy import MetaData, create_engine, event, select

from daemon import config
from daemon.clock import parse, stopped
from daemon.house import House
from daemon.service import run_once

WRITES = ("INSERT", "UPDATE", "DELETE", "CREATE")
CLAIM = {"claimed_by", "claimed_until"}


def live(path: Path, now: str, number: int, when: str) -> None:
    """One life: dies at its `number`-th commit, or ends where there is no such left."""
    house = House(config.load(path), stopped(parse(now)))
    wrote: set[int] = set()
    commits = itertools.count(1)

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    @event.listens_for(house.database.engine, "before_cursor_execute")
    def see(connection, _cursor, statement, *_) -> None:  # type: ignore[no-untyped-def]
        if statement.lstrip().upper().startswith(WRITES):
            wrote.add(id(connection))

    @event.listens_for(house.database.engine, "commit")
    def commit(connection) -> None:  # type: ignore[no-untyped-def]
        if id(connection) not in wrote:
            return
        wrote.discard(id(connection))
        if next(commits) < number:
            return
        if when == "after":
            connection.connection.driver_connection.commit()
        die()

    start(house)
    asyncio.run(run_once(house))
    house.close()


def start(house: House) -> None:
    """What the daemon does before it looks for mail."""
    house.database.migrate()
    house.database.release_dead()
    house.take_census()


def state(url: str) -> bytes:
    """A digest of all that the database holds but for who claims what."""
    engine = create_engine(url)
    tables = MetaData()
    tables.reflect(engine)
    seen = hashlib.sha256()
    with engine.connect() as connection:
        for table in tables.sorted_tables:
            kept = [c for c in table.columns if c.name not in CLAIM]
            seen.update(repr(sorted(map(repr, connection.execute(select(*kept))))).encode())
    engine.dispose()
    return seen.digest()


def main(path: Path, now: str) -> int:
    """Lives until one of them, begun at the first commit, ends by itself."""
    house = House(config.load(path), stopped(parse(now)))
    start(house)  # once without death: the forks find all that it imports
    house.close()
    url = house.config.store.database
    lives = moves = 0
    before = state(url)
    while True:
        for number, when in ((n, w) for n in itertools.count(1) for w in ("before", "after")):
            lives += 1
            pid = os.fork()
            if pid == 0:
                try:
                    live(path, now, number, when)
                    os._exit(0)
                except BaseException:
                    traceback.print_exc()
                    os._exit(1)
            _, status = os.waitpid(pid, 0)
            if os.WIFEXITED(status):
                sys.stdout.write(f"{lives} {moves}\n")
                return os.WEXITSTATUS(status)
            after = state(url)
            if after != before:
                before, moves = after, moves + 1
                break


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
