"""Office files are zips of XML parts: opened here within limits, with no entity ever expanded."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from dataclasses import dataclass, field

from lxml import etree

from parsers.records import Finding, Limits

XML = 12_000_000  # bytes of one XML part: a tree takes some ten times as much memory
RATIO = 250  # unpacked to packed, above which a large file is a bomb (blank spreadsheets reach 100)
ENTRIES = 4_000

TRUNCATED = Finding(
    code="truncated",
    text="Ce fichier est incomplet ou endommagé ; "
    "merci de l’enregistrer à nouveau, de préférence en PDF, et de le renvoyer.",
)
BOMB = Finding(
    code="bomb",
    text="Ce fichier se déploie en un volume anormal et n’a pas été ouvert ; "
    "merci de l’enregistrer en PDF et de le renvoyer.",
)
TOO_BIG = Finding(
    code="too_big",
    text="Ce fichier est trop volumineux pour être lu ; merci de n’envoyer que le document lui-même, en PDF.",
)
PASSWORD = Finding(
    code="password",
    text="Ce fichier est protégé par un mot de passe ; merci de le renvoyer sans protection, ou en PDF.",
)
MACRO = Finding(
    code="macro",
    text="Ce fichier contient des macros, que nous n’exécutons pas ; ses valeurs sont à vérifier, "
    "ou à renvoyer dans un fichier sans macros ou en PDF.",
)


class RefusedError(Exception):
    """The file cannot be opened; the finding says why. Ends in `office.to_document`, never beyond."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


@dataclass(slots=True)
class Package:
    """The parts of an office file, each read on demand."""

    archive: zipfile.ZipFile
    limits: Limits
    spent: int = 0
    names: dict[str, zipfile.ZipInfo] = field(default_factory=dict)

    @classmethod
    def open(cls, data: bytes, limits: Limits) -> Package:
        """Open the zip; raises `RefusedError` where it is damaged, too big or a bomb."""
        try:
            archive = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError) as e:
            raise RefusedError(TRUNCATED) from e
        infos = archive.infolist()
        whole = sum(i.file_size for i in infos)
        if len(infos) > ENTRIES or (whole > 10_000_000 and whole > RATIO * max(1, len(data))):
            raise RefusedError(BOMB)
        if whole > 2 * limits.bytes:
            raise RefusedError(TOO_BIG)
        return cls(archive=archive, limits=limits, names={i.filename.lstrip("/"): i for i in infos})

    def has(self, name: str) -> bool:
        """Whether the part exists."""
        return name in self.names

    def read(self, name: str) -> bytes | None:
        """A part's bytes, None where it does not exist. Raises `RefusedError`."""
        info = self.names.get(name)
        if info is None:
            return None
        try:
            with self.archive.open(info) as f:
                data = f.read(self.limits.bytes + 1)
        except RuntimeError as e:  # zipfile: "password required for extraction"
            raise RefusedError(PASSWORD) from e
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError) as e:
            raise RefusedError(TRUNCATED) from e
        self.spent += len(data)
        if len(data) > self.limits.bytes or self.spent > 2 * self.limits.bytes:
            raise RefusedError(BOMB)
        return data

    def xml(self, name: str) -> etree._Element | None:
        """A part as a tree, None where it does not exist. Entities and outside references are refused."""
        data = self.read(name)
        return None if data is None else parse(data)

    def check(self) -> None:
        """Read every XML part once for what must not be there: for libraries that parse on their own."""
        for name in self.names:
            if name.endswith((".xml", ".rels", ".vml")):
                refuse_entities(self.read(name) or b"")

    def related(self, part: str) -> dict[str, tuple[str, str]]:
        """A part's relationships: id → (type's last word, the target's part name). Links outside are left out."""
        folder, base = posixpath.split(part)
        tree = self.xml(posixpath.join(folder, "_rels", base + ".rels"))
        found: dict[str, tuple[str, str]] = {}
        if tree is None:
            return found
        for rel in tree:
            if not isinstance(rel.tag, str) or rel.get("TargetMode") == "External":
                continue
            target = rel.get("Target", "")
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            found[rel.get("Id", "")] = (rel.get("Type", "").rsplit("/", 1)[-1], path)
        return found

    @property
    def macros(self) -> bool:
        """Whether the file carries programs."""
        return any(n.rsplit("/", 1)[-1].lower() == "vbaproject.bin" or n.startswith("Basic/") for n in self.names)


def refuse_entities(data: bytes) -> None:
    """Raises `RefusedError` where the part is too big or declares entities (in any of the encodings parsers accept)."""
    if len(data) > XML:
        raise RefusedError(TOO_BIG)
    flat = data.replace(b"\x00", b"") if data[:4].count(0) else data  # UTF-16 and UTF-32 without their zeros
    if b"<!ENTITY" in flat:
        raise RefusedError(BOMB)


def parse(data: bytes) -> etree._Element:
    """An XML part as a tree, nothing expanded or fetched. Raises `RefusedError`."""
    refuse_entities(data)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as e:
        raise RefusedError(TRUNCATED) from e


def local(element: etree._Element) -> str:
    """The element's name without its namespace; empty for comments and instructions."""
    tag = element.tag
    return tag.rsplit("}", 1)[-1] if isinstance(tag, str) else ""


def attribute(element: etree._Element, name: str) -> str | None:
    """The attribute of that local name, whatever its namespace (strict and transitional files differ)."""
    for key, value in element.attrib.items():
        if str(key).rsplit("}", 1)[-1] == name:
            return str(value)
    return None
