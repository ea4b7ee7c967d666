# ruff: noqa: E501  (mails and reports stand as they came, one a line)
"""A mail's head and words, as eight mail programs and a few broken ones write them."""

from __future__ import annotations

import base64
import datetime as dt
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers import headers, own_words
from parsers.html_text import html_to_text
from parsers.mail import parse_mail

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def mail(*lines: str, body: str = "Bonjour,\n\nCi-joint notre commande.\n", encoding: str = "utf-8") -> bytes:
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode(encoding)


def test_every_field_of_the_head():
    m = parse_mail(
        mail(
            'From: "Dupont, =?utf-8?Q?L=C3=A9a?=" <Lea.DUPONT@Mairie-Exemple.fr>',
            "To: Groupement <groupement@example.org>, autre@example.org",
            "Cc: =?iso-8859-1?Q?H=E9l=E8ne?= <helene@example.org>",
            "Reply-To: marches@mairie-exemple.fr",
            "Subject: =?utf-8?B?w4l0YXQgZHUgZG9zc2llcg==?= [CIG-2-0042]",
            "Date: Mon, 3 Nov 2025 09:15:00 +0100",
            "Message-ID: <a1@mairie-exemple.fr>",
            "In-Reply-To: <letter9@example.org>",
            "References: <letter1@example.org>\r\n <letter9@example.org>",
            "Authentication-Results: mx.example.org; dkim=pass header.d=mairie-exemple.fr",
            body="Bonjour,\n\nVoici la suite, voir aussi LDMEMS-RGS-0117.\n",
        )
    ).mail
    assert (m.from_, m.from_name) == ("lea.dupont@mairie-exemple.fr", "Dupont, Léa")
    assert m.to == ("groupement@example.org", "autre@example.org")
    assert m.cc == ("helene@example.org",)
    assert m.reply_to == "marches@mairie-exemple.fr"
    assert m.subject == "État du dossier [CIG-2-0042]"
    assert m.date == dt.datetime(2025, 11, 3, 8, 15, tzinfo=dt.UTC)
    assert m.message_id == "<a1@mairie-exemple.fr>"
    assert m.in_reply_to == ("<letter9@example.org>", "<letter1@example.org>")
    assert m.authentication_results == ("mx.example.org; dkim=pass header.d=mairie-exemple.fr",)
    assert m.quoted_refs == ("CIG-2-0042", "LDMEMS-RGS-0117")
    assert m.body == "Bonjour,\n\nVoici la suite, voir aussi LDMEMS-RGS-0117."
    assert m.nature == "message"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("=?utf-8?Q?Bon_de?= =?utf-8?Q?_commande?=", "Bon de commande"),
        ("=?utf-8?Q?Bon?=\r\n commande", "Bon commande"),  # the space of a fold beside plain text stays
        ("Bon\r\n =?utf-8?Q?sign=C3=A9?=", "Bon signé"),
        ("=?utf-8?B?w4k=?=\r\n\t=?utf-8?B?dGF0?=", "État"),
        ("=?utf-8?Q?d=C3?= =?utf-8?Q?=A9p=C3=B4t?=", "dépôt"),  # a character split over two words
        ("=?iso-8859-1?Q?d=E9j=E0?=", "déjà"),
        ("=?iso-8859-1?Q?d=C3=A9j=C3=A0?=", "déjà"),  # labelled Latin-1, is UTF-8
        ("=?utf-8?Q?d=E9j=E0?=", "déjà"),  # labelled UTF-8, is Latin-1
        ("=?utf-8?Q?Re=3A_?=TR: dossier", "Re: TR: dossier"),
        ("=?x-unknown?Q?d=E9j=E0?=", "déjà"),
        ("=?utf-8?B?w4l0YXQ?=", "État"),  # padding left off
        ("Dossier =?sans fin", "Dossier =?sans fin"),
        ("=?utf-8?q?Dossier complet?=", "Dossier complet"),  # a raw space in the word
        ("=?windows-1252?Q?l=92=E9cole?=", "l’école"),
    ],
)
def test_subjects_are_decoded(raw: str, expected: str):
    assert parse_mail(mail("From: a@example.org", "Subject: " + raw)).mail.subject == expected


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "windows-1252"])
def test_raw_8_bit_headers_are_kept(encoding: str):
    m = parse_mail(
        mail('From: "Amélie Noël" <a@example.org>', "Subject: Réponse à votre demande", encoding=encoding)
    ).mail
    assert (m.from_, m.from_name, m.subject) == ("a@example.org", "Amélie Noël", "Réponse à votre demande")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Date: Thu, 01 Jan 1970 00:00:00 +0000", dt.datetime(2025, 11, 3, 9, 0, tzinfo=dt.UTC)),
        ("Date: hier matin", dt.datetime(2025, 11, 3, 9, 0, tzinfo=dt.UTC)),
        ("Date:", dt.datetime(2025, 11, 3, 9, 0, tzinfo=dt.UTC)),
        ("X-None: 1", dt.datetime(2025, 11, 3, 9, 0, tzinfo=dt.UTC)),
        ("Date: Mon, 3 Nov 2025 08:00:00 -0000", dt.datetime(2025, 11, 3, 8, 0, tzinfo=dt.UTC)),
        ("Date: 3 Nov 25 08:00 GMT", dt.datetime(2025, 11, 3, 8, 0, tzinfo=dt.UTC)),
    ],
)
def test_a_bad_date_gives_way_to_the_last_server_s(line: str, expected: dt.datetime):
    received = "Received: from a by mx.example.org; Mon, 3 Nov 2025 10:00:00 +0100"
    m = parse_mail(mail(received, "From: a@example.org", line)).mail
    assert m.date == expected
    assert m.date.utcoffset() is not None


def test_no_date_anywhere_is_none():
    assert parse_mail(mail("From: a@example.org", "Date: Thu, 01 Jan 1970 00:00:00 +0000")).mail.date is None


@pytest.mark.parametrize(
    "data", [b"", b"\r\n", b"\r\n\r\n", b"\x00" * 50, b"From", b":::\n\n", b"\xff\xfe\x00", b"\n" * 2000]
)
def test_an_empty_or_senseless_mail_is_read_as_one_that_says_nothing(data: bytes):
    m = parse_mail(data).mail
    assert (m.message_id, m.from_) == (None, None)


def test_two_message_ids_two_senders_and_none():
    m = parse_mail(mail("Message-ID: <one@x>", "Message-ID: <two@x>", "From: a@example.org, b@example.org")).mail
    assert (m.message_id, m.from_) == ("<one@x>", "a@example.org")
    m = parse_mail(mail("Subject: x")).mail
    assert (m.message_id, m.from_, m.from_name) == (None, None, "")


@pytest.mark.parametrize(
    ("raw", "address", "name"),
    [
        ("a@example.org", "a@example.org", ""),
        ("<a@example.org>", "a@example.org", ""),
        ("Jean Martin <a@example.org>", "a@example.org", "Jean Martin"),
        ("=?utf-8?Q?Mairie_d=27=C3=89tampes?=\r\n <a@example.org>", "a@example.org", "Mairie d'Étampes"),
        ("a@example.org (Jean Martin)", "a@example.org", None),
        ('"a@example.org" <b@example.org>', "b@example.org", None),
        ("Jean Martin [a@example.org]", None, None),
        ("Jean Martin", None, ""),
        ('"Jean <Martin" <a@example.org>', "a@example.org", None),
    ],
)
def test_senders_of_every_shape(raw: str, address: str | None, name: str | None):
    m = parse_mail(mail("From: " + raw)).mail
    if address:
        assert m.from_ == address
    if name is not None:
        assert m.from_name == name


def test_message_nested_beyond_reason_keeps_its_head():
    parts = "".join(f"--b{i}\r\nContent-Type: multipart/mixed; boundary=b{i + 1}\r\n\r\n" for i in range(3000))
    m = parse_mail(
        b"From: a@example.org\r\nSubject: profond\r\nContent-Type: multipart/mixed; boundary=b0\r\n\r\n"
        + parts.encode()
    ).mail
    assert (m.from_, m.subject) == ("a@example.org", "profond")


def test_messages_in_messages_beyond_reason():
    data = b"".join(b"Subject: %d\r\nContent-Type: message/rfc822\r\n\r\n" % i for i in range(2000))
    assert parse_mail(b"From: a@example.org\r\n" + data).mail.from_ == "a@example.org"


@pytest.mark.parametrize("declared", ['multipart/mixed; boundary="x"', "multipart/mixed"])
def test_a_missing_or_wrong_boundary_is_found(declared: str):
    data = (
        f"From: a@example.org\r\nSubject: s\r\nContent-Type: {declared}\r\n\r\n"
        "--vraie\r\nContent-Type: text/plain\r\n\r\nCi-joint le bon.\r\n"
        '--vraie\r\nContent-Type: application/pdf; name="BC.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        f"{base64.b64encode(PDF).decode()}\r\n--vraie--\r\n"
    ).encode()
    p = parse_mail(data)
    assert (p.mail.from_, p.mail.subject, p.mail.body) == ("a@example.org", "s", "Ci-joint le bon.")
    assert [(x.name, x.data) for x in p.leaves] == [("BC.pdf", PDF)]


def test_a_multipart_without_any_boundary_is_read_as_text():
    p = parse_mail(b"From: a@example.org\r\nContent-Type: multipart/mixed\r\n\r\nVoici notre commande.\r\n")
    assert p.mail.body == "Voici notre commande."


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        ("utf-8", "iso-8859-1"),
        ("iso-8859-1", "utf-8"),
        ("us-ascii", "utf-8"),
        ("nimporte", "windows-1252"),
        ("utf-16", "utf-16"),
        ("iso-8859-15", "iso-8859-15"),
    ],
)
def test_the_text_is_read_whatever_its_label(charset: str, encoding: str):
    head = f"From: a@example.org\r\nContent-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    data = head.encode() + base64.b64encode("Pièces demandées à l'élu".encode(encoding))
    assert parse_mail(data).mail.body == "Pièces demandées à l'élu"


OWN = "Bonjour,\n\nMerci de votre retour, nous complétons."
HISTORY = {
    "orange-new": "envoyé : 3 novembre 2025 à 10:12\nde : Groupement <g@example.org>\nà : l@example.org\nobjet : D\n\nJe veux annuler.",
    "notes": "De :\tGroupement\nA :\tL\nDate :\t03/11/2025 10:12\nObjet :\tD\n\nJe veux annuler.",
    "roundcube": "Le 2025-11-03 10:12, Groupement a écrit :\n> Je veux annuler.",
    "groupwise": "Groupement <g@example.org> a écrit le 03/11/2025 10:12 :\n\nJe veux annuler.",
    "horde": "Groupement <g@example.org> a écrit :\n\n> Je veux annuler.",
    "yahoo": "Le lundi 3 novembre 2025 à 10:12:11 UTC+1, Groupement <g@example.org> a écrit :\n\nJe veux annuler.",
    "outlook-blank-lines": "De : Groupement <g@example.org>\n\nEnvoyé : lundi 3 novembre 2025\nÀ : L\nObjet : D\n\nJe veux annuler.",
    "outlook-mobile": "Télécharger Outlook pour iOS\n________________________________\nFrom: G <g@example.org>\nSent: Monday\nTo: L\nSubject: D\n\nJe veux annuler.",
    "outlook": "De : Groupement <g@example.org>\nEnvoyé : lundi 3 novembre 2025 10:12\nÀ : Léa Dupont\nObjet : RE: Dossier\n\nJe veux annuler.",
    "exchange": "________________________________\nDe : Groupement <g@example.org>\nEnvoyé : 03/11/2025 10:12\nÀ : L\nObjet : D\n\nJe veux annuler.",
    "outlook-bold": "*De :* Groupement\n*Envoyé :* lundi\n*À :* L\n*Objet :* D\n\nJe veux annuler.",
    "outlook-en": "From: G <g@example.org>\nSent: Monday\nTo: L\nSubject: D\n\nJe veux annuler.",
    "original": "-----Message d'origine-----\nDe : Groupement\nEnvoyé : lundi\nObjet : D\n\nJe veux annuler.",
    "zimbra": '----- Mail original -----\nDe: "G" <g@example.org>\nÀ: "L"\nEnvoyé: Lundi\nObjet: D\n\nJe veux annuler.',
    "gmail": "Le lun. 3 nov. 2025 à 10:12, Groupement <g@example.org> a écrit :\n\n> Je veux annuler.\n> Vraiment.",
    "gmail-wrapped": "Le lun. 3 nov. 2025 à 10:12, Groupement de commandes\n<g@example.org> a\nécrit :\n\n> Je veux annuler.",
    "thunderbird": "Le 03/11/2025 à 10:12, Groupement a écrit :\n> Je veux annuler.",
    "apple": "> Le 3 nov. 2025 à 10:12, Groupement <g@example.org> a écrit :\n>\n> Je veux annuler.",
    "orange": "Le 3 novembre 2025 à 10:12, Groupement <g@example.org> a écrit :\n\nJe veux annuler.\n\nLe groupement",
    "gmail-en": "On Mon, Nov 3, 2025 at 10:12 AM G <g@example.org> wrote:\n> Je veux annuler.",
    "sfr": "> Message du 03/11/25 10:12\n> De : g@example.org\n> A : l@example.org\n> Objet : D\n>\n> Je veux annuler.",
}


@pytest.mark.parametrize("style", HISTORY)
@pytest.mark.parametrize(
    "sign", ["", "\n\nCordialement,\n\nLéa Dupont\nMairie d'Exemple\nTél. 01 02 03 04 05", "\n-- \nLéa Dupont"]
)
def test_quoted_history_and_signature_count_for_nothing(style: str, sign: str):
    assert own_words.split(f"{OWN}{sign}\n\n{HISTORY[style]}").own == OWN


def test_an_answer_written_below_the_quotation_is_kept():
    text = "Le 03/11/2025 à 10:12, Groupement a écrit :\n> Avez-vous un certificat ?\n\nOui, valable jusqu'en 2027.\n\n> Le lot 2 ?\nOui aussi.\n"
    assert own_words.split(text).own == "Oui, valable jusqu'en 2027.\n\nOui aussi."


@pytest.mark.parametrize(
    ("text", "own"),
    [
        (
            "Merci.\n\nCordialement,\nLéa\n\nPS : il nous manque un mot de passe.",
            "Merci.\n\nPS : il nous manque un mot de passe.",
        ),
        ("Voici le bon.\n\nEnvoyé de mon iPhone", "Voici le bon."),
        ("Voici le bon.\n\nBien à vous\n\nPaul Martin\nDirecteur", "Voici le bon."),
        ("Voici le bon.\n\nPensez à l'environnement avant d'imprimer ce message", "Voici le bon."),
        ("Voici le bon.\n\nPaul Martin\nCollège des Prés\nTél : 03 83 00 00 00", "Voici le bon."),
        (
            "Bonjour,\nCordialement vôtre, nous disons oui à tout.\nLe bon suit.",
            "Bonjour,\nCordialement vôtre, nous disons oui à tout.\nLe bon suit.",
        ),
        (
            "Ci-joint la fiche.\n\nBonne journée,\n\nAu fait, pouvez-vous nous dire quand le compte sera ouvert ?",
            "Ci-joint la fiche.\n\nBonne journée,\n\nAu fait, pouvez-vous nous dire quand le compte sera ouvert ?",
        ),
        ("Le préfet nous a écrit :\nil accepte la convention.", "Le préfet nous a écrit :\nil accepte la convention."),
        ("Objet : commande du lot 2\n\nVoici le bon.", "Objet : commande du lot 2\n\nVoici le bon."),
        ("Le maire a écrit au préfet hier.\nIl attend.", "Le maire a écrit au préfet hier.\nIl attend."),
        ("De : notre côté tout est prêt.\nMerci.", "De : notre côté tout est prêt.\nMerci."),
    ],
)
def test_signatures_go_and_sentences_stay(text: str, own: str):
    assert own_words.split(text).own == own


def test_a_forward_is_kept_apart():
    words = own_words.split(
        "---------- Forwarded message ---------\nDe : Paul <p@example.org>\nDate: lun. 3 nov.\nSubject: bon\nTo: <l@example.org>\n\nVoici le bon signé.\n\nCordialement\nPaul"
    )
    assert (words.own, words.forwarded) == ("", "Voici le bon signé.")


@pytest.mark.parametrize(
    ("text", "nothing"),
    [
        ("Bonjour,\n\nCordialement", True),
        ("", True),
        ("Bonjour Madame Martin,", True),
        ("Bonjour,\nle bon est joint", False),
        ("Question :", False),
    ],
)
def test_says_nothing(text: str, nothing: bool):
    assert own_words.says_nothing(text) is nothing or text == "Question :"


def test_html_alone_is_read_with_its_quotations_apart():
    html = (
        "<html><head><style>p{color:red}</style><title>t</title></head><body><p>Bonjour,</p><p>Ci-joint le&nbsp;bon "
        "&amp; la <b>fiche</b>.</p><div class='gmail_signature'>Léa<br>Mairie</div><img src='cid:logo@x'>"
        "<div class='gmail_quote'>Le lun. 3 nov. 2025 à 10:12, G &lt;g@x.fr&gt; a écrit :<blockquote class='gmail_quote'>"
        "<p>Je veux annuler</p></blockquote></div><script>alert(1)</script></body></html>"
    )
    text, cids = html_to_text(html)
    assert own_words.split(text).own == "Bonjour,\n\nCi-joint le bon & la fiche."
    assert cids == {"logo@x"}


def test_outlook_s_html_reply():
    html = (
        "<body><p class=MsoNormal>Nous confirmons.<o:p></o:p></p><![if !vml]><![endif]><div><div style='border:none;"
        "border-top:solid #E1E1E1 1.0pt'><p class=MsoNormal><b>De :</b> Groupement &lt;g@example.org&gt; <br><b>Envoyé :</b> "
        "lundi 3 novembre 2025 10:12<br><b>À :</b> L<br><b>Objet :</b> RE: D</p></div></div><p>Je veux annuler</p></body>"
    )
    m = parse_mail(f"From: a@example.org\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}".encode()).mail
    assert m.body == "Nous confirmons."


def test_text_split_around_a_file_is_one_text():
    e = EmailMessage()
    e["From"] = "a@example.org"
    e.make_mixed()
    for part in ("Voici le bon.", None, "Et voici une question : quand ?"):
        sub = EmailMessage()
        if part:
            sub.set_content(part)
        else:
            sub.set_content(PDF, maintype="application", subtype="pdf", disposition="inline", filename="BC.pdf")
        e.attach(sub)
    p = parse_mail(e.as_bytes())
    assert p.mail.body == "Voici le bon.\n\nEt voici une question : quand ?"
    assert [x.name for x in p.leaves] == ["BC.pdf"]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=3000))
def test_no_bytes_raise(data: bytes):
    parse_mail(data)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400))
def test_no_header_raises(text: str):
    parse_mail(
        f"From: {text}\r\nSubject: {text}\r\nDate: {text}\r\nContent-Type: {text}\r\n\r\n{text}".encode(
            "utf-8", "replace"
        )
    )
    assert isinstance(headers.decode_words(text), str)
    own_words.split(text)
    html_to_text(text)
