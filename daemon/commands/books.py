"""`dossiers`, `letters`, `reviews`, `events`: what is on the books, as tables or as the contract's JSON lines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.clock import PARIS
from daemon.commands.common import console, house, known_group, print_json, table
from daemon.digest.facts import STATES
from daemon.errors import UsageError
from daemon.runners import lists
from daemon.store import journal
from daemon.store.models import DossierRow, EventRow, LetterRow, PieceRow, ReviewRow


def _iso(at: dt.datetime | None) -> str | None:
    return at.astimezone(PARIS).isoformat(timespec="seconds") if at else None


def _short(at: dt.datetime | None) -> str:
    return at.astimezone(PARIS).strftime("%d/%m/%Y %H:%M") if at else ""


def dossiers_json(s: Session, group: str | None = None) -> Iterator[dict[str, Any]]:
    """The contract's `dossiers`, oldest first."""
    query = select(DossierRow).order_by(DossierRow.id)
    for d in s.scalars(query.where(DossierRow.group == group) if group else query).unique():
        m = d.member
        yield {
            "ref": d.ref,
            "group": d.group,
            "lot": d.lot,
            "member": {"name": m.name, "siret": m.siret, "uai": m.uai, "known": m.known},
            "state": d.state,
            "requirements": [{k: r.get(k) for k in ("id", "kind", "state", "piece", "why")} for r in d.requirements],
            "milestones": [{k: x.get(k) for k in ("id", "due", "state")} for x in d.milestones],
            "opened_at": _iso(d.opened_at),
            "complete_at": _iso(d.complete_at),
            "next_at": _iso(d.next_at),
        }


def letters_json(s: Session, group: str | None = None) -> Iterator[dict[str, Any]]:
    """The contract's `letters`, oldest first. Letters gathered in one mail share `message_id`."""
    query = select(LetterRow).order_by(LetterRow.id)
    for x in s.scalars(query.where(LetterRow.group == group) if group else query).unique():
        yield {
            "key": x.key,
            "kind": x.kind,
            "group": x.group,
            "dossiers": [x.dossier.ref] if x.dossier else list(x.facts.get("refs", ())),
            "to": list(x.recipients),
            "subject": x.subject,
            "state": x.state,
            "due_at": _iso(x.due_at),
            "sent_at": _iso(x.sent_at),
            "attempts": x.attempts,
            "message_id": x.message_id,
            "attachments": list(x.attachment_names),
        }


def reviews_json(s: Session, group: str | None = None) -> Iterator[dict[str, Any]]:
    """The contract's `reviews`, oldest first."""
    for r in s.scalars(select(ReviewRow).order_by(ReviewRow.id)).unique():
        if group and group != (r.dossier.group if r.dossier else lists.group_of(r)):
            continue
        yield {
            "id": r.id,
            "dossier": r.dossier.ref if r.dossier else None,
            "piece": r.piece,
            "questions": list(r.questions),
            "asked_at": _iso(r.asked_at),
            "answered_at": _iso(r.answered_at),
            "answered_by": r.answered_by,
            "answer": r.answer,
        }


def events_json(s: Session, dossier: str | None = None) -> Iterator[dict[str, Any]]:
    """The contract's `events`, oldest first."""
    query = select(EventRow).order_by(EventRow.id)
    for e in s.scalars(query.where(EventRow.dossier == dossier) if dossier else query).yield_per(500):
        yield {"id": e.id, "at": _iso(e.at), "dossier": e.dossier, "kind": e.kind, "data": e.data, "hash": e.hash}


def dossiers(*, json: bool, group: str | None, config: Path | None) -> None:
    """The dossiers."""
    with house(config) as h, h.database.session() as s:
        known_group(h, group)
        rows = list(dossiers_json(s, group))
        if json:
            print_json(rows)
            return
        owed = ("missing", "refused", "review")
        names = {"missing": "manque", "refused": "refusé", "review": "à vérifier"}
        table(
            ("dossier", "adhérent", "état", "il reste", "ouvert"),
            (
                (
                    r["ref"],
                    r["member"]["name"],
                    STATES.get(r["state"], r["state"]),
                    ", ".join(f"{x['id']} ({names[x['state']]})" for x in r["requirements"] if x["state"] in owed),
                    r["opened_at"][:10],
                )
                for r in rows
            ),
            title="Dossiers",
        )


def letters(*, json: bool, group: str | None, config: Path | None) -> None:
    """The letters."""
    with house(config) as h, h.database.session() as s:
        known_group(h, group)
        if json:
            print_json(letters_json(s, group))
            return
        table(
            ("clé", "à", "objet", "état", "envoyée"),
            (
                (r["key"], ", ".join(r["to"]), r["subject"], r["state"], (r["sent_at"] or "")[:16])
                for r in letters_json(s, group)
            ),
            title="Lettres",
        )


def show_letter(key: str, *, config: Path | None, parts: tuple[str, ...] = ("plain", "html")) -> None:
    """One letter: as it was sent, or as it would be sent now."""
    with house(config) as h:
        from daemon.runners.dispatch import preview

        with h.database.session() as s:
            row = s.scalar(select(LetterRow).where(LetterRow.key == key))
            if row is None:
                raise UsageError(f"aucune lettre « {key} »", "« vaguemestre letters » donne les clés")
            if row.purged_at is not None:
                raise UsageError(
                    f"« {key} » a été purgée le {_short(row.purged_at)}", "sa durée de conservation est passée"
                )
        message = preview(h, row.id)
        out = console()
        for name, value in message.items():
            out.print(f"{name}: {value}", markup=False)
        out.print()
        for subtype in parts:
            part = message.get_body((subtype,))
            if part is not None:
                out.print(part.get_content(), markup=False)
        names = [p.get_filename() or "" for p in message.iter_attachments()]
        if names:
            out.print("Pièces jointes : " + " ; ".join(names), markup=False)


def reviews(*, json: bool, group: str | None, config: Path | None) -> None:
    """The questions to the coordinator."""
    with house(config) as h, h.database.session() as s:
        known_group(h, group)
        if json:
            print_json(reviews_json(s, group))
            return
        names = {p.piece: p.reading["name"] for p in s.scalars(select(PieceRow)).unique()}
        table(
            ("nº", "dossier", "pièce", "question", "posée", "réponse"),
            (
                (
                    r["id"],
                    r["dossier"],
                    names.get(r["piece"], ""),
                    " ".join(r["questions"]),
                    r["asked_at"][:10],
                    r["answer"] or "",
                )
                for r in reviews_json(s, group)
            ),
            title="Questions à la coordination",
        )


def events(*, json: bool, dossier: str | None, config: Path | None) -> None:
    """The journal."""
    dossier = dossier.upper() if dossier else None
    with house(config) as h, h.database.session() as s:
        if dossier is not None and s.scalar(select(DossierRow.id).where(DossierRow.ref == dossier)) is None:
            raise UsageError(f"aucun dossier {dossier}", "« vaguemestre dossiers » donne les références")
        if json:
            print_json(events_json(s, dossier))
            return
        table(
            ("nº", "quand", "dossier", "quoi", "données"),
            (
                (e["id"], e["at"][:19].replace("T", " "), e["dossier"], e["kind"], _brief(e["data"]))
                for e in events_json(s, dossier)
            ),
            title="Journal",
        )
        broken = journal.verify(s)
        console().print("La chaîne est entière." if broken is None else f"La chaîne est rompue à la ligne {broken}.")


def _brief(data: dict[str, Any]) -> str:
    text = ", ".join(f"{k}={v}" for k, v in data.items())
    return text if len(text) <= 100 else f"{text[:99]}…"
