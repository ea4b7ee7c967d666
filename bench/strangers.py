"""`python -m bench.strangers [FOLDER]`: is any document taken for an order or a form of the groups?

Without a folder, the two hundred that `fixtures.strangers` makes; with one, every PDF, Word, Excel and picture in it:
for real ones, of any origin, that are not ours to ship.
"""

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from fixtures.strangers import documents
from parsers.read import read
from parsers.records import Context, Piece

SUFFIXES = (".pdf", ".docx", ".odt", ".xlsx", ".xls", ".ods", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".pptx")


def taken(piece: Piece) -> bool:
    """Whether a piece passes for one of the groups' papers: an order that names no group's lot asks a person."""
    asks = piece.kind in ("purchase_order", "legal_commitment") and bool(piece.findings)
    return bool(piece.group or piece.lots or piece.form) or (piece.kind != "other" and not asks)


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES:
            yield path.name, path.read_bytes()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.strangers", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--ocr", action="store_true", help="read scans and photographs too")
    args = parser.parse_args()
    count, wrong, codes, start = 0, 0, Counter[str](), time.monotonic()
    for name, data in files(args.folder) if args.folder else documents():
        count += 1
        for piece in read(data, name, Context(ocr=args.ocr)).pieces:
            codes.update(f.code for f in piece.findings)
            if taken(piece):
                wrong += 1
                print(f"taken: {name} as {piece.kind} {piece.group or ''} {' '.join(piece.lots)} {piece.form or ''}")
    asked = ", ".join(f"{k} {n}" for k, n in codes.most_common())
    print(f"{count} documents, {wrong} taken for ours, {time.monotonic() - start:.0f} s; asked: {asked or 'none'}")


if __name__ == "__main__":
    main()
