"""What the appearances of a form's text fields show: a viewer shows them, and they may tell another value than /V."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from parsers import values

Rect = tuple[float, float, float, float]
_MOST = 50_000  # characters of a page
_CLIPPED = 8  # letters shown of a longer value from which the field was just too short for it


def shown(data: bytes, rects: Mapping[int, Sequence[Rect]]) -> dict[int, list[str]]:
    """For each page, the text that appearances draw inside each rectangle (user space), in order; "" for none.

    pdfium puts the appearances into the page's content: what then stands there and did not before is theirs. A page
    that it cannot merge gives "" throughout.
    """
    import pypdfium2
    import pypdfium2.raw as raw

    found: dict[int, list[str]] = {}
    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError:
        return found
    try:
        for number, wanted in rects.items():
            try:
                before = Counter(_characters(raw, pdf[number - 1]))
                page = pdf[number - 1]
                if raw.FPDFPage_Flatten(page.raw, raw.FLAT_NORMALDISPLAY) != raw.FLATTEN_SUCCESS:
                    continue
                page.close()
                after = _characters(raw, pdf[number - 1])
            except pypdfium2.PdfiumError:
                continue
            drawn = []
            for character in after:
                if before[character] > 0:
                    before[character] -= 1
                else:
                    drawn.append(character)
            found[number] = ["".join(c for c, x, y in drawn if _within(x, y, r)) for r in wanted]
    finally:
        pdf.close()
    return found


def _characters(raw: Any, page: Any) -> list[tuple[str, float, float]]:
    """Each visible character with the middle of its box, in tenths of a point."""
    text = page.get_textpage()
    found = []
    for i in range(min(text.count_chars(), _MOST)):
        if raw.FPDFText_IsGenerated(text.raw, i) == 1:
            continue
        code = raw.FPDFText_GetUnicode(text.raw, i)
        if code > 32 and not 0xD800 <= code < 0xE000 and code <= 0x10FFFF:
            left, bottom, right, top = text.get_charbox(i)
            found.append((chr(code), round((left + right) / 2, 1), round((bottom + top) / 2, 1)))
    return found


def _within(x: float, y: float, rect: Rect) -> bool:
    return rect[0] - 1 <= x <= rect[2] + 1 and rect[1] - 1 <= y <= rect[3] + 1


def agree(value: str, drawn: str) -> bool:
    """Whether a viewer shows the stored value: spaces, accents and the way of writing an amount or a date aside."""
    a, b = _plain(value), _plain(drawn)
    if a == b or not b or (len(b) >= _CLIPPED and a.startswith(b)):
        return True
    if _unspelt(value, drawn):
        return True
    for parse in (values.parse_amount, values.parse_date):
        one = parse(value)
        if one is not None and one == parse(drawn):
            return True
    return False


def _unspelt(value: str, drawn: str) -> bool:
    """Whether they differ only by letters that the program that drew had no sign for: `Gr?s` for `Grès`."""
    a, b = ("".join(unicodedata.normalize("NFC", x).split()) for x in (value, drawn))
    return len(a) == len(b) and all(x == y or (y in "?\ufffd" and not x.isascii()) for x, y in zip(a, b, strict=True))


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in text if c.isascii() and c.isalnum())
