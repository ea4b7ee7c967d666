"""A paper that was taken for none of ours and speaks like one: a person is asked, since what is `other` is set aside.

An order under an unusual title, a form whose title was cut off by the copier: dropping it in silence would be the one
thing that a member cannot forgive, so a likeness is enough. A paper that says what it is (an invoice, a quotation, a
délibération) is taken at its word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from parsers import layouts, order_kind, values
from parsers.catalogue import catalogues, provider_sirens, providers_in
from parsers.labels import rows, squash
from parsers.layout import Sheet
from parsers.page import Page
from parsers.records import Context, Finding

_ORDERS = re.compile(r"(?<!groupement de )(?<!sur )(?<!votre )\b(?:commandes?|commandons|engagement juridique)\b")
_AMOUNT = re.compile(r"\d[.,]\d\d(?!\d)")
_TOTAL = re.compile(r"\btotal|\bt\.?t\.?c\b|\bh\.?t\b")
_ELSE = re.compile(  # what such a paper says that is no order: it speaks of one that was placed, or asks and answers
    r"\b(?:factur\w+ n|avoir n|devis n|iban|echeance|livraison n|service fait|mandat\w* n|bordereau des prix|deliber\w+"
    r"|accus\w+ (?:de )?reception|confirm\w+ (?:de )?votre|votre commande|mise en demeure|relance|reglement interieur)"
)
_LABELS = 0.7  # share of a form's labels without its title
_FEWEST = 6


def suspicion(pages: Sequence[Page], context: Context) -> Finding | None:
    """The question about pages read as `other`; None where nothing speaks for one of our papers."""
    form = _form(pages, context)
    if form is not None:
        return _finding(f"à un formulaire du groupement ({form}) dont le titre n’a pas été lu")
    if _order(pages, context):
        return _finding("à une commande, sans en porter le titre")
    return None


def _finding(like: str) -> Finding:
    text = f"Ce document n’a pas été reconnu, mais il ressemble {like}. Merci de dire ce qu’il est."
    return Finding(code="doubtful", text=text)


def _form(pages: Sequence[Page], context: Context) -> str | None:
    """The title of a form whose labels stand here though its title does not."""
    text = "".join(line.text for i, page in enumerate(pages) for line in rows(page, i))
    for form in layouts.load(context.forms):
        labels = [i for i in form.items if len(squash(i.spellings[0])) >= 8]
        if form.prose is not None or len(labels) < _FEWEST:
            continue
        if sum(any(squash(s) in text for s in i.spellings) for i in labels) >= _LABELS * len(labels):
            return form.title[0][0].casefold()
    return None


def _order(pages: Sequence[Page], context: Context) -> bool:
    """Whether a member's order may stand here: who orders, from whom, for how much, and the word itself."""
    text = "\n".join(p.text for p in pages)
    folded = values.fold(text)
    if not _ORDERS.search(folded) or len(_AMOUNT.findall(folded)) < 2 or not _TOTAL.search(folded):
        return False
    if _ELSE.search(folded) or order_kind.foreign(text):
        return False
    title = order_kind.kind([Sheet(p) for p in pages])
    if title is not None and title.kind == "other":
        return False
    sold = providers_in(text, context.forms) or any(c.named(folded) for c in catalogues(context.forms))
    return bool(sold) and _ours(text, context)


def _ours(text: str, context: Context) -> bool:
    """Whether a public body or a member of the census stands in the text."""
    sellers = provider_sirens(context.forms)
    found = [x for x in values.find_sirets(text) if x[:9] not in sellers]
    letters = squash(text)
    known = {x for b in context.census for x in (b.siret, b.uai) if x}
    return any(x[0] in "12" or x in known for x in found) or any(squash(x) in letters for x in known)
