"""Zip archives: their files in order, with names as French Windows, macOS and Linux write them."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from zipfile import ZipFile, ZipInfo

from parsers import headers
from parsers.mime import Item
from parsers.records import Finding
from parsers.refusals import Budget, RefusedError, bomb, damaged, encrypted, finding

_JUNK = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|\._|Thumbs\.db$|desktop\.ini$|~\$)", re.IGNORECASE)
_RATIO = 200  # deflate reaches 1032; documents stay far below
_RATIO_FROM = 2_000_000  # bytes: a small file of blanks packs well and harms nobody
_FRENCH = "àâäçéèêëîïôöùûüÿœæÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŒÆ°’«»–"


def _name(info: ZipInfo) -> str:
    """A member's path: UTF-8 where it is, else the DOS or Windows code page that gives French letters."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    readings = [raw.decode(page, "replace") for page in ("cp850", "cp1252", "cp437", "mac_roman")]

    def strangeness(text: str) -> int:
        return sum(ord(c) > 127 and c not in _FRENCH for c in text) * 10 + sum(
            c.isupper() and ord(c) > 127 for c in text
        )

    return min(readings, key=strangeness)


def _path(info: ZipInfo) -> str:
    parts = [headers.clean_name(p) for p in _name(info).replace("\\", "/").split("/")]
    return "/".join(p for p in parts if p)


def _read(archive: ZipFile, info: ZipInfo, room: int, name: str) -> bytes:
    """One member's bytes; raises `RefusedError` as soon as it grows over its room, whatever its header promised."""
    out = io.BytesIO()
    with archive.open(info) as stream:
        while block := stream.read(1 << 18):
            out.write(block)
            size = out.tell()
            if size > room or (size > _RATIO_FROM and size > _RATIO * max(info.compress_size, 1)):
                raise RefusedError(bomb(name))
    return out.getvalue()


def unzip(data: bytes, name: str, budget: Budget) -> tuple[list[Item], tuple[Finding, ...]]:
    """The files of a zip. Raises `RefusedError` where nothing can be had, or where it is a bomb."""
    items: list[Item] = []
    locked = broken = False
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            entries = [i for i in archive.infolist() if not i.is_dir() and not _JUNK.search(i.filename)]
            if len(entries) > budget.parts:
                raise RefusedError(bomb(name))
            room = min(budget.bytes, 3 * budget.limits.bytes)
            for info in entries:
                if info.flag_bits & 0x1:
                    locked = True
                    continue
                try:
                    content = _read(archive, info, min(room, budget.limits.bytes), name)
                except (
                    zipfile.BadZipFile,
                    zlib.error,
                    EOFError,
                    NotImplementedError,
                    OSError,
                    ValueError,
                    RuntimeError,
                ):
                    broken = True
                    continue
                room -= len(content)
                items.append(Item(name=_path(info), data=content))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError, IndexError) as e:
        raise RefusedError(damaged(name)) from e
    notes = (encrypted(name),) if locked else (damaged(name),) if broken else ()
    if not items:
        empty = finding("empty", name, "ne contient aucun document\u00a0: merci de joindre les documents au message.")
        raise RefusedError(notes[0] if notes else empty)
    return items, notes
