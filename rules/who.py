"""Whose is it? A piece or a mail finds its member by SIRET, UAI, address, functional mailbox, domain, name or ref.

A `From` is a witness like another: what it names decides where papers are filed, never who may read an answer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatch

from parsers.records import Piece
from rules.records import Candidate, Identity, Member
from rules.text import folded, has

_DOUBTFUL = {"bad_siret": "siret", "other_siret": "siret", "bad_uai": "uai", "other_uai": "uai"}
_WEIGHTS = {
    "siret": 1.0,
    "uai": 1.0,
    "ref": 1.0,
    "written": 0.8,
    "functional": 0.95,
    "address": 0.95,
    "domain": 0.6,
    "name": 0.6,
}
_STRONG = 0.9
_ALIKE = 90.0  # percent, of two names of the same sort of body
# Sorts of bodies: a town's hall and its social centre share a name and are not the same body.
_SORTS = {
    "commune": ("commune", "mairie", "ville", "collectivite"),
    "ccas": ("ccas", "centre communal d'action sociale", "centre communal action sociale"),
    "syndicat": ("syndicat intercommunal", "syndicat mixte", "syndicat", "sivu", "sivom", "siaep"),
    "communaute": ("communaute de communes", "communaute d'agglomeration", "communaute urbaine", "epci"),
    "caisse": ("caisse des ecoles",),
    "lycee": ("lycee polyvalent", "lycee professionnel", "lycee general et technologique", "lycee", "lgt", "lpo", "lp"),
    "college": ("college", "clg"),
    "ecole": ("ecole",),
    "institution": ("institution", "ensemble scolaire"),
    "erea": ("erea",),
    "greta": ("greta",),
}
_SMALL = {"de", "du", "des", "d", "la", "le", "les", "l", "et", "en", "prive", "privee", "public"}


class Census:
    """The members of a group, found by whatever names them.

    `kept`: whether the group keeps a census at all, so that a body that is not in it is a stranger (default: if there
    are members). `shared_domains`: the group's.
    """

    def __init__(
        self, members: Iterable[Member], shared_domains: Iterable[str] = (), *, kept: bool | None = None
    ) -> None:
        self.members = tuple(members)
        self.kept = bool(self.members) if kept is None else kept
        self._shared = tuple(shared_domains)
        self._by: dict[str, dict[str, list[Member]]] = defaultdict(lambda: defaultdict(list))
        for m in self.members:
            addresses = {a.lower() for a in (*m.emails, m.functional_email) if a}
            self._add("siret", m.siret, m)
            self._add("uai", m.uai, m)
            for a in addresses:
                self._add("address", a, m)
            for domain in {a.rpartition("@")[2] for a in addresses}:
                self._add("domain", domain, m)
        self._names = [(m, *_sorted_name(m.name)) for m in self.members]

    def _add(self, witness: str, key: str | None, member: Member) -> None:
        if key:
            self._by[witness][key.upper() if witness == "uai" else key].append(member)

    def by(self, witness: str, key: str | None) -> list[Member]:
        """The members that the witness names."""
        return self._by[witness].get(key, []) if key else []

    def by_domain(self, address: str) -> list[Member]:
        """The members of the address's domain; none where the domain is everybody's."""
        domain = address.rpartition("@")[2]
        return [] if any(fnmatch(domain, s) for s in self._shared) else self.by("domain", domain)

    def by_name(self, name: str) -> list[tuple[Member, float]]:
        """Members of about that name and of the same sort, best first, with their likeness in [0, 1]."""
        from rapidfuzz import fuzz

        sort, rest = _sorted_name(name)
        found: list[tuple[Member, float]] = []
        if rest:
            for member, own_sort, own_rest in self._names:
                if sort and own_sort and sort != own_sort:
                    continue
                score = fuzz.token_sort_ratio(rest, own_rest)
                if score >= _ALIKE:
                    found.append((member, score / 100))
        return sorted(found, key=lambda x: -x[1])

    def named_in(self, text: str) -> list[Member]:
        """The members that a text names by SIRET, UAI or whole name."""
        plain = folded(text)
        numbers = {re.sub(r"\s", "", n) for n in re.findall(r"(?<!\d)\d(?:\s?\d){13}(?!\d)", text)}
        uais = {n.upper() for n in re.findall(r"(?<!\d)\d{7}[A-Za-z](?!\w)", text)}
        found = [m for m in self.members if m.siret in numbers or m.uai in uais]
        return found or [m for m in self.members if has(m.name, plain)]

    def near(self, name: str, count: int = 3) -> list[tuple[Member, float]]:
        """The members of the nearest names, whatever their sort: for a person to choose from."""
        from rapidfuzz import fuzz

        _, rest = _sorted_name(name)
        scored = [(m, fuzz.token_set_ratio(rest, own) / 100) for m, _, own in self._names] if rest else []
        return sorted((x for x in scored if x[1] >= 0.7), key=lambda x: -x[1])[:count]


def identify_mail(
    census: Census, sender: str | None, threads: Sequence[Member] = (), written: Sequence[Member] = ()
) -> Identity:
    """Who a mail is of: by its sender, by the dossiers whose letters it answers, and by the refs that stand in it.

    A ref is easily written: it names somebody only where nothing else does.
    """
    named: Votes = defaultdict(set)
    by_id = {_id(m): m for m in (*threads, *written)}
    for witness, members in (("ref", threads), ("written", written)):
        for member in members:
            named[_id(member)].add(witness)
    for witness, members in _by_sender(census, sender).items():
        for member in members:
            named[_id(member)].add(witness)
            by_id[_id(member)] = member
    return _weigh(named, by_id, {})


def identify_piece(census: Census, piece: Piece, mail: Identity) -> Identity:
    """Who a piece is of: its own numbers and name first, then the mail's member.

    A body that the census does not know becomes a member that is not `known`, made from the piece.
    """
    doubtful = {_DOUBTFUL[f.code] for f in piece.findings if f.code in _DOUBTFUL}
    doubtful |= {f.field for f in piece.findings if f.code == "doubtful" and f.field}
    votes: Votes = defaultdict(set)
    by_id: dict[str, Member] = {}
    scores: dict[str, float] = {}
    numbers = {w: _text(piece, w) for w in ("siret", "uai") if w not in doubtful}
    for witness, number in numbers.items():
        for member in census.by(witness, number):
            votes[_id(member)].add(witness)
            by_id[_id(member)] = member
    name = _text(piece, "member_name")
    for member, score in census.by_name(name) if name else []:
        votes[_id(member)].add("name")
        by_id[_id(member)], scores[_id(member)] = member, score
    own = _weigh(votes, by_id, scores)
    if own.doubt:
        return own
    if own.member is not None:
        return _against(census, _numbered(own, own.member, numbers), mail)
    unknown = _unknown(numbers, name, piece, mail)
    near = tuple(Candidate(member=m, score=s, witnesses=("name",)) for m, s in census.near(name or ""))
    if unknown is None:
        return mail if mail.member else Identity(member=None, candidates=own.candidates or near)
    if mail.member is None or (any(numbers.values()) and not _same(mail.member, numbers, name)):
        return Identity(member=unknown, witnesses=("siret" if numbers.get("siret") else "name",), candidates=near)
    return mail


Votes = dict[str, set[str]]


def _by_sender(census: Census, sender: str | None) -> Mapping[str, list[Member]]:
    if not sender:
        return {}
    uai = re.search(r"(?<![0-9])([0-9]{7}[a-z])(?![a-z])", sender.partition("@")[0])
    found = {
        "address": census.by("address", sender),
        "functional": census.by("uai", uai.group(1).upper()) if uai else [],
    }
    return found if any(found.values()) else {"domain": census.by_domain(sender)}


def _weigh(votes: Votes, by_id: Mapping[str, Member], scores: Mapping[str, float]) -> Identity:
    """The member that the witnesses name, if it is one alone or clearly the first."""
    if not votes:
        return Identity(member=None)
    weight = {k: max(_WEIGHTS[w] * (scores.get(k, 1.0) if w == "name" else 1.0) for w in v) for k, v in votes.items()}
    ranked = sorted(votes, key=lambda k: (-weight[k], -len(votes[k]), k))
    candidates = tuple(
        Candidate(member=by_id[k], score=round(weight[k], 3), witnesses=tuple(sorted(votes[k]))) for k in ranked
    )
    strong = [k for k in ranked if weight[k] >= _STRONG]
    best = ranked[0]
    if len(strong) == 1 or (not strong and len(ranked) == 1):
        return Identity(member=by_id[best], witnesses=candidates[0].witnesses, candidates=candidates)
    backed = [k for k in strong if len(votes[k]) > 1]
    if len(backed) == 1:
        return Identity(member=by_id[backed[0]], witnesses=tuple(sorted(votes[backed[0]])), candidates=candidates)
    if not strong:
        return Identity(member=None, candidates=candidates)
    names = " et ".join(by_id[k].name for k in strong[:2])
    return Identity(
        member=by_id[best],
        witnesses=candidates[0].witnesses,
        candidates=candidates,
        doubt=f"Les indices désignent plusieurs adhérents\u00a0: {names}.",
    )


def _numbered(own: Identity, member: Member, numbers: Mapping[str, str | None]) -> Identity:
    """A body named without its number, on a paper that carries another one: a doubt."""
    for witness, label in (("siret", "SIRET"), ("uai", "UAI")):
        read, known = numbers.get(witness), getattr(member, witness)
        if read and known and read != known and witness not in own.witnesses:
            doubt = f"Le {label} lu ({read}) n’est pas celui que le recensement donne à {member.name} ({known})."
            return Identity(member=member, witnesses=own.witnesses, candidates=own.candidates, doubt=doubt)
    return own


def _against(census: Census, own: Identity, mail: Identity) -> Identity:
    """A paper's member against the sender's: the same, neighbours in one house, or a doubt."""
    other = mail.member
    if (
        own.member is None
        or own.doubt
        or other is None
        or _id(other) == _id(own.member)
        or not set(mail.witnesses) & {"address", "functional", "ref"}
    ):
        return own
    shared = _domains(own.member) & _domains(other)
    if any(census.by_domain(f"x@{d}") for d in shared):
        return own
    doubt = f"Ce document désigne {own.member.name}, mais il nous vient d’une adresse ou d’un échange de {other.name}."
    return Identity(member=own.member, witnesses=own.witnesses, candidates=own.candidates, doubt=doubt)


def _unknown(numbers: Mapping[str, str | None], name: str | None, piece: Piece, mail: Identity) -> Member | None:
    """A body made from a piece, where it says enough to be one."""
    siret, uai = numbers.get("siret"), numbers.get("uai")
    if not name or not (siret or uai or mail.member is None):
        return None
    if mail.member is None and not (siret or uai):
        return None
    postal = _text(piece, "postal_code") or ""
    department = postal[:3] if postal.startswith("97") else postal[:2]
    return Member(
        name=name,
        siret=siret,
        uai=uai,
        department=department or None,
        functional_email=_text(piece, "functional_email"),
        known=False,
    )


def _same(member: Member, numbers: Mapping[str, str | None], name: str | None) -> bool:
    """Whether the piece may still be the sender's: its number is not contradicted, or its name is the same."""
    from rapidfuzz import fuzz

    contradicted = any(
        v and own and v != own for v, own in ((numbers.get("siret"), member.siret), (numbers.get("uai"), member.uai))
    )
    if not contradicted:
        return True
    sort, rest = _sorted_name(name or "")
    own_sort, own_rest = _sorted_name(member.name)
    return sort == own_sort and fuzz.token_sort_ratio(rest, own_rest) >= _ALIKE


def _domains(member: Member) -> set[str]:
    return {a.lower().rpartition("@")[2] for a in (*member.emails, member.functional_email) if a}


def _id(member: Member) -> str:
    return member.siret or member.uai or folded(member.name)


def _text(piece: Piece, name: str) -> str | None:
    value = piece.value(name)
    return str(value) if value else None


def _sorted_name(name: str) -> tuple[str, str]:
    """(sort of body, the rest): « CCAS de Houdan » → ("ccas", "houdan")."""
    plain = folded(name).replace("-", " ")
    for sort, words in _SORTS.items():
        for word in sorted(words, key=len, reverse=True):
            found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", plain)
            if found:
                plain = plain[: found.start()] + " " + plain[found.end() :]
                return sort, _rest(plain)
    return "", _rest(plain)


def _rest(plain: str) -> str:
    return " ".join(w for w in re.findall(r"\w+", plain.replace("saint", "st")) if w not in _SMALL)
