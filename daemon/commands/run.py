"""`vaguemestre run`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from daemon import config as configuration
from daemon.commands.common import house, instant
from daemon.errors import UsageError
from daemon.logs import configure


def run(config: Path | None, *, once: bool, now: str | None) -> None:
    """The daemon, or one pass over everything that is due."""
    from daemon.service import Service, run_once

    configure()
    if once:
        with house(config, now, secrets=True) as h:
            asyncio.run(run_once(h))
        return
    if now is not None:
        raise UsageError("--now arrête l’horloge", "donnez-le avec --once")
    path = configuration.find(config)
    asyncio.run(_serve(path, Service))


async def _serve(path: Path, service: type) -> None:
    await service(path, instant(None)).run()
