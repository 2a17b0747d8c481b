"""The page with the method's constants: read out of the engine's code, room by room, with what is said of each."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ENGINE = Path(__file__).resolve().parent.parent / "lipmlp_engine"
ROOMS = (
    *("shapes", "points", "poses", "guide", "networks", "training", "surface", "looks", "tracking"),
    *("pose_space", "certificates", "metrics"),
)
"""Those that compute; what machine, files and protocol need is no part of the method."""
TEXT = re.compile(r"[{\"']")
"""Tables and words are no constants."""
HEAD = """\
# Constants

What the method takes for granted: numbers that no [setting](settings.md) changes, with what each is for and, where it
was measured, how. Lengths are in units of the training frame, [-1, 1]³, unless it is said otherwise. Under each
name stands its module, in the room of the engine that the heading names.
"""


def page() -> str:
    parts = [HEAD]
    for room in ROOMS:
        rows = [row for path in sorted((ENGINE / room).rglob("*.py")) for row in constants(path)]
        if rows:
            parts += [
                f"## {room.replace('_', ' ').capitalize()}",
                "",
                "| constant | what it is |",
                "|---|---|",
                *rows,
                "",
            ]
    return "\n".join(parts)


def constants(path: Path) -> list[str]:
    """A row for each constant of a module that has a sentence of its own."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    rows = []
    for node, following in zip(body, [*body[1:], None], strict=True):
        if not isinstance(node, ast.Assign) or not isinstance(following, ast.Expr):
            continue
        if not isinstance(following.value, ast.Constant) or not isinstance(following.value.value, str):
            continue
        name = ast.unparse(node.targets[0]).strip("()")
        value = _shown(node.value)
        if name.replace(", ", "").replace("_", "").isupper() and not name.startswith("_") and not TEXT.search(value):
            words = " ".join(following.value.value.split()).replace("|", "\\|")
            rows.append(f"| `{name} = {value}`<br>*{path.stem.replace('_', ' ')}* | {words} |")
    return rows


def _shown(node: ast.expr) -> str:
    """A value as people write it: without what makes it known to kernels, and short where it is long."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "wp.constant":
        node = node.args[0]
    if isinstance(node, ast.Constant) and isinstance(node.value, float):
        return f"{node.value:g}"
    return ast.unparse(node)
