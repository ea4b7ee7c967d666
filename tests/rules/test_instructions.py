"""A coordinator's instructions: how they are read, and what `decide` makes of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rules.instructions import Instruction, parse
from rules.records import Dossier
from tests.rules.dossiers import CIG, LDMEMS, at, decided, dossier, filed, kinds, news, paper

T0 = at("2025-12-04T10:00")
BOTH = (paper("purchase_order", ("5",), T0), paper("account_form", ("5",), T0))
REF = "CIG-5-0001"


@pytest.mark.parametrize(
    ("text", "instructions"),
    [
        ("clore CIG-5-0001 : injoignable", [Instruction(what="closed", refs=(REF,), motive="injoignable")]),
        ("Clôturer le dossier [CIG-5-0001] – doublon", [Instruction(what="closed", refs=(REF,), motive="doublon")]),
        ("merci de retirer cig-5-0001 : fusion", [Instruction(what="withdrawn", refs=(REF,), motive="fusion")]),
        ("> rouvrir CIG-5-0001.", [Instruction(what="reopened", refs=(REF,))]),
        (
            "Bonjour,\n\nretirer CIG-5-0001, CIG-2-0007 et CIG-3-0002 : fusion\nrouvrir CIG-1-0001\n\nA. Martin",
            [
                Instruction(what="withdrawn", refs=(REF, "CIG-2-0007", "CIG-3-0002"), motive="fusion"),
                Instruction(what="reopened", refs=("CIG-1-0001",)),
            ],
        ),
        ("clore CIG-5-0001", [Instruction(what="closed", refs=(REF,))]),
        ("clore : sans suite", [Instruction(what="closed", motive="sans suite")]),
    ],
)
def test_an_instruction_a_line(text: str, instructions: list[Instruction]) -> None:
    assert list(parse(CIG, text)) == instructions


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Je m’en occupe.",
        "Il faudrait\nclore CIG-5-0001 : injoignable",
        "rouvrir CIG-5-0001 si le maire confirme",
        "fermer la fenêtre",
        "clore CIG-5-0001 : doublon\nrouvrir CIG-5-0002 si le maire confirme",
        "retirer",
        "liste des papiers manquants",
        "ne pas clore CIG-5-0001 : il répond",
    ],
)
def test_what_is_no_order(text: str) -> None:
    assert parse(CIG, text) == ()


def test_a_reply_means_the_dossier_of_the_letter_that_it_answers() -> None:
    assert parse(CIG, "clore : sans suite", [REF]) == (Instruction(what="closed", refs=(REF,), motive="sans suite"),)
    assert parse(CIG, "rouvrir", [REF])[0].refs == (REF,)
    assert parse(CIG, "rouvrir CIG-1-0001", [REF])[0].refs == ("CIG-1-0001",)


@pytest.mark.parametrize("words", ["liste vote", "Liste du lot vote électronique.", "liste : VOTE"])
def test_a_list_is_asked_again_by_the_lot_s_name(words: str) -> None:
    assert parse(LDMEMS, words) == (Instruction(what="list", lot="vote"),)
    assert parse(LDMEMS, "liste rgs") == (), "no list goes for that lot"


def ended(d: Dossier, kind: str, when: str) -> Dossier:
    return replace(d, news=(*d.news, news(kind, when, by="c@x.example", motive="renonce")))


def test_a_closed_dossier_owes_nothing_and_a_reopened_one_what_its_papers_say() -> None:
    d = dossier("5", BOTH[0])
    d = ended(filed(d, decided(d, T0)), "closed", "2025-12-05T10:00")
    for when in ("2025-12-05T10:00", "2025-12-15T08:00", "2026-03-02T10:00"):
        decision = decided(d, when)
        assert decision.state == "closed"
        assert kinds(decision) == ["acknowledgement"]
    assert decision.next_at is None
    again = ended(d, "reopened", "2026-03-02T10:00")
    decision = decided(again, "2026-03-02T10:00")
    assert decision.state == "incomplete"
    assert "missing" in kinds(decision), "the member hears again what is owed"
    assert not [x for x in decision.letters if x.template == "ending"], "it was not told of the end"
    assert [x.facts["n"] for x in decided(again, "2026-03-11T08:00").letters if x.kind == "reminder"] == [1]


def test_the_member_is_told_of_a_withdrawal_and_then_of_a_reopening() -> None:
    d = ended(dossier("5", BOTH[0]), "withdrawn", "2025-12-05T10:00")
    [told] = [x for x in decided(d, "2025-12-05T10:00").letters if x.template == "ending"]
    assert (told.to, told.facts["ending"], told.facts["motive"]) == ("member", "withdrawn", "renonce")
    assert told.facts["paragraphs"] == CIG.endings["withdrawn"]
    unsent = ended(d, "reopened", "2025-12-05T11:00")
    assert not [x for x in decided(unsent, "2025-12-05T11:00").letters if x.template == "ending"]
    sent = ended(filed(d, decided(d, "2025-12-05T10:00")), "reopened", "2025-12-05T11:00")
    both = [x.facts["ending"] for x in decided(sent, "2025-12-05T11:00").letters if x.template == "ending"]
    assert both == ["withdrawn", "reopened"]


def test_a_group_that_says_nothing_of_ends_writes_nothing() -> None:
    from rules.decide import decide

    d = ended(dossier("5", BOTH[0]), "withdrawn", "2025-12-05T10:00")
    quiet = CIG.model_copy(update={"endings": {}})
    assert [x.template for x in decide(quiet, d, at("2025-12-05T10:00")).letters] == ["acknowledgement"]


def test_what_an_end_finds_still_here_stays_here_until_it_is_reopened() -> None:
    d = dossier("5", *BOTH)
    waiting = filed(d, decided(d, T0), sent=False)
    closed = ended(waiting, "closed", "2025-12-04T10:30")
    assert not {"forward", "confirmation"} & set(kinds(decided(closed, "2025-12-04T11:00")))
    over = replace(closed, letters=tuple(replace(x, state="superseded") for x in closed.letters))
    again = ended(over, "reopened", "2025-12-08T10:00")
    assert {"forward", "confirmation"} <= set(kinds(decided(again, "2025-12-08T10:00")))
    gone = ended(filed(d, decided(d, T0)), "closed", "2025-12-04T10:30")
    assert "forward" in kinds(decided(gone, "2025-12-04T11:00")), "what went, went"


def to_provider(d: Dossier, when: str) -> list[tuple[str, str | None]]:
    found = [x for x in decided(d, when).letters if x.template == "ended"]
    assert all((x.to, x.kind) == ("provider", "forward") for x in found)
    assert all("motive" not in x.facts for x in found), "the motive is the member's"
    return [(x.facts["ending"], x.facts["forwarded_at"]) for x in found]


@pytest.mark.parametrize("end", ["withdrawn", "closed"])
def test_the_provider_is_told_of_the_end_of_what_it_was_sent(end: str) -> None:
    d = filed(dossier("5", *BOTH), decided(dossier("5", *BOTH), T0))
    over = ended(d, end, "2025-12-05T10:00")
    assert [x for x, _ in to_provider(over, "2025-12-05T10:00")] == [end]
    assert to_provider(over, "2025-12-05T10:00")[0][1] == T0.isoformat()
    unsent = ended(over, "reopened", "2025-12-05T11:00")
    assert to_provider(unsent, "2025-12-05T11:00") == [], "it never heard of the end"
    sent = ended(filed(over, decided(over, "2025-12-05T10:00")), "reopened", "2025-12-05T11:00")
    assert [x for x, _ in to_provider(sent, "2025-12-05T11:00")] == [end, "reopened"]


def test_the_provider_hears_of_no_end_of_what_it_never_had() -> None:
    assert to_provider(ended(dossier("5", BOTH[0]), "withdrawn", "2025-12-05T10:00"), "2025-12-05T10:00") == []
    d = dossier("5", *BOTH)
    waiting = ended(filed(d, decided(d, T0), sent=False), "withdrawn", "2025-12-04T10:30")
    assert to_provider(waiting, "2025-12-04T11:00") == []
    sent = filed(d, decided(d, T0))
    lost = replace(sent, letters=tuple(replace(x, state="bounced") for x in sent.letters))
    assert to_provider(ended(lost, "withdrawn", "2025-12-05T10:00"), "2025-12-05T10:00") == []


def test_a_paper_given_to_another_member_ends_what_its_provider_was_sent() -> None:
    d = filed(dossier("5", *BOTH), decided(dossier("5", *BOTH), T0))
    moved = replace(d, news=(*d.news, news("closed", "2025-12-05T10:00")))
    assert [x for x, _ in to_provider(moved, "2025-12-05T10:00")] == ["closed"]
    assert not [x for x in decided(moved, "2025-12-05T10:00").letters if x.template == "ending"]


def test_a_body_that_is_not_taken_in_is_told_so_once() -> None:
    d = dossier("5", BOTH[0])
    asks = replace(d, news=(*d.news, news("withdrawn", "2025-12-05T10:00", by="c", motive="hors 78", turned_away=True)))
    [told] = [x for x in decided(asks, "2025-12-05T10:00").letters if x.template == "ending"]
    assert (told.to, told.facts["ending"], told.facts["motive"]) == ("member", "turned_away", "hors 78")
    assert told.facts["paragraphs"] == CIG.endings["turned_away"]
    other = replace(d, news=(*d.news, news("withdrawn", "2025-12-05T10:00")))
    assert not [x for x in decided(other, "2025-12-05T10:00").letters if x.template == "ending"]
