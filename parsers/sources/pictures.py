"""Pictures within office files: how large they stand and how much ink they hold."""

from __future__ import annotations

import io

from parsers.records import Limits
from parsers.sources.flow import Image

LARGEST = 500.0  # points a picture takes at most on the grid
SCAN = 400_000  # pixels from which a picture may be a page scanned or photographed


def picture(data: bytes, size: tuple[float, float] | None, limits: Limits) -> Image | None:
    """A picture with its share of dark pixels; its own size at 96 dpi where the file names none."""
    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    kept, ink, pixels = b"", 0.0, (0, 0)
    try:
        with Pillow.open(io.BytesIO(data)) as opened:
            pixels = opened.size
            if pixels[0] * pixels[1] <= limits.pixels:
                if pixels[0] * pixels[1] >= SCAN:
                    kept = data
                opened.draft("L", (256, 256))
                flat = Pillow.new("RGBA", opened.size, "white")
                flat.alpha_composite(opened.convert("RGBA"))
                flat.thumbnail((256, 256))
                grey = flat.convert("L").tobytes()
                ink = sum(1 for g in grey if g < 128) / max(1, len(grey))
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        Pillow.DecompressionBombError,
        Pillow.DecompressionBombWarning,
    ):
        pass  # metafiles and damaged pictures: their place still counts
    width, height = size or (pixels[0] * 0.75, pixels[1] * 0.75)
    if width <= 1 or height <= 1:
        return None
    shrink = min(1.0, LARGEST / width, LARGEST / height)
    return Image(width=width * shrink, height=height * shrink, ink=round(ink, 4), data=kept)


def _bombs() -> tuple[type[Exception], ...]:
    from PIL import Image as Pillow

    return (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning)
