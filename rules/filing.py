"""What becomes of a mail: whose it is, which dossiers its papers go to, what it earns of itself, and its folder.

Pure. The order of the questions is the policy: automatic mail, a provider's mail, then a person's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from parsers.records import Piece
from rules import tell, wishes
from rules.correspondents import deaf
from rules.facts import told_by_words
from rules.incoming import Books, Incoming, named_lots
from rules.provider_news import classify, provider_of, told_by_member
from rules.records import Filing, Identity, Letter, Member, News, OpenDossier, Placement
from rules.schema import Group
from rules.text import folded, has, sentences, yes_or_no
from rules.who import Census, identify_mail, identify_piece

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
        return _from_provider(group, incoming, census, books, quoted, provider)
    return _from_person(group, incoming, census, books, quoted)


def _quoted(incoming: Incoming, books: Books) -> list[OpenDossier]:
    """The open dossiers whose letters it answers, then those whose refs it writes."""
    refs = dict.fromkeys((*incoming.threads, *incoming.mail.quoted_refs))
    return [d for d in map(books.ref, refs) if d is not None]


# --- a provider's mail


def _from_provider(
    group: Group, incoming: Incoming, census: Census, books: Books, quoted: Sequence[OpenDossier], provider: str
) -> Filing:
    name = group.providers[provider].name
    about = [d for d in quoted if group.lot(d.lot).provider == provider]
    about = about or _meant(group, incoming, census, books, provider)
    wish = wishes.Wish(group=group, incoming=incoming, identity=_whose(about), lots=tuple(d.lot for d in about))
    concerns = tuple(d.ref for d in about)

    def put(reason: str, text: str, ask: str) -> Filing:
        letters = (wishes.escalation(wish, reason, text, ask),)
        return Filing(folder="À vérifier", reason=text, concerns=concerns, letters=letters, unfiled=_all(incoming))

    if incoming.authenticity != "pass" and not incoming.threads:
        text = f"Message au nom de {name}, dont l’origine n’est pas prouvée\u00a0: rien n’a été changé."
        return put("provider_unverified", text, "Vérifier auprès du prestataire, puis noter l’étape s’il y a lieu.")
    if not about:
        text = f"Message de {name} qui ne dit pas de quel dossier il s’agit."
        return put("provider_question", text, "Dire quel dossier est concerné.")
    told = _news(group, incoming, about)
    if len(told) < len(about):
        return replace(put("provider_question", f"Message de {name}, à lire.", "Y donner suite."), news=told)
    reason = f"Nouvelles de {name}."
    return Filing(folder="Traités", reason=reason, concerns=concerns, news=told, unfiled=_all(incoming))


def _news(group: Group, incoming: Incoming, about: Sequence[OpenDossier]) -> tuple[tuple[str, News], ...]:
    mail, at = incoming.mail, incoming.received_at
    found = ((d.ref, classify(group, group.lot(d.lot), mail.subject, mail.body, at, incoming.id)) for d in about)
    return tuple((ref, news) for ref, news in found if news is not None)


def _meant(group: Group, incoming: Incoming, census: Census, books: Books, provider: str) -> list[OpenDossier]:
    """The provider's dossiers of the one member that the mail names, of the lots that it names."""
    text = f"{incoming.mail.subject}\n{incoming.mail.body}"
    members = census.named_in(text)
    if len(members) != 1:
        return []
    own = [d for d in books.of(members[0]) if group.lot(d.lot).provider == provider]
    named = [d for d in own if d.lot in named_lots(group, text)]
    gone = [d for d in own if d.state == "forwarded"]
    return next((x for x in (named, own, gone) if len(x) == 1), named)


def _whose(dossiers: Sequence[OpenDossier]) -> Identity:
    return Identity(member=dossiers[0].member if dossiers else None)


def _all(incoming: Incoming) -> tuple[int, ...]:
    return tuple(range(len(incoming.reading.pieces)))


# --- a person's mail


@dataclass(frozen=True, kw_only=True, slots=True)
class _Desk:
    """A person's mail on the table."""

    group: Group
    incoming: Incoming
    census: Census
    books: Books
    quoted: Sequence[OpenDossier]
    identity: Identity  # by sender, thread and refs


def _from_person(
    group: Group, incoming: Incoming, census: Census, books: Books, quoted: Sequence[OpenDossier]
) -> Filing:
    identity = identify_mail(census, incoming.mail.from_, [d.member for d in quoted])
    desk = _Desk(group=group, incoming=incoming, census=census, books=books, quoted=quoted, identity=identity)
    placements, unfiled = _place(desk)
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
    )
    news = _told(desk, own)
    letters, unclear = _letters(desk, wish, own, placements, unfiled, told=bool(news))
    doubtful = unclear or any(p.findings or incoming.reading.pieces[p.piece].findings for p in placements)
    stranger = any(not p.member.known for p in placements)
    return Filing(
        folder="À vérifier" if doubtful or stranger else "Traités",
        reason=_reason(placements, unfiled, letters),
        member=member,
        placements=tuple(placements),
        opens=_opens(books, placements),
        concerns=_concerns(desk, wish, own, placements),
        letters=tuple(x for x in letters if x.to != "sender" or not deaf(incoming.mail.from_)),
        news=news,
        unfiled=tuple(unfiled),
    )


def _told(desk: _Desk, own: Sequence[OpenDossier]) -> tuple[tuple[str, News], ...]:
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


def _place(desk: _Desk) -> tuple[list[Placement], list[int]]:
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
    desk: _Desk, index: int, identity: Identity, lots: Sequence[str], extra: Sequence[tuple[str, str]] = ()
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


def _lots(desk: _Desk, piece: Piece, member: Member) -> list[str]:
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


def _nearby(desk: _Desk, identity: Identity, placed: Sequence[Placement]) -> list[str]:
    """Where a piece without a lot goes: beside the mail's other papers, to the dossier quoted, or the only one."""
    if identity.member is None:
        return []
    beside = [p.lots[0] for p in placed if _name(p.member) == _name(identity.member)]
    quoted = [d.lot for d in desk.quoted if d.member == identity.member]
    own = [d.lot for d in desk.books.of(identity.member)]
    return beside[:1] or quoted[:1] or (own if len(own) == 1 else [])


def _opens(books: Books, placements: Sequence[Placement]) -> tuple[tuple[Member, str], ...]:
    """Dossiers that the papers need and that are not open."""
    out: dict[tuple[str, str], tuple[Member, str]] = {}
    for p in placements:
        have = {d.lot for d in books.of(p.member)}
        for lot in p.lots:
            if lot not in have:
                out.setdefault((_name(p.member), lot), (p.member, lot))
    return tuple(out.values())


def _concerns(
    desk: _Desk, wish: wishes.Wish, own: Sequence[OpenDossier], placements: Sequence[Placement]
) -> tuple[str, ...]:
    """Open dossiers that the mail speaks of, besides those that its papers go to."""
    if desk.quoted:
        return tuple(d.ref for d in desk.quoted)
    if placements:
        return ()
    return tuple(d.ref for d in own if d.lot in wish.lots)


# --- what the mail itself earns


def _letters(
    desk: _Desk,
    wish: wishes.Wish,
    own: Sequence[OpenDossier],
    placements: Sequence[Placement],
    unfiled: Sequence[int],
    *,
    told: bool,
) -> tuple[list[Letter], bool]:
    """The letters about the mail, and whether a person must look at it."""
    mail = desk.incoming.mail
    intents = [i for i in mail.intents if i not in {"submit", "other"}]
    if intents:
        return _wanted(desk, wish, intents, unfiled), not wish.known or bool(unfiled)
    if placements and not unfiled:
        return [], False
    if unfiled:
        return wishes.unclear(wish, *_not_filed(desk, wish)), True
    if told or _answers_us(desk, own) or _courtesy(desk):
        return [], False
    if "submit" in mail.intents and wish.known:
        ask = ["Joindre les documents annoncés\u00a0: le message ne contenait aucune pièce jointe."]
        return [wishes.answer(wish, {"intents": ["submit"], "ask": ask})], False
    if not wish.known:
        text = "Message d’un expéditeur que le recensement ne connaît pas."
        return wishes.unclear(wish, "unknown_member", text, _introduce(desk.group)), True
    if "other" in mail.intents:
        return wishes.wanted(wish, ["other"], []), True
    text = "Message dont nous n’avons pas compris la demande."
    return wishes.unclear(wish, "not_understood", text, ["Dire en une phrase ce que vous attendez de nous."]), True


def _not_filed(desk: _Desk, wish: wishes.Wish) -> tuple[str, str, list[str]]:
    """Why no dossier takes some papers, as a reason; in a sentence; and what the sender is asked."""
    foreign = [p for p in desk.incoming.reading.pieces if p.group not in {None, desk.group.id}]
    if foreign:
        return "other_group", "Documents d’un autre groupement, reçus dans cette boîte.", []
    if not wish.known:
        text = "Documents que nous ne savons rattacher à aucun adhérent."
        return "unknown_member", text, _introduce(desk.group)
    text = "Documents que nous ne savons rattacher à aucun dossier."
    return "not_understood", text, ["Préciser à quel lot se rapportent vos documents."]


def _wanted(desk: _Desk, wish: wishes.Wish, intents: Sequence[str], unfiled: Sequence[int]) -> list[Letter]:
    """The letters for a person's wishes; papers without a dossier are seen by a person too."""
    if not unfiled:
        return wishes.wanted(wish, intents, [] if wish.known else _introduce(desk.group))
    reason, text, ask = _not_filed(desk, wish)
    letters = wishes.wanted(wish, intents, ask)
    if not any(x.to == "coordinator" for x in letters):
        letters.append(wishes.escalation(wish, reason, text, wishes.LOOK))
    return letters


def _introduce(group: Group) -> list[str]:
    number = "le numéro UAI" if group.body == "uai" else "le numéro SIRET"
    return [f"Indiquer le nom et {number} de l’organisme pour lequel vous écrivez."]


def _answers_us(desk: _Desk, own: Sequence[OpenDossier]) -> bool:
    """Whether its words settle a fact that we asked for: the dossier goes on by itself."""
    mail = desk.incoming.mail
    for d in [*desk.quoted, *own]:
        if not d.asked:
            continue
        if len(d.asked) == 1 and yes_or_no(mail.body) is not None:
            return True
        if set(told_by_words(desk.group, desk.group.lot(d.lot), mail.subject, mail.body)) & set(d.asked):
            return True
    return False


def _courtesy(desk: _Desk) -> bool:
    """Thanks alone, in reply to us: nobody needs an answer to that."""
    if not (desk.incoming.threads or desk.quoted):
        return False
    said = sentences(desk.incoming.mail.body)
    words = sum(len(s.split()) for s in said)
    return (
        0 < words <= 25
        and not any("?" in s for s in said)
        and any(has(c, folded(s)) for c in desk.group.courtesies for s in said)
    )


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
