"""To whom answers go. A `From` is answered only where that gains a forger nothing."""

from __future__ import annotations

import re

from rules.records import Member, Message, Role

_DEAF = re.compile(r"no-?_?reply|ne-?_?pas-?_?repondre|do-?_?not-?_?reply|mailer-daemon|postmaster")


def addresses(member: Member) -> set[str]:
    """The member's known addresses, lower case."""
    return {a.lower() for a in (*member.emails, member.functional_email) if a}


def deaf(address: str | None) -> bool:
    """Whether nobody reads what is sent there: none, or a machine's that says so."""
    return not address or _DEAF.search(address.lower().partition("@")[0]) is not None


def reply_role(member: Member, message: Message) -> Role:
    """To whom an answer goes: the sender where the address is the member's or proven, else the known address."""
    known = addresses(member)
    if known and deaf(message.sender):
        return "member"
    return "sender" if message.sender.lower() in known or message.authenticity == "pass" or not known else "member"


def trusted(member: Member, message: Message) -> bool:
    """Whether the answer may hold what the mail itself did not bring."""
    known = addresses(member)
    if message.sender.lower() in known:
        return True
    domain = message.sender.lower().rpartition("@")[2]
    return message.authenticity == "pass" and domain in {a.rpartition("@")[2] for a in known}
