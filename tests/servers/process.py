"""Starting and stopping the real servers of the tests: loopback ports, own folders, no orphan."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

PACKAGES = {
    "dovecot": "dovecot-imapd dovecot-lmtpd",
    "postfix": "postfix",
    "postconf": "postfix",
    "doveadm": "dovecot-core",
    "postgres": "postgresql",
    "setpriv": "util-linux",
}


# A shell of ours between us and the server: servers that change their user lose the parent-death signal, it does not.
GUARDIAN = """
"$@" & child=$!
trap 'kill -TERM $child' TERM
trap 'kill -INT $child' INT
while kill -0 $child 2>/dev/null; do wait $child; status=$?; done
exit $status
"""


def root() -> bool:
    return os.geteuid() == 0


def program(name: str, *places: str) -> str:
    """The program's path. Missing: a failure for root, who can install it; told and skipped for others."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin", *places]))
    if found is None:
        words = f"{name} is missing: apt-get install {PACKAGES[name]}"
        if root():
            pytest.fail(f"{words} (make test does it)")
        pytest.skip(words)
    return found


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]
    finally:
        for s in sockets:
            s.close()


def folder(name: str, user: str | None) -> Path:
    """A folder of the server's own under the temporary one: pytest's is closed to other users."""
    path = Path(tempfile.mkdtemp(prefix=f"vaguemestre-{name}-"))
    if user is not None and root():
        own(path, user)
    return path


def own(path: Path, user: str) -> None:
    entry = pwd.getpwnam(user)
    os.chown(path, entry.pw_uid, entry.pw_gid)
    path.chmod(0o755)


def start(command: Sequence[str], user: str | None, log: Path) -> subprocess.Popen[bytes]:
    """Start in a session of its own; as `user` where we are root. It ends with us, even where we are killed."""
    as_user: list[str] = []
    if user is not None and root():
        entry = pwd.getpwnam(user)
        as_user = [f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"]
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}
    with log.open("ab") as out:
        return subprocess.Popen(
            [program("setpriv"), *as_user, "--pdeathsig", "TERM", "sh", "-c", GUARDIAN, "guardian", *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            cwd="/",
            env=environment,
        )


def wait_for(process: subprocess.Popen[bytes], ports: Sequence[int], log: Path, seconds: float = 30) -> None:
    """Until all ports answer; fails with the log's end."""
    end = time.monotonic() + seconds
    for port in ports:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    stop(process)
                    pytest.fail(f"server did not start: {log.read_text(errors='replace')[-3000:]}")
                time.sleep(0.05)


def stop(process: subprocess.Popen[bytes], sig: int = signal.SIGTERM) -> None:
    """Ask, wait, then insist on the whole session."""
    if process.poll() is None:
        process.send_signal(sig)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(20)
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait(5)
