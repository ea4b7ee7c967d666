"""A sender that answers each of our answers: an answering machine that does not say it is one would write for ever."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from daemon.clock import PARIS
from daemon.house import House
from daemon.mailbox import Folder
from daemon.runners.coordinators import facts as about_mail
from daemon.store import books
from daemon.store.decisions import add_letter
from daemon.store.models import LetterRow, MailRow, PieceRow
from parsers.records import Reading
from rules import tell
from rules.history import digest
from rules.records import Letter

ANSWERS_A_DAY = 10  # mails of one sender that may earn letters; the letters that one earns are one answer
A_DAY = dt.timedelta(hours=24)


def rule(house: House, s: Session, mail: MailRow, reading: Reading) -> str | None:
    """After so many letters in a day its mails earn none, and a person reads them; papers that are new always count.

    Says why, and sets the mail's destination; None where the mail is none of such a sender.
    """
    head, now = reading.mail, house.clock()
    if head is None or head.nature != "message" or head.from_ is None:
        return None
    if head.from_ in house.config.coordinators.get(mail.group, ()):
        return None
    papers = {books.piece_id(p) for p in reading.pieces}
    if papers - set(s.scalars(select(PieceRow.piece).where(PieceRow.piece.in_(papers)))):
        return None
    answers = (
        select(func.count(LetterRow.mail_id.distinct()))
        .join(MailRow, MailRow.id == LetterRow.mail_id)
        .where(
            MailRow.group == mail.group,
            MailRow.sender == head.from_,
            LetterRow.role.in_(("sender", "member")),
            LetterRow.due_at > now - A_DAY,
        )
    )
    if (s.scalar(answers) or 0) < ANSWERS_A_DAY:
        return None
    mail.destination = Folder.TO_REVIEW
    text = (
        f"{head.from_} nous écrit sans cesse\u00a0: {ANSWERS_A_DAY} réponses en un jour. Ses messages ne reçoivent "
        "plus de réponse avant demain\u202f; ils sont dans le dossier «\u00a0À vérifier\u00a0» de la boîte."
    )
    ask = "Voir s’il s’agit d’un répondeur automatique, et lire ses messages."
    facts = {
        **tell.escalation("loop", text, ask),
        **about_mail(house, mail, head, "coordinator"),
        "addressee": {"name": ""},
    }
    letter = Letter(
        key=f"loop/{mail.group}/{digest([head.from_])}/{now.astimezone(PARIS).date().isoformat()}",
        kind="escalation",
        to="coordinator",
        due_at=now,
        template="escalation",
        facts=facts,
    )
    add_letter(house, s, mail.group, letter, now)
    return "expéditeur qui nous écrit sans cesse : plus de réponse avant demain"
