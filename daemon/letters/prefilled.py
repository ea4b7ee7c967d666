"""Papers that a member lacks, filled with what we know of it: it completes, signs and sends back.

`templates/papers/NAME.yaml` says which file NAME is and which of its blanks hold what; a configured folder overrides
it, as it does a letter. A form (PDF) stays fillable; a model (DOCX) has its blanks named in it. What is not known is
left empty, and nothing that only the member may state is written: place, date, who signs.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from daemon.errors import ConfigurationError
from daemon.letters import files, phrases
from daemon.letters.compose import Attachment
from daemon.letters.render import FOLDER
from rules import departments

Known = Mapping[str, str | bool | int]
Values = Mapping[str, str | bool | int]

# What a paper of one lot tells of the body as a whole; the rest (current provider, certificate…) is of that lot alone.
# Values of one tuple go together: a contact's telephone beside another contact's name would be wrong.
_OF_THE_BODY = (
    ("member_name",),
    ("siret",),
    ("uai",),
    ("functional_email",),
    ("street", "postal_code", "city"),
    ("contact_name", "contact_role", "contact_email", "contact_phone"),
)
_OF_THE_LOT = (
    ("already_customer",),
    ("already_transmitting",),
    ("has_rgs_certificate", "certificate_expires_on"),
    ("current_provider",),
    ("accounting_post", "budget_code"),
    ("merchant_number", "terminals"),
    ("service_code",),
)
_BLANK = "……………………………"
_NAME = re.compile(r"[A-Za-z0-9_-]+")


def known(member: Mapping[str, Any], same_lot: Sequence[Values], other_lots: Sequence[Values]) -> dict[str, Any]:
    """What may be written into a member's paper, by field.

    `member` as letters tell it (census); `same_lot` and `other_lots` are the values of its papers that no doubt
    touches, oldest first. The census goes before what was read, the newest paper before the older ones.
    """
    found: dict[str, Any] = {}
    for names, sources in ((_OF_THE_BODY, [*other_lots, *same_lot]), (_OF_THE_LOT, same_lot)):
        for together in names:
            newest = next((s for s in reversed(sources) if s.get(together[0]) not in (None, "")), {})
            found |= {name: newest[name] for name in together if newest.get(name) not in (None, "")}
    census = {
        "member_name": member.get("name"),
        "siret": member.get("siret"),
        "uai": member.get("uai"),
        "functional_email": member.get("functional_email"),
        "department_name": departments.name(member.get("department")),
        "prefecture": departments.name(member.get("department")),
    }
    return found | {name: value for name, value in census.items() if value}


class Papers:
    """The papers that can be filled: the package's, and those of a configured folder before them."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folders = [f / "papers" for f in (folder, FOLDER) if f is not None]

    def names(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(sorted({p.stem for f in self._folders if f.is_dir() for p in f.glob("*.yaml")}))

    def fill(self, paper: str, values: Known, *, ref: str, member: str) -> Attachment | None:
        """The paper filled, named « CIG-2-0042 - Étiolles - fiche … à compléter.pdf »; None for a paper without model.

        Raises ConfigurationError where the paper's YAML or file is wrong.
        """
        source = next((f / f"{paper}.yaml" for f in self._folders if (f / f"{paper}.yaml").is_file()), None)
        if source is None or not _NAME.fullmatch(paper):
            return None
        layout = _load(source)
        blank = source.parent / str(layout["file"])
        try:
            data = blank.read_bytes()
        except OSError as fault:
            raise ConfigurationError(
                f"{source.name} : {blank.name} : {fault.strerror}", "ajoutez ce fichier"
            ) from fault
        filled = _fill_docx(data, values) if blank.suffix == ".docx" else _fill_pdf(data, layout, values, source.name)
        name = files.safe_name(f"{ref} - {files.short_name(member)} - {layout['name']} à compléter") + blank.suffix
        return name, filled, files.TYPES[blank.suffix]


def _load(source: Path) -> dict[str, Any]:
    import yaml

    try:
        layout = yaml.safe_load(source.read_text(encoding="utf-8"))
    except yaml.YAMLError as fault:
        raise ConfigurationError(f"{source.name} : {fault}", "corrigez ce fichier") from fault
    wanted = {"name": str, "file": str}
    if not isinstance(layout, dict) or any(not isinstance(layout.get(k), kind) for k, kind in wanted.items()):
        raise ConfigurationError(f"{source.name} : name et file sont attendus", "corrigez ce fichier")
    if Path(layout["file"]).name != layout["file"]:
        raise ConfigurationError(f"{source.name} : file : un nom sans dossier est attendu", "corrigez ce fichier")
    return layout


def _fill_pdf(data: bytes, layout: Mapping[str, Any], values: Known, source: str) -> bytes:
    """The form with its fields set and their appearance drawn; it can still be filled."""
    import pikepdf
    from pikepdf.form import DefaultAppearanceStreamGenerator, Form

    with pikepdf.open(io.BytesIO(data)) as pdf:
        form = Form(pdf, generate_appearances=DefaultAppearanceStreamGenerator)
        try:
            for field, name in (layout.get("fields") or {}).items():
                if field in values:
                    form[name].value = _written(values[field], form[name].max_length)
            for field, answers in (layout.get("boxes") or {}).items():
                if isinstance(values.get(field), bool):
                    form[answers["oui" if values[field] else "non"]].checked = True
        except (KeyError, AttributeError) as fault:
            raise ConfigurationError(f"{source} : le formulaire n’a pas {fault}", "corrigez ce fichier") from fault
        pdf.Root.AcroForm.NeedAppearances = True  # ours are plain: a viewer that can draws better ones (combs)
        out = io.BytesIO()
        pdf.save(out, deterministic_id=True)
    return out.getvalue()


_NARROW = 20  # a field of fewer places is for digits, one a place
_PLAIN = str.maketrans({"\u00a0": " ", "\u202f": " ", "’": "'", "œ": "oe", "Œ": "Oe", "–": "-", "…": "..."})


def _written(value: str | bool | int, room: int | None) -> str:
    """A value as one writes it into a form, in characters that the forms' fonts have; « » where it has no room."""
    text = str(value)
    day = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", text)
    if day:
        text = "/".join(reversed(day.groups()))
    elif room is None or room > _NARROW:
        text = phrases.shown(value)
    text = text.translate(_PLAIN)
    return text if room is None or len(text) <= room else ""


def _fill_docx(data: bytes, values: Known) -> bytes:
    """The model with its blanks filled, dotted where nothing is known. No code of the template runs (sandbox)."""
    from docxtpl import DocxTemplate
    from jinja2 import Undefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Dotted(Undefined):
        def __str__(self) -> str:
            return _BLANK

    document = DocxTemplate(io.BytesIO(data))
    shown = {k: phrases.shown(v) for k, v in values.items()}
    document.render(shown, jinja_env=ImmutableSandboxedEnvironment(undefined=Dotted, autoescape=True), autoescape=True)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
