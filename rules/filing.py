"""What becomes of a mail: whose it is, which dossiers its papers go to, what it earns of itself, and its folder.

Pure. The order of the questions is the policy: automatic mail, a provider's mail, then a person's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from parsers.records import Piece
from rules import tell, wishes
from rules.correspondents import deaf
from rules.desk import Desk
from rules.earned import earned
from rules.incoming import Books, Incoming, named_lots
from rules.placing import opens, place
from rules.provider_mail import file_provider
from rules.provider_news import provider_of, told_by_member
from rules.records import Filing, Letter, News, OpenDossier, Placement
from rules.schema import Group
from rules.who import Census, identify_mail

_IGNORED = {
    "auto_reply": "Réponse automatique\u00a0: rien à répondre.",
    "bounce": "Avis de non-remise\u00a0: rattaché à notre lettre.",
    "bulk": "Lettre d’information ou liste de diffusion\u00a0: rien à répondre.",
}


def file_mail(
    group: Group, incoming: Incoming, census: Census, books: Books, configured: Iterable[tuple[str, str]] = ()
) -> Filing:
    """Where a mail and its papers go, and the letters about the mail itself.

    `configured`: (provider key, address) pairs of the configuration. ValueError for a reading without a mail.
    """
    mail = incoming.mail
    if mail.nature != "message":
        return Filing(folder="Ignorés", reason=_IGNORED[mail.nature])
    if mail.from_ == group.mailbox.lower():
        return Filing(folder="Ignorés", reason="Message de notre propre adresse.")
    quoted = _quoted(incoming, books)
    provider = provider_of(group, mail.from_, configured)
    if provider is not None:
        return file_provider(group, incoming, census, books, quoted, provider)
    return _from_person(group, incoming, census, books, quoted)


def _quoted(incoming: Incoming, books: Books) -> list[OpenDossier]:
    """The open dossiers whose letters it answers, then those whose refs it writes."""
    refs = dict.fromkeys((*incoming.threads, *incoming.mail.quoted_refs))
    return [d for d in map(books.ref, refs) if d is not None]


def _from_person(
    group: Group, incoming: Incoming, census: Census, books: Books, quoted: Sequence[OpenDossier]
) -> Filing:
    answered = [d.member for d in quoted if d.ref in incoming.threads]
    identity = identify_mail(census, incoming.mail.from_, answered, [d.member for d in quoted])
    desk = Desk(group=group, incoming=incoming, census=census, books=books, quoted=quoted, identity=identity)
    placements, unfiled = place(desk)
    member = identity.member or (placements[0].member if placements else None)
    whole = identity if identity.member else replace(identity, member=member)
    own = list(books.of(member)) if member else []
    own_lots = [d.lot for d in own] or list(member.lots if member else ())
    placed_lots = [x for p in placements for x in p.lots]
    wish = wishes.Wish(
        group=group,
        incoming=incoming,
        identity=whole,
        lots=wishes.about_lots(group, incoming, quoted, placed_lots, own_lots),
        papers=tuple(_loose(group, incoming.reading.pieces[i]) for i in unfiled),
        about=_about(desk, own, placed_lots),
    )
    news = _told(desk, own)
    letters, unclear = earned(desk, wish, own, placements, unfiled, told=bool(news))
    doubtful = unclear or any(p.findings or incoming.reading.pieces[p.piece].findings for p in placements)
    stranger = any(not p.member.known for p in placements)
    return Filing(
        folder="À vérifier" if doubtful or stranger else "Traités",
        reason=_reason(placements, unfiled, letters),
        member=member,
        placements=tuple(placements),
        opens=opens(books, placements),
        concerns=_concerns(desk, wish, own, placements),
        letters=tuple(x for x in letters if x.to != "sender" or not deaf(incoming.mail.from_)),
        news=news,
        unfiled=tuple(unfiled),
    )


def _told(desk: Desk, own: Sequence[OpenDossier]) -> tuple[tuple[str, News], ...]:
    """Milestones that the member says are reached, where it proves who it is."""
    incoming, mail = desk.incoming, desk.incoming.mail
    if incoming.authenticity != "pass" and not incoming.threads:
        return ()
    found: list[tuple[str, News]] = []
    for d in desk.quoted or own:
        lot = desk.group.lot(d.lot)
        news = told_by_member(lot, mail.subject, mail.body, incoming.received_at, incoming.id)
        if news is not None and d.state in {"forwarded", "active"}:
            found.append((d.ref, news))
    return tuple(found)


def _about(desk: Desk, own: Sequence[OpenDossier], placed: Sequence[str]) -> tuple[OpenDossier, ...]:
    """The dossiers that letters about the mail may name: those it quotes, else of the lots it names, else the only one.

    Of several that nothing tells apart none is named.
    """
    mine = {d.ref for d in own}
    quoted = [d for d in desk.quoted if d.ref in desk.incoming.threads or d.ref in mine]
    if quoted:
        return tuple(quoted)
    mail = desk.incoming.mail
    lots = {*placed, *named_lots(desk.group, f"{mail.subject}\n{mail.body}")}
    named = [d for d in own if d.lot in lots]
    return tuple(named or (own if len(own) == 1 and not lots else ()))


def _concerns(
    desk: Desk, wish: wishes.Wish, own: Sequence[OpenDossier], placements: Sequence[Placement]
) -> tuple[str, ...]:
    """Open dossiers that the mail speaks of, besides those that its papers go to."""
    if desk.quoted:  # a ref is easily written: without proof it speaks of the sender's own dossiers alone
        member = wish.identity.member
        return tuple(d.ref for d in desk.quoted if d.ref in desk.incoming.threads or d.member == member)
    if placements:
        return ()
    return tuple(d.ref for d in own if d.lot in wish.lots)


def _loose(group: Group, piece: Piece) -> tell.Json:
    """A paper that no dossier took, as letters name it."""
    codes = {f.code for f in piece.findings}
    mended = next((group.refusals[c] for c in group.refusals if c in codes), None)
    return {
        "name": piece.name,
        "kind": piece.kind,
        "what": tell.kind_name(group, piece.kind),
        "why": mended.why if mended else "",
        "instead": mended.instead if mended else "",
        "points": [] if mended else [f.text for f in piece.findings],
    }


def _reason(placements: Sequence[Placement], unfiled: Sequence[int], letters: Sequence[Letter]) -> str:
    filed, left = len(placements), len(unfiled)
    parts = [f"{filed} pièce{'s' if filed > 1 else ''} classée{'s' if filed > 1 else ''}"] if filed else []
    parts += [f"{left} pièce{'s' if left > 1 else ''} sans dossier"] if left else []
    parts += ["demande transmise"] if any(x.kind in {"forward", "escalation"} for x in letters) else []
    return (", ".join(parts) or "Message lu, rien à faire").capitalize() + "."
