"""What a digest tells. The shell fills these records from its books; everything after that is a pure function."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from rules.records import DossierState

Waits = Literal["member", "provider", "coordinator", "prefecture", "nobody"]  # whose move it is
Period = Literal["day", "week"]

STATES: Mapping[DossierState, str] = {  # in the order of a dossier's life
    "expected": "attendu",
    "incomplete": "incomplet",
    "review": "à vérifier",
    "complete": "complet",
    "forwarded": "transmis",
    "active": "actif",
    "withdrawn": "retiré",
    "closed": "clos",
}
WAITS: Mapping[Waits, str] = {
    "member": "l’adhérent",
    "provider": "le prestataire",
    "coordinator": "la coordination",
    "prefecture": "la préfecture",
    "nobody": "",
}


def _aware(*instants: dt.datetime | None) -> None:
    for i in instants:
        if i is not None and i.tzinfo is None:
            raise ValueError(f"naive instant {i.isoformat()}")


@dataclass(frozen=True, kw_only=True, slots=True)
class DossierLine:
    """A dossier, as a row of the workbook and a part of the counts."""

    ref: str
    lot: str
    lot_title: str
    member: str
    state: DossierState
    siret: str | None = None
    uai: str | None = None
    waits_for: Waits = "nobody"
    waits_since: dt.datetime | None = None
    missing: tuple[str, ...] = ()  # papers owed, in French
    opened_at: dt.datetime
    forwarded_at: dt.datetime | None = None
    complete_at: dt.datetime | None = None
    reminders: int = 0  # sent since the last mail of the member
    contact: str = ""  # an address

    def __post_init__(self) -> None:
        _aware(self.opened_at, self.waits_since, self.forwarded_at, self.complete_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewLine:
    """A question that waits for a coordinator."""

    ref: str | None
    member: str
    question: str
    asked_at: dt.datetime

    def __post_init__(self) -> None:
        _aware(self.asked_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class LateLine:
    """A milestone that went by without word."""

    ref: str
    member: str
    provider: str
    what: str  # as announced to the member
    due: dt.date


@dataclass(frozen=True, kw_only=True, slots=True)
class SilentLine:
    """A member from whom nothing came, dossiers taken together."""

    member: str
    refs: tuple[str, ...]
    since: dt.datetime  # opened, or last heard
    reminders: int

    def __post_init__(self) -> None:
        _aware(self.since)


@dataclass(frozen=True, kw_only=True, slots=True)
class MailLine:
    """A mail that nobody but a person can understand."""

    received_at: dt.datetime
    sender: str
    subject: str

    def __post_init__(self) -> None:
        _aware(self.received_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedLine:
    """A letter that did not reach its addressee."""

    ref: str | None
    to: str
    subject: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DayCount:
    """What came in and what left on a day, in Paris."""

    day: dt.date
    received: int
    sent: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestFacts:
    """All that a digest says. Lists are oldest first."""

    group: Mapping[str, object]  # as in every letter: id, name, signature, mailbox, phone, contact, answer_time
    period: Period = "day"
    since: dt.datetime
    until: dt.datetime
    mails: int = 0  # persons' mails received in the period
    pieces: int = 0  # papers that they brought first
    letters: Mapping[str, int] = field(default_factory=dict)  # letters sent in the period, by kind
    dossiers: tuple[DossierLine, ...] = ()
    reviews: tuple[ReviewLine, ...] = ()
    late: tuple[LateLine, ...] = ()
    silent: tuple[SilentLine, ...] = ()
    not_understood: tuple[MailLine, ...] = ()
    failed: tuple[FailedLine, ...] = ()
    days: tuple[DayCount, ...] = ()  # up to four weeks, for the chart
    answers: int = 0  # mails answered in the period
    answer_days: Decimal | None = None  # mean time to an answer, in days
    answer_target: int = 7

    def __post_init__(self) -> None:
        _aware(self.since, self.until)
        if self.since >= self.until:
            raise ValueError("a digest's period ends after it begins")

    @property
    def quiet(self) -> bool:
        """Nothing came, nothing left, nothing waits for the coordinators."""
        moved = self.mails or self.letters or self.answers
        return not (moved or self.reviews or self.late or self.not_understood or self.failed)
