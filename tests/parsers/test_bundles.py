from __future__ import annotations

import pytest

from parsers import bundles
from parsers.page import Document, Page
from parsers.records import Context
from tests.parsers.typed import document

ORDER = "#BON DE COMMANDE\nN° 2026-17\nSIRET 219 106 523 00018\n\nDésignation   Montant HT\nActes   10,00\n"
OTHER = "#BON DE COMMANDE\nN° 2026-18\nSIRET 219 106 523 00018\n\nDésignation   Montant HT\nPES   10,00\n"
FORM = "#FICHE DE RENSEIGNEMENT DE COMPTE\nDénomination : Valmont\n"
PROSE = "La présente convention prend effet à sa signature et s'éteint au terme du marché.\nSuite du texte.\n"
ANNEX = "#ANNEXE 1\nListe des utilisateurs du service\n"


def cut(*texts: str) -> list[tuple[int, int]]:
    return list(bundles.cut(document(*texts), Context()))


@pytest.mark.parametrize(
    ("texts", "parts"),
    [
        ((ORDER,), [(1, 1)]),
        ((ORDER, FORM), [(1, 1), (2, 2)]),
        ((ORDER, OTHER), [(1, 1), (2, 2)]),  # another number
        ((ORDER, ORDER), [(1, 2)]),  # the head repeated on a second page
        ((ORDER, PROSE, FORM), [(1, 2), (3, 3)]),
        ((ORDER, ANNEX), [(1, 2)]),
        (("#CONVENTION\nEntre les soussignés\n", PROSE, "#AVENANT\nEntre les soussignés\n"), [(1, 2), (3, 3)]),
        ((ORDER + "\nPage 1/2", ORDER + "\nPage 2/2", FORM), [(1, 2), (3, 3)]),
        ((ORDER + "\nPage 1/1", ORDER + "\nPage 1/1"), [(1, 1), (2, 2)]),
    ],
)
def test_cuts(texts: tuple[str, ...], parts: list[tuple[int, int]]) -> None:
    assert cut(*texts) == parts


def test_two_bodies_with_the_same_title_are_two_documents() -> None:
    other = ORDER.replace("N° 2026-17\n", "").replace("219 106 523 00018", "217 802 453 00019")
    assert cut(ORDER.replace("N° 2026-17\n", ""), other) == [(1, 1), (2, 2)]


def test_empty_pages_belong_to_the_one_before() -> None:
    pages = (*document(ORDER).pages, Page(number=2, width=595.0, height=842.0))
    assert bundles.cut(Document(pages=pages, source_type="text_pdf"), Context()) == ((1, 2),)
    assert bundles.cut(Document(pages=(), source_type="text_pdf"), Context()) == ()
