"""Each lot walked on the real runners: a mail in, the letters out, the dossier where it must be (docs: procedures)."""

import datetime as dt
from pathlib import Path

import pytest

from daemon.clock import PARIS
from fixtures import scene
from tests.daemon.town import CIG, LDMEMS, Town, body, requirement

TOWN = scene.Body(
    name="Commune de Valmondière",
    siret=scene.siret("21910777"),
    email="j.lefevre@valmondiere.example",
    functional="mairie@valmondiere.example",
    city="Valmondière",
)
SCHOOL = scene.Body(
    name="Lycée Simone-Veil",
    siret=scene.siret("19541888"),
    uai="0541888J",
    email="n.roussel@ac-nancy-metz.fr",
    functional="ce.0541888j@ac-nancy-metz.fr",
    city="Nancy",
    postal_code="54000",
    department="54",
    person="Nadia Roussel",
)
PRIVATE = scene.Body(
    name="Lycée Saint-Vincent",
    siret=scene.siret("77720999"),
    uai="0541889K",
    email="b.klein@saint-vincent.example",
    functional="gestion@saint-vincent.example",
    city="Nancy",
    postal_code="54000",
    department="54",
    kind="private",
)


@pytest.fixture
def town(tmp_path: Path) -> Town:
    rows = [TOWN.row("1;2;3;5"), SCHOOL.row("rgs;tpe"), PRIVATE.row("tpe")]
    return Town(tmp_path, census="\n".join(rows))


def lot2(message_id: str = "premier@valmondiere.example") -> bytes:
    return scene.mail(
        TOWN,
        "dematerialisation-mp@cigversailles.fr",
        "Dossier lot 2",
        "Bonjour,\n\nVeuillez trouver ci-joint le bon de commande et la fiche du lot 2.\n\nCordialement",
        {"BC lot 2.pdf": scene.order(TOWN, "2"), "Fiche lot 2.pdf": scene.account(TOWN, "2", yes=True, rgs=True)},
        message_id=message_id,
    )


def test_lot_2_from_the_first_mail_to_the_amendment(town: Town) -> None:
    town.deliver(lot2())
    town.run()
    dossier = town.dossiers()["2"]
    assert dossier["state"] == "forwarded"
    assert dossier["member"]["siret"] == TOWN.siret
    assert requirement(dossier, "amendment") == "missing"
    assert {m["id"]: m["due"] for m in dossier["milestones"]}["j2"] == "2025-12-08"
    assert {m["id"]: m["due"] for m in dossier["milestones"]}["j4"] == "2025-12-10"

    [answer] = town.sent(TOWN.email)
    assert dossier["ref"] in answer["Subject"]
    assert answer["In-Reply-To"] == "<premier@valmondiere.example>"
    assert answer["Auto-Submitted"] == "auto-replied"
    text = body(answer)
    for fact in ("avenant", "lundi 8 décembre", "mercredi 10 décembre", "Docapost", "Dematis"):
        assert fact in text.replace("\u00a0", " ").casefold() or fact in text.replace("\u00a0", " "), fact

    [forward] = town.sent("dossiers@dematis.example.org")
    papers = {p.get_filename(): p.get_content() for p in forward.iter_attachments()}
    assert scene.order(TOWN, "2") in papers.values()
    assert scene.account(TOWN, "2", yes=True, rgs=True) in papers.values()
    assert all(str(name).startswith(dossier["ref"]) for name in papers)
    assert len(papers) == 3  # the two papers and the summary sheet

    before = len(town.sent())
    town.deliver(lot2())
    town.run(town.now + dt.timedelta(minutes=5))
    assert len(town.sent()) == before, "the same mail again earns nothing"
    assert town.dossiers()["2"] == {**dossier, "next_at": town.dossiers()["2"]["next_at"]}

    town.deliver(lot2("deuxieme@valmondiere.example"))
    town.run(town.now + dt.timedelta(minutes=5))
    [_, again] = town.sent(TOWN.email)
    assert "déjà" in body(again)
    assert len(town.sent("dossiers@dematis.example.org")) == 1, "the provider gets nothing twice"

    town.deliver(
        scene.mail(
            TOWN,
            "dematerialisation-mp@cigversailles.fr",
            "Re: avenant",
            "Bonjour,\n\nVoici l’avenant signé.\n",
            {"avenant signé.pdf": scene.amendment(TOWN)},
            message_id="avenant@valmondiere.example",
        )
    )
    town.run(town.now + dt.timedelta(minutes=5))
    dossier = town.dossiers()["2"]
    assert requirement(dossier, "amendment") == "met"
    assert dossier["state"] == "forwarded"
    assert dossier["complete_at"] is not None
    assert town.filed() == {"Traités": 4}


def test_an_unsigned_amendment_is_refused_with_what_to_do(town: Town) -> None:
    town.deliver(lot2())
    town.deliver(
        scene.mail(
            TOWN,
            "dematerialisation-mp@cigversailles.fr",
            "avenant",
            "Bonjour,\n\nCi-joint l’avenant.\n",
            {"avenant.pdf": scene.amendment(TOWN, signed=False)},
            message_id="avenant@valmondiere.example",
        )
    )
    town.run()
    assert requirement(town.dossiers()["2"], "amendment") == "refused"
    assert any("signé" in body(m) and "préfecture" in body(m) for m in town.sent(TOWN.email))


@pytest.mark.parametrize(("yes", "state"), [(True, "forwarded"), (False, "forwarded")])
def test_lot_1_with_its_form(town: Town, yes: bool, state: str) -> None:
    files = {"BC.pdf": scene.order(TOWN, "1"), "Fiche.pdf": scene.account(TOWN, "1", yes=yes)}
    town.deliver(
        scene.mail(TOWN, "x@example.org", "Lot 1", "Bonjour, voici le dossier.", files, message_id="a@b.example")
    )
    town.run()
    assert town.dossiers()["1"]["state"] == state
    assert len(town.sent("commandes@achatpublic.example.org")) == 1


def test_lot_1_order_alone_asks_whether_it_is_a_customer_then_plain_words_settle_it(town: Town) -> None:
    files = {"BC.pdf": scene.order(TOWN, "1")}
    text = "Bonjour,\n\nVoici notre bon de commande.\n"
    town.deliver(scene.mail(TOWN, "x@example.org", "Lot 1", text, files, message_id="a@b.example"))
    town.run()
    dossier = town.dossiers()["1"]
    assert dossier["state"] == "incomplete"
    assert not town.sent("commandes@achatpublic.example.org")
    [asked] = town.sent(TOWN.email)
    assert "achatpublic" in body(asked)
    assert "?" in body(asked)

    reply = "Bonjour,\n\nOui, nous sommes déjà clients : il s’agit d’un réabonnement.\n"
    subject = f"Re: {asked['Subject']}"
    town.deliver(
        scene.mail(
            TOWN, "x@example.org", subject, reply, message_id="c@b.example", in_reply_to=str(asked["Message-ID"])
        )
    )
    town.run(town.now + dt.timedelta(minutes=20))
    assert town.dossiers()["1"]["state"] == "forwarded"
    [forward] = town.sent("commandes@achatpublic.example.org")
    assert scene.order(TOWN, "1") in [p.get_content() for p in forward.iter_attachments()]


@pytest.mark.parametrize("lot", ["3", "5"])
def test_lots_3_and_5_wait_for_the_form_then_go(town: Town, lot: str) -> None:
    first = {"BC.pdf": scene.order(TOWN, lot)}
    town.deliver(scene.mail(TOWN, "x@example.org", "BC", "Bonjour, voici le bon.", first, message_id="a@b.example"))
    town.run()
    dossier = town.dossiers()[lot]
    assert dossier["state"] == "incomplete"
    assert requirement(dossier, "form") == "missing"
    assert not town.sent("dossiers@dematis.example.org")
    second = {"Fiche.pdf": scene.account(TOWN, lot, yes=False, rgs=True)}
    town.deliver(scene.mail(TOWN, "x@example.org", "Fiche", "Voici la fiche.", second, message_id="c@b.example"))
    town.run(dt.datetime(2025, 12, 5, 9, 0, tzinfo=PARIS))
    dossier = town.dossiers()[lot]
    assert dossier["state"] == "forwarded"
    due = {m["id"]: m["due"] for m in dossier["milestones"]}
    assert (due["j2"], due["j4"]) == ("2025-12-09", "2025-12-11"), "J is the day on which both are there"
    [forward] = town.sent("dossiers@dematis.example.org")
    assert len(list(forward.iter_attachments())) == 3


def test_rgs_goes_to_certigna_under_its_exact_subject(town: Town) -> None:
    files = {"EJ.pdf": scene.certificates(SCHOOL)}
    town.deliver(
        scene.mail(SCHOOL, "x@example.org", "EJ", "Bonjour, voici l’EJ.", files, message_id="a@b.example"), LDMEMS
    )
    town.run()
    dossier = town.dossiers()["rgs"]
    assert dossier["state"] == "forwarded"
    assert requirement(dossier, "group_convention") == "missing", "asked for, and blocks no forward"
    [forward] = town.sent("bondecommande@certigna.fr")
    assert forward["Subject"] == "marché groupement LDMEMS"
    assert scene.certificates(SCHOOL) in [p.get_content() for p in forward.iter_attachments()]
    [answer] = town.sent(SCHOOL.email)
    assert "72 heures" in body(answer).replace("\u00a0", " ")
    assert "https://yousign.app/" in body(answer)


def test_a_convention_signed_by_hand_is_refused(town: Town) -> None:
    files = {"EJ.pdf": scene.certificates(SCHOOL), "convention.pdf": scene.group_convention(SCHOOL)}
    town.deliver(scene.mail(SCHOOL, "x@example.org", "EJ", "Bonjour, voici.", files, message_id="a@b.example"), LDMEMS)
    town.run()
    assert requirement(town.dossiers()["rgs"], "group_convention") == "refused"
    [answer] = town.sent(SCHOOL.email)
    assert "https://yousign.app/" in body(answer)


def test_tpe_of_a_public_school_goes_with_its_merchant_contract(town: Town) -> None:
    files = {"contrat.pdf": scene.merchant(SCHOOL)}
    town.deliver(scene.mail(SCHOOL, "x@example.org", "TPE", "Bonjour, voici.", files, message_id="a@b.example"), LDMEMS)
    town.run()
    assert town.dossiers()["tpe"]["state"] == "forwarded"
    [forward] = town.sent("veronique.vezine@exm.fr")
    assert scene.merchant(SCHOOL) in [p.get_content() for p in forward.iter_attachments()]


def test_tpe_of_a_private_school_is_told_to_contact_the_provider_itself(town: Town) -> None:
    files = {"contrat.pdf": scene.merchant(PRIVATE)}
    town.deliver(
        scene.mail(PRIVATE, "x@example.org", "TPE", "Bonjour, voici.", files, message_id="a@b.example"), LDMEMS
    )
    town.run()
    dossier = town.dossiers()["tpe"]
    assert requirement(dossier, "contract") in ("absent", "not_needed")
    [answer] = town.sent(PRIVATE.email)
    assert "04 72 69 06 84" in body(answer).replace("\u00a0", " ")


def test_one_mail_for_three_lots_is_answered_by_one_mail(town: Town) -> None:
    files = {f"BC lot {n}.pdf": scene.order(TOWN, n) for n in ("2", "3", "5")}
    town.deliver(scene.mail(TOWN, "x@example.org", "BC", "Bonjour, voici nos bons.", files, message_id="a@b.example"))
    town.run()
    [answer] = town.sent(TOWN.email)
    refs = {d["ref"] for lot, d in town.dossiers().items()}
    assert len(refs) == 3
    assert all(ref in answer["Subject"] for ref in refs)
    assert len({x["message_id"] for x in town.letters("acknowledgement")}) == 1


def test_an_automatic_reply_a_bounce_and_a_newsletter_earn_nothing(town: Town) -> None:
    for n, headers in enumerate(
        ({"Auto-Submitted": "auto-replied"}, {"List-Unsubscribe": "<mailto:x@y.example>", "Precedence": "bulk"})
    ):
        town.deliver(
            scene.mail(
                TOWN, "x@example.org", "Absence", "Je suis absente.", message_id=f"{n}@b.example", headers=headers
            )
        )
    town.run()
    assert town.sent() == []
    assert town.filed() == {"Ignorés": 2}


def test_every_group_s_mail_stays_its_own(town: Town) -> None:
    town.deliver(lot2(), CIG)
    town.deliver(
        scene.mail(
            SCHOOL, "x@example.org", "EJ", "Voici.", {"EJ.pdf": scene.certificates(SCHOOL)}, message_id="a@b.example"
        ),
        LDMEMS,
    )
    town.run()
    assert {d["group"] for d in town.dossiers().values()} == {CIG, LDMEMS}
    assert "cigversailles" in str(town.sent(TOWN.email)[0]["From"])
    assert "0540015y_ga" in str(town.sent(SCHOOL.email)[0]["From"])


def test_a_convention_that_came_first_stands_in_a_dossier_opened_later(town: Town) -> None:
    first = {"EJ.pdf": scene.certificates(SCHOOL), "convention.pdf": scene.group_convention(SCHOOL)}
    town.deliver(scene.mail(SCHOOL, "x@example.org", "EJ", "Voici.", first, message_id="a@b.example"), LDMEMS)
    town.run()
    second = {"contrat.pdf": scene.merchant(SCHOOL)}
    town.deliver(scene.mail(SCHOOL, "x@example.org", "TPE", "Voici.", second, message_id="c@b.example"), LDMEMS)
    town.run(town.now + dt.timedelta(hours=1))
    assert requirement(town.dossiers()["tpe"], "group_convention") == "refused", "the same paper, the same answer"
