"""Letters into a Maildir: demonstration, tests, and houses whose own mailer picks them up."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from daemon.errors import ServiceUnreachable, TemporaryDeliveryError
from daemon.mailbox.maildir import deliver
from daemon.outgoing.port import Receipt


class MaildirOutgoing:
    """An Outgoing on a Maildir. A letter's file is named by its Message-ID: sent again, it is there once."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).absolute()
        self.name = f"maildir:{self.root}"
        self._lock = asyncio.Lock()

    async def send(self, raw: bytes, sender: str, recipients: Sequence[str], message_id: str) -> Receipt:
        """See the port. The envelope goes in front, as a delivery agent writes it."""
        end = b"\r\n" if b"\r\n" in raw else b"\n"
        envelope = [f"Return-Path: <{sender}>", *(f"Delivered-To: {r}" for r in recipients)]
        letter = b"".join(line.encode("utf-8") + end for line in envelope) + raw
        name = name_of(message_id)
        async with self._lock:
            try:
                await asyncio.to_thread(deliver, self.root, letter, name)
            except OSError as e:
                raise TemporaryDeliveryError(
                    f"{self.name} : {e.strerror or e}", "vérifiez le dossier, ses droits et la place libre"
                ) from e
        return Receipt(reply=name)

    async def check(self) -> tuple[str, ...]:
        """See the port."""
        place = self.root
        while not place.exists() and place != place.parent:
            place = place.parent
        if not (place.is_dir() and os.access(place, os.W_OK | os.X_OK)):
            raise ServiceUnreachable(f"{self.name} : écriture impossible", "créez le dossier, donnez-le au démon")
        return (f"{self.name} : prêt",)

    async def close(self) -> None:
        """See the port: nothing is held open."""


def name_of(message_id: str) -> str:
    """The unique part of a letter's file name."""
    return f"L{hashlib.sha256(message_id.encode('utf-8', 'surrogateescape')).hexdigest()[:40]}.vaguemestre"
