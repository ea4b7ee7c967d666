"""Papers filled with what is known, and read back by the same reader that will read them when they return."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pikepdf
import pytest
import yaml
from docx import Document

from daemon.errors import ConfigurationError
from daemon.letters.prefilled import Papers, known
from daemon.letters.render import FOLDER
from parsers.read import read
from parsers.records import Context, Piece
from rules.load import shipped

PAPERS = Papers()
TOWN = {"name": "Commune d’Orvilliers-le-Pont", "siret": "21910652300018", "uai": None, "department": "91"}
SCHOOL = {
    "name": "Lycée Aimé-Lantier",
    "siret": "19540001600016",
    "uai": "0541234K",
    "department": "54",
    "functional_email": "ce.0541234k@academie.example",
}
READ = {
    "street": "12 rue du Lavoir",
    "postal_code": "91450",
    "city": "Orvilliers-le-Pont",
    "contact_name": "Mme Claire Lefèvre",
    "contact_role": "Secrétaire générale",
    "contact_email": "mairie@orvilliers.example",
    "contact_phone": "+33169000000",
    "already_customer": True,
    "already_transmitting": True,
    "has_rgs_certificate": True,
    "certificate_expires_on": "2027-05-03",
    "current_provider": "Docapost",
    "accounting_post": "078012",
    "budget_code": "04",
}


def values(paper: str) -> dict[str, Any]:
    return known(SCHOOL if paper.startswith("LDMEMS") else TOWN, [READ], [])


def filled(paper: str, of: dict[str, Any]) -> tuple[str, bytes]:
    made = PAPERS.fill(paper, of, ref="CIG-2-0042", member="Commune d’Orvilliers-le-Pont")
    assert made is not None
    return made[0], made[1]


def read_back(name: str, data: bytes) -> Piece:
    [piece] = read(data, name, Context(ocr=False)).pieces
    return piece


def plain(value: Any) -> str:
    return str(value).replace("’", "'").casefold()


@pytest.mark.parametrize("paper", PAPERS.names())
def test_what_is_filled_is_what_is_read(paper: str) -> None:
    wanted = values(paper)
    layout = yaml.safe_load((FOLDER / "papers" / f"{paper}.yaml").read_text(encoding="utf-8"))
    asked = {*layout.get("fields", ()), *layout.get("boxes", ())}
    piece = read_back(*filled(paper, wanted))
    assert piece.kind != "other"
    got = {k: f.value for k, f in piece.fields.items()}
    for field in asked & set(wanted) & set(got):
        assert plain(got[field]) == plain(wanted[field]), field
    assert {"member_name", "siret"} <= set(got)
    shared = asked & set(wanted) & set(READ)
    assert shared <= set(got) | {"general_email"}
    assert not {"signatory_name", "signed_on"} & set(got), "only the member may say who signs"
    assert piece.signature == "none"


def test_every_paper_that_a_group_asks_for_can_be_filled() -> None:
    asked = {
        r.paper
        for name in ("cig-grande-couronne", "ldmems")
        for group in [shipped(name)]
        for lot in group.lots
        for r in (*group.requirements, *lot.requirements)
        if r.paper
    }
    assert asked
    assert asked <= set(PAPERS.names())


def test_nothing_known_leaves_the_form_as_it_was() -> None:
    _, data = filled("CIG_lot2_fiche_ouverture_compte", {})
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert not [f for f in pdf.Root.AcroForm.Fields if "/V" in f and str(f.V) not in ("", "/Off")]


def test_a_form_can_still_be_filled() -> None:
    _, data = filled("CIG_lot1_fiche_ouverture_compte", values(""))
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert len(pdf.Root.AcroForm.Fields) > 20
        assert bool(pdf.Root.AcroForm.NeedAppearances)


def test_the_same_facts_give_the_same_bytes() -> None:
    assert filled("CIG_lot2_bon_de_commande", READ) == filled("CIG_lot2_bon_de_commande", READ)


def test_a_value_is_no_code_and_no_markup() -> None:
    hostile = "{{ 7*7 }} <w:p>&amp;</w:p> {% x %}"
    _, data = filled("CIG_lot2_avenant_convention_prefecture", {"member_name": hostile})
    text = "\n".join(p.text for p in Document(io.BytesIO(data)).paragraphs)
    assert f"La collectivité ou l’établissement : {hostile}" in text
    assert "N° SIREN / SIRET : ……" in text


def test_a_value_without_room_is_left_out() -> None:
    _, data = filled("CIG_lot1_fiche_ouverture_compte", {"siret": "219106523000189", "member_name": "Œuvre – l’été"})
    with pikepdf.open(io.BytesIO(data)) as pdf:
        written = {str(f.T): str(f.get("/V", "")) for f in pdf.Root.AcroForm.Fields}
    assert written["Texte2"] == ""
    assert written["Texte1"] == "Oeuvre - l'été"


def test_the_census_goes_first_and_values_that_belong_together_stay_together() -> None:
    older = {"contact_name": "M. Ancien", "contact_phone": "+33100000000", "siret": "1", "current_provider": "Ancien"}
    newer = {"contact_name": "Mme Nouvelle", "contact_email": "n@x.example"}
    found = known(TOWN, [newer], [older, {"current_provider": "Autre lot"}])
    assert found["siret"] == TOWN["siret"]
    assert found["contact_name"] == "Mme Nouvelle"
    assert "contact_phone" not in found
    assert "current_provider" not in found
    assert found["prefecture"] == "Essonne"


def test_an_unknown_paper_is_none() -> None:
    assert PAPERS.fill("autre", {}, ref="X", member="Y") is None
    assert PAPERS.fill("../letters/list", {}, ref="X", member="Y") is None


@pytest.mark.parametrize(
    ("layout", "fault"),
    [
        ("name: x", "name et file"),
        ("{", "mien.yaml"),
        ("{name: x, file: absent.pdf}", "absent.pdf"),
        ("{name: x, file: ../absent.pdf}", "sans dossier"),
        ("{name: x, file: form.pdf, fields: {siret: Inconnu}}", "Inconnu"),
    ],
)
def test_a_wrong_paper_is_named(tmp_path: Path, layout: str, fault: str) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "mien.yaml").write_text(layout, encoding="utf-8")
    blank = (FOLDER / "papers" / "CIG_lot1_bon_de_commande.pdf").read_bytes()
    (folder / "form.pdf").write_bytes(blank)
    with pytest.raises(ConfigurationError, match=fault):
        Papers(tmp_path).fill("mien", {"siret": "1"}, ref="X", member="Y")
