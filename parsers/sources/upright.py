"""From PDF user space, turned as the file says, to the upright page that a person reads."""

from __future__ import annotations

from dataclasses import dataclass

from parsers.records import Box


@dataclass(frozen=True, slots=True)
class Upright:
    """From PDF user space to the upright page: its corner box and how far it is turned clockwise (0, 90, 180, 270)."""

    box: tuple[float, float, float, float]  # left, bottom, right, top in user space
    turn: int

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the upright page."""
        w, h = self.box[2] - self.box[0], self.box[3] - self.box[1]
        return (h, w) if self.turn in (90, 270) else (w, h)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """A point of user space on the upright page, y down."""
        left, bottom, right, top = self.box
        if self.turn == 0:
            return x - left, top - y
        if self.turn == 90:
            return y - bottom, x - left
        if self.turn == 180:
            return right - x, y - bottom
        return top - y, right - x

    def rect(self, x0: float, y0: float, x1: float, y1: float) -> Box:
        """A rectangle of user space, its corners in any order."""
        ax, ay = self.point(x0, y0)
        bx, by = self.point(x1, y1)
        return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)
