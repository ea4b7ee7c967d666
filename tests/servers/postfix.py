"""A real Postfix that delivers every mail of every domain into the tests' Dovecot: nothing can leave the machine.

Loopback only, configuration, queue and data of its own. Needs root, as Postfix itself does.
"""

from __future__ import annotations

import shutil
import smtplib
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers import process
from tests.servers.dovecot import Dovecot
from tests.servers.tls import Certificates

HOSTNAME = "mx.vaguemestre.test"  # also the authserv-id of its Authentication-Results
MAIN = """
compatibility_level = 3.6
config_directory = {home}/etc
queue_directory = {home}/queue
data_directory = {home}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file_prefixes = {home}
maillog_file = {home}/log/postfix.log
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = {hostname}
mydestination =
local_transport = error:no local mail
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject
virtual_mailbox_domains = static:all
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{sasl}
smtpd_sasl_security_options = noanonymous
smtpd_tls_security_level = may
smtpd_tls_cert_file = {tls.certificate}
smtpd_tls_key_file = {tls.key}
smtpd_sender_restrictions = check_sender_access regexp:{home}/etc/senders
smtpd_recipient_restrictions = check_recipient_access regexp:{home}/etc/recipients
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_peername_lookup = no
smtpd_error_sleep_time = 0
smtputf8_enable = yes
message_size_limit = 30000000
mailbox_size_limit = 0
virtual_mailbox_limit = 0
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
disable_dns_lookups = yes
smtp_host_lookup = native
alias_maps =
alias_database =
"""
MASTER = """
{smtp} inet n - n - - smtpd
{submission} inet n - n - - smtpd
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
  -o smtpd_tls_security_level=encrypt
{smtps} inet n - n - - smtpd
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
  -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
# As a provider's server does, every mail gets its word on SPF: passed for all domains but `inconnu.test`, of which
# nothing is known, and `faux.test`, for which it fails.
SENDERS = f"""
/@((.+\\.)?inconnu\\.test)$/ PREPEND Authentication-Results: {HOSTNAME}; spf=none smtp.mailfrom=$1
/@((.+\\.)?faux\\.test)$/ PREPEND Authentication-Results: {HOSTNAME}; spf=fail smtp.mailfrom=$1
/@(.+)$/ PREPEND Authentication-Results: {HOSTNAME}; spf=pass smtp.mailfrom=$1
"""
RECIPIENTS = """
/^refuse@/ 550 5.1.1 No such person here
/^plus-tard@/ 451 4.3.0 Come back later
"""


@dataclass(frozen=True, kw_only=True)
class Postfix:
    """A running server in front of `dovecot`. Recipients `refuse@…` get 550, `plus-tard@…` 451."""

    host: str  # `localhost`, as the certificate says
    smtp: int  # port: open to loopback, STARTTLS offered
    submission: int  # STARTTLS and log-in asked for
    smtps: int  # TLS from the start and log-in asked for
    password: str  # of every account of `dovecot`
    ca_file: Path
    hostname: str  # its authserv-id
    dovecot: Dovecot
    home: Path

    def deliver(self, raw: bytes, recipient: str, sender: str = "membre@membre.test") -> None:
        """Hand a mail over as a stranger's server would. Returns before it lies in the mailbox."""
        with smtplib.SMTP("127.0.0.1", self.smtp, timeout=20) as client:
            client.sendmail(sender, [recipient], raw)

    def wait_until(self, told: Callable[[], bool], seconds: float = 30) -> None:
        """Until a condition holds; fails with the log's end."""
        end = time.monotonic() + seconds
        while not told():
            if time.monotonic() > end:
                pytest.fail(f"not within {seconds} s; Postfix says: {self.log()[-3000:]}")
            time.sleep(0.1)

    def log(self) -> str:
        return (self.home / "log" / "postfix.log").read_text(errors="replace")


def master() -> str:
    """The path of Postfix's own supervisor."""
    told = subprocess.run([process.program("postconf"), "-dh", "daemon_directory"], check=True, capture_output=True)
    return f"{told.stdout.decode().strip()}/master"


@contextmanager
def run_postfix(tls: Certificates, dovecot: Dovecot) -> Iterator[Postfix]:
    postfix = process.program("postfix")
    if not process.root():
        pytest.skip("Postfix needs root (packages: postfix dovecot-imapd dovecot-lmtpd)")
    home = process.folder("postfix", None)
    home.chmod(0o755)
    smtp, submission, smtps = process.free_ports(3)
    for name in ("etc", "queue", "data", "log"):
        (home / name).mkdir()
    process.own(home / "data", "postfix")
    (home / "etc" / "main.cf").write_text(
        MAIN.format(home=home, hostname=HOSTNAME, lmtp=dovecot.lmtp, sasl=dovecot.sasl, tls=tls)
    )
    (home / "etc" / "master.cf").write_text(MASTER.format(smtp=smtp, submission=submission, smtps=smtps))
    (home / "etc" / "senders").write_text(SENDERS)
    (home / "etc" / "recipients").write_text(RECIPIENTS)
    log = home / "start.log"
    etc = str(home / "etc")
    checked = subprocess.run([postfix, "-c", etc, "check"], check=False, capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stderr
    # The master itself, not Postfix's own script around it, which would not pass the signal to end on.
    running: subprocess.Popen[bytes] = process.start([master(), "-c", etc, "-s"], None, log)
    try:
        process.wait_for(running, [smtp, submission, smtps], log)
        yield Postfix(
            host="localhost", smtp=smtp, submission=submission, smtps=smtps, password=dovecot.password,
            ca_file=tls.ca_file, hostname=HOSTNAME, dovecot=dovecot, home=home,
        )  # fmt: skip
    finally:
        process.stop(running)
        shutil.rmtree(home, ignore_errors=True)
