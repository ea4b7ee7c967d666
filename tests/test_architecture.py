"""The house's one law: daemon → rules → parsers, never back; and the pure rooms touch nothing."""

import ast
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parent.parent
PURE = sorted([*(ROOT / "parsers").rglob("*.py"), *(ROOT / "rules").rglob("*.py")])
WORLD = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "os.environ", "os.getenv"}


def test_imports_run_one_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(no_cache=True) == 0


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("path", PURE, ids=lambda p: str(p.relative_to(ROOT)))
def test_pure_rooms_ask_no_clock_and_no_environment(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    used = {d for node in ast.walk(tree) if isinstance(node, ast.Attribute) for d in [_dotted(node)] if d}
    assert not {u for u in used for w in WORLD if u == w or u.endswith(f".{w}")}
