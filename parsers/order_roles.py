"""Roles of persons: « Gestionnaire » labels a name, « Acheteur public » heads a party, but not behind « Fonction »."""

from __future__ import annotations

from collections.abc import Sequence

from parsers import people
from parsers.layout import Segment, same_row
from parsers.order_labels import Mark, marks


def right_of(s: Segment, labels: dict[Segment, tuple[Mark, ...]]) -> Segment | None:
    """The next segment to the right on the line, or the first line of a cell of two that stands level with it."""
    right = [o for o in labels if o is not s and same_row(s.box, o.box) and o.box[0] >= s.box[2] - 1]
    if right:
        return min(right, key=lambda o: o.box[0])
    level = [o for o in labels if o.box[0] > s.box[2] and abs(sum(o.box[1::2]) - sum(s.box[1::2])) < 2.2 * s.height]
    left = min((o.box[0] for o in level), default=0.0)
    two = [o for o in level if abs(o.box[0] - left) < 1]
    return min(two, key=lambda o: o.box[1]) if len(two) == 2 else None


def roles(segments: Sequence[Segment]) -> frozenset[Segment]:
    """The roles that stand beside the label of one, or below it in a grid of captions."""
    labels = {s: marks(s) for s in segments}
    found = set()
    for s, own in labels.items():
        if not own or not own[-1].key.endswith("_role") or own[-1].end < len(s.key):
            continue
        beside, captions = right_of(s, labels), _captions(s, labels)
        under = [o for o in labels if -2 < o.box[1] - s.box[3] < 1.6 * s.height and abs(o.box[0] - s.box[0]) < 3]
        below = min(under, key=lambda o: o.box[1], default=None) if captions > 1 and not own[-1].colon else None
        for value in (below,) if captions > 2 else (beside, below):
            if value is not None and _is_role(value, labels):
                found.add(value)
                break
    return frozenset(found)


def _captions(s: Segment, labels: dict[Segment, tuple[Mark, ...]]) -> int:
    """How many labels stand in a label's row, 0 where anything else does: more than two have their values below."""
    row = [_fills(o, own) for o, own in labels.items() if same_row(o.box, s.box)]
    return len(row) if all(row) else 0


def _fills(s: Segment, own: Sequence[Mark]) -> bool:
    return bool(own) and own[0].start == 0 and own[-1].end == len(s.key)


def _is_role(s: Segment, labels: dict[Segment, tuple[Mark, ...]]) -> bool:
    """Whether the text beside a role's label is one: no label with a colon, and nothing that it heads below it."""
    own = labels[s]
    if own and (len(own) > 1 or own[0].colon or own[0].end < len(s.key)):
        return False
    if not people.is_role(s.text) and not (own and own[0].key == "contact_name"):
        return False
    under = [o for o in labels if -2 < o.box[1] - s.box[3] < 0.9 * s.height and abs(o.box[0] - s.box[0]) < 3]
    return all(labels[o] or o.text[:1].islower() or _is_value(o, labels) for o in under)


def _is_value(s: Segment, labels: dict[Segment, tuple[Mark, ...]]) -> bool:
    """Whether a label that ends its segment stands left of a text, on its line."""
    left = [o for o in labels if o is not s and same_row(o.box, s.box) and o.box[2] <= s.box[0] + 1]
    before = max(left, key=lambda o: o.box[2], default=None)
    return before is not None and bool(labels[before]) and labels[before][-1].end == len(before.key)
