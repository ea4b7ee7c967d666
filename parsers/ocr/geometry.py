"""From the picture as sent to an upright, flat sheet: the paper found and straightened, skew and shadows taken out.

A `Sheet` has `SCALE` pixels a point whatever the picture's resolution, so that every later measure is in points.
Its `warp` leads back: points of the sheet to points of the page as sent, for the boxes that people are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SCALE = 200 / 72  # pixels a point: 200 dpi, enough for 6-point type and cheap to search
A4 = (595.28, 841.89)
Pixels = NDArray[Any]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """A page picture ready to be read."""

    picture: Pixels  # colour (BGR)
    gray: Pixels  # even white background, shadows divided out
    width: float  # points
    height: float  # points
    warp: Matrix  # 3 × 3: points here → points of the page as sent
    photo: bool  # the paper was found on a background

    def turned(self, quarters: int) -> Sheet:
        """The same sheet turned clockwise by so many quarters."""
        quarters %= 4
        if not quarters:
            return self
        codes = {1: cv2.ROTATE_90_CLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_COUNTERCLOCKWISE}
        back = {
            1: [[0, 1, 0], [-1, 0, self.height], [0, 0, 1]],
            2: [[-1, 0, self.width], [0, -1, self.height], [0, 0, 1]],
            3: [[0, -1, self.width], [1, 0, 0], [0, 0, 1]],
        }[quarters]
        odd = quarters % 2
        return Sheet(
            picture=cv2.rotate(self.picture, codes[quarters]),
            gray=cv2.rotate(self.gray, codes[quarters]),
            width=self.height if odd else self.width,
            height=self.width if odd else self.height,
            warp=self.warp @ np.array(back, np.float64),
            photo=self.photo,
        )


def page_size(width: int, height: int, dpi: tuple[float, float] | None) -> tuple[float, float]:
    """A picture's size in points: by its resolution where that gives a plausible paper, else its long side is A4's."""
    if dpi and min(dpi) > 1:
        size = width * 72 / dpi[0], height * 72 / dpi[1]
        if min(size) >= 300 and max(size) <= 1300:
            return size
    scale = A4[1] / max(width, height)
    return width * scale, height * scale


def straighten(picture: Pixels, size: tuple[float, float], photo: bool | None = None) -> Sheet:
    """The sheet in a picture of `size` points. `photo` False: the paper fills it, no background is looked for."""
    colour = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR) if picture.ndim == 2 else picture
    height, width = colour.shape[:2]
    as_sent = np.diag([size[0] / width, size[1] / height, 1.0])  # picture pixels → points as sent
    corners = None if photo is False else find_paper(colour)
    if corners is None:
        page = size
        to_page = as_sent.copy()  # picture pixels → points of the page
    else:
        page = _paper_size(corners, size)
        target = np.array([[0, 0], [page[0], 0], page, [0, page[1]]], np.float32)
        to_page = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    flat, shrunk = _warped(colour, to_page, page)
    quarter = sideways(_ink(flat))
    if quarter:
        turn = np.array([[0, -1, page[1]], [1, 0, 0], [0, 0, 1]], np.float64)
        to_page, page = turn @ to_page, (page[1], page[0])
        flat = cv2.rotate(flat, cv2.ROTATE_90_CLOCKWISE)
    angle = skew(_ink(flat))
    if abs(angle) > 0.03:
        to_page = _rotation(angle, page) @ to_page
    flat, _ = _warped(colour, to_page, page) if (abs(angle) > 0.03 or shrunk) else (flat, False)
    return Sheet(
        picture=flat,
        gray=flatten(flat),
        width=page[0],
        height=page[1],
        warp=as_sent @ np.linalg.inv(to_page),
        photo=corners is not None,
    )


def _warped(colour: Pixels, to_page: Matrix, page: tuple[float, float]) -> tuple[Pixels, bool]:
    """The picture in sheet pixels. Shrinks by area first, so that fine type does not alias."""
    corner = np.array([[page[0] / 2, page[1] / 2, 1], [page[0] / 2 + 1, page[1] / 2, 1]]).T
    there = np.linalg.inv(to_page) @ corner
    there = there[:2] / there[2]
    density = float(np.hypot(*(there[:, 1] - there[:, 0])))  # picture pixels a point
    source, scale = colour, np.eye(3)
    if density > 1.2 * SCALE:
        factor = 1.1 * SCALE / density
        source = cv2.resize(colour, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        scale = np.diag([colour.shape[1] / source.shape[1], colour.shape[0] / source.shape[0], 1.0])
    matrix = np.diag([SCALE, SCALE, 1.0]) @ to_page @ scale
    extent = round(page[0] * SCALE), round(page[1] * SCALE)
    flat = cv2.warpPerspective(source, matrix, extent, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(flat, np.uint8), False


def _rotation(angle: float, page: tuple[float, float]) -> Matrix:
    matrix = cv2.getRotationMatrix2D((page[0] / 2, page[1] / 2), angle, 1.0)
    return np.vstack([matrix, [0, 0, 1]])


def flatten(colour: Pixels) -> Pixels:
    """Gray on an even white background: divided by the paper's own brightness, found without the ink."""
    gray = cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(gray, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    paper = cv2.dilate(small, np.ones((5, 5), np.uint8))
    paper = cv2.medianBlur(paper, 31)
    paper = cv2.GaussianBlur(paper, (0, 0), 7)
    paper = cv2.resize(paper, (gray.shape[1], gray.shape[0]), interpolation=cv2.INTER_LINEAR)
    even = cv2.divide(gray, np.maximum(paper, 40), scale=250)
    return np.asarray(even, np.uint8)


def _ink(colour: Pixels) -> Pixels:
    """A quarter-size picture of the ink (255), for angles."""
    gray = cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(gray, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    ink = cv2.adaptiveThreshold(small, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 18)
    return np.asarray(ink, np.uint8)


def _sharpness(ink: NDArray[Any]) -> float:
    """How clearly rows of ink and rows of paper alternate."""
    rows = ink.sum(axis=1, dtype=np.float64)
    return float(np.square(np.diff(rows)).sum())


def _letters(ink: Pixels) -> Pixels:
    """The ink without long rulings and solid areas, whose direction says nothing about the text's."""
    lines = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, 45), np.uint8))
    lines = cv2.bitwise_or(lines, cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((45, 1), np.uint8)))
    return np.asarray(cv2.subtract(ink, cv2.dilate(lines, np.ones((3, 3), np.uint8))), np.uint8)


def sideways(ink: Pixels) -> bool:
    """Whether the text runs from top to bottom. Judged at several angles: a skewed page has no clear rows."""
    letters = _letters(ink)
    small = cv2.resize(letters, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    best = {False: 0.0, True: 0.0}
    for turned in best:
        view = np.ascontiguousarray(small.T) if turned else small
        for angle in (-4, -2, 0, 2, 4):
            best[turned] = max(best[turned], _sharpness(_rotated(view, angle)) / view.shape[1])
    return best[True] > 1.3 * best[False]


def _rotated(ink: Pixels, angle: float) -> Pixels:
    height, width = ink.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    return np.asarray(cv2.warpAffine(ink, matrix, (width, height), flags=cv2.INTER_LINEAR), np.uint8)


def skew(ink: Pixels, most: float = 7.0) -> float:
    """Degrees to turn the page counter-clockwise by, so that its lines run level."""
    best, centre, step = 0.0, 0.0, most / 2
    view = cv2.resize(ink, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    score = {a: _sharpness(_rotated(view, a)) for a in np.arange(-most, most + 0.1, 0.5)}
    centre = float(max(score, key=lambda a: score[a]))
    step = 0.5
    while step > 0.04:
        view = ink if step < 0.3 else view
        step /= 2
        score = {a: _sharpness(_rotated(view, a)) for a in (centre - step, centre, centre + step)}
        centre = float(max(score, key=lambda a: score[a]))
        best = centre
    return best


# ---- the paper on its background -----------------------------------------------------------------------------------


def find_paper(colour: Pixels) -> NDArray[np.float32] | None:
    """Corners in pixels, clockwise from top left, of a sheet lying on something else; None where none is seen."""
    height, width = colour.shape[:2]
    factor = 640 / max(height, width)
    small = cv2.resize(colour, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    small = cv2.bilateralFilter(small, 7, 40, 7)
    best: tuple[float, NDArray[np.float32]] | None = None
    for mask in _masks(small):
        for quad in _quads(mask):
            score = _paper_score(small, quad)
            if score is not None and (best is None or score > best[0]):
                best = score, quad
    if best is None:
        return None
    corners = _refined(cv2.cvtColor(small, cv2.COLOR_BGR2LAB), best[1])
    return np.asarray(corners / factor, np.float32)


def _masks(small: Pixels) -> list[Pixels]:
    """Candidates for "this is paper": brighter than the rest, less coloured than the rest, or framed by edges."""
    lab = cv2.cvtColor(small, cv2.COLOR_BGR2LAB)
    light = cv2.GaussianBlur(lab[:, :, 0], (0, 0), 2)
    masks = []
    level, bright = cv2.threshold(light, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    masks.append(bright)
    masks += [cv2.threshold(light, level + shift, 255, cv2.THRESH_BINARY)[1] for shift in (-30, -15, 15)]
    colours = lab[:, :, 1:].astype(np.int16) - 128
    tint = cv2.GaussianBlur(np.abs(colours).sum(axis=2).clip(0, 255).astype(np.uint8), (0, 0), 2)
    masks.append(cv2.threshold(tint, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)[1])
    for low in (15, 35):
        edges = cv2.dilate(cv2.Canny(light, low, 3 * low), np.ones((3, 3), np.uint8))
        masks.append(_enclosed(edges))
    close = np.ones((9, 9), np.uint8)
    return [np.asarray(cv2.morphologyEx(m, cv2.MORPH_CLOSE, close), np.uint8) for m in masks]


def _enclosed(edges: Pixels) -> Pixels:
    """What cannot be reached from the border without crossing an edge."""
    padded = cv2.copyMakeBorder(edges, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(padded, None, (0, 0), 128)
    return np.asarray(np.where(padded[1:-1, 1:-1] == 128, 0, 255), np.uint8)


def _quads(mask: Pixels) -> list[NDArray[np.float32]]:
    height, width = mask.shape
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    quads = []
    for contour in sorted(contours, key=cv2.contourArea, reverse=True)[:2]:
        if cv2.contourArea(contour) < 0.2 * height * width:
            continue
        hull = cv2.convexHull(contour)
        for part in (0.01, 0.02, 0.03, 0.05):
            shape = cv2.approxPolyDP(hull, part * cv2.arcLength(hull, True), True)
            if len(shape) == 4:
                quads.append(_clockwise(shape.reshape(4, 2).astype(np.float32)))
                break
    return quads


def _clockwise(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    """Top left first. A sheet that lies askew keeps the corner nearest to the picture's top left first."""
    centre = corners.mean(axis=0)
    order = np.argsort(np.arctan2(corners[:, 1] - centre[1], corners[:, 0] - centre[0]))
    ring = corners[order]
    return np.roll(ring, -int(np.argmin(ring.sum(axis=1))), axis=0)


def _paper_score(small: Pixels, quad: NDArray[np.float32]) -> float | None:
    """None unless it may be a sheet: right-angled enough, set off from what lies around it on three sides at least."""
    height, width = small.shape[:2]
    sides = np.roll(quad, -1, axis=0) - quad
    lengths = np.linalg.norm(sides, axis=1)
    if lengths.min() < 0.3 * min(height, width):
        return None
    unit = sides / lengths[:, None]
    cosines = np.abs((unit * np.roll(unit, -1, axis=0)).sum(axis=1))
    if cosines.max() > 0.35:
        return None
    light = cv2.cvtColor(small, cv2.COLOR_BGR2LAB).astype(np.float32)
    seen = 0.0
    for i in range(4):
        outward = np.array([unit[i, 1], -unit[i, 0]])
        along = quad[i] + np.linspace(0.05, 0.95, 60)[:, None] * sides[i]
        inside, outside = along - 5 * outward, along + 5 * outward
        valid = ((outside >= 0) & (outside < [width, height])).all(axis=1)
        valid &= ((inside >= 0) & (inside < [width, height])).all(axis=1)
        if valid.sum() < 20:
            continue
        a = light[inside[valid, 1].astype(int), inside[valid, 0].astype(int)]
        b = light[outside[valid, 1].astype(int), outside[valid, 0].astype(int)]
        contrast = np.abs(a - b).sum(axis=1) > 18
        steady = float(np.median(a[:, 0])) > 90  # paper, even in the shade
        seen += float(contrast.mean()) if steady and contrast.mean() > 0.6 else 0.0
    if seen < 2.2:
        return None
    long, short = (
        max(lengths[0] + lengths[2], lengths[1] + lengths[3]),
        min(lengths[0] + lengths[2], lengths[1] + lengths[3]),
    )
    large = float(cv2.contourArea(quad)) / (height * width)
    return float(seen + 0.5 * large - abs(long / short - 1.414))


def _refined(lab: Pixels, quad: NDArray[np.float32]) -> NDArray[np.float32]:
    """Corners where lines fitted through the strongest edge across each side meet."""
    height, width = lab.shape[:2]
    lines = []
    smooth = cv2.GaussianBlur(lab, (0, 0), 1).astype(np.float32)
    for i in range(4):
        a, b = quad[i], quad[(i + 1) % 4]
        unit = (b - a) / np.linalg.norm(b - a)
        outward = np.array([unit[1], -unit[0]])
        points = []
        for t in np.linspace(0.06, 0.94, 80):
            offsets = np.arange(-7, 8)
            ray = a + t * (b - a) + offsets[:, None] * outward
            if not ((ray >= 0) & (ray <= [width - 1, height - 1])).all():
                continue
            values = smooth[ray[:, 1].astype(int), ray[:, 0].astype(int)]
            steps = np.abs(np.diff(values, axis=0)).sum(axis=1)
            k = int(steps.argmax())
            if steps[k] > 8:
                points.append((ray[k] + ray[k + 1]) / 2)
        if len(points) < 15:
            lines.append((a, unit))
            continue
        vx, vy, x, y = cv2.fitLine(np.array(points, np.float32), cv2.DIST_HUBER, 0, 0.01, 0.01).ravel()
        lines.append((np.array([x, y]), np.array([vx, vy])))
    corners = []
    for i in range(4):
        (p, u), (q, v) = lines[i - 1], lines[i]
        system = np.array([[u[0], -v[0]], [u[1], -v[1]]])
        if abs(np.linalg.det(system)) < 0.05:
            return quad
        t = np.linalg.solve(system, q - p)[0]
        corners.append(p + t * u)
    refined = np.array(corners, np.float32)
    return refined if np.abs(refined - quad).max() < 0.06 * max(height, width) else quad


def _paper_size(corners: NDArray[np.float32], size: tuple[float, float]) -> tuple[float, float]:
    """A4 upright or lying where the sides say so (perspective allowed for), else in proportion to the sides."""
    lengths = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    across, down = (lengths[0] + lengths[2]) / 2, (lengths[1] + lengths[3]) / 2
    ratio = float(down / across)
    if 1.15 <= ratio <= 1.75:
        return A4
    if 1.15 <= 1 / ratio <= 1.75:
        return A4[1], A4[0]
    long = max(size)
    return (long / ratio, long) if ratio > 1 else (long, long * ratio)
