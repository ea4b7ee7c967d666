"""What a person's mail earns of itself, besides what its papers do. The order of the cases is the policy."""

from __future__ import annotations

from collections.abc import Sequence

from rules import wishes
from rules.desk import Desk
from rules.facts import told_by_words
from rules.records import Letter, OpenDossier, Placement
from rules.schema import Group
from rules.text import folded, has, sentences, yes_or_no


def earned(
    desk: Desk,
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
    asking = [d for d in desk.quoted if d.questioned and d.ref in desk.incoming.threads]
    if asking and not _courtesy(desk):  # what looks like a question in it is part of the answer, and goes with it
        intents = [i for i in intents if not i.startswith("question")]
        if not intents and not unfiled:
            return [] if placements else [wishes.replied(wish, asking)], False
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
        named = wish.identity.member is not None  # its papers said who it is, and the coordinator was asked
        text = "Message d’un expéditeur que le recensement ne connaît pas."
        if named:
            text = "Message d’un organisme qui n’est pas au recensement et dont le dossier attend votre décision."
        return wishes.unclear(wish, "unknown_member", text, _introduce(desk.group, wish)), True
    if "other" in mail.intents:
        return wishes.wanted(wish, ["other"], []), True
    text = "Message dont nous n’avons pas compris la demande."
    return wishes.unclear(wish, "not_understood", text, ["Dire en une phrase ce que vous attendez de nous."]), True


def _not_filed(desk: Desk, wish: wishes.Wish) -> tuple[str, str, list[str]]:
    """Why no dossier takes some papers, as a reason; in a sentence; and what the sender is asked."""
    foreign = [p for p in desk.incoming.reading.pieces if p.group not in {None, desk.group.id}]
    if foreign:
        return "other_group", "Documents d’un autre groupement, reçus dans cette boîte.", []
    if not wish.known:
        text = "Documents que nous ne savons rattacher à aucun adhérent."
        return "unknown_member", text, _introduce(desk.group, wish)
    text = "Documents que nous ne savons rattacher à aucun dossier."
    return "not_understood", text, ["Préciser à quel lot se rapportent vos documents."]


def _wanted(desk: Desk, wish: wishes.Wish, intents: Sequence[str], unfiled: Sequence[int]) -> list[Letter]:
    """The letters for a person's wishes; papers without a dossier are seen by a person too."""
    if not unfiled:
        return wishes.wanted(wish, intents, _introduce(desk.group, wish))
    reason, text, ask = _not_filed(desk, wish)
    letters = wishes.wanted(wish, intents, ask)
    if not any(x.to == "coordinator" for x in letters):
        letters.append(wishes.escalation(wish, reason, text, wishes.LOOK))
    return letters


def _introduce(group: Group, wish: wishes.Wish) -> list[str]:
    """What a sender that nothing names is asked."""
    if wish.identity.member is not None:
        return []
    number = "le numéro UAI" if group.body == "uai" else "le numéro SIRET"
    return [f"Indiquer le nom et {number} de l’organisme pour lequel vous écrivez."]


def _answers_us(desk: Desk, own: Sequence[OpenDossier]) -> bool:
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


def _courtesy(desk: Desk) -> bool:
    """Thanks alone, in reply to us: nobody needs an answer to that."""
    return bool(desk.incoming.threads or desk.quoted) and courteous(desk.group, desk.incoming.mail.body)


def courteous(group: Group, body: str) -> bool:
    """Whether a mail's words are thanks alone."""
    said = sentences(body)
    words = sum(len(s.split()) for s in said)
    return (
        0 < words <= 25
        and not any("?" in s for s in said)
        and any(has(c, folded(s)) for c in group.courtesies for s in said)
    )
