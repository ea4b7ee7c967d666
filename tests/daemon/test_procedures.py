"""The two groups' notices, fact by fact: what each letter of the shipped rules says where the procedure says it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daemon.letters.render import Renderer
from rules.decide import decide
from rules.lists import Approval, decide_list
from rules.load import parse_group
from rules.records import Decision, Dossier, Letter, PieceOnFile
from tests.rules.dossiers import CIG, LDMEMS, SCHOOL, TOWN, at, decided, dossier, filed, mail, news, one, paper
from tests.rules.test_filing import Shelf, open_dossier
from tests.rules.test_filing import filed as received

T0 = at("2025-12-04T10:00")
RENDERER = Renderer()
PRIVATE = replace(SCHOOL, kind="private")


def words(letters: Sequence[Letter], role: str = "member") -> str:
    """Subject and text of the mail that gathers the letters to `role`, with plain spaces, on one line."""
    to = {"member": {"member", "sender"}}.get(role, {role})
    mine = [x for x in letters if x.to in to]
    assert mine, [x.key for x in letters]
    told = RENDERER.render(mine, role=role)
    return " ".join(f"{told.subject} {told.text}".replace("\u00a0", " ").replace("\u202f", " ").split())


def said(d: Dossier, when: str | dt.datetime = T0, role: str = "member") -> str:
    """What `role` is newly told as of `when`."""
    decision = decided(d, when)
    known = {x.key for x in d.letters}
    return words([x for x in decision.letters if x.key not in known], role)


def papers(lot: str, when: dt.datetime = T0, **fields: Any) -> tuple[PieceOnFile, PieceOnFile]:
    return paper("purchase_order", (lot,), when), paper("account_form", (lot,), when, fields=fields)


def complete(lot: str, **fields: Any) -> Dossier:
    return dossier(lot, *papers(lot, **fields))


def days(decision: Decision) -> dict[str, str]:
    return {m.id: str(m.due) for m in decision.milestones}


def committed(lot: str, **more: Any) -> Dossier:
    return dossier(lot, committed=True, lead=True, opened_at=T0, **more)


# Both groups


def test_who_answers_whom_and_where() -> None:
    assert (CIG.mailbox, CIG.phone) == ("dematerialisation-mp@cigversailles.fr", "01 39 49 63 24")
    assert [(x.id, CIG.providers[x.provider].name) for x in CIG.lots] == [
        ("1", "achatpublic.com"),
        ("2", "Dematis"),
        ("3", "Dematis"),
        ("5", "Dematis"),
    ], "the notice has no lot 4"
    assert LDMEMS.mailbox == "ce.0540015y_ga@ac-nancy-metz.fr"
    assert {x.id: LDMEMS.providers[x.provider].name for x in LDMEMS.lots} == {
        "vote": "Kercia",
        "tpe": "EXM",
        "pdf": "Foxit",
        "rgs": "Certigna",
        "signature": "Yousign",
    }
    assert "le courriel est à préférer" in said(committed("vote"))
    assert "https://tchap.gouv.fr/#/room/%21bDfEsGeUdZOqDcDKov:" in said(committed("vote"))


@pytest.mark.parametrize("group", [CIG, LDMEMS], ids=lambda g: g.id)
def test_every_refusal_tells_what_to_do_instead(group: Any) -> None:
    lot, kind = ("5", "purchase_order") if group is CIG else ("rgs", "purchase_order")
    for code, wording in group.refusals.items():
        if code in {"unsigned", "handwritten", "other_lot", "other_paper"}:
            continue  # of papers that must be signed, or of two lots: below, each with its own words
        order = paper(kind, (lot,), T0, findings=((code, "Constat."),))
        told = said(dossier(lot, order)).lower()
        plain = wording.instead.lower().replace("\u00a0", " ").replace("\u202f", " ")
        assert plain.rstrip(".") in told, code


def test_a_paper_of_another_lot_says_which_one_is_wanted() -> None:
    order = paper("purchase_order", ("3",), T0)
    told = said(dossier("5", order, messages=(mail(order),)))
    assert "le bon de commande du lot 5" in told


# CIG: lots


def test_lot_1_renews_with_the_order_alone_and_opens_with_the_form() -> None:
    order = paper("purchase_order", ("1",), T0)
    renewed = dossier("1", order, member=replace(TOWN, facts={"already_customer": True}))
    assert "à partir du bon de commande seul, achatpublic.com renouvelle votre abonnement" in said(renewed).lower()
    renewed = filed(renewed, decided(renewed, T0))
    opened = said(replace(renewed, news=(news("milestone", "2025-12-08T10:00", outcome="opened"),)), "2025-12-08T10:00")
    assert "Votre abonnement « profil acheteur » est renouvelé" in opened
    new = dossier("1", order, member=replace(TOWN, facts={"already_customer": False}))
    assert "la fiche d’ouverture de compte du lot 1" in said(new)


@pytest.mark.parametrize(
    ("already", "paper_asked", "validated"),
    [
        (True, "l’avenant à votre convention de télétransmission", "validé votre avenant"),
        (False, "la convention de télétransmission avec la préfecture", "validé votre convention"),
    ],
)
def test_lot_2_asks_for_the_paper_of_the_prefecture_that_fits(already: bool, paper_asked: str, validated: str) -> None:
    told = said(complete("2", already_transmitting=already))
    assert f"{paper_asked} : à signer, à la main ou électroniquement" in told.lower()
    assert "un exemplaire pour la préfecture de l’Essonne, un autre en réponse à ce message" in told
    assert f"Dès que la préfecture de l’Essonne aura {validated}, vous pourrez télétransmettre" in told
    assert "nous l’avons transmise à Dematis" in told, "the paper blocks no forward"
    unknown = complete("2", already_transmitting=already)
    nowhere = replace(unknown, member=replace(TOWN, department=None))
    assert "un exemplaire pour la préfecture, un autre" in said(nowhere)


def test_lot_2_days_and_calls() -> None:
    told = said(complete("2", already_transmitting=True))
    assert "Lundi 8 décembre : Dematis vous appelle pour confirmer la commande et vérifier votre clé RGS**" in told
    assert "en cas d’absence, un courriel vous propose un rendez-vous" in told
    assert "Mercredi 10 décembre : Dematis ouvre votre compte ; vous pourrez l’utiliser dès que la préfecture" in told


def test_lot_2_the_prefectures_validation_is_a_step_of_its_own() -> None:
    amendment = paper("prefecture_amendment", ("2",), T0, signature="handwritten")
    d = dossier("2", *papers("2", already_transmitting=True), amendment)
    d = filed(d, decided(d, T0))
    open_ = replace(d, news=(news("milestone", "2025-12-10T10:00", milestone="j4", outcome="opened"),))
    told = said(open_, "2025-12-10T10:00")
    assert "votre compte est ouvert ; vous pourrez l’utiliser dès que la préfecture aura validé votre avenant" in told
    by_member = news("milestone", "2025-12-17T10:00", milestone="prefecture", outcome="reached")
    told = said(replace(open_, news=(*open_.news, by_member)), "2025-12-17T10:00")
    assert "Votre avenant est validé par la préfecture ; vous pouvez télétransmettre vos actes avec Dematis" in told


@pytest.mark.parametrize(
    ("department", "j2", "j4"), [("91", "2025-12-29", "2025-12-31"), ("57", "2025-12-30", "2026-01-02")]
)
def test_days_are_counted_in_the_departements_working_days(department: str, j2: str, j4: str) -> None:
    eve = at("2025-12-24T10:00")
    order, form = papers("5", eve)
    decision = decided(dossier("5", order, form, member=replace(TOWN, department=department)), eve)
    assert days(decision) == {"j2": j2, "j4": j4}, "26 December is a holiday in Moselle"


@pytest.mark.parametrize("lot", ["2", "3"])
@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "si vous en détenez un, il reste valable même si vous changez de prestataire"),
        ({"has_rgs_certificate": False}, "pensez à vous en procurer un dès maintenant"),
        (
            {"has_rgs_certificate": True, "current_provider": "Docapost", "certificate_expires_on": "2027-05-03"},
            "celui que vous détenez reste valable avec le nouveau prestataire",
        ),
        (
            {"has_rgs_certificate": True, "certificate_expires_on": "2025-12-08"},
            "le vôtre ne sera plus valable à l’ouverture du compte, pensez à le renouveler dès maintenant",
        ),
    ],
    ids=["unknown", "none", "held", "ends"],
)
def test_lots_2_and_3_need_a_certificate(lot: str, fields: dict[str, Any], told: str) -> None:
    text = said(complete(lot, already_transmitting=True, **fields))
    assert f"Un certificat RGS** est nécessaire pour télétransmettre ; {told}" in text
    assert text.count("est nécessaire pour télétransmettre") == 1


def test_lot_3_the_dgfip_has_48_hours_after_the_call() -> None:
    decision = decided(complete("3", already_transmitting=True), T0)
    assert days(decision) == {"j2": "2025-12-08", "dgfip": "2025-12-10", "j4": "2025-12-10"}
    told = words(decision.letters)
    assert (
        "Mercredi 10 décembre : la DGFIP, à qui Dematis a transmis vos données, valide votre compte dans les 48 heures"
        in told
    )
    assert "Mercredi 10 décembre : votre compte est ouvert et utilisable" in told


def test_lot_5_asks_for_no_certificate() -> None:
    told = said(complete("5"))
    assert "RGS" not in told
    assert "Dematis vous appelle pour confirmer la commande, ou vous écrit" in told


@pytest.mark.parametrize(
    ("lot", "what"), [("2", "vos actes transmis"), ("3", "vos flux transmis"), ("5", "ce qui est en")]
)
def test_a_change_of_provider_is_warned_of(lot: str, what: str) -> None:
    known = {"already_transmitting": True} if lot != "5" else {"already_customer": False}
    told = said(complete(lot, current_provider="Docapost", **known))
    assert f"Comme vous changez de prestataire, pensez à clôturer et à archiver {what}" in told
    assert "Le groupement n’achète pas d’archivage électronique" in told
    assert "souscrire un coffre probant auprès d’un prestataire ou de l’organiser en interne" in told
    same = said(complete(lot, current_provider="Dematis", **known))
    assert "archiver" not in same
    silent = said(complete(lot, **known))
    assert f"Si vous changez de prestataire, pensez à clôturer et à archiver {what}" in silent


def test_training_is_an_orders_line_and_goes_to_the_provider() -> None:
    lines = ({"label": "Formation à distance", "quantity": "1", "unit_price": "130.00", "total": "130.00"},)
    order, form = papers("5")
    told = said(dossier("5", replace(order, lines=lines), form), role="provider")
    assert "Formations commandées - 1 × Formation à distance" in told
    asked = received(intents=("training",), body="Comment commander une formation pour le lot 2 ?")
    assert (
        "la formation, à distance ou sur site, se commande comme une ligne du bon de commande"
        in words(asked.letters).lower()
    )


def test_webinars_lie_ahead_then_there_are_replays() -> None:
    before, order = at("2022-11-21T10:00"), paper("purchase_order", ("2",), at("2022-11-21T10:00"))
    told = said(dossier("2", order), before)
    assert "lot 2, télétransmission, jeudi 1er décembre à 10 h ; lot 2, parapheur, jeudi 1er décembre à 10 h 30" in told
    assert "https://register.gotowebinar.com/rt/3055296950260681999" in told
    after = said(dossier("2", paper("purchase_order", ("2",), T0)))
    assert "gotowebinar" not in after
    assert "l’enregistrement des webinaires du lot 2 est sur le site du CIG" in after


# LDMEMS


def test_the_group_convention_is_signed_online_alone() -> None:
    by_hand = paper("group_convention", ("vote",), T0, signature="handwritten")
    told = said(dossier("vote", by_hand, committed=True, lead=True))
    assert "d’autres conventions que celles signées en ligne" in told
    assert "https://yousign.app/workflows/forms/1553891f-835a-461a-afe8-a37335d5c305" in told
    assert "Le nom de l’établissement s’y inscrit de lui-même" in told
    assert "le téléphone portable de la personne habilitée à signer, elle y recevra un code par SMS" in told
    assert "Vous n’aurez rien d’autre à nous envoyer pour cette convention" in told
    asked = said(committed("vote"))
    assert "Dès que les deux chefs d’établissement ont signé, chacun reçoit son exemplaire" in asked
    order = paper("purchase_order", ("rgs",), T0)
    assert one(decided(dossier("rgs", order, lead=True), T0), "forward"), "it blocks nothing"


def listed(lot: str) -> tuple[str, str, str]:
    """What the school reads when it is committed, when the list has gone, and when its account is open."""
    d = committed(lot)
    first = decided(d, T0)
    told = words(first.letters)
    d = filed(d, first)
    d = replace(d, news=(news("listed", "2025-12-05T10:00", key="k"),))
    gone = decided(d, "2025-12-05T10:00")
    after = words([x for x in gone.letters if x.key.endswith("/listed")])
    d = filed(d, gone)
    d = replace(d, news=(*d.news, news("milestone", "2025-12-12T10:00", outcome="opened")))
    known = {x.key for x in d.letters}
    opened = words([x for x in decided(d, "2025-12-12T10:00").letters if x.key not in known])
    return told, after, opened


def test_vote_begins_by_the_list() -> None:
    told, after, opened = listed("vote")
    assert "Vous n’avez rien à commander." in told
    assert "adresse elle-même au prestataire la liste des établissements engagés. - Kercia ouvre" in told
    assert "1757678375464" in told, "the recording"
    assert "Kercia ouvre votre espace de vote, désigne un chef de projet et prend contact avec vous" in after
    assert "Votre espace de vote est ouvert" in opened


def test_pdf_a_first_mail_in_english() -> None:
    told, after, opened = listed("pdf")
    assert "Vous n’avez rien à commander." in told
    for text in (told, after):
        assert "sur l’adresse fonctionnelle de l’établissement (ce. ou gestion.)" in text
        assert "Ce premier courriel est en anglais ; la console, le logiciel et les documents sont ensuite en" in text
    assert "Pour les adhérents du printemps, il date du 28 ou du 29 août" in after
    assert "Votre console Foxit est ouverte" in opened


def test_signature_the_first_log_in_and_the_second_account() -> None:
    told, after, opened = listed("signature")
    assert "Yousign crée ensuite votre compte sur l’adresse fonctionnelle" in told
    for text in (after, opened):
        assert "À la première connexion, utilisez « mot de passe oublié »" in text
        assert "Un second compte s’obtient sur demande auprès du groupement" in text


def test_several_automatic_lots_say_once_that_there_is_nothing_to_order() -> None:
    schools = [replace(committed(lot), lead=lot == "vote") for lot in ("vote", "pdf", "signature")]
    told = words([x for d in schools for x in decided(d, T0).letters])
    assert told.count("rien à commander") == 1
    assert told.count("la liste des établissements engagés") == 1
    assert "« vote électronique »" in told
    gone = [replace(d, news=(news("listed", "2025-12-05T10:00", key="k"),)) for d in schools]
    letters = [x for d in gone for x in decided(d, "2025-12-05T10:00").letters if x.key.endswith("/listed")]
    assert words(letters).count("bon de commande") == 1


def test_rgs_goes_to_certigna_under_the_exact_subject() -> None:
    d = dossier("rgs", paper("legal_commitment", ("rgs",), T0))
    forward = one(decided(d, T0), "forward")
    assert (forward.subject, forward.address) == ("marché groupement LDMEMS", "bondecommande@certigna.fr")
    assert RENDERER.render([forward], role="provider").subject == "marché groupement LDMEMS"
    told = said(d)
    assert "Certigna traite votre commande d’ici là, dans les 72 heures" in told
    assert days(decided(d, T0)) == {"certigna": "2025-12-09"}
    assert "procédure de Certigna, que la loi veut stricte ; son assistance vous accompagne" in told
    assert "l’objet de l’engagement est « marché groupement LDMEMS »" in said(committed("rgs"))
    d = filed(d, decided(d, T0))
    ready = replace(d, news=(news("milestone", "2025-12-08T10:00", milestone="certigna", outcome="reached"),))
    told = said(ready, "2025-12-08T10:00")
    assert "Votre commande « certificats RGS** » est traitée" in told
    assert "vous pouvez maintenant demander votre certificat" in told


def test_tpe_public_and_private_begin_differently() -> None:
    public = said(committed("tpe"))
    assert "demandez-le à votre DDFIP, avec la demande pré-remplie" in public
    assert "https://cloud.entre-meurthe-et-sanon.fr/index.php/s/PjHTjJj8EP9ZPQb" in public
    assert "nous le transmettons à EXM" in public
    assert "1758697011454" in public, "the recording"
    private = said(committed("tpe", member=PRIVATE))
    expected = private.index("Ce que nous attendons de vous")
    assert expected < private.index("prenez contact directement avec EXM (veronique.vezine@exm.fr, 04 72 69 06 84)")
    assert "DDFIP" not in private
    contract = paper("merchant_contract", ("tpe",), T0, fields={"merchant_number": "1234567"})
    assert one(decided(dossier("tpe", contract), T0), "forward").address == "veronique.vezine@exm.fr"


# Questions


def asked(body: str, *intents: str, group: Any = LDMEMS, lots: tuple[str, ...] = ()) -> str:
    """What the sender is answered."""
    school = group is LDMEMS
    sender = "gestion@tilleuls.example" if school else "mairie@valmont.example"
    shelf = Shelf(tuple(open_dossier(x, SCHOOL if school else TOWN) for x in lots))
    return words(received(group=group, sender=sender, intents=intents, body=body, shelf=shelf).letters)


def test_commercial_questions_go_to_the_coordinator_and_technical_ones_to_the_provider() -> None:
    technical = asked("Le parapheur Yousign se bloque.", "question_technical", lots=("signature",))
    assert "l’avons transmis aujourd’hui à Yousign, qui vous répondra" in technical
    assert (
        "Les prestataires assurent toute l’aide technique, au démarrage et pendant toute la durée du marché"
        in technical
    )
    commercial = asked("Quel est le prix d’un certificat ?", "question_commercial", lots=("rgs",))
    assert "transmis aujourd’hui à la coordination du groupement" in commercial
    assert "Les questions commerciales relèvent de la coordination du groupement" in commercial
    for text in (technical, commercial):
        assert "Le délai moyen de réponse du groupement est de 7 jours" in text
        assert text.startswith("[LDMEMS-"), "the ref stands in the subject"
    intents = ("question_technical", "question_commercial")
    both = asked("Yousign se bloque. Et quel est le prix ?", *intents, lots=("signature",))
    assert "à Yousign et à la coordination du groupement, qui vous répondront" in both


def test_only_force_majeure_lets_a_school_out() -> None:
    told = asked("Nous souhaitons nous retirer du lot vote.", "withdraw", lots=("vote",))
    assert "l’engage pour les services cochés ; seule la force majeure permet de s’en délier" in told
    assert "Un désengagement auprès du prestataire n’est pas possible ; une facture pourrait vous être adressée" in told


def test_a_school_may_join_while_the_markets_run_and_ask_for_a_second_account() -> None:
    assert "Les marchés comportent une clause de rattachement" in asked("Comment adhérer ?", "join")
    assert "Un second compte s’obtient sur demande auprès du groupement" in asked("Un autre compte ?", "second_account")


@pytest.mark.parametrize(
    ("group", "lots", "question", "title", "fact"),
    [
        (CIG, ("2",), "Notre certificat sert-il pour les actes ?", "Certificat RGS** déjà détenu", "reste valable"),
        (CIG, ("3",), "Y a-t-il une reprise de l’historique HELIOS ?", "Changement de prestataire", "ne reprend"),
        (CIG, ("2",), "Faut-il un avenant pour le lot 2 ?", "Avenant ou convention", "vous signez un avenant"),
        (CIG, ("2",), "Quels sont les délais pour le lot 2 ?", "Délais d’ouverture", "au bout de quatre"),
        (CIG, ("3",), "Que fait la DGFIP pour le lot 3 ?", "Validation par la DGFIP", "48 heures"),
        (CIG, ("1",), "Pour le renouvellement du lot 1 ?", "Réabonnement", "le bon de commande seul"),
        (CIG, ("5",), "Où trouver les formulaires du lot 5 ?", "Modèles et formulaires", "sur le site du CIG"),
        (CIG, ("5",), "Y a-t-il un webinaire ?", "Webinaires", "gotowebinar.com"),
        (LDMEMS, ("vote",), "Quand aurons-nous notre espace de vote ?", "espace de vote", "désigne un chef de projet"),
        (LDMEMS, ("tpe",), "Qu’est-ce que le contrat commerçant ?", "Contrat commerçant", "à sa DDFIP"),
        (LDMEMS, ("pdf",), "Le courriel de Foxit est en anglais ?", "Courriel de Foxit en anglais", "28 ou du 29 août"),
        (LDMEMS, ("rgs",), "Comment commander des certificats ?", "Certificats RGS**", "dans les 72 heures"),
        (LDMEMS, ("signature",), "Quel est le mot de passe ?", "Première connexion", "« mot de passe oublié »"),
        (LDMEMS, ("signature",), "Peut-on avoir un second compte ?", "Second compte Yousign", "sur demande"),
        (LDMEMS, (), "Comment signer la convention ?", "Signature de la convention", "un code par SMS"),
        (LDMEMS, (), "Y a-t-il un salon Tchap ?", "Salon Tchap", "tchap.gouv.fr"),
    ],
)  # fmt: skip
def test_the_groups_page_of_answers(group: Any, lots: tuple[str, ...], question: str, title: str, fact: str) -> None:
    told = asked(question, "question_commercial", group=group, lots=lots)
    assert title in told
    assert fact in told


@pytest.mark.parametrize(
    ("lot", "question"),
    [
        ("vote", "Quelle est la couleur du logo ?"),
        ("vote", "Kercia ne répond pas au téléphone."),
        ("pdf", "Foxit se ferme tout seul."),
        ("tpe", "Le terminal ne s’allume plus."),
    ],
)
def test_an_answer_is_never_invented(lot: str, question: str) -> None:
    told = asked(question, "question_technical", lots=(lot,))
    assert not [a.title for a in LDMEMS.answers if a.title in told]


# A group of one's own


def test_a_providers_name_may_bear_its_article() -> None:
    third = parse_group((Path(__file__).parents[1] / "rules" / "third_group.yaml").read_text("utf-8"), "g.yaml")
    order = paper("purchase_order", ("baguette",), T0)
    form = paper("account_form", ("baguette",), T0, fields={"gluten_free": False})
    told = words(decide(third, dossier("baguette", order, form, group=third, member=TOWN), T0).letters)
    assert "nous l’avons transmise au Fournil aujourd’hui" in told
    assert "à Le" not in told


# Lists


def test_the_list_of_committed_schools_is_checked_then_sent_then_added_to() -> None:
    first = committed("vote")
    question = decide_list(LDMEMS, LDMEMS.lot("vote"), [first], (), T0).question
    assert question is not None
    ok = Approval(key=question.facts["list_key"], refs=(first.ref,), at=T0)
    sent = decide_list(LDMEMS, LDMEMS.lot("vote"), [first], [ok], T0).letters
    assert "Voici la liste des adhérents engagés pour « vote électronique »" in words(sent, "provider")


def test_a_body_that_nobody_knows_is_named_with_its_number() -> None:
    order = paper("purchase_order", ("5",), T0)
    (question,) = decided(dossier("5", order, member=replace(TOWN, known=False)), T0).questions
    assert "Commune de Valmont (SIRET 219 100 001 00018) ne figure pas" in question.questions[0].replace("\u00a0", " ")
