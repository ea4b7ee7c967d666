"""What a provider's mail tells: an account opened, an appointment, a refusal, a question. The words are in the YAML."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from rules.records import News
from rules.schema import Group, Lot
from rules.text import has, says, sentences


def provider_of(group: Group, sender: str | None, configured: Iterable[tuple[str, str]] = ()) -> str | None:
    """The provider whose address or domain `sender` is of. `configured`: (provider key, address) of the shell's."""
    if not sender:
        return None
    for key, address in configured:
        if key in group.providers and address.lower() == sender:
            return key
    domain = sender.rpartition("@")[2]
    for key, provider in group.providers.items():
        if sender in {a.lower() for a in provider.addresses} or domain in provider.domains:
            return key
    return None


def told_by_member(lot: Lot, subject: str, body: str, at: dt.datetime, message: str) -> News | None:
    """What only the member can tell (the préfecture's validation): the milestone that its words say is reached."""
    heard = [s for s in (*sentences(subject), *sentences(body)) if not s.endswith("?")]
    for rule in lot.milestones:
        if rule.member_tells and any(says(rule.words, s) for s in heard):
            return News(kind="milestone", at=at, data={"milestone": rule.id, "outcome": "reached", "message": message})
    return None


def classify(group: Group, lot: Lot, subject: str, body: str, at: dt.datetime, message: str) -> News | None:
    """The news of one mail for one dossier of `lot`; None where its words tell nothing that we know.

    A refusal weighs most, then progress, then a question.
    """
    heard = [*sentences(subject), *sentences(body)]
    words = group.provider_words

    def news(outcome: str, milestone: str | None = None) -> News:
        data = {"milestone": milestone, "outcome": outcome, "words": body.strip()[:2000], "message": message}
        return News(kind="milestone", at=at, data=data)

    if any(has(w, s) for w in words.refused for s in heard):
        return news("refused")
    reached = [m for m in lot.milestones if any(says(m.words, s) for s in heard)]
    opening = next((m for m in reached if m.opens), None)
    if opening is None and any(says(words.opened, s) for s in heard):
        return news("opened", next((m.id for m in lot.milestones if m.opens), None))
    if opening is not None:
        return news("opened", opening.id)
    if reached:
        return news("reached", reached[0].id)
    if any(has(w, s) for w in words.appointment for s in heard):
        # It stands for the first call alone: nothing is open yet, and the opening is still waited for.
        first = lot.milestones[0] if lot.milestones else None
        return news("appointment", first.id if first and not first.opens else None)
    asks = any(has(w, s) for w in words.question for s in heard) or any(s.endswith("?") for s in heard)
    return news("question") if asks else None
