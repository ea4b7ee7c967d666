"""Who wrote a mail: a person, an automatic answer, a mail system that reports a failure, a list or a newsletter.

Headers come first (RFC 3834, RFC 3464, RFC 2919, RFC 2369); words only where absence notices and newsletters are
sent without them, as several French webmails do.
"""

from __future__ import annotations

import re
from email.message import Message

from parsers import headers
from parsers.bounces import Judged, bounce

_AUTO_SUBJECT = re.compile(
    r"^\W*((re|ré|rép|tr|sv|aw)\s*:\s*)*\W*(r[ée]ponse automatique|automatic reply|auto(matique)?[-\s]?(reply"
    r"|r[ée]ponse|response)|out of (the )?office|vacation reply"
    r"|message d['’]absence|notification d['’]absence|absence du bureau|avis d['’]absence|absent(e|\(e\))? du bureau"
    r"|r[ée]pondeur automatique|accus[ée] de r[ée]ception automatique"
    r"|automatische antwort|(lu|read|non lu)\s*:|accus[ée] de lecture)",
    re.IGNORECASE,
)
_ABSENCE_SUBJECT = re.compile(
    r"^\W*((re|ré|rép)\s*:\s*)*\W*(absente?|absence|en? cong[ée]s?|cong[ée]s|indisponible|out of office|ooo)\b",
    re.IGNORECASE,
)
# What a program writes for someone who is away; each pattern is one kind of sentence.
_ABSENCE = re.compile(
    r"(\b(je|j['’]|nous|le service|l['’][ée]tablissement|la mairie|le secr[ée]tariat"
    r"|les bureaux)\b.{0,40}\b(serai|seral|suis|sommes|serons|est|sera|seront)\b.{0,40}"
    r"(absent|en cong[ée]|en vacances|en formation|en d[ée]placement|en arr[êe]t|en t[ée]l[ée]travail"
    r"|indisponible|hors du bureau|ferm[ée]|de retour)"
    r"|^\W*(bonjour\W+)?(actuellement|momentan[ée]ment|[ée]tant)?\W*(absente?s?|en cong[ée]s?|en vacances"
    r"|en d[ée]placement|en arr[êe]t|indisponible)\b"
    r"|\b(plus|pas) en poste\b|ne (fais|fait|travaille) plus (partie|dans|[àa] la)"
    r"|actuellement (absent|en cong|en vacances|en formation|en d[ée]placement|en arr[êe]t|indisponible|ferm)"
    r"|^\W*(i['’ ]a?m )?(currently )?(out of (the )?office|on (annual |sick )?leave)\b"
    r"|(absent|en cong[ée]s?)e?s? (du bureau )?(du \d|jusqu|pour la|toute la|ce jour|cette semaine|aujourd)"
    r"|ferm[ée](e|s|es)? (pour|pendant|du|jusqu)[^.]{0,50}(vacances|cong[ée]s|scolaires|f[êe]tes|\d))",
    re.IGNORECASE | re.MULTILINE,
)
_REDIRECT = re.compile(
    r"(en cas d['’]urgence|pour toute (question|urgence|demande)|en mon absence|pendant (mon|cette) absence"
    r"|durant (mon|cette) absence|[àa] mon retour|d[èe]s mon retour|de retour le"
    r"|vous pouvez (joindre|contacter|vous adresser|[ée]crire)"
    r"|merci de (contacter|joindre|vous adresser|vous rapprocher)|adresse[rz] vos (messages|courriels|mails|demandes)"
    r"|(une )?permanence (est|sera)"
    r"|veuillez (contacter|vous adresser)|for (urgent|any) (matters?|requests?|enquir)|please contact"
    r"|prendrai connaissance|aucun suivi|(ne (sera|seront|serai)|n['’]est) (pas|ni) (lu|consult|trait|relev"
    r"|transf[ée]r)|messages? (sera|seront) (lu|trait))",
    re.IGNORECASE,
)
_AUTOMATIC = re.compile(
    r"((ceci est|il s['’]agit d['’]|ce message est) une? (r[ée]ponse|message|courriel|mail|e-?mail|accus[ée] de"
    r" r[ée]ception) (g[ée]n[ée]r[ée]e? |envoy[ée]e? )?automatique"
    r"|\b(ce|cet|le pr[ée]sent) (message|courriel|mail|e-?mail) (a [ée]t[ée] |est )?"
    r"(g[ée]n[ée]r[ée]|envoy[ée]|adress[ée]) automatiquement|this is an automat|^\W*r[ée]ponse automatique)",
    re.IGNORECASE | re.MULTILINE,
)
_DO_NOT_ANSWER = re.compile(
    r"(merci de|veuillez|pri[èe]re de) ne pas (y )?r[ée]pondre( directement)? ([àa] ce|[àa] cette|au pr[ée]sent)",
    re.IGNORECASE,
)
_RECEIVED = re.compile(
    r"votre (message|courriel|e-?mail|mail|demande) (a (bien )?[ée]t[ée]|nous est)"
    r" (bien )?(re[çc]u|parvenu|enregistr|pris)"
    r".{0,160}meilleurs d[ée]lais",
    re.IGNORECASE | re.DOTALL,
)
_TAKEN = re.compile(
    r"votre (message|courriel|e-?mail|mail|demande|ticket)\b.{0,60}\b(enregistr|pris)\w*.{0,60}(n°|num[ée]ro)",
    re.IGNORECASE | re.DOTALL,
)
# How a newsletter says that one may leave it; a member who asks how to leave does so in a sentence of its own.
_UNSUBSCRIBE = re.compile(
    r"(\bcliqu\w+.{0,60}d[ée]s(abonn|inscri)|d[ée]s(abonn|inscri).{0,60}(\bcliqu\w+|https?://|\bici\b|\blien\b)"
    r"|si vous ne (souhaitez|d[ée]sirez|voulez) plus (recevoir|[êe]tre destinataire)"
    r"|^\W*(pour )?(se|me|vous) d[ée]s(abonner|inscrire)\b[^?]{0,40}$"
    r"|[.…!]\s+(se|me|vous) d[ée]s(abonner|insc\w+|inscrire)\W*$"
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
    reads_automatic = _reads_automatic(sender, subject, body, has_files)
    if _bulk_precedence(message):  # old vacation programs send it too
        return Judged(nature="auto_reply" if reads_automatic else "bulk")
    if _reads_bulk(sender, body, has_files) and not _AUTO_SUBJECT.match(subject):
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


def _reads_automatic(sender: str, subject: str, body: str, has_files: bool) -> bool:
    if _AUTO_SUBJECT.match(subject):
        return not has_files
    if has_files:
        return False
    text = body[:3000]
    short = len(text.split()) <= 130
    asks = "?" in text
    if _AUTOMATIC.search(text) and short and not asks:
        return True
    absent, redirect = bool(_ABSENCE.search(text)), bool(_REDIRECT.search(text))
    if _ABSENCE_SUBJECT.match(subject) and (absent or redirect) and not asks:
        return True
    answers = bool(re.match(r"\W*(re|ré|rép|sv|aw)\s*:", subject, re.IGNORECASE))
    if absent and (redirect or (answers and len(text.split()) <= 25)) and short and not asks:
        # A person who says that she will be away says something else besides: an absence notice says nothing else.
        return _only_absence(text)
    if asks or len(text.split()) > 80:
        return False
    told_not_to = bool(_DO_NOT_ANSWER.search(text)) and bool(_NO_REPLY.match(sender) or _TAKEN.search(text))
    return bool(_RECEIVED.search(text)) or told_not_to


_SENTENCE = re.compile(r"[^.!?\n]+[.!?\n]?")
_PLAIN = re.compile(
    r"^\W*(bonjour|bonsoir|madame|monsieur|cordialement|bien|merci|salutations|bonne|t[ée]l|[\w .'’-]{0,40}$)",
    re.IGNORECASE,
)
_CONTACTS = re.compile(
    r"(@|\b0\d([ .]?\d\d){4}\b|\bt[ée]l|contact|joindre|adresser|accueil|standard|urgen|absen|retour|cong"
    r"|r[ée]pon|messagerie|ferm|r[ée]ouv|vacances|formation|message)",
    re.IGNORECASE,
)


_SAYS_MORE = re.compile(
    r"\b(ci[- ]joint|voici|vous trouverez|veuillez trouver|je vous (transmet|adress|envoi|envoy|retourn|fais)"
    r"|nous (souhait|voul|voudr|aimer|avons)|besoin d|la suite d"
    r"|je vous (r[ée]ponds|rappelle|confirme)\b(?!.{0,20}\bretour)|\bmais (oui|non|c['’]est)\b)",
    re.IGNORECASE,
)


_PAPER = re.compile(
    r"\b(bons? de commande|convention|avenant|fiche|contrat|factur|devis|certificat|sign[ée])", re.IGNORECASE
)


def _only_absence(text: str) -> bool:
    if _SAYS_MORE.search(text):
        return False
    sentences = _SENTENCE.findall(text)
    if any(_PAPER.search(s) and not re.match(r"\W*(pour|concernant|en cas)\b", s, re.IGNORECASE) for s in sentences):
        return False
    rest = [
        s for s in _SENTENCE.findall(text) if len(s.split()) > 3 and not _ABSENCE.search(s) and not _REDIRECT.search(s)
    ]
    strange = [s for s in rest if not _PLAIN.match(s) and not _CONTACTS.search(s)]
    return not strange


def _reads_bulk(sender: str, body: str, has_files: bool) -> bool:
    """A newsletter that comes without its headers: it tells how to leave it, which no person does."""
    return bool(_UNSUBSCRIBE.search(body[-1500:])) and (not has_files or bool(_NO_REPLY.match(sender)))
