"""A digest's facts from the books, as of any instant: what was not yet known then is left aside.

How a dossier stood is what `rules.decide` says of what was there at that instant; nothing of it is kept.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

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
from daemon.store.models import DossierRow, EventRow, LetterRow, MailRow, PieceRow, ReviewRow
from rules import tell
from rules.decide import decide
from rules.records import Decision, Dossier, Message
from rules.schema import Group

_WEEKS = dt.timedelta(days=28)  # of the chart
_ANSWERS = ("acknowledgement", "answer")
_PUZZLING = ("not_understood", "other_group")  # reasons of the escalations that a person must read


def gather(s: Session, group: Group, *, since: dt.datetime, until: dt.datetime, period: Period = "day") -> DigestFacts:
    """How a group stands at `until`, and what moved since `since` (both aware)."""
    files = [_File.at(s, group, row, until) for row in _dossiers(s, group, until)]
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
    """A dossier as it stood, and what was owed for it."""

    dossier: Dossier
    decision: Decision
    until: dt.datetime

    @classmethod
    def at(cls, s: Session, group: Group, row: DossierRow, until: dt.datetime) -> _File:
        whole = books.dossier(s, row)
        then = replace(
            whole,
            pieces=tuple(p for p in whole.pieces if p.received_at <= until),
            messages=tuple(m for m in whole.messages if m.received_at <= until),
            news=tuple(n for n in whole.news if n.at <= until),
            letters=tuple(x for x in whole.letters if x.due_at <= until),
            heard_at=tuple(h for h in whole.heard_at if h <= until),
        )
        return cls(dossier=then, decision=decide(group, then, until), until=until)

    def line(self, group: Group) -> DossierLine:
        d = self.dossier
        who, since = self.waits()
        member = d.member
        return DossierLine(
            ref=d.ref,
            lot=d.lot,
            lot_title=group.lot(d.lot).subject,
            member=member.name,
            state=self.decision.state,
            siret=member.siret,
            uai=member.uai,
            waits_for=who,
            waits_since=since,
            missing=tuple(r.what for r in self.decision.requirements if r.state in ("missing", "refused")),
            opened_at=min(d.opened_at, self.until),
            forwarded_at=self.forwarded_at,
            complete_at=self.decision.complete_at,
            reminders=self.reminders,
            contact=(member.emails or ((member.functional_email,) if member.functional_email else ("",)))[0],
        )

    @property
    def forwarded_at(self) -> dt.datetime | None:
        sent = [x.due_at for x in self.decision.letters if x.kind == "forward" and x.template == "forward"]
        return min(sent, default=None)

    @property
    def heard(self) -> Message | None:
        """The last mail of the member."""
        return next((m for m in reversed(self.dossier.messages) if m.role == "member"), None)

    @property
    def reminders(self) -> int:
        """Sent to the member since it last wrote."""
        after = self.heard.received_at if self.heard else self.dossier.opened_at
        sent = (x.sent_at for x in self.dossier.letters if x.kind == "reminder" and x.facts.get("to") == "member")
        return sum(1 for at in sent if at is not None and after <= at <= self.until)

    def waits(self) -> tuple[Waits, dt.datetime | None]:
        """Whose move it is, and since when."""
        state, heard = self.decision.state, self.heard
        last = heard.received_at if heard else self.dossier.opened_at
        owed = any(r.state in ("missing", "refused") for r in self.decision.requirements)
        ahead = [m for m in self.decision.milestones if m.state != "reached"]
        if state in ("withdrawn", "closed"):
            return "nobody", None
        if state == "review" or self.decision.questions:
            return "coordinator", last
        if state in ("expected", "incomplete"):
            return "member", last
        if any(m.id != "prefecture" for m in ahead):
            return "provider", self.forwarded_at or last
        if owed:
            return "member", last
        if ahead:
            return "prefecture", last
        return ("nobody", None) if state == "active" else ("provider", self.forwarded_at or last)

    def late(self, group: Group) -> Iterable[LateLine]:
        provider = group.providers[group.lot(self.dossier.lot).provider].name
        for m in self.decision.milestones:
            if m.state == "late" and m.due is not None:
                d = self.dossier
                yield LateLine(ref=d.ref, member=d.member.name, provider=provider, what=m.what, due=m.due)


def _dossiers(s: Session, group: Group, until: dt.datetime) -> Sequence[DossierRow]:
    query = select(DossierRow).where(DossierRow.group == group.id, DossierRow.opened_at <= until)
    return s.scalars(query.order_by(DossierRow.id)).unique().all()


def _silent(files: Iterable[_File]) -> Iterable[SilentLine]:
    """Members reminded in vain, their dossiers together, the longest silence first."""
    found: dict[str, list[_File]] = {}
    for f in files:
        if f.reminders and f.decision.state in ("expected", "incomplete"):
            m = f.dossier.member
            found.setdefault(m.siret or m.uai or m.name, []).append(f)
    lines = [
        SilentLine(
            member=these[0].dossier.member.name,
            refs=tuple(f.dossier.ref for f in these),
            since=max(f.heard.received_at if f.heard else f.dossier.opened_at for f in these),
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
        of = row.dossier.group if row.dossier else mail.group if mail else None
        if of != group.id:
            continue
        name = row.dossier.member.name if row.dossier else (mail.sender or "") if mail else ""
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
