"""`vaguemestre demo`: the real daemon on two Maildirs and SQLite, with mails that the program brings along."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from pathlib import Path

from sqlalchemy import func, select

from daemon import config as configuration
from daemon.clock import system
from daemon.commands.books import dossiers, show_letter
from daemon.commands.common import console, writing
from daemon.errors import UsageError
from daemon.house import House
from daemon.service import run_once
from daemon.store.models import LetterRow, MailRow

MARK = ".vaguemestre-demo"  # a folder without it is not ours to empty
CONFIG = """\
groups = ["cig-grande-couronne", "ldmems"]
[store]
database = "sqlite:///vaguemestre.db"
blobs = "file://blobs"
[[mailbox]]
group = "cig-grande-couronne"
url = "maildir://boite-cig"
[[mailbox]]
group = "ldmems"
url = "maildir://boite-ldmems"
[outgoing]
url = "maildir://lettres"
[coordinators]
cig-grande-couronne = ["coordination@cig.example.org"]
ldmems = ["coordination@lycee.example.org"]
[providers]
achatpublic = "commandes@achatpublic.example.org"
dematis = "dossiers@dematis.example.org"
kercia = "projets@kercia.example.org"
foxit = "clients@foxit.example.org"
yousign = "clients@yousign.example.org"
[members]
file = "adherents.csv"
[trust]
anchors = "confiance"
"""


def sources() -> Path:
    """The demo's mails: inside the wheel, or in the checkout."""
    inside = Path(__file__).resolve().parent.parent / "demo_mails"
    checkout = Path(__file__).resolve().parents[2] / "fixtures" / "demo"
    found = next((p for p in (inside, checkout) if p.is_dir()), None)
    if found is None:
        raise UsageError("les courriels de la démonstration manquent", "réinstallez le paquet")
    return found


def demo(folder: Path) -> None:
    """Sets the scene, runs everything that is due, and shows what came of it."""
    folder = folder.absolute()
    out = console()
    with writing("--folder"):
        _scene(folder)
    house = House(configuration.load(folder / "vaguemestre.toml"), system)
    try:
        house.database.migrate()
        asyncio.run(_run(house))
        with house.database.session() as s:
            mails = s.scalars(select(MailRow).order_by(MailRow.id)).all()
            letter = s.scalars(
                select(LetterRow)
                .where(LetterRow.kind == "acknowledgement", LetterRow.state == "sent")
                .order_by(LetterRow.id)
                .limit(1)
            ).first()
    finally:
        house.close()
    out.print(
        f"\n{len(mails)} courriels : " + ", ".join(f"{n} {d}" for d, n in Counter(m.destination for m in mails).items())
    )
    config = folder / "vaguemestre.toml"
    dossiers(json=False, group=None, config=config)
    if letter is not None:
        out.print("[bold]Une lettre, en entier[/bold]")
        show_letter(letter.key, config=config, parts=("plain",))
    out.print("\n[bold]Où tout se trouve[/bold]")
    for path, what in (
        ("boite-cig/, boite-ldmems/", "les deux boîtes du groupement (Maildir), rangées par le démon"),
        ("lettres/", "les lettres parties (Maildir) : ouvrez-les dans un logiciel de messagerie"),
        ("vaguemestre.db, blobs/", "les livres, et les courriels tels que reçus"),
        ("vaguemestre.toml", f"la configuration : vaguemestre dossiers --config {config}"),
    ):
        out.print(f"  {folder}/{path.split(', ')[0]:<18} {what}", markup=False)


def _scene(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise UsageError(f"{folder} n’est pas vide", "donnez un autre dossier par --folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
    (folder / "vaguemestre.toml").write_text(CONFIG, encoding="utf-8")
    origin = sources()
    shutil.copy(origin / "adherents.csv", folder)
    shutil.copytree(origin / "confiance", folder / "confiance")
    for mailbox in ("boite-cig", "boite-ldmems", "lettres"):
        for part in ("cur", "new", "tmp"):
            (folder / mailbox / part).mkdir(parents=True)
    for mailbox in ("boite-cig", "boite-ldmems"):
        for mail in sorted((origin / mailbox).glob("*.eml")):
            shutil.copy(mail, folder / mailbox / "new" / mail.stem)


async def _run(house: House) -> None:
    """The daemon's own pass, with a bar that follows the books."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    origin = sources()
    total = sum(1 for _ in origin.glob("boite-*/*.eml"))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console()) as progress:
        bars = {
            state: progress.add_task(what, total=total)
            for state, what in (("read", "lus"), ("ruled", "instruits"), ("filed", "rangés"))
        }
        running = asyncio.create_task(run_once(house))
        while not running.done():
            await asyncio.wait({running}, timeout=0.3)
            with house.database.session() as s:
                counts = dict(s.execute(select(MailRow.state, func.count()).group_by(MailRow.state)).all())
            done = 0
            for state in ("filed", "ruled", "read"):
                done += counts.get(state, 0)
                progress.update(bars[state], completed=done)
        await running
