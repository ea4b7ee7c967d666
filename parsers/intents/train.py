"""`python -m parsers.intents.train`: sentences.tsv → weights.npz. Needs scikit-learn; the product does not.

Prints how sentences of patterns that were left out of training are told apart (five folds by pattern).
"""

from __future__ import annotations

import hashlib
import random
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from parsers.intents import word_bucket
from parsers.intents.features import features, words

HERE = Path(__file__).parent
SENTENCES = HERE / "sentences.tsv"
WEIGHTS = HERE / "weights.npz"
EACH = 14  # sentences drawn from one pattern
STRENGTH = 12.0  # inverse of regularisation
_SLOT = re.compile(r"\{(\w+)\}")
_CHOICE = re.compile(r"\(([^()]*)\)")
_CONTRACTIONS = (
    (r"\bde le\b", "du"),
    (r"\bde les\b", "des"),
    (r"\bà le\b", "au"),
    (r"\bà les\b", "aux"),
    (r"\b([dl])e ([aeiouéèêh])", r"\1'\2"),
)


def load(path: Path = SENTENCES) -> tuple[list[tuple[str, str]], dict[str, list[str]]]:
    """(label, pattern) pairs and slots of a sentences' file."""
    patterns: list[tuple[str, str]] = []
    slots: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("# "):
            continue
        label, _, text = line.partition("\t")
        if label.startswith("@"):
            slots[label[1:]] = text.split("|")
        else:
            patterns.append((label, text))
    return patterns, slots


def draw(pattern: str, slots: dict[str, list[str]], rng: random.Random) -> str:
    """One sentence of a pattern."""
    while m := _SLOT.search(pattern):
        pattern = pattern[: m.start()] + rng.choice(slots[m[1]]) + pattern[m.end() :]
    while m := _CHOICE.search(pattern):
        pattern = pattern[: m.start()] + rng.choice(m[1].split("|")) + pattern[m.end() :]
    for wrong, right in _CONTRACTIONS:
        pattern = re.sub(wrong, right, pattern)
    return re.sub(r"\s+([.,])", r"\1", " ".join(pattern.split()))


def roughen(text: str, rng: random.Random) -> str:
    """The sentence as a hurried person types it."""
    if rng.random() < 0.15:
        text = rng.choice(["bonjour ", "Bonjour, ", "bjr ", "Par ailleurs, ", "Au passage, ", "Aussi, "]) + text
    if rng.random() < 0.15:
        text += rng.choice([" merci", " merci d'avance", " cordialement", " cdt", " svp", " Merci."])
    if rng.random() < 0.2:
        text = text.rstrip(".?! ")
    if rng.random() < 0.25:  # « je veux résilié », « nous avons signer »
        wrong = rng.choice([(r"er\b", "é"), (r"é\b", "er"), (r"ez\b", "er"), (r"er\b", "ez")])
        text = re.sub(wrong[0], wrong[1], text, count=2)
    if rng.random() < 0.25:
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(["", text[at] * 2, rng.choice("aeinrst")]) + text[at + 1 :]
    return text


def corpus(seed: int = 0) -> tuple[list[str], list[str], list[int]]:
    """Sentences, their labels, and the pattern that each comes from."""
    patterns, slots = load()
    rng = random.Random(seed)  # noqa: S311  the same sentences at each training
    texts: list[str] = []
    labels: list[str] = []
    groups: list[int] = []
    for n, (label, pattern) in enumerate(patterns):
        drawn = {draw(pattern, slots, rng) for _ in range(EACH)}
        for text in sorted(drawn):
            for variant in (text, roughen(text, rng)):
                texts.append(variant)
                labels.append("other" if label == "filler" else label)
                groups.append(n)
    return texts, labels, groups


def matrix(texts: list[str]) -> NDArray[np.float32]:
    """Features of many sentences."""
    return np.stack([features(t) for t in texts])


def digest() -> str:
    """Of what the weights are made from: a test tells when they were not trained again."""
    joined = b"".join((HERE / name).read_bytes() for name in ("sentences.tsv", "fields.tsv", "features.py", "train.py"))
    return hashlib.sha256(joined).hexdigest()


def train() -> None:
    """Fits on all sentences and writes the weights; prints the folds' figures first."""
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import classification_report
    from sklearn.model_selection import GroupKFold, cross_val_predict

    texts, labels, groups = corpus()
    x = csr_matrix(matrix(texts))
    model = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=400)
    told = cross_val_predict(model, x, labels, groups=groups, cv=GroupKFold(5))
    print(f"{len(texts)} sentences\n{classification_report(labels, told, digits=3)}")  # noqa: T201  a developer's command
    model.fit(x, labels)
    vocabulary = np.zeros(1 << 16, dtype=bool)  # which words were ever seen: what is all new is not guessed at
    for text in texts:
        for w in words(text):
            vocabulary[word_bucket(w)] = True
    np.savez_compressed(
        WEIGHTS,
        labels=np.array(model.classes_),
        weights=model.coef_.astype(np.float16),
        bias=model.intercept_.astype(np.float32),
        known=np.packbits(vocabulary),
        source=np.array(digest()),
    )
    print(f"{WEIGHTS.name}: {WEIGHTS.stat().st_size // 1024} kB")  # noqa: T201


if __name__ == "__main__":
    train()
