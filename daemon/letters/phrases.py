"""What several letters say together: one list of papers, one list of steps, one sentence for lots that stand alike.

Pure functions on facts, given to the templates. They return plain values; the templates hold the words around them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from daemon.letters import french

Facts = Mapping[str, Any]

_SHOWN_LINES = 4  # an order's lines told in a sentence; of a longer order its number of lines

_SUBJECT_NAME = 45  # characters of a paper's name in a subject


def ordered(lines: Sequence[Facts]) -> str:
    """« abonnement ACTES et 2 × formation à distance » from an order's lines; « » where there is none."""
    if len(lines) > _SHOWN_LINES:
        return french.counted(len(lines), "ligne", feminine=True)
    shown = [_line(x) for x in lines]
    # A label that enumerates would be taken for several.
    return "\u202f; ".join(shown) if any(" et " in x or ", " in x for x in shown) else french.listing(shown)


def _line(line: Facts) -> str:
    label = soften(str(line["label"]))
    number = french.quantity(line["quantity"])
    return label if number == "1" else f"{number}{french.NBSP}×{french.NBSP}{label}"


def soften(text: str) -> str:
    """The first letter small, in the middle of a sentence; an acronym or a proper name in capitals stays."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


_STARTERS = frozenset(
    [
        "elle",
        "elles",
        "il",
        "ils",
        "on",
        "votre",
        "vos",
        "le",
        "la",
        "les",
        "l’",
        "l'",
        "un",
        "une",
        "des",
        "nous",
        "vous",
        "dès",
        "après",
        "avant",
        "cette",
        "ce",
        "ces",
        "cet",
        "à",
        "si",
        "pour",
        "en",
        "chaque",
        "chacun",
    ]
)


def after_colon(text: str) -> str:
    """A sentence set after a colon: its first word in small letters where it is a small word or a verb."""
    first = text.split(" ", 1)[0].split("’")[0].split("'")[0]
    # An imperative (« Demandez-le ») is no name either.
    known = first.lower() in _STARTERS or first.lower() == "l" or re.search(r"ez(-\w+)*$", first)
    return text[:1].lower() + text[1:] if known else text


def lots(letters: Iterable[Facts], preposition: str = "") -> str:
    """« du lot 2 », « des lots 2, 3 et 5 », « « vote électronique » et « logiciel PDF » » for lots without a number.

    With a preposition (`pour`): « pour le lot 2 », « pour les lots 2 et 3 », « pour « vote électronique » ».
    """
    shorts = list(dict.fromkeys(str(f["dossier"]["short"]) for f in letters))
    before = f"{preposition} " if preposition else ""
    if not all(re.fullmatch(r"lot \w+", s) for s in shorts):
        return before + french.listing(f"« {s} »" for s in shorts)
    names = french.listing(s.removeprefix("lot ") for s in shorts)
    if preposition:
        return f"{before}{'le lot' if len(shorts) == 1 else 'les lots'} {names}"
    return f"{'du lot' if len(shorts) == 1 else 'des lots'} {names}"


def owed(letters: Iterable[Facts]) -> list[Facts]:
    """All papers owed, each once: what blocks first, a paper asked group-wide told for no lot in particular."""
    seen: set[tuple[str, ...]] = set()
    found: list[Facts] = []
    for f in letters:
        for item in f["missing"]:
            mark = ("", str(item["id"])) if item.get("group_wide") else (str(item["what"]), str(item.get("link")))
            if mark not in seen:
                seen.add(mark)
                found.append(item)
    return sorted(found, key=lambda x: not x.get("blocks", True))


def once(letters: Iterable[Facts], name: str) -> list[Any]:
    """The values of a list fact over all letters, in order, each once."""
    found: list[Any] = []
    for f in letters:
        for value in f.get(name) or ():
            if value not in found:
                found.append(value)
    return found


def once_by(letters: Iterable[Facts], name: str, key: str, state: str | None = None) -> list[Any]:
    """One key of the records of a list fact (those in `state`), over all letters, each value once."""
    return list(dict.fromkeys(x[key] for x in once(letters, name) if state is None or x["state"] == state))


def once_each(letters: Iterable[Facts], name: str) -> list[Any]:
    """The values of a fact over all letters, each once."""
    found: list[Any] = []
    for f in letters:
        if f[name] not in found:
            found.append(f[name])
    return found


def papers(letters: Iterable[Facts]) -> list[dict[str, Any]]:
    """What a mail brought, each paper once; one that serves several lots says so (`same`: told before)."""
    told: set[str] = set()
    seen: set[tuple[str, str]] = set()
    found: list[dict[str, Any]] = []
    for f in letters:
        for item in f["recognised"]:
            mark = (str(item["piece"]), str(item["what"]))
            if mark not in seen:
                seen.add(mark)
                found.append(dict(item, same=item["piece"] in told))
                told.add(str(item["piece"]))
    return found


def arrivals(letters: Iterable[Facts]) -> list[dict[str, Any]]:
    """What came, by day: `on` and the papers' names."""
    days: dict[str, dict[str, Any]] = {}
    for item in sorted(once(letters, "received"), key=lambda x: str(x["on"])):
        day = days.setdefault(french.date_plain(item["on"]), {"on": item["on"], "what": []})
        if item["what"] not in day["what"]:
            day["what"].append(item["what"])
    return list(days.values())


def coming(letters: Sequence[Facts], name: str = "next") -> list[dict[str, Any]]:
    """The steps ahead of all dossiers by day; those alike told once, with their lots (`lots`: « » for one dossier)."""
    shorts = {str(f["dossier"]["short"]) for f in letters if f.get("dossier")}
    found: dict[tuple[str, str], list[Facts]] = {}
    for f in letters:
        for step in f[name]:
            if step.get("state") != "reached":
                found.setdefault((str(step["due"] or ""), str(step["what"])), []).append(f)
    steps = [
        {"due": due or None, "what": what, "lots": lots(who, "pour") if len(shorts) > 1 else ""}
        for (due, what), who in found.items()
    ]
    # Days in order; what has no date keeps its place at the end.
    return sorted(steps, key=lambda s: str(s["due"] or "9999"))


def shown(value: object) -> str:
    """A value read, as a letter shows it: oui or non, a date in full, a SIRET and a telephone in groups."""
    if isinstance(value, bool):
        return "oui" if value else "non"
    text = str(value)
    if re.fullmatch(r"[0-9]{14}", text):
        return french.siret(text)
    if re.fullmatch(r"\+[0-9]{8,15}", text):
        return french.phone(text)
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return french.date_plain(text)
    if re.fullmatch(r"[0-9]+\.[0-9]{2}", text):
        return french.amount(text)
    return text


def bare(what: str) -> str:
    """A paper's name without what is asked of it: « la convention de groupement » of « …, signée en ligne »."""
    return what.split(", ")[0]


def brief(item: Facts) -> str:
    """A paper that is owed, for a subject: its name up to the comma; where that is long, its brief one."""
    short = bare(str(item["what"]))
    return short if len(short) <= _SUBJECT_NAME else str(item.get("brief") or "un document")


def alike(letters: Iterable[Facts], *names: str) -> list[list[Facts]]:
    """Letters grouped by equal values of some facts (`forward.provider`), to be told in one sentence."""
    groups: dict[str, list[Facts]] = {}
    for f in letters:
        groups.setdefault(repr([_at(f, name) for name in names]), []).append(f)
    return list(groups.values())


def _at(facts: Any, path: str) -> Any:
    for name in path.split("."):
        facts = facts.get(name) if isinstance(facts, Mapping) else None
    return french.date_plain(facts) if path.endswith("at") and facts else facts


def total(pieces: Iterable[Facts], name: str = "total_excl_tax") -> Decimal | None:
    """The sum of the orders' totals; None where an order with lines shows none: a partial sum would mislead."""
    amounts = [p.get(name) for p in pieces if p.get("lines")]
    if not amounts or None in amounts:
        return None
    return sum((Decimal(str(a)) for a in amounts), Decimal(0))


FUNCTIONS = {
    "after_colon": after_colon,
    "alike": alike,
    "arrivals": arrivals,
    "coming": coming,
    "lots": lots,
    "once": once,
    "once_by": once_by,
    "once_each": once_each,
    "ordered": ordered,
    "owed": owed,
    "papers": papers,
    "total": total,
}
