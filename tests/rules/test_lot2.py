"""Lot 2, walked: order and form go on at once, the préfecture's paper follows in parallel."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.rules.dossiers import FORM_YES, at, decided, dossier, filed, kinds, mail, news, one, paper, states

T0 = at("2025-12-04T10:00")
ORDER = paper(
    "purchase_order", ("2",), T0, lines=({"label": "Formation à distance", "quantity": 1, "total": "130.00"},)
)
FORM = paper("account_form", ("2",), T0, fields=FORM_YES)


def test_order_and_form_are_forwarded_at_once_and_the_amendment_is_asked_for() -> None:
    decision = decided(dossier("2", ORDER, FORM), T0)
    assert decision.state == "forwarded"
    assert states(decision) == {"order": "met", "form": "met", "amendment": "missing", "convention": "not_needed"}
    assert decision.complete_at is None
    assert kinds(decision) == ["acknowledgement", "confirmation", "forward"]
    ack = one(decision, "acknowledgement").facts
    assert [m["id"] for m in ack["missing"]] == ["amendment"]
    assert [(n["id"], n["due"]) for n in ack["next"]] == [
        ("j2", "2025-12-08"),
        ("j4", "2025-12-10"),
        ("prefecture", None),
    ]
    assert ack["order_complete"]
    assert ack["forward"]["provider"] == "Dematis"
    assert any("archiver" in w for w in ack["warnings"])
    forward = one(decision, "forward")
    assert forward.attachments == (ORDER.id, FORM.id)
    assert forward.facts["trainings"][0]["label"] == "Formation à distance"
    assert one(decision, "confirmation").facts["told_by"] == one(decision, "acknowledgement").key
    json.dumps([dict(x.facts) for x in decision.letters])


def test_the_signed_amendment_completes_it_and_goes_to_no_provider() -> None:
    first = dossier("2", ORDER, FORM)
    first = filed(first, decided(first, T0))
    later = at("2025-12-12T15:00")
    amendment = paper("prefecture_amendment", ("2",), later, signature="handwritten")
    both = replace(first, pieces=(*first.pieces, amendment), messages=(*first.messages, mail(amendment)))
    decision = decided(both, later)
    assert decision.complete_at == later
    assert decision.state == "forwarded"
    assert len([x for x in decision.letters if x.kind == "forward"]) == 1
    last = [x for x in decision.letters if x.kind == "acknowledgement"][-1].facts
    assert last["complete"]
    assert last["missing"] == []


def test_an_unsigned_amendment_is_refused_with_what_to_do_instead() -> None:
    amendment = paper("prefecture_amendment", ("2",), T0)
    decision = decided(dossier("2", ORDER, FORM, amendment), T0)
    assert states(decision)["amendment"] == "refused"
    asked = one(decision, "acknowledgement").facts["missing"][0]
    assert "signé" in asked["why"]
    assert "préfecture" in asked["instead"]


def test_a_convention_where_an_amendment_is_due_is_told_apart() -> None:
    convention = paper("prefecture_convention", ("2",), T0, signature="handwritten")
    decision = decided(dossier("2", ORDER, FORM, convention), T0)
    assert states(decision)["amendment"] == "refused"
    assert states(decision)["convention"] == "not_needed"


def test_a_form_with_neither_box_ticked_earns_the_question() -> None:
    silent = paper("account_form", ("2",), T0)
    decision = decided(dossier("2", ORDER, silent), T0)
    assert decision.state == "forwarded"
    assert [q["fact"] for q in one(decision, "acknowledgement").facts["questions"]] == ["already_transmitting"]
    assert "convention ou votre avenant" in one(decision, "acknowledgement").facts["next"][1]["what"]


def test_the_order_alone_asks_for_the_form_and_nothing_hangs_in_the_air() -> None:
    decision = decided(dossier("2", ORDER), T0)
    ack = one(decision, "acknowledgement").facts
    assert decision.state == "incomplete"
    assert [m["id"] for m in ack["missing"]] == ["form"]
    assert ack["questions"] == []
    assert ack["next"] == []


def test_the_latest_form_wins() -> None:
    earlier = paper("account_form", ("2",), at("2025-12-03T10:00"), fields={"already_transmitting": False})
    decision = decided(dossier("2", ORDER, FORM, earlier), T0)
    assert states(decision)["convention"] == "not_needed"
    assert states(decision)["amendment"] == "missing"
    assert one(decision, "forward").attachments == (ORDER.id, FORM.id)


def test_a_refused_form_does_not_displace_a_good_one() -> None:
    blank = paper("account_form", ("2",), at("2025-12-05T10:00"), findings=(("blank", "Formulaire vierge."),))
    decision = decided(dossier("2", ORDER, FORM, blank), "2025-12-05T10:00")
    assert states(decision)["form"] == "met"
    recognised = decision.letters[-1].facts["recognised"][0]
    assert recognised["state"] == "refused"


def test_a_doubt_goes_to_the_coordinator_and_blocks_the_forward() -> None:
    doubtful = replace(ORDER, findings=(("totals", "Les totaux ne tombent pas juste."),))
    d = dossier("2", doubtful, FORM)
    decision = decided(d, T0)
    assert decision.state == "review"
    assert "forward" not in kinds(decision)
    (question,) = decision.questions
    assert question.questions == ("Les totaux ne tombent pas juste.",)
    assert question.facts["rest_complete"]
    settled = replace(d, pieces=(ORDER, FORM), news=(news("review", "2025-12-05T11:00", piece=ORDER.id, outcome="ok"),))
    before = decided(settled, T0)
    assert before.state == "review"
    assert before.next_at == at("2025-12-05T11:00")
    after = decided(settled, "2025-12-05T11:00")
    assert after.state == "forwarded"
    assert one(after, "forward").due_at == at("2025-12-05T11:00")
    assert one(after, "confirmation").facts["told_by"] is None


def test_a_corrected_order_after_the_forward_goes_as_a_complement() -> None:
    again = paper("purchase_order", ("2",), at("2025-12-09T10:00"))
    decision = decided(dossier("2", ORDER, FORM, again), "2025-12-09T10:00")
    forwards = [x for x in decision.letters if x.kind == "forward"]
    assert [x.facts["complement"] for x in forwards] == [False, True]
    assert forwards[1].attachments == (again.id,)


def test_mails_of_one_instant_are_each_answered_in_full() -> None:
    """Two mails under one clock: the second one's answer says what is to be done, the provider gets nothing twice."""
    first = dossier("2", ORDER, FORM)
    first = filed(first, decided(first, T0))
    unsigned = paper("prefecture_amendment", ("2",), T0)
    order = paper("purchase_order", ("2",), T0, id="second")
    for late in (unsigned, order):
        second = mail(late, id="a", when=T0)
        both = replace(first, pieces=(*first.pieces, late), messages=(*first.messages, second))
        decision = decided(both, T0)
        ack = next(x for x in decision.letters if x.key.endswith("/ack/a"))
        assert ack.facts["latest"]
        assert ack.facts["warnings"] == []
        assert [p["piece"] for p in ack.facts["recognised"]] == [late.id]
        new = [x for x in decision.letters if x.kind == "forward" and x.key not in {y.key for y in first.letters}]
        assert [x.attachments for x in new] == ([] if late is unsigned else [("second",)])
        assert all(x.facts["complement"] for x in new)


def test_an_answer_that_has_not_left_yet_says_how_things_stand_now() -> None:
    first = dossier("2", ORDER)
    first = filed(first, decided(first, T0), sent=False)
    later = replace(FORM, received_at=at("2025-12-04T10:05"))
    both = replace(first, pieces=(*first.pieces, later), messages=(*first.messages, mail(later)))
    acks = [x for x in decided(both, "2025-12-04T10:05").letters if x.kind == "acknowledgement"]
    assert [x.facts["latest"] for x in acks] == [False, True]
    assert [[m["id"] for m in x.facts["missing"]] for x in acks] == [["amendment"], ["amendment"]]


def test_the_same_papers_again_earn_one_line() -> None:
    d = dossier("2", ORDER, FORM)
    again = mail(when=at("2025-12-05T09:00"), again=(ORDER.id, FORM.id), new_pieces=())
    decision = decided(replace(d, messages=(*d.messages, again)), "2025-12-05T09:00")
    acks = [x for x in decision.letters if x.kind == "acknowledgement"]
    assert [x.facts["only_again"] for x in acks] == [False, True]
    assert len([x for x in decision.letters if x.kind == "forward"]) == 1


def test_reminders_for_the_amendment_stop_when_it_comes() -> None:
    d = dossier("2", ORDER, FORM)
    d = filed(d, decided(d, T0))
    assert decided(d, "2025-12-12T09:00").next_at is not None
    due = [x for x in decided(d, "2025-12-15T08:00").letters if x.template == "reminder"]
    assert [x.facts["n"] for x in due] == [1]
    assert due[0].due_at == at("2025-12-15T08:00")
    amendment = paper("prefecture_amendment", ("2",), at("2025-12-12T15:00"), signature="electronic_valid")
    met = replace(d, pieces=(*d.pieces, amendment), messages=(*d.messages, mail(amendment)))
    assert [x for x in decided(met, "2026-02-01T08:00").letters if x.template == "reminder"] == []
