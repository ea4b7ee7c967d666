"""`python -m parsers.ocr.digits.train`: digits drawn in handwriting fonts and with a pen of our own → weights.npz.

Needs scikit-learn and Pillow; the product does not. Fonts: those of the packages and folders below that are installed;
the hands of the generator's part kept aside are never used. Prints how well hands left out of training are told.
"""

from __future__ import annotations

import importlib.util
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from parsers.ocr.digits import OTHER, WEIGHTS, features

PACKAGES = ("fontpkg_caveat", "fontpkg_indie_flower")
FOLDERS = tuple(
    Path("/usr/share/fonts") / f
    for f in (
        "truetype/sjfonts", "truetype/kristi", "truetype/humor-sans", "truetype/rufscript", "truetype/breip",
        "truetype/klee", "opentype/comic-neue", "opentype/bwht", "opentype/dancingscript", "truetype/liberation2",
        "truetype/dejavu",
    )
)  # fmt: skip
LEFT_OUT = ("Delphine", "BecauseWeLearn", "IndieFlower")  # hands on which the printed figures are measured
EACH = 45  # drawings of a digit in one hand
NO_DIGITS = "ABCDEFGHKLMNPRTUVWXYabdefhkmnprtuy/(.,-?:"
CLASSES = 11


def hands() -> list[Path]:
    """The font files found."""
    found: list[Path] = []
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            found += Path(folder).rglob("*.ttf")
    for place in FOLDERS:
        found += [p for p in place.glob("*.?tf") if "Bold" not in p.name or "Klee" in p.name]
    return sorted(found)


def typed(path: Path, char: str, r: random.Random) -> NDArray[np.uint8] | None:
    """A character in a font, dark on light; None where the font lacks it."""
    size = r.randrange(40, 70)
    font = ImageFont.truetype(str(path), size)
    picture = Image.new("L", (2 * size, 2 * size), 255)
    ImageDraw.Draw(picture).text((size // 2, size // 4), char, font=font, fill=r.randrange(0, 60))
    pixels = np.asarray(picture, np.uint8)
    return pixels if (pixels < 128).sum() > 20 else None


def _strokes(digit: int, r: random.Random) -> list[list[tuple[float, float]]]:
    """The pen's way for the two digits that French hands write unlike the fonts: a one with an upstroke, a seven with
    or without its bar, in a box of 1 by 1.
    """
    slant = r.uniform(-0.25, 0.12)
    if digit == 1:
        foot = (0.55 + slant, 1.0)
        if r.random() < 0.25:
            return [[(0.55, 0.0), foot]]
        up = (0.55 - r.uniform(0.12, 0.55), r.uniform(0.18, 0.6))
        lines = [[up, (0.55 + r.uniform(-0.04, 0.04), r.uniform(0, 0.05)), foot]]
        if r.random() < 0.12:
            lines.append([(foot[0] - 0.25, 1.0), (foot[0] + 0.25, 1.0)])
        return lines
    width = r.uniform(0.42, 0.75)
    left = 0.5 - width / 2
    hook = [(left, r.uniform(0.05, 0.16))] if r.random() < 0.3 else []
    corner = (left + width, r.uniform(-0.06, 0.06))
    foot = (left + width * r.uniform(0.1, 0.6), 1.0)
    belly = ((corner[0] + foot[0]) / 2 + r.uniform(-0.08, 0.03), 0.5)
    lines = [[*hook, (left, r.uniform(-0.04, 0.06)), corner, belly, foot]]
    if r.random() < 0.6:
        y, half = r.uniform(0.42, 0.6), r.uniform(0.13, 0.28)
        lines.append([(belly[0] - half, y + r.uniform(-0.04, 0.06)), (belly[0] + half, y - r.uniform(-0.04, 0.06))])
    return lines


def penned(digit: int, r: random.Random) -> NDArray[np.uint8]:
    """A one or a seven as a pen draws it."""
    size = r.randrange(40, 70)
    picture = np.full((2 * size, 2 * size), 255, np.uint8)
    stretch = r.uniform(0.55, 1.0)
    for line in _strokes(digit, r):
        points = np.array([[size / 2 + x * size * stretch, size / 2 + y * size] for x, y in line])
        points += np.random.default_rng(r.randrange(1 << 30)).normal(0, 0.012 * size, points.shape)
        cv2.polylines(
            picture, [np.round(points).astype(np.int32)], False, r.randrange(0, 60), r.randrange(2, 7), cv2.LINE_AA
        )
    return picture


def worn(picture: NDArray[np.uint8], r: random.Random) -> NDArray[np.uint8]:
    """The same turned, bent, thickened, blurred and grained as paper and copier do it."""
    size = picture.shape[0]
    rng = np.random.default_rng(r.randrange(1 << 30))
    angle, shear = r.uniform(-9, 9), r.uniform(-0.18, 0.18)
    turn = cv2.getRotationMatrix2D((size / 2, size / 2), angle, 1.0)
    turn[0, 1] += shear
    turn[0, 2] -= shear * size / 2
    turn[0] *= r.uniform(0.8, 1.15)
    bent = cv2.warpAffine(picture, turn, (size, size), borderValue=255)
    grid = cv2.GaussianBlur(rng.normal(0, 1, (2, size, size)).astype(np.float32).transpose(1, 2, 0), (0, 0), size / 9)
    grid *= r.uniform(0, 0.035) * size / max(float(np.abs(grid).max()), 1e-6)
    xx, yy = np.meshgrid(np.arange(size, dtype=np.float32), np.arange(size, dtype=np.float32))
    bent = cv2.remap(bent, xx + grid[:, :, 0], yy + grid[:, :, 1], cv2.INTER_LINEAR, borderValue=255)
    if r.random() < 0.5:
        kernel = np.ones((r.randrange(1, 4), r.randrange(1, 4)), np.uint8)
        bent = cv2.erode(bent, kernel) if r.random() < 0.65 else cv2.dilate(bent, kernel)
    small = cv2.resize(bent, None, fx=0.45, fy=0.45, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), r.uniform(0.3, 1.1)).astype(np.float32)
    small = 255 - (255 - small) * r.uniform(0.5, 1.0) + rng.normal(0, r.uniform(0, 7), small.shape)
    return np.asarray(np.clip(small, 0, 255), np.uint8)


def drawings(r: random.Random) -> Iterator[tuple[str, int, NDArray[np.uint8]]]:
    """(hand, class, picture) of everything that is learnt from."""
    for path in hands():
        each = EACH if not any(x in path.name for x in ("Liberation", "DejaVu", "Comic")) else EACH // 3
        for digit in range(10):
            drawn = typed(path, str(digit), r)
            if drawn is None:
                continue
            for _ in range(each):
                yield path.stem, digit, worn(drawn, r)
        for char in NO_DIGITS:
            for _ in range(each // 9):
                drawn = typed(path, char, r)
                if drawn is not None:
                    yield path.stem, OTHER, worn(drawn, r)
    for digit in (1, 7):
        for _ in range(12 * EACH):
            yield "pen", digit, worn(penned(digit, r), r)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Trains, prints the figures of the hands left out, then trains on all hands and writes the weights."""
    from sklearn.neural_network import MLPClassifier

    r = random.Random(1)  # noqa: S311  drawings, not secrets
    drawn = [(name, kind, features(picture)) for name, kind, picture in drawings(r)]
    names = np.array([name for name, _, _ in drawn])
    kinds = np.array([kind for _, kind, _ in drawn])
    seen = np.stack([found for _, _, found in drawn])
    _say(f"{len(drawn)} drawings of {len(set(names))} hands")
    out = np.array([any(x in n for x in LEFT_OUT) for n in names])

    def fitted(which: NDArray[np.bool_]) -> MLPClassifier:
        model = MLPClassifier((56,), alpha=2e-3, max_iter=30, early_stopping=True, n_iter_no_change=4, random_state=1)
        return model.fit(seen[which], kinds[which])

    trial = fitted(~out)
    chances = trial.predict_proba(seen[out])
    told, sure = chances.argmax(axis=1), chances.max(axis=1)
    right = told == kinds[out]
    digit = kinds[out] != OTHER
    _say(f"hands left out: {right[digit].mean():.3f} of digits right")
    for bound in (0.8, 0.9, 0.97):
        kept = (sure >= bound) & (told != OTHER) & digit
        _say(f"  told with {bound}: {kept.sum() / digit.sum():.3f} of them, wrong {1 - right[kept].mean():.4f}")
    model = fitted(np.ones(len(kinds), bool))
    (w0, w1), (b0, b1) = model.coefs_, model.intercepts_
    np.savez_compressed(
        WEIGHTS, w0=w0.astype(np.float16), b0=b0.astype(np.float16), w1=w1.astype(np.float16), b1=b1.astype(np.float16)
    )
    _say(f"{WEIGHTS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
