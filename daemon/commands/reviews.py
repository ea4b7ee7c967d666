"""`vaguemestre reviews answer` and `again`."""

from __future__ import annotations

from pathlib import Path

from daemon import reviews
from daemon.commands.common import console, house
from daemon.errors import UsageError
from daemon.runners import lists
from daemon.store.models import ReviewRow
from rules.lists import automatic


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
        fitting = reviews.fitting(s, review, parsed)
        if fitting is None:
            raise UsageError(
                f"« {words} » ne répond pas à la question nº {number}", "« vaguemestre reviews » la montre"
            )
        dossiers = reviews.apply(h, s, review, fitting, by=by, at=h.clock())
    told = ", ".join(f"{d.ref} {d.state}" for d in dossiers)
    console().print(f"Question nº {number} réglée ({fitting}) : {told}", markup=False)


def again(lot: str, *, group: str | None, by: str, config: Path | None, now: str | None) -> None:
    """Has an automatic lot's list asked of the coordinator anew."""
    with house(config, now) as h, h.database.session() as s:
        found = [(g, x) for g in h.groups.values() for x in g.lots if x.id == lot and group in (None, g.id)]
        if len(found) != 1 or not automatic(found[0][1]):
            known = ", ".join(x.id for g in h.groups.values() for x in g.lots if automatic(x))
            raise UsageError(f"« {lot} » n’est pas un lot à liste", f"admis : {known or 'aucun'}")
        waits = lists.ask_again(s, *found[0], by=by, at=h.clock())
    told = "sera posée de nouveau à la coordination" if waits else "n’attend personne"
    console().print(f"La liste du lot {lot} {told}.", markup=False)
