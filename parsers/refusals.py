"""Containers that are not opened, or not whole: why, and what the member can do. The limits of one message."""

from __future__ import annotations

from parsers.records import Finding, Limits


class RefusedError(Exception):
    """A container that we do not open. `finding` says why and what the member can do."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.text)
        self.finding = finding


class Budget:
    """What is left of one message's limits."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.parts = limits.parts
        self.bytes = 3 * limits.bytes  # all files of one message together
        self.unnamed = 0

    def take(self, size: int, name: str) -> None:
        """Counts one file of `size` bytes; raises `RefusedError` over the limits."""
        self.parts -= 1
        self.bytes -= size
        if self.parts < 0 or self.bytes < 0:
            raise RefusedError(bomb(name))


def finding(code: str, name: str, what: str) -> Finding:
    """A finding about a container: « name » and what the member can do."""
    return Finding(code=code, text=f"«\u00a0{name}\u00a0» {what}")


def bomb(name: str) -> Finding:
    """The finding of a container over the limits."""
    return finding(
        "bomb",
        name,
        "contient trop de fichiers, ou des fichiers trop volumineux une fois décompressés\u00a0: "
        "merci de renvoyer les documents séparément, en pièces jointes.",
    )


def encrypted(name: str) -> Finding:
    """The finding of a container that asks for a password or a key."""
    return finding(
        "container_encrypted",
        name,
        "est protégé par un mot de passe ou chiffré\u00a0: "
        "merci de renvoyer les documents sans protection, en pièces jointes.",
    )


def damaged(name: str) -> Finding:
    """The finding of a container that does not open."""
    return finding(
        "unreadable",
        name,
        "est endommagé et ne s’ouvre pas\u00a0: merci de renvoyer les documents directement en pièces jointes.",
    )
