"""What the maps and attributes of a chain's shapes are called on the morph; knows names only, no Blender."""

from __future__ import annotations

from collections.abc import Sequence

LONGEST = 60
"""Bytes of a name; Blender cuts longer ones off, and would not find them again."""
RESERVED = frozenset(
    {"morph", "morph_velocity", "velocity", "position", "material_index", "custom_normal", "sharp_edge", "sharp_face"}
    | {"source_color", "target_color", "Color"}
)
"""Names that the player, or Blender, has given away."""

NO_MAP = "(no UV map)"
"""The name of a map that no morph has: what reads it reads zero, as on a shape without maps."""


def names_on_morph(shapes: Sequence[tuple[str, Sequence[Sequence[str]]]], apart: bool = False) -> list[dict[str, str]]:
    """For each shape, its layers' names → their names on the morph.

    ``shapes`` are names with the shape's layers: name, kind and domain of each. The first shape with a name keeps it.
    Another's UV map of the same name is another map, and gets the shape's name behind its own; other layers of the same
    name, kind and domain are one, which passes from the one shape's values to the other's, unless they are kept
    ``apart`` like maps.
    """
    taken = set(RESERVED)
    known: dict[tuple[object, ...], str] = {}
    found = []
    for index, (shape, layers) in enumerate(shapes):
        names = {}
        for name, kind, domain in layers:
            key = (name, kind, domain, index if apart or kind == "uv" else None)
            if key not in known:
                known[key] = _free_name(name, shape, taken)
                taken.add(known[key])
            names[name] = known[key]
        found.append(names)
    return found


def _free_name(name: str, shape: str, taken: set[str]) -> str:
    wished = [_cut(name, LONGEST), f"{_cut(name, LONGEST // 2)} ({_cut(shape, LONGEST // 2 - 3)})"]
    numbered = (f"{_cut(name, LONGEST // 2)} {number}" for number in range(2, len(taken) + 3))
    return next(candidate for candidate in (*wished, *numbered) if candidate not in taken)


def _cut(text: str, count: int) -> str:
    return text.encode()[:count].decode(errors="ignore")
