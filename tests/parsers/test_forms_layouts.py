"""Forms are data: a new year's form is a new YAML file, a mistake in one is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.make_forms import BLANK, FILLED
from parsers import layouts
from parsers.layouts import LayoutError
from parsers.read import read
from parsers.records import Context, Limits
from parsers.sources.pdf import to_document


def test_every_shipped_form_has_an_id_of_its_file() -> None:
    names = {p.stem for p in layouts.SHIPPED.glob("*.yaml") if not p.name.startswith("_")}
    assert {f.id for f in layouts.load()} == names


@pytest.mark.parametrize("path", sorted(BLANK.glob("*.pdf")), ids=lambda p: p.stem)
def test_every_label_of_a_layout_is_printed_on_its_form(path: Path) -> None:
    from parsers.labels import squash

    piece = read(path.read_bytes(), path.name, Context()).pieces[0]
    form = next(f for f in layouts.load() if f.id == piece.form)
    text = squash(to_document(path.read_bytes(), Limits()).pages[0].text)
    missing = [i.spellings for i in form.items if not any(squash(s) in text for s in i.spellings)]
    missing += [r.ref for r in form.rows if squash(r.ref) not in text]
    assert not missing


NEW_YEAR = """
id: cig-lot2-order-2027
base: _cig-order
lots: ["2"]
title:
  - ["BON DE COMMANDE"]
  - ["LOT N° 2 – TÉLÉTRANSMISSION DES ACTES"]
  - ["Groupement de commandes « Dématérialisation des procédures »"]
fields:
  - {label: ["Dénomination"], field: member_name, type: name}
  - {label: ["N° SIRET (14 chiffres)"], field: siret, type: siret}
  - {label: ["Population"], field: service_code, type: reference}
rows:
  - {ref: L2-01, label: "Télétransmission ACTES – abonnement annuel", price: "96.00"}
"""


def test_a_form_of_a_folder_of_ones_own_stands_beside_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "neuf.yaml").write_text(NEW_YEAR, encoding="utf-8")
    forms = {f.id: f for f in layouts.load((str(tmp_path),))}
    assert forms["cig-lot2-order-2027"].kind == "purchase_order"  # from the shipped base
    assert "cig-lot2-order" in forms


def test_a_form_of_the_same_id_replaces_the_shipped_one(tmp_path: Path) -> None:
    replaced = NEW_YEAR.replace("cig-lot2-order-2027", "cig-lot2-order")
    (tmp_path / "a.yaml").write_text(replaced, encoding="utf-8")
    data = (FILLED / "lot2-order.pdf").read_bytes()
    piece = read(data, "x.pdf", Context(forms=(str(tmp_path),))).pieces[0]
    assert piece.value("service_code") == "4 512"  # what this layout takes the population's place for
    assert piece.value("city") is None


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("id: a\nkind: purchase_order\ngroup: g\ntitle: [[A]]\nlotts: ['2']\n", 5, "lotts"),
        ("id: a\nkind: facture\ngroup: g\ntitle: [[A]]\n", 2, "kind"),
        ("id: a\nbase: _absent\nkind: other\n", 2, "_absent"),
        ("id: a\nkind: other\ngroup: g\ntitle: [[A]]\nfields:\n  - {field: siret}\n", 6, "label"),
        ("id: a\ntitle: [\n", 3, ""),
        ("- a\n", 1, "dictionnaire"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    (tmp_path / "faux.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(LayoutError) as error:
        layouts.load((str(tmp_path),))
    assert f"faux.yaml:{line}:" in str(error.value)
    assert says in str(error.value)
