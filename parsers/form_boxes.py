"""A form's tick boxes: the answers to its questions, and the lots that it offers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from parsers import checks
from parsers.labels import Line, Match, find, same_row
from parsers.layouts import Form, Item
from parsers.page import Page, Tick
from parsers.records import Field, Finding

_TICK_REACH = 34.0  # points between a box and the answer printed beside it


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
        if yes is None or no is None:
            covered = _covered(item, match, lines, yes or no, of_yes=yes is None)
            typed = _typed(match, page)
            if covered is not None:
                fields[item.field] = Field(value=covered, confidence=0.92, page=page.number)
            elif typed in _TYPED:
                fields[item.field] = Field(value=_TYPED[typed], page=page.number)
            elif typed in _BOTH:
                findings.append(checks.two_boxes(item.question[0], item.field))
            elif set(typed) & set("ME") or any(w.origin == "ocr" for w in page.words) or yes is not no:
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


_TOKEN = re.compile(
    r"(?P<O>\boui\b)|(?P<N>\bnon\b)|"
    r"(?P<M>[\[(]\s*[x✓✔✗✘]\s*[\])]|[■●◼⬛▣✓✔✗✘☑☒]|\bx\b)|(?P<E>[\[(]\s*[\])]|[□☐○])"
)
# Answers that are typed, by what stands behind the question: Oui, Non, a Mark, an Empty pair of brackets.
_TYPED = {"O": True, "N": False, "OMNE": True, "MOEN": True, "OENM": False, "EOMN": False}
_BOTH = ("OMNM", "MOMN")


def _typed(match: Match, page: Page) -> str:
    """What is typed behind a question on digital paper, as letters of `_TOKEN`'s groups; boxes count by their state."""
    asked = [page.words[i] for i, _, _ in match.spans]
    end = max((w.box[2] for w in asked if any(c.isalnum() for c in w.text)), default=match.box[2]) - 4
    said = [
        (w.box[0], w.text) for w in page.words if w.origin == "print" and same_row(w.box, match.box) and w.box[0] > end
    ]
    said += [
        (t.box[0], "☒" if t.state else "☐") for t in page.ticks if _level(t, match) and t.box[0] > match.box[2] - 4
    ]
    text = " ".join(shown for _, shown in sorted(said)).casefold()
    found = [(m.lastgroup or "") for m in _TOKEN.finditer(text)]
    rest = re.sub(r"[\W_]", "", _TOKEN.sub("", text))
    return "" if rest else "".join(found)


def _answers(item: Item, match: Match, page: Page, lines: Sequence[Line]) -> tuple[Tick | None, Tick | None]:
    """The boxes of yes and no; where an answer's word was missed, the box left over in its row stands for it."""
    labels = [_answer(spellings, match, lines) for spellings in (item.oui, item.non)]
    yes, no = (tick_beside(label, page) if label is not None else None for label in labels)
    if yes is not None and yes is no:
        behind = [_tick_behind(label, page) if label is not None else None for label in labels]
        before = [label is not None and yes.box[2] <= label.box[0] + 3 for label in labels]
        if behind[0] is yes and behind[1] is not None:
            yes, no = behind
        else:  # it belongs to the word behind it; the other's box was not seen
            yes, no = yes if before[0] else None, no if before[1] and not before[0] else None
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


def _answer(spellings: Sequence[str], question: Match, lines: Sequence[Line]) -> Match | None:
    """An answer printed in the question's row."""
    here = [x for x in lines if x.page == question.page and abs((x.box[1] + x.box[3]) / 2 - question.middle) < 9]
    found = [m for m in find(spellings, here, fuzzy=False, inner=True) if m.box[0] >= question.box[2] - 4]
    return min(found, key=lambda m: m.box[0], default=None)


def tick_beside(label: Match, page: Page) -> Tick | None:
    """The tick box that belongs to a label: close by on its left, else on its right.

    Recognition may read box and word as one word: the box then stands at the word's beginning.
    """
    row = [t for t in page.ticks if _level(t, label)]
    left = [t for t in row if -3 <= label.box[0] - t.box[2] <= _TICK_REACH or _begins(t, label)]
    if left:
        return max(left, key=lambda t: t.box[2])
    return _tick_behind(label, page)


def _tick_behind(label: Match, page: Page) -> Tick | None:
    right = [t for t in page.ticks if _level(t, label) and -3 <= t.box[0] - label.box[2] <= _TICK_REACH]
    return min(right, key=lambda t: t.box[0], default=None)


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
