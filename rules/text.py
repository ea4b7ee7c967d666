"""French words: compared without case, accents and kinds of apostrophe; dates and numbers as letters write them."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
_NEGATIONS = {"pas", "non", "jamais", "plus", "aucun", "aucune", "sans", "ni"}
_ARTICLE = re.compile(r"le(s?) (?=\S)", re.IGNORECASE)
_GREETINGS = {"bonjour", "bonsoir", "madame", "monsieur", "cher", "chere", "mesdames", "messieurs", "merci"}


@lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """Lower case, no accents, straight apostrophes, words parted by one space."""
    plain = unicodedata.normalize("NFKD", text.replace("’", "'")).casefold()
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


@lru_cache(maxsize=256)
def sentences(text: str) -> tuple[str, ...]:
    """Lines and sentences, folded, each with its closing mark; empty ones left out."""
    parts = re.findall(r"[^.!?;\n]+[.!?;]*", text)
    return tuple(s for s in (folded(p) for p in parts) if s.strip(" .!?;,"))


def has(phrase: str, sentence: str) -> bool:
    """Whether `phrase` stands in the folded `sentence` as whole words."""
    return _find(phrase, sentence) is not None


def says(phrases: Iterable[str], sentence: str) -> bool:
    """Whether one of `phrases` stands there, and no negation in the three words before it."""
    for phrase in phrases:
        found = _find(phrase, sentence)
        if found is not None and not _NEGATIONS & set(re.findall(r"\w+", sentence[: found.start()])[-3:]):
            return True
    return False


def yes_or_no(text: str) -> bool | None:
    """What a short reply says: its first word after the greeting, `oui` or `non`."""
    for sentence in sentences(text):
        words = re.findall(r"\w+", sentence)
        if words and words[0] not in _GREETINGS:
            return {"oui": True, "non": False}.get(words[0])
    return None


def french_date(day: dt.date) -> str:
    """« 3 mai 2027 », « 1er mai 2027 »."""
    return f"{'1er' if day.day == 1 else day.day} {_MONTHS[day.month - 1]} {day.year}"


def in_groups(siret: str) -> str:
    """« 219 106 523 00018 »: the groups of fourteen digits, held together."""
    return "\u00a0".join((siret[:3], siret[3:6], siret[6:9], siret[9:]))


def in_french(value: str | bool | int) -> str:
    """A field's value as a sentence says it: ISO dates in words, oui and non."""
    if isinstance(value, bool):
        return "oui" if value else "non"
    try:
        return french_date(dt.date.fromisoformat(str(value)))
    except ValueError:
        return str(value)


def of(name: str) -> str:
    """« de Dematis », « d’EXM », « du Fournil », « des Éditions »: `de` before a name, contracted with its article."""
    if found := _ARTICLE.match(name):
        return f"{'des' if found[1] else 'du'} {name[found.end() :]}"
    return ("d’" if _elides(name) else "de ") + name


def to(name: str) -> str:
    """« à Dematis », « au Fournil », « aux Éditions », « à La Laiterie »: `à` before a name, contracted likewise."""
    if found := _ARTICLE.match(name):
        return f"{'aux' if found[1] else 'au'} {name[found.end() :]}"
    return f"à {name}"


def _elides(word: str) -> bool:
    """Whether `de` elides before the word. An h is left alone: « de Houilles » is right, « de Herblay » is borne."""
    bare = folded(word.lstrip("«“\"' "))
    return bare[:1] in tuple("aeiouœ") or (bare[:1] == "y" and bare[1:2] not in tuple("aeiou"))


def _find(phrase: str, sentence: str) -> re.Match[str] | None:
    return _words(phrase).search(sentence) if folded(phrase) in sentence else None  # most phrases do not stand there


@lru_cache(maxsize=4096)
def _words(phrase: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(folded(phrase))}(?!\w)")
