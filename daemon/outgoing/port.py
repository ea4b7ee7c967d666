"""The port through which letters leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """The letter left, for one recipient at least."""

    reply: str  # the server's last word, often with its queue id
    refusals: Mapping[str, tuple[int, str]] = field(default_factory=dict)  # recipients refused → SMTP code, words


class Outgoing(Protocol):
    """Where letters go. One letter at a time; calls wait for each other."""

    name: str

    async def send(self, raw: bytes, sender: str, recipients: Sequence[str], message_id: str) -> Receipt:
        """Hand over one letter, byte for byte. `sender` and `recipients` are bare envelope addresses.

        Raises TemporaryDeliveryError (try again later) or PermanentDeliveryError where nobody got it.
        """

    async def check(self) -> tuple[str, ...]:
        """Try everything but a letter; French lines that say what was found. Raises ServiceUnreachable."""

    async def close(self) -> None:
        """Let go of the connection; the next letter opens it anew."""
