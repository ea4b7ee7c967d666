"""An order's own references: its number, the commitment's, Chorus Pro's service code, its date."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from parsers import values
from parsers.layout import Segment, overlap
from parsers.order_labels import marks
from parsers.order_values import Found
from parsers.order_view import Read, View, value_of

_WEEKDAY = r"(?:[a-z]+di\s+|dimanche\s+)?"
_WRITTEN_OUT = (  # « Le vingt-quatre juin (24/06/2026) », « du mardi 3 mars 2026 »
    r"(?:(?:[a-z]+di|dimanche|premier|et|un|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|"
    r"quinze|seize|vingt|trente|mille?|janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|"
    r"decembre|20\d\d)[\s-]+)*"
)
_DOUBT = 0.6  # a date that may be the print's alone


def order_number(view: View) -> Read | None:
    """The order's number: behind its own label, in the title, or behind the `N°` that follows the title."""
    strong = [f for f in view.labelled("order_number") if f.strong]
    for f in strong:
        if number := _number(f.text):
            return number, f.words, f.page
    if view.title is not None and view.title.quote:
        return None  # any other number is the quotation's
    if (view.title is not None and view.title.kind == "purchase_order") or (
        view.title is not None and "commande" in view.title.segment.key
    ):
        rest, words = view.title.segment.cut(view.title.rest_at)
        if number := _number(_behind_title(rest)):
            return number, words, view.title.segment.page
        if number is None and (below := _below_title(view)) is not None:
            return below
    weak = [f for f in view.labelled("order_number") if not f.strong]
    if weak:
        for f in sorted(weak, key=partial(_from_title, view)):
            if _from_title(view, f) < 450 and (number := _number(f.text)):
                return number, f.words, f.page
    for f in view.labelled("reference"):
        if _from_title(view, f) < 80 and (number := _number(f.text)) and not re.search(r"march", values.fold(f.text)):
            return number, f.words, f.page
    return None


_SIGN = r"(?<!\w)(?:n\s?[°ºo*']|n\.(?=\s*[A-Z]{0,6}[-./ ]?\d)|num[ée]ro|num\.?)\s*:?\s*"
_ENGAGED = re.compile(
    r"\bengage(?:ment|e)\b(?P<between>[^.;:]{1,30}?)(?:\bn\s?[°*'o]|\bnumero)\s*(?=[a-z]{0,6}[-/]?\d)"
)
_OTHERS = re.compile(r"march|\blot|devis|offre|client|engagement(?!\s+juridique\b)|compte|budget|exercice|tiers")


def _behind_title(rest: str) -> str:
    """What may be the number in what stands behind a title's words: behind « n° », or all of it where it is a code."""
    sign = re.search(_SIGN, rest, re.IGNORECASE)
    if sign is not None:
        return "" if _OTHERS.search(values.fold(rest[: sign.start()])) else rest[sign.end() :]
    bare = re.match(
        r"\s*([a-z]{0,8}[-./]?\d[\w./-]*(?:\s[/-]\s\d\w*)*)(?=\s*$|\s+(?:du|le|en\s+date)\b)", values.fold(rest)
    )
    if bare is None or re.fullmatch(r"(?:19|20)\d\d", bare[1]) or values.parse_date(bare[1]):  # a year is no number
        return ""
    return rest


def _below_title(view: View) -> Read | None:
    """A lone code right below the title, set to one of its edges or its middle."""
    if view.title is None:
        return None
    t = view.title.segment
    for s in view.around:
        near = s.page == t.page and -2 < s.box[1] - t.box[3] < 1.2 * t.height
        set_to = min(abs(s.box[0] - t.box[0]), abs(s.box[2] - t.box[2]), abs(sum(s.box[::2]) - sum(t.box[::2])) / 2) < 3
        if near and set_to and len(s.words) == 1 and not marks(s) and (number := _number(s.text)):
            return number, s.words, s.page
    return None


def _from_title(view: View, f: Found) -> float:
    """How far a label stands from the title, in points."""
    if view.title is None or f.page != view.title.segment.page:
        return f.label.box[1]
    a, b = f.label.box, view.title.segment.box
    return max(-overlap(a[1], a[3], b[1], b[3]), 0.0) + 0.5 * max(-overlap(a[0], a[2], b[0], b[2]), 0.0)


def commitment_number(view: View) -> Read | None:
    """The number of the (legal) commitment."""
    for f in sorted(view.labelled("commitment_number"), key=lambda f: not f.strong):
        if number := _number(f.text):
            return number, f.words, f.page
    if view.title is not None and view.title.kind == "legal_commitment" and "commande" not in view.title.segment.key:
        text, words = view.title.segment.cut(view.title.rest_at)
        stripped = re.sub(r"(?i)^[\s:–-]*(?:n\s?[°ºo*']|num[ée]ro)\s*:?\s*", "", text)
        if stripped != text and (number := _number(stripped)):
            return number, words, view.title.segment.page
    for s in view.around:  # a letter: « La dépense est engagée sous le n° 26-190. »
        m = _ENGAGED.search(s.key)
        if m is not None and not _OTHERS.search(m["between"]) and (number := _number(s.cut(m.end())[0])):
            return number, s.cut(m.end())[1][:1], s.page
    return None


def service_code(view: View) -> Read | None:
    """Chorus Pro's service code."""
    for f in view.labelled("service_code"):
        code = f.text.split(" – ")[0].split(" - ")[0].strip(" ).,;")
        if values.fold(code) in ("neant", "aucun", "sans", "sans objet", "non", "nc", "n/a"):
            return None
        if re.fullmatch(r"[\w./\- ]{1,40}", code) and len(code.split()) <= 3:
            return code, f.words, f.page
    for f in view.labelled("service"):
        if re.fullmatch(r"[A-Z0-9][A-Z0-9_./-]{1,39}", f.text):
            return value_of(f)
    return None


def order_date(view: View) -> Read | None:
    """The day of the order, from the labels above the lines or the title; never the day of signature."""
    head = view.above if view.table else view.around
    above = set(head)
    if view.title is not None and view.title.quote:
        return None  # the date above is the quotation's
    for f in sorted(view.labelled("order_date"), key=lambda f: not f.strong):
        if not f.strong and f.label not in above:
            continue
        dates = values.find_dates(f.text)
        if dates and (f.strong or len(dates) == 1):
            return dates[0], f.words, f.page
    if view.title is not None:
        dates = values.find_dates(view.title.segment.text)
        if dates:
            return dates[0], view.title.segment.words, view.title.segment.page
    # A supplier has no date of its own: « Fournisseur : … – Date : … » in one line.
    for f in view.labels:
        dates = values.find_dates(f.text)
        if f.key == "order_date" and f.colon and f.label in above and len(dates) == 1 and _alone(f):
            return dates[0], f.words, f.page
    refused = {f.label for f in view.labels if f.key == "stop" and values.find_dates(f.text)}
    for s in head:
        dated = re.match(r"[a-z' -]{2,40},\s*le\s+[^,]*\d{2,4}$", s.key)  # a letter's, over the addressee
        if (view.sold(s) and not dated) or s in refused or s.box[1] > 0.6 * _height(view, s):
            continue
        dates = values.find_dates(s.text)
        if len(dates) == 1 and re.match(
            rf"(?:[a-z' -]{{2,40}},?\s*)?(?:le|du|en date du)\s*:?\s*{_WRITTEN_OUT}\(?\d|.*\bdu\s+{_WEEKDAY}\d",
            s.key,
        ):
            return dates[0], s.words, s.page
    return _lone(head) or _printed_on(view, head)


def _lone(head: Sequence[Segment]) -> Read | None:
    """A date that stands by itself, where the head shows no other: below the number, at the title's other end."""
    dated = [s for s in head if values.find_dates(s.text)]
    days = {d for s in dated for d in values.find_dates(s.text)}
    if len(days) != 1 or any(marks(s) or values.parse_date(s.text) is None for s in dated):
        return None
    return days.pop(), dated[0].words, dated[0].page


def _alone(f: Found) -> bool:
    """Whether a label stands behind another's value in one line, and not below a supplier's own heading."""
    return f.label is f.value and not f.label.text.startswith(f.text) and marks(f.label)[0].key != "order_date"


def _printed_on(view: View, head: Sequence[Segment]) -> Read | None:
    """« Édité le … » where the head shows no other date: likely the order's, and a person says whether it is."""
    printed = [f for f in view.labels if f.key == "stop" and re.match(r"edite", f.label.key) and f.label in set(head)]
    dates = {d for f in printed for d in values.find_dates(f.text)}
    others = {d for s in head for d in values.find_dates(s.text)} - dates
    if len(dates) != 1 or others:
        return None
    f = printed[0]
    return dates.pop(), tuple(replace(w, confidence=min(w.confidence, _DOUBT)) for w in f.words), f.page


def _height(view: View, s: Segment) -> float:
    return next(x.page.height for x in view.sheets if x.page.number == s.page)


def _number(text: str) -> str | None:
    """A reference number at the beginning of a text, as written; None where there is none."""
    text = re.sub(rf"^\s*{_SIGN}", "", text, flags=re.IGNORECASE)
    text = re.sub(
        r"(?<=\d)\s+([-–])\s+(?=\d+(?:\s|$))(?!\d\d?\s+[^\W\d]{3,})", "\x02\\1\x02", text
    )  # « 2026 - 118 » is one number
    text = re.split(
        r"\s+(?:du|le|en date|date|page|–|-|\|)\s+|\s*[;()]|,\s", text.strip(" :.-–"), maxsplit=1, flags=re.IGNORECASE
    )[0].strip(" :.,-–")
    tokens: list[str] = []
    for token in re.sub(r"(?<=\w)\s+/\s+(?=\w)", "\x02/\x02", text).split(" "):
        token = token.replace("\x02", " ")  # « VSA 2026 / 45 » is one number
        if not re.fullmatch(r"[A-Za-z0-9ÉÈÀ][\w./°\-–]*(?: [/–-] [\w./-]+)*", token) or len(tokens) == 3:
            break
        if tokens and token.isalpha() and not token.isupper() and token not in ("bis", "ter", "quater"):
            break
        tokens.append(token)
    value = " ".join(tokens).rstrip(".")
    digits = sum(c.isdigit() for c in value)
    if (
        not digits
        or len(value) > 30
        or (values.parse_date(value) and re.search(r"[/.\s]", value))
        or re.fullmatch(r"\d{14}", value)
    ):
        return None
    return value
