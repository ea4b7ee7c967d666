"""Letters to members."""

from __future__ import annotations

from typing import Any

from daemon.letters.examples.facts import (
    AMENDMENT,
    CIG,
    CONTRACT,
    CONVENTION,
    FORM,
    J2,
    J4,
    LDMEMS,
    NOTHING,
    ONLINE,
    ORDER,
    SCHOOL,
    TOWN,
    Example,
    ack,
    complete,
    made,
    message,
    owed,
    reminder,
    seen,
    sent,
    three_lots,
)
from rules.load import shipped
from rules.records import Letter

LOTS = shipped("ldmems")
VOTE = LOTS.lot("vote")


def _answer(name: str, **more: Any) -> Example:
    facts = {
        "message": message("Question", "Bonjour,\n\nLe parapheur fonctionne-t-il sur tablette ?"),
        "intents": ["question_technical"],
        "went_to": [],
        "answers": [],
        "paragraphs": [],
        "webinars": NOTHING["webinars"],
        "unknown_member": False,
        "candidates": [],
        "nothing_understood": False,
        "ask": [],
        "lots": [],
        "papers": [],
    } | more
    group = facts.pop("group", CIG)
    known = not facts["unknown_member"]
    letter = made(
        "answer",
        "answer",
        "sender",
        facts,
        ref="CIG-2-0042" if known else None,
        name=name,
        group=group,
        member=TOWN if known else None,
    )
    return Example(name=f"reponse-{name}", role="member", letters=(letter,))


def _invited(lot: str, ref: str, **more: Any) -> Letter:
    """What a school is told when the census has committed it."""
    facts = {**NOTHING, "reason": "invitation"} | more
    return made("missing", "missing", "member", facts, ref=ref, lot=lot, group=LDMEMS, member=SCHOOL)


def to_members() -> tuple[Example, ...]:
    """Each turn of a dossier’s life as its member is told it."""
    passed = {"who": "provider", "name": "Dematis", "intent": "question_technical", "contact": ""}
    person = {"who": "coordinator", "name": "la coordination du groupement", "intent": "join", "contact": ""}
    confirmation = {
        **NOTHING,
        "provider": "Dematis",
        "pieces": ["le bon de commande du lot 2", "la fiche d’ouverture de compte du lot 2"],
        "complement": False,
        "next": [J2, J4],
        "missing": [AMENDMENT],
        "told_by": None,
    }
    told = made(
        "confirmation",
        "confirmation",
        "member",
        confirmation | {"told_by": "CIG-2-0042/acknowledgement/x"},
        ref="CIG-2-0042",
    )
    milestone = {
        "milestone": {"id": "j4", "what": "Votre compte est ouvert."},
        "news": "account_opened",
        "subject": "",
        "text": "Dematis nous informe que votre compte est ouvert ; vous pourrez l’utiliser dès que la préfecture aura "
        "validé votre avenant.",
        "words": "",
        "steps": [],
        "missing": [],
    }
    listed = {**NOTHING, "provider": "Kercia", "starts": "list", "steps": [n.text for n in VOTE.listed]}
    replay = {"upcoming": [], "register": None, "replays": [r.model_dump() for r in VOTE.replays]}
    services = {"vote": "LDMEMS-VOTE-0117", "pdf": "LDMEMS-PDF-0117", "signature": "LDMEMS-SIGNATURE-0117"}
    seminar = {
        "upcoming": [{"at": "2025-12-11T10:00:00+01:00", "what": "lot 2, parapheur"}],
        "register": "https://webinaires.example/inscription",
        "replays": [],
    }
    return (
        Example(name="accuse-complet", role="member", letters=(complete(), told), attachments=("Avenant.docx",)),
        Example(name="accuse-trois-lots", role="member", letters=three_lots(), attachments=("a.docx", "b.pdf")),
        Example(
            name="accuse-refus",
            role="member",
            letters=(
                ack(
                    "vote",
                    "LDMEMS-VOTE-0117",
                    [seen("la convention de groupement", "p9", kind="group_convention", state="refused")],
                    group=LDMEMS,
                    missing=[ONLINE],
                    starts="list",
                    steps=[n.text for n in VOTE.steps],
                    webinars=replay,
                ),
            ),
        ),
        Example(
            name="accuse-question",
            role="member",
            letters=(
                ack(
                    "1",
                    "CIG-1-0003",
                    [seen("le bon de commande du lot 1", "p1")],
                    questions=[
                        {
                            "fact": "already_customer",
                            "text": "Êtes-vous déjà client de la solution achatpublic.com ?",
                        }
                    ],
                ),
            ),
        ),
        Example(
            name="accuse-verification",
            role="member",
            letters=(
                ack(
                    "2",
                    "CIG-2-0051",
                    [dict(ORDER, state="review"), seen("la délibération", "p7", state="kept")],
                    reviewing=[{"what": "le bon de commande du lot 2", "points": ["La clé du SIRET est fausse."]}],
                ),
            ),
        ),
        Example(
            name="accuse-deja-recu",
            role="member",
            letters=(
                ack(
                    "2",
                    "CIG-2-0042",
                    [],
                    only_again=True,
                    again=[{"piece": "p1", "name": "BC.pdf", "what": "le bon de commande du lot 2"}],
                ),
            ),
        ),
        Example(
            name="accuse-inconnu",
            role="member",
            letters=(ack("2", "CIG-2-0077", [ORDER, FORM], order_complete=True, unknown_member=True),),
        ),
        Example(
            name="accuse-sans-papier",
            role="member",
            letters=(ack("2", "CIG-2-0042", [], missing=[owed("le bon de commande du lot 2")], trusted=False),),
        ),
        Example(
            name="accuse-depasse",
            role="member",
            letters=(ack("2", "CIG-2-0042", [ORDER], latest=False),),
        ),
        Example(
            name="accuse-complement",
            role="member",
            letters=(
                ack(
                    "2",
                    "CIG-2-0042",
                    [seen("l’avenant à votre convention de télétransmission", "p8", signature="handwritten")],
                    order_complete=True,
                    complete=True,
                    forward=sent("Dematis") | {"at": "2025-11-28T10:00:00+01:00", "now": False},
                ),
            ),
        ),
        Example(
            name="confirmation",
            role="member",
            letters=(made("confirmation", "confirmation", "member", confirmation, ref="CIG-2-0042"),),
        ),
        Example(
            name="inscription",
            role="member",
            letters=(
                made(
                    "confirmation",
                    "listed",
                    "member",
                    listed | {"webinars": replay},
                    ref="LDMEMS-VOTE-0117",
                    lot="vote",
                    group=LDMEMS,
                    member=SCHOOL,
                ),
            ),
        ),
        Example(
            name="etape",
            role="member",
            letters=(made("confirmation", "milestone", "member", milestone, ref="CIG-2-0042"),),
        ),
        Example(
            name="etape-question",
            role="member",
            letters=(
                made(
                    "confirmation",
                    "milestone",
                    "member",
                    milestone
                    | {
                        "news": "question",
                        "text": "Dematis a une question sur votre dossier.",
                        "words": "Bonjour,\nQuel est le nom du signataire ?",
                    },
                    ref="CIG-2-0042",
                ),
            ),
        ),
        Example(
            name="invitation",
            role="member",
            letters=(
                made(
                    "missing",
                    "missing",
                    "member",
                    {
                        **NOTHING,
                        "reason": "invitation",
                        "missing": [
                            owed("le bon de commande du lot 2"),
                            owed("la fiche d’ouverture de compte du lot 2"),
                        ],
                        "webinars": seminar,
                    },
                    ref="CIG-2-0060",
                ),
            ),
            attachments=("BC.pdf", "Fiche.pdf"),
        ),
        Example(
            name="invitation-etablissement",
            role="member",
            letters=(
                *(
                    _invited(
                        lot,
                        ref,
                        missing=[CONVENTION] if lot == "vote" else [],
                        starts="list",
                        steps=[n.text for n in LOTS.lot(lot).steps],
                        webinars=replay if lot == "vote" else NOTHING["webinars"],
                    )
                    for lot, ref in services.items()
                ),
                _invited("tpe", "LDMEMS-TPE-0117", missing=[CONTRACT]),
            ),
            attachments=("Demande.pdf",),
        ),
        Example(
            name="invitation-prive",
            role="member",
            letters=(
                _invited(
                    "tpe",
                    "LDMEMS-TPE-0118",
                    missing=[CONVENTION],
                    starts="member",
                    steps=[n.text for n in LOTS.lot("tpe").steps if n.when == {"member_kind": "private"}],
                ),
            ),
        ),
        Example(
            name="papier-a-refaire",
            role="member",
            letters=(
                made(
                    "missing",
                    "missing",
                    "member",
                    {
                        **NOTHING,
                        "reason": "refused",
                        "missing": [
                            owed("le bon de commande du lot 2", state="refused", why="Les quantités sont illisibles.")
                        ],
                    },
                    ref="CIG-2-0042",
                ),
            ),
        ),
        Example(
            name="papier-de-plus",
            role="member",
            letters=(
                made(
                    "missing",
                    "missing",
                    "member",
                    {**NOTHING, "reason": "fact", "missing": [owed("la fiche")]},
                    ref="CIG-1-0003",
                ),
            ),
        ),
        Example(
            name="rappel-1",
            role="member",
            letters=tuple(
                reminder(lot, ref, 1, [{"what": f"le bon de commande du lot {lot}", "on": "2025-12-02T09:00:00+01:00"}])
                for lot, ref in (("3", "CIG-3-0007"), ("5", "CIG-5-0019"))
            ),
            attachments=("a.pdf", "b.pdf"),
        ),
        Example(name="rappel-2", role="member", letters=(reminder("3", "CIG-3-0007", 2, []),)),
        Example(name="rappel-3", role="member", letters=(reminder("3", "CIG-3-0007", 3, []),)),
        _answer("prestataire", went_to=[passed]),
        _answer(
            "rattachement",
            intents=["join"],
            went_to=[person],
            unknown_member=True,
            paragraphs=LOTS.intents["join"].paragraphs,
            group=LDMEMS,
        ),
        _answer(
            "faq",
            went_to=[passed],
            answers=[
                {"title": a.title, "text": a.text, "link": a.link}
                for a in shipped("cig-grande-couronne").answers
                if "certificat" in a.words
            ],
            webinars=seminar,
        ),
        _answer("incompris", nothing_understood=True, intents=["other"], went_to=[person]),
        _answer(
            "precision", nothing_understood=True, ask=["Dites-nous de quel lot il s’agit, et pour quelle collectivité."]
        ),
        Example(
            name="trop-volumineux",
            role="member",
            letters=(made("answer", "too_large", "sender", {"message": message("Dossier"), "limit_mb": 25}, ref=None),),
        ),
    )
