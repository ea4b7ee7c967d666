"""Where the papers of a person's mail go: each to the dossiers of its member, what says no lot with its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from parsers.records import Piece
from rules.desk import Desk
from rules.incoming import Books
from rules.records import Identity, Member, Placement
from rules.schema import Group
from rules.text import folded
from rules.who import identify_piece


def place(desk: Desk) -> tuple[list[Placement], list[int]]:
    """Each piece to the dossiers of its member; what says no lot goes with its neighbours."""
    placed: list[Placement] = []
    loose: list[tuple[int, Identity]] = []
    unfiled: list[int] = []
    for i, piece in enumerate(desk.incoming.reading.pieces):
        if piece.group not in {None, desk.group.id}:
            unfiled.append(i)
            continue
        identity = identify_piece(desk.census, piece, desk.identity)
        lots = _lots(desk, piece, identity.member) if identity.member else []
        if lots:
            placed.append(_placement(desk, i, identity, lots))
        else:
            loose.append((i, identity))
    placed = _one_name(placed)
    members = {_name(p.member): p.member for p in placed}
    for i, own in loose:
        # A paper without a name comes from its neighbours' body.
        alone = own.member is None and len(members) == 1
        identity = replace(own, member=next(iter(members.values()))) if alone else own
        lots, code = _nearby(desk, identity, placed), desk.incoming.reading.pieces[i].kind
        if lots:
            extra = () if code == "other" else (("no_lot", "Ce document ne dit pas de quel lot il relève."),)
            placed.append(_placement(desk, i, identity, lots, extra))
        else:
            unfiled.append(i)
    return sorted(placed, key=lambda p: p.piece), sorted(unfiled)


def _one_name(placed: Sequence[Placement]) -> list[Placement]:
    """One record for one body that the census does not know, however each paper spells it."""
    first: dict[str, Member] = {}
    return [p if p.member.known else replace(p, member=first.setdefault(_name(p.member), p.member)) for p in placed]


def _name(member: Member) -> str:
    return member.siret or member.uai or folded(member.name)


def _placement(
    desk: Desk, index: int, identity: Identity, lots: Sequence[str], extra: Sequence[tuple[str, str]] = ()
) -> Placement:
    assert identity.member is not None
    member = identity.member
    if not member.known:
        sender = desk.incoming.mail.from_
        # Where nobody is known, nobody is a stranger: a group that keeps no census takes everyone's papers.
        member = replace(member, known=not desk.census.kept, emails=(sender,) if sender else ())
    findings = list(extra)
    if identity.doubt:
        findings.append(("other_member", identity.doubt))
    if desk.incoming.authenticity == "fail":
        findings.append(("unauthentic", "L’origine du message est démentie par son serveur de messagerie."))
    return Placement(piece=index, member=member, lots=tuple(lots), findings=tuple(findings))


def _lots(desk: Desk, piece: Piece, member: Member) -> list[str]:
    """The lots in whose dossiers a piece goes; empty where it says none."""
    known = [x.id for x in desk.group.lots]
    lots = [x for x in known if x in piece.lots]
    dossiers = desk.books.of(member)
    if _group_wide(desk.group, piece):
        return list(dict.fromkeys(d.lot for d in dossiers)) or lots
    # A paper of a lot that the member never took, where the dossier that it answers waits for that very kind.
    answered = [d.lot for d in desk.quoted if piece.kind in d.owed and d.member == member]
    taken = {d.lot for d in dossiers} | set(member.lots)
    if lots and answered and not taken & set(lots):
        return answered
    return lots


def _group_wide(group: Group, piece: Piece) -> bool:
    return any(piece.kind in r.kinds and r.group_wide for r in group.requirements)


def _nearby(desk: Desk, identity: Identity, placed: Sequence[Placement]) -> list[str]:
    """Where a piece without a lot goes: beside the mail's other papers, to the dossier quoted, or the only one."""
    if identity.member is None:
        return []
    beside = [p.lots[0] for p in placed if _name(p.member) == _name(identity.member)]
    quoted = [d.lot for d in desk.quoted if d.member == identity.member]
    own = [d.lot for d in desk.books.of(identity.member)]
    return beside[:1] or quoted[:1] or (own if len(own) == 1 else [])


def opens(books: Books, placements: Sequence[Placement]) -> tuple[tuple[Member, str], ...]:
    """Dossiers that the papers need and that are not open."""
    out: dict[tuple[str, str], tuple[Member, str]] = {}
    for p in placements:
        have = {d.lot for d in books.of(p.member)}
        for lot in p.lots:
            if lot not in have:
                out.setdefault((_name(p.member), lot), (p.member, lot))
    return tuple(out.values())
