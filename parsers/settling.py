"""Recognised values settled: among what the engines offer, what types, check digits and other places bear out.

Two passes: first what proves itself (SIRET, UAI, dates, telephone numbers, addresses), then names and places with
what the first pass, the e-mail addresses and the census say. A value that nothing bears out keeps its doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from parsers import candidates, confidence, known_words, sureness, witnesses
from parsers.candidates import PROVES, Candidate, Looks, Recognised
from parsers.records import Context
from parsers.witnesses import Settled

_RARE = 0.02  # what a value is worth at most that no look offers: the census, or a slash for a one, brought it up
_AGAIN = ("contact_email", "functional_email", "postal_code", "member_name")  # once names and places are known
_BORNE = 40.0  # how much likelier a value is that a witness bears out
_TOLD = 200.0  # the same of one that the covering mail holds, too
_UNSECONDED = 0.1  # the same for each word that both engines read otherwise
_UNKEYED = 0.02  # the same of one whose check digit is wrong
_OTHER_TYPE = 0.01  # the same of one that is not of the field's type
_SECONDED = 4.0  # the same of one that is the second engine's own reading
_STRANGE = 0.005  # the same of one that holds what no value of its field does
_USUAL = 3.0  # how much likelier a word is that the field often holds (`rue` beside `rve`)


def settle(read: Sequence[Recognised], context: Context) -> dict[str, Settled]:
    """The fields of one document, by name; a field in whose place nothing is written is left out."""
    read = [candidates.prepared(r) for r in read]
    looks = {r.name: candidates.looks_of(r) for r in read}
    offered = {r.name: candidates.of(r, context, looks[r.name]) for r in read}
    offered = {name: found for name, found in offered.items() if found}
    by_name = {r.name: r for r in read}
    chosen: dict[str, Settled] = {}
    for proving in (True, False):
        for name, found in offered.items():
            if (by_name[name].type in PROVES) == proving and name not in chosen:
                here = witnesses.of(name, by_name[name].type, chosen, context)
                if by_name[name].type == "date":
                    here = witnesses.other_dates(name, by_name, offered)
                elif by_name[name].type == "reference":
                    here = witnesses.other_references(name, by_name, offered)
                chosen[name] = _choose(by_name[name], found, here, looks[name], context)
    for name in _AGAIN:
        if name in chosen and chosen[name].confidence < confidence.ENOUGH:
            here = witnesses.of(name, by_name[name].type, chosen, context)
            again = _choose(by_name[name], offered[name], here, looks[name], context)
            chosen[name] = witnesses.nearly(name, chosen, context) or again
    if "contact_name" in chosen and "contact_email" in chosen:
        chosen["contact_name"] = witnesses.mended(chosen["contact_name"], chosen["contact_email"])
    return chosen


def _choose(
    read: Recognised, found: Sequence[Candidate], here: Callable[[str], bool] | None, looks: Looks, context: Context
) -> Settled:
    """The likeliest candidate and how sure it is; `here`: what else the paper and the census say."""

    def borne(text: str) -> float:
        if witnesses.told(read.type, text, context):
            return _TOLD
        return _BORNE if here is not None and here(text) else 1.0

    def strange(text: str) -> bool:
        return sureness.is_strange(read, text) or witnesses.astray(read.type, text, context)

    def weight(c: Candidate) -> float:
        text = str(c.value)
        own = c.likely
        if looks:
            seen = sureness.seen_in(read, c.value, looks)
            own = max(sum(seen) / len(seen), min(_RARE, c.likely))
            own *= _SECONDED if sureness.second_reads(read, c.value) else 1.0
            own *= _UNSECONDED ** sureness.unseconded(read, text)
        own *= borne(text) * _USUAL ** sum(known_words.expected(read.name, word) for word in text.split())
        own *= _STRANGE if strange(text) else 1.0
        own *= _UNKEYED if sureness.check_digit(read.type, text) is False else 1.0
        return own * (1.0 if c.of_type else _OTHER_TYPE)

    best = max(found, key=weight)
    text = str(best.value)
    told = witnesses.told(read.type, text, context)
    trust = sureness.of(read, best, found, looks, known=borne(text) > 1.0)
    if witnesses.astray(read.type, text, context):
        trust = min(trust, sureness.STRANGE)
    elif told and not best.first:
        trust = sureness.of_covering(read, best, trust)
    return Settled(best.value, trust, best.of_type, told or sureness.second_reads(read, best.value))
