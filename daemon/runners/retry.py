"""When a failed unit is tried again: doubling waits with a ceiling; after the last try a person sees it."""

from __future__ import annotations

import datetime as dt

from daemon.config import Schedule


def wait(schedule: Schedule, attempts: int) -> dt.timedelta:
    """How long after the `attempts`-th failure (from 1)."""
    seconds = min(schedule.retry_seconds * 2 ** max(0, attempts - 1), schedule.retry_max_seconds)
    return dt.timedelta(seconds=seconds)
