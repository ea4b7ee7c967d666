"""The daemon run again and again, killed (SIGKILL) at every point between two transactions, until nothing is left.

`python -m tests.daemon.dying CONFIG INSTANT`: each life is a fork that ends at its first commit of work: first just
before it (what it did outside the database has happened, the commit has not), then just after it. Prints how many
lives it took.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from sqlalchemy import event

from daemon import config
from daemon.clock import parse, stopped
from daemon.house import House
from daemon.service import run_once

WRITES = ("INSERT", "UPDATE", "DELETE")


def live(path: Path, now: str, when: str) -> None:
    """One life: dies at its first commit of work, or ends where there is none left."""
    house = House(config.load(path), stopped(parse(now)))
    house.database.migrate()
    house.database.release_dead()
    house.take_census()
    wrote: set[int] = set()

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
        if when == "before":
            die()
        connection.connection.driver_connection.commit()
        die()

    asyncio.run(run_once(house))
    house.close()


def main(path: Path, now: str) -> int:
    """Lives until one of them ends by itself."""
    lives = 0
    while True:
        for when in ("before", "after"):
            lives += 1
            pid = os.fork()
            if pid == 0:
                try:
                    live(path, now, when)
                    os._exit(0)
                except BaseException:
                    import traceback

                    traceback.print_exc()
                    os._exit(1)
            _, status = os.waitpid(pid, 0)
            if os.WIFEXITED(status):
                sys.stdout.write(f"{lives}\n")
                return os.WEXITSTATUS(status)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
