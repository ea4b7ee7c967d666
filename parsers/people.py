"""Persons on an order: who follows it and who signs it, each with a role, however they are put together.

`VILLENEUVE Émilie (Assistante) – e.v@x.fr`, `Mme Sophie Marchal, responsable des marchés`, `Le Maire, TESSIER Émilie`,
`L'ordonnateur : BAUDRY Valérie` above `Directrice`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from parsers import names, values, vocabulary
from parsers.layout import Segment, overlap, same_row
from parsers.order_labels import marks

_TITLE = re.compile(r"^(?:m\.|mr\.?|mme\.?|mlle\.?|monsieur|madame|mademoiselle)\s+", re.IGNORECASE)
_TOKEN = re.compile(r"^(?:[dDlL]['’])?[A-ZÀ-ÖØ-ÞŒ][A-Za-zÀ-ÖØ-öø-ÿŒœ'’.\-]*$")
_PARTICLES = {"de", "du", "des", "la", "le", "d'", "van", "von", "el", "ben", "al", "da", "dos", "di"}
_GENERIC = re.compile(r"^(?:l'|le\s+|la\s+)?(?:ordonnateur|ordonnatrice|acheteur|representant\w*|signataire)\b")
_LINKS = {"de", "du", "des", "d'", "la", "le", "les", "en", "au", "aux", "et", "a"}
_DELEGATION = re.compile(r"\b(?:et\s+)?par\s+delegation\b,?|\bp\.?\s*o\.?\b")
_REACHED = re.compile(  # how a person is reached, set behind a name with nothing between
    r"\S+@\S+|\b(?:t[ée]l(?:[ée]phone)?|mobile|portable|poste|m[ée]l|courriel|e-?mail)\b\.?\s*:?(?=\s*(?:[+\d]|\S+@|$))",
    re.IGNORECASE,
)
_PARTS = re.compile(r"\s+[-–—|/]\s+|\s*[,;|]\s+|\s*\n\s*|\s*[()]\s*|\s*:\s+")


@cache
def _foreign_word() -> re.Pattern[str]:
    return re.compile(rf"\b{vocabulary.pattern('people', 'others').pattern}\b")


@cache
def _office() -> re.Pattern[str]:
    words = vocabulary.pattern("people", "roles").pattern
    before = (
        r"(?:pour\s+)?(?:l[ea]\s+|l'|une?\s+|monsieur\s+l[ea]\s+|madame\s+l[ea]\s+)?"
        r"(?:(?:\d{1,2}\s*(?:er|e?re|n?d|n?de|e|eme)|premiere?|second\w*|\w+ieme)\s+)?"
    )
    return re.compile(rf"{before}{words}\b")


@dataclass(frozen=True)
class Person:
    """A name and a role, either may be missing; the segments they stand in."""

    name: str = ""
    role: str = ""
    segments: tuple[Segment, ...] = ()


def is_name(text: str) -> bool:
    """Whether a text reads as a person's name: two to five words with capitals, no body's name, no role."""
    text = _TITLE.sub("", values.clean(text))
    tokens = text.split()
    if not 2 <= len(tokens) <= 5 or is_role(text) or names.is_public_body(text) or any(c.isdigit() for c in text):
        return False
    strong = [t for t in tokens if _TOKEN.match(t)]
    weak = [t for t in tokens if t.casefold().replace("’", "'") in _PARTICLES]
    return (
        len(strong) >= 2
        and len(strong) + len([t for t in weak if t not in strong]) == len(tokens)
        and not _foreign_word().search(values.fold(text))
    )


def is_role(text: str) -> bool:
    """Whether a text begins as a role or office does."""
    return _office().match(values.fold(text)) is not None


def is_surname(name: str) -> bool:
    """Whether a name is a family name alone, with its particle: `DA SILVA`; the given name is missing, or elsewhere."""
    return len([t for t in bare(name).split() if t.casefold().replace("’", "'") not in _PARTICLES]) < 2


def bare(name: str) -> str:
    """A name without Monsieur, Madame and their short forms."""
    return _undotted(_TITLE.sub("", values.clean(name)))


def _undotted(text: str) -> str:
    """Without the marks around it; the dot of an initial (`LEMARCHAND T.`) is the name's."""
    text = text.strip(" ,;:-–")
    return text if re.search(r"(?:^|[\s.-])[A-ZÀ-Þ]\.$", text) else text.strip(" ,;:.-–")


def split(text: str) -> Person:
    """The name and the role in one text; telephone, e-mail and dates in it are left aside."""
    name = role = ""
    for part in _PARTS.split(_REACHED.sub(" | ", text)):
        part = _undotted(values.clean(part))
        part = (
            _DELEGATION.sub("", part).strip(" ,")
            if _DELEGATION.search(values.fold(part)) and not is_role(part)
            else part
        )
        if not part or "@" in part or sum(c.isdigit() for c in part) > 5:
            continue
        if not name and is_name(part):
            name = bare(part)
        elif not role and is_role(part):
            role, more = _role_and_name(part)
            name = name or more
        elif not name and (m := _name_then_role(part)):
            name, role = m[0], role or m[1]
    return Person(name, role)


def _role_and_name(part: str) -> tuple[str, str]:
    """`Le Maire Émilie TESSIER` → its two halves; a role alone has no name."""
    tokens = part.split()
    for i in range(1, len(tokens) - 1):
        head, tail = tokens[:i], tokens[i:]
        if values.fold(head[-1]) in _LINKS or not is_role(" ".join(head)) or not is_name(" ".join(tail)):
            continue
        titled = _TITLE.match(" ".join(tail)) is not None
        closed = (
            head[-1][:1].islower() or vocabulary.pattern("people", "roles").match(values.fold(head[-1])) is not None
        )
        proper = all(t[:1].isupper() or values.fold(t) in _PARTICLES for t in tail) and not part.isupper()
        apart = not any(vocabulary.pattern("people", "roles").match(values.fold(t)) for t in tail)
        if apart and (titled or (closed and proper)):
            return " ".join(head).strip(" ,:"), bare(" ".join(tail))
    return part, ""


def _name_then_role(part: str) -> tuple[str, str] | None:
    """`Sophie MARCHAL directrice` → name and role."""
    tokens = part.split()
    for i in range(len(tokens) - 1, 1, -1):
        head, tail = " ".join(tokens[:i]), " ".join(tokens[i:])
        if is_role(tail) and is_name(head) and tail[:1].islower():
            return bare(head), tail
    return None


def signatory(segments: Sequence[Segment]) -> Person:
    """Who signs, from the segments below the totals: the name and the role that stand together."""
    people = [(s, split(_after_date(s.text) or ("" if _place_and_date(s) else s.text))) for s in segments]
    labelled = _labelled(segments)
    if labelled.name:
        return labelled
    whole = [(s, p) for s, p in people if p.name and p.role]
    if whole:
        s, p = whole[-1]
        if _GENERIC.match(values.fold(p.role)):
            better = _near(
                s, [(o, q) for o, q in people if q.role and not q.name and not _GENERIC.match(values.fold(q.role))]
            )
            if better is not None:
                return Person(p.name, better[1].role, (s, better[0]))
        return Person(p.name, p.role, (s,))
    roles = [(s, p) for s, p in people if p.role]
    named = [(s, p) for s, p in people if p.name]
    for s, p in reversed(roles):
        close = _near(s, named)
        if close is not None:
            return Person(close[1].name, p.role, (close[0], s))
    return Person()


def _labelled(segments: Sequence[Segment]) -> Person:
    """`Nom et prénom du signataire : …` and `Qualité : …`."""
    name = role = ""
    used: list[Segment] = []
    for s in segments:
        for i, m in enumerate(found := marks(s)):
            text = s.cut(m.end, found[i + 1].start if i + 1 < len(found) else None)[0]
            at = s
            if not text:
                right = [
                    o
                    for o in segments
                    if o is not s and same_row(o.box, s.box) and o.box[0] > s.box[2] and not marks(o)
                ]
                if not right:
                    continue
                at = min(right, key=lambda o: o.box[0])
                text = at.text
            if m.key == "signatory_name" and not name:
                person = split(text)
                name, role = person.name or bare(text), role or person.role
                used.append(at)
            elif m.key in ("signatory_role", "contact_role") and not role:
                role = text
                used.append(at)
    return Person(name, role, tuple(used)) if name else Person()


def _after_date(text: str) -> str:
    """What stands behind place and date (`Fait à X, le 3 mai 2026, par Y, maire`)."""
    m = re.search(r"(?:\d{4}|[/.-]\d{2})\s*[,;.–-]\s*(?:par\s+)?(?=[^\d\s])", text)
    return text[m.end() :] if m else ""


def _place_and_date(s: Segment) -> bool:
    return bool(values.find_dates(s.text)) and not is_role(s.text) and split(s.text).role == ""


def _near(s: Segment, others: Sequence[tuple[Segment, Person]]) -> tuple[Segment, Person] | None:
    """The other one that stands closest above or below in the same column, or on the same line."""
    close = []
    for o, p in others:
        if o is s:
            continue
        if o.page != s.page:  # the page may end between the two
            turned = o.page == s.page + 1 and o.box[1] < 120 and s.box[1] > 600
            if turned:
                close.append((120.0, o, p))
            continue
        gap = max(o.box[1] - s.box[3], s.box[1] - o.box[3], 0.0)
        if gap < 130 and (overlap(s.box[0] - 40, s.box[2] + 40, o.box[0], o.box[2]) > 0 or same_row(s.box, o.box)):
            close.append((gap, o, p))
    best = min(close, key=lambda x: x[0], default=None)
    return None if best is None else (best[1], best[2])
