"""A digest's facts from the books, as of any instant: what was not yet known then is left aside.

How a dossier stands is on the books; how it stood is what `rules.decide` says of what was there at that instant.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from pydantic import TypeAdapter
from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from daemon.digest.facts import (
    DayCount,
    DigestFacts,
    DossierLine,
    FailedLine,
    LateLine,
    MailLine,
    Period,
    ReviewLine,
    SilentLine,
    Waits,
)
from daemon.letters.french import PARIS
from daemon.store import books
from daemon.store.models import DossierRow, EventRow, LetterRow, MailRow, MessageRow, NewsRow, PieceRow, ReviewRow
from rules import tell
from rules.decide import decide
from rules.lists import listed_group
from rules.records import DossierState, Milestone
from rules.schema import Group

_WEEKS = dt.timedelta(days=28)  # of the chart
_ANSWERS = ("acknowledgement", "answer")
_OWED = ("missing", "refused")
MILESTONE = TypeAdapter(Milestone)
_PUZZLING = ("not_understood", "other_group")  # reasons of the escalations that a person must read


def gather(s: Session, group: Group, *, since: dt.datetime, until: dt.datetime, period: Period = "day") -> DigestFacts:
    """How a group stands at `until`, and what moved since `since` (both aware)."""
    files = _files(s, group, until)
    letters = _letters(s, group, since, until)
    waits = list(_answered(s, group, since, until))
    return DigestFacts(
        group=tell.about_group(group),
        period=period,
        since=since,
        until=until,
        mails=_mails(s, group, since, until),
        pieces=_pieces(s, group, since, until),
        letters=letters,
        dossiers=tuple(f.line(group) for f in files),
        reviews=tuple(_reviews(s, group, until)),
        late=tuple(line for f in files for line in f.late(group)),
        silent=tuple(_silent(files)),
        not_understood=tuple(_puzzles(s, group, since, until)),
        failed=tuple(_failed(s, group, since, until)),
        days=tuple(_days(s, group, until)),
        answers=len(waits),
        answer_days=sum(waits, Decimal(0)) / len(waits) if waits else None,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _File:
    """A dossier as it stood at an instant."""

    row: DossierRow
    state: DossierState
    missing: tuple[str, ...]  # papers owed
    milestones: tuple[Milestone, ...]
    complete_at: dt.datetime | None
    forwarded_at: dt.datetime | None
    heard_at: dt.datetime | None  # the member's last mail
    reminded: tuple[dt.datetime, ...]  # reminders sent to the member
    asked: bool  # the coordinator is asked something

    @property
    def last(self) -> dt.datetime:
        """When the member was last heard, or the dossier opened."""
        return self.heard_at or self.row.opened_at

    @property
    def reminders(self) -> int:
        """Sent to the member since it last wrote."""
        return sum(1 for at in self.reminded if at >= self.last)

    def line(self, group: Group) -> DossierLine:
        who, since = self.waits()
        member = self.row.member
        return DossierLine(
            ref=self.row.ref,
            lot=self.row.lot,
            lot_title=group.lot(self.row.lot).subject,
            member=member.name,
            state=self.state,
            siret=member.siret,
            uai=member.uai,
            waits_for=who,
            waits_since=since,
            missing=self.missing,
            opened_at=self.row.opened_at,
            forwarded_at=self.forwarded_at,
            complete_at=self.complete_at,
            reminders=self.reminders,
            contact=next(iter([*member.emails, member.functional_email or ""])),
        )

    def waits(self) -> tuple[Waits, dt.datetime | None]:
        """Whose move it is, and since when."""
        ahead = [m for m in self.milestones if m.state != "reached"]
        if self.state in ("withdrawn", "closed"):
            return "nobody", None
        if self.state == "review" or self.asked:
            return "coordinator", self.last
        if self.state in ("expected", "incomplete"):
            return "member", self.last
        if any(m.id != "prefecture" for m in ahead):
            return "provider", self.forwarded_at or self.last
        if self.missing:
            return "member", self.last
        if ahead:
            return "prefecture", self.last
        return ("nobody", None) if self.state == "active" else ("provider", self.forwarded_at or self.last)

    def late(self, group: Group) -> Iterable[LateLine]:
        provider = group.providers[group.lot(self.row.lot).provider].name
        for m in self.milestones:
            if m.state == "late" and m.due is not None:
                name = self.row.member.name
                yield LateLine(ref=self.row.ref, member=name, provider=provider, what=m.what, due=m.due)


def _files(s: Session, group: Group, until: dt.datetime) -> list[_File]:
    """The group's dossiers: as they are on the books where nothing happened since, else worked out anew."""
    query = select(DossierRow).where(DossierRow.group == group.id, DossierRow.opened_at <= until)
    later = select(NewsRow.dossier_id).where(NewsRow.kind == "purged", NewsRow.at > until)  # nobody knows any more
    rows = s.scalars(query.where(DossierRow.id.not_in(later)).order_by(DossierRow.id)).unique().all()
    latest = s.scalar(select(func.max(EventRow.at)))
    if latest is not None and _aware(latest) > until:
        return [_then(s, group, row, until) for row in rows]
    return _now(s, group, rows)


def _then(s: Session, group: Group, row: DossierRow, until: dt.datetime) -> _File:
    """What the rules say of what was there at `until`."""
    whole = books.dossier(s, row)
    then = replace(
        whole,
        pieces=tuple(p for p in whole.pieces if p.received_at <= until),
        messages=tuple(m for m in whole.messages if m.received_at <= until),
        news=tuple(n for n in whole.news if n.at <= until),
        letters=tuple(x for x in whole.letters if x.due_at <= until),
        heard_at=tuple(h for h in whole.heard_at if h <= until),
    )
    decision = decide(group, then, until)
    left = [(x.kind, x.sent_at, x.facts.get("to")) for x in then.letters if x.sent_at and x.sent_at <= until]
    return _File(
        row=row,
        state=decision.state,
        missing=tuple(r.what for r in decision.requirements if r.state in _OWED),
        milestones=decision.milestones,
        complete_at=decision.complete_at,
        forwarded_at=min((at for kind, at, _ in left if kind == "forward"), default=None),
        heard_at=max((m.received_at for m in then.messages if m.role == "member"), default=None),
        reminded=tuple(at for kind, at, to in left if kind == "reminder" and to == "member"),
        asked=bool(decision.questions),
    )


def _now(s: Session, group: Group, rows: Iterable[DossierRow]) -> list[_File]:
    """What the books hold, read table by table: a group has thousands of dossiers."""
    mine = select(DossierRow.id).where(DossierRow.group == group.id)
    heard: dict[int, dt.datetime] = {}
    for dossier, record in s.execute(
        select(MessageRow.dossier_id, MessageRow.record).where(MessageRow.dossier_id.in_(mine))
    ):
        if record.get("role", "member") == "member":
            at = dt.datetime.fromisoformat(record["received_at"])
            heard[dossier] = max(at, heard.get(dossier, at))
    forwarded: dict[int, dt.datetime] = {}
    reminded: dict[int, list[dt.datetime]] = {}
    left = select(LetterRow.dossier_id, LetterRow.kind, LetterRow.role, LetterRow.sent_at)
    left = left.where(LetterRow.dossier_id.in_(mine), LetterRow.sent_at.is_not(None)).order_by(LetterRow.sent_at)
    for dossier, kind, role, sent_at in s.execute(left.where(LetterRow.kind.in_(("forward", "reminder")))):
        if dossier is None or sent_at is None:
            continue
        if kind == "forward":
            forwarded.setdefault(dossier, sent_at)
        elif role == "member":
            reminded.setdefault(dossier, []).append(sent_at)
    open_ = select(ReviewRow.dossier_id).where(ReviewRow.dossier_id.in_(mine), ReviewRow.answered_at.is_(None))
    asked = set(s.scalars(open_))
    return [
        _File(
            row=row,
            state=row.state,  # type: ignore[arg-type]  # written by the rules alone
            missing=tuple(r["what"] for r in row.requirements if r["state"] in _OWED),
            milestones=tuple(MILESTONE.validate_python(m) for m in row.milestones),
            complete_at=row.complete_at,
            forwarded_at=forwarded.get(row.id),
            heard_at=heard.get(row.id),
            reminded=tuple(reminded.get(row.id, ())),
            asked=row.id in asked,
        )
        for row in rows
    ]


def _silent(files: Iterable[_File]) -> Iterable[SilentLine]:
    """Members reminded in vain, their dossiers together, the longest silence first."""
    found: dict[int, list[_File]] = {}
    for f in files:
        if f.reminders and f.state in ("expected", "incomplete"):
            found.setdefault(f.row.member_id, []).append(f)
    lines = [
        SilentLine(
            member=these[0].row.member.name,
            refs=tuple(f.row.ref for f in these),
            since=max(f.last for f in these),
            reminders=max(f.reminders for f in these),
        )
        for these in found.values()
    ]
    return sorted(lines, key=lambda x: (x.since, x.refs))


def _mails(s: Session, group: Group, since: dt.datetime, until: dt.datetime) -> int:
    """What persons wrote."""
    query = select(func.count()).select_from(MailRow).where(MailRow.group == group.id, MailRow.nature == "message")
    return s.scalar(query.where(MailRow.received_at > since, MailRow.received_at <= until)) or 0


def _pieces(s: Session, group: Group, since: dt.datetime, until: dt.datetime) -> int:
    """Papers that came first in the period."""
    query = select(PieceRow.piece, func.min(MailRow.received_at)).join(MailRow, PieceRow.mail_id == MailRow.id)
    first = s.execute(query.where(MailRow.group == group.id).group_by(PieceRow.piece)).all()
    return sum(1 for _, at in first if at is not None and since < _aware(at) <= until)


def _aware(at: dt.datetime) -> dt.datetime:
    """An aggregate may come back without its offset: instants are kept in UTC."""
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def _sent(group: Group, since: dt.datetime, until: dt.datetime) -> Select[LetterRow]:
    query = select(LetterRow).where(LetterRow.group == group.id, LetterRow.sent_at > since, LetterRow.sent_at <= until)
    return query.order_by(LetterRow.sent_at, LetterRow.id)


def _letters(s: Session, group: Group, since: dt.datetime, until: dt.datetime) -> Mapping[str, int]:
    """Mails that left, by the kind of their first letter; digests are no news to those who read one."""
    left = {x.message_id or x.key: x.kind for x in reversed(s.scalars(_sent(group, since, until)).unique().all())}
    return dict(sorted(Counter(k for k in left.values() if k != "digest").items()))


def _answered(s: Session, group: Group, since: dt.datetime, until: dt.datetime) -> Iterable[Decimal]:
    """Days that each mail answered in the period had waited; a mail answered twice counts once, at its first answer."""
    rows = s.scalars(_sent(group, since, until).where(LetterRow.kind.in_(_ANSWERS), LetterRow.mail_id.is_not(None)))
    first: dict[int, dt.datetime] = {}
    for row in rows.unique():
        if row.mail_id is not None and row.sent_at is not None:
            first.setdefault(row.mail_id, row.sent_at)
    for mail_id, sent_at in first.items():
        mail = s.get_one(MailRow, mail_id)
        yield Decimal(max(0, int((sent_at - mail.received_at).total_seconds()))) / 86_400


def _reviews(s: Session, group: Group, until: dt.datetime) -> Iterable[ReviewLine]:
    """Questions asked and not answered at that instant."""
    unanswered = or_(ReviewRow.answered_at.is_(None), ReviewRow.answered_at > until)
    query = select(ReviewRow).where(ReviewRow.asked_at <= until, unanswered).order_by(ReviewRow.asked_at, ReviewRow.id)
    for row in s.scalars(query).unique():
        mail = None if row.mail_id is None else s.get(MailRow, row.mail_id)
        of = row.dossier.group if row.dossier else mail.group if mail else listed_group(row.key)
        if of != group.id:
            continue
        name = row.dossier.member.name if row.dossier else (mail.sender or "") if mail else "Liste à envoyer"
        question = " ".join(str(q) for q in row.questions)
        ref = row.dossier.ref if row.dossier else None
        yield ReviewLine(ref=ref, member=name, question=question, asked_at=row.asked_at)


def _puzzles(s: Session, group: Group, since: dt.datetime, until: dt.datetime) -> Iterable[MailLine]:
    """Mails put to the coordinators because nothing could be made of them."""
    query = select(LetterRow).where(LetterRow.group == group.id, LetterRow.kind == "escalation")
    query = query.where(LetterRow.due_at > since, LetterRow.due_at <= until).order_by(LetterRow.due_at, LetterRow.id)
    for row in s.scalars(query).unique():
        told = row.facts.get("message")
        if told and row.facts.get("reason") in _PUZZLING:
            at = dt.datetime.fromisoformat(told["received_at"])
            yield MailLine(received_at=at, sender=told["sender"], subject=told["subject"])


def _failed(s: Session, group: Group, since: dt.datetime, until: dt.datetime) -> Iterable[FailedLine]:
    """Letters given up or sent back in the period; the journal says when."""
    query = select(EventRow).where(EventRow.kind.in_(("letter.failed", "letter.bounced")))
    for event in s.scalars(query.where(EventRow.at > since, EventRow.at <= until).order_by(EventRow.id)):
        row = s.scalar(select(LetterRow).where(LetterRow.key == event.data.get("key")))
        if row is None or row.group != group.id:
            continue
        why = str(event.data.get("why") or row.error or "refusée")
        ref = row.dossier.ref if row.dossier else None
        yield FailedLine(ref=ref, to=", ".join(row.recipients), subject=row.subject or row.kind, why=why)


def _days(s: Session, group: Group, until: dt.datetime) -> Iterable[DayCount]:
    """Four weeks, day by day, in Paris."""
    since = until - _WEEKS
    mails = select(MailRow.received_at).where(MailRow.group == group.id, MailRow.nature == "message")
    received = Counter(_paris(at) for at in s.scalars(mails.where(MailRow.received_at > since)) if at <= until)
    letters = s.scalars(_sent(group, since, until)).unique()
    left = {x.message_id or x.key: x.sent_at for x in letters if x.kind != "digest" and x.sent_at is not None}
    sent = Counter(_paris(at) for at in left.values())
    first = _paris(since) + dt.timedelta(days=1)
    for day in (first + dt.timedelta(days=i) for i in range((_paris(until) - first).days + 1)):
        yield DayCount(day=day, received=received[day], sent=sent[day])


def _paris(at: dt.datetime) -> dt.date:
    return at.astimezone(PARIS).date()
