"""The running daemon as its manager sees it: what it says while something is out of reach, and once it is back."""

import asyncio
import socket
from pathlib import Path

import pytest

from daemon import clock, service
from daemon.errors import ServiceUnreachable
from daemon.house import House
from tests.daemon.town import Town

OUTAGE = 1100  # failures in a row: five minutes each, close to four days


class Runner:
    """Out of reach for long, then well again."""

    name = "essai"

    def __init__(self, daemon: service.Service) -> None:
        self.daemon = daemon
        self.tries = 0

    async def step(self) -> bool:
        self.tries += 1
        if self.tries <= OUTAGE:
            raise ServiceUnreachable("boîte hors d’atteinte", "vérifiez le réseau")
        if self.tries == OUTAGE + 1:
            return True
        self.daemon.stop()
        return False


def test_a_long_outage_ends_no_runner_and_its_end_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    town = Town(tmp_path)
    monkeypatch.setattr(service, "MAX_WAIT", 0.0)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        daemon = service.Service(town.config, clock.system)
        runner = Runner(daemon)

        def only(_: House) -> list[Runner]:
            return [runner]

        monkeypatch.setattr(service, "runners", only)
        asyncio.run(asyncio.wait_for(daemon.run(), 60))
        manager.setblocking(False)
        heard = []
        while True:
            try:
                heard.append(manager.recv(4096).decode())
            except BlockingIOError:
                break
    told = [x.removeprefix("STATUS=") for x in heard if x.startswith("STATUS=")]
    assert told == [
        "2 boîte(s) surveillée(s)",
        "boîte hors d’atteinte – vérifiez le réseau",
        "2 boîte(s) surveillée(s)",
    ]
    assert heard[-1].startswith("STOPPING=1")
