"""`vaguemestre read`: what would be read in files. Touches nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from daemon import config as configuration
from daemon.commands.common import console, print_json, writing
from daemon.errors import ConfigurationError, UsageError
from daemon.reader import Reader
from parsers.records import Body, Context, Piece, Reading

LABELS = {
    "purchase_order": "bon de commande",
    "legal_commitment": "engagement juridique",
    "account_form": "fiche de compte",
    "prefecture_convention": "convention avec la préfecture",
    "prefecture_amendment": "avenant à la convention avec la préfecture",
    "group_convention": "convention de groupement",
    "merchant_contract": "contrat commerçant",
    "other": "autre document",
}
SIGNATURES = {
    "electronic_valid": "signature électronique valable",
    "electronic_untrusted": "signature électronique d’une autorité inconnue",
    "electronic_broken": "signature électronique rompue",
    "handwritten": "signé ou tamponné à la main",
    "none": "sans signature",
}


def read(files: list[Path], *, json: bool, overlay: Path | None, config: Path | None) -> None:
    """Prints a readable sheet a file, or the contract's objects; or draws one document's values on it."""
    if overlay is not None and len(files) != 1:
        raise UsageError("--overlay draws on one document", "give one FILE")
    reader = Reader(context(config))
    try:
        for file, reading in _readings(reader, files):
            if json:
                print_json([reading.to_json()])
                sys.stdout.flush()
            else:
                _sheet(reading)
            if overlay is not None:
                from parsers.overlay import OverlayError
                from parsers.overlay import overlay as draw

                try:
                    drawn = draw(file.read_bytes(), reading.pieces)
                except OverlayError as e:
                    raise UsageError(f"--overlay : {e}", "donnez un PDF ou une image") from e
                with writing("--overlay"):
                    overlay.write_bytes(drawn)
                console().print(f"[dim]→ {overlay}[/dim]")
    finally:
        reader.close()


def _readings(reader: Reader, files: list[Path]) -> Iterator[tuple[Path, Reading]]:
    for file in files:
        try:
            data = file.read_bytes()
        except OSError as e:
            raise UsageError(f"{file} : lecture impossible ({e.strerror})", "vérifiez le chemin") from e
        yield file, reader.read(data, file.name)


def context(config: Path | None) -> Context:
    """The census and the anchors of a configuration where there is one; an explicit one must be good."""
    try:
        found = configuration.find(config)
    except ConfigurationError:
        if config is not None:
            raise
        return Context()
    from daemon.census import load
    from daemon.house import form_folders

    loaded = configuration.load(found)
    entries = load(loaded.members.file).entries if loaded.members.file else ()
    bodies = tuple(
        Body(
            name=e.member.name,
            siret=e.member.siret,
            uai=e.member.uai,
            addresses=(*e.member.emails, *([e.member.functional_email] if e.member.functional_email else [])),
        )
        for e in entries
    )
    return Context(
        census=bodies, anchors=loaded.trust.pems(), forms=form_folders(loaded), limits=loaded.limits.reading()
    )


def _sheet(reading: Reading) -> None:
    out = console()
    out.print(f"[bold]{reading.source}[/bold]")
    if (mail := reading.mail) is not None:
        when = mail.date.strftime("%d/%m/%Y %H:%M") if mail.date else "sans date"
        out.print(f"  de {mail.from_ or '(sans expéditeur)'}, {when} : {mail.subject or '(sans objet)'}", markup=False)
        out.print(f"  nature {mail.nature}" + (f", demandes : {', '.join(mail.intents)}" if mail.intents else ""))
    for piece in reading.pieces:
        _piece(piece)
    if not reading.pieces:
        out.print("  aucune pièce")
    out.print()


def _piece(piece: Piece) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    out = console()
    what = LABELS[piece.kind] + (f", lots {', '.join(piece.lots)}" if piece.lots else "")
    out.print(Text(f"  {piece.name or '(sans nom)'} : {what} ; {SIGNATURES[piece.signature]}", style="bold"))
    if piece.fields:
        t = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for c in ("champ", "valeur", "sûreté", "page", "place (points)"):
            t.add_column(c)
        for name, f in piece.fields.items():
            value = (
                {True: "oui", False: "non"}.get(f.value, str(f.value)) if isinstance(f.value, bool) else str(f.value)
            )
            place = "" if f.box is None else " ".join(f"{x:.0f}" for x in f.box)
            t.add_row(name, Text(value), f"{f.confidence:.2f}", str(f.page or ""), place)
        out.print(t)
    for line in piece.lines:
        price = "" if line.total is None else f" = {line.total:.2f} €"
        out.print(f"    {line.quantity} × {line.label}{price}", markup=False)
    for finding in piece.findings:
        out.print(f"    à vérifier : {finding.text}", markup=False, style="yellow")
