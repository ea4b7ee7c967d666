"""Dirt on the copier's glass: thin uprights from a sheet's top to its foot, which are no form's rulings."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]

_LEAST = 0.05  # share of the sheet's height in one piece from which an upright may be a streak's
_WHOLE = 0.75  # share of the height that a streak covers
_MARGIN = 0.03  # share of the height at its top and at its foot where a page's frame has not begun
_MARGINS = 0.5  # share of these two that a streak covers
_BREADTH = 3  # pixels rubbed out


def find(ink: Pixels, down: Pixels) -> Pixels:
    """255 along the streaks of a sheet; `down` holds its uprights, `ink` all that is drawn, faint pieces included."""
    height, width = ink.shape
    found = np.zeros_like(ink)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(down, connectivity=8)
    rows = np.arange(height)
    near: Pixels | None = None
    for i in range(1, count):
        x, y, w, h, _area = stats[i].tolist()
        if h < _LEAST * height:
            continue
        ys, xs = np.nonzero(labels[y : y + h, x : x + w] == i)
        slope, start = np.polyfit(ys + y, xs + x, 1)
        line = np.rint(slope * rows + start).astype(int)
        if line.min() < 0 or line.max() >= width:
            continue
        near = cv2.dilate(ink, np.ones((1, 5), np.uint8)) if near is None else near
        along = near[rows, line] > 0
        margins = np.concatenate([along[: round(_MARGIN * height)], along[-round(_MARGIN * height) :]])
        if along.mean() >= _WHOLE and margins.mean() >= _MARGINS:
            cv2.line(found, (int(line[0]), 0), (int(line[-1]), height - 1), 255, _BREADTH)
    return found
