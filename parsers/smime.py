"""CMS envelopes: what was signed, taken out of its signature (RFC 5652, RFC 8551). The signature is not judged here."""

from __future__ import annotations

import base64
import binascii
import re
import zlib

from parsers.refusals import RefusedError, bomb, damaged, encrypted

_MIME = re.compile(rb"\s*(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*){0,20}?(content-type|mime-version)\s*:", re.IGNORECASE)
_LIMIT = 120_000_000


def is_mime(data: bytes) -> bool:
    """Whether bytes are a MIME entity (headers first) and not a bare file."""
    return _MIME.match(data[:8192]) is not None


def _der(data: bytes) -> bytes:
    """The binary form, also of PEM and of bare base64."""
    if data[:1] == b"\x30":
        return data
    text = re.sub(rb"-----(BEGIN|END)[^-]*-----", b"", data)
    return base64.b64decode(re.sub(rb"\s", b"", text), validate=True)


def content(data: bytes, name: str, depth: int = 0) -> bytes | None:
    """The bytes in a `.p7m`; None for a detached signature. Raises `RefusedError` for an encrypted or broken one."""
    from asn1crypto import cms

    try:
        info = cms.ContentInfo.load(_der(data))
        kind = info["content_type"].native
        if kind in ("enveloped_data", "authenticated_enveloped_data", "encrypted_data", "signed_and_enveloped_data"):
            raise RefusedError(encrypted(name))
        if kind == "compressed_data":
            packed = bytes(info["content"]["encap_content_info"]["content"])
            inflate = zlib.decompressobj()
            inner: bytes | None = inflate.decompress(packed, _LIMIT)
            if inflate.unconsumed_tail:
                raise RefusedError(bomb(name))
        elif kind == "signed_data":
            held = info["content"]["encap_content_info"]["content"]
            inner = None if held.native is None else bytes(held)
        else:
            raise RefusedError(damaged(name))
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        IndexError,
        binascii.Error,
        zlib.error,
        RecursionError,
    ) as e:
        raise RefusedError(damaged(name)) from e
    if inner and depth < 3 and inner[:1] == b"\x30" and b"\x2a\x86\x48\x86\xf7\x0d\x01\x07" in inner[:24]:
        return content(inner, name, depth + 1)  # signed twice
    return inner
