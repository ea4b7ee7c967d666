"""What a mail says in letters of its own beside a recognised paper: a witness that no scanner has been through.

Sender, subject, words and signature, and the values of the mail's digital papers, name the same body, people, addresses
and numbers that the paper does. A value that stands there, too, is borne out; one that stands there nearly is offered.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from parsers import values
from parsers.labels import squash

_WORD = re.compile(r"[^\W_]+")
_LEAST = 4  # letters of a value that may be found by its words
_OFFERED = 6  # letters from which one that is nearly the same is offered
_NEAR = 82.0  # likeness in percent of what was read and what the mail says
_NEAR_WORD = 80.0
_DOMAIN = 75.0  # likeness of the domains of two addresses
_SAME_HOST = 90.0  # from which one is the other misread
_LOCAL = 7  # letters of an address before the @ from which one or two may differ
_LONGEST = 40_000  # characters of a mail that are looked at


@dataclass(frozen=True, slots=True)
class Said:
    """A covering mail's words."""

    text: str
    words: tuple[tuple[str, int, int], ...]  # squashed, and where each stands in `text`
    joined: str  # the squashed words between single spaces
    emails: tuple[str, ...]
    numbers: frozenset[str]  # SIRET, UAI and telephone numbers in the contract's form

    @property
    def domains(self) -> frozenset[str]:
        """Of its addresses."""
        return frozenset(a.partition("@")[2] for a in self.emails)

    def nearly_holds(self, address: str) -> bool:
        """Whether an address is none of its own, but most like one: but for a letter or two before the @, or behind."""
        from rapidfuzz import fuzz

        local, _, host = address.partition("@")
        if address in self.emails:
            return False
        if host not in self.domains:
            return any(fuzz.ratio(host, d) >= _SAME_HOST for d in self.domains)
        return any(_alike(a.partition("@")[0], local) for a in self.emails if a.endswith(f"@{host}"))

    def spells(self, type_: str, value: str) -> bool:
        """Whether the mail holds a value: its words in their order, or, where it has no figures, all of them."""
        match type_:
            case "email":
                return value in self.emails
            case "siret" | "siret_or_siren" | "uai" | "phone":
                return value in self.numbers
            case "name" | "text" | "reference" | "department" | "postal_code":
                words = _squashed(value)
                if sum(map(len, words)) < _LEAST:
                    return False
                if f" {' '.join(words)} " in self.joined:
                    return True
                own = {w for w, _, _ in self.words}
                return type_ == "name" and value.upper() != value.lower() and all(w in own for w in words)
        return False

    def offers(self, type_: str, value: str) -> list[str]:
        """What the mail says that is nearly a value read; figures are never taken over."""
        if type_ == "email":
            return self._addresses(value)
        if type_ not in ("name", "text", "department") or len(squash(value)) < _OFFERED:
            return []
        found = [self._passage(value), self._mended(value)]
        return [v for v in dict.fromkeys(found) if v and squash(v) != squash(value)]

    def _addresses(self, value: str) -> list[str]:
        from rapidfuzz import fuzz

        local, _, domain = value.partition("@")
        found = []
        for address in self.emails:
            name, _, host = address.partition("@")
            if fuzz.ratio(domain, host) < _DOMAIN:
                continue
            found.append(address if _alike(name, local) else f"{local}@{host}")
        return [a for a in dict.fromkeys(found) if a != value and values.parse_email(a) == a]

    def _passage(self, value: str) -> str | None:
        """The run of words that is most like a value."""
        from rapidfuzz import fuzz

        wanted, count = squash(value), len(_squashed(value))
        figures = [w for w in _squashed(value) if any(c.isdigit() for c in w)]
        best, place = _NEAR, None
        for size in range(max(count - 1, 1), count + 2):
            for i in range(len(self.words) - size + 1):
                run = self.words[i : i + size]
                likeness = fuzz.ratio("".join(w for w, _, _ in run), wanted, score_cutoff=best)
                start, end = run[0][1], run[-1][2]
                if likeness <= best or any(c in "\n@" for c in self.text[start:end]):
                    continue  # less like than another, or across lines and addresses
                if [w for w, _, _ in run if any(c.isdigit() for c in w)] == figures:
                    best, place = likeness, (start, end)
        return _cased(self.text[slice(*place)], value) if place else None

    def _mended(self, value: str) -> str | None:
        """The value with each word that the mail does not hold replaced by one that it nearly is."""
        from rapidfuzz import fuzz

        own: dict[str, str] = {}
        for w, a, b in self.words:
            if w.isalpha():  # an address writes it without capitals and accents
                own[w] = max(
                    own.get(w, self.text[a:b]), self.text[a:b], key=lambda t: (not t.isascii(), not t.islower())
                )
        out, at = "", 0
        for m in _WORD.finditer(value):
            word = squash(m[0])
            if word in own or not word.isalpha() or len(word) < _LEAST:
                continue
            alike = [w for w in own if w[0] == word[0] or w[-1] == word[-1]]
            near = max(alike, key=lambda w: fuzz.ratio(w, word), default="")
            if fuzz.ratio(near, word) < _NEAR_WORD:
                return None
            out, at = out + value[at : m.start()] + _cased(own[near], m[0]), m.end()
        return out + value[at:] if at else None


@functools.lru_cache(maxsize=4)
def of(text: str) -> Said | None:
    """A mail's words as a witness; None where it says nothing."""
    text = "\n".join(map(values.clean, text[:_LONGEST].splitlines()))
    found = [(squash(m[0]), m.start(), m.end()) for m in _WORD.finditer(text)]
    words = tuple(w for w in found if w[0])
    if not words:
        return None
    uais = (values.parse_uai(m[0]) for m in re.finditer(r"\b\d{7}[A-Za-z]\b", text))
    numbers = {*values.find_sirets(text), *values.find_phones(text), *(u for u in uais if u)}
    return Said(text, words, f" {' '.join(w for w, _, _ in words)} ", values.find_emails(text), frozenset(numbers))


def text_of(sender: str, name: str, subject: str, words: str) -> str:
    """A mail's head and own words as one text; history that it quotes is not the sender's."""
    return "\n".join(x for x in (name, sender, subject, words) if x)


def with_values(text: str, found: Iterable[object]) -> str:
    """The text with a paper's values."""
    return "\n".join([text, *(str(v) for v in found if isinstance(v, str))])


def _alike(a: str, b: str) -> bool:
    """Whether two addresses' first halves are one misread: as many letters, the first the same, most of the rest."""
    a, b = squash(a), squash(b)
    if len(a) != len(b) or len(a) < _LOCAL or a[0] != b[0]:
        return a == b
    return sum(x != y for x, y in zip(a, b, strict=True)) <= len(a) // _LOCAL


def _squashed(text: str) -> list[str]:
    return [w for m in _WORD.finditer(text) if (w := squash(m[0]))]


def _cased(text: str, like: str) -> str:
    """In the paper's capitals."""
    if like.isupper():
        return text.upper()
    own = {squash(m[0]) for m in _WORD.finditer(like) if m[0].isupper()}
    return _WORD.sub(lambda m: m[0].title() if m[0].isupper() and squash(m[0]) not in own else m[0], text)
