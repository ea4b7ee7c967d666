"""Papers written as sentences (« et Commune de X, SIRET : …, représentée par … ») read by their form's patterns.

A pattern is a regular expression over the pages' text, words separated by single spaces; its groups are named as the
contract's fields. Several patterns may give one field: the first that matches counts.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from parsers.labels import Line, around
from parsers.layouts import Form
from parsers.page import Word
from parsers.records import Box
from parsers.zones import joined


@dataclass(frozen=True, slots=True)
class Found:
    """One value in running text and the words that it is made of."""

    text: str
    words: tuple[Word, ...]
    page: int  # index in the run of pages

    @property
    def box(self) -> Box:
        """Around the words."""
        return around(w.box for w in self.words)


@functools.cache
def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(p, re.IGNORECASE) for p in patterns)


def matched(form: Form, lines: Sequence[Line]) -> float:
    """Share of the form's patterns that the text satisfies."""
    if form.prose is None:
        return 0.0
    text = " ".join(w.text for line in lines for _, w in line.words)
    text = _straight(text)
    found = sum(p.search(text) is not None for p in _compiled(form.prose.patterns))
    return found / len(form.prose.patterns)


def read(form: Form, lines: Sequence[Line]) -> Mapping[str, Found]:
    """The values that the form's patterns find; empty ones (dot leaders) are left out."""
    if form.prose is None:
        return {}
    words = [(line.page, w) for line in lines for _, w in line.words]
    text = ""
    starts: list[int] = []
    for _, w in words:
        text += " " if text else ""
        starts.append(len(text))
        text += w.text
    text = _straight(text)
    out: dict[str, Found] = {}
    for pattern in _compiled(form.prose.patterns):
        match = pattern.search(text)
        if match is None:
            continue
        for name, value in match.groupdict().items():
            if value is None or name in out or not any(c.isalnum() for c in value):
                continue
            start, end = match.span(name)
            inside = [words[i] for i, s in enumerate(starts) if s < end and s + len(words[i][1].text) > start]
            out[name] = Found(
                joined([Word(text=value, box=inside[0][1].box)]), tuple(w for _, w in inside), inside[0][0]
            )
    return out


def _straight(text: str) -> str:
    """One kind of apostrophe and of space; as many letters as before."""
    return text.replace("’", "'").replace("\u00a0", " ").replace("\u202f", " ")
