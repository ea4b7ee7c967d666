from __future__ import annotations

import pytest

from parsers import people


@pytest.mark.parametrize(
    ("text", "name", "role"),
    [
        ("MODÈLE Ana (Assistante administrative) – a.modele@x.fr", "MODÈLE Ana", "Assistante administrative"),
        ("Mme Ana Modèle, responsable des marchés, 01 60 00 00 00", "Ana Modèle", "responsable des marchés"),
        ("Le Maire, Ana MODÈLE", "Ana MODÈLE", "Le Maire"),
        ("Le Maire Ana MODÈLE", "Ana MODÈLE", "Le Maire"),
        ("L'ordonnateur : MODÈLE Ana", "MODÈLE Ana", "L'ordonnateur"),
        ("Ana Modèle – Proviseure", "Ana Modèle", "Proviseure"),
        ("La chef d'établissement Anne-Laure Le Modèle", "Anne-Laure Le Modèle", "La chef d'établissement"),
        ("Le Maire de Saint-Valmont", "", "Le Maire de Saint-Valmont"),
        ("Service des finances", "", ""),
        ("Cachet et signature", "", ""),
    ],
)
def test_split(text: str, name: str, role: str) -> None:
    person = people.split(text)
    assert (person.name, person.role) == (name, role)


@pytest.mark.parametrize("text", ["Ana Modèle", "MODÈLE Ana", "Jean-Luc d'Exemple", "M. Ana De Modèle"])
def test_names(text: str) -> None:
    assert people.is_name(text)


@pytest.mark.parametrize("text", ["Ville de Valmont", "Le Maire", "Total HT", "Ana", "Rue Neuve", "12 Ana Modèle"])
def test_no_names(text: str) -> None:
    assert not people.is_name(text)


@pytest.mark.parametrize(("name", "alone"), [("DA SILVA", True), ("Mme DE LA TOUR", True), ("DUPONT Maël", False)])
def test_a_family_name_alone(name: str, alone: bool) -> None:
    assert people.is_surname(name) is alone
