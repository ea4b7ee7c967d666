"""Groups from YAML text. A mistake is a sentence with file, line, key. Pure: only shipped files are opened here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any

import yaml
from pydantic import ValidationError

from parsers import told
from parsers.told import TableError
from rules.schema import Group, Lot, When

DERIVED = ("member_kind", "changes_provider", "certificate_expired")  # facts that no lot describes
COMMON = "common.yaml"  # what a group need not say: wordings of refusals, names of papers and fields


class RulesError(TableError):
    """A group's YAML that cannot be used."""


def shipped_names() -> tuple[str, ...]:
    """The groups that come with the program, in alphabetical order."""
    folder = resources.files("rules") / "groups"
    return tuple(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".yaml")))


def shipped(name: str) -> Group:
    """A group that comes with the program. Raises RulesError where there is none of that name."""
    if name not in shipped_names():
        raise RulesError([f"{name}: aucun groupement de ce nom n’est livré ({', '.join(shipped_names())})"])
    return parse_group((resources.files("rules") / "groups" / f"{name}.yaml").read_text("utf-8"), f"{name}.yaml")


def parse_group(text: str, origin: str) -> Group:
    """A group from YAML `text`; `origin` names the file in errors. Raises RulesError."""
    try:
        node, table = told.parse(text, origin, "un groupement est une table (id, name, lots…)")
        group = Group.model_validate(_merged(_common(), table))
    except ValidationError as error:
        raise RulesError(told.mistakes(error, node, origin)) from error
    except TableError as error:
        raise RulesError(error.problems) from error
    problems = [f"{told.place(node, path, origin)}: {what}" for path, what in _crossed(group)]
    if problems:
        raise RulesError(problems)
    return group


def load_group(source: str, text: str | None = None) -> Group:
    """A shipped group by its name, or the YAML `text` that the shell read at the path `source`."""
    return shipped(source) if text is None else parse_group(text, source)


@cache
def _common() -> Mapping[str, Any]:
    loaded = yaml.safe_load((resources.files("rules") / COMMON).read_text("utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` on `below`: tables are merged key by key, anything else is replaced."""
    out = dict(below)
    for key, value in above.items():
        under = out.get(key)
        out[key] = _merged(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return out


def _conditions(lot: Lot) -> Iterable[tuple[tuple[int | str, ...], When]]:
    """The conditions of milestones and sentences, with their places."""
    for i, m in enumerate(lot.milestones):
        yield ("milestones", i), m.when
    for part in ("steps", "warnings", "listed", "opened"):
        for i, note in enumerate(getattr(lot, part)):
            yield (part, i), note.when


def _sentences(lot: Lot) -> Iterable[tuple[tuple[int | str, ...], str]]:
    """The sentences that are filled for a member, with their places."""
    for i, r in enumerate(lot.requirements):
        yield ("requirements", i, "how"), r.how
        for code, refusal in r.refusals.items():
            yield ("requirements", i, "refusals", code, "why"), refusal.why
            yield ("requirements", i, "refusals", code, "instead"), refusal.instead
    for i, m in enumerate(lot.milestones):
        yield ("milestones", i, "what"), m.what
        yield ("milestones", i, "reached"), m.reached
    for part in ("steps", "warnings", "listed", "opened"):
        for i, note in enumerate(getattr(lot, part)):
            yield (part, i, "text"), note.text


def _crossed(group: Group) -> Iterable[tuple[tuple[int | str, ...], str]]:
    """What a schema cannot say: ids that must be one of a kind, names that must exist."""
    lots = [x.id for x in group.lots]
    known_facts = {name for lot in group.lots for name in lot.facts} | {"member_kind"}
    for i, lot in enumerate(group.lots):
        at: tuple[int | str, ...] = ("lots", i)
        if lots.index(lot.id) != i:
            yield (*at, "id"), f"le lot « {lot.id} » existe déjà"
        if lot.provider not in group.providers:
            yield (*at, "provider"), f"« {lot.provider} » n’est pas dans providers ({', '.join(group.providers)})"
        ids = [r.id for r in [*lot.requirements, *group.requirements]]
        for j, r in enumerate(lot.requirements):
            if ids.index(r.id) != j or ids.count(r.id) > 1:
                yield (*at, "requirements", j, "id"), f"« {r.id} » existe déjà"
            for name in r.when:
                if name not in lot.facts and name != "member_kind":
                    yield (*at, "requirements", j, "when", name), "fait inconnu : le décrire dans facts du lot"
        for name, fact in lot.facts.items():
            if fact.told_by is not None and fact.told_by not in ids:
                yield (*at, "facts", name, "told_by"), f"aucune pièce « {fact.told_by} » dans requirements"
        steps = {"order", "listed", *ids, *(m.id for m in lot.milestones)}
        for j, m in enumerate(lot.milestones):
            for start in m.starts:
                if start not in steps or start == m.id:
                    yield (
                        (*at, "milestones", j, "starts"),
                        f"« {start} » n’est ni order, ni listed, ni une pièce, ni une étape",
                    )
            if m.working_days is not None and m.hours is not None:
                yield (*at, "milestones", j, "hours"), "working_days ou hours, pas les deux"
        told = {*lot.facts, *DERIVED, *group.labels}  # what a sentence may hang on: any value read, too
        for place, when in _conditions(lot):
            for name in when:
                if name not in told:
                    yield (*at, *place, "when", name), "fait inconnu : le décrire dans facts du lot"
        for place, text in _sentences(lot):
            for name in re.findall(r"\{(\w+)\}", text):
                if name not in {"prefecture", "link"}:
                    yield (*at, *place), f"« {{{name}}} » n’est ni {{prefecture}}, ni {{link}}"
    for j, r in enumerate(group.requirements):
        for name in r.when:
            if name not in known_facts:
                yield ("requirements", j, "when", name), "fait inconnu"
    for j, answer in enumerate(group.answers):
        for name in answer.lots:
            if name not in lots:
                yield ("answers", j, "lots"), f"« {name} » n’est pas un lot du groupement"
