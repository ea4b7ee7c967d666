"""What must hold at every step of the simulated year, checked with a knowledge of its own.

Each check is counted; the first that fails stops the simulation with the dossier, the instant and the letter.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from rules.lists import automatic, decide_list
from rules.records import Decision, PieceOnFile
from tests.simulation.shell import OVER, Books, Post, Review, Sheet

PARIS = ZoneInfo("Europe/Paris")
# Public holidays of the simulated months, written out: the rules take theirs from a library.
HOLIDAYS = {
    dt.date.fromisoformat(day)
    for day in (
        *("2025-08-15", "2025-11-01", "2025-11-11", "2025-12-25", "2026-01-01", "2026-04-06", "2026-05-01"),
        *("2026-05-08", "2026-05-14", "2026-05-25", "2026-07-14", "2026-08-15", "2026-11-01", "2026-11-11"),
        *("2026-12-25", "2027-01-01"),
    )
}
MOSELLE_ALSACE = {dt.date(2025, 12, 26), dt.date(2026, 4, 3), dt.date(2026, 12, 26)}
# Papers without which nothing goes to the provider, as the notices say.
BLOCKING = {
    "1": [{"purchase_order"}],
    "2": [{"purchase_order"}, {"account_form"}],
    "3": [{"purchase_order"}, {"account_form"}],
    "5": [{"purchase_order"}, {"account_form"}],
    "rgs": [{"purchase_order", "legal_commitment"}],
    "tpe": [{"merchant_contract"}],
}
KINDS = {
    "order": {"purchase_order", "legal_commitment"},
    "form": {"account_form"},
    "amendment": {"prefecture_amendment"},
    "convention": {"prefecture_convention"},
    "contract": {"merchant_contract"},
    "group_convention": {"group_convention"},
}
TOLD_AFTER_THE_END = ("acknowledgement", "escalation", "answer")  # an answer to its mail, a question to the coordinator


class Broken(AssertionError):
    """An invariant that does not hold."""


@dataclass
class Watch:
    """Looks at every letter that leaves and at every dossier that is settled."""

    books: Books
    truth: dict[tuple[str, str], str]  # (ref, piece) → `good`, `doubt`, `refused`
    is_customer: dict[int, bool]  # owner → whether it is a customer of lot 1's provider already
    checked: Counter[str] = field(default_factory=Counter)
    sent: set[str] = field(default_factory=set)
    forwarded: dict[str, set[str]] = field(default_factory=dict)
    said: dict[tuple[str, ...], dt.datetime] = field(default_factory=dict)

    def _must(self, name: str, holds: bool, what: str) -> None:
        self.checked[name] += 1
        if not holds:
            raise Broken(f"{name}: {what}")

    # letters

    def on_sent(self, post: Post, now: dt.datetime) -> None:
        """A letter leaves."""
        letter, sheet = post.letter, post.sheet
        what = f"{letter.key} ({letter.kind}) at {now.astimezone(PARIS)}"
        self._must("no letter twice", letter.key not in self.sent, what)
        self.sent.add(letter.key)
        self._must("a letter has an addressee", bool(post.recipients), what)
        if letter.kind in ("reminder", "digest") or letter.office_hours:
            department = sheet.owner.member.department if sheet else None
            self._must("reminders in working hours only", working(now, department), what)
        if sheet is None:
            return
        if sheet.state in OVER:
            ends = letter.template in ("ending", "ended")
            self._must("nothing about what is over", ends or letter.kind in TOLD_AFTER_THE_END, what)
        if letter.template == "ended":
            has = bool(self.forwarded.get(sheet.ref)) or any(n.kind == "listed" for n in sheet.news)
            self._must("a provider hears of the end of what it has", has, what)
        if letter.kind in ("reminder", "missing") and letter.to != "provider" and letter.template != "milestone":
            self._asks(post, sheet, now, what)
        if letter.template == "forward":
            self._forward(post, sheet, what)

    def _asks(self, post: Post, sheet: Sheet, now: dt.datetime, what: str) -> None:
        asked = [str(m["id"]) for m in post.letter.facts["missing"]]
        questions = [str(q["fact"]) for q in post.letter.facts["questions"]]
        if post.letter.kind == "reminder":
            self._must("no reminder to who owes nothing", bool(asked or questions), what)
            told = (sheet.ref, *asked, *questions)
            earlier = self.said.get(told)
            self._must(
                "no reminder within a week of the same one",
                earlier is None or now - earlier > dt.timedelta(days=6),
                f"{what}, said at {earlier}",
            )
            self.said[told] = now
        for name in asked:
            there = [s for s in sheet.owner.sheets if name == "group_convention" or s is sheet]
            good = any(self._good(s, p, name) for s in there for p in s.pieces.values())
            self._must("no request for a paper that is there", not good, f"{what}: {name}")

    def _good(self, sheet: Sheet, piece: PieceOnFile, requirement: str) -> bool:
        fits = not piece.lots or sheet.lot in piece.lots or requirement == "group_convention"
        return fits and piece.kind in KINDS[requirement] and self.truth[sheet.ref, piece.id] == "good"

    def _forward(self, post: Post, sheet: Sheet, what: str) -> None:
        before = self.forwarded.setdefault(sheet.ref, set())
        pieces = set(post.letter.attachments)
        self._must("no paper forwarded twice", not pieces & before, what)
        self._must("a forward carries papers", bool(pieces), what)
        before |= pieces
        for piece in pieces:
            self._must(
                "only good papers forwarded",
                self.truth[sheet.ref, piece] == "good",
                f"{what}: {sheet.pieces[piece].name} is {self.truth[sheet.ref, piece]}",
            )
        kinds = {sheet.pieces[p].kind for p in before}
        needed = list(BLOCKING[sheet.lot])
        if sheet.lot == "1" and not self.is_customer[sheet.owner.number]:
            needed.append({"account_form"})
        self._must("every forward is complete", all(kinds & n for n in needed), f"{what}: {sorted(kinds)}")
        doubts = [p.name for p in sheet.pieces.values() if any(p.kind in n for n in needed) and self._open(sheet, p)]
        self._must("no forward beside an open doubt", not doubts, f"{what}: {doubts}")

    def _open(self, sheet: Sheet, piece: PieceOnFile) -> bool:
        """A doubt about a paper of this lot that no later good one replaces."""
        elsewhere = bool(piece.lots) and sheet.lot not in piece.lots  # sent back to the member, whatever it says
        if elsewhere or self.truth[sheet.ref, piece.id] != "doubt":
            return False
        alike = [p for p in sheet.pieces.values() if p.kind == piece.kind and p.received_at > piece.received_at]
        return not any(self.truth[sheet.ref, p.id] == "good" for p in alike)

    # dossiers

    def on_settled(self, sheet: Sheet, before: str, decision: Decision, now: dt.datetime) -> None:
        """A dossier was looked at."""
        what = f"{sheet.ref}: {before} → {decision.state} at {now.astimezone(PARIS)}"
        if before == "active":
            self._must("active stays active", decision.state in ("active", *OVER), what)
        if before == "forwarded":
            self._must("forwarded goes forward", decision.state in ("forwarded", "active", *OVER), what)

    def on_placed(self, sheet: Sheet, piece: PieceOnFile, findings: tuple[tuple[str, str], ...], base: str) -> None:
        """A paper came into a dossier; the first of its bytes stands."""
        state = "doubt" if base == "good" and findings else base
        self.truth.setdefault((sheet.ref, piece.id), state)

    def on_review(self, review: Review, outcome: str, sheets: Sequence[Sheet]) -> None:
        """A coordinator settled a paper."""
        for sheet in sheets:
            at = sheet.ref, str(review.question.piece)
            if outcome == "refused" and at in self.truth:
                self.truth[at] = "refused"
            elif self.truth.get(at) == "doubt":  # an `ok` settles a doubt; it does not sign what is unsigned
                self.truth[at] = "good"

    def on_step(self, now: dt.datetime, settled: Iterable[Sheet]) -> None:
        """All that was due at an instant is done: no dossier that was looked at is forgotten from here on."""
        for sheet in settled:
            what = f"{sheet.ref} ({sheet.state}, {sheet.owner.member.name}) at {now.astimezone(PARIS)}"
            self._must("moving, ended, or on the coordinator's list", self._seen_to(sheet, now), what)

    def sweep(self, now: dt.datetime, sheets: Sequence[Sheet]) -> None:
        """None waits for an instant later than the one at which its answer changes, looked at or not."""
        self.on_step(now, sheets)
        for sheet in sheets:
            what = f"{sheet.ref} ({sheet.state}, {sheet.owner.member.name}) at {now.astimezone(PARIS)}"
            again = self.books.decide(self.books.groups[sheet.group], self.books.dossier(sheet), now)
            unknown = [x.key for x in again.letters if x.key not in self.books.posts]
            self._must("nothing owed before next_at", not unknown and again.state == sheet.state, f"{what}: {unknown}")

    def on_lists(self, now: dt.datetime) -> None:
        """No automatic lot has a list that the coordinator should have been asked about."""
        for group in self.books.groups.values():
            for lot in filter(automatic, group.lots):
                dossiers = [self.books.dossier(s) for s in self.books.sheets.values() if s.lot == lot.id]
                dossiers = [d for d in dossiers if d.group == group.id]
                owed = decide_list(group, lot, dossiers, self.books.approvals(group.id, lot.id), now).question
                what = f"{owed and owed.id} at {now.astimezone(PARIS)}"
                self._must("no list overlooked", owed is None or owed.id in self.books.reviews, what)

    def _seen_to(self, sheet: Sheet, now: dt.datetime) -> bool:
        decision = sheet.decision
        assert decision is not None
        if sheet.state in ("active", *OVER) or sheet.next_at is not None:
            return True
        at = self.books.lists_at.get((sheet.group, sheet.lot))  # a list waits for office hours
        if at is not None and at > now and not any(n.kind == "listed" for n in sheet.news):
            return True
        if any(r.answered_at is None and sheet.ref in r.question.facts["refs"] for r in self.books.list_reviews):
            return True
        ids = [key for q in decision.questions for key in (q.id, f"{q.id}/{sheet.ref}")]
        if any(k in self.books.reviews and self.books.reviews[k].answered_at is None for k in ids):
            return True
        if any(x.kind == "escalation" for x in sheet.letters.values()):
            return True
        private = sheet.lot == "tpe" and sheet.owner.member.kind == "private"  # begins by itself, with the provider
        return private and sheet.state in ("complete", "expected", "incomplete")


def working(now: dt.datetime, department: str | None) -> bool:
    """Whether a French office is open: a working day between 8:00 and 19:00 in Paris."""
    local = now.astimezone(PARIS)
    off = local.date() in HOLIDAYS or (department in ("57", "67", "68") and local.date() in MOSELLE_ALSACE)
    return local.weekday() < 5 and 8 <= local.hour < 19 and not off
