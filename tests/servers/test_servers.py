"""The tests' own servers do what the end-to-end test takes for granted."""

from __future__ import annotations

import smtplib
import ssl

import pytest
from imapclient import IMAPClient

from daemon.authentication import authenticity
from daemon.config import Trust
from tests.servers.dovecot import Dovecot
from tests.servers.postfix import Postfix
from tests.servers.postgresql import PostgreSQL

MAIL = b"From: membre@commune.test\r\nTo: boite@cig.test\r\nSubject: Bonjour\r\n\r\nVoici.\r\n"


def inbox(dovecot: Dovecot, account: str) -> list[bytes]:
    context = ssl.create_default_context(cafile=str(dovecot.ca_file))
    with IMAPClient(dovecot.host, dovecot.imaps, ssl_context=context) as client:
        client.login(account, dovecot.password)
        client.select_folder("INBOX", readonly=True)
        return [m[b"BODY[]"] for m in client.fetch(client.search(), ["BODY.PEEK[]"]).values()]


def test_from_postfix_into_dovecot(postfix: Postfix, dovecot: Dovecot) -> None:
    account = dovecot.account("boite@cig.test")
    postfix.deliver(MAIL, account, "membre@commune.test")
    postfix.wait_until(lambda: len(inbox(dovecot, account)) == 1)
    (raw,) = inbox(dovecot, account)
    assert raw.endswith(b"Voici.\r\n")
    assert b"Authentication-Results: mx.vaguemestre.test; spf=pass smtp.mailfrom=commune.test" in raw


@pytest.mark.parametrize(
    ("sender", "expected"),
    [("membre@commune.test", "pass"), ("membre@inconnu.test", "unknown"), ("membre@faux.test", "fail")],
)
def test_who_is_believed(postfix: Postfix, dovecot: Dovecot, sender: str, expected: str) -> None:
    account = dovecot.account()
    forged = b"Authentication-Results: mx.vaguemestre.test; dmarc=pass header.from=" + sender.partition("@")[2].encode()
    raw = forged + b"\r\n" + MAIL.replace(b"membre@commune.test", sender.encode())
    postfix.deliver(raw, account, sender)
    postfix.deliver(raw, account, "pirate@pirate.test")
    postfix.wait_until(lambda: len(inbox(dovecot, account)) == 2)
    trust = Trust(authserv_id=postfix.hostname)
    judged = sorted(authenticity(m, trust) for m in inbox(dovecot, account))
    assert judged == sorted([expected, "unknown"])


def test_a_mail_to_nobody_comes_back(postfix: Postfix, dovecot: Dovecot) -> None:
    sender = dovecot.account("expediteur@commune.test")
    postfix.deliver(MAIL, "personne@ailleurs.test", sender)
    postfix.wait_until(lambda: len(inbox(dovecot, sender)) == 1)
    assert b"multipart/report" in inbox(dovecot, sender)[0]


def test_postfix_refuses_and_puts_off(postfix: Postfix) -> None:
    for recipient, code in (("refuse@x.test", 550), ("plus-tard@x.test", 451)):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
            postfix.deliver(MAIL, recipient)
        assert caught.value.recipients[recipient][0] == code


def test_postfix_logs_in_with_dovecots_accounts(postfix: Postfix, dovecot: Dovecot) -> None:
    account = dovecot.account()
    context = ssl.create_default_context(cafile=str(postfix.ca_file))
    with smtplib.SMTP_SSL(postfix.host, postfix.smtps, context=context, timeout=20) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(account, "wrong")
        client.login(account, postfix.password)


def test_postgresql_makes_databases(postgresql: PostgreSQL) -> None:
    from sqlalchemy import create_engine, text

    one, two = postgresql.create(), postgresql.create()
    assert one != two
    engine = create_engine(one)
    with engine.connect() as connection:
        assert connection.execute(text("select 1")).scalar() == 1
    engine.dispose()


def test_servers_do_not_run_as_root(dovecot: Dovecot, postgresql: PostgreSQL) -> None:
    assert (dovecot.home / "run").stat().st_uid != 0
    assert (postgresql.home / "data").stat().st_uid != 0
