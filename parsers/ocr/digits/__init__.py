"""The digit in one comb cell, told by a small classifier of the project's own: a witness that shares nothing with the
engines.

Both engines read lines, and in many hands a one with a long upstroke is a seven to them. Here each cell stands alone:
gradients of its ink (HOG) through one hidden layer, 30 kB of weights made by `python -m parsers.ocr.digits.train`.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]

WEIGHTS = Path(__file__).parent / "weights.npz"
SIDE = 32  # pixels of the square that a digit is fitted into
MARGIN = 4
DIRECTIONS, FIELDS = 8, 6
OTHER = 10  # the class of what is no digit
SURE = 0.8  # from which a digit counts as told


def tell(tile: Pixels) -> tuple[str, float]:
    """The digit in a gray picture of one (dark on light), and how sure; `""` where it is none or not told.

    The picture holds the ink of one character and little else; its size does not matter.
    """
    chances = probabilities(features(tile)[None])[0]
    best = int(chances.argmax())
    return ("" if best == OTHER else str(best)), float(chances[best])


def features(tile: Pixels) -> NDArray[np.float32]:
    """What the classifier sees: the ink fitted into a square, its gradients, its proportions."""
    light = float(np.percentile(tile, 95))
    ink = np.clip((light - tile.astype(np.float32)) / max(light - float(tile.min()), 1.0), 0, 1)
    rows, columns = (np.flatnonzero(ink.max(axis=a) > 0.4) for a in (1, 0))
    if len(rows) and len(columns):
        ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = ink.shape
    scale = (SIDE - 2 * MARGIN) / max(height, width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    small = cv2.resize(ink, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    square = np.zeros((SIDE, SIDE), np.uint8)
    y, x = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    square[y : y + size[1], x : x + size[0]] = np.round(255 * small)
    return np.append(_gradients(square), np.float32(width / max(height, 1))).astype(np.float32)


def _gradients(square: Pixels) -> NDArray[np.float32]:
    """How much ink runs in each of eight directions in each of six by six fields, as shares of all of it."""
    x, y = (cv2.Sobel(square, cv2.CV_32F, dx, 1 - dx, ksize=3) for dx in (1, 0))
    strength = np.hypot(x, y)
    turn = np.mod(np.arctan2(y, x), np.pi) / np.pi * DIRECTIONS
    lower = np.floor(turn)
    share = turn - lower
    fields = []
    for k in range(DIRECTIONS):
        part = np.where(lower % DIRECTIONS == k, 1 - share, 0) + np.where((lower + 1) % DIRECTIONS == k, share, 0)
        fields.append(cv2.resize(strength * part.astype(np.float32), (FIELDS, FIELDS), interpolation=cv2.INTER_AREA))
    found = np.sqrt(np.stack(fields).ravel())
    return np.asarray(found / max(float(np.linalg.norm(found)), 1e-6), np.float32)


def probabilities(seen: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of each row of features the chances of the ten digits and of anything else."""
    w = _weights()
    hidden = np.maximum(seen @ w["w0"] + w["b0"], 0)
    scores = hidden @ w["w1"] + w["b1"]
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(scores / scores.sum(axis=1, keepdims=True), np.float32)


@functools.cache
def _weights() -> dict[str, NDArray[np.float32]]:
    with np.load(WEIGHTS) as stored:
        return {name: stored[name].astype(np.float32) for name in ("w0", "b0", "w1", "b1")}
