"""Electronic signatures: whole, trusted, changed afterwards, and dictionaries that only look like one."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.signatures import electronic, inspect

FOLDER = Path(__file__).parents[2] / "fixtures" / "signatures"
FILES = {p.stem: p.read_bytes() for p in sorted(FOLDER.glob("*.pdf"))}
ROOT = (FOLDER / "root.pem").read_bytes()
OTHER = (FOLDER / "other_root.pem").read_bytes()
VALID = FILES["valid"]


@pytest.mark.parametrize("name", FILES)
def test_every_file_of_the_register(name: str):
    state, findings = electronic(FILES[name], (ROOT,))
    expected = name.split("_")[0]
    assert state == (None if expected == "none" else f"electronic_{expected}")
    codes = {"broken": {"sig_broken"}, "untrusted": {"sig_untrusted"}}.get(expected, set())
    assert {f.code for f in findings} == codes


def test_the_register_names_every_file():
    told = set(
        re.findall(r"`((?:valid|untrusted|broken|none)\w*)`", (FOLDER / "README.md").read_text(encoding="utf-8"))
    )
    assert told - {"valid", "untrusted", "broken", "none"} == set(FILES) - {"valid", "untrusted", "none"}


def test_who_signed_and_when():
    signed = inspect(FILES["valid_two"], (ROOT,))
    assert [(s.name, s.field) for s in signed.signers] == [
        ("Léa Membre", "Signature du membre"),
        ("Paul Coordonnateur", "Signature du coordonnateur"),
    ]
    assert {s.signed_at for s in signed.signers} == {dt.datetime(2025, 10, 6, 9, 30, tzinfo=dt.UTC)}


def test_the_finding_says_who_what_and_what_to_do():
    _, (finding,) = electronic(FILES["broken_field_changed"], (ROOT,))
    assert finding.text == (
        "La signature électronique de Léa Membre n’est plus valable\u00a0: le document a été modifié après la "
        "signature (champ «\u00a0Total HT\u00a0»). Merci de renvoyer le document tel qu’il a été signé, "
        "ou de le signer à nouveau."
    )
    _, (finding,) = electronic(FILES["untrusted_out_of_date"], (ROOT,))
    assert "en cours de validité" in finding.text


def test_without_anchors_nothing_is_trusted_and_rubbish_is_no_anchor():
    assert electronic(VALID, ())[0] == "electronic_untrusted"
    assert electronic(VALID, (OTHER,))[0] == "electronic_untrusted"
    assert electronic(VALID, (b"", b"rubbish", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))[
        0
    ] == ("electronic_untrusted")
    assert electronic(VALID, (b"rubbish", OTHER + ROOT))[0] == "electronic_valid"
    assert electronic(FILES["untrusted"], (ROOT, OTHER))[0] == "electronic_valid"


def test_it_works_inside_a_running_event_loop():
    async def inside() -> str | None:
        return electronic(VALID, (ROOT,))[0]

    assert asyncio.run(inside()) == "electronic_valid"


def test_nothing_is_logged_and_loggers_are_left_as_they_were(caplog: pytest.LogCaptureFixture):
    level = logging.getLogger("pyhanko").level
    for name in ("broken_bytes", "broken_truncated", "untrusted", "broken_signature_digits"):
        electronic(FILES[name], (ROOT,))
    assert caplog.records == []
    assert logging.getLogger("pyhanko").level == level


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"/ByteRange",
        b"%PDF-1.7 /ByteRange [0 1 2 3]",
        b"%PDF-1.7\n/ByteRange" + b"\x00" * 500,
        VALID[200:],
        VALID[::-1],
    ],
)
def test_what_is_no_pdf_bears_no_signature(data: bytes):
    assert electronic(data, (ROOT,)) == (None, ())


def ranges() -> list[int]:
    found = re.search(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)", VALID)
    assert found
    return [int(x) for x in found.groups()]


@settings(max_examples=120, deadline=None)
@given(st.integers(0, len(VALID) - 1), st.integers(1, 255))
def test_no_signed_byte_can_change_unseen(at: int, mask: int):
    start, length, second, rest = ranges()
    data = VALID[:at] + bytes([VALID[at] ^ mask]) + VALID[at + 1 :]
    state, _ = electronic(data, (ROOT,))
    if start <= at < length or second <= at < second + rest:
        assert state != "electronic_valid"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(VALID)), st.binary(min_size=1, max_size=200))
def test_bytes_cut_or_added_never_raise_nor_pass(end: int, noise: bytes):
    assert electronic(VALID[:end], (ROOT,))[0] != "electronic_valid" or not VALID[end:].strip()
    added = electronic(VALID + noise, (ROOT,))[0]
    assert added == "electronic_broken" or not noise.strip(b"\x00\t\n\x0c\r ")


def test_the_signed_bytes_may_leave_out_nothing_but_the_signature():
    start, length, second, rest = ranges()
    hole = b"<4142434445> /Total (1,00)"
    wider = f"[{start} {length} {second + len(hole)} {rest}]".encode()
    data = VALID[:second] + hole + VALID[second:]
    data = re.sub(rb"\[\s*%d\s+%d\s+%d\s+%d\s*\]" % (start, length, second, rest), wider, data)
    assert electronic(data, (ROOT,))[0] != "electronic_valid"
