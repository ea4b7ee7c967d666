"""The sender's own words: a mail's text without quoted history, signature block and disclaimer.

Quoting styles: Outlook (`De : … Envoyé : …`), Exchange’s rule of underscores, Gmail, Apple Mail, Thunderbird, Orange,
SFR webmail (`Le … a écrit :`), Zimbra (`----- Mail original -----`), inline forwards, `>` prefixes of any depth.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_QUOTE = re.compile(r"^\s*[>|]")
_DATE = (
    r"\d{1,4}[\s/.\-]|lun|mar|mer|jeu|ven|sam|dim|mon|tue|wed|thu|fri|sat|sun|janv|févr|fevr|avr|mai|juin"
    r"|juil|août|aout|sept|oct|nov|déc|dec"
)
_ATTRIBUTION_START = re.compile(rf"^\s*>?\s*(le|on|am|el)\s+({_DATE})", re.IGNORECASE)
_ATTRIBUTION_END = re.compile(r"(a\s+[ée]crit|ont\s+[ée]crit|wrote|schrieb|escribi[oó])\s*:?\s*$", re.IGNORECASE)
# GroupWise and BlueMind put the date behind; Horde and older programs none at all.
_ATTRIBUTION_DATED = re.compile(r"^\s*>?\s*\S.{1,120}\s(a [ée]crit|wrote)\s+(le|on)\s.{4,60}:\s*$", re.IGNORECASE)
_ATTRIBUTION_BARE = re.compile(r"^\s*>?\s*\S.{1,140}\s(a [ée]crit|wrote)\s*:\s*$", re.IGNORECASE)
_SEPARATOR = re.compile(
    r"^\s*>?\s*[-_—–=*]{2,}\s*"
    r"(message d['’]origine|message original|mail original|e-?mail original|courriel original|original message"
    r"|original appointment"
    r"|message transf[ée]r[ée]|message r[ée]exp[ée]di[ée]|forwarded message|d[ée]but du message transf[ée]r[ée]"
    r"|mail transf[ée]r[ée])"
    r"\s*[-_—–=*]*\s*$",
    re.IGNORECASE,
)
_FORWARD = re.compile(
    r"(transf[ée]r[ée]|r[ée]exp[ée]di[ée]|forwarded)|^\s*(d[ée]but du message (transf[ée]r[ée]"
    r"|r[ée]exp[ée]di[ée])|begin forwarded message)",
    re.IGNORECASE,
)
_BEGIN_FORWARD = re.compile(
    r"^\s*(d[ée]but du message (transf[ée]r[ée]|r[ée]exp[ée]di[ée])|begin forwarded message)\s*:", re.IGNORECASE
)
_ADDRESS = re.compile(r"[^\s<>\"'(),;:\[\]]+@[^\s<>\"'(),;:\[\]]+")
_HEAD_FROM = re.compile(r"^\s*>?\s*\*?(de|from|von|exp[ée]diteur|envoy[ée] par)\s*\*?\s*:\s*\*?\s*\S", re.IGNORECASE)
_HEAD_REST = re.compile(
    r"^\s*>?\s*\*?(envoy[ée](\s+le)?|sent|date|[àa]|to|cc|objet|subject|pour|gesendet|an|betreff|destinataires?"
    r"|r[ée]pondre [àa]|importance|pi[èe]ces? jointes?)\s*\*?\s*:",
    re.IGNORECASE,
)
_RULE = re.compile(r"^\s*(_{10,}|-{20,}|={20,}|\*{20,})\s*$")
_CLOSING = re.compile(
    r"^\W*((bien|très|tres|tr[èe]s bien|meilleures|sinc[èe]res|mes|nos|avec|en vous|dans l)\b[^.?!:]{0,60}\b)?"
    r"(cordialement|cordialment|cordiales? salutations|cdlt|cdt|cldt|salutations|sinc[èe]rement|respectueusement"
    r"|courtoisement"
    r"|amicalement|amiti[ée]s|bien [àa] (vous|toi)|[àa] vous lire|meilleurs sentiments|consid[ée]ration distingu[ée]e"
    r"|bonne (journ[ée]e|soir[ée]e|fin de journ[ée]e|semaine|fin de semaine|r[ée]ception|continuation)"
    r"|bon week-?end|best regards|kind regards|regards)\b"
    r"(\s+(cordialement|[àa] (vous|tous|toutes)|et .{0,40}))?[\s,.;!]*$",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"^\W*((je|nous) vous (en )?(prie|prions|souhaite|souhaitons)|veuillez (agr[ée]er|recevoir|croire|accepter)"
    r"|recevez,|agr[ée]ez"
    r"|avec (tous )?(mes|nos) remerciements|vous (en )?(remerciant|souhaitant)"
    r"|(dans l['’]attente|en attente) de (votre|vous))[^?]{0,160}$",
    re.IGNORECASE,
)
# Thanks and nothing more: what follows them in the line is what the sender came to say.
_THANKS = re.compile(
    r"^\W*(un grand |mille |encore )?mercis? (d['’]avance|par avance|beaucoup|bien|infiniment|encore|[àa] vous"
    r"|pour (votre|vos|ton|ta|cette|ce|ces|le|la|les|l['’])\b)"
    r"(?!.*\b(mais|cependant|toutefois|n[ée]anmoins|pourtant|par contre|en revanche|car|sauf)\b)"
    r"[^?.!:;]{0,120}[.!,]*\s*"
    r"((bonne|bien|cordialement|tr[èe]s|excellente?|[àa] bient[ôo]t)\b[^?.!:;]{0,60}[.!,]*\s*)?$",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"^\W*(bonjour|bonsoir|bjr|bsr|hello|salut|coucou|(ch[èe]re?s?\s+)?(madame|monsieur|mesdames|messieurs|mme"
    r"|m\.|mr)|(ch[èe]re?s?\s+)?coll[èe]gues?|dear|hi)\b"
    r"[\w\s,.'’\-àâäéèêëîïôöùûüç]{0,50}[,!.;:]?\s*$",
    re.IGNORECASE,
)
_DEVICE = re.compile(
    r"^\s*(envoy[ée] (de|depuis|[àa] partir d)\b|sent from|get outlook for|t[ée]l[ée]charge[rz] outlook"
    r"|obtenez outlook|provenance\s*:\s*courrier)",
    re.IGNORECASE,
)
_DISCLAIMER = re.compile(
    r"(pensez? (à|a) l['’]environnement|n['’]imprimez ce|ce (message|courriel|mail|e-mail).{0,60}(confidentiel"
    r"|pi[èe]ces? jointes?.{0,40}(sont|destin|confident)|destin[ée])"
    r"|si vous (n['’][êe]tes pas|avez re[çc]u ce) (le destinataire|message|courriel).{0,60}|this (e-?mail"
    r"|message).{0,40}confidential"
    r"|(conform|vertu)\w*\b[^?]{0,40}\brgpd\b|\bdpo@|\bvos donn[ée]es ([àa] caract[èe]re )?personnel"
    r"|\bdroits? (d['’](acc[èe]s|opposition)|de (rectification|retrait|suppression))\b"
    r"|d[ée]cline (toute|sa) responsabilit[ée]|informatique et libert[ée]s"
    r"|analys[ée] (par|anti)|garanti sans virus|avast|virus-free)",
    re.IGNORECASE,
)
_POSTSCRIPT = re.compile(r"^\s*(p\.?\s?s\.?|post[- ]scriptum|nb|n\.b\.)\s*[:\-–)]", re.IGNORECASE)
_CONTACT = re.compile(
    r"(t[ée]l\b|t[ée]l[ée]phone|standard|fax|mobile|port\.|\b0\d([ .\-]?\d\d){4}\b|\+33|@|www\.|https?://"
    r"|\b\d{5}\s+[A-ZÉÈ]|cedex|\|)",
    re.IGNORECASE,
)
_ROLE = re.compile(
    r"\b(mairie|commune|ville|coll[èe]ge|lyc[ée]e|ccas|syndicat|communaut[ée]|service|direction|directeur"
    r"|directrice|dgs|secr[ée]taire|gestionnaire|responsable|charg[ée]e?"
    r"|adjointe?|agent|assistante?|comptable|intendante?|principale?|proviseure?|maire|attach[ée]e?"
    r"|[ée]tablissement|institution|rue|avenue|place|boulevard)\b",
    re.IGNORECASE,
)


_LONGEST = 200_000  # characters of one mail's text
_LINES = 4000
_BLOCK = 40  # lines that a signature block may take, blank ones included


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """A mail's text taken apart."""

    own: str  # what the sender says: no history, no signature block
    signed: str  # the same with the signature block: an order written in the mail itself names its sender there
    forwarded: str  # the text of a message forwarded below, without its head; empty in a reply
    forwarded_from: str = ""  # the address that its head names, lower case


def _attribution(lines: list[str], i: int) -> int:
    """How many lines from `i` on are `Le … a écrit :` (programs wrap it), 0 where they are none."""
    if _ATTRIBUTION_DATED.match(lines[i]):
        return 1
    if _ATTRIBUTION_BARE.match(lines[i]) and any(_QUOTE.match(x) for x in lines[i + 1 : i + 3]):
        return 1
    if not _ATTRIBUTION_START.match(lines[i]):
        return 0
    joined = ""
    for n in range(1, 5):
        if i + n > len(lines):
            return 0
        joined += " " + lines[i + n - 1].lstrip("> ").rstrip()
        if _ATTRIBUTION_END.search(joined):
            return n
        if not lines[i + n - 1].strip():
            return 0
    return 0


def _head(lines: list[str], i: int) -> int:
    """How many lines from `i` on are a quoted message's head (`De :`, `Envoyé :`, `Objet :`), 0 where they are none."""
    starts_with_sender = bool(_HEAD_FROM.match(lines[i]))
    if not starts_with_sender and not _HEAD_REST.match(lines[i]):
        return 0
    n = blank = heads = senders = 0
    for n, line in enumerate(lines[i : i + 12]):  # noqa: B007  counted on below
        if _HEAD_FROM.match(line) or _HEAD_REST.match(line):
            heads, blank = heads + 1, 0
            senders += bool(_HEAD_FROM.match(line))
        elif not line.strip() and blank == 0 and heads < 3:
            blank = 1  # Outlook's plain text from HTML puts a blank line between two
        elif heads and re.match(r"^\s*>?\s+\S", line) and "@" in line:
            continue  # a long list of addresses, folded
        else:
            break
    enough = heads >= 2 if starts_with_sender else heads >= 3
    return n - blank if senders and enough else 0


def _cut(lines: list[str]) -> tuple[list[str], list[str], list[str] | None]:
    """Own lines, lines of the history below, and the lines of its head where it may be a forward."""
    own: list[str] = []
    i = 0
    while i < len(lines):
        line = lines[i]
        if _SEPARATOR.match(line) or _BEGIN_FORWARD.match(line):
            below = lines[i + 1 :]
            skip = next((j for j, x in enumerate(below[:14]) if _HEAD_REST.match(x) or _HEAD_FROM.match(x)), None)
            while (
                skip is not None
                and skip < len(below)
                and (_HEAD_REST.match(below[skip]) or _HEAD_FROM.match(below[skip]))
            ):
                skip += 1
            return own, below[skip or 0 :], below[: skip or 0] if _FORWARD.search(line) else None
        if n := _attribution(lines, i):
            i += n
            # A reply written below or between the quoted lines: those lines alone go.
            rest = lines[i:]
            if not any(_QUOTE.match(x) for x in rest):
                return own, rest, None
            continue
        n = _head(lines, i)
        if not n and _RULE.match(line) and i + 1 < len(lines):
            after = next((j for j in range(i + 1, min(i + 4, len(lines))) if lines[j].strip()), None)
            n = (_head(lines, after) + after - i) if after is not None and _head(lines, after) else 0
        if n:
            return own, lines[i + n :], lines[i : i + n]
        if not _QUOTE.match(line):
            own.append(line)
        i += 1
    return own, [], None


def _signature_start(lines: list[str]) -> int:
    """Index of the first line that belongs to the signature block; len(lines) where there is none."""
    end = _postscript(lines)
    for i, line in enumerate(lines):
        if line.rstrip("\r") in ("-- ", "--", "—", "– ") and i > 0:
            return i
        if _DEVICE.match(line) or (_RULE.match(line) and i > 0 and not any(x.strip() for x in lines[i + 9 :])):
            return i
        closing, polite = _CLOSING.match(line), _POLITE.match(line) or _THANKS.match(line)
        if not closing and not polite:
            continue
        rest = [x for x in lines[i + 1 : min(end, i + _BLOCK)] if x.strip()]
        more = any(x.strip() for x in lines[i + _BLOCK : end])
        short = not more and len(rest) <= 14 and all(len(x) <= 110 for x in rest[:3])
        if (closing or not any(len(x) > 130 for x in rest[:6])) and short and not _asks(rest):
            return i
    return _contact_block(lines)


def _contact_block(lines: list[str]) -> int:
    """Where no closing formula stands: a block of contact lines at the end."""
    last = len(lines)
    while last and not lines[last - 1].strip():
        last -= 1
    start = last
    while start and lines[start - 1].strip():
        start -= 1
    block = lines[start:last]
    if start and block and len(block) <= 8 and all(len(x) < 90 for x in block) and not _asks(block):
        hits = sum(1 for x in block if _CONTACT.search(x) or _ROLE.search(x))
        if hits >= 2 or (hits and len(block) <= 3 and not re.search(r"[.?!]\s*$", block[-1])):
            return start
    return len(lines)


def _asks(lines: list[str]) -> bool:
    """Whether lines that look like a signature say something yet: a question, a whole sentence."""
    for line in lines:
        if _DISCLAIMER.search(line) or _CONTACT.search(line):
            continue
        if "?" in line:
            return True
        if (
            len(line.split()) >= 9
            and re.search(r"\b(je|nous|vous|merci|pouvez|pourriez|est|sont|avons|ai)\b", line, re.IGNORECASE)
            and not (_POLITE.match(line) or _THANKS.match(line))
        ):
            return True
    return False


def _postscript(lines: list[str]) -> int:
    return next((i for i, x in enumerate(lines) if _POSTSCRIPT.match(x)), len(lines))


def _strip_tail(lines: list[str]) -> list[str]:
    cut = _signature_start(lines)
    if cut < len(lines) and _THANKS.match(lines[cut]) and says_nothing("\n".join(lines[:cut])):
        cut += 1  # thanks are all that was said
    kept = lines[:cut]
    # A postscript below the signature is the sender's own words again.
    tail = lines[cut:]
    if postscript := tail[_postscript(tail) :]:
        kept = [*kept, "", *postscript]
    return [x for x in _without_disclaimers(kept) if not _DEVICE.match(x)]


def _without_disclaimers(lines: list[str]) -> list[str]:
    """The lines without what a server adds to each mail: such a line, and the rest of its paragraph at the end."""
    first = next((i for i, x in enumerate(lines) if _DISCLAIMER.search(x)), len(lines))
    rest = lines[first:]
    if not any(not x.strip() for x in rest) and not any("?" in x for x in rest):
        return lines[:first]
    return [x for x in lines if not _DISCLAIMER.search(x)]


def _join(lines: list[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(x.rstrip() for x in lines)).strip()


def split(text: str) -> Words:
    """A mail's plain text as the sender's own words, the same with signature, and what it forwards."""
    text = text[:_LONGEST].replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ").replace("\u200b", "")
    own, below, head = _cut(text.split("\n")[:_LINES])
    body = _join(_strip_tail(own))
    forwarded = ""
    if head is not None and below:
        inner, _, _ = _cut([re.sub(r"^\s*>\s?", "", x) for x in below])
        forwarded = _join(_strip_tail(inner))
    senders = (x for x in head or () if _HEAD_FROM.match(x))
    found = next((m[0].lower() for m in map(_ADDRESS.search, senders) if m), "")
    return Words(own=body, signed=_join(own), forwarded=forwarded, forwarded_from=found)


def says_nothing(text: str) -> bool:
    """Whether own words are greetings and closing formulas alone (« Bonjour, », « Bien cordialement »)."""
    return all(
        not x.strip() or len(x.split()) <= 1 or any(p.match(x) for p in (_GREETING, _CLOSING, _POLITE, _THANKS))
        for x in text.split("\n")
    )
