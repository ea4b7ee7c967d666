"""Invented mails of every kind: `check` renders each template on them, tests and docs/lettres use them too.

The facts have the form that `rules.decide` gives; bodies, persons, SIRETs (valid by Luhn) and prices are invented.
"""

from __future__ import annotations

from daemon.letters.examples.facts import CIG, Example

__all__ = ["CIG", "Example", "examples"]


def examples() -> tuple[Example, ...]:
    """A mail for every template and every case that its words tell apart."""
    from daemon.digest.example import digests  # here: a digest is made of letters
    from daemon.letters.examples.coordinators import to_coordinators
    from daemon.letters.examples.members import to_members
    from daemon.letters.examples.providers import to_providers

    return (*to_members(), *to_providers(), *to_coordinators(), *digests())
