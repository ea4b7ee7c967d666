"""An HTML body as text, with what the mail program marks as quoted or as signature kept apart.

libxml2 reads it: the standard library's parser takes time that grows with the square of some malformed inputs.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

_LONGEST = 1_000_000  # characters of HTML; a newsletter has a tenth of it
_BLOCK = frozenset(
    "p div br tr li ul ol table h1 h2 h3 h4 h5 h6 hr blockquote pre section article header footer dt dd".split()  # noqa: SIM905  a list reads worse
)
_HIDDEN = frozenset(["script", "style", "head", "title", "noscript", "template", "object", "svg"])
_QUOTED_CLASS = re.compile(
    r"gmail_quote|moz-cite-prefix|yahoo_quoted|zmail_extra|ox-quote|protonmail_quote|gmail_extra", re.IGNORECASE
)
_SIGNATURE_CLASS = re.compile(
    r"gmail_signature|moz-signature|protonmail_signature|ms-outlook-mobile-signature", re.IGNORECASE
)


class _Text:
    """Takes libxml2's events: quoted blocks become `> ` lines, so that one splitter serves both kinds of body."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.modes: list[str] = []  # of the open elements
        self.open: Counter[str] = Counter()  # how many of them hide, how many quote
        self.cids: set[str] = set()

    def start(self, tag: str, attributes: Any) -> None:
        """An element opens."""
        given = {str(k): str(v) for k, v in attributes.items()}
        if tag == "img" and given.get("src", "").lower().startswith("cid:"):
            self.cids.add(given["src"][4:].strip())
        if tag in _BLOCK:
            self.out.append("\n\n" if tag == "p" else "\n")
        if tag == "hr":
            self.out.append("_" * 20 + "\n")
        mode = self._mode(tag, given)
        self.modes.append(mode)
        self.open[mode] += 1

    def _mode(self, tag: str, given: dict[str, str]) -> str:
        label = given.get("class", "") + " " + given.get("id", "")
        style = given.get("style", "").replace(" ", "").lower()
        if tag in _HIDDEN or "display:none" in style:
            return "hidden"
        if tag == "blockquote" and (
            given.get("type", "").lower() == "cite" or "border-left" in style or _QUOTED_CLASS.search(label)
        ):
            return "quote"
        if _SIGNATURE_CLASS.search(label):
            self.out.append("\n-- \n")
        return ""

    def end(self, tag: str) -> None:
        """An element closes; libxml2 closes what the sender forgot."""
        if tag in _BLOCK and tag != "br":
            self.out.append("\n")
        elif tag in ("td", "th"):
            self.out.append("  ")
        if self.modes:
            self.open[self.modes.pop()] -= 1

    def data(self, data: str) -> None:
        """Text between tags."""
        if self.open["hidden"]:
            return
        text = re.sub(r"[ \t\r\n]+", " ", data)
        if not self.open["quote"]:
            self.out.append(text)
        elif text.strip():
            self.out.append(f"\n> {text.strip()}\n")

    def comment(self, text: str) -> None:
        """Nothing that is seen."""

    def close(self) -> str:
        """The whole text."""
        return "".join(self.out)


def html_to_text(html: str) -> tuple[str, frozenset[str]]:
    """An HTML body as text, and the Content-IDs of the pictures that it shows.

    Quoted blocks come as lines prefixed `> `; a signature that the program marks comes behind a `-- ` line.
    """
    from lxml import etree

    target = _Text()
    parser = etree.HTMLParser(target=target, encoding="utf-8", no_network=True)
    try:
        # A zero ends libxml2's reading.
        parser.feed(html[:_LONGEST].replace("\x00", " ").encode("utf-8", "replace"))
        text = str(parser.close())
    except etree.LxmlError:
        text = target.close()  # as far as it could be read
    lines = [re.sub(r"[ \t\u00a0]+", " ", x) if x.strip() != "--" else "-- " for x in text.split("\n")]
    lines = [x.strip() if x != "-- " else x for x in lines]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n"), frozenset(target.cids)
