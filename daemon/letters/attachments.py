"""From the books to the files of a mail: the member's own, byte for byte, and what we make."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from daemon.errors import VaguemestreError
from daemon.letters import crop, files, prefilled
from daemon.letters.compose import Attachment
from daemon.letters.render import Picture

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from daemon.house import House
    from daemon.store.models import LetterRow, PieceRow

_PART = re.compile(r"#\d+-\d+$")


def attachments(house: House, s: Session, rows: Sequence[LetterRow]) -> list[Attachment]:
    """The members' files that the letters carry, byte for byte, named alike.

    Raises VaguemestreError where one cannot be found again: a forward goes whole or not at all.
    """
    made: list[Attachment] = []
    for row in rows:
        if row.attachments:
            made += files.forwarded(
                str(row.facts["dossier"]["ref"]), str(row.facts["member"]["name"]), list(_files(house, s, row))
            )
    return made


def _files(house: House, s: Session, row: LetterRow) -> Iterable[files.File]:
    what = {p["piece"]: str(p["what"]) for p in row.facts.get("pieces", ())}
    for piece in row.attachments:
        found = _piece(s, str(piece))
        name, data = original(house, found)
        yield files.File(what=what.get(piece, name), name=name, sha256=hashlib.sha256(data).hexdigest(), data=data)


def _piece(s: Session, piece: str) -> PieceRow:
    from daemon.store.models import PieceRow

    found = s.scalars(select(PieceRow).where(PieceRow.piece == piece).order_by(PieceRow.id).limit(1)).first()
    if found is None:
        raise VaguemestreError(f"la pièce {piece[:12]} n’est pas dans la base", "vérifiez la base de données")
    return found


def original(house: House, piece: PieceRow) -> tuple[str, bytes]:
    """A piece's file as the member sent it: name and bytes. An order written in the mail itself is that mail, whole.

    The reader kept the file while it read: containers are never opened outside of its limits.
    """
    if piece.reading.get("source_type") == "mail_body":
        return "message.eml", house.blobs.get(piece.mail.sha256)
    return PurePosixPath(_PART.sub("", piece.reading["name"])).name, house.blobs.get(piece.reading["sha256"])


def enclosures(house: House, s: Session, rows: Sequence[LetterRow]) -> list[Attachment]:
    """What we make ourselves: a forward's summary sheet, a provider's list, the papers that a member lacks, filled."""
    made: list[Attachment] = []
    for row in rows:
        if row.template == "forward":
            made.append(files.summary_sheet(row.facts))
        elif row.template == "list" or "list_key" in row.facts:
            made.append(files.members_sheet(row.facts))
    return made + _papers(house, s, rows)


def _papers(house: House, s: Session, rows: Sequence[LetterRow]) -> list[Attachment]:
    """Each paper that the letters ask of a member, once. None for a sender who is not proven: it tells what we know."""
    store = prefilled.Papers(house.config.letters.templates)
    made: dict[tuple[str, str], Attachment] = {}
    for row in rows:
        if row.role not in ("member", "sender") or row.dossier is None or not row.facts.get("trusted", True):
            continue
        wanted = dict.fromkeys(m["paper"] for m in row.facts.get("missing") or () if m.get("paper"))
        if not wanted or not row.facts.get("latest", True):
            continue
        values = _known(s, row)
        for paper in wanted:
            filled = store.fill(paper, values, ref=row.dossier.ref, member=row.dossier.member.name)
            if filled is not None:
                made.setdefault((row.dossier.ref, paper), filled)
    return list(made.values())


def _known(s: Session, row: LetterRow) -> dict[str, Any]:
    """What the member's papers say that no doubt touches, this dossier's apart from the others'."""
    from daemon.store import books
    from daemon.store.models import DossierRow

    own = row.dossier
    if own is None:
        return {}
    query = select(DossierRow).where(DossierRow.member_id == own.member_id).order_by(DossierRow.id)
    same: list[prefilled.Values] = []
    others: list[prefilled.Values] = []
    for dossier in s.scalars(query).unique():
        sure = [p.fields for p in books.dossier(s, dossier).pieces if not p.findings and not p.refused]
        (same if dossier.id == own.id else others).extend(sure)
    return prefilled.known(row.facts["member"], same, others)


_SHOWN = 3  # pictures in one question
_FIELDS = {  # what a finding is about, where it does not name its field
    "bad_siret": ("siret",),
    "other_siret": ("siret",),
    "bad_uai": ("uai",),
    "totals": ("total_excl_tax", "total_incl_tax"),
}


def pictures(house: House, s: Session, rows: Sequence[LetterRow]) -> list[Picture]:
    """The zones of the page that a question is about, for the letters that ask one."""
    made: list[Picture] = []
    for row in rows:
        asked = row.facts.get("piece") if row.template == "review_request" else None
        if not asked:
            continue
        piece = _piece(s, str(asked["piece"]))
        labels = {str(v["field"]): str(v["label"]) for v in asked.get("values") or ()}
        for field in _doubted(piece.reading, row.facts.get("points") or ())[:_SHOWN]:
            place = piece.reading["fields"][field]
            drawn = crop.crop(original(house, piece)[1], int(place["page"]), tuple(place["box"]))
            if drawn is not None:
                alt = f"zone du document où se lit la valeur : {labels.get(field, field)}"
                cid = f"zone-{row.id}-{field}"
                made.append(Picture(cid=cid, data=drawn, media_type="image/png", alt=alt, letter=row.key))
    return made


def _doubted(reading: Mapping[str, Any], points: Sequence[Mapping[str, Any]]) -> list[str]:
    """The fields that the findings are about and that stand somewhere on a page."""
    open_ = {str(p["code"]) for p in points}
    named = [f["field"] for f in reading.get("findings", ()) if f["code"] in open_ and f.get("field")]
    told = [field for code in open_ for field in _FIELDS.get(code, ())]
    fields = reading.get("fields", {})
    return [f for f in dict.fromkeys([*named, *told]) if f in fields and fields[f].get("box") and fields[f].get("page")]
