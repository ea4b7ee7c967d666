"""An HTML body as text, with what the mail program marks as quoted or as signature kept apart."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BLOCK = frozenset(
    [
        "p",
        "div",
        "br",
        "tr",
        "li",
        "ul",
        "ol",
        "table",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "blockquote",
        "pre",
        "section",
        "article",
        "header",
        "footer",
        "dt",
        "dd",
    ]
)
_VOID = frozenset(
    ["br", "hr", "img", "meta", "link", "input", "col", "area", "base", "embed", "source", "track", "wbr"]
)
_HIDDEN = frozenset(["script", "style", "head", "title", "noscript", "template", "object", "svg"])
_QUOTED_CLASS = re.compile(
    r"gmail_quote|moz-cite-prefix|yahoo_quoted|zmail_extra|ox-quote|protonmail_quote|gmail_extra", re.IGNORECASE
)
_SIGNATURE_CLASS = re.compile(
    r"gmail_signature|moz-signature|protonmail_signature|ms-outlook-mobile-signature", re.IGNORECASE
)


class _Text(HTMLParser):
    """HTML as text: quoted blocks as `> ` lines, so that one splitter serves both kinds of body."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.stack: list[tuple[str, str]] = []  # open tags that change the mode: (tag, mode)
        self.cids: set[str] = set()

    def _mode(self, mode: str) -> bool:
        return any(m == mode for _, m in self.stack)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {k: v or "" for k, v in attrs}
        if tag == "img" and given.get("src", "").lower().startswith("cid:"):
            self.cids.add(given["src"][4:].strip())
        if tag in _BLOCK:
            self.out.append("\n\n" if tag == "p" else "\n")
        if tag in _VOID:
            if tag == "hr":
                self.out.append("_" * 20 + "\n")
            return
        label = given.get("class", "") + " " + given.get("id", "")
        style = given.get("style", "").replace(" ", "").lower()
        if tag in _HIDDEN or "display:none" in style:
            self.stack.append((tag, "hidden"))
        elif tag == "blockquote" and (
            given.get("type", "").lower() == "cite" or "border-left" in style or _QUOTED_CLASS.search(label)
        ):
            self.stack.append((tag, "quote"))
        elif _SIGNATURE_CLASS.search(label):
            self.out.append("\n-- \n")
            self.stack.append((tag, ""))
        elif any(t == tag for t, _ in self.stack):
            self.stack.append((tag, ""))  # so that the end tags pair up

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCK and tag != "br":
            self.out.append("\n")
        for i in range(len(self.stack) - 1, -1, -1):
            if self.stack[i][0] == tag:
                del self.stack[i]
                return
        if tag in ("td", "th"):
            self.out.append("  ")

    def handle_data(self, data: str) -> None:
        if self._mode("hidden"):
            return
        text = re.sub(r"[ \t\r\n]+", " ", data)
        if self._mode("quote"):
            text = text.strip()
            if text:
                self.out.append(f"\n> {text}\n")
            return
        self.out.append(text)


def html_to_text(html: str) -> tuple[str, frozenset[str]]:
    """An HTML body as text, and the Content-IDs of the pictures that it shows.

    Quoted blocks come as lines prefixed `> `; a signature that the program marks comes behind a `-- ` line.
    """
    parser = _Text()
    # Conditional comments of Outlook (`<![if …]>`) confuse no parser once they are gone.
    parser.feed(re.sub(r"<!\[.*?\]>", "", html[:2_000_000], flags=re.DOTALL))
    parser.close()
    lines = [re.sub(r"[ \t]+", " ", x) if x.strip() != "--" else "-- " for x in "".join(parser.out).split("\n")]
    lines = [x.strip() if x != "-- " else x for x in lines]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n"), frozenset(parser.cids)
