"""Tables written by hand in YAML: read with the place of each key, so that a mistake is told with its line.

Each problem is one French line, `file:line: key: what is wrong`; items of a list count from 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import yaml
from pydantic import ValidationError

Path = Sequence[int | str]


class TableError(ValueError):
    """A table that cannot be used. `problems`: one French line each, `file:line: key: what is wrong`."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C where libyaml is there

_PLAIN = {
    "missing": "cette clé est obligatoire",
    "extra_forbidden": "clé inconnue",
    "string_type": "un texte est attendu (entre guillemets s’il est fait de chiffres)",
    "string_too_short": "le texte est vide",
    "bool_type": "oui ou non attendu (true, false)",
    "bool_parsing": "oui ou non attendu (true, false)",
    "int_type": "un nombre entier est attendu",
    "int_parsing": "un nombre entier est attendu",
    "decimal_type": "un montant est attendu",
    "decimal_parsing": "un montant est attendu",
    "list_type": "une liste est attendue",
    "tuple_type": "une liste est attendue",
    "dict_type": "une table est attendue",
    "model_type": "une table est attendue",
    "too_short": "il en faut au moins un",
}


def parse(text: str, origin: str, what: str = "une table est attendue") -> tuple[yaml.MappingNode, dict[str, Any]]:
    """The text's nodes and its value. Raises TableError: no YAML, no table, a key written twice.

    `origin` names the file in problems, `what` says what is expected where it holds no table.
    """
    try:
        node = yaml.compose(text, Loader=_LOADER)
        if not isinstance(node, yaml.MappingNode):
            raise TableError([f"{origin}:1: {what}"])
        doubles = [f"{origin}:{line}: {key}: clé écrite deux fois" for key, line in _doubles(node, "")]
        if doubles:
            raise TableError(doubles)
        return node, yaml.load(text, Loader=_LOADER)  # noqa: S506 - the safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = 1 if mark is None else mark.line + 1
        raise TableError([f"{origin}:{line}: YAML illisible : {error.problem}"]) from error
    except yaml.YAMLError as error:
        raise TableError([f"{origin}:1: YAML illisible : {error}"]) from error


def _doubles(node: yaml.Node, path: str, above: tuple[int, ...] = ()) -> Iterable[tuple[str, int]]:
    if id(node) in above:
        raise yaml.YAMLError("une ancre se contient elle-même")
    above = (*above, id(node))
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                yield f"{path}{name}", key.start_mark.line + 1
            seen.add(name)
            yield from _doubles(value, f"{path}{name}.", above)
    elif isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            yield from _doubles(item, f"{path}{i}.", above)


def place(node: yaml.Node, path: Path, origin: str) -> str:
    """`file:line: key` of what stands at `path`, or of the nearest of its parents."""
    return f"{origin}:{_line(node, path)}: {'.'.join(_step(p) for p in path) or '(racine)'}"


def _step(part: int | str) -> str:
    return str(part + 1) if isinstance(part, int) else part


def _line(node: yaml.Node, path: Path) -> int:
    line = int(node.start_mark.line)
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(step)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line
        else:
            break
    return line + 1


def mistakes(error: ValidationError, node: yaml.Node, origin: str) -> list[str]:
    """What a model refuses, each problem once."""
    out: list[str] = []
    for e in error.errors():
        path = tuple(p for p in e["loc"] if p != "[key]")
        plain = _PLAIN.get(e["type"])
        if e["type"] == "literal_error":
            possible = e["ctx"]["expected"].replace(" or ", ", ")
            plain = f"« {e['input']} » n’est pas prévu ici ; valeurs possibles : {possible}"
        elif e["type"] == "value_error":
            plain = str(e["ctx"]["error"])
        elif e["type"] == "string_pattern_mismatch":
            plain = f"« {e['input']} » n’a pas la forme attendue ({e['ctx']['pattern']})"
        elif e["type"] in {"greater_than_equal", "less_than_equal"}:
            plain = f"{e['input']} est hors limites ({' '.join(f'{k} {v}' for k, v in e['ctx'].items())})"
        line = f"{place(node, path, origin)}: {plain or e['msg']}"
        if line not in out:
            out.append(line)
    return out
