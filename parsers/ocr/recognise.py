"""One page picture becomes a `Page`: straightened, its marks found, its lines read, doubts put to the second engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from parsers.ocr import engines, geometry, hand, lines, marks, witness
from parsers.ocr.geometry import SCALE, Sheet
from parsers.ocr.lines import Read
from parsers.page import Page, Ruling, Stroke, Tick, Word
from parsers.records import Box, Finding, Limits

Pixels = NDArray[Any]

SETTLED = 0.97  # sureness of a word that every further cut and the second engine read alike
READ_THROUGH = 0.75  # above this confidence no word was struck out

NO_ENGINE = Finding(
    code="no_engine",
    text="Ce document est une image et aucun moteur de reconnaissance de texte n’est installé sur ce serveur : "
    "installez rapidocr et onnxruntime, ou saisissez les valeurs à la main.",
)
UNREADABLE = Finding(
    code="unreadable",
    text="L’image est trop floue, trop pâle ou trop petite pour être lue avec certitude : "
    "il faut la numériser de nouveau à 200 points par pouce au moins, ou refaire la photo à plat, en pleine lumière.",
)


def recognise(
    picture: Pixels, *, number: int, size: tuple[float, float] | None, limits: Limits, photo: bool | None = None
) -> Page:
    """The page in a picture: gray or BGR, `size` in points as sent (None: by its proportions, A4's long side).

    Words, rulings, ticks and strokes stand in the straightened sheet's points; `Page.as_sent` leads back. A bitmap
    rendered from a PDF does best at 200 dpi (300 for type below 7 points). Without an engine, or where nothing can be
    read, the page comes with the finding that says so.
    """
    page_size = size or geometry.page_size(picture.shape[1], picture.shape[0], None)
    engine = engines.rapid()
    sheet = geometry.straighten(picture, page_size, photo)
    if engine is None:
        return _page(sheet, number, findings=(NO_ENGINE,))
    found = marks.find(sheet.gray)
    quads = _quads(engine, found)
    if _upside_down(engine, found.clean, quads):
        sheet = sheet.turned(2)
        found = marks.find(sheet.gray)
        quads = _quads(engine, found)
    read = _read(engine, found, _missed(found, quads))
    if _illegible(read, found):
        return _page(sheet, number, found, read, findings=(UNREADABLE,))
    verdicts = witness.verdicts(engine, found.clean, read, limits.seconds_per_page)
    verdicts = hand.witnessed(found.clean, read, verdicts)
    return _page(sheet, number, found, read, verdicts)


def _quads(engine: engines.Rapid, found: marks.Marks) -> NDArray[np.float32]:
    """Where lines of text are; comb cells are read apart and hidden here."""
    view = found.clean.copy()
    for comb in found.combs:
        x0, y0, x1, y1 = comb.rect
        cv2.rectangle(view, (x0 - 4, y0 - 4), (x1 + 3, y1 + 3), 250, -1)
    return engine.detect(np.asarray(cv2.cvtColor(view, cv2.COLOR_GRAY2BGR), np.uint8))


def _upside_down(engine: engines.Rapid, clean: Pixels, quads: NDArray[np.float32]) -> bool:
    """Whether the widest lines read better turned by half a turn. Two sure lines settle it at once."""
    widest = sorted(quads, key=lambda q: float(q[0][0] - q[1][0]))[:10]
    upright = turned = 0.0
    for quad in widest:
        cut = lines.crop(clean, quad)
        if cut is None:
            continue
        upright += _sureness(engine, cut.picture)
        turned += _sureness(engine, np.ascontiguousarray(cut.picture[::-1, ::-1]))
        if abs(upright - turned) > 1.0:
            break
    return turned > upright


def _sureness(engine: engines.Rapid, picture: Pixels) -> float:
    glyphs = engine.read(picture[:, : 12 * engines.ROW]).glyphs
    return float(np.mean([g.confidence for g in glyphs])) if glyphs else 0.0


def _read(engine: engines.Rapid, found: marks.Marks, quads: NDArray[np.float32]) -> list[Read]:
    words: list[Read] = []
    for i, quad in enumerate(quads):
        cut = lines.crop(found.clean, quad)
        if cut is not None:
            words += lines.words(cut, engine.read(cut.picture), i)
    for i, comb in enumerate(found.combs):
        word = lines.comb_word(found.clean, comb, engine, len(quads) + i)
        if word is not None:
            words.append(word)
    return lines.merged(words, ())


def _missed(found: marks.Marks, quads: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lines that the detector did not see: ink of a letter's size outside all its boxes, gathered sideways."""
    left = found.ink.copy()
    for quad in quads:
        cv2.fillConvexPoly(left, np.round(quad).astype(np.int32), 0)
    for comb in found.combs:
        x0, y0, x1, y1 = comb.rect
        cv2.rectangle(left, (x0 - 5, y0 - 5), (x1 + 4, y1 + 4), 0, -1)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(left, connectivity=8)
    wide, tall = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    letter = (tall >= 3.5 * SCALE) & (tall <= 26 * SCALE) & (wide <= 60 * SCALE) & (stats[:, cv2.CC_STAT_AREA] >= 12)
    letter[0] = False
    if count < 2 or not letter.any():
        return quads
    letters = np.asarray(np.where(letter[labels], 255, 0), np.uint8)
    runs = cv2.morphologyEx(letters, cv2.MORPH_CLOSE, np.ones((3, round(6 * SCALE)), np.uint8))
    _, _, boxes, _ = cv2.connectedComponentsWithStats(runs, connectivity=8)
    more = []
    for x, y, w, h, _area in boxes[1:].tolist():
        if 4 * SCALE <= h <= 26 * SCALE and w >= 1.2 * SCALE:
            pad = 0.15 * h
            x0, y0, x1, y1 = x - pad, y - pad, x + w + pad, y + h + pad
            more.append([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    return np.concatenate([quads, np.array(more, np.float32).reshape(-1, 4, 2)])


def _illegible(read: Sequence[Read], found: marks.Marks) -> bool:
    """Whether hardly anything could be read though something is written."""
    letters = sum(len(w.text) for w in read)
    sure = sum(len(w.text) for w in read if w.confidence > 0.8)
    written = float((found.ink > 0).mean())
    return (letters >= 12 and sure < 0.45 * letters) or (letters < 12 and written > 0.004)


def _page(
    sheet: Sheet,
    number: int,
    found: marks.Marks | None = None,
    read: Sequence[Read] = (),
    verdicts: dict[int, witness.Verdict] | None = None,
    findings: tuple[Finding, ...] = (),
) -> Page:
    words = tuple(
        _word(w, (verdicts or {}).get(i), struck=found is not None and _struck(w, found)) for i, w in enumerate(read)
    )
    return Page(
        number=number,
        width=sheet.width,
        height=sheet.height,
        words=words,
        rulings=tuple(Ruling(box=_points(r)) for r in found.rulings) if found else (),
        ticks=_ticks(found, read) if found else (),
        strokes=_strokes(found, read) if found else (),
        photo=sheet.photo,
        warp=tuple(float(v) for v in (sheet.warp / sheet.warp[2, 2]).ravel()),
        findings=findings,
    )


def _points(box: Sequence[float]) -> Box:
    return box[0] / SCALE, box[1] / SCALE, box[2] / SCALE, box[3] / SCALE


def _struck(word: Read, found: marks.Marks) -> bool:
    """Struck-out letters never read well: sure words are not even looked at."""
    return word.confidence < READ_THROUGH and not word.comb and marks.struck(found.raw, word.box)


def _word(word: Read, verdict: witness.Verdict | None, *, struck: bool) -> Word:
    settled = witness.settled(verdict) if verdict else ""
    if settled and settled != word.text:
        return Word(
            text=settled,
            box=_points(word.box),
            origin="ocr",
            confidence=SETTLED,
            second=settled,
            size=round((word.box[3] - word.box[1]) / SCALE, 1),
            others=(word.text, *word.others),
        )
    return Word(
        text=word.text,
        box=_points(word.box),
        origin="ocr",
        confidence=round(verdict.confidence if verdict else word.confidence, 4),
        second=verdict.second if verdict else None,
        size=round((word.box[3] - word.box[1]) / SCALE, 1),
        struck=struck,
        again=None if verdict is None or verdict.again is None else round(verdict.again, 4),
        others=(*word.others[:1], verdict.other, *word.others[1:]) if verdict and verdict.other else word.others,
        looks=verdict.looks if verdict else (),
    )


def _ticks(found: marks.Marks, read: Sequence[Read]) -> tuple[Tick, ...]:
    """The tick boxes, save those that are letters: the hole of a large O lies within a word, not at its edge."""
    ticks = []
    for box in found.boxes:
        x0, y, x1 = box.rect[0], (box.rect[1] + box.rect[3]) / 2, box.rect[2]
        inside = any(
            sum(c.isalnum() for c in w.text) >= 3
            and w.box[0] + 4 < x0
            and x1 < w.box[2] - 4
            and w.box[1] < y < w.box[3]
            for w in read
        )
        if not inside:
            margin = min(abs(box.ink - marks.EMPTY), abs(box.ink - marks.TICKED))
            ticks.append(
                Tick(
                    box=_points(box.rect),
                    state=box.state,
                    confidence=0.5 if box.state is None else round(min(1.0, 0.9 + 5 * margin), 3),
                )
            )
    return tuple(ticks)


def _strokes(found: marks.Marks, read: Sequence[Read]) -> tuple[Stroke, ...]:
    """Ink too large for a letter that no sure word explains: signatures, stamps, scribbles."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(found.ink, connectivity=8)
    strokes = []
    for k in range(1, count):
        x, y, w, h, area = stats[k].tolist()
        if not ((w >= 14 * SCALE and h >= 5 * SCALE) or (h >= 18 * SCALE and w >= 5 * SCALE)):
            continue
        if area > 0.55 * w * h or w > 300 * SCALE or h > 300 * SCALE:
            continue
        covered = sum(
            max(0.0, min(x + w, r.box[2]) - max(x, r.box[0])) * max(0.0, min(y + h, r.box[3]) - max(y, r.box[1]))
            for r in read
            if r.confidence > 0.6 and any(c.isalnum() for c in r.text)
        )
        if covered > 0.5 * w * h:
            continue
        part = (labels[y : y + h, x : x + w] == k).astype(np.uint8)
        outline = sum(cv2.arcLength(c, True) for c in cv2.findContours(part, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0])
        strokes.append(Stroke(box=_points((x, y, x + w, y + h)), length=round(outline / 2 / SCALE, 1)))
    return tuple(strokes)
