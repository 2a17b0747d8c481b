"""The page with the method's constants: read out of the engine's code, room by room, with where each came from."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ENGINE = Path(__file__).resolve().parent.parent / "lipmlp_engine"
ROOMS = (
    *("shapes", "points", "poses", "guide", "networks", "training", "surface", "looks", "tracking"),
    *("pose_space", "certificates", "metrics"),
)
"""Those that compute; what machine, files and protocol need is no part of the method."""
TABLE = re.compile(r"[{\"']| for |SHEET_|linspace")
"""Tables, words, and what is worked out of others are no constants of the method."""
ORIGIN = re.compile(r"(?:(?<=[.:] )|^)(?:Chosen|Measured|Follows from|Taken from)\b")
"""How the sentence begins that says where a constant came from; all that follows it belongs to that."""
HEAD = """\
# Constants

What the method takes for granted: numbers that no [setting](settings.md) changes, with what each is for and where it
came from. *Chosen* is what was found fit by trying and looking, without a measurement that was kept; *measured* is
what was compared, with what came of it; *chance* is what other seeds of the training change in the same small morphs
(`python -m benchmarks.constants`). The rest follows from other numbers or was taken from elsewhere. Lengths are
in units of the training frame, [-1, 1]³, unless it is said otherwise. Under each name stands its module, in the room
of the engine that the heading names.
"""


@dataclass(frozen=True)
class Constant:
    """A name with its value, and what its sentences say."""

    module: str
    name: str
    value: str
    meaning: str
    origin: str

    @property
    def row(self) -> str:
        cells = (f"`{self.name} = {self.value}`<br>*{self.module.replace('_', ' ')}*", self.meaning, self.origin)
        return f"| {' | '.join(cells)} |"


def page() -> str:
    parts = [HEAD]
    for room in ROOMS:
        rows = [constant.row for path in modules(room) for constant in constants(path)]
        if rows:
            title = room.replace("_", " ").capitalize()
            table = ["| constant | what it is | where it came from |", "|---|---|---|", *rows]
            parts += [f"## {title}", "", '<div class="stacked" markdown>', "", *table, "", "</div>", ""]
    return "\n".join(parts)


def modules(room: str) -> list[Path]:
    return sorted((ENGINE / room).rglob("*.py"))


def without_origin() -> list[str]:
    """Constants of which nobody has said what they are, or where they came from."""
    return [
        f"{path.relative_to(ENGINE.parent).as_posix()}: {constant.name}"
        for room in ROOMS
        for path in modules(room)
        for constant in constants(path)
        if not (constant.meaning and constant.origin)
    ]


def constants(path: Path) -> Iterator[Constant]:
    """Each number of a module that has a name of its own, with the text below it."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    for node, following in zip(body, [*body[1:], None], strict=True):
        if not isinstance(node, ast.Assign):
            continue
        name, value = ast.unparse(node.targets[0]).strip("()"), _shown(node.value)
        if name.startswith("_") or not name.replace(", ", "").replace("_", "").isupper() or TABLE.search(value):
            continue
        words = " ".join(_text(following).split()).replace("|", "\\|")
        found = ORIGIN.search(words)
        start = found.start() if found else len(words)
        yield Constant(path.stem, name, value, words[:start].strip(), words[start:])


def _text(node: ast.stmt | None) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return node.value.value
    return ""


def _shown(node: ast.expr) -> str:
    """A value as people write it: without what makes it known to kernels, and short where it is long."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "wp.constant":
        node = node.args[0]
    if isinstance(node, ast.Constant) and isinstance(node.value, float):
        return f"{node.value:g}"
    return ast.unparse(node)
