"""Writes Outlook's containers for tests: compound files (`.msg`, MS-CFB and MS-OXMSG) and TNEF (`winmail.dat`)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

END, FREE, FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
SECTOR, MINI, CUTOFF = 512, 64, 4096

Tree = Mapping[str, Any]  # name → bytes (a stream) or another Tree (a storage)


def compound(tree: Tree) -> bytes:
    """A version 3 compound file with the streams and storages of `tree`."""
    entries: list[dict[str, Any]] = [{"name": "Root Entry", "type": 5, "data": b"", "kids": []}]

    def add(parent: int, branch: Tree) -> None:
        for name, value in branch.items():
            stream = isinstance(value, bytes)
            entries.append({"name": name, "type": 2 if stream else 1, "data": value if stream else b"", "kids": []})
            at = len(entries) - 1
            entries[parent]["kids"].append(at)
            if not stream:
                add(at, value)

    add(0, tree)
    mini, mini_fat, big = b"", [], []
    for e in entries:
        data = e["data"]
        e["size"], e["start"] = len(data), END
        if e["type"] != 2 or not data:
            continue
        if len(data) < CUTOFF:
            n = -(-len(data) // MINI)
            e["start"] = len(mini_fat)
            mini_fat += [*range(e["start"] + 1, e["start"] + n), END]
            mini += data.ljust(n * MINI, b"\0")
        else:
            big.append(e)
    sectors: list[bytes] = []
    fat: list[int] = []

    def store(data: bytes) -> int:
        if not data:
            return END
        start, n = len(sectors), -(-len(data) // SECTOR)
        sectors.extend(data[i * SECTOR : (i + 1) * SECTOR].ljust(SECTOR, b"\0") for i in range(n))
        fat.extend([*range(start + 1, start + n), END])
        return start

    for e in big:
        e["start"] = store(e["data"])
    entries[0]["start"], entries[0]["size"] = store(mini), len(mini)
    first_mini_fat = store(struct.pack(f"<{len(mini_fat)}I", *mini_fat)) if mini_fat else END
    links: dict[int, tuple[int, int]] = {}
    child: dict[int, int] = {}

    def balance(nodes: list[int]) -> int:
        if not nodes:
            return FREE
        middle = len(nodes) // 2
        links[nodes[middle]] = (balance(nodes[:middle]), balance(nodes[middle + 1 :]))
        return nodes[middle]

    for i, e in enumerate(entries):
        order = sorted(e["kids"], key=lambda k: (len(entries[k]["name"]), entries[k]["name"].upper()))
        child[i] = balance(order)
    directory = b""
    for i, e in enumerate(entries):
        name = (e["name"] + "\0").encode("utf-16-le")
        left, right = links.get(i, (FREE, FREE))
        directory += name.ljust(64, b"\0") + struct.pack("<HBBIII", len(name), e["type"], 1, left, right, child[i])
        directory += b"\0" * 36 + struct.pack("<IQ", e["start"], e["size"])
    while len(directory) % SECTOR:
        directory += b"\0" * 64 + struct.pack("<HBBIII", 0, 0, 0, FREE, FREE, FREE) + b"\0" * 48
    first_directory = store(directory)
    count = 1
    while count * (SECTOR // 4) < len(fat) + count:
        count += 1
    fat_at = len(sectors)
    fat.extend([FAT] * count)
    fat.extend([FREE] * (count * (SECTOR // 4) - len(fat)))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    head += struct.pack(
        "<IIIIIIIII", 0, count, first_directory, 0, CUTOFF, first_mini_fat, 1 if mini_fat else 0, END, 0
    )
    # One mini-FAT sector holds 128 entries; more are chained, and their number stands in the header.
    head = head[:64] + struct.pack("<I", -(-len(mini_fat) // 128)) + head[68:]
    head += struct.pack("<109I", *[fat_at + i for i in range(count)], *[FREE] * (109 - count))
    return head + b"".join(sectors) + struct.pack(f"<{len(fat)}I", *fat)


def _property(pid: int, kind: int, value: int = 0) -> bytes:
    return struct.pack("<HHIQ", kind, pid, 6, value)


def _strings(values: Mapping[int, str | bytes]) -> tuple[dict[str, Any], bytes]:
    streams: dict[str, Any] = {}
    table = b""
    for pid, value in values.items():
        kind = 0x0102 if isinstance(value, bytes) else 0x001F
        data = value if isinstance(value, bytes) else value.encode("utf-16-le")
        streams[f"__substg1.0_{pid:04X}{kind:04X}"] = data
        table += _property(pid, kind, len(data) + (0 if isinstance(value, bytes) else 2))
    return streams, table


def _message(values: Mapping[int, str | bytes], attachments: list[dict[str, Any]], top: bool) -> dict[str, Any]:
    streams, table = _strings(values)
    head = struct.pack("<8x4I", 0, len(attachments), 0, len(attachments)) + (b"\0" * 8 if top else b"")
    streams["__properties_version1.0"] = head + _property(0x340D, 3, 0x40000) + table
    for i, a in enumerate(attachments):
        inner: dict[str, Any]
        if "message" in a:
            inner, table = _strings({0x3001: a["name"]})
            table += _property(0x3705, 3, 5)
            inner["__substg1.0_3701000D"] = _message(a["message"], a.get("attachments", []), top=False)
        else:
            texts: dict[int, str | bytes] = {0x3701: a["data"]}
            if a.get("name"):
                texts |= {0x3707: a["name"]}
            if a.get("mime"):
                texts |= {0x370E: a["mime"]}
            inner, table = _strings(texts)
            table += _property(0x3705, 3, 1)
            if a.get("hidden"):
                table += _property(0x7FFE, 0xB, 1)
        inner["__properties_version1.0"] = b"\0" * 8 + table
        streams[f"__attach_version1.0_#{i:08X}"] = inner
    return streams


def msg(subject: str, body: str, attachments: list[dict[str, Any]], **more: str) -> bytes:
    """An Outlook message file. An attachment is {name, data, mime?, hidden?} or {name, message, attachments}."""
    values: dict[int, str | bytes] = {0x001A: "IPM.Note", 0x0037: subject, 0x1000: body}
    if "headers" in more:
        values[0x007D] = more["headers"]
    return compound({"__nameid_version1.0": {}, **_message(values, attachments, top=True)})


def _tnef_object(level: int, name: int, kind: int, data: bytes) -> bytes:
    return struct.pack("<BHHI", level, name, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def _mapi_long_name(name: str) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    return struct.pack("<IHHII", 1, 0x001F, 0x3707, 1, len(text)) + text + b"\0" * (-len(text) % 4)


def tnef(files: list[tuple[str, bytes]], *, long_names: bool = True, codepage: int = 1252) -> bytes:
    """A `winmail.dat` with these files."""
    out = struct.pack("<IH", 0x223E9F78, 1)
    out += _tnef_object(1, 0x9006, 8, struct.pack("<I", 0x10000))
    out += _tnef_object(1, 0x9007, 6, struct.pack("<II", codepage, 0))
    for name, data in files:
        out += _tnef_object(2, 0x9002, 6, b"\1\0" + b"\0" * 12)
        out += _tnef_object(2, 0x8010, 1, name.encode("cp1252", "replace") + b"\0")
        out += _tnef_object(2, 0x800F, 6, data)
        if long_names:
            out += _tnef_object(2, 0x9005, 6, _mapi_long_name(name))
    return out
