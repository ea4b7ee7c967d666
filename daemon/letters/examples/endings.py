"""What a member is told of a coordinator's orders: one dossier, several alike, all sorts together."""

from __future__ import annotations

from daemon.letters.examples.facts import Example, made


def of_endings() -> tuple[Example, ...]:
    """A withdrawal, two for one reason, and with them a reopening and a closure."""
    ended = {"motive": "renonce au lot", "paragraphs": ["Nous n’attendons plus aucun papier de votre part."]}
    letters = [
        made("confirmation", "ending", "member", {**ended, "ending": ending}, ref=ref, lot=lot, name=ending)
        for ending, ref, lot in (
            ("withdrawn", "CIG-2-0042", "2"),
            ("withdrawn", "CIG-3-0007", "3"),
            ("reopened", "CIG-5-0019", "5"),
            ("closed", "CIG-1-0003", "1"),
        )
    ]
    return tuple(Example(name=f"fin-{n}", role="member", letters=tuple(letters[:n])) for n in (1, 2, 4))
