"""What a mail wants, measured on mails that were kept aside, and where doubt must stay doubt."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from parsers import intents
from parsers.intents.features import words
from parsers.intents.train import corpus, digest
from parsers.mail import parse_mail

HERE = Path(__file__).parent


def mails(name: str) -> list[tuple[list[str], bool, str]]:
    found = []
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            labels, files, text = line.split("\t")
            found.append((labels.split(","), files == "f", text.replace("/", "\n")))
    return found


@pytest.mark.parametrize("name", ["intents_held_out.tsv", "intents_development.tsv"])
def test_first_intent_and_precision(name: str):
    right, given, first = Counter[str](), Counter[str](), 0
    missed = []
    held = mails(name)
    for labels, files, text in held:
        told = intents.predict("", text, files=files, documents=files)
        given.update(told)
        right.update(x for x in told if x in labels)
        first += told[0] == labels[0]
        if told[0] != labels[0]:
            missed.append((labels, told, text))
    assert first >= 0.95 * len(held), missed
    for label in ("withdraw", "join", "second_account", "question_technical", "submit", "training"):
        assert right[label] >= 0.95 * given[label], (label, missed)
    assert right["question_commercial"] >= 0.9 * given["question_commercial"], missed


def test_the_held_out_mails_are_not_among_the_training_sentences():
    trained = {" ".join(words(text)) for text in corpus()[0]}
    held = [s for _, _, text in mails("intents_held_out.tsv") for p in intents.sentences(text) for s in p]
    assert [s for s in held if len(words(s)) > 4 and " ".join(words(s)) in trained] == []


def test_the_weights_were_trained_on_the_sentences_that_ship():
    with np.load(Path(intents.__file__).with_name("weights.npz"), allow_pickle=False) as stored:
        assert str(stored["source"]) == digest(), "run: python -m parsers.intents.train"
    assert Path(intents.__file__).with_name("weights.npz").stat().st_size < 400_000


@pytest.mark.parametrize(
    ("text", "files", "expected"),
    [
        ("", True, ("submit",)),
        ("", False, ("other",)),
        ("Bonjour,\n\nCordialement", True, ("submit",)),
        ("zxcv qwerty azertyuiop mlkjh", False, ("other",)),
        ("12 34 56", False, ("other",)),
        ("?", False, ("other",)),
        ("Nous ne souhaitons pas annuler, rassurez-vous.", False, ("other",)),
        ("Je vous souhaite de bonnes vacances.", False, ("other",)),
        ("Nous souhaitons adhérer à l'offre du groupement. Le bon de commande est joint.", True, ("submit",)),
        ("Nous vous enverrons le bon de commande la semaine prochaine.", False, ("other",)),
    ],
)
def test_doubt_stays_doubt(text: str, files: bool, expected: tuple[str, ...]):
    assert intents.predict("", text, files=files, documents=files) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Nous gardons le lot 2, merci.",
        "Nous n'annulons pas la commande.",
        "Surtout n’annulez rien.",
        "Il n'est pas question de résilier.",
        "Nous maintenons notre bon de commande.",
        "Merci de ne pas annuler notre commande.",
        "La réunion est annulée.",
        "Nous avons résilié notre contrat avec Docapost, vous pouvez ouvrir le compte.",
        "Notre ancien contrat est résilié depuis mars.",
        "Nous restons engagés sur tous les lots commandés.",
        "Nous n'avons aucunement l'intention de renoncer au lot 2.",
        "Je n'ai jamais dit que nous quittions le groupement.",
        "Il ne s'agit pas d'un désistement mais d'un simple retard.",
        "Loin de nous l'idée d'abandonner ce projet.",
        "Nous avons changé d'avis et gardons bien le lot 5.",
        "Merci d'annuler notre demande de retrait, nous restons dans le groupement.",
        "Nous revenons sur notre désistement : le conseil a finalement voté pour.",
        "Ne tenez pas compte de notre courrier de résiliation, il est sans objet.",
        "Pourquoi parlez-vous d'un retrait ? Nous n'avons rien demandé de tel.",
        # something else is called off
        "Merci d'annuler la réunion sur le lot 2.",
        "Nous devons annuler notre venue à la réunion du 4.",
        "Je souhaite ne plus figurer dans votre fichier de contacts.",
        "Le compte de Mme Blanc, partie en retraite, peut être supprimé.",
        "Vous pouvez clore le ticket, l'incident est réglé.",
        "Nous confirmons notre participation au lot 3.",
        "Peut-on retirer un acte du parapheur une fois envoyé ?",
        "La facture d'avril doit être annulée, elle fait doublon.",
        "Nous abandonnons le papier, enfin.",
        # supposed, not wanted
        "Que risque-t-on si on quitte le marché avant la fin ?",
        "Si le maire ne signait pas, nous serions obligés d'annuler.",
    ],
)
def test_the_contrary_of_leaving_is_not_leaving(text: str):
    assert "withdraw" not in intents.predict("", text)


@pytest.mark.parametrize(
    "text",
    [
        "Nous gardons le lot 2 mais annulons le lot 3.",
        "On maintient la commande du lot 2 et on se retire du lot 3.",
        "Nous n'avons pas pu obtenir les crédits et devons annuler la commande.",
        "Le conseil n'a pas souhaité poursuivre et nous devons renoncer au lot 2.",
        "Après la réunion d'hier, le bureau a décidé de retirer notre syndicat du groupement.",
        "Suite à la réunion du bureau, nous annulons tout.",
        "Comme vous l'indiquez dans votre mail, nous souhaitons annuler notre engagement.",
        "Si vous pouviez annuler notre commande, ce serait parfait.",
        "Nous annulons la convocation électronique.",
        "Nous avons opté pour une autre solution, merci de clôturer notre dossier.",
    ],
)
def test_leaving_stays_leaving_whatever_else_is_denied_or_kept(text: str):
    assert intents.predict("", text) == ("withdraw",)


@pytest.mark.parametrize(
    "text",
    [
        "Nous avons besoin d'une attestation disant que nous sommes membres du groupement.",
        "Notre commune fait déjà partie du groupement.",
        "La maintenance est-elle incluse dans l'abonnement ?",
    ],
)
def test_who_is_in_already_does_not_join(text: str):
    assert "join" not in intents.predict("", text)


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("withdraw", "Nous ne sommes plus demandeurs du service de convocation."),
        ("withdraw", "L'intercommunalité ayant repris la compétence, l'abonnement du lot 2 est à supprimer."),
        ("question_commercial", "Peut-on prendre seulement la télétransmission sans le parapheur ?"),
        ("question_commercial", "J'aimerais connaître les modalités de règlement."),
        ("question_technical", "Les actes restent au statut « en cours » depuis trois jours."),
        ("question_technical", "Je n'ai plus accès à mon espace."),
        ("join", "Est-ce qu'une école primaire privée peut prendre part à vos marchés ?"),
        ("training", "Je débute, existe-t-il un support ?"),
    ],
)
def test_rarer_words_for_a_wish(label: str, text: str):
    assert intents.predict("", text) == (label,)


@pytest.mark.parametrize(
    "text",
    [
        "Pouvez-vous nous rejoindre en visio mardi ?",
        "Je n'arrive pas à joindre votre service.",
        "Merci de me rejoindre par téléphone au 01 02 03 04 05.",
        "Je ne pourrai pas rejoindre la visio sur le marché.",
        "Deux agents souhaitent assister à la réunion de lancement, est-ce ouvert à tous ?",
    ],
)
def test_to_join_a_meeting_or_a_person_is_not_to_join(text: str):
    assert "join" not in intents.predict("", text)


def below(sender: str) -> str:
    head = f"\n\nDe : Quelqu'un <{sender}>\nEnvoyé : mardi 1 septembre 2026 10:00\nÀ : c@x.fr\nObjet : lot 2\n\n"
    return head + "Nous souhaitons annuler la commande du lot 2.\n"


@pytest.mark.parametrize(
    ("subject", "own", "sender", "expected"),
    [
        ("TR: lot 2", "Bonjour,", "maire@x.fr", "withdraw"),
        ("TR: lot 2", "Ci-dessous le mail de notre maire.", "maire@x.fr", "withdraw"),
        ("Fwd: lot 2", "Je vous fais suivre, merci de faire le nécessaire.", "maire@x.fr", "withdraw"),
        ("RE: lot 2", "Ci-dessous le mail de notre maire.", "maire@x.fr", "other"),
        ("TR: lot 2", "Que pensez-vous de la réponse du prestataire ci-dessous ?", "info@y.fr", "other"),
        ("TR: lot 2", "Bonjour,", "groupe@us.fr", "other"),  # our own letter, sent back to us
    ],
)
def test_who_only_hands_a_message_on_wants_what_it_says(subject: str, own: str, sender: str, expected: str):
    head = f"From: a@x.fr\r\nTo: groupe@us.fr\r\nSubject: {subject}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    assert parse_mail((head + own + below(sender)).encode()).mail.intents == (expected,)


def test_a_meeting_that_is_called_off_by_a_calendar_is_no_order_called_off():
    data = (
        b"From: a@x.fr\r\nSubject: Annulation : point sur la commande du lot 2\r\nContent-Type: multipart/alternative; "
        b"boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n\r\n--b\r\nContent-Type: text/calendar; "
        b"method=CANCEL\r\n\r\nBEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n--b--\r\n"
    )
    assert parse_mail(data).mail.intents == ("other",)
    assert parse_mail(data.replace(b"text/calendar", b"text/x-amp-html")).mail.intents == ("withdraw",)


def test_an_order_called_off_is_not_sent():
    text = "Nous renonçons à la commande ci-dessous.\n\nVoici le bon de commande n° 12 pour le lot 2."
    assert intents.predict("", text) == ("withdraw",)
    assert intents.predict("", text, files=True, documents=True) == ("submit", "withdraw")


@pytest.mark.parametrize(
    "text", ["Bien noté pour la date de la formation.", "Le problème de connexion est résolu, merci."]
)
def test_what_is_settled_or_noted_asks_for_nothing(text: str):
    assert intents.predict("", text) == ("other",)


@pytest.mark.parametrize(
    "row", ["Total HT 180,00 €", "Formation à distance : 2 x 150,00 € HT = 300,00 €", "TVA 20 % 36,00"]
)
def test_a_row_wants_nothing_by_itself(row: str):
    assert intents.predict("", row) == ("other",)
    assert intents.predict("", f"Merci d'annuler notre commande :\n\n{row}\n{row}") == ("withdraw",)


@pytest.mark.parametrize(
    "text",
    [
        "Merci d'annuler notre bon d'hier et de le remplacer par le bon ci-joint.",
        "Le premier exemplaire est faux, veuillez annuler et prendre en compte la version corrigée.",
        "Annule et remplace la commande du 4 mai.",
    ],
)
def test_an_order_put_right_is_an_order_still(text: str):
    assert intents.predict("", text, files=True, documents=True) == ("submit",)


def test_who_names_no_paper_and_sends_nothing_submits_nothing():
    text = "En télétravail ce jour. Pour le lot 3, tout est bon de notre côté."
    assert intents.predict("", text) == ("other",)


def test_a_software_replaced_elsewhere_still_ends_the_order():
    text = "Merci d'annuler notre commande, le logiciel sera remplacé par un outil de la région."
    assert intents.predict("", text) == ("withdraw",)


@pytest.mark.parametrize(
    "text",
    [
        "La fiche doit être signée mardi par notre présidente et je vous l'adresse dans la foulée.",
        "Une fois le dossier signé, nous vous le ferons suivre.",
        "Mauvais destinataire, ignorez mon courriel précédent.",
    ],
)
def test_a_promise_sends_nothing(text: str):
    assert intents.predict("", text) == ("other",)


def test_the_rows_of_an_order_ask_for_no_price():
    text = "Voici notre commande :\n- Parapheur : 2 x 120,00 € HT = 240,00 €\nTotal HT : 240,00 €\nTotal TTC : 288,00 €"
    assert "question_commercial" not in intents.predict("", text, files=True, documents=True)


def test_a_statement_is_no_question_unless_it_is_clear():
    text = "Le second fichier est la version du contrat que j'ai relue."
    assert intents.predict("", text, files=True, documents=True) == ("submit",)


def test_to_take_part_in_a_training_is_not_to_join():
    text = "Y a-t-il encore une visioconférence sur le parapheur ? Deux agents aimeraient y participer."
    assert intents.predict("", text) == ("training",)


def test_a_screenshot_belongs_to_its_question_and_a_document_is_filed_all_the_same():
    text = "Le site affiche une erreur quand je veux me connecter, que faire ?"
    assert intents.predict("", text, files=True, documents=False) == ("question_technical",)
    assert intents.predict("", text, files=True, documents=True) == ("question_technical", "submit")


def test_a_new_mail_s_subject_speaks_where_the_body_is_silent_and_a_reply_s_does_not():
    assert intents.predict("Résiliation de notre abonnement", "Bonjour,\n\nCordialement") == ("withdraw",)
    assert intents.predict("RE: Résiliation de notre abonnement", "Bonjour,\n\nCordialement") == ("other",)


def test_a_bare_forward_lets_the_forwarded_words_speak():
    told = intents.predict("TR: lot 2", "", forwarded="Pouvez-vous annuler notre commande ?")
    assert told == ("withdraw",)


def test_our_own_letter_below_an_empty_reply_counts_for_nothing():
    letter = "De : Groupement <g@example.org>\nEnvoyé : lundi\nObjet : D\n\nVous souhaitez annuler votre commande ?"
    text = f"From: a@x.fr\r\nSubject: RE: Votre dossier\r\n\r\nBonjour,\n\n{letter}"
    assert parse_mail(text.encode()).mail.intents == ("other",)


def test_sentences_are_not_cut_at_abbreviations():
    assert intents.sentences("M. Martin a signé. Voici le bon n° 12.\n\nMerci") == [
        ["M. Martin a signé.", "Voici le bon n° 12."],
        ["Merci"],
    ]


def test_only_a_person_s_mail_has_intents():
    assert parse_mail(b"From: a@x.fr\r\nList-Id: <x>\r\n\r\nVoulez-vous annuler ?").mail.intents == ()
    assert parse_mail("From: a@x.fr\r\n\r\nNous souhaitons résilier le contrat.".encode()).mail.intents == ("withdraw",)


def test_prediction_needs_no_scikit_learn_and_reading_loads_no_weights_unasked():
    code = (
        "import sys\n"
        "from parsers.mail import parse_mail\n"
        "parse_mail(b'From: a@x.fr\\r\\nPrecedence: bulk\\r\\n\\r\\nBonjour')\n"
        "assert 'parsers.intents' not in sys.modules\n"
        "parse_mail(b'From: a@x.fr\\r\\n\\r\\nVoici le bon')\n"
        "assert 'sklearn' not in sys.modules and 'scipy' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=HERE.parent.parent, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "text", ["1,00 " + "ht." * 3000 + "x", "1,00" + " " * 11_000 + "x", "nous n'annulons pas " + "mais " * 2000]
)
def test_what_is_made_to_take_long_takes_no_time(text: str):
    began = time.perf_counter()
    intents.predict("", text)
    assert time.perf_counter() - began < 3
