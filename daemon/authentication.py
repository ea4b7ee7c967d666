"""Whether a mail's `From` may be believed: DMARC, aligned DKIM or aligned SPF (RFC 7489), never the name alone.

With `[trust] authserv_id` our own server is asked: what it wrote into Authentication-Results (RFC 8601). Whoever sends
us a mail can write such a header too, so only those count that stand where our server alone can have put them. Without
it the DKIM signatures are verified here, where DNS can be had. Anything doubtful is `unknown`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import getaddresses
from typing import Any, NamedTuple

from daemon.config import Trust
from rules.records import Authenticity

log = logging.getLogger(__name__)
SIGNATURES = 5  # DKIM signatures looked at: each costs a DNS query
DNS_SECONDS = 3

Resolver = Callable[..., bytes | None]  # (name, timeout=seconds) → a TXT record's bytes, None where there is none


class Header(NamedTuple):
    """A header field as it stands, in the message's order."""

    name: str  # lower case
    value: str


def authenticity(raw: bytes, trust: Trust, resolver: Resolver | None = None) -> Authenticity:
    """`pass`: the From domain stands behind this mail; `fail`: it disowns it; `unknown`: no way to tell.

    `resolver` (see `dns_resolver`) is used only where no authserv_id is configured. Never raises.
    """
    try:
        headers = _headers(raw)
        domain = _from_domain(headers)
        if domain is None:
            return "unknown"
        if trust.authserv_id:
            return _by_results(list(_own_results(headers, trust.authserv_id)), domain)
        if resolver is not None:
            return _by_dkim(raw, headers, domain, resolver)
    except Exception:  # forged headers are made to break parsers: such a mail is not believed, and stops no other
        log.exception("authentication could not be judged", extra={"event": "authentication.failed"})
    return "unknown"


def dns_resolver(trust: Trust) -> Resolver:
    """TXT records from `[trust] resolver`, or from the system's DNS servers. Out of reach, there are none."""
    import dns.exception
    import dns.resolver

    def look_up(name: bytes | str, timeout: float = DNS_SECONDS) -> bytes | None:
        text = name.decode("ascii") if isinstance(name, bytes) else name
        try:
            asked = dns.resolver.Resolver(configure=trust.resolver is None)  # a machine may have no DNS at all
            if trust.resolver is not None:
                asked.nameservers = [trust.resolver]
            for record in asked.resolve(text, "TXT", lifetime=timeout):
                return b"".join(record.strings)
        except dns.exception.DNSException:
            return None
        return None

    return look_up


def _headers(raw: bytes) -> list[Header]:
    parsed = BytesHeaderParser(policy=compat32).parsebytes(raw)
    return [Header(name.lower(), _text(str(value))) for name, value in parsed.raw_items()]


def _text(value: str) -> str:
    """Raw 8-bit bytes, which the parser keeps as surrogates, read as UTF-8."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _from_domain(headers: Sequence[Header]) -> str | None:
    """The domain of the one address in the one From; None where there are none or several."""
    fields = [h.value for h in headers if h.name == "from"]
    if len(fields) != 1:
        return None
    addresses = [a for _, a in getaddresses([re.sub(r"\r?\n", "", fields[0])]) if a]
    return _domain(addresses[0]) if len(addresses) == 1 else None


def _domain(address: str) -> str | None:
    domain = address.rpartition("@")[2].strip().strip(".").lower()
    try:
        ascii_ = domain.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    return ascii_ if re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", ascii_) else None


def _aligned(told: str | None, domain: str) -> bool:
    """Relaxed alignment without a list of public suffixes: the same domain, or one above the other.

    Whoever signs for `gouv.fr` owns what is below it, so a parent's word is good; one label alone never is.
    """
    other = _domain(told) if told else None
    if other is None:
        return False
    return other == domain or domain.endswith(f".{other}") or other.endswith(f".{domain}")


# By our server's word


TRACE = re.compile(
    r"return-path|received|received-spf|authentication-results|arc-.*|delivered-to|x-.*|dkim-filter|dkim-signature|"
    r"envelope-to|delivery-date|domainkey-signature"
)


def _own_results(headers: Sequence[Header], authserv_id: str) -> Iterator[Any]:
    """Our server's results, parsed.

    It adds them above its own Received line (Postfix with milters, Exchange), or just below it (Gmail). Above, no
    stranger can write; below, the first counts alone, since a stranger's may follow, and only before the sender's own
    fields begin.
    """
    ours = authserv_id.lower()
    boundary = next((n for n, h in enumerate(headers) if h.name == "received" and _by(h.value) == ours), None)
    above = list(_parsed(headers[:boundary], ours)) if boundary is not None else []
    if above:
        yield from above
        return
    trace = [h for h, _ in zip(headers, _while_trace(headers), strict=False)]
    yield from list(_parsed(trace, ours))[:1]


def _by(received: str) -> str | None:
    found = re.search(r"\bby\s+([A-Za-z0-9.-]+)", received)
    return found.group(1).lower().strip(".") if found else None


def _while_trace(headers: Sequence[Header]) -> Iterator[None]:
    for header in headers:
        if not TRACE.fullmatch(header.name):
            return
        yield None


def _parsed(headers: Sequence[Header], ours: str) -> Iterator[Any]:
    import authres

    for header in headers:
        if header.name != "authentication-results":
            continue
        value = re.sub(r"\r?\n", "", header.value)
        try:
            parsed = authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {value}")
        except authres.AuthResError:
            continue  # not as the standard has it: says nothing
        if str(parsed.authserv_id).lower() == ours:
            yield parsed


def _by_results(headers: Sequence[Any], domain: str) -> Authenticity:
    results = [r for h in headers for r in h.results if hasattr(r, "method")]
    dmarc = [r.result.lower() for r in results if r.method == "dmarc" and _same(_property(r, "from"), domain)]
    if "fail" in dmarc:
        return "fail"
    if "pass" in dmarc:
        return "pass"
    dkim = [r.result.lower() for r in results if r.method == "dkim" and _aligned(_signer(r), domain)]
    spf = [r.result.lower() for r in results if r.method == "spf" and _aligned(_property(r, "mailfrom"), domain)]
    if "pass" in dkim or "pass" in spf:
        return "pass"
    return "fail" if "fail" in spf else "unknown"  # a broken DKIM signature alone proves nothing: lists break them


def _property(result: Any, name: str) -> str | None:
    return next((str(p.value) for p in result.properties if p.name == name), None)


def _signer(result: Any) -> str | None:
    return _property(result, "d") or _property(result, "i")


def _same(told: str | None, domain: str) -> bool:
    return told is not None and _domain(told) == domain


# By the signatures themselves


def _by_dkim(raw: bytes, headers: Sequence[Header], domain: str, resolver: Resolver) -> Authenticity:
    """An aligned DKIM signature over the whole body: `pass`. Anything else tells nothing."""
    import dkim

    signatures = [h.value for h in headers if h.name == "dkim-signature"][:SIGNATURES]
    for index, signature in enumerate(signatures):
        tags = dict(re.findall(r"(?:^|;)\s*([a-z]+)\s*=\s*([^;]*)", signature))
        if not _aligned(tags.get("d"), domain) or "l" in tags:  # `l`: what follows that length is anybody's
            continue
        verifier = dkim.DKIM(raw, timeout=DNS_SECONDS)
        try:
            if verifier.verify(idx=index, dnsfunc=resolver):
                return "pass"
        except dkim.DKIMException:
            continue  # malformed, expired, or its key is
    return "unknown"
