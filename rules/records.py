"""The facts that rules look at, and what they decide. All frozen, keyword-only; instants are aware.

A `Dossier` is one member, one lot, one group, with everything known of it. `decide(group, dossier, now)` answers with
a `Decision`. Nothing here knows of a database: the shell builds dossiers from its rows and stores decisions in them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

DossierState = Literal["expected", "incomplete", "review", "complete", "forwarded", "active", "withdrawn", "closed"]
RequirementState = Literal["met", "missing", "refused", "review", "not_needed"]
MilestoneState = Literal["waiting", "reached", "late"]
LetterKind = Literal[
    "acknowledgement",
    "missing",
    "reminder",
    "confirmation",
    "answer",
    "forward",
    "list",
    "escalation",
    "review_request",
    "digest",
]
Role = Literal["member", "provider", "coordinator", "sender"]  # who a letter is for; the shell knows the addresses
Authenticity = Literal["pass", "fail", "unknown"]  # of a sender: proven, disproven, no way to tell


def _aware(*instants: dt.datetime | None) -> None:
    for i in instants:
        if i is not None and i.tzinfo is None:
            raise ValueError(f"naive instant {i.isoformat()}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A body that buys through the group: a commune by SIRET, a school by UAI."""

    name: str
    siret: str | None = None  # 14 digits
    uai: str | None = None  # 7 digits and a letter
    kind: str = "public"  # `public` or `private`, as the census says
    department: str | None = None  # "91", "2A"
    emails: tuple[str, ...] = ()  # lower case
    functional_email: str | None = None
    lots: tuple[str, ...] = ()  # lots the census commits it to
    known: bool = True  # False: made from a document, not in the census
    facts: Mapping[str, str | bool | int] = field(default_factory=dict)  # further census columns (`already_customer`…)


@dataclass(frozen=True, kw_only=True, slots=True)
class PieceOnFile:
    """A document in a dossier: what rules need of its reading."""

    id: str  # stable: sha256, and `#3-4` for a part of a bundle
    message: str  # id of the message it came in (`Message.id`)
    name: str
    sha256: str
    kind: str  # of the contract
    lots: tuple[str, ...]
    group: str | None
    signature: str
    received_at: dt.datetime
    form: str | None = None
    fields: Mapping[str, str | bool | int] = field(default_factory=dict)  # values, after corrections by a review
    lines: tuple[Mapping[str, Any], ...] = ()  # as in the contract
    findings: tuple[tuple[str, str], ...] = ()  # (code, sentence) still open; settled ones are gone
    refused: str | None = None  # a coordinator's motive (review answered `refuser: motif`)

    def __post_init__(self) -> None:
        _aware(self.received_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A mail of the dossier: from its member, its provider or the coordinator."""

    id: str  # the mail's own id on the books; letters that answer it quote it in their key
    message_id: str | None  # RFC 5322 Message-ID, for threading
    received_at: dt.datetime
    sender: str  # address
    sender_name: str = ""
    subject: str = ""
    intents: tuple[str, ...] = ()
    authenticity: Authenticity = "unknown"
    own_words: str = ""  # what the person wrote
    new_pieces: tuple[str, ...] = ()  # ids of pieces that this mail brought first, to this dossier
    again: tuple[str, ...] = ()  # ids of pieces that were there already
    threads: tuple[str, ...] = ()  # refs of dossiers whose letters it answers, by Message-ID
    role: Literal["member", "provider", "coordinator"] = "member"  # who wrote it; only a member's mail is acknowledged

    def __post_init__(self) -> None:
        _aware(self.received_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """Something that became known other than by a piece: from the provider, the coordinator, the préfecture.

    `admitted` {} (the coordinator takes in a body that the census does not know);
    `milestone` {milestone: id or None, outcome: reached | opened | appointment | refused | question, on: ISO date or
    None, words: str, message: id}; `fact` {name, value}; `review` {piece: PieceOnFile.id, outcome: ok | corrected |
    refused}; `listed` {key: of the list's letter}; `withdrawn`, `reopened`, `closed` {by, motive} (a coordinator's
    order; with `turned_away`: its refusal to take the body in) or {}; `purged` {state, complete_at, heard: instants}:
    all before it is gone.
    """

    kind: str
    at: dt.datetime
    data: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _aware(self.at)


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterOnFile:
    """A letter of this dossier that exists already."""

    key: str
    kind: LetterKind
    due_at: dt.datetime
    sent_at: dt.datetime | None
    state: str  # of the contract
    message_id: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _aware(self.due_at, self.sent_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dossier:
    """One member, one lot, one group: everything known."""

    ref: str  # `CIG-2-0042`
    group: str
    lot: str
    member: Member
    opened_at: dt.datetime
    committed: bool = False  # opened by the census
    pieces: tuple[PieceOnFile, ...] = ()  # oldest first; a group-wide piece stands in each dossier of the member
    messages: tuple[Message, ...] = ()  # oldest first
    news: tuple[News, ...] = ()  # oldest first
    letters: tuple[LetterOnFile, ...] = ()
    lead: bool = True  # the member's first open dossier in the group: it alone asks for what is due group-wide
    lead_since: dt.datetime | None = None  # when the last one before it ended; None: it has always been the first
    heard_at: tuple[dt.datetime, ...] = ()  # every mail of the member to the group, other dossiers' too: reminders wait

    def __post_init__(self) -> None:
        _aware(self.opened_at, self.lead_since, *self.heard_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    """A piece the lot asks of this dossier, and how it stands."""

    id: str  # of the lot's YAML
    kind: str  # of a piece
    state: RequirementState
    piece: str | None = None  # PieceOnFile.id that meets it, or that was refused
    why: str = ""  # French, for `refused` and `review`
    what: str = ""  # French name with article, from the YAML: « la fiche d’ouverture de compte »
    blocks: bool = True  # whether the forward waits for it


@dataclass(frozen=True, kw_only=True, slots=True)
class Milestone:
    """A day that the procedure promises."""

    id: str  # j2 j4 prefecture dgfip certigna
    due: dt.date | None  # in Paris; None while its clock has not started
    state: MilestoneState
    what: str = ""  # French sentence, from the YAML


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """A letter that must exist. Its key says what it answers, so that it can exist only once."""

    key: str  # `<ref>/ack/<message>`, `<ref>/missing/<digest>/2`, `<ref>/forward/<pieces>`
    kind: LetterKind
    to: Role
    due_at: dt.datetime
    template: str  # name under templates/letters, without suffix
    facts: Mapping[str, Any] = field(default_factory=dict)  # JSON-able; all that the template says comes from here
    attachments: tuple[str, ...] = ()  # PieceOnFile ids, in order
    answers: str | None = None  # Message.id that it answers: threading
    address: str | None = None  # a fixed address, where the rules name one (a provider's)
    subject: str | None = None  # a fixed subject, exact (Certigna's)
    provider: str | None = None  # key of the provider it is for, where no dossier's lot says it
    office_hours: bool = False  # leaves only on working days within the group's hours: `calendar.Days.open(now) == now`

    def __post_init__(self) -> None:
        _aware(self.due_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A question to the coordinator about a piece: becomes a review and a `review_request`."""

    id: str  # `review/<piece id>/<digest of the findings>`: one question for a piece, whatever dossiers it stands in
    piece: str | None
    questions: tuple[str, ...]
    code: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)  # JSON-able, for the template `review_request`


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What is owed for a dossier as of an instant."""

    state: DossierState
    requirements: tuple[Requirement, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    letters: tuple[Letter, ...] = ()  # all that must exist by now, those already on file included
    questions: tuple[Question, ...] = ()
    complete_at: dt.datetime | None = None
    next_at: dt.datetime | None = None  # earliest instant at which the answer can change by time alone


Folder = Literal["Traités", "À vérifier", "En erreur", "Ignorés"]


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenDossier:
    """A dossier that is neither closed nor of another group, as filing needs it."""

    ref: str
    lot: str
    member: Member
    state: str
    opened_at: dt.datetime
    owed: tuple[str, ...] = ()  # kinds of pieces still missing or refused
    asked: tuple[str, ...] = ()  # facts that our last letter asked for
    questioned: bool = False  # its provider asked the member something, and has not been heard since


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A body that a mail or a piece may be of."""

    member: Member
    score: float  # in [0, 1]
    witnesses: tuple[str, ...]  # `siret`, `uai`, `address`, `functional`, `ref`, `written`, `domain`, `name`


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Who a mail or a piece is of."""

    member: Member | None  # None: nobody can be named
    witnesses: tuple[str, ...] = ()
    doubt: str = ""  # French sentence where witnesses disagree: the coordinator is asked
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """A piece of the mail in the dossiers of one member."""

    piece: int  # index in `Reading.pieces`
    member: Member
    lots: tuple[str, ...]
    findings: tuple[tuple[str, str], ...] = ()  # (code, sentence) that filing adds to the piece's own


@dataclass(frozen=True, kw_only=True, slots=True)
class Filing:
    """What becomes of a mail."""

    folder: Folder
    reason: str  # one French sentence for the journal
    member: Member | None = None  # of the mail as a whole
    placements: tuple[Placement, ...] = ()
    opens: tuple[tuple[Member, str], ...] = ()  # (member, lot): dossiers to open
    concerns: tuple[str, ...] = ()  # refs of open dossiers that the mail speaks of; it belongs to them too
    letters: tuple[Letter, ...] = ()  # about the mail itself: keys `mail/<message id>/…`
    news: tuple[tuple[str, News], ...] = ()  # (ref, what a provider told)
    unfiled: tuple[int, ...] = ()  # pieces that no dossier takes
