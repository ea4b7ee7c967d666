"""Words that are to be expected in a field: a recognised word found here is borne out, whatever the second engine saw.

Folded (no accents, lower case). First names as French administrations list them most, words of offices and functions,
of streets and of public bodies, and the software houses that local bodies change from.
"""

from __future__ import annotations

import re
from functools import lru_cache

from parsers.values import fold

_FIRST_NAMES = (
    "adele adeline adrien agathe agnes aicha alain albane albert alexandra alexandre alexis alice aline "
    "amandine amelie amina anais andre andree angelique anne annick annie anthony antoine arnaud arthur astrid "
    "audrey aurelie aurelien axel barbara bastien beatrice benedicte benjamin benoit bernadette bernard "
    "bertrand brigitte bruno camille carine carole caroline catherine cecile cedric celine charles charlotte "
    "chantal chloe christel christelle christian christiane christine christophe claire clara claude claudine "
    "clement clementine colette coralie corinne cyril cyrille damien daniel danielle david delphine denis "
    "denise diane didier dominique dorothee edith elise elodie eliane elisabeth emilie emma emmanuel "
    "emmanuelle eric estelle etienne eva eve fabien fabienne fabrice fanny fatima fatou florence florent "
    "florian franck francis francine francois francoise frederic frederique gabriel gael gaelle genevieve "
    "georges gerald gerard gilbert gilles gisele gregory guillaume guy gwenaelle helene henri herve hubert "
    "hugo hugues ines irene isabelle jacqueline jacques jean jeanne jennifer jeremy jerome joel joelle johanna "
    "jonathan josette josiane joseph josephine julie julien juliette justine karim karine katia kevin laetitia "
    "laura laure laurence laurent lea leila leo lionel lise loic louis louise luc lucas lucie lucien lydie "
    "madeleine magali malika manon manuel marc marcel marguerite marie marine marion martin martine mathieu "
    "mathilde matthieu maud maurice maxime melanie melissa michel michele mickael mireille mohamed monique "
    "muriel myriam nadege nadia nadine natacha nathalie nicolas nicole noel noemie odette odile olivia olivier "
    "pascal pascale patrice patricia patrick paul paulette pauline perrine philippe pierre quentin rachel "
    "rachid raphael raymond regine regis remi renaud rene renee richard robert roger roland romain sabine "
    "sabrina sandra sandrine sarah sebastien serge severine simon simone solange sonia sophie stephane "
    "stephanie suzanne sylvain sylvette sylviane sylvie tatiana theo therese thibault thierry thomas valentin "
    "valentine valerie vanessa veronique victor victoria vincent violaine virginie viviane xavier yann yannick "
    "yasmine yves yvette yvonne zoe"
)
_OFFICES = (
    "adjoint adjointe administrateur administratif administrative affaires agence agent agente assistant "
    "assistante attache attachee au aux cabinet charge chargee chef cheffe commande commandes communal "
    "communale comptable comptabilite conseil conseiller coordinateur coordinatrice coordonnateur d daf de delegue "
    "deleguee dematerialisation des dgs drh dsi directeur directrice du economat economiste en et etablissement "
    "finances financier financiere fonctionnel general generale gestion gestionnaire informatique intendance "
    "intendant intendante juridique juridiques l la le les maire mairie maitre marches moyens municipal "
    "municipale numerique ordonnateur par premier premiere president presidente principal principale proviseur "
    "proviseure public publics publique referent referente responsable ressources secretaire secretariat "
    "service services systemes technique techniques territorial territoriale tresorier tresoriere ville"
)
_STREETS = (
    "allee allees avenue bis boulevard chemin cours cour cote de des du esplanade faubourg grande impasse l la "
    "le les mail marche montee passage place pont promenade quai quater rond route rue ruelle sentier sous "
    "square sur ter villa voie eglise ecole ecoles gare hotel mairie moulin republique liberte fontaine "
    "chateau lilas vignes"
)
_BODIES = (
    "agglomeration caisse ccas centre college commune communal communaute communes d de des du eaux ecole "
    "ecoles et etablissement intercommunal intercommunale l la le les lycee maire mairie metropole mixte "
    "public saint sainte social societe sous sur syndicat ville action sociale institution notre dame"
)
_PROVIDERS = (
    "achatpublic achatpublic.com actes adullact arpege atexo aws berger levrault berger-levrault certeurope "
    "chambersign ciril cosoluce dematis docapost e-marchespublics e-marchespublics.com fast ixbus ixchange jvs "
    "jvs-mairistem klekoon libriciel localtrust marco maximilien medialex megalis modularis omnikles oodrive "
    "place ponant s2low s²low spl-xdemat srci stela xdemat xmarches"
)

_CODES = "dsi dgs daf drh dsin dst compta finances mairie intendance"  # of services

_OF_FIELD = {
    "contact_name": _FIRST_NAMES,
    "signatory_name": _FIRST_NAMES,
    "contact_role": _OFFICES,
    "signatory_role": _OFFICES,
    "street": _STREETS,
    "member_name": _BODIES,
    "current_provider": _PROVIDERS,
    "service_code": _CODES,
}
_FIXED = frozenset({"member_name", "contact_role", "signatory_role", "street"})  # names of people differ by a letter
_WHOLE = frozenset({"city", "member_name", "contact_name", "signatory_name", "contact_role", "signatory_role"})
_PARTICLES = {"ae": "de", "oe": "de", "ce": "de", "cu": "du", "aes": "des", "oes": "des", "ces": "des"}
_LONG = 7  # letters from which a word but one letter away from an expected one is that word misread
_SETS = {name: frozenset(words.split()) for name, words in _OF_FIELD.items()}
OFFICES = frozenset(_OFFICES.split())
CODES = frozenset(_CODES.split())
ALL = OFFICES | frozenset(_STREETS.split()) | frozenset(_BODIES.split())
_ALONE = frozenset({"le", "la", "les", "l", "de", "du", "des", "d", "saint", "sainte", "bis", "ter", "quater"})
_STREETS_DOUBT = frozenset({"au"})  # mostly « du », whose d a hand leaves open


def expected(field: str, word: str) -> bool:
    """Whether a word, its punctuation aside, is one that the field often holds."""
    words = _SETS.get(field)
    return words is not None and fold(word).strip(".,;:()'") in words


def is_doubtful(field: str, text: str) -> bool:
    """Whether a value is what a cut leaves of one (« Le », a house's number), or holds a word to be asked about."""
    words = [w for w in fold(text).replace("'", " ").replace("-", " ").split() if any(c.isalnum() for c in w)]
    if field == "street":
        return bool(_STREETS_DOUBT & set(words)) or all(w in _ALONE or w.isdigit() for w in words)
    if field.endswith("_role") and any(len(w) < 4 and w.islower() and w not in OFFICES for w in _short(text)):
        return True
    return field in _WHOLE and all(w in _ALONE for w in words)


def _short(text: str) -> list[str]:
    """A role's words that are no abbreviation in capitals: `Lt` is a misread `Le`."""
    return [fold(w) for w in re.findall(r"[^\W\d_]+", text) if not w.isupper()]


@lru_cache(maxsize=4096)
def nearly(field: str, word: str) -> str | None:
    """The long word of the field that a word is but for one letter within it, or a particle whose d is misread, folded;
    None where there is none.

    Its last letter may be a plural's or a feminine's own.
    """
    folded = fold(word).strip(".,;:()'")
    if field in _FIXED and folded in _PARTICLES:
        return _PARTICLES[folded]
    if field not in _FIXED or len(folded) < _LONG or folded in _SETS[field] or not folded.isalpha():
        return None
    from rapidfuzz.distance import Levenshtein

    one_off = (w for w in _SETS[field] if Levenshtein.distance(w, folded, score_cutoff=1) == 1)
    near = [w for w in one_off if not w.startswith(folded) and not folded.startswith(w)]
    return near[0] if len(near) == 1 else None
