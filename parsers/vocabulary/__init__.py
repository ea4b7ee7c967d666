"""The words of free layouts (`*.yaml`): labels, columns, roles, titles, people, as patterns on folded text.

Each entry is a key and its alternatives; `<NAME>` stands for a macro of the same file. Words are data: a further
finance software's label is a line in a file.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from pydantic import BaseModel, ConfigDict


class Entry(BaseModel):
    """A key with its alternatives; `strong` matters for labels alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    strong: bool = False
    any: tuple[str, ...]


@cache
def load(name: str) -> tuple[tuple[Entry, str], ...]:
    """The entries of `vocabulary/<name>.yaml`, in order, each with its alternatives joined and its macros put in.

    Raises pydantic's `ValidationError` or `re.error` on a wrong file.
    """
    import yaml

    data = yaml.safe_load((resources.files(__name__) / f"{name}.yaml").read_text("utf-8"))
    macros: dict[str, str] = data.get("macros", {})
    found = []
    for raw in next(v for k, v in data.items() if k != "macros"):
        entry = Entry.model_validate(raw)
        pattern = "|".join(entry.any)
        for macro, text in macros.items():
            pattern = pattern.replace(f"<{macro}>", text)
        # Recognised pictures drop spaces (`Datedecommande`); no word of these files is lost by allowing that.
        pattern = pattern.replace(r"\s+", r"\s*")
        re.compile(pattern)
        found.append((entry, f"(?:{pattern})"))
    return tuple(found)


@cache
def pattern(name: str, key: str, after: str = "") -> re.Pattern[str]:
    """All alternatives of a key in a file as one pattern, `after` appended."""
    return re.compile("(?:" + "|".join(p for e, p in load(name) if e.key == key) + ")" + after)


@cache
def patterns(name: str, after: str = "") -> tuple[tuple[Entry, re.Pattern[str]], ...]:
    """Every entry of a file with its pattern, `after` appended."""
    return tuple((e, re.compile(p + after)) for e, p in load(name))
