"""A provider asked its member something: what the member answers goes back to it, in the member's own words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rules import tell
from rules.case import Case
from rules.records import Letter, Message, News


def questioned(news: Iterable[News]) -> bool:
    """Whether the provider's last word in a dossier is a question: what the member answers us is for the provider."""
    heard = [n for n in news if n.kind == "milestone"]
    return bool(heard) and max(heard, key=lambda n: n.at).data.get("outcome") == "question"


def reply_letters(case: Case) -> Iterator[Letter]:
    """A letter to the provider for each mail in which the member answers it, until the provider is heard again."""
    asked: list[News] = []
    heard: list[News | Message] = [n for n in case.dossier.news if n.kind == "milestone" and n.at <= case.now]
    heard += [m for m in case.dossier.messages if m.received_at <= case.now and _answers(case, m)]
    waits = False
    for x in sorted(heard, key=lambda x: (x.at if isinstance(x, News) else x.received_at, isinstance(x, Message))):
        if isinstance(x, Message):
            if waits:
                yield _reply(case, x, asked)
        elif x.data.get("outcome") == "question":
            asked, waits = [*(asked if waits else []), x], True
        else:
            waits = False


def _answers(case: Case, m: Message) -> bool:
    """A member's reply to one of this dossier's letters: it quotes the Message-ID that only that address was given."""
    return m.role == "member" and case.dossier.ref in m.threads and bool(m.own_words.strip() or m.new_pieces)


def _reply(case: Case, m: Message, asked: Sequence[News]) -> Letter:
    kept = {v.piece.id: v for v in case.told.standing.verdicts if v.state == "kept"}
    pieces = tuple(p for p in m.new_pieces if p in kept)
    key = f"{case.dossier.ref}/reply/{m.id}"

    def facts() -> tell.Json:
        return {
            **tell.common(case, m.received_at, "provider"),
            "message": tell.about_message(m),
            "asked": [{"at": n.at.isoformat(), "words": str(n.data.get("words") or "")} for n in asked],
            "pieces": [tell.paper(case.group, case.lot, kept[p]) for p in pieces],
        }

    return Letter(
        key=key,
        kind="forward",
        to="provider",
        due_at=m.received_at,
        answers=str(asked[-1].data["message"]) if asked[-1].data.get("message") else None,
        template="reply",
        attachments=pieces,
        address=case.lot.forward_to,
        facts=case.facts(key, facts),
    )
