"""What a page of a text PDF costs: `python -m bench.text [PDF…]`. Medians of ratios taken side by side in one run.

words alone    pypdfium2's bare text and character boxes of every page
ours           pages of the page model: words, rulings, boxes, fields
pdfplumber     the same by pdfplumber alone: words, lines, rectangles, curves
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from parsers.records import Limits
from parsers.sources import pdf

FIXTURES = Path(__file__).parents[1] / "fixtures"
FILES = tuple(p for d in ("filled_forms", "orders", "documents") for p in sorted((FIXTURES / d).glob("*.pdf")))
MOST, LEAST = 2.5, 8.0  # issue 3


def words_alone(data: bytes) -> int:
    """Every character with its box, as pypdfium2 gives them."""
    import pypdfium2

    count = 0
    document = pypdfium2.PdfDocument(data)
    for page in document:
        text = page.get_textpage()
        text.get_text_range()
        count += sum(1 for i in range(text.count_chars()) if text.get_charbox(i, loose=True))
    document.close()
    return count


def plumbed(data: bytes) -> int:
    """The same as ours by pdfplumber."""
    import pdfplumber

    with pdfplumber.open(io.BytesIO(data)) as document:
        return sum(len(p.extract_words()) + len(p.edges) + len(p.curves) + len(p.annots) for p in document.pages)


def ours(data: bytes) -> int:
    """The page model."""
    return sum(len(p.words) for p in pdf.to_document(data, Limits(), ocr=False).pages)


def is_text(path: Path) -> bool:
    """Whether it is a text PDF that can be read whole: forms to fill in, scans and broken files have other costs."""
    document = pdf.to_document(path.read_bytes(), Limits(), ocr=False)
    return document.source_type == "text_pdf" and not document.findings and any(p.words for p in document.pages)


def seconds(work: Callable[[bytes], int], data: bytes) -> float:
    start = time.perf_counter()
    work(data)
    return time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.text", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=Path, default=FILES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--each", action="store_true", help="both ratios of each file too")
    options = parser.parse_args()
    slow, fast, page = [], [], []
    for path in filter(is_text, options.files):
        data = path.read_bytes()
        for work in (words_alone, ours, plumbed):
            work(data)  # what is loaded once is no page's cost
        rounds = [[seconds(w, data) for w in (words_alone, ours, plumbed)] for _ in range(options.rounds)]
        slow.append(statistics.median(own / bare for bare, own, _ in rounds))
        fast.append(statistics.median(theirs / own for _, own, theirs in rounds))
        page.append(statistics.median(own for _, own, _ in rounds))
        if options.each:
            print(f"{path.name:48} {slow[-1]:5.2f} {fast[-1]:5.2f}")
    print(f"{len(page)} text PDFs, {1000 * statistics.median(page):.1f} ms each")
    print(f"ours / words alone   median {statistics.median(slow):5.2f}  worst {max(slow):5.2f}  at most {MOST}")
    print(f"pdfplumber / ours    median {statistics.median(fast):5.2f}  worst {min(fast):5.2f}  at least {LEAST:.0f}")
    return int(statistics.median(slow) > MOST or statistics.median(fast) < LEAST)


if __name__ == "__main__":
    sys.exit(main())
