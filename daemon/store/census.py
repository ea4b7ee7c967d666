"""The census on the books: members told apart, brought up to date, and given to parsers and rules."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.census import Census, Entry
from daemon.store import journal
from daemon.store.models import DossierRow, MemberRow, NewsRow
from parsers.records import Body
from rules.records import Member
from rules.schema import Group

SHARED = ("name", "siret", "uai", "kind", "department", "functional_email")


def bodies(session: Session) -> tuple[Body, ...]:
    """All known members, as reading needs them, each once even where two groups have it."""
    out: dict[tuple[str | None, str | None], Body] = {}
    for m in session.scalars(select(MemberRow).where(MemberRow.known).order_by(MemberRow.id)):
        addresses = [*m.emails, *([m.functional_email] if m.functional_email else [])]
        out[m.siret, m.uai] = Body(name=m.name, siret=m.siret, uai=m.uai, addresses=tuple(addresses))
    return tuple(out.values())


def find(session: Session, group: str, member: Member) -> MemberRow | None:
    """The row of a member: by SIRET, by UAI, and by name where it has neither."""
    rows = select(MemberRow).where(MemberRow.group == group).order_by(MemberRow.id)
    for column, value in ((MemberRow.siret, member.siret), (MemberRow.uai, member.uai)):
        if value and (row := session.scalars(rows.where(column == value)).first()):
            return row
    if not member.siret and not member.uai:
        return session.scalars(rows.where(MemberRow.name == member.name)).first()
    return None


def keep(session: Session, group: str, member: Member, at: dt.datetime) -> tuple[MemberRow, list[str]]:
    """The member's row, made or brought up to date; with the names of what changed (`new` for a new one).

    What changed may change what its dossiers owe: they are looked at again from `at`.
    """
    row = find(session, group, member)
    if row is None:
        row = MemberRow(group=group, known=member.known)
        session.add(row)
        changed = ["new"]
        _write(row, member)
    elif not member.known:
        changed = []  # what a document says does not change what the census says
    else:
        stranger = not row.known
        changed = _write(row, member)
        if changed:
            _tell_dossiers(session, row, at, taken_in=stranger)
    session.flush()
    return row, changed


def _tell_dossiers(session: Session, row: MemberRow, at: dt.datetime, *, taken_in: bool) -> None:
    """A body that only its papers told of is taken in by the census; turned away before, it comes back for its lots."""
    for dossier in session.scalars(select(DossierRow).where(DossierRow.member_id == row.id)).unique():
        dossier.next_at = at
        back = dossier.state in ("withdrawn", "closed") and dossier.lot in row.lots
        for kind in [*(["admitted"] if taken_in else []), *(["reopened"] if taken_in and back else [])]:
            session.add(NewsRow(dossier_id=dossier.id, kind=kind, at=at, data={}))
            journal.append(session, at, f"news.{kind}", dossier.ref)


def _write(row: MemberRow, member: Member) -> list[str]:
    values = {
        **{k: getattr(member, k) for k in SHARED},
        "emails": list(member.emails),
        "lots": list(member.lots),
        "facts": dict(member.facts),
        "known": member.known,
    }
    changed = [k for k, v in values.items() if getattr(row, k) != v]
    for k in changed:
        setattr(row, k, values[k])
    return changed


def group_of(entry: Entry, groups: dict[str, Group]) -> str | None:
    """The group an entry belongs to: as the census says, else the one whose lots it names; None where unclear."""
    if entry.group in groups:
        return entry.group
    lots = set(entry.member.lots)
    fitting = [g.id for g in groups.values() if lots & {x.id for x in g.lots}]
    if len(fitting) == 1:
        return fitting[0]
    if len(groups) == 1:
        return next(iter(groups))
    return None


def bring_in(
    session: Session, census: Census, groups: dict[str, Group], at: dt.datetime
) -> list[tuple[Entry, MemberRow, list[str]]]:
    """Every entry whose group is clear, on the books; opens no dossier."""
    out = []
    for entry in census.entries:
        group = group_of(entry, groups)
        if group is not None:
            row, changed = keep(session, group, entry.member, at)
            out.append((entry, row, changed))
    return out
