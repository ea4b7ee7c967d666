"""The guide `docs/nouveau-groupement.md` followed word for word: its files written, its commands run, a dossier walked.

No Python of the product knows this group. Its forms are drawn here, as a coordinator would make them in Word.
"""

import contextlib
import email
import hashlib
import io
import os
import re
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from daemon import config
from daemon.errors import ConfigurationError
from daemon.house import House, form_folders, load_groups
from fixtures import scene
from parsers.read import read
from parsers.records import Context
from tests.daemon.test_commands import lines
from tests.daemon.town import body, requirement

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "nouveau-groupement.md").read_text(encoding="utf-8")
FILES = {m[1]: m[2] for m in re.finditer(r"^`([\w./-]+)` :\n\n```\w+\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)}
STEPS = re.findall(r"^```sh\n(.*?)^```$(?:[^`]*?^```text\n(.*?)^```$)?", GUIDE, re.MULTILINE | re.DOTALL)

MAIRIE = scene.Body(
    name="Commune de Saint-Aubin-du-Lac", siret="21740010000012", email="cantine@saint-aubin.example",
    street="2 place du Port", postal_code="74410", city="Saint-Aubin-du-Lac", person="Odile Perrin",
    phone="04 50 00 11 22",
)  # fmt: skip
ROWS = {
    "pain": [
        ("P-01", "Baguette de tradition – abonnement annuel", "240,00"),
        ("P-02", "Pain complet – abonnement annuel", "260,00"),
        ("P-03", "Pain sans gluten – abonnement annuel", "310,00"),
    ],
    "lait": [
        ("L-01", "Lait entier – bidon de dix litres", "9,50"),
        ("L-02", "Yaourt nature – carton de cinquante", "14,00"),
    ],
}
TITLE = {"pain": "Lot pain – pain frais livré aux cantines", "lait": "Lot lait – lait et produits laitiers"}


@dataclass
class Sheet:
    """A page of the group's own, drawn from top to bottom."""

    title: str
    lot: str
    filled: bool = True
    y: float = 770
    out: io.BytesIO = field(default_factory=io.BytesIO)

    def __post_init__(self) -> None:
        self.canvas = Canvas(self.out, pagesize=A4, invariant=1)
        self._say(50, self.title, 15, bold=True)
        self._say(50, TITLE[self.lot], 11)
        self._say(50, "Groupement de restauration du lac – marchés 2025-2028", 9)
        self.heading("1. LA CANTINE")
        b = MAIRIE
        self.row(("Établissement", b.name))
        self.row(("N° SIRET", b.siret), ("Téléphone", b.phone))
        self.row(("Adresse", b.street), ("Code postal", b.postal_code))
        self.row(("Commune", b.city), ("Courriel", b.email))
        self.row(("Personne à joindre", b.person))
        self.heading("2. LA COMMANDE")

    def _say(self, x: float, text: str, size: float = 10, *, bold: bool = False) -> None:
        self.canvas.setFont("Helvetica-Bold" if bold else "Helvetica", size)
        self.canvas.drawString(x, self.y, text)
        self.y -= size + 8

    def heading(self, text: str) -> None:
        self.y -= 6
        self._say(50, text, 11, bold=True)

    def row(self, *cells: tuple[str, str]) -> None:
        for x, (label, value) in zip((50, 310), cells, strict=False):
            self.canvas.setFont("Helvetica", 10)
            self.canvas.drawString(x, self.y, f"{label} :")
            if self.filled:
                self.canvas.drawString(x + 105, self.y, value)
        self.y -= 20

    def table(self, ordered: dict[str, int], total: str) -> None:
        edges = (50, 95, 310, 410, 470, 545)
        heads = ("Réf.", "Désignation", "Prix unitaire HT (€)", "Quantité", "Total HT (€)")
        top = self.y + 14
        rows = [heads]
        for ref, label, price in ROWS[self.lot]:
            n = ordered.get(ref)
            amount = f"{n * float(price.replace(',', '.')):.2f}".replace(".", ",") if n else ""
            rows.append((ref, label, price, str(n or ""), amount))
        for cells in rows:
            self.canvas.line(edges[0], self.y + 14, edges[-1], self.y + 14)
            for x, text in zip(edges, cells, strict=False):
                self.canvas.setFont("Helvetica", 9)
                self.canvas.drawString(x + 4, self.y, text)
            self.y -= 20
        self.canvas.line(edges[0], self.y + 14, edges[-1], self.y + 14)
        for x in edges:
            self.canvas.line(x, top, x, self.y + 14)
        self.y -= 4
        self.canvas.drawString(410, self.y, "TOTAL HT")
        self.canvas.drawString(474, self.y, total)
        self.y -= 24

    def question(self, text: str, *, yes: bool) -> None:
        self.canvas.drawString(50, self.y, text)
        for x, word, ticked in ((300, "Oui", yes), (360, "Non", not yes)):
            self.canvas.rect(x, self.y - 1, 9, 9)
            if ticked and self.filled:
                self.canvas.line(x + 1, self.y, x + 8, self.y + 7)
                self.canvas.line(x + 1, self.y + 7, x + 8, self.y)
            self.canvas.drawString(x + 14, self.y, word)
        self.y -= 24

    def end(self, *, signed: bool) -> bytes:
        self.row(("Fait à", MAIRIE.city), ("le", "04/12/2025"))
        self.row(("Nom du signataire", "Paul Girod"))
        self.canvas.drawString(310, self.y, "Cachet et signature")
        self.canvas.rect(304, self.y - 75, 240, 90)
        if signed:
            path, x, y = self.canvas.beginPath(), 330.0, self.y - 40
            path.moveTo(x, y)
            for i in range(5):
                path.curveTo(x + 30 * i + 8, y + 30, x + 30 * i + 16, y - 30, x + 30 * (i + 1), y + 4)
            self.canvas.drawPath(path)
        self.canvas.save()
        return self.out.getvalue()


def order(lot: str, ordered: dict[str, int], total: str, *, filled: bool = True) -> bytes:
    sheet = Sheet("BON DE COMMANDE", lot, filled)
    sheet.row(("N° de commande", "2025-031"), ("Date de la commande", "04/12/2025"))
    sheet.table(ordered, total)
    return sheet.end(signed=filled)


def card(*, signed: bool) -> bytes:
    sheet = Sheet("FICHE DE LIVRAISON", "pain")
    sheet.question("Vous faut-il du pain sans gluten ?", yes=True)
    sheet.row(("Accès pour la livraison", "par la cour"))
    return sheet.end(signed=signed)


ORDER = order("pain", {"P-01": 2}, "480,00")


@dataclass
class Desk:
    """The folder of somebody who follows the guide."""

    folder: Path
    delivered: int = 0

    def sh(self, script: str, expect: int = 0) -> str:
        """A block of commands, as written."""
        tools = self.folder.parent / "bin"
        tools.mkdir(exist_ok=True)
        shim = tools / "vaguemestre"
        shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m daemon.cli "$@"\n')
        shim.chmod(0o755)
        env = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "160", "PATH": f"{tools}:{os.environ['PATH']}"}
        done = subprocess.run(
            ["sh", "-e", "-c", script], cwd=self.folder, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout

    def make(self) -> None:
        """The folders, then the files."""
        self.sh(STEPS[0][0])
        for name, text in FILES.items():
            (self.folder / name).write_text(text, encoding="utf-8")

    def deliver(self, subject: str, text: str, files: dict[str, bytes]) -> None:
        self.delivered += 1
        raw = scene.mail(
            MAIRIE, "restauration@lac.example", subject, text, files, message_id=f"{self.delivered}@saint-aubin.example"
        )
        (self.folder / "boite" / "new" / f"{self.delivered}.eml").write_bytes(raw)

    def dossier(self, lot: str) -> dict[str, object]:
        [one] = [
            d
            for d in lines(self.sh("vaguemestre dossiers --json"))
            if d["lot"] == lot and d["member"]["siret"] == MAIRIE.siret
        ]
        return one

    def sent(self, to: str) -> list[EmailMessage]:
        files = sorted((self.folder / "lettres" / "new").iterdir(), key=lambda p: (p.stat().st_mtime_ns, p.name))
        mails = [email.message_from_bytes(p.read_bytes(), policy=default) for p in files]
        return [m for m in mails if to in str(m["To"])]  # type: ignore[misc]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    folder = tmp_path / "groupement"
    folder.mkdir()
    return Desk(folder)


def _shown(expected: str, told: str) -> None:
    """Each line of the guide's output stands in the real one; « … » is anything."""
    flat = " ".join(told.split())
    for line in expected.splitlines():
        for part in line.split("…"):
            assert " ".join(part.split()) in flat, (line, told)


def test_the_guide_word_for_word(desk: Desk) -> None:
    scripts = dict(STEPS)
    assert len(FILES) == 9, sorted(FILES)
    _, check, reading, bring, run = list(scripts)
    desk.make()
    _shown(scripts[check], desk.sh(check))
    (desk.folder / "commande.pdf").write_bytes(ORDER)
    _shown(scripts[reading], desk.sh(reading))
    _shown(scripts[bring], desk.sh(bring))
    desk.deliver("Pain", "Bonjour,\n\nVoici notre bon de commande de pain.\n\nCordialement", {"commande.pdf": ORDER})
    told = desk.sh(run)
    assert "LAC-PAIN-0001" in told

    dossier = desk.dossier("pain")
    assert (dossier["ref"], dossier["state"]) == ("LAC-PAIN-0001", "incomplete")
    assert requirement(dossier, "order") == "met"
    assert requirement(dossier, "form") == "missing"
    answer = desk.sent(MAIRIE.email)[-1]
    text = body(answer).replace("\u00a0", " ").replace("\u202f", " ")
    assert "fiche de livraison" in text
    assert "Prévenez le groupement de restauration du lac la veille avant midi." in text
    assert "baguette de tradition" in text.lower()
    assert "480,00 €" in text
    assert not desk.sent("fournil.example")

    desk.deliver("Fiche", "Bonjour, voici la fiche.", {"fiche.pdf": card(signed=False)})
    desk.sh("vaguemestre run --once")
    assert requirement(desk.dossier("pain"), "form") == "refused"
    assert "Faites-la signer par la personne qui reçoit le pain" in body(desk.sent(MAIRIE.email)[-1])

    desk.deliver("Fiche signée", "Bonjour, la voici signée.", {"fiche signée.pdf": card(signed=True)})
    desk.sh("vaguemestre run --once")
    dossier = desk.dossier("pain")
    assert dossier["state"] == "forwarded"
    assert [m["id"] for m in dossier["milestones"]] == ["premiere_livraison"]  # type: ignore[attr-defined]
    [forward] = desk.sent("commandes@fournil.example")
    papers = [p.get_content() for p in forward.iter_attachments()]
    assert ORDER in papers
    assert card(signed=True) in papers
    answer = desk.sent(MAIRIE.email)[-1]
    assert "sac fermé" in body(answer), "a sentence that hangs on the form's box"


def test_its_other_lot_knows_a_blank_form_from_an_order(desk: Desk) -> None:
    desk.make()
    blank = order("lait", {}, "", filled=False)
    desk.deliver("Lait", "Bonjour, voici notre bon de lait.", {"lait.pdf": blank})
    desk.sh("vaguemestre run --once")
    assert requirement(desk.dossier("lait"), "order") == "refused"
    desk.deliver("Lait", "Bonjour, voici notre bon.", {"lait.pdf": order("lait", {"L-01": 10, "L-02": 2}, "123,00")})
    desk.sh("vaguemestre run --once")
    assert desk.dossier("lait")["state"] == "forwarded"
    [forward] = desk.sent("tournees@laiterie.example")
    assert "123,00" in body(forward)


def test_an_order_of_a_member_s_own_software_finds_its_lot_by_the_catalogue(desk: Desk) -> None:
    desk.make()
    out = io.BytesIO()
    c = Canvas(out, pagesize=A4, invariant=1)
    for x, y, text in (
        (50, 790, MAIRIE.name),
        (50, 775, f"{MAIRIE.street}, {MAIRIE.postal_code} {MAIRIE.city}"),
        (50, 760, f"SIRET : {MAIRIE.siret}"),
        (330, 760, "Laiterie des Deux-Vallées"),
        (50, 710, "BON DE COMMANDE N° 2025-77"),
        (50, 690, "Date : 04/12/2025"),
        *zip((50, 300, 370, 460), [650] * 4, ("Désignation", "Quantité", "PU HT", "Montant HT"), strict=True),
        *zip((50, 300, 370, 460), [630] * 4, ("Yaourt nature, carton", "10", "14,00", "140,00"), strict=True),
        (370, 600, "Total HT"),
        (460, 600, "140,00"),
    ):
        c.drawString(x, y, text)
    c.save()
    folders = form_folders(config.load(desk.folder / "vaguemestre.toml"))
    [piece] = read(out.getvalue(), "bon.pdf", Context(forms=folders)).pieces
    assert (piece.kind, piece.group, piece.lots) == ("purchase_order", "restauration-du-lac", ("lait",))
    assert read(out.getvalue(), "bon.pdf", Context()).pieces[0].group is None, "the program alone does not know it"


RULES, CATALOGUE = "groupes/restauration.yaml", "groupes/forms/restauration.catalogue.yaml"
CARD, MILK = "groupes/forms/restauration-pain-fiche.yaml", "groupes/forms/restauration-lait-commande.yaml"


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        (RULES, "signed: any", "signed: oui", "lots.1.requirements.2.signed: « oui » n’est pas prévu ici"),
        (RULES, "provider: laiterie", "provider: latierie", "lots.2.provider: « latierie » n’est pas dans providers"),
        (RULES, "joining: true", "joining: [true", "YAML illisible"),
        (CARD, "kind: account_form", "kind: fiche", "kind: « fiche » n’est pas prévu ici"),
        (MILK, "    unit_price:", "    prix:", "order.columns.prix: "),
        (CATALOGUE, "years:", "annees: []\nyears:", "annees: clé inconnue"),
        (CATALOGUE, "id: lait, provider: laiterie", "id: lait, provider: l", "lots.2.provider: « l » n’est pas dans"),
    ],
)
def test_a_mistake_is_told_with_its_file_line_and_key(desk: Desk, name: str, old: str, new: str, told: str) -> None:
    desk.make()
    text = FILES[name]
    assert old in text
    (desk.folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    loaded = config.load(desk.folder / "vaguemestre.toml")
    with pytest.raises(ConfigurationError) as caught:
        assert (load_groups(loaded.groups), form_folders(loaded)) is None
    assert caught.value.exit_code == 2
    line = text[: text.index(old)].count("\n") + 1
    found = re.search(rf"{re.escape(name)}:(\d+): {re.escape(told)}", str(caught.value))
    assert found, caught.value
    # A list that does not end is noticed where the next key begins.
    assert int(found[1]) - line in ((0, 1, 2) if "illisible" in told else (0,)), caught.value


def test_check_tells_the_mistake_that_the_guide_shows_and_goes_on(desk: Desk) -> None:
    [example] = re.findall(r"^```text\n(non .*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    desk.make()
    for name, old, new in ((RULES, "signed: any", "signed: oui"), (CARD, "kind: account_form", "kind: fiche")):
        (desk.folder / name).write_text(FILES[name].replace(old, new), encoding="utf-8")
    told = desk.sh("vaguemestre check", expect=2)
    _shown(example, told)
    assert f"{CARD}:3: kind: « fiche »" in " ".join(told.split())


def test_a_form_of_a_lot_that_is_not_there_is_told(desk: Desk) -> None:
    desk.make()
    (desk.folder / CARD).write_text(FILES[CARD].replace("lots: [pain]", "lots: [pains]"), encoding="utf-8")
    assert "« pains » n’est pas un lot de restauration-du-lac" in desk.sh("vaguemestre check", expect=2)


def test_a_changed_form_is_taken_up_with_the_configuration(desk: Desk) -> None:
    desk.make()
    file = desk.folder / "vaguemestre.toml"
    files = {"fiche.pdf": card(signed=True)}
    sheet = scene.mail(
        MAIRIE, "restauration@lac.example", "Fiche", "La voici.", files, message_id="1@saint-aubin.example"
    )
    sha256 = hashlib.sha256(sheet).hexdigest()
    for names, expected in ((("1", "2"), 1), (("3",), 2)):
        for name in names:
            (desk.folder / "boite" / "new" / f"{name}.eml").write_bytes(sheet)
        desk.sh("vaguemestre run --once")
        with contextlib.closing(sqlite3.connect(desk.folder / "vaguemestre.db")) as books:
            versions = books.execute("SELECT version FROM readings WHERE sha256 = ?", (sha256,)).fetchall()
        assert len(versions) == expected, "the same bytes are read once by one form"
        (desk.folder / CARD).write_text(FILES[CARD].replace("Accès pour", "Consignes pour"), encoding="utf-8")
    assert House(config.load(file)).forms
    (desk.folder / CARD).write_text(FILES[CARD].replace("kind: account_form", "kind: fiche"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="fiche"):
        _ = House(config.load(file)).forms  # what was loaded before hides no mistake
