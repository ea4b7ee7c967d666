"""Mailboxes: IMAP or Maildir behind one port."""

from __future__ import annotations

from daemon.config import Limits, Schedule
from daemon.config import Mailbox as Settings
from daemon.mailbox.port import Batch, Folder, FolderRenumbered, Incoming, Mailbox, Waiting

__all__ = ["Batch", "Folder", "FolderRenumbered", "Incoming", "Mailbox", "Waiting", "open_mailbox"]


def open_mailbox(settings: Settings, limits: Limits | None = None, schedule: Schedule | None = None) -> Mailbox:
    """The adapter that a `[[mailbox]]` asks for. Connects only when first used."""
    limits, schedule = limits or Limits(), schedule or Schedule()
    if settings.url.scheme == "maildir":
        from daemon.mailbox.maildir import MaildirMailbox

        return MaildirMailbox(settings.url.path, mail_bytes=limits.mail_bytes, batch_bytes=limits.batch_bytes)
    from daemon.mailbox.imap import ImapMailbox

    return ImapMailbox(
        settings, mail_bytes=limits.mail_bytes, batch_bytes=limits.batch_bytes, idle_seconds=schedule.idle_seconds
    )
