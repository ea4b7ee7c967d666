"""Official forms on the page model: which form it is, what was written in it, whether a hand signed it.

The same on every source: labels, geometry, types and arithmetic decide; what is not sure gets a confidence below 0.9,
which `parsers.checks` turns into a question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from parsers import (
    checks,
    form_boxes,
    form_lines,
    form_table,
    form_totals,
    form_values,
    prose,
    recognise,
    signature_box,
)
from parsers.extraction import Extraction
from parsers.labels import Line, Match, before, choose, find, rows, same_row, squash
from parsers.layouts import Form, Item, load
from parsers.page import Page, Word
from parsers.records import Context, Finding
from parsers.unwrapped import unwrapped
from parsers.zones import Place, fill, leftovers, places, run_on, verticals, with_strikes

_SIGNING = ("signatory_name", "signatory_role", "signed_on")


@dataclass(slots=True)
class Sheet:
    """A run of pages being read as one form."""

    form: Form
    pages: Sequence[Page]
    lines: list[Line]
    bars: list[list[float]]
    labels: list[tuple[Item, Match]] = field(default_factory=list)
    totals: list[tuple[str, Match]] = field(default_factory=list)
    printed: list[Match] = field(default_factory=list)
    table: form_table.Table | None = None
    words: dict[int, list[Word]] = field(default_factory=dict)  # what no label covers, by page index
    places: list[Place] = field(default_factory=list)


def extract(pages: Sequence[Page], context: Context) -> Extraction | None:
    """The official form that these pages are, with its values; None where they are none that we know."""
    pages = tuple(map(with_strikes, pages))
    lines = [line for i, page in enumerate(pages) for line in rows(page, i)]
    ranked = recognise.rank(load(context.forms), lines)
    if not ranked:
        return None
    score, form = ranked[0]
    found = read_form(form, pages, lines, context)
    if not form.rows and form.prose is None and not any(w.origin == "ocr" for p in pages for w in p.words):
        flat = tuple(map(unwrapped, pages))
        again = read_form(form, flat, [line for i, p in enumerate(flat) for line in rows(p, i)], context)
        found = max(found, again, key=_sure)  # as printed where both tell as much
    rivals = [f for s, f in ranked[1:] if score - s < 0.03 and (f.kind, f.lots) != (form.kind, form.lots)]
    if rivals:
        found = found.with_findings(_ambiguous())
    return found


def _sure(found: Extraction) -> int:
    return sum(f.confidence >= checks.SURE for f in found.fields.values())


def read_form(form: Form, pages: Sequence[Page], lines: list[Line], context: Context) -> Extraction:
    """The values of a known form."""
    if form.prose is not None:
        return _read_prose(form, pages, lines, context)
    sheet = Sheet(form, pages, lines, [verticals(pages[x.page], (x.box[1] + x.box[3]) / 2) for x in lines])
    sheet.table = form_table.locate(form, pages, lines, sheet.bars)
    _find_labels(sheet)
    _find_printed(sheet)
    _place_values(sheet)
    fields, findings = form_values.read(sheet.labels, sheet.places, pages, context)
    ticked, more = form_boxes.read_questions(sheet.labels, pages, lines)
    fields.update(ticked)
    findings.extend(more)
    lots, optional = form_boxes.read_options(form, pages, lines, sheet.bars)
    findings.extend(optional)
    ordered = form_lines.Ordered()
    if sheet.table is not None:
        ordered = form_lines.read(pages, sheet.table, sheet.words)
    elif form.rows:
        findings.append(_no_table())
    amounts, offered, more = form_totals.read_totals(sheet.totals, sheet.places[len(sheet.labels) :], pages)
    fields = form_totals.prove_totals({**fields, **amounts}, ordered.lines, offered)
    findings.extend([*more, *ordered.findings])
    findings.extend(checks.doubtful_line(label) for label in dict.fromkeys(ordered.doubtful))
    if not fields and not ordered.touched and not (lots - set(form.lots)):
        findings = [checks.blank()]
    signed = signature_box.signed(form, pages, lines, sheet.bars)
    if not signed:  # who is to sign and when is said by a signature; unsigned, a doubt about it is worth no question
        fields = {k: f for k, f in fields.items() if k not in _SIGNING or f.confidence >= checks.SURE}
    return Extraction(
        kind=form.kind,
        group=form.group,
        lots=tuple(x for x in (*form.lots, *sorted(lots - set(form.lots)))),
        form=form.id,
        fields=fields,
        lines=tuple(ordered.lines),
        findings=tuple(findings),
        signed_by_hand=signed,
        score=recognise.score(form, lines),
    )


def _read_prose(form: Form, pages: Sequence[Page], lines: list[Line], context: Context) -> Extraction:
    """A paper of running text: its patterns in place of labels."""
    types = {i.field: i for i in form.fields if i.field}
    fields = {
        name: value
        for name, found in prose.read(form, lines).items()
        if name in types and (value := form_values.typed(types[name], found, pages, context)) is not None
    }
    bars = [verticals(pages[x.page], (x.box[1] + x.box[3]) / 2) for x in lines]
    return Extraction(
        kind=form.kind,
        group=form.group,
        lots=form.lots,
        form=form.id,
        fields=fields,
        findings=() if fields else (checks.blank(),),
        signed_by_hand=signature_box.signed(form, pages, lines, bars),
        score=recognise.score(form, lines),
    )


def _find_labels(sheet: Sheet) -> None:
    """Every label in its place: reading order decides between several."""
    form = sheet.form
    wanted: list[tuple[Item | str, list[Match]]] = []
    wanted.extend((item, _candidates(sheet, item)) for item in (*form.fields, *form.situation))
    for name, spellings in form.totals.items():
        below = [m for m in find(spellings, sheet.lines, sheet.bars) if _below_table(sheet, m)]
        wanted.append((name, below))
    wanted.extend((item, _candidates(sheet, item)) for item in form.signing if item.after is None)
    chosen = choose([places_ for _, places_ in wanted])
    for (what, _), match in zip(wanted, chosen, strict=True):
        if match is None:
            continue
        if isinstance(what, str):
            sheet.totals.append((what, match))
        else:
            sheet.labels.append((what, match))
    for item in form.signing:
        if item.after is not None:
            sheet.labels.extend((item, m) for m in _dependent(sheet, item))


def _candidates(sheet: Sheet, item: Item) -> list[Match]:
    leads = any(squash(i.after or "") == squash(item.spellings[0]) for i in sheet.form.signing)  # « Fait à … le … »
    found = find(item.spellings, sheet.lines, sheet.bars, inner=leads)
    if sheet.table is None:
        return found
    (first, top), (last, bottom) = sheet.table.top, sheet.table.bottom
    return [m for m in found if (m.page, m.middle) < (first, top) or (m.page, m.middle) > (last, bottom)]


def _below_table(sheet: Sheet, match: Match) -> bool:
    return sheet.table is None or (match.page, match.middle) > sheet.table.bottom


def _dependent(sheet: Sheet, item: Item) -> list[Match]:
    """A short word (`le`) that is a label only behind another: the last of its row, or the first of the next row."""
    heads = [m for i, m in sheet.labels if i.label and squash(item.after or "") == squash(i.label[0])]
    if not heads:
        return []
    head = heads[-1]
    found: list[Match] = []
    for n, line in enumerate(sheet.lines):
        if line.page != head.page:
            continue
        for match in find(item.label, [line], [sheet.bars[n]], fuzzy=False, inner=True):
            own_row = same_row(match.box, head.box) and match.box[0] >= head.box[2] - 2
            next_row = 0 < match.middle - head.middle < 32 and match.alone and match.first
            if own_row or next_row:
                found.append(match)
    in_row = [m for m in found if same_row(m.box, head.box)]
    return [max(in_row, key=lambda m: m.box[0])] if in_row else found[:1]


def _find_printed(sheet: Sheet) -> None:
    """Headings and sentences of the form: they end places and are no values."""
    form = sheet.form
    taken = {(m.page, s[0]) for _, m in sheet.labels for s in m.spans}
    sentences = [squash(s) for s in form.printed]
    everything = "".join(sentences)
    headings = [*form.headings, *(i.heading for i in form.items if i.heading)]
    boxes = [form.signature, *form.other_signatures, *form.title]
    found: list[Match] = []
    for spellings in (*headings, *boxes):
        if spellings:
            # Alone in its row or cell: within running text the same words are somebody's value.
            whole = find(spellings, sheet.lines, sheet.bars, fuzzy=False)
            found.extend(m for m in whole if m.first and (m.alone or m.closed))
    for n, line in enumerate(sheet.lines):
        if len(line.text) >= 12 and _is_printed(line, everything):
            found.extend(_whole(line, sheet.bars[n]))
    sheet.printed = [m for m in found if not any((m.page, s[0]) in taken for s in m.spans)]
    if sheet.table is not None:
        sheet.printed.extend(sheet.table.matches)


def _is_printed(line: Line, everything: str) -> bool:
    if line.text in everything:
        return True
    if not everything:
        return False
    from rapidfuzz import fuzz

    return len(line.text) >= 30 and fuzz.partial_ratio(line.text, everything) >= (85 if line.recognised else 93)


def _whole(line: Line, bars: Sequence[float]) -> list[Match]:
    return find((line.text,), [line], [list(bars)], fuzzy=False)


def _place_values(sheet: Sheet) -> None:
    matches = [m for _, m in sheet.labels] + [m for _, m in sheet.totals]
    sheet.places = places(sheet.pages, matches, sheet.printed)
    row_of: dict[int, int] = {}
    row_at: dict[tuple[int, int], int] = {}
    for n, line in enumerate(sheet.lines):
        if line.recognised:
            row_of.update((id(w), n) for _, w in line.words)
            row_at.update(((line.page, i), n) for i, _ in line.words)
    for place in sheet.places:
        place.row = row_at.get((place.match.page, place.match.spans[0][0]))
    for i, page in enumerate(sheet.pages):
        words = leftovers(page, i, [*matches, *sheet.printed], row_of)
        sheet.words[i] = words
        left = fill(page, i, sheet.places, [w for w in words if not _in_table(sheet, i, w)], row_of)
        if not any(w.origin == "ocr" for w in left):
            run_on(page, i, sheet.places, left)


def _in_table(sheet: Sheet, index: int, word: Word) -> bool:
    if sheet.table is None:
        return False
    y = (word.box[1] + word.box[3]) / 2
    return sheet.table.top < (index, y) < sheet.table.bottom


def _ambiguous() -> Finding:
    return Finding(
        code="doubtful",
        text="Le document ressemble à deux formulaires à la fois : merci de dire lequel il est.",
    )


def _no_table() -> Finding:
    return Finding(
        code="doubtful",
        text="Le tableau de la commande n’a pas pu être lu : merci de vérifier les prestations commandées.",
        field="lines",
    )


__all__ = ["before", "extract", "read_form"]
