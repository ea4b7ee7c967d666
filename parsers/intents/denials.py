"""What takes an intent back that a sentence's words alone would give: negation, supposition, another thing meant.

The classifier weighs words; « nous n'avons aucunement l'intention de nous retirer », « annuler la réunion » and « nous
rejoindre sur Teams » hold those of a wish that nobody has. Each pattern is one kind of sentence, on folded text.
"""

from __future__ import annotations

import re

_LEAVES = r"(annul|resili|renonc|desist|desengag|retir|abandon|quitt|denonc)"
_WISH = r"(desistement|retrait|resiliation|annulation|renoncement|renonciation|desengagement|abandon|depart)"
_MEETING = (
    r"(rendez[- ]?vous|rdv|reunion|entretien|visio\w*|webinaire|teams|zoom|webex|appel|point telephonique|echange"
    r"|invitation|seance|visite|conseil|commission|comite|deplacement|intervention|atelier|conge|absence)s?"
)
_OURS = r"\b(commande|bon|lots?|marche|groupement|engagement|abonnement|adhesion|contrat|participation)\b"

_NOT_LEAVING = re.compile(
    # « nous n'annulons pas », « surtout ne résiliez pas », « je n'ai jamais dit que nous quittions »
    rf"\b(ne |n ?')(\w+ ){{0,3}}{_LEAVES}\w* (a |de )?(pas|point|jamais|rien|aucun)\b"
    rf"|\b(n ?'|ne )\w+ (pas|jamais|point) (dit|ecrit|demande|souhaite|voulu|decide|parle)\b"
    rf"((?! (et|mais|donc) )[^.;!?,]){{0,30}}({_LEAVES}|{_WISH})"
    # « pas question d'annuler », « aucunement l'intention de renoncer », « n'avons pas résilié »
    rf"|\b(pas|aucunement|nullement|jamais|aucune?) ((?!autre|choix|et|mais|donc)\w+[ ']){{0,4}}?"
    rf"(d'|de |a )?(nous |se |s'|m')?"
    rf"(annul|resili|renonc|desist|desengag|retir|abandon)"
    rf"|\b(loin de|hors de question|pas (l'|d')?(intention|idee|projet|objet))\b[^.;!?]{{0,40}}{_LEAVES}"
    rf"|\b(ne s'agit|n'est|n'etait) (pas|nullement|aucunement) (d'|de )?(un |une |la |le |notre )?{_WISH}"
    r"|\bsans (annul|resili)"
    # « nous restons engagés », « on garde tout », « nous poursuivons »; not « nous gardons Docapost »
    r"|\b(rest|demeur)(e|ons|ent|era|erons) (bien |toujours |donc |bel et bien |evidemment )?(engag|dans|membre|adheren"
    r"|partant|client|inscrit|abonne|avec vous)"
    r"|\b(gard|conserv|maint|poursui)\w+ (bien |donc |finalement |evidemment )?(tout|les? lots?|l'|la commande"
    r"|nos (commandes|lots)|notre (commande|engagement|participation|adhesion|bon))"
    # what is taken back is the wish itself
    rf"|\b(annul|retir|oubli|ignor)\w* (donc )?(notre|la|le|ma|mon|cette|ce|l') ?"
    rf"((demande|courrier|lettre|mail|courriel|message|souhait|decision) (de |d'))?{_WISH}"
    rf"|\b(reven\w+|reviens|revient) sur (notre|le|la|mon|ma) (\w+ (de |d'))?{_WISH}"
    rf"|\bne (pas )?(ten\w+|prend\w+) (pas |plus )?(compte|en compte)[^.;!?]{{0,30}}{_WISH}"
    rf"|\b{_WISH} [^.;!?]{{0,30}}\b(sans objet|n'est plus|est annulee?|etait une erreur)"
    # others speak of it
    rf"|\b(vous (nous )?(parl|evoqu|mentionn|ecriv|signal)\w*|(parl|evoqu|mentionn)\w*[ -]vous) (\w+[ ']){{0,3}}{_WISH}"
)
_STILL_LEAVES = re.compile(
    rf"\b({_LEAVES}|{_WISH})|\b(mais|sauf|hormis|excepte|revanche|par contre)\b.{{0,200}}\b(plus|pas)\b"
)
_OTHER_THING = re.compile(  # a meeting, a list of addresses, a mail, somebody's account: nothing that was ordered
    rf"\b{_MEETING} ((?!d'?annul)\w+ ){{0,4}}(est|sera|sont|seront|soit|ete|etant) (annul|report|decommand|supprim)"
    r"|\b(listes? (de (diffusion|contacts?|distribution)|d'(envoi|adresses))|newsletters?|infolettres?|mailings?"
    r"|lettres? d'information|vos (envois|mails|courriels|destinataires|contacts|listes)|fichiers? de contacts?"
    r"|carnet d'adresses)\b"
    r"|\b(clo\w+|ferm\w+|annul\w+) (donc )?(le|ce|mon|notre) (ticket|incident|signalement)\b"
    r"|\b(ignor|oubli|annul|retir|supprim)\w* (donc )?(mon|ma|notre|ce|cet) (precedent |dernier )?"
    r"(mail|message|courriel|envoi)"
    r"|\bcompte (de |d'|du )(m\b|mme|mlle|monsieur|madame|l'ancien|notre ancien|mon (ancien|collegue|predecesseur)"
    r"|ma collegue|ex)"
)
_MEETING_ITSELF = re.compile(
    r"\b(annul|decommand|report|deplac|rejoi|joindre|participer|assister)\w* "
    r"((notre|ma|ta|sa|leur) (venue|presence) )?(a )?"
    rf"(la |le |l'|les |notre |votre |mon |cette |cet |ce |un |une )?(prochaine? |premiere? )?{_MEETING}\b"
)
_PAPER_ITSELF = re.compile(  # what stands in a tool or a ledger is put right there: « retirer un acte du parapheur »
    r"\b(annul|retir|supprim|rappel)\w* (un |une |l'|le |la |les |des |cet |cette |ce |mon |ma |notre |du )?"
    r"(actes?|documents?|fichiers?|flux|bordereau|depot|convocations?(?! electr)|publication|avis|factures?|avoir"
    r"|mandats?|titres?|paiements?|transactions?|prelevements?|relances?|utilisateurs?)\b"
    r"|\b(arret|abandon)\w* (avec )?le papier\b"
    r"|\b(un|le) dossier (du|dans le) parapheur\b|\b(factures?|mandats?|titres?) [^.;!?]{0,30}(est|etre|ete) annul"
)
_SUPPOSED = re.compile(
    r"\b(que|qu') ?(se passerait|adviendrait|arriverait|se passe|risqu\w+)\b"
    r"|\b((dans le|au) cas ou|a supposer|dans l'hypothese|en cas d)"
    r"|\bsi (jamais |par hasard )?(nous|on|un|une|le|la|l'|les|notre|ce|cela|cette|mon)\b[^.;!?]{0,80}?"
    r"\b\w{2,}(ait|ions|aient)\b"
)
_NOT_JOINING = re.compile(
    r"\b(re)?(joindre|joignez|joins|joint|rejoignez|integr\w+|particip\w+|associ\w+|assist\w+)\b[^.;!?]{0,40}"
    rf"\b({_MEETING}|equipe|telephone|standard|ligne|liens?|lundi|mardi|mercredi|jeudi|vendredi)\b"
    r"|\b(nous|me|m') ?(re)?joindre\b(?! a)|\bvous joindre\b"
)
_IN_ALREADY = re.compile(
    r"\b(inclus|compris)\w* dans (le |l'|les |notre |votre )?(prix|abonnement|forfait|tarif|offre|montant|cout)\b|"
    r"\b(sommes|est|suis|sont) (bien |deja |toujours |desormais )?(membres?|adherents?|rattachee?s?|inscrite?s?)\b"
    r"|\b(faisons|fait|font) (bien |deja |toujours )?partie\b"
)


def leaves(flat: str) -> bool:
    """Whether a sentence that speaks of leaving may mean it: nothing in it takes that back."""
    if _MEETING_ITSELF.search(flat) or _PAPER_ITSELF.search(flat):
        return bool(re.search(rf"{_LEAVES}\w* (la |notre |ma |cette )?(commande|{_WISH})", flat))
    if _OTHER_THING.search(flat) and not re.search(_OURS, flat):
        return False
    if not _NOT_LEAVING.search(flat):
        return True
    # « nous gardons le lot 2 mais annulons le lot 3 »
    return bool(_STILL_LEAVES.search(_NOT_LEAVING.sub(" ", flat)))


def supposes(flat: str) -> bool:
    """Whether leaving is only supposed (« que se passerait-il si… »)."""
    return bool(_SUPPOSED.search(flat))


def joins(flat: str) -> bool:
    """Whether a sentence that speaks of joining means a market, not a meeting or a telephone, and is not in it yet."""
    if _MEETING_ITSELF.search(flat) or _IN_ALREADY.search(flat):
        return False
    return not _NOT_JOINING.search(flat) or bool(re.search(_OURS, flat))
