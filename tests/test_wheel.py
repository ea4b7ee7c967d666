"""The wheel holds the rooms, YAML, templates and the demo’s mails, nothing else; it works without a checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)], cwd=ROOT, check=True)
    [built] = out.glob("vaguemestre-*.whl")
    return built


def test_it_holds_all_that_is_read_at_run_time(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for room, patterns in {
        "rules": ("*.yaml",),
        "parsers": ("*.yaml", "*.npz"),
        "templates": ("*.md", "*.html", "*.yaml", "*.pdf", "*.docx"),
        "daemon": ("*.yaml", "*.mako"),
    }.items():
        wanted = {p.relative_to(ROOT).as_posix() for pattern in patterns for p in (ROOT / room).rglob(pattern)}
        assert wanted <= names, wanted - names
    assert sum(n.startswith("daemon/demo_mails/boite-") for n in names) >= 20
    assert {n.split("/")[0] for n in names if ".dist-info" not in n} == {"daemon", "parsers", "rules", "templates"}


def test_it_runs_from_its_own_place(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(place)
    done = subprocess.run(
        [sys.executable, "-m", "daemon.cli", "demo", "--folder", "demo"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(place), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Une lettre, en entier" in done.stdout
    assert "CIG-2-0001" in done.stdout
