"""The census: columns of lots and of facts are found by the words of the groups' own YAML."""

from pathlib import Path

import pytest

from daemon.census import Census, load
from rules.load import parse_group, shipped
from rules.schema import Group

THIRD = parse_group(
    (Path(__file__).parents[1] / "rules" / "third_group.yaml").read_text(encoding="utf-8"), "third_group.yaml"
)
HEAD = "Dénomination;SIRET"
TOWN = "Commune de Valmont;21910777800017"


def census(tmp_path: Path, columns: str, cells: str, *groups: Group) -> Census:
    file = tmp_path / "census.csv"
    file.write_text(f"{HEAD};{columns}\n{TOWN};{cells}\n", encoding="utf-8")
    return load(file, groups or (shipped("cig-grande-couronne"), shipped("ldmems")))


@pytest.mark.parametrize(
    ("columns", "cells", "lots"),
    [
        ("Vote électronique;TERMINAUX DE PAIEMENT;Certificats électroniques", "Oui;non;X", ("vote", "rgs")),
        ("Lot 2;Profil d’acheteur;lot 5", "oui;;oui", ("2", "5")),
        ("Lots", '"Vote électronique, Logiciel PDF"', ("vote", "pdf")),
        ("Lots", "Lot 2 | lot n° 3 | HELIOS", ("2", "3")),
        ("Lots;Signature électronique", "tpe;oui", ("tpe", "signature")),
    ],
)
def test_lots_are_found_by_what_their_groups_call_them(
    tmp_path: Path, columns: str, cells: str, lots: tuple[str, ...]
) -> None:
    read = census(tmp_path, columns, cells)
    assert [e.member.lots for e in read.entries] == [lots], read
    assert read.ignored_columns == ()


def test_the_lots_and_facts_of_a_new_group_need_nothing_but_its_yaml(tmp_path: Path) -> None:
    lot = THIRD.lots[0]
    fact, rule = next(iter(lot.facts.items()))
    columns = f"{lot.title};{rule.question};Couleur préférée"
    read = census(tmp_path, columns, "Oui;Non;bleu", THIRD)
    (entry,) = read.entries
    assert entry.member.lots == (lot.id,)
    assert entry.member.facts == {fact: False}
    assert read.ignored_columns == ("Couleur préférée",)


def test_a_fact_keeps_its_other_names(tmp_path: Path) -> None:
    read = census(tmp_path, "Télétransmet déjà;déjà client", "oui;non")
    assert read.entries[0].member.facts == {"already_transmitting": True, "already_customer": False}
