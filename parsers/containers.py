"""Files in files: zip, forwarded messages, Outlook's `.msg` and `winmail.dat`, S/MIME; every leaf with its path.

A container that does not open is itself a leaf, with the finding that says what the member can do. Limits on count,
size and ratio are shared by all that one message holds, so that a bomb in a bomb is refused too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from parsers import headers, mime, sniff
from parsers.mime import Item
from parsers.records import Finding, Limits
from parsers.refusals import Budget, RefusedError, bomb, encrypted, finding


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaf:
    """One file that is no container, or a container that could not be opened (then with findings)."""

    name: str  # container path, `dossier.zip/BC.pdf`
    data: bytes
    findings: tuple[Finding, ...] = ()
    declared_type: str = ""  # what the sender's program wrote
    inline: bool = False
    media_type: str = sniff.UNKNOWN  # from the bytes
    named: bool = True  # False: it came without a name, `name` is one of ours


_FOREIGN = {
    "application/x-7z-compressed": "7z",
    "application/vnd.rar": "rar",
    "application/gzip": "gz",
}
_EXTENSION_OF_P7M = re.compile(r"\.(p7m|p7c|p7)$", re.IGNORECASE)


def open_items(items: list[Item], budget: Budget, prefix: str = "", depth: int = 0) -> Iterator[Leaf]:
    """The leaves of a container's items, in order. `prefix` is the container's path with its slash."""
    for item in items:
        kind = sniff.media_type(item.data, item.name)
        if kind == sniff.UNKNOWN and not item.data and item.declared:
            kind = item.declared
        if item.message is None and _ornament(item, kind):
            continue
        named = bool(item.name)
        if not named:
            budget.unnamed += 1
            item = replace(item, name=f"document-{budget.unnamed}{sniff.EXTENSIONS.get(kind, '')}")
        path = prefix + item.name
        leaf = Leaf(
            name=path, data=item.data, declared_type=item.declared, inline=item.inline, media_type=kind, named=named
        )
        try:
            budget.take(len(item.data), item.name)
            if len(item.data) > budget.limits.bytes:
                raise RefusedError(bomb(item.name))
            inner = _inside(item, kind, budget)
        except RefusedError as e:
            yield replace(leaf, findings=(e.finding,))
            if budget.parts < 0 or budget.bytes < 0:
                return
            continue
        if inner is None:
            yield leaf
            continue
        if depth >= budget.limits.depth:
            yield replace(leaf, findings=(bomb(item.name),))
            continue
        opened, notes = inner
        yield from open_items(opened, budget, path + "/", depth + 1)
        if notes:
            yield replace(leaf, findings=notes)


def open_file(data: bytes, name: str, limits: Limits) -> tuple[Leaf, ...]:
    """The leaves of one bare file: itself, or what it holds."""
    return tuple(open_items([Item(name=name, data=data)], Budget(limits)))


def _inside(item: Item, kind: str, budget: Budget) -> tuple[list[Item], tuple[Finding, ...]] | None:
    """What a container holds, and what went wrong in part; None for a file that is no container."""
    if item.message is not None:
        return _message(mime.content(item.message), item.name)
    if kind == sniff.EML:
        return _message(mime.content(mime.parse(item.data)), item.name)
    if kind == sniff.ZIP:
        from parsers import archives

        return archives.unzip(item.data, item.name, budget)
    if kind in (sniff.MSG, sniff.TNEF):
        from parsers import outlook

        return (outlook.message if kind == sniff.MSG else outlook.tnef)(item.data, item.name)
    if kind == sniff.P7M:
        return _cms(item)
    if kind in _FOREIGN:
        raise RefusedError(
            finding(
                "unreadable",
                item.name,
                f"est une archive {_FOREIGN[kind]}, que nous n’ouvrons pas\u00a0: "
                "merci de renvoyer les documents en pièces jointes.",
            )
        )
    return None


def _message(found: mime.Content, name: str) -> tuple[list[Item], tuple[Finding, ...]]:
    return found.items, (encrypted(name),) if found.encrypted else ()


def _cms(item: Item) -> tuple[list[Item], tuple[Finding, ...]] | None:
    from parsers import smime

    data = smime.content(item.data, item.name)
    if data is None:  # a detached signature
        return [], ()
    if smime.is_mime(data):
        return _message(mime.content(mime.parse(data)), item.name)
    inner = _EXTENSION_OF_P7M.sub("", item.name) or item.name
    return [Item(name=headers.clean_name(inner), data=data)], ()


# --- what the mail program drew into the message -------------------------------------------------------------------

_PROGRAM_NAME = re.compile(
    r"^(image\d{3}|img-?\d{1,3}|outlook-\w+|logo\w*|signature\w*|pastedgraphic-?\d*|unknown|part\S*)(\.\w{3,4})?$",
    re.IGNORECASE,
)


def picture_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels, None where the bytes do not tell."""
    import io
    import warnings

    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large pictures; the reader has its own limit
            with Image.open(io.BytesIO(data)) as picture:
                return picture.size
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _ornament(item: Item, kind: str) -> bool:
    """Whether a file is a logo, a signature picture or a tracking pixel and not a document.

    A document photographed or scanned has at least 500 pixels on its short side and no banner's shape; what the sender
    attached on purpose is kept unless it is too small to hold text at all.
    """
    if kind == "image/svg+xml" or (
        kind == sniff.UNKNOWN and item.declared in ("image/x-emf", "image/x-wmf", "image/wmf")
    ):
        return item.inline or item.shown
    if not kind.startswith("image/") or kind == "image/tiff":
        return False
    placed = item.inline or item.shown or bool(_PROGRAM_NAME.match(item.name))
    size = picture_size(item.data)
    if size is None:
        return placed and len(item.data) < 30_000
    short, long = min(size), max(size)
    if not placed:
        return short < 64
    return short < 500 or long > 3 * short
