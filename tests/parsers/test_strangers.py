"""No document that a member would not send is taken for an order or a form of the groups."""

import importlib.util
from pathlib import Path

import pytest

from bench.strangers import taken
from fixtures.strangers import KINDS, documents
from parsers.read import read
from parsers.records import Context, Piece

CONTEXT = Context(ocr=False)  # none of them is a picture
EVERY = list(documents())
CHUNKS = 8


@pytest.mark.parametrize("part", range(CHUNKS))
def test_two_hundred_strangers_are_none_of_ours(part):
    wrong = []
    for name, data in EVERY[part::CHUNKS]:
        pieces = read(data, name, CONTEXT).pieces
        assert len(pieces) >= 1, name
        wrong += [f"{name}: {p.kind} {p.group} {p.lots} {p.form}" for p in pieces if taken(p)]
    assert not wrong


def test_they_are_two_hundred_of_many_kinds_and_all_different():
    assert len(EVERY) == 200
    assert len({data for _, data in EVERY}) == 200
    assert len({make.__name__ for make in KINDS}) >= 20
    assert {name.rpartition(".")[2] for name, _ in EVERY} == {"pdf", "docx", "xlsx"}


def test_real_documents_of_installed_packages_are_none_of_ours():
    spec = importlib.util.find_spec("matplotlib")
    assert spec is not None
    assert spec.origin is not None
    found = sorted((Path(spec.origin).parent / "mpl-data" / "images").glob("*.pdf"))
    assert found
    for path in found:
        assert not any(taken(p) for p in read(path.read_bytes(), path.name, CONTEXT).pieces), path.name


@pytest.mark.parametrize(
    ("piece", "expected"),
    [
        (Piece(name="x", sha256="0"), False),
        (Piece(name="x", sha256="0", kind="purchase_order"), True),
        (Piece(name="x", sha256="0", kind="other", group="ldmems"), True),
        (Piece(name="x", sha256="0", kind="account_form"), True),
    ],
)
def test_what_counts_as_taken(piece, expected):
    assert taken(piece) is expected
