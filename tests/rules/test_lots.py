"""The other lots, walked as the notices say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rules.records import Dossier
from tests.rules.dossiers import (
    SCHOOL,
    TOWN,
    at,
    decided,
    dossier,
    filed,
    kinds,
    mail,
    news,
    on_file,
    one,
    paper,
    states,
)

T0 = at("2025-12-04T10:00")
PRIVATE = replace(SCHOOL, kind="private")


def lot1(words: str = "", **facts: bool) -> Dossier:
    order = paper("purchase_order", ("1",), T0)
    return dossier("1", order, messages=(mail(order, own_words=words),), member=replace(TOWN, facts=facts))


def test_lot1_an_order_alone_of_nobody_knows_who_asks_and_waits() -> None:
    decision = decided(lot1(), T0)
    assert decision.state == "incomplete"
    assert [q["fact"] for q in one(decision, "acknowledgement").facts["questions"]] == ["already_customer"]
    assert one(decision, "acknowledgement").facts["missing"] == []


@pytest.mark.parametrize(
    "words",
    [
        "Veuillez trouver le bon de commande pour notre réabonnement.",
        "Il s’agit d’un renouvellement.",
        "Nous sommes déjà clients.",
    ],
)
def test_lot1_plain_words_renew_with_the_order_alone(words: str) -> None:
    decision = decided(lot1(words), T0)
    assert decision.state == "forwarded"
    assert decision.complete_at == T0
    assert states(decision) == {"order": "met", "form": "not_needed"}


@pytest.mark.parametrize(
    "words",
    [
        "Ce n’est pas un renouvellement.",
        "Faut-il un renouvellement ?",
        "Le renouvellement du certificat est en cours.",
        "Le renouvellement du parapheur suivra.",
    ],
)
def test_lot1_words_about_something_else_settle_nothing(words: str) -> None:
    assert decided(lot1(words), T0).state == "incomplete"


def test_lot1_the_census_and_the_form_tell_too() -> None:
    assert decided(lot1(already_customer=True), T0).state == "forwarded"
    unknown = decided(lot1(already_customer=False), T0)
    assert [m["id"] for m in one(unknown, "acknowledgement").facts["missing"]] == ["form"]
    form = paper("account_form", ("1",), T0, fields={"already_customer": False})
    both = decided(dossier("1", paper("purchase_order", ("1",), T0), form), T0)
    assert both.state == "forwarded"
    assert len(one(both, "forward").attachments) == 2


def test_lot1_a_plain_no_to_the_one_question_asks_for_the_form() -> None:
    d = filed(lot1(), decided(lot1(), T0))
    reply = mail(when=at("2025-12-05T09:00"), new_pieces=(), own_words="Bonjour,\nNon, pas encore.\nCordialement")
    decision = decided(replace(d, messages=(*d.messages, reply)), "2025-12-05T09:00")
    asked = one(decision, "missing")
    assert asked.facts["reason"] == "fact"
    assert [m["id"] for m in asked.facts["missing"]] == ["form"]
    yes = replace(reply, own_words="Oui")
    settled = decided(replace(d, messages=(*d.messages, yes)), "2025-12-05T09:00")
    assert settled.state == "forwarded"
    assert one(settled, "confirmation").facts["told_by"] is None


def test_lot3_the_dgfip_validates_within_two_working_days_of_the_call() -> None:
    d = dossier("3", paper("purchase_order", ("3",), T0), paper("account_form", ("3",), T0))
    decision = decided(d, T0)
    assert decision.complete_at == T0
    assert [(m.id, str(m.due)) for m in decision.milestones] == [
        ("j2", "2025-12-08"),
        ("dgfip", "2025-12-10"),
        ("j4", "2025-12-10"),
    ]


def test_lot5_needs_order_and_form() -> None:
    order = paper("purchase_order", ("5",), T0)
    assert decided(dossier("5", order), T0).state == "incomplete"
    form = paper("account_form", ("5",), T0)
    assert decided(dossier("5", order, form), T0).state == "forwarded"


def test_one_order_of_two_lots_counts_in_both() -> None:
    order = paper("purchase_order", ("2", "5"), T0)
    assert states(decided(dossier("2", order), T0))["order"] == "met"
    assert states(decided(dossier("5", order), T0))["order"] == "met"


def test_rgs_goes_to_certigna_under_its_exact_subject_and_the_convention_blocks_nothing() -> None:
    decision = decided(dossier("rgs", paper("legal_commitment", ("rgs",), T0)), T0)
    forward = one(decision, "forward")
    assert forward.address == "bondecommande@certigna.fr"
    assert forward.subject == "marché groupement LDMEMS"
    assert decision.state == "forwarded"
    assert decision.complete_at is None
    asked = one(decision, "acknowledgement").facts["missing"]
    assert [(m["id"], m["group_wide"]) for m in asked] == [("group_convention", True)]
    assert [(m.id, str(m.due)) for m in decision.milestones] == [("certigna", "2025-12-09")]


def test_rgs_takes_an_order_of_either_kind() -> None:
    decision = decided(dossier("rgs", paper("purchase_order", ("rgs",), T0)), T0)
    assert next((r.id, r.kind, r.state) for r in decision.requirements) == ("order", "purchase_order", "met")


def test_tpe_public_sends_the_contract_to_exm() -> None:
    contract = paper("merchant_contract", ("tpe",), T0, fields={"merchant_number": "1234567"})
    decision = decided(dossier("tpe", contract), T0)
    assert one(decision, "forward").address == "veronique.vezine@exm.fr"
    request = paper("merchant_contract", ("tpe",), T0)
    doubt = decided(dossier("tpe", request), T0)
    assert doubt.state == "review"
    assert doubt.questions[0].code == "absent"


def test_tpe_private_goes_to_the_provider_itself() -> None:
    decision = decided(dossier("tpe", paper("other", (), T0), member=PRIVATE), T0)
    assert "forward" not in kinds(decision)
    assert states(decision)["contract"] == "not_needed"
    assert any("EXM" in s for s in one(decision, "acknowledgement").facts["steps"])


@pytest.mark.parametrize(
    ("signature", "state", "code"),
    [
        ("electronic_valid", "met", ""),
        ("handwritten", "refused", "en ligne"),
        ("none", "refused", "en ligne"),
        ("electronic_untrusted", "review", ""),
        ("electronic_broken", "refused", "après sa signature"),
    ],
)
def test_the_group_convention_counts_signed_online_only(signature: str, state: str, code: str) -> None:
    convention = paper("group_convention", ("rgs", "pdf"), T0, signature=signature)
    decision = decided(dossier("vote", convention), T0)
    requirement = next(r for r in decision.requirements if r.id == "group_convention")
    assert requirement.state == state
    assert code in requirement.why


def test_tpe_private_is_told_how_to_begin() -> None:
    d = dossier("tpe", member=PRIVATE, committed=True, lead=False, opened_at=at("2025-12-06T10:00"))
    assert decided(d, "2025-12-07T10:00").next_at == at("2025-12-08T08:00")
    start = one(decided(d, "2025-12-08T08:00"), "confirmation")
    assert any("EXM" in s for s in start.facts["steps"])
    lead = decided(replace(d, lead=True), "2025-12-08T08:00")
    assert kinds(lead) == ["missing"]
    assert any("EXM" in s for s in one(lead, "missing").facts["steps"])


def test_an_automatic_lot_waits_for_the_list_then_tells_the_school() -> None:
    d = dossier("pdf", committed=True, lead=False)
    assert decided(d, "2025-12-01T10:00").state == "expected"
    assert decided(d, "2026-03-01T10:00").letters == ()
    told = replace(d, news=(news("listed", "2025-12-03T10:00", key="list/ldmems/pdf/x"),))
    decision = decided(told, "2025-12-03T10:00")
    assert decision.state == "forwarded"
    listed = one(decision, "confirmation")
    assert listed.template == "listed"
    assert any("anglais" in s for s in listed.facts["steps"])


def test_only_the_lead_dossier_asks_for_the_convention() -> None:
    lead = decided(dossier("vote", committed=True), "2025-12-01T10:00")
    assert one(lead, "missing").facts["reason"] == "invitation"
    other = decided(dossier("signature", committed=True, lead=False), "2025-12-01T10:00")
    assert other.letters == ()


def test_a_paper_of_the_whole_group_that_came_first_owes_nothing_before_the_dossier() -> None:
    early = paper("group_convention", (), at("2025-11-03T10:00"), signature="electronic_valid")
    d = dossier("tpe", early, messages=(), committed=True, opened_at=at("2025-12-01T20:00"), member=SCHOOL)
    assert kinds(decided(d, "2025-12-01T20:00")) == [], (
        "an invitation waits for office hours, and nothing is reminded of"
    )
    assert kinds(decided(d, "2025-12-02T08:00")) == ["missing"]
    assert kinds(decided(d, "2025-12-11T08:00")) == ["reminder"]


def test_a_dossier_that_comes_to_lead_asks_before_it_reminds() -> None:
    was_second = dossier(
        "signature", committed=True, opened_at=at("2025-12-01T10:00"), lead_since=at("2025-12-18T15:00")
    )
    first = decided(was_second, "2025-12-18T15:00")
    assert kinds(first) == ["missing"], "not the reminder of a letter that the member never got"
    assert one(first, "missing").due_at == at("2025-12-18T15:00")
    after = decided(was_second, "2025-12-30T09:00")
    assert [x.facts["n"] for x in after.letters if x.kind == "reminder"] == [1], "counted from there"


def test_a_body_that_the_census_does_not_know_waits_for_the_coordinator() -> None:
    papers = (paper("purchase_order", ("5",), T0), paper("account_form", ("5",), T0))
    d = dossier("5", *papers, member=replace(TOWN, known=False))
    decision = decided(d, T0)
    assert decision.state == "review"
    assert "forward" not in kinds(decision)
    assert decision.questions[0].code == "unknown_member"
    assert one(decision, "acknowledgement").facts["unknown_member"]
    admitted = decided(replace(d, news=(news("admitted", "2025-12-05T09:00"),)), "2025-12-05T09:00")
    assert admitted.state == "forwarded"
    assert one(admitted, "forward").due_at == at("2025-12-05T09:00")
    said = news("review", "2025-12-05T09:00", piece=None, outcome="ok")
    assert decided(replace(d, news=(said,)), "2025-12-05T09:00").state == "forwarded"


def test_who_was_taken_in_later_was_not_known_before() -> None:
    papers = (paper("purchase_order", ("5",), T0), paper("account_form", ("5",), T0))
    d = dossier("5", *papers, member=TOWN)  # the census knows it by now
    taken_in = decided(replace(d, news=(news("admitted", "2025-12-05T09:00"),)), "2025-12-05T09:00")
    assert one(taken_in, "forward").due_at == at("2025-12-05T09:00"), "the provider's days count from here"
    no = news("review", "2025-12-04T11:00", piece=None, outcome="refused")
    assert kinds(decided(replace(d, news=(no,)), "2025-12-08T09:00")) == ["acknowledgement"], "nothing left before it"
    back = (no, news("admitted", "2025-12-08T09:00"), news("reopened", "2025-12-08T09:00"))
    assert one(decided(replace(d, news=back), "2025-12-08T09:00"), "forward").due_at == at("2025-12-08T09:00")


@pytest.mark.parametrize("code", ["blank", "outdated", "password", "truncated", "sig_broken"])
def test_what_the_member_can_mend_is_refused_with_what_to_do(code: str) -> None:
    order = paper("purchase_order", ("5",), T0, findings=((code, "Constat."),))
    decision = decided(dossier("5", order), T0)
    assert states(decision)["order"] == "refused"
    asked = one(decision, "acknowledgement").facts["missing"][0]
    assert asked["why"]
    assert asked["instead"]
    assert decision.questions == ()


def test_a_paper_of_another_lot_is_refused_there() -> None:
    form = paper("account_form", ("3",), T0)
    decision = decided(dossier("5", paper("purchase_order", ("5",), T0), form), T0)
    assert states(decision)["form"] == "refused"
    assert "autre lot" in one(decision, "acknowledgement").facts["missing"][0]["why"]


def test_a_coordinators_refusal_is_told_at_once() -> None:
    order = paper("purchase_order", ("5",), T0, refused="Le SIRET est celui d’une autre commune.")
    d = dossier("5", order, news=(news("review", "2025-12-06T21:00", piece=order.id, outcome="refused"),))
    asked = one(decided(d, "2025-12-06T21:00"), "missing")
    assert asked.facts["reason"] == "refused"
    assert asked.facts["missing"][0]["why"] == "Le SIRET est celui d’une autre commune."
    assert not asked.office_hours


def test_a_withdrawn_dossier_asks_for_nothing() -> None:
    d = dossier("5", paper("purchase_order", ("5",), T0), news=(news("withdrawn", "2025-12-05T09:00"),))
    decision = decided(d, "2026-03-01T10:00")
    assert decision.state == "withdrawn"
    assert kinds(decision) == ["acknowledgement"]
    assert one(decision, "acknowledgement").facts["missing"] == []


def test_to_whom_an_answer_goes() -> None:
    order = paper("purchase_order", ("5",), T0)

    def role(sender: str, authenticity: str) -> tuple[str, bool]:
        d = dossier("5", order, messages=(mail(order, sender=sender, authenticity=authenticity),))
        letter = one(decided(d, T0), "acknowledgement")
        return letter.to, letter.facts["trusted"]

    assert role("mairie@valmont.example", "unknown") == ("sender", True)
    assert role("someone@elsewhere.example", "unknown") == ("member", False)
    assert role("someone@elsewhere.example", "pass") == ("sender", False)
    assert role("noreply@valmont.example", "pass") == ("member", True)
    assert role("adjoint@valmont.example", "pass") == ("sender", True)


def test_two_orders_in_one_mail_go_together() -> None:
    one_, two = (paper("purchase_order", ("rgs",), T0, id=i, name=f"{i}.pdf") for i in ("a", "b"))
    assert one(decided(dossier("rgs", one_, two), T0), "forward").attachments == ("a", "b")


def test_a_letter_on_file_changes_no_other() -> None:
    d = dossier("rgs", paper("legal_commitment", ("rgs",), T0))
    decision = decided(d, T0)
    again = decided(replace(d, letters=tuple(map(on_file, decision.letters))), T0)
    assert [x.key for x in again.letters] == [x.key for x in decision.letters]
