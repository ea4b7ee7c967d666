"""What becomes of a mail: whose it is, where its papers go, what it earns of itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from parsers.records import Field, Finding, Mail, Piece, Reading
from rules.filing import file_mail
from rules.incoming import Incoming, as_message, as_piece, named_lots
from rules.records import Filing, Member, OpenDossier
from rules.schema import Group
from rules.who import Census, identify_mail, identify_piece
from tests.rules.dossiers import CIG, LDMEMS, SCHOOL, TOWN, at

T0 = at("2025-12-04T10:00")
CCAS = Member(name="CCAS de Valmont", siret="26910000100013", department="91", emails=("ccas@valmont.example",))
FAR = Member(name="Mairie de Montbrun", siret="21780000200019", department="78", emails=("accueil@montbrun.example",))
OTHER_SCHOOL = Member(name="Collège des Cèdres", uai="0570002B", emails=("principal@ac-truc.fr",))


@dataclass(frozen=True)
class Shelf:
    """Open dossiers in memory."""

    dossiers: tuple[OpenDossier, ...] = ()

    def of(self, member: Member) -> Sequence[OpenDossier]:
        return [d for d in self.dossiers if (d.member.siret, d.member.uai) == (member.siret, member.uai)]

    def ref(self, ref: str) -> OpenDossier | None:
        return next((d for d in self.dossiers if d.ref == ref), None)


def open_dossier(lot: str, member: Member = TOWN, **more: Any) -> OpenDossier:
    prefix = "CIG" if lot.isdigit() else "LDMEMS"
    return OpenDossier(
        ref=f"{prefix}-{lot.upper()}-0001", lot=lot, member=member, opened_at=T0, **{"state": "incomplete"} | more
    )


def piece(kind: str, lots: tuple[str, ...] = (), *findings: Finding, **fields: str) -> Piece:
    values = {k: Field(value=v) for k, v in fields.items()}
    return Piece(name=f"{kind}.pdf", sha256="0" * 64, kind=kind, lots=lots, findings=findings, fields=values)  # type: ignore[arg-type]


def filed(
    *pieces: Piece,
    group: Group = CIG,
    members: tuple[Member, ...] = (TOWN, CCAS, FAR, SCHOOL, OTHER_SCHOOL),
    shelf: Shelf = Shelf(),
    sender: str | None = "mairie@valmont.example",
    authenticity: str = "unknown",
    threads: tuple[str, ...] = (),
    **mail: Any,
) -> Filing:
    head: dict[str, Any] = {"message_id": "<a@b>", "subject": "", "date": None, "nature": "message"}
    reading = Reading(source="x.eml", mail=Mail(from_=sender, **head | mail), pieces=pieces)
    incoming = Incoming(id="7", received_at=T0, reading=reading, authenticity=authenticity, threads=threads)  # type: ignore[arg-type]
    return file_mail(group, incoming, Census(members, group.shared_domains), shelf)


def keys(filing: Filing) -> list[str]:
    return [x.key for x in filing.letters]


@pytest.mark.parametrize("nature", ["auto_reply", "bounce", "bulk"])
def test_automatic_mail_earns_nothing(nature: str) -> None:
    filing = filed(piece("purchase_order", ("5",)), nature=nature)
    assert (filing.folder, filing.letters, filing.placements) == ("Ignorés", (), ())


def test_our_own_mail_earns_nothing() -> None:
    assert filed(sender=CIG.mailbox).folder == "Ignorés"


def test_an_order_of_two_lots_opens_both_dossiers() -> None:
    filing = filed(piece("purchase_order", ("2", "5")), intents=("submit",))
    assert filing.opens == ((TOWN, "2"), (TOWN, "5"))
    assert filing.placements[0].lots == ("2", "5")
    assert (filing.folder, filing.letters) == ("Traités", ())
    known = filed(piece("purchase_order", ("2", "5")), shelf=Shelf((open_dossier("2"),)), intents=("submit",))
    assert known.opens == ((TOWN, "5"),)


def test_a_group_convention_goes_to_every_dossier_of_the_school() -> None:
    shelf = Shelf((open_dossier("vote", SCHOOL), open_dossier("rgs", SCHOOL)))
    convention = piece("group_convention", ("pdf",), uai="0540001A")
    filing = filed(convention, group=LDMEMS, shelf=shelf, sender="ce.0540001a@academie.example")
    assert filing.placements[0].lots == ("vote", "rgs")
    assert filed(convention, group=LDMEMS, sender="x@y.example").opens == ((SCHOOL, "pdf"),)


def test_a_paper_without_a_lot_goes_with_its_neighbours_or_asks() -> None:
    filing = filed(piece("purchase_order", ("5",)), piece("other"), piece("account_form"))
    assert [(p.lots, [c for c, _ in p.findings]) for p in filing.placements] == [
        (("5",), []),
        (("5",), []),
        (("5",), ["no_lot"]),
    ]
    alone = filed(piece("other"), intents=("submit",))
    assert alone.unfiled == (0,)
    assert keys(alone) == ["mail/7/answer", "mail/7/escalation/not_understood"]
    assert alone.folder == "À vérifier"


def test_a_wrong_form_in_reply_to_a_dossier_goes_there_to_be_refused() -> None:
    shelf = Shelf((open_dossier("2", owed=("account_form",)),))
    filing = filed(piece("account_form", ("3",)), shelf=shelf, quoted_refs=("CIG-2-0001",))
    assert filing.placements[0].lots == ("2",)
    assert filing.opens == ()


def test_the_paper_decides_before_the_sender() -> None:
    filing = filed(piece("purchase_order", ("5",), siret=CCAS.siret or "", member_name="C.C.A.S. de Valmont"))
    assert filing.placements[0].member == CCAS
    assert filing.placements[0].findings == ()  # one house: the town writes for its social centre
    far = filed(piece("purchase_order", ("5",), siret=FAR.siret or ""))
    assert far.placements[0].member == FAR
    assert [c for c, _ in far.placements[0].findings] == ["other_member"]
    assert far.folder == "À vérifier"


def test_a_doubtful_number_is_no_witness() -> None:
    wrong = piece("purchase_order", ("5",), Finding(code="bad_siret", text="Clé fausse."), siret="21780000200018")
    assert filed(wrong).placements[0].member == TOWN


def test_another_number_than_the_censuss_asks() -> None:
    filing = filed(piece("purchase_order", ("5",), siret="21910000100026", member_name="Commune de Valmont"))
    assert filing.placements[0].member == TOWN
    assert [c for c, _ in filing.placements[0].findings] == ["other_member"]


@pytest.mark.parametrize("name", ["Mairie de Valmont", "VALMONT (Ville de)", "Commune de  Valmont"])
def test_a_name_is_found_however_it_is_written(name: str) -> None:
    assert (
        identify_piece(
            Census([TOWN, CCAS, FAR]), piece("other", member_name=name), identify_mail(Census([]), None)
        ).member
        == TOWN
    )


def test_the_functional_mailbox_carries_the_uai() -> None:
    census = Census([SCHOOL, OTHER_SCHOOL], LDMEMS.shared_domains)
    assert identify_mail(census, "ce.0570002b@ac-ailleurs.fr").member == OTHER_SCHOOL
    assert identify_mail(census, "someone@ac-truc.fr").member is None  # an academy's domain names no school
    assert identify_mail(census, "secretariat@tilleuls.example").member == SCHOOL


def test_an_unknown_body_gets_a_dossier_that_a_person_must_open() -> None:
    new = (piece("purchase_order", ("5",), siret="21770000300018", member_name="Commune d’Aubry"), piece("other"))
    filing = filed(*new, sender="mairie@aubry.example", intents=("submit",))
    assert {p.member.known for p in filing.placements} == {False}
    assert filing.placements[0].member.emails == ("mairie@aubry.example",)
    assert len(filing.opens) == 1
    assert filing.folder == "À vérifier"
    nobody_known = filed(*new, sender="mairie@aubry.example", members=())
    assert nobody_known.placements[0].member.known
    assert Census([TOWN], kept=False).kept is False


def test_papers_of_nobody_are_answered_and_put_to_the_coordinator() -> None:
    filing = filed(piece("purchase_order", ("5",)), sender="x@gmail.com", intents=("submit",))
    assert filing.unfiled == (0,)
    assert keys(filing) == ["mail/7/answer", "mail/7/escalation/unknown_member"]
    assert "SIRET" in filing.letters[0].facts["ask"][0]
    assert filing.letters[0].to == "sender"


def test_papers_of_another_group_are_told_apart() -> None:
    foreign = replace(piece("legal_commitment", ("rgs",)), group="ldmems")
    assert keys(filed(foreign))[1] == "mail/7/escalation/other_group"


def test_a_technical_question_goes_to_the_one_provider_and_a_commercial_one_to_the_coordinator() -> None:
    filing = filed(intents=("question_technical",), subject="Problème de certificat", body="Le parapheur se bloque.")
    assert keys(filing) == ["mail/7/answer", "mail/7/question/dematis"]
    answer, question = filing.letters
    assert answer.facts["went_to"][0]["name"] == "Dematis"
    assert [a["title"] for a in answer.facts["answers"]] == ["Certificat RGS** déjà détenu"]
    assert question.provider == "dematis"
    assert filing.folder == "Traités"
    commercial = filed(intents=("question_commercial",), body="Quel est le prix ?")
    assert keys(commercial)[1] == "mail/7/escalation/question_commercial"


def test_a_technical_question_for_nobody_in_particular_goes_to_the_coordinator() -> None:
    school = filed(
        group=LDMEMS, sender="gestion@tilleuls.example", intents=("question_technical",), body="Rien ne marche."
    )
    assert keys(school) == ["mail/7/answer", "mail/7/escalation/question_technical"]


def test_a_withdrawal_is_told_what_commits() -> None:
    filing = filed(group=LDMEMS, sender="gestion@tilleuls.example", intents=("withdraw",))
    assert any("force majeure" in p for p in filing.letters[0].facts["paragraphs"])
    assert filing.letters[1].to == "coordinator"


def test_an_answer_about_a_mail_that_proves_nothing_goes_to_the_known_address() -> None:
    stranger = filed(
        intents=("withdraw",), sender="x@y.example", quoted_refs=("CIG-5-0001",), shelf=Shelf((open_dossier("5"),))
    )
    assert stranger.letters[0].to == "member"


@pytest.mark.parametrize("sender", [None, "noreply@portail.example", "ne-pas-repondre@portail.example"])
def test_nobody_is_answered_where_nobody_reads(sender: str | None) -> None:
    assert keys(filed(sender=sender, body="Un document vous attend.", intents=("other",)))[0].startswith(
        "mail/7/escalation"
    )


def test_a_ref_alone_touches_nobody_elses_dossier() -> None:
    shelf = Shelf((open_dossier("5", FAR),))
    assert filed(shelf=shelf, quoted_refs=("CIG-5-0001",), intents=("withdraw",)).concerns == ()
    proven = filed(shelf=shelf, threads=("CIG-5-0001",), intents=("withdraw",))
    assert proven.concerns == ("CIG-5-0001",)


def test_a_plain_answer_to_our_question_is_no_riddle() -> None:
    shelf = Shelf((open_dossier("1", asked=("already_customer",)),))
    filing = filed(shelf=shelf, body="Oui, tout à fait.", intents=("other",), threads=("CIG-1-0001",))
    assert (filing.letters, filing.concerns, filing.folder) == ((), ("CIG-1-0001",), "Traités")


def test_thanks_need_no_answer_but_a_question_does() -> None:
    shelf = Shelf((open_dossier("1"),))
    assert (
        filed(shelf=shelf, body="Merci beaucoup, bonne journée.", intents=("other",), threads=("CIG-1-0001",)).letters
        == ()
    )
    asked = filed(shelf=shelf, body="Merci. Et la suite ?", intents=("other",), threads=("CIG-1-0001",))
    assert keys(asked) == ["mail/7/answer", "mail/7/escalation/other"]


def test_announced_papers_that_are_not_there_are_asked_for() -> None:
    filing = filed(intents=("submit",), body="Ci-joint le bon de commande.")
    assert keys(filing) == ["mail/7/answer"]
    assert filing.letters[0].facts["ask"]


def test_a_mail_that_its_server_denies_is_looked_at() -> None:
    filing = filed(piece("purchase_order", ("5",)), authenticity="fail")
    assert [c for c, _ in filing.placements[0].findings] == ["unauthentic"]
    assert filing.folder == "À vérifier"


def provider(body: str, **more: Any) -> Filing:
    more = {"sender": "support@dematis.com", "authenticity": "pass", "quoted_refs": ("CIG-5-0001",)} | more
    return filed(shelf=Shelf((open_dossier("5", state="forwarded"),)), body=body, **more)


@pytest.mark.parametrize(
    ("body", "outcome", "milestone"),
    [
        ("Bonjour, le compte est ouvert depuis ce matin.", "opened", "j4"),
        ("Nous avons fixé un rendez-vous lundi.", "appointment", "j2"),
        ("Dossier refusé : la clé est périmée.", "refused", None),
        ("Pouvez-vous nous indiquer le nom des utilisateurs ?", "question", None),
    ],
)
def test_a_providers_words_move_the_dossier(body: str, outcome: str, milestone: str | None) -> None:
    ((ref, told),) = provider(body).news
    assert (ref, told.data["outcome"], told.data["milestone"]) == ("CIG-5-0001", outcome, milestone)


def test_a_provider_who_proves_nothing_moves_nothing() -> None:
    filing = provider("Le compte est ouvert.", authenticity="unknown")
    assert (filing.news, filing.folder) == ((), "À vérifier")
    assert keys(filing) == ["mail/7/escalation/provider_unverified"]
    answered = provider("Le compte est ouvert.", authenticity="unknown", threads=("CIG-5-0001",))
    assert len(answered.news) == 1


def test_a_provider_may_name_the_member_instead_of_the_ref() -> None:
    filing = provider("Le compte de la Commune de Valmont est ouvert : compte ouvert.", quoted_refs=())
    assert [ref for ref, _ in filing.news] == ["CIG-5-0001"]
    nobody = provider("Le compte est ouvert.", quoted_refs=())
    assert keys(nobody) == ["mail/7/escalation/provider_question"]


def test_the_member_may_tell_that_the_prefecture_has_validated() -> None:
    shelf = Shelf((open_dossier("2", state="forwarded"),))
    body = "Bonjour, la préfecture a validé notre avenant hier."
    told = filed(shelf=shelf, body=body, intents=("other",), authenticity="pass")
    assert [(ref, n.data["milestone"]) for ref, n in told.news] == [("CIG-2-0001", "prefecture")]
    assert told.letters == ()
    assert filed(shelf=shelf, body=body, intents=("other",)).news == ()
    asks = filed(shelf=shelf, body="La préfecture a validé notre avenant ?", intents=("other",), authenticity="pass")
    assert asks.news == ()


def test_a_negated_word_opens_nothing() -> None:
    assert provider("Le compte n’est pas encore ouvert, nous attendons.").news == ()


@pytest.mark.parametrize(
    ("text", "lots"),
    [
        ("Bon de commande lot n° 2", ["2"]),
        ("Nos lots 2, 3 et 5 sont en attente", ["2", "3", "5"]),
        ("Le parapheur ne répond plus", ["2"]),
        ("lot 4", []),
        ("un lot de 3 stylos, 2 complots", []),
    ],
)
def test_lots_are_named_by_number_or_by_word(text: str, lots: list[str]) -> None:
    assert named_lots(CIG, text) == lots


def test_records_for_dossiers() -> None:
    mail = Mail(message_id="<a@b>", from_="a@b.example", subject="S", date=None, nature="message", body="Bonjour")
    source = piece("purchase_order", ("5",), Finding(code="totals", text="Faux."), siret="1")
    incoming = Incoming(id="7", received_at=T0, reading=Reading(source="x", mail=mail, pieces=(source,)))
    message = as_message(incoming, new=("p",))
    assert (message.sender, message.own_words, message.new_pieces) == ("a@b.example", "Bonjour", ("p",))
    on_file = as_piece(source, "p", incoming, [("no_lot", "Quel lot ?")])
    assert on_file.findings == (("totals", "Faux."), ("no_lot", "Quel lot ?"))
    with pytest.raises(ValueError, match="bare document"):
        _ = Incoming(id="8", received_at=T0, reading=Reading(source="x", mail=None, pieces=())).mail


def test_letters_about_a_mail_carry_the_refs_of_its_dossiers() -> None:
    shelf = Shelf((open_dossier("1"), open_dossier("2"), open_dossier("5")))
    both = filed(shelf=shelf, intents=("question_technical",), body="Les lots 2 et 5 fonctionnent-ils sur tablette ?")
    assert [(x.to, x.facts["about"]) for x in both.letters] == [
        ("sender", ["CIG-2-0001", "CIG-5-0001"]),
        ("provider", ["CIG-2-0001", "CIG-5-0001"]),
    ]
    body = "Lots 1 et 2 : achatpublic.com se bloque."
    mixed = filed(shelf=shelf, intents=("question_technical", "withdraw"), body=body)
    assert [(x.to, x.facts["about"]) for x in mixed.letters] == [
        ("sender", ["CIG-1-0001", "CIG-2-0001"]),
        ("provider", ["CIG-1-0001"]),
        ("coordinator", ["CIG-1-0001", "CIG-2-0001"]),
    ]
    nothing_named = filed(shelf=shelf, intents=("withdraw",), body="Nous souhaitons nous retirer.")
    assert {tuple(x.facts["about"]) for x in nothing_named.letters} == {()}, "three dossiers: nobody knows which"
    alone = filed(shelf=Shelf((open_dossier("5"),)), intents=("withdraw",), body="Nous souhaitons nous retirer.")
    assert {tuple(x.facts["about"]) for x in alone.letters} == {("CIG-5-0001",)}


def test_a_ref_that_a_stranger_writes_is_not_given_back() -> None:
    shelf = Shelf((open_dossier("5", FAR),))
    asked = filed(shelf=shelf, quoted_refs=("CIG-5-0001",), intents=("withdraw",))
    assert {tuple(x.facts["about"]) for x in asked.letters} == {()}
