"""What bears a value out from outside its own letters: the census, an e-mail address, another place of the document."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from parsers import confidence, covering
from parsers.candidates import Candidate, Recognised
from parsers.labels import squash
from parsers.records import Body, Context

_LONG = 12  # letters from which one or two that differ are misread ones
_GENERIC_LOCALS = (
    "accueil administration commune communication compta comptabilite contact courrier dgs direction finances "
    "gestion informatique intendance mairie marches marchespublics secretariat secretairegeneral secretaire ville"
)
_GENERIC = frozenset(_GENERIC_LOCALS.split())
_CODE = re.compile(r"(?<![^\W_])[^\W\d_]{3,}(?![^\W_])")  # of letters alone
_ACADEMY = re.compile(r"ac-[a-z][a-z-]+[a-z]\.fr")


@dataclass(frozen=True, slots=True)
class Settled:
    """The value chosen and how sure it is; `of_type`: it is of its field's type."""

    value: str | int
    confidence: float
    of_type: bool
    borne: bool = False  # by the second engine, or from outside the paper


def told(type_: str, value: str, context: Context) -> bool:
    """Whether the covering mail holds a value."""
    said = covering.of(context.covering)
    return said is not None and said.spells(type_, value)


def astray(type_: str, value: str, context: Context) -> bool:
    """Whether an address is nearly one of the covering mail's, or at nearly one of its domains, and none of them."""
    said = covering.of(context.covering)
    return type_ == "email" and said is not None and said.nearly_holds(value)


def of(name: str, type_: str, chosen: Mapping[str, Settled], context: Context) -> Callable[[str], bool] | None:
    """A test that a value passes where something independent of its own letters bears it out; None: nothing can.

    A hand's word is misread alike wherever it stands: another place of the paper counts where the second engine, too,
    read it so.
    """
    body = _body(chosen, context)
    if type_ in ("siret", "siret_or_siren"):
        sirets = {b.siret for b in context.census if b.siret}
        return lambda v: v in sirets
    if type_ == "uai":
        codes = {b.uai for b in context.census if b.uai}
        return lambda v: v in codes
    if type_ == "email":
        return _address(name, chosen, context, body)
    if name == "postal_code":
        departments = {_text(chosen, "siret")[2:4]} if _text(chosen, "siret")[:1] == "2" else set()
        departments |= {_text(chosen, "uai")[1:3]}
        return lambda v: v[:2] in departments
    if name == "member_name":
        names = {squash(b.name) for b in ([body] if body else context.census)}
        city = squash(_borne(chosen, "city"))
        return lambda v: squash(v) in names or (len(city) >= 5 and squash(v).endswith(city))
    if name == "city":
        around = [_borne(chosen, "member_name"), body.name if body else ""]
        around += [_domain(_borne(chosen, n)) for n in ("contact_email", "functional_email")]
        places = [squash(a) for a in around if a]
        return lambda v: len(squash(v)) >= 4 and any(squash(v) in p for p in places)
    if name == "contact_name":
        local = [_local(_text(chosen, "contact_email"))] + [_local(a) for a in (body.addresses if body else ())]
        return lambda v: any(_names(v, x) for x in local if x)
    if name == "signatory_name":
        contact = _text(chosen, "contact_name")
        local = [_local(a) for a in (body.addresses if body else ())]
        return lambda v: (bool(contact) and _tokens(v) == _tokens(contact)) or any(_names(v, x) for x in local if x)
    return None


def other_dates(
    name: str, by_name: Mapping[str, Recognised], offered: Mapping[str, Sequence[Candidate]]
) -> Callable[[str], bool]:
    """Order and signature often bear one day: the same day among the readings of two places is no chance."""
    days = {
        str(c.value)
        for other, found in offered.items()
        if other != name and by_name[other].type == "date" and other in ("order_date", "signed_on")
        for c in found
        if c.of_type and c.offered
    }
    return lambda v: name in ("order_date", "signed_on") and v in days


def other_references(
    name: str, by_name: Mapping[str, Recognised], offered: Mapping[str, Sequence[Candidate]]
) -> Callable[[str], bool]:
    """An order's number often holds the service's code: letters that two places offer alike are no chance."""
    codes = {
        code
        for other, found in offered.items()
        if other != name and by_name[other].type == "reference"
        for c in found
        for code in _CODE.findall(str(c.value))
    }
    return lambda v: any(code in codes for code in _CODE.findall(v))


def nearly(name: str, chosen: Mapping[str, Settled], context: Context) -> Settled | None:
    """The name or address of the body that SIRET or UAI prove, or an academy makes of a UAI, where what was read is
    a letter or two away from it.
    """
    from rapidfuzz.distance import Levenshtein

    read = str(chosen[name].value).casefold()
    code = f"ce.{_text(chosen, 'uai').lower()}@{_domain(read)}"
    if name == "functional_email" and _ACADEMY.fullmatch(_domain(read)) and Levenshtein.distance(read, code) <= 2:
        return Settled(code, confidence.ENOUGH, of_type=True)
    body = _body(chosen, context)
    if body is None or name == "postal_code":
        return None
    known = [body.name] if name == "member_name" else list(body.addresses)
    near = [k for k in known if len(k) >= _LONG and Levenshtein.distance(read, k.casefold()) <= 2]
    return Settled(near[0], confidence.ENOUGH, of_type=True) if len(near) == 1 else None


def mended(name: Settled, address: Settled) -> Settled:
    """A person's name of which one word is nearly the one in a sure e-mail address takes that word's letters."""
    from rapidfuzz import fuzz

    if name.confidence >= confidence.ENOUGH or address.confidence < confidence.ENOUGH:
        return name
    parts = [p for p in re.split(r"[.\-_]", str(address.value).partition("@")[0]) if len(p) >= 6]
    words = str(name.value).split()
    for i, word in enumerate(words):
        for part in parts:
            near = squash(word)
            if near != part and near[:1] == part[:1] and near[-1:] == part[-1:] and fuzz.ratio(near, part) >= 80:
                words[i] = part.upper() if word.isupper() else part.capitalize()
                return Settled(" ".join(words), confidence.ENOUGH, of_type=True)
    return name


def _body(chosen: Mapping[str, Settled], context: Context) -> Body | None:
    """The census's body of the SIRET or UAI settled."""
    for name, key in (("siret", "siret"), ("uai", "uai")):
        settled = chosen.get(name)
        if settled is not None and settled.confidence >= confidence.ENOUGH:
            for body in context.census:
                if getattr(body, key) == settled.value:
                    return body
    return None


def _address(
    name: str, chosen: Mapping[str, Settled], context: Context, body: Body | None
) -> Callable[[str], bool] | None:
    known = {a for b in ([body] if body else context.census) for a in b.addresses}
    said = covering.of(context.covering)
    domains = {_domain(a) for a in known} | (said.domains if said else frozenset())
    uai = _text(chosen, "uai").lower()
    other = "functional_email" if name == "contact_email" else "contact_email"
    domains.add(_domain(_borne(chosen, other)))
    contact = _text(chosen, "contact_name")

    def borne(v: str) -> bool:
        if v in known:
            return True
        if uai and v.startswith((f"ce.{uai}@", f"gestion.{uai}@")):
            return _domain(v) in domains or _ACADEMY.fullmatch(_domain(v)) is not None
        if _domain(v) not in domains:
            return False
        return _local(v) in _GENERIC if name == "functional_email" else bool(contact) and _names(contact, _local(v))

    return borne


def _text(chosen: Mapping[str, Settled], name: str) -> str:
    """A value settled so far, sure or not: two places written apart that agree bear one another out."""
    settled = chosen.get(name)
    return str(settled.value) if settled is not None and settled.of_type else ""


def _borne(chosen: Mapping[str, Settled], name: str) -> str:
    """The same, of what the second engine or something outside the paper bears out."""
    return _text(chosen, name) if name in chosen and chosen[name].borne else ""


def _domain(address: str) -> str:
    return address.partition("@")[2]


def _local(address: str) -> str:
    return squash(address.partition("@")[0])


def _tokens(name: str) -> list[str]:
    return sorted(squash(t) for t in name.split() if len(squash(t)) > 1)


def _names(name: str, local: str) -> bool:
    """Whether an address's local part spells a person's name: the family name whole, the first name or its initial."""
    tokens = [t for t in _tokens(name) if t not in ("mme", "mr", "monsieur", "madame")]
    if not tokens or not local:
        return False
    whole = [t for t in tokens if len(t) >= 3 and t in local]
    rest = local
    for t in whole:
        rest = rest.replace(t, "", 1)
    missing = [t for t in tokens if t not in whole]
    return (
        bool(whole)
        and len(rest) <= 1
        and (not rest or any(t.startswith(rest) for t in missing))
        and (len(missing) <= 1 and not (missing and not rest and len(whole[0]) < 5))
    )
