"""An order written in the mail itself, with no file: it becomes a piece where it clearly is one, and only there.

A letter that speaks of an order, a table quoted from an earlier mail, a question about what was delivered: none of
them is an order. What is not clear stays a mail that a person reads.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace

from parsers import names
from parsers.containers import Leaf
from parsers.extraction import Extraction
from parsers.mail import ParsedMail
from parsers.records import Context, Field, Piece

NAME = "corps du message.txt"
_ORDERS = ("purchase_order", "legal_commitment")
_SPEAKS = re.compile(r"\b(?:commande|engagement)", re.IGNORECASE)
_AMOUNT = re.compile(r"\d[.,]\d\d(?!\d)")
_SENTENCE = re.compile(r"\s*(?=(?:\S+\s){2})(?!.*(?:\S\s{2,}\S|\d[.,]\d\d(?!\d)|[|\t])).*[.?!:;,…]\s*")
_PAST = re.compile(
    r"\b(?:livr\w+|re[çc]u[es]?|annul\w+|relanc\w+|rappel\w*|d[ée]j[àa]|exemple|mod[èe]le|projet|devis|factur\w+|copie)\b"
    r"|\b(?:partira|sera|seront|attente|r[ée]serve|valider|validation|brouillon|proposition)\b"
    r"|\bl['’]an (?:dernier|pass[ée])\b"
    r"|\b(?:pas|plus|jamais)\b",
    re.IGNORECASE,
)
_SAYS = re.compile(
    r"\b(?:veuillez|merci|voici|command\w+|enregistr\w+|prendre|noter|ci-dessous|suivante?|nous|notre|je|pour)\b",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"(?:l[ae]s?|[ld]’)", re.IGNORECASE)
_REF = re.compile(r"\b[A-Z]{2,12}-[0-9A-Z]{1,12}-\d{4}\b")


def leaf(parsed: ParsedMail, pieces: Iterable[Piece]) -> Leaf | None:
    """The mail's own words as a file worth reading; None where no order can stand in them.

    `pieces`: what the mail's files gave. An order among them, or a file that a person must look at, is what the mail
    is about: the text then only sums it up. One of our own references in the text tells an answer, not an order.
    """
    mail, text = parsed.mail, parsed.text
    if mail.nature != "message" or "submit" not in mail.intents or "withdraw" in mail.intents:
        return None
    if any(p.kind != "other" or p.findings for p in pieces):
        return None
    if not _SPEAKS.search(text) or len(_AMOUNT.findall(text)) < 2 or set(_REF.findall(text)) & set(mail.quoted_refs):
        return None
    if not _orders(mail.subject, text):
        return None
    return Leaf(name=NAME, data=text.encode("utf-8", "replace"), media_type="text/plain")


def _orders(subject: str, text: str) -> bool:
    """Whether the sentences around want nothing but the order: a table's figures would speak of prices by themselves.

    A delivery that is late, a price that is asked: the same order pasted below is no new one.
    """
    from parsers import intents

    sentences = "\n".join(x.strip() for x in text.split("\n") if _SENTENCE.fullmatch(x))
    wanted = intents.predict(subject, sentences, files=False, documents=False, forwarded="")
    return "?" not in sentences and not _PAST.search(sentences) and set(wanted) <= {"submit", "other"}


def read(found: Leaf, context: Context) -> list[Piece]:
    """The order in the text, or nothing."""
    from parsers import document
    from parsers.sources import text

    page = text.to_document(found.data.decode("utf-8"))
    extraction = document.extract_pages(page, page.pages, context) if page.pages else Extraction()
    if not _clear(extraction):
        return []
    fields = {k: _named(f) if k == "member_name" else f for k, f in extraction.fields.items()}
    fields = {k: f for k, f in fields.items() if f.value != ""}
    piece = replace(extraction, fields=fields, signed_by_hand=False).to_piece(
        name=found.name, sha256=hashlib.sha256(found.data).hexdigest(), source_type="mail_body"
    )
    return [piece]


def _named(name: Field) -> Field:
    """The name alone, where it was read out of a sentence (« Veuillez noter la commande de la commune de… »)."""
    if not _SAYS.search(str(name.value)):
        return name
    words = re.sub(r"\b([dl])['’](?=\w)", r"\1’ ", str(name.value), flags=re.IGNORECASE).split()
    tails = (" ".join(words[i:]).replace("’ ", "’") for i in range(1, len(words)) if not _ARTICLE.fullmatch(words[i]))
    return replace(name, value=next((x for x in tails if names.is_public_body(x) and not _SAYS.search(x)), ""))


def _clear(found: Extraction) -> bool:
    """Whether it is an order to anybody: who orders, a number or a total, and lines or both of them."""
    if found.kind not in _ORDERS or found.group is None or found.fields.keys().isdisjoint({"siret", "uai"}):
        return False
    number = not found.fields.keys().isdisjoint({"order_number", "commitment_number"})
    total = not found.fields.keys().isdisjoint({"total_excl_tax", "total_incl_tax"})
    priced = bool(found.lines) and all(x.quantity is not None and x.unit_price is not None for x in found.lines)
    return (priced and (number or total)) or (number and total)
