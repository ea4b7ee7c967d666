"""`vaguemestre check`: everything tried, each failure with its remedy."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from sqlalchemy import func, select

from daemon import config as configuration
from daemon.commands.common import console
from daemon.errors import ConfigurationError, VaguemestreError
from daemon.house import House
from daemon.store import journal
from daemon.store.models import LetterRow, MailRow, ReviewRow

WAITING = 4  # exit code: all is well, but something waits for a person


def check(path: Path | None) -> None:
    """Prints a line a thing tried; ends with 0, with the first failure's code, or with 4 where a person is awaited."""
    out = console()
    codes: list[int] = []

    def attempt(what: str, run: Callable[[], Iterable[str]]) -> None:
        try:
            told = list(run())
        except VaguemestreError as e:
            codes.append(e.exit_code)
            out.print(f"[red]non[/red]  {what}")
            out.print(f"     {e}", markup=False)
        else:
            out.print(f"[green]oui[/green]  {what}")
            for line in told:
                out.print(f"     {line}", markup=False)

    loaded: list[House] = []
    attempt("configuration", lambda: _configuration(path, loaded))
    if not loaded:
        sys.exit(codes[0])
    house = loaded[0]
    waiting: list[str] = []
    attempt("règles", lambda: [f"{g.id} : {len(g.lots)} lots" for g in house.groups.values()])
    attempt("formulaires", lambda: _forms(house))
    attempt("modèles de lettres", lambda: _templates(house))
    attempt("base de données", lambda: _database(house))
    attempt("pièces et lettres conservées", lambda: _blobs(house))
    attempt("adhérents", lambda: _members(house))
    attempt("autorités de signature", lambda: _anchors(house))
    if "groups" in house.__dict__:
        for group in house.mailboxes:
            attempt(f"boîte de {group}", lambda group=group: house.mailboxes[group].check())  # type: ignore[misc]
        attempt("adresses", lambda: _addresses(house))
    attempt("envoi", lambda: asyncio.run(_outgoing(house)))
    attempt("lecture des numérisations", lambda: _tools())
    if not codes:
        attempt("en attente d’une personne", lambda: _waiting(house, waiting))
    house.close()
    sys.exit(codes[0] if codes else WAITING if waiting else 0)


def _configuration(path: Path | None, loaded: list[House]) -> list[str]:
    found = configuration.find(path)
    loaded.append(House(configuration.load(found)))
    return [str(found)]


def _forms(house: House) -> list[str]:
    """Layouts and catalogues of groups of one's own; that they name groups and lots that are there."""
    from daemon.house import form_folders
    from parsers import layouts
    from parsers.catalogue import catalogues

    folders = form_folders(house.config)
    named = [(f"formulaire « {f.id} »", f.group, f.lots) for f in layouts.load(folders) if f not in layouts.load()]
    named += [
        (f"catalogue de {c.group}", c.group, tuple(x.id for x in c.lots))
        for c in catalogues(folders)
        if c not in catalogues()
    ]
    for what, group, lots in named:
        rules = house.groups.get(group)
        if rules is None:
            raise ConfigurationError(
                f"{what} : group: « {group} » n’est pas un groupement de la configuration",
                f"admis : {', '.join(house.groups)}",
            )
        for lot in lots:
            if lot not in {x.id for x in rules.lots}:
                raise ConfigurationError(
                    f"{what} : lots: « {lot} » n’est pas un lot de {group}",
                    f"admis : {', '.join(x.id for x in rules.lots)}",
                )
    return [f"{what} : {', '.join(lots)}" for what, _, lots in named]


def _templates(house: House) -> list[str]:
    from daemon.letters.examples.every import try_all
    from daemon.letters.render import Renderer

    names = try_all(Renderer(house.config.letters.templates))
    return [f"{len(names)} modèles"]


def _database(house: House) -> list[str]:
    house.database.migrate()
    with house.database.session() as s:
        broken = journal.verify(s)
    if broken is not None:
        raise VaguemestreError(
            f"le journal est rompu à la ligne {broken}", "restaurez une sauvegarde et cherchez qui a écrit dans la base"
        )
    return []


def _blobs(house: House) -> list[str]:
    house.expect_blobs()
    house.blobs.get(house.blobs.put(b"vaguemestre check"))
    return []


def _members(house: House) -> list[str]:
    from daemon.census import load

    if house.config.members.file is None:
        return ["aucun recensement : chaque expéditeur sera inconnu ([members] file)"]
    census = load(house.config.members.file, house.groups.values())
    return [f"{len(census.entries)} adhérents", *(f"ligne {n} : {why}" for n, why in census.refused)]


def _anchors(house: House) -> list[str]:
    from parsers.signatures import certificates

    files = house.config.trust.files()
    if not files:
        return ["aucune : chaque signature électronique ira à vérifier ([trust] anchors)"]
    told = []
    for file in files:
        roots = certificates(file.read_bytes())
        if not roots:
            raise ConfigurationError(
                f"[trust] anchors : {file} n’est pas un certificat", "donnez un certificat (PEM ou DER), ou ôtez-le"
            )
        told += [f"{root.subject.human_friendly} ({file.name})" for root in roots]
    return told


def _addresses(house: House) -> list[str]:
    told = []
    for group in house.groups.values():
        if not house.config.coordinators.get(group.id):
            raise ConfigurationError(
                f"[coordinators] {group.id} : personne", "donnez au moins une adresse : les questions y vont"
            )
        for lot in group.lots:
            provider = group.providers[lot.provider]
            if not (house.config.providers.get(lot.provider) or lot.forward_to or provider.addresses):
                told.append(f"{provider.name} (lot {lot.id}) : aucune adresse, ajoutez [providers] {lot.provider}")
    return list(dict.fromkeys(told))


async def _outgoing(house: House) -> tuple[str, ...]:
    try:
        return await house.outgoing.check()
    finally:
        await house.outgoing.close()


def _tools() -> list[str]:
    told = []
    try:
        import rapidocr  # noqa: F401  tried, not used

        told.append("rapidocr : présent")
    except ImportError:
        told.append("rapidocr : absent, les numérisations iront à vérifier (pip install rapidocr onnxruntime)")
    tesseract = shutil.which("tesseract")
    if tesseract is None:
        told.append("tesseract : absent, second témoin manquant (apt install tesseract-ocr tesseract-ocr-fra)")
        return told
    listed = subprocess.run([tesseract, "--list-langs"], capture_output=True, text=True, check=False, timeout=20)
    french = "fra" in listed.stdout.split()
    told.append("tesseract : présent, français compris" if french else "tesseract : sans français (tesseract-ocr-fra)")
    return told


def _waiting(house: House, waiting: list[str]) -> list[str]:
    with house.database.session() as s:
        counts = {
            "question(s) à la coordination sans réponse": s.scalar(
                select(func.count()).select_from(ReviewRow).where(ReviewRow.answered_at.is_(None))
            ),
            "lettre(s) qui n’ont pu partir": s.scalar(
                select(func.count()).select_from(LetterRow).where(LetterRow.state.in_(("failed", "bounced")))
            ),
            "courriel(s) en erreur": s.scalar(
                select(func.count())
                .select_from(MailRow)
                .where(MailRow.destination == "En erreur", MailRow.purged_at.is_(None))
            ),
        }
    waiting.extend(f"{n} {what}" for what, n in counts.items() if n)
    return waiting
