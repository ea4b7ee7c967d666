"""Reading, from top to bottom: a mail or one document becomes a `Reading`. Pure: all it knows is in its arguments."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from parsers import containers, covering, document, sniff
from parsers.containers import Leaf
from parsers.records import Context, Finding, Piece, Reading

if TYPE_CHECKING:
    from parsers.mail import ParsedMail

_MAILS = frozenset({sniff.EML, sniff.MSG})
_DIGITAL = frozenset({"acroform", "text_pdf", "office"})
_CRASHED = "La lecture de ce document a échoué : merci de l’ouvrir à la main, ou de demander qu’il soit renvoyé en PDF."


Watch = Callable[[Leaf], Finding | None]  # told of each file before it is read; its answer sets the file aside


def read(data: bytes, source: str, context: Context, watch: Watch | None = None) -> Reading:
    """What one file holds: `data` its bytes, `source` its name. Never raises for what the bytes hold.

    `watch` sees each file of the message first: a shell that reads in a child process learns so which one killed it.
    """
    if is_mail(data, source):
        from parsers import mail

        parsed = mail.parse_mail(data, context.limits)
        said = covering.text_of(parsed.mail.from_ or "", parsed.mail.from_name, parsed.mail.subject, parsed.text)
        pieces = _pieces(parsed.leaves, context, watch, said)
        written = _written(parsed, pieces, context, watch)
        # The figures of an order in the text read like a question of prices; its sentences want the order alone.
        head = replace(parsed.mail, intents=("submit",)) if written else parsed.mail
        return Reading(source=source, mail=head, pieces=(*pieces, *written))
    return Reading(
        source=source, mail=None, pieces=_pieces(containers.open_file(data, source, context.limits), context, watch)
    )


def is_mail(data: bytes, source: str) -> bool:
    """Whether the bytes are a message rather than a bare document."""
    return sniff.media_type(data, source) in _MAILS or source.lower().endswith(".eml")


def _pieces(leaves: Iterable[Leaf], context: Context, watch: Watch | None, said: str = "") -> tuple[Piece, ...]:
    """The pieces in the message's order. Digital files are read first: what they say bears out what is recognised."""
    from parsers.checks import SURE

    files = list(leaves)
    read: dict[int, list[Piece]] = {}
    for i in sorted(range(len(files)), key=lambda i: _is_picture(files[i])):
        read[i] = read_leaf(files[i], replace(context, covering=said), watch)
        digital = (p for p in read[i] if p.source_type in _DIGITAL)
        said = covering.with_values(said, (f.value for p in digital for f in p.fields.values() if f.confidence >= SURE))
    return tuple(piece for i in range(len(files)) for piece in read[i])


def _is_picture(leaf: Leaf) -> bool:
    if leaf.media_type == sniff.PDF:
        from parsers.sources import pdf

        return pdf.is_picture(leaf.data)
    return leaf.media_type.startswith("image/")


def _written(parsed: ParsedMail, pieces: tuple[Piece, ...], context: Context, watch: Watch | None) -> list[Piece]:
    """An order that stands in the mail's own words."""
    from parsers import body

    leaf = body.leaf(parsed, pieces)
    if leaf is None:
        return []
    if watch is not None and (aside := watch(leaf)) is not None:
        return [_unreadable(leaf, (aside,))]
    try:
        return body.read(leaf, context)
    except MemoryError:
        raise  # as below
    except Exception:
        # As below: what may be an order is put to a person, never passed over in silence.
        return [_unreadable(leaf, (Finding(code="unreadable", text=_CRASHED),))]


def read_leaf(leaf: Leaf, context: Context, watch: Watch | None = None) -> list[Piece]:
    """The pieces of one file of a message; a reader that fails takes no other file with it."""
    if watch is not None and (aside := watch(leaf)) is not None:
        return [_unreadable(leaf, (aside,))]
    if leaf.findings:
        return [_unreadable(leaf, leaf.findings)]
    try:
        return document.read_document(leaf.data, leaf.name, leaf.media_type, context)
    except MemoryError:
        raise  # no fault of the document's: whoever bounds the memory says what it costs
    except Exception:
        # The one broad net: a document that breaks its reader in a way nobody foresaw is put to a person, and the
        # rest of the mail is read. Nothing is logged here: the message would carry the document's content.
        return [_unreadable(leaf, (Finding(code="unreadable", text=_CRASHED),))]


def _unreadable(leaf: Leaf, findings: tuple[Finding, ...]) -> Piece:
    return Piece(
        name=leaf.name,
        sha256=hashlib.sha256(leaf.data).hexdigest(),
        source_type="unreadable",
        findings=findings,
    )


@functools.cache
def parser_version() -> str:
    """A digest of this package's sources and tables: the same bytes are never read twice by the same version."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(p for p in here.rglob("*") if p.suffix in (".py", ".yaml", ".json", ".npz", ".onnx")):
        digest.update(path.relative_to(here).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def __getattr__(name: str) -> str:
    # PARSER_VERSION is computed when it is first asked for: reading every source would slow `--help` down.
    if name == "PARSER_VERSION":
        return parser_version()
    raise AttributeError(name)
