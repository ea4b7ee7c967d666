"""`decide`: a dossier's facts and an instant in; what is owed as of then out. Letters are derived, not triggered.

The answer is the same however often and on whatever machine it is asked. A letter on file that is still `due` and that
the answer no longer lists has been overtaken: the shell marks it `superseded`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import partial

from rules import tell
from rules.case import Case, study
from rules.correspondents import reply_role, trusted
from rules.endings import ending_letters
from rules.history import Sending, ack_key, acknowledged, digest, instants
from rules.records import Decision, Dossier, Letter, Message, Question, Role
from rules.reminders import owed_letters, owed_turns
from rules.replies import reply_letters
from rules.schema import Group, Lot
from rules.silence import silence_letters, silence_turns
from rules.standing import Verdict
from rules.text import in_groups


def decide(group: Group, dossier: Dossier, now: dt.datetime) -> Decision:
    """What the dossier is and which letters must exist as of `now` (aware). KeyError: the group has no such lot."""
    case = study(group, dossier, now)
    made = [
        *_acknowledgements(case),
        *_forwards(case),
        *_confirmations(case),
        *owed_letters(case),
        *silence_letters(case),
        *reply_letters(case),
        *_after_the_end(case),
        *ending_letters(case),
    ]
    if case.told.purged_at:  # what was said before is forgotten with what it answered: it is not said anew
        made = [x for x in made if x.due_at > case.told.purged_at]
    letters, hours = _in_hours(case, made)
    turns = [*instants(dossier), *owed_turns(case), *silence_turns(case), *hours]
    turns += [s.turns_at for s in case.steps if s.turns_at]
    return Decision(
        state=case.state,
        requirements=() if case.told.kept else case.told.standing.requirements,
        milestones=tuple(s.record for s in case.steps),
        letters=tuple(sorted(letters, key=lambda x: (x.due_at, x.key))),
        questions=tuple(_questions(case)),
        complete_at=case.told.complete_at,
        next_at=min((t for t in turns if t > now), default=None),
    )


def _in_hours(case: Case, letters: list[Letter]) -> tuple[list[Letter], list[dt.datetime]]:
    """Letters that may exist at this hour, and when that changes: no reminder is made at night after a downtime."""
    fresh = {x.key for x in letters if x.office_hours and x.key not in case.filed}
    if not fresh:
        return letters, []
    if case.days.open(case.now) == case.now:
        return letters, [case.days.closing(case.now)]
    return [x for x in letters if x.key not in fresh], [case.days.open(case.now)]


def _acknowledgements(case: Case) -> Iterator[Letter]:
    mails = [m for m in case.dossier.messages if m.received_at <= case.now and acknowledged(m)]
    # Of several mails answered together the last one tells how things stand.
    fresh = [m for m in mails if ack_key(case.dossier, m) not in case.gone]
    latest = max(fresh, key=lambda m: (m.received_at, m.id), default=None)
    for m in mails:
        key, to = ack_key(case.dossier, m), reply_role(case.dossier.member, m)
        yield Letter(
            key=key,
            kind="acknowledgement",
            to=to,
            due_at=m.received_at,
            template="acknowledgement",
            answers=m.id,
            facts=case.facts(key, partial(_received, case, m, to, latest=m is latest)),
        )


def _received(case: Case, m: Message, to: Role, *, latest: bool) -> tell.Json:
    verdicts = {v.piece.id: v for v in case.told.standing.verdicts}
    brought = _ordered(case.lot, [verdicts[p] for p in m.new_pieces if p in verdicts])
    again = _ordered(case.lot, [verdicts[p] for p in m.again if p in verdicts])
    return {
        **tell.common(case, m.received_at, to, m.sender_name if to == "sender" else ""),
        **tell.situation(case, m.received_at),
        "message": tell.about_message(m),
        "recognised": [tell.paper(case.group, case.lot, v) for v in brought],
        "again": [tell.paper(case.group, case.lot, v) for v in again],
        "only_again": not brought,
        "latest": latest,
        "trusted": trusted(case.dossier.member, m),
    }


def _ordered(lot: Lot, verdicts: list[Verdict]) -> list[Verdict]:
    """In the lot's order of papers, then by name."""
    ranks = {r.id: i for i, r in enumerate(lot.requirements)}

    def rank(v: Verdict) -> tuple[int, str, str]:
        return ranks.get(v.rule.id if v.rule else "", len(ranks)), v.piece.name, v.piece.id

    return sorted(verdicts, key=rank)


def _forwards(case: Case) -> Iterator[Letter]:
    """One letter to the provider for the whole file, then one for each complement."""
    for sending in _sendings(case):
        yield Letter(
            key=sending.key,
            kind="forward",
            to="provider",
            due_at=sending.at,
            template="forward",
            attachments=sending.pieces,
            address=case.lot.forward_to,
            subject=case.lot.forward_subject,
            facts=case.facts(sending.key, partial(_forwarded, case, sending)),
        )


def _sendings(case: Case) -> list[Sending]:
    """What goes to the provider. What an end found still here stays here, unless the dossier is opened again."""
    return [s for s in case.told.sendings if not case.told.over or s.key in case.gone]


def _forwarded(case: Case, sending: Sending) -> tell.Json:
    pieces = [tell.paper(case.group, case.lot, v) for v in sending.verdicts]
    orders = [line for p in pieces for line in p["lines"]]
    return {
        **tell.common(case, sending.at, "provider"),
        "complement": sending.complement,
        **_followed(case, sending),
        "pieces": pieces,
        "sheet": tell.sheet(case),
        "orders": orders,
        "trainings": tell.trainings(case.group, orders),
        "promised": tell.promised(case),
        "exact_subject": case.lot.forward_subject,
    }


def _followed(case: Case, sending: Sending) -> tell.Json:
    """Papers of the same sort that went before: whether they are replaced, only the member's own words say."""
    asked = {v.rule.id for v in sending.verdicts if v.rule}
    earlier = [(v, s.at) for s in case.told.sendings if s.at < sending.at for v in s.verdicts]
    before = [(v.name, at) for v, at in earlier if v.rule and v.rule.id in asked]
    brought = {v.piece.message for v in sending.verdicts}
    words = [m.own_words.strip() for m in case.dossier.messages if m.id in brought]
    told = "\n\n".join(w for w in words if w) if before else ""
    return {"before": [{"what": name, "on": at.isoformat()} for name, at in before], "words": told}


def _confirmations(case: Case) -> Iterator[Letter]:
    """That the file went to the provider, or the list did."""
    for sending in _sendings(case):
        answered = _told_by(case.dossier, sending)
        to: Role = reply_role(case.dossier.member, answered) if answered else "member"
        key = f"{case.dossier.ref}/confirmation/{digest(sending.pieces)}"
        yield Letter(
            key=key,
            kind="confirmation",
            to=to,
            due_at=sending.at,
            template="confirmation",
            answers=answered.id if answered else None,
            facts=case.facts(key, partial(_confirmed, case, sending, to, answered)),
        )
    at, key = case.told.listed_at, f"{case.dossier.ref}/listed"
    if at:
        yield Letter(
            key=key,
            kind="confirmation",
            to="member",
            due_at=at,
            template="listed",
            facts=case.facts(key, partial(_listed, case, at)),
        )


def _confirmed(case: Case, sending: Sending, to: Role, answered: Message | None) -> tell.Json:
    return {
        **tell.common(case, sending.at, to),
        **tell.situation(case, sending.at),
        "provider": case.provider,
        "pieces": [v.name for v in sending.verdicts],
        "complement": sending.complement,
        "told_by": ack_key(case.dossier, answered) if answered else None,
    }


def _listed(case: Case, at: dt.datetime) -> tell.Json:
    return {
        **tell.common(case, at, "member"),
        **tell.situation(case, at),
        "missing": tell.own(case),
        "provider": case.provider,
        "steps": tell.told_to(case, tell.notes(case.lot.listed, case.told.standing.facts)),
    }


def _told_by(dossier: Dossier, sending: Sending) -> Message | None:
    """The mail of the same instant, whose acknowledgement tells of the sending."""
    mails = [m for m in dossier.messages if m.received_at == sending.at and acknowledged(m)]
    return max(mails, key=lambda m: m.id, default=None)


def _after_the_end(case: Case) -> Iterator[Letter]:
    """Papers for a dossier that is withdrawn, closed or purged: a person says whether it lives again."""
    ended = case.told.withdrawn_at or case.told.closed_at or (case.told.purged_at if case.told.kept else None)
    for m in case.dossier.messages:
        if ended and ended <= m.received_at <= case.now and acknowledged(m) and m.new_pieces:
            facts = {**tell.common(case, m.received_at, "coordinator"), "message": tell.about_message(m)}
            text = "Des documents sont arrivés pour un dossier qui n’est plus ouvert."
            ask = "Rouvrir le dossier, ou répondre à l’adhérent."
            yield Letter(
                key=f"{case.dossier.ref}/escalation/over/{m.id}",
                kind="escalation",
                to="coordinator",
                due_at=m.received_at,
                template="escalation",
                facts={**tell.escalation("over", text, ask), **facts},
            )


def _questions(case: Case) -> Iterator[Question]:
    """What the coordinator must settle, one question a paper."""
    if case.told.over:
        return
    if not case.told.admitted:
        yield _admission(case)
    standing = case.told.standing
    for v in standing.verdicts:
        if v.state == "review" and v.points:
            rest = [r for r in standing.requirements if r.blocks and r.piece != v.piece.id]
            yield Question(
                id=f"review/{v.piece.id}/{digest(f'{c}:{t}' for c, t in v.points)}",
                piece=v.piece.id,
                questions=tuple(text for _, text in v.points),
                code=v.points[0][0],
                facts={
                    **tell.common(case, v.piece.received_at, "coordinator"),
                    "piece": tell.paper(case.group, case.lot, v),
                    "points": [{"code": c, "text": t} for c, t in v.points],
                    "rest_complete": all(r.state in {"met", "not_needed"} for r in rest),
                    "forward": tell.forward(case, v.piece.received_at),
                    "missing": tell.missing(case),
                },
            )


def _admission(case: Case) -> Question:
    """A body that the census does not know: nothing goes to a provider before the coordinator has taken it in."""
    member = case.dossier.member
    name = member.siret or member.uai or member.name
    number = f" (SIRET\u00a0{in_groups(member.siret)})" if member.siret else f" (UAI\u00a0{name})" if member.uai else ""
    text = f"{member.name}{number} ne figure pas au recensement. Faut-il l’admettre dans le groupement\u00a0?"
    return Question(
        id=f"admit/{case.group.id}/{digest([name])}",
        piece=None,
        questions=(text,),
        code="unknown_member",
        facts={
            **tell.common(case, case.dossier.opened_at, "coordinator"),
            "piece": None,
            "points": [{"code": "unknown_member", "text": text}],
            "rest_complete": case.told.standing.ready,
            "forward": None,
            "missing": tell.missing(case),
        },
    )
