"""The store and the runners of the simulation, in memory: what `daemon.store` and `daemon.runners` do, row for row.

The rules are the real ones. `Books` holds dossiers, letters by their unique keys and reviews; `run(now)` does at an
instant all that ruling and dispatch would do then. `tests.simulation.slice` compares it with the real ones.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from daemon import reviews
from daemon.store.books import piece_id, wide_kinds
from daemon.store.decisions import MOOT
from parsers.records import Mail, Reading
from rules.decide import decide
from rules.facts import asked
from rules.filing import file_mail
from rules.incoming import Incoming, Writer, as_message, as_piece
from rules.lists import Approval, automatic, decide_list
from rules.provider_news import provider_of
from rules.records import (
    Decision,
    Dossier,
    Letter,
    LetterOnFile,
    Member,
    Message,
    News,
    OpenDossier,
    PieceOnFile,
    Question,
)
from rules.replies import questioned
from rules.schema import Group, Lot
from rules.who import Census

OVER = ("withdrawn", "closed")
QUESTION = "list_review/"
ADMISSION = "admit/"
COORDINATION = "coordination@{}.example.org"

Decide = Callable[
    [Group, Dossier, dt.datetime], Decision
]  # `rules.decide.decide`, or a broken one for the watch to see


@dataclass(eq=False)
class Owner:
    """A member's row."""

    number: int
    group: str
    member: Member
    sheets: list[Sheet] = field(default_factory=list)
    heard: list[dt.datetime] = field(default_factory=list)  # when it wrote, oldest first
    turned_away: bool = False


@dataclass(eq=False)
class Sheet:
    """A dossier's row and all that hangs on it."""

    number: int
    ref: str
    group: str
    lot: str
    owner: Owner
    opened_at: dt.datetime
    committed: bool
    state: str
    next_at: dt.datetime | None
    decision: Decision | None = None
    pieces: dict[str, PieceOnFile] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    news: list[News] = field(default_factory=list)
    letters: dict[str, LetterOnFile] = field(default_factory=dict)


@dataclass(eq=False)
class Post:
    """A letter's row."""

    number: int
    letter: Letter
    group: str
    sheet: Sheet | None
    recipients: tuple[str, ...]
    state: str = "due"
    sent_at: dt.datetime | None = None
    message_id: str = ""


@dataclass(eq=False)
class Review:
    """A question to the coordinator."""

    key: str
    group: str
    question: Question
    sheet: Sheet | None
    asked_at: dt.datetime
    answered_at: dt.datetime | None = None
    answered_by: str = ""
    answer: str = ""


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """A mail as it reaches a group's mailbox, read already. `answers`: keys of our letters that it replies to."""

    group: str
    reading: Reading
    authenticity: str = "unknown"
    answers: tuple[str, ...] = ()

    @property
    def head(self) -> Mail:
        """Its head."""
        assert self.reading.mail is not None
        return self.reading.mail

    @property
    def key(self) -> str:
        """Its id on the books."""
        return hashlib.sha256(str(self.head.message_id).encode()).hexdigest()[:32]


@dataclass(eq=False)
class Books:
    """Everything on the books."""

    groups: Mapping[str, Group]
    providers: Mapping[str, str]  # key → address
    on_sent: Callable[[Post, dt.datetime], None]
    on_settled: Callable[[Sheet, str, Decision, dt.datetime], None]
    on_placed: Callable[[Sheet, PieceOnFile, tuple[tuple[str, str], ...]], None]
    on_shared: Callable[[Sheet, Sheet, PieceOnFile], None]  # new dossier, the one that the piece comes from, piece
    on_review: Callable[[Review, str, Sequence[Sheet]], None]
    decide: Decide = decide
    sheets: dict[str, Sheet] = field(default_factory=dict)
    owners: list[Owner] = field(default_factory=list)
    posts: dict[str, Post] = field(default_factory=dict)
    reviews: dict[str, Review] = field(default_factory=dict)
    list_reviews: list[Review] = field(default_factory=list)  # those about a lot's list
    waiting: list[Delivered] = field(default_factory=list)
    filed: dict[tuple[str, str], list[list[str]]] = field(default_factory=dict)
    due: list[tuple[dt.datetime, int, Post]] = field(default_factory=list)  # a heap
    lists_at: dict[tuple[str, str], dt.datetime | None] = field(default_factory=dict)  # when a lot's list is due
    settled: dict[str, Sheet] = field(default_factory=dict)  # looked at since somebody emptied this
    decisions: int = 0

    def __post_init__(self) -> None:
        self._wide = {name: wide_kinds(group) for name, group in self.groups.items()}
        self._census: dict[str, Census] = {}
        self._wakes: list[tuple[dt.datetime, int, Sheet]] = []
        self._senders: dict[tuple[str, str], str | None] = {}
        self._due_to: dict[tuple[str, ...], list[Post]] = {}
        self._asked_of: dict[str, list[Review]] = {}
        self._changed: set[tuple[str, str]] = set()  # lots whose open, unlisted dossiers are others than before
        self._counts: dict[str, int] = {}
        self._by_id: dict[tuple[str, str], Owner] = {}
        self._by_lot: dict[tuple[str, str], list[Sheet]] = {}
        self._by_message: dict[str, list[Post]] = {}
        self._placed: dict[str, list[Sheet]] = {}  # piece → the dossiers that it stands in

    # members and dossiers

    def keep(self, group: str, member: Member, now: dt.datetime) -> Owner:
        """The member's row, made or brought up to date; its dossiers look at what changed."""
        owner = self._find(group, member)
        if owner is None:
            owner = Owner(len(self.owners) + 1, group, member)
            self.owners.append(owner)
            self._census.pop(group, None)
        elif member.known and owner.member != member:
            stranger = not owner.member.known
            self._rename(owner, member)
            for sheet in owner.sheets:
                back = sheet.state in OVER and sheet.lot in member.lots
                for kind in [*(["admitted"] if stranger else []), *(["reopened"] if stranger and back else [])]:
                    sheet.news.append(News(kind=kind, at=now))
                self.wake(sheet, now)
                self._changed.add((sheet.group, sheet.lot))
        for name in _names(member):
            self._by_id.setdefault((group, name), owner)
        return owner

    def _rename(self, owner: Owner, member: Member) -> None:
        owner.member = member
        self._census.pop(owner.group, None)

    def _find(self, group: str, member: Member) -> Owner | None:
        return next((o for n in _names(member) if (o := self._by_id.get((group, n)))), None)

    def census(self, group: str) -> Census:
        """The group's."""
        if group not in self._census:
            self._census[group] = Census([o.member for o in self.owners if o.group == group])
        return self._census[group]

    def import_(self, group: str, member: Member, now: dt.datetime) -> None:
        """A line of the census, and the dossiers that it commits to."""
        owner = self.keep(group, member, now)
        for lot in member.lots:
            self.open(owner, lot, now, committed=True)

    def open(self, owner: Owner, lot: str, now: dt.datetime, *, committed: bool = False) -> Sheet:
        """The member's dossier of a lot."""
        for sheet in owner.sheets:
            if sheet.lot == lot:
                sheet.committed = sheet.committed or committed
                return sheet
        prefix = f"{self.groups[owner.group].prefix}-{lot.upper()}"
        self._counts[prefix] = self._counts.get(prefix, 0) + 1
        sheet = Sheet(
            number=len(self.sheets) + 1,
            ref=f"{prefix}-{self._counts[prefix]:04d}",
            group=owner.group,
            lot=lot,
            owner=owner,
            opened_at=now,
            committed=committed,
            state="expected" if committed else "incomplete",
            next_at=now,
        )
        self._share(sheet)
        self.sheets[sheet.ref] = sheet
        owner.sheets.append(sheet)
        self._by_lot.setdefault((owner.group, lot), []).append(sheet)
        self._changed.add((owner.group, lot))
        self.wake(sheet, now)
        return sheet

    def _share(self, sheet: Sheet) -> None:
        """What counts for the whole group stands in a dossier opened or reopened, too."""
        for sibling in sheet.owner.sheets:
            for piece in sibling.pieces.values():
                if piece.kind in self._wide[sheet.group] and piece.id not in sheet.pieces:
                    self._put(sheet, piece)
                    self.on_shared(sheet, sibling, piece)

    def _put(self, sheet: Sheet, piece: PieceOnFile) -> None:
        """The piece stands in the dossier; the same paper twice stands once, as it first came."""
        if piece.id not in sheet.pieces:
            sheet.pieces[piece.id] = piece
            self._placed.setdefault(piece.id, []).append(sheet)

    def wake(self, sheet: Sheet, at: dt.datetime | None) -> None:
        """Its `next_at` is set."""
        sheet.next_at = at
        if at is not None:
            heapq.heappush(self._wakes, (at, sheet.number, sheet))

    def dossier(self, sheet: Sheet) -> Dossier:
        """As rules see it."""
        alive = [s.number for s in sheet.owner.sheets if s.state not in OVER]
        before = [s for s in sheet.owner.sheets if s.number < sheet.number]
        ended = [n.at for s in before for n in s.news if n.kind in OVER]
        return Dossier(
            ref=sheet.ref,
            group=sheet.group,
            lot=sheet.lot,
            member=sheet.owner.member,
            opened_at=sheet.opened_at,
            committed=sheet.committed,
            pieces=tuple(sheet.pieces.values()),
            messages=tuple(sheet.messages),
            news=tuple(sorted(sheet.news, key=lambda n: n.at)),
            letters=tuple(sheet.letters.values()),
            lead=not alive or min(alive) == sheet.number,
            lead_since=max(ended, default=None),
            heard_at=tuple(sheet.owner.heard),
        )

    # a decision onto the books

    def settle(self, sheet: Sheet, now: dt.datetime) -> None:
        """Asks the rules, keeps the answer."""
        self.decisions += 1
        dossier = self.dossier(sheet)
        decision = self.decide(self.groups[sheet.group], dossier, now)
        before, sheet.state, sheet.decision = sheet.state, decision.state, decision
        self.wake(sheet, decision.next_at)
        self.settled[sheet.ref] = sheet
        if (decision.state in OVER) != (before in OVER):
            self._changed.add((sheet.group, sheet.lot))
            for sibling in sheet.owner.sheets:
                if sibling is not sheet:
                    self.wake(sibling, now)
        owed = {x.key for x in decision.letters}
        for letter in decision.letters:
            if letter.key not in self.posts:
                self.add(sheet.group, letter, now, sheet=sheet, member=dossier.member)
        for key, x in sheet.letters.items():
            if x.state == "due" and key not in owed and key.startswith(f"{sheet.ref}/"):
                self._mark(self.posts[key], "superseded")
        for question in decision.questions:
            self.pose(question, now, sheet=sheet, group=sheet.group)
        asked_ = {q.id for q in decision.questions}
        for review in self._asked_of.get(sheet.ref, ()):
            if (
                review.sheet is sheet
                and review.answered_at is None
                and review.key.removesuffix(f"/{sheet.ref}") not in asked_
            ):
                self._moot(review, now)
        self.on_settled(sheet, before, decision, now)

    def _moot(self, review: Review, now: dt.datetime) -> None:
        review.answered_at, review.answered_by, review.answer = now, MOOT, "sans objet"
        post = self.posts.get(f"{review.key}/request")
        if post is not None and post.state == "due" and review.sheet is not None:
            self._mark(post, "superseded")

    def add(
        self,
        group: str,
        letter: Letter,
        now: dt.datetime,
        *,
        sheet: Sheet | None = None,
        member: Member | None = None,
        sender: str | None = None,
    ) -> None:
        """The letter's row, where its key is new."""
        if sender is None and letter.answers:
            sender = self._senders.get((group, letter.answers))
        recipients = self._recipients(group, letter, sheet, member, sender)
        old = self.posts.get(letter.key)
        if old is not None:
            if old.state == "superseded" and not letter.office_hours:
                self._again(old, now)
            if old.state == "due":  # told afresh
                old.letter = replace(old.letter, facts=letter.facts, attachments=letter.attachments)
                if old.recipients != recipients:
                    old.recipients = recipients
                    self._due_to.setdefault(recipients, []).append(old)
            return
        post = Post(len(self.posts) + 1, letter, group, sheet, recipients)
        self.posts[letter.key] = post
        heapq.heappush(self.due, (letter.due_at, post.number, post))
        self._due_to.setdefault(post.recipients, []).append(post)
        if sheet is not None:
            sheet.letters[letter.key] = LetterOnFile(
                key=letter.key, kind=letter.kind, due_at=letter.due_at, sent_at=None, state="due", facts=letter.facts
            )

    def _recipients(
        self, group: str, letter: Letter, sheet: Sheet | None, member: Member | None, sender: str | None
    ) -> tuple[str, ...]:
        if letter.to == "coordinator":
            return (COORDINATION.format(group),)
        if letter.to == "provider":
            key = letter.provider or self.groups[group].lot(sheet.lot if sheet else "").provider
            return (self.providers[key],)
        if letter.to == "sender" or member is None or not member.known:
            wrote_from = tuple(member.emails[:1]) if member and letter.to == "member" else ()
            return (sender,) if sender else wrote_from
        known = [*([member.functional_email] if member.functional_email else []), *member.emails]
        if sender in known:
            return (str(sender),)
        return tuple(known[:1]) or ((sender,) if sender else ())

    def pose(self, question: Question, now: dt.datetime, *, sheet: Sheet | None, group: str) -> None:
        """The review and the letter that asks it, each once."""
        key = question.id
        earlier = self.reviews.get(key)
        if earlier and earlier.answered_at is not None and earlier.answered_by != MOOT and sheet is not None:
            key = f"{question.id}/{sheet.ref}"
        if key in self.reviews:
            if self.reviews[key].answered_by == MOOT and sheet is not None:
                self._stands_again(self.reviews[key], sheet)
            return
        review = self.reviews[key] = Review(key, group, question, sheet, now)
        if sheet is None:
            self.list_reviews.append(review)
        if sheet is not None:
            self._asked_of.setdefault(sheet.ref, []).append(review)
        letter = Letter(
            key=f"{key}/request",
            kind="review_request",
            to="coordinator",
            due_at=now,
            template="review_request",
            facts=question.facts,
        )
        self.add(group, letter, now, sheet=sheet)

    def _stands_again(self, review: Review, sheet: Sheet) -> None:
        review.answered_at, review.answered_by, review.answer = None, "", ""
        if review.sheet is not sheet:
            review.sheet = sheet
            self._asked_of.setdefault(sheet.ref, []).append(review)
        post = self.posts.get(f"{review.key}/request")
        if post is not None and post.state == "superseded":
            self._again(post, post.letter.due_at)

    def _again(self, post: Post, at: dt.datetime) -> None:
        """A letter that was overtaken is owed again."""
        self._mark(post, "due")
        heapq.heappush(self.due, (at, post.number, post))
        alike = self._due_to.setdefault(post.recipients, [])
        if post not in alike:
            alike.append(post)

    # the runners

    def run(self, now: dt.datetime) -> None:
        """Everything that is due at `now`."""
        worked = True
        while worked:
            worked = False
            while self._rule_one(now):
                worked = True
            while self._send_one(now):
                worked = True

    def _rule_one(self, now: dt.datetime) -> bool:
        if self.waiting:
            self._rule(self.waiting.pop(0), now)
            return True
        sheet = self._awake(now)
        if sheet is not None:
            self.settle(sheet, now)
            if sheet.next_at is not None and sheet.next_at <= now:
                raise AssertionError(f"{sheet.ref} does not settle at {now}")
            return True
        return self._lists(now)

    def _awake(self, now: dt.datetime) -> Sheet | None:
        """The first dossier whose time has come."""
        while self._wakes and self._wakes[0][0] <= now:
            at, _, sheet = heapq.heappop(self._wakes)
            if sheet.next_at == at:
                return sheet
        return None

    def next_at(self) -> dt.datetime | None:
        """When a dossier or a list is to be looked at next."""
        while self._wakes and self._wakes[0][2].next_at != self._wakes[0][0]:
            heapq.heappop(self._wakes)
        times = [t for t in self.lists_at.values() if t is not None]
        times += [w[0] for w in self._wakes[:1]]
        return min(times, default=None)

    def _send_one(self, now: dt.datetime) -> bool:
        while self.due and self.due[0][2].state != "due":
            heapq.heappop(self.due)
        if not self.due or self.due[0][0] > now:
            return False
        first = self.due[0][2]
        alike = [
            p for p in self._due_to.get(first.recipients, ()) if p.state == "due" and p.recipients == first.recipients
        ]
        self._due_to[first.recipients] = alike
        rows = [first]
        if first.letter.to in ("member", "sender") and not first.letter.subject:
            rows += [
                p
                for p in sorted(alike, key=_order)
                if p is not first
                and p.letter.due_at <= now
                and p.group == first.group
                and p.letter.to in ("member", "sender")
                and not p.letter.subject
                and p.recipients == first.recipients
            ]
        for post in rows:
            post.message_id, post.sent_at = f"<letter-{first.number}@groupement>", now
            self._by_message.setdefault(post.message_id, []).append(post)
            self._mark(post, "sent")
            if post.sheet is not None:
                self.wake(post.sheet, now)
            self.on_sent(post, now)
        return True

    def _mark(self, post: Post, state: str) -> None:
        post.state = state
        if post.sheet is not None:
            kept = post.sheet.letters[post.letter.key]
            post.sheet.letters[post.letter.key] = replace(kept, state=state, sent_at=post.sent_at)

    # a mail

    def of(self, member: Member, group: str) -> list[OpenDossier]:
        """The member's open dossiers."""
        owner = self._find(group, member)
        return [] if owner is None else [_open(s) for s in owner.sheets if s.state not in OVER]

    def _rule(self, mail: Delivered, now: dt.datetime) -> None:
        papers = sorted(piece_id(p) for p in mail.reading.pieces)
        earlier = self.filed.setdefault((mail.group, mail.key), [])
        again = papers in earlier
        earlier.append(papers)
        self._senders.setdefault((mail.group, mail.key), mail.head.from_)
        if again or mail.head.nature == "bounce" or self._reviewed(mail, now):
            return
        answered = [p for k in mail.answers for p in self._siblings(k) if mail.head.from_ in p.recipients]
        authenticity = "pass" if answered and mail.authenticity == "unknown" else mail.authenticity
        incoming = Incoming(
            id=mail.key,
            received_at=now,
            reading=mail.reading,
            authenticity=authenticity,  # type: ignore[arg-type]
            threads=tuple(dict.fromkeys(p.sheet.ref for p in answered if p.sheet is not None)),
        )
        desk = _Desk(self, mail.group)
        configured = tuple(self.providers.items())
        filing = file_mail(self.groups[mail.group], incoming, self.census(mail.group), desk, configured)
        touched: dict[str, Sheet] = {}
        brought: dict[str, list[PieceOnFile]] = {}
        for member, lot in filing.opens:
            sheet = self._dossier_of(mail.group, member, lot, now)
            touched[sheet.ref] = sheet
        for placement in filing.placements:
            piece = mail.reading.pieces[placement.piece]
            kept = as_piece(piece, piece_id(piece), incoming, placement.findings)
            for lot in placement.lots:
                sheet = self._dossier_of(mail.group, placement.member, lot, now)
                touched[sheet.ref] = sheet
                brought.setdefault(sheet.ref, []).append(kept)
                self.on_placed(sheet, kept, placement.findings)
        for ref in filing.concerns:
            touched[ref] = self.sheets[ref]
        for ref, news in filing.news:
            self.sheets[ref].news.append(news)
            touched[ref] = self.sheets[ref]
        writer = self._writer(mail)
        for sheet in touched.values():
            names = list(dict.fromkeys(p.id for p in brought.get(sheet.ref, ())))
            new, old = [n for n in names if n not in sheet.pieces], [n for n in names if n in sheet.pieces]
            sheet.messages.append(as_message(incoming, new, old, writer))
            if writer == "member" and sheet.owner.heard[-1:] != [now]:
                sheet.owner.heard.append(now)
            for piece_ in brought.get(sheet.ref, ()):
                self._put(sheet, piece_)
        for letter in filing.letters:
            self.add(mail.group, letter, now, member=filing.member, sender=mail.head.from_)
        for owner in {s.owner for s in touched.values()}:
            for sheet in owner.sheets:
                if sheet.ref not in touched:
                    self.wake(sheet, now)
        for sheet in touched.values():
            self.settle(sheet, now)

    def _dossier_of(self, group: str, member: Member, lot: str, now: dt.datetime) -> Sheet:
        owner = self.keep(group, member, now)
        count = len(owner.sheets)
        sheet = self.open(owner, lot, now)
        if len(owner.sheets) > count and not owner.member.known and owner.turned_away:
            sheet.news.append(News(kind="withdrawn", at=now))
        return sheet

    def _siblings(self, key: str) -> list[Post]:
        """The letters that left in one mail with that one."""
        post = self.posts.get(key)
        return [] if post is None or not post.message_id else self._by_message[post.message_id]

    def _writer(self, mail: Delivered) -> Writer:
        if mail.head.from_ == COORDINATION.format(mail.group):
            return "coordinator"
        found = provider_of(self.groups[mail.group], mail.head.from_, tuple(self.providers.items()))
        return "provider" if found else "member"

    def _reviewed(self, mail: Delivered, now: dt.datetime) -> bool:
        if mail.head.nature != "message" or mail.reading.pieces:
            return False
        asked_ = [p for k in mail.answers for p in self._siblings(k) if p.letter.kind == "review_request"]
        if not asked_ or mail.head.from_ not in asked_[-1].recipients:
            return False
        review = self.reviews[asked_[-1].letter.key.removesuffix("/request")]
        answer = reviews.parse(mail.head.body)
        if answer is not None and review.answered_at is None:
            self.answer(review, answer, now)
        letter = Letter(key=f"mail/{mail.key}/review", kind="answer", to="sender", due_at=now, template="review_done")
        self.add(mail.group, letter, now, sender=mail.head.from_)
        return True

    def answer(self, review: Review, answer: reviews.Answer, now: dt.datetime) -> None:
        """Settles a piece wherever it stands."""
        review.answered_at, review.answered_by, review.answer = now, "coordination", str(answer)
        if review.key.startswith(QUESTION):
            if answer.outcome == "ok":
                self._release(review, now)
            return
        piece = review.question.piece
        if review.key.startswith(ADMISSION) and review.sheet:
            self._admit(review.sheet, answer, now)
            return
        here = review.sheet.owner.sheets if review.sheet else []
        placed = self._placed.get(str(piece), [])
        sheets = sorted(placed, key=lambda s: s.number) or [s for s in here if s is review.sheet]
        if review.sheet and review.key.endswith(f"/{review.sheet.ref}"):
            sheets = [review.sheet]
        self.on_review(review, answer.outcome, sheets)
        for sheet in sheets:
            if piece in sheet.pieces:
                kept = sheet.pieces[piece]
                sheet.pieces[piece] = (
                    replace(kept, refused=answer.motive)
                    if answer.outcome == "refused"
                    else replace(kept, findings=(), fields={**kept.fields, **answer.fields})
                )
            sheet.news.append(News(kind="review", at=now, data={"piece": piece, "outcome": answer.outcome}))
        for sheet in sheets:
            self.settle(sheet, now)

    def _admit(self, asked: Sheet, answer: reviews.Answer, now: dt.datetime) -> None:
        """A body that the census does not know, with all its dossiers: taken in, or turned away."""
        owner = asked.owner
        owner.turned_away = answer.outcome == "refused"
        if not owner.turned_away:
            self._rename(owner, replace(owner.member, known=True))
        self._changed.update((s.group, s.lot) for s in owner.sheets)
        for sheet in owner.sheets:
            told = {"by": "", **reviews.turned_away(answer)} if owner.turned_away and sheet is asked else {}
            sheet.news.append(News(kind="withdrawn" if owner.turned_away else "admitted", at=now, data=told))
        for sheet in owner.sheets:
            self.settle(sheet, now)

    def tell(self, ref: str, kind: str, now: dt.datetime) -> None:
        """The coordinator ends a dossier, or opens it again."""
        sheet = self.sheets[ref]
        sheet.news.append(News(kind=kind, at=now))
        if kind == "reopened":
            self._share(sheet)
        self.settle(sheet, now)

    # lists

    def _lists(self, now: dt.datetime) -> bool:
        for group in self.groups.values():
            for lot in filter(automatic, group.lots):
                key = group.id, lot.id
                at = self.lists_at.get(key)
                owed = key in self._changed or (at is not None and at <= now)
                if owed and self._list(group, lot, self._by_lot.get(key, []), now):
                    return True
        return False

    def _list(self, group: Group, lot: Lot, sheets: Sequence[Sheet], now: dt.datetime) -> bool:
        owed = decide_list(group, lot, [self.dossier(s) for s in sheets], self.approvals(group.id, lot.id), now)
        self._changed.discard((group.id, lot.id))
        self.lists_at[group.id, lot.id] = owed.next_at
        if owed.question is None or owed.question.id in self.reviews:
            return False
        prefix = f"{QUESTION}list/{group.id}/{lot.id}/"
        for review in self.list_reviews:
            if review.key.startswith(prefix) and review.answered_at is None:
                self._moot(review, now)
        self.pose(owed.question, now, sheet=None, group=group.id)
        return True

    def approvals(self, group: str, lot: str) -> list[Approval]:
        """The coordinator's answers to the lot's lists."""
        prefix = f"{QUESTION}list/{group}/{lot}/"
        return [
            Approval(
                key=r.key.removeprefix(QUESTION),
                refs=tuple(r.question.facts["refs"]),
                at=r.answered_at,
                approved=r.answer == "ok",
            )
            for r in self.list_reviews
            if r.key.startswith(prefix) and r.answered_at is not None and r.answered_by != MOOT
        ]

    def _release(self, review: Review, now: dt.datetime) -> None:
        key = review.key.removeprefix(QUESTION)
        _, group_id, lot_id, _ = key.split("/")
        group = self.groups[group_id]
        lot = group.lot(lot_id)
        of_lot = [self.dossier(s) for s in self._by_lot[group_id, lot_id]]
        for letter in decide_list(group, lot, of_lot, self.approvals(group_id, lot_id), now).letters:
            self.add(group_id, letter, now)
        rows = [self.sheets[r] for r in sorted(review.question.facts["refs"], key=lambda r: self.sheets[r].number)]
        self._changed.add((group_id, lot_id))
        for sheet in rows:
            sheet.news.append(News(kind="listed", at=now, data={"key": key}))
        for sheet in rows:
            self.settle(sheet, now)


@dataclass(frozen=True)
class _Desk:
    """`rules.incoming.Books`."""

    books: Books
    group: str

    def of(self, member: Member) -> Sequence[OpenDossier]:
        return self.books.of(member, self.group)

    def ref(self, ref: str) -> OpenDossier | None:
        sheet = self.books.sheets.get(ref)
        return _open(sheet) if sheet is not None and sheet.group == self.group and sheet.state not in OVER else None


def _names(member: Member) -> list[str]:
    return [n for n in (member.siret, member.uai) if n] or [member.name]


def _order(post: Post) -> tuple[dt.datetime, int]:
    return post.letter.due_at, post.number


def _open(sheet: Sheet) -> OpenDossier:
    requirements = sheet.decision.requirements if sheet.decision else ()
    return OpenDossier(
        ref=sheet.ref,
        lot=sheet.lot,
        member=sheet.owner.member,
        state=sheet.state,
        opened_at=sheet.opened_at,
        owed=tuple(r.kind for r in requirements if r.state in ("missing", "refused")),
        asked=tuple(asked(x for x in sheet.letters.values() if x.sent_at is not None)),
        questioned=questioned(tuple(sorted(sheet.news, key=lambda n: n.at))),
    )
