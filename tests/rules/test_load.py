"""Groups from YAML: what ships, what is wrong with its line, and a third one without a line of Python."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from rules.decide import decide
from rules.load import RulesError, load_group, parse_group, shipped, shipped_names
from rules.records import Dossier, Member
from tests.rules.dossiers import at, mail, news, paper

THIRD = (Path(__file__).parent / "third_group.yaml").read_text("utf-8")


def test_both_groups_ship_with_all_their_lots() -> None:
    assert shipped_names() == ("cig-grande-couronne", "ldmems")
    assert [x.id for x in shipped("cig-grande-couronne").lots] == ["1", "2", "3", "5"]
    assert [x.id for x in shipped("ldmems").lots] == ["vote", "tpe", "pdf", "rgs", "signature"]


@pytest.mark.parametrize("name", ["cig-grande-couronne", "ldmems"])
def test_the_french_of_the_groups_is_well_set(name: str) -> None:
    group = shipped(name)
    texts: list[str] = []

    def walk(value: object) -> None:
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, dict):
            for v in value.values():
                walk(v)
        elif isinstance(value, list | tuple):
            for v in value:
                walk(v)

    walk(group.model_dump())
    for text in texts:
        assert "!" not in text or "://" in text, text
        assert "'" not in text, text
        assert " ;" not in text.replace("\u202f;", ""), text
        assert " ?" not in text.replace("\u202f?", ""), text
        assert "« " not in text, text


def test_an_unknown_name_tells_which_there_are() -> None:
    with pytest.raises(RulesError, match=r"cig-grande-couronne, ldmems"):
        load_group("nowhere")


@pytest.mark.parametrize(
    ("old", "new", "where", "told"),
    [
        ("provider: fournil\n    f", "provider: moulin\n    f", "provider: moulin", "lots.1.provider: « moulin »"),
        ("signed: any", "signed: maybe", "signed: maybe", "lots.1.requirements.3.signed: « maybe »"),
        ("prefix: PAIN", "prefix: pain", "prefix: pain", "prefix: « pain »"),
        ("prefix: PAIN\n", "", "id: boulange", "prefix: cette clé est obligatoire"),
        ("prefix: PAIN", "prefix: PAIN\nprefixe: P", "prefixe", "prefixe: clé inconnue"),
        ("body: siret", "body: siret\nprefix: PAIN", "prefix: PAIN\nmailbox", "prefix: clé écrite deux fois"),
        (
            "working_days: 3",
            "working_days: three",
            "working_days",
            "lots.1.milestones.1.working_days: un nombre entier",
        ),
        ("{gluten_free: true}", "{gluten: true}", "when: {gluten:", "lots.1.requirements.3.when.gluten: fait inconnu"),
        ("told_by: form", "told_by: formulaire", "told_by", "lots.1.facts.gluten_free.told_by: aucune pièce"),
        ("id: croissant", "id: baguette", "id: baguette\n    title: cr", "lots.2.id: le lot « baguette » existe déjà"),
        (
            "- id: allergy",
            "- id: form",
            "- id: form\n        kinds: [pref",
            "lots.1.requirements.3.id: « form » existe",
        ),
        ("opens: true", "starts: [nowhere]", "starts: [no", "lots.1.milestones.1.starts: « nowhere »"),
        ("opens: true", "hours: 5", "hours: 5", "lots.1.milestones.1.hours: working_days ou hours, pas les deux"),
        ("opens: true", "when: {glutten: true}", "when: {glutten", "lots.1.milestones.1.when.glutten: fait inconnu"),
        ("première fournée.", "fournée {lien}.", "what: Le Fournil livre", "lots.1.milestones.1.what: « {lien} »"),
    ],
)
def test_a_mistake_names_its_line_and_key(old: str, new: str, where: str, told: str) -> None:
    assert old in THIRD
    text = THIRD.replace(old, new, 1)
    line = text[: text.index(where)].count("\n") + 1
    with pytest.raises(RulesError, match=re.escape(f"g.yaml:{line}: {told}")):
        parse_group(text, "g.yaml")


def test_yaml_that_is_none_names_its_line() -> None:
    with pytest.raises(RulesError, match=r"^g\.yaml:4: YAML illisible"):
        parse_group("id: x\nname: y\nlots: [\n", "g.yaml")


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(RulesError) as error:
        parse_group(THIRD.replace("prefix: PAIN", "prefix: pain").replace("body: siret", "body: rna"), "g.yaml")
    assert len(error.value.problems) == 2


@pytest.mark.parametrize("text", ["", "- 1", "texte", "a: &x [*x", "a: &x [*x]"])
def test_what_is_no_group_is_told_too(text: str) -> None:
    with pytest.raises(RulesError, match=r"^g\.yaml:[12]: "):
        parse_group(text, "g.yaml")


def test_a_third_group_runs_on_yaml_alone() -> None:
    group = parse_group(THIRD, "third_group.yaml")
    when = at("2026-03-02T09:00")
    order = paper("purchase_order", ("baguette",), when)
    form = paper("account_form", ("baguette",), when, fields={"gluten_free": True})
    d = Dossier(
        ref="PAIN-BAGUETTE-0001",
        group=group.id,
        lot="baguette",
        member=Member(name="École Jules-Ferry", siret="21910000100018", emails=("ecole@ferry.example",)),
        opened_at=when,
        pieces=(order, form),
        messages=(mail(order, form, sender="ecole@ferry.example"),),
        news=(news("milestone", "2026-03-05T10:00", milestone="j2", outcome="reached"),),
    )
    decision = decide(group, d, when)
    assert decision.state == "forwarded"
    assert [x.kind for x in decision.letters] == ["acknowledgement", "confirmation", "forward"]
    assert decision.letters[2].subject == "marché Pain des écoles"
    assert [(m.id, m.due) for m in decision.milestones] == [("j2", dt.date(2026, 3, 5))]
    assert decision.letters[0].facts["recognised"][1]["says"] == ["vous demandez du pain sans gluten"]
    assert [m["id"] for m in decision.letters[0].facts["missing"]] == ["allergy"]
    reminded = decide(group, d, at("2026-03-05T08:00"))
    assert [x.facts["of"] for x in reminded.letters if x.template == "reminder"] == [2]
    assert decide(group, d, at("2026-03-05T10:00")).state == "active"
