"""A form typed anew: values that run on in a further line, and lines that are nobody's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parsers import checks, extract
from parsers.extraction import Extraction
from parsers.page import Page, Ruling, Tick, Word
from parsers.records import Context
from tests.parsers.typed import page

ACCOUNT = """FICHE DE RENSEIGNEMENT DE COMPTE
LOT N° 5 – CONVOCATION ÉLECTRONIQUE
Groupement de commandes « Dématérialisation des procédures » – marché 2023-2026
COLLECTIVITÉ
Nom de la collectivité : Mairie de Valmont
SIRET : 219 106 523 00018                     Code INSEE : 91999

Adresse postale : {street}

CP : 91999                                    Commune : Valmont

Adresse électronique générique de la collectivité : {mail}

RÉFÉRENT DU COMPTE
Nom et prénom : Zoé Roy                       Fonction : DGS

Tél. direct : 01 43 35 34 95                  Mél : zoe.roy@valmont.fr

SITUATION ACTUELLE
Utilisez-vous déjà une solution de convocation électronique ? {answer}
Si oui, prestataire actuel : IDelibre
Qualité : Maire"""


def read(street: str = "12 rue du Lavoir", mail: str = "mairie@valmont.fr", answer: str = "") -> Extraction:
    found = extract.extract((page(ACCOUNT.format(street=street, mail=mail, answer=answer)),), Context())
    assert found is not None
    return found


def test_an_address_broken_at_its_hyphen_by_the_end_of_the_line() -> None:
    found = read(mail="mairie@valmont-\nen-foret-sur-orge.fr")
    assert found.fields["functional_email"].value == "mairie@valmont-en-foret-sur-orge.fr"


def test_a_line_set_below_its_value_goes_on_with_it() -> None:
    assert (
        read(street="12 rue du Lavoir\n" + " " * 18 + "bâtiment B").fields["street"].value
        == "12 rue du Lavoir bâtiment B"
    )


def test_a_line_at_the_edge_whose_word_had_room_above_is_put_to_a_person() -> None:
    street = read(street="12 rue du Lavoir\nvoir au dos").fields["street"]
    assert (street.value, street.confidence) == ("12 rue du Lavoir", 0.6)


@pytest.mark.parametrize("street", ["12 rue du", "Résidence les", "12 rue Jean-"])
def test_a_value_that_stops_at_a_link_word_is_put_to_a_person(street: str) -> None:
    assert read(street=street).fields["street"].confidence < checks.SURE


def test_the_dot_of_an_abbreviation_is_the_value_s() -> None:
    assert read(street="22 rue de la 2e-D.B.").fields["street"].value == "22 rue de la 2e-D.B."
    assert read(street="22 rue Haute.").fields["street"].value == "22 rue Haute"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("Oui (x)  Non ( )", True),
        ("Oui [ ]  Non [X]", False),
        ("( ) Oui  (X) Non", False),
        ("■ Oui  □ Non", True),
        ("oui", True),
        ("Non", False),
        ("Oui X  Non", None),  # behind the one or before the other
        ("Oui (x)  Non (x)", None),
        ("non, pas encore", None),
    ],
)
def test_an_answer_that_is_typed(answer: str, said: bool | None) -> None:
    found = read(answer=answer)
    field = found.fields.get("already_customer")
    assert (None if field is None else field.value) is said
    if "x" in answer.casefold():
        assert (said is None) is any(f.field == "already_customer" for f in found.findings)


def test_cells_of_several_lines_are_read_as_one() -> None:
    """Label and value broken in ruled cells, the value set to the middle of its label's lines."""
    text = ACCOUNT.replace("Adresse électronique générique de la collectivité : {mail}", "\n\n")
    typed = page(text.format(street="12 rue du Lavoir", answer=""))
    top = max(w.box[3] for w in typed.words if w.text == "Valmont" and w.box[0] > 300) + 8
    rows = [(40, 0, "Adresse électronique"), (40, 12, "générique de la"), (40, 24, "collectivité")]
    rows += [(250, 6, "mairie@valmont-"), (250, 18, "sur-orge.fr")]
    words = list(typed.words)
    for x, y, shown in rows:
        for part in shown.split(" "):
            words.append(Word(text=part, box=(x, top + y, x + 6.0 * len(part), top + y + 9), size=9.0))
            x += 6 * (len(part) + 1)
    low, high = top - 3, top + 36
    rulings = [Ruling(box=(x, low, x, high)) for x in (38.0, 245.0, 500.0)]
    rulings += [Ruling(box=(38.0, y, 500.0, y)) for y in (low, high)]
    moved = [
        w if w.box[1] < top or w in words[len(typed.words) :]
        else replace(w, box=(w.box[0], w.box[1] + 20, w.box[2], w.box[3] + 20))
        for w in words
    ]  # fmt: skip
    sheet = Page(number=1, width=842.0, height=900.0, words=tuple(moved), rulings=tuple(rulings))
    found = extract.extract((sheet,), Context())
    assert found is not None
    assert found.fields["functional_email"].value == "mairie@valmont-sur-orge.fr"


def ticked(boxes: list[tuple[str, float, float, bool]]) -> Extraction:
    """A question in a ruled cell of two lines, its answers in the next: word or box, place across, line, ticked."""
    typed = page(ACCOUNT.format(street="12 rue du Lavoir", mail="mairie@valmont.fr", answer=""))
    top = next(w.box[1] for w in typed.words if w.text == "Utilisez-vous")
    words = []
    for w in typed.words:
        x0, y0, x1, y1 = w.box
        if y0 == top and w.text in ("convocation", "électronique", "?"):
            words.append(replace(w, box=(x0 - 210, y0 + 12, x1 - 210, y1 + 12)))
        else:
            words.append(w if y0 <= top else replace(w, box=(x0, y0 + 20, x1, y1 + 20)))
    ticks = []
    for text, x, line, state in boxes:
        y = top + 12 * line
        if text:
            words.append(Word(text=text, box=(x, y, x + 18, y + 9), size=9.0))
        else:
            ticks.append(Tick(box=(x, y, x + 9, y + 9), state=state))
    rulings = [Ruling(box=(x, top - 3, x, top + 24)) for x in (38.0, 340.0, 420.0)]
    rulings += [Ruling(box=(38.0, y, 420.0, y)) for y in (top - 3, top + 24)]
    sheet = Page(number=1, width=842.0, height=900.0, words=tuple(words), ticks=tuple(ticks), rulings=tuple(rulings))
    found = extract.extract((sheet,), Context())
    assert found is not None
    return found


@pytest.mark.parametrize("yes", [True, False])
def test_an_answer_s_box_in_its_cell_s_second_line(yes: bool) -> None:
    found = ticked([("Oui", 345, 0, False), ("", 366, 0, yes), ("Non", 380, 0, False), ("", 345, 1, not yes)])
    assert found.fields["already_customer"].value is yes
    found = ticked([("", 345, 0, yes), ("Oui", 360, 0, False), ("", 384, 0, not yes), ("Non", 345, 1, False)])
    assert found.fields["already_customer"].value is yes
