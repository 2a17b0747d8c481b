"""Collects the sentences with which the engine and the add-on refuse something, from their source; imports neither.

python -m workshop.sentences      prints them, each with where it stands
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("lipmlp_engine", "lipmlp_blender")
GAP = "…"
"""Stands for whatever a sentence is filled with."""
FRAGMENTS = {"HearsayError", "StopIteration", "ValueError", "TypeError", "KeyError", "argparse.ArgumentTypeError"}
"""Errors whose text becomes a part of another sentence, or that no user meets."""
REASON = "why_"
"""How the names of the add-on's functions begin that give a sentence about why something cannot be, or nothing."""
PARTS = {"why_not_writable"}
"""Such functions whose reason becomes a part of another sentence; the engine has no others."""
VERDICT = "Verdict"
"""Says in its second place why two shapes are not taken for poses of one; `Guide: transport, because …`."""


@dataclass(frozen=True)
class Sentence:
    """What people read, with gaps, and where it is said."""

    text: str
    place: str


@cache
def collected(root: Path = ROOT) -> list[Sentence]:
    """Every sentence once, in the order of the files."""
    files = [path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))]
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in files}
    errors = _project_errors(trees.values())
    found: dict[str, Sentence] = {}
    for path, tree in trees.items():
        of_add_on = path.relative_to(root).parts[0] == "lipmlp_blender"
        for text in chain(_sentences(tree, errors), _reasons(tree) if of_add_on else ()):
            found.setdefault(text, Sentence(text, path.relative_to(root).as_posix()))
    return list(found.values())


def _project_errors(trees: Iterable[ast.Module]) -> set[str]:
    """The names of our own exceptions."""
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found = {"Exception"}
    while True:
        more = {c.name for c in classes if any(isinstance(b, ast.Name) and b.id in found for b in c.bases)}
        if more <= found:
            return found - {"Exception"} - FRAGMENTS
        found |= more


def _sentences(tree: ast.Module, errors: set[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in errors and node.args:
            yield from _texts(node.args[0])
        elif isinstance(node, ast.Call) and _name(node.func) == VERDICT and len(node.args) == 2:
            yield from filter(None, _texts(node.args[1]))
        elif isinstance(node, ast.Call) and _name(node.func) == "report" and len(node.args) == 2:
            kinds = node.args[0]
            if isinstance(kinds, ast.Set) and [k.value for k in kinds.elts if isinstance(k, ast.Constant)] == ["ERROR"]:
                yield from _texts(node.args[1])


def _reasons(tree: ast.Module) -> Iterator[str]:
    """What the panel and its greyed out buttons say."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) == "poll_message_set":
            yield from _texts(node.args[0])
        elif isinstance(node, ast.FunctionDef) and node.name.startswith(REASON) and node.name not in PARTS:
            for given in ast.walk(node):
                if isinstance(given, ast.Return) and given.value is not None:
                    yield from filter(None, _texts(given.value))


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _texts(node: ast.expr) -> Iterator[str]:
    """The texts that an expression may give, if it says them itself."""
    if isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield _tidy(node.value)
    elif isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else GAP for part in node.values]
        text = _tidy(re.sub(f"{GAP}+", GAP, "".join(map(str, parts))))
        if text.strip(f"{GAP} .:"):
            yield text
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        yield from _texts(node.func.value)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from (f"{left}{right}" for left in _texts(node.left) for right in _texts(node.right))


def _tidy(text: str) -> str:
    return " ".join(text.split())


def main() -> None:
    for sentence in collected():
        print(f"{sentence.place}: {sentence.text}")


if __name__ == "__main__":
    main()
