"""Mails that are no submission: bounces of our letters, mails over the limit, a coordinator’s answer to a review."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon import reviews
from daemon.house import House
from daemon.mailbox import Folder
from daemon.runners import loops
from daemon.runners.dispatch import undeliverable
from daemon.store import journal
from daemon.store.decisions import add_letter
from daemon.store.models import LetterRow, MailRow, ReviewRow
from parsers.records import Mail, Reading
from rules.records import Letter
from rules.tell import about_group


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
    answered = _review(house, s, mail, head) if head.nature == "message" and not reading.pieces else None
    return answered or loops.rule(house, s, mail, reading)


def _bounce(house: House, s: Session, mail: MailRow, head: Mail) -> str:
    mail.destination = Folder.IGNORED
    letters = s.scalars(select(LetterRow).where(LetterRow.message_id.in_(head.bounced), LetterRow.group == mail.group))
    rows = letters.unique().all()
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


def _facts(house: House, mail: MailRow, head: Mail, to: str) -> dict[str, Any]:
    return {
        "group": about_group(house.groups[mail.group]),
        "member": None,
        "addressee": {"name": head.from_name},
        "at": house.clock().isoformat(),
        "to": to,
        "message": {
            "id": mail.key,
            "received_at": house.clock().isoformat(),
            "subject": head.subject,
            "sender": head.from_ or "",
            "sender_name": head.from_name,
            "words": head.body,
        },
    }


def _too_large(house: House, s: Session, mail: MailRow, head: Mail) -> str:
    mail.destination = Folder.TO_REVIEW
    if head.from_ is None:
        return "message trop volumineux, sans expéditeur"
    limit = house.config.limits.mail_bytes // 1_000_000
    facts = {**_facts(house, mail, head, "sender"), "limit_mb": limit}
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


def _review(house: House, s: Session, mail: MailRow, head: Mail) -> str | None:
    """A reply that quotes the Message-ID of a review request, from an address that it was sent to, is its answer."""
    asked = s.scalars(
        select(LetterRow)
        .where(LetterRow.message_id.in_(head.in_reply_to), LetterRow.kind == "review_request")
        .order_by(LetterRow.id.desc())
        .limit(1)
    ).first()
    if asked is None or head.from_ not in asked.recipients:
        return None
    review = s.scalar(select(ReviewRow).where(ReviewRow.key == asked.key.removesuffix("/request")))
    if review is None:
        return None
    now = house.clock()
    answer = reviews.parse(head.body)
    facts = {**_facts(house, mail, head, "coordinator"), "by": head.from_, "dossier": asked.facts.get("dossier")}
    facts |= {"piece": asked.facts.get("piece"), "member": asked.facts.get("member")}
    if answer is None or review.answered_at is not None:
        mail.destination = Folder.TO_REVIEW
        facts |= {"verdict": "not_understood" if answer is None else "already", "corrections": [], "motive": ""}
        reason = "réponse à une question, non comprise" if answer is None else "question déjà réglée"
    else:
        reviews.apply(house, s, review, answer, by=head.from_ or "", at=now)
        answer = reviews.meant(s, review, answer)
        mail.destination = Folder.PROCESSED
        corrections = [{"label": k.upper(), "value": v} for k, v in answer.fields.items()]
        facts |= {"verdict": answer.outcome, "corrections": corrections, "motive": answer.motive}
        reason = f"réponse de la coordination à la question nº {review.id}"
    letter = Letter(
        key=f"mail/{mail.key}/review",
        kind="answer",
        to="sender",
        due_at=now,
        template="review_done",
        facts=facts,
        answers=mail.key,
    )
    add_letter(house, s, mail.group, letter, now, mail=mail)
    return reason
