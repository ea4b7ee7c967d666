"""A dossier told again from its facts: when its order was complete, what went out, since when something is owed.

Everything is derived from instants, so the same facts give the same history in whatever order they came to be known.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from rules.facts import Facts, holds
from rules.records import Dossier, DossierState, LetterOnFile, Message, News
from rules.schema import Group, Lot
from rules.standing import Memory, Standing, Verdict, stand


@dataclass(frozen=True, kw_only=True, slots=True)
class Sending:
    """What went to the provider at one instant."""

    at: dt.datetime
    verdicts: tuple[Verdict, ...]  # new papers, in the requirements' order
    complement: bool  # papers were sent before
    key: str

    @property
    def pieces(self) -> tuple[str, ...]:
        """Ids of the papers."""
        return tuple(v.piece.id for v in self.verdicts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Owing:
    """What the member owes without a break since an instant."""

    since: dt.datetime  # the owed papers or questions are these since then
    anchor: dt.datetime  # reminders count from here: `since`, or the member's last mail
    key: str  # digest of what is owed and of the anchor: names the reminders
    told: str  # digest of what is owed and of `since`: names the letter that tells it
    reason: str  # `invitation`, `refused`, `fact`
    told_at: dt.datetime | None  # instant at which a letter of its own must tell it; None: an acknowledgement did


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """The dossier up to now."""

    now: dt.datetime
    starts: str  # `papers`, `list`, `member`
    standing: Standing
    sendings: tuple[Sending, ...] = ()
    ordered_at: dt.datetime | None = None  # J: all that blocks is there
    complete_at: dt.datetime | None = None
    listed_at: dt.datetime | None = None  # on the list that went to the provider
    withdrawn_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None
    purged_at: dt.datetime | None = None  # what was before is gone: nothing is decided on it any more
    kept: DossierState | None = None  # the state that it had then, while nobody opens it again
    admitted: bool = True  # False: the census does not know the body, and the coordinator has not taken it in
    owing: Owing | None = None
    noted: tuple[tuple[str, dt.datetime], ...] = ()  # step or warning → since when it holds
    spoken: tuple[dt.datetime, ...] = ()  # when the member was written to
    met_at: tuple[tuple[str, dt.datetime], ...] = ()  # requirement → first instant at which it was met

    @property
    def over(self) -> bool:
        """Withdrawn, closed or purged: nobody is asked for anything."""
        return self.withdrawn_at is not None or self.closed_at is not None or self.kept is not None


def digest(parts: Iterable[str]) -> str:
    """Twelve hexadecimal digits that stand for the parts, whatever their order."""
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:12]


def starts(lot: Lot, facts: Facts) -> str:
    """How the lot starts for this member."""
    return next((s.starts for s in lot.starts_when if holds(s.when, facts)), lot.starts)


def instants(dossier: Dossier) -> list[dt.datetime]:
    """All instants at which something happened or will have happened, in order."""
    # What the member wrote before the dossier was opened was about others: nothing is owed here since then.
    found = {dossier.opened_at, *(h for h in dossier.heard_at if h >= dossier.opened_at)}
    found.update(
        p.received_at for p in dossier.pieces if p.received_at >= dossier.opened_at
    )  # a group's paper came first
    found.update(m.received_at for m in dossier.messages)
    found.update(n.at for n in dossier.news)
    found.update(_leading(dossier))
    return sorted(found)


def tell(group: Group, lot: Lot, dossier: Dossier, now: dt.datetime) -> History:
    """The dossier's history up to `now`."""
    memory = Memory()
    opening = stand(group, lot, dossier, dossier.opened_at, memory)
    told = History(now=now, starts=lot.starts, standing=opening, admitted=_known_from_the_start(dossier))
    owed: str | None = None
    turning, moving, gone = _turning(dossier), {n.at for n in dossier.news}, _forwards_on_file(dossier)
    for number, at in enumerate([i for i in instants(dossier) if i <= now] or [dossier.opened_at]):
        turns = number == 0 or at in turning or "certificate_expires_on" in told.standing.facts  # changes by the day
        if turns:
            standing = stand(group, lot, dossier, at, memory)
            told = replace(told, standing=standing, starts=starts(lot, standing.facts))
        if at in moving:
            told = _news(told, dossier, at)
        before = owed
        if (turns or at in moving) and told.kept is None:
            told = _met(told, at)
        if not told.over:
            told = _sent(told, gone, at)
            told = _send(told, lot, dossier, at) if turns or at in moving else told
        if turns or at in moving:
            owed = _owed(told, group, dossier, at)
        told = _owe(told, dossier, at, changed=before != owed, owed=owed)
        told = _speak(told, lot, dossier, at)
    return told


def _turning(dossier: Dossier) -> set[dt.datetime]:
    """The instants at which how it stands may change: papers, the member's words, what the coordinator said of them."""
    found = {dossier.opened_at, *(p.received_at for p in dossier.pieces)}
    found.update(m.received_at for m in dossier.messages if m.role == "member")
    found.update(n.at for n in dossier.news if n.kind in {"fact", "review"})
    return found | _leading(dossier)


def _leading(dossier: Dossier) -> set[dt.datetime]:
    """The instant at which it came to lead, where it did not from its first day."""
    since = dossier.lead_since
    return {since} if dossier.lead and since is not None and since > dossier.opened_at else set()


def _speak(told: History, lot: Lot, dossier: Dossier, at: dt.datetime) -> History:
    """What there is to say by now, and whether a letter says it."""
    noted = dict(told.noted)
    for note in (*lot.steps, *lot.warnings):
        if holds(note.when, told.standing.facts):
            noted.setdefault(note.text, at)
    answered = any(m.received_at == at and acknowledged(m) for m in dossier.messages)
    sent = bool(told.sendings) and told.sendings[-1].at == at
    asked = told.owing is not None and told.owing.told_at == at
    if not (answered or sent or asked) and len(noted) == len(told.noted):
        return told
    spoken = (*told.spoken, at) if answered or sent or asked else told.spoken
    return replace(told, noted=tuple(noted.items()), spoken=spoken)


def _news(told: History, dossier: Dossier, at: dt.datetime) -> History:
    for news in (n for n in dossier.news if n.at == at):  # of one instant: as they were written
        if news.kind == "withdrawn":
            told = replace(told, withdrawn_at=at)
        elif news.kind == "closed" or _turns_away(news):
            told = replace(told, closed_at=at)
        elif news.kind == "reopened":
            told = replace(told, withdrawn_at=None, closed_at=None, kept=None)
        elif news.kind == "purged":
            told = replace(told, purged_at=at, kept=news.data["state"], complete_at=_instant(news.data["complete_at"]))
        elif news.kind == "admitted" or _admits(news):
            told = replace(told, admitted=True)
        elif news.kind == "listed" and told.listed_at is None:
            told = replace(told, listed_at=at)
    return told


def _known_from_the_start(dossier: Dossier) -> bool:
    """Whether the census knew the body all along: one that was taken in, or asked about, is known since then only."""
    return dossier.member.known and not any(n.kind == "admitted" or _admits(n) or _turns_away(n) for n in dossier.news)


def _instant(told: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(told) if told else None


def _admits(news: News) -> bool:
    """A review of no paper is the question whether to take the body in."""
    return news.kind == "review" and news.data.get("piece") is None and news.data.get("outcome") in {"ok", "corrected"}


def _turns_away(news: News) -> bool:
    """Refused, that question ends the dossier: who is not taken in is asked for nothing."""
    return news.kind == "review" and news.data.get("piece") is None and news.data.get("outcome") == "refused"


def _met(told: History, at: dt.datetime) -> History:
    known = dict(told.met_at)
    for r in told.standing.requirements:
        if r.state == "met":
            known.setdefault(r.id, at)
    # An automatic lot is not complete by nothing being asked: what stands for its order is the list.
    idle = told.starts == "list" and told.listed_at is None and not known
    complete = told.standing.complete and not idle
    complete_at = (told.complete_at or at) if complete else None
    if complete_at == told.complete_at and len(known) == len(told.met_at):
        return told
    return replace(told, met_at=tuple(known.items()), complete_at=complete_at)


def _send(told: History, lot: Lot, dossier: Dossier, at: dt.datetime) -> History:
    """What goes to the provider at `at`: what is new besides what the letters on file say that went."""
    if told.starts != "papers" or not told.standing.ready or not told.admitted:
        return told
    gone = {p for s in told.sendings for p in s.pieces}
    forwarded = {r.id for r in lot.requirements if r.forward}
    fresh: list[Verdict] = []
    for requirement, verdicts in told.standing.counted.items():
        if requirement in forwarded:
            fresh += [v for v in verdicts if v.piece.id not in gone and v not in fresh]
    if not fresh:
        return told
    key = f"{dossier.ref}/forward/{digest(v.piece.id for v in fresh)}"
    sending = Sending(at=at, verdicts=tuple(fresh), complement=bool(gone), key=key)
    return replace(told, sendings=(*told.sendings, sending), ordered_at=told.ordered_at or at)


def _sent(told: History, forwards: list[LetterOnFile], at: dt.datetime) -> History:
    """What the letters on file say that went by `at`."""
    known = {s.key for s in told.sendings} if forwards else set()
    for letter in forwards:
        if letter.due_at > at or letter.key in known:
            continue
        ids = [str(p["piece"]) for p in letter.facts.get("pieces", ())]
        by_id = {v.piece.id: v for v in told.standing.verdicts}
        verdicts = tuple(by_id[i] for i in ids if i in by_id)
        sending = Sending(at=letter.due_at, verdicts=verdicts, complement=bool(told.sendings), key=letter.key)
        told = replace(told, sendings=(*told.sendings, sending), ordered_at=told.ordered_at or letter.due_at)
    return told


def _forwards_on_file(dossier: Dossier) -> list[LetterOnFile]:
    prefix = f"{dossier.ref}/forward/"
    found = [x for x in dossier.letters if x.key.startswith(prefix) and x.state != "superseded"]
    return sorted(found, key=lambda x: (x.due_at, x.key))


def _owed(told: History, group: Group, dossier: Dossier, at: dt.datetime) -> str | None:
    """What the member owes, as a digest; None where nothing, or where its lead dossier asks for it."""
    leads = dossier.lead and (dossier.lead_since is None or dossier.lead_since <= at)
    if told.over or (told.starts == "member" and not told.standing.verdicts and not leads):
        return None
    wide = {r.id for r in group.requirements if r.group_wide}
    owed = [f"{r.id}:{r.state}:{r.piece or ''}" for r in told.standing.owed if leads or r.id not in wide]
    owed += [f"?{name}" for name in told.standing.unknown]
    return digest(owed) if owed else None


def _owe(told: History, dossier: Dossier, at: dt.datetime, *, changed: bool, owed: str | None) -> History:
    if owed is None:
        return told if told.owing is None else replace(told, owing=None)
    heard = at in dossier.heard_at or any(m.received_at == at and m.role == "member" for m in dossier.messages)
    if not changed and told.owing is not None and not heard:
        return told
    since = at if changed or told.owing is None else told.owing.since
    answered = any(m.received_at == at and acknowledged(m) for m in dossier.messages)
    told_at: dt.datetime | None = None
    reason = "fact"
    if changed and not answered:
        told_at = at
        if not told.standing.verdicts or at == dossier.opened_at:
            reason = "invitation"
        elif any(n.at == at and n.kind == "review" for n in dossier.news):
            reason = "refused"
    elif not changed and told.owing is not None and told.owing.told_at is not None and not answered:
        told_at, reason = told.owing.told_at, told.owing.reason
    named = [digest([owed, i.astimezone(dt.UTC).isoformat()]) for i in (at, since)]
    return replace(
        told, owing=Owing(since=since, anchor=at, key=named[0], told=named[1], reason=reason, told_at=told_at)
    )


def ack_key(dossier: Dossier, message: Message) -> str:
    """The key of the acknowledgement of a mail."""
    return f"{dossier.ref}/ack/{message.id}"


def acknowledged(message: Message) -> bool:
    """Whether the mail earns an acknowledgement: a member's, with papers."""
    return message.role == "member" and bool(message.new_pieces or message.again)
