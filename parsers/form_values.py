"""What stands in a form's places → the contract's fields: by type, with a confidence, never a value of another type."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

from parsers import candidates, checks, confidence, settling, values
from parsers.candidates import Recognised
from parsers.labels import Line, Match, find, same_row, squash
from parsers.layouts import Form, Item
from parsers.page import Page, Tick
from parsers.prose import Found
from parsers.records import Context, Field, Finding
from parsers.records import Line as OrderLine
from parsers.zones import Place

_WRONG = 0.3  # a value that is there and is not of its label's type
_TICK_REACH = 34.0  # points between a box and the answer printed beside it
_RATE = re.compile(r"^\(?\s*\d{1,2}(?:[.,]\d+)?\s*%\s*\)?")
_TOTALS = ("total_excl_tax", "total_vat", "total_incl_tax")
_ENDS = " :;,.·-–—|_"


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
            value, trust, right = found, min(sure, confidence.of_words(place.kept)), sure > _WRONG
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


def prove_totals(
    fields: Mapping[str, Field],
    lines: Sequence[OrderLine],
    offered: Mapping[str, Sequence[Decimal]] = MappingProxyType({}),
) -> dict[str, Field]:
    """The fields with the totals sure where they prove one another: HT + TVA = TTC at 20 %, HT = sum of the lines.

    `offered`: further readings of totals. Where one single choice among them adds up and what was read first does not,
    it is taken: the arithmetic and the reading are two witnesses.
    """
    fields = _adding_up(fields, lines, offered)
    excl, vat, incl = (_amount(fields, n) for n in _TOTALS)
    proved: set[str] = set()
    if excl is not None and vat is not None and incl is not None and excl + vat == incl:
        proved |= set(_TOTALS)
    total = _sum(lines)
    if excl is not None and total == excl:
        proved.add("total_excl_tax")
        if vat is not None and abs(excl / 5 - vat) < Decimal("0.006"):
            proved.add("total_vat")
        if incl is not None and abs(excl * 6 / 5 - incl) < Decimal("0.006"):
            proved.add("total_incl_tax")
    return {
        k: replace(f, confidence=max(f.confidence, confidence.KNOWN)) if k in proved else f for k, f in fields.items()
    }


def _sum(lines: Sequence[OrderLine]) -> Decimal | None:
    """What the lines come to; None where one of them shows no amount."""
    shown = [x for x in map(checks.line_total, lines) if x is not None]
    return sum(shown, Decimal()) if shown and len(shown) == len(lines) else None


def _adding_up(
    fields: Mapping[str, Field], lines: Sequence[OrderLine], offered: Mapping[str, Sequence[Decimal]]
) -> dict[str, Field]:
    """The totals that add up to one another at 20 % and to the lines, where one choice of readings alone does."""
    if not all(offered.get(n) for n in _TOTALS) or not all(n in fields for n in _TOTALS):
        return dict(fields)
    total = _sum(lines)
    right = {
        (excl, vat, incl)
        for excl in offered["total_excl_tax"]
        for vat in offered["total_vat"]
        for incl in offered["total_incl_tax"]
        if excl + vat == incl and abs(excl / 5 - vat) < Decimal("0.006") and (total is None or total == excl)
    }
    if len(right) != 1:
        return dict(fields)
    chosen = dict(zip(_TOTALS, right.pop(), strict=True))
    return {k: replace(f, value=f"{chosen[k]:.2f}") if k in chosen else f for k, f in fields.items()}


def _amount(fields: Mapping[str, Field], name: str) -> Decimal | None:
    return values.parse_amount(str(fields[name].value)) if name in fields else None


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
    text = values.clean(_without_label_rest(item, raw)).strip(_ENDS)
    if not text or not any(c.isalnum() for c in text):
        return None, 1.0
    match item.type:
        case "siret":
            return _or_raw(_siret(text), text)
        case "siret_or_siren":
            if values.parse_siren(text):
                return None, 1.0  # a SIREN is an answer to « SIREN / SIRET », and no SIRET
            return _or_raw(_siret(text), text)
        case "uai":
            return _or_raw(values.parse_uai(text), text)
        case "postal_code":
            return _or_raw(values.parse_postal_code(text), text)
        case "email":
            return _or_raw(values.parse_email(text) or _only(values.find_emails(text)), text)
        case "phone":
            return _or_raw(values.parse_phone(text) or _only(values.find_phones(text)), text)
        case "date":
            return _date(text)
        case "digits":
            digits = re.sub(r"[\s.\-]", "", text)
            right = digits.isascii() and digits.isdigit() and item.length in (None, len(digits))
            return (digits, 1.0) if right else (text, _WRONG)
        case "integer":
            number = re.fullmatch(r"(\d{1,4})(?:\s*(?:terminaux|terminal|tpe))?", text.casefold())
            return (int(number[1]), 1.0) if number else (text, _WRONG)
        case "amount":
            amount = values.parse_amount(text)
            return (f"{amount:.2f}", 1.0) if amount is not None else (text, _WRONG)
        case "department":
            return text, _plausible(text, letters=True)
        case "name":
            return text, _plausible(text, letters=True)
        case _:
            return text, 1.0


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


def _or_raw(value: str | None, text: str) -> tuple[str, float]:
    return (value, 1.0) if value is not None else (text, _WRONG)


def _date(raw: str) -> tuple[str | None, float]:
    text = values.clean(raw).strip(_ENDS)
    if not any(c.isdigit() for c in text):
        return None, 1.0  # an empty writing line, `__/__/____`
    value = values.parse_date(text)
    if value is None:
        found = values.find_dates(text)
        value = found[0] if len(found) == 1 else None
    return _or_raw(value, text)


def _plausible(text: str, *, letters: bool) -> float:
    """A name holds letters: a number or an address in its place is another field's value."""
    if letters and (sum(c.isalpha() for c in text) < 2 or "@" in text):
        return _WRONG
    return 1.0


# --- boxes -----------------------------------------------------------------------------------------------------------


def read_questions(
    labels: Sequence[tuple[Item, Match]], pages: Sequence[Page], lines: Sequence[Line]
) -> tuple[dict[str, Field], list[Finding]]:
    """Yes or no of each question from its two boxes; both ticked is a finding, neither is no answer."""
    fields: dict[str, Field] = {}
    findings: list[Finding] = []
    for item, match in labels:
        if not item.question or item.field is None:
            continue
        page = pages[match.page]
        yes, no = _answers(item, match, page, lines)
        if yes is not None and yes is no:  # one box stands for both answers: the other was not seen
            findings.append(_unseen(item.question[0], item.field))
            continue
        if yes is None or no is None:
            covered = _covered(item, match, lines, yes or no, of_yes=yes is None)
            if covered is not None:
                fields[item.field] = Field(value=covered, confidence=0.92, page=page.number)
            elif any(w.origin == "ocr" for w in page.words) or yes is not no:
                findings.append(_unseen(item.question[0], item.field))
            continue
        if yes.state and no.state:
            findings.append(checks.two_boxes(item.question[0], item.field))
            continue
        if yes.state or no.state:
            chosen = yes if yes.state else no
            trust = min(yes.confidence, no.confidence)
            if yes.state is None or no.state is None:
                trust = min(trust, 0.6)
            fields[item.field] = Field(
                value=bool(yes.state), confidence=trust, page=page.number, box=chosen.box if page.placed else None
            )
        elif yes.state is None or no.state is None:
            unknown = yes if yes.state is None else no
            fields[item.field] = Field(
                value=unknown is yes, confidence=0.4, page=page.number, box=unknown.box if page.placed else None
            )
    return fields, findings


def _answers(item: Item, match: Match, page: Page, lines: Sequence[Line]) -> tuple[Tick | None, Tick | None]:
    """The boxes of yes and no; where an answer's word was missed, the box left over in its row stands for it."""
    yes = _answer(item.oui, match, page, lines)
    no = _answer(item.non, match, page, lines)
    if (yes is None) == (no is None):
        return yes, no
    found = yes or no
    others = [t for t in page.ticks if t is not found and _level(t, match) and t.box[0] > match.box[2]]
    if len(others) == 1 and found is not None and (others[0].box[0] < found.box[0]) == (yes is None):
        return (others[0], no) if yes is None else (yes, others[0])
    return yes, no


def _covered(item: Item, match: Match, lines: Sequence[Line], other: Tick | None, *, of_yes: bool) -> bool | None:
    """The answer whose box is not seen because its mark runs into the word beside it, where the other box is empty.

    The recognised word is then as wide as box and word together. None: nothing of the kind is to be seen.
    """
    if other is None or other.state is not False:
        return None
    widths = []
    for spellings in (item.oui, item.non):
        here = [x for x in lines if x.page == match.page and abs((x.box[1] + x.box[3]) / 2 - match.middle) < 9]
        found = [m for m in find(spellings, here, fuzzy=False, inner=True) if m.box[0] >= match.box[2] - 4]
        if not found:
            return None
        words = [w for x in here for i, w in x.words if i == found[0].spans[0][0]]
        widths.append(words[0].box[2] - words[0].box[0])
    missing, seen = (widths[0], widths[1]) if of_yes else (widths[1], widths[0])
    return of_yes if missing > 1.6 * seen else None


def _answer(spellings: Sequence[str], question: Match, page: Page, lines: Sequence[Line]) -> Tick | None:
    """The box beside an answer printed in the question's row."""
    here = [x for x in lines if x.page == question.page and abs((x.box[1] + x.box[3]) / 2 - question.middle) < 9]
    found = [m for m in find(spellings, here, fuzzy=False, inner=True) if m.box[0] >= question.box[2] - 4]
    if not found:
        return None
    return tick_beside(min(found, key=lambda m: m.box[0]), page)


def tick_beside(label: Match, page: Page) -> Tick | None:
    """The tick box that belongs to a label: close by on its left, else on its right.

    Recognition may read box and word as one word: the box then stands at the word's beginning.
    """
    row = [t for t in page.ticks if _level(t, label)]
    left = [t for t in row if -3 <= label.box[0] - t.box[2] <= _TICK_REACH or _begins(t, label)]
    if left:
        return max(left, key=lambda t: t.box[2])
    right = [t for t in row if -3 <= t.box[0] - label.box[2] <= _TICK_REACH]
    return min(right, key=lambda t: t.box[0]) if right else None


def _begins(tick: Tick, label: Match) -> bool:
    return abs(tick.box[0] - label.box[0]) < 5 and tick.box[2] < (label.box[0] + label.box[2]) / 2


def _level(tick: Tick, label: Match) -> bool:
    return same_row(tick.box, label.box) or abs((tick.box[1] + tick.box[3]) / 2 - label.middle) < 6


def read_options(
    form: Form, pages: Sequence[Page], lines: Sequence[Line], bars: Sequence[Sequence[float]]
) -> tuple[set[str], list[Finding]]:
    """The lots whose boxes are ticked."""
    lots: set[str] = set()
    findings: list[Finding] = []
    for option in form.options:
        boxes = [t for m in find(option.label, lines, bars) if (t := tick_beside(m, pages[m.page])) is not None]
        if not boxes:
            findings.append(_unseen(option.label[0]))
            continue
        tick = boxes[0]
        if tick.state:
            lots.add(option.lot)
        if tick.state is None or tick.confidence < checks.SURE:
            findings.append(_unseen(option.label[0]))
    if form.options and not lots and not findings:
        findings.append(
            Finding(code="doubtful", text="Aucune prestation n’est cochée : merci de dire lesquelles sont voulues.")
        )
    return lots, findings


def _unseen(label: str, field: str | None = None) -> Finding:
    text = f"La case « {label} » n’a pas pu être lue avec certitude. Merci de vérifier."
    return Finding(code="doubtful", text=text, field=field)


# --- totals ----------------------------------------------------------------------------------------------------------


def read_totals(
    labels: Sequence[tuple[str, Match]], places: Sequence[Place], pages: Sequence[Page]
) -> tuple[dict[str, Field], dict[str, list[Decimal]], list[Finding]]:
    """Totals behind their labels, and what else was read there; a rate (`20 %`) that stands with the label is none."""
    fields: dict[str, Field] = {}
    offered: dict[str, list[Decimal]] = {}
    findings: list[Finding] = []
    for (name, match), place in zip(labels, places, strict=True):
        text = _RATE.sub("", place.text).strip(_ENDS)
        if not text or not any(c.isdigit() for c in text):
            continue
        amount = values.parse_amount(text)
        trust = confidence.of_words(place.kept)
        if any(w.origin == "ocr" for w in place.kept):
            told = candidates.offered(Recognised(name, "amount", tuple(place.kept), _total))
            offered[name] = [Decimal(v) for v in map(str, told)]
        fields[name] = Field(
            value=f"{amount:.2f}" if amount is not None else text,
            confidence=trust if amount is not None else _WRONG,
            page=pages[match.page].number,
            box=place.box if pages[match.page].placed else None,
        )
        if any(w.struck for w in place.words):
            findings.append(checks.struck(name, text))
    return fields, offered, findings


def _total(text: str) -> tuple[str | None, float]:
    """An amount in the contract's form; the rate that may stand before it goes."""
    text = _RATE.sub("", text).strip(_ENDS)
    amount = values.parse_amount(text)
    return _or_raw(f"{amount:.2f}" if amount is not None else None, text) if text else (None, 1.0)
