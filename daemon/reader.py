"""Reading in a child process: a document that kills or outlasts its reader is a finding, not an outage.

One child is kept and handed one message at a time (imports cost more than most messages). It tells which document it
is at; when it dies or overruns, the document named is set aside as spoiled and the rest of the message is read by a new
child. Memory is bounded by RLIMIT_DATA: the address space that libraries merely reserve does not count.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import resource
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from daemon.errors import ServiceUnreachable, VaguemestreError
from parsers.containers import Leaf
from parsers.records import Context, Finding, Reading

MAX_MESSAGES = 200  # a child is then replaced: what a library leaks stays bounded


class ReaderDied(VaguemestreError):  # noqa: N818  it says what happened
    """The child died or overran outside of any document: the mail itself cannot be read."""


@dataclass(frozen=True, slots=True)
class _Job:
    data: bytes
    source: str
    spoiled: dict[str, str]  # document → what became of its reader


SPOILED = {
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
            outcome = job.spoiled.get(document)
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

    def read(self, data: bytes, source: str) -> Reading:
        """What `parsers.read.read` says of the bytes. Raises ReaderDied where not even the mail's head can be read."""
        spoiled: dict[str, str] = {}
        for _ in range(self.context.limits.parts + 1):
            worn = self._served > 0
            outcome, value = self._attempt(_Job(data, source, spoiled))
            if outcome == "memory" and worn:
                continue  # what former messages left in the child may have filled it: a fresh one is the judge
            if outcome == "done":
                reading: Reading = value
                return reading
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
            return "died", at

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
