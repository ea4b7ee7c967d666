"""Builders for tests: a member, papers, mails, and a dossier that holds them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from rules.decide import decide
from rules.load import shipped
from rules.records import Decision, Dossier, Letter, LetterOnFile, Member, Message, News, PieceOnFile

PARIS = ZoneInfo("Europe/Paris")
CIG = shipped("cig-grande-couronne")
LDMEMS = shipped("ldmems")
TOWN = Member(name="Commune de Valmont", siret="21910000100018", department="91", emails=("mairie@valmont.example",))
SCHOOL = Member(
    name="Lycée des Tilleuls",
    siret="19540000100018",
    uai="0540001A",
    department="54",
    emails=("gestion@tilleuls.example",),
    functional_email="ce.0540001a@academie.example",
)


def at(text: str) -> dt.datetime:
    """An instant in Paris."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=PARIS)


def paper(kind: str, lots: tuple[str, ...], when: dt.datetime, **more: Any) -> PieceOnFile:
    name = more.pop("name", f"{kind}.pdf")
    identity = more.pop("id", f"{kind}-{'-'.join(lots)}-{when.isoformat()}")
    defaults: dict[str, Any] = {"message": f"m-{when.isoformat()}", "signature": "none", "group": None}
    return PieceOnFile(
        id=identity, sha256=identity, name=name, kind=kind, lots=lots, received_at=when, **defaults | more
    )


def mail(*pieces: PieceOnFile, **more: Any) -> Message:
    when = more.pop("when", None) or pieces[0].received_at
    defaults: dict[str, Any] = {"id": f"m-{when.isoformat()}", "sender": "mairie@valmont.example"}
    defaults |= {"message_id": f"<{when.isoformat()}@x>", "new_pieces": tuple(p.id for p in pieces)}
    return Message(received_at=when, **defaults | more)


def dossier(lot: str, *pieces: PieceOnFile, **more: Any) -> Dossier:
    """A dossier with one mail an instant, unless `messages` are given."""
    group = more.pop("group", CIG if lot.isdigit() else LDMEMS)
    mails = {p.received_at: [q for q in pieces if q.received_at == p.received_at] for p in pieces}
    defaults: dict[str, Any] = {
        "ref": f"{group.prefix}-{lot.upper()}-0001",
        "member": TOWN if lot.isdigit() else SCHOOL,
        "opened_at": min((p.received_at for p in pieces), default=at("2025-12-01T09:00")),
        "messages": tuple(mail(*brought) for _, brought in sorted(mails.items())),
    }
    return Dossier(group=group.id, lot=lot, pieces=pieces, **defaults | more)


def decided(d: Dossier, when: str | dt.datetime) -> Decision:
    group = CIG if d.group == CIG.id else LDMEMS
    return decide(group, d, at(when) if isinstance(when, str) else when)


def filed(d: Dossier, decision: Decision, *, sent: bool = True, now: dt.datetime | None = None) -> Dossier:
    """The dossier with the decision's letters on file, sent when due or at the later `now`."""
    known = {x.key for x in d.letters}
    new = tuple(on_file(x, sent=sent, now=now) for x in decision.letters if x.key not in known)
    return replace(d, letters=d.letters + new)


def on_file(x: Letter, *, sent: bool = True, now: dt.datetime | None = None) -> LetterOnFile:
    return LetterOnFile(
        key=x.key,
        kind=x.kind,
        due_at=x.due_at,
        sent_at=max(x.due_at, now or x.due_at) if sent else None,
        state="sent" if sent else "due",
        facts=x.facts,
    )


def kinds(decision: Decision) -> list[str]:
    return [x.kind for x in decision.letters]


def one(decision: Decision, kind: str) -> Letter:
    found = [x for x in decision.letters if x.kind == kind]
    assert len(found) == 1, [x.key for x in decision.letters]
    return found[0]


def states(decision: Decision) -> dict[str, str]:
    return {r.id: r.state for r in decision.requirements}


def news(kind: str, when: str, **data: Any) -> News:
    return News(kind=kind, at=at(when), data=data)


FORM_YES: Mapping[str, str | bool | int] = {"already_transmitting": True, "current_provider": "Docapost"}
