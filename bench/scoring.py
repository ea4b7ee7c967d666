"""How well readings match the truth, by the contract's rules: fields, lines, kind, lots, signature, review, mail.

Values are compared after NFKC, case folding and white-space collapse; names also without accents and civility. A wrong
value in a piece that asks nobody is a silent error, the one thing that a member cannot forgive.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

NAMES = {
    "member_name", "contact_name", "contact_role", "signatory_name", "signatory_role", "street", "city", "prefecture",
    "current_provider",
}  # fmt: skip
DIGITAL = ("text_pdf", "acroform", "office")
Json = dict[str, Any]


def same(name: str, a: Any, b: Any) -> bool:
    """Whether two values of a field are the same to the contract."""
    return bool(_plain(name, a) == _plain(name, b))


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, bool):
        return value
    text = " ".join(unicodedata.normalize("NFKC", str(value)).casefold().split()).replace("’", "'")
    if name in NAMES:
        text = _bare(text)
    if name in ("contact_name", "signatory_name"):
        text = re.sub(r"^(m\.|mr\.?|mme|mlle|monsieur|madame)\s+", "", text)
    if name == "prefecture":
        text = re.sub(r"^(prefecture\s+)?(de la |de l'|du |des |de )?", "", text)
    return text


def _bare(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def same_line(true: Json, read: Json) -> bool:
    """Labels alike, quantity and prices right."""
    a, b = (
        re.sub(r"[^a-z0-9]+", " ", _bare(unicodedata.normalize("NFKC", x["label"]).casefold())).strip()
        for x in (true, read)
    )
    alike = a in b or (len(b) > 11 and b in a) or difflib.SequenceMatcher(None, a, b, autojunk=False).ratio() >= 0.8
    return bool(a and b and alike and true["quantity"] == read["quantity"] and _cents(true) == _cents(read))


def _cents(line: Json) -> tuple[int | None, ...]:
    return tuple(None if line[k] is None else round(float(line[k]) * 100) for k in ("unit_price", "total"))


def hits(true: list[Json], read: list[Json]) -> int:
    """How many true lines were read, each read line counting once."""
    left, found = list(read), 0
    for line in true:
        match = next((x for x in left if same_line(line, x)), None)
        if match is not None:
            left.remove(match)
            found += 1
    return found


def pairs(true: list[Json], read: list[Json]) -> list[tuple[Json, Json | None]]:
    """Each true piece with the one read for it: same bytes and name, else same bytes and pages, else same bytes."""
    left, found = list(read), []

    def pages(name: str) -> str:
        m = re.search(r"#(\d+-\d+)$", name)
        return m[1] if m else ""

    rules = (
        lambda t, g: unicodedata.normalize("NFC", t["name"]) == unicodedata.normalize("NFC", g["name"]),
        lambda t, g: pages(t["name"]) == pages(g["name"]),
        lambda _, g: not pages(g["name"]),
    )
    taken: dict[int, Json] = {}
    for rule in rules:
        for i, t in enumerate(true):
            match = next((g for g in left if i not in taken and t["sha256"] == g["sha256"] and rule(t, g)), None)
            if match is not None:
                left.remove(match)
                taken[i] = match
    for i, t in enumerate(true):
        found.append((t, taken.get(i)))
    return found


@dataclass(kw_only=True)
class Score:
    """Counts by source type, of mails, and what went wrong where."""

    by: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    mails: Counter[str] = field(default_factory=Counter)
    traps: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    faults: list[tuple[int, str]] = field(default_factory=list)  # weight, sentence

    def add(self, true: Json, read: Json | None) -> None:
        """One mail's truth and reading (None: it was not read at all)."""
        mail = (read or {}).get("mail") or {}
        m = self.mails
        m["n"] += 1
        m["nature"] += mail.get("nature") == true["mail"]["nature"]
        if true["mail"]["nature"] == "message":
            want, got = true["mail"]["intents"], mail.get("intents") or []
            m["messages"] += 1
            m["first"] += got[:1] == want[:1]
            m["exact"] += set(got) == set(want)
            if got[:1] != want[:1]:
                self.faults.append((3, f"{true['source']}: intents {got} instead of {want}"))
        if mail.get("nature") != true["mail"]["nature"]:
            self.faults.append(
                (5, f"{true['source']}: nature {mail.get('nature')} instead of {true['mail']['nature']}")
            )
        for t, g in pairs(true["pieces"], (read or {}).get("pieces") or []):
            self.piece(true["source"], t, g)

    def piece(self, source: str, t: Json, g: Json | None) -> None:
        """One piece."""
        c = self.by[t["source_type"]]
        loose = set(t.get("ambiguous", ()))
        c["pieces"] += 1
        if g is None:
            c["missing"] += 1
        wrong = [] if t.get("unreadable") else self._whole(c, t, g, loose)
        missed: list[str] = []
        if "*" not in loose:
            self._fields(c, t, g, loose, wrong, missed)
            if "lines" not in loose:
                self._lines(c, t, g, wrong, missed)
        review = bool(g and g["review"])
        if g is not None and not review:
            c["silent"] += len(wrong)
        if t["must_review"]:
            c["must"] += 1
            c["caught"] += review
            trap = self.traps[t.get("trap", "?")]
            trap["n"] += 1
            trap["caught"] += review
            if not review:
                missed.append(f"« {t.get('trap')} » is not seen")
        elif g is not None:
            c["plain"] += 1
            c["straight"] += not review
            if review and t["source_type"] in DIGITAL:
                missed.append("needless review: " + g["review"][0])
        silent = "SILENT " if wrong and not review else ""
        if wrong or missed or g is None:
            what = "; ".join([*wrong, *missed]) if g else "piece missing"
            self.faults.append(
                (len(wrong) * (10 if silent else 2) + len(missed), f"{silent}{source} {t['name']}: {what[:600]}")
            )

    def _whole(self, c: Counter[str], t: Json, g: Json | None, loose: set[str]) -> list[str]:
        wrong = []
        checks = [
            ("kind", g and g["kind"] in [t["kind"], *t.get("kind_alt", [])]),
            ("lots", g and set(g["lots"]) == set(t["lots"])),
        ]
        if "signature" not in loose:
            checks.append(("signature", g and g["signature"] == t["signature"]))
        for name, right in checks:
            c[f"{name}_n"] += 1
            c[name] += bool(right)
            if g is not None and not right:
                wrong.append(f"{name} {g[name]!r} instead of {t[name]!r}")
        return wrong

    def _fields(
        self, c: Counter[str], t: Json, g: Json | None, loose: set[str], wrong: list[str], missed: list[str]
    ) -> None:
        want = {k: v["value"] for k, v in t["fields"].items() if k not in loose}
        got = {} if g is None else {k: v["value"] for k, v in g["fields"].items() if k not in loose}
        for k in want.keys() - got.keys() if not t.get("unreadable") else ():
            c["want"] += 1
            missed.append(f"{k} missed")
        for k, v in got.items():
            c["given"] += 1
            c["want"] += k in want
            if k in want and same(k, want[k], v):
                c["hit"] += 1
            else:
                wrong.append(f"{k} {v!r} instead of {want.get(k)!r}")

    def _lines(self, c: Counter[str], t: Json, g: Json | None, wrong: list[str], missed: list[str]) -> None:
        got = [] if g is None else g["lines"]
        hit = hits(t["lines"], got)
        c["line_want"] += hit if t.get("unreadable") else len(t["lines"])
        c["line_given"] += len(got)
        c["line_hit"] += hit
        if len(got) > hit:
            wrong.append(f"{len(got) - hit} lines wrong")
        elif hit < len(t["lines"]) and not t.get("unreadable"):
            missed.append(f"{len(t['lines']) - hit} lines missed")

    def table(self) -> str:
        """The score as lines of text."""
        every: Counter[str] = Counter()
        for c in self.by.values():
            every.update(c)
        head = f"{'source':<10}{'pieces':>7}{'miss':>5} | {'field P':>7} {'R':>5} {'F1':>5} |  kind  lots  sign"
        out = [f"{head} | {'lines P':>7} {'R':>5} {'F1':>5} | silent | straight through"]
        for name, c in [*sorted(self.by.items()), ("ALL", every)]:
            f = [_show(x) for x in _prf(c["hit"], c["given"], c["want"])]
            x = [_show(x) for x in _prf(c["line_hit"], c["line_given"], c["line_want"])]
            whole = " ".join(_show(_ratio(c[k], c[f"{k}_n"])) for k in ("kind", "lots", "signature"))
            row = f"{name:<10}{c['pieces']:>7}{c['missing']:>5} | {f[0]:>7} {f[1]} {f[2]} | {whole}"
            straight = _show(_ratio(c["straight"], c["plain"]))
            out.append(f"{row} | {x[0]:>7} {x[1]} {x[2]} | {c['silent']:>6} | {straight}")
        m = self.mails
        digital = [self.by[k] for k in DIGITAL if k in self.by]
        needless = _ratio(sum(c["plain"] - c["straight"] for c in digital), sum(c["plain"] for c in digital))
        nature, first = _ratio(m["nature"], m["n"]), _ratio(m["first"], m["messages"])
        exact, caught = _ratio(m["exact"], m["messages"]), _ratio(every["caught"], every["must"])
        out.append(f"mails {m['n']}: nature {_show(nature)}, first intent {_show(first)}, all intents {_show(exact)}")
        out.append(f"silent errors {every['silent']}; must_review {_show(caught)}; needless review {_show(needless)}")
        out.append("traps: " + ", ".join(f"{k} {v['caught']}/{v['n']}" for k, v in sorted(self.traps.items())))
        return "\n".join(out)


def _ratio(a: int, b: int) -> float | None:
    return a / b if b else None


def _prf(hit: int, given: int, want: int) -> tuple[float | None, float | None, float | None]:
    p, r = _ratio(hit, given), _ratio(hit, want)
    return p, r, 2 * p * r / (p + r) if p and r else (0.0 if given or want else None)


def _show(x: float | None) -> str:
    return "  –  " if x is None else f"{x:5.3f}"
