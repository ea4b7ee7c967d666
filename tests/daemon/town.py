"""A house in a temporary folder, two Maildirs in, one out: mails are put in, the real runners run, letters are read."""

from __future__ import annotations

import asyncio
import datetime as dt
import email
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from daemon import config
from daemon.clock import PARIS
from daemon.commands import books
from daemon.house import House
from daemon.mailbox import Folder
from daemon.service import run_once
from fixtures.scene import CENSUS

CONFIG = """\
groups = [{groups}]
[store]
database = "{database}"
blobs = "file://blobs"
{mailboxes}
[outgoing]
url = "maildir://letters"
[coordinators]
{coordinators}
[providers]
dematis = "dossiers@dematis.example.org"
achatpublic = "commandes@achatpublic.example.org"
[members]
file = "members.csv"
[limits]
mail_bytes = 3000000
"""
BOX = '[[mailbox]]\ngroup = "{0}"\nurl = "maildir://{0}"\n'
CIG, LDMEMS = "cig-grande-couronne", "ldmems"
THURSDAY = dt.datetime(2025, 12, 4, 10, 0, tzinfo=PARIS)


@dataclass
class Town:
    """The scene. `now` moves as the test says."""

    folder: Path
    census: str = ""
    groups: tuple[str, ...] = (CIG, LDMEMS)
    sources: Mapping[str, str] = field(default_factory=dict)  # group → path of its YAML
    database: str = "sqlite:///books.db"
    now: dt.datetime = THURSDAY
    delivered: int = 0

    def __post_init__(self) -> None:
        for box in (*self.groups, "letters"):
            for part in ("cur", "new", "tmp"):
                (self.folder / box / part).mkdir(parents=True)
        (self.folder / "members.csv").write_text(f"{CENSUS}\n{self.census}\n", encoding="utf-8")
        self.config.write_text(
            CONFIG.format(
                groups=", ".join(f'"{self.sources.get(g, g)}"' for g in self.groups),
                database=self.database,
                mailboxes="".join(BOX.format(g) for g in self.groups),
                coordinators="\n".join(f'{g} = ["coordination@{g}.example.org"]' for g in self.groups),
            ),
            encoding="utf-8",
        )

    @property
    def config(self) -> Path:
        """The TOML."""
        return self.folder / "vaguemestre.toml"

    def deliver(self, raw: bytes, group: str = CIG) -> None:
        """A mail arrives."""
        self.delivered += 1
        (self.folder / group / "new" / f"{self.delivered:06d}.mail").write_bytes(raw)

    def house(self) -> House:
        """The house, opened."""
        house = House(config.load(self.config), lambda: self.now)
        house.database.migrate()
        return house

    def run(self, now: dt.datetime | None = None) -> None:
        """Everything that is due."""
        self.now = now or self.now
        house = self.house()
        try:
            asyncio.run(run_once(house))
        finally:
            house.close()

    def _rows(self, read: Callable[..., Any]) -> list[dict[str, Any]]:
        house = self.house()
        try:
            with house.database.session() as s:
                return list(read(s))
        finally:
            house.close()

    def dossiers(self) -> dict[str, dict[str, Any]]:
        """By lot; the last one of a lot where there are several."""
        return {d["lot"]: d for d in self._rows(books.dossiers_json)}

    def letters(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Of the contract."""
        return [x for x in self._rows(books.letters_json) if kind in (None, x["kind"])]

    def events(self) -> list[dict[str, Any]]:
        """The journal."""
        return self._rows(books.events_json)

    def reviews(self) -> list[dict[str, Any]]:
        """Questions to the coordinator."""
        return self._rows(books.reviews_json)

    def sent(self, to: str | None = None) -> list[EmailMessage]:
        """The mails that left, oldest first."""
        files = sorted((self.folder / "letters" / "new").iterdir(), key=lambda p: (p.stat().st_mtime_ns, p.name))
        mails = [email.message_from_bytes(p.read_bytes(), policy=default) for p in files]
        return [m for m in mails if to is None or to in str(m["To"])]  # type: ignore[misc]

    def filed(self, group: str = CIG) -> dict[str, int]:
        """How many mails lie in each folder."""
        return {
            f.value: sum(
                1
                for p in (self.folder / group / f".{f.value}").rglob("*")
                if p.is_file() and p.parent.name in ("cur", "new")
            )
            for f in Folder
            if (self.folder / group / f".{f.value}").is_dir()
        }


def body(mail: EmailMessage) -> str:
    """The plain text, its lines joined: what a person reads."""
    part = mail.get_body(("plain",))
    assert part is not None
    return " ".join(part.get_content().split())


def requirement(dossier: Mapping[str, Any], name: str) -> str:
    """A requirement's state."""
    return next((str(r["state"]) for r in dossier["requirements"] if r["id"] == name), "absent")
