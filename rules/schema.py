"""The shape of a group's YAML: a policy is a table that a coordinator reads from top to bottom. Nothing is evaluated.

`rules.load` makes these from text. All models are frozen and refuse unknown keys; their French is said as it stands.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Text = Annotated[str, Field(min_length=1)]
Value = bool | int | str  # of a fact
When = dict[str, Value | list[Value]]  # fact → value, or one of several; all must hold. `unknown`: nobody has told
PieceKind = Literal[
    "purchase_order",
    "legal_commitment",
    "account_form",
    "prefecture_convention",
    "prefecture_amendment",
    "group_convention",
    "merchant_contract",
    "other",
]
Wanted = Literal["question_commercial", "question_technical", "withdraw", "join", "second_account", "training", "other"]


class Table(BaseModel):
    """What all tables share."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Refusal(Table):
    """A paper that cannot be taken: why, and what to do instead. Two French sentences."""

    why: Text
    instead: Text


class Fact(Table):
    """A yes-or-no fact of a dossier on which requirements depend."""

    question: Text  # asked where nobody has told
    oui: str = ""  # fragment said back in letters: « vous télétransmettez déjà »
    non: str = ""
    told_by: str | None = None  # requirement whose paper carries the box: while it is owed, nothing is asked
    words: dict[Literal["oui", "non"], list[Text]] = {}  # plain words of a member that settle it
    unless: list[Text] = []  # a sentence with one of these is about something else


class Requirement(Table):
    """A paper that the lot asks for."""

    id: Text
    kinds: Annotated[list[PieceKind], Field(min_length=1)]  # the first names the requirement
    what: Text  # French with its article: « la fiche d’ouverture de compte du lot 2 »
    brief: str = ""  # for a subject: « l’avenant à signer »
    named: dict[PieceKind, Text] = {}  # what a received one is called, where its kinds differ
    how: str = ""  # how it reaches us; may say {link} and {prefecture}, as may the refusals and the notes
    when: When = {}  # asked for only where these facts hold; an unknown one is asked for
    implies: dict[str, Value] = {}  # facts that its paper tells where nothing else does
    signed: Literal["none", "any", "online"] = "none"  # what signature counts
    blocks: bool = True  # whether the forward to the provider waits for it
    forward: bool = True  # whether it goes to the provider
    group_wide: bool = False  # one paper for every dossier of the member; its lots do not matter
    instead_of: list[PieceKind] = []  # papers that are mistaken for it: refused as `other_paper`
    needs: list[Text] = []  # fields without which a person must look (a request in place of the contract…)
    paper: str | None = None  # blank form to join, already filled
    link: str | None = None  # where it is filled or signed
    refusals: dict[str, Refusal] = {}  # wordings of its own, by code


class Chase(Table):
    """A milestone without word: asked after once, then put to the coordinator. Working days."""

    after: Annotated[int, Field(ge=0)] = 1  # past the due day
    escalate: Annotated[int, Field(ge=0)] = 3  # past the day on which it was asked after
    to: Literal["provider", "coordinator"] = "provider"  # `coordinator`: nobody to ask, put to the coordinator at once


class Milestone(Table):
    """A day that the procedure promises."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    starts: Annotated[list[str], Field(min_length=1)] = ["order"]
    # `order` (J), `listed`, a requirement's or a milestone's id; several: the first that has happened
    working_days: Annotated[int, Field(ge=0)] | None = None
    hours: Annotated[int, Field(ge=1)] | None = None  # counted on working days, 24 a day
    what: Text
    when: When = {}
    opens: bool = False  # reached, the dossier is active
    chase: Chase | None = Chase()
    for_provider: str = ""  # the same, said to the provider: « ouvrir le compte »
    reached: str = ""  # said to the member when the provider tells it; empty: nothing is said
    subject: str = ""  # of that letter: « Votre commande est traitée »
    words: list[Text] = []  # in a provider's mail, they mean that it is reached
    member_tells: bool = False  # in a member's mail too


class Note(Table):
    """A paragraph for letters, where its conditions hold."""

    text: Text
    when: When = {}
    subject: str = ""  # of the letter that it opens (`opened`): « Votre espace de vote est ouvert »


class Webinar(Table):
    """One session."""

    at: dt.datetime
    what: Text

    @model_validator(mode="after")
    def _aware(self) -> Webinar:
        if self.at.tzinfo is None:
            raise ValueError("l’heure demande son décalage : 2022-12-01T10:00:00+01:00")
        return self


class Replay(Table):
    """A recording."""

    what: Text
    link: str | None = None


class Lot(Table):
    """One lot: provider, papers, days, words."""

    id: Text
    title: Text  # « télétransmission des actes au contrôle de légalité (ACTES) »
    subject: Text  # short, for subjects of letters
    short: Text  # « lot 2 »
    names: list[Text] = []  # other words for it, in members' and providers' mails
    provider: Text  # key of the group's providers
    starts: Literal["papers", "list", "member"] = "papers"  # by papers, by the coordinator's list, by the member itself
    starts_when: list[Start] = []  # exceptions to `starts`, first that holds
    forward_subject: str | None = None  # exact
    forward_to: str | None = None  # exact address
    facts: dict[str, Fact] = {}
    says: dict[str, str] = {}  # field → fragment with {value}, said back in letters
    requirements: list[Requirement] = []
    milestones: list[Milestone] = []
    steps: list[Note] = []
    warnings: list[Note] = []
    listed: list[Note] = []  # said to the member when the list has gone
    opened: list[Note] = []  # said to the member when the account is open
    webinars: list[Webinar] = []
    registration: str | None = None  # where one registers for the webinars
    replays: list[Replay] = []


class Start(Table):
    """How the lot starts for some members."""

    when: When
    starts: Literal["papers", "list", "member"]


class Provider(Table):
    """A provider of the group."""

    name: Text
    addresses: list[str] = []  # where its files go, unless the configuration names another
    domains: list[str] = []  # of its people's addresses
    contact: str = ""  # for members: help, telephone


class Answer(Table):
    """One entry of the group's page of answers."""

    title: Text
    words: Annotated[list[Text], Field(min_length=1)]  # any of these, in the question
    text: Text
    link: str | None = None
    lots: list[str] = []


class Intent(Table):
    """What becomes of a member's wish."""

    to: Literal["provider", "coordinator", "nobody"]
    paragraphs: list[Text] = []  # said in the answer
    ask: str = ""  # what the coordinator is asked to do


Ending = Literal["withdrawn", "closed", "reopened", "turned_away"]


class Letters(Table):
    """What every letter of the group carries."""

    signature: Annotated[list[Text], Field(min_length=1)]
    contact: Text
    answer_time: str = ""


class Closure(Table):
    """Days on which nobody is reminded (school holidays…), both included."""

    first: dt.date
    last: dt.date
    what: Text
    departments: list[str] = []  # empty: all


class Calendar(Table):
    """When people are at work. Public holidays are the member's département's."""

    country: Literal["FR"] = "FR"
    timezone: Text = "Europe/Paris"
    opens: Annotated[int, Field(ge=0, le=23)] = 8  # hour from which reminders may leave
    closes: Annotated[int, Field(ge=1, le=24)] = 19
    departments: bool = True  # Moselle's and Alsace's further holidays, the overseas ones
    closures: list[Closure] = []
    school_zone: Literal["A", "B", "C"] | None = None  # its school holidays are closures too (school_holidays.yaml)


class Reminders(Table):
    """Spacing in working days."""

    first: Annotated[int, Field(ge=1)] = 7
    every: Annotated[int, Field(ge=1)] = 7
    count: Annotated[int, Field(ge=1)] = 3
    escalate: Annotated[int, Field(ge=1)] = 7  # after the last one


class Digest(Table):
    """When the coordinators' report leaves."""

    every: Literal["day", "week"] = "day"
    weekday: Annotated[int, Field(ge=0, le=4)] = 0  # of the weekly one: 0 is Monday
    hour: Annotated[int, Field(ge=0, le=23)] = 8


class Retention(Table):
    """How long papers, mails and personal data stay, in days; then they are purged, for good."""

    closed: Annotated[int, Field(ge=1)] = 1826  # after a dossier was closed or withdrawn, and last heard of
    done: Annotated[int, Field(ge=1)] = 1826  # after the last word of one whose account is open and that owes nothing
    unfiled: Annotated[int, Field(ge=1)] = 365  # mails that no dossier took, with their answers; digests
    ignored: Annotated[int, Field(ge=1)] = 90  # automatic mail, newsletters


class ProviderWords(Table):
    """Words that tell what a provider's mail is about. Compared without case and accents."""

    opened: list[Text] = []
    appointment: list[Text] = []
    refused: list[Text] = []
    question: list[Text] = []


class Group(Table):
    """A purchasing group, whole."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    name: Text
    prefix: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]*$")]  # of refs
    body: Literal["siret", "uai"] = "siret"  # what numbers its members
    mailbox: Text
    phone: str | None = None
    site: str | None = None
    chat: str | None = None
    joining: bool = False  # whether a body may join while the markets run
    letters: Letters
    calendar: Calendar = Calendar()
    reminders: Reminders = Reminders()
    digest: Digest = Digest()
    quiet_days: Annotated[int, Field(ge=1)] = 20  # working days without word after a forward: put to the coordinator
    retention: Retention = Retention()
    providers: Annotated[dict[str, Provider], Field(min_length=1)]
    pieces: dict[PieceKind, Text]  # French names with article, where no requirement names one
    labels: dict[str, Text]  # fields' names in letters
    refusals: dict[str, Refusal]  # codes that the member can mend itself; every other finding asks the coordinator
    provider_words: ProviderWords = ProviderWords()
    shared_domains: list[Text] = []  # mail domains of many bodies: they name none; `ac-*.fr` with a star
    courtesies: list[Text] = []  # a short mail of these alone needs no answer
    training_words: list[Text] = []  # order lines that are training
    intents: dict[Wanted, Intent]
    endings: dict[Ending, list[Text]] = {}  # what a coordinator's order is told the member with; absent: it is not told
    answers: list[Answer] = []
    requirements: list[Requirement] = []  # of every lot
    lots: Annotated[list[Lot], Field(min_length=1)]

    def lot(self, lot: str) -> Lot:
        """The lot of that id; KeyError where the group has none."""
        for candidate in self.lots:
            if candidate.id == lot:
                return candidate
        raise KeyError(lot)


Lot.model_rebuild()
