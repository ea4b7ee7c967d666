"""The facts of letters: JSON-able dicts of what templates may say, and nothing else. French comes from the YAML."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from rules import schema
from rules.case import Case
from rules.departments import filled
from rules.facts import Facts, holds
from rules.records import Member, Message, PieceOnFile
from rules.schema import Group, Lot
from rules.standing import Verdict, rules_of
from rules.text import folded, has, in_french

Json = dict[str, Any]
NO_WEBINARS: Json = {"upcoming": [], "register": None, "replays": []}


def about_group(group: Group) -> Json:
    """`group`."""
    return {
        "id": group.id,
        "name": group.name,
        "signature": list(group.letters.signature),
        "mailbox": group.mailbox,
        "phone": group.phone,
        "site": group.site,
        "chat": group.chat,
        "joining": group.joining,
        "contact": group.letters.contact,
        "answer_time": group.letters.answer_time,
    }


def about_member(member: Member) -> Json:
    """`member`."""
    return {
        "name": member.name,
        "siret": member.siret,
        "uai": member.uai,
        "kind": member.kind,
        "department": member.department,
        "known": member.known,
        "functional_email": member.functional_email,
        "emails": list(member.emails),
    }


def about_lot(group: Group, lot: Lot) -> Json:
    """The part of `dossier` that is the lot's."""
    provider = group.providers[lot.provider]
    return {
        "lot": lot.id,
        "title": lot.title,
        "subject": lot.subject,
        "short": lot.short,
        "provider": provider.name,
        "provider_key": lot.provider,
        "provider_contact": provider.contact,
    }


def about_message(message: Message) -> Json:
    """`message`."""
    return {
        "id": message.id,
        "received_at": message.received_at.isoformat(),
        "subject": message.subject,
        "sender": message.sender,
        "sender_name": message.sender_name,
        "words": message.own_words,
    }


def common(case: Case, at: dt.datetime, to: str, addressee: str = "") -> Json:
    """What every letter about a dossier says of itself."""
    return {
        "group": about_group(case.group),
        "dossier": {"ref": case.dossier.ref, "state": case.state, **about_lot(case.group, case.lot)},
        "member": about_member(case.dossier.member),
        "addressee": {"name": addressee},
        "at": at.isoformat(),
        "to": to,
    }


def situation(case: Case, at: dt.datetime) -> Json:
    """How the dossier stands, as acknowledgements, requests and confirmations tell it.

    Steps, warnings and webinars are said once: those that an earlier letter said are left out.
    """
    told, facts, since = case.told, case.told.standing.facts, case.spoken_before(at)
    old = {text for text, first in told.noted if since is not None and first <= since}
    return {
        "missing": [] if told.over else missing(case),
        "reviewing": [] if told.over else reviewing(case),
        "questions": [] if told.over else questions(case),
        "order_complete": told.ordered_at is not None,
        "forward": forward(case, at),
        "complete": told.complete_at is not None and not told.over,
        "over": told.over,
        "next": following(case),
        "steps": told_to(case, [n for n in notes(case.lot.steps, facts) if n not in old]),
        "warnings": told_to(case, [n for n in notes(case.lot.warnings, facts) if n not in old]),
        "webinars": webinars(case.lot, at) if since is None else NO_WEBINARS,
        "starts": told.starts,
        "unknown_member": not told.admitted and not told.over,
    }


def escalation(reason: str, text: str, ask: str) -> Json:
    """The part that every escalation has, its lists still empty."""
    empty: Json = {
        "message": None,
        "missing": [],
        "questions": [],
        "milestone": None,
        "reminders": [],
        "candidates": [],
    }
    return {"reason": reason, "text": text, "ask": ask, "words": "", **empty}


def paper(group: Group, lot: Lot, verdict: Verdict) -> Json:
    """One piece as letters tell it: name, values, lines, and how it was judged."""
    piece = verdict.piece
    own = verdict.name if verdict.code != "other_lot" else ""
    return {
        "piece": piece.id,
        "name": piece.name,
        "kind": piece.kind,
        "what": own or kind_name(group, piece.kind),
        "state": verdict.state,
        "why": verdict.why,
        "instead": verdict.instead,
        "points": [text for _, text in verdict.points],
        "says": _says(lot, piece) if verdict.state in {"met", "kept"} else [],
        "lines": lines(piece),
        "total_excl_tax": _text(piece.fields.get("total_excl_tax")),
        "total_incl_tax": _text(piece.fields.get("total_incl_tax")),
        "values": values(group, piece),
        "signature": piece.signature,
    }


def kind_name(group: Group, kind: str) -> str:
    """A kind's French name with its article."""
    return next((name for k, name in group.pieces.items() if k == kind), group.pieces["other"])


def values(group: Group, piece: PieceOnFile) -> list[Json]:
    """All values read, with their French labels, in the labels' order."""
    order = {name: i for i, name in enumerate(group.labels)}
    named = sorted(piece.fields.items(), key=lambda x: (order.get(x[0], len(order)), x[0]))
    return [{"field": k, "label": group.labels.get(k, k), "value": v} for k, v in named]


def lines(piece: PieceOnFile) -> list[Json]:
    """The order's lines: quantities and amounts as text."""
    return [
        {
            "label": str(line["label"]),
            "quantity": _quantity(line.get("quantity")),
            "unit_price": _text(line.get("unit_price")),
            "total": _text(line.get("total")),
        }
        for line in piece.lines
    ]


def told_to(case: Case, sentences: Iterable[str]) -> list[str]:
    """The YAML's sentences, said to this member."""
    return [filled(s, case.dossier.member.department) for s in sentences]


def missing(case: Case) -> list[Json]:
    """What is owed, in the lot's order."""
    rules = {r.id: r for r in rules_of(case.group, case.lot)}
    standing, department = case.told.standing, case.dossier.member.department
    return [
        {
            "id": r.id,
            "kind": r.kind,
            "what": r.what,
            "brief": rules[r.id].brief,
            "how": filled(rules[r.id].how, department, rules[r.id].link),
            "state": r.state,
            "why": r.why if r.state == "refused" else "",
            "instead": standing.instead.get(r.id, ""),
            "blocks": r.blocks,
            "group_wide": rules[r.id].group_wide,
            "paper": rules[r.id].paper,
            "link": rules[r.id].link,
        }
        for r in standing.owed
    ]


def own(case: Case) -> list[Json]:
    """What is owed to this dossier itself: what is due group-wide has letters of its own."""
    return [m for m in missing(case) if not m["group_wide"]]


def reviewing(case: Case) -> list[Json]:
    """Papers that a person is checking."""
    return [
        {
            "piece": v.piece.id,
            "what": v.name or kind_name(case.group, v.piece.kind),
            "points": [text for _, text in v.points],
        }
        for v in case.told.standing.verdicts
        if v.state == "review"
    ]


def questions(case: Case) -> list[Json]:
    """What the member is asked."""
    return [{"fact": name, "text": case.lot.facts[name].question} for name in case.told.standing.unknown]


def forward(case: Case, at: dt.datetime) -> Json | None:
    """What went to the provider last, and whether it did at `at`; None where nothing went."""
    if not case.told.sendings:
        return None
    last = case.told.sendings[-1]
    return {
        "provider": case.provider,
        "at": last.at.isoformat(),
        "now": last.at == at,
        "complement": last.complement,
        "pieces": [v.name for v in last.verdicts],
    }


def following(case: Case) -> list[Json]:
    """The milestones ahead, once the order is complete."""
    told = case.told
    if told.over or not (told.ordered_at or told.listed_at):
        return []
    return [
        {
            "id": s.record.id,
            "due": s.record.due.isoformat() if s.record.due else None,
            "state": s.record.state,
            "what": s.record.what,
        }
        for s in case.steps
        if s.record.state != "reached"
    ]


def promised(case: Case) -> list[Json]:
    """The provider's own milestones ahead, in words for it."""
    words = {s.record.id: s.rule.for_provider for s in case.steps}
    return [{**step, "what": words[step["id"]]} for step in following(case) if words[step["id"]]]


def notes(table: Iterable[schema.Note], facts: Facts) -> list[str]:
    """The paragraphs whose conditions hold."""
    return [n.text for n in table if holds(n.when, facts)]


def webinars(lot: Lot, at: dt.datetime) -> Json:
    """Sessions ahead of `at`; recordings once all are over."""
    ahead = [{"at": w.at.isoformat(), "what": w.what} for w in lot.webinars if w.at > at]
    return {
        "upcoming": ahead,
        "register": lot.registration if ahead else None,
        "replays": [] if ahead else [{"what": r.what, "link": r.link} for r in lot.replays],
    }


def sheet(case: Case) -> list[Json]:
    """The summary sheet for the provider: who the member is and what its papers say of it."""
    member, facts, labels = case.dossier.member, case.told.standing.facts, case.group.labels
    known: dict[str, str | bool | int | None] = {
        "member_name": member.name,
        "siret": member.siret,
        "uai": member.uai,
        "functional_email": member.functional_email,
    }
    for name in labels:
        if name in facts and not known.get(name):
            known[name] = facts[name].value
    return [
        {"field": name, "label": label, "value": known[name]}
        for name, label in labels.items()
        if known.get(name) not in {None, ""} and not _of_one_paper(name)
    ]


def trainings(group: Group, ordered: Iterable[Mapping[str, Any]]) -> list[Json]:
    """The lines that are training."""
    return [dict(x) for x in ordered if any(has(w, folded(str(x["label"]))) for w in group.training_words)]


def _of_one_paper(field: str) -> bool:
    return field.startswith(("order_", "total_", "signator", "commitment_")) or field == "signed_on"


def _says(lot: Lot, piece: PieceOnFile) -> list[str]:
    """What the paper tells of the member's situation, as fragments."""
    out: list[str] = []
    for name, fact in lot.facts.items():
        value = piece.fields.get(name)
        if isinstance(value, bool) and (fact.oui if value else fact.non):
            out.append(fact.oui if value else fact.non)
    for name, fragment in lot.says.items():
        value = piece.fields.get(name)
        if value is not None:
            out.append(fragment.replace("{value}", in_french(value)))
    return out


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _quantity(value: object) -> str:
    """Plain digits, no decimals where there are none; 1 where the line is a ticked box."""
    if value is None:
        return "1"
    number = Decimal(str(value))
    return str(int(number)) if number == number.to_integral_value() else format(number.normalize(), "f")
