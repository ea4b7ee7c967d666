"""Reading from the top: a mail with good and bad files, one bare document, and a version that follows the sources."""

from __future__ import annotations

import hashlib
from email.message import EmailMessage

import pytest

from fixtures.make_forms import BLANK, FILLED
from parsers import document
from parsers import read as reading_module
from parsers.read import read
from parsers.records import Context, Piece


def _mail(*files: tuple[str, bytes]) -> bytes:
    message = EmailMessage()
    message["From"] = "Mairie <mairie@fontaine.example>"
    message["To"] = "groupement@example.org"
    message["Subject"] = "Bon de commande"
    message["Date"] = "Tue, 03 Mar 2026 10:00:00 +0100"
    message["Message-ID"] = "<a@fontaine.example>"
    message.set_content("Bonjour,\n\nVeuillez trouver ci-joint nos documents.\n\nCordialement")
    for name, data in files:
        message.add_attachment(data, maintype="application", subtype="pdf", filename=name)
    return message.as_bytes()


ORDER = (FILLED / "lot2-order.pdf").read_bytes()


def test_one_bad_file_stops_no_other() -> None:
    result = read(_mail(("vide.pdf", b""), ("casse.pdf", b"%PDF-1.7\n\x00"), ("bc.pdf", ORDER)), "m.eml", Context())
    assert [(p.name, p.kind, [f.code for f in p.findings]) for p in result.pieces] == [
        ("vide.pdf", "other", ["empty"]),
        ("casse.pdf", "other", ["unreadable"]),
        ("bc.pdf", "purchase_order", []),
    ] or [f.code for f in result.pieces[1].findings] == ["truncated"]
    assert result.mail is not None
    assert result.mail.message_id == "<a@fontaine.example>"


def test_a_reader_that_fails_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = document.read_document

    def fragile(data: bytes, name: str, media_type: str, context: Context) -> list[Piece]:
        if name == "a.pdf":
            raise ZeroDivisionError("secret content")
        return whole(data, name, media_type, context)

    monkeypatch.setattr(document, "read_document", fragile)
    first, second = read(_mail(("a.pdf", ORDER), ("b.pdf", ORDER)), "m.eml", Context()).pieces
    assert [f.code for f in first.findings] == ["unreadable"]
    assert "secret" not in first.review[0]
    assert first.sha256 == second.sha256 == hashlib.sha256(ORDER).hexdigest()
    assert second.kind == "purchase_order"
    assert not second.findings


def test_a_bare_document_has_no_mail() -> None:
    result = read(ORDER, "bc.pdf", Context())
    assert result.mail is None
    assert result.to_json()["source"] == "bc.pdf"
    assert result.pieces[0].form == "cig-lot2-order"


@pytest.mark.parametrize("path", sorted(BLANK.glob("*.pdf")), ids=lambda p: p.stem)
def test_each_blank_form_is_known_and_known_to_be_blank(path) -> None:
    (piece,) = read(path.read_bytes(), path.name, Context()).pieces
    assert [f.code for f in piece.findings] == ["blank"]
    assert piece.form is not None
    assert piece.signature == "none"
    lot = path.name.split("_")[1].removeprefix("lot")
    if lot.isdigit():
        assert piece.lots == (lot,)


def test_bundle_parts_are_named_by_their_pages() -> None:
    import io

    import pikepdf

    bundle = pikepdf.open(FILLED / "lot2-order-flat-signed.pdf")
    bundle.pages.extend(pikepdf.open(FILLED / "lot3-account-flat.pdf").pages)
    out = io.BytesIO()
    bundle.save(out)
    pieces = read(out.getvalue(), "dossier.pdf", Context()).pieces
    assert [(p.name, p.form, p.pages) for p in pieces] == [
        ("dossier.pdf#1-1", "cig-lot2-order", (1, 1)),
        ("dossier.pdf#2-2", "cig-lot3-account", (2, 2)),
    ]
    assert {f.page for f in pieces[1].fields.values()} == {2}


def test_the_version_is_a_digest() -> None:
    assert reading_module.parser_version() == reading_module.PARSER_VERSION
    assert len(reading_module.PARSER_VERSION) == 16
