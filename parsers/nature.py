"""Who wrote a mail: a person, an automatic answer, a mail system that reports a failure, a list or a newsletter.

Headers come first (RFC 3834, RFC 3464, RFC 2919, RFC 2369); words only where absence notices and newsletters are
sent without them, as several French webmails do.
"""

from __future__ import annotations

import email.utils
import re
from dataclasses import dataclass
from email.message import Message

from parsers import headers
from parsers.records import Nature

_ADDRESS = re.compile(r"[\w.+'=-]+@[\w-]+(?:\.[\w-]+)+")
_BOUNCER = re.compile(r"^(mailer[-_. ]?daemon|postmaster|mail[-_. ]?delivery|double-bounce|bounces?)\b", re.IGNORECASE)
_BOUNCE_SUBJECT = re.compile(
    r"(undeliver|delivery (status notification|failure|has failed|delayed|problem)|returned mail|mail delivery (failed|system)|failure notice"
    r"|mail (returned|non (remis|d[ée]livr))|non[- ](remis|distribu|d[ée]livr)|[ée]chec (de|d['’]) ?(la )?(remise|distribution|livraison|envoi|d['’]acheminement)"
    r"|(message|courriel|mail) (non|pas) (remis|distribu|d[ée]livr)|notification d['’][ée]tat de remise|retour[- ](de|à) (l['’]exp[ée]diteur|courrier)"
    r"|(remise|distribution) (retard[ée]e|diff[ée]r[ée]e|impossible)|message retard[ée]|warning: could not send|delayed mail|bo[iî]te (aux lettres )?pleine|mailbox (full|unavailable))",
    re.IGNORECASE,
)
_DELAY_WORDS = re.compile(
    r"(delayed|warning:|retard|diff[ée]r[ée]|will be retried|nouvelle tentative|sera r[ée]essay)", re.IGNORECASE
)

_AUTO_SUBJECT = re.compile(
    r"^\W*((re|ré|rép|tr|sv|aw)\s*:\s*)*\W*(r[ée]ponse automatique|automatic reply|auto(matique)?[-\s]?(reply|r[ée]ponse|response)|out of (the )?office|vacation reply"
    r"|message d['’]absence|notification d['’]absence|absence du bureau|avis d['’]absence|absente? du bureau|r[ée]pondeur automatique|accus[ée] de r[ée]ception automatique"
    r"|automatische antwort|(lu|read|non lu)\s*:|accus[ée] de lecture)",
    re.IGNORECASE,
)
_ABSENCE_SUBJECT = re.compile(
    r"^\W*((re|ré|rép)\s*:\s*)*\W*(absente?|absence|en? cong[ée]s?|cong[ée]s|indisponible|out of office|ooo)\b", re.IGNORECASE
)
# What a program writes for someone who is away; each pattern is one kind of sentence.
_ABSENCE = re.compile(
    r"(\b(je|j['’]|nous|le service|l['’][ée]tablissement|la mairie|le secr[ée]tariat|les bureaux)\b.{0,40}\b(serai|seral|suis|sommes|serons|est|sera|seront)\b.{0,40}"
    r"(absent|en cong[ée]|en vacances|en formation|en d[ée]placement|en arr[êe]t|en t[ée]l[ée]travail|indisponible|hors du bureau|ferm[ée]|de retour)"
    r"|^\W*(bonjour\W+)?(actuellement|momentan[ée]ment|[ée]tant)?\W*(absente?s?|en cong[ée]s?|en vacances|en d[ée]placement|indisponible)\b"
    r"|actuellement (absent|en cong|en vacances|en formation|en d[ée]placement|en arr[êe]t|indisponible|ferm)"
    r"|(absent|en cong[ée]s?)e?s? (du bureau )?(du \d|jusqu|pour la|toute la|ce jour|cette semaine|aujourd)"
    r"|ferm[ée](e|s|es)? (pour|pendant|du|jusqu)[^.]{0,50}(vacances|cong[ée]s|scolaires|f[êe]tes|\d))",
    re.IGNORECASE | re.MULTILINE,
)
_REDIRECT = re.compile(
    r"(en cas d['’]urgence|pour toute (question|urgence|demande)|en mon absence|pendant (mon|cette) absence|durant (mon|cette) absence|[àa] mon retour|d[èe]s mon retour|de retour le"
    r"|vous pouvez (joindre|contacter|vous adresser|[ée]crire)|merci de (contacter|joindre|vous adresser)|veuillez (contacter|vous adresser)"
    r"|prendrai connaissance|aucun suivi|(ne (sera|seront|serai)|n['’]est) (pas|ni) (lu|consult|trait|relev|transf[ée]r)|messages? (sera|seront) (lu|trait))",
    re.IGNORECASE,
)
_AUTOMATIC = re.compile(
    r"((ceci est|il s['’]agit d['’]|ce message est) un(e)? (r[ée]ponse|message|courriel|mail|e-?mail|accus[ée] de r[ée]ception) (g[ée]n[ée]r[ée]e? )?automatique"
    r"|(message|courriel|mail|e-?mail) (g[ée]n[ée]r[ée]|envoy[ée]|adress[ée]) automatiquement|(merci de|veuillez|pri[èe]re de) ne pas (y )?r[ée]pondre( directement)? ([àa] ce|[àa] cette|au pr[ée]sent)"
    r"|this is an automat|r[ée]ponse automatique)",
    re.IGNORECASE,
)
_RECEIVED = re.compile(
    r"(nous avons bien re[çc]u|votre (message|courriel|mail|demande) (a [ée]t[ée]|a bien [ée]t[ée]|nous est) (bien )?(re[çc]u|parvenu|enregistr|transmis)"
    r"|accusons r[ée]ception|sera trait[ée]e? dans les meilleurs d[ée]lais)",
    re.IGNORECASE,
)
_UNSUBSCRIBE = re.compile(
    r"(se d[ée]s(abonner|inscrire|insc)|(vous )?d[ée]s(abonner|inscrire)\b|d[ée]sinscription|d[ée]sabonnement|ne (plus|pas) recevoir (cette|ces|nos|de|la|notre)"
    r"|unsubscribe|view (it|this e?mail) in (your )?browser|version en ligne|visualise[rz] (ce|cet|cette) (mail|e-?mail|message|lettre|newsletter)|g[ée]rer vos (pr[ée]f[ée]rences|abonnements))",
    re.IGNORECASE,
)
_NO_REPLY = re.compile(
    r"^(no-?reply|ne-?pas-?repondre|nepasrepondre|noreponse|newsletters?|news|lettre|infolettre|mailing|marketing|promo(tion)?s?|offres?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A mail's nature, and what a bounce reports."""

    nature: Nature
    bounced: tuple[str, ...] = ()  # Message-IDs of the mails that did not arrive
    recipients: tuple[str, ...] = ()  # addresses that failed, lower case
    permanent: bool = True  # False: a delay notice


def judge(message: Message, *, sender: str, subject: str, body: str, has_files: bool) -> Judged:
    """Who wrote it. `body` holds the own words, signature block included; `sender` is the bare address or empty."""
    bounce = _bounce(message, sender, subject)
    if bounce is not None:
        return bounce
    if _automatic(message):
        return Judged(nature="auto_reply")
    if _list(message):
        return Judged(nature="auto_reply" if _AUTO_SUBJECT.match(subject) else "bulk")
    if _reads_automatic(subject, body, has_files):
        return Judged(nature="auto_reply")
    if _reads_bulk(sender, body, has_files):
        return Judged(nature="bulk")
    return Judged(nature="message")


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
    """RFC 2919 and RFC 2369, Precedence, and what mass mailers add."""
    if _value(message, "Precedence") in ("bulk", "list", "junk"):
        return True
    return any(
        _value(message, h)
        for h in (
            "List-Id",
            "List-Post",
            "List-Unsubscribe",
            "List-Unsubscribe-Post",
            "X-Mailing-List",
            "X-Campaign-Id",
            "X-CampaignID",
            "X-Mailman-Version",
            "Feedback-ID",
        )
    )


def _reads_automatic(subject: str, body: str, has_files: bool) -> bool:
    if _AUTO_SUBJECT.match(subject):
        return not has_files
    if has_files:
        return False
    text = body[:3000]
    short = len(text.split()) <= 130
    asks = "?" in text
    if _AUTOMATIC.search(text) and short:
        return True
    absent, redirect = bool(_ABSENCE.search(text)), bool(_REDIRECT.search(text))
    if _ABSENCE_SUBJECT.match(subject) and (absent or redirect) and not asks:
        return True
    if absent and redirect and short and not asks:
        # A person who says that she will be away says something else besides: an absence notice says nothing else.
        return _only_absence(text)
    return (
        bool(_RECEIVED.search(text)) and bool(re.search(r"\bmeilleurs d[ée]lais\b", text, re.IGNORECASE)) and short and not asks
    )


_SENTENCE = re.compile(r"[^.!?\n]+[.!?\n]?")
_PLAIN = re.compile(
    r"^\W*(bonjour|bonsoir|madame|monsieur|cordialement|bien|merci|salutations|bonne|t[ée]l|[\w .'’-]{0,40}$)", re.IGNORECASE
)
_CONTACTS = re.compile(
    r"(@|\b0\d([ .]?\d\d){4}\b|\bt[ée]l|contact|joindre|adresser|accueil|standard|urgen|absen|retour|cong|r[ée]pon|messagerie|ferm|r[ée]ouv|vacances|formation|message)",
    re.IGNORECASE,
)


def _only_absence(text: str) -> bool:
    rest = [
        s for s in _SENTENCE.findall(text) if len(s.split()) > 3 and not _ABSENCE.search(s) and not _REDIRECT.search(s)
    ]
    strange = [s for s in rest if not _PLAIN.match(s) and not _CONTACTS.search(s)]
    return not strange


def _reads_bulk(sender: str, body: str, has_files: bool) -> bool:
    """A newsletter that comes without its headers: it tells how to leave it, which no person does."""
    local = sender.split("@")[0]
    if _UNSUBSCRIBE.search(body[-1500:]):
        return not has_files or bool(_NO_REPLY.match(local))
    return False


# --- failures --------------------------------------------------------------------------------------------------------


def _bounce(message: Message, sender: str, subject: str) -> Judged | None:
    report = message.get_content_type() == "multipart/report"
    kind = headers.parameters(message, "Content-Type").get("report-type", "").lower()
    statuses = [
        p
        for p in message.walk()
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
    if not (from_system or (empty_path and _BOUNCE_SUBJECT.search(subject))):
        return None
    permanent_addresses, temporary = _heuristic(message)
    failed = [a for v in headers.raw(message, "X-Failed-Recipients") for a in _ADDRESS.findall(v)]
    recipients = tuple(dict.fromkeys([a.lower() for a in failed] + list(permanent_addresses)))
    if not (recipients or temporary or _BOUNCE_SUBJECT.search(subject)):
        return None
    delayed = (not recipients and bool(temporary)) or bool(_DELAY_WORDS.search(subject))
    return Judged(
        nature="bounce", bounced=_originals(message), recipients=recipients or temporary, permanent=not delayed
    )


def _status(parts: list[Message]) -> tuple[tuple[str, ...], set[str]]:
    """Failed addresses and actions of a delivery status (RFC 3464, section 2.3)."""
    recipients: list[str] = []
    actions: set[str] = set()
    for part in parts:
        blocks = part.get_payload()
        if isinstance(blocks, str):
            import email

            blocks = [email.message_from_string(b) for b in re.split(r"\n\s*\n", blocks)]
        for block in blocks if isinstance(blocks, list) else []:
            if not isinstance(block, Message):
                continue
            action = _value(block, "Action").split("(")[0].strip()
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
    for part in message.walk():
        kind = part.get_content_type()
        if part is message:
            continue
        if kind in ("text/rfc822-headers", "message/rfc822-headers") or (kind == "text/plain" and not found):
            data = part.get_payload(decode=True)
            text = data.decode("utf-8", "replace") if isinstance(data, bytes) else ""
            found.extend(re.findall(r"(?im)^\s*>?\s*message-id:\s*(<[^<>\s]+>)", text))
        elif headers.raw(part, "Message-ID"):
            found.extend(headers.message_ids(headers.raw(part, "Message-ID")))
    if not found:
        if not message.is_multipart():
            data = message.get_payload(decode=True)
            text = data.decode("utf-8", "replace") if isinstance(data, bytes) else ""
            found.extend(re.findall(r"(?im)^\s*>?\s*message-id:\s*(<[^<>\s]+>)", text))
        if not found:
            found.extend(headers.message_ids(headers.raw(message, "In-Reply-To")[:1]))
    return tuple(dict.fromkeys(found))


def _heuristic(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Permanent and temporary failures as flufl.bounce finds them in odd reports."""
    from flufl.bounce import all_failures

    if "From" not in message:
        message["From"] = "mailer-daemon@invalid"  # its detectors ask for one and raise without
    try:
        temporary, permanent = all_failures(message)
    except (AttributeError, ValueError, LookupError, TypeError, KeyError, IndexError, AssertionError):
        return (), ()

    def bare(found: frozenset[bytes]) -> tuple[str, ...]:
        texts = sorted(a.decode("utf-8", "replace").lower() for a in found)
        return tuple(t for t in (email.utils.parseaddr(x)[1] for x in texts) if _ADDRESS.fullmatch(t))

    return bare(permanent), bare(temporary)
