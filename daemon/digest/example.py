"""Invented digests: a busy day and a quiet week, for `check`, the tests and the pictures."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from daemon.digest.digest import digest
from daemon.digest.facts import (
    DayCount,
    DigestFacts,
    DossierLine,
    FailedLine,
    LateLine,
    MailLine,
    ReviewLine,
    SilentLine,
    Waits,
)
from daemon.letters.examples.facts import CIG, Example
from rules.records import DossierState

UNTIL = dt.datetime(2025, 12, 4, 7, 0, tzinfo=dt.UTC)
_LOTS = (
    ("1", "profil acheteur"),
    ("2", "télétransmission des actes"),
    ("3", "télétransmission des flux comptables"),
    ("5", "convocation électronique"),
)
_MOVES: dict[DossierState, Waits] = {
    "expected": "member",
    "incomplete": "member",
    "review": "coordinator",
    "complete": "provider",
    "forwarded": "provider",
    "active": "nobody",
}
_COUNTS: dict[DossierState, int] = {
    "expected": 9,
    "incomplete": 5,
    "review": 1,
    "complete": 1,
    "forwarded": 6,
    "active": 11,
}


def _dossiers() -> tuple[DossierLine, ...]:
    made: list[DossierLine] = []
    for place, (lot, title) in enumerate(_LOTS):
        for state, count in _COUNTS.items():
            for _ in range(max(0, count - place * 2)):
                number = len(made) + 1
                opened = UNTIL - dt.timedelta(days=40 - number % 30)
                made.append(
                    DossierLine(
                        ref=f"CIG-{lot}-{number:04d}",
                        lot=lot,
                        lot_title=title,
                        member=f"Commune de Vaudreuse-{number}",
                        state=state,
                        waits_for=_MOVES[state],
                        waits_since=None if state == "active" else opened,
                        missing=(f"la fiche d’ouverture de compte du lot {lot}",) if state == "incomplete" else (),
                        opened_at=opened,
                        contact=f"mairie{number}@vaudreuse.example",
                    )
                )
    return tuple(made)


def busy() -> DigestFacts:
    """A day on which much happened."""
    return DigestFacts(
        group=CIG,
        since=UNTIL - dt.timedelta(days=1),
        until=UNTIL,
        mails=12,
        pieces=18,
        letters={"acknowledgement": 11, "forward": 5, "reminder": 3},
        dossiers=_dossiers(),
        reviews=(
            ReviewLine(
                ref="CIG-2-0051",
                member="Commune d’Orvilliers-le-Pont",
                question="La clé du SIRET lu sur le bon de commande est fausse.",
                asked_at=UNTIL - dt.timedelta(days=2),
            ),
            ReviewLine(
                ref=None,
                member="SIVOM du Haut-Vaudreuil",
                question="Cet organisme n’est pas dans le recensement.",
                asked_at=UNTIL - dt.timedelta(hours=20),
            ),
        ),
        late=(
            LateLine(
                ref="CIG-3-0007",
                member="Commune de Vaudreuse",
                provider="Dematis",
                what="Dematis ouvre votre compte.",
                due=dt.date(2025, 12, 1),
            ),
        ),
        silent=(
            SilentLine(
                member="Commune de Bellefosse",
                refs=("CIG-1-0012", "CIG-2-0013"),
                since=UNTIL - dt.timedelta(days=34),
                reminders=3,
            ),
            SilentLine(
                member="Commune de Marches", refs=("CIG-5-0020",), since=UNTIL - dt.timedelta(days=16), reminders=1
            ),
        ),
        not_understood=(
            MailLine(
                received_at=UNTIL - dt.timedelta(hours=15), sender="contact@divers.example", subject="Re: dossier"
            ),
        ),
        failed=(
            FailedLine(
                ref="CIG-2-0044",
                to="ancienne-adresse@mairie.example",
                subject="Il nous manque la fiche d’ouverture de compte",
                why="550 adresse inconnue",
            ),
        ),
        days=tuple(
            DayCount(
                day=UNTIL.date() - dt.timedelta(days=28 - i),
                received=0 if i % 7 in (2, 3) else 4 + (i * 5) % 11,
                sent=0 if i % 7 in (2, 3) else 5 + (i * 7) % 9,
            )
            for i in range(28)
        ),
        answers=11,
        answer_days=Decimal("0.1"),
    )


def quiet() -> DigestFacts:
    """A week without anything."""
    return DigestFacts(group=CIG, period="week", since=UNTIL - dt.timedelta(days=7), until=UNTIL)


def digests() -> tuple[Example, ...]:
    """Both, as mails."""
    made = []
    for name, facts in (("synthese", busy()), ("synthese-calme", quiet())):
        letter, pictures, attachments = digest(facts)
        made.append(
            Example(
                name=name,
                role="coordinator",
                letters=(letter,),
                pictures=pictures,
                attachments=tuple(n for n, _, _ in attachments),
            )
        )
    return tuple(made)
