"""What systemd hears, on a socket of the test's own."""

from __future__ import annotations

import os
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.notify import Notifier


@pytest.fixture
def systemd(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        path = Path(folder) / "notify"  # short: a socket's path has 108 bytes at most
        listener.bind(str(path))
        listener.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        yield listener


def test_a_life(systemd: socket.socket) -> None:
    notifier = Notifier()
    notifier.ready("2 boîtes surveillées – tout va bien")
    assert systemd.recv(4096).decode() == "READY=1\nSTATUS=2 boîtes surveillées – tout va bien"
    notifier.status("une\nligne")
    assert systemd.recv(4096).decode() == "STATUS=une ligne"
    notifier.watchdog()
    assert systemd.recv(4096) == b"WATCHDOG=1"
    notifier.reloading()
    reloading, instant = systemd.recv(4096).decode().split("\n")
    assert reloading == "RELOADING=1"
    name, _, value = instant.partition("=")
    assert name == "MONOTONIC_USEC"
    assert abs(int(value) / 1e6 - time.clock_gettime(time.CLOCK_MONOTONIC)) < 5
    notifier.stopping()
    assert systemd.recv(4096) == b"STOPPING=1"
    notifier.close()
    notifier.status("après")  # harmless


def test_outside_systemd_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    notifier = Notifier()
    notifier.ready()
    notifier.watchdog()
    notifier.close()
    assert notifier.watchdog_period is None


def test_a_manager_that_went_away_is_no_fault(systemd: socket.socket) -> None:
    notifier = Notifier()
    systemd.close()
    notifier.ready()
    notifier.close()


@pytest.mark.parametrize(
    ("microseconds", "pid", "seconds"),
    [
        ("30000000", None, 30.0),
        ("30000000", "self", 30.0),
        ("30000000", "1", None),
        ("0", None, None),
        ("x", None, None),
    ],
)
def test_watchdog_period(
    monkeypatch: pytest.MonkeyPatch, microseconds: str, pid: str | None, seconds: float | None
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.setenv("WATCHDOG_USEC", microseconds)
    if pid is None:
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
    else:
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()) if pid == "self" else pid)
    assert Notifier().watchdog_period == seconds
