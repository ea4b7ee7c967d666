"""`vaguemestre replay`: today's rules over the past, as a diff. Sends nothing, writes nothing."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from daemon.commands.common import console, house, instant, print_json
from daemon.rules_change import replay as changes
from daemon.store.books import plain
from daemon.store.models import LetterRow

SIGNS = {"kept": " ", "new": "+", "gone": "-"}


def replay(*, since: str | None, json: bool, everything: bool, config: Path | None, now: str | None) -> None:
    """Prints what is new (+) and what is no longer due (-); with `everything`, what stays too."""
    from_ = instant(since)() if since else None
    with house(config, now) as h, h.database.session() as s:
        dated = {x.key: x.due_at for x in s.scalars(select(LetterRow)).unique()}
        found = [
            c
            for c in changes(h, s)
            if (everything or c.what != "kept") and (from_ is None or c.key not in dated or dated[c.key] >= from_)
        ]
        s.rollback()
    if json:
        print_json(plain(c) for c in found)
        return
    out = console()
    for c in found:
        told = f" ({c.state})" if c.state else ""
        out.print(f"{SIGNS[c.what]} {c.dossier}  {c.kind}  {c.key}{told}", markup=False)
    new, gone = (sum(c.what == w for c in found) for w in ("new", "gone"))
    out.print(f"{new} lettre(s) nouvelle(s), {gone} qui ne serai(en)t plus due(s).")
