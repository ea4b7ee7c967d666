"""The daemon run again and again, killed (SIGKILL) around its transactions, until nothing is left.

`python -m tests.daemon.dying CONFIG INSTANT`: each life is a fork that ends at a commit of work. The first one dies
just after its first commit (often a mere claim), the next just before its second (what was done outside the database
has happened, the commit has not), the third just after it, and so on in turn:
three of four commits are points of death, the one between the first and the second of a third life is not.
Prints how many lives it took.
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


POINTS = ((1, "after"), (2, "before"), (2, "after"))


def live(path: Path, now: str, number: int, when: str) -> None:
    """One life: dies at its `number`-th commit of work, or ends where there is no such left."""
    house = House(config.load(path), stopped(parse(now)))
    house.database.migrate()
    house.database.release_dead()
    house.take_census()
    wrote: set[int] = set()
    done = [0]

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
        done[0] += 1
        if done[0] < number:
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
        for number, when in POINTS:
            lives += 1
            pid = os.fork()
            if pid == 0:
                try:
                    live(path, now, number, when)
                    os._exit(0)
                except BaseException:
                    import traceback

                    traceback.print_exc()
                    os._exit(1)
            _, status = os.waitpid(pid, 0)
            if os.WIFEXITED(status) and (os.WEXITSTATUS(status) or (number, when) == POINTS[0]):
                sys.stdout.write(f"{lives}\n")
                return os.WEXITSTATUS(status)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
