"""The generator tells the truth, its two parts share nothing, the scoring is the contract's; and the readers' floor."""

import dataclasses
import json
from collections import Counter
from decimal import Decimal

import jsonschema
import pytest
from stdnum.fr import siret

from bench.accuracy import measure
from bench.scoring import Score, same, same_line
from fixtures.generator.corpus import TRAPS, corpus, each, write
from fixtures.generator.free import LAYOUTS, WORDS
from fixtures.generator.parts import ASIDE, OPEN
from fixtures.generator.values import UAI_LETTERS
from tests.goldens import FIXTURES

SCHEMA = jsonschema.Draft202012Validator(
    json.loads((FIXTURES / "contract" / "reading.schema.json").read_text(encoding="utf-8"))
)


@pytest.fixture(scope="module", params=["open", "aside"])
def made(request):
    letters, members = corpus(request.param, 3, 40, pictures=False)
    return letters, members


def test_truth_keeps_the_contract(made):
    for name, letter in made[0]:
        SCHEMA.validate({"source": name, **letter.truth})


def test_members_have_valid_numbers(made):
    for m in made[1]:
        assert siret.is_valid(m.siret)
        assert m.uai is None or m.uai[7] == UAI_LETTERS[int(m.uai[:7]) % 23]


def test_lines_add_up_where_no_trap_says_otherwise(made):
    for name, piece in each(made[0]):
        net = piece["fields"].get("total_excl_tax")
        totals = [x["total"] for x in piece["lines"]]
        if net and piece.get("trap") in (None, "bad_siret", "other_siret") and None not in totals:
            assert sum(map(Decimal, totals)) == Decimal(net["value"]), name


def test_every_trap_comes_round():
    letters, _ = corpus("open", 1, 50, pictures=False)
    found = {p["trap"] for _, p in each(letters) if "trap" in p}
    assert found >= set(TRAPS) - {"struck_qty", "old_year", "unreadable"}


def test_a_seed_gives_the_same_mails():
    first, again = (corpus("open", 5, 6, pictures=False)[0] for _ in range(2))
    assert [letter.truth["mail"] for _, letter in first] == [letter.truth["mail"] for _, letter in again]
    assert [letter.data for _, letter in first[:2]] == [letter.data for _, letter in again[:2]]


@pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(OPEN)])
def test_the_parts_share_no_name_wording_or_look(field):
    a, b = getattr(OPEN, field), getattr(ASIDE, field)
    if isinstance(a, dict):
        assert all(not set(a[k]) & set(b[k]) for k in a)
    elif isinstance(a, tuple) and field not in ("heads", "school_heads", "bodies"):  # offices bear one name everywhere
        assert not set(a) & set(b)
    else:
        assert a != b


def test_the_parts_share_no_layout():
    looks = {part: {(x.arrange, x.columns, x.rules, x.totals) for x in LAYOUTS[part]} for part in LAYOUTS}
    assert len(looks["open"]) + len(looks["aside"]) >= 12
    assert not looks["open"] & looks["aside"]
    assert not {x.arrange for x in LAYOUTS["open"]} & {x.arrange for x in LAYOUTS["aside"]}
    assert all(not set(WORDS["open"][k]) & set(WORDS["aside"][k]) for k in WORDS["open"])


@pytest.mark.parametrize(
    ("field", "a", "b", "expected"),
    [
        ("member_name", "Mairie d’Étiolles", "MAIRIE D'ETIOLLES", True),
        ("contact_name", "Mme Céline  Lemoine", "Céline Lemoine", True),
        ("prefecture", "préfecture de l’Essonne", "Essonne", True),
        ("order_number", "N°12", "N°13", False),
        ("service_code", "FÉV", "FEV", False),
        ("already_customer", True, False, False),
        ("order_number", "2026\u00a012", "2026 12", True),
    ],
)
def test_values_are_compared_as_the_contract_says(field, a, b, expected):
    assert same(field, a, b) is expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"label": "télétransmission actes abonnement annuel (par an)"}, True),
        ({"label": "Parapheur"}, False),
        ({"quantity": 2}, False),
        ({"unit_price": "96.01"}, False),
        ({"total": None}, False),
    ],
)
def test_lines_are_compared_loosely_by_label_and_strictly_by_number(change, expected):
    true = {
        "label": "Télétransmission ACTES – abonnement annuel",
        "quantity": 1,
        "unit_price": "96.00",
        "total": "96.00",
    }
    assert same_line(true, {**true, **change}) is expected


def piece(**change):
    field = {"value": "21910652300018", "confidence": 1, "page": 1, "box": None}
    base = {
        "name": "a.pdf", "sha256": "1", "kind": "purchase_order", "group": "cig-grande-couronne", "lots": ["2"],
        "signature": "none", "fields": {"siret": field}, "lines": [], "review": [], "source_type": "text_pdf",
        "must_review": False,
    }  # fmt: skip
    return {**base, **change}


def scored(true, read):
    mail = {"nature": "message", "intents": ["submit"]}
    score = Score()
    score.add({"source": "a.eml", "mail": mail, "pieces": [true]}, {"mail": mail, "pieces": [read] if read else []})
    return score.by["text_pdf"]


def wrong_siret():
    return {"siret": {"value": "21910652300026", "confidence": 1, "page": 1, "box": None}}


def test_a_wrong_value_is_silent_only_where_nobody_is_asked():
    assert scored(piece(), piece())["silent"] == 0
    assert scored(piece(), piece(fields=wrong_siret()))["silent"] == 1
    assert scored(piece(), piece(fields=wrong_siret(), review=["À vérifier."]))["silent"] == 0
    assert scored(piece(), piece(kind="other", lots=[]))["silent"] == 2


def test_missing_pieces_and_reviews_are_counted():
    assert scored(piece(), None)["missing"] == 1
    assert scored(piece(must_review=True, trap="zero"), piece())["caught"] == 0
    assert scored(piece(must_review=True, trap="zero"), piece(review=["Vide."]))["caught"] == 1
    unreadable = scored(piece(unreadable=True, must_review=True), piece(kind="other", lots=[], fields={}, review=["x"]))
    assert (unreadable["kind_n"], unreadable["want"], unreadable["silent"]) == (0, 0, 0)


@pytest.mark.parametrize("part", ["open", "aside"])
def test_generated_digital_documents_are_read(part, tmp_path):
    """A floor, not the measure: `make accuracy` prints the figures, scans and photographs included."""
    score = measure(write(tmp_path, part, 2, 30, pictures=False), jobs=2, ocr=False)
    forms, every = score.by["acroform"], sum(score.by.values(), Counter())
    assert forms["hit"] == forms["given"] == forms["want"] > 0, score.table()
    assert every["hit"] >= 0.94 * every["want"] > 0, score.table()
    assert every["hit"] >= 0.98 * every["given"], score.table()
    assert every["silent"] == 0, score.table()
    assert all(c["caught"] == c["n"] for c in score.traps.values()), score.table()
    assert score.mails["nature"] >= 0.95 * score.mails["n"], score.table()
