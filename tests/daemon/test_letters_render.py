"""Every template on every kind of facts: words complete, nothing leaked, one letter for what is gathered."""

from __future__ import annotations

import dataclasses
import html.parser
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.letters import layout, markup
from daemon.letters.examples.every import examples, try_all
from daemon.letters.examples.facts import Example
from daemon.letters.render import FOLDER, LetterTemplateError, Picture, Rendered, Renderer

ALL = {e.name: e for e in examples()}
RENDERER = Renderer()


def render(example: Example, renderer: Renderer = RENDERER, **more: Any) -> Rendered:
    options: dict[str, Any] = {"attachments": example.attachments, "pictures": example.pictures} | more
    return renderer.render(example.letters, role=example.role, **options)


class _Text(html.parser.HTMLParser):
    """The words of a page, and its addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.addresses: list[str] = []
        self._skip = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._skip = self._skip or tag in ("style", "title")
        self.words += [v or "" for k, v in attrs if k == "alt"]
        self.addresses += [v or "" for k, v in attrs if k in ("href", "src", "background")]

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "title"):
            self._skip = False

    def handle_data(self, data: str) -> None:
        if not self._skip:
            self.words.append(data)


def read(page: str) -> _Text:
    parser = _Text()
    parser.feed(page)
    return parser


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def test_every_template_has_its_example() -> None:
    assert set(RENDERER.names()) == {x.template for e in ALL.values() for x in e.letters}


@pytest.mark.parametrize("name", ALL)
def test_what_every_letter_keeps_to(name: str) -> None:
    mail = render(ALL[name])
    assert "!" not in mail.text
    assert "!" not in mail.subject
    assert "None" not in mail.text + mail.subject
    assert "\n" not in mail.subject
    assert mail.subject == mail.subject.strip()
    assert "  " not in mail.subject
    assert "'" not in mail.text
    assert not re.search(r"« | »|\S [;?!:](\s|$)", mail.text), "a space that may break"
    assert not re.search(r"\.\.|,,|\.\s*;|:\s*\.|\(\)", mail.text)
    assert mail.text.startswith("Bonjour")
    assert all(len(line) <= 78 for line in mail.text.splitlines() if "https://" not in line)
    # A forward carries its summary, a gathered letter the steps of several lots.
    most = 200 if ALL[name].role == "member" and len(ALL[name].letters) == 1 else 280
    said = re.sub(r"https://\S+", "", mail.text)
    assert ALL[name].letters[0].kind == "digest" or len(re.findall(r"[\w’-]+", said)) < most
    assert "\\" not in mail.text


@pytest.mark.parametrize("name", ALL)
def test_text_and_html_say_the_same(name: str) -> None:
    mail = render(ALL[name])
    page = read(mail.html)
    shown = words(" ".join(page.words))
    missing = [
        w
        for w in words(mail.text.replace("(image", ""))
        if w not in shown and not re.search(w, " ".join(page.addresses))
    ]
    assert not missing
    assert not [a for a in page.addresses if not re.match(r"https://|mailto:|cid:", a)]
    assert ("<img" in mail.html) == bool(ALL[name].pictures)
    assert '<html lang="fr">' in mail.html


def test_the_whole_acknowledgement() -> None:
    mail = render(ALL["accuse-complet"])
    assert mail.subject.startswith("[CIG-2-0042] Votre commande «")
    text = mail.text.replace("\u00a0", " ").replace("\u202f", " ")
    assert "Bonjour Madame Lefèvre," in text
    assert "226,00 € HT" in text
    assert "RGS**" in text
    assert "- Lundi 8 décembre : Dematis vous appelle" in text
    assert "- Mercredi 10 décembre : Dematis ouvre votre compte" in text
    assert text.count("Dematis aujourd’hui") == 1, "the confirmation gathered with it says it again"


def test_three_lots_are_one_letter() -> None:
    mail = render(ALL["accuse-trois-lots"])
    assert mail.subject.startswith("[CIG-2-0042] [CIG-3-0007] [CIG-5-0019] ")
    text = " ".join(mail.text.split())
    assert text.count("Bonjour") == text.count("Ce que nous attendons de vous") == text.count("Et ensuite") == 1
    assert text.count("Nous avons bien reçu") == 1
    assert text.count("Comme vous changez de prestataire") == 1
    assert text.count("Dematis vous appelle") == 1
    assert "Les commandes des lots 2 et 3 sont complètes" in text


def test_letters_of_several_kinds_are_one_letter() -> None:
    ack, reminder = ALL["accuse-question"].letters, ALL["rappel-1"].letters
    mail = RENDERER.render([*reminder, *ack], role="member")
    assert mail.subject.startswith("[CIG-1-0003] [CIG-3-0007] [CIG-5-0019] Une question avant de transmettre")
    assert mail.text.count("Ce que nous attendons de vous") == 1
    listed = re.findall(r"(?m)^- .*", mail.text)
    assert len(listed) == 2


def test_order_of_the_letters_does_not_matter() -> None:
    letters = ALL["accuse-trois-lots"].letters
    assert RENDERER.render(letters, role="member") == RENDERER.render(letters[::-1], role="member")


def test_an_exact_subject_stands_alone() -> None:
    assert render(ALL["transmission-objet-exact"]).subject == "marché groupement LDMEMS"


def test_a_paper_already_received_earns_one_line() -> None:
    text = render(ALL["accuse-deja-recu"]).text
    assert "nous avions déjà le bon de commande du lot 2. Il ne nous manque" in " ".join(text.split())
    assert "attendons" not in text


def test_an_unproven_sender_is_told_nothing_that_it_did_not_send() -> None:
    text = render(ALL["accuse-sans-papier"]).text
    assert "SIRET" not in text
    assert "Orvilliers" not in text
    assert "dites-le-nous" in text


def test_a_picture_stands_in_its_letter() -> None:
    example = ALL["point-a-verifier"]
    other = Picture(cid="b", data=b"", media_type="image/png", alt="Autre", letter="autre")
    mine = Picture(cid="a", data=b"", media_type="image/png", alt="Le SIRET lu", letter=example.letters[0].key)
    mail = render(example, pictures=(mine, other))
    assert '<img src="cid:a" alt="Le SIRET lu"' in mail.html
    assert "cid:b" not in mail.html
    assert "(image\u00a0: Le SIRET lu)" in mail.text


def test_rehearsal_stands_above_all() -> None:
    mail = render(ALL["rappel-2"], notice="Répétition : cette lettre serait partie à a@b.example.")
    assert mail.text.startswith("> Répétition\u00a0: cette lettre")


HOSTILE = "a*b_c [x](https://mal.example) <b>gras</b> `c` | & # 1. \\ ![i](cid:z)\n# titre\n- puce"


def test_no_value_marks_up() -> None:
    letter = ALL["point-a-verifier"].letters[0]
    facts = dict(letter.facts)
    facts["member"] = facts["member"] | {"name": HOSTILE}
    facts["piece"] = facts["piece"] | {"name": HOSTILE}
    facts["hints"] = [HOSTILE]
    mail = RENDERER.render([dataclasses.replace(letter, facts=facts)], role="coordinator")
    assert "<b>" not in mail.html
    assert "<code>" not in mail.html
    assert "cid:z" not in read(mail.html).addresses
    assert "<h1>" not in mail.html
    assert "\n" not in mail.subject
    assert "a*b_c [x](https://mal.example) <b>gras</b>" in " ".join(mail.text.split())


def test_what_a_person_wrote_is_quoted_line_by_line() -> None:
    letter = ALL["question-au-prestataire"].letters[0]
    facts = dict(letter.facts)
    facts["message"] = facts["message"] | {"words": "Bonjour\n\n# Un titre\n- un *point*\n<script>alert(1)</script>"}
    mail = RENDERER.render([dataclasses.replace(letter, facts=facts)], role="provider")
    assert "<script>" not in mail.html
    assert "> # Un titre\n> - un *point*\n> <script>alert(1)</script>" in mail.text


@given(st.text(max_size=80))
def test_an_escaped_value_reads_as_itself(value: str) -> None:
    text = markup.to_text(f"« {markup.escape(value)} »", 100_000)
    shown = re.sub(r"[\s\x00\ufffd]+", "", value).replace("'", "’")
    assert re.sub(r"[\s\x00\ufffd]+", "", text).replace("'", "’") == f"«{shown}»"


@given(st.text(alphabet="ab*_[]()<>&#-`|\\!~1. \n:/@", max_size=60))
def test_an_escaped_value_never_becomes_markup(value: str) -> None:
    page = markup.to_html(f"x {markup.escape(value)}")
    assert re.fullmatch(r"<p>[^<]*</p>\n", page)


def test_a_missing_fact_is_named() -> None:
    letter = ALL["rappel-1"].letters[0]
    facts = {k: v for k, v in letter.facts.items() if k != "missing"}
    with pytest.raises((LetterTemplateError, KeyError), match="missing"):
        RENDERER.render([dataclasses.replace(letter, facts=facts)], role="member")


def test_an_unknown_value_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "too_large.md").write_text("{% block opening %}{{ f.member.uai }}{% endblock %}")
    with pytest.raises(LetterTemplateError, match="inconnue"):
        render(ALL["trop-volumineux"], Renderer(tmp_path))


def test_check_renders_them_all(tmp_path: Path) -> None:
    assert try_all(RENDERER) == RENDERER.names()
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "mien.md").write_text("{% block opening %}{% if %}{% endblock %}")
    with pytest.raises(LetterTemplateError, match=r"mien\.md"):
        try_all(Renderer(tmp_path))


def test_a_coordinator_changes_one_template(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "too_large.md").write_text(
        "{% block subject %}Trop lourd{% endblock %}{% block opening %}Au-delà de {{ f.limit_mb }} Mo.{% endblock %}"
    )
    mine = render(ALL["trop-volumineux"], Renderer(tmp_path))
    assert mine.subject == "Trop lourd"
    assert "Au-delà de 25\u00a0Mo." in mine.text
    assert render(ALL["rappel-2"], Renderer(tmp_path)) == render(ALL["rappel-2"])


@pytest.mark.parametrize(
    "template",
    [
        "{{ f.__class__.__mro__ }}",
        "{{ ''.__class__ }}",
        "{% include '/etc/passwd' %}",
        "{% for x in letters %}{{ x.absent }}{% endfor %}",
        "{% block opening %}{{ unknown }}{% endblock %}",
        "{% if %}",
        "{% do letters.append(1) %}",
    ],
)
def test_a_template_cannot_reach_out(tmp_path: Path, template: str) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "too_large.md").write_text(template)
    with pytest.raises(LetterTemplateError):
        render(ALL["trop-volumineux"], Renderer(tmp_path))


def test_lists_are_whole_and_punctuated() -> None:
    laid = layout.lay("owed", ["- a\n\n- b.\n\nUne phrase.", "- a\n- c", "Une phrase."])
    assert laid == "- a ;\n- b.\n- c.\n\nUne phrase."
    assert layout.lay("owed", ["- seul"]) == "Seul."
    assert layout.lay("owed", ["Voici :\n- seul"]) == "Voici :\n\n- seul."
    assert layout.lay("opening", ["Un.\n\n", "", "Un."]) == "Un."


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def _contrast(text: str, ground: str) -> float:
    light, dark = sorted((_luminance(text), _luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_colours_can_be_read_by_day_and_by_night() -> None:
    page = (FOLDER / "pages" / "page.html").read_text(encoding="utf-8")
    day, night = page.split("@media (prefers-color-scheme: dark)")
    for style in (day, night.split("</style>")[0]):
        rules = dict(re.findall(r"([.\w\s]+?)\s*\{([^}]*)\}", style))
        letter = next(v for k, v in rules.items() if k.strip() == ".letter")
        quoted = next(v for k, v in rules.items() if k.strip() == "blockquote")
        texts = re.findall(r"(?<![-\w])color:\s*(#[0-9a-f]{6})", style)
        assert len(texts) >= 4
        for ground in (letter, quoted):
            for text in texts:
                assert _contrast(text, re.findall(r"background:\s*(#[0-9a-f]{6})", ground)[0]) >= 4.5, (text, ground)
