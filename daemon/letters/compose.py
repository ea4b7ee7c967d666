"""Letters to one mail: headers, text and HTML, pictures, attachments. 7-bit clean, so that any relay passes it on.

Sources: RFC 5322 (identification fields), RFC 3834 § 5 (Auto-Submitted), RFC 2045–2049 and 2392 (MIME, cid).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from typing import Any

from daemon.letters.french import listing
from daemon.letters.render import LetterLike, Picture, Renderer

Attachment = tuple[str, bytes, str]  # file name, bytes, media type

_ID = re.compile(r"<[^<>\s@]+@[^<>\s@]+>")
_KEPT_REFERENCES = 12  # the thread's first and its last ones: RFC 5322 sets no bound, relays set one on a header


class _Policy(EmailPolicy):
    """The SMTP policy, save for two headers that the library folds wrongly.

    A long identifier it encodes as words (RFC 2047), which no mail program takes for an identifier; in a subject that
    mixes encoded and plain words it may lose a space.
    """

    def fold(self, name: str, value: Any) -> str:
        """A header as text."""
        if name.lower() in ("message-id", "in-reply-to", "references"):
            return f"{name}: " + f"{self.linesep} ".join(str(value).split()) + self.linesep
        if name.lower() == "subject":
            text = str(value)
            header = Header(text, "us-ascii" if text.isascii() else "utf-8", header_name=name, maxlinelen=76)
            return f"{name}: {header.encode(linesep=self.linesep)}{self.linesep}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        """A header as bytes."""
        return self.fold(name, value).encode("ascii", "surrogateescape")


POLICY = _Policy(linesep="\r\n", max_line_length=78, cte_type="7bit")


def compose(
    letters: Sequence[LetterLike],
    *,
    renderer: Renderer,
    role: str,
    to: Sequence[str],
    sender: str,
    message_id: str,
    date: dt.datetime,
    reply_to: str | None = None,
    in_reply_to: str | None = None,
    references: Sequence[str] = (),
    attachments: Sequence[Attachment] = (),
    pictures: Sequence[Picture] = (),
    rehearsal: str | None = None,
) -> EmailMessage:
    """The one mail that holds `letters`, for a person in `role` (member, sender, provider, coordinator).

    `to`, `sender`, `reply_to` are addresses, bare or with a display name; `message_id` and the identifiers of the
    thread stand in angle brackets; `date` is aware. With `rehearsal`, the mail goes to that address and says to whom
    it would have gone. Attachments are carried byte for byte. Raises `LetterTemplateError`.
    """
    if date.tzinfo is None:
        raise ValueError(f"naive instant {date.isoformat()}")
    words = renderer.render(
        letters,
        role=role,
        pictures=pictures,
        attachments=[name for name, _, _ in attachments],
        notice=None if rehearsal is None else _notice(to),
    )
    mail = EmailMessage(policy=POLICY)
    mail["From"] = _address(sender)
    mail["To"] = [_address(a) for a in ([rehearsal] if rehearsal else to)]
    if reply_to:
        mail["Reply-To"] = _address(reply_to)
    mail["Subject"] = f"[Répétition] {words.subject}" if rehearsal else words.subject
    mail["Date"] = format_datetime(date)
    mail["Message-ID"] = message_id
    thread = _thread(in_reply_to, references)
    if thread:
        mail["In-Reply-To"] = thread[-1]
        mail["References"] = " ".join(thread)
    mail["Auto-Submitted"] = "auto-replied" if thread else "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"  # Exchange heeds this one, not Auto-Submitted
    mail["Content-Language"] = "fr"
    mail.set_content(words.text, cte="quoted-printable")
    mail.add_alternative(words.html, subtype="html", cte="quoted-printable")
    for picture in pictures:
        _show(mail, picture)
    for name, data, media_type in attachments:
        _attach(mail, name, data, media_type)
    return mail


def subject(letters: Sequence[LetterLike], renderer: Renderer, role: str) -> str:
    """The subject that the mail of `letters` bears."""
    return renderer.render(letters, role=role).subject


def _notice(to: Sequence[str]) -> str:
    return f"Répétition : cette lettre serait partie à {listing(to)}."


def _address(written: str) -> Address:
    name, bare = parseaddr(written)
    return Address(display_name=name, addr_spec=bare)


def _thread(in_reply_to: str | None, references: Sequence[str]) -> list[str]:
    """The thread's identifiers, oldest first, the answered mail's last. What is no identifier is left out."""
    found = [i for value in (*references, in_reply_to or "") for i in _ID.findall(value) if i.isascii()]
    thread = list(dict.fromkeys(reversed(found)))[::-1]
    return thread if len(thread) <= _KEPT_REFERENCES else [thread[0], *thread[1 - _KEPT_REFERENCES :]]


def _show(mail: EmailMessage, picture: Picture) -> None:
    """The picture beside the HTML part that shows it."""
    main, _, sub = picture.media_type.partition("/")
    body = mail.get_body(("related", "html"))
    if body is None:
        raise ValueError("a picture needs the HTML part that shows it")
    name = f"{picture.cid}.{sub}"
    body.add_related(
        picture.data, maintype=main, subtype=sub, cid=f"<{picture.cid}>", disposition="inline", filename=name
    )


def _attach(mail: EmailMessage, name: str, data: bytes, media_type: str) -> None:
    main, _, sub = media_type.partition("/")
    if main in ("message", "multipart", "") or not sub:  # those may not be carried in base64 (RFC 2046 § 5)
        main, sub = "application", "octet-stream"
    mail.add_attachment(data, maintype=main, subtype=sub, filename=name)
