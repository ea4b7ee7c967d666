"""The census: who is who, from the CSV or XLSX that Démarches simplifiées exports (columns: census.yaml).

Lots, and the facts on which papers depend, are found by the words of the groups' own YAML: a new group adds none here.
A line that cannot be taken is told with its number and why; the others are taken. Separators and encodings are found
out; several values in one cell are separated by `;`, `,` or `|`.
"""

from __future__ import annotations

import csv
import functools
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon.errors import ConfigurationError
from parsers import values
from rules.records import Member
from rules.schema import Group, Lot

COLUMNS = Path(__file__).with_name("census.yaml")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line taken."""

    line: int  # in the file, the header being 1
    member: Member
    group: str | None = None  # where the census says it


@dataclass(frozen=True, kw_only=True, slots=True)
class Census:
    """What a file gave."""

    entries: tuple[Entry, ...] = ()
    refused: tuple[tuple[int, str], ...] = ()  # (line, why, in French)
    ignored_columns: tuple[str, ...] = ()
    notes: tuple[tuple[int, str], ...] = ()  # lines taken, with something left out


@functools.cache
def _columns() -> dict[str, Any]:
    import yaml

    loaded: dict[str, Any] = yaml.safe_load(COLUMNS.read_text(encoding="utf-8"))
    return loaded


def _key(text: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9✓☒]+", " ", bare).strip()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Words:
    """What the groups call their lots and facts, as compared; the first group that uses a word has it."""

    lots: Mapping[str, str]  # word → lot
    facts: Mapping[str, str]  # word → fact


def _words(groups: Iterable[Group]) -> _Words:
    lots: dict[str, str] = {}
    facts = {_key(s): name for name, synonyms in _columns()["facts"].items() for s in synonyms}
    for lot in (x for g in groups for x in g.lots):
        for word in _called(lot):
            lots.setdefault(_key(word), lot.id)
        for name, fact in lot.facts.items():
            for word in (name, fact.question):
                facts.setdefault(_key(word), name)
    return _Words(lots=lots, facts=facts)


def _called(lot: Lot) -> Iterator[str]:
    yield from (lot.id, f"lot {lot.id}", lot.title, lot.subject, lot.short, *lot.names)


def load(path: Path, groups: Iterable[Group] = ()) -> Census:
    """Reads a census; lots and facts by the words of `groups`.

    Raises ConfigurationError where the file is none: unreadable, or without SIRET, UAI and name.
    """
    words = _words(groups)
    try:
        data = path.read_bytes()
    except OSError as e:
        raise ConfigurationError(
            f"{path} : lecture impossible ({e.strerror})", "vérifiez le chemin et les droits"
        ) from e
    rows = list(_sheet(path, data) if data[:2] == b"PK" else _csv(data))
    rows = [(n, r) for n, r in rows if any(c.strip() for c in r)]
    if not rows:
        raise ConfigurationError(
            f"{path.name} est vide", "exportez le recensement en CSV ou en XLSX, avec ses en-têtes"
        )
    headers = rows[0][1]
    where = _match(headers, words)
    if "name" not in where or not {"siret", "uai"} & set(where):
        raise ConfigurationError(
            f"{path.name} : colonnes non reconnues ({', '.join(h for h in headers if h)[:200]})",
            "il faut une colonne de nom et une de SIRET ou d’UAI ; noms admis : daemon/census.yaml",
        )
    return _taken(rows[1:], headers, where, words)


def _csv(data: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("utf-16") if data[:2] in (b"\xff\xfe", b"\xfe\xff") else data.decode("cp1252", "replace")
    first = text.split("\n", 1)[0]
    delimiter = max(";,\t|", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for row in reader:
        yield reader.line_num, row


def _sheet(path: Path, data: bytes) -> Iterator[tuple[int, list[str]]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheet = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except CalamineError as e:
        raise ConfigurationError(f"{path.name} : classeur illisible ({e})", "enregistrez-le de nouveau en XLSX") from e
    for number, row in enumerate(sheet, 1):
        yield number, [_cell(c) for c in row]


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _match(headers: list[str], words: _Words) -> dict[str, int]:
    """Column by what it says: `name`, `lot:<id>`, `fact:<name>`…"""
    keys = [_key(h) for h in headers]
    out: dict[str, int] = {}
    for name, synonyms in _columns()["columns"].items():
        at = next((keys.index(_key(s)) for s in synonyms if _key(s) in keys), None)
        if at is not None:
            out[name] = at
    for i, key in enumerate(keys):
        if i in out.values():
            continue
        if key in words.facts:
            out.setdefault(f"fact:{words.facts[key]}", i)
        elif key in words.lots:
            out.setdefault(f"lot:{words.lots[key]}", i)
    return out


def _many(cell: str) -> list[str]:
    return [x.strip() for x in re.split(r"[;,|\n]", cell) if x.strip()]


def _taken(rows: list[tuple[int, list[str]]], headers: list[str], where: Mapping[str, int], words: _Words) -> Census:
    entries: list[Entry] = []
    refused: list[tuple[int, str]] = []
    notes: list[tuple[int, str]] = []
    seen: dict[str, int] = {}
    for number, row in rows:
        cells = {k: row[i].strip() if i < len(row) else "" for k, i in where.items()}
        outcome = _entry(number, cells, words)
        if isinstance(outcome, str):
            refused.append((number, outcome))
            continue
        entry, remarks = outcome
        identity = entry.member.siret or entry.member.uai or ""
        if identity in seen:
            refused.append((number, f"même SIRET ou UAI que la ligne {seen[identity]}"))
            continue
        seen[identity] = number
        entries.append(entry)
        notes.extend((number, r) for r in remarks)
    used = set(where.values())
    return Census(
        entries=tuple(entries),
        refused=tuple(refused),
        notes=tuple(notes),
        ignored_columns=tuple(h for i, h in enumerate(headers) if h and i not in used),
    )


def _entry(number: int, cells: Mapping[str, str], called: _Words) -> tuple[Entry, list[str]] | str:
    """The line as a member, with remarks; or why it cannot be taken."""
    remarks: list[str] = []
    name = " ".join(cells["name"].split())
    if not name:
        return "le nom manque"
    raw_siret, raw_uai = cells.get("siret", ""), cells.get("uai", "")
    siret, uai = values.parse_siret(raw_siret) if raw_siret else None, values.parse_uai(raw_uai) if raw_uai else None
    if raw_siret and (siret is None or not values.valid_siret(siret)):
        return f"SIRET faux : {raw_siret}"
    if raw_uai and (uai is None or not values.valid_uai(uai)):
        return f"UAI faux : {raw_uai}"
    if not siret and not uai:
        return "ni SIRET ni UAI"
    emails: list[str] = []
    for text in _many(cells.get("emails", "")):
        address = values.parse_email(text)
        if address:
            emails.append(address)
        else:
            remarks.append(f"adresse mal écrite, laissée de côté : {text}")
    functional = cells.get("functional_email", "")
    address = values.parse_email(functional) if functional else None
    if functional and not address:
        remarks.append(f"adresse fonctionnelle mal écrite, laissée de côté : {functional}")
    words = _columns()
    facts: dict[str, str | bool | int] = {}
    for column, cell in cells.items():
        fact, answer = column.removeprefix("fact:"), _key(cell)
        if not column.startswith("fact:"):
            continue
        if answer and answer in map(_key, words["yes"]):
            facts[fact] = True
        elif answer and answer in map(_key, words["no"]):
            facts[fact] = False
    ticked = [
        k.removeprefix("lot:") for k, v in cells.items() if k.startswith("lot:") and _key(v) in map(_key, words["yes"])
    ]
    named = [
        re.sub(r"^lot\s*(n\s*[°º]?\s*)?", "", x, flags=re.IGNORECASE).lower() for x in _many(cells.get("lots", ""))
    ]
    lots = [called.lots.get(_key(x), x) for x in named]
    member = Member(
        name=name,
        siret=siret,
        uai=uai,
        kind="private" if _key(cells.get("kind", "")) in map(_key, words["private"]) else "public",
        department=_department(cells),
        emails=tuple(dict.fromkeys(emails)),
        functional_email=address,
        lots=tuple(dict.fromkeys([*lots, *ticked])),
        facts=facts,
    )
    return Entry(line=number, member=member, group=cells.get("group") or None), remarks


def _department(cells: Mapping[str, str]) -> str | None:
    """As given, else from the postal code: three digits overseas, 2A or 2B by range in Corsica."""
    given = cells.get("department", "").upper()
    if m := re.match(r"(97\d|98\d|2[AB]|\d{1,2})\b", given):
        return m[1].zfill(2)
    code = cells.get("postal_code", "").replace(" ", "")
    if not re.fullmatch(r"\d{5}", code):
        return None
    if code[:2] == "20":
        return "2A" if int(code) < 20200 else "2B"
    return code[:3] if code[:2] in ("97", "98") else code[:2]
