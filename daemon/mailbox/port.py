"""The port to a group's mailbox: what the shell asks of it, whichever way the mail is kept.

Adapters are synchronous and safe to call from several threads. A mail is never deleted: it is only moved, after the
books hold it, and moving it twice is harmless. All raise `ServiceUnreachable` when the mailbox cannot be had.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from daemon.errors import VaguemestreError


class Folder(StrEnum):
    """What became of a mail, as its owner sees it in the mail program."""

    PROCESSED = "Traités"
    TO_REVIEW = "À vérifier"
    IN_ERROR = "En erreur"
    IGNORED = "Ignorés"


class FolderRenumbered(VaguemestreError):  # noqa: N818 - an event to handle, not a fault
    """The folder's UIDVALIDITY is not the one given: the uids mean other mails now. Look at `waiting()` again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """What lies in a folder and is not marked deleted."""

    folder: str  # as the mailbox names it
    uidvalidity: int
    uids: tuple[int, ...]  # oldest first; up to 63 bits


@dataclass(frozen=True, kw_only=True, slots=True)
class Incoming:
    """One mail fetched."""

    folder: str
    uidvalidity: int
    uid: int
    raw: bytes  # the whole mail; the head alone where `whole` is false; empty where it could not be read at all
    size: int  # bytes of the whole mail, as the mailbox tells
    received_at: dt.datetime  # aware: when the mailbox got it
    whole: bool = True
    problem: str = ""  # French: why `whole` is false (too large, or the mailbox cannot read it)


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """A fetch's answer, bounded by bytes."""

    mails: tuple[Incoming, ...]
    rest: tuple[int, ...]  # uids not looked at yet: ask again for them. Uids gone meanwhile are in neither


class Mailbox(Protocol):
    """A group's mailbox. `name` is stable over restarts and changes of port or protection."""

    name: str

    def waiting(self, folder: str | None = None) -> Waiting:
        """What lies in the folder that is taken in, or in another one of `Folder`."""

    def fetch(self, uidvalidity: int, uids: Sequence[int], folder: str | None = None) -> Batch:
        """The first of these mails, unmarked as seen, as many as the byte limit allows and at least one.

        A mail over the size limit comes as its head alone. Raises FolderRenumbered.
        """

    def file(self, uidvalidity: int, uids: Sequence[int], folder: str) -> None:
        """Move mails from the folder taken in to another, made if missing. Uids no longer there are passed over.

        Raises FolderRenumbered.
        """

    def wait(self, seconds: float) -> bool:
        """Block until news may have come (True), `seconds` have gone or `wake` was called (False). Never raises.

        Out of reach, it waits for the next moment at which trying again makes sense, `seconds` at most.
        """

    def wake(self) -> None:
        """End a `wait` of another thread, or the next one."""

    def append(self, raw: bytes, folder: str | None = None, received_at: dt.datetime | None = None) -> None:
        """Put a mail in: demonstration and tests."""

    def check(self) -> tuple[str, ...]:
        """Try everything; French lines that say what was found. Raises ServiceUnreachable with the remedy."""

    def close(self) -> None:
        """Let go of the connection; the next call opens it anew."""
