"""Who may be believed: only what our own server wrote, only for the From's own domain, and forgers gain nothing."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from daemon.authentication import authenticity, dns_resolver
from daemon.config import Trust

OURS = Trust(authserv_id="mx.groupement.test")
RECEIVED = (
    "Received: from out.mairie.test (out.mairie.test [192.0.2.1])\r\n\tby mx.groupement.test with ESMTPS id 1\r\n"
)
INSIDE = "Received: from mx.groupement.test by store.groupement.test with LMTP id 2\r\n"
SENDER = "From: =?utf-8?q?Mairie_=40_x?= <accueil@mairie.test>\r\nTo: g@groupement.test\r\nSubject: Commande\r\n"
END = "\r\nBonjour\r\n"


def results(text: str, authserv: str = "mx.groupement.test") -> str:
    return f"Authentication-Results: {authserv};\r\n\t{text}\r\n"


def judged(*headers: str, trust: Trust = OURS) -> str:
    return authenticity(("".join(headers) + END).encode(), trust)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dmarc=pass (p=REJECT) header.from=mairie.test", "pass"),
        ("dmarc=pass header.from=autre.test", "unknown"),
        ("dmarc=pass", "unknown"),  # for whom?
        ("dmarc=fail (p=NONE) header.from=mairie.test; dkim=pass header.d=mairie.test", "fail"),
        ("dkim=pass header.d=mairie.test header.s=s1", "pass"),
        ("dkim=pass header.i=@courrier.mairie.test", "pass"),
        ("dkim=pass header.d=MAIRIE.TEST.", "pass"),
        ("dkim=pass header.d=test", "unknown"),
        ("dkim=pass header.d=faussemairie.test", "unknown"),
        ("dkim=pass header.d=mairie.test.pirate.test", "unknown"),
        ("dkim=fail header.d=mairie.test", "unknown"),
        ("dkim=fail header.d=mairie.test; spf=pass smtp.mailfrom=accueil@mairie.test", "pass"),
        ("spf=pass smtp.mailfrom=accueil@mairie.test", "pass"),
        ("spf=pass smtp.mailfrom=mairie.test", "pass"),
        ("spf=pass smtp.helo=mairie.test", "unknown"),
        ("spf=pass smtp.mailfrom=pirate.test", "unknown"),
        ("spf=fail smtp.mailfrom=mairie.test", "fail"),
        ("spf=softfail smtp.mailfrom=mairie.test", "unknown"),
        ("arc=pass", "unknown"),
        ("none", "unknown"),
        ("dmarc=", "unknown"),
    ],
)
def test_what_our_server_says(text: str, expected: str) -> None:
    assert judged(INSIDE, results(text), RECEIVED, SENDER) == expected
    assert judged(RECEIVED, results(text), SENDER) == expected  # as Gmail has it
    assert judged(results(text), SENDER) == expected  # a server that writes no Received line


PASS = results("dmarc=pass header.from=mairie.test")


def test_several_headers_of_ours_count_together() -> None:
    assert judged(results("dkim=none"), results("spf=pass smtp.mailfrom=mairie.test"), RECEIVED, SENDER) == "pass"


@pytest.mark.parametrize(
    "headers",
    [
        (RECEIVED, SENDER),
        (RECEIVED, results("dmarc=pass header.from=mairie.test", "mx.pirate.test"), SENDER),
        (RECEIVED, results("dmarc=pass header.from=mairie.test", "mx.groupement.test.pirate.test"), SENDER),
        (results("spf=none smtp.mailfrom=pirate.test"), RECEIVED, PASS, SENDER),
        (RECEIVED, results("spf=none smtp.mailfrom=pirate.test"), PASS, SENDER),
        (RECEIVED, results("spf=none smtp.mailfrom=pirate.test"), PASS, RECEIVED, SENDER),
        (INSIDE, results("spf=none smtp.mailfrom=pirate.test"), RECEIVED, PASS, RECEIVED, SENDER),
        (RECEIVED, SENDER, PASS),
        (RECEIVED, "Subject: Bonjour\r\n", PASS, SENDER),
        (PASS, RECEIVED, SENDER, "From: autre@pirate.test\r\n"),
        (PASS, RECEIVED, "From: a@mairie.test, b@pirate.test\r\n"),
        (PASS, RECEIVED, "From: a@mairie.test <b@pirate.test>\r\n"),
        (PASS, RECEIVED, "Subject: personne\r\n"),
        (PASS, RECEIVED, "From: \r\n"),
        (PASS, RECEIVED, "From: accueil\r\n"),
    ],
)
def test_forgers_gain_nothing(headers: tuple[str, ...]) -> None:
    assert judged(*headers) != "pass"


def test_without_our_name_no_header_counts() -> None:
    assert judged(PASS, RECEIVED, SENDER, trust=Trust()) == "unknown"


def test_accented_domains() -> None:
    assert judged(results("dmarc=pass header.from=xn--tiolles-9xa.test"), "From: a@étiolles.test\r\n") == "pass"


@pytest.mark.parametrize(
    "raw",
    [b"", b"\r\n", b"\x00\xff\xfe", b"From", b"From: \xff\xfe@\xff\r\n\r\n", b"From: a@" + b"b." * 5000, b":\r\n:\r\n"]
    + [
        b"From: a@mairie.test\r\nAuthentication-Results: mx.groupement.test; " + x
        for x in (b"(" * 3000, b'"', b"\\", b"=;=")
    ],
)
def test_never_raises(raw: bytes) -> None:
    assert authenticity(raw, OURS) == "unknown"
    assert authenticity(b"DKIM-Signature: v=1; d=mairie.test;\r\n" + raw, Trust(), lambda *_, **__: b"") == "unknown"


# DKIM, with a key and a DNS of the test's own


KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def dns(name: bytes | str, timeout: float = 5) -> bytes | None:
    text = name.decode() if isinstance(name, bytes) else name
    if text != "s1._domainkey.mairie.test.":
        return None
    public = KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


def signed(message: bytes, domain: bytes = b"mairie.test", **more: Any) -> bytes:
    import dkim

    private = KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return bytes(dkim.sign(message, b"s1", domain, private, include_headers=[b"from", b"subject"], **more)) + message


MESSAGE = (SENDER + END).encode()


def test_dkim() -> None:
    assert authenticity(signed(MESSAGE), Trust(), dns) == "pass"
    assert authenticity(b"Received: from x by y\r\n" + signed(MESSAGE), Trust(), dns) == "pass"


def test_dkim_second_signature() -> None:
    assert authenticity(b"DKIM-Signature: v=1; a=x; d=liste.test; s=z\r\n" + signed(MESSAGE), Trust(), dns) == "pass"


@pytest.mark.parametrize(
    "raw",
    [
        MESSAGE,
        signed(MESSAGE).replace(b"Bonjour", b"Au revoir"),
        signed(MESSAGE).replace(b"accueil@", b"maire@"),
        signed(MESSAGE).replace(b"<accueil@mairie.test>", b"<accueil@pirate.test>"),
        signed(MESSAGE, length=True) + b"et ceci\r\n",
        b"From: autre@mairie.test\r\n" + signed(MESSAGE),
        signed(MESSAGE, domain=b"pirate.test"),
    ],
)
def test_dkim_forgers(raw: bytes) -> None:
    assert authenticity(raw, Trust(), dns) == "unknown"


def test_dkim_without_dns() -> None:
    assert authenticity(signed(MESSAGE), Trust()) == "unknown"
    assert authenticity(signed(MESSAGE), Trust(), dns_resolver(Trust(resolver="127.0.0.1"))) == "unknown"


def test_with_our_servers_name_dkim_is_its_business() -> None:
    assert authenticity(signed(MESSAGE), OURS, dns) == "unknown"
