"""Telling systemd how we are (sd_notify): ready, reloading, stopping, a status line, and that we are alive.

Outside systemd, where `NOTIFY_SOCKET` is not set, all of it does nothing.
"""

from __future__ import annotations

import os
import time

from sdnotify import SystemdNotifier


class Notifier:
    """The line to the service manager."""

    def __init__(self) -> None:
        self._line = SystemdNotifier() if os.environ.get("NOTIFY_SOCKET") else None
        microseconds = os.environ.get("WATCHDOG_USEC", "")
        ours = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        watched = microseconds.isdecimal() and int(microseconds) > 0 and ours
        # Seconds within which `watchdog` must be heard again; beat at half of it (sd_watchdog_enabled(3)). None: never.
        self.watchdog_period = int(microseconds) / 1_000_000 if watched else None

    def ready(self, status: str = "") -> None:
        """Started, or done with reloading."""
        self._tell("READY=1", *_status(status))

    def reloading(self) -> None:
        """SIGHUP came; `ready` follows. The instant is what Type=notify-reload asks for."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self, status: str = "") -> None:
        """SIGTERM came; the unit at hand is being finished."""
        self._tell("STOPPING=1", *_status(status))

    def status(self, status: str) -> None:
        """One line for `systemctl status`."""
        self._tell(*_status(status))

    def watchdog(self) -> None:
        """The watchdog's beat: call it from the loop that must not hang."""
        self._tell("WATCHDOG=1")

    def close(self) -> None:
        """Let go of the socket."""
        if self._line is not None and self._line.socket is not None:
            self._line.socket.close()
        self._line = None

    def _tell(self, *lines: str) -> None:
        if self._line is not None and lines:
            # The library encodes Latin-1 where systemd wants UTF-8: handed over so, the bytes come out right.
            self._line.notify("\n".join(lines).encode("utf-8").decode("latin-1"))


def _status(text: str) -> list[str]:
    return [f"STATUS={' '.join(text.split())}"] if text else []
