"""`make goldens`: writes beside each document of `fixtures/` what is read in it today: look at the diff.

`python -m tests.goldens [NAME…]` writes those of the named files alone.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from parsers.read import read
from parsers.records import Body, Context

FIXTURES = Path(__file__).parents[1] / "fixtures"
FOLDERS = ("documents", "forms", "filled_forms", "office", "signatures")
SUFFIXES = (".pdf", ".docx", ".odt", ".xlsx", ".xlsm", ".xls", ".ods", ".doc", ".jpg", ".png", ".tif", ".eml", ".msg")
PICTURES = ("scan", "photo")  # read by engines whose last decimals differ between machines


def documents() -> Iterator[Path]:
    """Every document that has, or ought to have, its expected reading beside it."""
    for folder in FOLDERS:
        yield from (p for p in sorted((FIXTURES / folder).iterdir()) if p.suffix.lower() in SUFFIXES)


def golden(document: Path) -> Path:
    """Where a document's expected reading stands."""
    return document.with_name(document.name + ".json")


def context() -> Context:
    """The census and the anchors that the fixtures were made with."""
    with (FIXTURES / "documents" / "members.csv").open(encoding="utf-8") as rows:
        census = tuple(
            Body(
                name=r["name"],
                siret=r["siret"] or None,
                uai=r["uai"] or None,
                addresses=tuple(a.lower() for a in (r["emails"], r["functional_email"]) if a),
            )
            for r in csv.DictReader(rows)
        )
    anchors = tuple((FIXTURES / f / "root.pem").read_bytes() for f in ("documents", "signatures"))
    return Context(census=census, anchors=anchors)


def reading(document: Path) -> dict[str, Any]:
    """A document's reading, without what may differ between machines: places and confidences in pictures."""
    found = read(document.read_bytes(), document.name, context()).to_json()
    for piece in found["pieces"]:
        for field in piece["fields"].values():
            if piece["source_type"] in PICTURES:
                del field["box"]
                field["confidence"] = "sure" if field["confidence"] >= 0.9 else "doubtful"
            else:
                field["confidence"] = round(field["confidence"], 2)
    return found


def written(found: dict[str, Any]) -> str:
    """A reading as its golden file holds it."""
    return json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def main() -> None:
    """Write every golden, or those named."""
    for document in documents():
        if sys.argv[1:] and document.name not in sys.argv[1:]:
            continue
        text = written(reading(document))
        path = golden(document)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(FIXTURES.parent))


if __name__ == "__main__":
    main()
