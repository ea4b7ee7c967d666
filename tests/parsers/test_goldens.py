"""Each document of `fixtures/` is read as the record beside it says; `make goldens` writes the records anew."""

import difflib
import json
import re
import shutil
from pathlib import Path

import jsonschema
import pytest

from tests.goldens import FIXTURES, PICTURES, documents, golden, reading, written

REGISTER = (FIXTURES / "README.md").read_text(encoding="utf-8")
SCHEMA = jsonschema.Draft202012Validator(
    json.loads((FIXTURES / "contract" / "reading.schema.json").read_text(encoding="utf-8"))
)


def name(path: Path) -> str:
    return str(path.relative_to(FIXTURES))


@pytest.mark.parametrize("document", list(documents()), ids=name)
def test_a_document_is_read_as_its_golden_says(document):
    path = golden(document)
    assert path.exists(), f"no expected reading beside {name(document)}: run make goldens"
    expected = path.read_text(encoding="utf-8")
    pictures = any(p["source_type"] in PICTURES for p in json.loads(expected)["pieces"])
    if pictures and not shutil.which("tesseract"):
        pytest.skip("the second witness, tesseract, is not installed: pictures are read with more doubt")
    found = written(reading(document))
    diff = "\n".join(difflib.unified_diff(expected.splitlines(), found.splitlines(), "expected", "read", lineterm=""))
    assert not diff, f"{name(document)} is read otherwise (make goldens writes it anew):\n{diff}"


@pytest.mark.parametrize("document", list(documents()), ids=name)
def test_a_golden_keeps_the_contract(document):
    record = json.loads(golden(document).read_text(encoding="utf-8"))
    for piece in record["pieces"]:  # what the golden leaves open, as the contract wants it
        for field in piece["fields"].values():
            field.setdefault("box", None)
            field["confidence"] = field["confidence"] if isinstance(field["confidence"], float) else 1
    SCHEMA.validate(record)


def test_no_golden_has_lost_its_document():
    every = {golden(d) for d in documents()}
    found = {p for d in documents() for p in d.parent.glob("*.json")}
    assert found == every


@pytest.mark.parametrize("document", list(documents()), ids=name)
def test_the_register_names_the_document(document):
    relative = name(document)
    named = re.findall(r"`([^`]+)`", REGISTER)
    assert any(Path(relative).match(pattern) for pattern in named), f"{relative} has no row in fixtures/README.md"
