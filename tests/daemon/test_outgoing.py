"""Letters leave once, and what the server says of them is understood: a Maildir, a real Postfix, a moody server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from daemon.config import Endpoint
from daemon.config import Outgoing as Settings
from daemon.errors import PermanentDeliveryError, ServiceUnreachable, TemporaryDeliveryError
from daemon.mailbox.maildir import MaildirMailbox
from daemon.outgoing import open_outgoing
from daemon.outgoing.maildir import MaildirOutgoing
from daemon.outgoing.smtp import SmtpOutgoing
from tests.servers.dovecot import Dovecot
from tests.servers.postfix import Postfix

LETTER = (
    "Date: Thu, 4 Dec 2025 09:30:00 +0100\r\nFrom: g@cig.test\r\nMessage-ID: <l1@groupement.example>\r\n"
    "Subject: =?utf-8?q?Re=C3=A7u?=\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Transfer-Encoding: 8bit\r\n\r\nBonjour,\r\n.\r\nà bientôt\r\n"
).encode()


def smtp(server: Postfix, scheme: str = "smtp", **more: Any) -> SmtpOutgoing:
    port = {"smtp": server.smtp, "smtp+starttls": server.submission, "smtps": server.smtps}[scheme]
    user = more.pop("user", None)
    settings: dict[str, Any] = {
        "url": Endpoint(scheme=scheme, host=more.pop("host", server.host), port=port, user=user),
        "ca_file": server.ca_file,
        "password": SecretStr(server.password) if user else None,
        **more,
    }
    return SmtpOutgoing(Settings(**settings))


def letters(dovecot: Dovecot, account: str) -> list[bytes]:
    """What lies in an account's mailbox, read from its files."""
    return [p.read_bytes() for p in sorted((dovecot.home / "mail" / account / "Maildir" / "new").glob("*"))]


def test_maildir_once_a_message_id(tmp_path: Path) -> None:
    async def go() -> None:
        for _ in range(2):  # a crash between sending and noting it: another process sends it again
            outgoing = MaildirOutgoing(tmp_path / "sortie")
            await outgoing.send(LETTER, "g@cig.example", ["a@m.example", "b@m.example"], "<l1@groupement.example>")
        await outgoing.send(LETTER, "g@cig.example", ["a@m.example"], "<l2@groupement.example>")
        assert await outgoing.check()

    asyncio.run(go())
    first, _ = sorted((p.read_bytes() for p in (tmp_path / "sortie" / "new").iterdir()), key=len, reverse=True)
    envelope = b"Return-Path: <g@cig.example>\r\nDelivered-To: a@m.example\r\nDelivered-To: b@m.example\r\n"
    assert first == envelope + LETTER


def test_maildir_letter_that_was_looked_at_is_not_sent_again(tmp_path: Path) -> None:
    async def go() -> None:
        outgoing = MaildirOutgoing(tmp_path)
        await outgoing.send(LETTER, "g@cig.example", ["a@m.example"], "<l1@x>")
        (new,) = (tmp_path / "new").iterdir()
        new.rename(tmp_path / "cur" / f"{new.name}:2,S")
        await outgoing.send(LETTER, "g@cig.example", ["a@m.example"], "<l1@x>")

    asyncio.run(go())
    assert len(MaildirMailbox(tmp_path).waiting().uids) == 1


def test_maildir_under_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    outgoing = MaildirOutgoing(tmp_path / "file" / "sortie")
    with pytest.raises(TemporaryDeliveryError):
        asyncio.run(outgoing.send(LETTER, "g@cig.example", ["a@m.example"], "<l1@x>"))
    with pytest.raises(ServiceUnreachable):
        asyncio.run(outgoing.check())


def test_rehearsal_lets_nothing_out(tmp_path: Path) -> None:
    settings = Settings(url=Endpoint(scheme="maildir", path=str(tmp_path)), rehearsal="Essai <essai@example.org>")

    async def go() -> None:
        outgoing = open_outgoing(settings)
        await outgoing.send(LETTER, "g@cig.example", ["a@m.example", "b@m.example"], "<l1@x>")
        assert "essai@example.org" in (await outgoing.check())[-1]
        await outgoing.close()

    asyncio.run(go())
    (path,) = (tmp_path / "new").iterdir()
    raw = path.read_bytes()
    assert b"Delivered-To: essai@example.org\r\nX-Vaguemestre-Repetition: a@m.example,\r\n b@m.example\r\n" in raw
    assert b"Delivered-To: a@" not in raw
    assert raw.endswith(LETTER)


@pytest.mark.parametrize("scheme", ["smtp", "smtp+starttls", "smtps"])
def test_smtp_byte_for_byte(postfix: Postfix, dovecot: Dovecot, scheme: str) -> None:
    account = dovecot.account()
    user = None if scheme == "smtp" else account

    async def go() -> None:
        outgoing = smtp(postfix, scheme, user=user)
        receipt = await outgoing.send(LETTER, "g@cig.test", [account], "<l1@x>")
        assert receipt.refusals == {}
        assert "queued as" in receipt.reply
        assert scheme in (await outgoing.check())[0]
        await outgoing.close()

    asyncio.run(go())
    postfix.wait_until(lambda: len(letters(dovecot, account)) == 1)
    kept = letters(dovecot, account)[0].replace(b"\r\n", b"\n")
    assert kept.endswith(LETTER.replace(b"\r\n", b"\n"))


def test_smtp_one_connection_for_many_letters(postfix: Postfix, dovecot: Dovecot) -> None:
    account = dovecot.account()

    async def go() -> None:
        outgoing = smtp(postfix)
        await asyncio.gather(*(outgoing.send(LETTER, "g@cig.test", [account], f"<{n}@x>") for n in range(10)))
        await outgoing.close()

    asyncio.run(go())
    postfix.wait_until(lambda: len(letters(dovecot, account)) == 10)
    postfix.wait_until(lambda: " mail=10 rcpt=10 data=10 " in postfix.log())  # told when one connection ends


def test_smtp_refusals(postfix: Postfix, dovecot: Dovecot) -> None:
    account = dovecot.account()

    async def go() -> None:
        outgoing = smtp(postfix)
        with pytest.raises(PermanentDeliveryError) as permanent:
            await outgoing.send(LETTER, "g@cig.test", ["refuse@m.test"], "<1@x>")
        assert permanent.value.code == 550
        assert permanent.value.refusals["refuse@m.test"][0] == 550
        assert "No such person" in str(permanent.value)
        with pytest.raises(TemporaryDeliveryError) as temporary:
            await outgoing.send(LETTER, "g@cig.test", ["refuse@m.test", "plus-tard@m.test"], "<2@x>")
        assert temporary.value.code == 451
        assert set(temporary.value.refusals) == {"refuse@m.test", "plus-tard@m.test"}
        receipt = await outgoing.send(LETTER, "g@cig.test", ["refuse@m.test", account], "<3@x>")
        assert receipt.refusals["refuse@m.test"][0] == 550
        with pytest.raises(PermanentDeliveryError) as large:
            await outgoing.send(LETTER + b"x" * 40_000_000, "g@cig.test", [account], "<4@x>")
        assert large.value.code == 552
        with pytest.raises(PermanentDeliveryError):
            await outgoing.send(LETTER, "g@cig.test", ["a@m.test>\r\nRCPT TO:<b@m.test"], "<5@x>")
        with pytest.raises(PermanentDeliveryError):
            await outgoing.send(LETTER, "g@cig.test", [], "<6@x>")
        await outgoing.send(LETTER, "g@cig.test", [account], "<7@x>")  # the connection is still of use
        await outgoing.close()

    asyncio.run(go())
    postfix.wait_until(lambda: len(letters(dovecot, account)) == 2)


def test_smtp_accented_addresses(postfix: Postfix, dovecot: Dovecot) -> None:
    account = dovecot.account(f"boite@{'mairie-d-étiolles'.encode('idna').decode()}.test")

    async def go() -> None:
        outgoing = smtp(postfix)
        await outgoing.send(LETTER, "g@cig.test", ["boite@mairie-d-étiolles.test"], "<1@x>")
        await outgoing.send(LETTER, "zoé@cig.test", ["amélie@commune.test"], "<2@x>")  # SMTPUTF8
        await outgoing.close()

    asyncio.run(go())
    postfix.wait_until(lambda: len(letters(dovecot, account)) == 1)


def test_smtp_wrong_password_condemns_no_letter(postfix: Postfix, dovecot: Dovecot) -> None:
    async def go() -> None:
        outgoing = smtp(postfix, "smtps", user=dovecot.account(), password=SecretStr("faux"))
        with pytest.raises(TemporaryDeliveryError, match="identifiants refusés"):
            await outgoing.send(LETTER, "g@cig.test", ["a@m.test"], "<1@x>")
        with pytest.raises(ServiceUnreachable, match="identifiants refusés"):
            await outgoing.check()

    asyncio.run(go())


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
@pytest.mark.parametrize("more", [{"ca_file": None}, {"host": "127.0.0.1"}])
def test_smtp_certificate_is_checked(postfix: Postfix, dovecot: Dovecot, scheme: str, more: dict[str, Any]) -> None:
    async def go() -> None:
        with pytest.raises(ServiceUnreachable, match="certificat refusé") as caught:
            await smtp(postfix, scheme, user=dovecot.account(), **more).check()
        assert "ca_file" in caught.value.remedy

    asyncio.run(go())


def test_smtp_nobody_there() -> None:
    outgoing = SmtpOutgoing(Settings(url=Endpoint(scheme="smtp", host="127.0.0.1", port=1)))
    with pytest.raises(ServiceUnreachable, match="hors d’atteinte"):
        asyncio.run(outgoing.check())
    with pytest.raises(TemporaryDeliveryError):
        asyncio.run(outgoing.send(LETTER, "g@cig.test", ["a@m.test"], "<1@x>"))


# A server of the tests' own, for what no decent server does.

Step = Callable[[int, str], str | None]  # (connection, command) → reply; "": silence; None: hang up


@contextlib.asynccontextmanager
async def moody(step: Step, heard: list[str], idle_seconds: float = 20) -> AsyncIterator[SmtpOutgoing]:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        mine = connections
        writer.write(b"220 moody\r\n")
        try:
            while line := (await reader.readline()).decode().strip():
                heard.append(f"{mine} {line}")
                reply = step(mine, line.upper())
                if reply is None:
                    break
                if reply:
                    writer.write(reply.encode() + b"\r\n")
                if reply.startswith("354"):
                    await reader.readuntil(b"\r\n.\r\n")
                    last = step(mine, "END")
                    if last is None:
                        break
                    writer.write(last.encode() + b"\r\n")
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        settings = Settings(url=Endpoint(scheme="smtp", host="127.0.0.1", port=port))
        outgoing = SmtpOutgoing(settings, idle_seconds=idle_seconds)
        yield outgoing
        await outgoing.close()


def polite(_: int, command: str) -> str:
    return "354 go on" if command == "DATA" else "250 ok"


def test_a_connection_lost_while_idle_costs_nothing() -> None:
    heard: list[str] = []

    def step(connection: int, command: str) -> str | None:
        if connection == 1 and command.startswith("MAIL") and any("END" in h or "DATA" in h for h in heard):
            return None  # the second letter finds the line dead
        return polite(connection, command)

    async def go() -> None:
        async with moody(step, heard) as outgoing:
            await outgoing.send(LETTER, "g@cig.test", ["a@m.test"], "<1@x>")
            await outgoing.send(LETTER, "g@cig.test", ["a@m.test"], "<2@x>")

    asyncio.run(go())
    assert [h for h in heard if h.endswith("DATA")] == ["1 DATA", "2 DATA"]


@pytest.mark.parametrize("hangs_up", [True, False])
def test_a_connection_long_unused_is_asked_first(hangs_up: bool) -> None:
    heard: list[str] = []

    def step(connection: int, command: str) -> str | None:
        return None if hangs_up and connection == 1 and command == "NOOP" else polite(connection, command)

    async def go() -> None:
        async with moody(step, heard, idle_seconds=0) as outgoing:
            await outgoing.send(LETTER, "g@cig.test", ["a@m.test"], "<1@x>")
            await outgoing.send(LETTER, "g@cig.test", ["a@m.test"], "<2@x>")

    asyncio.run(go())
    assert "1 NOOP" in heard
    assert [h for h in heard if h.endswith("DATA")] == ["1 DATA", "2 DATA" if hangs_up else "1 DATA"]


def test_a_connection_lost_at_the_last_word_is_uncertain() -> None:
    heard: list[str] = []

    async def go() -> None:
        def step(connection: int, command: str) -> str | None:
            return None if command == "END" else polite(connection, command)

        async with moody(step, heard) as outgoing:
            with pytest.raises(TemporaryDeliveryError) as caught:
                await outgoing.send(LETTER, "g@cig.test", ["a@m.test"], "<1@x>")
            assert caught.value.uncertain

    asyncio.run(go())
    assert len([h for h in heard if h.endswith("DATA")]) == 1  # never twice in one call


@pytest.mark.parametrize(
    ("command", "reply", "error"),
    [
        ("MAIL", "451 later", TemporaryDeliveryError),
        ("MAIL", "553 not your address", PermanentDeliveryError),
        ("MAIL", "530 log in first", TemporaryDeliveryError),
        ("RCPT", "421 closing", TemporaryDeliveryError),
        ("DATA", "554 spam", PermanentDeliveryError),
        ("END", "452 disk full", TemporaryDeliveryError),
        ("END", "550 content refused", PermanentDeliveryError),
        ("EHLO", "554 no service", TemporaryDeliveryError),
        ("MAIL", "gibberish", TemporaryDeliveryError),
    ],
)
def test_replies(command: str, reply: str, error: type[Exception]) -> None:
    def step(connection: int, said: str) -> str | None:
        first = said.split(" ")[0]
        return reply if first == command or (command == "EHLO" and first == "HELO") else polite(connection, said)

    async def go() -> None:
        async with moody(step, []) as outgoing:
            with pytest.raises(error):
                await outgoing.send(LETTER, "g@cig.test", ["a@m.test"], "<1@x>")

    asyncio.run(go())


def test_cancelled_in_the_middle_the_next_letter_starts_afresh() -> None:
    heard: list[str] = []

    async def go() -> None:
        asked = asyncio.Event()

        def step(connection: int, command: str) -> str | None:
            if connection == 1 and command.startswith("MAIL"):
                asked.set()
                return ""  # not a word
            return polite(connection, command)

        async with moody(step, heard) as outgoing:
            task = asyncio.create_task(outgoing.send(LETTER, "g@cig.test", ["a@m.test"], "<1@x>"))
            await asyncio.wait_for(asked.wait(), 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await outgoing.send(LETTER, "g@cig.test", ["a@m.test"], "<2@x>")

    asyncio.run(go())
    assert "2 DATA" in heard


def test_an_accented_address_where_the_server_cannot() -> None:
    async def go() -> None:
        async with moody(polite, []) as outgoing:
            with pytest.raises(PermanentDeliveryError, match="SMTPUTF8"):
                await outgoing.send(LETTER, "g@cig.test", ["zoé@m.test"], "<1@x>")

    asyncio.run(go())
