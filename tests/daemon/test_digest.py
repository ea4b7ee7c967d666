"""The digest: what waits comes first, figures agree, the workbook holds every dossier and no formula."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import json

import pytest
from openpyxl import load_workbook
from PIL import Image

from daemon.digest.digest import digest, letter, workbook
from daemon.digest.example import UNTIL, busy, quiet
from daemon.digest.facts import STATES, DigestFacts, DossierLine
from daemon.letters.compose import compose
from daemon.letters.examples.facts import CIG
from daemon.letters.render import Renderer

RENDERER = Renderer()


def text(facts: DigestFacts) -> str:
    made, pictures, attachments = digest(facts)
    names = [name for name, _, _ in attachments]
    words = RENDERER.render([made], role="coordinator", pictures=pictures, attachments=names).text
    return " ".join(words.replace("\u00a0", " ").replace("\u202f", " ").split())


def test_a_busy_day() -> None:
    said = text(busy())
    assert "a reçu 12 messages (18 documents nouveaux) et envoyé 19 lettres" in said
    assert "pour un objectif de 7 jours" in said
    assert (
        said.index("CIG-2-0051") < said.index("Ce qui tarde") < said.index("Qui attend quoi") < said.index("Silencieux")
    )
    assert "550 adresse inconnue" in said
    assert "Commune de Bellefosse (CIG-1-0012, CIG-2-0013)" in said
    assert "« Dematis ouvre votre compte », annoncé pour le lundi 1er décembre (Dematis)" in said


def test_the_figures_agree_with_the_dossiers() -> None:
    facts = busy()
    said = text(facts)
    waiting = sum(1 for d in facts.dossiers if d.waits_for == "member")
    assert f"{waiting} dossiers attendent l’adhérent" in said
    for _, title in {(d.lot, d.lot_title) for d in facts.dossiers}:
        active = sum(1 for d in facts.dossiers if d.lot_title == title and d.state == "active")
        assert f"{active} actifs" in said[said.index(title[1:]) :]


def test_a_quiet_week_is_one_sentence_and_says_so() -> None:
    assert quiet().quiet
    assert not busy().quiet
    _, pictures, attachments = digest(quiet())
    assert not pictures
    assert not attachments
    said = text(quiet())
    assert "rien n’attend votre réponse" in said
    assert "Ce que nous attendons" not in said


def test_its_key_is_of_the_group_and_the_day_in_paris() -> None:
    late = dataclasses.replace(busy(), until=dt.datetime(2025, 12, 4, 23, 30, tzinfo=dt.UTC))
    assert letter(late).key == "digest/cig-grande-couronne/day/2025-12-05"
    assert letter(busy()).kind == "digest"
    json.dumps(dict(letter(busy()).facts))


def test_pictures_are_small_and_told_in_words() -> None:
    _, pictures, _ = digest(busy())
    assert [p.cid for p in pictures] == ["dossiers", "courrier"]
    for picture in pictures:
        image = Image.open(io.BytesIO(picture.data))
        assert image.format == "PNG"
        assert image.width == 760
        assert len(picture.data) < 60_000
        assert len(picture.alt) > 30
    total = sum(d.received for d in busy().days)
    assert f"{total} messages reçus" in pictures[1].alt
    assert digest(busy())[1] == pictures, "the same facts give the same pictures"


def test_the_workbook_holds_every_dossier() -> None:
    facts = busy()
    name, data, _ = workbook(facts)
    assert name == "cig-grande-couronne - dossiers au 2025-12-04.xlsx"
    sheet = load_workbook(io.BytesIO(data)).worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == len(facts.dossiers) + 1
    assert {row[5] for row in rows[1:]} == {STATES[d.state] for d in facts.dossiers}
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == f"A1:N{len(rows)}"
    assert isinstance(rows[1][10], dt.datetime)


def test_a_member_that_is_named_like_a_formula_is_a_name() -> None:
    line = DossierLine(
        ref="CIG-1-0001",
        lot="1",
        lot_title="=1+1",
        member='=HYPERLINK("http://mal.example";"x")',
        state="expected",
        opened_at=UNTIL,
    )
    facts = dataclasses.replace(busy(), dossiers=(line,))
    sheet = load_workbook(io.BytesIO(workbook(facts)[1])).worksheets[0]
    assert sheet["C2"].data_type == "s"
    assert sheet["C2"].value == line.member
    assert sheet["C2"].quotePrefix
    assert "actifs" not in text(facts)


def test_long_lists_are_cut_and_say_so() -> None:
    facts = busy()
    facts = dataclasses.replace(facts, late=facts.late * 40)
    said = text(facts)
    assert said.count("annoncé pour le lundi 1er décembre") == 15
    assert "Et 25 autres lignes, dans le classeur joint." in said


def test_it_travels_with_its_pictures_and_its_workbook() -> None:
    made, pictures, attachments = digest(busy())
    mail = compose(
        [made],
        renderer=RENDERER,
        role="coordinator",
        to=["coordination@cig.example"],
        sender="cig@cig.example",
        message_id="<a@cig.example>",
        date=UNTIL,
        pictures=pictures,
        attachments=attachments,
    )
    assert [p.get_filename() for p in mail.iter_attachments()] == ["cig-grande-couronne - dossiers au 2025-12-04.xlsx"]
    assert [p["Content-ID"] for p in mail.walk() if p["Content-ID"]] == ["<dossiers>", "<courrier>"]
    assert mail["Subject"].startswith("Point du jeudi 4")


@pytest.mark.parametrize("change", [{"since": UNTIL}, {"until": dt.datetime(2025, 12, 5)}])  # noqa: DTZ001
def test_a_period_that_is_none_is_refused(change: dict[str, dt.datetime]) -> None:
    with pytest.raises(ValueError, match=r"period|naive"):
        DigestFacts(group=CIG, **({"since": UNTIL - dt.timedelta(days=1), "until": UNTIL} | change))
