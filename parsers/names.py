"""Names of public bodies: which kind of body, and whether two spellings name the same one.

« Commune d’Étiolles », « Mairie d’Étiolles », « VILLE D'ETIOLLES » and « Étiolles » are one body; « CCAS d’Étiolles »
is another, with a SIRET of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from parsers.records import Body
from parsers.values import fold

Sort = Literal["commune", "social", "intercommunal", "school", "other", ""]  # "": nothing in the name tells

# Longest first within a sort; each stands at the name's beginning.
_SORTS: tuple[tuple[Sort, str], ...] = (
    ("social", "ccas|c.c.a.s.|centre communal d'action sociale|cias|centre intercommunal d'action sociale"),
    ("other", "caisse des ecoles"),
    ("intercommunal", "syndicat|sivom|sivu|smictom|sictom|sitom|siredom|communaute de communes|communaute urbaine"),
    ("intercommunal", "communaute d'agglomeration|cc|ca|cu|metropole|etablissement public territorial|ept|epci|regie"),
    ("intercommunal", "pole metropolitain|smo"),
    ("school", "lycee|college|ecole|cite scolaire|eple|erea|ensemble scolaire|institution|institut|lp|lpo|lgt|lpa"),
    ("school", "legta|leap|clg|gip fcip|greta|etablissement scolaire|groupe scolaire|maison familiale|mfr|campus"),
    ("other", "departement|conseil departemental|conseil regional|region|sdis|service departemental|prefecture"),
    (
        "other",
        "office public|oph|ehpad|hopital|centre hospitalier|centre de gestion|cdg|universite|chambre|parc naturel",
    ),
    ("commune", "commune nouvelle|commune|mairie|ville|hotel de ville|municipalite|collectivite"),
)
_START = tuple(
    (sort, re.compile(r"(?:l[ae]s?\s+)?(?:" + "|".join(map(re.escape, words.split("|"))) + r")(?!\w)"))
    for sort, words in _SORTS
)
_QUALIFIERS = re.compile(
    r"\b(?:polyvalent|general|technologique|professionnel|prive[e]?|public|publique|des metiers|agricole|"
    r"d'enseignement|mixte|intercommunal[e]?|scolaire|et|sous contrat)\b"
)
_LINKS = re.compile(r"\b(?:de la|de l'|de|du|des|d'|la|le|les|l'|a|au|aux|en|sur|sous|lez|les)\b'?\s*")


def sort_of(name: str) -> Sort:
    """Which kind of body a name tells of; "" for a bare place or person's name."""
    folded = fold(name)
    return next((sort for sort, p in _START if p.match(folded)), "")


def is_public_body(text: str) -> bool:
    """Whether a text begins as a public body's name does."""
    return sort_of(text) != ""


def core(name: str) -> str:
    """The name without its kind, links and qualifiers: what two spellings share."""
    folded = re.sub(r"\([^)]*\)|\s[-–]\s.*$", " ", fold(name))
    for _, p in _START:
        folded, n = p.subn(" ", folded, count=1) if p.match(folded) else (folded, 0)
        if n:
            break
    folded = re.sub(r"\bst\b\.?", "saint", re.sub(r"\bste\b\.?", "sainte", folded))
    folded = _LINKS.sub(" ", _QUALIFIERS.sub(" ", folded.replace("-", " ")))
    return " ".join(re.findall(r"[a-z0-9]+", folded))


def same_body(a: str, b: str, floor: float = 90.0) -> bool:
    """Whether two names mean one body: same kind (a bare name is a commune) and nearly the same core.

    `floor` is rapidfuzz's ratio on the cores, 0 to 100; a school may be named without its first names.
    """
    from rapidfuzz import fuzz

    sa, sb = sort_of(a) or "commune", sort_of(b) or "commune"
    if sa != sb or (sa == "school" and _level(a) != _level(b)):
        return False
    ca, cb = core(a), core(b)
    if not ca or not cb:
        return ca == cb and fold(a) == fold(b)
    if sa == "school" and fuzz.token_set_ratio(ca, cb) >= 97:
        return True
    return fuzz.ratio(ca, cb) >= floor


def _level(school: str) -> str:
    """College, lycée… A college and a lycée often share a patron."""
    folded = fold(school)
    levels = (("college", r"college|clg"), ("lycee", r"lycee|lp|lpo|lgt|lpa|legta"), ("ecole", r"ecole"))
    return next((level for level, p in levels if re.match(rf"(?:{p})\b", folded)), "")


def find_bodies(name: str, census: Iterable[Body]) -> tuple[Body, ...]:
    """The census' bodies that a name may mean, best first; empty where none does."""
    from rapidfuzz import fuzz

    found = [(fuzz.ratio(core(name), core(b.name)), b) for b in census if same_body(name, b.name)]
    return tuple(b for _, b in sorted(found, key=lambda x: -x[0]))
