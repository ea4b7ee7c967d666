"""The groups' catalogues: market years in force, providers, and the words by which a lot is known in an order.

`catalogues/*.yaml` is shipped; a further group is a further file, shipped or in a folder of the configuration's forms
(`*.catalogue.yaml` there). Words are folded (no accents, no case) and match whole words; `*` stands for any letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from parsers import told
from parsers.told import TableError
from parsers.values import fold


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Provider(_Entry):
    """A firm that holds a lot; `sirens` and `domains` are further witnesses of who it is."""

    key: str
    names: tuple[str, ...]
    sirens: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()


class Lot(_Entry):
    """What a lot's orders speak of.

    Where a word of `unless` stands in the same text, `words` prove nothing; `weak` words count where nothing else does.
    """

    id: str
    provider: str
    words: tuple[str, ...]
    unless: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    _words: re.Pattern[str] = PrivateAttr()
    _unless: re.Pattern[str] | None = PrivateAttr()
    _weak: re.Pattern[str] | None = PrivateAttr()

    def model_post_init(self, _context: object, /) -> None:
        """Compile the words once."""
        self._words = pattern(self.words)
        self._unless = pattern(self.unless) if self.unless else None
        self._weak = pattern(self.weak) if self.weak else None

    def spoken_of(self, folded: str) -> bool:
        """Whether a folded text speaks of this lot."""
        return bool(self._words.search(folded)) and not (self._unless and self._unless.search(folded))

    def hinted_at(self, folded: str) -> bool:
        """Whether a folded text has a word that this lot shares with others."""
        return bool(self._weak and self._weak.search(folded)) and not (self._unless and self._unless.search(folded))


class Catalogue(_Entry):
    """One group's catalogue."""

    group: str
    buyers: tuple[str, ...] = Field(description="kinds of bodies that usually buy here, see parsers.names")
    years: tuple[str, ...] = Field(description="market years in force, as printed: 2023-2026")
    words: tuple[str, ...]
    providers: tuple[Provider, ...]
    lots: tuple[Lot, ...]
    _words: re.Pattern[str] = PrivateAttr()

    def model_post_init(self, _context: object, /) -> None:
        """Compile the words once."""
        self._words = pattern(self.words)

    def named(self, folded: str) -> bool:
        """Whether a folded text names the group itself."""
        return self._words.search(folded) is not None

    def lots_of(self, provider: str) -> tuple[str, ...]:
        """Ids of the lots that a provider holds."""
        return tuple(x.id for x in self.lots if x.provider == provider)


def pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Whole folded words; `*` stands for letters, a space for any run of spaces or a hyphen."""
    parts = [re.escape(fold(w)).replace(r"\*", r"\w*").replace(r"\ ", r"[\s\-]+") for w in words]
    parts.sort(key=len, reverse=True)
    return re.compile(r"(?<![\w@])(?:" + "|".join(parts) + r")(?!\w)")


@cache
def catalogues(folders: tuple[str, ...] = ()) -> tuple[Catalogue, ...]:
    """The shipped catalogues and those of `folders`, by file name. Raises TableError on a wrong file."""
    shipped = resources.files("parsers") / "catalogues"
    files = [f for f in shipped.iterdir() if f.name.endswith(".yaml")]
    files += [f for folder in folders for f in Path(folder).glob("*.catalogue.yaml")]
    files.sort(key=lambda f: f.name)
    return tuple(_read(f.read_text("utf-8"), str(f)) for f in files)


def _read(text: str, origin: str) -> Catalogue:
    node, table = told.parse(text, origin)
    try:
        read = Catalogue.model_validate(table)
    except ValidationError as error:
        raise TableError(told.mistakes(error, node, origin)) from error
    keys = [p.key for p in read.providers]
    problems = [
        f"{told.place(node, ('lots', i, 'provider'), origin)}: « {lot.provider} » n’est pas dans providers"
        for i, lot in enumerate(read.lots)
        if lot.provider not in keys
    ]
    if problems:
        raise TableError(problems)
    return read


def catalogue(group: str | None, folders: tuple[str, ...] = ()) -> Catalogue | None:
    """One group's catalogue, None for a group that has none."""
    return next((c for c in catalogues(folders) if c.group == group), None)


@cache
def _provider_patterns(folders: tuple[str, ...]) -> tuple[tuple[re.Pattern[str], Catalogue, Provider], ...]:
    return tuple((pattern((*p.names, *p.domains)), c, p) for c in catalogues(folders) for p in c.providers)


def forget() -> None:
    """The files are read anew when next asked for: all that was made of them goes together."""
    catalogues.cache_clear()
    _provider_patterns.cache_clear()


def providers_in(text: str, folders: tuple[str, ...] = ()) -> tuple[tuple[Catalogue, Provider], ...]:
    """The providers that a text names, by name, domain or SIREN."""
    folded = fold(text)
    digits = re.sub(r"(?<=\d)[\s.]+(?=\d)", "", folded)
    return tuple(
        (c, p)
        for words, c, p in _provider_patterns(folders)
        if words.search(folded) or any(re.search(rf"(?<!\d){s}(?:\d{{5}})?(?!\d)", digits) for s in p.sirens)
    )


def provider_sirens(folders: tuple[str, ...] = ()) -> frozenset[str]:
    """SIRENs of every known provider: never a member's."""
    return frozenset(s for c in catalogues(folders) for p in c.providers for s in p.sirens)
