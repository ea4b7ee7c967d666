"""A file's media type from its bytes; its name only breaks ties.

A member's mail program may label a PDF `application/octet-stream` and call it `document.dat`.
"""

from __future__ import annotations

import base64
import io
import re
import zipfile

PDF = "application/pdf"
ZIP = "application/zip"
EML = "message/rfc822"
MSG = "application/vnd.ms-outlook"
TNEF = "application/ms-tnef"
P7M = "application/pkcs7-mime"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
DOC = "application/msword"
XLS = "application/vnd.ms-excel"
PPT = "application/vnd.ms-powerpoint"
OLE = "application/x-ole-storage"
HTML = "text/html"
TEXT = "text/plain"
UNKNOWN = "application/octet-stream"

EXTENSIONS = {
    PDF: ".pdf",
    ZIP: ".zip",
    EML: ".eml",
    MSG: ".msg",
    DOCX: ".docx",
    XLSX: ".xlsx",
    PPTX: ".pptx",
    ODT: ".odt",
    ODS: ".ods",
    DOC: ".doc",
    XLS: ".xls",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/tiff": ".tif",
    "image/heic": ".heic",
    "image/gif": ".gif",
    "image/webp": ".webp",
    TEXT: ".txt",
    HTML: ".html",
}

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"{\\rtf", "application/rtf"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x1f\x8b", "application/gzip"),
    (b"\x78\x9f\x3e\x22", TNEF),
    (b"%!PS", "application/postscript"),
    (b"-----BEGIN PKCS7-----", P7M),
    (b"-----BEGIN CMS-----", P7M),
)
_HEADER_LINE = re.compile(
    rb"^(received|return-path|from|date|subject|message-id|mime-version|content-type|delivered-to|to|x-[\w-]+):",
    re.IGNORECASE,
)
_CMS_OIDS = (  # id-data families of RFC 5652 as they stand behind the first SEQUENCE
    b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07",  # pkcs7: signedData 2, envelopedData 3…
    b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01",  # smime compressedData, authEnvelopedData
)
_OPENDOCUMENT_KIND = re.compile(r"-(web|template|master)$")  # what was saved from a web page or kept as a model


def _zip_type(data: bytes, name: str) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist()[:2000])
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                declared = archive.read("mimetype").decode("ascii", "ignore").strip()
                if declared.startswith("application/vnd.oasis.opendocument."):
                    return _OPENDOCUMENT_KIND.sub("", declared)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError, EOFError, KeyError, IndexError):
        names = set()
    for folder, kind in (("word/", DOCX), ("xl/", XLSX), ("ppt/", PPTX)):
        if any(n.startswith(folder) for n in names) and "[Content_Types].xml" in names:
            return kind
    lower = name.lower()
    if not names:  # truncated: the directory at the end is gone, the name and the first entries are all there is
        head = data[:4000]
        for ending, inside, kind in ((".docx", b"word/", DOCX), (".xlsx", b"xl/", XLSX), (".pptx", b"ppt/", PPTX)):
            if lower.endswith(ending) or inside in head:
                return kind
        for ending, kind in ((".odt", ODT), (".ods", ODS)):
            if lower.endswith(ending) or kind.encode() in head:
                return kind
    return ZIP


def _ole_type(data: bytes, name: str) -> str:
    def wide(text: str) -> bytes:
        return text.encode("utf-16-le")

    # Directory entries are UTF-16 names: looking for them needs no parser, and works on a truncated file.
    if wide("__properties_version1.0") in data or wide("__substg1.0_") in data:
        return MSG
    if wide("WordDocument") in data:
        return DOC
    if wide("Workbook") in data or wide("Book\x00") in data:
        return XLS
    if wide("PowerPoint Document") in data:
        return PPT
    if wide("EncryptedPackage") in data:  # a password-protected docx or xlsx
        return XLSX if name.lower().endswith((".xlsx", ".xlsm")) else DOCX
    for ending, kind in ((".msg", MSG), (".doc", DOC), (".xls", XLS), (".ppt", PPT)):
        if name.lower().endswith(ending):
            return kind
    return OLE


def _is_cms(data: bytes) -> bool:
    if data[:1] != b"\x30":
        return False
    return any(oid in data[1:24] for oid in _CMS_OIDS)


def _base64_cms(data: bytes) -> bool:
    """A `.p7m` written as bare base64, as some signing software does: `M` is how a DER sequence begins."""
    text = re.sub(rb"\s", b"", data[:80])[:64]
    if not re.fullmatch(rb"M[A-Za-z0-9+/]{27,}=*", text):
        return False
    return _is_cms(base64.b64decode(text[: len(text) // 4 * 4]))


def _text_type(data: bytes, name: str) -> str | None:
    head = data[:4096]
    if b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    lower = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if lower.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) or b"<html" in lower[:1024]:
        return HTML
    lines = [x for x in head.splitlines() if x.strip()]
    if name.lower().endswith(".eml") and lines and _HEADER_LINE.match(lines[0]):
        return EML
    headers = sum(1 for x in lines[:30] if _HEADER_LINE.match(x))
    if headers >= 3 and _HEADER_LINE.match(lines[0]):
        return EML
    if lower.startswith(b"begin:vcalendar"):
        return "text/calendar"
    if lower.startswith(b"begin:vcard"):
        return "text/vcard"
    if lower.startswith(b"<?xml"):
        return "image/svg+xml" if b"<svg" in lower else "application/xml"
    control = sum(1 for b in head if b < 9 or 13 < b < 27)
    return TEXT if head and control <= len(head) // 100 else None


def media_type(data: bytes, name: str = "") -> str:
    """The media type of `data`; `application/octet-stream` where the bytes (or their absence) tell nothing."""
    if data[:5] == b"%PDF-":
        return PDF
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"):
        return _zip_type(data, name)
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return _ole_type(data, name)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        if brand in (b"heic", b"heix", b"mif1", b"heim", b"heis", b"hevc", b"msf1"):
            return "image/heic"
        return "image/avif" if brand in (b"avif", b"avis") else "video/mp4"
    if data[:2] == b"BM" and data[6:10] == b"\0\0\0\0":
        return "image/bmp"
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if _is_cms(data) or _base64_cms(data):
        return P7M
    text = _text_type(data, name)
    # Readers allow rubbish before a PDF's header, and so do scanners' gateways; looked for last, since a container
    # may hold a PDF that begins in its first kilobyte.
    if text != EML and b"%PDF-" in data[:1024]:
        return PDF
    return text or UNKNOWN
