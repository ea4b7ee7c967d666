"""The program's exceptions: one root; each carries what the user can do and the command's exit code.

Errors of input (a broken document, an odd mail) are findings and never come here. Translated once, in the command line:
print `str(error)` (one line) and leave with `error.exit_code`.
"""

from __future__ import annotations

from collections.abc import Mapping


class VaguemestreError(Exception):
    """Something the program cannot go on with. `str()` is one line: what is wrong, then the remedy."""

    exit_code = 1  # the program's own fault

    def __init__(self, message: str, remedy: str = "", exit_code: int | None = None) -> None:
        super().__init__(message, remedy)
        self.message = _one_line(message)
        self.remedy = _one_line(remedy)
        if exit_code is not None:
            self.exit_code = exit_code

    def __str__(self) -> str:
        return f"{self.message} – {self.remedy}" if self.remedy else self.message


class UsageError(VaguemestreError):
    """A command called in a way that has no meaning."""

    exit_code = 2


class ConfigurationError(VaguemestreError):
    """The configuration, or a file that it names, is wrong: the message names the key."""

    exit_code = 2


class ServiceUnreachable(VaguemestreError):  # noqa: N818 - reads as what it says
    """A mailbox, an SMTP server or a database does not answer, or refuses us. Worth trying again later."""

    exit_code = 3


class DeliveryError(VaguemestreError):
    """A letter did not leave. `refusals` tells the recipients refused, with the server's code and words."""

    exit_code = 3
    permanent = False

    def __init__(
        self,
        message: str,
        remedy: str = "",
        *,
        code: int | None = None,
        refusals: Mapping[str, tuple[int, str]] | None = None,
        uncertain: bool = False,
    ) -> None:
        super().__init__(message, remedy)
        self.code = code  # the SMTP reply that decided, None where there was none
        self.refusals = dict(refusals or {})  # address → (code, words)
        self.uncertain = uncertain  # the server may have taken it: the connection broke before its last word


class TemporaryDeliveryError(DeliveryError):
    """Nobody got the letter, as far as is known; the same letter may be sent again later."""


class PermanentDeliveryError(DeliveryError):
    """Nobody got the letter and trying again is of no use."""

    permanent = True


def _one_line(text: str) -> str:
    """No line break survives, no-break spaces do."""
    return " ".join(line.strip() for line in text.splitlines() if line.strip())
