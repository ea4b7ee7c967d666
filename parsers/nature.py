"""Who wrote a mail: a person, an automatic answer, a mail system that reports a failure, a list or a newsletter.

Headers come first (RFC 3834, RFC 3464, RFC 2919, RFC 2369); words only where absence notices (`parsers.automatic`) and
newsletters are sent without them.
"""

from __future__ import annotations

import re
from email.message import Message

from parsers import automatic, headers
from parsers.bounces import Judged, bounce

# How a newsletter says that one may leave it; a member who asks how to leave does so in a sentence of its own.
_UNSUBSCRIBE = re.compile(
    r"(\bcliqu\w+.{0,60}d[ée]s(abonn|inscri)|d[ée]s(abonn|inscri).{0,60}(\bcliqu\w+|https?://|\bici\b|\blien\b)"
    r"|si vous ne (souhaitez|d[ée]sirez|voulez) plus (recevoir|[êe]tre destinataire)"
    r"|(^|[|•·–-])\W*(pour )?(se|me|vous) d[ée]s(abonner|inscrire)\b[^?]{0,40}$"
    r"|[.…!]\s+(se|me|vous) d[ée]s(abonner|insc\w+|inscrire)\W*$"
    r"|vous recevez (ce|cet|cette) (mail|e-?mail|message|courriel|lettre|newsletter) (car|parce que) vous"
    r"|\bopposer [àa] (recevoir|la r[ée]ception)|r[ée]pon\w+ (avec )?[«\"“ ]*stop\b"
    r"|\bunsubscribe\b|view (it|this e?mail) in (your )?browser|^\W*(voir la |consulter la )?version en ligne\W*$"
    r"|visualise[rz] (ce|cet|cette) (mail|e-?mail|message|lettre|newsletter)"
    r"|g[ée]rer vos (pr[ée]f[ée]rences|abonnements))",
    re.IGNORECASE | re.MULTILINE,
)
_NO_REPLY = re.compile(
    r"^(no-?reply|ne-?pas-?repondre|nepasrepondre|noreponse|newsletters?|news|lettre|infolettre|mailing|marketing"
    r"|promo(tion)?s?|offres?)\b",
    re.IGNORECASE,
)


def judge(message: Message, *, sender: str, subject: str, body: str, has_files: bool) -> Judged:
    """Who wrote it. `body` holds the own words, signature block included; `sender` is the bare address or empty."""
    failure = bounce(message, sender, subject)
    if failure is not None:
        return failure
    if _automatic(message):
        return Judged(nature="auto_reply")
    if _list(message):
        return Judged(nature="bulk")
    reads_automatic = automatic.reads_automatic(sender, subject, body, has_files)
    if _bulk_precedence(message):  # old vacation programs send it too
        return Judged(nature="auto_reply" if reads_automatic else "bulk")
    if _reads_bulk(sender, body, has_files) and not automatic.AUTO_SUBJECT.match(subject):
        return Judged(nature="bulk")
    return Judged(nature="auto_reply" if reads_automatic else "message")


def _value(message: Message, name: str) -> str:
    return headers.decoded(message, name).lower()


def _automatic(message: Message) -> bool:
    """RFC 3834, and the headers that came before it. X-Auto-Response-Suppress alone proves nothing: Outlook's users
    send it with their own mails."""
    submitted = _value(message, "Auto-Submitted").split(";")[0].strip()
    if submitted and submitted != "no":
        # A list manager marks what it passes on as `auto-generated` too.
        return not (submitted == "auto-generated" and _list(message))
    if message.get_content_type() == "multipart/report":
        return True  # read receipts (RFC 8098) and abuse reports: a failure has been told apart before
    if any(
        _value(message, h)
        for h in ("X-Autoreply", "X-Autorespond", "X-Auto-Reply", "X-Autoreply-From", "X-AutoReply-Sent")
    ):
        return True
    if _value(message, "Precedence") == "auto_reply" or _value(message, "Preference") == "auto_reply":
        return True
    return "oof" in _value(message, "X-MS-Exchange-Generated-Message-Source") or _value(
        message, "X-MS-Exchange-OOF"
    ).startswith("1")


def _list(message: Message) -> bool:
    """RFC 2919 and RFC 2369, and what mass mailers add."""
    names = ("List-Id", "List-Post", "List-Unsubscribe", "X-Mailing-List", "X-Campaign-Id", "X-CampaignID")
    return any(_value(message, h) for h in (*names, "X-Mailman-Version", "Feedback-ID"))


def _bulk_precedence(message: Message) -> bool:
    return _value(message, "Precedence") in ("bulk", "list", "junk")


def _reads_bulk(sender: str, body: str, has_files: bool) -> bool:
    """A newsletter that comes without its headers: it tells how to leave it, which no person does."""
    return bool(_UNSUBSCRIBE.search(body[-1500:])) and (not has_files or bool(_NO_REPLY.match(sender)))
