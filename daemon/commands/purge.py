"""`vaguemestre purge`: what the daemon purges once a day, now; or what would go."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from daemon.clock import PARIS
from daemon.commands.common import console, house, print_json, table
from daemon.runners import retention

WHAT = {"dossier": "dossier", "mail": "courriel", "letter": "lettre"}


def purge(*, dry_run: bool, json: bool, config: Path | None, now: str | None) -> None:
    """Prints all whose time is over; without `dry_run` it goes, and then the bytes that nothing needs any more."""
    with house(config, now) as h:
        with h.database.session() as s:
            items = list(retention.over(h, s, h.clock()))
        rows = [
            {"what": x.what, "group": x.group, "name": x.name, "since": x.since.astimezone(PARIS).isoformat()}
            for x in items
        ]
        if not dry_run:
            done = [x for x in items if retention.carry_out(h, x, h.clock())]
            while retention.sweep(h):
                pass
            rows = [r for r, x in zip(rows, items, strict=True) if x in done]
    if json:
        print_json(rows)
        return
    table(
        ("quoi", "groupement", "référence", "échu le"),
        ((WHAT[r["what"]], r["group"], r["name"], r["since"][:10]) for r in rows),
        title="Ce qui serait purgé" if dry_run else "Purgé",
    )
    counts = Counter(WHAT[r["what"]] for r in rows)
    if counts:
        console().print(", ".join(f"{n} {what}(s)" for what, n in counts.items()) + ".")
