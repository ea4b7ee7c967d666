"""People who do not follow the script: what they send, and what must and must not come of it."""

import asyncio
import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pytest

from daemon.clock import PARIS
from daemon.errors import ServiceUnreachable, TemporaryDeliveryError
from daemon.outgoing import Receipt
from daemon.runners.intake import Intake
from daemon.runners.reading import ReadingRunner
from daemon.service import run_once
from fixtures import scene
from fixtures.scene import Body, siret
from tests.daemon.test_commands import vaguemestre
from tests.daemon.town import CIG, LDMEMS, Town, body, requirement

A = Body(name="Commune d’Arbois-la-Rive", siret=siret("21910031"), email="mairie@arbois.example")
B = Body(name="Commune de Boisvert", siret=siret("21910032"), email="accueil@boisvert.example", city="Boisvert")
COORDINATOR = f"coordination@{CIG}.example.org"
DEMATIS = "dossiers@dematis.example.org"


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path, census=f"{A.row('2')}\n{B.row('2;5')}", groups=(CIG,))


def post(
    town: Town,
    sender: Body | str,
    text: str,
    files: dict[str, bytes] | None = None,
    *,
    reply: str | None = None,
    hours: float = 1,
    subject: str = "Dossier",
) -> None:
    """A mail comes in after some hours, and everything that is due then is done."""
    town.now += dt.timedelta(hours=hours)
    message_id = f"m{town.delivered}@test.example"
    raw = scene.mail(sender, "x@example.org", subject, text, files, message_id=message_id, in_reply_to=reply)
    town.deliver(raw)
    town.run()


def misprinted(b: Body, lot: str) -> bytes:
    """An order whose SIRET has a wrong last digit."""
    return scene.order(b, lot, more={1: b.siret[:-1] + str((int(b.siret[-1]) + 1) % 10)})


def answer(town: Town, words: str) -> None:
    """The coordinator replies to the newest question."""
    asked = [m for m in town.sent(COORDINATOR) if "vérifier" in str(m["Subject"])]
    post(town, COORDINATOR, words, reply=str(asked[-1]["Message-ID"]))


def test_a_good_order_after_a_doubtful_one_settles_the_doubt(town: Town) -> None:
    post(town, A, "Voici le bon.", {"bc.pdf": misprinted(A, "2")})
    assert town.dossiers()["2"]["state"] == "review"
    post(
        town, A, "SIRET corrigé.", {"bc2.pdf": scene.order(A, "2"), "f.pdf": scene.account(A, "2", yes=True, rgs=True)}
    )
    assert town.dossiers()["2"]["state"] == "forwarded"
    assert "vérifions" not in body(town.sent(A.email)[-1])
    assert [r["answer"] for r in town.reviews()] == ["sans objet"]


def test_a_number_with_a_false_key_moves_nothing(town: Town) -> None:
    post(town, A, "Tout.", {"bc.pdf": misprinted(A, "2"), "f.pdf": scene.account(A, "2", yes=True, rgs=True)})
    answer(town, "siret 12345678901234")
    assert town.letters("forward") == []
    assert [r["answered_at"] for r in town.reviews()] == [None]
    assert "rien n’est changé" in body(town.sent(COORDINATOR)[-1])
    answer(town, f"siret {A.siret}")
    assert len(town.letters("forward")) == 1


def test_ok_to_a_number_with_a_false_key_keeps_the_one_of_the_census(town: Town) -> None:
    post(town, A, "Tout.", {"bc.pdf": misprinted(A, "2"), "f.pdf": scene.account(A, "2", yes=True, rgs=True)})
    right = " ".join((A.siret[:3], A.siret[3:6], A.siret[6:9], A.siret[9:]))
    assert f"ok pour retenir le SIRET du recensement, {right}" in body(town.sent(COORDINATOR)[-1]).replace("\xa0", " ")
    answer(town, "ok")
    [forward] = town.letters("forward")
    assert forward["state"] == "sent"
    done = body(town.sent(COORDINATOR)[-1]).replace("\xa0", " ")
    assert right in done
    assert [r["answer"] for r in town.reviews()] == ["ok"]


def test_a_paper_that_the_coordinator_gives_to_another_member_changes_dossiers(town: Town) -> None:
    post(town, A, "Tout.", {"bc.pdf": misprinted(A, "2"), "f.pdf": scene.account(A, "2", yes=True, rgs=True)})
    answer(town, f"siret {B.siret}")
    assert town.letters("forward") == [], "neither of the two has all its papers"
    mine, other = sorted(town._rows(_dossiers), key=lambda d: str(d["ref"]))
    assert requirement(mine, "order") == "refused"
    assert requirement(mine, "form") == "met"
    assert requirement(other, "order") == "met"
    assert "bon de commande" in body(town.sent(B.email)[-1])
    assert "Ce document est celui d’un autre adhérent" in body(town.sent(A.email)[-1]).replace(
        "ce document", "Ce document"
    )
    post(town, B, "La fiche.", {"f.pdf": scene.account(B, "2", yes=False, rgs=True)})
    [forward] = town.sent(DEMATIS)
    assert B.name in str(forward["Subject"])


def test_a_dossier_that_only_held_another_members_paper_is_closed(town: Town) -> None:
    post(town, A, "Le bon.", {"bc.pdf": misprinted(A, "2")})
    answer(town, f"siret {B.siret}")
    mine, other = sorted(town._rows(_dossiers), key=lambda d: str(d["ref"]))
    assert (mine["state"], other["state"]) == ("closed", "incomplete")


def test_what_a_member_answers_its_provider_goes_to_the_provider(town: Town) -> None:
    post(town, A, "Tout.", {"bc.pdf": scene.order(A, "2"), "f.pdf": scene.account(A, "2", yes=True, rgs=True)})
    provider = f"Équipe Dematis <{DEMATIS}>"
    forward = str(town.sent(DEMATIS)[-1]["Message-ID"])
    post(town, provider, "Bonjour,\nPouvez-vous nous préciser le nom du porteur de la clé ?", reply=forward)
    asked = town.sent(A.email)[-1]
    assert "porteur de la clé" in body(asked)
    before = len(town.sent(COORDINATOR))
    post(town, A, "Bonjour,\nIl s’agit de Mme Aubert, première adjointe.", reply=str(asked["Message-ID"]))
    passed = town.sent(DEMATIS)[-1]
    assert "Mme Aubert, première adjointe" in body(passed)
    assert "porteur de la clé" in body(passed)
    assert passed["In-Reply-To"] == "<m1@test.example>"
    assert "transmis aujourd’hui à Dematis" in body(town.sent(A.email)[-1])
    assert str(town.sent(A.email)[-1]["Subject"]).endswith("Votre réponse est transmise à Dematis")
    assert len(town.sent(COORDINATOR)) == before, "nobody else need see to it"
    post(town, provider, "Merci, le compte est ouvert.", reply=str(passed["Message-ID"]))
    assert town.dossiers()["2"]["state"] == "active"
    post(town, A, "Bonjour, quel est le prix d’une formation ?", reply=str(asked["Message-ID"]))
    assert "prix d’une formation" not in body(town.sent(DEMATIS)[-1]), "the provider has what it asked for"


def test_a_body_under_admission_is_not_asked_again_who_it_is(town: Town) -> None:
    stranger = Body(name="Commune de Zérac", siret=siret("21590033"), email="mairie@zerac.example", department="59")
    post(town, stranger, "Notre commande.", {"bc.pdf": scene.order(stranger, "5")})
    assert town.dossiers()["5"]["state"] == "review"
    post(town, stranger, "Bonjour, avez-vous bien reçu notre commande ?")
    told = body(town.sent(stranger.email)[-1])
    assert "SIRET" not in told
    assert "n’avons pas trouvé" not in told
    put = body(town.sent(COORDINATOR)[-1])
    assert "attend votre décision" in put
    assert "nom est proche" not in put


def test_a_body_that_is_not_taken_in_is_told_so_once_with_the_motive(town: Town) -> None:
    stranger = Body(name="Commune de Zérac", siret=siret("21590033"), email="mairie@zerac.example", department="59")
    orders = {"bc2.pdf": scene.order(stranger, "2"), "bc5.pdf": scene.order(stranger, "5")}
    post(town, stranger, "Nos commandes.", orders)
    request = town.sent(COORDINATOR)[-1]
    assert "reçoit ce motif" in body(request)
    before = len(town.sent(stranger.email))
    post(town, COORDINATOR, "refuser : siège hors du département", reply=str(request["Message-ID"]))
    assert {d["state"] for d in town.dossiers().values()} == {"withdrawn"}
    [told] = town.sent(stranger.email)[before:]
    assert "n’a pas abouti" in str(told["Subject"])
    assert "siège hors du département" in body(told)
    assert "averti, avec ce motif" in body(town.sent(COORDINATOR)[-1])
    assert not town.sent(DEMATIS)
    town.run(town.now + dt.timedelta(days=40))
    assert len(town.sent(stranger.email)) == before + 1


def test_the_provider_hears_that_what_it_was_sent_is_withdrawn_and_then_open_again(town: Town) -> None:
    post(town, A, "Tout.", {"bc.pdf": scene.order(A, "2"), "f.pdf": scene.account(A, "2", yes=True, rgs=True)})
    [ref] = [d["ref"] for d in town.dossiers().values()]
    now = town.now + dt.timedelta(hours=3)
    for words in (("withdraw", ref, "--reason", "le maire y renonce"), ("reopen", ref)):
        vaguemestre("dossiers", *words, "--now", now.isoformat(), folder=town.folder)
        town.run(now)
        now += dt.timedelta(hours=1)
    file, end, again = town.sent(DEMATIS)
    assert len(list(file.iter_attachments())) > 1
    assert ref in str(end["Subject"])
    assert "retiré" in str(end["Subject"])
    assert "ne pas y donner suite" in body(end)
    assert "le maire" not in body(end)
    assert "rouvert" in str(again["Subject"])
    assert not [*end.iter_attachments(), *again.iter_attachments()]


def bounce(of: str, to: str) -> bytes:
    """A notice of non-delivery, as Postfix writes it."""
    lines = (
        "From: Mail Delivery System <MAILER-DAEMON@mx.example.org>", "To: x@example.org", "Subject: Undelivered",
        f"Message-ID: <bounce-{of.strip('<>')}>", "Auto-Submitted: auto-replied", "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"', "", "--B",
        "Content-Type: text/plain", "", "Your message could not be delivered.", "", "--B",
        "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx.example.org", "",
        f"Final-Recipient: rfc822; {to}", "Action: failed", "Status: 5.1.1", "", "--B",
        "Content-Type: text/rfc822-headers", "", f"Message-ID: {of}", "", "--B--", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode()


def test_a_file_that_reached_no_provider_leaves_again_to_its_new_address(town: Town) -> None:
    post(town, A, "Tout.", {"bc.pdf": scene.order(A, "2"), "f.pdf": scene.account(A, "2", yes=True, rgs=True)})
    first = town.sent(DEMATIS)[-1]
    town.deliver(bounce(str(first["Message-ID"]), DEMATIS))
    town.run()
    told = body(town.sent(COORDINATOR)[-1])
    assert "l’adresse du prestataire dans la configuration" in told
    assert "recensement" not in told
    town.run(town.now + dt.timedelta(hours=1))
    assert len(town.sent(DEMATIS)) == 1, "the address is still the same"
    text = town.config.read_text(encoding="utf-8")
    town.config.write_text(text.replace(DEMATIS, "nouveau@dematis.example.org"), encoding="utf-8")
    town.run(town.now + dt.timedelta(hours=1))
    [again] = town.sent("nouveau@dematis.example.org")
    assert again["Subject"] == first["Subject"]
    assert [p.get_filename() for p in again.iter_attachments()] == [p.get_filename() for p in first.iter_attachments()]
    assert [x["state"] for x in town.letters("forward")] == ["sent"]
    town.deliver(bounce(str(again["Message-ID"]), "nouveau@dematis.example.org").replace(b"<bounce-", b"<again-"))
    town.run(town.now + dt.timedelta(hours=1))
    assert "nouveau@dematis.example.org" in body(town.sent(COORDINATOR)[-1])


def test_a_list_that_waits_for_the_coordinator_stands_in_the_report(tmp_path: Path) -> None:
    school = Body(
        name="Lycée des Acacias", siret=siret("19540041"), uai="0540001H", email="g@acacias.example", department="54"
    )
    town = Town(tmp_path, census=school.row("vote"), groups=(LDMEMS,))
    vaguemestre("members", "import", "members.csv", "--now", "2025-12-04T10:00", folder=tmp_path)
    town.run()
    raw = scene.mail(school, "x@example.org", "Bonjour", "Merci de votre envoi.", message_id="a@test.example")
    town.deliver(raw, LDMEMS)
    town.run()
    town.run(dt.datetime(2025, 12, 5, 9, 0, tzinfo=PARIS))
    report = next(m for m in town.sent(f"coordination@{LDMEMS}.example.org") if str(m["Subject"]).startswith("Point"))
    assert str(report["Subject"]).replace("\xa0", " ").endswith("une question pour vous")
    assert "La liste peut-elle partir" in body(report)


def test_a_blob_store_of_no_known_kind_is_a_mistake_of_the_configuration(town: Town) -> None:
    text = town.config.read_text(encoding="utf-8")
    town.config.write_text(text.replace("file://blobs", "s4://blobs"), encoding="utf-8")
    said = vaguemestre("run", "--once", folder=town.folder, expect=2)
    assert len(said.strip().splitlines()) == 1
    assert "[store] blobs" in said
    checked = vaguemestre("check", folder=town.folder, expect=2)
    assert "[store] blobs" in checked
    assert "Traceback" not in said + checked


def test_an_order_in_doubt_after_the_file_left_is_not_told_as_sent(town: Town) -> None:
    post(town, A, "Tout.", {"bc.pdf": scene.order(A, "2"), "f.pdf": scene.account(A, "2", yes=True, rgs=True)})
    post(town, A, "Le bon corrigé.", {"bc2.pdf": misprinted(A, "2")})
    told = body(town.sent(A.email)[-1])
    assert "nous l’avons transmise" not in told
    assert "Votre commande a été transmise à Dematis aujourd’hui même" in told
    assert "Nous vérifions encore le bon de commande" in told
    asked = body(town.sent(COORDINATOR)[-1])
    assert "partira aussitôt" not in asked
    assert "déjà parti" in asked


def test_a_second_order_tells_the_provider_of_the_first_and_what_the_member_says(town: Town) -> None:
    post(town, A, "Tout.", {"bc.pdf": scene.order(A, "2"), "f.pdf": scene.account(A, "2", yes=True, rgs=True)})
    assert "déjà transmis" not in body(town.sent(DEMATIS)[-1])
    more = {14: "2", 15: "192,00", 34: "192,00"}
    words = "Bonjour,\nCe bon annule et remplace le précédent : il nous faut deux abonnements."
    post(town, A, words, {"bc2.pdf": scene.order(A, "2", number="B-2", more=more)})
    second = body(town.sent(DEMATIS)[-1])
    assert "déjà transmis le bon de commande du lot 2 le jeudi 4 décembre 2025" in second.replace("\xa0", " ")
    assert "annule et remplace le précédent" in second
    post(town, A, "L’avenant.", {"av.pdf": scene.amendment(A)})
    assert "complément" not in body(town.sent(A.email)[-1]), "nothing left with this mail"


def test_papers_for_a_dossier_that_is_over_are_put_to_the_coordinator(town: Town) -> None:
    stranger = Body(name="Commune de Zérac", siret=siret("21590033"), email="mairie@zerac.example", department="59")
    post(town, stranger, "Notre commande.", {"bc.pdf": scene.order(stranger, "5")})
    asked = [m for m in town.sent(COORDINATOR) if "recensement" in str(m["Subject"])]
    post(town, COORDINATOR, "refuser : hors du groupement", reply=str(asked[-1]["Message-ID"]))
    post(town, stranger, "La fiche.", {"f.pdf": scene.account(stranger, "5", yes=False)})
    told = body(town.sent(stranger.email)[-1])
    assert "n’est plus ouvert" in told
    assert "n’est plus ouvert" in str(town.sent(stranger.email)[-1]["Subject"])
    assert "complet" not in told
    assert "ne figure pas encore" not in told


def test_an_outage_of_the_blob_store_costs_a_mail_no_try(town: Town) -> None:
    blobs, away = town.folder / "blobs", town.folder / "away"
    raw = scene.mail(A, "x@example.org", "Bon", "Voici.", {"bc.pdf": scene.order(A, "2")}, message_id="a@test.example")
    town.deliver(raw)
    house = town.house()
    reading = ReadingRunner(house)
    try:
        house.take_census()
        assert asyncio.run(Intake(house, CIG).step())
        blobs.rename(away)
        for _ in range(5):
            with pytest.raises(ServiceUnreachable):
                asyncio.run(reading.step())
        away.rename(blobs)
        assert asyncio.run(reading.step())
    finally:
        reading.close()
        house.close()
    town.run()
    assert len(town.sent(A.email)) == 1


def test_a_mail_whose_bytes_are_lost_does_not_stop_the_next(town: Town) -> None:
    for n, body_ in enumerate(("Un", "Deux")):
        order = scene.order(A, "2", number=f"N-{n}")
        town.deliver(scene.mail(A, "x@example.org", body_, body_, {"bc.pdf": order}, message_id=f"l{n}@test.example"))
    house = town.house()
    try:
        assert asyncio.run(Intake(house, CIG).step())
    finally:
        house.close()
    lost = next(e["data"]["sha256"] for e in town.events() if e["kind"] == "mail.received")
    (town.folder / "blobs" / lost[:2] / lost).unlink()
    for hours in range(0, 30, 6):
        town.run(town.now + dt.timedelta(hours=hours))
    assert town.filed() == {"Traités": 1, "En erreur": 1}


def test_a_document_that_a_person_must_open_is_told_to_that_person(town: Town) -> None:
    scan = (Path(scene.__file__).parent / "documents" / "piege-illisible.pdf").read_bytes()
    post(town, B, "Bonjour,\nQuand la facture sera-t-elle émise ? Voici notre papier.", {"papier.pdf": scan})
    told = body(town.sent(B.email)[-1])
    assert "« papier.pdf »".replace(" ", "\xa0") in told or "papier.pdf" in told
    assert "une personne va l’ouvrir" in told
    assert "merci de l’ouvrir" not in told, "this is asked of the coordinator"
    put = body(town.sent(COORDINATOR)[-1])
    assert "papier.pdf" in put
    assert "merci de l’ouvrir" in put.lower()


def test_a_coordinator_that_quotes_nothing_is_not_taken_for_a_stranger(town: Town) -> None:
    post(town, COORDINATOR, "Bonjour,\nLe prix figure au bordereau, page 3.")
    assert town.letters() == []
    post(town, COORDINATOR, "ok")
    [said] = town.letters()
    assert said["to"] == [COORDINATOR]
    assert "rien n’est changé" in body(town.sent(COORDINATOR)[-1])
    assert town.filed() == {"À vérifier": 2}


def test_a_machine_that_answers_each_answer_is_left_alone(town: Town) -> None:
    for n in range(14):
        sent = town.sent(A.email)
        reply = str(sent[-1]["Message-ID"]) if sent else None
        post(town, A, f"Votre demande porte le numéro {n}. Un agent prendra contact avec vous.", reply=reply, hours=0.1)
    assert len(town.sent(A.email)) == 10
    [told] = [m for m in town.sent(COORDINATOR) if "sans cesse" in body(m)]
    assert A.email in body(told)
    assert town.filed()["À vérifier"] >= 4
    post(town, A, "Le bon.", {"bc.pdf": scene.order(A, "2")})
    assert requirement(town.dossiers()["2"], "order") == "met", "papers count always"
    before = len(town.sent(A.email))
    post(town, A, "Quel est le prix de la formation ?", hours=30)
    assert len(town.sent(A.email)) == before + 1, "the next day it is answered again"


def _dossiers(s: object) -> list[dict[str, object]]:
    from daemon.commands import books

    return list(books.dossiers_json(s))  # type: ignore[arg-type]


class Busy:
    """A server that takes nothing for now."""

    name = "occupé"

    async def send(self, raw: bytes, sender: str, recipients: Sequence[str], message_id: str) -> Receipt:
        raise TemporaryDeliveryError("451 réessayez plus tard", "la lettre sera présentée de nouveau")

    async def check(self) -> tuple[str, ...]:
        return ()

    async def close(self) -> None:
        return None


def run_against_a_busy_server(town: Town, now: dt.datetime) -> None:
    town.now = now
    house = town.house()
    house.__dict__["outgoing"] = Busy()
    try:
        asyncio.run(run_once(house))
    finally:
        house.close()


def test_a_letter_is_given_up_two_days_after_its_first_refusal_however_late_it_was(town: Town) -> None:
    post(town, A, "Voici le bon.", {"bc.pdf": scene.order(A, "2")})
    monday = dt.datetime(2025, 12, 22, 10, tzinfo=PARIS)  # the machine was off; the reminder was owed on the 15th
    run_against_a_busy_server(town, monday)
    run_against_a_busy_server(town, monday + dt.timedelta(hours=2))
    [reminder] = town.letters("reminder")
    assert (reminder["state"], reminder["attempts"]) == ("sending", 2)
    assert not town.letters("escalation")

    run_against_a_busy_server(town, monday + dt.timedelta(hours=49))
    reminder, *_ = town.letters("reminder")
    assert (reminder["state"], reminder["attempts"]) == ("failed", 3)
    assert [x["key"] for x in town.letters("escalation")] == [f"{reminder['key']}/undelivered"]
