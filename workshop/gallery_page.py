"""The gallery's page: each morph's picture with the command that made it."""

from __future__ import annotations

from workshop.gallery import drawn

HEAD = """\
# Gallery

Morphs at the Draft preset, each with the command that made it. The shapes are made by a script, so that you can
repeat every one of them in the repository's folder:

```
python -m workshop.shapes shapes
```

Files to open in Blender, with the frames, the keyed value and the materials in place, are made by `python dev.py
examples`; they need neither the add-on nor the engine to play.
"""


def page() -> str:
    parts = [HEAD]
    for exhibit in drawn():
        title = " → ".join(shape.replace("-", " ") for shape in exhibit.shapes)
        parts += [f"## {title[:1].upper()}{title[1:]}", "", f"{exhibit.caption}", ""]
        parts += [f"![{title}](pictures/gallery/{exhibit.name}.webp)", "", "```", exhibit.command, "```", ""]
    return "\n".join(parts)
