"""Letters to providers."""

from __future__ import annotations

from daemon.letters.examples.facts import (
    FORM,
    J2,
    J4,
    LDMEMS,
    LINES,
    LOT_VOTE,
    MEMBERS,
    ORDER,
    SCHOOL,
    Example,
    made,
    message,
)


def to_providers() -> tuple[Example, ...]:
    """What providers get."""
    forward = {
        "complement": False,
        "before": [],
        "words": "",
        "pieces": [
            dict(ORDER, id="p1", what="le bon de commande du lot 2"),
            dict(FORM, id="p2", what="la fiche d’ouverture de compte"),
        ],
        "sheet": [
            {"label": "SIRET", "value": "21910652300018"},
            {"label": "Contact", "value": "Mme Claire Lefèvre, secrétaire générale"},
            {"label": "Téléphone", "value": "+33169000000"},
            {"label": "Courriel", "value": "mairie@orvilliers-le-pont.example"},
            {"label": "Télétransmet déjà", "value": True},
            {"label": "Certificat RGS** valable jusqu’au", "value": "2027-05-03"},
        ],
        "orders": LINES,
        "trainings": [LINES[1]],
        "promised": [
            dict(J2, what="appel de l’adhérent pour confirmer la commande et vérifier sa clé RGS**"),
            dict(J4, what="ouverture du compte"),
        ],
        "intro": "La commune télétransmet déjà : l’avenant suivra, il ne retarde pas l’ouverture du compte.",
        "exact_subject": None,
    }
    complement = forward | {
        "complement": True,
        "before": [{"what": "la fiche d’ouverture de compte", "on": "2025-12-04T10:00:00+01:00"}],
        "words": "Bonjour,\n\nVoici notre fiche corrigée, qui remplace la précédente.",
        "pieces": [dict(FORM, id="p3", what="la fiche d’ouverture de compte")],
        "orders": [],
        "trainings": [],
        "promised": [],
        "intro": "",
    }
    question = {
        "message": message("Question", "Bonjour,\n\nLe parapheur fonctionne-t-il sur tablette ?\n\nMerci"),
        "provider": "Dematis",
        "intents": ["question_technical"],
        "contact": {
            "name": "Mme Claire Lefèvre",
            "email": "mairie@orvilliers-le-pont.example",
            "phone": "+33169000000",
        },
        "lots": [{"id": "2", "title": "télétransmission des actes"}],
    }
    reply = {
        "message": message("Re: une question", "Bonjour,\n\nLa clé est au nom de Mme Lefèvre.\n\nCordialement"),
        "asked": [{"at": "2025-12-03T15:00:00+01:00", "words": "Bonjour,\n\nÀ quel nom la clé est-elle établie ?"}],
        "pieces": [],
    }
    chaser = {
        "milestone": {"id": "j4", "what": "ouverture du compte", "due": "2025-12-10"},
        "forwarded_at": "2025-12-04T10:00:00+01:00",
    }
    listing = {"lot": LOT_VOTE, "provider": "Kercia", "members": MEMBERS, "additions": False, "intro": ""}
    return (
        Example(
            name="transmission",
            role="provider",
            letters=(made("forward", "forward", "provider", forward, ref="CIG-2-0042"),),
            attachments=("CIG-2-0042 - Orvilliers-le-Pont - bon de commande.pdf",),
        ),
        Example(
            name="transmission-complement",
            role="provider",
            letters=(made("forward", "forward", "provider", complement, ref="CIG-2-0042"),),
        ),
        Example(
            name="transmission-objet-exact",
            role="provider",
            letters=(
                made(
                    "forward",
                    "forward",
                    "provider",
                    forward | {"exact_subject": "marché groupement LDMEMS"},
                    ref="LDMEMS-RGS-0004",
                    lot="rgs",
                    subject="marché groupement LDMEMS",
                    group=LDMEMS,
                    member=SCHOOL,
                ),
            ),
        ),
        Example(
            name="question-au-prestataire",
            role="provider",
            letters=(made("forward", "question", "provider", question, ref="CIG-2-0042"),),
        ),
        Example(
            name="reponse-au-prestataire",
            role="provider",
            letters=(made("forward", "reply", "provider", reply, ref="CIG-2-0042"),),
        ),
        Example(
            name="relance-prestataire",
            role="provider",
            letters=(made("reminder", "chaser", "provider", chaser, ref="CIG-2-0042"),),
        ),
        Example(
            name="liste",
            role="provider",
            letters=(made("list", "list", "provider", listing, ref=None, group=LDMEMS, member=None),),
        ),
        Example(
            name="liste-ajouts",
            role="provider",
            letters=(
                made("list", "list", "provider", listing | {"additions": True}, ref=None, group=LDMEMS, member=None),
            ),
        ),
    )
