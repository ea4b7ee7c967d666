"""Who a letter goes to. A `From` is answered only where it gains a forger nothing: see `docs/architecture.md`."""

from __future__ import annotations

from daemon.house import House
from rules.records import Letter, Member


def recipients(
    house: House, group: str, letter: Letter, *, lot: str | None, member: Member | None, sender: str | None
) -> list[str]:
    """The addresses of a letter's role; empty where none is known (the letter then fails, and the coordinator sees it).

    `sender` is the address of the mail that the letter answers. A member is answered at the address it wrote from where
    the census knows it, else at its functional address; a body that nobody knows is answered where it wrote from.
    """
    if letter.to == "coordinator":
        return list(house.config.coordinators.get(group, ()))
    if letter.to == "provider":
        return _provider(house, group, letter, lot)
    known = [*([member.functional_email] if member.functional_email else []), *member.emails] if member else []
    if letter.to == "sender" or member is None or not member.known:
        # A letter of later that answers no mail (an admitted body's confirmation) goes where the body wrote from.
        wrote_from = list(member.emails[:1]) if member and letter.to == "member" else []
        return [sender] if sender else wrote_from
    if sender in known:
        return [sender]
    return known[:1] or ([sender] if sender else [])


def _provider(house: House, group: str, letter: Letter, lot: str | None) -> list[str]:
    """The configuration's address, else the letter's own (the rules name it), else the provider's first."""
    rules = house.groups[group]
    key = letter.provider or (rules.lot(lot).provider if lot else None)
    if key and (configured := house.config.providers.get(key)):
        return [configured]
    if letter.address:
        return [letter.address]
    return list(rules.providers[key].addresses[:1]) if key in rules.providers else []
