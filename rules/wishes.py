"""What a mail earns of itself: an answer that says who has it, a question passed on, a word to the coordinator.

Keys `mail/<message>/…`. An answer never invents: it says what the group's page says, or only who will answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rules import tell
from rules.correspondents import reply_role
from rules.incoming import Incoming, as_message, named_lots
from rules.records import Identity, Letter, LetterKind, Member, OpenDossier, Role
from rules.schema import Group
from rules.text import folded, has, sentences

LOOK = "Lire le message et répondre à l’expéditeur."  # what the coordinator is asked where nothing better can be said
_NOBODY = Member(name="", known=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """A mail that wants an answer of its own."""

    group: Group
    incoming: Incoming
    identity: Identity
    lots: tuple[str, ...]  # that it is about, as far as known
    papers: tuple[tell.Json, ...] = ()  # its pieces that no dossier took
    about: tuple[OpenDossier, ...] = ()  # the dossiers that it is known to speak of: their refs stand in the subjects

    @property
    def known(self) -> bool:
        """Whether the census knows who writes."""
        return self.identity.member is not None and self.identity.member.known


def about_lots(
    group: Group, incoming: Incoming, quoted: Sequence[OpenDossier], own: Iterable[str], member: Iterable[str]
) -> tuple[str, ...]:
    """The lots that a mail is about: those of the dossiers it quotes, that it names, of its papers, of its member."""
    named = named_lots(group, f"{incoming.mail.subject}\n{incoming.mail.body}")
    for lots in ([d.lot for d in quoted], named, list(own), list(member)):
        if lots:
            return tuple(dict.fromkeys(lots))
    return ()


def wanted(wish: Wish, intents: Sequence[str], ask: Sequence[str]) -> list[Letter]:
    """The letters for the intents that a person must see to: an answer, and where each of them went.

    `ask`: what the sender is asked besides.
    """
    letters: dict[str, Letter] = {}
    went_to: list[tell.Json] = []
    paragraphs: list[str] = []
    for_people: list[str] = []
    for intent in intents:
        rule = wish.group.intents[intent]  # type: ignore[index]
        paragraphs += [p for p in rule.paragraphs if p not in paragraphs]
        provider = _provider(wish) if rule.to == "provider" else None
        if provider:
            letters.setdefault(provider, _passed_on(wish, intent, provider))
            name, contact = wish.group.providers[provider].name, wish.group.providers[provider].contact
            went_to.append({"who": "provider", "name": name, "intent": intent, "contact": contact})
        elif rule.to != "nobody":
            for_people.append(intent)
            went_to.append({**_COORDINATION, "intent": intent})
    if for_people:
        letters["coordinator"] = _put(wish, for_people)
    asks = [i for i in intents if i.startswith("question") or i == "training"]
    answers = _answers(wish) if asks else []
    facts = {"intents": list(intents), "went_to": went_to, "answers": answers, "paragraphs": paragraphs}
    facts["ask"] = list(ask)
    return [answer(wish, facts), *letters.values()]


def replied(wish: Wish, dossiers: Sequence[OpenDossier]) -> Letter:
    """To a member that answered its provider: the provider has the answer."""
    providers = dict.fromkeys(wish.group.providers[wish.group.lot(d.lot).provider].name for d in dossiers)
    went_to = [{"who": "provider", "name": name, "intent": "reply", "contact": ""} for name in providers]
    return answer(wish, {"intents": ["reply"], "went_to": went_to})


def unclear(wish: Wish, reason: str, text: str, ask: Sequence[str]) -> list[Letter]:
    """A mail that nothing could be made of: the sender is told and asked, the coordinator sees it."""
    facts = {
        "went_to": [{**_COORDINATION, "intent": "other"}],
        "nothing_understood": reason == "not_understood",
        "ask": list(ask),
    }
    return [answer(wish, facts), escalation(wish, reason, text, LOOK)]


def answer(wish: Wish, facts: tell.Json) -> Letter:
    """The answer to the sender; what is not in `facts` is empty."""
    message = as_message(wish.incoming)
    member = wish.identity.member or _NOBODY
    to = reply_role(member, message)
    empty = {
        "intents": [],
        "went_to": [],
        "answers": [],
        "paragraphs": [],
        "ask": [],
        "candidates": [],
        "nothing_understood": False,
        "unknown_member": wish.identity.member is None,
        "webinars": _webinars(wish) if "training" in facts.get("intents", []) else tell.NO_WEBINARS,
    }
    return _letter(wish, "answer", "answer", to, "answer", {**empty, **facts}, answers=message.id)


def escalation(wish: Wish, reason: str, text: str, ask: str) -> Letter:
    """The mail, put to the coordinator."""
    candidates = [
        {"name": c.member.name, "siret": c.member.siret, "uai": c.member.uai, "score": c.score}
        for c in wish.identity.candidates
    ]
    facts = {
        **tell.escalation(reason, text, ask),
        "candidates": [] if wish.identity.member else candidates,
        "doubt": wish.identity.doubt,
        "words": wish.incoming.mail.body,
        "message": tell.about_message(as_message(wish.incoming)),
    }
    return _letter(wish, f"escalation/{reason}", "escalation", "coordinator", "escalation", facts)


def _put(wish: Wish, intents: Sequence[str]) -> Letter:
    """One word to the coordinator for all that a mail wants of people."""
    asks = dict.fromkeys(wish.group.intents[i].ask for i in intents)  # type: ignore[index]
    who = "d’un adhérent" if wish.known else "d’un organisme que le recensement ne connaît pas"
    text = f"Message {who}\u00a0: {', '.join(_INTENTS[i] for i in intents)}."
    return escalation(wish, intents[0], text, " ".join(a for a in asks if a))


_COORDINATION = {"who": "coordinator", "name": "la coordination du groupement", "contact": ""}
_INTENTS = {
    "question_commercial": "question commerciale",
    "question_technical": "question technique",
    "withdraw": "demande de désistement",
    "join": "demande de rattachement",
    "second_account": "demande de compte supplémentaire",
    "training": "demande de formation",
    "other": "demande qui n’entre dans aucune rubrique",
}


def _passed_on(wish: Wish, intent: str, provider: str) -> Letter:
    lots = [{"id": x.id, "title": x.title} for x in wish.group.lots if x.id in wish.lots and x.provider == provider]
    member = wish.identity.member or _NOBODY
    message = as_message(wish.incoming)
    facts = {
        "provider": wish.group.providers[provider].name,
        "intents": [intent],
        "contact": {"name": message.sender_name, "email": message.sender, "phone": None},
        "lots": lots,
        "member": tell.about_member(member) if wish.identity.member else None,
    }
    return _letter(wish, f"question/{provider}", "forward", "provider", "question", facts, provider=provider)


def _provider(wish: Wish) -> str | None:
    """The one provider that the question is for; None where it may be another's, or where nobody knows who asks."""
    if not wish.known:
        return None
    plain = folded(f"{wish.incoming.mail.subject}\n{wish.incoming.mail.body}")
    named = [k for k, p in wish.group.providers.items() if has(p.name, plain)]
    found = named or list(dict.fromkeys(x.provider for x in wish.group.lots if x.id in wish.lots))
    return found[0] if len(found) == 1 else None


def _answers(wish: Wish) -> list[tell.Json]:
    """Entries of the group's own page that the question matches, three at most."""
    asked = [*sentences(wish.incoming.mail.subject), *sentences(wish.incoming.mail.body)]
    found = [
        a
        for a in wish.group.answers
        if any(has(w, s) for w in a.words for s in asked) and (not a.lots or set(a.lots) & set(wish.lots))
    ]
    return [{"title": a.title, "text": a.text, "link": a.link} for a in found[:3]]


def _webinars(wish: Wish) -> tell.Json:
    lots = [x for x in wish.group.lots if x.id in wish.lots] or list(wish.group.lots)
    found = [tell.webinars(x, wish.incoming.received_at) for x in lots]
    return {
        "upcoming": sorted((w for f in found for w in f["upcoming"]), key=lambda w: str(w["at"])),
        "register": next((f["register"] for f in found if f["register"]), None),
        "replays": [r for f in found for r in f["replays"]],
    }


def _letter(
    wish: Wish,
    name: str,
    kind: LetterKind,
    to: Role,
    template: str,
    facts: tell.Json,
    *,
    answers: str | None = None,
    provider: str | None = None,
) -> Letter:
    message = as_message(wish.incoming)
    member = wish.identity.member
    return Letter(
        key=f"mail/{wish.incoming.id}/{name}",
        kind=kind,
        to=to,
        due_at=wish.incoming.received_at,
        template=template,
        answers=answers,
        provider=provider,
        facts={
            "group": tell.about_group(wish.group),
            "member": tell.about_member(member) if member else None,
            "addressee": {"name": message.sender_name if to == "sender" else ""},
            "at": wish.incoming.received_at.isoformat(),
            "to": to,
            "message": tell.about_message(message),
            "lots": list(wish.lots),
            "papers": list(wish.papers),
            "about": [d.ref for d in wish.about if provider in {None, wish.group.lot(d.lot).provider}],
            **facts,
        },
    )
