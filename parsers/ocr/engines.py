"""The two OCR engines behind one module: rapidocr (neural, reads handwriting) and tesseract (the second witness).

Each has a probe and a thin run. rapidocr's models lie in its wheel; we name their files to it, so that it never
looks for a download. Its recogniser's raw output is decoded here, over the letters that French papers use, since we
need what the library does not hand out: each character's own confidence, its place, the readings that came second.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Gray = NDArray[Any]

ROW = 48  # height in pixels of the line pictures that the recogniser was trained on
TRAINED = 320  # their width in training: shorter pictures were padded to it
DETECT = 1408  # longest side, in pixels, of the picture in which lines are looked for
ALPHABET = frozenset(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    "ÀÂÄÇÈÉÊËÎÏÔÖÙÛÜŸŒÆàâäçèéêëîïôöùûüÿœæ"
    " !\"#%&'()*+,-./:;<=>?@[]_|’«»€°²§–—…×•☐☑☒✓✗"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Glyph:
    """One character read in a line picture."""

    char: str
    confidence: float
    column: float  # centre, as a share of the line picture's width


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One line picture as the first engine reads it."""

    glyphs: tuple[Glyph, ...]
    steps: Any = None  # probabilities, one row a step of the picture, one column a letter of `letters`
    letters: tuple[str, ...] = ()  # "" stands for nothing
    stretch: float = 1.0  # width of the padded picture that the steps cover, over the line picture's

    @property
    def text(self) -> str:
        """The characters, spaces included."""
        return "".join(g.char for g in self.glyphs)


@dataclass(frozen=True, kw_only=True, slots=True)
class SecondWord:
    """A word as tesseract read it."""

    text: str
    box: tuple[int, int, int, int]  # pixels
    confidence: float  # in [0, 1]


class Rapid:
    """rapidocr's detector and recogniser, one thread a call: the pages of a file share the cores."""

    def __init__(self, threads: int = 1) -> None:
        import logging

        import numpy as np
        from rapidocr import RapidOCR

        logging.getLogger("RapidOCR").setLevel(logging.ERROR)
        files = models()
        if files is None:
            raise FileNotFoundError("rapidocr is installed without its models")
        self._engine = RapidOCR(
            params={
                "Global.log_level": "error",
                "Global.use_cls": False,
                "Global.max_side_len": DETECT,
                "Det.model_path": str(files[0]),
                "Rec.model_path": str(files[1]),
                "EngineConfig.onnxruntime.intra_op_num_threads": threads,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                # With the arena the recogniser is a quarter faster.
                "EngineConfig.onnxruntime.enable_cpu_mem_arena": True,
            }
        )
        blank = np.full((ROW, ROW, 3), 255, np.uint8)
        self._engine(blank, use_det=False, use_cls=False, use_rec=True)  # loads the recogniser
        # The detector, loaded at its first use, gains little by the arena and would keep half a gigabyte in it.
        self._engine.cfg.EngineConfig.onnxruntime.enable_cpu_mem_arena = False
        recogniser: Any = self._engine.text_rec
        characters = recogniser.postprocess_op.character
        self._session = recogniser.session
        self._columns = np.array([0] + [i for i, c in enumerate(characters) if i and c in ALPHABET])
        self._letters = ("", *(characters[i] for i in self._columns[1:]))

    def detect(self, picture: NDArray[Any]) -> NDArray[np.float32]:
        """Quadrilaterals (n, 4, 2) in pixels, clockwise from top left, around lines of an upright BGR picture."""
        import numpy as np

        found = self._engine(picture, use_det=True, use_cls=False, use_rec=False)
        boxes = getattr(found, "boxes", None)
        return np.zeros((0, 4, 2), np.float32) if boxes is None else np.asarray(boxes, np.float32)

    def read(self, line: Gray, *, least: int = 0) -> Reading:
        """What one line picture (gray, `ROW` pixels high) says; a short one reads better padded to `TRAINED` pixels."""
        import numpy as np

        width = line.shape[1]
        padded = -(-max(width, ROW, least) // 16) * 16
        plane = np.zeros((ROW, padded), np.float32)
        plane[:, :width] = line.astype(np.float32) / 127.5 - 1.0
        out = self._session(np.broadcast_to(plane, (1, 3, ROW, padded)).copy())[0]
        return decode(out[:, self._columns], self._letters, padded / width)


def decode(steps: NDArray[np.float32], letters: tuple[str, ...], stretch: float = 1.0) -> Reading:
    """CTC, greedy: the best letter of each step, repeats and blanks taken out.

    `steps`: one row a step, one column a letter, column 0 for "nothing". `stretch`: padded width over the real one.
    """
    best = steps.argmax(axis=1)
    glyphs: list[Glyph] = []
    start = 0
    count = len(best)
    while start < count:
        end = start + 1
        while end < count and best[end] == best[start]:
            end += 1
        if best[start]:
            run = steps[start:end, best[start]]
            peak = start + int(run.argmax())
            glyphs.append(
                Glyph(
                    char=letters[best[start]],
                    confidence=float(run.max()),
                    column=min((peak + 0.5) / count * stretch, 1.0),
                )
            )
        start = end
    return Reading(glyphs=tuple(glyphs), steps=steps, letters=letters, stretch=stretch)


def likely(reading: Reading, left: float, right: float, *, most: int = 6) -> tuple[tuple[str, float], ...]:
    """The readings of the part of a line between two shares of its width, each with its probability, likeliest first
    (prefix beam search).
    """
    import numpy as np

    steps = reading.steps
    count = len(steps)
    first = max(int(np.floor(left / reading.stretch * count)), 0)
    last = min(int(np.ceil(right / reading.stretch * count)), count)
    beams: dict[str, tuple[float, float]] = {"": (1.0, 0.0)}  # text -> probability ending in blank, in its last letter
    for row in steps[first:last]:
        probable = np.flatnonzero(row > 0.01)
        if len(probable) == 0:
            probable = np.array([int(row.argmax())])
        grown: dict[str, list[float]] = {}
        for text, (blank, letter) in beams.items():
            for i in probable:
                p = float(row[i])
                char = reading.letters[i]
                if not char:
                    entry = grown.setdefault(text, [0.0, 0.0])
                    entry[0] += p * (blank + letter)
                    continue
                if text.endswith(char):
                    grown.setdefault(text, [0.0, 0.0])[1] += p * letter
                    grown.setdefault(text + char, [0.0, 0.0])[1] += p * blank
                else:
                    grown.setdefault(text + char, [0.0, 0.0])[1] += p * (blank + letter)
        kept = sorted(grown.items(), key=lambda kv: -sum(kv[1]))[: 2 * most]
        beams = {text: (b, e) for text, (b, e) in kept}
    out: dict[str, float] = {}
    for text, ends in sorted(beams.items(), key=lambda kv: -sum(kv[1]))[:most]:
        if text.strip() and sum(ends) > 1e-4:
            out[text.strip()] = out.get(text.strip(), 0.0) + sum(ends)
    return tuple(out.items())


def models() -> tuple[Path, Path] | None:
    """The detector's and the recogniser's files in rapidocr's wheel, None where they are not."""
    from importlib.util import find_spec

    spec = find_spec("rapidocr")
    if spec is None or spec.origin is None or find_spec("onnxruntime") is None:
        return None
    folder = Path(spec.origin).parent / "models"
    found = [sorted(folder.glob(f"*_{part}_*.onnx")) for part in ("det", "rec")]
    return (found[0][-1], found[1][-1]) if all(found) else None


_loading = threading.Lock()


@functools.cache
def _load() -> Rapid:
    return Rapid()


def rapid() -> Rapid | None:
    """The first engine, loaded once a process; None where rapidocr, onnxruntime or the models are missing."""
    with _loading:
        return None if models() is None else _load()


def rapid_version() -> str | None:
    """rapidocr's version, None where it cannot run. Loads nothing heavy: for `check`."""
    from importlib.metadata import version

    return None if models() is None else version("rapidocr")


@functools.cache
def tesseract_version() -> str | None:
    """tesseract's version, None where it or its French model is not installed."""
    if shutil.which("tesseract") is None:
        return None
    try:
        version = _tesseract(["--version"], b"", 10.0).decode(errors="replace").split("\n")[0]
        languages = _tesseract(["--list-langs"], b"", 10.0).decode(errors="replace").split()
    except (OSError, subprocess.SubprocessError):
        return None
    return version.removeprefix("tesseract").strip() if "fra" in languages else None


def tesseract(picture: Gray, *, dpi: int, seconds: float, psm: int = 3) -> tuple[SecondWord, ...]:
    """tesseract's words in a gray picture; none where it is not installed, fails, or takes longer than `seconds`."""
    if tesseract_version() is None:
        return ()
    height, width = picture.shape
    head = f"P5\n{width} {height}\n255\n".encode()
    options = ["stdin", "stdout", "-l", "fra", "--psm", str(psm), "--dpi", str(dpi), "tsv"]
    try:
        table = _tesseract(options, head + picture.tobytes(), seconds).decode(errors="replace")
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(_words(table.splitlines()[1:]))


def _words(rows: Sequence[str]) -> list[SecondWord]:
    words = []
    for row in rows:
        cells = row.split("\t")
        if len(cells) != 12 or cells[0] != "5" or not cells[11].strip():
            continue
        x, y, w, h = (int(c) for c in cells[6:10])
        words.append(
            SecondWord(text=cells[11].strip(), box=(x, y, x + w, y + h), confidence=max(float(cells[10]), 0.0) / 100)
        )
    return words


def _tesseract(options: list[str], data: bytes, seconds: float) -> bytes:
    """Its output. One thread: it gains nothing from more on a page, and the pages share the cores."""
    path = shutil.which("tesseract") or "tesseract"
    done = subprocess.run(
        [path, *options],
        input=data,
        capture_output=True,
        timeout=seconds,
        check=True,
        env={"OMP_THREAD_LIMIT": "1", "LC_ALL": "C.UTF-8"},
    )
    return done.stdout
