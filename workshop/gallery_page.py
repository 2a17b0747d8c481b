"""The gallery's page: the files that are offered, and each morph's picture with the command that made it."""

from __future__ import annotations

from collections.abc import Iterator

from workshop.drawn_morphs import WorkshopError
from workshop.examples import EXAMPLES
from workshop.gallery import drawn

HEAD = """\
# Gallery

## Files to open

With the frames or keys, the keyed value, materials, lights and a camera in place. They play and render in Blender 4.2
and later, without the extension and without the engine: open one, press the space bar, render.

"""
DRAWN = """
`python dev.py examples` makes them anew: small, at the Draft preset, and coarser than a morph of yours has to be.

## Morphs

At the Standard preset, each with the command that made it. The shapes are made by a script, so that you can repeat
every one of them in the repository's folder:

```sh
python -m workshop.shapes shapes
```
"""


def page() -> str:
    parts = [HEAD, *files(), DRAWN]
    for exhibit in drawn():
        title = " → ".join(named(shape) for shape in exhibit.shapes)
        parts += [f"### {title[:1].upper()}{title[1:]}", "", f"{exhibit.caption}", ""]
        parts += [f"![{title}](pictures/gallery/{exhibit.name}.webp)", "", "```sh", exhibit.command, "```", ""]
    return "\n".join(parts)


def named(shape: str) -> str:
    """A shape's name as people write it: that of a letter is the letter."""
    return shape.upper() if len(shape) == 1 else shape.replace("-", " ")


def files() -> Iterator[str]:
    """Each example with its size and its frames, rendered."""
    for example in EXAMPLES:
        for path in (example.path, example.picture):
            if not path.is_file():
                raise WorkshopError(f"{path.name} is missing, which the gallery offers: run `python dev.py examples`.")
        name, size = example.path.name, example.path.stat().st_size / 1e6
        yield f"### {example.title}\n\n[{name}](examples/{name}), {size:.1f} MB. {example.what}\n"
        yield f"![{example.title}, rendered in Blender](pictures/examples/{example.name}.webp)\n"
