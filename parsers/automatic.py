"""Automatic answers that come without a header: absence notices, closed offices, tickets, receipts, anti-spam riddles.

Several French webmails, town halls' portals and filters send none of RFC 3834's headers. Words decide then, and only
where nothing else is said: a person who will be away says something else besides.
"""

from __future__ import annotations

import re

AUTO_SUBJECT = re.compile(
    r"^\W*((re|ré|rép|tr|sv|aw)\s*:\s*)*\W*(r[ée]ponse automatique|automatic reply|auto(matique)?[-\s]?(reply"
    r"|r[ée]ponse|response)|automatique\s*:|out of (the )?office|vacation reply"
    r"|message (d['’]absence|automatique)|notification d['’]absence|absence du bureau|avis d['’]absence"
    r"|absent(e|\(e\))? du bureau"
    r"|r[ée]pondeur automatique|accus[ée] de r[ée]ception (automatique|\((affich|lu|trait|suppr))"
    r"|automatische antwort|(lu|read|non lu|not read)\s*:"
    r"|(accus[ée]|confirmation|notification|avis) de lecture|return receipt)",
    re.IGNORECASE,
)
_ABSENCE_SUBJECT = re.compile(
    r"^\W*((re|ré|rép)\s*:\s*)*\W*(absente?|absence|en? cong[ée]s?|cong[ée]s?|indisponible|out of office|ooo"
    r"|fermeture|vacances)\b",
    re.IGNORECASE,
)
# What a program writes for someone who is away; each pattern is one kind of sentence.
_ABSENCE = re.compile(
    r"(\b(je|j['’]|nous|le service|l['’][ée]tablissement|l['’][ée]cole|le (coll[èe]ge|lyc[ée]e)|la mairie"
    r"|le secr[ée]tariat|nos (bureaux|services)"
    r"|les bureaux)\b.{0,40}\b(serai|seral|suis|sommes|serons|est|sera|sont|seront)\b.{0,40}"
    r"(absent|en cong[ée]|en vacances|en formation|en d[ée]placement|en arr[êe]t|en t[ée]l[ée]travail"
    r"|indisponible|hors du bureau|ferm[ée]|de retour)"
    r"|^\W*(bonjour\W+)?(actuellement|momentan[ée]ment|[ée]tant)?\W*(absente?s?|en cong[ée]s?|en vacances"
    r"|en d[ée]placement|en arr[êe]t|indisponible)\b"
    r"|\b(plus|pas) en poste\b|ne (fais|fait|travaille) plus (partie|dans|[àa] la)"
    r"|actuellement (absent|en cong|en vacances|en formation|en d[ée]placement|en arr[êe]t|indisponible|ferm)"
    r"|^\W*(i['’ ]a?m )?(currently )?(out of (the )?office|on (annual |sick )?leave)\b"
    r"|(absent|en cong[ée]s?)e?s? (du bureau )?(du \d|jusqu|pour la|toute la|ce jour|cette semaine|aujourd)"
    r"|ferm[ée](e|s|es)? (pour|pendant|du|jusqu)[^.]{0,50}(vacances|cong[ée]s|scolaires|f[êe]tes|\d)"
    # left for good, or an address that nobody looks into
    r"|\bj['’]ai (quitt[ée]|chang[ée] de (poste|service|fonctions?)|pris ma retraite)"
    r"|\b(mon|suite [àa] mon|mon d[ée]part (en|[àa] la)) d[ée]part (en|[àa] la) retraite|\bsuis (parti|retrait)e?"
    r"|\b(adresse|bo[iî]te|messagerie|compte)\b.{0,40}\b(n['’]est|ne (sera|seront|sont)) (plus|pas)\b.{0,20}"
    r"(valide|activ|consult|relev|utilis|lue?s?\b|en service)"
    r"|\b(messages|courriels|e-?mails|mails)\b ?(ne (sont|seront)|n['’]est|ne font l['’]objet)\b.{0,12}\b(pas|plus"
    r"|ni|d['’]aucun)\b"
    r"|pas d['’]acc[èe]s [àa] (ma|mes|notre) (messagerie|bo[iî]te|mails|courriels)"
    # back then, or there on some days alone
    r"|^\W*(de )?retour (au bureau|pr[ée]vu|le \d|le (lun|mar|mer|jeu|ven))"
    r"|\b(r[ée]ouverture|r[ée]ouvre|rouvr(ira|irons|iront))\b.{0,30}\b(le|lundi|mardi|mercredi|jeudi|vendredi|\d)"
    r"|travaille [àa] (mi-temps|temps partiel|\d\d ?%)|(suis|serai) pr[ée]sente? (que|uniquement|seulement))",
    re.IGNORECASE | re.MULTILINE,
)
_REDIRECT = re.compile(
    r"(en cas d['’]urgence|pour toute (question|urgence|demande|commande|information)|en mon absence"
    r"|pendant (mon|cette) absence"
    r"|durant (mon|cette) absence|[àa] mon retour|d[èe]s mon retour|de retour le|[àa] la r[ée]ouverture"
    r"|(d[èe]s|[àa]) (la|notre) reprise|\breviendrai vers vous (le|[àa])\b"
    r"|vous pouvez (joindre|contacter|vous adresser|[ée]crire)"
    r"|(merci|pri[èe]re) (de|d['’]) ?(contacter|joindre|vous adresser|vous rapprocher|[ée]crire|utiliser|appeler)"
    r"|\b(contactez|[ée]crivez|joignez|adressez-vous|rapprochez-vous)\b"
    r"|adresse[rz] vos (messages|courriels|mails|demandes)"
    r"|(une )?permanence (est|sera)|votre (nouvel |nouvelle )?interlocut(eur|rice)|(assure|assurera) mon remplacement"
    r"|veuillez (contacter|vous adresser|utiliser|[ée]crire)|for (urgent|any) (matters?|requests?|enquir)"
    r"|please contact"
    r"|prendrai connaissance|aucun suivi|(ne (sera|seront|serai)|n['’](est|a)) (pas|ni) ((lu|consult|trait|relev)"
    r"|[ée]t[ée] transf[ée]r|transf[ée]r)|messages? (sera|seront) (lu|trait))",
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
    r"((merci de|veuillez|pri[èe]re de) ne pas (y )?r[ée]pondre( directement)? ([àa] ce|[àa] cette|au pr[ée]sent)"
    r"|ne (pas r[ée]pondre|r[ée]pondez pas) ([àa] ce|[àa] cette|au pr[ée]sent))",
    re.IGNORECASE,
)
_YOURS = r"(votre|vos) (messages?|courriels?|e-?mails?|mails?|demandes?|sollicitations?|requ[êe]tes?|tickets?)"
_RECEIVED = re.compile(
    rf"{_YOURS} (a (bien )?[ée]t[ée]|(nous )?est) (bien )?(re[çc]u|r[ée]ceptionn|parvenu|enregistr|pris).{{0,160}}"
    r"(meilleurs d[ée]lais|plus brefs d[ée]lais|sous (\d+|quarante|dix|huit|quinze) ?(h\b|heures|jours)"
    r"|d[ée]lai (moyen|maximum|de))",
    re.IGNORECASE | re.DOTALL,
)
_TAKEN = re.compile(
    rf"({_YOURS}\b.{{0,60}}\b(enregistr|r[ée]ceptionn|pris|cr[éeé]+|attribu|affect)\w*.{{0,60}}(n°|num[ée]ro|r[ée]f[ée]rence|#)"
    rf"|{_YOURS}\W{{0,3}}(n°|num[ée]ro|#)\W{{0,2}}\d.{{0,40}}\b(enregistr|pris|cr[éeé]+|affect)"
    r"|attribu[ée] (la r[ée]f[ée]rence|le num[ée]ro) \w*\d)",
    re.IGNORECASE | re.DOTALL,
)
# A filter that asks a sender to prove that a person wrote, or holds the mail back until somebody lets it through.
_RIDDLE = re.compile(
    r"(\b(cliqu\w+|confirm\w+|authentifi\w+|valid\w+|saisi\w+)\b.{0,160}"
    r"(exp[ée]diteur|l['’]auteur|captcha|robot|caract[èe]res (affich|ci)|[êe]tre humain"
    r"|soit (remis|d[ée]livr|distribu))"
    r"|soit (remis|d[ée]livr|distribu)\w*.{0,80}\b(cliqu|confirm|authentifi)"
    r"|\bvotre (message|courriel|e-?mail|mail)\b.{0,80}\ben (quarantaine|attente de lib))",
    re.IGNORECASE | re.DOTALL,
)
_SEEN = re.compile(
    r"(\bmessage\b.{0,300}\ba [ée]t[ée] (lu|affich[ée]|ouvert)\b|\b(accus[ée]|confirmation) de lecture (pour|du)\b"
    r"|n['’]indique pas que le message a [ée]t[ée] (lu|compris)|supprim[ée] sans (avoir )?[êe]tre? ?lu)",
    re.IGNORECASE | re.DOTALL,
)
_NO_REPLY = re.compile(r"^(no-?reply|ne-?pas-?repondre|nepasrepondre|noreponse)\b", re.IGNORECASE)
_AGAIN = re.compile(r"\W*(re|ré|rép|tr|fw|fwd|sv|aw)\s*:", re.IGNORECASE)
_ANSWERS = re.compile(r"\W*(re|ré|rép|sv|aw)\s*:", re.IGNORECASE)


def reads_automatic(sender: str, subject: str, body: str, has_files: bool) -> bool:
    """Whether a program wrote these words. `sender`: the bare address; `body`: own words with the signature block."""
    if has_files:
        return False
    text = body[:3000]
    if AUTO_SUBJECT.match(subject):
        # A person answers such a notice, or hands it on, under its own subject.
        return not (_AGAIN.match(subject) and ("?" in text or _says_more(text)))
    if "?" in text:
        return False
    count = len(text.split())
    if count <= 130 and (_AUTOMATIC.search(text) or (_RIDDLE.search(text) and not _says_more(text))):
        return True
    if count <= 80 and _SEEN.search(text) and not _says_more(text):
        return True
    absent, redirect = bool(_ABSENCE.search(text)), bool(_REDIRECT.search(text))
    if _ABSENCE_SUBJECT.match(subject) and (absent or redirect):
        return _only_absence(text)
    if absent and (redirect or (_ANSWERS.match(subject) and count <= 25)) and count <= 130:
        # A person who says that she will be away says something else besides: an absence notice says nothing else.
        return _only_absence(text)
    if count > 80:
        return False
    if _sounds_automatic(sender, subject, text):
        return True
    told_not_to = bool(_DO_NOT_ANSWER.search(text)) and bool(_NO_REPLY.match(sender) or _TAKEN.search(text))
    return told_not_to or ((bool(_RECEIVED.search(text)) or bool(_TAKEN.search(text))) and not _says_more(text))


_SHORT = 3  # words of a greeting or a signature
_EACH, _ONE = 0.6, 0.85  # how likely each sentence, and one of them, must be a program's
_ANSWER_SUBJECT = re.compile(
    r"\b(absen|cong[ée]|vacances|fermeture|ferm[ée]|indisponib|hors (du|de mon) bureau|bien re[çc]u|r[ée]ponse"
    r"|accus[ée] ?(de )?r[ée]ception|automatique|enregistr)",
    re.IGNORECASE,
)
_GREETS = re.compile(
    r"^\W*(bonjour|bonsoir|madame|monsieur|cordialement|bien (cordialement|[àa] vous)|salutations|bonne|belle"
    r"|excellente|tr[eè]s)\b[^.]{0,40}$",
    re.IGNORECASE,
)
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
    r"|nous (souhait|voul|voudr|aimer|avons(?! bien re[çc]u))|besoin d|la suite d"
    r"|je vous (r[ée]ponds|rappelle|confirme)\b(?!.{0,20}\bretour)|\bmais (oui|non|c['’]est)\b)",
    re.IGNORECASE,
)
_PAPER = re.compile(
    r"\b(bons? de commande|convention|avenant|fiche|contrat|factur|devis|certificat|sign[ée]|signature)",
    re.IGNORECASE,
)
_OURS = re.compile(  # what a program of somebody away knows nothing of
    r"\blots? \d|\b(le|les|du|des|au|ce|notre|nos) (lots?|march[ée]|groupement)\b(?! public)"
    r"|\b(la|notre|nos|ma|cette|votre) commandes?\b(?! publique)",
    re.IGNORECASE,
)
_DIRECTS = re.compile(r"\W*(pour (tout\w*|les?|la|vos)|concernant|en cas)\b", re.IGNORECASE)


def _says_more(text: str) -> bool:
    """Whether a text sends or wants something, or speaks of papers otherwise than to say who deals with them."""
    if _SAYS_MORE.search(text):
        return True
    sentences = [s for s in _SENTENCE.findall(text) if not _DIRECTS.match(s)]
    if any(_PAPER.search(s) or (_OURS.search(s) and not _REDIRECT.search(s)) for s in sentences):
        return True
    from parsers import intents  # loads the weights

    rest = [s for s in sentences if not _ABSENCE.search(s) and not _REDIRECT.search(s)]
    return any(intents.probabilities(s)[x] >= intents.SURE[x] for s in rest for x in ("withdraw", "join"))


def _sounds_automatic(sender: str, subject: str, text: str) -> bool:
    """Whether each sentence of what answers a mail is likely a program's: what no list of phrases foresaw."""
    if not (_ANSWERS.match(subject) or _ANSWER_SUBJECT.search(subject) or _NO_REPLY.match(sender)):
        return False
    from parsers import intents

    said = [s for p in intents.sentences(text) for s in p if len(s.split()) > _SHORT and not _GREETS.match(s)]
    odds = [intents.automatic(s) for s in said]
    return bool(odds) and min(odds) >= _EACH and max(odds) >= _ONE and not _says_more(text)


def _only_absence(text: str) -> bool:
    if _says_more(text):
        return False
    rest = [
        s for s in _SENTENCE.findall(text) if len(s.split()) > 3 and not _ABSENCE.search(s) and not _REDIRECT.search(s)
    ]
    return all(_PLAIN.match(s) or _CONTACTS.search(s) for s in rest)
