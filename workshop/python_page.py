"""The page of the Python interface, made of what the engine's package exports, with its docstrings."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from typing import Any

import lipmlp_engine
from lipmlp_engine.files.mesh_frame import MeshFrame

HEAD = """\
# Python interface

```
pip install .          # in the repository's folder: the engine without Blender
```

Two files in, frames out; in a notebook or a terminal a line shows how far it is:

```python
import lipmlp_engine as lm

morph = lm.morph("a.obj", "b.obj", preset="draft")
for frame in morph.frames(24):
    print(frame.time, frame.vertices.shape, frame.faces.shape)
morph.save("a_to_b.safetensors")
```

What stands below is the interface, and what is not on this page is nobody's to rely on. Shapes are files, of every kind
that the [command line](command-line.md#what-is-read) reads; results are numpy arrays. Nothing of it needs Blender, and
it goes the same way as the command line and the add-on, so that the same files, settings and seed give the same frames.
"""
FRAMES = "What `frames` gives, and what lies in a results folder as `frames/*.npz`."
ALIASES = {"Hear": "Callable[[float, str], object]"}
"""Names of types that only the source knows."""
ATTRIBUTE = re.compile(r"(?:self\.)?([a-z]\w*)(?::| =)")


def page() -> str:
    """Functions first, then what they return, down to the arrays of a frame."""
    things = {name: getattr(lipmlp_engine, name) for name in lipmlp_engine.__all__}
    entries = [_entry(name, thing) for name, thing in sorted(things.items(), key=_importance)]
    frame = ["## MeshFrame", "", _docstring(MeshFrame), FRAMES, "", *_attributes(MeshFrame), ""]
    return "\n".join([HEAD, *entries, *frame])


def _importance(entry: tuple[str, Any]) -> tuple[bool, bool]:
    return inspect.isclass(entry[1]), entry[0] != "morph"


def _entry(name: str, thing: Any, level: int = 2) -> str:
    lines = [f"{'#' * level} {name}", ""]
    if callable(thing) and not inspect.isclass(thing):
        lines += ["```python", f"{name.split('.')[-1]}{_signature(thing)}", "```", ""]
    lines.append(_docstring(thing))
    if inspect.isclass(thing):
        lines += [*_attributes(thing), ""]
        for member, value in vars(thing).items():
            bare = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
            if not member.startswith("_") and inspect.isfunction(bare):
                shown = bare if not isinstance(value, property) else value
                lines.append(_entry(f"{name}.{member}", shown, level + 1))
    return "\n".join(lines)


def _attributes(kind: type[Any]) -> list[str]:
    """What an object has: the sentences that stand under its fields in the source."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0].body  # type: ignore[attr-defined]
    made = [node for node in body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    rows = []
    for block in (body, *(node.body for node in made)):
        for node, after in zip(block, [*block[1:], None], strict=True):
            named = ATTRIBUTE.match(ast.unparse(node)) if isinstance(node, ast.AnnAssign | ast.Assign) else None
            if named:
                said = (
                    after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
                )
                rows.append(f"| `{named[1]}` | {_prose(str(said))} |")
    return ["| | |", "|---|---|", *rows] if rows else []


def _prose(text: str) -> str:
    return re.sub(r"``([^`]+)``", r"`\1`", " ".join(text.split())).replace("|", "\\|")


def _signature(thing: Any) -> str:
    try:
        signature = str(inspect.signature(thing))
    except (TypeError, ValueError):
        return "(…)"
    signature = re.sub(r"^\(self(, )?", "(", signature)
    bare = re.sub(r"(: |-> )'([^']*)'", r"\1\2", signature)
    short = re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Z])", "", bare)
    for name, meaning in ALIASES.items():
        short = re.sub(rf"\b{name}\b", meaning, short)
    if len(short) < 90:
        return short
    return "(\n    " + ",\n    ".join(_arguments(short)) + ",\n" + short[short.rindex(")") :]


def _arguments(signature: str) -> list[str]:
    """The arguments of a signature, parted at the commas that stand in no brackets."""
    inner, depth, parts = signature[1 : signature.rindex(")")], 0, [""]
    for letter in inner:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _docstring(thing: Any) -> str:
    """Its paragraphs, with examples as code."""
    lines, code = [], False
    for line in (inspect.getdoc(thing) or "").splitlines():
        begins = line.startswith(">>>")
        if begins and not code:
            lines += ["", "```python"]
            code = True
        elif code and not line.strip():
            lines.append("```")
            code = False
        lines.append(re.sub(r"``([^`]+)``", r"`\1`", line.split("# doctest:")[0].rstrip()))
    return "\n".join([*lines, "```"] if code else lines) + "\n"
