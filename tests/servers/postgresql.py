"""A real PostgreSQL on a loopback port, its files in a folder of its own and never synced: it lives for a test run."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.servers import process


@dataclass(frozen=True, kw_only=True)
class PostgreSQL:
    """A running server that trusts whoever comes from loopback."""

    host: str
    port: int
    user: str
    home: Path
    _numbers: Iterator[int] = field(default_factory=count)

    def create(self) -> str:
        """A new, empty database: its SQLAlchemy URL."""
        import psycopg

        name = f"essai{next(self._numbers)}"
        with psycopg.connect(host=self.host, port=self.port, user=self.user, dbname="postgres", autocommit=True) as c:
            c.execute(f"create database {name}")
        return f"postgresql://{self.user}@{self.host}:{self.port}/{name}"


@contextmanager
def run_postgresql() -> Iterator[PostgreSQL]:
    places = [str(p) for p in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    postgres = process.program("postgres", *places)
    initdb = Path(postgres).resolve().parent / "initdb"
    owner = "postgres" if process.root() else None
    user = owner or pwd.getpwuid(os.getuid()).pw_name
    home = process.folder("postgresql", owner)
    (port,) = process.free_ports(1)
    log = process.folder("postgresql-log", None) / "log"
    try:
        made = process.start(
            [
                str(initdb),
                "-D",
                str(home / "data"),
                "-U",
                user,
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ],
            owner,
            log,
        )
        assert made.wait(120) == 0, log.read_text()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "fsync": "off",
            "shared_buffers": "32MB",
            "max_connections": "60",
        }
        options = [x for k, v in settings.items() for x in ("-c", f"{k}={v}")]
        running: subprocess.Popen[bytes] = process.start([postgres, "-D", str(home / "data"), *options], owner, log)
        try:
            process.wait_for(running, [port], log)
            yield PostgreSQL(host="127.0.0.1", port=port, user=user, home=home)
        finally:
            process.stop(running, signal.SIGINT)  # a fast shutdown: open connections are cut
    finally:
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(log.parent, ignore_errors=True)
