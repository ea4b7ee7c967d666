"""A coordinator's instructions, one a line: `clore REF : motif`, `retirer REF : motif`, `rouvrir REF`, `liste LOT`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rules.lists import automatic
from rules.schema import Group
from rules.text import folded

What = Literal["closed", "withdrawn", "reopened", "list"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Instruction:
    """One line."""

    what: What
    refs: tuple[str, ...] = ()  # of the dossiers, as written, in capitals; empty: none was named
    motive: str = ""
    lot: str = ""  # of a list that is asked again


_VERBS: dict[str, What] = {
    **dict.fromkeys(("clore", "cloturer", "fermer"), "closed"),
    "retirer": "withdrawn",
    **dict.fromkeys(("rouvrir", "reouvrir"), "reopened"),
    "liste": "list",
}
_INSTRUCTION = re.compile(
    rf"(?:merci de |veuillez |prière de )?({'|'.join(_VERBS)}|clôturer|réouvrir)\b\s*(.*)$", re.IGNORECASE
)
_REF = r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+-[0-9]{4,}"
_REFS = re.compile(
    rf"(?:(?:les?|ces?) )?(?:dossiers? )?((?:\[?{_REF}\]?(?:\s*(?:,|;|\bet\b)\s*|\s+|(?=\W|$)))*)(.*)$", re.IGNORECASE
)
_LONGEST = 1000  # characters of an instruction
_GREETING = re.compile(r"(?:bonjour|bonsoir|madame|monsieur|mesdames|messieurs)\b", re.IGNORECASE)


def parse(group: Group, text: str, about: Sequence[str] = ()) -> tuple[Instruction, ...]:
    """The instructions at the head of a mail's words, up to the first line that is none (its signature).

    `about`: the dossier of the letter that the mail answers, meant where no ref is written. Empty where the words do
    not begin with an instruction: a person wrote something else, and nothing further down is taken for one.
    """
    instructions: list[Instruction] = []
    for line in (x.strip(" \t>*.«»\u00a0\u202f") for x in text.splitlines()):
        if not line or (not instructions and _GREETING.match(line)):
            continue
        instruction = _instruction(group, line, about)
        if instruction is None and instructions and _INSTRUCTION.match(line):
            return ()  # half of what was meant is not done
        if instruction is None:
            break
        instructions.append(instruction)
    return tuple(instructions)


def _instruction(group: Group, line: str, about: Sequence[str]) -> Instruction | None:
    begun = _INSTRUCTION.match(line) if len(line) <= _LONGEST else None
    if begun is None:
        return None
    what, rest = _VERBS[folded(begun[1])], begun[2]
    if what == "list":
        lot = _lot(group, rest)
        return Instruction(what="list", lot=lot) if lot else None
    named = _REFS.match(rest)
    assert named is not None  # every part of it may be empty
    refs, tail = tuple(dict.fromkeys(r.upper() for r in re.findall(_REF, named[1], re.IGNORECASE))), named[2].strip()
    if tail and tail[0] not in ":–—-":
        return None  # words that are no motive: « si le maire confirme »
    if not refs and not tail and not about:
        return None
    return Instruction(what=what, refs=refs or tuple(about), motive=tail.lstrip(":–—- \u00a0\u202f").strip())


def _lot(group: Group, words: str) -> str:
    """The automatic lot that the words name; empty where they name none."""
    plain = re.sub(r"^(?:(?:du|de|le|la) )*(?:lot )?", "", folded(words.strip(" :.\u00a0\u202f")))
    found = [
        x.id for x in group.lots if automatic(x) and plain in {folded(n) for n in (x.id, x.title, x.short, *x.names)}
    ]
    return found[0] if len(found) == 1 else ""
