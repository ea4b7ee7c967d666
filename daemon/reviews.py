"""A coordinator's answer to a review: `ok`, `siret 21910652300018`, `uai 0541394X`, `refuser : motif`; applied once.

To a list, also `ok sauf LDMEMS-VOTE-0003, 0541394X`: the list leaves without these.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon import moving
from daemon.house import House
from daemon.runners import lists
from daemon.store import journal
from daemon.store.decisions import settle
from daemon.store.models import DossierRow, NewsRow, PieceRow, PlacementRow, ReviewRow
from parsers import values
from rules.endings import TURNED_AWAY

ADMISSION = "admit/"  # before a body's digest, in the key of the review that asks whether to take it in
NO_MOTIVE = "sans motif donné"
WORDS = {"siret": (values.parse_siret, values.valid_siret), "uai": (values.parse_uai, values.valid_uai)}
KEYS = {"bad_siret": "siret", "bad_uai": "uai"}  # a doubt about a number → the number, which the census may know


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a coordinator decided."""

    outcome: str  # `ok`, `corrected`, `refused`
    fields: dict[str, str] = field(default_factory=dict)  # corrected values
    motive: str = ""
    without: tuple[str, ...] = ()  # of a list, held back: refs, UAIs or SIRETs as written, refs once `fitting`

    def __str__(self) -> str:
        if self.outcome == "refused":
            return f"refuser : {self.motive}"
        if self.without:
            return lists.EXCEPT + ", ".join(self.without)
        return "ok" if self.outcome == "ok" else ", ".join(f"{k} {v}" for k, v in self.fields.items())


def parse(text: str) -> Answer | None:
    """The answer in the first line that is one; None where there is none, or where a number given is wrong."""
    fields: dict[str, str] = {}
    for line in (x.strip(" \t>*.«»\u00a0\u202f") for x in text.splitlines()):
        if m := re.match(r"refus(?:er|é|e|ée)?\s*[:,–-]?\s*(.*)$", line, re.IGNORECASE):
            return Answer(outcome="refused", motive=m[1].strip() or NO_MOTIVE)
        if m := re.match(r"(siret|uai)\s*[:=]?\s*(.+)$", line, re.IGNORECASE):
            read, valid = WORDS[m[1].lower()]
            value = read(m[2])
            if value is None or not valid(value):
                return None  # a digit is wrong: nothing moves on it
            fields[m[1].lower()] = value
            continue
        if not fields and (m := _OK.match(line)):
            return _agreed(m[1])
        if line and not fields and not re.match(r"(bonjour|bonsoir)\b", line, re.IGNORECASE):
            return None  # words that are no order: a person wrote something else
        if not line and fields:
            break
    return Answer(outcome="corrected", fields=fields) if fields else None


_OK = re.compile(r"(?:ok|d’accord|d'accord|c’est bon|c'est bon|validé|oui)\b[\s,]*(.*)$", re.IGNORECASE)
_EXCEPT = re.compile(r"(?:sauf|hors|sans|excepté)\b\s*:?\s*(.+)$", re.IGNORECASE)
_NAMED = re.compile(r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+-[0-9]{4,}|[0-9]{7}[A-Z]|[0-9]{14}")


def _agreed(rest: str) -> Answer | None:
    """`ok`, with what is held back; None where a condition follows that nobody but a person can weigh."""
    if m := _EXCEPT.match(rest):
        words = [re.sub(r"\s", "", w).upper() for w in re.split(r",|;|\bet\b", m[1].rstrip(" .")) if w.strip()]
        named = all(_NAMED.fullmatch(w) for w in words)
        return Answer(outcome="ok", without=tuple(dict.fromkeys(words))) if words and named else None
    return None if re.match(r"(?:mais|si|à condition|sous réserve)\b", rest, re.IGNORECASE) else Answer(outcome="ok")


def turned_away(answer: Answer) -> dict[str, Any]:
    """What the news of a body that is not taken in says to it."""
    return {TURNED_AWAY: True, "motive": "" if answer.motive == NO_MOTIVE else answer.motive}


def fitting(s: Session, review: ReviewRow, answer: Answer | None) -> Answer | None:
    """The answer, where it is one to this very question: a list has no value to correct, a paper no exception."""
    if answer is None:
        return None
    if not review.key.startswith(lists.QUESTION):
        return None if answer.without else answer
    without = lists.on_list(s, review, answer.without)
    return None if answer.outcome == "corrected" or without is None else replace(answer, without=without)


def meant(s: Session, review: ReviewRow, answer: Answer) -> Answer:
    """The same; `ok` to a number whose key is false keeps the census's own, as the letter that asks says."""
    if answer.outcome != "ok" or review.piece is None or review.dossier is None or not review.dossier.member.known:
        return answer
    pieces = s.scalars(select(PieceRow).where(PieceRow.piece == review.piece)).unique().all()
    doubts = {f["code"] for p in pieces for f in p.reading["findings"]}
    fields = {KEYS[c]: getattr(review.dossier.member, KEYS[c]) for c in sorted(doubts & KEYS.keys())}
    known = {k: v for k, v in fields.items() if v}
    return Answer(outcome="corrected", fields=known) if known else answer


def apply(
    house: House, s: Session, review: ReviewRow, answer: Answer, *, by: str, at: dt.datetime
) -> Sequence[DossierRow]:
    """Settles the piece wherever it stands, journals who said what, and lets the rules look again."""
    review.answered_at, review.answered_by, review.answer = at, by, str(answer)
    answer = meant(s, review, answer)
    ref = review.dossier.ref if review.dossier else None
    journal.append(s, at, "review.answered", ref, review=review.id, by=by, outcome=answer.outcome)
    if review.key.startswith(lists.QUESTION):
        return lists.release(house, s, review, at) if answer.outcome == "ok" else []
    if review.key.startswith(ADMISSION) and review.dossier is not None:
        return _admit(house, s, review.dossier, answer, by=by, at=at)
    settled: dict[str, Any] = {"all": answer.outcome != "refused", "fields": answer.fields}
    if answer.outcome == "refused":
        settled["refused"] = answer.motive
    standing = select(PieceRow).where(PieceRow.piece == review.piece)
    if ref is not None and review.key.endswith(f"/{ref}"):  # asked anew for this dossier alone
        here = select(PlacementRow.piece_id).where(PlacementRow.dossier_id == review.dossier_id)
        standing = standing.where(PieceRow.id.in_(here))
    pieces = s.scalars(standing).unique().all() if review.piece else []
    for piece in pieces:
        piece.settled = settled
    other = moving.owner(s, review.dossier, answer.fields) if review.dossier and pieces else None
    left = moving.move(house, s, pieces, other, at) if other is not None else []
    if other is None and review.dossier and pieces and not review.dossier.member.known:
        for name, value in answer.fields.items():
            if getattr(review.dossier.member, name) is None:
                setattr(review.dossier.member, name, value)
    placed = select(PlacementRow.dossier_id).where(PlacementRow.piece_id.in_([p.id for p in pieces]))
    wanted = select(DossierRow).where(DossierRow.id.in_(placed)).order_by(DossierRow.id)
    dossiers = [d for d in s.scalars(wanted).unique() if d not in left]
    if not review.piece and review.dossier is not None:  # about the body: for all its dossiers
        of_body = select(DossierRow).where(DossierRow.member_id == review.dossier.member_id)
        dossiers = list(s.scalars(of_body.order_by(DossierRow.id)).unique())
    elif not dossiers and review.dossier is not None:
        dossiers = [review.dossier]
    for dossier in dossiers:
        data = {"piece": review.piece, "outcome": answer.outcome}
        s.add(NewsRow(dossier_id=dossier.id, kind="review", at=at, data=data))
    s.flush()
    for dossier in (*dossiers, *left):
        settle(house, s, dossier, at)
    return dossiers


def _admit(
    house: House, s: Session, dossier: DossierRow, answer: Answer, *, by: str, at: dt.datetime
) -> Sequence[DossierRow]:
    """A body that the census does not know: taken in with all its dossiers, or shown the door with them.

    It is told so once, by the dossier that asked.
    """
    wanted = select(DossierRow).where(DossierRow.member_id == dossier.member_id).order_by(DossierRow.id)
    dossiers = s.scalars(wanted).unique().all()
    taken_in = answer.outcome != "refused"
    if taken_in:
        dossier.member.known = True
        for name, value in answer.fields.items():
            setattr(dossier.member, name, value)
    for row in dossiers:
        kind = "admitted" if taken_in else "withdrawn"
        told = {"by": by, **turned_away(answer)} if not taken_in and row.id == dossier.id else {}
        s.add(NewsRow(dossier_id=row.id, kind=kind, at=at, data=told))
        journal.append(s, at, f"news.{kind}", row.ref, **told)
    s.flush()
    for row in dossiers:
        settle(house, s, row, at)
    return dossiers
