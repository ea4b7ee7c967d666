"""What a free document is: an order, a legal commitment or neither; and which group and lots it concerns.

The title decides the kind: a bon de commande mentions invoices, an invoice mentions its bon de commande, but only one
of them is the title. Lots come from what is ordered and from whom, by the groups' catalogues.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

from parsers import names, values, vocabulary
from parsers.catalogue import Catalogue, catalogues, providers_in
from parsers.layout import Segment, Sheet
from parsers.records import Context, Kind


@dataclass(frozen=True)
class Title:
    """A document's title: what it says it is."""

    kind: Kind  # `other` for a title of something else
    segment: Segment
    rest: str  # what stands behind the kind, folded: number, date
    rest_at: int  # where it begins in the segment's key
    rank: float = 0.0  # how loud it is: size, capitals, height on the page
    caption: bool = False  # a reference stands in the next cell: the label of that
    quote: bool = False  # a supplier's quotation that the buyer accepted: its number and its date are not the order's


def compact(segment: Segment) -> str:
    """The segment's key, with letter-spaced words (`B O N  D E`) closed up."""
    tokens = segment.key.split()
    if len(tokens) > 5 and sum(len(t) == 1 for t in tokens) > 0.8 * len(tokens):
        joined = "".join(tokens)
        for plain in ("bondecommande", "engagementjuridique", "facture", "devis"):
            if joined.startswith(plain):
                spelled = {"bondecommande": "bon de commande", "engagementjuridique": "engagement juridique"}
                return spelled.get(plain, plain) + " " + joined[len(plain) :]
    return segment.key


@cache
def _rest() -> re.Pattern[str]:
    """What may follow an order's title without belying it."""
    return re.compile(rf"(?:\s*{vocabulary.pattern('titles', 'rest').pattern})*\s*\.?")


def _candidates(sheet: Sheet) -> list[Segment]:
    """The segments, and lines of spaced-out letters (`B O N   D E   C O M M A N D E`) as one."""
    spaced = []
    for row in sheet.rows:
        spaced += [Segment(a.words + b.words, sheet.page.number) for a, b in pairwise(row) if _cut(a, b)]
        words = [w for s in row for w in s.words]
        if len(words) > 6 and all(len(w.text) == 1 for w in words):
            spaced.append(Segment(tuple(words), sheet.page.number))
    return [*sheet.segments, *spaced]


def _cut(a: Segment, b: Segment) -> bool:
    """Whether two neighbours may be one title that recognition cut in two."""
    return a.words[0].origin == "ocr" and len(a.words) + len(b.words) <= 4 and 0 <= b.box[0] - a.box[2] < 3 * a.height


def _alike(key: str) -> Kind | None:
    """The kind that a misread title (`bon 'e commande`) is nearly spelled like."""
    from rapidfuzz import fuzz

    letters = re.sub(r"[^a-z]", "", key)
    plain: tuple[tuple[str, Kind], ...] = (
        ("bondecommande", "purchase_order"),
        ("engagementjuridique", "legal_commitment"),
    )
    return next((k for p, k in plain if len(letters) <= len(p) + 3 and fuzz.ratio(letters, p) >= 84), None)


def titles(sheet: Sheet) -> list[Title]:
    """Every segment of a page that could be its title, the likeliest first: large type, near the top."""
    found: list[tuple[float, Title]] = []
    sizes = sorted(s.size for s in sheet.segments)
    usual = sizes[len(sizes) // 2] if sizes else 0.0
    for i, s in enumerate(_candidates(sheet)):
        key = compact(s).strip()
        key = re.sub(r"^[-–—*•«\"'(\s]+", "", key)
        shift = len(s.key) - len(key) if s.key.endswith(key) else 0
        kind, m = _kind(key)
        subject = False
        if kind is None and (
            dash := re.match(
                r"(?:[^-:]{3,40}\s-|objet\s*:(?:\s[^:]{3,60}\s-)?)\s"
                r"(?=(?:bon|lettre) de commande|commande n|engagement juridique)",
                key,
            )
        ):
            shift, key = shift + dash.end(), key[dash.end() :]
            kind, m = _kind(key)
            subject = True
        if kind is None and s.words[0].origin == "ocr":
            kind = _alike(key)
        if kind is None:
            continue
        rest = key[m.end() :] if m is not None else ""
        known = _rest().match(rest)
        after = rest[len(rest[: known.end()].rstrip(" -:(")) :] if known is not None else rest
        told = _rest().fullmatch(after) or _tolerated(after, subject) or _tolerated(rest, subject)
        if kind != "other" and after.strip(" .") and not told:
            continue
        if kind == "other" and (
            len(key.split()) > 9 or key.rstrip().endswith((".", ";", ",")) or re.match(r"\s*:", rest)
        ):
            continue
        if s.box[1] > 0.75 * sheet.page.height and sheet.page.placed:
            continue
        capitals = s.text.upper() == s.text
        if kind == "other" and not (capitals or s.bold or s.size >= 1.12 * usual):
            continue
        rank = (
            s.size * (1.25 if capitals else 1.0) * (1.1 if s.bold else 1.0)
            - s.box[1] / max(sheet.page.height, 1.0) * 6
            - 0.01 * i
        )
        if kind != "other" and re.match(r"\s*(?:n\s?[°*'o])?\s*:", rest):
            rank -= 5.0  # a label with its value, where a real title stands elsewhere
        bare = _REFERENCE.fullmatch(rest.strip()) if rest.strip() else _has_reference(sheet, s)
        caption = s.size < 1.12 * usual and bool(bare)
        found.append((rank, Title(kind, s, rest, shift + m.end() if m else len(s.key), rank, caption)))
    return [t for _, t in sorted(found, key=lambda x: -x[0])]


def _has_reference(sheet: Sheet, s: Segment) -> bool:
    """Whether the next segment of the line is a reference: one word with figures."""
    row = next((r for r in sheet.rows if s in r), ())
    after = [o for o in row if o.box[0] >= s.box[2]]
    return bool(after) and _REFERENCE.fullmatch(after[0].key) is not None


_REFERENCE = re.compile(r"[a-z./_-]{0,8}\d[\w./-]*")


def _kind(key: str) -> tuple[Kind | None, re.Match[str] | None]:
    if (m := vocabulary.pattern("titles", "commitment").match(key)) and not re.match(r"\s*:\s*$", key[m.end() :]):
        return "legal_commitment", m
    if m := vocabulary.pattern("titles", "order").match(key):
        if re.match(r"\s+(?:publique|d'achat\s+public|electronique)", key[m.end() :]) and m[0] == "commande":
            return None, None
        return ("legal_commitment" if re.search(r"valant\s+engagement", key) else "purchase_order"), m
    if (m := vocabulary.pattern("titles", "other").match(key)) and not re.match(r"[a-z]?[_@\d./]", key[m.end() :]):
        return "other", m
    return None, None


def _tolerated(rest: str, subject: bool) -> bool:
    """A title may name its subject behind a dash: « Bon de commande – Profil acheteur »; a letter's, behind a comma."""
    m = re.match(rf"\s*(?:-|–|:|\({'|,' if subject else ''})\s*(.+)", rest)
    return (
        m is not None
        and len(m[1].split()) <= 8
        and not re.search(r"\b(?:joint|rappel|numero\s+de|obligatoire|merci|date)\b", m[1])
    )


def kind(sheets: Sequence[Sheet]) -> Title | None:
    """The document's title from its first page that has one."""
    for sheet in sheets[:2]:
        found = titles(sheet)
        if not found:
            continue
        best = found[0]
        if best.kind == "other":
            # « Facture à adresser à » in large type is no title where « Bon de commande » is one as well.
            ours = [t for t in found if t.kind != "other"]
            if not ours or ours[0].rank < best.rank - 1.5:
                return _accepted(best, sheets) or best
            best = ours[0]
            found = ours
        if best.kind == "legal_commitment" and _labels(best):
            # « Engagement juridique : E123 » is a reference where another line says that this is a bon de commande.
            best = next((t for t in found if t.kind == "purchase_order" and not _labels(t)), best)
        if best.kind == "legal_commitment" and _OF_SPENDING.match(compact(best.segment)):
            return replace(best, kind="purchase_order")
        valant = any(re.search(r"valant\s+engagement\s+juridique", s.key) for s in sheet.segments)
        both = len(found) > 1 and {t.kind for t in found[:3]} >= {"purchase_order", "legal_commitment"}
        told = any(t.kind == "legal_commitment" and _labels(t) for t in found[:3])
        if told or (len(found) > 1 and ":" in found[1].rest):
            both = False
        if best.kind == "purchase_order" and (
            valant or (both and found[1].kind == "legal_commitment" and found[1].segment.size >= best.segment.size)
        ):
            return replace(best, kind="legal_commitment")
        return best
    return None


# « Engagement de dépense – bon de commande » is both on one sheet: what leaves the house is the order. A school's
# « engagement juridique » stays one, whatever its title adds.
_OF_SPENDING = re.compile(
    r"(?:fiche\s+d')?engagement\s+(?:de\s+depense|comptable|financier)\s*(?:[-–—/(]|et\b|valant\b)\s*bon\s+de\s+commande\b"
)
_QUOTE = re.compile(r"devis|proposition|offre")
_AGREED = re.compile(r"bon\s+pour\s+(?:accord|commande)\b")
_VALID = re.compile(r"valable|valid|echeance|livr")


def _accepted(title: Title, sheets: Sequence[Sheet]) -> Title | None:
    """A quotation's title as an order's, where « bon pour accord » stands on it and a date, a number or ink with it."""
    if not _QUOTE.match(compact(title.segment)):
        return None
    for sheet in sheets:
        for cue in (s for s in sheet.segments if _AGREED.search(s.key)):
            after = [s for s in sheet.segments if s.box[1] >= cue.box[1] - 3 and not _VALID.search(s.key)]
            dated = any(values.find_dates(s.text) or re.search(r"commande[^:]{0,20}[n:].*\d", s.key) for s in after)
            inked = any(k.length > 25 and k.box[3] > cue.box[1] for k in sheet.page.strokes)
            if dated or inked:
                return replace(title, kind="purchase_order", quote=True)
    return None


def _labels(title: Title) -> bool:
    """Whether what looks like a title is a label with its value behind a colon or in the next cell."""
    return title.caption or re.match(r"\s*(?:n\s?[°*'o]|numero)?\s*:\s*\S", title.rest) is not None


def foreign(text: str) -> bool:
    """Whether a text carries another country's registers or currency."""
    return vocabulary.pattern("titles", "foreign").search(values.fold(text)) is not None


# --- group and lots --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Concern:
    """Which group and lots an order concerns, and whether every witness agrees."""

    group: str | None
    lots: tuple[str, ...]
    sure: bool
    why: str = ""


_LOT = re.compile(
    r"\blots?\s*(?:n\s?[°*'o]\s*)?:?\s*(\d{1,2}(?:\s*(?:,|et|/|\+|&|-|;)\s*(?:lots?\s*(?:n\s?[°*'o]\s*)?)?\d{1,2}(?!\d|\s*(?:sms|actes)))*)(?!\d)(?!\s*(?:sms|\d))"
)


def concern(supplier: str, ordered: Iterable[str], around: str, buyer: str, context: Context) -> Concern:
    """Group and lots.

    `supplier`: text of the supplier's block; `ordered`: the labels of the lines; `around`: the rest of the document
    without addresses (market, subject, references); `buyer`: the buyer's name.
    """
    lines = [values.fold(x) for x in ordered]
    head = values.fold(around)
    sellers = providers_in(supplier, context.forms) or providers_in(around + "\n" + "\n".join(lines), context.forms)
    sort = names.sort_of(buyer)
    scores: dict[str, float] = {}
    for c in catalogues(context.forms):
        spoken = {lot.id for lot in c.lots for x in lines if lot.spoken_of(x) or lot.hinted_at(x)}
        scores[c.group] = (
            4.0 * any(g is c for g, _ in sellers) + 4.0 * c.named(head) + 1.0 * bool(spoken)
            + (1.5 if sort and sort in c.buyers else 0.0)
            + 0.5 * any(lot.spoken_of(head) for lot in c.lots)
        )  # fmt: skip
        if (
            not any(g is c for g, _ in sellers)
            and not c.named(head)
            and not spoken
            and not any(lot.spoken_of(head) for lot in c.lots)
        ):
            scores[c.group] = 0.0
    best = max(scores.values(), default=0.0)
    leaders = [g for g, x in scores.items() if x == best]
    if best < 1.0 or len(leaders) != 1:
        return Concern(None, (), False, "aucun marché du groupement n’y est reconnu")
    chosen = next(c for c in catalogues(context.forms) if c.group == leaders[0])
    return _lots(chosen, [p.key for g, p in sellers if g is chosen], lines, head)


def _lots(c: Catalogue, sellers: Sequence[str], lines: Sequence[str], head: str) -> Concern:
    ids = {lot.id for lot in c.lots}
    spoken = {lot.id for lot in c.lots for x in lines if lot.spoken_of(x)}
    if not spoken:
        spoken = {lot.id for lot in c.lots for x in lines if lot.hinted_at(x)}
    told = {n for m in _LOT.finditer(head) for n in re.findall(r"\d+", m[1])} & ids
    held = {lot.id for lot in c.lots if lot.provider in sellers}
    if held:
        # What one provider sells is of its own lots: « clé USB » at Dematis is no certificate order at Certigna.
        spoken &= held
        told &= held
    spoken = spoken or ({lot.id for lot in c.lots if lot.spoken_of(head)} & (held or ids) if not told else set())
    lots = spoken | told
    if not lots and len(held) == 1:
        lots = held
    order = [lot.id for lot in c.lots if lot.id in lots]
    return Concern(c.group, tuple(order), bool(order), "" if order else "aucun lot n’y est reconnu")
