"""What goes with a letter, on the real books: papers filled from other papers, files byte for byte, the page's zone."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from daemon.letters.attachments import pictures
from daemon.store.models import LetterRow
from fixtures import scene
from parsers.read import read
from parsers.records import Context
from tests.daemon.town import Town

MAILBOX = "dematerialisation-mp@cigversailles.fr"
TOWN = scene.Body(
    name="Commune de Valmondière", siret=scene.siret("21910777"), email="j.lefevre@valmondiere.example",
    functional="mairie@valmondiere.example", city="Valmondière",
)  # fmt: skip


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path, census=TOWN.row("5"))


def order(body: scene.Body, name: str = "BC.pdf") -> bytes:
    return scene.mail(
        body,
        MAILBOX,
        "Bon de commande",
        "Bonjour,\n\nVoici.",
        {name: scene.order(body, "5")},
        message_id="a@valmondiere.example",
    )


def test_the_missing_form_comes_filled_from_the_order(town: Town) -> None:
    town.deliver(order(TOWN))
    town.run()
    [answer] = town.sent(TOWN.email)
    [paper] = list(answer.iter_attachments())
    ref = town.dossiers()["5"]["ref"]
    assert paper.get_filename() == f"{ref} - Valmondière - fiche de renseignement de compte à compléter.pdf"
    data = paper.get_payload(decode=True)
    assert isinstance(data, bytes)
    [piece] = read(data, "fiche.pdf", Context(ocr=False)).pieces
    known = {k: f.value for k, f in piece.fields.items()}
    assert (piece.kind, piece.lots) == ("account_form", ("5",))
    assert known["siret"] == TOWN.siret
    assert known["city"] == TOWN.city
    assert "signatory_name" not in known


def test_a_sender_that_nobody_knows_gets_no_paper(town: Town) -> None:
    stranger = dataclasses.replace(TOWN, email="quelquun@ailleurs.example")
    town.deliver(order(stranger))
    town.run()
    answers = [m for m in town.sent() if "coordination" not in str(m["To"])]
    assert answers
    assert [m["To"] for m in answers if list(m.iter_attachments())] == []


def test_a_question_shows_the_zone_of_the_page(town: Town) -> None:
    wrong = dataclasses.replace(TOWN, siret=TOWN.siret[:-1] + str((int(TOWN.siret[-1]) + 1) % 10))
    town.deliver(order(wrong))
    town.run()
    house = town.house()
    try:
        with house.database.session() as s:
            rows = s.scalars(select(LetterRow).where(LetterRow.template == "review_request")).unique().all()
            shown = pictures(house, s, rows)
    finally:
        house.close()
    assert [p.letter for p in shown] == [r.key for r in rows if r.facts["piece"]]
    assert shown[0].alt == "zone du document où se lit la valeur : SIRET"
    assert Image.open(io.BytesIO(shown[0].data)).width > 300
