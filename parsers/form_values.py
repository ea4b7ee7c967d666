"""What stands in a form's places → the contract's fields: by type, with a confidence, never a value of another type."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from parsers import checks, confidence, settling, values
from parsers.candidates import Recognised
from parsers.labels import Match, squash
from parsers.layouts import Item
from parsers.page import Page
from parsers.prose import Found
from parsers.records import Context, Field, Finding
from parsers.zones import Place

WRONG = 0.3  # confidence of a value that is there and is not of its label's type
_CUT = 0.6  # confidence of a text that plainly goes on
ENDS = " :;,.·-–—|_"


def read(
    labels: Sequence[tuple[Item, Match]], places: Sequence[Place], pages: Sequence[Page], context: Context
) -> tuple[dict[str, Field], list[Finding]]:
    """The fields behind labels. A value of the wrong type is given as written, its confidence low."""
    fields: dict[str, Field] = {}
    findings: list[Finding] = []
    wanted = [
        (item, match, place)
        for (item, match), place in zip(labels, places, strict=False)
        if item.field is not None and not item.question and place.kept
    ]
    recognised = [
        Recognised(item.field or "", item.type, tuple(place.kept), functools.partial(_value, item))
        for item, _, place in wanted
        if any(w.origin == "ocr" for w in place.kept)
    ]
    settled = settling.settle(recognised, context)
    for item, match, place in wanted:
        name = item.field or ""
        if any(w.origin == "ocr" for w in place.kept):
            if name not in settled:
                continue
            value, trust, right = settled[name].value, settled[name].confidence, settled[name].of_type
        else:
            found, sure = _value(item, place.text)
            if found is None:
                continue
            value, trust, right = found, min(sure, confidence.of_words(place.kept)), sure > WRONG
        if not right and not _worth_showing(item, str(value)):
            findings.append(_other_type(item, str(value)))
            continue
        if name in fields and fields[name].confidence >= trust:
            continue
        page = pages[match.page]
        fields[name] = Field(value=value, confidence=trust, page=page.number, box=place.box if page.placed else None)
        if any(w.struck for w in place.words):
            findings.append(checks.struck(name, place.text))
    return fields, findings


def _worth_showing(item: Item, text: str) -> bool:
    """Whether a value of the wrong type may still be a misspelt one of its own: a SIRET of 13 digits, not a date."""
    if item.type in ("siret", "siret_or_siren", "digits", "postal_code"):
        return re.fullmatch(r"[\d\s.]+", text) is not None or sum(c.isdigit() for c in text) >= 12
    return True


def _other_type(item: Item, text: str) -> Finding:
    what = checks.LABELS.get(item.field or "", item.field or "")
    return Finding(
        code="doubtful",
        text=f"À la place prévue pour {what}, le document porte « {text} », qui n’y convient pas. Merci de vérifier.",
        field=item.field,
    )


def typed(item: Item, found: Found, pages: Sequence[Page], context: Context) -> Field | None:
    """A value found in running text, by the type of its field."""
    value, sure = _value(item, found.text)
    if value is None or item.field is None:
        return None
    trust = min(sure, confidence.of_words(found.words))
    if any(w.origin == "ocr" for w in found.words):
        recognised = Recognised(item.field, item.type, found.words, lambda _: (value, sure), fixed=True)
        trust = settling.settle([recognised], context)[item.field].confidence
    page = pages[found.page]
    return Field(value=value, confidence=trust, page=page.number, box=found.box if page.placed else None)


def _value(item: Item, raw: str) -> tuple[str | int | None, float]:
    """The contract's form of what is written, and how sure it is that it is of this type; None for an empty place."""
    whole = values.clean(_without_label_rest(item, raw)).strip()
    text = whole.strip(ENDS)
    if re.search(r"\.[^\W\d_]$", text) and f"{text}." in whole:
        text += "."  # « rue de la 2e-D.B. »
    if not text or not any(c.isalnum() for c in text):
        return None, 1.0
    match item.type:
        case "siret":
            return or_raw(_siret(text), text)
        case "siret_or_siren":
            if values.parse_siren(text):
                return None, 1.0  # a SIREN is an answer to « SIREN / SIRET », and no SIRET
            return or_raw(_siret(text), text)
        case "uai":
            return or_raw(values.parse_uai(text), text)
        case "postal_code":
            return or_raw(values.parse_postal_code(text), text)
        case "email":
            return or_raw(values.parse_email(text) or _only(values.find_emails(text)), text)
        case "phone":
            return or_raw(values.parse_phone(text) or _only(values.find_phones(text)), text)
        case "date":
            return _date(text)
        case "digits":
            digits = re.sub(r"[\s.\-]", "", text)
            right = digits.isascii() and digits.isdigit() and item.length in (None, len(digits))
            return (digits, 1.0) if right else (text, WRONG)
        case "integer":
            number = re.fullmatch(r"(\d{1,4})(?:\s*(?:terminaux|terminal|tpe))?", text.casefold())
            return (int(number[1]), 1.0) if number else (text, WRONG)
        case "amount":
            amount = values.parse_amount(text)
            return (f"{amount:.2f}", 1.0) if amount is not None else (text, WRONG)
        case "department" | "name":
            return text, _CUT if _is_cut(whole) else _plausible(text, letters=True)
        case "reference":
            whole_reference = re.sub(r"\s+[/|\\.:]+$", "", text)  # the end of its line, or a pen's stroke
            return whole_reference, _CUT if _is_cut(whole) else 1.0
        case _:
            return text, _CUT if _is_cut(whole) else 1.0


def _is_cut(text: str) -> bool:
    """Whether a text stops at a link word or a hyphen: its rest stands elsewhere."""
    return re.search(r"\w-$|(?:\b(?:de|du|des|la|les|et|sur|sous)|\b[dl]['’])$", text.casefold()) is not None


def _without_label_rest(item: Item, raw: str) -> str:
    """The text behind the colon where what stands before it is the end of a label read in part."""
    head, colon, rest = raw.partition(":")
    begun = squash(head)
    if colon and rest.strip() and begun and any(begun in squash(s) for s in item.spellings):
        return rest
    return raw


def _siret(text: str) -> str | None:
    """The place's number; among other words only one whose keys are right."""
    return values.parse_siret(text) or _only(values.find_sirets(text))


def _only(found: Sequence[str]) -> str | None:
    """The one value of its type in a text that holds more: a label's rest, a second thought."""
    return found[0] if len(found) == 1 else None


def or_raw(value: str | None, text: str) -> tuple[str, float]:
    """A value that is of its type, else the text as written with little confidence."""
    return (value, 1.0) if value is not None else (text, WRONG)


def _date(raw: str) -> tuple[str | None, float]:
    text = values.clean(raw).strip(ENDS)
    if not any(c.isdigit() for c in text):
        return None, 1.0  # an empty writing line, `__/__/____`
    value = values.parse_date(text)
    if value is None:
        found = values.find_dates(text)
        value = found[0] if len(found) == 1 else None
    return or_raw(value, text)


def _plausible(text: str, *, letters: bool) -> float:
    """A name holds letters: a number or an address in its place is another field's value."""
    if letters and (sum(c.isalpha() for c in text) < 2 or "@" in text):
        return WRONG
    return 1.0
