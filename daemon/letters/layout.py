"""Blocks of several templates laid out as one letter: nothing said twice, lists whole and punctuated.

Pure, on Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_LISTS = ("owed", "next")  # blocks that are one list: a single item reads better as a sentence


def lay(block: str, texts: Iterable[str]) -> str:
    """The texts of a block, one after the other; what two of them say is said once."""
    pieces: list[str] = []
    for text in texts:
        said = set(pieces)  # by the templates before this one; what one template repeats, it means
        pieces += [piece for piece in _pieces(text) if piece not in said]
    if block in _LISTS:
        # What opens a list, its items, the rest: a paragraph of one template must not cut the list that several share.
        pieces.sort(key=lambda piece: 1 if piece.startswith("- ") else 0 if piece.endswith(":") else 2)
        items = [p for p in pieces if p.startswith("- ")]
        if len(items) == 1 and pieces[0] == items[0]:
            pieces[0] = _sentence(items[0])
    return punctuate(tidy("\n\n".join(pieces)))


def _pieces(text: str) -> Iterator[str]:
    """Paragraphs, a list's items each alone."""
    for paragraph in re.split(r"\n{2,}", tidy(text)):
        if paragraph.startswith("- "):
            yield from re.split(r"\n(?=- )", paragraph)
        elif paragraph.strip():
            yield paragraph


def _sentence(item: str) -> str:
    text = item.removeprefix("- ").replace("\n  ", "\n")
    return _end(text[:1].upper() + text[1:], ".")


_LOOSE = re.compile(r"(?m)^((?:- |  ).*)\n\n+(?=- )")


def tidy(text: str) -> str:
    """No blank line inside a list, one between paragraphs: what loops of a template leave behind."""
    text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
    text = re.sub(r"(?m)^((?!- |  |>).+)\n(?=- )", r"\1\n\n", text)  # a list is a paragraph of its own
    text = re.sub(r"\n{3,}", "\n\n", text)
    before = None
    while before != text:
        before, text = text, _LOOSE.sub(r"\1\n", text)
    return text.strip("\n")


def punctuate(text: str) -> str:
    """A list's items end with a semicolon, the last with a full stop, unless they end with a mark of their own."""
    out = []
    for paragraph in text.split("\n\n"):
        if not paragraph.startswith("- "):
            out.append(paragraph)
            continue
        *items, last = re.split(r"\n(?=- )", paragraph)
        out.append("\n".join([*(_end(i, " ;") for i in items), _end(last, ".")]))
    return "\n\n".join(out)


def _end(text: str, mark: str) -> str:
    """The mark added, unless the text ends with one, or with an address: a mark would be taken for part of it."""
    return text if re.search(r"[.;:?!>]$", text) else text + mark
