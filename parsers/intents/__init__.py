"""What a mail wants, from the sender's own words: a small classifier that knows when it does not know.

Each sentence is judged alone, then the sentences of a paragraph together where none was clear. `other` beats a wrong
guess: the letters that answer a withdrawal, a question or a wish to join are sent on this word.
"""

from __future__ import annotations

import functools
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from parsers import own_words
from parsers.intents import denials
from parsers.intents.features import features, fields, fold, words
from parsers.records import Intent

# How sure a label must be before it counts. What a coordinator or a provider acts on asks for more.
SURE: dict[str, float] = {
    "submit": 0.45,
    "training": 0.5,
    "second_account": 0.55,
    "question_commercial": 0.55,
    "question_technical": 0.55,
    "join": 0.6,
    "withdraw": 0.65,
}
# What a sentence should speak of: without any word of its subject, an intent must be all but certain.
_SUBJECT: dict[str, frozenset[str]] = {
    "withdraw": frozenset({"leave"}),
    "join": frozenset({"enter"}),
    "second_account": frozenset({"more", "account"}),
    "training": frozenset({"learn"}),
    "question_technical": frozenset({"breakdown", "machine"}),
    "question_commercial": frozenset({"money", "contract", "order", "group", "paper"}),
}
_WITHOUT_SUBJECT = {"withdraw": 0.93, "join": 0.85}
_SENDS_NOTHING_NAMED = 0.9  # neither a paper nor a word of sending
_WITHOUT_SUBJECT_ELSE = 0.75
_ASKING = frozenset({"ask", "wish", "breakdown", "not"})  # what a question holds; a mere statement must be clearer
_STATEMENT = 0.85
_REPLACES = re.compile(  # « annulez le précédent et remplacez-le par celui-ci »: put right, an order is one still
    r"\bannul\w* et remplac"
    r"|\b(remplac\w+|substitu\w+) .{0,24}\b(par|a) (celui|celle|la version|le (bon|document)|l[ae] nouve)"
    r"|\b(prendre|retenir|garder|tenir compte|conserver) .{0,12}\b(celui|celle|la version|le document|l'exemplaire) ?-?"
    r"(ci|joint|corrig|rectif|nouve)"
)
_ROW = re.compile(  # of a table: an amount ends it, and nobody does anything in it
    r"(?!.*\b(je|j|nous|on|vous|il|elle|est|sont|a|avons|avez|merci|veuillez|comment|combien|pourquoi)\b)"
    r"[^?]*\d[.,]\d\d(euros?|eur|h\.?t|t\.?t\.?c|\W)*",  # each way to read it is one alone: no backtracking
    re.IGNORECASE | re.DOTALL,
)
_SUBMIT_WITHOUT_FILES = 0.75
_SUBMIT_LIKELY = 0.15  # files are attached and a sentence before all others might say so
_PARAGRAPH = 0.65
_SECOND = 0.75  # another intent in the same paragraph: most often the same one in other words
_LONGEST = 12_000  # characters: a person says what they want on the first pages
_SENTENCES = 150
_KNOWN = 0.5  # share of a sentence's longer words that training has seen
_ABBREVIATION = re.compile(
    r"\b(M|Mr|Mme|Mlle|MM|Dr|St|Ste|n|no|art|cf|etc|ex|tél|tel|p|pp|env|réf|ref|bd|av)\.$", re.IGNORECASE
)
_END = re.compile(r"(?<=[.!?…;])\s+|\n+")
_FEW = 30  # words of somebody who only hands a message on
_BELOW = re.compile(  # « ci-dessous la demande de notre maire », « je vous fais suivre ce mail »
    r"\bci[- ]?(dessous|apres)\b|\bplus bas\b|\bfai(re|s|tes|sons) suivre\b|\bsuite a donner\b|\btransfer\w+\b"
    r"|\b(message|mail|courriel|demande|souhait) (de |d'|du )(l'|la |le |notre |nos |mon |ma )?(maire|president|direct"
    r"|chef|proviseur|principal|elue?|adjoint|collegue|dgs|gestionnaire|tresor|service)"
)
_FORWARD = re.compile(r"^\s*(tr|fw|fwd|wg)\s*:", re.IGNORECASE)
_REPLY = re.compile(r"^\s*((re|ré|rép|tr|fw|fwd|sv|aw)\s*(\[\d+\])?\s*:\s*)+", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Model:
    labels: tuple[str, ...]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    known: NDArray[np.uint8]


@functools.cache
def _model() -> _Model:
    with np.load(Path(__file__).with_name("weights.npz"), allow_pickle=False) as stored:
        return _Model(
            labels=tuple(str(x) for x in stored["labels"]),
            weights=stored["weights"].astype(np.float32),
            bias=stored["bias"].astype(np.float32),
            known=np.unpackbits(stored["known"]),
        )


def word_bucket(word: str) -> int:
    """Where a word stands among the 65,536 places of those seen in training."""
    return zlib.crc32(word.encode()) >> 16


def automatic(text: str) -> float:
    """How likely a program wrote one sentence for somebody: an absence, an office closed, a receipt."""
    return _scores(text)["automatic"]


def _scores(text: str) -> dict[str, float]:
    """What the classifier alone gives; `other` where most words are new to it."""
    model = _model()
    long = [w for w in words(text) if len(w) >= 4]
    seen = sum(bool(model.known[word_bucket(w)]) for w in long)
    if not words(text) or (long and seen < _KNOWN * len(long)):
        return {x: float(x == "other") for x in model.labels}
    scores = model.weights @ features(text) + model.bias
    scores = np.exp(scores - scores.max())
    return dict(zip(model.labels, (float(s) for s in scores / scores.sum()), strict=True))


def probabilities(text: str) -> dict[str, float]:
    """How likely each intent is for one sentence; `other` where most of its words are new to the classifier."""
    odds = _scores(text)
    odds["other"] += odds.pop("automatic")
    if _ROW.fullmatch(text):
        return {x: float(x == "other") for x in odds}
    about = set(fields(text))
    flat = fold(text).replace("’", "'")
    if _REPLACES.search(flat):
        odds["submit"] += odds["withdraw"]
        odds["withdraw"] = 0.0
    if not _ASKING & about:
        for label in ("question_technical", "question_commercial"):
            if odds[label] < _STATEMENT:
                odds["other"] += odds[label]
                odds[label] = 0.0
    if denials.supposes(flat):
        odds["question_commercial" if "ask" in about else "other"] += odds["withdraw"]
        odds["withdraw"] = 0.0
    if not {"send", "paper"} & about and "command" not in flat and odds["submit"] < _SENDS_NOTHING_NAMED:
        odds["other"] += odds["submit"]
        odds["submit"] = 0.0
    denied = {"withdraw": not denials.leaves(flat), "join": not denials.joins(flat)}
    if {"thanks", "done"} & about and not {"ask", "wish", "not"} & about:
        denied |= dict.fromkeys(("training", "question_technical"), True)
    for label, subject in _SUBJECT.items():
        if (not subject & about and odds[label] < _WITHOUT_SUBJECT.get(label, _WITHOUT_SUBJECT_ELSE)) or denied.get(
            label
        ):
            odds["other"] += odds[label]
            odds[label] = 0.0
    return odds


def sentences(text: str) -> list[list[str]]:
    """Paragraphs of sentences. A fragment of one word goes with the sentence before it."""
    paragraphs: list[list[str]] = []
    for block in re.split(r"\n\s*\n", text[:_LONGEST])[:_SENTENCES]:
        found: list[str] = []
        for piece in _END.split(block):
            if not piece.strip():
                continue
            if len(found) > _SENTENCES:
                break
            if found and (_ABBREVIATION.search(found[-1][-8:]) or len(words(piece)) < 2):
                found[-1] = f"{found[-1]} {piece.strip()}"
            else:
                found.append(piece.strip())
        if found:
            paragraphs.append(found)
    return paragraphs


def _hands_on(body: str) -> bool:
    """Whether own words only say whose wish stands below."""
    return "?" not in body and len(words(body)) <= _FEW and bool(_BELOW.search(fold(body)))


def _accepted(odds: dict[str, float], sure: dict[str, float]) -> str | None:
    best = max(odds, key=lambda x: odds[x])
    return best if best != "other" and odds[best] >= sure.get(best, 1.0) else None


def _stated(text: str, sure: dict[str, float]) -> tuple[list[str], bool]:
    """The intents that a text states, in the order stated, and whether an unclear sentence before them may send."""
    found: list[str] = []
    maybe_sends = False
    for paragraph in sentences(text):
        said: list[str] = []
        for sentence in paragraph:
            odds = probabilities(sentence)
            label = _accepted(odds, sure)
            if label and said and said[-1] != "submit" and label not in said and odds[label] < _SECOND:
                label = None
            if label:
                said.append(label)
            elif not found and not said and not label and odds.get("submit", 0.0) >= _SUBMIT_LIKELY:
                maybe_sends = True
        if not said and len(paragraph) > 1:
            odds = probabilities(" ".join(x for x in paragraph if not _ROW.fullmatch(x)))
            label = _accepted(odds, {k: max(v, _PARAGRAPH) for k, v in sure.items()})
            said = [label] if label else []
        if "submit" in said and "join" in said and "?" not in " ".join(paragraph):
            said.remove("join")  # « nous adhérons à l'offre, le bon est joint »: an order
        found.extend(dict.fromkeys(x for x in said if x not in found))
    return found, maybe_sends


def predict(
    subject: str, body: str, *, files: bool = False, documents: bool = False, forwarded: str = ""
) -> tuple[Intent, ...]:
    """The intents of a person's mail, most certain first; (`other`,) where none is clear.

    `files` says whether anything is attached, `documents` whether it is more than pictures (a screenshot belongs to a
    question); `forwarded` is the text below, which speaks for a sender who adds nothing of their own.
    """
    sure = SURE if files else SURE | {"submit": _SUBMIT_WITHOUT_FILES}
    silent = own_words.says_nothing(body)
    found, maybe_sends = _stated(body, sure)
    if silent and forwarded and _FORWARD.match(subject):
        # What stands below a reply is our own letter, and counts for nothing.
        found, maybe_sends = _stated(forwarded, sure)
    if forwarded and not found and not files and _FORWARD.match(subject) and _hands_on(body):
        found, _ = _stated(forwarded, sure)
    title = _REPLY.sub("", subject)
    if not found and title == subject.strip() and (silent or not files):
        # A reply's subject is ours; a new mail's is the sender's own.
        found, maybe_sends = _stated(title, {k: max(v, _PARAGRAPH) for k, v in sure.items()})
    if "withdraw" in found and "submit" in found and not files:
        found.remove("submit")  # the order that is named is the one called off
    if "submit" in found:
        found.remove("submit")
        found.insert(0, "submit")
    elif files and (not found or maybe_sends):
        found.insert(0, "submit")
    elif documents:
        found.append("submit")
    return cast("tuple[Intent, ...]", tuple(found) or ("other",))
