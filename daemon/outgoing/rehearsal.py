"""Rehearsal: every letter goes to one address, and says in a header whom it would have gone to."""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import parseaddr

from daemon.outgoing.port import Outgoing, Receipt

HEADER = "X-Vaguemestre-Repetition"


class Rehearsal:
    """An Outgoing in front of another one."""

    def __init__(self, outgoing: Outgoing, address: str) -> None:
        self._outgoing = outgoing
        self._address = parseaddr(address)[1]
        self.name = f"{outgoing.name} (répétition : tout part à {self._address})"

    async def send(self, raw: bytes, sender: str, recipients: Sequence[str], message_id: str) -> Receipt:
        """See the port."""
        end = b"\r\n" if b"\r\n" in raw else b"\n"
        told = (end + b" ").join(r.encode("utf-8") + b"," for r in recipients).rstrip(b",")  # one a line
        marked = HEADER.encode() + b": " + told + end + raw
        return await self._outgoing.send(marked, sender, [self._address], message_id)

    async def check(self) -> tuple[str, ...]:
        """See the port."""
        return (*await self._outgoing.check(), f"répétition : toutes les lettres partent à {self._address}")

    async def close(self) -> None:
        """See the port."""
        await self._outgoing.close()
