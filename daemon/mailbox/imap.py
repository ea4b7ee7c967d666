"""A mailbox on an IMAP server (RFC 3501, with IDLE, MOVE, UIDPLUS and NAMESPACE where offered).

One connection, opened when first needed, opened again when it breaks; between failed attempts it waits longer each
time. A thread that waits in IDLE gives the connection up to any other that has work for it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import CapabilityError, IMAPClientAbortError, IMAPClientError, LoginError

from daemon.config import Mailbox as Settings
from daemon.errors import ServiceUnreachable
from daemon.mailbox.port import Batch, FolderRenumbered, Incoming, Waiting
from daemon.mailbox.wake import Bell

T = TypeVar("T")
Told = dict[bytes, Any]  # what FETCH says of a mail, by item
HEAD_BYTES = 1 << 20  # of a mail over the limit
CHUNK = 500  # uids in one command: lines stay short
CONNECT_SECONDS, READ_SECONDS = 20.0, 120.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0  # between attempts to connect
BROKEN = (IMAPClientAbortError, OSError)  # the connection is of no more use; OSError holds ssl's and the time-outs


class ImapMailbox:
    """A Mailbox on IMAP."""

    def __init__(
        self,
        settings: Settings,
        *,
        mail_bytes: int = 50_000_000,
        batch_bytes: int = 32_000_000,
        idle_seconds: float = 300.0,
    ) -> None:
        self._settings, self._url = settings, settings.url
        self.name = f"imap:{self._url.user}@{self._url.host}/{self._url.path}"
        self._mail_bytes, self._batch_bytes, self._idle_seconds = mail_bytes, batch_bytes, idle_seconds
        self._bell = Bell()
        self._lock = threading.Lock()
        self._wanted = 0  # threads that want the connection while another has it
        self._client: Any = None
        self._selected: dict[bytes, Any] = {}  # the last SELECT's answer
        self._made: dict[str, str] = {}  # folders known to be there, on this connection → their full names
        self._looked: tuple[int, int] | None = None  # UIDVALIDITY and UIDNEXT at the last look at the intake folder
        self._pause, self._not_before = 0.0, 0.0

    def waiting(self, folder: str | None = None) -> Waiting:
        """See the port. A mail marked `\\Deleted` is not waiting."""

        def look(client: Any) -> Waiting:
            validity = self._select(client, folder)
            if folder is None:
                self._looked = self._position()
            uids = sorted(client.search("UNDELETED"))
            return Waiting(folder=folder or self._url.path, uidvalidity=validity, uids=tuple(uids))

        return self._do(look)

    def fetch(self, uidvalidity: int, uids: Sequence[int], folder: str | None = None) -> Batch:
        """See the port. Sizes first, then as many bodies as the limit allows, in one command."""
        chunk = list(uids[:CHUNK])
        told = self._told(folder, uidvalidity, chunk, ["RFC822.SIZE", "INTERNALDATE"])
        small: list[int] = []
        large: list[int] = []
        total, looked = 0, 0
        for uid in chunk:
            size = _size(told.get(uid))
            cost = min(size, HEAD_BYTES) if size > self._mail_bytes else size
            if (small or large) and total + cost > self._batch_bytes:
                break
            looked += 1
            total += cost
            if isinstance(told.get(uid), dict):
                (large if size > self._mail_bytes else small).append(uid)
        bodies = self._bodies(folder, uidvalidity, small, "BODY.PEEK[]")
        bodies |= self._bodies(folder, uidvalidity, large, f"BODY.PEEK[HEADER]<0.{HEAD_BYTES}>")
        bodies |= {u: t for u, t in told.items() if isinstance(t, str)}
        mails = tuple(
            self._incoming(folder, uidvalidity, uid, told[uid], bodies[uid], whole=uid not in large)
            for uid in chunk[:looked]
            if uid in bodies
        )
        return Batch(mails=mails, rest=tuple(uids[looked:]))

    def file(self, uidvalidity: int, uids: Sequence[int], folder: str) -> None:
        """See the port: MOVE, or COPY, `\\Deleted` and EXPUNGE."""

        def move(client: Any) -> None:
            self._select(client, None, uidvalidity)
            if not uids:
                return
            target = self._ensure(client, folder)
            for chunk in _chunks(uids):
                there = client.search(["UID", ",".join(map(str, chunk))])
                if there and client.has_capability("MOVE"):
                    client.move(there, target)
                elif there:
                    self._copy_and_expunge(client, there, target)

        self._do(move)

    def wait(self, seconds: float) -> bool:
        """See the port: IDLE armed anew now and then, a look at UIDNEXT before and after."""
        end = time.monotonic() + seconds
        pause = 0.0
        with self._lock:
            try:
                return self._wait(self._connected(), end)
            except (ServiceUnreachable, IMAPClientError, OSError):
                self._drop()
                pause = max(FIRST_PAUSE, self._not_before - time.monotonic())
        self._bell.sleep(min(pause, end - time.monotonic()))
        return False

    def wake(self) -> None:
        """See the port."""
        self._bell.ring()

    def append(self, raw: bytes, folder: str | None = None, received_at: dt.datetime | None = None) -> None:
        """See the port. Not tried again when the connection breaks: the mail might come twice."""

        def put(client: Any) -> None:
            client.append(self._url.path if folder is None else self._ensure(client, folder), raw, (), received_at)

        self._do(put, again=False)

    def check(self) -> tuple[str, ...]:
        """See the port. Makes nothing: missing folders are told."""

        def look(client: Any) -> tuple[str, ...]:
            offered = [c for c in ("IDLE", "MOVE", "UIDPLUS") if client.has_capability(c)]
            self._select(client, None)
            count = len(client.search("UNDELETED"))
            return (
                f"{self._url} : connexion {self._url.security}, {', '.join(offered) or 'IMAP4rev1 seul'}",
                f"{self.name} : {count} message(s) en attente",
            )

        return self._do(look)

    def close(self) -> None:
        """See the port."""
        with self._mine():
            self._drop(polite=True)

    # The connection

    @contextlib.contextmanager
    def _mine(self) -> Iterator[None]:
        """Have the connection; whoever waits in IDLE is asked to let it go."""
        if not self._lock.acquire(blocking=False):
            self._wanted += 1
            self._bell.ring()
            self._lock.acquire()
            self._wanted -= 1
        try:
            yield
        finally:
            self._lock.release()

    def _do(self, action: Callable[[Any], T], *, again: bool = True) -> T:
        with self._mine():
            attempts = 2 if again and self._client is not None else 1  # an old connection may have died unnoticed
            while True:
                attempts -= 1
                client = self._connected()
                try:
                    return action(client)
                except BROKEN as e:
                    self._drop()
                    if not attempts:
                        raise self._unreachable(e) from e
                except IMAPClientError as e:
                    raise self._unreachable(e) from e

    def _connected(self) -> Any:
        if self._client is not None:
            return self._client
        if (left := self._not_before - time.monotonic()) > 0:
            raise ServiceUnreachable(f"{self._url} : hors d’atteinte", f"prochain essai dans {left:.0f} s")
        try:
            self._client = self._connect()
        except (IMAPClientError, OSError) as e:
            self._pause = min(max(FIRST_PAUSE, self._pause * 2), LONGEST_PAUSE)
            # Two daemons that lost the same server do not come back in step.
            self._not_before = time.monotonic() + self._pause * random.uniform(0.75, 1.0)  # noqa: S311 - no secret
            raise self._unreachable(e) from e
        self._pause = self._not_before = 0.0
        return self._client

    def _connect(self) -> Any:
        url = self._url
        context = None
        if url.security != "plain":
            ca = self._settings.ca_file
            context = ssl.create_default_context(cafile=None if ca is None else str(ca))
        client = IMAPClient(
            url.host,
            port=url.port,
            ssl=url.security == "tls",
            ssl_context=context,
            timeout=SocketTimeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        )
        try:
            client.normalise_times = False  # aware, as the server says
            if url.security == "starttls":
                client.starttls(context)
            password = self._settings.password.get_secret_value() if self._settings.password else ""
            user = url.user or ""
            if (user + password).isascii():
                client.login(user, password)
            else:
                client.plain_login(user, password)  # LOGIN knows ASCII only
        except BaseException:
            with contextlib.suppress(IMAPClientError, OSError):
                client.shutdown()
            raise
        self._made.clear()
        return client

    def _drop(self, *, polite: bool = False) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(IMAPClientError, OSError):
                if polite:
                    client.logout()
                else:
                    client.shutdown()

    def _unreachable(self, error: Exception) -> ServiceUnreachable:
        words = _words(error)
        match error:
            case LoginError():
                problem, remedy = f"identifiants refusés ({words})", "vérifiez l’utilisateur et le mot de passe"
            case CapabilityError():
                problem, remedy = f"le serveur ne l’offre pas ({words})", "employez imaps://"
            case ssl.SSLCertVerificationError():
                problem = f"certificat refusé ({error.verify_message})"
                remedy = "écrivez le nom que porte le certificat, ou donnez ca_file"
            case OSError():
                problem, remedy = f"hors d’atteinte ({words})", "vérifiez le serveur, le port et le réseau"
            case _:
                problem, remedy = f"le serveur refuse ({words})", "vérifiez le dossier nommé dans url et le quota"
        return ServiceUnreachable(f"{self._url} : {problem}", remedy)

    # Folders

    def _select(self, client: Any, folder: str | None, uidvalidity: int | None = None) -> int:
        name = self._url.path if folder is None else self._ensure(client, folder)
        self._selected = client.select_folder(name)
        validity = int(self._selected.get(b"UIDVALIDITY", 1))
        if uidvalidity is not None and validity != uidvalidity:
            raise FolderRenumbered(f"{self.name} : le dossier a été renuméroté", "les messages sont relevés de nouveau")
        return validity

    def _position(self) -> tuple[int, int]:
        told = self._selected
        return int(told.get(b"UIDVALIDITY", 1)), int(told.get(b"UIDNEXT", told.get(b"EXISTS", 0)))

    def _ensure(self, client: Any, folder: str) -> str:
        """The folder's full name on this server, made and subscribed to where missing."""
        if folder not in self._made:
            self._made[folder] = self._make(client, folder)
        return self._made[folder]

    @staticmethod
    def _make(client: Any, folder: str) -> str:
        if client.has_capability("NAMESPACE") and (personal := client.namespace().personal):
            prefix, delimiter = personal[0]
            names: list[str] = [prefix + (folder.replace(delimiter, "_") if delimiter else folder)]
        else:  # many servers without NAMESPACE allow folders under INBOX only
            listed = client.list_folders("", "INBOX")
            between = listed[0][1].decode() if listed and listed[0][1] else "."
            names = [folder, f"INBOX{between}{folder}"]
        for name in names:
            if client.folder_exists(name):
                return name
        for name in names:
            try:
                client.create_folder(name)
            except IMAPClientAbortError:
                raise
            except IMAPClientError:
                if client.folder_exists(name):  # another daemon made it first
                    return name
                if name == names[-1]:
                    raise
            else:
                client.subscribe_folder(name)
                return name
        raise AssertionError("the last name either was made or raised")

    def _copy_and_expunge(self, client: Any, uids: Sequence[int], target: str) -> None:
        listed = ",".join(map(str, uids))
        fresh = client.search(["UNDELETED", "UID", listed])  # those marked were copied before a crash
        if fresh:
            client.copy(fresh, target)
            client.delete_messages(fresh, silent=True)
        if client.has_capability("UIDPLUS"):
            client.uid_expunge(uids)
        elif set(client.search("DELETED")) <= set(uids):
            client.expunge()
        # else a person's own deleted mails lie there: ours stay marked, and wait no more

    # Mails

    def _told(
        self, folder: str | None, uidvalidity: int, uids: Sequence[int], items: list[str]
    ) -> dict[int, Told | str]:
        """What the server tells of each mail, or why it does not; those gone are left out.

        A mail that makes the server fail, or break off, is found by halves: it stops no other.
        """

        def ask(client: Any) -> dict[int, Told | str]:
            self._select(client, folder, uidvalidity)
            return dict(client.fetch(uids, items))

        if not uids:
            return {}
        try:
            return self._do(ask)
        except ServiceUnreachable as e:
            self._do(lambda c: self._select(c, folder, uidvalidity))  # raises if the server as a whole is away
            if len(uids) == 1:
                return {uids[0]: f"la boîte ne peut pas donner ce message ({e.message})"}
        half = len(uids) // 2
        return self._told(folder, uidvalidity, uids[:half], items) | self._told(folder, uidvalidity, uids[half:], items)

    def _bodies(self, folder: str | None, uidvalidity: int, uids: Sequence[int], item: str) -> dict[int, bytes | str]:
        """Bytes, or why there are none; mails gone meanwhile are left out."""
        key = item.replace(".PEEK", "").replace(f".{HEAD_BYTES}>", ">").encode()
        found: dict[int, bytes | str] = {}
        for uid, told in self._told(folder, uidvalidity, uids, [item]).items():
            body = told if isinstance(told, str) else told.get(key)
            found[uid] = body if isinstance(body, bytes | str) else "la boîte annonce ce message et ne le donne pas"
        return found

    def _incoming(
        self, folder: str | None, uidvalidity: int, uid: int, told: Told | str, body: bytes | str, *, whole: bool
    ) -> Incoming:
        at = told.get(b"INTERNALDATE") if isinstance(told, dict) else None
        problem = body if isinstance(body, str) else "" if whole else "message trop volumineux"
        return Incoming(
            folder=folder or self._url.path,
            uidvalidity=uidvalidity,
            uid=uid,
            raw=body if isinstance(body, bytes) else b"",
            size=_size(told),
            received_at=at or dt.datetime.now(dt.UTC),
            whole=not problem,
            problem=problem,
        )

    # Waiting

    def _wait(self, client: Any, end: float) -> bool:
        if self._wanted:
            self._bell.sleep(0.05)  # lets the one who asked have it
            return False
        if self._moved_on(client):
            return True
        while (left := end - time.monotonic()) > 0:
            if client.has_capability("IDLE"):
                rung, news = self._idle(client, min(left, self._idle_seconds))
            else:
                (rung, _), news = self._bell.sleep(left), False
            if news or rung:
                return news
        return self._moved_on(client)

    def _moved_on(self, client: Any) -> bool:
        """Whether the folder got mails since the last look."""
        self._select(client, None)
        return self._looked is not None and self._position() != self._looked

    def _idle(self, client: Any, seconds: float) -> tuple[bool, bool]:
        client.idle()
        rung, readable = self._bell.sleep(seconds, client.socket())
        told = client.idle_check(timeout=0) if readable else []
        _, more = client.idle_done()
        return rung, any(len(r) > 1 and r[1] == b"EXISTS" for r in [*told, *more])


def _size(told: Told | str | None) -> int:
    return int(told.get(b"RFC822.SIZE", 0)) if isinstance(told, dict) else 0


def _chunks(uids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(uids), CHUNK):
        yield uids[start : start + CHUNK]


def _words(error: Exception) -> str:
    text = error.args[0] if error.args else error
    if isinstance(error, OSError) and error.strerror:
        text = error.strerror
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return words.removeprefix("b'").removesuffix("'").strip()
