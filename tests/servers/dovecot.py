"""A real Dovecot 2.3 as an ordinary user, with accounts of any flavour, and LMTP and SASL for Postfix."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.servers import process
from tests.servers.tls import Certificates

CONFIGURATION = """
protocols = imap lmtp
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/dovecot.log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
ssl = yes
ssl_cert = <{tls.certificate}
ssl_key = <{tls.key}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
auth_username_chars =
mail_location = maildir:~/Maildir
mailbox_idle_check_interval = 1 s
mail_max_userip_connections = 100
lda_mailbox_autocreate = yes
maildir_very_dirty_syncs = no
postmaster_address = postmaster@localhost
namespace inbox {{
  inbox = yes
  separator = /
}}
passdb {{
  driver = passwd-file
  args = username_format=%Lu {home}/users/%Lu
}}
userdb {{
  driver = passwd-file
  args = username_format=%Lu {home}/users/%Lu
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service lmtp {{
  user = {user}
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service auth {{
  inet_listener sasl {{
    port = {sasl}
  }}
}}
"""
# Whole servers that offer less, and accounts whose folders are named as Courier and Cyrus do.
WITHOUT_MOVE = "imap_capability = IMAP4rev1 LITERAL+ UIDPLUS NAMESPACE"  # nor IDLE
BARE = "imap_capability = IMAP4rev1"
PREFIXED = {"namespace/inbox/prefix": "INBOX.", "namespace/inbox/separator": "."}


@dataclass(frozen=True, kw_only=True)
class Dovecot:
    """A running server. Accounts are e-mail addresses; each is made by `account`."""

    host: str  # `localhost`, as the certificate says
    imap: int  # port: plain, STARTTLS offered
    imaps: int
    lmtp: int
    sasl: int
    password: str  # of every account
    ca_file: Path
    home: Path
    owner: str | None  # system user that the mails belong to
    _numbers: Iterator[int] = field(default_factory=count)

    def account(self, address: str | None = None, **settings: str) -> str:
        """Make an account (a fresh one by default); `settings` (no spaces) override the server's for it."""
        address = (address or f"boite{next(self._numbers)}@localhost.test").lower()
        home = self.home / "mail" / address
        home.mkdir(parents=True, exist_ok=True)
        if self.owner:
            process.own(home, self.owner)
        uid, gid = home.stat().st_uid, home.stat().st_gid
        more = " ".join(f"userdb_{k}={v}" for k, v in settings.items())
        account = self.home / "users" / address  # a file each: one file is read anew once a second only
        account.write_text(f"{address}:{{PLAIN}}{self.password}:{uid}:{gid}::{home}::{more}".rstrip() + "\n")
        account.chmod(0o644)
        return address

    def kick(self, account: str) -> None:
        """Cut all connections of an account, as a server that restarts does."""
        doveadm = process.program("doveadm")
        subprocess.run(
            [doveadm, "-c", str(self.home / "dovecot.conf"), "kick", account], check=True, capture_output=True
        )

    def log(self) -> str:
        return (self.home / "dovecot.log").read_text(errors="replace")


@contextmanager
def run_dovecot(tls: Certificates, more: str = "") -> Iterator[Dovecot]:
    dovecot = process.program("dovecot")
    owner = "nobody" if process.root() else None
    entry = pwd.getpwnam(owner) if owner else pwd.getpwuid(os.getuid())
    group = grp.getgrgid(entry.pw_gid).gr_name
    home = process.folder("dovecot", owner)
    imap, imaps, lmtp, sasl = process.free_ports(4)
    configuration = home / "dovecot.conf"
    configuration.write_text(
        CONFIGURATION.format(
            home=home, user=entry.pw_name, group=group, tls=tls, imap=imap, imaps=imaps, lmtp=lmtp, sasl=sasl
        )
        + more
        + "\n"
    )
    for name in ("users", "mail"):
        (home / name).mkdir()
    log = home / "start.log"
    running: subprocess.Popen[bytes] = process.start([dovecot, "-F", "-c", str(configuration)], owner, log)
    try:
        process.wait_for(running, [imap, imaps, lmtp, sasl], log)
        yield Dovecot(
            host="localhost", imap=imap, imaps=imaps, lmtp=lmtp, sasl=sasl, password="s3cret-dovecot",
            ca_file=tls.ca_file, home=home, owner=owner,
        )  # fmt: skip
    finally:
        process.stop(running)
        shutil.rmtree(home, ignore_errors=True)
