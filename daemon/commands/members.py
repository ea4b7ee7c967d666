"""`vaguemestre members import`: the census, and the dossiers that it commits each member to."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.commands.common import console, house, known_group
from daemon.store.decisions import OVER
from daemon.store.models import DossierRow, MemberRow


def import_(file: Path, *, config: Path | None, group: str | None, now: str | None) -> None:
    """Takes a census in and tells what was and what was not taken. A second import changes only what changed."""
    from daemon.census import load
    from daemon.store import books, census, journal

    out = console()
    with house(config, now) as h:
        known_group(h, group)
        read = load(file, h.groups.values())
        at = h.clock()
        new = changed = same = opened = 0
        lost: list[tuple[int, str]] = []
        with h.database.session() as s:
            for entry in read.entries:
                target = group or census.group_of(entry, dict(h.groups))
                if target is None:
                    lost.append((entry.line, "groupement inconnu : ses lots n’en désignent aucun (donnez --group)"))
                    continue
                row, differences = census.keep(s, target, entry.member, at)
                new += differences == ["new"]
                changed += bool(differences) and differences != ["new"]
                same += not differences
                if differences:
                    journal.append(s, at, "member.imported", member=row.id, changed=differences)
                rules = h.groups[target]
                known = {x.id for x in rules.lots}
                for lot in entry.member.lots:
                    if lot not in known:
                        lost.append((entry.line, f"lot inconnu, laissé de côté : {lot}"))
                        continue
                    prefix = f"{rules.prefix}-{lot.upper()}"
                    _, fresh = books.open_dossier(
                        s,
                        group=target,
                        lot=lot,
                        member=row,
                        prefix=prefix,
                        at=at,
                        committed=True,
                        wide=books.wide_kinds(rules),
                    )
                    opened += fresh
                lost += [(entry.line, why) for why in _left_open(s, row, entry.member.lots)]
    out.print(f"{new} adhérents nouveaux, {changed} modifiés, {same} inchangés ; {opened} dossiers ouverts.")
    for line, why in sorted([*read.refused, *read.notes, *lost]):
        out.print(f"  ligne {line} : {why}", markup=False)
    if read.ignored_columns:
        out.print(f"  colonnes non employées : {', '.join(read.ignored_columns)}", markup=False)


def _left_open(s: Session, row: MemberRow, lots: Collection[str]) -> list[str]:
    """Dossiers that an earlier census opened for a lot that this one no longer names: a person ends them."""
    query = select(DossierRow).where(
        DossierRow.member_id == row.id,
        DossierRow.committed,
        DossierRow.lot.not_in(lots),
        DossierRow.state.not_in(OVER),
    )
    return [
        f"{d.ref} reste ouvert, bien que son lot ne soit plus au recensement : "
        f"« vaguemestre dossiers withdraw {d.ref} --reason … » le retire"
        for d in s.scalars(query.order_by(DossierRow.ref)).unique()
    ]
