"""Light Markdown to plain text and to HTML: one writing of a letter, two parts of its mail.

What a letter may hold: paragraphs, headings, lists, tables, quotations, **strong**, *emphasis*, links, and pictures
that travel in the mail (`cid:`). Raw HTML is text, other schemes than http(s) and mailto are no links.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from daemon.letters.french import typography

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token
    from markdown_it.tree import SyntaxTreeNode

WIDTH = 76  # columns of the text part, under the 78 of RFC 5322 § 2.1.1
_SAFE_LINK = re.compile(r"(https?://|mailto:|cid:)", re.IGNORECASE)
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+.!|<>&~=:-])")
_NO_HEAD = re.compile(r"<thead>\s*<tr>\s*(?:<th[^>]*></th>\s*)+</tr>\s*</thead>\s*")  # of a table of pairs
_BLANK = re.compile(r"\s+")


def escape(value: object) -> str:
    """A value as Markdown that shows exactly that value, on one line: it can neither mark up nor link."""
    return escape_part(str(value)).strip(" ")


def escape_part(text: str) -> str:
    """Like `escape`, the spaces at both ends kept: for a part of a sentence."""
    text = _BLANK.sub(lambda m: m.group() if m.group() in "\u00a0\u202f" else " ", text)
    return _SPECIAL.sub(r"\\\1", text)


def quotation(value: object) -> str:
    """What a person wrote, as a Markdown block quotation, line by line, nothing of it marking up."""
    lines = [escape(line) for line in str(value).strip().splitlines()]
    return "\n".join(f"> {line}\\" if line and following else f"> {line}" for line, following in _pairs(lines))


def _pairs(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    for i, line in enumerate(lines):
        yield line, lines[i + 1] if i + 1 < len(lines) else ""


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.validateLink = lambda url: bool(_SAFE_LINK.match(url))  # type: ignore[method-assign]
    return parser


def parse(source: str) -> list[Token]:
    """The Markdown's tokens, its words in French typography; addresses, code and link texts that are URLs untouched."""
    tokens = _parser().parse(source)
    for token in tokens:
        in_address = False
        for child in token.children or ():
            if child.type == "link_open":
                in_address = child.info == "auto"
            elif child.type == "link_close":
                in_address = False
            elif child.type == "text" and not in_address:
                child.content = typography(child.content)
            for word in child.children or ():  # a picture's alternative
                word.content = typography(word.content)
    return tokens


def to_html(source: str) -> str:
    """The Markdown as an HTML fragment."""
    parser = _parser()
    page = str(parser.renderer.render(parse(source), parser.options, {}))
    return _NO_HEAD.sub("", page)


def to_text(source: str, width: int = WIDTH) -> str:
    """The Markdown as plain text, wrapped; addresses are never cut."""
    from markdown_it.tree import SyntaxTreeNode

    root = SyntaxTreeNode(parse(source))
    return "\n".join(_blocks(root.children, width)).strip("\n") + "\n"


def _blocks(nodes: Sequence[SyntaxTreeNode], width: int) -> list[str]:
    """Lines of a run of blocks, a blank one between two; a heading stands close to what it heads,
    a list to the sentence that opens it."""
    lines: list[str] = []
    previous = ""
    for node in nodes:
        made = _BLOCKS.get(node.type, _paragraph)(node, width)
        close = previous == "heading" or (node.type.endswith("_list") and lines and lines[-1].endswith(":"))
        if made and lines and not close:
            lines.append("")
        lines += made
        previous = node.type
    return lines


def _paragraph(node: SyntaxTreeNode, width: int) -> list[str]:
    lines: list[str] = []
    for piece in _inline(node).split("\n"):
        lines += _wrap(piece, width)
    return lines


def _wrap(text: str, width: int) -> list[str]:
    # textwrap breaks at ASCII white space alone, so no-break spaces hold.
    return textwrap.wrap(text, max(width, 30), break_long_words=False, break_on_hyphens=False)


def _heading(node: SyntaxTreeNode, width: int) -> list[str]:
    text = _inline(node)
    return _wrap(text, width) if node.tag != "h1" else [*_wrap(text, width), "=" * min(len(text), width)]


def _list(node: SyntaxTreeNode, width: int) -> list[str]:
    lines: list[str] = []
    start = int(node.attrs.get("start", 1))
    for number, item in enumerate(node.children, start):
        mark = f"{number}. " if node.type == "ordered_list" else "- "
        inner = _blocks(item.children, width - len(mark))
        if node.children[0].children and not item.children[0].hidden and lines:
            lines.append("")
        lines += [(mark if i == 0 else " " * len(mark)) + line if line else "" for i, line in enumerate(inner or [""])]
    return lines


def _quote(node: SyntaxTreeNode, width: int) -> list[str]:
    return [("> " + line).rstrip() for line in _blocks(node.children, width - 2)]


def _table(node: SyntaxTreeNode, width: int) -> list[str]:
    """A two-column table as « name : value » lines; a wider one with its columns aligned where they fit."""
    rows = [[_inline(cell) for cell in row.children] for part in node.children for row in part.children]
    rows = [row for row in rows if any(row)]
    if not rows:
        return []
    if max(len(row) for row in rows) == 2 and not any(_header(node)):
        return [line for name, value in rows for line in _hanging(f"{name}\u00a0: {value}", width)]
    widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(max(map(len, rows)))]
    if sum(widths) + 2 * (len(widths) - 1) <= width:
        return ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=False)).rstrip() for row in rows]
    head, *body = rows
    return [
        line
        for first, *rest in body
        for line in _hanging(
            f"- {first}\u00a0: " + ", ".join(f"{h} {c}" for h, c in zip(head[1:], rest, strict=False) if c), width
        )
    ]


def _header(node: SyntaxTreeNode) -> list[str]:
    return [
        _inline(cell) for part in node.children if part.type == "thead" for r in part.children for cell in r.children
    ]


def _hanging(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _rule(_node: SyntaxTreeNode, _width: int) -> list[str]:
    return ["-" * 10]


_BLOCKS: dict[str, Callable[[SyntaxTreeNode, int], list[str]]] = {
    "heading": _heading,
    "bullet_list": _list,
    "ordered_list": _list,
    "blockquote": _quote,
    "table": _table,
    "hr": _rule,
}


def _inline(node: SyntaxTreeNode) -> str:
    """The words of a node: marks dropped, a link followed by its address."""
    if node.type in ("text", "code_inline"):
        return node.content
    if node.type == "softbreak":
        return " "
    if node.type == "hardbreak":
        return "\n"
    if node.type == "image":
        return f"(image\u00a0: {_children(node)})"
    if node.type == "link":
        label, address = _children(node), str(node.attrs["href"]).removeprefix("mailto:")
        return address if label == address or node.info == "auto" else f"{label} ({address})"
    if node.type in ("code_block", "fence"):
        return node.content.rstrip("\n")
    return _children(node)


def _children(node: SyntaxTreeNode) -> str:
    return "".join(_inline(child) for child in node.children)
