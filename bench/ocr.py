"""What a scanned page costs: `python -m bench.ocr [PICTURE…]`. Ratios of one run, on an otherwise idle machine.

engine alone   rapidocr as it comes, one thread, on the same straightened picture
whole page     straightening, marks, both engines, second looks
two pages      over two cores, against one page's time
memory         the process's peak, and tesseract's
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from parsers.ocr import engines, geometry
from parsers.records import Limits
from parsers.sources import image

PAGE = Path(__file__).parents[1] / "fixtures" / "scans" / "order.png"
MOST = {"whole page / engine alone": 1.25, "two pages / one page": 1.2}  # issue 3


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, seconds of processor time with child processes'."""
    clock, cpu = time.perf_counter(), _cpu()
    work()
    return time.perf_counter() - clock, _cpu() - cpu


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def engine_alone() -> Callable[[object], object]:
    """rapidocr with its own settings but for the threads, which a page of ours has one of too."""
    from rapidocr import RapidOCR

    det, rec = engines.models() or (None, None)
    params = {
        "Global.log_level": "error",
        "Global.use_cls": False,
        "Det.model_path": str(det),
        "Rec.model_path": str(rec),
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
    return RapidOCR(params=params)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="*", type=Path, default=[PAGE])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    pictures = [cv2.imread(str(path)) for path in options.pictures]
    alone = engine_alone()
    limits = Limits()

    def page(picture: object, number: int = 1) -> object:
        return image.recognise(picture, number=number, size=None, limits=limits)  # type: ignore[arg-type]

    def pair(picture: object) -> object:
        return image.recognise_all([(1, picture, None), (2, picture, None)], limits)  # type: ignore[list-item]

    image.recognise(pictures[0], number=1, size=None, limits=limits)  # loads the models
    rows: dict[str, list[float]] = {}
    for _ in range(options.rounds):
        for picture in pictures:
            size = geometry.page_size(picture.shape[1], picture.shape[0], None)
            sheet = geometry.straighten(picture, size).picture
            engine = timed(lambda sheet=sheet: alone(sheet))
            whole = timed(lambda picture=picture: page(picture))
            two = timed(lambda picture=picture: pair(picture))
            for name, value in (
                ("engine alone, s", engine[0]),
                ("whole page, s", whole[0]),
                ("two pages, s", two[0]),
                ("whole page / engine alone", whole[0] / engine[0]),
                ("the same in processor time", whole[1] / engine[1]),
                ("two pages / one page", two[0] / whole[0]),
            ):
                rows.setdefault(name, []).append(value)
    for name, values in rows.items():
        bound = f"  at most {MOST[name]}" if name in MOST else ""
        print(f"{name:30} {statistics.median(values):6.2f}{bound}")
    for name, who in (("memory, MB", resource.RUSAGE_SELF), ("tesseract's memory, MB", resource.RUSAGE_CHILDREN)):
        print(f"{name:30} {resource.getrusage(who).ru_maxrss / 1024:6.0f}")
    print(f"rapidocr {engines.rapid_version()}, tesseract {engines.tesseract_version()}")
    return int(any(statistics.median(rows[name]) > most for name, most in MOST.items()))


if __name__ == "__main__":
    sys.exit(main())
