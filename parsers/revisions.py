"""What changed in a PDF after it was signed: values, appearances and pages of the signed revision against today's.

A signature covers the bytes up to its own end; what an incremental update adds behind them is seen by every reader and
covered by none. Such an update may bring another signature and validation data, and nothing else that can be seen.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pikepdf

_DEPTH = 24  # objects in objects of one page
_FIELDS = 5000
_IGNORED = frozenset(  # no part of what is seen, and rewritten by harmless software
    {
        "/Parent",
        "/P",
        "/StructParents",
        "/StructParent",
        "/Metadata",
        "/PieceInfo",
        "/LastModified",
        "/Tabs",
        "/Annots",
        "/M",
        "/NM",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """One revision as it is seen."""

    values: dict[str, str] = field(default_factory=dict)  # field name → value, signature fields left out
    looks: dict[str, str] = field(default_factory=dict)  # field name → digest of its widgets' appearances
    pages: tuple[str, ...] = ()  # digest of each page's content and of its annotations


Known = dict[tuple[int, int], str]  # object number → digest


class _Found(NamedTuple):
    values: dict[str, str]
    looks: dict[str, str]
    known: Known


class UnreadableError(Exception):
    """The revision's bytes are no PDF that can be opened."""


def snapshot(data: bytes) -> Snapshot:
    """What is seen in a PDF. Raises `UnreadableError`."""
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            values: dict[str, str] = {}
            looks: dict[str, str] = {}
            known: Known = {}
            form = pdf.Root.get("/AcroForm")
            if isinstance(form, pikepdf.Dictionary):
                for item in _list(form.get("/Fields")):
                    _walk(item, "", None, _Found(values, looks, known), 0)
            return Snapshot(values=values, looks=looks, pages=tuple(_page(p.obj, known) for p in pdf.pages))
    except (
        pikepdf.PdfError,
        pikepdf.PasswordError,
        ValueError,
        TypeError,
        KeyError,
        RuntimeError,
        RecursionError,
        AttributeError,
        IndexError,
    ) as e:
        raise UnreadableError(str(e)) from e


def changes(signed: Snapshot, later: Snapshot, *, may_fill: bool) -> tuple[str, ...]:
    """What differs, in French. `may_fill`: empty fields may have been filled, since another one signed behind."""
    found: list[str] = []
    for name, value in signed.values.items():
        now = later.values.get(name)
        filled = may_fill and _empty(value)
        if now != value and not filled:
            found.append(f"champ «\u00a0{_label(name)}\u00a0»")
        elif now == value and later.looks.get(name) != signed.looks.get(name) and not filled:
            found.append(f"apparence du champ «\u00a0{_label(name)}\u00a0»")
    new = [n for n in later.values if n not in signed.values]
    found.extend(f"champ ajouté «\u00a0{_label(n)}\u00a0»" for n in new if not may_fill)
    if len(signed.pages) != len(later.pages):
        found.append("nombre de pages")
    else:
        found.extend(f"page {i}" for i, (a, b) in enumerate(zip(signed.pages, later.pages, strict=True), 1) if a != b)
    return tuple(found)


def _label(name: str) -> str:
    return name.split(".")[-1] or name


def _empty(value: str) -> bool:
    return value in ("", "None", "/Off")


def _list(found: Any) -> list[Any]:
    import pikepdf

    return list(found)[:_FIELDS] if isinstance(found, pikepdf.Array) else []


def _walk(item: Any, prefix: str, kind: Any, into: _Found, depth: int) -> None:
    import pikepdf

    if not isinstance(item, pikepdf.Dictionary) or depth > _DEPTH or len(into.values) > _FIELDS:
        return
    own = str(item.get("/T", ""))
    name = f"{prefix}.{own}" if prefix and own else own or prefix
    kind = item.get("/FT", kind)
    kids = _list(item.get("/Kids"))
    fields = [k for k in kids if isinstance(k, pikepdf.Dictionary) and "/T" in k]
    for kid in fields:
        _walk(kid, name, kind, into, depth + 1)
    if fields or kind is None or str(kind) == "/Sig":
        return
    value = _text(item.get("/V"))
    widgets = kids or [item]
    states = [str(w.get("/AS", "")) for w in widgets if isinstance(w, pikepdf.Dictionary)]
    if str(kind) == "/Btn":  # a tick is what is shown, whatever /V says
        value = "|".join(s for s in states if s not in ("", "/Off")) or ("" if _empty(value) else value)
    into.values[name] = value
    into.looks[name] = _digest([_look(w, into.known) for w in widgets])


def _look(widget: Any, known: Known) -> str:
    import pikepdf

    if not isinstance(widget, pikepdf.Dictionary):
        return ""
    return _text(widget.get("/Rect")) + _text(widget.get("/F")) + _hash(widget.get("/AP"), 0, known)


def _text(value: Any) -> str:
    import pikepdf

    if value is None:
        return ""
    if isinstance(value, pikepdf.Array):
        return "[" + " ".join(_text(x) for x in value) + "]"
    if isinstance(value, pikepdf.Stream):
        return _digest([value.read_bytes()])
    return str(value)


def _digest(parts: list[str] | list[bytes]) -> str:
    total = hashlib.sha256()
    for p in parts:
        data = p.encode("utf-8", "surrogateescape") if isinstance(p, str) else p
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()


def _page(page: pikepdf.Object, known: Known) -> str:
    import pikepdf

    body = _content(page.get("/Contents"))
    parts = [*_pairs(page, 0, known, but=("/Contents", "/Resources")), _digest([body])]
    node: Any = page
    for _ in range(_DEPTH):  # boxes, rotation and resources may stand in the tree above
        if not isinstance(node, pikepdf.Dictionary):
            break
        parts.append(_resources(node.get("/Resources"), body, known))
        parts.extend(_hash(node.get(k), 0, known) for k in ("/MediaBox", "/CropBox", "/Rotate"))
        node = node.get("/Parent")
    notes = [n for n in _list(page.get("/Annots")) if isinstance(n, pikepdf.Dictionary)]
    parts.extend(_hash(n, 0, known) for n in notes if str(n.get("/Subtype", "")) not in ("/Widget", "/Link"))
    return _digest(parts)


def _content(found: Any) -> bytes:
    import pikepdf

    streams = _list(found) if isinstance(found, pikepdf.Array) else [found]
    return b"\n".join(_body(x) for x in streams if isinstance(x, pikepdf.Stream))


def _body(stream: Any) -> bytes:
    import pikepdf

    try:
        return bytes(stream.read_bytes())
    except pikepdf.PdfError:  # a filter that qpdf does not undo, an image's for one
        return bytes(stream.read_raw_bytes())


def _resources(found: Any, body: bytes, known: Known) -> str:
    """A digest of the fonts, pictures and states that a content names. Others may come and go: signing software adds
    its own fonts to resources that it shares with the pages."""
    import pikepdf

    if not isinstance(found, pikepdf.Dictionary):
        return ""
    parts: list[str] = []
    for kind in sorted(found.keys()):
        named = found[kind]
        if not isinstance(named, pikepdf.Dictionary):
            continue
        parts.extend(f"{kind}{k}={_hash(named[k], 1, known)}" for k in sorted(named.keys()) if k.encode() in body)
    return _digest(parts)


def _hash(found: Any, depth: int, known: Known) -> str:
    """A digest of an object and all that it draws with, the same whatever the objects' numbers are.

    Each indirect object is taken once (`known`), so that neither loops nor shared branches cost more than the file.
    """
    import pikepdf

    if depth > _DEPTH:
        return "deep"
    number = found.objgen if isinstance(found, pikepdf.Object) and found.is_indirect else None
    if number is None:
        return _hash_direct(found, depth, known)
    if number not in known:
        known[number] = "loop"
        known[number] = _hash_direct(found, depth, known)
    return known[number]


def _hash_direct(found: Any, depth: int, known: Known) -> str:
    import pikepdf

    if isinstance(found, pikepdf.Stream):
        body = _body(found)
        keys = _pairs(found.stream_dict, depth, known, but=("/Length", "/Filter", "/DecodeParms", "/Resources"))
        return _digest([*keys, _digest([body]), _resources(found.stream_dict.get("/Resources"), body, known)])
    if isinstance(found, pikepdf.Dictionary):
        return _digest(_pairs(found, depth, known))
    if isinstance(found, pikepdf.Array):
        return _digest([_hash(x, depth + 1, known) for x in found])
    return f"{type(found).__name__}:{found}"


def _pairs(found: Any, depth: int, known: Known, but: tuple[str, ...] = ()) -> list[str]:
    keys = [k for k in sorted(found.keys()) if k not in _IGNORED and k not in but]
    return [f"{k}={_hash(found[k], depth + 1, known)}" for k in keys]
