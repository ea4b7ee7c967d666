"""Cross checks: what an extraction says about itself and what the census knows → findings.

Pure and the same for official forms and free layouts. Each finding is one French sentence for the person who will look:
what is wrong, where, and what to do. What needs a person is listed in the samples' README: a SIRET with a wrong key or
of another member than the one named, totals that do not add up, both exclusive boxes ticked, a negative quantity, a
market year no longer in force, struck-out values, a blank form; and every value that was read without certainty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from parsers import names, values
from parsers.catalogue import catalogue
from parsers.extraction import Extraction
from parsers.records import Body, Context, Field, Finding, Line

SURE = 0.9  # a field below this confidence is put to a person
VAT_RATES = tuple(map(Decimal, ("20", "10", "5.5", "2.1", "8.5", "0")))  # 8,5 %: overseas

_CENT = Decimal("0.01")
_HALF = Decimal("0.005")

LABELS = {
    "member_name": "le nom de l’organisme",
    "siret": "le SIRET",
    "uai": "le code UAI",
    "street": "l’adresse",
    "postal_code": "le code postal",
    "city": "la ville",
    "contact_name": "le nom de l’interlocuteur",
    "contact_role": "la fonction de l’interlocuteur",
    "contact_email": "le courriel de l’interlocuteur",
    "contact_phone": "le téléphone",
    "functional_email": "l’adresse fonctionnelle",
    "order_number": "le numéro de commande",
    "order_date": "la date de la commande",
    "commitment_number": "le numéro d’engagement",
    "service_code": "le code service",
    "total_excl_tax": "le total HT",
    "total_vat": "le montant de la TVA",
    "total_incl_tax": "le total TTC",
    "already_customer": "la case « déjà client »",
    "already_transmitting": "la case « télétransmet déjà »",
    "has_rgs_certificate": "la case du certificat RGS**",
    "current_provider": "le tiers actuel",
    "certificate_expires_on": "l’échéance du certificat",
    "accounting_post": "le poste comptable",
    "budget_code": "le code budget",
    "prefecture": "la préfecture",
    "merchant_number": "le numéro de commerçant",
    "terminals": "le nombre de terminaux",
    "signatory_name": "le nom du signataire",
    "signatory_role": "la qualité du signataire",
    "signed_on": "la date de signature",
}


def check(extraction: Extraction, context: Context, text: str = "") -> Extraction:
    """The extraction with the findings of every check; `text` is the document's, for the market's year.

    Idempotent: what stands in `findings` already is not added twice.
    """
    if extraction.kind == "other":
        return extraction
    checked = extraction.with_findings(
        *identity(extraction, context),
        *region(extraction),
        *totals(extraction),
        *outdated(extraction.group, text, context),
    )
    return checked.with_findings(*doubts(checked))


# --- who -------------------------------------------------------------------------------------------------------------


def identity(extraction: Extraction, context: Context) -> tuple[Finding, ...]:
    """SIRET and UAI: right keys, and no other body's than the one that is named."""
    name = _text(extraction, "member_name")
    siret, uai = _text(extraction, "siret"), _text(extraction, "uai")
    namesakes = names.find_bodies(name, context.census) if name else ()
    found: list[Finding] = []
    if siret and not values.valid_siret(siret):
        found.append(Finding(code="bad_siret", text=_bad_siret(siret, namesakes), field="siret"))
    elif siret and (owner := _other(siret, name, namesakes, context.census)):
        found.append(Finding(code="other_siret", text=owner, field="siret"))
    if uai and not values.valid_uai(uai):
        hint = next((f" ; l’adhérent de ce nom a le {b.uai}" for b in namesakes if b.uai), "")
        found.append(
            Finding(
                code="bad_uai",
                text=f"Le code UAI {uai} a une lettre clé fausse{hint}. Merci de vérifier.",
                field="uai",
            )
        )
    elif uai and (body := _with(context.census, uai=uai)) and name and not names.same_body(name, body.name):
        found.append(
            Finding(
                code="other_uai",
                text=f"Le code UAI {uai} est celui de {body.name}, alors que le document nomme {name}. "
                "Merci de vérifier.",
                field="uai",
            )
        )
    return tuple(found)


_OVERSEAS = {
    "+262": ("974", "976"),
    "+508": ("975",),
    "+590": ("971", "977", "978"),
    "+594": ("973",),
    "+596": ("972",),
}


def region(extraction: Extraction) -> tuple[Finding, ...]:
    """A telephone number of one territory on the paper of a body of another: one digit may be wrong, and 06 39 or
    06 90 to 06 97 read like any other mobile. Two witnesses that disagree ask a person."""
    phone, code = _text(extraction, "contact_phone"), _text(extraction, "postal_code")
    homes = _OVERSEAS.get(phone[:4]) if phone else None
    if not phone or not code or homes is None or code.startswith(homes):
        return ()
    text = f"Le téléphone lu ({phone}) est d’outre-mer, alors que l’adresse ({code}) ne l’est pas. Merci de vérifier."
    return (Finding(code="doubtful", text=text, field="contact_phone"),)


def _bad_siret(siret: str, namesakes: tuple[Body, ...]) -> str:
    hint = next((f" ; l’adhérent de ce nom a le {spaced(b.siret)}" for b in namesakes if b.siret), "")
    return f"Le SIRET {spaced(siret)} a une clé fausse{hint}. Merci de vérifier le numéro."


def _other(siret: str, name: str, namesakes: tuple[Body, ...], census: Iterable[Body]) -> str | None:
    """Why a valid SIRET does not fit the name, None where it does or where nothing is known.

    An establishment of the same body (same SIREN) fits.
    """
    if not name or any(b.siret and b.siret[:9] == siret[:9] for b in namesakes):
        return None
    owner = _with(census, siret=siret)
    if owner and not names.same_body(name, owner.name):
        return (
            f"Le SIRET {spaced(siret)} est celui de {owner.name}, alors que le document nomme {name}. "
            "Merci de vérifier."
        )
    if owner:
        return None
    known = next((b for b in namesakes if b.siret), None)
    if known and known.siret and names.core(known.name) == names.core(name):
        return (
            f"Le SIRET {spaced(siret)} n’est pas celui que nous connaissons pour {known.name} "
            f"({spaced(known.siret)}). Merci de vérifier."
        )
    return None


def _with(census: Iterable[Body], *, siret: str | None = None, uai: str | None = None) -> Body | None:
    """The body of a SIRET (or another establishment of its SIREN), or of a UAI."""
    bodies = tuple(census)
    if uai:
        return next((b for b in bodies if b.uai == uai), None)
    exact = next((b for b in bodies if b.siret == siret), None)
    return exact or next((b for b in bodies if siret and b.siret and b.siret[:9] == siret[:9]), None)


def spaced(siret: str) -> str:
    """A SIRET as people read it: 219 106 523 00018, with no-break spaces."""
    return "\u00a0".join((siret[:3], siret[3:6], siret[6:9], siret[9:]))


# --- how much --------------------------------------------------------------------------------------------------------


def totals(extraction: Extraction) -> tuple[Finding, ...]:
    """Quantity × price = line total; sum of lines = HT; HT + TVA = TTC; TVA at a French rate.

    Tolerance: half a cent a line. A figure that the document does not show is not missed.
    """
    excl, vat, incl = (_money(extraction, f) for f in ("total_excl_tax", "total_vat", "total_incl_tax"))
    count = max(len(extraction.lines), 1)
    slack = _HALF * count
    found: list[Finding] = []
    for line in extraction.lines:
        found.extend(_line(line))
    amounts = [line_total(x) for x in extraction.lines]
    known = [a for a in amounts if a is not None]
    total = sum(known, extraction.adjustment) if known and len(known) == len(amounts) else None
    if excl is not None and total is not None and abs(total - excl) > slack:
        found.append(
            Finding(
                code="totals",
                text=f"Le total HT ({money(excl)}) n’est pas la somme des lignes ({money(total)}). "
                "Merci de vérifier les quantités et les montants.",
                field="total_excl_tax",
            )
        )
    # Where no total without tax is shown, the lines' sum stands for it, else what the two others leave.
    rest = incl - vat if incl is not None and vat is not None else None
    basis = next((x for x in (excl, total, rest) if x is not None), None)
    given = _HALF if excl is not None else slack
    if basis is not None and incl is not None and vat is not None and abs(basis + vat - incl) > given:
        what = "Total HT" if excl is not None else "Somme des lignes"
        found.append(
            Finding(
                code="totals",
                text=f"{what} ({money(basis)}) et TVA ({money(vat)}) font {money(basis + vat)}, "
                f"alors que le total TTC indiqué est {money(incl)}. Merci de vérifier.",
                field="total_incl_tax",
            )
        )
    elif extraction.taxed_by_line:
        pass  # several rates, each shown with its lines
    elif basis is not None and (tax := vat if vat is not None else None if incl is None else incl - basis) is not None:
        found.extend(_vat(basis, tax, slack))
    return tuple(found)


def line_total(line: Line) -> Decimal | None:
    """A line's amount without tax: as shown, else quantity × price less its discount, to the cent."""
    if line.total is not None:
        return line.total
    if line.unit_price is None:
        return None
    return (line.quantity * line.unit_price - line.discount).quantize(_CENT, ROUND_HALF_UP)


def _line(line: Line) -> Iterable[Finding]:
    if line.unit_price is None or line.total is None:
        return
    product = line.quantity * line.unit_price - line.discount
    # Half a cent, and what a price printed with fewer decimals than it has may hide: nothing is granted for that.
    if abs(product - line.total) > _HALF:
        yield Finding(
            code="totals",
            text=f"Ligne « {short(line.label)} » : {number(line.quantity)} × {money(line.unit_price)} font "
            f"{money(product)}, alors que le montant indiqué est {money(line.total)}. Merci de vérifier.",
            field="lines",
        )


def _vat(excl: Decimal, tax: Decimal, slack: Decimal) -> Iterable[Finding]:
    """A tax that no French rate gives; several rates on one order give something between 0 and 20 %."""
    exact = any(abs(excl * rate / 100 - tax) <= slack + _HALF for rate in VAT_RATES)
    if not exact:
        yield Finding(
            code="totals",
            text=f"La TVA ({money(tax)}) ne correspond à aucun taux en vigueur pour un total HT de {money(excl)}. "
            "Merci de vérifier.",
            field="total_vat",
        )


def money(amount: Decimal) -> str:
    """`1 234,50 €` with no-break spaces."""
    text = f"{amount.quantize(_CENT, ROUND_HALF_UP):,.2f}"
    return text.replace(",", "\u202f").replace(".", ",").replace("-", "−") + "\u00a0€"


def number(quantity: Decimal) -> str:
    """`3` or `1,5`."""
    return f"{quantity.normalize():f}".replace(".", ",").replace("-", "−")


def short(label: str, length: int = 60) -> str:
    """A label cut at a word for a sentence."""
    label = " ".join(label.split())
    return label if len(label) <= length else label[:length].rsplit(" ", 1)[0] + "…"


# --- when ------------------------------------------------------------------------------------------------------------

_YEARS = re.compile(
    r"\bmarches?\b[^.;:]{0,40}?\b(20\d\d)\s*(?:-|/|a|au|et)\s*(20\d\d)\b|\bmarches?\s+(?:de\s+|annee\s+)?(20\d\d)\b(?![/\-]\d)"
)


def market_years(text: str) -> tuple[str, ...]:
    """The market years that a text names: `marché 2023-2026`, `marchés 2025`; each once, in order."""
    found = (f"{m[1]}-{m[2]}" if m[1] else m[3] for m in _YEARS.finditer(values.fold(text)))
    return tuple(dict.fromkeys(found))


def outdated(group: str | None, text: str, context: Context) -> tuple[Finding, ...]:
    """A document of a market year no longer in force for its group (years: the group's catalogue).

    The first year named is its title's; an old one above the current one may be either, and a person says which.
    """
    entry = catalogue(group, context.forms)
    years = market_years(text)
    if entry is None or not years or _in_force(years[0], entry.years):
        return ()
    named = years[0].replace("-", "–")
    if current := next((y.replace("-", "–") for y in years if _in_force(y, entry.years)), None):
        what = f"Le document nomme le marché {named} et le marché {current}\u00a0: duquel est-il\u00a0?"
        return (Finding(code="two_markets", text=what),)
    return (
        Finding(
            code="outdated",
            text=f"Le document est celui du marché {named}, qui n’est plus en vigueur "
            f"(en vigueur : {', '.join(entry.years).replace('-', '–')}). Merci de remplir le document en vigueur.",
        ),
    )


def _in_force(year: str, periods: Iterable[str]) -> bool:
    """Whether a year or a range named lies in one of the periods in force."""
    first, last = int(year[:4]), int(year[-4:])
    bounds = [(int(p[:4]), int(p[-4:])) for p in periods]
    return any((first, last) == b or (first == last and b[0] <= first <= b[1]) for b in bounds)


# --- what the engines see and have no place for in a record ----------------------------------------------------------


def doubts(extraction: Extraction) -> tuple[Finding, ...]:
    """Each value that was read without certainty, unless another finding is about it already."""
    told = {f.field for f in extraction.findings if f.field}
    return tuple(doubtful(n, f) for n, f in extraction.fields.items() if f.confidence < SURE and n not in told)


def doubtful(name: str, field: Field) -> Finding:
    """A value of low confidence, named for the person who will look."""
    label = LABELS.get(name, name)
    value = ("oui" if field.value else "non") if isinstance(field.value, bool) else field.value
    return Finding(
        code="doubtful",
        text=f"Lecture incertaine : {label}, lu « {value} ». Merci de vérifier sur le document.",
        field=name,
    )


def doubtful_line(label: str) -> Finding:
    """A line whose figures were read without certainty."""
    return Finding(
        code="doubtful",
        text=f"Lecture incertaine de la ligne « {short(label)} ». Merci de vérifier quantité et montant.",
        field="lines",
    )


def negative_quantity(label: str, quantity: Decimal) -> Finding:
    """A line ordered with a quantity below zero: left out of the lines."""
    return Finding(
        code="negative_quantity",
        text=f"Quantité négative ({number(quantity)}) pour « {short(label)} » : cette ligne n’est pas retenue. "
        "Merci de confirmer ce qui est commandé.",
        field="lines",
    )


def two_boxes(question: str, field: str | None = None) -> Finding:
    """Both boxes of a yes/no question (or two of an exclusive choice) ticked."""
    return Finding(
        code="two_boxes",
        text=f"Deux cases qui s’excluent sont cochées : « {short(question)} ». Merci de préciser laquelle retenir.",
        field=field,
    )


def struck(field: str, value: str) -> Finding:
    """A value struck out and written anew; `value` is the new one."""
    return Finding(
        code="struck",
        text=f"Une valeur a été rayée et corrigée à la main : {LABELS.get(field, field)}, lu « {value} ». "
        "Merci de confirmer.",
        field=field,
    )


def blank() -> Finding:
    """A form that nobody filled in."""
    return Finding(code="blank", text="Le formulaire est vierge : merci de le remplir et de le renvoyer.")


def _text(extraction: Extraction, name: str) -> str:
    field = extraction.fields.get(name)
    return str(field.value) if field else ""


def _money(extraction: Extraction, name: str) -> Decimal | None:
    return values.parse_amount(_text(extraction, name)) if name in extraction.fields else None
