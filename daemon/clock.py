"""The instant, as the commands' `--now` may set it. Rules and parsers never look at a clock: they are told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
Clock = Callable[[], dt.datetime]


def system() -> dt.datetime:
    """Now, aware, in UTC."""
    return dt.datetime.now(dt.UTC)


def stopped(at: dt.datetime) -> Clock:
    """A clock that shows one instant (`--now`, tests)."""
    return lambda: at


def parse(text: str) -> dt.datetime:
    """`2026-01-05`, `2026-01-05T09:30`, `2026-01-05T08:30Z`; Paris time where no offset is given. Raises ValueError."""
    at = dt.datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=PARIS)
