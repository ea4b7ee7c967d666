"""A slice of the simulated year through the real runners: what the simulation did, done again for real.

Mails lie in a Maildir; intake, reading, ruling, dispatch and filing are the real ones, and so are SQLite, the letters
and the Maildir that they leave into. One thing alone is invented: what a paper says, made up by the simulation with it.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import email
import hashlib
import sys
import tempfile
import time
from collections.abc import Mapping
from email.policy import default
from importlib import resources
from pathlib import Path

from sqlalchemy import select

from daemon import config
from daemon.house import House
from daemon.reader import Reader
from daemon.runners.reading import ReadingRunner
from daemon.service import close, runners
from daemon.store import books, census
from daemon.store.decisions import settle
from daemon.store.models import DossierRow, LetterRow, NewsRow
from fixtures import scene
from parsers.mail import parse_mail
from parsers.records import Context, Piece, Reading
from rules.records import Member
from tests.simulation.shell import COORDINATION, Books, Delivered
from tests.simulation.year import Year

CONFIG = """\
groups = [{groups}]
[store]
database = "sqlite:///books.db"
blobs = "file://blobs"
{mailboxes}
[outgoing]
url = "maildir://letters"
[trust]
authserv_id = "mx.example.org"
[schedule]
readers = 1
[coordinators]
{coordinators}
[providers]
{providers}
"""
# (key, kind, state, recipients, when it left)
Line = tuple[str, str, str, tuple[str, ...], dt.datetime | None]


class Papers(Reader):
    """Reads mails for real; what a paper says, it knows by its bytes."""

    def __init__(self, context: Context, house: House, known: Mapping[str, Piece]) -> None:
        super().__init__(context)
        self._blobs, self._known = house.blobs, known

    def read(self, data: bytes, source: str) -> Reading:
        """See the reader."""
        parsed = parse_mail(data, self.context.limits)
        pieces = tuple(self._known[self._blobs.put(leaf.data)] for leaf in parsed.leaves)
        return Reading(source=source, mail=parsed.mail, pieces=pieces)


class PaperRunner(ReadingRunner):
    """The reading runner with that reader."""

    def __init__(self, house: House, known: Mapping[str, Piece]) -> None:
        super().__init__(house)
        self._known = known

    def _with(self, context: Context, version: str) -> Reader:
        return Papers(context, self.house, self._known)


class Slice:
    """A house in a folder that goes through a simulation's script."""

    def __init__(self, folder: Path, year: Year) -> None:
        for box in (*year.books.groups, "letters"):
            for part in ("cur", "new", "tmp"):
                (folder / box / part).mkdir(parents=True)
        for group in year.books.groups:  # a report a week: its charts cost more than all letters together
            rules = (resources.files("rules") / "groups" / f"{group}.yaml").read_text(encoding="utf-8")
            weekly = rules.replace("digest: {every: day, ", "digest: {every: week, ")
            assert weekly != rules
            (folder / f"{group}.yaml").write_text(weekly, encoding="utf-8")
        path = folder / "vaguemestre.toml"
        path.write_text(
            CONFIG.format(
                groups=", ".join(f'"./{g}.yaml"' for g in year.books.groups),
                mailboxes="".join(f'[[mailbox]]\ngroup = "{g}"\nurl = "maildir://{g}"\n' for g in year.books.groups),
                coordinators="\n".join(f'{g} = ["{COORDINATION.format(g)}"]' for g in year.books.groups),
                providers="\n".join(f'{k} = "{v}"' for k, v in year.books.providers.items()),
            ),
            encoding="utf-8",
        )
        self.folder, self.year, self.now = folder, year, year.script[0][0]
        self.house = House(config.load(path), lambda: self.now)
        self.house.database.migrate()
        self.delivered = 0
        self._written: dict[str, bytes] = {}  # the same mail again is the same bytes

    def run(self) -> None:
        """The whole script."""
        try:
            asyncio.run(self._run())
        finally:
            self.house.close()

    async def _run(self) -> None:
        papers = PaperRunner(self.house, self.year.desk.papers)
        line = [papers if isinstance(r, ReadingRunner) else r for r in runners(self.house)]
        try:
            for at, acts in self.year.script:
                self.now = at
                for name, what in acts:
                    if name == "mail":
                        self._deliver(what)  # type: ignore[arg-type]
                    elif name == "import":
                        self._import(*what)  # type: ignore[misc]
                    else:
                        self._tell(*what)  # type: ignore[misc]
                worked = True
                while worked:
                    worked = False
                    for runner in line:
                        while await runner.step():
                            worked = True
        finally:
            await close(line)

    def _deliver(self, mail: Delivered) -> None:
        raw = self._written.get(mail.key) or self._written.setdefault(mail.key, self._raw(mail))
        self.delivered += 1
        (self.folder / mail.group / "new" / f"{self.delivered:06d}.mail").write_bytes(raw)

    def _raw(self, mail: Delivered) -> bytes:
        head = mail.head
        sender = str(head.from_)
        with self.house.database.session() as s:
            quoted = list(s.scalars(select(LetterRow.message_id).where(LetterRow.key.in_(mail.answers))))
        raw = scene.mail(
            f"{head.from_name} <{sender}>",
            self.house.groups[mail.group].mailbox,
            head.subject,
            head.body,
            {p.name: self.year.desk.bytes[p.sha256] for p in mail.reading.pieces},
            message_id=str(head.message_id).strip("<>"),
            in_reply_to=" ".join(m for m in quoted if m) or None,
            headers={"Auto-Submitted": "auto-replied"} if head.nature == "auto_reply" else None,
        )
        if mail.authenticity == "unknown":
            return raw
        told = f"dmarc={mail.authenticity} header.from={sender.partition('@')[2]}"
        return f"Authentication-Results: mx.example.org; {told}\r\n".encode() + raw

    def _import(self, group: str, member: Member) -> None:
        with self.house.database.session() as s:
            row, _ = census.keep(s, group, member, self.now)
            wide = books.wide_kinds(self.house.groups[group])
            for lot in member.lots:
                prefix = f"{self.house.groups[group].prefix}-{lot.upper()}"
                books.open_dossier(
                    s, group=group, lot=lot, member=row, prefix=prefix, at=self.now, committed=True, wide=wide
                )

    def _tell(self, ref: str, kind: str) -> None:
        with self.house.database.session() as s:
            row = s.scalars(select(DossierRow).where(DossierRow.ref == ref)).unique().one()
            s.add(NewsRow(dossier_id=row.id, kind=kind, at=self.now, data={}))
            if kind == "reopened":
                books.share(s, row, books.wide_kinds(self.house.groups[row.group]))
            s.flush()
            settle(self.house, s, row, self.now)

    def letters(self) -> list[Line]:
        """Every letter but the digests, which the simulation in memory does not write."""
        with self.house.database.session() as s:
            rows = s.scalars(select(LetterRow).order_by(LetterRow.id)).unique().all()
        return sorted(
            (r.key, r.kind, r.state, tuple(r.recipients), r.sent_at and r.sent_at.astimezone(dt.UTC))
            for r in rows
            if r.kind != "digest"
        )

    def digests(self) -> list[dt.datetime]:
        """When the digests left."""
        with self.house.database.session() as s:
            rows = s.scalars(select(LetterRow).where(LetterRow.kind == "digest")).unique().all()
        return [r.sent_at for r in rows if r.sent_at is not None]

    def forwards(self) -> dict[str, set[str]]:
        """SHA-256 of the papers in each mail that left for a provider with a file, by its letter's key."""
        posted = [
            email.message_from_bytes(p.read_bytes(), policy=default) for p in (self.folder / "letters/new").iterdir()
        ]
        by_id = {str(m["Message-ID"]): m for m in posted}
        assert len(by_id) == len(posted), "no mail left twice"
        with self.house.database.session() as s:
            # A question passed on is a forward, too, and carries no file.
            sent = select(LetterRow).where(LetterRow.template == "forward", LetterRow.state == "sent")
            rows = s.scalars(sent).unique()
            wanted = {r.key: str(r.message_id) for r in rows}
        return {
            key: {hashlib.sha256(a.get_content()).hexdigest() for a in by_id[mail].iter_attachments()}  # type: ignore[attr-defined]
            for key, mail in wanted.items()
        }

    def filed(self) -> tuple[int, int]:
        """How many mails lie in a folder, and how many still in an inbox."""
        lie = [p for g in self.year.books.groups for p in (self.folder / g).rglob("*") if p.is_file()]
        new = [p for p in lie if p.parent.parent.name in self.year.books.groups and p.parent.name in ("cur", "new")]
        mails = [p for p in lie if p.parent.name in ("cur", "new")]
        return len(mails) - len(new), len(new)

    def states(self) -> dict[str, str]:
        """Each dossier's."""
        with self.house.database.session() as s:
            return {r.ref: r.state for r in s.scalars(select(DossierRow)).unique()}


def letters(simulated: Books) -> list[Line]:
    """The simulation's, alike."""
    return sorted(
        (
            p.letter.key,
            p.letter.kind,
            p.state,
            p.recipients,
            p.sent_at and p.sent_at.astimezone(dt.UTC),
        )
        for p in simulated.posts.values()
    )


def main() -> None:
    """The command: three months in memory, then for real; says what differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--days", type=int, default=90)
    given = parser.parse_args()
    year = Year(given.members, given.seed, given.days)
    year.run()
    begun = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        real = Slice(Path(folder), year)
        real.run()
        done, expected = real.letters(), letters(year.books)
    seconds = time.process_time() - begun
    out = [
        f"{given.members} members, {given.days} days, seed {given.seed}: {real.delivered} mails, {len(done)} letters"
    ]
    out += [f"{len(real.year.script)} instants, {seconds:.1f} s of CPU"]
    out += [f"only for real: {x}" for x in done if x not in expected]
    out += [f"only simulated: {x}" for x in expected if x not in done]
    sys.stdout.write("\n".join(out) + "\n")
    sys.exit(int(done != expected))


if __name__ == "__main__":
    main()
