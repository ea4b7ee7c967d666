"""Letters to the coordinators."""

from __future__ import annotations

from functools import cache
from typing import Any

from daemon.letters.examples.facts import LDMEMS, LOT_VOTE, MEMBERS, ORDER, TOWN, Example, dossier, made, message, owed
from daemon.letters.render import Picture


def _escalation(reason: str, text: str, ask: str, **more: Any) -> Example:
    facts = {
        "reason": reason,
        "text": text,
        "ask": ask,
        "message": None,
        "words": "",
        "missing": [],
        "questions": [],
        "milestone": None,
        "reminders": [],
        "candidates": [],
    } | more
    ref = None if more.get("message") else "CIG-2-0042"
    member = None if reason in ("unknown_member", "not_understood") else TOWN
    letter = made("escalation", "escalation", "coordinator", facts, ref=ref, name=reason, member=member)
    return Example(name=f"escalade-{reason.replace('_', '-')}", role="coordinator", letters=(letter,))


@cache
def _zone() -> Picture:
    """The place of a SIRET on an order, as a review request shows it."""
    from daemon.letters.crop import draw
    from daemon.letters.prefilled import Papers

    paper = Papers().fill("CIG_lot2_bon_de_commande", {"siret": "21910652300078"}, ref="x", member="x")
    drawn = draw(paper[1], 1, (137.9, 165.8, 326.9, 178.3)) if paper else None
    return Picture(
        cid="zone", data=drawn or b"", media_type="image/png", alt="zone du document où se lit la valeur : SIRET"
    )


def _list_answered(verdict: str) -> Example:
    facts = {
        "message": None,
        "piece": None,
        "verdict": verdict,
        "corrections": [],
        "motive": "deux adhérents en trop",
        "by": "coordination@lycee.example",
        "list": True,
        "body_told": False,
        "without": ["LDMEMS-VOTE-0117"],
    }
    letter = made("answer", "review_done", "coordinator", facts, ref=None, group=LDMEMS, member=None, name=verdict)
    return Example(name=f"liste-{verdict.replace('_', '-')}", role="coordinator", letters=(letter,))


def _ordered() -> tuple[Example, ...]:
    """Instructions by mail: all carried out, some not, none; one that nobody can vouch for."""

    def result(what: str, outcome: str = "done", **more: Any) -> dict[str, Any]:
        told = {"what": what, "outcome": outcome, "ref": "CIG-2-0042", "motive": "renonce au lot", "lot": "vote"}
        known = {"dossier": dossier("2", "CIG-2-0042"), "member": TOWN, "state": "incomplet", "member_told": True}
        return {**told, **known, "provider_told": False, "questions": [], **more}

    wrong = [result("reopened", "already"), result("closed", "already", state="clos"), result("closed", "unknown")]
    wrong += [result("withdrawn", "no_motive"), result("closed", "no_ref"), result("list", "nobody")]
    cases: dict[str, dict[str, Any]] = {
        "retire": {"verdict": "done", "results": [result("withdrawn", provider_told=True)]},
        "rouvert": {
            "verdict": "done",
            "results": [result("reopened", motive="", questions=["La clé du SIRET est fausse."])],
        },
        "plusieurs": {"verdict": "done", "results": [result("closed", member_told=False), result("list"), *wrong]},
        "aucun": {"verdict": "done", "results": wrong},
        "non-compris": {"verdict": "not_understood", "results": []},
        "non-prouve": {"verdict": "unproven", "results": []},
    }
    said = message("Dossier", "clore CIG-2-0042 : sans suite")
    return tuple(
        Example(
            name=f"ordre-{name}",
            role="coordinator",
            letters=(
                made(
                    "answer",
                    "instruction_done",
                    "coordinator",
                    {"message": said, "lists": ["vote", "pdf"], **facts},
                    ref=None,
                    member=None,
                    name=name,
                ),
            ),
        )
        for name, facts in cases.items()
    )


def to_coordinators() -> tuple[Example, ...]:
    """Every question, every kind of word that a person must see to."""
    review = {
        "piece": dict(ORDER, values=[{"field": "siret", "label": "SIRET", "value": "21910652300078"}]),
        "points": [
            {
                "code": "bad_siret",
                "text": "La clé du SIRET est fausse ; l’adhérent de ce nom a le 219 106 523 00018.",
            }
        ],
        "rest_complete": True,
        "forward": None,
        "missing": [],
    }
    stranger = {
        "piece": None,
        "points": [
            {
                "code": "unknown_member",
                "text": "SIVOM du Haut-Vaudreuil (21910000100018) ne figure pas au recensement. "
                "Faut-il l’admettre dans le groupement ?",
            }
        ],
        "rest_complete": False,
        "forward": None,
        "missing": [owed("la fiche d’ouverture de compte")],
    }
    listing = {
        "lot": LOT_VOTE,
        "provider": "Kercia",
        "members": MEMBERS,
        "additions": False,
        "intro": "",
        "list_key": "list/ldmems/vote/x",
    }
    done = {
        "message": None,
        "piece": review["piece"],
        "verdict": "corrected",
        "motive": "",
        "by": "coordination@cig.example",
        "list": False,
        "body_told": False,
        "without": [],
    }
    candidates = [{"name": "Commune d’Orvilliers", "siret": "21780124000011", "uai": None, "score": 91}]
    return (
        Example(
            name="point-a-verifier",
            role="coordinator",
            letters=(made("review_request", "review_request", "coordinator", review, ref="CIG-2-0051"),),
            pictures=(_zone(),),
        ),
        Example(
            name="organisme-a-admettre",
            role="coordinator",
            letters=(
                made(
                    "review_request",
                    "review_request",
                    "coordinator",
                    stranger,
                    ref="CIG-2-0077",
                    member=TOWN | {"name": "SIVOM du Haut-Vaudreuil", "known": False},
                ),
            ),
        ),
        Example(
            name="liste-a-verifier",
            role="coordinator",
            letters=(
                made("review_request", "review_request", "coordinator", listing, ref=None, group=LDMEMS, member=None),
            ),
        ),
        *(
            Example(
                name=f"verification-{verdict.replace('_', '-')}",
                role="coordinator",
                letters=(
                    made(
                        "confirmation",
                        "review_done",
                        "coordinator",
                        done
                        | {
                            "verdict": verdict,
                            "motive": "illisible",
                            "corrections": [{"label": "SIRET", "value": "21910652300018"}],
                        },
                        ref="CIG-2-0051",
                    ),
                ),
            )
            for verdict in ("ok", "corrected", "refused", "not_understood", "already")
        ),
        Example(
            name="verification-organisme-refuse",
            role="coordinator",
            letters=(
                made(
                    "answer",
                    "review_done",
                    "coordinator",
                    done | {"verdict": "refused", "piece": None, "motive": "hors du département", "body_told": True},
                    ref="CIG-2-0051",
                ),
            ),
        ),
        *(_list_answered(verdict) for verdict in ("ok", "refused", "not_understood", "already")),
        *_ordered(),
        _escalation(
            "unknown_member",
            "Un expéditeur que le recensement ne connaît pas nous a écrit.",
            "Dites-lui s’il peut rejoindre le groupement.",
            message=message("Rattachement"),
            candidates=candidates,
        ),
        _escalation(
            "not_understood",
            "Ce message n’a pas été compris.",
            "Répondez-lui directement.",
            message=message("Divers", ""),
        ),
        _escalation(
            "withdraw", "La commune demande à se retirer.", "Répondez-lui directement.", message=message("Retrait")
        ),
        _escalation(
            "silent",
            "Trois rappels sont restés sans réponse.",
            "Appelez l’adhérent.",
            missing=[owed("la fiche d’ouverture de compte")],
            reminders=["2025-11-13T09:00:00+01:00", "2025-11-24T09:00:00+01:00", "2025-12-03T09:00:00+01:00"],
        ),
        _escalation(
            "late",
            "Dematis n’a pas répondu à notre relance.",
            "Voyez avec lui où en est le compte.",
            milestone={"id": "j4", "what": "Le compte de l’adhérent est ouvert.", "due": "2025-12-10"},
        ),
        *(
            _escalation(reason, "Voici ce qui s’est passé.", "Décidez de la suite.")
            for reason in (
                "question_commercial",
                "join",
                "second_account",
                "training",
                "provider_refused",
                "provider_question",
                "no_provider",
                "undeliverable",
                "provider_unverified",
                "other_group",
                "over",
                "other",
            )
        ),
    )
