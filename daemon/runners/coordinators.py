"""What a coordinator's mail decides: instructions about dossiers and lists, answers to reviews.

It is believed where its origin is proven, or where it answers a letter of ours that was sent to that very address: its
Message-ID is random. Whatever it says, it is answered: what was done, or what can be written.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon import instructions, reviews
from daemon.digest.facts import STATES
from daemon.house import House
from daemon.mailbox import Folder
from daemon.runners import lists
from daemon.store import books
from daemon.store.decisions import add_letter
from daemon.store.models import LetterRow, MailRow, ReviewRow
from parsers.records import Mail
from rules.earned import courteous
from rules.endings import TURNED_AWAY
from rules.instructions import Instruction, parse
from rules.lists import automatic
from rules.records import Letter, Role
from rules.tell import about_group, about_lot, about_member

TO_COORDINATORS = ("review_done", "instruction_done")  # templates of letters that answer a coordinator's own mail


def rule(house: House, s: Session, mail: MailRow, head: Mail) -> str | None:
    """Deals with a coordinator's decision and says why; None where the mail is none. Sets the mail's destination."""
    quoted = s.scalars(
        select(LetterRow)
        .where(LetterRow.message_id.in_(head.in_reply_to), LetterRow.group == mail.group)
        .order_by(LetterRow.id.desc())
    ).unique()
    letters = [x for x in quoted if head.from_ in x.recipients]
    answered = next(iter(letters), None)
    coordinator = head.from_ in house.config.coordinators.get(mail.group, ())
    about = [answered.dossier.ref] if answered is not None and answered.dossier is not None else []
    ordered = parse(house.groups[mail.group], head.body, about) if coordinator else ()
    if ordered:
        return _instructions(house, s, mail, head, ordered, proven=answered is not None or mail.authenticity == "pass")
    if answered is None and coordinator:  # nobody else is to be told what a coordinator writes
        if reviews.parse(head.body) is not None:  # an answer, to a question that it does not quote
            return _words(house, s, mail, head, thanks=False)
        mail.destination = Folder.TO_REVIEW
        return "message de la coordination, qui ne répond à aucune lettre"
    if answered is None:
        return None
    asked = next((x for x in letters if x.kind == "review_request"), None)
    # A reply of closing words alone has lost them in reading.
    thanks = answered is not asked and (not head.body.strip() or courteous(house.groups[mail.group], head.body))
    if asked is not None and not thanks:
        return _review(house, s, mail, head, asked)
    if coordinator and (answered.role == "coordinator" or answered.template in TO_COORDINATORS):
        return _words(house, s, mail, head, thanks=thanks)
    return None


def facts(house: House, mail: MailRow, head: Mail, to: str) -> dict[str, Any]:
    """What a letter about a mail says of it."""
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


def _instructions(
    house: House, s: Session, mail: MailRow, head: Mail, ordered: tuple[Instruction, ...], *, proven: bool
) -> str:
    mail.destination = Folder.PROCESSED if proven else Folder.TO_REVIEW
    if not proven:  # told to the coordinators themselves: whoever wrote it learns nothing
        _answer(house, s, mail, head, {"verdict": "unproven"}, to="coordinator")
        return "ordre au nom de la coordination, dont l’origine n’est pas prouvée"
    group, now = house.groups[mail.group], house.clock()
    results = [
        done
        for instruction in ordered
        for done in instructions.carry_out(house, s, group, instruction, by=head.from_ or "", at=now, mail=mail.id)
    ]
    about = [r.ref for r in results if r.outcome == "done" and r.ref]
    told = {"verdict": "done", "results": [_told(house, s, r) for r in results], "about": about}
    _answer(house, s, mail, head, told)
    count = sum(r.outcome == "done" for r in results)
    return f"ordres de la coordination : {count} sur {len(results)}"


def _told(house: House, s: Session, done: instructions.Done) -> dict[str, Any]:
    """A result as the letter tells it."""
    instruction, row = done.instruction, done.row
    told: dict[str, Any] = {
        "what": instruction.what,
        "outcome": done.outcome,
        "ref": done.ref,
        "motive": instruction.motive,
        "lot": instruction.lot,
        "dossier": None,
    }
    if row is not None:
        group = house.groups[row.group]
        told["dossier"] = about_lot(group, group.lot(row.lot))
        told["member"] = about_member(books.member(row.member))
        told["state"] = STATES[row.state]  # type: ignore[index]  # written by the rules alone
        told["member_told"] = instruction.what in group.endings
        asked = select(ReviewRow).where(ReviewRow.dossier_id == row.id, ReviewRow.answered_at.is_(None))
        told["questions"] = [q for r in s.scalars(asked).unique() for q in r.questions]
        prefix = f"{row.ref}/provider/{instruction.what}/"
        told["provider_told"] = any(
            x.key.startswith(prefix) and x.due_at == house.clock() for x in books.letters(s, row)
        )
    return told


def _words(house: House, s: Session, mail: MailRow, head: Mail, *, thanks: bool) -> str:
    """A coordinator answers us in words of its own. Thanks need no answer."""
    mail.destination = Folder.PROCESSED if thanks else Folder.TO_REVIEW
    if thanks:
        return "remerciement de la coordination"
    _answer(house, s, mail, head, {"verdict": "not_understood"})
    return "réponse de la coordination, non comprise"


def _answer(house: House, s: Session, mail: MailRow, head: Mail, told: dict[str, Any], *, to: Role = "sender") -> None:
    lists_ = [x.id for x in house.groups[mail.group].lots if automatic(x)]  # those that can be asked again
    letter = Letter(
        key=f"mail/{mail.key}/instructions",
        kind="answer",
        to=to,
        due_at=house.clock(),
        template="instruction_done",
        facts={**facts(house, mail, head, to), "results": [], "lists": lists_, **told},
        answers=mail.key,
    )
    add_letter(house, s, mail.group, letter, house.clock(), mail=mail)


def _review(house: House, s: Session, mail: MailRow, head: Mail, asked: LetterRow) -> str | None:
    """The answer to a review: a reply to its request, from an address that it was sent to."""
    review = s.scalar(select(ReviewRow).where(ReviewRow.key == asked.key.removesuffix("/request")))
    if review is None:
        return None
    now = house.clock()
    answer = reviews.fitting(s, review, reviews.parse(head.body))
    told = {**facts(house, mail, head, "coordinator"), "by": head.from_, "dossier": asked.facts.get("dossier")}
    told |= {"piece": asked.facts.get("piece"), "member": asked.facts.get("member")}
    told["body_told"] = review.key.startswith(reviews.ADMISSION) and TURNED_AWAY in house.groups[mail.group].endings
    told |= {"list": review.key.startswith(lists.QUESTION), "without": []}
    if answer is None or review.answered_at is not None:
        mail.destination = Folder.TO_REVIEW
        told |= {"verdict": "not_understood" if answer is None else "already", "corrections": [], "motive": ""}
        reason = "réponse à une question, non comprise" if answer is None else "question déjà réglée"
    else:
        reviews.apply(house, s, review, answer, by=head.from_ or "", at=now)
        answer = reviews.meant(s, review, answer)
        mail.destination = Folder.PROCESSED
        corrections = [{"label": k.upper(), "value": v} for k, v in answer.fields.items()]
        told |= {"verdict": answer.outcome, "corrections": corrections, "motive": answer.motive}
        told |= {"without": list(answer.without)}
        reason = f"réponse de la coordination à la question nº {review.id}"
    letter = Letter(
        key=f"mail/{mail.key}/review",
        kind="answer",
        to="sender",
        due_at=now,
        template="review_done",
        facts=told,
        answers=mail.key,
    )
    add_letter(house, s, mail.group, letter, now, mail=mail)
    return reason
