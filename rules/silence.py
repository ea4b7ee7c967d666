"""When a provider says something, and when it says nothing: told on, asked after once, then put to the coordinator."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from rules import tell
from rules.case import Case
from rules.facts import holds
from rules.milestones import Step
from rules.records import Letter, News
from rules.text import of

_NEWS = {"prefecture": "validated", "certigna": "reached"}  # what a reached milestone means, for the template


def silence_letters(case: Case) -> Iterator[Letter]:
    """Letters about milestones: late ones to the provider, then the coordinator; news to whom they are for."""
    yield from _news(case)
    for step in case.steps:
        provider = step.rule.chase is not None and step.rule.chase.to == "provider"
        if step.escalate_at and step.escalate_at <= case.now:
            yield _late(case, step, step.escalate_at, asked=provider)
        elif step.chase_at and step.chase_at <= case.now and provider:
            yield _chaser(case, step, step.chase_at)
    quiet = _quiet_at(case)
    if quiet and quiet <= case.now:
        yield _escalation(
            case,
            quiet,
            f"{case.dossier.ref}/escalation/quiet/{quiet.date().isoformat()}",
            "late",
            f"{case.provider} n’a plus donné de nouvelles de ce dossier depuis {case.group.quiet_days} jours ouvrés.",
            "Demander au prestataire où en est le dossier.",
            office_hours=True,
        )


def silence_turns(case: Case) -> Iterator[dt.datetime]:
    """The instants at which one of them falls due."""
    for step in case.steps:
        yield from (t for t in (step.chase_at, step.escalate_at) if t)
    yield from (t for t in (_unanswered_at(case, n) for n in case.dossier.news if n.at <= case.now) if t)
    quiet = _quiet_at(case)
    if quiet:
        yield quiet


def _quiet_at(case: Case) -> dt.datetime | None:
    """A dossier that went out, has no milestone of its own to ask after, and of which nobody has heard for long."""
    told, days = case.told, case.days
    gone = told.ordered_at if told.sendings else told.listed_at
    if gone is None or told.over or case.opened_at or any(s.rule.opens for s in case.steps):
        return None
    heard = [n.at for n in case.dossier.news if n.kind == "milestone" and gone < n.at <= case.now]
    return days.opening(days.add(days.date(max([gone, *heard])), case.group.quiet_days))


def _chaser(case: Case, step: Step, at: dt.datetime) -> Letter:
    gone = case.told.ordered_at or case.told.listed_at
    return Letter(
        key=_chaser_key(case, step),
        kind="reminder",
        to="provider",
        due_at=at,
        template="chaser",
        office_hours=True,
        facts={
            **tell.common(case, at, "provider"),
            "milestone": {**_milestone(step), "what": step.rule.for_provider or step.rule.what},
            "forwarded_at": gone.isoformat() if gone else None,
        },
    )


def _chaser_key(case: Case, step: Step) -> str:
    return f"{case.dossier.ref}/milestone/{step.record.id}/chaser"


def _late(case: Case, step: Step, at: dt.datetime, *, asked: bool) -> Letter:
    chaser = _chaser_key(case, step)
    sent = [x.sent_at.isoformat() for x in case.dossier.letters if x.key == chaser and x.sent_at is not None]
    if sent:
        text = f"{case.provider} n’a pas répondu à notre relance."
    elif asked:
        text = f"{case.provider} n’a pas donné de nouvelles d’une étape dont la date est passée."
    else:
        text = "Nous n’avons pas de nouvelles d’une étape de ce dossier."
    ask = "Prendre contact avec le prestataire." if asked else "Demander à l’adhérent où en est cette étape."
    key = f"{case.dossier.ref}/milestone/{step.record.id}/escalation"
    facts = {"milestone": _milestone(step), "reminders": sent}
    return _escalation(case, at, key, "late", text, ask, office_hours=True, facts=facts)


def _news(case: Case) -> Iterator[Letter]:
    """What the provider said: an opened account to the member, a refusal or a question to the coordinator."""
    by_id: dict[str, Step] = {s.rule.id: s for s in case.steps}
    said: set[str] = set()
    heard = [n for n in case.dossier.news if n.kind == "milestone" and n.at <= case.now]
    for news in sorted(heard, key=lambda n: n.at):
        outcome = news.data.get("outcome")
        if outcome in {"refused", "question"}:
            for letter in _refused(case, news) if outcome == "refused" else _questioned(case, news):
                if letter.key not in said:
                    said.add(letter.key)
                    yield letter
            continue
        step = by_id.get(str(news.data.get("milestone")))
        if step is None and outcome == "opened":
            step = next((s for s in case.steps if s.rule.opens), None)
        opens = outcome == "opened" or (step is not None and step.rule.opens)
        opening = [n for n in case.lot.opened if opens and holds(n.when, case.told.standing.facts)]
        texts = tell.told_to(case, [step.rule.reached] if step and step.rule.reached else [])
        texts += tell.told_to(case, [n.text for n in opening])
        subject = next((x for x in [step.rule.subject if step else "", *(n.subject for n in opening)] if x), "")
        name = step.rule.id if step else "opened"
        if texts and outcome in {"opened", "reached"} and name not in said:
            said.add(name)
            yield _reached(case, news, name, step, texts, subject)


def _reached(case: Case, news: News, name: str, step: Step | None, texts: list[str], subject: str) -> Letter:
    return Letter(
        key=f"{case.dossier.ref}/milestone/{name}/reached",
        kind="confirmation",
        to="member",
        due_at=news.at,
        template="milestone",
        facts={
            **tell.common(case, news.at, "member"),
            **tell.situation(case, news.at),
            "missing": tell.own(case),
            "milestone": _milestone(step) if step else None,
            "news": _NEWS.get(name, "account_opened" if news.data.get("outcome") == "opened" else "reached"),
            "subject": subject,
            "text": texts[0],
            "words": "",
            "steps": texts[1:],
        },
    )


def _refused(case: Case, news: News) -> Iterator[Letter]:
    key = f"{case.dossier.ref}/escalation/refused/{_source(news)}"
    text, ask = f"{case.provider} refuse ce dossier.", "Voir avec le prestataire et l’adhérent ce qui manque."
    yield _escalation(case, news.at, key, "provider_refused", text, ask, facts=_words(news))


def _questioned(case: Case, news: News) -> Iterator[Letter]:
    """The provider's question goes to the member; unanswered, to the coordinator."""
    key = f"{case.dossier.ref}/milestone/question/{_source(news)}"
    facts = {
        **tell.common(case, news.at, "member"),
        **tell.situation(case, news.at),
        "missing": [],
        "milestone": None,
        "news": "question",
        "subject": "",
        "text": f"{case.provider} a une question sur votre dossier.",
        **_words(news),
        "steps": [],
    }
    yield Letter(key=key, kind="missing", to="member", due_at=news.at, template="milestone", facts=facts)
    late = _unanswered_at(case, news)
    if late and late <= case.now:
        key = f"{case.dossier.ref}/escalation/question/{_source(news)}"
        text = f"L’adhérent n’a pas répondu à une question {of(case.provider)}."
        ask = "Répondre au prestataire, ou relancer l’adhérent."
        yield _escalation(case, late, key, "provider_question", text, ask, office_hours=True, facts=_words(news))


def _unanswered_at(case: Case, news: News) -> dt.datetime | None:
    """When a provider's question goes to the coordinator; None where anybody has moved since."""
    if news.data.get("outcome") != "question" or case.told.over:
        return None
    heard = [m.received_at for m in case.dossier.messages if m.role == "member"]
    heard += [n.at for n in case.dossier.news if n.kind == "milestone" and n.data.get("outcome") != "question"]
    if any(news.at < at <= case.now for at in heard):
        return None
    return case.days.opening(case.days.add(case.days.date(news.at), case.group.reminders.first))


def _source(news: News) -> str:
    return str(news.data.get("message") or news.at.isoformat())


def _words(news: News) -> tell.Json:
    return {"words": str(news.data.get("words") or "")}


def _escalation(
    case: Case,
    at: dt.datetime,
    key: str,
    reason: str,
    text: str,
    ask: str,
    *,
    office_hours: bool = False,
    facts: tell.Json | None = None,
) -> Letter:
    return Letter(
        key=key,
        kind="escalation",
        to="coordinator",
        due_at=at,
        template="escalation",
        office_hours=office_hours,
        facts={**tell.common(case, at, "coordinator"), **tell.escalation(reason, text, ask), **(facts or {})},
    )


def _milestone(step: Step) -> tell.Json:
    due = step.record.due
    return {"id": step.record.id, "what": step.record.what, "due": due.isoformat() if due else None}
