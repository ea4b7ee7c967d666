"""What must hold of `decide` for any dossier."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.calendar import Days
from rules.decide import decide
from rules.records import Decision, Dossier, Member, Message, News, PieceOnFile
from tests.rules.dossiers import CIG, LDMEMS, PARIS, SCHOOL, TOWN, filed

START = dt.datetime(2025, 11, 3, 7, tzinfo=PARIS)
GROUPS = {CIG.id: CIG, LDMEMS.id: LDMEMS}
KINDS = (
    *("purchase_order", "legal_commitment", "account_form", "prefecture_convention"),
    *("prefecture_amendment", "group_convention", "merchant_contract", "other"),
)
SIGNATURES = ("none", "handwritten", "electronic_valid", "electronic_untrusted", "electronic_broken")
FINDINGS = ((), (), (), (("blank", "Vierge."),), (("totals", "Les totaux diffèrent."),))

instants = st.integers(min_value=0, max_value=60 * 24 * 60).map(lambda m: START + dt.timedelta(minutes=m))


@st.composite
def dossiers(draw: st.DrawFn) -> Dossier:
    """Any dossier of any lot: papers, mails, news, in any number and at any instants."""
    group = draw(st.sampled_from([CIG, LDMEMS]))
    lot = draw(st.sampled_from([x.id for x in group.lots]))
    member: Member = replace(
        TOWN if group is CIG else SCHOOL,
        kind=draw(st.sampled_from(["public", "private"])),
        department=draw(st.sampled_from(["54", "57", "91", "974", None])),
        known=draw(st.sampled_from([True, True, True, False])),
    )
    times = draw(st.lists(instants, min_size=0, max_size=4, unique=True))
    pieces = tuple(p for t in times for p in _papers(draw, lot, t))
    messages = tuple(
        Message(
            id=f"m{i}",
            message_id=None,
            received_at=t,
            sender=draw(st.sampled_from(["mairie@valmont.example", "x@elsewhere.example"])),
            authenticity=draw(st.sampled_from(["pass", "fail", "unknown"])),
            own_words=draw(st.sampled_from(["", "Pour notre réabonnement.", "Non.", "Oui."])),
            new_pieces=tuple(p.id for p in pieces if p.received_at == t),
        )
        for i, t in enumerate(times)
    )
    return Dossier(
        ref=f"{group.prefix}-{lot.upper()}-0001",
        group=group.id,
        lot=lot,
        member=member,
        opened_at=draw(instants),
        committed=draw(st.booleans()),
        pieces=pieces,
        messages=messages,
        news=tuple(draw(st.lists(_news(pieces), max_size=3))),
        lead=draw(st.booleans()),
    )


def _papers(draw: st.DrawFn, lot: str, at: dt.datetime) -> list[PieceOnFile]:
    out = []
    for i in range(draw(st.integers(min_value=0, max_value=3))):
        fields = draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "already_customer": st.booleans(),
                    "already_transmitting": st.booleans(),
                    "merchant_number": st.just("1234567"),
                    "current_provider": st.sampled_from(["Docapost", "Dematis"]),
                    "certificate_expires_on": st.sampled_from(["2025-11-20", "2027-05-03"]),
                },
            )
        )
        kind = draw(st.sampled_from(KINDS))
        out.append(
            PieceOnFile(
                id=f"{at.isoformat()}-{i}",
                message="",
                name=f"{kind}-{i}.pdf",
                sha256=f"{at.isoformat()}-{i}",
                kind=kind,
                lots=draw(st.sampled_from([(lot,), (lot,), (lot,), (), ("5",), ("pdf", "rgs")])),
                group=None,
                signature=draw(st.sampled_from(SIGNATURES)),
                received_at=at,
                fields=fields,
                findings=draw(st.sampled_from(FINDINGS)),
                refused=draw(st.sampled_from([None, None, None, "Ce n’est pas votre commune."])),
            )
        )
    return out


def _news(pieces: tuple[PieceOnFile, ...]) -> st.SearchStrategy[News]:
    milestones = st.fixed_dictionaries(
        {
            "milestone": st.sampled_from([None, "j2", "j4", "dgfip", "prefecture", "certigna"]),
            "outcome": st.sampled_from(["reached", "opened", "appointment", "refused", "question"]),
        }
    )
    kinds = [
        st.tuples(st.just("milestone"), milestones),
        st.tuples(st.sampled_from(["withdrawn", "closed", "reopened", "listed", "admitted"]), st.just({})),
        st.tuples(
            st.just("fact"), st.fixed_dictionaries({"name": st.just("already_customer"), "value": st.booleans()})
        ),
    ]
    if pieces:
        outcome = st.fixed_dictionaries(
            {"piece": st.sampled_from([p.id for p in pieces]), "outcome": st.sampled_from(["ok", "refused"])}
        )
        kinds.append(st.tuples(st.just("review"), outcome))
    return st.builds(lambda what, at: News(kind=what[0], at=at, data=what[1]), st.one_of(kinds), instants)


def ask(d: Dossier, at: dt.datetime) -> Decision:
    return decide(GROUPS[d.group], d, at)


def keys(decision: Decision) -> set[str]:
    return {x.key for x in decision.letters}


many = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@many
@given(dossiers(), instants)
def test_deciding_twice_is_deciding_once(d: Dossier, now: dt.datetime) -> None:
    first = ask(d, now)
    assert ask(d, now) == first
    for sent in (True, False):
        again = ask(filed(d, first, sent=sent, now=now), now)
        assert keys(again) == keys(first)
        assert (again.state, again.requirements, again.milestones) == (
            first.state,
            first.requirements,
            first.milestones,
        )


@many
@given(dossiers(), instants, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(d: Dossier, now: dt.datetime, random) -> None:  # type: ignore[no-untyped-def]
    pieces, messages, news = list(d.pieces), list(d.messages), list(d.news)
    for shuffled in (pieces, messages):
        random.shuffle(shuffled)
    # News of one instant keep the order in which the shell wrote them.
    assert ask(replace(d, pieces=tuple(pieces), messages=tuple(messages), news=tuple(news)), now) == ask(d, now)


@many
@given(dossiers(), instants)
def test_no_letter_before_its_facts(d: Dossier, now: dt.datetime) -> None:
    past = replace(
        d,
        pieces=tuple(p for p in d.pieces if p.received_at <= now),
        messages=tuple(m for m in d.messages if m.received_at <= now),
        news=tuple(n for n in d.news if n.at <= now),
    )
    decision = ask(d, now)
    if d.opened_at <= now:  # what is to come changes nothing now, but for piece ids that reviews will settle
        reviews = {n.data["piece"] for n in d.news if n.kind == "review" and n.at > now}
        if not reviews:
            assert keys(ask(past, now)) == keys(decision)
    for letter in decision.letters:
        assert letter.due_at <= now or letter.due_at == d.opened_at


@many
@given(dossiers(), instants)
def test_reminders_are_due_in_working_hours_alone(d: Dossier, now: dt.datetime) -> None:
    days = Days(GROUPS[d.group].calendar, d.member.department)
    for letter in ask(d, now).letters:
        if letter.kind == "reminder" or letter.office_hours:
            assert days.open(letter.due_at) == letter.due_at
            assert days.open(now) == now


@many
@given(dossiers(), instants, st.floats(min_value=0, max_value=1))
def test_next_at_is_honest(d: Dossier, now: dt.datetime, part: float) -> None:
    decision = ask(d, now)
    until = decision.next_at or now + dt.timedelta(days=400)
    assert until > now
    between = now + (until - now) * part * 0.999999
    assert ask(d, between) == decision


@many
@given(dossiers(), instants)
def test_nothing_unverified_goes_to_a_provider(d: Dossier, now: dt.datetime) -> None:
    admitted = d.member.known or any(n.kind == "admitted" for n in d.news)
    by_id = {p.id: p for p in d.pieces}
    for letter in ask(d, now).letters:
        if letter.kind == "forward":
            assert admitted
            for attached in (by_id[a] for a in letter.attachments):
                assert not attached.findings
                assert attached.refused is None
                assert d.lot in (attached.lots or (d.lot,))


@many
@given(dossiers(), instants)
def test_nobody_who_owes_nothing_is_reminded(d: Dossier, now: dt.datetime) -> None:
    decision = ask(d, now)
    for letter in decision.letters:
        if (letter.kind == "reminder" and letter.to == "member") or (
            letter.kind == "missing" and letter.template == "missing"
        ):
            assert letter.facts["missing"] or letter.facts["questions"]
            assert decision.state not in {"withdrawn", "closed"}


@many
@given(dossiers(), instants)
def test_facts_are_json_and_keys_are_unique(d: Dossier, now: dt.datetime) -> None:
    decision = ask(d, now)
    json.dumps([dict(x.facts) for x in decision.letters] + [dict(q.facts) for q in decision.questions])
    assert len(keys(decision)) == len(decision.letters)


@settings(many, max_examples=60)
@given(dossiers())
def test_every_dossier_moves_or_is_on_somebodys_list(d: Dossier) -> None:
    """Left alone, a dossier ends where nothing is owed, or a person has been told of it."""
    now = START + dt.timedelta(days=61)
    told: dict[str, str] = {}
    for _ in range(60):
        decision = ask(d, now)
        told |= {x.key: x.to for x in decision.letters if x.key not in told}
        d = filed(d, decision, now=now)
        if decision.next_at is None:
            break
        now = decision.next_at
    assert decision.next_at is None
    owed = [r for r in decision.requirements if r.state in {"missing", "refused"} and not _asked_elsewhere(d, r.kind)]
    over = decision.state in {"withdrawn", "closed"}
    done = over or (decision.state in {"active", "complete"} and not owed)
    listed = GROUPS[d.group].lot(d.lot).starts == "list" and decision.state in {"expected", "incomplete", "complete"}
    assert done or listed or decision.questions or "coordinator" in told.values() or _private(d)


def _asked_elsewhere(d: Dossier, kind: str) -> bool:
    return kind == "group_convention" and not d.lead


def _private(d: Dossier) -> bool:
    return d.lot == "tpe" and d.member.kind == "private"
