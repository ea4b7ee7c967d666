"""What must hold of the filing of any mail."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parsers.records import Field, Finding, Mail, Piece, Reading
from rules.filing import file_mail
from rules.incoming import Incoming
from rules.who import Census
from tests.rules.dossiers import CIG, LDMEMS, SCHOOL, TOWN
from tests.rules.test_filing import CCAS, FAR, OTHER_SCHOOL, T0, Shelf, open_dossier
from tests.rules.test_properties import KINDS

MEMBERS = (TOWN, CCAS, FAR, SCHOOL, OTHER_SCHOOL)
INTENTS = (
    *("submit", "question_commercial", "question_technical", "withdraw"),
    *("join", "second_account", "training", "other"),
)
SENDERS = (
    *(None, "mairie@valmont.example", "ccas@valmont.example", "x@gmail.com", "support@dematis.com"),
    *("ce.0570002b@ac-ailleurs.fr", CIG.mailbox, "contact@yousign.com", "@", "gestion@tilleuls.example"),
)
WORDS = (
    "",
    "Oui.",
    "Merci.",
    "Le compte est ouvert.",
    "Compte refusé.",
    "Quel prix ? lot 2",
    "réabonnement",
    "\x00 <b>",
)

pieces = st.builds(
    Piece,
    name=st.sampled_from(["a.pdf", "", "x.zip/y.pdf#1-2"]),
    sha256=st.just("0" * 64),
    kind=st.sampled_from(KINDS),
    group=st.sampled_from([None, None, CIG.id, LDMEMS.id]),
    lots=st.lists(st.sampled_from(["1", "2", "5", "rgs", "vote", "9"]), max_size=2, unique=True).map(tuple),
    fields=st.dictionaries(
        st.sampled_from(["siret", "uai", "member_name", "postal_code"]),
        st.sampled_from([TOWN.siret, FAR.siret, SCHOOL.uai, "CCAS de Valmont", "Commune d’Aubry", "97400", ""]).map(
            lambda v: Field(value=str(v))
        ),
    ),
    findings=st.lists(st.sampled_from([Finding(code="bad_siret", text="x"), Finding(code="password", text="y")])).map(
        tuple
    ),
)
mails = st.builds(
    Mail,
    message_id=st.sampled_from([None, "<a@b>"]),
    from_=st.sampled_from(SENDERS),
    subject=st.sampled_from(WORDS),
    body=st.sampled_from(WORDS),
    date=st.none(),
    nature=st.sampled_from(["message", "message", "message", "auto_reply", "bounce", "bulk"]),
    intents=st.lists(st.sampled_from(INTENTS), max_size=3, unique=True).map(tuple),
    quoted_refs=st.lists(st.sampled_from(["CIG-2-0001", "LDMEMS-RGS-0001", "X-1"]), max_size=2).map(tuple),
)
shelves = st.lists(
    st.sampled_from(
        [
            open_dossier("2", state="forwarded"),
            open_dossier("1", asked=("already_customer",)),
            open_dossier("rgs", SCHOOL, owed=("legal_commitment",)),
            open_dossier("5", FAR),
        ]
    ),
    unique_by=lambda d: d.ref,
).map(lambda d: Shelf(tuple(d)))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    mails,
    st.lists(pieces, max_size=3).map(tuple),
    shelves,
    st.sampled_from([CIG, LDMEMS]),
    st.sampled_from(["pass", "fail", "unknown"]),
    st.lists(st.just("CIG-2-0001"), max_size=1).map(tuple),
    st.sampled_from([MEMBERS, ()]),
)
def test_any_mail_is_filed_whole(mail, found, shelf, group, authenticity, threads, members) -> None:  # type: ignore[no-untyped-def]
    own = Shelf(tuple(d for d in shelf.dossiers if d.ref.startswith(group.prefix)))
    reading = Reading(source="x", mail=mail, pieces=found)
    incoming = Incoming(id="7", received_at=T0, reading=reading, authenticity=authenticity, threads=threads)
    filing = file_mail(group, incoming, Census(members, group.shared_domains), own)
    keys = [x.key for x in filing.letters]
    assert len(set(keys)) == len(keys)
    assert all(k.startswith("mail/7/") for k in keys)
    json.dumps([dict(x.facts) for x in filing.letters])
    lots = {x.id for x in group.lots}
    assert all(set(p.lots) <= lots for p in filing.placements)
    if mail.nature != "message" or mail.from_ == group.mailbox:
        assert filing.folder == "Ignorés"
        assert (filing.letters, filing.placements, filing.news) == ((), (), ())
        return
    placed = {p.piece for p in filing.placements}
    assert placed | set(filing.unfiled) == set(range(len(found)))
    assert not placed & set(filing.unfiled)
    if filing.unfiled:  # a paper that no dossier takes is seen by a person
        assert any(x.to == "coordinator" for x in filing.letters) or filing.news
    if filing.news:
        assert authenticity == "pass" or threads
    for p in filing.placements:
        if authenticity == "fail":
            assert "unauthentic" in [code for code, _ in p.findings]
