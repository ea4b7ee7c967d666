"""A bell that one thread rings and another one sleeps on, together with a socket or without."""

from __future__ import annotations

import os
import select
from typing import Protocol


class HasFileno(Protocol):
    """A socket, as far as we are concerned."""

    def fileno(self) -> int:
        """The descriptor."""


class Bell:
    """Rung before anyone listens, it is heard all the same; rung twice, once."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)

    def __del__(self) -> None:
        os.close(self._read)
        os.close(self._write)

    def ring(self) -> None:
        """Wake the sleeper, or the next one."""
        try:
            os.write(self._write, b"!")
        except BlockingIOError:
            return  # full of rings: it will be heard

    def sleep(self, seconds: float, other: HasFileno | None = None) -> tuple[bool, bool]:
        """Sleep until rung, `other` can be read, or time is up: (rung, readable)."""
        poller = select.poll()
        poller.register(self._read, select.POLLIN)
        if other is not None:
            poller.register(other.fileno(), select.POLLIN)
        ready = {fd for fd, _ in poller.poll(max(0.0, seconds) * 1000)}
        rung = self._read in ready
        if rung:
            os.read(self._read, 65536)
        return rung, bool(ready - {self._read})
