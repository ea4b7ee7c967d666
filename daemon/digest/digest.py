"""A digest from its facts: the letter, its pictures, the workbook of all dossiers. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from daemon.digest.charts import by_lot, charts, told
from daemon.digest.facts import STATES, WAITS, DigestFacts, DossierLine
from daemon.letters import files, french, sheets
from daemon.letters.compose import Attachment
from daemon.letters.render import Picture
from rules.records import Letter

_SHOWN = 15  # lines of a list in the letter; all of them stand in the workbook


def digest(facts: DigestFacts) -> tuple[Letter, tuple[Picture, ...], tuple[Attachment, ...]]:
    """What `compose` takes: the letter (kind and template `digest`), its pictures, its attachments."""
    return letter(facts), charts(facts), (workbook(facts),) if facts.dossiers else ()


def letter(facts: DigestFacts) -> Letter:
    """The digest as a letter to the coordinators. Its key says which group and which period, so that it exists once."""
    day = facts.until.astimezone(french.PARIS).date().isoformat()
    return Letter(
        key=f"digest/{facts.group['id']}/{facts.period}/{day}",
        kind="digest",
        to="coordinator",
        due_at=facts.until,
        template="digest",
        facts=_facts(facts),
    )


def _facts(facts: DigestFacts) -> dict[str, Any]:
    """What the template says, JSON-able."""
    waiting = [_waiting(facts.dossiers, who) for who in WAITS if who != "nobody"]
    return {
        "group": dict(facts.group),
        "at": facts.until.isoformat(),
        "to": "coordinator",
        "addressee": {"name": ""},
        "period": facts.period,
        "since": facts.since.isoformat(),
        "until": facts.until.isoformat(),
        "quiet": facts.quiet,
        "mails": facts.mails,
        "pieces": facts.pieces,
        "letters": sum(facts.letters.values()),
        "answers": facts.answers,
        "answer_days": None if facts.answer_days is None else str(round(facts.answer_days, 1)),
        "answer_target": facts.answer_target,
        "dossiers": len(facts.dossiers),
        "lots": [{"title": lot, "told": told(states)} for lot, states in by_lot(facts).items()],
        "waiting": [w for w in waiting if w],
        "reviews": _first(
            [
                {"ref": r.ref, "member": r.member, "question": r.question, "since": r.asked_at.isoformat()}
                for r in facts.reviews
            ]
        ),
        "late": _first(
            [
                {"ref": x.ref, "member": x.member, "provider": x.provider, "what": x.what, "due": x.due.isoformat()}
                for x in facts.late
            ]
        ),
        "silent": _first(
            [
                {"member": x.member, "refs": list(x.refs), "since": x.since.isoformat(), "reminders": x.reminders}
                for x in facts.silent
            ]
        ),
        "not_understood": _first(
            [
                {"received_at": m.received_at.isoformat(), "sender": m.sender, "subject": m.subject}
                for m in facts.not_understood
            ]
        ),
        "failed": _first([{"ref": x.ref, "to": x.to, "subject": x.subject, "why": x.why} for x in facts.failed]),
    }


def _first(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The first lines, and how many there are in all."""
    return {"lines": lines[:_SHOWN], "count": len(lines), "more": max(0, len(lines) - _SHOWN)}


def _waiting(dossiers: Sequence[DossierLine], who: str) -> dict[str, Any] | None:
    found = [d for d in dossiers if d.waits_for == who]
    if not found:
        return None
    since = [d.waits_since for d in found if d.waits_since is not None]
    oldest = min(found, key=lambda d: d.waits_since or dt.datetime.max.replace(tzinfo=dt.UTC))
    return {
        "who": WAITS[oldest.waits_for],
        "count": len(found),
        "since": min(since).isoformat() if since else None,
        "oldest": {"ref": oldest.ref, "member": oldest.member},
    }


def workbook(facts: DigestFacts) -> Attachment:
    """All dossiers, one a row, with filters; text that begins like a formula stays text."""
    book = sheets.workbook(facts.until)
    head = (
        "Référence",
        "Lot",
        "Adhérent",
        "SIRET",
        "UAI",
        "État",
        "Attend",
        "Depuis le",
        "Papiers attendus",
        "Rappels",
        "Ouvert le",
        "Transmis le",
        "Complet le",
        "Contact",
    )
    rows = [
        (
            d.ref,
            d.lot_title,
            d.member,
            d.siret,
            d.uai,
            STATES[d.state],
            WAITS[d.waits_for] or None,
            _day(d.waits_since),
            "\n".join(d.missing) or None,
            d.reminders,
            _day(d.opened_at),
            _day(d.forwarded_at),
            _day(d.complete_at),
            d.contact or None,
        )
        for d in facts.dossiers
    ]
    sheet = sheets.table(book, "Dossiers", head, rows)
    sheets.one_page(sheet, landscape=True)
    day = facts.until.astimezone(french.PARIS).date().isoformat()
    return files.safe_name(f"{facts.group['id']} - dossiers au {day}") + ".xlsx", sheets.save(book), sheets.MEDIA_TYPE


def _day(instant: dt.datetime | None) -> dt.date | None:
    return None if instant is None else instant.astimezone(french.PARIS).date()
