"""Real servers, started once a session and only for the tests that ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import process
from tests.servers.dovecot import BARE, WITHOUT_MOVE, Dovecot, run_dovecot
from tests.servers.postfix import Postfix, run_postfix
from tests.servers.postgresql import PostgreSQL, run_postgresql
from tests.servers.tls import Certificates, make_certificates


@pytest.fixture(scope="session")
def certificates() -> Iterator[Certificates]:
    """An authority and a certificate for `localhost`, where every server's user can read them."""
    import shutil

    folder: Path = process.folder("tls", None)
    folder.chmod(0o755)
    yield make_certificates(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def dovecot(certificates: Certificates) -> Iterator[Dovecot]:
    """A running Dovecot; make accounts with `dovecot.account()`."""
    with run_dovecot(certificates) as server:
        yield server


@pytest.fixture(scope="session")
def dovecot_without_move(certificates: Certificates) -> Iterator[Dovecot]:
    """A server that knows neither MOVE nor IDLE."""
    with run_dovecot(certificates, WITHOUT_MOVE) as server:
        yield server


@pytest.fixture(scope="session")
def dovecot_bare(certificates: Certificates) -> Iterator[Dovecot]:
    """A server of 1996: IMAP4rev1 and nothing else."""
    with run_dovecot(certificates, BARE) as server:
        yield server


@pytest.fixture(scope="session")
def postfix(certificates: Certificates, dovecot: Dovecot) -> Iterator[Postfix]:
    """A running Postfix that delivers every domain's mail into `dovecot`."""
    with run_postfix(certificates, dovecot) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A running PostgreSQL; make a database with `postgresql.create()`."""
    with run_postgresql() as server:
        yield server
