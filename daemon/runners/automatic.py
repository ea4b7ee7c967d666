"""Mails that are no submission: bounces of our letters, mails over the limit, a coordinator’s decisions."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.house import House
from daemon.mailbox import Folder
from daemon.runners import coordinators, loops
from daemon.runners.dispatch import undeliverable
from daemon.store import journal
from daemon.store.decisions import add_letter
from daemon.store.models import LetterRow, MailRow
from parsers.records import Mail, Reading
from rules.records import Letter


def rule(house: House, s: Session, mail: MailRow, reading: Reading) -> str | None:
    """Deals with such a mail and says why; None where it is none of them. Sets the mail's destination."""
    head = reading.mail
    if head is None:
        mail.destination = Folder.TO_REVIEW
        return "ce n’est pas un message"
    if head.nature == "bounce":
        return _bounce(house, s, mail, head)
    if head.nature == "message" and not mail.complete:
        return _too_large(house, s, mail, head)
    done = coordinators.rule(house, s, mail, head) if head.nature == "message" and not reading.pieces else None
    return done or loops.rule(house, s, mail, reading)


def _bounce(house: House, s: Session, mail: MailRow, head: Mail) -> str:
    mail.destination = Folder.IGNORED
    letters = s.scalars(select(LetterRow).where(LetterRow.message_id.in_(head.bounced), LetterRow.group == mail.group))
    rows = [x for x in letters.unique() if x.purged_at is None]
    if not rows:
        return "avis de non-remise d’un message qui n’est pas de nous"
    if not head.bounce_permanent:
        return "avis de retard : rien à faire encore"
    now = house.clock()
    why = "le serveur du destinataire l’a refusée"
    for row in rows:
        if row.state != "bounced":
            row.state, row.error = "bounced", why
            journal.append(s, now, "letter.bounced", row.dossier.ref if row.dossier else None, key=row.key)
            undeliverable(s, house, row, why)
    return "avis de non-remise : rattaché à notre lettre, signalé à la coordination"


def _too_large(house: House, s: Session, mail: MailRow, head: Mail) -> str:
    mail.destination = Folder.TO_REVIEW
    if head.from_ is None:
        return "message trop volumineux, sans expéditeur"
    limit = house.config.limits.mail_bytes // 1_000_000
    facts = {**coordinators.facts(house, mail, head, "sender"), "limit_mb": limit}
    letter = Letter(
        key=f"mail/{mail.key}/too_large",
        kind="answer",
        to="sender",
        due_at=house.clock(),
        template="too_large",
        facts=facts,
        answers=mail.key,
    )
    add_letter(house, s, mail.group, letter, house.clock(), mail=mail)
    return f"message trop volumineux ({mail.size} octets)"
