"""A provider's mail: news for the dossiers it speaks of, where it proves who sends it; a person reads the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rules import wishes
from rules.incoming import Books, Incoming, named_lots
from rules.provider_news import classify
from rules.records import Filing, Identity, News, OpenDossier
from rules.schema import Group
from rules.text import of
from rules.who import Census


def file_provider(
    group: Group, incoming: Incoming, census: Census, books: Books, quoted: Sequence[OpenDossier], provider: str
) -> Filing:
    """What becomes of it. It moves something only where it is authenticated or answers a letter of ours."""
    name = group.providers[provider].name
    about = [d for d in quoted if group.lot(d.lot).provider == provider]
    about = about or _meant(group, incoming, census, books, provider)
    lots = tuple(d.lot for d in about)
    wish = wishes.Wish(group=group, incoming=incoming, identity=_whose(about), lots=lots, about=tuple(about))
    concerns = tuple(d.ref for d in about)

    def put(reason: str, text: str, ask: str) -> Filing:
        letters = (wishes.escalation(wish, reason, text, ask),)
        return Filing(folder="À vérifier", reason=text, concerns=concerns, letters=letters, unfiled=_all(incoming))

    if incoming.authenticity != "pass" and not incoming.threads:
        text = f"Message au nom {of(name)}, dont l’origine n’est pas prouvée\u00a0: rien n’a été changé."
        return put("provider_unverified", text, "Vérifier auprès du prestataire, puis noter l’étape s’il y a lieu.")
    if not about:
        text = f"Message {of(name)} qui ne dit pas de quel dossier il s’agit."
        return put("provider_question", text, "Dire quel dossier est concerné.")
    told = _news(group, incoming, about)
    if len(told) < len(about):
        return replace(put("provider_question", f"Message {of(name)}, à lire.", "Y donner suite."), news=told)
    reason = f"Nouvelles {of(name)}."
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
