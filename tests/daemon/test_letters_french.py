"""French: what a civil servant would sign."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.letters import french, phrases
from rules import departments

NB, THIN = "\u00a0", "\u202f"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2025-12-04", "jeudi 4 décembre 2025"),
        ("2025-12-01", "lundi 1er décembre 2025"),
        (dt.date(2024, 2, 29), "jeudi 29 février 2024"),
        ("2025-12-31T23:30:00+00:00", "jeudi 1er janvier 2026"),  # already the next year in Paris
        ("2025-07-14T21:59:00Z", "lundi 14 juillet 2025"),
        ("bientôt", "bientôt"),
    ],
)
def test_date_full(value: object, expected: str) -> None:
    assert french.date_full(value).replace(NB, " ") == expected


def test_the_year_is_said_where_it_differs() -> None:
    assert french.date_day("2025-12-08", "2025-12-04").replace(NB, " ") == "lundi 8 décembre"
    assert french.date_day("2026-01-05", "2025-12-04").replace(NB, " ") == "lundi 5 janvier 2026"


def test_hour() -> None:
    assert french.hour("2025-12-04T09:05:00+01:00").replace(NB, " ") == "9 h 05"
    assert french.hour("2025-07-04T08:00:00+00:00").replace(NB, " ") == "10 h"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("226.00", f"226,00{NB}€"),
        ("1234567.5", f"1{THIN}234{THIN}567,50{NB}€"),
        ("-12.30", f"−12,30{NB}€"),
        ("0", f"0,00{NB}€"),
        ("douze", "douze"),
        ("NaN", "NaN"),
    ],
)
def test_amount(value: str, expected: str) -> None:
    assert french.amount(value) == expected


def test_numbers_of_bodies_and_telephones() -> None:
    assert french.siret("21910652300018") == f"219{NB}106{NB}523{NB}00018"
    assert french.siret("2191065230001") == "2191065230001"
    assert french.phone("+33139496324") == NB.join(["01", "39", "49", "63", "24"])
    assert french.phone("+32 2 555 12 12").startswith("+32")
    assert french.phone("poste 12") == "poste 12"


def test_lists_and_plurals() -> None:
    assert french.listing([]) == ""
    assert french.listing(["a"]) == "a"
    assert french.listing(["a", "b", "c"]) == "a, b et c"
    assert french.plural(0, "papier") == "papier"
    assert french.plural(2, "papier signé") == "papiers signés"
    assert french.plural(2, "avis") == "avis"
    assert french.counted(2, "papier") == f"deux{NB}papiers"
    assert french.counted(1, "fiche", feminine=True) == f"une{NB}fiche"
    assert french.counted(11, "papier") == f"11{NB}papiers"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Commune d’Étiolles", "de la commune d’Étiolles"),
        ("LYCEE Ernest-Bichat", "du lycée Ernest-Bichat"),
        ("École des Tilleuls", "de l’école des Tilleuls"),
        ("CCAS de Poissy", "du CCAS de Poissy"),
        ("Ehpad Les Lilas", "de l’EHPAD Les Lilas"),
        ("Étiolles", "d’Étiolles"),
        ("Le Havre", "du Havre"),
        ("Les Mureaux", "des Mureaux"),
        ("La Ferté", "de La Ferté"),
        ("Houilles", "de Houilles"),
        ("le bon de commande", "du bon de commande"),
        ("l’avenant", "de l’avenant"),
        ("Commune de Le Havre", "de la commune du Havre"),
        ("COMMUNE DE LES MUREAUX", "de la commune des MUREAUX"),
        ("Commune de Lestelle", "de la commune de Lestelle"),
        ("EXM", "d’EXM"),
    ],
)
def test_of(name: str, expected: str) -> None:
    assert french.of(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Dematis", "à Dematis"),
        ("Le Fournil du lac", "au Fournil du lac"),
        ("le Fournil", "au Fournil"),
        ("Les Éditions du lac", "aux Éditions du lac"),
        ("La Laiterie", "à La Laiterie"),
        ("L’Atelier", "à L’Atelier"),
        ("Lestelle SA", "à Lestelle SA"),
        ("Lycée Ernest-Bichat", "au lycée Ernest-Bichat"),
        ("la coordination du groupement", "à la coordination du groupement"),
    ],
)
def test_to(name: str, expected: str) -> None:
    assert french.to(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Mme Claire LEFÈVRE", "Madame Lefèvre"),
        ("M. Amadou Diallo", "Monsieur Diallo"),
        ("Madame LE GOFF", "Madame Le Goff"),
        ("Monsieur Le Goff", "Monsieur Le Goff"),
        ("M. LE MAIRE", "Monsieur le Maire"),
        ("Claire Lefèvre", None),  # nobody's civility is guessed
        ("Mairie de Poissy", None),
        ("M.", None),
        ("", None),
        (None, None),
    ],
)
def test_civil_name(name: str | None, expected: str | None) -> None:
    assert french.civil_name(name) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("l'avenant : signé", f"l’avenant{NB}: signé"),
        ("Une erreur ? Non ; rien", f"Une erreur{THIN}? Non{THIN}; rien"),
        ("le « lot 2 » et «lot 3»", f"le «{NB}lot{NB}2{NB}» et «{NB}lot{NB}3{NB}»"),
        ("à 12:30, https://a.fr?x=1;y", "à 12:30, https://a.fr?x=1;y"),
        ("226 € dont 20 %", f"226{NB}€ dont 20{NB}%"),
        ("au 01 39 49 63 24.", f"au {NB.join(['01', '39', '49', '63', '24'])}."),
        ("le 4 décembre, Mme Roy", f"le 4{NB}décembre, Mme{NB}Roy"),
    ],
)
def test_typography(typed: str, expected: str) -> None:
    assert french.typography(typed) == expected


@given(st.text(alphabet="aéZ 1:;?!«»'’\u00a0\u202f€%.,\n", max_size=60))
def test_typography_is_idempotent_and_touches_spaces_alone(text: str) -> None:
    once = french.typography(text)
    assert french.typography(once) == once
    assert re.sub(r"\s", "", once).replace("’", "'") == re.sub(r"\s", "", text).replace("’", "'")
    assert not re.search(r"« (?=\S)|\S »|\S [;?!](\s|$)|\S :(\s|$)", once)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_an_amount_can_be_read_back(value: object) -> None:
    shown = french.amount(value)
    plain = shown.replace(THIN, "").replace(f"{NB}€", "").replace("−", "-").replace(",", ".")
    assert float(plain) == float(str(value))


@given(st.dates(min_value=dt.date(1970, 1, 1)))
def test_a_date_names_its_own_weekday(day: dt.date) -> None:
    names = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"]
    assert french.date_full(day).split()[0] == names[day.weekday()]
    assert french.date_full(day.isoformat()) == french.date_full(day)


def test_departments() -> None:
    assert departments.prefecture("91") == "la préfecture de l’Essonne"
    assert departments.prefecture("2a") == "la préfecture de la Corse-du-Sud"
    assert departments.prefecture("val d'oise") == "la préfecture du Val-d’Oise"
    assert departments.prefecture("l’Essonne") == "la préfecture de l’Essonne"
    assert departments.prefecture("Atlantide") == "la préfecture"
    assert departments.prefecture(None) == "la préfecture"


def test_an_order_told_in_a_sentence() -> None:
    line = {"label": "Abonnement ACTES", "quantity": "1"}
    assert phrases.ordered([line]) == "abonnement ACTES"
    assert phrases.ordered([line, {"label": "RGS**", "quantity": 2.0}]) == f"abonnement ACTES et 2{NB}×{NB}RGS**"
    assert phrases.ordered([line] * 5) == f"cinq{NB}lignes"


def test_a_total_is_not_told_by_halves() -> None:
    known = {"lines": [1], "total_excl_tax": "10.00"}
    assert str(phrases.total([known, known])) == "20.00"
    assert phrases.total([known, {"lines": [1], "total_excl_tax": None}]) is None
    assert phrases.total([{"lines": [], "total_excl_tax": "3.00"}]) is None
