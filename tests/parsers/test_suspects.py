"""What is set aside as none of ours: never an order under a strange title, never a form whose title was cut off."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parsers.document import extract_pages
from parsers.records import Body, Context
from parsers.sources import pdf
from tests.parsers.test_forms_filled import FILLED
from tests.parsers.typed import document

CONTEXT = Context(census=(Body(name="Lycée des Trois-Moulins", siret="35600000000048", uai="0450001A"),))
LETTER = """Lycée des Trois-Moulins
UAI 0450001A
À la société Yousign
Nous avons le plaisir de vous passer commande de ce qui suit.
Abonnement annuel            240,00
Mise en service               60,00
Total HT                     300,00"""


def _asked(text: str) -> list[str]:
    typed = document(text)
    found = extract_pages(typed, typed.pages, CONTEXT)
    assert found.kind == "other"
    return [f.text for f in found.findings]


def test_an_order_without_the_title_of_one_is_asked_about():
    assert ["ressemble à une commande" in x for x in _asked(LETTER)] == [True]


@pytest.mark.parametrize(
    "text",
    [
        LETTER.replace("commande", "vœux"),
        LETTER.replace("Yousign", "Fleurs de Loire"),
        LETTER.replace("UAI 0450001A", ""),
        LETTER.replace("240,00", "").replace("60,00", ""),
        LETTER.replace("Mise en service", "Facture n° 12"),
        "#DEVIS\n" + LETTER,
        "Le groupement de commandes de Yousign (UAI 0450001A) : 240,00 et 60,00, total 300,00",
    ],
)
def test_what_says_what_it_is_or_speaks_of_nothing_of_ours_is_left_alone(text: str):
    assert _asked(text) == []


def test_a_form_whose_title_was_cut_off_is_asked_about():
    shown = pdf.to_document((FILLED / "lot2-account-two-boxes.pdf").read_bytes(), CONTEXT.limits, ocr=False)
    page = replace(shown.pages[0], words=tuple(w for w in shown.pages[0].words if w.box[1] > 75))
    found = extract_pages(replace(shown, pages=(page,)), (page,), CONTEXT)
    assert found.kind == "other"
    assert ["ressemble à un formulaire" in f.text for f in found.findings] == [True]
