"""What goes with a letter: the member's files under names alike, the summary sheet of a forward, a list of members.

The summary sheet is a workbook: a provider copies its values into its own tools, and the mail's body already shows them
to whoever only reads.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import PurePosixPath
from typing import Any

from daemon.letters import french, phrases, sheets
from daemon.letters.compose import Attachment

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u200e\u200f\u202a-\u202e\u2066-\u2069]')
_ARTICLE = re.compile(r"^(?:l[ea]s?\s+|l[’']|une?\s+|des\s+)", re.IGNORECASE)
_TOWN = re.compile(r"^(?:commune|mairie|ville)\s+(?:de\s+la\s+|de\s+|des\s+|du\s+|d[’']\s*)", re.IGNORECASE)
_LOT = re.compile(r"\s+(?:du|pour le)\s+lot\s+\w+$", re.IGNORECASE)
_NAME = 110  # characters of a name, its extension aside: Windows refuses long paths
TYPES = {
    ".pdf": "application/pdf",
    ".doc": "application/msword",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".xls": "application/vnd.ms-excel",
    ".xlsx": sheets.MEDIA_TYPE,
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".heic": "image/heic",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A member's file that goes on, and the papers found in it (a bundle holds several)."""

    what: str  # « le bon de commande du lot 2 »
    name: str  # as sent; a container's path, a bundle's pages behind `#`
    sha256: str
    data: bytes


def forwarded(ref: str, member: str, files: Sequence[File]) -> list[Attachment]:
    """The member's own files, byte for byte, each once, named « CIG-2-0042 - Étiolles - bon de commande.pdf »."""
    papers: dict[str, list[File]] = {}
    for file in files:
        papers.setdefault(file.sha256, []).append(file)
    used: set[str] = set()
    made: list[Attachment] = []
    for same in papers.values():
        what = french.listing(dict.fromkeys(plain_name(f.what) for f in same))
        extension = _extension(same[0].name, same[0].data)
        name = _unused(safe_name(f"{ref} - {short_name(member)} - {what}"), extension, used)
        made.append((name, same[0].data, TYPES.get(extension, "application/octet-stream")))
    return made


def short_name(member: str) -> str:
    """« Étiolles » for « Commune d’Étiolles »; other bodies keep their name whole."""
    return _TOWN.sub("", " ".join(member.split())) or member


def plain_name(what: str) -> str:
    """« bon de commande » for « le bon de commande du lot 2 »: the ref in the name says the lot."""
    return _LOT.sub("", _ARTICLE.sub("", what).split(", ")[0])


def safe_name(text: str) -> str:
    """The text as a file name that any system takes."""
    return " ".join(_FORBIDDEN.sub(" ", text).split())[:_NAME].rstrip(" .")


def _unused(stem: str, extension: str, used: set[str]) -> str:
    name, number = stem + extension, 1
    while name.casefold() in used:
        number += 1
        name = f"{stem} ({number}){extension}"
    used.add(name.casefold())
    return name


def _extension(name: str, data: bytes) -> str:
    """Of the name as sent, where it is one that we know; else of the bytes, where they tell."""
    suffix = PurePosixPath(re.sub(r"#\d+(-\d+)?$", "", name)).suffix.lower()
    if suffix in TYPES:
        return suffix
    if data[:5] == b"%PDF-":
        return ".pdf"
    if data[:3] == b"\xff\xd8\xff":
        return ".jpg"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return ".png"
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,5}", suffix) else ""


def summary_sheet(facts: Mapping[str, Any]) -> Attachment:
    """A forward's facts on one page: who, what was ordered, which papers."""
    dossier, member = facts["dossier"], facts["member"]
    book = sheets.workbook(dt.datetime.fromisoformat(str(facts["at"])))
    sheet = book.create_sheet("Synthèse")
    heading = f"{'Complément' if facts['complement'] else 'Commande'} – {dossier['title']}"
    known: dict[str, sheets.Value] = {
        "Groupement": str(facts["group"]["name"]),
        "Référence": str(dossier["ref"]),
        "Transmis le": french.date_plain(facts["at"]).replace(french.NBSP, " "),
        "Adhérent": str(member["name"]),
    }
    for name, key in (("SIRET", "siret"), ("UAI", "uai")):
        if member.get(key):
            known[name] = str(member[key])
    known |= {french.capital(x["label"]): _copyable(x["value"]) for x in facts["sheet"] if x["value"] != member["name"]}
    row = sheets.pairs(sheet, 3, known) + 1
    if facts["orders"]:
        head = ("Désignation", "Quantité", "Prix unitaire HT", "Total HT")
        lines = [
            (x["label"], _number(x["quantity"]), _number(x["unit_price"], money=True), _number(x["total"], money=True))
            for x in facts["orders"]
        ]
        row = sheets.grid(sheet, row, head, lines)
        total = phrases.total(facts["pieces"])
        if total is not None:
            sheets.put(sheet, row, 3, "Total HT", bold=True)
            sheets.put(sheet, row, 4, total, bold=True)
        row += 2
    papers = [(french.capital(_ARTICLE.sub("", str(p["what"]))), str(p["name"])) for p in facts["pieces"]]
    sheets.grid(sheet, row, ("Pièce", "Fichier reçu de l’adhérent"), papers)
    sheets.fit(sheet)
    sheets.put(sheet, 1, 1, heading, bold=True, size=14)  # after the fit: a title may run over its neighbours
    sheets.one_page(sheet)
    name = safe_name(f"{dossier['ref']} - {short_name(str(member['name']))} - fiche de synthèse") + ".xlsx"
    return name, sheets.save(book), sheets.MEDIA_TYPE


def _copyable(value: object) -> str:
    """A value as a letter shows it, save what somebody will paste into a form: digits together, plain spaces."""
    return str(value) if re.fullmatch(r"[0-9]{14}", str(value)) else phrases.shown(value).replace(french.NBSP, " ")


def _number(value: object, *, money: bool = False) -> sheets.Value:
    """A quantity or an amount as a number; what is none stays as it is written."""
    if value is None:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    if not number.is_finite():
        return str(value)
    return number if money else float(number)


def members_sheet(facts: Mapping[str, Any]) -> Attachment:
    """The committed bodies of a `list` letter, one a row."""
    at = dt.datetime.fromisoformat(str(facts["at"]))
    book = sheets.workbook(at)
    head = ("Adhérent", "UAI", "SIRET", "Adresse fonctionnelle", "Autres adresses", "Commune", "Département")
    rows = [
        (
            m["name"],
            m.get("uai"),
            m.get("siret"),
            m.get("functional_email"),
            " ; ".join(m.get("emails") or ()) or None,
            m.get("city"),
            m.get("department"),
        )
        for m in facts["members"]
    ]
    sheet = sheets.table(book, "Ajouts" if facts["additions"] else "Adhérents", head, rows)
    sheets.one_page(sheet, landscape=True)
    kind = "adhérents à ajouter" if facts["additions"] else "liste des adhérents"
    day = at.astimezone(french.PARIS).date().isoformat()
    return safe_name(f"{facts['lot']['title']} - {kind} - {day}") + ".xlsx", sheets.save(book), sheets.MEDIA_TYPE
