"""The lines of a French postal address: street, place, post-office box, a house with its street; and what is none."""

from __future__ import annotations

import re

from parsers import names, values

_STREET = re.compile(
    r"^(?:\d{1,4}\s*(?:[,-]\s*)?(?:bis|ter|quater|[a-d])?\b[\s,]+.*[a-z]|"
    r"(?:\d+\s*[-/]\s*\d+\s+)?(?:rue|avenue|av\.?|boulevard|bd\.?|blvd|place|pl\.?|allee|chemin|impasse|route|rte|square|quai|cours|esplanade|"
    r"hameau|lieu[- ]dit|residence|lotissement|passage|sente|sentier|villa|parvis|mail|faubourg|voie|rond-point|"
    r"promenade|zone|za|zi|zac|parc|domaine|ruelle|venelle|cite|clos|traverse|montee|cote|"
    r"le bourg|chaussee)\b.*[a-z]|grande?[- ]rue\b|le bourg\b)"
)
_BOX = re.compile(r"^(?:bp|b\.p\.|cs|c\.s\.|tsa|boite\s+postale)\s*(?:n°\s*)?\d+")
_PLACE = re.compile(r"^(?:f\s*-\s*|fr\s*-\s*)?(?P<cp>\d{2}\s?\d{3})\s*[-–,]?\s+(?P<city>[^\d\s(].*)$", re.IGNORECASE)
_PLACE_BEHIND = re.compile(r"^(?P<city>[^\d(]+?)\s*\((?P<cp>\d{5})\)$")
PARTS = re.compile(
    r"\s+[-–—•·|●]\s+|\s*[•●|]\s*|\s*,\s+(?=(?:F-)?\d{5}\s)|(?<=[^\d\s,])(?<!\bBP)(?<!\bCS)(?<!\bTSA)\s+(?=(?:F-)?\d{5}\s+[A-ZÀ-Þ])|\s+(?=\(?SIRET\b)",
    re.IGNORECASE,
)


def place(text: str) -> tuple[str, str] | None:
    """Postal code and city of a line (`78310 Maurepas`, `Maurepas (78310)`)."""
    m = _PLACE.match(text) or _PLACE_BEHIND.match(text)
    code = values.parse_postal_code(m["cp"]) if m else None
    if m is None or code is None:
        return None
    # The country behind a city; of « Roissy-en-France » it is a part.
    country = r"(?:\s*,|\s+[-–]|(?<!\ben)(?<!\bde))\s+france$"
    city = re.sub(country, "", m["city"].strip(" ,;-–"), flags=re.IGNORECASE)
    return (code, city) if city and len(city) < 60 else None


def is_street(text: str) -> bool:
    """Whether a line begins as a street's address does."""
    return _STREET.match(values.fold(text)) is not None


def is_box(text: str) -> bool:
    """Whether a line is a post-office box."""
    return _BOX.match(values.fold(text)) is not None


def is_house(text: str) -> bool:
    """Whether a line is a street behind the name of a house (« Hôtel de ville, 45 Grande Rue »)."""
    house, comma, street = text.partition(",")
    return bool(comma) and not names.core(house) and is_street(street.strip())


def is_noise(text: str) -> bool:
    """Whether a line of a letterhead is neither a name nor a part of an address."""
    folded = values.fold(text)
    return bool(
        re.match(
            r"(?:republique francaise|liberte|departement|academie|region academique|arrondissement|canton|services?|"
            r"directions?|poles?|secretariat|bureau|cellule)\b",
            folded,
        )
        or re.search(r"\b(?:bon de commande|engagement juridique|tel|siret|page)\b|@|www\.", folded)
        or values.parse_date(text)
        or sum(c.isdigit() for c in text) > 4
    )
