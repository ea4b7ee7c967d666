"""A member’s mail through a real Postfix into a real Dovecot; the daemon, its own process, answers through them."""

import os
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import TypeVar

import pytest
from imapclient import IMAPClient

from fixtures import scene
from tests.daemon.town import body
from tests.servers.dovecot import Dovecot
from tests.servers.postfix import Postfix
from tests.servers.postgresql import PostgreSQL

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
GROUP = "dematerialisation@cig.test"
PROVIDER = "dossiers@dematis.test"
COORDINATOR = "coordination@cig.test"
TOWN = scene.Body(
    name="Commune de Valmondière", siret=scene.siret("21910777"), email="j.lefevre@valmondiere.test",
    functional="mairie@valmondiere.test", city="Valmondière",
)  # fmt: skip
CONFIG = """\
groups = ["cig-grande-couronne"]
[store]
database = "{database}"
blobs = "file://blobs"
[[mailbox]]
group = "cig-grande-couronne"
url = "imap+starttls://{group}@localhost:{imap}"
password_file = "password"
ca_file = "{ca}"
[outgoing]
url = "smtp+starttls://{group}@localhost:{submission}"
password_file = "password"
ca_file = "{ca}"
sender = "Groupement <{group}>"
[coordinators]
cig-grande-couronne = ["{coordinator}"]
[providers]
dematis = "{provider}"
achatpublic = "commandes@achatpublic.test"
[members]
file = "members.csv"
[trust]
authserv_id = "{authserv}"
[schedule]
poll_seconds = 5
"""


class Inbox:
    """Somebody's mailbox in the real Dovecot."""

    def __init__(self, dovecot: Dovecot, address: str) -> None:
        self.dovecot, self.address = dovecot, dovecot.account(address)

    def client(self) -> IMAPClient:
        client = IMAPClient("localhost", port=self.dovecot.imap, ssl=False)
        client.login(self.address, self.dovecot.password)
        return client

    def mails(self, folder: str = "INBOX") -> list[EmailMessage]:
        client = self.client()
        try:
            if not client.folder_exists(folder):
                return []
            client.select_folder(folder, readonly=True)
            fetched = client.fetch(client.search("ALL"), ["BODY.PEEK[]"])
            raws = [data[b"BODY[]"] for _, data in sorted(fetched.items())]
            return [message_from_bytes(r, policy=default) for r in raws]  # type: ignore[misc]
        finally:
            client.logout()


def wait_for(what: Callable[[], T], why: str, seconds: float = 60) -> T:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.3)
    raise AssertionError(why)


@pytest.fixture(params=["sqlite", "postgresql"])
def config(request: pytest.FixtureRequest, tmp_path: Path, postfix: Postfix) -> Path:
    dovecot = postfix.dovecot
    (tmp_path / "password").write_text(dovecot.password)
    (tmp_path / "members.csv").write_text(f"{scene.CENSUS}\n{TOWN.row('2')}\n", encoding="utf-8")
    database = "sqlite:///books.db"
    if request.param == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql")
        database = server.create()
    path = tmp_path / "vaguemestre.toml"
    path.write_text(
        CONFIG.format(
            database=database, group=GROUP, imap=dovecot.imap, ca=dovecot.ca_file, submission=postfix.submission,
            coordinator=COORDINATOR, provider=PROVIDER, authserv=postfix.hostname,
        ),
        encoding="utf-8",
    )  # fmt: skip
    return path


@pytest.fixture
def notify(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(str(tmp_path / "notify"))
        s.settimeout(60)
        yield s


def hear(notify: socket.socket, word: str) -> None:
    """Waits until the daemon says so to systemd."""
    while word not in notify.recv(4096).decode():
        pass


def submit(postfix: Postfix, raw: bytes) -> None:
    with smtplib.SMTP("localhost", postfix.smtp) as smtp:
        smtp.sendmail(TOWN.email, [GROUP], raw)


def empty(dovecot: Dovecot, *addresses: str) -> list[Inbox]:
    boxes = []
    for address in addresses:
        box = Inbox(dovecot, address)
        client = box.client()
        for _, _, folder in client.list_folders():
            client.select_folder(folder)
            found = client.search("ALL")
            if found:
                client.delete_messages(found)
                client.expunge()
        client.logout()
        boxes.append(box)
    return boxes


@pytest.mark.timeout(300)
def test_a_member_s_mail_is_answered_through_real_servers(
    config: Path, postfix: Postfix, notify: socket.socket, tmp_path: Path
) -> None:
    group, member, provider = empty(postfix.dovecot, GROUP, TOWN.email, PROVIDER)
    daemon = subprocess.Popen(
        [sys.executable, "-m", "daemon.cli", "run", "--config", str(config)],
        cwd=ROOT, env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        hear(notify, "READY=1")
        files = {"BC.pdf": scene.order(TOWN, "2"), "Fiche.pdf": scene.account(TOWN, "2", yes=True, rgs=True)}
        text = "Bonjour,\n\nVoici notre dossier du lot 2.\n"
        submit(postfix, scene.mail(TOWN, GROUP, "Dossier lot 2", text, files, message_id=f"{tmp_path.name}@x.test"))

        [answer] = wait_for(member.mails, "the member was not answered")
        assert "[CIG-2-0001]" in answer["Subject"]
        assert answer["In-Reply-To"] == f"<{tmp_path.name}@x.test>"
        assert GROUP in str(answer["From"])
        assert "avenant" in body(answer)
        [forward] = wait_for(provider.mails, "the provider got nothing")
        assert scene.order(TOWN, "2") in [p.get_content() for p in forward.iter_attachments()]
        wait_for(lambda: group.mails("Traités"), "the mail was not filed")
        assert group.mails() == []

        daemon.send_signal(signal.SIGHUP)
        hear(notify, "READY=1")
        good = config.read_text(encoding="utf-8")
        config.write_text(good + "[inconnue]\nx = 1\n", encoding="utf-8")
        daemon.send_signal(signal.SIGHUP)
        hear(notify, "refusée")
        config.write_text(good, encoding="utf-8")
        files = {"avenant.pdf": scene.amendment(TOWN)}
        submit(
            postfix,
            scene.mail(TOWN, GROUP, "avenant", "Voici l’avenant.", files, message_id=f"2{tmp_path.name}@x.test"),
        )
        wait_for(lambda: len(member.mails()) == 2, "after a refused configuration, the old one goes on")
    finally:
        daemon.send_signal(signal.SIGTERM)
        _, errors = daemon.communicate(timeout=60)
    assert daemon.returncode == 0, errors[-3000:]
    assert "Traceback" not in errors, errors[-3000:]
