"""Electronic signatures in a PDF (PAdES and what came before it), judged offline against the anchors handed in.

pyHanko checks the mathematics and the chain. Its verdict alone lets pass a form field changed in a later revision, and
bytes appended behind the last one: the signed revision is therefore compared with the file as it is.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import logging
import re
import struct
import zlib
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

from parsers import revisions
from parsers.records import Finding, Signature

_PLACEHOLDER = re.compile(rb"\A\x00*\Z")
_KNOWN_FORMATS = ("/adbe.pkcs7.detached", "/ETSI.CAdES.detached")
_KEY_USAGE = {"non_repudiation", "digital_signature"}  # French RGS certificates for persons carry one or the other


@dataclass(frozen=True, kw_only=True, slots=True)
class Signer:
    """One signature as judged."""

    name: str  # common name in the certificate; empty where there is none
    state: Signature  # electronic_valid, electronic_untrusted or electronic_broken
    field: str = ""  # signature field of the form
    signed_at: dt.datetime | None = None  # as the signer's own clock says, aware
    why: str = ""  # what is wrong, in French


@dataclass(frozen=True, kw_only=True, slots=True)
class Signed:
    """All signatures of a file. `state` is None where it bears none."""

    state: Signature | None = None
    signers: tuple[Signer, ...] = ()
    findings: tuple[Finding, ...] = ()


def electronic(data: bytes, anchors: tuple[bytes, ...]) -> tuple[Signature | None, tuple[Finding, ...]]:
    """State of a PDF's signatures and the findings for the coordinator; (None, ()) where it bears none."""
    signed = inspect(data, anchors)
    return signed.state, signed.findings


def inspect(data: bytes, anchors: tuple[bytes, ...]) -> Signed:
    """Judges every signature of a PDF; `anchors` are PEM (or DER) certificates. Never raises on bad input.

    One broken signature breaks the file; one that leads to no anchor makes it untrusted.
    """
    if b"/ByteRange" not in data:  # costs nothing, and nearly every file ends here
        return Signed()
    with _silence():
        signers = tuple(_judge_all(data, [c for a in anchors for c in certificates(a)]))
    if not signers:
        return Signed()
    states = [s.state for s in signers]
    state: Signature = next((s for s in _WORST if s in states), "electronic_valid")
    return Signed(state=state, signers=signers, findings=tuple(_finding(s) for s in signers if s.why))


_WORST: tuple[Signature, ...] = ("electronic_broken", "electronic_untrusted")


def _finding(s: Signer) -> Finding:
    who = f"La signature électronique de {s.name}" if s.name else "La signature électronique"
    if s.state == "electronic_broken":
        text = (
            f"{who} n’est plus valable\u00a0: {s.why}. "
            "Merci de renvoyer le document tel qu’il a été signé, ou de le signer à nouveau."
        )
        return Finding(code="sig_broken", text=text)
    return Finding(
        code="sig_untrusted", text=f"{who} est intacte, mais {s.why}\u00a0: à vérifier auprès du signataire."
    )


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """pyHanko and pikepdf log each odd file, with its traceback; what matters comes back as findings."""
    loggers = [logging.getLogger(n) for n in ("pyhanko", "pyhanko_certvalidator", "pikepdf")]
    before = [x.disabled for x in loggers]
    levels = [x.level for x in loggers]
    for x in loggers:
        x.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for x, disabled, level in zip(loggers, before, levels, strict=True):
            x.disabled = disabled
            x.setLevel(level)


def certificates(anchor: bytes) -> list[Any]:
    """The X.509 certificates (asn1crypto) of one PEM or DER file; empty where it holds anything else."""
    from asn1crypto import pem, x509

    try:
        blocks = [b for _, _, b in pem.unarmor(anchor, multiple=True)] if pem.detect(anchor) else [anchor]
        found = [x509.Certificate.load(block, strict=True) for block in blocks]
        for certificate in found:
            _ = certificate.subject.native  # parsed lazily: what is no certificate shows here
    except (ValueError, TypeError, KeyError):
        return []  # `check` tells the operator which file is no certificate
    return found


def _judge_all(data: bytes, roots: list[Any]) -> Iterator[Signer]:
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.fields import enumerate_sig_fields

    try:
        reader = PdfFileReader(io.BytesIO(data), strict=False)
        if reader.encrypted:
            reader.decrypt("")  # a document that opens without a password
        fields = [(n, v, r) for n, v, r in enumerate_sig_fields(reader, filled_status=True)]
    except (PdfError, *_BROKEN):
        if _has_signed_field(data):
            yield Signer(name="", state="electronic_broken", why="le fichier a été endommagé après la signature")
        return
    judged = []
    for name, value, reference in fields:
        try:
            value = value.get_object()
            if str(value.get("/Type", "/Sig")) == "/DocTimeStamp" or _PLACEHOLDER.match(_contents(value)):
                continue  # a time stamp signs for nobody; a placeholder is a signature not made
        except (PdfError, *_BROKEN):
            pass  # judged below, as broken
        judged.append(_Candidate(reader=reader, field=name, reference=reference))
    later = [c.end for c in judged]
    last = max(later, default=0)
    for c in judged:
        yield _judge(data, c, roots, last)


# What pyHanko and asn1crypto raise on forged or damaged structures, beside their own errors.
_BROKEN = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    LookupError,
    NotImplementedError,
    RecursionError,
    ArithmeticError,  # Decimal refuses a number, an integer too large
    struct.error,
    zlib.error,
    OSError,
    EOFError,
    UnicodeError,
)


def _contents(value: Any) -> bytes:
    from pyhanko.sign.validation.pdf_embedded import extract_contents

    return bytes(extract_contents(value))


class _Candidate:
    """A filled signature field, opened as far as it opens."""

    def __init__(self, *, reader: Any, field: str, reference: Any) -> None:
        from pyhanko.pdf_utils.misc import PdfError
        from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

        self.field = field
        self.signature: Any = None
        self.end = 0  # where the signed bytes end
        self.ranges: list[int] = []
        try:
            self.signature = EmbeddedPdfSignature(reader, reference.get_object(), field)
            self.ranges = [int(x) for x in self.signature.byte_range]
            self.end = self.ranges[2] + self.ranges[3]
        except (PdfError, *_BROKEN):
            self.signature = None

    @property
    def name(self) -> str:
        """The signer's name as the certificate has it."""
        try:
            native = self.signature.signer_cert.subject.native
            return " ".join(str(native.get("common_name") or native.get("organization_name") or "").split())
        except _BROKEN:
            return ""

    @property
    def format(self) -> str:
        """How the signature is written: its /SubFilter."""
        from pyhanko.pdf_utils.misc import PdfError

        try:
            return str(self.signature.sig_object.get("/SubFilter", ""))
        except (PdfError, *_BROKEN):
            return ""

    @property
    def signed_at(self) -> dt.datetime | None:
        """The time that the signer's program wrote, aware."""
        from pyhanko.pdf_utils.misc import PdfError

        try:
            found: dt.datetime | None = self.signature.self_reported_timestamp
        except (PdfError, *_BROKEN):
            return None
        return found.replace(tzinfo=dt.UTC) if found is not None and found.tzinfo is None else found

    @property
    def in_time(self) -> bool:
        """Whether the certificate was in force when it was used, as far as is known."""
        try:
            certificate = self.signature.signer_cert
            start, end = certificate.not_valid_before, certificate.not_valid_after
        except _BROKEN:
            return False
        return self.signed_at is None or bool(start <= self.signed_at <= end)


def _judge(data: bytes, c: _Candidate, roots: list[Any], last: int) -> Signer:
    def answer(state: Signature, why: str = "") -> Signer:
        return Signer(name=c.name, state=state, field=c.field, signed_at=c.signed_at, why=why)

    if c.signature is None:
        return answer("electronic_broken", "la signature elle-même est endommagée")
    if not _covers(data, c):
        return answer("electronic_broken", "elle ne couvre pas tout le document")
    if c.format not in _KNOWN_FORMATS:
        return answer("electronic_untrusted", "elle est dans un ancien format que nous ne savons pas vérifier")
    intact, trusted, allowed = _verify(c, roots)
    if not intact:
        return answer("electronic_broken", "le document a été modifié après la signature")
    changed = _changed(data, c.end, last)
    if changed:
        return answer("electronic_broken", f"le document a été modifié après la signature ({', '.join(changed[:3])})")
    if not allowed:
        return answer("electronic_broken", "le document a été modifié après la signature")
    if not trusted and not c.in_time:
        return answer("electronic_untrusted", "son certificat n’était pas en cours de validité ce jour-là")
    if not trusted:
        return answer("electronic_untrusted", "son certificat ne vient pas d’une autorité que le groupement reconnaît")
    return answer("electronic_valid")


def _covers(data: bytes, c: _Candidate) -> bool:
    """Whether the signed bytes are all from the first on, but for the signature's own digits."""
    if len(c.ranges) != 4 or min(c.ranges) < 0:
        return False
    start, length, second, rest = c.ranges
    gap = data[start + length : second]
    whole = start == 0 and second + rest <= len(data) and second >= length
    return whole and re.fullmatch(rb"<[0-9A-Fa-f\s]*>", gap) is not None


def _verify(c: _Candidate, roots: list[Any]) -> tuple[bool, bool, bool]:
    """(intact, trusted, later revisions are of the kinds that a signature allows)."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.sign.general import CMSExtractionError, UnacceptableSignerError
    from pyhanko.sign.validation import async_validate_pdf_signature
    from pyhanko.sign.validation.errors import SignatureValidationError, ValidationInfoReadingError
    from pyhanko.sign.validation.settings import KeyUsageConstraints
    from pyhanko_certvalidator import ValidationContext
    from pyhanko_certvalidator.errors import PathError

    errors = (
        PdfError,
        CMSExtractionError,
        UnacceptableSignerError,
        SignatureValidationError,
        ValidationInfoReadingError,
        PathError,
        UnsupportedAlgorithm,
    )
    try:
        certificate = c.signature.signer_cert
        # Judged as of the signing: a certificate that has expired since was good then. Without a time, its first day.
        moment = c.signed_at or certificate.not_valid_before
        context = ValidationContext(
            trust_roots=roots,
            other_certs=list(c.signature.other_embedded_certs),
            moment=moment,
            allow_fetching=False,
            revocation_mode="soft-fail",
        )
        usage = KeyUsageConstraints(key_usage=set(_KEY_USAGE))
        status = _finish(async_validate_pdf_signature(c.signature, context, key_usage_settings=usage))
        return status.intact and status.valid, status.trusted, bool(status.docmdp_ok)
    except (*errors, *_BROKEN):
        return False, False, False


def _finish(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """A coroutine's result. Offline it waits for nothing, so it needs no event loop and runs inside one as well."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    coroutine.close()
    raise ValueError("validation wanted the network")


def _changed(data: bytes, end: int, last: int) -> tuple[str, ...]:
    """What the file shows today that the bytes signed up to `end` did not; `last` is where the last signature ends."""
    tail = data[last:]
    loose = data[data.rfind(b"%%EOF") + 5 :].strip(b"\x00\t\n\x0c\r ")
    if loose or (tail.strip(b"\x00\t\n\x0c\r ") and b"startxref" not in tail):
        return ("données ajoutées à la fin du fichier",)
    if not data[end:].strip(b"\x00\t\n\x0c\r "):
        return ()
    try:
        signed = revisions.snapshot(data[:end])
        now = revisions.snapshot(data)
        if end == last:
            return revisions.changes(signed, now, may_fill=False)
        # Another one signed later: empty fields may have been filled in between, under that signature.
        closed = revisions.snapshot(data[:last])
        return revisions.changes(signed, closed, may_fill=True) + revisions.changes(closed, now, may_fill=False)
    except revisions.UnreadableError:
        return ("structure du fichier",)


def _has_signed_field(data: bytes) -> bool:
    """Whether a damaged file bears a signature at all, seen through qpdf's repairs."""
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            for item in pdf.objects:
                if (
                    isinstance(item, pikepdf.Dictionary)
                    and str(item.get("/FT", "")) == "/Sig"
                    and isinstance(item.get("/V"), pikepdf.Dictionary)
                ):
                    return not _PLACEHOLDER.match(bytes(item.V.get("/Contents", b"")))
    except (pikepdf.PdfError, pikepdf.PasswordError, *_BROKEN, RuntimeError):
        return False
    return False
