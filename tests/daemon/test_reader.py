"""The child that reads: what kills it, stops it or fills it costs a document, never the next message."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from daemon import reader as readers
from daemon.errors import ServiceUnreachable
from daemon.reader import Interrupted, Reader, writable
from fixtures import scene
from fixtures.scene import Body, siret
from parsers.records import Context, Mail, Reading

A = Body(name="Commune d’Arbois-la-Rive", siret=siret("21910031"), email="mairie@arbois.example")
B = Body(name="Commune de Boisvert", siret=siret("21910032"), email="accueil@boisvert.example")
LIMITS = Context().limits


def mail(of: Body) -> bytes:
    files = {"bc.pdf": scene.order(of, "5"), "fiche.pdf": scene.account(of, "5", yes=False)}
    return scene.mail(of, "x@example.org", "BC", "Voici.", files, message_id=f"{of.siret}@a.example")


@pytest.fixture
def reader() -> Iterator[Reader]:
    made = Reader(Context())
    yield made
    made.close()


def senders(reading: Reading) -> str | None:
    assert reading.mail is not None
    return reading.mail.from_


def test_a_store_that_fails_in_the_middle_mixes_no_two_messages() -> None:
    down = [True]

    def keep(_: bytes) -> None:
        if down.pop() if down else False:
            raise ServiceUnreachable("le dossier des pièces n’est plus là")

    reader = Reader(Context(), keep)
    try:
        with pytest.raises(ServiceUnreachable):
            reader.read(mail(A), "a.eml")
        for of in (A, B, A):
            reading = reader.read(mail(of), "mail.eml")
            assert senders(reading) == of.email
            assert {p.fields["siret"].value for p in reading.pieces} == {of.siret}
    finally:
        reader.close()


def test_a_reading_that_takes_long_can_be_given_back(reader: Reader) -> None:
    reader.read(mail(A), "a.eml")  # imports are done: what follows is the message alone
    caught: list[BaseException] = []

    def go_on() -> None:
        try:
            while True:
                reader.read(mail(B), "b.eml")
        except Interrupted as e:
            caught.append(e)

    thread = threading.Thread(target=go_on)
    thread.start()
    time.sleep(0.2)
    reader.interrupt()
    thread.join(30)
    assert not thread.is_alive()
    assert caught
    with pytest.raises(Interrupted):
        reader.read(mail(A), "a.eml")


def test_after_its_time_a_message_s_documents_are_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "MAIL", -1)  # over before it begins
    reader = Reader(Context())
    try:
        reading = reader.read(mail(A), "a.eml")
    finally:
        reader.close()
    assert senders(reading) == A.email
    assert [p.kind for p in reading.pieces] == ["other", "other"]
    assert all("trop de documents" in f.text for p in reading.pieces for f in p.findings)


def test_a_document_that_outlasts_its_reader_is_a_finding() -> None:
    reader = Reader(replace(Context(), limits=replace(LIMITS, seconds=60.0)))
    try:
        reader.read(mail(A), "a.eml")  # the child is warm
        reader.context = replace(Context(), limits=replace(LIMITS, seconds=0.0))
        with pytest.raises(readers.ReaderDied):
            reader.read(mail(B), "b.eml")
        reader.context = Context()
        assert senders(reader.read(mail(A), "a.eml")) == A.email
    finally:
        reader.close()


def test_what_no_store_takes_is_replaced() -> None:
    head = Mail(message_id="<a\x00b@c>", from_="a@b.example", subject="\ud800 objet", date=None, nature="message")
    told = writable(Reading(source="x", mail=head, pieces=()))
    assert told.mail is not None
    assert (told.mail.message_id, told.mail.subject) == ("<a\ufffdb@c>", "\ufffd objet")
    plain = Reading(source="x", mail=replace(head, message_id=None, subject="objet"), pieces=())
    assert writable(plain) is plain
