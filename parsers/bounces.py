"""Mails that did not arrive: delivery status notifications (RFC 3464) and the older reports in words."""

from __future__ import annotations

import email
import email.utils
import logging
import re
from dataclasses import dataclass
from email.message import Message

from parsers import headers, mime
from parsers.records import Nature

_MESSAGE_ID_LINE = re.compile(r"^\s*>?\s*message-id:\s*(<[^<>\s]+>)", re.IGNORECASE | re.MULTILINE)
_ADDRESS = re.compile(r"[\w.+'=-]+@[\w-]+(?:\.[\w-]+)+")
_BOUNCER = re.compile(r"^(mailer[-_. ]?daemon|postmaster|mail[-_. ]?delivery|double-bounce|bounces?)\b", re.IGNORECASE)
_BOUNCE_SUBJECT = re.compile(
    r"(undeliver|delivery (status notification|failure|has failed|delayed|problem)|returned mail"
    r"|mail delivery (failed|system)|failure notice"
    r"|mail (returned|non (remis|d[ée]livr))|non[- ](remis|distribu|d[ée]livr|livr)|[ée]chec (de|d['’]) ?(la )?(remise"
    r"|distribution|livraison|envoi|d['’]acheminement)"
    r"|impossible de (remettre|distribuer|livrer)"
    r"|(message|courriel|mail) (non|pas) (remis|distribu|d[ée]livr|livr)|notification d['’][ée]tat de remise"
    r"|retour[- ](de|à) (l['’]exp[ée]diteur|courrier)"
    r"|retard (de|dans la) (remise|distribution|livraison)"
    r"|(remise|distribution) (retard[ée]e|diff[ée]r[ée]e|impossible)|message retard[ée]|warning: could not send"
    r"|delayed mail|bo[iî]te (aux lettres )?pleine|mailbox (full|unavailable))",
    re.IGNORECASE,
)
_DELAY_WORDS = re.compile(
    r"(delayed|warning:|retard|diff[ée]r[ée]|will be retried|nouvelle tentative|sera r[ée]essay)", re.IGNORECASE
)


# What a mail system says of a mail that did not arrive. Whoever sends it must be a mail system by another sign.
_UNDELIVERED = re.compile(
    r"(\bn['’](a|ont) (pas |malheureusement pas )?(pu )?([êe]tre |[ée]t[ée] )?"
    r"(remis|livr|d[ée]livr|distribu|achemin|atteint)"
    r"|\bn['’]est (toujours )?pas (encore )?parvenu|\bpas pu (remettre|livrer|d[ée]livrer|distribuer|acheminer)"
    r"|impossible de (remettre|livrer|d[ée]livrer|distribuer|acheminer|joindre le\W{0,3}s?\W{0,3} ?destinataire)"
    r"|\b(message|courrier|courriel|e-?mail|mail)\b.{0,80}\b(rejet[ée]|refus[ée]|bloqu[ée]) par"
    r"|serveur .{0,30}a refus[ée]"
    r"|(could|can) ?not be (delivered|reached)|(was|were) not delivered|unable to deliver"
    r"|\b5\d\d[ -]5\.\d\.\d{1,3}\b)",
    re.IGNORECASE,
)
_NOBODY = re.compile(  # of the address: an answer of somebody who has left may say the same
    r"\b(destinataire|utilisateur|adresse|bo[iî]te)\b.{0,60}"
    r"\b(inconnue?|inexistante?|introuvable|n['’]existe (pas|plus)"
    r"|satur[ée]e|pleine)|\b(user unknown|no such user)",
    re.IGNORECASE,
)
_SYSTEM = re.compile(
    r"^(administrat(eur|or)|syst[eè]me?|mail-?system|microsoftexchange\w*|exchange|mail(er)?|(ne-?pas-?|no-?)re\w+)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A mail's nature, and what a bounce reports."""

    nature: Nature
    bounced: tuple[str, ...] = ()  # Message-IDs of the mails that did not arrive
    recipients: tuple[str, ...] = ()  # addresses that failed, lower case
    permanent: bool = True  # False: a delay notice


def bounce(message: Message, sender: str, subject: str) -> Judged | None:
    """What a failure report says (RFC 3464, or in words); None for a mail that is none."""
    report = message.get_content_type() == "multipart/report"
    kind = headers.parameters(message, "Content-Type").get("report-type", "").lower()
    statuses = [
        p
        for p in mime.walk(message, into_messages=False)
        if p.get_content_type() in ("message/delivery-status", "message/global-delivery-status")
    ]
    if (report and kind == "delivery-status") or statuses:
        recipients, actions = _status(statuses)
        if actions and not actions & {"failed", "delayed"}:
            return Judged(nature="auto_reply")  # delivered, relayed, expanded: a receipt
        permanent = "failed" in actions or ("delayed" not in actions and not _DELAY_WORDS.search(subject))
        return Judged(
            nature="bounce",
            bounced=_originals(message),
            recipients=recipients or _heuristic(message)[0],
            permanent=permanent,
        )
    if report and kind:
        return None
    empty_path = any(v.strip() == "<>" for v in headers.raw(message, "Return-Path"))
    from_system = bool(_BOUNCER.match(sender.split("@")[0])) or any(headers.raw(message, "X-Failed-Recipients"))
    titled, told = bool(_BOUNCE_SUBJECT.search(subject)), _told(message, sender, subject, empty_path)
    if not (from_system or (empty_path and titled) or told):
        return None
    permanent_addresses, temporary = _heuristic(message)
    failed = [a for v in headers.raw(message, "X-Failed-Recipients") for a in _ADDRESS.findall(v)]
    recipients = tuple(dict.fromkeys([a.lower() for a in failed] + list(permanent_addresses)))
    if not (recipients or temporary or titled or told):
        return None
    delayed = (not recipients and bool(temporary)) or bool(_DELAY_WORDS.search(subject))
    return Judged(
        nature="bounce", bounced=_originals(message), recipients=recipients or temporary, permanent=not delayed
    )


def _told(message: Message, sender: str, subject: str, empty_path: bool) -> bool:
    """Whether a mail system says in words that a mail did not arrive; a person who says so sends no such mail."""
    submitted = headers.decoded(message, "Auto-Submitted").strip().lower()
    local = sender.split("@")[0]
    system = empty_path or submitted.startswith("auto-") or bool(_BOUNCER.match(local))
    named = bool(_SYSTEM.match(local)) and bool(_BOUNCE_SUBJECT.match(subject))
    text = mime.content(message).text[:3000] if system or named else ""
    if "?" in text:
        return False
    return bool(_UNDELIVERED.search(text)) or (
        bool(_NOBODY.search(text)) and (named or empty_path or bool(_BOUNCER.match(local)))
    )


def _status(parts: list[Message]) -> tuple[tuple[str, ...], set[str]]:
    """Failed addresses and actions of a delivery status (RFC 3464, section 2.3)."""
    recipients: list[str] = []
    actions: set[str] = set()
    for part in parts:
        blocks = part.get_payload()
        if isinstance(blocks, str):
            blocks = [email.message_from_string(b) for b in re.split(r"\n\s*\n", blocks)]
        for block in blocks if isinstance(blocks, list) else []:
            if not isinstance(block, Message):
                continue
            action = headers.decoded(block, "Action").lower().split("(")[0].strip()
            if action:
                actions.add(action)
            if action in ("delivered", "relayed", "expanded"):
                continue
            for name in ("Final-Recipient", "Original-Recipient"):
                found = [a for v in headers.raw(block, name) for a in _ADDRESS.findall(v.split(";", 1)[-1])]
                if found:
                    recipients.extend(a.lower() for a in found if a.lower() not in recipients)
                    break
    return tuple(recipients), actions


def _originals(message: Message) -> tuple[str, ...]:
    """Message-IDs of the mails that are reported: from the copy sent back, else from the text."""
    found: list[str] = []
    for part in mime.walk(message):
        kind = part.get_content_type()
        if part is message:
            continue
        if headers.raw(part, "Message-ID"):
            found.extend(headers.message_ids(headers.raw(part, "Message-ID")))
        elif kind in ("text/rfc822-headers", "message/rfc822-headers") or (kind == "text/plain" and not found):
            data = part.get_payload(decode=True)
            text = data.decode("utf-8", "replace") if isinstance(data, bytes) else ""
            found.extend(_MESSAGE_ID_LINE.findall(text))
    if not found:
        if not message.is_multipart():
            data = message.get_payload(decode=True)
            text = data.decode("utf-8", "replace") if isinstance(data, bytes) else ""
            found.extend(_MESSAGE_ID_LINE.findall(text))
        if not found:
            found.extend(headers.message_ids(headers.raw(message, "In-Reply-To")[:1]))
    return tuple(dict.fromkeys(found))


def _heuristic(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Permanent and temporary failures as flufl.bounce finds them in odd reports."""
    from flufl.bounce import all_failures

    # Its detectors raise without a From, and on one with raw 8-bit bytes; they log each failure with a traceback.
    sender = next(iter(headers.raw(message, "From")), "") or "mailer-daemon@invalid"
    del message["From"]
    message["From"] = sender
    log = logging.getLogger("flufl.bounce")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        temporary, permanent = all_failures(message)
    except (AttributeError, ValueError, LookupError, TypeError, AssertionError):
        return (), ()
    finally:
        log.setLevel(level)

    def bare(found: frozenset[bytes]) -> tuple[str, ...]:
        texts = sorted(a.decode("utf-8", "replace").lower() for a in found)
        return tuple(t for t in (email.utils.parseaddr(x)[1] for x in texts) if _ADDRESS.fullmatch(t))

    return bare(permanent), bare(temporary)
