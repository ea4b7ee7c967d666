"""A mailbox kept as a Maildir (https://cr.yp.to/proto/maildir.html), folders beside it as Maildir++ ones (`.Traités`).

A mail's uid is derived from the unique part of its file name, which never changes when flags do or when the file goes
from `new` to `cur`. Moves are a hard link and an unlink: at no moment is a mail in no folder, and none is overwritten.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import hashlib
import itertools
import os
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from daemon.errors import ServiceUnreachable
from daemon.mailbox.port import Batch, FolderRenumbered, Incoming, Waiting
from daemon.mailbox.wake import Bell

HEAD_BYTES = 1 << 20  # of a mail over the limit
LOOK_SECONDS = 1.0  # between two looks at the folder while waiting
STAMP = "vaguemestre-uidvalidity"
_count = itertools.count()


class MaildirMailbox:
    """A Mailbox on a Maildir. Its root must be there; the folders under it are made at the first use."""

    def __init__(self, root: str | Path, *, mail_bytes: int = 50_000_000, batch_bytes: int = 32_000_000) -> None:
        self.root = Path(root).absolute()
        self.name = f"maildir:{self.root}"
        self._mail_bytes, self._batch_bytes = mail_bytes, batch_bytes
        self._bell = Bell()
        self._looked: tuple[int, ...] = ()  # the folders' times at the last look

    def waiting(self, folder: str | None = None) -> Waiting:
        """See the port. A mail marked trashed (`T`) is not waiting."""
        with _reachable(self.root):
            place = self._folder(folder)
            if place == self.root:
                self._looked = self._times()
            found = [p for p in _mails(place) if "T" not in _flags(p)]
            found.sort(key=lambda p: (_stamp(p), p.name))
            return Waiting(
                folder=folder or "INBOX", uidvalidity=_uidvalidity(place), uids=tuple(uid_of(p.name) for p in found)
            )

    def fetch(self, uidvalidity: int, uids: Sequence[int], folder: str | None = None) -> Batch:
        """See the port."""
        with _reachable(self.root):
            place = self._folder(folder)
            self._same(place, uidvalidity)
            paths = {uid_of(p.name): p for p in _mails(place)}
            mails: list[Incoming] = []
            total = 0
            for n, uid in enumerate(uids):
                path = paths.get(uid)
                if path is None:
                    continue
                size = _size(path)
                cost = min(size, self._mail_bytes)
                if mails and total + cost > self._batch_bytes:
                    return Batch(mails=tuple(mails), rest=tuple(uids[n:]))
                total += cost
                mail = self._read(place, path, uid, folder or "INBOX", uidvalidity)
                if mail is not None:
                    mails.append(mail)
            return Batch(mails=tuple(mails), rest=())

    def file(self, uidvalidity: int, uids: Sequence[int], folder: str) -> None:
        """See the port."""
        with _reachable(self.root):
            source, target = self._folder(None), self._folder(folder)
            self._same(source, uidvalidity)
            wanted = set(uids)
            linked = [p for p in _mails(source) if uid_of(p.name) in wanted and _link(p, target)]
            sync(target / "cur")  # lasting there before they go here
            for path in linked:
                path.unlink(missing_ok=True)
            for sub in ("new", "cur"):
                sync(source / sub)

    def wait(self, seconds: float) -> bool:
        """See the port: looks at the folders' times once a second."""
        end = time.monotonic() + seconds
        before = self._looked or self._times()
        while (left := end - time.monotonic()) > 0:
            rung, _ = self._bell.sleep(min(left, LOOK_SECONDS))
            if rung:
                return False
            if self._times() != before:
                return True
        return False

    def wake(self) -> None:
        """See the port."""
        self._bell.ring()

    def append(self, raw: bytes, folder: str | None = None, received_at: dt.datetime | None = None) -> None:
        """See the port."""
        with _reachable(self.root):
            deliver(self._folder(folder), raw, unique_name(), received_at)

    def check(self) -> tuple[str, ...]:
        """See the port."""
        if not self.root.is_dir():
            raise ServiceUnreachable(f"{self.name} : dossier introuvable", "créez-le, ou corrigez [[mailbox]] url")
        if not os.access(self.root, os.R_OK | os.W_OK | os.X_OK):
            raise ServiceUnreachable(f"{self.name} : accès refusé", "donnez le dossier au compte du démon")
        return (f"{self.name} : {len(self.waiting().uids)} message(s) en attente",)

    def close(self) -> None:
        """See the port: nothing is held open."""

    def _folder(self, name: str | None) -> Path:
        if not self.root.is_dir():  # not made anew: a share that is not mounted must not look like an empty mailbox
            raise FileNotFoundError(errno.ENOENT, "dossier introuvable")
        place = self.root if name in (None, "INBOX") else self.root / f".{str(name).replace('/', '.')}"
        make(place)
        if place != self.root:
            (place / "maildirfolder").touch()  # Maildir++: this is a folder of the one above
        return place

    def _same(self, place: Path, uidvalidity: int) -> None:
        if _uidvalidity(place) != uidvalidity:
            raise FolderRenumbered(f"{self.name} : le dossier a été refait", "les messages sont relevés de nouveau")

    def _times(self) -> tuple[int, ...]:
        try:
            return tuple((self.root / sub).stat().st_mtime_ns for sub in ("new", "cur"))
        except OSError:
            return ()  # out of reach: news when it is back

    def _read(self, place: Path, path: Path, uid: int, folder: str, uidvalidity: int) -> Incoming | None:
        raw, problem = b"", ""
        try:
            current, size, stamp = path, _size(path), _stamp(path)
            if not size and not path.exists():  # a mail program moved it from new to cur, or marked it
                moved = next((p for p in _mails(place) if uid_of(p.name) == uid), None)
                if moved is None:
                    return None
                current, size, stamp = moved, _size(moved), _stamp(moved)
            with current.open("rb") as f:
                raw = f.read(self._mail_bytes if size <= self._mail_bytes else HEAD_BYTES)
        except FileNotFoundError:
            return None
        except OSError as e:
            problem = f"la boîte ne peut pas lire ce message ({e.strerror})"
        if size > self._mail_bytes:
            raw, problem = head_of(raw), "message trop volumineux"
        return Incoming(
            folder=folder,
            uidvalidity=uidvalidity,
            uid=uid,
            raw=raw,
            size=size,
            received_at=dt.datetime.fromtimestamp(stamp / 1e9, dt.UTC),
            whole=not problem,
            problem=problem,
        )


def head_of(raw: bytes) -> bytes:
    """The header section, with the empty line that ends it if there is one."""
    ends = [raw.find(gap) + len(gap) for gap in (b"\r\n\r\n", b"\n\n") if gap in raw]
    return raw[: min(ends)] if ends else raw


def uid_of(name: str) -> int:
    """63 bits of the SHA-256 of a file name's unique part: positive, fits a database's BIGINT."""
    unique = name.partition(":")[0]
    return int.from_bytes(hashlib.sha256(os.fsencode(unique)).digest()[:8], "big") >> 1 or 1


def unique_name() -> str:
    """A name that no other delivery on earth has: time, process, count, host."""
    now = time.time_ns()
    host = socket.gethostname().replace("/", "\\057").replace(":", "\\072")
    return f"{now // 10**9}.M{now % 10**9 // 1000}P{os.getpid()}Q{next(_count)}.{host}"


def make(place: Path) -> None:
    """A Maildir's three folders, where missing."""
    for sub in ("tmp", "new", "cur"):
        (place / sub).mkdir(parents=True, exist_ok=True)


def deliver(place: Path, raw: bytes, unique: str, received_at: dt.datetime | None = None) -> None:
    """Write a mail under `tmp`, make it lasting, then show it in `new`. Delivered already under this name: nothing."""
    make(place)
    if any(p.name.partition(":")[0] == unique for p in _mails(place)):
        return
    written = place / "tmp" / f"{unique}.{unique_name()}"
    try:
        with written.open("xb") as f:
            f.write(raw)
            f.flush()
            os.fsync(f.fileno())
        if received_at is not None:
            os.utime(written, (received_at.timestamp(), received_at.timestamp()))
        try:
            os.link(written, place / "new" / unique)
        except FileExistsError:
            return  # the same delivery, by another process, in this instant
        sync(place / "new")
    finally:
        written.unlink(missing_ok=True)


def sync(folder: Path) -> None:
    """Make a folder's entries last through a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _mails(place: Path) -> Iterator[Path]:
    for sub in ("new", "cur"):
        for entry in (place / sub).iterdir():
            if not entry.name.startswith(".") and not entry.is_dir():
                yield entry


def _flags(path: Path) -> str:
    _, _, info = path.name.partition(":2,")
    return info


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _stamp(path: Path) -> int:
    """When it was delivered: the file's own time, in nanoseconds."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _link(path: Path, target: Path) -> bool:
    """Show a mail in another folder too. False: it is gone from here, or was marked in this instant."""
    unique, flags = path.name.partition(":")[0], _flags(path)
    there = target / "cur" / f"{unique}:2,{flags}"
    try:
        os.link(path, there)
    except FileNotFoundError:
        return False
    except FileExistsError:
        if not _same_mail(path, there):  # another mail under its name: neither may go
            os.link(path, target / "cur" / f"{unique_name()}:2,{flags}")
    return True


def _same_mail(one: Path, other: Path) -> bool:
    return os.path.samestat(one.stat(), other.stat()) or one.read_bytes() == other.read_bytes()


def _uidvalidity(place: Path) -> int:
    """The folder's own number, drawn when it was made; another one after it was removed and made again."""
    stamp = place / STAMP
    try:
        return int(stamp.read_text())
    except (FileNotFoundError, ValueError) as problem:
        fresh = place / "tmp" / f"{STAMP}.{unique_name()}"
        fresh.write_text(str(time.time_ns() // 1000))
        if isinstance(problem, ValueError):
            fresh.replace(stamp)
        else:
            with contextlib.suppress(FileExistsError):  # another process was quicker: its number counts
                os.link(fresh, stamp)
            fresh.unlink()
        return int(stamp.read_text())


class _reachable:  # noqa: N801 - reads as a phrase: `with _reachable(root)`
    """Turns the file system's complaints into the port's."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise ServiceUnreachable(
                f"maildir:{self.root} : {error.strerror or error}", "vérifiez le dossier, ses droits et la place libre"
            ) from error
