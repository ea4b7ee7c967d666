"""`make accuracy`: documents generated from seeds are read, and how well is printed for both parts.

`open` is the part used while building. `aside` has names, wordings and layouts that nobody looks at to mend the code,
so only its figures are shown, never its documents. `--worst N` lists the open part's faults.
"""

import argparse
import csv
import json
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from bench.scoring import Score
from fixtures.generator.corpus import write
from parsers.read import read
from parsers.records import Body, Context


def census(path: Path) -> tuple[Body, ...]:
    with path.open(encoding="utf-8") as rows:
        return tuple(
            Body(
                name=r["name"], siret=r["siret"] or None, uai=r["uai"] or None,
                addresses=tuple(a.lower() for a in [*r["emails"].split(";"), r["functional_email"]] if a),
            )
            for r in csv.DictReader(rows)
        )  # fmt: skip


def one(path: Path, context: Context) -> dict[str, Any]:
    return read(path.read_bytes(), path.name, context).to_json()


def readings(folder: Path, jobs: int, ocr: bool) -> dict[str, dict[str, Any]]:
    """Every mail of the folder, read as the daemon reads it; one that crashes is missing."""
    context = Context(
        census=census(folder / "members.csv"), anchors=((folder / "trust" / "root.pem").read_bytes(),), ocr=ocr
    )
    found = {}
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        pending = {p.name: pool.submit(one, p, context) for p in sorted((folder / "mails").iterdir())}
        for name, future in pending.items():
            if future.exception() is not None:
                print(f"CRASH {name}: {future.exception()!r}")
            else:
                found[name] = future.result()
    return found


def measure(folder: Path, jobs: int, ocr: bool = True) -> Score:
    score = Score()
    read_ones = readings(folder, jobs, ocr)
    for line in (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines():
        true = json.loads(line)
        score.add(true, read_ones.get(true["source"]))
    return score


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.accuracy", description=__doc__)
    parser.add_argument("--part", choices=["open", "aside", "both"], default="both")
    parser.add_argument("--count", type=int, default=60, help="mails of each part")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--no-pictures", action="store_true", help="no scans and photographs: a minute instead of ten")
    parser.add_argument("--worst", type=int, default=0, help="faults of the open part to list")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="accuracy-") as folder:
        for part in ("open", "aside") if args.part == "both" else (args.part,):
            start = time.monotonic()
            here = write(Path(folder), part, args.seed, args.count, pictures=not args.no_pictures)
            score = measure(here, args.jobs, not args.no_pictures)
            took = time.monotonic() - start
            print(
                f"\n{part}: {args.count} mails from seed {args.seed}, {took:.0f} s", score.table(), sep="\n", flush=True
            )
            if part == "open":
                for _, sentence in sorted(score.faults, reverse=True)[: args.worst]:
                    print("  ", sentence)


if __name__ == "__main__":
    main()
