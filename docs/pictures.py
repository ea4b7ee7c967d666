"""Pictures of the letters as a mail program shows them: `python docs/pictures.py [NAME…]` writes docs/lettres/*.png.

One example of each template, and some more, at the widths of a telephone (360 px) and of a reading pane (800 px), a few
in dark mode.
Needs Chromium; `CHROMIUM` names another program. To look at, not to compare: fonts differ from one machine to the next.
"""

# ruff: noqa: INP001, T201 - a script, which says what it made

from __future__ import annotations

import base64
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from daemon.letters.examples.every import examples  # noqa: E402
from daemon.letters.examples.facts import Example  # noqa: E402
from daemon.letters.render import Renderer  # noqa: E402

OUT = ROOT / "docs" / "lettres"
WIDTHS = (360, 800)
DARK = {"accuse-complet", "invitation-etablissement", "transmission", "point-a-verifier", "synthese"}
TOO = {  # further faces of a template
    *("accuse-refus", "confirmation", "invitation-prive", "rappel-3", "papier-a-refaire", "reponse-faq"),
    *("liste-a-verifier", "organisme-a-admettre", "synthese-calme"),
}
TALL = 3000  # pixels of the window; the picture is cut under the last line


def shoot(page: str, width: int, *, dark: bool = False) -> Image.Image:
    """The page as Chromium paints it, its empty foot cut off."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "page.html", Path(folder) / "page.png"
        source.write_text(page, encoding="utf-8")
        subprocess.run(
            [
                os.environ.get("CHROMIUM", "chromium"),
                *(
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-quic",
                    "--no-first-run",
                    "--hide-scrollbars",
                ),
                *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
                f"--user-data-dir={folder}/profile",
                f"--blink-settings=preferredColorScheme={0 if dark else 1}",
                f"--window-size={width},{TALL}",
                f"--screenshot={target}",
                source.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
        picture = Image.open(io.BytesIO(target.read_bytes())).convert("RGB")
    ground = Image.new("RGB", picture.size, picture.getpixel((picture.width // 2, picture.height - 1)))
    column = ImageChops.difference(picture, ground).crop(
        (picture.width // 4, 0, picture.width // 4 * 3, picture.height)
    )
    box = column.getbbox()
    return picture.crop((0, 0, picture.width, min((box[3] if box else 0) + 24, picture.height)))


def save(picture: Image.Image, name: str) -> None:
    """Few colours: letters are text on a plain ground."""
    OUT.mkdir(exist_ok=True)
    picture.quantize(200, dither=Image.Dither.NONE).save(OUT / f"{name}.png", optimize=True)


def chosen(names: list[str]) -> list[Example]:
    """The examples named, or one for each template and the gathered ones."""
    if names:
        return [e for e in examples() if e.name in names]
    seen: set[str] = set()
    kept = []
    for example in examples():
        new = {x.template for x in example.letters} - seen
        if new or len(example.letters) > 1 or example.name in TOO:
            kept.append(example)
            seen |= new
    return kept


def index(shown: list[tuple[str, str]]) -> str:
    """The page that shows them, one letter after the other."""
    lines = [
        "# Les lettres, telles qu’elles s’affichent",
        "",
        "Une lettre de chaque sorte, sur téléphone (360 px) et dans une fenêtre de lecture (800 px). Organismes,",
        "personnes et numéros sont inventés. Les images se refont par `python docs/pictures.py` (Chromium est",
        "nécessaire) ; les mots se changent comme le dit [modeles.md](../modeles.md).",
    ]
    for name, subject in shown:
        lines += ["", f"## {subject}", "", f"![{subject}, sur téléphone]({name}-360.png)"]
        if name in DARK:
            lines.append(f"![{subject}, sur téléphone, fond sombre]({name}-360-sombre.png)")
        lines.append(f"![{subject}, fenêtre large]({name}-800.png)")
    return "\n".join(lines) + "\n"


def main() -> None:
    """All pictures and their page, or the pictures named."""
    renderer = Renderer()
    shown: list[tuple[str, str]] = []
    for example in chosen(sys.argv[1:]):
        mail = renderer.render(
            example.letters, role=example.role, attachments=example.attachments, pictures=example.pictures
        )
        page = mail.html
        for picture in example.pictures:
            data = base64.b64encode(picture.data).decode()
            page = page.replace(f"cid:{picture.cid}", f"data:{picture.media_type};base64,{data}")
        for width in WIDTHS:
            save(shoot(page, width), f"{example.name}-{width}")
        if example.name in DARK:
            save(shoot(page, WIDTHS[0], dark=True), f"{example.name}-{WIDTHS[0]}-sombre")
        shown.append((example.name, mail.subject))
        print(example.name)
    if not sys.argv[1:]:
        (OUT / "README.md").write_text(index(shown), encoding="utf-8")


if __name__ == "__main__":
    main()
