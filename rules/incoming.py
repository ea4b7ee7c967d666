"""A mail as it comes to be filed, and the books that filing looks into."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from parsers.records import Line, Mail, Piece, Reading
from rules.records import Authenticity, Member, Message, OpenDossier, PieceOnFile
from rules.schema import Group
from rules.text import folded, has

Writer = Literal["member", "provider", "coordinator"]


_NUMBERED = re.compile(r"(?<!\w)lots?\s*(?:n[°o]s?\s*|numeros?\s*)?((?:\d+(?:\s*(?:,|et|&|/)\s*)?)+)(?!\w)")


class Books(Protocol):
    """What filing may ask the shell: open dossiers only, of the mailbox's group."""

    def of(self, member: Member) -> Sequence[OpenDossier]:
        """The member's open dossiers, oldest first; a body unknown to the census by its SIRET, UAI or name."""

    def ref(self, ref: str) -> OpenDossier | None:
        """The open dossier of that ref."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Incoming:
    """One mail."""

    id: str  # its id on the books
    received_at: dt.datetime
    reading: Reading
    authenticity: Authenticity = "unknown"  # `pass` too where it quotes a Message-ID of ours sent to that address
    threads: tuple[str, ...] = ()  # refs of dossiers whose letters it answers, by Message-ID

    @property
    def mail(self) -> Mail:
        """Its head. ValueError for a bare document."""
        if self.reading.mail is None:
            raise ValueError("a bare document is no mail")
        return self.reading.mail


def as_message(
    incoming: Incoming, new: Sequence[str] = (), again: Sequence[str] = (), role: Writer = "member"
) -> Message:
    """The mail as a dossier holds it; `new` and `again`: ids of its pieces in that dossier."""
    mail = incoming.mail
    return Message(
        id=incoming.id,
        message_id=mail.message_id,
        received_at=incoming.received_at,
        sender=mail.from_ or "",
        sender_name=mail.from_name,
        subject=mail.subject,
        intents=mail.intents,
        authenticity=incoming.authenticity,
        own_words=mail.body,
        new_pieces=tuple(new),
        again=tuple(again),
        threads=incoming.threads,
        role=role,
    )


def as_piece(piece: Piece, identity: str, incoming: Incoming, findings: Sequence[tuple[str, str]] = ()) -> PieceOnFile:
    """A piece as a dossier holds it, with the `findings` that filing added to its own."""
    return PieceOnFile(
        id=identity,
        message=incoming.id,
        name=piece.name,
        sha256=piece.sha256,
        kind=piece.kind,
        lots=piece.lots,
        group=piece.group,
        signature=piece.signature,
        received_at=incoming.received_at,
        form=piece.form,
        fields={k: f.value for k, f in piece.fields.items()},
        lines=tuple(_line(x) for x in piece.lines),
        findings=(*((f.code, f.text) for f in piece.findings), *findings),
    )


def named_lots(group: Group, text: str) -> list[str]:
    """The lots that a text names, in the group's order."""
    plain = folded(text)
    numbers = {n for told in _NUMBERED.findall(plain) for n in re.findall(r"\d+", told)}  # « lots 2, 3 et 5 »
    return [x.id for x in group.lots if x.id in numbers or any(has(n, plain) for n in [x.title, *x.names])]


def _line(line: Line) -> dict[str, str | None]:
    amounts = {"unit_price": _money(line.unit_price), "total": _money(line.total)}
    return {"label": line.label, "quantity": str(line.quantity), **amounts}


def _money(amount: object) -> str | None:
    return None if amount is None else f"{amount:.2f}"
