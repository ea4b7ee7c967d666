"""The digest's pictures: PNG with a text alternative that says the same figures. No display, no global state."""

from __future__ import annotations

import io
import textwrap
from collections import Counter
from typing import TYPE_CHECKING

from daemon.digest.facts import STATES, DigestFacts
from daemon.letters import french
from daemon.letters.render import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette (told apart by most colour-blind eyes), from what has not begun to what is done.
_COLOURS = {
    "expected": "#BBBBBB",
    "incomplete": "#E69F00",
    "review": "#D55E00",
    "complete": "#56B4E9",
    "forwarded": "#0072B2",
    "active": "#009E73",
    "withdrawn": "#777777",
    "closed": "#444444",
}
_LIGHT = {"expected", "incomplete", "complete"}  # grounds on which white figures would not be read
_DOSSIERS_ALT = "dossiers par lot et par état ; la liste qui suit dit les mêmes chiffres"
_WIDE, _DPI = 3.8, 200  # inches: what a telephone shows, at twice its points
_LABEL = 20  # characters of a lot's title on a line
_LOTS = 12  # bars that a telephone can show


def charts(facts: DigestFacts) -> tuple[Picture, ...]:
    """The pictures that have something to show."""
    made = []
    if facts.dossiers:
        made.append(Picture(cid="dossiers", data=_dossiers(facts), media_type="image/png", alt=_DOSSIERS_ALT))
    if any(d.received or d.sent for d in facts.days):
        made.append(Picture(cid="courrier", data=_mails(facts), media_type="image/png", alt=_mails_alt(facts)))
    return tuple(made)


def by_lot(facts: DigestFacts) -> dict[str, Counter[str]]:
    """Dossiers by lot's title, then by state; lots in the order of the books."""
    lots: dict[str, Counter[str]] = {}
    for dossier in facts.dossiers:
        lots.setdefault(dossier.lot_title, Counter())[dossier.state] += 1
    return lots


def told(states: Counter[str]) -> str:
    """« 12 attendus, 4 incomplets »: a lot's dossiers in words."""
    return ", ".join(f"{states[s]}{french.NBSP}{french.plural(states[s], STATES[s])}" for s in STATES if states[s])


def _mails_alt(facts: DigestFacts) -> str:
    received, sent = sum(d.received for d in facts.days), sum(d.sent for d in facts.days)
    first, last = facts.days[0].day, facts.days[-1].day
    return (
        f"courrier jour par jour, du {french.date_plain(first)} au {french.date_plain(last)} : "
        f"{received} {french.plural(received, 'message reçu', 'messages reçus')}, "
        f"{sent} {french.plural(sent, 'lettre envoyée', 'lettres envoyées')}"
    )


def _dossiers(facts: DigestFacts) -> bytes:
    lots = dict(list(by_lot(facts).items())[:_LOTS])
    figure = _figure(0.75 + 0.42 * len(lots))
    axes = figure.add_subplot()
    labels = [textwrap.fill(lot, _LABEL) for lot in lots]
    left = [0] * len(lots)
    for state, name in STATES.items():
        widths = [n[state] for n in lots.values()]
        if not any(widths):
            continue
        ink = "#1B1B1F" if state in _LIGHT else "white"
        bars = axes.barh(labels, widths, left=left, color=_COLOURS[state], label=name, height=0.62)
        total = max(sum(n.values()) for n in lots.values())
        shown = [str(w) if w >= total * 0.05 else "" for w in widths]
        axes.bar_label(bars, labels=shown, label_type="center", color=ink, fontsize=8, fontweight="bold")
        left = [a + b for a, b in zip(left, widths, strict=True)]
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0, labelsize=8.5)
    axes.xaxis.set_visible(False)
    _bare(axes)
    figure.legend(loc="outside lower left", ncols=3, frameon=False, fontsize=8)
    return _png(figure)


def _mails(facts: DigestFacts) -> bytes:
    from matplotlib.ticker import MaxNLocator

    figure = _figure(1.9)
    axes = figure.add_subplot()
    places = range(len(facts.days))
    axes.bar([p - 0.2 for p in places], [d.received for d in facts.days], 0.4, color="#0072B2", label="messages reçus")
    axes.bar([p + 0.2 for p in places], [d.sent for d in facts.days], 0.4, color="#E69F00", label="lettres envoyées")
    step = max(1, len(facts.days) // 4)
    axes.set_xticks(list(places)[::step], [f"{d.day:%d/%m}" for d in facts.days[::step]], fontsize=8)
    axes.tick_params(axis="y", labelsize=8)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    _bare(axes)
    figure.legend(loc="outside lower left", ncols=2, frameon=False, fontsize=8)
    return _png(figure)


def _figure(height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(_WIDE, height), dpi=_DPI, layout="constrained", facecolor="white")


def _bare(axes: Axes) -> None:
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)


def _png(figure: Figure) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()
