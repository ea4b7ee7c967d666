"""Mail headers as people wrote them: raw 8-bit bytes, folded encoded words, parameters of every dialect.

mail-parser 4.8 is fed the mended text: left to itself it drops headers holding raw 8-bit bytes, and folded encoded
words lose the space between them.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import email.utils
import quopri
import re
import unicodedata
from email.message import Message
from typing import Any

# RFC 2047 encoded word; white space inside the text is a fault that old webmails commit.
_WORD = re.compile(r"=\?([^?\s]{1,40})\?([bBqQ])\?([^?]*)\?=")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_LONGEST = 200_000  # characters of one header: the addresses of a large distribution list fit in
_MESSAGE_ID = re.compile(r"<[^<>\s]+>")


def decode_bytes(data: bytes, charset: str | None) -> str:
    """Text from bytes whose label may lie: UTF-8 where it is UTF-8, else as labelled, else Windows-1252."""
    name = (charset or "").strip("'\" ").lower()
    unicode_label = name.replace("_", "-") in ("utf-7", "utf-16", "utf-16le", "utf-16be", "utf-32")
    stateful = name.startswith("iso-2022")
    if not unicode_label and not stateful:
        try:
            # Accented French in Latin-1 is never valid UTF-8, so the bytes tell better than the label.
            return data.decode("utf-8")
        except UnicodeDecodeError:
            pass
    if name in ("", "us-ascii", "ascii", "utf-8", "utf8", "iso-8859-1", "latin1", "latin-1", "unknown-8bit"):
        name = "windows-1252"
    try:
        return data.decode(codecs.lookup(name).name)
    except (LookupError, UnicodeError, ValueError):
        return data.decode("windows-1252", "replace")


def mend(raw: object) -> str:
    """A header's raw value as unfolded text; 8-bit bytes decoded, encoded words left as they are."""
    text = str(raw)[:_LONGEST]
    if any("\udc80" <= c <= "\udcff" for c in text):
        text = decode_bytes(text.encode("utf-8", "surrogateescape"), None)
    # RFC 5322: unfolding removes the line break alone; the white space that follows it stays.
    return re.sub(r"\r?\n[ \t]*", " ", text).replace("\r", " ").replace("\n", " ").strip()


def raw(message: Message, name: str) -> list[str]:
    """All values of a header, top first, mended but not decoded."""
    return [mend(v) for k, v in message.raw_items() if k.lower() == name.lower()]


def _word_bytes(encoding: str, payload: str) -> bytes:
    if encoding in "qQ":
        return quopri.decodestring(payload.replace("_", " ").encode("ascii", "ignore"), header=False)
    clean = re.sub(r"[^A-Za-z0-9+/]", "", payload)
    clean = clean[: len(clean) - 1] if len(clean) % 4 == 1 else clean
    try:
        return base64.b64decode(clean + "=" * (-len(clean) % 4))
    except binascii.Error:
        return payload.encode("utf-8", "replace")


def decode_words(text: str) -> str:
    """RFC 2047 decoded: white space between two encoded words goes, all other stays; split characters are joined."""
    out: list[str] = []
    run: list[tuple[str, bytes]] = []  # encoded words that follow one another
    end = 0

    def flush() -> None:
        merged: list[tuple[str, bytes]] = []
        for charset, data in run:
            if merged and merged[-1][0] == charset:
                merged[-1] = (charset, merged[-1][1] + data)
            else:
                merged.append((charset, data))
        out.extend(decode_bytes(data, charset) for charset, data in merged)
        run.clear()

    for m in _WORD.finditer(text):
        between = text[end : m.start()]
        if not run or between.strip():
            flush()
            out.append(between)
        charset = m[1].split("*")[0].lower()  # RFC 2231 language suffix
        run.append((charset, _word_bytes(m[2], m[3])))
        end = m.end()
    flush()
    out.append(text[end:])
    return "".join(out)


def decoded(message: Message, name: str) -> str:
    """The first value of a header, decoded, white space collapsed; empty where there is none."""
    values = raw(message, name)
    return " ".join(decode_words(values[0]).split()) if values else ""


def message_ids(values: list[str]) -> list[str]:
    """Message-IDs that stand in headers, angle brackets included, in the order given."""
    found: list[str] = []
    for value in values:
        ids = _MESSAGE_ID.findall(value)
        if not ids and value.strip():
            ids = [value.split()[0]]  # without brackets: seen from web forms
        found.extend(i for i in ids if i not in found)
    return found


def clean_name(name: str) -> str:
    """A file name fit to be shown and joined to a path: decoded, no folder, no control character, NFC."""
    name = unicodedata.normalize("NFC", _CONTROL.sub("", name)).strip().strip('"').strip()
    name = re.split(r"[\\/]", name)[-1] if re.match(r"^([A-Za-z]:)?[\\/]", name) else name.replace("\\", "_")
    name = name.replace("/", "_")  # a slash stands between a container and what it holds
    return "" if name in (".", "..") else name[-200:]


def _parameters(value: str) -> dict[str, str]:
    """Parameters of Content-Type or Content-Disposition, RFC 2231 continuations joined, encoded words decoded."""
    view = Message()
    view["Content-Type"] = value
    found: dict[str, str] = {}
    try:
        items: list[Any] = list(view.get_params(failobj=[], unquote=True))
    except (ValueError, IndexError, TypeError, AttributeError):
        items = []  # an RFC 2231 parameter too broken for the standard library
    for key, content in items[1:]:
        name = key.lower().rstrip("*")
        if isinstance(content, tuple):
            charset, _, encoded = content
            try:
                data = encoded.encode("latin-1")
            except UnicodeEncodeError:
                data = encoded.encode("utf-8")
            text = decode_bytes(data, charset)
        else:
            text = decode_words(email.utils.unquote(str(content)))
        if text or name not in found:
            found[name] = text
    return found


def parameters(part: Message, header: str) -> dict[str, str]:
    """The parameters of a part's header, empty where the header is missing."""
    values = raw(part, header)
    return _parameters(values[0]) if values else {}


def file_name(part: Message) -> str:
    """The name that the sender's program gave the file, cleaned; empty where it gave none."""
    disposition, content_type = parameters(part, "Content-Disposition"), parameters(part, "Content-Type")
    for found in (disposition.get("filename"), content_type.get("name")):
        if found and clean_name(found):
            return clean_name(found)
    description = decoded(part, "Content-Description")
    return clean_name(description) if re.search(r"\.\w{2,5}$", description) else ""
