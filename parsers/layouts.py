"""The official forms' layouts: YAML in `parsers/forms/` and in folders the configuration adds, checked when loaded.

A layout says what is printed on a form (title, labels with their synonyms, the order's rows) and which field stands
behind which label; never at what coordinates. A new year's form is a new YAML file. `base: _name` takes what several
forms share from `_name.yaml` of the same folder (or of the shipped one); a form's own keys replace the base's.
"""

from __future__ import annotations

import functools
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from parsers import told
from parsers.records import Kind
from parsers.told import TableError

ValueType = Literal[
    "text", "name", "department", "reference", "siret", "siret_or_siren", "uai", "postal_code", "email", "phone",
    "date", "digits", "integer", "amount",
]  # fmt: skip

SHIPPED = Path(__file__).parent / "forms"


class LayoutError(TableError):
    """A form's YAML is wrong: file, line and key. Exit code 2 at the edge (configuration)."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Item(_Strict):
    """One printed thing of the form, in reading order: a label with its field, a yes/no question, or a heading."""

    label: tuple[str, ...] = ()  # spellings of the label; the first is this form's own
    question: tuple[str, ...] = ()  # a question answered by two boxes
    heading: tuple[str, ...] = ()  # a printed heading: it ends what stands above it
    field: str | None = None  # contract's field; None: a place of no interest whose value must not stray elsewhere
    type: ValueType = "text"
    length: int | None = None  # of `digits`
    after: str | None = None  # a short label that counts only behind this one in the same row
    oui: tuple[str, ...] = ("Oui",)  # spellings of a question's answers
    non: tuple[str, ...] = ("Non",)

    @model_validator(mode="after")
    def _one(self) -> Item:
        if sum(map(bool, (self.label, self.question, self.heading))) != 1:
            raise ValueError("il faut label, question ou heading, et un seul des trois")
        if self.question and not self.field:
            raise ValueError("une question demande son champ (field)")
        return self

    @property
    def spellings(self) -> tuple[str, ...]:
        """What may be printed."""
        return self.label or self.question or self.heading


class Row(_Strict):
    """A printed line of the order's table."""

    ref: str
    label: str
    price: Decimal | None = None  # printed, to cross-check what is read
    only: str | None = None  # rows of the same name exclude one another


class Option(_Strict):
    """A box that, ticked, adds a lot."""

    label: tuple[str, ...]
    lot: str


class Order(_Strict):
    """The order's table: spellings of its columns' headers."""

    columns: dict[Literal["ref", "label", "unit", "unit_price", "quantity", "total"], tuple[str, ...]]


class Prose(_Strict):
    """A paper written as sentences: regular expressions over its folded text, each with groups named as fields."""

    patterns: tuple[str, ...]


class Form(_Strict):
    """One official form."""

    id: str
    base: str | None = None
    kind: Kind
    group: str
    lots: tuple[str, ...] = ()
    pages: int | None = Field(default=None, ge=1)  # of the printed form; None: not told, none is missed
    years: tuple[str, ...] = ()  # market years in force, as printed; empty: the form carries none
    title: tuple[tuple[str, ...], ...]  # anchors, each with its spellings: all are wanted near the top
    not_title: tuple[tuple[str, ...], ...] = ()  # anchors that belong to another form
    headings: tuple[tuple[str, ...], ...] = ()
    printed: tuple[str, ...] = ()  # sentences that are no value
    fields: tuple[Item, ...] = ()
    situation: tuple[Item, ...] = ()  # a form's own questions, behind the fields
    options: tuple[Option, ...] = ()
    tables: tuple[tuple[str, ...], ...] = ()  # header lines of tables whose cells are of no interest
    order: Order | None = None
    rows: tuple[Row, ...] = ()
    totals: dict[Literal["total_excl_tax", "total_vat", "total_incl_tax"], tuple[str, ...]] = Field(
        default_factory=dict
    )
    signing: tuple[Item, ...] = ()
    signature: tuple[str, ...] = ()  # label of the member's signature box
    other_signatures: tuple[tuple[str, ...], ...] = ()  # boxes of the other party
    prose: Prose | None = None

    @property
    def items(self) -> tuple[Item, ...]:
        """Labels and questions in reading order."""
        return (*self.fields, *self.situation, *self.signing)


@functools.cache
def load(folders: tuple[str, ...] = ()) -> tuple[Form, ...]:
    """The shipped forms, then those of `folders`; a form of the same id replaces the shipped one.

    A group's catalogue may lie beside its forms (`*.catalogue.yaml`, parsers.catalogue). Raises LayoutError.
    """
    forms: dict[str, Form] = {}
    for folder in (SHIPPED, *map(Path, folders)):
        for path in sorted(folder.glob("*.yaml")):
            if not path.name.startswith("_") and not path.name.endswith(".catalogue.yaml"):
                form = _form(path)
                forms[form.id] = form
    return tuple(forms.values())


def _form(path: Path) -> Form:
    node, raw = _yaml(path)
    merged = dict(raw)
    if base := raw.get("base"):
        for folder in (path.parent, SHIPPED):
            if (folder / f"{base}.yaml").exists():
                merged = {**_yaml(folder / f"{base}.yaml")[1], **raw}
                break
        else:
            raise LayoutError([f"{told.place(node, ('base',), str(path))}: pas de fichier {base}.yaml"])
    try:
        return Form.model_validate(merged)
    except ValidationError as error:
        raise LayoutError(told.mistakes(error, node, str(path))) from error


def _yaml(path: Path) -> tuple[Any, dict[str, Any]]:
    try:
        return told.parse(path.read_text(encoding="utf-8"), str(path), "un dictionnaire est attendu")
    except TableError as error:
        raise LayoutError(error.problems) from error
