"""Letters over SMTP (RFC 5321): one connection kept open, opened again when it broke.

A letter is condemned only by what the server says of the letter itself (its sender, recipients, size or content). What
it says of us (log-in, certificate, greeting) is for the operator to mend, and the letter waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
import time
from collections.abc import Sequence

import aiosmtplib
from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from daemon.config import Outgoing as Settings
from daemon.errors import DeliveryError, PermanentDeliveryError, ServiceUnreachable, TemporaryDeliveryError
from daemon.outgoing.port import Receipt

SECONDS = 60.0  # for one command
DATA_SECONDS = 600.0  # RFC 5321 4.5.3.2.6: the server may be long over its last word
IDLE_SECONDS = 20.0  # a connection unused for longer is asked whether it is still there
OURS = (421, 432, 454, 530, 534, 535, 538)  # replies about the service or the log-in, never about the letter
ADDRESS = re.compile(r"[^\s<>\x00-\x1f\x7f]+@[^\s<>\x00-\x1f\x7f@]+")  # nothing that could end the command's line
LOST = (SMTPServerDisconnected, OSError)  # OSError holds the time-outs


class SmtpOutgoing:
    """An Outgoing on an SMTP server."""

    def __init__(self, settings: Settings, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._settings, self._url, self._idle_seconds = settings, settings.url, idle_seconds
        self.name = str(settings.url)
        self._client: aiosmtplib.SMTP | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = asyncio.Lock()
        self._used = 0.0

    async def send(
        self,
        raw: bytes,
        sender: str,
        recipients: Sequence[str],
        message_id: str,  # noqa: ARG002 - of the port; it stands in the letter already
    ) -> Receipt:
        """See the port."""
        async with self._mine():
            kept = await self._alive()
            try:
                client = await self._connected()
                try:
                    refusals = await self._envelope(client, raw, sender, recipients)
                except LOST:
                    if not kept:
                        raise
                    self._drop()  # it broke while it lay idle: nothing was sent, so start afresh
                    client = await self._connected()
                    refusals = await self._envelope(client, raw, sender, recipients)
                return Receipt(reply=await self._data(client, raw), refusals=refusals)
            except DeliveryError:
                await self._reset()
                raise
            except SMTPResponseException as e:
                if e.code < 0:  # not SMTP: what follows would be out of step
                    self._drop()
                await self._reset()
                raise self._judged(e) from e
            except ServiceUnreachable as e:
                raise TemporaryDeliveryError(e.message, e.remedy) from e
            except SMTPNotSupported as e:
                await self._reset()
                raise PermanentDeliveryError(
                    f"{self.name} : {e.message}", "écrivez à une adresse sans lettre accentuée"
                ) from e
            except (SMTPException, OSError) as e:
                self._drop()
                raise TemporaryDeliveryError(f"{self.name} : {_words(e)}", "la lettre sera présentée de nouveau") from e
            except ValueError as e:  # an address that would break the dialogue
                await self._reset()
                raise PermanentDeliveryError(f"adresse refusée ({e})", "corrigez l’adresse") from e
            except BaseException:
                self._drop()  # cancelled in the middle of a dialogue
                raise

    async def check(self) -> tuple[str, ...]:
        """See the port."""
        async with self._mine():
            await self._alive()
            client = await self._connected()
            try:
                await client.noop()
            except (SMTPException, OSError) as e:
                self._drop()
                raise self._unreachable(e) from e
            offered = [x.upper() for x in ("size", "8bitmime", "smtputf8") if client.supports_extension(x)]
            login = f", utilisateur {self._url.user}" if self._url.user else ""
            return (f"{self.name} : connexion {self._url.security}{login}, {', '.join(offered) or 'SMTP seul'}",)

    async def close(self) -> None:
        """See the port."""
        async with self._mine():
            client = self._client
            if client is not None and client.is_connected:
                transport = client.transport
                with contextlib.suppress(SMTPException, OSError):
                    await client.quit(timeout=5)
                _abort(transport)
            self._drop()

    # The connection

    def _mine(self) -> asyncio.Lock:
        """The lock, of the loop that runs. A connection of a loop that ended is of no use to this one."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._lock, self._client = loop, asyncio.Lock(), None
        return self._lock

    async def _alive(self) -> bool:
        """Whether there is a connection already; one that lay idle is asked first."""
        client = self._client
        if client is None:
            return False
        if client.is_connected and time.monotonic() - self._used > self._idle_seconds:
            with contextlib.suppress(SMTPException, OSError):
                await client.noop(timeout=10)
        if not client.is_connected:
            self._drop()
            return False
        return True

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is None:
            url = self._url
            context = None
            if url.security != "plain":
                ca = self._settings.ca_file
                context = ssl.create_default_context(cafile=None if ca is None else str(ca))
            client = aiosmtplib.SMTP(
                hostname=url.host,
                port=url.port,
                use_tls=url.security == "tls",
                start_tls=False,  # asked for below, where what goes wrong can be cleared up
                tls_context=context,
                timeout=SECONDS,
                local_hostname=socket.gethostname(),  # asking DNS for more may take seconds, and gains nothing
            )
            try:
                await client.connect()
                if url.security == "starttls":
                    await client.starttls(tls_context=context)
                if client.is_ehlo_or_helo_needed:
                    await client.ehlo()
                if url.user:
                    secret = self._settings.password
                    await client.login(url.user, secret.get_secret_value() if secret else "")
            except (SMTPException, OSError) as e:
                _hang_up(client)
                raise self._unreachable(e) from e
            except BaseException:
                _hang_up(client)
                raise
            self._client = client
        self._used = time.monotonic()
        return self._client

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            _hang_up(client)

    async def _reset(self) -> None:
        """Make the connection ready for the next letter, or let it go."""
        client = self._client
        if client is None:
            return
        try:
            await client.rset()
        except (SMTPException, OSError):
            self._drop()

    def _unreachable(self, error: Exception) -> ServiceUnreachable:
        words = _words(error)
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
            cause = cause.__cause__ or cause.__context__
        if isinstance(cause, ssl.SSLCertVerificationError):
            problem = f"certificat refusé ({cause.verify_message})"
            remedy = "écrivez le nom que porte le certificat, ou donnez ca_file"
        elif isinstance(error, SMTPAuthenticationError):
            problem, remedy = f"identifiants refusés ({words})", "vérifiez l’utilisateur et le mot de passe"
        elif isinstance(error, SMTPConnectError | OSError):
            problem, remedy = f"hors d’atteinte ({words})", "vérifiez le serveur, le port et le réseau"
        else:
            problem, remedy = f"le serveur refuse la connexion ({words})", "vérifiez la protection et le port demandés"
        return ServiceUnreachable(f"{self.name} : {problem}", remedy)

    # The dialogue

    async def _envelope(
        self, client: aiosmtplib.SMTP, raw: bytes, sender: str, recipients: Sequence[str]
    ) -> dict[str, tuple[int, str]]:
        """MAIL and RCPT; the recipients refused. Raises where all are."""
        sender = _domain_in_ascii(sender)
        addresses = {r: _domain_in_ascii(r) for r in dict.fromkeys(recipients)}
        wide = not all(a.isascii() for a in (sender, *addresses.values()))
        options = []
        if client.supports_extension("size"):
            bare = raw.count(b"\n") - raw.count(b"\r\n")  # become CRLF on the way
            options.append(f"SIZE={len(raw) + bare}")
        if not raw.isascii() and client.supports_extension("8bitmime"):
            options.append("BODY=8BITMIME")
        if wide and not client.supports_extension("smtputf8"):
            raise SMTPNotSupported("le serveur n’accepte pas d’adresse accentuée (SMTPUTF8)")
        if wide:  # never for the head's sake alone: a server further on that lacks it would send the letter back
            options.append("SMTPUTF8")
        encoding = "utf-8" if wide else "ascii"
        await client.mail(sender, options=options, encoding=encoding)
        refusals: dict[str, tuple[int, str]] = {}
        for told, address in addresses.items():
            try:
                await client.rcpt(address, encoding=encoding)
            except SMTPRecipientRefused as e:
                if e.code in OURS:
                    raise
                refusals[told] = (e.code, e.message)
        if len(refusals) == len(addresses):
            self._all_refused(refusals)
        return refusals

    @staticmethod
    def _all_refused(refusals: dict[str, tuple[int, str]]) -> None:
        code, words = next(iter(refusals.values()), (0, "aucun destinataire"))
        later = [c for c, _ in refusals.values() if c < 500]
        told = ", ".join(refusals)
        if later:
            raise TemporaryDeliveryError(
                f"{told} : remis à plus tard ({later[0]})",
                "la lettre sera présentée de nouveau",
                code=later[0],
                refusals=refusals,
            )
        raise PermanentDeliveryError(
            f"{told or 'lettre'} : refusé ({code} {words})", "vérifiez l’adresse", code=code, refusals=refusals
        )

    async def _data(self, client: aiosmtplib.SMTP, raw: bytes) -> str:
        try:
            response = await client.data(raw, timeout=DATA_SECONDS)
        except LOST as e:
            self._drop()
            raise TemporaryDeliveryError(
                f"{self.name} : connexion rompue pendant l’envoi", "la lettre sera présentée de nouveau", uncertain=True
            ) from e
        self._used = time.monotonic()
        return str(response.message)

    def _judged(self, error: SMTPResponseException) -> DeliveryError:
        words = f"{error.code} {_words(error)}"
        if error.code in OURS or error.code < 500:
            return TemporaryDeliveryError(
                f"{self.name} : {words}", "la lettre sera présentée de nouveau", code=error.code
            )
        remedy = (
            "allégez la lettre ou demandez une limite plus haute"
            if error.code == 552
            else "lisez la réponse du serveur"
        )
        return PermanentDeliveryError(f"{self.name} : lettre refusée ({words})", remedy, code=error.code)


def _hang_up(client: aiosmtplib.SMTP) -> None:
    transport = client.transport
    client.close()
    _abort(transport)


def _abort(transport: asyncio.BaseTransport | None) -> None:
    """Close at once: TLS would wait for the server's farewell, perhaps longer than our loop lives."""
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


def _domain_in_ascii(address: str) -> str:
    if not ADDRESS.fullmatch(address):
        raise ValueError(repr(address))
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}{at}{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return address  # the server shall say what it thinks of it


def _words(error: BaseException) -> str:
    message = getattr(error, "message", None) or getattr(error, "strerror", None) or error
    return str(message) or type(error).__name__
