"""A decision onto the books: states, letters by their unique keys, questions. What is there already stays as it is."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.addresses import recipients
from daemon.house import House
from daemon.store import books, journal
from daemon.store.models import DossierRow, LetterRow, MailRow, ReviewRow
from rules.decide import decide
from rules.records import Decision, Dossier, Letter, Member, Question

OVER = ("withdrawn", "closed")
MOOT = "vaguemestre"  # who answers a question that nobody needs to answer any more


def settle(house: House, s: Session, row: DossierRow, now: dt.datetime) -> Decision:
    """Asks the rules what is owed for a dossier, and keeps the answer."""
    dossier = books.dossier(s, row)
    decision = decide(house.groups[row.group], dossier, now)
    if decision.state != row.state:
        journal.append(s, now, "dossier.state", row.ref, before=row.state, after=decision.state)
    if (decision.state in OVER) != (row.state in OVER):  # what is due group-wide is now another dossier's to ask for
        others = DossierRow.member_id == row.member_id, DossierRow.id != row.id
        for sibling in s.scalars(select(DossierRow).where(*others)).unique():
            sibling.next_at = now
    row.state, row.complete_at, row.next_at = decision.state, decision.complete_at, decision.next_at
    row.requirements = [books.plain(r) for r in decision.requirements]
    row.milestones = [books.plain(m) for m in decision.milestones]
    _letters(house, s, row, dossier, decision, now)
    _questions(house, s, row, decision, now)
    return decision


def _letters(house: House, s: Session, row: DossierRow, dossier: Dossier, decision: Decision, now: dt.datetime) -> None:
    owed = {x.key for x in decision.letters}
    for letter in decision.letters:
        add_letter(house, s, row.group, letter, now, dossier=row, member=dossier.member)
    mine = select(LetterRow).where(
        LetterRow.dossier_id == row.id,
        LetterRow.state == "due",
        LetterRow.key.startswith(f"{row.ref}/", autoescape=True),
    )
    for letter_row in s.scalars(mine).unique():
        if letter_row.key not in owed and not letter_row.key.endswith("/undelivered"):
            letter_row.state = "superseded"
            journal.append(s, now, "letter.superseded", row.ref, key=letter_row.key)


def add_letter(
    house: House,
    s: Session,
    group: str,
    letter: Letter,
    now: dt.datetime,
    *,
    dossier: DossierRow | None = None,
    member: Member | None = None,
    mail: MailRow | None = None,
) -> LetterRow | None:
    """The letter's row, made where its key is new; None where it exists. One that has not left yet is told afresh.

    One that was overtaken and is owed again (a dossier closed, then reopened, before it left) is due again; reminders
    are not: what took their place stands.
    """
    if mail is None and letter.answers:
        mail = s.scalars(
            select(MailRow).where(MailRow.group == group, MailRow.key == letter.answers).order_by(MailRow.id).limit(1)
        ).first()
    lot = dossier.lot if dossier else None
    to = recipients(house, group, letter, lot=lot, member=member, sender=mail.sender if mail else None)
    old = s.scalars(select(LetterRow).where(LetterRow.key == letter.key)).unique().first()
    if old is not None:
        if old.state == "superseded" and not letter.office_hours:
            old.state, old.due_at, old.next_try_at = "due", now, None
            journal.append(s, now, "letter.due", dossier.ref if dossier else None, key=letter.key)
        if old.state == "due":
            old.facts, old.attachments, old.recipients = dict(letter.facts), list(letter.attachments), to
        return None
    row = LetterRow(
        key=letter.key,
        kind=letter.kind,
        group=group,
        dossier=dossier,
        mail_id=mail.id if mail else None,
        role=letter.to,
        recipients=to,
        template=letter.template,
        facts=dict(letter.facts),
        attachments=list(letter.attachments),
        fixed_subject=letter.subject,
        office_hours=letter.office_hours,
        subject=letter.subject or "",
        due_at=letter.due_at,
    )
    s.add(row)
    s.flush()
    journal.append(s, now, "letter.due", dossier.ref if dossier else None, key=letter.key)
    return row


def _questions(house: House, s: Session, row: DossierRow, decision: Decision, now: dt.datetime) -> None:
    for question in decision.questions:
        pose(house, s, row, question, now)
    asked = {q.id for q in decision.questions}
    open_ = select(ReviewRow).where(ReviewRow.dossier_id == row.id, ReviewRow.answered_at.is_(None))
    for review in s.scalars(open_).unique():
        if review.key.removesuffix(f"/{row.ref}") not in asked:  # what it asked about was replaced, or withdrawn
            review.answered_at, review.answered_by, review.answer = now, MOOT, "sans objet"
            journal.append(s, now, "review.moot", row.ref, review=review.id)
            due = select(LetterRow).where(LetterRow.key == f"{review.key}/request", LetterRow.state == "due")
            for letter in s.scalars(due).unique():
                letter.state = "superseded"


def pose(
    house: House, s: Session, row: DossierRow | None, question: Question, now: dt.datetime, *, group: str | None = None
) -> None:
    """The review and the letter that asks it, each once. A question without a dossier (a list) names its `group`."""
    key = question.id
    earlier = s.scalar(select(ReviewRow).where(ReviewRow.key == key))
    if earlier is not None and earlier.answered_by not in (None, MOOT) and row is not None:
        # Answered, and still asked: the same paper came into another dossier since. What was said of it there does not
        # say what it is worth here.
        key = f"{question.id}/{row.ref}"
        earlier = s.scalar(select(ReviewRow).where(ReviewRow.key == key))
    if earlier is not None:
        if earlier.answered_by == MOOT and row is not None:
            _stands_again(s, row, earlier, now)
        return
    books.ask(s, key=key, at=now, questions=question.questions, piece=question.piece, dossier=row)
    letter = Letter(
        key=f"{key}/request",
        kind="review_request",
        to="coordinator",
        due_at=now,
        template="review_request",
        facts=question.facts,
    )
    add_letter(house, s, row.group if row else str(group), letter, now, dossier=row)


def _stands_again(s: Session, row: DossierRow, review: ReviewRow, now: dt.datetime) -> None:
    """A question that had become moot is open again: its dossier was reopened, or another one asks it now."""
    review.answered_at = review.answered_by = review.answer = None
    review.dossier = row
    journal.append(s, now, "review.asked", row.ref, review=review.id, piece=review.piece)
    request = s.scalar(select(LetterRow).where(LetterRow.key == f"{review.key}/request"))
    if request is not None and request.state == "superseded":
        request.state = "due"
