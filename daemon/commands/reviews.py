"""`vaguemestre reviews answer`."""

from __future__ import annotations

from pathlib import Path

from daemon import reviews
from daemon.commands.common import console, house
from daemon.errors import UsageError
from daemon.store.models import ReviewRow


def answer(number: int, words: str, *, by: str, config: Path | None, now: str | None) -> None:
    """Settles a review as the coordinator's reply would."""
    parsed = reviews.parse(words)
    if parsed is None:
        raise UsageError(f"réponse non comprise : {words}", "écrivez ok, siret 14 chiffres, ou refuser : motif")
    with house(config, now) as h, h.database.session() as s:
        review = s.get(ReviewRow, number)
        if review is None:
            raise UsageError(f"aucune question nº {number}", "« vaguemestre reviews » en donne la liste")
        if review.answered_at is not None:
            raise UsageError(f"question nº {number} déjà réglée : {review.answer}")
        dossiers = reviews.apply(h, s, review, parsed, by=by, at=h.clock())
    console().print(f"Question nº {number} réglée ({parsed}) : " + ", ".join(f"{d.ref} {d.state}" for d in dossiers))
