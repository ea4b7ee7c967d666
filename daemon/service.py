"""The daemon's life: five runners in loops, APScheduler for what is due by the clock, signals, systemd.

SIGTERM finishes the unit at hand; a reading that takes long is given back, and begun anew later. SIGHUP loads
configuration and rules anew and keeps the old ones where the new are wrong. A runner that fails waits longer each time
and never stops the others; nothing it was at is lost, since a unit is one transaction.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from daemon import config as configuration
from daemon import readdress
from daemon.clock import Clock
from daemon.errors import ServiceUnreachable, VaguemestreError
from daemon.house import House
from daemon.notify import Notifier
from daemon.rules_change import take_up
from daemon.runners import Runner
from daemon.runners.dispatch import Dispatch
from daemon.runners.filing import Filing
from daemon.runners.intake import Intake
from daemon.runners.reading import ReadingRunner
from daemon.runners.retention import Retention
from daemon.runners.ruling import Ruling

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

log = logging.getLogger(__name__)
TICK = 30.0  # seconds between looks at dossiers and letters whose time has come
GRACE = 60.0  # seconds that a reading at hand has to end in, when the daemon stops or reloads
MAX_WAIT = 300.0  # seconds a failing runner waits at most


def runners(house: House) -> list[Runner]:
    """The five, in the order of a message's way, intake and filing once a mailbox; then retention."""
    groups = list(house.mailboxes)
    return [
        *(Intake(house, g) for g in groups),
        *(ReadingRunner(house, n) for n in range(house.config.schedule.readers)),
        Ruling(house),
        Dispatch(house),
        *(Filing(house, g) for g in groups),
        Retention(house),
    ]


async def run_once(house: House) -> None:
    """Everything that is due, then ends. Raises the first ServiceUnreachable after all others have had their turn."""
    trouble: VaguemestreError | None = None
    _ = house.groups, house.blobs, house.mailboxes, house.outgoing  # what is wrong with them shows before any work
    house.database.release_dead()
    house.expect_blobs()
    house.take_census()
    take_up(house)
    readdress.take_up(house)
    everyone = runners(house)
    line = list(everyone)  # without those whose service is out of reach
    try:
        worked = True
        while worked:
            worked = False
            for runner in tuple(line):
                try:
                    while await runner.step():
                        worked = True
                except ServiceUnreachable as e:
                    trouble = trouble or e
                    line.remove(runner)
    finally:
        await close(everyone)
    if trouble is not None:
        raise trouble


async def close(line: Sequence[Runner]) -> None:
    """Lets go of what runners hold: the reader's child, the SMTP connection."""
    for runner in line:
        if isinstance(runner, ReadingRunner):
            runner.close()
        elif isinstance(runner, Dispatch):
            await runner.close()


class Service:
    """The running daemon. `stop` and `reload` may be called from signal handlers."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path, self.clock = path, clock
        self.notifier = Notifier()
        self._stopping = asyncio.Event()
        self._ending = asyncio.Event()  # this generation's end: a stop or a reload
        self._wakes: list[asyncio.Event] = []
        self._house: House | None = None
        self._refused = ""  # why the last reload was refused
        self._trouble: dict[Runner, str] = {}  # runner → why it cannot go on for now

    async def run(self) -> None:
        """Until SIGTERM or SIGINT."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        house = self._open()
        while not self._stopping.is_set():
            self._house, self._ending = house, asyncio.Event()
            await self._generation(house)
            if not self._stopping.is_set():
                house = self._renew(house)
        house.close()
        self.notifier.stopping()
        self.notifier.close()

    def stop(self) -> None:
        """Ends after the units at hand."""
        log.info("stopping", extra={"event": "service.stopping"})
        self._stopping.set()
        self._end()

    def reload(self) -> None:
        """Takes up a new configuration after the units at hand."""
        self.notifier.reloading()
        self._end()

    def _end(self) -> None:
        self._ending.set()
        for wake in self._wakes:
            wake.set()
        if self._house is not None:
            for mailbox in self._house.mailboxes.values():
                mailbox.wake()

    def _open(self) -> House:
        house = House(configuration.load(self.path), self.clock)
        _ = house.groups, house.forms_digest, house.blobs, house.mailboxes, house.outgoing  # what is wrong shows now
        house.database.migrate()
        house.database.release_dead()
        house.expect_blobs()
        house.take_census()
        take_up(house)
        readdress.take_up(house)
        return house

    def _renew(self, old: House) -> House:
        """The new configuration's house; the old one where the new is wrong, which is said."""
        try:
            new = self._open()
        except VaguemestreError as e:
            log.error("new configuration refused", extra={"event": "service.reload_refused", "why": str(e)})  # noqa: TRY400  the sentence says it all
            self._refused = f"nouvelle configuration refusée, l’ancienne reste : {e}"
            return old
        self._refused = ""
        old.close()
        return new

    async def _generation(self, house: House) -> None:
        """Runs with one configuration until `_ending`."""
        line = runners(house)
        wakes = [asyncio.Event() for _ in line]
        self._wakes = wakes
        scheduler = self._scheduler(wakes)
        watching = [
            asyncio.create_task(self._watch(house, r, w))
            for r, w in zip(line, wakes, strict=True)
            if isinstance(r, Intake)
        ]
        driving = [asyncio.create_task(self._drive(r, w)) for r, w in zip(line, wakes, strict=True)]
        scheduler.start()
        self.notifier.ready()
        self._trouble.clear()
        self._tell_status()
        log.info("ready", extra={"event": "service.ready"})
        try:
            await self._ending.wait()
            await asyncio.wait(driving, timeout=GRACE)
            for runner in line:
                if isinstance(runner, ReadingRunner):
                    runner.interrupt()  # a mail of many scans may take an hour: the others do not stand still so long
            await asyncio.gather(*driving, *watching)
        finally:
            scheduler.shutdown(wait=False)  # waiting would cancel running coroutines; ours have ended above
            await close(line)

    def _scheduler(self, wakes: Sequence[asyncio.Event]) -> AsyncIOScheduler:
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        # The library's own defaults drop a job that is a second late and pile up those missed.
        scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )

        async def tick() -> None:
            for wake in wakes:
                wake.set()

        async def alive() -> None:
            self.notifier.watchdog()

        scheduler.add_job(tick, "interval", seconds=TICK, id="tick", replace_existing=True)
        period = self.notifier.watchdog_period
        if period:
            scheduler.add_job(alive, "interval", seconds=period / 2, id="watchdog", replace_existing=True)
        return scheduler

    async def _watch(self, house: House, runner: Intake, wake: asyncio.Event) -> None:
        """Sleeps in the mailbox's IDLE and wakes intake when something came."""
        mailbox = house.mailboxes[runner.group]
        while not self._ending.is_set():
            await asyncio.to_thread(mailbox.wait, house.config.schedule.poll_seconds)
            wake.set()

    def _tell_status(self) -> None:
        """What `systemctl status` shows: what is wrong as long as it is, else that all is well."""
        watched = len(self._house.mailboxes) if self._house else 0
        trouble = " ; ".join(dict.fromkeys(filter(None, self._trouble.values())))
        self.notifier.status(trouble or self._refused or f"{watched} boîte(s) surveillée(s)")

    async def _drive(self, runner: Runner, wake: asyncio.Event) -> None:
        failures = 0
        while not self._ending.is_set():
            wake.clear()
            trouble = ""
            worked = False
            try:
                worked = await runner.step()
            except ServiceUnreachable as e:
                trouble = str(e)
                log.warning("out of reach", extra={"event": f"{runner.name}.unreachable", "why": trouble})
            except (
                Exception
            ):  # a fault in one runner must not stop the others; the unit was rolled back, nothing is lost
                trouble = f"{runner.name} : faute du programme, voir le journal"
                log.exception("runner failed", extra={"event": f"{runner.name}.failed"})
            if trouble != self._trouble.get(runner, ""):
                self._trouble[runner] = trouble
                self._tell_status()
            failures = failures + 1 if trouble else 0
            if worked:
                for other in self._wakes:
                    other.set()
            elif failures:
                await self._pause(self._ending, min(2.0 ** min(failures, 60), MAX_WAIT))
            else:
                await wake.wait()

    @staticmethod
    async def _pause(until: asyncio.Event, seconds: float | None) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(until.wait(), seconds)
