"""Reading in a child process: a document that kills or outlasts its reader is a finding, not an outage.

One child is kept and handed one message at a time (imports cost more than most messages). It tells which document it
is at; when it dies or overruns, the document named is set aside as spoiled and the rest of the message is read by a new
child. Memory is bounded by RLIMIT_DATA: the address space that libraries merely reserve does not count.
"""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import re
import resource
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from pydantic import TypeAdapter

from daemon.errors import ServiceUnreachable, VaguemestreError
from parsers.containers import Leaf
from parsers.records import Context, Finding, Reading

UNWRITABLE = re.compile("[\x00\ud800-\udfff]")  # what no database and no UTF-8 file takes
MAIL = 12  # times what one document may take, for all of a mail: the documents after that are not begun
MAX_MESSAGES = 200  # a child is then replaced: what a library leaks stays bounded


def writable(reading: Reading) -> Reading:
    """The same, with U+FFFD for what a hostile header or a wrong charset leaves and nothing can keep."""
    told = _records().dump_python(reading)
    mended = _mended(told)
    return reading if mended == told else _records().validate_python(mended)


@cache
def _records() -> TypeAdapter[Reading]:
    return TypeAdapter(Reading)


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return UNWRITABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_mended(k): _mended(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_mended(v) for v in value)
    return value


class Interrupted(ServiceUnreachable):
    """Whoever reads was asked to end (`Reader.interrupt`): the mail is as good as before."""


class ReaderDied(VaguemestreError):  # noqa: N818  it says what happened
    """The child died or overran outside of any document: the mail itself cannot be read."""


@dataclass(frozen=True, slots=True)
class _Job:
    data: bytes
    source: str
    spoiled: dict[str, str]  # document → what became of its reader
    until: float  # by the machine's monotonic clock: no document is begun later


SPOILED = {
    "late": "Ce message portait trop de documents longs à lire : merci de renvoyer celui-ci dans un autre message.",
    "timeout": "La lecture de ce document a pris trop de temps : merci de le renvoyer en PDF, ou page par page.",
    "memory": "Ce document demande trop de mémoire : merci de le renvoyer en PDF, ou en plusieurs fichiers.",
    "died": "La lecture de ce document a échoué : merci de l’enregistrer de nouveau en PDF et de le renvoyer.",
}


def _child(pipe: Connection, context: Context) -> None:
    """The child's loop: a job in, the documents' names as they are begun, the reading out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides; it finishes the unit at hand
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Of the address space counted here, threads and arenas touch but a part: resident memory stays under the limit.
    limit = context.limits.memory * 3 // 2
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    from parsers.read import read

    while True:
        try:
            job: _Job = pipe.recv()
        except EOFError:
            return

        def watch(leaf: Leaf, job: _Job = job) -> Finding | None:
            """Tells the parent where we are and hands it the file, which a forward will carry byte for byte."""
            document = f"{leaf.name}|{hashlib.sha256(leaf.data).hexdigest()}"
            pipe.send(("at", document, leaf.data))
            outcome = job.spoiled.get(document) or ("late" if time.monotonic() > job.until else None)
            return None if outcome is None else Finding(code="unreadable", text=SPOILED[outcome])

        try:
            pipe.send(("done", read(job.data, job.source, context, watch)))
        except MemoryError:
            pipe.send(("out_of_memory", None))
            return
        except BrokenPipeError:
            return


class Reader:
    """Reads messages in a child. Not for several threads at once: one `Reader` a thread."""

    def __init__(self, context: Context, keep: Callable[[bytes], object] | None = None) -> None:
        self.context = context
        self._keep = keep  # given the bytes of each document, containers opened
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._served = 0
        self._interrupted = False

    def interrupt(self) -> None:
        """From another thread: `read` ends at once, with Interrupted, and reads nothing more."""
        self._interrupted = True
        process = self._process
        if process is not None:
            with contextlib.suppress(ValueError):  # let go of in this instant
                process.kill()

    def read(self, data: bytes, source: str) -> Reading:
        """What `parsers.read.read` says of the bytes. Raises ReaderDied where not even the mail's head can be read."""
        spoiled: dict[str, str] = {}
        until = time.monotonic() + MAIL * self.context.limits.seconds
        for _ in range(self.context.limits.parts + 1):
            worn = self._served > 0
            outcome, value = self._attempt(_Job(data, source, spoiled, until))
            if outcome == "memory" and worn:
                continue  # what former messages left in the child may have filled it: a fresh one is the judge
            if outcome == "done":
                return writable(value)
            if value is None or value in spoiled:
                raise ReaderDied(
                    f"the reader {'ran out of time' if outcome == 'timeout' else 'died'} on {source}",
                    remedy="the mail is kept; look at it by hand",
                )
            spoiled = {**spoiled, value: outcome}
        raise ReaderDied(
            f"too many documents of {source} kill their reader", remedy="the mail is kept; look at it by hand"
        )

    def _attempt(self, job: _Job) -> tuple[str, Any]:
        """(`done`, reading), or (`timeout` | `died` | `memory`, name of the document at hand or None)."""
        if self._interrupted:
            raise Interrupted("lecture interrompue", "elle reprend au prochain départ")
        pipe = self._start()
        limits = self.context.limits
        at: str | None = None
        try:
            pipe.send(job)
            end = time.monotonic() + limits.seconds
            while True:
                if not pipe.poll(max(0.0, end - time.monotonic())):
                    self.close()
                    return "timeout", at
                kind, value, *rest = pipe.recv()
                if kind == "at":
                    at = value
                    end = time.monotonic() + limits.seconds
                    if self._keep is not None:
                        self._keep(rest[0])
                elif kind == "done":
                    self._served += 1
                    if self._served >= MAX_MESSAGES:
                        self.close()
                    return "done", value
                else:
                    self.close()
                    return "memory", at
        except (EOFError, ConnectionError):
            self.close()
            if self._interrupted:
                raise Interrupted("lecture interrompue", "elle reprend au prochain départ") from None
            return "died", at
        except BaseException:
            self.close()  # a child still at this message would answer for it when asked about the next one
            raise

    def _start(self) -> Connection:
        if self._pipe is not None and self._process is not None and self._process.is_alive():
            return self._pipe
        self.close()
        spawn = multiprocessing.get_context("spawn")  # a fork would carry threads' locks and open sockets along
        ours, theirs = spawn.Pipe()
        process = spawn.Process(target=_child, args=(theirs, self.context), daemon=True, name="vaguemestre-reader")
        try:
            process.start()
        except OSError as e:  # no memory, no process left: nothing that this mail could help
            ours.close()
            raise ServiceUnreachable(f"le lecteur ne démarre pas ({e})", "vérifiez la mémoire et les limites") from e
        finally:
            theirs.close()
        self._process, self._pipe, self._served = process, ours, 0
        return ours

    def close(self) -> None:
        """Ends the child."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None
