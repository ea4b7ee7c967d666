"""A year of two groups, simulated: members, providers and coordinators write at random, the real rules answer.

`python -m tests.simulation.year --members 1500 --seed 7` prints what came in, what left and what was checked.
"""

from __future__ import annotations

import argparse
import datetime as dt
import heapq
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random

from rules.decide import decide
from rules.load import shipped
from rules.records import Decision, PieceOnFile
from tests.simulation.invariants import PARIS, Watch
from tests.simulation.people import CIG, LDMEMS, LOTS, Desk, Person, person
from tests.simulation.shell import COORDINATION, Books, Decide, Delivered, Owner, Post, Review, Sheet

PROVIDERS = ("achatpublic", "dematis", "kercia", "exm", "foxit", "certigna", "yousign")
START = dt.datetime(2025, 9, 1, 9, 0, tzinfo=PARIS).astimezone(dt.UTC)
MAILS_EACH = 14  # a member that never gets it right gives up

# What the world did, in order: the slice through the real runners does the same.
Act = tuple[str, object]


@dataclass
class Year:
    """The simulation. `run` drives it; `script` then says what was done when."""

    members: int
    seed: int
    days: int = 365
    decide: Decide = decide
    script: list[tuple[dt.datetime, list[Act]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.chance = Random(self.seed)  # the watch's own: looking changes nothing
        self.looked_at = 1  # how many dossiers the watch looks at when an instant's work is done
        self.desk = Desk(self.random)
        self.end = START + dt.timedelta(days=self.days)
        self.heap: list[tuple[dt.datetime, int, Callable[[], None]]] = []
        self._order = count()
        self.people: dict[str, Person] = {}  # by SIRET
        self.now = START
        self.acts: list[Act] = []
        self.mails: Counter[str] = Counter()
        self.letters: Counter[str] = Counter()
        self.instants = 0
        self.books = Books(
            groups={g: shipped(g) for g in (CIG, LDMEMS)},
            providers={p: f"dossiers@{p}.example.org" for p in PROVIDERS},
            decide=self.decide,
            on_sent=self._sent,
            on_settled=self._settled,
            on_placed=self._placed,
            on_shared=self._shared,
            on_review=self._reviewed,
        )
        self.watch = Watch(self.books, {}, {})

    # driving

    def run(self) -> None:
        """From the census to the last day."""
        self._beginnings()
        while True:
            wake = self.books.next_at()
            first = self.heap[0][0] if self.heap else None
            at = min((t for t in (wake, first) if t is not None), default=None)
            if at is None or at > self.end:
                break
            self.now = at
            self.acts = []
            while self.heap and self.heap[0][0] <= at:
                heapq.heappop(self.heap)[2]()
            self.books.run(at)
            self._watched(at)
            self.script.append((at, self.acts))
            self.instants += 1
        self.now = self.end
        self.watch.on_lists(self.end)
        self.watch.sweep(self.end, list(self.books.sheets.values()))

    def _watched(self, at: dt.datetime) -> None:
        """Every dossier that was looked at, and one that was not: nothing was skipped on the way to this instant."""
        self.watch.on_step(at, self.books.settled.values())
        self.books.settled.clear()
        sheets = list(self.books.sheets.values())
        self.watch.sweep(at, self.chance.sample(sheets, min(self.looked_at, len(sheets))))
        if self.looked_at > 1:
            self.watch.on_lists(at)
        self.looked_at = 1

    def later(self, days: float, act: Callable[[], None]) -> None:
        """`act` in about so many days, at any hour; the second is whole, so that nothing falls on one instant."""
        seconds = int(max(60.0, self.random.expovariate(1 / days) * 86400))
        self.at(self.now + dt.timedelta(seconds=seconds), act)

    def at(self, when: dt.datetime, act: Callable[[], None]) -> None:
        """`act` at that instant."""
        heapq.heappush(self.heap, (when, next(self._order), act))

    def deliver(self, what: str, mail: Delivered) -> None:
        """A mail reaches its mailbox."""
        self.mails[what] += 1
        self.books.waiting.append(mail)
        self.acts.append(("mail", mail))
        if self.random.random() < 0.03 and not what.startswith("again"):
            self.later(0.05, lambda: self.deliver("again: the same mail", mail))

    # what happens of itself

    def _beginnings(self) -> None:
        for number in range(1, self.members + 1):
            group = CIG if number % 5 < 3 else LDMEMS
            who = person(self.random, group, number)
            self.people[str(who.member.siret)] = who
            if self.random.random() < 0.04:
                self.at(START, lambda w=who: self._spontaneous(w))  # type: ignore[misc]
                continue  # the census does not know it
            wave = START + dt.timedelta(days=self.random.choice((0, 0, 0, 30, 75)), hours=self.random.randrange(14))
            self.at(wave, lambda w=who: self._commit(w))  # type: ignore[misc]
        for month in range(1, self.days // 30 + 1):
            self.at(START + dt.timedelta(days=30 * month, hours=self.chance.randrange(24)), self._look)

    def _commit(self, who: Person) -> None:
        self.import_(who)
        if who.heed and self.random.random() < 0.3:
            self.later(20, lambda: self._write(who, ()))
        if self.random.random() < 0.05:
            self.later(120, lambda: self._more(who))
        if self.random.random() < 0.1:
            self.later(90, lambda: self._wish(who))
        if self.random.random() < 0.03:
            self.later(60, lambda: self._mistaken(who))

    def import_(self, who: Person) -> None:
        """Its line of the census comes in."""
        self.people.setdefault(str(who.member.siret), who)
        self.acts.append(("import", (who.group, who.member)))
        self.books.import_(who.group, who.member, self.now)
        owner = self._owner(who)
        assert owner is not None
        self.watch.is_customer[owner.number] = who.customer

    def _more(self, who: Person) -> None:
        """The census of another season: one lot more."""
        more = [x for x in LOTS[who.group] if x not in who.member.lots]
        if more:
            who.member = replace(who.member, lots=(*who.member.lots, more[0]))
            self.import_(who)

    def _spontaneous(self, who: Person) -> None:
        self.later(120, lambda: self._write(who, (), lots=list(who.member.lots[:2])))
        if self.random.random() < 0.5:
            self.later(200, lambda: self._write(who, (), lots=list(who.member.lots[-1:])))

    def _look(self) -> None:
        """At the end of this instant the watch looks at many dossiers, and at the lists."""
        self.looked_at = 200

    # members

    def _owner(self, who: Person) -> Owner | None:
        return next((o for o in self.books.owners if o.member.siret == who.member.siret), None)

    def _member(self, owner: Owner) -> Person | None:
        return self.people.get(str(owner.member.siret))

    def _needs(self, who: Person, lots: list[str] | None) -> list[tuple[str, str]]:
        """(kind, lot) of what is asked of it; a body that nobody knows sends an order and a form."""
        owner = self._owner(who)  # looked up, not taken in: what a stranger writes puts it in no census
        if owner is None or (lots and not owner.sheets):
            return [(k, x) for x in lots or () for k in self._usual(x)]
        out = []
        for sheet in owner.sheets:
            wanted = sheet.decision.requirements if sheet.decision else ()
            out += [
                (r.kind, sheet.lot)
                for r in wanted
                if r.state in ("missing", "refused") and not (r.state == "missing" and r.why)
            ]
        return out

    def _usual(self, lot: str) -> list[str]:
        return {"rgs": ["purchase_order"], "tpe": ["merchant_contract"]}.get(
            lot, ["purchase_order", "account_form"] if lot.isdigit() else ["group_convention"]
        )

    def _write(self, who: Person, answers: tuple[str, ...], lots: list[str] | None = None) -> None:
        """Papers, some of those asked for, some of them wrong, some sent before."""
        r = self.random
        if who.mails >= MAILS_EACH:
            return
        needs = [n for n in dict.fromkeys(self._needs(who, lots)) if r.random() < 0.8]
        seen: set[str] = set()
        pieces = []
        for kind, lot in needs:
            if kind == "group_convention" and kind in seen:
                continue
            seen.add(kind)
            pieces.append(self.desk.paper(who, kind, lot))
        if who.sent and r.random() < 0.08:
            pieces.append(r.choice(who.sent))
        if not pieces:
            return
        who.mails += 1
        who.sent += pieces
        self.deliver(
            "papers",
            self.desk.mail(
                who.group,
                self._address(who),
                "Documents du groupement",
                "Veuillez trouver ci-joint nos documents.",
                tuple({p.sha256: p for p in pieces}.values()),
                intents=("submit",),
                answers=answers if r.random() < 0.6 else (),
                authenticity=r.choice(("unknown", "unknown", "pass")) if r.random() < 0.98 else "fail",
            ),
        )

    def _address(self, who: Person) -> str:
        body, chance = who.member, self.random.random()
        if chance < 0.06:
            return f"secretariat{body.siret}@courrier.example"
        return body.functional_email if body.functional_email and chance < 0.4 else body.emails[0]

    def _reply(self, who: Person, post: Post) -> None:
        """« Oui » or « non » to the one question that lot 1 asks."""
        yes = "Oui." if who.customer else "Non, pas encore."
        who.mails += 1
        mail = self.desk.mail(who.group, post.recipients[0], "Re: votre dossier", yes, answers=(post.letter.key,))
        self.deliver("words", mail)

    def _wish(self, who: Person) -> None:
        intent = self.random.choice(("question_commercial", "question_technical", "withdraw", "training", "other"))
        texts = {
            "question_commercial": "Quel est le tarif de l’abonnement ?",
            "question_technical": "Le logiciel ne démarre pas.",
            "withdraw": "Nous souhaitons nous désister.",
            "training": "Quand a lieu la formation ?",
            "other": "Nous changeons de standard téléphonique.",
        }
        mail = self.desk.mail(who.group, self._address(who), "Message", texts[intent], intents=(intent,))  # type: ignore[arg-type]
        self.deliver("wishes", mail)

    def _mistaken(self, who: Person) -> None:
        """A paper of another body, from this one's address."""
        other = self.people[self.random.choice(list(self.people))]
        if other is who or other.group != who.group:
            return
        lot = self.random.choice(other.member.lots)
        piece = self.desk.paper(other, self._usual(lot)[0], lot)
        mail = self.desk.mail(who.group, who.member.emails[0], "Document", "Ci-joint.", (piece,), intents=("submit",))
        self.deliver("papers of another body", mail)

    # letters

    def _sent(self, post: Post, now: dt.datetime) -> None:
        self.watch.on_sent(post, now)
        self.letters[f"{post.letter.kind} ({post.letter.template})"] += 1
        letter = post.letter
        if letter.to == "coordinator":
            self._coordinator(post)
        elif letter.to == "provider":
            self._provider(post)
        elif post.sheet is not None:
            who = self._member(post.sheet.owner)
            if who is not None:
                self._member_reads(who, post)

    def _member_reads(self, who: Person, post: Post) -> None:
        r, letter = self.random, post.letter
        if r.random() < 0.02:
            answer = self.desk.mail(
                who.group, post.recipients[0], "Absence", "Je suis absent.", nature="auto_reply", answers=(letter.key,)
            )
            self.later(0.01, lambda: self.deliver("automatic", answer))
        if letter.template == "milestone" and letter.facts.get("news") == "question" and r.random() < who.heed:
            words = self.desk.mail(
                who.group,
                post.recipients[0],
                "Re: votre dossier",
                "Voici la précision demandée : le 12.",
                intents=("other",),
                answers=(letter.key,),
            )
            self.later(who.days, lambda: self.deliver("words", words))
            return
        if letter.facts.get("questions") and who.mails < MAILS_EACH and r.random() < who.heed * 0.7:
            self.later(who.days, lambda: self._reply(who, post))
        elif letter.facts.get("missing") and r.random() < who.heed:
            self.later(who.days, lambda: self._write(who, (letter.key,)))
        elif letter.kind == "confirmation" and r.random() < 0.05:
            thanks = self.desk.mail(
                who.group, post.recipients[0], "Re: votre dossier", "Merci, bonne journée.", answers=(letter.key,)
            )
            self.later(1, lambda: self.deliver("words", thanks))

    def _provider(self, post: Post) -> None:
        letter, r = post.letter, self.random
        if letter.template in ("forward", "chaser") and post.sheet is not None and r.random() < 0.75:
            self.later(3, lambda: self._provider_says(post, str(post.sheet and post.sheet.ref)))
        elif letter.kind == "list":
            for ref in letter.facts["refs"]:
                if r.random() < 0.75:
                    self.later(12, lambda ref=ref: self._provider_says(post, ref))  # type: ignore[misc]

    def _provider_says(self, post: Post, ref: str) -> None:
        r = self.random
        words = r.choice(
            (
                *("Le compte est ouvert.",) * 6,
                "Nous avons fixé un rendez-vous téléphonique.",
                "Pouvez-vous nous confirmer l’adresse de livraison ?",
                "Dossier refusé : la commande n’est pas datée.",
                "La DGFIP a validé le compte.",
                "Bonne réception de votre envoi, cordialement.",
            )
        )
        threaded = r.random() < 0.7
        mail = self.desk.mail(
            post.group,
            post.recipients[0],
            f"Dossier {ref}",
            words,
            answers=(post.letter.key,) if threaded else (),
            refs=(ref,),
            authenticity="pass" if r.random() < 0.8 else "unknown",
        )
        self.deliver("from providers", mail)
        if "ouvert" not in words and r.random() < 0.8:
            self.later(5, lambda: self._provider_says(post, ref))

    def _coordinator(self, post: Post) -> None:
        letter, r = post.letter, self.random
        if letter.kind == "review_request" and r.random() < 0.9:
            listed = "list_review/" in letter.key
            words = "ok" if listed or r.random() < 0.7 else "refuser : la commande n’est pas datée"
            mail = self.desk.mail(
                post.group, COORDINATION.format(post.group), "Re: à vérifier", words, answers=(letter.key,)
            )
            self.later(2, lambda: self.deliver("from coordinators", mail))
            return
        reason, sheet = letter.facts.get("reason"), post.sheet
        if reason == "silent" and sheet is not None and r.random() < 0.4:
            self.later(4, lambda s=sheet: self._tell(s, "closed"))  # type: ignore[misc]
        elif reason == "over" and sheet is not None and r.random() < 0.5:
            self.later(2, lambda s=sheet: self._tell(s, "reopened"))  # type: ignore[misc]
        elif reason == "withdraw" and letter.facts.get("member") and r.random() < 0.6:
            siret = letter.facts["member"]["siret"]
            for one in [s for s in self.books.sheets.values() if s.owner.member.siret == siret][:1]:
                self.later(3, lambda s=one: self._tell(s, "withdrawn"))  # type: ignore[misc]

    def _tell(self, sheet: Sheet, kind: str) -> None:
        if (kind == "reopened") != (sheet.state in ("withdrawn", "closed")):
            return
        self.acts.append(("tell", (sheet.ref, kind)))
        self.books.tell(sheet.ref, kind, self.now)

    # the watch

    def _settled(self, sheet: Sheet, before: str, decision: Decision, now: dt.datetime) -> None:
        self.watch.on_settled(sheet, before, decision, now)

    def _placed(self, sheet: Sheet, piece: PieceOnFile, findings: tuple[tuple[str, str], ...]) -> None:
        who = self._member(sheet.owner)
        self.watch.is_customer.setdefault(sheet.owner.number, who.customer if who else False)
        self.watch.on_placed(sheet, piece, findings, self.desk.base[piece.sha256])

    def _shared(self, sheet: Sheet, sibling: Sheet, piece: PieceOnFile) -> None:
        self.watch.truth[sheet.ref, piece.id] = self.watch.truth[sibling.ref, piece.id]

    def _reviewed(self, review: Review, outcome: str, sheets: Sequence[Sheet]) -> None:
        self.watch.on_review(review, outcome, sheets)


def table(year: Year, seconds: float) -> str:
    """The summary."""
    states = Counter(f"{s.group} {s.state}" for s in year.books.sheets.values())
    parts = [
        f"{year.members} members, {len(year.books.sheets)} dossiers, {year.days} days, seed {year.seed}",
        f"{year.instants} instants, {year.books.decisions} decisions, {seconds:.1f} s of CPU",
    ]
    for title, counted in (
        ("mails", year.mails),
        ("letters", year.letters),
        ("dossiers", states),
        ("invariants checked", year.watch.checked),
    ):
        parts += ["", f"{title}: {sum(counted.values())}"]
        parts += [f"  {n:>8}  {name}" for name, n in sorted(counted.items(), key=lambda x: (-x[1], x[0]))]
    return "\n".join(parts)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--days", type=int, default=365)
    given = parser.parse_args()
    year = Year(given.members, given.seed, given.days)
    begun = time.process_time()
    try:
        year.run()
    finally:
        sys.stdout.write(table(year, time.process_time() - begun) + "\n")


if __name__ == "__main__":
    main()
