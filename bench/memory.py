"""What a reader process takes: `python -m bench.memory`. Its peak in MB, in a fresh process, without and with OCR."""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from pathlib import Path

FIXTURES = Path(__file__).parents[1] / "fixtures"
PICTURE = FIXTURES / "scans" / "order.png"
MOST = {"without OCR": 400, "with OCR": 1200}  # MB, issue 3


def child(ocr: bool) -> int:
    """Reads every document of the fixtures and prints the peak; run in a process of its own."""
    from parsers.read import read
    from parsers.records import Context

    folders = ("filled_forms", "orders", "documents", "office", "mails")
    files = [p for d in folders for p in sorted((FIXTURES / d).glob("*")) if p.is_file() and p.suffix != ".json"]
    for path in [PICTURE] if ocr else files:
        read(path.read_bytes(), path.name, Context(ocr=ocr))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    parser.add_argument("--child", choices=MOST, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return child(options.child == "with OCR")
    over = 0
    for name, most in MOST.items():
        run = subprocess.run(
            [sys.executable, "-m", "bench.memory", "--child", name], check=True, capture_output=True, text=True
        )
        peak = int(run.stdout)
        over += peak > most
        print(f"reader {name:12} {peak:5d} MB  at most {most}")
    return int(over > 0)


if __name__ == "__main__":
    sys.exit(main())
