"""Outgoing letters: SMTP or Maildir behind one port, and the rehearsal that keeps every letter at home."""

from __future__ import annotations

from daemon.config import Outgoing as Settings
from daemon.outgoing.port import Outgoing, Receipt

__all__ = ["Outgoing", "Receipt", "open_outgoing"]


def open_outgoing(settings: Settings) -> Outgoing:
    """The adapter that `[outgoing]` asks for; in rehearsal no letter can go elsewhere. Connects when first used."""
    outgoing: Outgoing
    if settings.url.scheme == "maildir":
        from daemon.outgoing.maildir import MaildirOutgoing

        outgoing = MaildirOutgoing(settings.url.path)
    else:
        from daemon.outgoing.smtp import SmtpOutgoing

        outgoing = SmtpOutgoing(settings)
    if settings.rehearsal is not None:
        from daemon.outgoing.rehearsal import Rehearsal

        return Rehearsal(outgoing, settings.rehearsal)
    return outgoing
