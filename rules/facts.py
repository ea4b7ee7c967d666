"""The facts of a dossier as of an instant: what its requirements depend on, and who said so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter

from rules.records import Dossier, LetterOnFile, Message, PieceOnFile
from rules.schema import Fact, Group, Lot, Value, When
from rules.text import folded, has, says, sentences, yes_or_no

_DAWN = dt.datetime.min.replace(tzinfo=dt.UTC)
_SOON = dt.timedelta(days=7)  # a certificate that ends within a week of the order ends before the account opens


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A fact, who said it and when."""

    value: Value
    source: str  # `census`, `piece:<id>`, `message:<id>`, `coordinator`, `implied:<piece id>`, `derived`
    at: dt.datetime


Facts = Mapping[str, Known]
UNKNOWN = "unknown"  # in a `when`: what nobody has told


def holds(when: When, facts: Facts) -> bool | None:
    """Whether all conditions hold; None where one is unknown, not asked to be so, and none fails."""
    unknown = False
    for name, wanted in when.items():
        known, admitted = facts.get(name), wanted if isinstance(wanted, list) else [wanted]
        if known is None:
            unknown = unknown or UNKNOWN not in admitted
        elif known.value not in admitted:
            return False
    return None if unknown else True


def gather(
    group: Group,
    lot: Lot,
    dossier: Dossier,
    at: dt.datetime,
    pieces: Iterable[PieceOnFile],
    heard: dict[str, dict[str, bool]],
) -> dict[str, Known]:
    """All facts as of `at`. `pieces` are those to be believed; the latest word wins, the census's is the oldest.

    `heard` keeps what each message said, for the next call on the same dossier.
    """
    told: list[tuple[dt.datetime, int, str, str, Value]] = []

    def tell(name: str, value: Value, source: str, when: dt.datetime, rank: int) -> None:
        told.append((when, rank, source, name, value))

    for name, raw in dossier.member.facts.items():
        tell(name, _plain(raw), "census", _DAWN, 0)
    for piece in pieces:
        for name, raw in piece.fields.items():
            tell(name, raw, f"piece:{piece.id}", piece.received_at, 3)
        for requirement in lot.requirements:
            if piece.kind in requirement.kinds:
                for name, value in requirement.implies.items():
                    tell(name, value, f"implied:{piece.id}", _DAWN, -1)  # only where nothing else tells
    for message in dossier.messages:
        if message.received_at <= at and message.role == "member" and message.authenticity != "fail":
            if message.id not in heard:
                heard[message.id] = _said(group, lot, dossier, message)
            for name, value in heard[message.id].items():
                tell(name, value, f"message:{message.id}", message.received_at, 2)
    for news in dossier.news:
        if news.kind == "fact" and news.at <= at:
            tell(str(news.data["name"]), news.data["value"], "coordinator", news.at, 4)
    facts: dict[str, Known] = {}
    for when, _, source, name, value in sorted(told, key=itemgetter(0, 1, 2)):
        facts[name] = Known(value=value, source=source, at=when)
    facts["member_kind"] = Known(value=dossier.member.kind, source="census", at=_DAWN)
    return facts | _derived(group, lot, facts, at)


def _plain(value: Value) -> Value:
    return (
        {"oui": True, "non": False, "true": True, "false": False}.get(folded(value), value)
        if isinstance(value, str)
        else value
    )


def _derived(group: Group, lot: Lot, facts: Facts, at: dt.datetime) -> dict[str, Known]:
    out: dict[str, Known] = {}
    now_with = facts.get("current_provider")
    if now_with is not None and str(now_with.value).strip():
        ours = folded(group.providers[lot.provider].name)
        changes = ours not in folded(str(now_with.value)) and folded(str(now_with.value)) not in ours
        out["changes_provider"] = Known(value=changes, source="derived", at=now_with.at)
    ends = facts.get("certificate_expires_on")
    if ends is not None:
        try:
            over = dt.date.fromisoformat(str(ends.value)) <= (at + _SOON).date()
        except ValueError:
            return out
        out["certificate_expired"] = Known(value=over, source="derived", at=ends.at)
    return out


def _said(group: Group, lot: Lot, dossier: Dossier, message: Message) -> dict[str, bool]:
    """What a member's plain words settle: the group's words for it, or « oui », « non » to the one question."""
    out = told_by_words(group, lot, message.subject, message.own_words)
    facts = _asked(dossier, message)
    if len(facts) == 1 and facts[0] in lot.facts and facts[0] not in out:
        reply = yes_or_no(message.own_words)
        if reply is not None:
            out[facts[0]] = reply
    return out


def told_by_words(group: Group, lot: Lot, subject: str, words: str) -> dict[str, bool]:
    """Facts that plain words settle; questions, and sentences about other lots alone, settle nothing."""
    if not lot.facts:
        return {}
    heard = [s for s in [*sentences(subject), *sentences(words)] if not s.rstrip().endswith("?")]
    found = {name: _by_words(group, lot, fact, heard) for name, fact in lot.facts.items()}
    return {name: value for name, value in found.items() if value is not None}


def _by_words(group: Group, lot: Lot, fact: Fact, heard: list[str]) -> bool | None:
    count = {k: [s for s in heard if says(fact.words.get(k, []), s)] for k in ("oui", "non")}
    plain = {
        k: any(not any(has(u, s) for u in fact.unless) and not _of_another_lot(group, lot, s) for s in v)
        for k, v in count.items()
    }
    return plain["oui"] if plain["oui"] != plain["non"] else None


def _of_another_lot(group: Group, lot: Lot, sentence: str) -> bool:
    own = any(has(n, sentence) for n in [lot.title, *lot.names])
    return not own and any(has(n, sentence) for x in group.lots if x.id != lot.id for n in [x.title, *x.names])


def asked(letters: Iterable[LetterOnFile]) -> list[str]:
    """The facts that the newest of `letters` that asks for any asks for."""
    asking = [x for x in letters if x.facts.get("questions")]
    newest = max(asking, key=lambda x: (x.due_at, x.key), default=None)
    return [str(q["fact"]) for q in newest.facts["questions"]] if newest else []


def _asked(dossier: Dossier, message: Message) -> list[str]:
    """The facts that our last letter before the message asked for."""
    at, replies = message.received_at, dossier.ref in message.threads
    sent = ((x, x.sent_at) for x in dossier.letters if x.sent_at is not None)
    return asked(x for x, left in sent if left < at or (replies and left == at))
