# ruff: noqa: E501  (heads of MIME parts stand as they came, one a line)
"""Every file of a message, whatever it is wrapped in, under its path; what does not open says what to do."""

from __future__ import annotations

import base64
import io
import re
import time
import zipfile
import zlib
from email.message import EmailMessage

import pytest
from asn1crypto import cms, core
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from parsers import sniff
from parsers.containers import Leaf, open_file
from parsers.mail import parse_mail
from parsers.records import Limits
from tests.parsers.outlook_files import msg, tnef

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
PDF2 = PDF + b"% two\n"


def picture(width: int, height: int, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(out, kind)
    return out.getvalue()


def zipped(files: dict[str, bytes], **kw: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **kw) as z:
        for name, data in files.items():
            z.writestr(name, data)
    return out.getvalue()


def signed(data: bytes) -> bytes:
    return cms.ContentInfo(
        {
            "content_type": "signed_data",
            "content": cms.SignedData(
                {
                    "version": "v1",
                    "digest_algorithms": [],
                    "encap_content_info": {"content_type": "data", "content": data},
                    "signer_infos": [],
                }
            ),
        }
    ).dump()


def enveloped() -> bytes:
    return cms.ContentInfo(
        {
            "content_type": "enveloped_data",
            "content": cms.EnvelopedData(
                {
                    "version": "v0",
                    "recipient_infos": [],
                    "encrypted_content_info": {
                        "content_type": "data",
                        "content_encryption_algorithm": {
                            "algorithm": "aes256_cbc",
                            "parameters": core.OctetString(b"0" * 16),
                        },
                        "encrypted_content": b"x" * 32,
                    },
                }
            ),
        }
    ).dump()


def part(data: bytes, head: str) -> str:
    return f"--b\r\n{head}\r\nContent-Transfer-Encoding: base64\r\n\r\n{base64.encodebytes(data).decode()}\r\n"


def mixed(*parts: str, text: str = "--b\r\nContent-Type: text/plain\r\n\r\nBonjour, voici.\r\n") -> bytes:
    return (
        'From: lea@example.org\r\nSubject: Dossier\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        + text
        + "".join(parts)
        + "--b--\r\n"
    ).encode()


def leaves(*parts: str) -> tuple[Leaf, ...]:
    return parse_mail(mixed(*parts)).leaves


def names(found: tuple[Leaf, ...]) -> list[str]:
    return [x.name for x in found]


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ('Content-Type: application/pdf; name="BC.pdf"\r\nContent-Disposition: attachment; filename="BC.pdf"', "BC.pdf"),
        ('Content-Type: application/pdf; name="=?utf-8?Q?BC_sign=C3=A9=2Epdf?="', "BC signé.pdf"),
        ('Content-Type: x/y\r\nContent-Disposition: attachment; filename="=?iso-8859-1?Q?BC_sign=E9?=\r\n =?iso-8859-1?Q?=2Epdf?="', "BC signé.pdf"),
        ("Content-Type: x/y\r\nContent-Disposition: attachment; filename==?utf-8?B?QkMgc2lnbsOpLnBkZg==?=", "BC signé.pdf"),
        ("Content-Type: x/y\r\nContent-Disposition: attachment; filename*=UTF-8''BC%20sign%C3%A9.pdf", "BC signé.pdf"),
        ("Content-Type: x/y\r\nContent-Disposition: attachment; filename*=UTF-8''BC%20signe%CC%81.pdf", "BC signé.pdf"),
        ("Content-Type: x/y\r\nContent-Disposition: attachment; filename*=iso-8859-1''BC%20sign%E9.pdf", "BC signé.pdf"),
        ("Content-Type: x/y\r\nContent-Disposition: attachment;\r\n filename*0*=UTF-8''BC%20si;\r\n filename*1*=gn%C3%A9;\r\n filename*2=\".pdf\"", "BC signé.pdf"),
        ("Content-Type: x/y\r\nContent-Disposition: attachment; filename=BC_sign.pdf; size=3", "BC_sign.pdf"),
        ('Content-Type: x/y\r\nContent-Disposition: attachment; filename="C:\\\\Users\\\\lea\\\\BC.pdf"', "BC.pdf"),
        ('Content-Type: x/y\r\nContent-Disposition: attachment; filename="../../etc/BC.pdf"', ".._.._etc_BC.pdf"),
        ('Content-Type: x/y\r\nContent-Disposition: attachment; filename="BC\u202efdp.pdf"', "BCfdp.pdf"),
        ('Content-Type: x/y\r\nContent-Disposition: attachment; filename="BC signé.pdf"', "BC signé.pdf"),
        ("Content-Type: application/octet-stream\r\nContent-Disposition: attachment", "document-1.pdf"),
        ("Content-Type: application/pdf", "document-1.pdf"),
        ('Content-Type: text/plain; name="BC.pdf"', "BC.pdf"),
    ],
)  # fmt: skip
def test_names_in_every_dialect(head: str, name: str):
    found = leaves(part(PDF, head))
    assert [(x.name, x.data, x.media_type) for x in found] == [(name, PDF, sniff.PDF)]
    assert found[0].named is not name.startswith("document-")


def test_a_raw_latin_1_name():
    data = mixed(part(PDF, 'Content-Disposition: attachment; filename="BC signé.pdf"')).decode().encode("iso-8859-1")
    assert names(parse_mail(data).leaves) == ["BC signé.pdf"]


def test_an_unnamed_text_part_that_is_a_pdf_is_a_piece():
    assert names(leaves(part(PDF, "Content-Type: text/plain"))) == ["document-1.pdf"]


def test_base64_under_a_wrong_label():
    raw = f"--b\r\nContent-Type: application/pdf; name=BC.pdf\r\n\r\n{base64.encodebytes(PDF * 3).decode()}\r\n"
    assert leaves(raw)[0].data == PDF * 3


def test_an_empty_file_is_a_piece():
    found = leaves(part(b"", 'Content-Type: application/pdf; name="BC.pdf"'))
    assert [(x.name, x.data, x.media_type) for x in found] == [("BC.pdf", b"", "application/pdf")]


def test_the_whole_mail_is_a_pdf():
    data = b"From: scanner@example.org\r\nContent-Type: application/pdf; name=scan.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    assert names(parse_mail(data + base64.encodebytes(PDF)).leaves) == ["scan.pdf"]


@pytest.mark.parametrize(
    ("data", "head", "kept"),
    [
        (picture(120, 40), "Content-Type: image/png; name=image001.png\r\nContent-Disposition: inline\r\nContent-ID: <logo>", False),
        (picture(120, 40), "Content-Type: image/png; name=logo.png\r\nContent-Disposition: attachment\r\nContent-ID: <logo>", False),
        (picture(1, 1), "Content-Type: image/gif; name=p.gif", False),
        (picture(1600, 300), "Content-Type: image/png; name=banniere.png\r\nContent-Disposition: inline\r\nContent-ID: <logo>", False),
        (picture(300, 300), "Content-Type: image/png; name=tampon.png\r\nContent-Disposition: inline", False),
        (picture(1500, 2000, "JPEG"), "Content-Type: image/jpeg; name=IMG_1.jpeg\r\nContent-Disposition: inline\r\nContent-ID: <logo>", True),
        (picture(1500, 2000, "JPEG"), "Content-Type: image/jpeg; name=image001.jpg\r\nContent-Disposition: inline", True),
        (picture(400, 400, "JPEG"), "Content-Type: image/jpeg; name=bon.jpg\r\nContent-Disposition: attachment", True),
        (PDF, "Content-Type: application/pdf; name=BC.pdf\r\nContent-Disposition: inline\r\nContent-ID: <logo>", True),
        (b"BEGIN:VCARD\r\nEND:VCARD\r\n", "Content-Type: text/vcard; name=lea.vcf", False),
        (b"BEGIN:VCALENDAR\r\n", "Content-Type: text/calendar; method=REQUEST", False),
        (signed(b""), "Content-Type: application/pkcs7-signature; name=smime.p7s", False),
        (b"-- \r\nliste", "Content-Type: text/plain; name=ATT00001.txt\r\nContent-Disposition: attachment", False),
        (PDF, "Content-Type: application/octet-stream; name=ATT00001.dat\r\nContent-Disposition: attachment", True),
        (tnef([("BC.pdf", PDF)]), "Content-Type: application/octet-stream; name=ATT00002.dat", True),
        (b"<html><p>liste</p></html>", "Content-Type: text/html; name=ATT00002.htm\r\nContent-Disposition: attachment", False),
        (b"Bon de commande no 12", "Content-Type: text/plain; name=commande.txt\r\nContent-Disposition: attachment", True),
        (picture(900, 60), "Content-Type: image/png; name=Outlook-abcd.png\r\nContent-Disposition: attachment", False),
    ],
)  # fmt: skip
def test_what_the_mail_program_drew_is_no_piece(data: bytes, head: str, kept: bool):
    html = '--b\r\nContent-Type: text/html\r\n\r\n<p>Bonjour</p><img src="cid:logo">\r\n'
    assert bool(parse_mail(mixed(part(data, head), text=html)).leaves) is kept


def test_zip_in_zip_with_folders():
    inner = zipped({"fiche.pdf": PDF2})
    data = zipped(
        {"BC/": b"", "BC/Bon signé.pdf": PDF, "__MACOSX/BC/._Bon": b"x", ".DS_Store": b"x", "suite.zip": inner}
    )
    found = leaves(part(data, 'Content-Type: application/octet-stream; name="dossier.zip"'))
    assert [(x.name, x.data) for x in found] == [
        ("dossier.zip/BC/Bon signé.pdf", PDF),
        ("dossier.zip/suite.zip/fiche.pdf", PDF2),
    ]


@pytest.mark.parametrize("page", ["utf-8", "cp850", "cp1252"])
def test_zip_names_of_every_code_page(page: str):
    raw = "Délibération signée à Étain.pdf".encode(page)
    data = zipped({"N" * len(raw): PDF}).replace(b"N" * len(raw), raw)
    assert names(open_file(data, "d.zip", Limits())) == ["d.zip/Délibération signée à Étain.pdf"]


def locked(data: bytes) -> bytes:
    """The same zip with the encryption flag set on every entry."""
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for m in reversed(list(re.finditer(re.escape(mark), data))):
            i = m.start() + at
            data = data[:i] + bytes([data[i] | 1]) + data[i + 1 :]
    return data


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (locked(zipped({"BC.pdf": PDF})), "d.zip", "container_encrypted"),
        (zipped({"BC.pdf": PDF})[:-20], "d.zip", "unreadable"),
        (zipped({}), "d.zip", "empty"),
        (zipped({"vide/": b""}), "d.zip", "empty"),
        (b"7z\xbc\xaf\x27\x1c" + b"\0" * 40, "d.7z", "unreadable"),
        (b"Rar!\x1a\x07\x01\x00" + b"\0" * 40, "d.rar", "unreadable"),
        (enveloped(), "smime.p7m", "container_encrypted"),
        (signed(PDF)[:30], "BC.pdf.p7m", "unreadable"),
        (tnef([("BC.pdf", PDF)])[:20] + b"\xff" * 30, "winmail.dat", "unreadable"),
        (msg("s", "b", [])[:700], "m.msg", "unreadable"),
        (zipped({"zeros.bin": b"\0" * 30_000_000}), "bombe.zip", "bomb"),
        (zipped({f"{i}.pdf": PDF for i in range(300)}), "bombe.zip", "bomb"),
    ],
)
def test_what_does_not_open_says_what_to_do(data: bytes, name: str, code: str):
    found = open_file(data, name, Limits())
    assert [f.code for x in found for f in x.findings] == [code]
    text = found[-1].findings[0].text
    assert name in text
    assert "merci de" in text
    assert (found[-1].name, found[-1].data) == (name, data)


def test_a_zip_whose_size_is_forged_stops_at_the_limit():
    data = zipped({"a.bin": zlib.compress(b"") + bytes(range(256)) * 4000})
    found = open_file(data, "d.zip", Limits(bytes=100_000))
    assert [f.code for x in found for f in x.findings] == ["bomb"]


def test_bombs_in_bombs_share_one_budget():
    data = zipped({f"{i}.txt": b"commande " * 2000 for i in range(20)})
    for level in range(3):
        data = zipped({f"{level}-{i}.zip": data for i in range(12)})
    found = open_file(data, "d.zip", Limits())
    assert len(found) <= Limits().parts + 5
    assert any(f.code == "bomb" for x in found for f in x.findings)


def test_containers_nest_no_deeper_than_the_limit():
    data = PDF
    for _ in range(8):
        data = zipped({"d.zip" if data is not PDF else "BC.pdf": data})
    found = open_file(data, "d.zip", Limits(depth=4))
    assert [f.code for x in found for f in x.findings] == ["bomb"]


def test_the_sound_files_of_a_damaged_zip_are_read():
    data = bytearray(zipped({"a.pdf": PDF, "b.pdf": b"%PDF-1.4 " + bytes(range(256)) * 9}, compresslevel=0))
    at = data.index(bytes(range(100, 200)))
    data[at] ^= 0xFF
    found = open_file(bytes(data), "d.zip", Limits())
    assert [(x.name, [f.code for f in x.findings]) for x in found] == [("d.zip/a.pdf", []), ("d.zip", ["unreadable"])]


def forwarded(subject: str, **kw: str) -> EmailMessage:
    inner = EmailMessage()
    inner["From"], inner["Subject"] = "paul@example.org", subject
    inner.set_content("Voici le bon.")
    inner.add_attachment(PDF, maintype="application", subtype="pdf", filename="BC.pdf")
    outer = EmailMessage()
    outer["From"], outer["Subject"] = "lea@example.org", "TR: " + subject
    outer.set_content("Pour suite à donner.")
    outer.add_attachment(inner, **kw)
    return outer


def test_a_forwarded_message_is_named_after_its_file_or_its_subject():
    p = parse_mail(forwarded("Bon de commande", filename="Bon.eml").as_bytes())
    assert names(p.leaves) == ["Bon.eml/BC.pdf"]
    assert p.mail.body == "Pour suite à donner."
    assert names(parse_mail(forwarded("Bon: lot 1/2").as_bytes()).leaves) == ["Bon: lot 1_2.eml/BC.pdf"]


def test_a_message_attached_as_a_file_and_one_in_base64():
    inner = forwarded("x").as_bytes()
    found = leaves(part(inner, 'Content-Type: application/octet-stream; name="mail.eml"'))
    assert names(found) == ["mail.eml/x.eml/BC.pdf"]
    found = leaves(part(inner, 'Content-Type: message/rfc822; name="mail.eml"'))
    assert names(found) == ["mail.eml/x.eml/BC.pdf"]


def test_outlook_messages_and_messages_in_them():
    data = msg(
        "Bon signé",
        "Bonjour",
        [
            {"name": "Bon signé.pdf", "data": PDF * 200, "mime": "application/pdf"},
            {
                "name": "TR dossier",
                "message": {0x0037: "dossier"},
                "attachments": [{"name": "fiche.pdf", "data": PDF2}],
            },
            {"name": "image001.png", "data": picture(80, 30), "hidden": True},
        ],
    )
    found = leaves(part(data, 'Content-Type: application/vnd.ms-outlook; name="Bon.msg"'))
    assert [(x.name, x.data) for x in found] == [
        ("Bon.msg/Bon signé.pdf", PDF * 200),
        ("Bon.msg/TR dossier.msg/fiche.pdf", PDF2),
    ]


def test_a_bare_msg_is_a_mail():
    head = "From: Léa <lea@example.org>\r\nSubject: =?utf-8?Q?Bon_sign=C3=A9?=\r\nMessage-ID: <m1@example.org>\r\nDate: Mon, 3 Nov 2025 09:00:00 +0100\r\nContent-Type: multipart/mixed; boundary=x\r\n"
    p = parse_mail(msg("Bon signé", "Bonjour,\r\n\r\nVoici le bon.", [{"name": "Bon.pdf", "data": PDF}], headers=head))
    assert (p.mail.from_, p.mail.subject, p.mail.message_id) == ("lea@example.org", "Bon signé", "<m1@example.org>")
    assert p.mail.body == "Bonjour,\n\nVoici le bon."
    assert [(x.name, x.data) for x in p.leaves] == [("Bon.pdf", PDF)]


@pytest.mark.parametrize("long_names", [True, False])
def test_winmail_dat(long_names: bool):
    data = tnef([("Bon signé.pdf", PDF), ("fiche.pdf", PDF2)], long_names=long_names)
    found = leaves(part(data, 'Content-Type: application/ms-tnef; name="winmail.dat"'))
    assert [(x.name, x.data) for x in found] == [("winmail.dat/Bon signé.pdf", PDF), ("winmail.dat/fiche.pdf", PDF2)]


def test_a_signed_file_and_one_signed_twice():
    found = leaves(part(signed(PDF), 'Content-Type: application/pkcs7-mime; name="BC.pdf.p7m"'))
    assert [(x.name, x.data) for x in found] == [("BC.pdf.p7m/BC.pdf", PDF)]
    found = leaves(part(base64.encodebytes(signed(signed(PDF))), 'Content-Type: x/y; name="BC.pdf.p7m"'))
    assert [(x.name, x.data) for x in found] == [("BC.pdf.p7m/BC.pdf", PDF)]


@pytest.mark.parametrize(
    "label",
    [
        "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m",
        "application/x-pkcs7-mime; name=smime.p7m",
        "application/octet-stream; name=smime.p7m",
    ],
)
def test_an_opaque_signed_message_is_read_as_if_it_were_not(label: str):
    inner = mixed(part(PDF, 'Content-Type: application/pdf; name="BC.pdf"')).split(b"Subject: Dossier\r\n", 1)[1]
    data = f"From: lea@example.org\r\nSubject: s\r\nContent-Type: {label}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode()
    p = parse_mail(data + base64.encodebytes(signed(inner)))
    assert names(p.leaves) == ["smime.p7m/BC.pdf"]
    assert p.mail.body == "Bonjour, voici."


def test_a_clear_signed_message_is_read_without_its_signature():
    inner = (
        mixed(part(PDF, 'Content-Type: application/pdf; name="BC.pdf"')).split(b"Subject: Dossier\r\n", 1)[1].decode()
    )
    data = (
        "From: lea@example.org\r\nContent-Type: multipart/signed; protocol=application/pkcs7-signature; boundary=s\r\n\r\n"
        f"--s\r\n{inner}\r\n--s\r\nContent-Type: application/octet-stream; name=smime.p7s\r\n\r\nMIIB\r\n--s--\r\n"
    )
    p = parse_mail(data.encode())
    assert (names(p.leaves), p.mail.body) == (["BC.pdf"], "Bonjour, voici.")


def test_an_encrypted_message_says_so():
    data = b"From: lea@example.org\r\nContent-Type: application/pkcs7-mime; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    p = parse_mail(data + base64.encodebytes(enveloped()))
    assert [(x.name, x.findings[0].code) for x in p.leaves] == [("smime.p7m", "container_encrypted")]


def test_a_message_encrypted_with_pgp_says_so():
    data = (
        b"From: lea@example.org\r\nContent-Type: multipart/encrypted; protocol=application/pgp-encrypted; boundary=e\r\n\r\n"
        b"--e\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
        b"--e\r\nContent-Type: application/octet-stream; name=encrypted.asc\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n--e--\r\n"
    )
    (leaf,) = parse_mail(data).leaves
    assert (leaf.name, leaf.findings[0].code) == ("message.pgp", "container_encrypted")


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (PDF, "x.dat", sniff.PDF),
        (b"\r\n\r\n" + PDF, "x.bin", sniff.PDF),
        (b"", "x.pdf", sniff.UNKNOWN),
        (zipped({"word/document.xml": b"<w/>", "[Content_Types].xml": b""}), "x.zip", sniff.DOCX),
        (zipped({"xl/workbook.xml": b"<w/>", "[Content_Types].xml": b""}), "x.doc", sniff.XLSX),
        (zipped({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b""}), "x", sniff.ODT),
        (zipped({"mimetype": b"application/vnd.oasis.opendocument.text-web", "content.xml": b""}), "x.odt", sniff.ODT),
        (zipped({"mimetype": b"application/vnd.oasis.opendocument.text-template"}), "x.ott", sniff.ODT),
        (zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet-template"}), "x.ots", sniff.ODS),
        (zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}), "x", sniff.ODS),
        (zipped({"a.pdf": PDF}, compresslevel=0), "x.pdf", sniff.ZIP),
        (zipped({"word/document.xml": b"<w/>" * 50, "[Content_Types].xml": b""})[:90], "BC.docx", sniff.DOCX),
        (picture(5, 5), "BC.pdf", "image/png"),
        (picture(5, 5, "JPEG"), "x", "image/jpeg"),
        (picture(5, 5, "TIFF"), "x", "image/tiff"),
        (picture(5, 5, "BMP"), "x", "image/bmp"),
        (picture(5, 5, "WEBP"), "x", "image/webp"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "x", "image/heic"),
        (msg("s", "b", []), "x", sniff.MSG),
        (tnef([("BC.pdf", PDF)]), "x", sniff.TNEF),
        (signed(PDF), "x", sniff.P7M),
        (b"<!DOCTYPE html><html></html>", "BC.pdf", sniff.HTML),
        (b"From: a@b\r\nSubject: x\r\nDate: y\r\n\r\n%PDF-1.4", "x", sniff.EML),
        (b"0 article, total 0,00 EUR\r\n", "x", sniff.TEXT),
        ("Bon de commande n° 12".encode("cp1252"), "x", sniff.TEXT),
        (b"BMW commande", "x", sniff.TEXT),
        (b"\x00\x01\x02\x03" * 30, "x", sniff.UNKNOWN),
    ],
    ids=lambda v: v if isinstance(v, str) else "bytes",  # a zip holds its hour: workers must name tests alike
)
def test_types_from_the_bytes(data: bytes, name: str, kind: str):
    assert sniff.media_type(data, name) == kind


SEEDS = [
    zipped({"a.pdf": PDF}),
    signed(PDF),
    tnef([("a.pdf", PDF)]),
    msg("s", "b", [{"name": "a", "data": PDF}]),
    forwarded("s").as_bytes(),
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SEEDS), st.integers(0, 10_000), st.binary(max_size=8), st.integers(0, 12_000))
def test_no_damage_raises(seed: bytes, at: int, noise: bytes, end: int):
    data = (seed[: at % len(seed)] + noise + seed[at % len(seed) + len(noise) :])[: max(end % (len(seed) * 2), 4)]
    for leaf in open_file(data, "x.dat", Limits()):
        assert leaf.name


@pytest.mark.timeout(30)
def test_a_winmail_dat_that_claims_four_thousand_million_properties_is_read_to_its_end():
    whole = tnef([("a.pdf", PDF)])
    at = whole.index((0x9005).to_bytes(2, "little")) + 8  # after the attribute's id, type and length
    found = open_file(whole[:at] + b"\xff\xff\xff\xff" + whole[at + 4 :], "x.dat", Limits())
    assert [leaf.data for leaf in found] == [PDF]


HEAD = b"From: a@example.org\r\n"
HTML = HEAD + b"Content-Type: text/html\r\n\r\n"


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "data",
    [
        HTML + b"<![" * 600_000,
        HTML + b"<blockquote type=cite>" * 100_000,
        HTML + b"<div style='display:none'>" * 100_000,
        HTML + b"<p " * 500_000,
        HTML + b"&" * 1_500_000,
        HEAD + b"\r\n" + b"Le 3 nov. 2025, Paul a \xc3\xa9crit :\r\n" * 60_000,
        HEAD + b"\r\n" + b"Cordialement\r\n" * 100_000,
        HEAD + b"\r\n" + b"De : x\r\n" * 100_000,
        HEAD + b"\r\n" + b"> " * 700_000,
        HEAD + b"\r\n" + b"je suis " * 200_000,
        HEAD + b"Subject: " + b"=?utf-8?Q?" * 200_000 + b"\r\n\r\nx",
        HEAD + b"Subject: " + b"=?utf-8?Q?a?= " * 100_000 + b"\r\n\r\nx",
        b"From: " + b"a@b.fr, " * 100_000 + b"\r\n\r\nx",
        b"From: " + b"(" * 200_000 + b"\r\n\r\nx",
        HEAD + b"Content-Type: x/y; " + b"name*0=a; " * 50_000 + b"\r\n\r\nx",
        HEAD + b"X-A: b\r\n" * 100_000 + b"\r\nx",
        HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 20_000,
        HEAD + b"Content-Type: multipart/mixed\r\n\r\n" + b"--b \r\n" * 200_000,
        HEAD + b"Content-Type: application/ms-tnef\r\n\r\n\x78\x9f\x3e\x22" + b"\x00" * 3_000_000,
    ],
    ids=lambda d: d[:60].decode("latin-1") + f"… {len(d)}",
)
def test_what_is_made_to_take_long_takes_no_time(data: bytes):
    start = time.process_time()
    parse_mail(data)
    assert time.process_time() - start < 8
