"""When a failed unit is tried again: doubling waits with a ceiling; after the last try a person sees it."""

from __future__ import annotations

import datetime as dt

from daemon.config import Schedule


def wait(schedule: Schedule, attempts: int) -> dt.timedelta:
    """How long after the `attempts`-th failure (from 1)."""
    doublings = min(max(0, attempts - 1), 60)  # more would be no number that the clock knows
    return dt.timedelta(seconds=min(schedule.retry_seconds * 2**doublings, schedule.retry_max_seconds))
