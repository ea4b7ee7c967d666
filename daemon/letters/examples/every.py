"""Invented mails of every kind: `check` renders each template on them, tests and docs/lettres use them too.

The facts have the form that `rules.decide` gives; bodies, persons, SIRETs (valid by Luhn) and prices are invented.
"""

from __future__ import annotations

from daemon.digest.example import digests
from daemon.letters.examples.coordinators import to_coordinators
from daemon.letters.examples.endings import of_endings
from daemon.letters.examples.facts import Example
from daemon.letters.examples.members import to_members
from daemon.letters.examples.providers import to_providers
from daemon.letters.render import Renderer


def examples() -> tuple[Example, ...]:
    """A mail for every template and every case that its words tell apart."""
    return (*to_members(), *of_endings(), *to_providers(), *to_coordinators(), *digests())


def try_all(renderer: Renderer) -> tuple[str, ...]:
    """Renders every template on every kind of letter; gives their names.

    Raises `LetterTemplateError` on the first fault.
    """
    tried = set()
    for example in examples():
        renderer.render(example.letters, role=example.role, pictures=example.pictures, attachments=example.attachments)
        tried |= {x.template for x in example.letters}
    for name in set(renderer.names()) - tried:  # a coordinator's own: at least its syntax
        renderer.compiled(f"letters/{name}.md")
    return renderer.names()
