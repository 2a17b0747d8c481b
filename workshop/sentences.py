"""Collects the sentences with which the engine and the add-on refuse something, from their source; imports neither.

python -m workshop.sentences      prints them, each with where it stands
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("lipmlp_engine", "lipmlp_blender")
GAP = "…"
"""Stands for whatever a sentence is filled with."""
FRAGMENTS = {"HearsayError", "StopIteration", "ValueError", "TypeError", "KeyError", "argparse.ArgumentTypeError"}
"""Errors whose text becomes a part of another sentence, or that no user meets."""


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
        for text in _sentences(tree, errors):
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
        elif isinstance(node, ast.Call) and _name(node.func) == "report" and len(node.args) == 2:
            kinds = node.args[0]
            if isinstance(kinds, ast.Set) and [k.value for k in kinds.elts if isinstance(k, ast.Constant)] == ["ERROR"]:
                yield from _texts(node.args[1])


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
        text = _tidy("".join(map(str, parts)))
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
