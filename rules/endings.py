"""What follows a coordinator's order to withdraw, close or reopen a dossier, or its refusal to take a body in.

The member is told where the group's YAML says so; the provider, always, once the file or the list reached it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from rules import tell
from rules.case import Case
from rules.history import digest
from rules.records import Letter, News

ENDS = ("withdrawn", "closed")
TURNED_AWAY = "turned_away"  # in the news of the one dossier whose body is told that it is not taken in


def ending_letters(case: Case) -> Iterator[Letter]:
    """A letter for the end that stands, and one for a reopening after an end that was told."""
    orders = [n for n in case.dossier.news if n.kind in (*ENDS, "reopened") and n.at <= case.now]
    orders.sort(key=lambda n: n.at)
    # Only what a person ordered is told to the member: its news carries a motive.
    for news in _told(case, [n for n in orders if "motive" in n.data], ""):
        yield from _to_member(case, news)
    reached_at = _reached_at(case)
    if reached_at is not None:
        for news in _told(case, [n for n in orders if n.at >= reached_at], "provider/"):
            yield _to_provider(case, news, reached_at)


def _told(case: Case, orders: Sequence[News], to: str) -> Iterator[News]:
    told: News | None = None  # the end before, where its letter has left
    for i, news in enumerate(orders):
        last, left = i == len(orders) - 1, _key(case, news, to) in case.gone
        if left or (last and (news.kind in ENDS or told is not None)):
            yield news
        told = news if left and news.kind in ENDS else None


def _reached_at(case: Case) -> dt.datetime | None:
    """Since when the provider has the file, or the list that names the member."""
    gone = [s.at for s in case.told.sendings if s.key in case.gone and case.gone[s.key].state in {"sending", "sent"}]
    return min([*gone, *([case.told.listed_at] if case.told.listed_at else [])], default=None)


def _key(case: Case, news: News, to: str) -> str:
    return f"{case.dossier.ref}/{to}{news.kind}/{digest([news.at.astimezone(dt.UTC).isoformat()])}"


def _to_member(case: Case, news: News) -> Iterator[Letter]:
    ending = TURNED_AWAY if news.data.get(TURNED_AWAY) else news.kind
    paragraphs = next((p for kind, p in case.group.endings.items() if kind == ending), None)
    if paragraphs is None:
        return
    yield Letter(
        key=_key(case, news, ""),
        kind="confirmation",
        to="member",
        due_at=news.at,
        template="ending",
        facts={
            **tell.common(case, news.at, "member"),
            "ending": ending,
            "motive": str(news.data["motive"]),
            "paragraphs": list(paragraphs),
        },
    )


def _to_provider(case: Case, news: News, reached_at: dt.datetime) -> Letter:
    """Where the file went, without the motive, which is the member's."""
    return Letter(
        key=_key(case, news, "provider/"),
        kind="forward",
        to="provider",
        due_at=news.at,
        template="ended",
        address=case.lot.forward_to,
        facts={
            **tell.common(case, news.at, "provider"),
            "ending": news.kind,
            "forwarded_at": reached_at.isoformat(),
        },
    )
