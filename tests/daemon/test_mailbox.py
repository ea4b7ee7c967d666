"""One suite for every mailbox: what the shell relies on, on a Maildir and on a real Dovecot."""

from __future__ import annotations

import datetime as dt
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from imapclient import IMAPClient
from pydantic import SecretStr

from daemon.config import Endpoint
from daemon.config import Mailbox as Settings
from daemon.errors import ServiceUnreachable
from daemon.mailbox import Folder, FolderRenumbered, Mailbox
from daemon.mailbox.imap import ImapMailbox
from daemon.mailbox.maildir import MaildirMailbox, head_of, uid_of
from tests.servers.dovecot import PREFIXED, Dovecot

Opener = Callable[..., Mailbox]


def mail(n: int, size: int = 0) -> bytes:
    return (
        f"Message-ID: <{n}@membre.example>\r\nFrom: a@membre.example\r\nSubject: =?utf-8?q?Num=C3=A9ro?= {n}\r\n\r\n"
        + "x" * 70
        + "\r\n"
        + ("y" * 78 + "\r\n") * (size // 80)
    ).encode()


def imap(server: Dovecot, account: str, scheme: str = "imaps", **limits: Any) -> ImapMailbox:
    port = server.imaps if scheme == "imaps" else server.imap
    settings = Settings(
        group="g",
        url=Endpoint(scheme=scheme, host=server.host, port=port, user=account, path="INBOX"),
        password=SecretStr(server.password),
        ca_file=server.ca_file,
    )
    return ImapMailbox(settings, **limits)


@pytest.fixture(params=["maildir", "imap", "prefixed", "dovecot_without_move", "dovecot_bare"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens the same empty mailbox each time it is called, and closes all at the end."""
    opened: list[Mailbox] = []
    if request.param == "maildir":
        root = tmp_path / "courrier"
        root.mkdir()

        def make(**limits: Any) -> Mailbox:
            return MaildirMailbox(root, **limits)
    else:
        name = request.param if request.param.startswith("dovecot") else "dovecot"
        server: Dovecot = request.getfixturevalue(name)
        account = server.account(**(PREFIXED if request.param == "prefixed" else {}))

        def make(**limits: Any) -> Mailbox:
            return imap(server, account, **limits)

    def open_(**limits: Any) -> Mailbox:
        opened.append(make(**limits))
        return opened[-1]

    yield open_
    for box in opened:
        box.close()


@pytest.fixture
def box(opener: Opener) -> Mailbox:
    return opener()


def raws(box: Mailbox, folder: str | None = None) -> list[bytes]:
    """Everything in a folder, in order."""
    waiting = box.waiting(folder)
    out: list[bytes] = []
    rest = waiting.uids
    while rest:
        batch = box.fetch(waiting.uidvalidity, rest, folder)
        out += [m.raw for m in batch.mails]
        rest = batch.rest
    return out


def test_empty(box: Mailbox) -> None:
    assert box.waiting().uids == ()
    assert box.check()[-1].endswith("0 message(s) en attente")


def test_oldest_first_byte_for_byte(box: Mailbox) -> None:
    for n in range(5):
        box.append(mail(n))
    assert raws(box) == [mail(n) for n in range(5)]


def test_uids_outlive_a_reopening(opener: Opener, box: Mailbox) -> None:
    for n in range(3):
        box.append(mail(n))
    before = box.waiting()
    again = opener()
    assert again.name == box.name
    assert again.waiting() == before


def test_fetching_marks_nothing(box: Mailbox) -> None:
    box.append(mail(1))
    assert raws(box) == raws(box) == [mail(1)]


def test_received_at_is_kept_and_aware(box: Mailbox) -> None:
    at = dt.datetime(2025, 12, 4, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    box.append(mail(1), received_at=at)
    waiting = box.waiting()
    assert box.fetch(waiting.uidvalidity, waiting.uids).mails[0].received_at == at


def test_batches_are_bounded_by_bytes(opener: Opener) -> None:
    box = opener(batch_bytes=30_000)
    for n in range(7):
        box.append(mail(n, 10_000))
    waiting = box.waiting()
    batch = box.fetch(waiting.uidvalidity, waiting.uids)
    assert len(batch.mails) == 2
    assert batch.rest == waiting.uids[2:]
    assert raws(box) == [mail(n, 10_000) for n in range(7)]


def test_a_mail_larger_than_a_batch_comes_alone(opener: Opener) -> None:
    box = opener(batch_bytes=5_000)
    for n, size in enumerate((100, 20_000, 100)):
        box.append(mail(n, size))
    assert raws(box) == [mail(0, 100), mail(1, 20_000), mail(2, 100)]


def test_over_the_limit_the_head_alone(opener: Opener) -> None:
    box = opener(mail_bytes=10_000)
    box.append(mail(1, 50_000))
    box.append(mail(2))
    waiting = box.waiting()
    large, small = box.fetch(waiting.uidvalidity, waiting.uids).mails
    assert not large.whole
    assert large.size == len(mail(1, 50_000))
    assert large.raw == mail(1).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    assert "volumineux" in large.problem
    assert small.whole
    assert small.raw == mail(2)


@pytest.mark.parametrize("folder", list(Folder))
def test_filing_makes_the_folder_and_moves(box: Mailbox, folder: Folder) -> None:
    for n in range(3):
        box.append(mail(n))
    waiting = box.waiting()
    box.file(waiting.uidvalidity, waiting.uids[:2], folder)
    assert raws(box) == [mail(2)]
    assert raws(box, folder) == [mail(0), mail(1)]


def test_filing_twice_is_harmless(box: Mailbox) -> None:
    box.append(mail(1))
    waiting = box.waiting()
    for _ in range(3):
        box.file(waiting.uidvalidity, waiting.uids, Folder.PROCESSED)
    assert raws(box, Folder.PROCESSED) == [mail(1)]
    box.file(waiting.uidvalidity, [], Folder.PROCESSED)
    box.file(waiting.uidvalidity, [987_654], Folder.IN_ERROR)
    assert raws(box, Folder.IN_ERROR) == []


def test_uids_that_are_gone_are_passed_over(box: Mailbox) -> None:
    box.append(mail(1))
    box.append(mail(2))
    waiting = box.waiting()
    box.file(waiting.uidvalidity, waiting.uids[:1], Folder.IGNORED)
    batch = box.fetch(waiting.uidvalidity, [*waiting.uids, 987_654])
    assert [m.raw for m in batch.mails] == [mail(2)]
    assert batch.rest == ()


def test_a_folder_renumbered(box: Mailbox) -> None:
    box.append(mail(1))
    waiting = box.waiting()
    with pytest.raises(FolderRenumbered):
        box.fetch(waiting.uidvalidity + 1, waiting.uids)
    with pytest.raises(FolderRenumbered):
        box.file(waiting.uidvalidity + 1, waiting.uids, Folder.PROCESSED)
    assert raws(box) == [mail(1)]


def test_wait_ends_with_the_time(box: Mailbox) -> None:
    box.waiting()
    start = time.monotonic()
    assert box.wait(0.3) is False
    assert 0.25 < time.monotonic() - start < 3


def test_wait_hears_a_mail(opener: Opener, box: Mailbox) -> None:
    box.waiting()
    other = opener()
    timer = threading.Timer(0.3, other.append, [mail(1)])
    timer.start()
    start = time.monotonic()
    assert any(box.wait(1.5) for _ in range(10))  # a server without IDLE is asked at the end of each wait
    assert time.monotonic() - start < 5
    timer.join()
    assert raws(box) == [mail(1)]


def test_a_mail_between_look_and_wait_is_heard(opener: Opener, box: Mailbox) -> None:
    box.waiting()
    other = opener()
    other.append(mail(1))
    start = time.monotonic()
    assert box.wait(20) is True
    assert time.monotonic() - start < 5


def test_wake_ends_a_wait_and_the_next_one(box: Mailbox) -> None:
    box.waiting()
    timer = threading.Timer(0.2, box.wake)
    timer.start()
    start = time.monotonic()
    assert box.wait(20) is False
    timer.join()
    box.wake()
    assert box.wait(20) is False
    assert time.monotonic() - start < 5


def test_filing_while_another_thread_waits(box: Mailbox) -> None:
    box.append(mail(1))
    waiting = box.waiting()
    waiter = threading.Thread(target=box.wait, args=[30])
    waiter.start()
    time.sleep(0.2)
    start = time.monotonic()
    box.file(waiting.uidvalidity, waiting.uids, Folder.PROCESSED)
    assert time.monotonic() - start < 5
    box.wake()
    waiter.join(10)
    assert not waiter.is_alive()
    assert raws(box, Folder.PROCESSED) == [mail(1)]


def test_many_mails_are_filed_at_once(box: Mailbox) -> None:
    for n in range(300):
        box.append(mail(n))
    waiting = box.waiting()
    assert len(waiting.uids) == 300
    start = time.monotonic()
    box.file(waiting.uidvalidity, waiting.uids, Folder.PROCESSED)
    assert time.monotonic() - start < 3
    assert len(box.waiting(Folder.PROCESSED).uids) == 300
    assert box.waiting().uids == ()


# What only a Maildir can suffer.


def test_maildir_flags_and_folders_change_no_uid(tmp_path: Path) -> None:
    box = MaildirMailbox(tmp_path)
    box.append(mail(1))
    before = box.waiting()
    (new,) = (tmp_path / "new").iterdir()
    seen = tmp_path / "cur" / f"{new.name}:2,S"
    new.rename(seen)
    assert box.waiting() == before
    box.file(before.uidvalidity, before.uids, Folder.PROCESSED)
    assert (tmp_path / ".Traités" / "cur" / seen.name).read_bytes() == mail(1)
    assert (tmp_path / ".Traités" / "maildirfolder").exists()


def test_maildir_trashed_mails_do_not_wait(tmp_path: Path) -> None:
    box = MaildirMailbox(tmp_path)
    box.append(mail(1))
    (new,) = (tmp_path / "new").iterdir()
    new.rename(tmp_path / "cur" / f"{new.name}:2,ST")
    assert box.waiting().uids == ()


def test_maildir_made_anew_has_another_number(tmp_path: Path) -> None:
    box = MaildirMailbox(tmp_path)
    box.append(mail(1))
    before = box.waiting()
    for path in sorted(tmp_path.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert box.waiting().uidvalidity != before.uidvalidity
    with pytest.raises(FolderRenumbered):
        box.fetch(before.uidvalidity, before.uids)


def test_maildir_killed_between_link_and_unlink(tmp_path: Path) -> None:
    box = MaildirMailbox(tmp_path)
    box.append(mail(1))
    before = box.waiting()
    box.waiting(Folder.PROCESSED)  # made
    (new,) = (tmp_path / "new").iterdir()
    os.link(new, tmp_path / ".Traités" / "cur" / f"{new.name}:2,")
    box.file(before.uidvalidity, before.uids, Folder.PROCESSED)
    assert raws(box) == []
    assert raws(box, Folder.PROCESSED) == [mail(1)]


def test_maildir_never_overwrites_another_mail(tmp_path: Path) -> None:
    box = MaildirMailbox(tmp_path)
    box.append(mail(1))
    before = box.waiting()
    box.waiting(Folder.PROCESSED)
    (new,) = (tmp_path / "new").iterdir()
    (tmp_path / ".Traités" / "cur" / f"{new.name}:2,").write_bytes(mail(2))
    box.file(before.uidvalidity, before.uids, Folder.PROCESSED)
    assert raws(box) == []
    assert sorted(raws(box, Folder.PROCESSED)) == [mail(1), mail(2)]


def test_maildir_that_is_not_there_is_out_of_reach(tmp_path: Path) -> None:
    box = MaildirMailbox(tmp_path / "absent")
    for call in (box.waiting, box.check, lambda: box.append(mail(1))):
        with pytest.raises(ServiceUnreachable, match="introuvable"):
            call()
    assert box.wait(0.1) is False
    assert not (tmp_path / "absent").exists()


def test_maildir_unreadable_mail_stops_no_other(tmp_path: Path) -> None:
    box = MaildirMailbox(tmp_path)
    box.append(mail(1))
    (tmp_path / "new" / "0.loop").symlink_to("0.loop")  # unreadable for root too
    (tmp_path / "new" / "a-folder").mkdir()  # no mail at all
    waiting = box.waiting()
    bad, good = sorted(box.fetch(waiting.uidvalidity, waiting.uids).mails, key=lambda m: m.whole)
    assert not bad.whole
    assert bad.raw == b""
    assert bad.problem
    assert good.raw == mail(1)
    box.file(waiting.uidvalidity, waiting.uids, Folder.IN_ERROR)
    assert box.waiting().uids == ()
    assert len(box.waiting(Folder.IN_ERROR).uids) == 2


def test_maildir_uids_fit_a_database() -> None:
    assert all(0 < uid_of(f"{n}.host:2,S") < 2**63 for n in range(100))
    assert uid_of("a.b") == uid_of("a.b:2,FS")


def test_head() -> None:
    assert head_of(b"A: b\n\nc\r\n\r\n") == b"A: b\n\n"
    assert head_of(b"A: b") == b"A: b"


# What only IMAP can suffer.


def raw_client(server: Dovecot, account: str) -> IMAPClient:
    """A mail program of a person's own."""
    client = IMAPClient(server.host, server.imap, ssl=False)
    client.login(account, server.password)
    client.select_folder("INBOX")
    return client


@pytest.mark.parametrize("scheme", ["imaps", "imap+starttls", "imap"])
def test_imap_protections(dovecot: Dovecot, scheme: str) -> None:
    box = imap(dovecot, dovecot.account(), scheme)
    box.append(mail(1))
    assert raws(box) == [mail(1)]
    security = {"imaps": "tls", "imap+starttls": "starttls", "imap": "plain"}[scheme]
    assert f"connexion {security}" in box.check()[0]
    box.close()
    last = [line for line in dovecot.log().splitlines() if "Login: user=" in line][-1]
    assert ("TLS" in last) == (scheme != "imap")


@pytest.mark.parametrize("scheme", ["imaps", "imap+starttls"])
@pytest.mark.parametrize("change", [{"ca_file": None}, {"host": "127.0.0.1"}])
def test_imap_certificate_is_checked(dovecot: Dovecot, scheme: str, change: dict[str, Any]) -> None:
    port = dovecot.imaps if scheme == "imaps" else dovecot.imap
    host = change.get("host", dovecot.host)
    settings = Settings(
        group="g",
        url=Endpoint(scheme=scheme, host=host, port=port, user=dovecot.account(), path="INBOX"),
        password=SecretStr(dovecot.password),
        ca_file=change.get("ca_file", dovecot.ca_file),
    )
    box = ImapMailbox(settings)
    with pytest.raises(ServiceUnreachable, match="certificat refusé") as caught:
        box.check()
    assert "ca_file" in caught.value.remedy


def test_imap_wrong_password_then_longer_and_longer_pauses(dovecot: Dovecot) -> None:
    settings = Settings(
        group="g",
        url=Endpoint(scheme="imaps", host=dovecot.host, port=dovecot.imaps, user=dovecot.account(), path="INBOX"),
        password=SecretStr("faux-secret"),
        ca_file=dovecot.ca_file,
    )
    box = ImapMailbox(settings)
    with pytest.raises(ServiceUnreachable, match="identifiants refusés") as caught:
        box.waiting()
    assert "faux-secret" not in str(caught.value)
    with pytest.raises(ServiceUnreachable, match="hors d’atteinte") as caught:
        box.waiting()  # asks nobody yet
    assert "prochain essai" in caught.value.remedy
    start = time.monotonic()
    assert box.wait(30) is False  # until it makes sense to try again, then one try
    assert 0.3 < time.monotonic() - start < 10


def test_imap_accented_password(dovecot: Dovecot) -> None:
    account = dovecot.account()
    path = dovecot.home / "users" / account
    path.write_text(path.read_text().replace(dovecot.password, "clé-très-secrète"))
    settings = Settings(
        group="g",
        url=Endpoint(scheme="imaps", host=dovecot.host, port=dovecot.imaps, user=account, path="INBOX"),
        password=SecretStr("clé-très-secrète"),
        ca_file=dovecot.ca_file,
    )
    box = ImapMailbox(settings)
    assert box.waiting().uids == ()
    box.close()


def test_imap_connection_cut_in_between(dovecot: Dovecot) -> None:
    account = dovecot.account()
    box = imap(dovecot, account)
    box.append(mail(1))
    waiting = box.waiting()
    dovecot.kick(account)
    assert [m.raw for m in box.fetch(waiting.uidvalidity, waiting.uids).mails] == [mail(1)]
    dovecot.kick(account)
    box.file(waiting.uidvalidity, waiting.uids, Folder.PROCESSED)
    assert raws(box, Folder.PROCESSED) == [mail(1)]
    box.close()


def test_imap_connection_cut_while_waiting(dovecot: Dovecot) -> None:
    account = dovecot.account()
    box = imap(dovecot, account)
    box.waiting()
    timer = threading.Timer(0.5, dovecot.kick, [account])
    timer.start()
    start = time.monotonic()
    assert box.wait(30) is False
    assert time.monotonic() - start < 10
    timer.join()
    box.append(mail(1))
    assert raws(box) == [mail(1)]
    box.close()


def test_imap_idle_is_armed_anew(dovecot: Dovecot) -> None:
    box = imap(dovecot, dovecot.account(), idle_seconds=0.5)
    box.waiting()
    timer = threading.Timer(1.3, imap_append, [dovecot, box])
    timer.start()
    start = time.monotonic()
    assert box.wait(30) is True
    assert 1 < time.monotonic() - start < 6
    timer.join()
    box.close()


def imap_append(server: Dovecot, box: ImapMailbox) -> None:
    other = imap(server, box.name.removeprefix("imap:").removesuffix("@localhost/INBOX"))
    other.append(mail(1))
    other.close()


def test_imap_folder_made_anew_has_another_number(dovecot: Dovecot) -> None:
    account = dovecot.account()
    with raw_client(dovecot, account) as client:
        client.create_folder("Courrier")
        settings = Settings(
            group="g",
            url=Endpoint(scheme="imaps", host=dovecot.host, port=dovecot.imaps, user=account, path="Courrier"),
            password=SecretStr(dovecot.password),
            ca_file=dovecot.ca_file,
        )
        box = ImapMailbox(settings)
        box.append(mail(1))
        before = box.waiting()
        time.sleep(1.1)  # UIDVALIDITY is drawn from the clock's seconds
        client.delete_folder("Courrier")
        client.create_folder("Courrier")
    box.close()
    box.append(mail(2))
    assert box.waiting().uidvalidity != before.uidvalidity
    with pytest.raises(FolderRenumbered):
        box.file(before.uidvalidity, before.uids, Folder.PROCESSED)
    assert raws(box) == [mail(2)]
    box.close()


def test_imap_intake_folder_that_is_not_there(dovecot: Dovecot) -> None:
    settings = Settings(
        group="g",
        url=Endpoint(scheme="imaps", host=dovecot.host, port=dovecot.imaps, user=dovecot.account(), path="Absent"),
        password=SecretStr(dovecot.password),
        ca_file=dovecot.ca_file,
    )
    box = ImapMailbox(settings)
    with pytest.raises(ServiceUnreachable, match="refuse") as caught:
        box.check()
    assert "dossier" in caught.value.remedy
    box.close()


def test_imap_marks_neither_seen_nor_anything(dovecot: Dovecot) -> None:
    account = dovecot.account()
    box = imap(dovecot, account)
    box.append(mail(1))
    raws(box)
    box.close()
    with raw_client(dovecot, account) as client:
        (flags,) = client.get_flags(client.search()).values()
    assert b"\\Seen" not in flags


def test_imap_deleted_mails_do_not_wait_and_are_left_alone(dovecot: Dovecot) -> None:
    account = dovecot.account()
    box = imap(dovecot, account)
    box.append(mail(1))
    box.append(mail(2))
    with raw_client(dovecot, account) as client:
        client.delete_messages(client.search()[:1])
        assert raws(box) == [mail(2)]
        waiting = box.waiting()
        box.file(waiting.uidvalidity, waiting.uids, Folder.PROCESSED)
        client.noop()
        assert len(client.search("DELETED")) == 1
    box.close()


@pytest.mark.parametrize("server", ["dovecot_without_move", "dovecot_bare"])
def test_imap_killed_between_copy_and_expunge(request: pytest.FixtureRequest, server: str) -> None:
    dovecot: Dovecot = request.getfixturevalue(server)
    account = dovecot.account()
    box = imap(dovecot, account)
    box.append(mail(1))
    waiting = box.waiting()
    box.waiting(Folder.PROCESSED)  # made
    with raw_client(dovecot, account) as client:
        client.copy(waiting.uids, "Traités")
        client.delete_messages(waiting.uids)
    box.file(waiting.uidvalidity, waiting.uids, Folder.PROCESSED)
    assert raws(box) == []
    assert raws(box, Folder.PROCESSED) == [mail(1)]
    box.close()


def test_imap_without_uidplus_a_persons_deleted_mail_survives(dovecot_bare: Dovecot) -> None:
    account = dovecot_bare.account()
    box = imap(dovecot_bare, account)
    box.append(mail(1))
    box.append(mail(2))
    with raw_client(dovecot_bare, account) as client:
        client.delete_messages(client.search()[:1])
    waiting = box.waiting()
    box.file(waiting.uidvalidity, waiting.uids, Folder.PROCESSED)
    assert raws(box) == []
    assert raws(box, Folder.PROCESSED) == [mail(2)]
    with raw_client(dovecot_bare, account) as client:
        assert len(client.search()) == 2  # both still there, marked
    box.close()


def test_imap_a_mail_that_kills_its_fetch_stops_no_other(dovecot: Dovecot) -> None:
    account = dovecot.account()
    box = imap(dovecot, account)
    for n in range(3):
        box.append(mail(n))
    waiting = box.waiting()
    broken = sorted((dovecot.home / "mail" / account / "Maildir" / "cur").iterdir())[1]
    broken.unlink()
    broken.symlink_to(broken.name)  # a loop: neither there nor not there
    for index in broken.parent.parent.glob("dovecot.index.cache"):
        index.unlink()
    mails = box.fetch(waiting.uidvalidity, waiting.uids).mails
    assert [m.raw for m in mails if m.whole] == [mail(0), mail(2)]
    for bad in (m for m in mails if not m.whole):
        assert bad.raw == b""
        assert "boîte" in bad.problem
    box.close()


def test_imap_nobody_there() -> None:
    settings = Settings(
        group="g",
        url=Endpoint(scheme="imap", host="127.0.0.1", port=1, user="x", path="INBOX"),
        password=SecretStr("x"),
    )
    box = ImapMailbox(settings)
    with pytest.raises(ServiceUnreachable, match="hors d’atteinte") as caught:
        box.waiting()
    assert caught.value.exit_code == 3
    assert box.wait(0.2) is False
