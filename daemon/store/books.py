"""From rows to the records that rules look at, and from a decision back to rows: the one place that knows both."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from daemon.store import journal
from daemon.store.models import (
    DossierRow,
    LetterRow,
    MemberRow,
    MessageRow,
    NewsRow,
    PieceRow,
    PlacementRow,
    ReviewRow,
)
from parsers.records import Piece, Reading
from rules.records import Dossier, LetterOnFile, Member, Message, News, PieceOnFile
from rules.schema import Group

READING = TypeAdapter(Reading)
PIECE = TypeAdapter(Piece)
MESSAGE = TypeAdapter(Message)


def piece_id(piece: Piece) -> str:
    """The bytes, and for a part of a bundle its pages: the same paper in another mail is the same piece."""
    _, hash_, pages = piece.name.rpartition("#")
    return f"{piece.sha256}#{pages}" if hash_ and pages.replace("-", "").isdigit() else piece.sha256


def member(row: MemberRow) -> Member:
    """The member as rules see it."""
    return Member(
        name=row.name,
        siret=row.siret,
        uai=row.uai,
        kind=row.kind,
        department=row.department,
        emails=tuple(row.emails),
        functional_email=row.functional_email,
        lots=tuple(row.lots),
        known=row.known,
        facts=row.facts,
    )


def piece_on_file(row: PieceRow) -> PieceOnFile:
    """A piece with what a coordinator settled: corrected values stand, settled findings are gone."""
    piece = PIECE.validate_python(row.reading)
    settled = row.settled or {}
    corrected: dict[str, Any] = settled.get("fields", {})
    findings = () if settled.get("all") else tuple((f.code, f.text) for f in piece.findings)
    return PieceOnFile(
        id=row.piece,
        message=row.mail.key,
        name=piece.name,
        sha256=piece.sha256,
        kind=piece.kind,
        lots=piece.lots,
        group=piece.group,
        signature=piece.signature,
        received_at=row.mail.counts_at or row.mail.received_at,
        form=piece.form,
        fields={**{k: f.value for k, f in piece.fields.items()}, **corrected},
        lines=tuple(piece_lines(piece)),
        findings=findings,
        refused=settled.get("refused"),
    )


def piece_lines(piece: Piece) -> Iterable[dict[str, Any]]:
    """The order's lines as rules take them: numbers as decimal strings."""
    lines = Reading(source="", mail=None, pieces=(piece,)).to_json()["pieces"][0]["lines"]
    return [{**line, "quantity": str(line["quantity"])} for line in lines]


def dossier(session: Session, row: DossierRow) -> Dossier:
    """Everything known of a dossier."""
    placements = session.scalars(
        select(PlacementRow).where(PlacementRow.dossier_id == row.id).order_by(PlacementRow.id)
    ).unique()
    pieces: dict[str, PieceOnFile] = {}
    for p in placements:  # the same paper twice stands once, as it first came
        pieces.setdefault(p.piece.piece, piece_on_file(p.piece))
    messages = session.scalars(select(MessageRow).where(MessageRow.dossier_id == row.id).order_by(MessageRow.id))
    lead, lead_since = _lead(session, row)
    return Dossier(
        ref=row.ref,
        group=row.group,
        lot=row.lot,
        member=member(row.member),
        opened_at=row.opened_at,
        committed=row.committed,
        pieces=tuple(pieces.values()),
        lead=lead,
        lead_since=lead_since,
        heard_at=_heard(session, row),
        messages=tuple(MESSAGE.validate_python(m.record) for m in messages),
        news=news(session, row),
        letters=letters(session, row),
    )


def news(session: Session, row: DossierRow) -> tuple[News, ...]:
    """What became known of the dossier other than by papers, oldest first."""
    rows = session.scalars(select(NewsRow).where(NewsRow.dossier_id == row.id).order_by(NewsRow.at, NewsRow.id))
    return tuple(News(kind=n.kind, at=n.at, data=n.data) for n in rows)


def letters(session: Session, row: DossierRow) -> tuple[LetterOnFile, ...]:
    """The dossier's letters, as rules see them; those that are purged are forgotten."""
    mine = select(LetterRow).where(LetterRow.dossier_id == row.id, LetterRow.purged_at.is_(None))
    rows = session.scalars(mine.order_by(LetterRow.id)).unique()
    return tuple(
        LetterOnFile(
            key=x.key,
            kind=x.kind,  # type: ignore[arg-type]  # written by rules alone
            due_at=x.due_at,
            sent_at=x.sent_at,
            state=x.state,
            message_id=x.message_id,
            facts=x.facts,
        )
        for x in rows
    )


def _lead(session: Session, row: DossierRow) -> tuple[bool, dt.datetime | None]:
    """Whether it is the member's first open dossier in the group, and since when those before it have ended."""
    first = select(func.min(DossierRow.id)).where(
        DossierRow.member_id == row.member_id, DossierRow.state.not_in(("withdrawn", "closed"))
    )
    before = DossierRow.member_id == row.member_id, DossierRow.id < row.id
    ended = select(func.max(NewsRow.at)).join(DossierRow, DossierRow.id == NewsRow.dossier_id)
    since = session.scalar(ended.where(*before, NewsRow.kind.in_(("withdrawn", "closed"))))
    return session.scalar(first) in (row.id, None), since


def _heard(session: Session, row: DossierRow) -> tuple[dt.datetime, ...]:
    """When the member wrote, whatever dossier of its it was about."""
    own = select(DossierRow.id).where(DossierRow.member_id == row.member_id)
    records = session.scalars(select(MessageRow.record).where(MessageRow.dossier_id.in_(own)))
    messages = [MESSAGE.validate_python(r) for r in records]
    purged = session.scalars(select(NewsRow.data).where(NewsRow.dossier_id.in_(own), NewsRow.kind == "purged"))
    before = {dt.datetime.fromisoformat(at) for data in purged for at in data["heard"]}
    return tuple(sorted(before | {m.received_at for m in messages if m.role == "member"}))


def open_dossier(
    session: Session,
    *,
    group: str,
    lot: str,
    member: MemberRow,
    prefix: str,
    at: dt.datetime,
    committed: bool = False,
    wide: Collection[str] = (),
) -> tuple[DossierRow, bool]:
    """The member’s dossier of a lot, opened with the next ref (`CIG-2-0042`) where there is none; whether it was."""
    session.flush()
    row = session.scalar(
        select(DossierRow).where(DossierRow.group == group, DossierRow.lot == lot, DossierRow.member_id == member.id)
    )
    if row is not None:
        row.committed = row.committed or committed
        return row, False
    count = session.scalar(select(func.count()).select_from(DossierRow).where(DossierRow.ref.like(f"{prefix}-%")))
    row = DossierRow(
        ref=f"{prefix}-{(count or 0) + 1:04d}",
        group=group,
        lot=lot,
        member=member,
        opened_at=at,
        committed=committed,
        state="expected" if committed else "incomplete",
        next_at=at,
    )
    session.add(row)
    session.flush()
    share(session, row, wide)
    journal.append(session, at, "dossier.opened", row.ref, member=member.id, lot=lot, committed=committed)
    return row, True


def share(session: Session, row: DossierRow, wide: Collection[str]) -> None:
    """What the member sent of `wide` kinds (a group convention) stands in a dossier opened or reopened, too."""
    here = set(session.scalars(select(PlacementRow.piece_id).where(PlacementRow.dossier_id == row.id)))
    own = select(DossierRow.id).where(DossierRow.member_id == row.member_id, DossierRow.id != row.id)
    placed = session.scalars(select(PlacementRow).where(PlacementRow.dossier_id.in_(own)).order_by(PlacementRow.id))
    pieces = {p.piece.id: p.piece for p in placed.unique() if p.piece.reading["kind"] in wide}
    session.add_all(PlacementRow(dossier_id=row.id, piece=piece) for i, piece in pieces.items() if i not in here)


def wide_kinds(group: Group) -> frozenset[str]:
    """Kinds of the papers that count in every dossier of a member."""
    return frozenset(k for r in group.requirements if r.group_wide for k in r.kinds)


def ask(
    session: Session,
    *,
    key: str,
    at: dt.datetime,
    questions: Iterable[str],
    piece: str | None = None,
    dossier: DossierRow | None = None,
    mail_id: int | None = None,
) -> ReviewRow:
    """A question to the coordinator, asked once."""
    row = session.scalar(select(ReviewRow).where(ReviewRow.key == key))
    if row is None:
        row = ReviewRow(key=key, dossier=dossier, mail_id=mail_id, piece=piece, questions=list(questions), asked_at=at)
        session.add(row)
        session.flush()
        journal.append(session, at, "review.asked", dossier.ref if dossier else None, review=row.id, piece=piece)
    return row


def plain(record: Any) -> dict[str, Any]:
    """A frozen record as JSON-able data."""
    out: dict[str, Any] = TypeAdapter(type(record)).dump_python(record, mode="json")
    return out
