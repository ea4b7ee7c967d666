"""What a member is told of a coordinator's orders: one dossier, several alike, all sorts together."""

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
    return tuple(Example(name=f"fin-{n}", role="member", letters=tuple(letters[:n])) for n in (1, 2, 4))
