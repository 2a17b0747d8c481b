"""The page of the Python interface, made of what the engine's package exports, with its docstrings."""

from __future__ import annotations

import inspect
import re
from typing import Any

import lipmlp_engine

HEAD = """\
# Python interface

```
pip install .          # in the repository's folder: the engine without Blender
```

`import lipmlp_engine` gives what stands below, and what is not on this page is nobody's to rely on. Shapes are files or
arrays, results are numpy arrays; nothing of it needs Blender, and a notebook shows the progress as it goes.
"""


def page() -> str:
    names = [name for name in getattr(lipmlp_engine, "__all__", []) if not name.startswith("_")]
    parts = [HEAD, *[_entry(name, getattr(lipmlp_engine, name)) for name in names]]
    if not names:
        parts.append("This version exports nothing yet; use the [command line](command-line.md).\n")
    return "\n".join(parts)


def _entry(name: str, thing: Any, level: int = 2) -> str:
    kind = "class " if inspect.isclass(thing) else ""
    lines = [f"{'#' * level} {name}", ""]
    if callable(thing):
        lines += ["```python", f"{kind}{name.split('.')[-1]}{_signature(thing)}", "```", ""]
    lines.append(_docstring(thing))
    if inspect.isclass(thing):
        for member, value in vars(thing).items():
            bare = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
            if not member.startswith("_") and inspect.isfunction(bare):
                shown = bare if not isinstance(value, property) else value
                lines.append(_entry(f"{name}.{member}", shown, level + 1))
    return "\n".join(lines)


def _signature(thing: Any) -> str:
    try:
        signature = str(inspect.signature(thing))
    except (TypeError, ValueError):
        return "(…)"
    bare = re.sub(r"(: |-> )'([^']*)'", r"\1\2", signature)
    short = re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Z])", "", bare)
    return short if len(short) < 90 else "(\n    " + ",\n    ".join(_arguments(short)) + short[short.rindex(")") :]


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
