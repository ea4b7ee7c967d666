"""What commands share: the configuration found and opened, `--now`, tables and JSON lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daemon import clock as clocks
from daemon import config as configuration
from daemon.errors import UsageError
from daemon.house import House

if TYPE_CHECKING:
    from rich.console import Console


YEARS = (1970, 2500)  # beyond, calendars and databases end


def instant(text: str | None) -> clocks.Clock:
    """The clock of `--now`: stopped there, or the system's. Raises UsageError."""
    if text is None:
        return clocks.system
    try:
        at = clocks.parse(text)
        if not YEARS[0] <= at.year <= YEARS[1]:
            raise ValueError(at.year)
        return clocks.stopped(at)
    except ValueError as e:
        raise UsageError(f"« {text} » n’est pas un instant", "écrivez 2026-01-05 ou 2026-01-05T09:30") from e


@contextmanager
def house(config: Path | None, now: str | None = None, *, secrets: bool = False) -> Iterator[House]:
    """The house of the configuration found, its database brought to the newest shape.

    `secrets`: whether mailboxes and SMTP will be used. The books alone need none: a systemd credential is not there.
    """
    opened = House(configuration.load(configuration.find(config), secrets=secrets), instant(now))
    try:
        opened.database.migrate()
        yield opened
    finally:
        opened.close()


def known_group(opened: House, group: str | None) -> None:
    """Raises UsageError for a group that the configuration does not name."""
    if group is not None and group not in opened.groups:
        raise UsageError(f"groupement inconnu : {group}", f"admis : {', '.join(opened.groups)}")


@contextmanager
def writing(what: str) -> Iterator[None]:
    """A file or a folder that cannot be written where the user wants it is the user's to put right."""
    try:
        yield
    except OSError as e:
        raise UsageError(f"{what} : {e.filename} : {e.strerror}", "donnez un autre chemin, ou le droit d’écrire") from e


def print_json(objects: Iterable[Mapping[str, Any]]) -> None:
    """One object a line."""
    for o in objects:
        sys.stdout.write(json.dumps(o, ensure_ascii=False) + "\n")


def console() -> Console:
    """Where tables go."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """A table, or a sentence where there is no row."""
    from rich import box
    from rich.table import Table

    out = console()
    body = [[str(c) if c is not None else "" for c in row] for row in rows]
    if not body:
        out.print(f"{title} : rien." if title else "Rien.")
        return
    t = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for c in columns:
        t.add_column(c, overflow="fold")
    for row in body:
        t.add_row(*row)
    out.print(t)
