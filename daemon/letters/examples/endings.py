"""What a coordinator's orders are told with: one dossier, several alike, all sorts together; to the provider."""

from __future__ import annotations

from typing import Literal

from daemon.letters.examples.facts import Example, made
from rules.load import shipped

_Ending = Literal["withdrawn", "closed", "reopened"]
_ENDED: tuple[tuple[_Ending, str, str, str], ...] = (
    ("withdrawn", "CIG-2-0042", "2", "renonce au lot"),
    ("withdrawn", "CIG-3-0007", "3", "renonce au lot"),
    ("reopened", "CIG-5-0019", "5", ""),
    ("closed", "CIG-1-0003", "1", "collectivité fusionnée"),
)


def of_endings() -> tuple[Example, ...]:
    """A withdrawal, two for one reason, and with them a reopening and a closure."""
    told = shipped("cig-grande-couronne").endings
    letters = [
        made(
            "confirmation",
            "ending",
            "member",
            {"motive": motive, "paragraphs": told.get(ending, []), "ending": ending},
            ref=ref,
            lot=lot,
            name=ending,
        )
        for ending, ref, lot, motive in _ENDED
    ]
    refused = {
        "motive": "siège hors du département",
        "paragraphs": told.get("turned_away", []),
        "ending": "turned_away",
    }
    provider = {"ending": "withdrawn", "forwarded_at": "2025-12-04T10:00:00+01:00"}
    return (
        *(Example(name=f"fin-{n}", role="member", letters=tuple(letters[:n])) for n in (1, 2, 4)),
        Example(
            name="demande-sans-suite",
            role="member",
            letters=(made("confirmation", "ending", "member", refused, ref="CIG-2-0042"),),
        ),
        Example(
            name="fin-au-prestataire",
            role="provider",
            letters=(made("forward", "ended", "provider", provider, ref="CIG-2-0042"),),
        ),
    )
