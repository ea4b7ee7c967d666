"""A person's mail on the table, with what filing may look into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rules.incoming import Books, Incoming
from rules.records import Identity, OpenDossier
from rules.schema import Group
from rules.who import Census


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """One mail of a person, its sender looked up."""

    group: Group
    incoming: Incoming
    census: Census
    books: Books
    quoted: Sequence[OpenDossier]
    identity: Identity  # by sender, thread and refs
