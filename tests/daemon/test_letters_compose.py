"""The mail: threaded, 7-bit, its files byte for byte, its pictures within."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import io
import re
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from daemon.letters import files as filing
from daemon.letters import sheets
from daemon.letters.compose import compose, subject
from daemon.letters.examples.every import examples
from daemon.letters.files import File
from daemon.letters.render import Picture, Renderer

ALL = {e.name: e for e in examples()}
RENDERER = Renderer()
NOW = dt.datetime(2025, 12, 4, 9, 12, tzinfo=dt.UTC)


def made(name: str, **more: Any) -> tuple[EmailMessage, bytes]:
    """The mail as a reader gets it, and its bytes."""
    example = ALL[name]
    options: dict[str, Any] = {
        "renderer": RENDERER,
        "role": example.role,
        "to": ["mairie@orvilliers.example"],
        "sender": "Groupement de commandes <groupement@cig.example>",
        "message_id": "<random@cig.example>",
        "date": NOW,
    }
    raw = compose(example.letters, **(options | more)).as_bytes()
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed, raw


@pytest.mark.parametrize("name", ALL)
def test_every_mail_passes_any_relay(name: str) -> None:
    mail, raw = made(name)
    assert raw.isascii()
    assert b"\r\n" in raw
    assert not re.search(rb"[^\r]\n|\r[^\n]", raw)
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert mail["Subject"] == subject(ALL[name].letters, RENDERER, ALL[name].role)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == "<random@cig.example>"
    text, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert page is not None
    assert text.get_content().startswith("Bonjour")
    assert "<html" in page.get_content()


def test_an_answer_stands_in_its_thread() -> None:
    long = "<" + "y" * 120 + "@mail.example>"
    mail, raw = made("rappel-2", in_reply_to=long, references=["<a@b> <c@d>", "no identifier", long])
    assert mail["In-Reply-To"] == long
    assert mail["References"].split() == ["<a@b>", "<c@d>", long]
    assert b"=?" not in re.sub(rb"(?s)Subject:.*?\r\n(?=\S)", b"", raw.split(b"\r\n\r\n")[0]), (
        "an identifier was encoded"
    )
    assert mail["Auto-Submitted"] == "auto-replied"


def test_a_long_thread_keeps_its_first_and_its_last() -> None:
    thread = [f"<{i}@x>" for i in range(40)]
    kept = made("rappel-2", in_reply_to=thread[-1], references=thread)[0]["References"].split()
    assert kept[0] == "<0@x>"
    assert kept[-1] == "<39@x>"
    assert len(kept) == 12


def test_what_is_no_identifier_makes_no_thread() -> None:
    mail, _ = made("rappel-2", in_reply_to="<évil@x>\r\nBcc: a@b", references=["x"])
    assert mail["In-Reply-To"] is None
    assert mail["Bcc"] is None


def test_rehearsal_goes_to_the_operator_alone() -> None:
    mail, raw = made("rappel-2", to=["a@b.example", "c@d.example"], rehearsal="operateur@example.org")
    assert mail["To"] == "operateur@example.org"
    assert mail["Subject"].startswith("[Répétition] [CIG-3-0007]")
    body = mail.get_body(("plain",))
    assert body is not None
    assert "a@b.example et c@d.example" in body.get_content()
    assert b"a@b.example" not in raw.split(b"\r\n\r\n")[0]


def test_files_travel_byte_for_byte() -> None:
    files = [
        ("CIG-2-0042 - Étiolles - bon de commande.pdf", b"%PDF-1.7\r\n\x00\xff\nend", "application/pdf"),
        ("note.txt", b"a\r\nb\nc", "text/plain"),
        ("message.eml", b"From: a@b\n\ncorps", "message/rfc822"),
        ("sans type", b"\x00", ""),
    ]
    mail, _ = made("transmission", attachments=files)
    got = [(p.get_filename(), p.get_payload(decode=True)) for p in mail.iter_attachments()]
    assert got == [(name, data) for name, data, _ in files]


def test_pictures_travel_within() -> None:
    pictures = [Picture(cid=f"zone{i}", data=b"\x89PNG%d" % i, media_type="image/png", alt=f"Zone {i}") for i in (1, 2)]
    mail, _ = made("point-a-verifier", pictures=pictures, attachments=[("a.pdf", b"x", "application/pdf")])
    assert [p.get_content_type() for p in mail.walk() if not p.is_multipart()] == [
        "text/plain",
        "text/html",
        "image/png",
        "image/png",
        "application/pdf",
    ]
    shown = {p["Content-ID"]: p.get_payload(decode=True) for p in mail.walk() if p["Content-ID"]}
    assert shown == {"<zone1>": b"\x89PNG1", "<zone2>": b"\x89PNG2"}
    assert [p.get_filename() for p in mail.iter_attachments()] == ["a.pdf"]


def test_addresses_keep_their_names() -> None:
    mail, _ = made("rappel-2", to=["Élodie Côté <e@c.example>"], reply_to="cig@cig.example")
    assert mail["To"].addresses[0].display_name == "Élodie Côté"
    assert mail["Reply-To"] == "cig@cig.example"


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        made("rappel-2", date=dt.datetime(2025, 12, 4))  # noqa: DTZ001


def test_files_are_named_alike() -> None:
    files = [
        File(what="le bon de commande du lot 2", name="scan.pdf#1-1", sha256="a", data=b"1"),
        File(what="la fiche d’ouverture de compte", name="scan.pdf#2-3", sha256="a", data=b"1"),
        File(what="l’avenant à votre convention, signé", name="dossier.zip/IMG_0012", sha256="b", data=b"%PDF-1"),
        File(what="l’avenant à votre convention, signé", name="x.JPG", sha256="c", data=b"2"),
        File(what="l’avenant à votre convention, signé", name="y.jpg", sha256="d", data=b"3"),
    ]
    assert [(name, kind) for name, _, kind in filing.forwarded("CIG-2-0042", "Commune d’Étiolles", files)] == [
        ("CIG-2-0042 - Étiolles - bon de commande et fiche d’ouverture de compte.pdf", "application/pdf"),
        ("CIG-2-0042 - Étiolles - avenant à votre convention.pdf", "application/pdf"),
        ("CIG-2-0042 - Étiolles - avenant à votre convention.jpg", "image/jpeg"),
        ("CIG-2-0042 - Étiolles - avenant à votre convention (2).jpg", "image/jpeg"),
    ]


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_file_name_can_stand_in_any_folder(member: str, name: str) -> None:
    [(made_name, _, _)] = filing.forwarded("CIG-2-0042", member, [File(what="x", name=name, sha256="a", data=b"")])
    assert not re.search(r'[<>:"/\\|?*\x00-\x1f]', made_name)
    assert made_name.startswith("CIG-2-0042 -")
    assert len(made_name) <= 120


def cells(data: bytes) -> list[list[Any]]:
    sheet = load_workbook(io.BytesIO(data)).worksheets[0]
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def test_the_summary_says_who_and_what() -> None:
    name, data, kind = filing.summary_sheet(ALL["transmission"].letters[0].facts)
    assert name == "CIG-2-0042 - Orvilliers-le-Pont - fiche de synthèse.xlsx"
    assert kind == sheets.MEDIA_TYPE
    rows = cells(data)
    assert ["SIRET", "21910652300018", None, None] in rows
    assert ["Formation à distance", 1, 130, 130] in rows
    assert [None, None, "Total HT", 226] in rows
    assert ["Bon de commande du lot 2", "p1.pdf", None, None] in rows


def test_a_list_holds_every_member() -> None:
    _, data, _ = filing.members_sheet(ALL["liste"].letters[0].facts)
    rows = cells(data)
    assert rows[0][:2] == ["Adhérent", "UAI"]
    assert [row[1] for row in rows[1:]] == ["0541234K", "0571122M"]


@pytest.mark.parametrize(
    "text", ["=1+1", "+33", "-2", "@SUM(A1)", '=HYPERLINK("http://mal.example")', "\t=1", "a\x00b\x0b"]
)
def test_a_formula_is_a_text(text: str) -> None:
    book = sheets.workbook(NOW)
    sheets.table(book, "Essai [1]: a/b", ["Colonne"], [[text]])
    sheet = load_workbook(io.BytesIO(sheets.save(book))).worksheets[0]
    cell = sheet["A2"]
    assert cell.data_type in ("s", "inlineStr")
    assert cell.value.strip() == re.sub(r"[\x00\x0b]", "", text).strip()
    assert cell.quotePrefix == (text[0] in "=+-@\t")
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:A2"
