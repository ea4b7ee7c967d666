"""Picture files (JPEG, PNG, TIFF of several pages, WebP, BMP, GIF; HEIC where pillow-heif is installed) become pages.

Nothing is decoded before its size is known to lie within the limits. Pages are read two at a time: recognition keeps
one core busy a page.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from parsers.page import Document, Page
from parsers.records import Finding, Limits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[Any]

AT_ONCE = 2  # pages; more would neither gain time on two cores nor keep within the memory limit
CAMERA = (271, 272)  # EXIF tags: maker and model

EMPTY = Finding(code="empty", text="Le fichier image est vide : il faut le renvoyer.")
DAMAGED = Finding(
    code="unreadable", text="L’image ne peut pas être ouverte : il faut l’enregistrer de nouveau en JPEG ou en PDF."
)
TRUNCATED = Finding(
    code="truncated",
    text="L’image est incomplète, son envoi a sans doute été interrompu : il faut la renvoyer en entier.",
)


def recognise(
    picture: Pixels, *, number: int, size: tuple[float, float] | None, limits: Limits, photo: bool | None = None
) -> Page:
    """The page in one picture (gray or BGR), see `parsers.ocr.recognise`. Render PDF pages at 200 dpi for it."""
    from parsers.ocr.recognise import recognise as read

    return read(picture, number=number, size=size, limits=limits, photo=photo)


def recognise_all(
    pictures: Iterable[tuple[int, Pixels, tuple[float, float] | None]], limits: Limits, photo: bool | None = None
) -> list[Page]:
    """The pages in pictures given as (number, picture, size in points), read over both cores, in the order given.

    The iterable is drawn from in the caller's thread and only as workers fall free: a generator may render each
    picture when it is asked for, with a library that knows no threads, and few are in memory at a time.
    """
    return list(
        _shared_out(
            pictures, lambda n, picture, size: recognise(picture, number=n, size=size, limits=limits, photo=photo)
        )
    )


def _shared_out(
    pictures: Iterable[tuple[int, Pixels, tuple[float, float] | None]],
    work: Callable[[int, Pixels, tuple[float, float] | None], Page],
) -> Iterator[Page]:
    done: dict[int, Page] = {}
    running: dict[Future[Page], int] = {}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="page") as pool:
        for place, job in enumerate(pictures):
            if len(running) >= AT_ONCE:
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    done[running.pop(future)] = future.result()
            running[pool.submit(work, *job)] = place
        for future, place in running.items():
            done[place] = future.result()
    for place in sorted(done):
        yield done[place]


def to_document(data: bytes, limits: Limits) -> Document:
    """The pages of a picture file. `source_type` is `photo` where a camera took it or a sheet lies on a background."""
    if not data:
        return Document(pages=(), source_type="unreadable", findings=(EMPTY,))
    frames = Frames(data, limits)
    pages = recognise_all(frames, limits, None)
    if not pages:
        return Document(pages=(), source_type="unreadable", findings=tuple(frames.findings))
    # The same remedy is said once, however many pages call for it.
    findings = dict.fromkeys([*frames.findings, *(f for page in pages for f in page.findings)])
    photo = frames.camera or any(page.photo for page in pages)
    return Document(pages=tuple(pages), source_type="photo" if photo else "scan", findings=tuple(findings))


class Frames:
    """The pictures in a file, upright by its EXIF, decoded one by one; what goes wrong is gathered in `findings`."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self.findings: list[Finding] = []
        self.camera = False
        self._data = data
        self._limits = limits

    def __iter__(self) -> Iterator[tuple[int, Pixels, tuple[float, float] | None]]:
        from PIL import Image, UnidentifiedImageError

        if find_spec("pillow_heif") is not None:
            pillow_heif = import_module("pillow_heif")

            pillow_heif.register_heif_opener()
        try:
            with warnings.catch_warnings():
                # Pillow warns of large pictures; ours are measured below, before they are decoded.
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                opened = Image.open(io.BytesIO(self._data))
            with opened as image:
                self.camera = any(image.getexif().get(tag) for tag in CAMERA)
                count = getattr(image, "n_frames", 1)
                if count > self._limits.pages:
                    self.findings.append(_too_many(count, self._limits.pages))
                for number in range(1, min(count, self._limits.pages) + 1):
                    image.seek(number - 1)
                    width, height = image.size
                    if width * height > self._limits.pixels:
                        self.findings.append(_too_large())
                        continue
                    yield self._frame(image, number)
        except Image.DecompressionBombError:
            self.findings.append(_too_large())
        except UnidentifiedImageError:
            self.findings.append(_unopened(self._data))
        except (OSError, SyntaxError, ValueError, EOFError):
            # Pillow's way to say that a file breaks off or holds nonsense.
            self.findings.append(TRUNCATED)

    def _frame(self, image: Any, number: int) -> tuple[int, Pixels, tuple[float, float] | None]:
        import numpy as np
        from PIL import ImageOps

        from parsers.ocr.geometry import page_size

        dpi = image.info.get("dpi")
        resolution = (float(dpi[0]), float(dpi[1])) if dpi else None
        upright = ImageOps.exif_transpose(image)
        if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
            from PIL import Image

            paper = Image.new("RGBA", upright.size, "white")
            paper.alpha_composite(upright.convert("RGBA"))
            upright = paper
        if upright.mode in ("1", "L", "I;16"):
            pixels = np.asarray(upright.convert("L"), np.uint8)
        else:
            pixels = np.ascontiguousarray(np.asarray(upright.convert("RGB"), np.uint8)[:, :, ::-1])
        return number, pixels, page_size(upright.width, upright.height, resolution)


def _unopened(data: bytes) -> Finding:
    return TRUNCATED if len(data) < 64 else DAMAGED


def _too_large() -> Finding:
    return Finding(
        code="too_big",
        text="L’image compte trop de points pour être traitée : il faut la renvoyer à 300 points par pouce au plus.",
    )


def _too_many(count: int, most: int) -> Finding:
    return Finding(
        code="too_many_pages",
        text=f"Le fichier compte {count} pages, seules les {most} premières ont été lues : "
        "il faut envoyer chaque document à part.",
    )
