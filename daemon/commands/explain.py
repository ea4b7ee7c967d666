"""`vaguemestre explain`: why a dossier stands as it does, or why a file is read as it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select

from daemon.clock import PARIS
from daemon.commands.common import console, house
from daemon.errors import UsageError
from daemon.store import books
from daemon.store.models import DossierRow, EventRow, PieceRow, PlacementRow
from rules.decide import decide
from rules.schema import Group

STATES = {
    "met": "là",
    "missing": "manque",
    "refused": "refusé",
    "review": "à vérifier par une personne",
    "not_needed": "pas demandé",
}


def explain(what: str, *, config: Path | None, now: str | None) -> None:
    """A ref is looked up on the books; anything else is a file."""
    if Path(what).is_file():
        _file(Path(what), config)
        return
    with house(config, now) as h:
        with h.database.session() as s:
            row = s.scalar(select(DossierRow).where(DossierRow.ref == what.upper()))
            if row is None:
                raise UsageError(f"ni dossier ni fichier : {what}", "« vaguemestre dossiers » donne les références")
            dossier = books.dossier(s, row)
            placed = s.scalars(select(PlacementRow).where(PlacementRow.dossier_id == row.id)).unique()
            pieces = {p.piece.piece: p.piece for p in placed}
            events = s.scalars(select(EventRow).where(EventRow.dossier == row.ref).order_by(EventRow.id)).all()
        group = h.groups[row.group]
        decision = decide(group, dossier, h.clock())
        out = console()
        lot = group.lot(row.lot)
        out.print(f"[bold]{row.ref}[/bold] : {dossier.member.name}, {lot.short} ({lot.title})")
        out.print(f"état {decision.state} ; règles : rules/groups/{group.id}.yaml, lot {lot.id}", markup=False)
        for r in decision.requirements:
            _requirement(group, row.lot, r.id)
            out.print(f"  → {STATES[r.state]}" + (f" : {r.why}" if r.why else ""), markup=False)
            if r.piece and r.piece in pieces:
                _piece(pieces[r.piece])
        for m in decision.milestones:
            due = m.due.strftime("%d/%m/%Y") if m.due else "pas encore datée"
            out.print(f"étape {m.id} : {due}, {m.state}. {m.what}", markup=False)
        for x in decision.letters:
            sent = next((f for f in dossier.letters if f.key == x.key), None)
            when = f"{sent.state} {_at(sent.sent_at)}" if sent else f"due {_at(x.due_at)}"
            out.print(f"lettre {x.key} : {x.kind}, {when}", markup=False)
        for q in decision.questions:
            out.print(f"question à la coordination : {' '.join(q.questions)}", markup=False)
        if decision.next_at:
            out.print(f"peut changer de soi-même à partir du {_at(decision.next_at)}", markup=False)
        for e in events:
            out.print(f"  {_at(e.at)} {e.kind} {e.data}", markup=False, style="dim")


def _at(at: Any) -> str:
    return at.astimezone(PARIS).strftime("%d/%m/%Y %H:%M") if at else ""


def _requirement(group: Group, lot: str, requirement: str) -> None:
    rules = [*group.lot(lot).requirements, *group.requirements]
    r = next((x for x in rules if x.id == requirement), None)
    if r is None:
        return
    when = f", si {_conditions(r.when)}" if r.when else ""
    signed = {"none": "sans signature exigée", "any": "signé", "online": "signé en ligne"}[r.signed]
    holds = "retient l’envoi au prestataire" if r.blocks else "ne retient pas l’envoi"
    console().print(f"règle « {r.id} » : {r.what} ({signed}, {holds}{when})", markup=False)


def _conditions(when: Mapping[str, Any]) -> str:
    words = {True: "oui", False: "non"}
    return " et ".join(f"{k} = {words.get(v, v) if isinstance(v, bool) else v}" for k, v in when.items())


def _piece(row: PieceRow) -> None:
    piece = books.PIECE.validate_python(row.reading)
    out = console()
    out.print(f"    {piece.name}, reçu le {_at(row.mail.received_at)} de {row.mail.sender}", markup=False)
    for name, f in piece.fields.items():
        where = f"page {f.page}" if f.page else "sans page"
        box = "" if f.box is None else " en " + " ".join(f"{x:.0f}" for x in f.box)
        out.print(f"      {name} = {f.value} ({where}{box}, sûreté {f.confidence:.2f})", markup=False)
    for finding in piece.findings:
        out.print(f"      à vérifier ({finding.code}) : {finding.text}", markup=False)


def _file(path: Path, config: Path | None) -> None:
    from daemon.commands.read import read

    read([path], json=False, overlay=None, config=config)
