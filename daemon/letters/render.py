"""A mail's subject, text and HTML from its letters' facts, by templates that a coordinator can change.

A letter's template (`templates/letters/NAME.md`, light Markdown with Jinja) is a set of blocks: `subject`, `opening`
(what happened), `owed` (what we expect), `next` (what comes after), `notes`, `closing`. Letters of one mail are
grouped by template, each template is rendered once with all of its letters (`letters`), and the blocks are laid out
by `templates/pages/ROLE.md`. So one greeting, one list of papers, one signature, whatever was gathered.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Protocol

from jinja2 import (
    ChoiceLoader,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateNotFound,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from daemon.errors import VaguemestreError
from daemon.letters import french, layout, markup, phrases
from rules import departments

FOLDER = Path(__file__).resolve().parents[2] / "templates"
SHIPPED = "origine"  # `{% extends "origine/letters/NAME.md" %}`: ours, from the template that replaces it
BLOCKS = ("opening", "owed", "next", "notes", "closing")

# Which letter speaks first where several are gathered, and gives the mail its subject: the answer to the member's own
# mail, then what we did for it, then what we ask.
PRECEDENCE = (
    "acknowledgement",
    "answer",
    "confirmation",
    "missing",
    "reminder",
    "review_request",
    "escalation",
    "forward",
    "list",
    "digest",
)


class LetterLike(Protocol):
    """What rendering needs of a letter; `rules.records.Letter` is one."""

    @property
    def key(self) -> str:
        """Unique name of the letter."""

    @property
    def kind(self) -> str:
        """Of the contract."""

    @property
    def template(self) -> str:
        """File name under `templates/letters`, without its suffix."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """All that the template says."""

    @property
    def subject(self) -> str | None:
        """A subject that must stand exactly so, or None."""


class LetterTemplateError(VaguemestreError):
    """A template that cannot be rendered: it names a fact that is not there, or is no valid template."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A picture shown in the letter itself, carried by the mail."""

    cid: str  # without angle brackets
    data: bytes
    media_type: str  # image/png
    alt: str  # what it shows, in French
    letter: str | None = None  # key of the letter that it belongs to; None: to all


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """A mail's words."""

    subject: str  # refs included, on one line
    text: str  # complete by itself
    html: str  # a whole document, no remote resource


class Renderer:
    """Templates of the package, overridden one by one by those of a configured folder."""

    def __init__(self, folder: Path | None = None) -> None:
        loaders = [FileSystemLoader(f) for f in (folder, FOLDER) if f is not None]
        shipped = PrefixLoader({SHIPPED: FileSystemLoader(FOLDER)})  # so that an override may change one block alone
        self._env = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader([*loaders, shipped]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=_show,
            extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
        )
        self._env.filters.update(_FILTERS)
        self._env.globals.update(phrases.FUNCTIONS)

    def names(self) -> tuple[str, ...]:
        """Names of the letters' templates."""
        found = self._env.list_templates(filter_func=lambda n: n.startswith("letters/") and n.endswith(".md"))
        names = (n.removeprefix("letters/").removesuffix(".md") for n in found)
        return tuple(sorted(n for n in names if not n.startswith("_")))

    def compiled(self, path: str) -> Template:
        """The template at `path` (`letters/forward.md`). Raises `LetterTemplateError`."""
        try:
            return self._env.get_template(path)
        except TemplateNotFound as fault:
            raise LetterTemplateError(
                f"modèle introuvable : {fault.name}", remedy="Ajouter ce modèle au dossier des modèles."
            ) from fault
        except (TemplateError, UnicodeDecodeError) as fault:
            raise LetterTemplateError(f"modèle {path} : {fault}", remedy="Corriger ce modèle.") from fault

    def render(
        self,
        letters: Sequence[LetterLike],
        *,
        role: str = "member",
        pictures: Sequence[Picture] = (),
        attachments: Sequence[str] = (),
        notice: str | None = None,
    ) -> Rendered:
        """The mail that holds `letters`, for a person in `role` (member, provider, coordinator, sender).

        `attachments` are the names of the files that go with it, `notice` a sentence to stand above all (rehearsal).
        Raises `LetterTemplateError`.
        """
        if not letters:
            raise ValueError("no letter to render")
        ordered = sorted(letters, key=_rank)
        shared = _shared(ordered, role, pictures, attachments, notice)
        parts = [self._blocks(name, group, shared) for name, group in _by_template(ordered)]
        laid = {block: layout.lay(block, [part.get(block, "") for part in parts]) for block in BLOCKS}
        page = self._text(f"pages/{_page(role, ordered[0])}.md", shared | {k: Markup(v) for k, v in laid.items()})  # noqa: S704
        body = Markup(markup.to_html(page))  # noqa: S704 - made by the Markdown renderer, raw HTML off
        subject = _subject(ordered, parts)
        document = self._text("pages/page.html", shared | {"body": body, "subject": subject})
        return Rendered(subject=subject, text=markup.to_text(page), html=document)

    def _blocks(self, name: str, letters: Sequence[LetterLike], shared: Mapping[str, Any]) -> dict[str, str]:
        """The blocks of one template, rendered for all of its letters."""
        path = f"letters/{name}.md"
        facts = [dict(x.facts, key=x.key, kind=x.kind) for x in letters]
        template = self.compiled(path)
        try:
            context = template.new_context({**shared, "letters": facts, "f": facts[0]})
            # The root first: it runs the imports and assignments that stand outside the blocks.
            for _ in template.root_render_func(context):
                pass
            # A template that extends another has put the other's blocks behind its own.
            return {block: layout.tidy("".join(makes[0](context))) for block, makes in context.blocks.items()}
        except (TemplateError, TypeError, ValueError, KeyError) as fault:
            raise LetterTemplateError(f"modèle {path} : {fault}", remedy="Corriger ce modèle.") from fault

    def _text(self, path: str, context: Mapping[str, Any]) -> str:
        template = self.compiled(path)
        try:
            return template.render(context)
        except (TemplateError, TypeError, ValueError, KeyError) as fault:
            raise LetterTemplateError(f"modèle {path} : {fault}", remedy="Corriger ce modèle.") from fault


def _show(value: object) -> object:
    """Each value printed by a template: shown as it is, never as markup. Filters that make Markdown return Markup."""
    if isinstance(value, Markup):
        return value
    if value is None:
        raise TemplateError("une valeur inconnue (None) allait être écrite dans la lettre")
    return Markup(markup.escape_part(str(value)))  # noqa: S704 - escaped just now


def _rank(letter: LetterLike) -> tuple[int, int, str]:
    kind = PRECEDENCE.index(letter.kind) if letter.kind in PRECEDENCE else len(PRECEDENCE)
    return (0 if letter.subject else 1, kind, _ref(letter))


def _by_template(letters: Sequence[LetterLike]) -> list[tuple[str, list[LetterLike]]]:
    groups: dict[str, list[LetterLike]] = {}
    for letter in letters:
        groups.setdefault(letter.template, []).append(letter)
    return list(groups.items())


def _shared(
    letters: Sequence[LetterLike],
    role: str,
    pictures: Sequence[Picture],
    attachments: Sequence[str],
    notice: str | None,
) -> dict[str, Any]:
    """What every template of the mail may say, beside its own letters' facts."""
    facts = [x.facts for x in letters]
    person = next((f["addressee"]["name"] for f in facts if f.get("addressee")), None)
    return {
        "role": role,
        "group": next((f["group"] for f in facts if f.get("group")), {}),
        "person": french.civil_name(person),
        "refs": _refs(letters),
        "kinds": [x.kind for x in letters],
        "keys": [x.key for x in letters],  # so that what another letter of the mail says is not said twice
        "pictures": [{"cid": p.cid, "alt": p.alt, "letter": p.letter} for p in pictures],
        "attachments": list(attachments),
        "notice": notice,
    }


def _refs(letters: Sequence[LetterLike]) -> list[str]:
    about = [str(r) for x in letters for r in (_ref(x), *x.facts.get("about", ()))]
    return [r for r in dict.fromkeys(about) if r]


def _ref(letter: LetterLike) -> str:
    dossier = letter.facts.get("dossier")
    return str(dossier["ref"]) if dossier else ""


def _subject(letters: Sequence[LetterLike], parts: Sequence[Mapping[str, str]]) -> str:
    """The fixed subject where one letter has it, else the refs and the words of the letter that speaks first."""
    if letters[0].subject:
        return letters[0].subject
    words = next((p["subject"] for p in parts if p.get("subject", "").strip()), "")
    line = " ".join(markup.to_text(words, 10_000).split(" "))
    return " ".join([*(f"[{r}]" for r in _refs(letters)), " ".join(line.split("\n")).strip()])


def _page(role: str, first: LetterLike) -> str:
    """Whose page the letter is laid out on: a reply to its sender is laid out for whom the sender is."""
    whom = str(first.facts.get("to", role)) if role == "sender" else role
    return whom if whom in ("provider", "coordinator") else "member"


_URL = re.compile(r"(https?|mailto):[^\s<>]+")
_ADDRESS = re.compile(r"https?://[^\s<>«»]*[^\s<>«».,;:!?)]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def _target(url: object) -> str:
    """An address as Markdown. Its « ! », which no letter of ours holds, is written as a browser writes it."""
    return f"<{str(url).replace('!', '%21')}>"


def prose(value: object) -> Markup:
    """A sentence of the rules as Markdown: its words shown as they are, its web and mail addresses as links."""
    text, made, end = str(value), "", 0
    for found in _ADDRESS.finditer(text):
        made += markup.escape_part(text[end : found.start()]) + f"<{found.group()}>"
        end = found.end()
    return Markup((made + markup.escape_part(text[end:])).strip(" "))  # noqa: S704 - escaped around the addresses


def _markdown_listing(values: Iterable[object], word: str = "et") -> Markup:
    shown = [str(_show(v)) for v in values]
    return Markup(french.listing(shown, word))  # noqa: S704 - each escaped by _show


def _joined(values: Iterable[object]) -> Markup:
    return Markup(", ".join(str(_show(v)) for v in values))  # noqa: S704 - each escaped by _show


def _known(filter_: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, refusing None: « None » in a letter is worse than no letter."""

    @wraps(filter_)
    def shown(value: object, *more: Any) -> Any:
        if value is None:
            raise TemplateError("une valeur inconnue (None) allait être écrite dans la lettre")
        return filter_(value, *more)

    return shown


_PLAIN: Mapping[str, Callable[..., Any]] = {
    "date_full": french.date_full,
    "date_day": french.date_day,
    "date_plain": french.date_plain,
    "hour": french.hour,
    "amount": french.amount,
    "quantity": french.quantity,
    "siret": french.siret,
    "phone": french.phone,
    "capital": french.capital,
    "the": french.the,
    "of": french.of,
    "to": french.to,
    "prose": prose,
    "after_colon": phrases.after_colon,
    "soften": phrases.soften,
    "shown": phrases.shown,
    "bare": phrases.bare,
    "brief": phrases.brief,
    "unstopped": lambda text: str(text).rstrip(" ."),
}
_FILTERS = {
    **{name: _known(f) for name, f in _PLAIN.items()},
    "listing": _markdown_listing,
    "join_plain": _joined,
    "quoted": lambda values: [f"« {v} »" for v in values],
    "verbatim": lambda v: Markup(html.escape(french.typography(str(v)))),  # noqa: S704 - for page.html, no Markdown
    "plural": french.plural,
    "counted": french.counted,
    "quotation": lambda v: Markup(markup.quotation(v)),  # noqa: S704 - escaped line by line
    "prefecture": departments.prefecture,
    "linked": lambda words, url: Markup(f"[{_show(words)}]({_target(url)})"),  # noqa: S704
    "link": lambda url: Markup(_target(url)) if _URL.fullmatch(str(url)) else _show(url),  # noqa: S704
}
