"""What a member is told when a coordinator withdraws, closes or reopens its dossier, where the group's YAML says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from rules import tell
from rules.case import Case
from rules.history import digest
from rules.records import Letter, News

ENDS = ("withdrawn", "closed")


def ending_letters(case: Case) -> Iterator[Letter]:
    """A letter for the end that stands, and one for a reopening after an end that the member was told of.

    Only what a person ordered is told (its news carries a motive): a body that was never admitted heard of no dossier.
    """
    told: News | None = None  # the end before, where its letter has left
    orders = [n for n in case.dossier.news if n.kind in (*ENDS, "reopened") and "motive" in n.data and n.at <= case.now]
    orders.sort(key=lambda n: n.at)
    for i, news in enumerate(orders):
        last, left = i == len(orders) - 1, _key(case, news) in case.gone
        if left or (last and (news.kind in ENDS or told is not None)):
            yield from _letter(case, news)
        told = news if left and news.kind in ENDS else None


def _key(case: Case, news: News) -> str:
    return f"{case.dossier.ref}/{news.kind}/{digest([news.at.astimezone(dt.UTC).isoformat()])}"


def _letter(case: Case, news: News) -> Iterator[Letter]:
    paragraphs = next((p for kind, p in case.group.endings.items() if kind == news.kind), None)
    if paragraphs is None:
        return
    yield Letter(
        key=_key(case, news),
        kind="confirmation",
        to="member",
        due_at=news.at,
        template="ending",
        facts={
            **tell.common(case, news.at, "member"),
            "ending": news.kind,
            "motive": str(news.data["motive"]),
            "paragraphs": list(paragraphs),
        },
    )
