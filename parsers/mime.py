"""A MIME message taken apart: its text as written, and the files in it in the order of the message.

The standard library's parser builds the tree; what senders get wrong is mended here: no boundary declared, a wrong
charset or transfer encoding, messages nested without end. Nothing here raises on a message, however broken.
"""

from __future__ import annotations

import base64
import binascii
import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message

from parsers import headers, sniff
from parsers.html_text import html_to_text

MAX_NESTING = 40  # multiparts in multiparts; honest mails have five at most

_BASE64_FILE = re.compile(rb"\s*(JVBERi0|UEsDB|0M8R4K|/9j/|iVBORw0KG|SUkqA|TU0AK|MI[IJ])[A-Za-z0-9+/=\s]{40,}\Z")
_NOT_PIECES = frozenset(
    {
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pgp-signature",
        "application/pgp-keys",
        "application/ics",
        "text/calendar",
        "text/vcard",
        "text/x-vcard",
        "text/directory",
        "text/rfc822-headers",
        "text/x-amp-html",
        "message/delivery-status",
        "message/global-delivery-status",
        "message/disposition-notification",
        "message/external-body",
        "message/partial",
        "message/feedback-report",
    }
)
# By name alone: what mail programs cut off a text, signatures, cards. A file that the bytes show to be a document, or
# one that holds some, is none of these: Outlook calls `ATT00001.dat` what came to it without a name.
_NOT_PIECE_NAMES = re.compile(
    r"\.(p7s|vcf|ics|asc|sig)$|^ATT\d{3,6}\.(txt|htm|html|dat|c)$|^winmail\.dat\.p7s$", re.IGNORECASE
)
_HOLDS = frozenset(
    {sniff.PDF, sniff.ZIP, sniff.TNEF, sniff.MSG, sniff.EML, sniff.DOC, sniff.DOCX, sniff.XLS, sniff.XLSX}
    | {sniff.ODT, sniff.ODS, "image/jpeg", "image/tiff"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One file of a container before it is opened."""

    name: str  # decoded; empty where it came without one
    data: bytes
    declared: str = ""  # the media type that the sender's program wrote, lower case
    inline: bool = False  # shown in the text (Content-Disposition inline, or no disposition and a Content-ID)
    shown: bool = False  # the HTML body shows it by its Content-ID
    message: Message | None = None  # of a message/rfc822 part: its tree


@dataclass(kw_only=True, slots=True)
class Content:
    """What a message holds."""

    texts: list[str] = field(default_factory=list)  # its text, one entry for each run of it
    items: list[Item] = field(default_factory=list)
    encrypted: bool = False  # PGP: nothing in it can be read

    @property
    def text(self) -> str:
        """The whole text, quoted lines prefixed `> `."""
        return "\n\n".join(t for t in self.texts if t.strip())


def parse(data: bytes) -> Message:
    """The tree of a message; of one nested beyond reason, its head alone."""
    try:
        message = email.message_from_bytes(data, policy=email.policy.compat32)
        if message.get_content_maintype() == "multipart" and not message.is_multipart():
            return _guess_boundary(data, message)
        return message
    except (RecursionError, ValueError, LookupError, TypeError, AssertionError, IndexError):
        return email.message_from_bytes(head(data) + b"\r\n\r\n", policy=email.policy.compat32)


def head(data: bytes) -> bytes:
    """The bytes of a message's headers."""
    return re.split(rb"\r?\n\r?\n|\r\r", data[:1_000_000], maxsplit=1)[0]


def _guess_boundary(data: bytes, broken: Message) -> Message:
    """A multipart whose boundary is missing or wrong: the first `--` line before a part's header is taken for it."""
    found = re.search(rb"^--([^\s-][^\r\n]{0,200}?)\s*\r?\n(?=content-)", data, re.MULTILINE | re.IGNORECASE)
    if found is None:
        broken.set_type("text/plain") if "Content-Type" in broken else None
        return broken
    boundary = found[1].decode("ascii", "replace").replace('"', "")
    start = data.find(b"--" + found[1])
    kind = broken.get_content_type()
    patched = f'Content-Type: {kind}; boundary="{boundary}"\r\n\r\n'.encode("ascii", "replace") + data[start:]
    tree = email.message_from_bytes(patched, policy=email.policy.compat32)
    if not tree.is_multipart():
        return broken
    for name, value in broken.raw_items():
        if name.lower() != "content-type":
            tree[name] = value
    return tree


def payload(part: Message) -> bytes:
    """A part's bytes, decoded; of a message/rfc822 part, the message written anew."""
    if part.is_multipart():
        inner = part.get_payload()
        try:
            return inner[0].as_bytes() if isinstance(inner, list) and isinstance(inner[0], Message) else b""
        except (UnicodeError, ValueError, LookupError, TypeError, KeyError, IndexError, RecursionError):
            return b""
    try:
        data = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError, AssertionError):
        data = None
    if not isinstance(data, bytes):
        return b""
    if len(data) < 80_000_000 and _BASE64_FILE.match(data[:200]) and _BASE64_FILE.match(data):
        try:  # base64 sent under another label
            return base64.b64decode(re.sub(rb"\s", b"", data), validate=True)
        except binascii.Error:
            return data
    return data


def _rfc822(part: Message) -> Message | None:
    """The message in a message/rfc822 part, also where it was wrongly encoded in base64."""
    inner = part.get_payload()
    if not isinstance(inner, list) or not inner or not isinstance(inner[0], Message):
        return None
    message = inner[0]
    if str(part.get("Content-Transfer-Encoding", "")).strip().lower() == "base64" and not message.keys():
        body = message.get_payload()
        try:
            return parse(base64.b64decode(body if isinstance(body, str) else ""))
        except (binascii.Error, ValueError):
            return message
    return message


def disposition(part: Message) -> str:
    """`attachment`, `inline`, or empty."""
    values = headers.raw(part, "Content-Disposition")
    return values[0].split(";")[0].strip().lower() if values else ""


def _leaf_parts(part: Message, depth: int) -> Iterator[tuple[str, Message, int]]:
    """The tree's leaves in order, each with the id of the alternative that it belongs to."""
    stack: list[tuple[Message, int, int]] = [(part, 0, 0)]
    groups = 0
    while stack:
        node, alternative, level = stack.pop()
        kind = node.get_content_type()
        if not node.is_multipart() or kind.startswith("message/"):
            yield kind, node, alternative
            continue
        if level + depth > MAX_NESTING:
            continue
        children = node.get_payload()
        if not isinstance(children, list):
            continue
        if kind == "multipart/alternative" and not alternative:
            groups += 1
            alternative = groups
        if kind == "multipart/signed":
            children = children[:1]  # RFC 1847: the second part is the signature
        stack.extend((c, alternative, level + 1) for c in reversed(children) if isinstance(c, Message))


def walk(message: Message, into_messages: bool = True) -> Iterator[Message]:
    """All parts in order, the message first; without recursion, so that no nesting overflows."""
    stack = [message]
    while stack:
        node = stack.pop()
        yield node
        children = node.get_payload() if node.is_multipart() else None
        if isinstance(children, list) and (
            into_messages or node is message or node.get_content_maintype() != "message"
        ):
            stack.extend(c for c in reversed(children) if isinstance(c, Message))


def content(message: Message) -> Content:
    """Text and files of one message, other messages in it left closed."""
    found = Content(encrypted=message.get_content_type() == "multipart/encrypted")
    texts: list[list[tuple[str, str]]] = []  # runs of (kind, text); the parts of one alternative are one run
    run_of: dict[int, int] = {}
    cids: set[str] = set()
    raw: list[tuple[str, Message, bytes]] = []
    for kind, part, alternative in _leaf_parts(message, 0):
        if kind in ("text/plain", "text/html") and _is_text(part):
            text = headers.decode_bytes(payload(part), headers.parameters(part, "Content-Type").get("charset"))
            if kind == "text/html":
                text, shown = html_to_text(text)
                cids.update(shown)
            if alternative:
                if alternative not in run_of:
                    run_of[alternative] = len(texts)
                    texts.append([])
                texts[run_of[alternative]].append((kind, text))
            else:
                texts.append([(kind, text)])
        elif kind not in _NOT_PIECES:
            raw.append((kind, part, payload(part)))
    for run in texts:
        plain = "\n".join(t for k, t in run if k == "text/plain")
        html = "\n".join(t for k, t in run if k == "text/html")
        # Some programs put a mere notice into the plain part (« Votre logiciel ne lit pas le HTML »).
        found.texts.append(plain if plain.strip() and not (len(plain) < 120 and len(html) > 400) else html or plain)
    for kind, part, data in raw:
        item = _item(kind, part, data, cids)
        if item is not None:
            found.items.append(item)
    return found


def _is_text(part: Message) -> bool:
    """Whether a text part is the message's text and not a file, whatever its label says."""
    if headers.file_name(part):
        return False
    if disposition(part) != "attachment":
        return sniff.media_type(payload(part)) in (sniff.TEXT, sniff.HTML, sniff.UNKNOWN, sniff.EML, "application/xml")
    return False


def _item(kind: str, part: Message, data: bytes, cids: set[str]) -> Item | None:
    name = headers.file_name(part)
    if _NOT_PIECE_NAMES.search(name) and sniff.media_type(data, name) not in _HOLDS:
        return None
    where = disposition(part)
    cid = "".join(headers.raw(part, "Content-ID")[:1]).strip("<> ")
    inner = None
    if kind in ("message/rfc822", "message/global"):
        inner = _rfc822(part)
        if inner is not None and not name:
            name = (headers.clean_name(headers.decoded(inner, "Subject")) or "message") + ".eml"
    elif kind.startswith("multipart/"):
        return None
    return Item(
        name=name,
        data=data,
        declared=kind,
        inline=where == "inline" or (not where and bool(cid)),
        shown=bool(cid) and cid in cids,
        message=inner,
    )
