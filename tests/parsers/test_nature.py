# ruff: noqa: E501  (mails and reports stand as they came, one a line)
"""Who wrote a mail: headers first, words only where programs send none."""

from __future__ import annotations

import pytest

from parsers.mail import parse_mail

PERSON = "Bonjour,\n\nVoici notre bon de commande signé.\n\nCordialement"


def nature(*lines: str, body: str = PERSON, sender: str = "lea@example.org", subject: str = "Dossier") -> str:
    return parse_mail("\r\n".join([f"From: {sender}", f"Subject: {subject}", *lines, "", body]).encode()).mail.nature


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Auto-Submitted: no", "message"),
        ("Auto-Submitted: auto-replied", "auto_reply"),
        ("Auto-Submitted: auto-replied (vacation)", "auto_reply"),
        ("Auto-Submitted: auto-generated", "auto_reply"),
        ("X-Autoreply: yes", "auto_reply"),
        ("Precedence: auto_reply", "auto_reply"),
        ("X-Auto-Response-Suppress: All", "message"),  # Outlook writes it on its users' own mails
        ("Precedence: first-class", "message"),
        ("Precedence: bulk", "bulk"),
        ("Precedence: list", "bulk"),
        ("List-Id: <gestionnaires.example.org>", "bulk"),
        ("List-Unsubscribe: <https://example.org/u>", "bulk"),
        ("X-MS-Has-Attach: yes", "message"),
        ("Return-Path: <>", "message"),
    ],
)
def test_headers(line: str, expected: str):
    assert nature(line) == expected


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Réponse automatique : Dossier", "Merci de votre message."),
        ("Automatic reply: Dossier", "I am away."),
        ("Absence", "Je serai absent du 3 au 7 novembre. Pendant mon absence, contactez M. Roux au 01 02 03 04 05."),
        (
            "Re: Dossier",
            "Bonjour,\n\nJe suis absente jusqu'au lundi 12 janvier inclus.\nEn cas d'urgence, contactez accueil@example.org.\n\nCordialement,\nLéa",
        ),
        ("Re: Dossier", "Actuellement en arrêt maladie, je ne peux vous répondre. Merci de contacter le secrétariat."),
        (
            "Re: Dossier",
            "L'établissement est fermé pour les vacances scolaires. Votre message sera traité à la réouverture. Pour toute urgence : 03 83 00 00 00.",
        ),
        ("Re: Dossier", "Ce message a été envoyé automatiquement. Votre demande sera traitée sous 48 heures."),
        ("Re: Dossier", "Votre demande a bien été enregistrée et sera traitée dans les meilleurs délais."),
        ("Congés", "En congés jusqu'au 25 août, je répondrai à mon retour."),
        ("Absence", "Bonjour, je suis actuellement absente et serai de retour le 12 mai. Cordialement"),
        (
            "Re: Dossier",
            "Bonjour,\n\nJe suis en congé du 14 au 28 juillet 2026. Votre message ne sera ni lu ni transféré. Pour toute urgence, merci de vous adresser à secretariat@mairie-x.fr.\n\nBien cordialement",
        ),
        ("Réponse automatique : RE: Dossier", "Merci de contacter le standard."),
        ("Out of office", "I am out of the office until Monday."),
        (
            "Re: Votre commande",
            "Votre courriel a bien été reçu. Il sera traité dans les meilleurs délais par nos services. Merci de ne pas répondre à ce message.",
        ),
        (
            "Congés annuels",
            "Je suis absent jusqu'au 31/08 inclus et prendrai connaissance de vos messages à mon retour.",
        ),
        ("[Absent] Re: Dossier", "En congé maternité jusqu'au 1er octobre. Mme Roy assure mon remplacement : roy@x.fr"),
        (
            "Re: Relance",
            "Étant en arrêt maladie, je ne suis pas en mesure de vous répondre. Merci de vous rapprocher de l'accueil de la mairie au 01 02 03 04 05.",
        ),
        (
            "Re: Relance",
            "Le secrétariat du collège est fermé pendant les vacances scolaires, du 20 décembre au 5 janvier. Une permanence est assurée le mardi.",
        ),
        ("Absente du bureau", "Je serai de retour lundi."),
        (
            "Re: Dossier",
            "Bonjour, je suis en déplacement cette semaine avec un accès limité à ma messagerie. En cas d'urgence appelez le 06 01 02 03 04.",
        ),
        (
            "Re: Dossier",
            "Je ne suis plus en poste à la mairie de X depuis le 1er mars. Merci d'adresser vos messages à accueil@mairie-x.fr.",
        ),
        (
            "Re: Dossier",
            "Bonjour,\nVous avez adressé un message à la mairie de X. Nous en accusons réception. Ce courriel est envoyé automatiquement, merci de ne pas y répondre.",
        ),
        ("Accusé de réception automatique", "Votre demande est enregistrée sous le numéro 4521."),
        ("Réponse automatique", "Je suis en télétravail aujourd'hui, vous pouvez me joindre par mail."),
        ("Automatische Antwort: Dossier", "Ich bin nicht da."),
        ("Message d'absence : RE: dossier", "Bonjour je suis absent."),
        ("Re: Dossier", "Bonjour,\n\nJe suis absent(e) ce jour. Merci de votre compréhension."),
        ("Re: Dossier", "Bonjour\nAbsente du 3 au 14 mars, je traiterai votre message à mon retour.\nBelle journée"),
        ("Indisponible", "Je suis actuellement indisponible."),
        ("Re: Fiche", "I am currently out of the office until May 4. For urgent matters please contact the town hall."),
        (
            "Demande 118 enregistrée",
            "Votre demande a été prise en compte sous le numéro 118. Merci de ne pas répondre à ce message.",
        ),
        ("Re: Fiche", "Je suis absente jusqu'à lundi, je vous réponds dès mon retour."),
        # left for good, or an address that nobody looks into
        (
            "Re: Fiche",
            "En raison de mon départ en retraite, cette adresse n'est plus consultée. Merci d'adresser vos messages à rh@x.fr.",
        ),
        ("Re: Fiche", "Cette boîte n'est plus relevée depuis le 1er juillet, écrivez-nous à mairie@x.fr"),
        (
            "Re: Fiche",
            "J'ai changé de service depuis le 1er mars. Pour toute demande relative aux achats, contactez Mme Roche : roche@x.fr.",
        ),
        # there on some days alone, back on a day
        (
            "Re: Fiche",
            "Je travaille à mi-temps et ne suis présente que le lundi et le mardi. Je répondrai à votre message à mon retour.",
        ),
        ("Congés d'été", "Le secrétariat du collège rouvrira le 23 août. Bonnes vacances à tous."),
        ("Re: Fiche", "Retour au bureau le 12/10. Pas d'accès à ma messagerie d'ici là."),
        # papers are named only to say who deals with them
        (
            "RE: Relance : pièces manquantes",
            "Merci pour votre message. Je suis absente du 12 au 23 octobre. Pour toute commande, contrat ou convention, contactez ma collègue Anne.",
        ),
        # portals and tickets
        (
            "Re: Fiche",
            "Votre courriel nous est bien parvenu. La mairie est ouverte de 9 h à 12 h. Une réponse vous sera apportée sous dix jours.",
        ),
        ("Ticket #20931 : Fiche", "Votre ticket a été créé. Numéro : 20931. Notre équipe informatique vous répondra."),
        (
            "Votre demande 118",
            "Votre courriel a été réceptionné par la mairie. Référence : 118. Délai de traitement : 8 jours.",
        ),
        ("[#4432] Fiche", "Nous avons bien reçu votre sollicitation et lui avons attribué la référence 4432."),
        # filters that ask who writes or hold a mail back, receipts
        (
            "Validation de votre adresse",
            "Afin de lutter contre le spam, merci de confirmer que vous êtes bien l'auteur du message : cliquez ici https://x.fr.",
        ),
        (
            "Message mis en quarantaine",
            "Votre message destiné à c@x.fr est retenu en quarantaine. Le destinataire en a été informé.",
        ),
        ("Confirmation de lecture : Fiche", "Ceci est un accusé de lecture pour le courriel que vous avez envoyé."),
    ],
)
def test_absence_notices_without_headers(subject: str, body: str):
    assert nature(subject=subject, body=body) == "auto_reply"


AWAY = [
    "Je ne travaille plus à la mairie de X. Mme Petit vous répondra : petit@x.fr",
    "Mme Petit assure l'intérim pendant mon absence. Vos messages ne sont pas relevés.",
    "Je ne suis pas au bureau cette semaine. Ma collègue répondra à vos demandes.",
    "Depuis la rentrée j'exerce dans un autre établissement. Merci d'adresser vos demandes au secrétariat.",
    "La mairie a bien reçu votre message et vous répondra prochainement. Merci de votre confiance.",
    "Un agent traitera votre demande sous cinq jours. Merci de votre patience.",
    "L'accueil reprendra lundi à 8 h. Vos messages seront traités à la reprise.",
    "Je prends quelques jours de congés, je lirai vos messages à la rentrée.",
]


@pytest.mark.parametrize("body", AWAY)
def test_each_sentence_sounds_like_a_program(body: str):
    assert nature(subject="Re: Fiche", body=body) == "auto_reply"
    for more in ("Le maire préfère garder le lot 2.", "Nous annulons tout."):
        assert nature(subject="Re: Fiche", body=f"{body} {more}") == "message"


def test_who_answers_an_absence_notice_is_a_person():
    subject = "RE: Réponse automatique : Fiche"
    assert nature(subject=subject, body="Merci. Nous annulons la commande du lot 2.") == "message"
    assert nature(subject=subject, body="À qui écrire alors ?") == "message"
    assert nature(subject=subject, body="Je suis absente.") == "auto_reply"


@pytest.mark.parametrize(
    "body",
    [
        "Je suis absente demain : appelez plutôt ma collègue pour le rendez-vous de mise en service.\n\nCordialement,\nLéa Roy\nMairie de X\n01 02 03 04 05",
        "Je ne suis pas au bureau cette semaine, le bon sera signé lundi.",
        "Nous vous répondrons après le conseil.",
        "Ma collègue répondra à votre question sur les prix.",
        "Votre demande a été transmise au maire, il signera lundi.",
        "Nous attendons la reprise pour signer.",
        "rouvrir CIG-5-0001",  # a coordinator's orders
        "clore : double saisie",
        "retirer CIG-2-0042 : la commune renonce",
        "Clore le dossier.",
        "refuser, pas de réponse depuis mars",
        "Je suis d'accord, voyez avec le secrétariat.",
        "Vous pouvez écrire à Mme Petit, elle suit le dossier du lot 2.",
    ],
)
def test_a_person_who_answers_shortly_is_a_person(body: str):
    assert nature(subject="Re: Fiche", body=body) == "message"


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Dossier", "Bonjour, le maire est absent jusqu'à lundi, il signera la convention à son retour. Cordialement"),
        (
            "Absence de réponse",
            "Bonjour, nous n'avons pas eu de réponse à notre question sur le lot 2. Pouvez-vous nous aider ?",
        ),
        ("Re: Relance", "Je suis en congés la semaine prochaine, pourriez-vous repousser l'appel au 12 ?"),
        (
            "Dossier",
            "Merci de contacter notre adjointe Mme Roy pour la suite, elle reprend le dossier de télétransmission.",
        ),
        (
            "Re: Relance",
            "Bonjour, je rentre de congés et je découvre votre message. Nous souhaitons annuler la commande.",
        ),
        ("Formation", "Je suis en formation lundi, je ne pourrai pas suivre le webinaire. Y aura-t-il un replay ?"),
        ("Congés", "Bonjour, quels sont vos jours de fermeture pour congés en août ?"),
        (
            "Re: Dossier",
            "Nous avons bien reçu votre message et vous en remercions. Le bon vous sera adressé dans les meilleurs délais.",
        ),
        ("Compte", "Le compte de M. Roy, absent jusqu'en juin, doit être transféré à son remplaçant : comment faire ?"),
        (
            "Ouverture du compte",
            "Le compte de la commune de X est ouvert depuis ce matin. Nous avons contacté la secrétaire.",
        ),
        ("Rendez-vous", "Sans réponse au téléphone, nous proposons un rendez-vous mardi à 10 h."),
        ("Désabonnement", "Bonjour, nous voulons nous désabonner du service de signature."),
        ("Résiliation", "Nous ne souhaitons plus recevoir cette prestation, merci de l'arrêter."),
        ("Re: Lettre", "Si vous ne souhaitez plus nous compter parmi vos adhérents, dites-le nous !"),
        (
            "Re: Relance",
            "Je serai absente demain mais vous pouvez joindre ma collègue au 01 02 03 04 05, elle a le bon de commande signé.",
        ),
        ("TR: info", "Je vous transmets l'information, voyez avec le standard en cas d'urgence."),
        ("Fermeture", "Notre collège sera fermé définitivement en juillet : que devient notre contrat ?"),
        ("Re: Dossier", "Ok merci."),
        (
            "Absence M. Martin",
            "M. Martin étant absent pour longtemps, je reprends le dossier. Quelles pièces manquent ?",
        ),
        ("Information", "La mairie sera fermée du 24 décembre au 2 janvier."),
        ("Re: Fiche", "Bonjour, je suis actuellement en déplacement, mais oui c'est la bonne adresse."),
        ("Re: Fiche", "Je suis en formation aujourd'hui, je vous rappelle jeudi matin."),
        ("Absence de M. le maire", "M. le maire est absent jusqu'au 15, la signature se fera à son retour."),
        ("Re: Fiche", "Votre message a bien été reçu. La fiche est entre les mains du maire, qui la signera vendredi."),
        ("Ticket", "Dematis m'a ouvert le ticket 20931 mais personne ne répond."),
        (
            "Départ",
            "Bonjour, je quitte mes fonctions le 30 septembre et tenais à vous remercier. Mon successeur sera M. Petit.",
        ),
        (
            "Message d'erreur",
            "Le message que je voulais envoyer à Dematis n'a pas été remis, l'adresse semble inconnue.",
        ),
        (
            "Re: Fiche",
            "Votre message précédent n'avait pas été distribué car notre boîte était pleine. Voilà qui est réglé.",
        ),
    ],
)
def test_people_who_speak_of_absence_or_leaving_are_people(subject: str, body: str):
    assert nature(subject=subject, body=body) == "message"


@pytest.mark.parametrize(
    "body",
    [
        "Bonjour,\n\nJe serai absente la semaine prochaine : pouvez-vous m'envoyer le bon avant vendredi ? En cas d'urgence, contactez ma collègue.",
        "Bonjour,\n\nVoici le bon. Je serai en congés à partir de lundi, vous pouvez contacter M. Roux pour la suite du dossier de télétransmission.",
        "J'ai bien reçu votre réponse automatique, mais personne ne m'a rappelé depuis.",
        "Comment se désabonner de la solution que nous avions auparavant ?",
        "Nous avons bien reçu votre commande et la traiterons dans les meilleurs délais, l'ouverture du compte est prévue le 12.",
        "Le directeur est en formation, il signera lundi.",
    ],
)
def test_people_are_not_taken_for_machines(body: str):
    assert nature(body=body) == "message"


def test_a_vacation_program_that_sends_bulk_precedence():
    body = "Je suis absent jusqu'au 12 janvier. En cas d'urgence, contactez l'accueil."
    assert nature("Precedence: bulk", body=body, subject="Re: Dossier") == "auto_reply"


@pytest.mark.parametrize(
    "body",
    [
        "Nos fauteuils à -30 % !\n\nSe désinscrire",
        "L'actualité des marchés.\n\nSi vous ne souhaitez plus recevoir cette lettre, cliquez ici pour vous désabonner.",
        "Pour vous désinscrire de cette liste : https://example.org/u",
        "Au sommaire ce mois-ci.\n\nPour vous désabonner, suivez ce lien.",
        "Lettre d'information n° 12.\n\nVous recevez ce message parce que vous êtes abonné à la lettre du ministère.",
        "Douze avis pour vous.\n\nModifier mes alertes | Se désabonner",
        "Imprimantes à -40 %.\n\nVous pouvez vous opposer à recevoir nos sollicitations en répondant à ce mail.",
    ],
)
def test_newsletters_without_headers(body: str):
    assert nature(body=body, sender="lettre@example.org") == "bulk"


def report(action: str, *, status: str = "5.1.1", kind: str = "delivery-status", copy: str = "") -> bytes:
    return (
        "From: MAILER-DAEMON@mx.example.org\r\nReturn-Path: <>\r\nSubject: Undelivered\r\nAuto-Submitted: auto-replied\r\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n"
        f"Final-Recipient: rfc822; Lea@Example.org\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
        f"Original-Recipient: rfc822;paul@example.org\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
        + (
            copy
            or "--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <letter1@us>\r\nSubject: x\r\n\r\nBonjour\r\n"
        )
        + "--b--\r\n"
    ).encode()


@pytest.mark.parametrize(
    ("action", "permanent"), [("failed", True), ("Failed", True), ("delayed", False), ("delayed (will retry)", False)]
)
def test_a_delivery_report_names_letter_and_addresses(action: str, permanent: bool):
    p = parse_mail(report(action))
    m = p.mail
    assert (m.nature, m.bounce_permanent) == ("bounce", permanent)
    assert m.bounced == ("<letter1@us>",)
    assert m.bounced_recipients == ("lea@example.org", "paul@example.org")
    assert p.leaves == ()


def test_headers_alone_of_the_letter_and_a_receipt():
    m = parse_mail(
        report(
            "failed",
            copy="--b\r\nContent-Type: text/rfc822-headers\r\n\r\nFrom: us@us\r\nMessage-ID: <letter2@us>\r\n\r\n",
        )
    ).mail
    assert m.bounced == ("<letter2@us>",)
    assert parse_mail(report("delivered", status="2.0.0")).mail.nature == "auto_reply"


def test_a_report_without_sender():
    data = report("failed").replace(b"From: MAILER-DAEMON@mx.example.org\r\n", b"")
    assert parse_mail(data).mail.nature == "bounce"


def test_old_reports_in_words():
    qmail = (
        b"From: MAILER-DAEMON@mx.example.org\r\nReturn-Path: <>\r\nSubject: failure notice\r\n\r\n"
        b"Hi. This is the qmail-send program at mx.example.org.\nI'm afraid I wasn't able to deliver your message to the "
        b"following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        b"<lea@example.org>:\n550 no such user\n\n--- Below this line is a copy of the message.\n\n"
        b"Return-Path: <us@us>\nMessage-ID: <letter3@us>\nSubject: x\n"
    )
    m = parse_mail(qmail).mail
    assert (m.nature, m.bounced, m.bounced_recipients) == ("bounce", ("<letter3@us>",), ("lea@example.org",))
    french = "From: postmaster@example.org\r\nSubject: Échec de la remise\r\nIn-Reply-To: <letter4@us>\r\n\r\nAdresse introuvable.".encode()
    m = parse_mail(french).mail
    assert (m.nature, m.bounced) == ("bounce", ("<letter4@us>",))


@pytest.mark.parametrize(
    ("sender", "line", "subject", "body"),
    [
        ("postmaster@x.fr", "X-A: b", "Message non livré", "Le message n'a pas pu être livré : adresse inexistante."),
        ("mailer-daemon@x.fr", "X-A: b", "Retour : Fiche", "Utilisateur inexistant : c@x.fr"),
        ("MAILER-DAEMON@x.fr", "X-A: b", "Destinataire inconnu", "Nous n'avons pas pu remettre votre message à c@x.fr."),
        ("acces@x.fr", "Return-Path: <>", "Votre message", "Le serveur distant a refusé le message : 550 5.7.1 policy."),
        ("filtre@x.fr", "Auto-Submitted: auto-generated", "Message bloqué", "Votre message a été bloqué par notre passerelle (.zip). Il n'a pas été délivré."),
        ("postmaster@x.fr", "X-A: b", "Refus", "Le courrier envoyé à c@x.fr a été refusé par notre serveur (taille dépassée)."),
        ("postmaster@x.fr", "X-A: b", "Retard de distribution", "Votre courriel n'est toujours pas parvenu à c@x.fr."),
        ("noreply@x.fr", "Auto-Submitted: auto-replied", "Re: Fiche", "Votre message n'a pas été remis car la boîte est pleine."),
        ("administrateur@x.fr", "X-A: b", "Non distribuable : Fiche", "Votre message n'a pas atteint certains destinataires : impossible de joindre le(s) destinataire(s) suivant(s)."),
    ],
)  # fmt: skip
def test_failures_told_in_words(sender: str, line: str, subject: str, body: str):
    assert nature(line, sender=sender, subject=subject, body=body) == "bounce"


def test_who_has_left_answers_and_does_not_bounce():
    body = "L'adresse c@x.fr n'existe plus, merci d'écrire à accueil@x.fr."
    assert nature("Auto-Submitted: auto-replied", subject="Re: Fiche", body=body) == "auto_reply"


def test_a_person_who_forwards_a_bounce_is_a_person():
    inner = report("failed").replace(b"--b", b"--c").replace(b'"b"', b'"c"')
    data = (
        b"From: lea@example.org\r\nSubject: TR: Undelivered\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n"
        b"--outer\r\nContent-Type: text/plain\r\n\r\nVotre message ne m'arrive pas, pourquoi ?\r\n"
        b"--outer\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--outer--\r\n"
    )
    assert parse_mail(data).mail.nature == "message"


def test_a_read_receipt_is_automatic():
    data = (
        b"From: lea@example.org\r\nSubject: Lu : Dossier\r\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nLu.\r\n--b\r\nContent-Type: message/disposition-notification\r\n\r\nDisposition: x\r\n--b--\r\n"
    )
    assert parse_mail(data).mail.nature == "auto_reply"
