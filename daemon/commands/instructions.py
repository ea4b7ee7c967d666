"""`vaguemestre dossiers close`, `withdraw` and `reopen`."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from daemon import instructions
from daemon.commands.common import console, house
from daemon.digest.facts import STATES
from daemon.errors import UsageError
from daemon.store.models import DossierRow
from rules.instructions import Instruction, What


def carry_out(what: What, refs: list[str], reason: str, *, by: str, config: Path | None, now: str | None) -> None:
    """Does for all of `refs` what a coordinator's reply would; nothing where one of them cannot be changed so."""
    motive = " ".join(reason.split())
    if what != "reopened" and not motive:
        raise UsageError("--reason est vide", "dites pourquoi : le journal le garde")
    with house(config, now) as h:
        with h.database.session() as s:
            done = []
            for ref in dict.fromkeys(r.upper() for r in refs):
                group = h.groups.get(s.scalar(select(DossierRow.group).where(DossierRow.ref == ref)) or "")
                if group is None:
                    raise UsageError(f"aucun dossier {ref}", "« vaguemestre dossiers » donne les références")
                one = Instruction(what=what, refs=(ref,), motive=motive)
                done += instructions.carry_out(h, s, group, one, by=by, at=h.clock())
            for d in done:
                if d.outcome != "done" and d.row is not None:
                    raise UsageError(f"dossier {d.ref} : il est déjà {STATES[d.row.state]}, rien n’est changé")  # type: ignore[index]  # written by the rules alone
        for d in done:
            if d.row is not None:
                console().print(f"{d.ref} : {STATES[d.row.state]}", markup=False)  # type: ignore[index]
