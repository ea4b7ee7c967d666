"""A mail's bytes → who wrote it and why, what it says, and the files in it. No mail, however broken, raises."""

from __future__ import annotations

import datetime as dt
import email.utils
import re
from dataclasses import dataclass, replace
from email.message import Message

from parsers import containers, headers, mime, nature, own_words, refusals, sniff
from parsers.containers import Leaf
from parsers.records import Intent, Limits, Mail

_ADDRESS = re.compile(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+")
_REF = re.compile(r"\b[A-Z]{2,12}-[0-9A-Z]{1,12}-\d{4}\b")
_FIRST_YEAR = 2000  # a mail dated before has a wrong clock: the receiving server's date is believed


@dataclass(frozen=True, kw_only=True, slots=True)
class ParsedMail:
    """A mail read: its head and intents, its files, its text."""

    mail: Mail
    leaves: tuple[Leaf, ...]  # in the order of the message; containers opened
    text: str = ""  # own words with the signature block: what an order written in the mail itself stands in


def parse_mail(data: bytes, limits: Limits | None = None) -> ParsedMail:
    """Reads one message (RFC 5322, or Outlook's `.msg`)."""
    limits = limits or Limits()
    if sniff.media_type(data) == sniff.MSG:
        from parsers import outlook

        data = outlook.as_message(data)
    message = mime.parse(data)
    subject = headers.decoded(message, "Subject")
    name, sender = _address(message, "From")
    found, leaves = _contents(message, limits)
    words = own_words.split(found.text)
    judged = nature.judge(message, sender=sender, subject=subject, body=words.signed, has_files=bool(leaves))
    if judged.nature == "bounce":
        leaves = ()  # the copy of our own letter that comes back
    body = words.own
    mail = Mail(
        message_id=next(iter(headers.message_ids(headers.raw(message, "Message-ID"))), None),
        from_=sender or None,
        from_name=name,
        subject=subject,
        date=_date(message),
        nature=judged.nature,
        reply_to=_address(message, "Reply-To")[1] or None,
        to=_addresses(message, "To"),
        cc=_addresses(message, "Cc"),
        in_reply_to=_answered(message),
        authentication_results=tuple(headers.raw(message, "Authentication-Results")),
        body=body,
        quoted_refs=tuple(dict.fromkeys(_REF.findall(f"{subject}\n{found.text}"))),
        bounced=judged.bounced,
        bounced_recipients=judged.recipients,
        bounce_permanent=judged.permanent,
    )
    if judged.nature == "message":
        invites = any(p.get_content_type() == "text/calendar" for p in mime.walk(message, into_messages=False))
        mail = replace(mail, intents=_intents(mail, words, leaves, invites))
    return ParsedMail(mail=mail, leaves=leaves, text=words.signed)


def _intents(mail: Mail, words: own_words.Words, leaves: tuple[Leaf, ...], invites: bool) -> tuple[Intent, ...]:
    from parsers import intents  # loads the weights

    documents = any(not x.media_type.startswith("image/") for x in leaves)
    ours = words.forwarded_from in (*mail.to, *mail.cc)  # our own letter sent back to us is nobody's wish
    forwarded = "" if ours else words.forwarded
    subject = "" if invites else mail.subject  # « Annulé : réunion du lot 2 »: of the meeting
    return intents.predict(subject, words.own, files=bool(leaves), documents=documents, forwarded=forwarded)


def _contents(message: Message, limits: Limits) -> tuple[mime.Content, tuple[Leaf, ...]]:
    """Text and leaves; of an opaque S/MIME message, those of the message inside."""
    found = mime.content(message)
    if found.encrypted:  # PGP: a person must be told, though no file of it can be seen
        data = next((mime.payload(p) for p in mime.walk(message) if p.get_content_subtype() == "octet-stream"), b"")
        locked = refusals.encrypted("message.pgp")
        return found, (Leaf(name="message.pgp", data=data, findings=(locked,)),)
    if not found.text.strip():
        for item in found.items:
            if sniff.media_type(item.data, item.name) == sniff.P7M and (inner := _signed_text(item)):
                found.texts.append(inner)
                break
    budget = refusals.Budget(limits)
    return found, tuple(containers.open_items(found.items, budget))


def _signed_text(item: mime.Item) -> str:
    from parsers import smime

    try:
        data = smime.content(item.data, item.name)
    except refusals.RefusedError:
        return ""  # the leaf carries the finding
    return mime.content(mime.parse(data)).text if data and smime.is_mime(data) else ""


def _pairs(message: Message, header: str) -> list[tuple[str, str]]:
    """(display name, bare address) of a header, by mail-parser on the mended value."""
    import mailparser

    values = headers.raw(message, header)
    if not values:
        return []
    view = Message()
    view[header] = values[0]
    try:
        pairs = [(str(n), str(a)) for n, a in mailparser.MailParser(view).mail.get(header.lower(), [])]
    except (ValueError, TypeError, AttributeError, IndexError, RecursionError):
        pairs = []
    pairs = [(" ".join(headers.decode_words(n).strip("\"' ").split()), a) for n, a in pairs if _ADDRESS.fullmatch(a)]
    return pairs or [("", a) for a in _ADDRESS.findall(headers.decode_words(values[0]))]


def _address(message: Message, header: str) -> tuple[str, str]:
    name, address = next(iter(_pairs(message, header)), ("", ""))
    return name, address.lower()


def _addresses(message: Message, header: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(a.lower() for _, a in _pairs(message, header)))


def _answered(message: Message) -> tuple[str, ...]:
    direct = headers.message_ids(headers.raw(message, "In-Reply-To"))
    older = headers.message_ids(headers.raw(message, "References"))[::-1]
    return tuple(dict.fromkeys(direct + older))


def _instant(value: str) -> dt.datetime | None:
    try:
        found = email.utils.parsedate_to_datetime(value)
        found = found if found.tzinfo else found.replace(tzinfo=dt.UTC)
        found.astimezone(dt.UTC)  # out of range at the ends of the calendar
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.year >= _FIRST_YEAR else None


def _date(message: Message) -> dt.datetime | None:
    """The sender's date; where it is absent, unreadable or absurd, the last server's (top `Received`)."""
    candidates = [*headers.raw(message, "Date"), *(v.rsplit(";", 1)[-1] for v in headers.raw(message, "Received"))]
    return next((d for d in map(_instant, candidates) if d is not None), None)
