"""Automatic lots: the list of committed members that the coordinator checks and the provider then gets. Pure.

The first list of a lot is whole, later ones hold the additions alone. A list is a question first: the coordinator's
`ok` (an `Approval`) releases its letter; the shell then tells each dossier of it by a `listed` news. What was refused,
or held back (`ok sauf …`), is asked anew when the members that wait change, or when the coordinator says so (`liste`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rules import tell
from rules.calendar import Days
from rules.facts import Known, holds
from rules.history import digest
from rules.records import Dossier, Letter, Question
from rules.schema import Group, Lot
from rules.text import to


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """A coordinator's answer to a list's question."""

    key: str  # of the list's letter
    refs: tuple[str, ...]  # of the dossiers on it
    at: dt.datetime
    approved: bool = True
    without: tuple[str, ...] = ()  # those held back: they are not on the letter

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError(f"naive instant {self.at.isoformat()}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Lists:
    """What is owed for one automatic lot."""

    letters: tuple[Letter, ...] = ()  # released, those already sent included; facts["refs"] are the dossiers on them
    question: Question | None = (
        None  # the next list, waiting for the coordinator; its id is `list_review/<letter's key>`
    )
    refs: tuple[str, ...] = ()  # dossiers that the question is about
    next_at: dt.datetime | None = None


def listed_group(question: str) -> str | None:
    """The group of a list's question, by its id; None where it is another's."""
    parts = question.split("/")
    return parts[2] if parts[:2] == ["list_review", "list"] and len(parts) > 3 else None


def automatic(lot: Lot) -> bool:
    """Whether the lot starts by the coordinator's list."""
    return lot.starts == "list"


def decide_list(
    group: Group,
    lot: Lot,
    dossiers: Sequence[Dossier],
    approvals: Iterable[Approval],
    now: dt.datetime,
    again: Iterable[dt.datetime] = (),
) -> Lists:
    """The lists of an automatic lot as of `now`: `dossiers` are all of the lot's, in any order.

    A question waits for the group's open hours; the members that it names are those committed by then. `again`: when
    the coordinator had the list asked anew: what was refused or held back before is forgotten.
    """
    given = sorted((a for a in approvals if a.at <= now), key=lambda a: (a.at, a.key))
    asked_at = max((i for i in again if i <= now), default=None)
    by_ref = {d.ref: d for d in dossiers}
    letters: list[Letter] = []
    gone: set[str] = set()
    refused: set[str] = set()
    for approval in given:
        heard = asked_at is None or approval.at > asked_at
        if not approval.approved:
            refused.update([approval.key] if heard else [])
            continue
        named = [by_ref[r] for r in sorted({*approval.refs} - {*approval.without}) if r in by_ref]
        listed = [d for d in named if not _over(d, approval.at)]  # withdrawn since the question: it does not go
        if listed:
            letters.append(_list(group, lot, listed, approval, additions=bool(gone)))
            gone.update(d.ref for d in listed)
        if heard:
            refused.add(_key(group, lot, approval.without, asked_at))
    waiting = [d for d in sorted(dossiers, key=lambda d: d.ref) if d.ref not in gone and _wants(lot, d, now)]
    key = _key(group, lot, [d.ref for d in waiting], asked_at)
    later = min((d.opened_at for d in dossiers if d.opened_at > now), default=None)
    if not waiting or key in refused:
        return Lists(letters=tuple(letters), next_at=later)
    opens = Days(group.calendar, None).open(now)
    if opens > now:
        return Lists(letters=tuple(letters), next_at=min(x for x in (opens, later) if x))
    question = _question(group, lot, waiting, key, now, additions=bool(gone))
    return Lists(letters=tuple(letters), question=question, refs=tuple(d.ref for d in waiting), next_at=later)


def _wants(lot: Lot, dossier: Dossier, now: dt.datetime) -> bool:
    """Committed by the census, or taken in since; neither listed by hand, nor withdrawn, nor closed."""
    kind = Known(value=dossier.member.kind, source="census", at=dossier.opened_at)
    if any(holds(s.when, {"member_kind": kind}) and s.starts != "list" for s in lot.starts_when):
        return False
    known = {n.kind for n in dossier.news if n.at <= now}
    asks = dossier.member.known and bool(dossier.pieces)  # its own papers opened it: the coordinator reads the list
    taken_in = dossier.committed or "admitted" in known or asks
    return dossier.opened_at <= now and taken_in and not _over(dossier, now) and "listed" not in known


def _over(dossier: Dossier, now: dt.datetime) -> bool:
    """Withdrawn or closed by then, and not opened again."""
    over = False
    for n in sorted((n for n in dossier.news if n.at <= now), key=lambda n: n.at):
        over = n.kind in {"withdrawn", "closed"} or (over and n.kind != "reopened")
    return over


def _key(group: Group, lot: Lot, refs: Sequence[str], asked_at: dt.datetime | None) -> str:
    """Names the members that wait, and when the list was asked anew."""
    parts = [*refs, *([asked_at.astimezone(dt.UTC).isoformat()] if asked_at else [])]
    return f"list/{group.id}/{lot.id}/{digest(parts)}"


def _facts(
    group: Group, lot: Lot, dossiers: Sequence[Dossier], at: dt.datetime, to: str, *, additions: bool
) -> tell.Json:
    return {
        "group": tell.about_group(group),
        "addressee": {"name": ""},
        "at": at.isoformat(),
        "to": to,
        "lot": {"id": lot.id, **tell.about_lot(group, lot)},
        "provider": group.providers[lot.provider].name,
        "members": [tell.about_member(d.member) for d in sorted(dossiers, key=lambda d: (d.member.name, d.ref))],
        "refs": [d.ref for d in dossiers],
        "additions": additions,
        "intro": "",
    }


def _list(group: Group, lot: Lot, dossiers: Sequence[Dossier], approval: Approval, *, additions: bool) -> Letter:
    return Letter(
        key=approval.key,
        kind="list",
        to="provider",
        due_at=approval.at,
        template="list",
        provider=lot.provider,
        address=lot.forward_to,
        subject=lot.forward_subject,
        facts=_facts(group, lot, dossiers, approval.at, "provider", additions=additions),
    )


def _question(
    group: Group, lot: Lot, dossiers: Sequence[Dossier], key: str, at: dt.datetime, *, additions: bool
) -> Question:
    count, provider = len(dossiers), group.providers[lot.provider].name
    many = "s" if count > 1 else ""
    told = f"Lot «\u00a0{lot.title}\u00a0»\u00a0: {count} établissement{many} à annoncer {to(provider)}."
    text = f"{told} La liste peut-elle partir\u202f?"
    return Question(
        id=f"list_review/{key}",
        piece=None,
        questions=(text,),
        code="list",
        facts={**_facts(group, lot, dossiers, at, "coordinator", additions=additions), "list_key": key},
    )
