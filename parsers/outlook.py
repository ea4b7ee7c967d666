"""Outlook's own containers: `.msg` (a message saved as a file) and `winmail.dat` (TNEF)."""

from __future__ import annotations

import struct
from typing import Any

from parsers import headers
from parsers.mime import Item
from parsers.records import Finding
from parsers.refusals import RefusedError, bomb, damaged

_EMBEDDED = 5  # PidTagAttachMethod afEmbeddedMessage
_ATTACH_METHOD = 0x3705
_DISPLAY_NAME = 0x3001
_SHORT_NAME = 0x3704
_CONTENT_ID = 0x3712
_HIDDEN = 0x7FFE  # PidTagAttachmentHidden: a picture of the text
_DEPTH = 6
_MOST = 4000  # attributes of a winmail.dat: twelve for each file
# What the two libraries raise on a file that is cut short or forged: they check nothing before they index.
_BROKEN = (
    ValueError,
    OSError,
    LookupError,
    struct.error,
    AssertionError,
    TypeError,
    AttributeError,
    UnboundLocalError,
    OverflowError,
    RecursionError,
)


def message(data: bytes, name: str) -> tuple[list[Item], tuple[Finding, ...]]:
    """The attachments of a `.msg`, those of messages in it included (their path shows it)."""
    from oxmsg import Message

    try:
        return _attachments(Message.load(data), "", 0), ()
    except _BROKEN as e:
        raise RefusedError(damaged(name)) from e


def _text(properties: Any, pid: int) -> str:
    return headers.clean_name(str(properties.str_prop_value(pid) or ""))


def _attachments(mail: Any, prefix: str, depth: int) -> list[Item]:
    from oxmsg import Message

    items: list[Item] = []
    for attachment in mail.attachments:
        properties = attachment.properties
        label = (
            headers.clean_name(attachment.file_name or "")
            or _text(properties, _SHORT_NAME)
            or _text(properties, _DISPLAY_NAME)
        )
        if properties.int_prop_value(_ATTACH_METHOD) == _EMBEDDED and depth < _DEPTH:
            for storage in attachment._storage.storages:  # noqa: SLF001  the library gives no way into an embedded message
                inner = Message(storage)
                label = label or headers.clean_name(inner.subject) or "message"
                label += "" if label.lower().endswith(".msg") else ".msg"
                items.extend(_attachments(inner, f"{prefix}{label}/", depth + 1))
            continue
        content = attachment.file_bytes
        if content is None:
            continue
        hidden = any(p.pid == _HIDDEN and getattr(p, "value", False) is True for p in properties)
        cid = bool(properties.str_prop_value(_CONTENT_ID))
        items.append(
            Item(
                name=prefix + label if label else "",
                data=content,
                declared=(attachment.mime_type or "").lower(),
                inline=hidden or cid,
                shown=hidden,
            )
        )
    return items


def tnef(data: bytes, name: str) -> tuple[list[Item], tuple[Finding, ...]]:
    """The attachments of a `winmail.dat`, those of messages in it included."""
    from tnefparse import TNEF, mapi

    # The library believes any count, and counts four thousand million properties that are not there to their end. What
    # is raised there ends the list, and is logged.
    setattr(mapi, "range", _believable)  # noqa: B010  the module has no such name of its own
    try:
        if _tnef_objects(data) > _MOST:
            raise RefusedError(bomb(name))
        items = _tnef_items(TNEF(data, do_checksum=False), "", 0)
    except _BROKEN as e:
        raise RefusedError(damaged(name)) from e
    return items, () if _tnef_whole(data) else (damaged(name),)


def _believable(count: int) -> range:
    """`range`, for counts that a message can have."""
    if count > _MOST:
        raise ValueError(f"{count} properties")
    return range(count)


def _tnef_objects(data: bytes) -> int:
    """How many attributes there are; the library's cost grows with their square."""
    count, at = 0, 6
    while at + 9 <= len(data):
        at += 11 + int.from_bytes(data[at + 5 : at + 9], "little")
        count += 1
    return count


def _tnef_whole(data: bytes) -> bool:
    """Whether the last attribute is there to its end: the library takes what it finds of one that is cut short."""
    at = 6
    while at + 9 <= len(data):
        at += 11 + int.from_bytes(data[at + 5 : at + 9], "little")
    return at <= len(data) + 2  # some writers leave the last checksum off


def _tnef_items(found: Any, prefix: str, depth: int) -> list[Item]:
    items: list[Item] = []
    for attachment in found.attachments:
        label = _tnef_name(attachment, found.codepage)
        embedded = getattr(attachment, "embed", None)
        if embedded is not None and depth < _DEPTH:
            items.extend(_tnef_items(embedded, f"{prefix}{label or 'message'}/", depth + 1))
        elif isinstance(attachment.data, bytes):
            items.append(Item(name=prefix + label if label else "", data=attachment.data))
    return items


def _tnef_name(attachment: Any, codepage: str | None) -> str:
    """The long name; where TNEF holds bytes, they are in the sender's code page."""
    long = [a.data for a in attachment.mapi_attrs if a.name == 0x3707]
    for value in [*long, attachment._name]:  # noqa: SLF001  the public property decodes as UTF-8 and raises on « é »
        if isinstance(value, list):
            value = value[0] if value else b""
        text = headers.decode_bytes(value, codepage) if isinstance(value, bytes) else str(value)
        if cleaned := headers.clean_name(text.strip("\x00")):
            return cleaned
    return ""


def as_message(data: bytes) -> bytes:
    """A `.msg` as an internet message, so that one saved by hand is read like one received.

    The transport headers are kept as they are; attachments come base64, an embedded message's files with their path.
    A broken file gives an empty message.
    """
    from email.message import EmailMessage

    from oxmsg import Message

    built = EmailMessage()
    try:
        found = Message.load(data)
        for name, value in found._message_headers.items():  # noqa: SLF001  the public mapping keeps one of each name
            if not name.lower().startswith(("content-", "mime-")):
                _set(built, name, value)
        if "Subject" not in built:
            _set(built, "Subject", found.subject)
        if "From" not in built:
            _set(built, "From", found.sender or "")
        if "Date" not in built and found.sent_date:
            built["Date"] = found.sent_date
        body = found.body or found.html_body or ""
        built.set_content(body, subtype="plain" if found.body else "html")
        for item in _attachments(found, "", 0):
            main, _, sub = (item.declared if item.declared.count("/") == 1 else "application/octet-stream").partition(
                "/"
            )
            if main in ("message", "multipart", "text"):
                main, sub = "application", "octet-stream"
            built.add_attachment(item.data, maintype=main, subtype=sub, filename=item.name or None)
    except (*_BROKEN, UnicodeError):
        return built.as_bytes()
    return built.as_bytes()


def _set(message: Any, name: str, value: str) -> None:
    try:
        message[name] = " ".join(headers.decode_words(headers.mend(value)).split())
    except (ValueError, IndexError, TypeError, AttributeError):
        return  # a header that the standard library will not write; the others stand
