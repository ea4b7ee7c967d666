"""The way of a message: intake, reading, ruling, dispatch, filing. `step()` does one unit and says if there was any.

The daemon drives them in loops, a test calls `step()`, several machines run them side by side: what is done, and by
whom, stands in the database alone.
"""

from __future__ import annotations

from typing import Protocol


class Runner(Protocol):
    """One of the five."""

    name: str

    async def step(self) -> bool:
        """One unit of work in one transaction; False where there was none."""
