"""Says what of a source the morph does not follow, a sentence each: motion, keyed visibility, strands, renders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import bpy

from .. import compat
from .look_check import MAXIMUM_NOTES

MOVES_BY_ITSELF = {
    *("BUILD", "CLOTH", "DYNAMIC_PAINT", "EXPLODE", "FLUID", "MESH_CACHE", "MESH_SEQUENCE_CACHE", "OCEAN"),
    *("SOFT_BODY", "WAVE"),
}
"""Modifiers whose result is another one from frame to frame without any keys."""

FINER_IN_RENDERS = {"SUBSURF", "MULTIRES"}
"""Modifiers that have levels of their own for renders."""


def source_notes(sources: Sequence[bpy.types.Object]) -> list[str]:
    """About the sources as they are animated now."""
    return [sentence for item in dict.fromkeys(sources) for sentence in _notes_of(item)][:MAXIMUM_NOTES]


def _notes_of(item: bpy.types.Object) -> Iterator[str]:
    if _hides_by_keys(item):
        yield (
            f"'{item.name}' is shown and hidden in renders by keys or a driver, and so would be rendered together with "
            "the morph: take those away, or move it out of the rendered collections."
        )
    if any(_is_animated(owner) for owner in _movers(item)) or any(m.type in MOVES_BY_ITSELF for m in item.modifiers):
        yield f"'{item.name}' is animated: the morph has it as it was when it was trained, and does not move with it."
    if any(system.settings.render_type in {"PATH", "HALO", "LINE"} for system in item.particle_systems):
        yield f"'{item.name}' has particles that are no objects: they are no part of its shape."
    otherwise = list(_rendered_otherwise(item))
    if otherwise:
        yield (
            f"'{item.name}' is rendered otherwise than the viewport shows it ({', '.join(otherwise)}), and the morph "
            "is as the viewport has it: make both the same and train again for a morph that begins as the render does."
        )


def _rendered_otherwise(item: bpy.types.Object) -> Iterator[str]:
    """What of an object's modifiers and of its curve differs in renders."""
    for modifier in item.modifiers:
        if modifier.show_render != modifier.show_viewport:
            yield f"{modifier.name} {'only' if modifier.show_render else 'not'} in renders"
        elif modifier.show_render and modifier.type in FINER_IN_RENDERS:
            levels = modifier.levels, modifier.render_levels
            if levels[0] != levels[1]:
                yield f"{modifier.name} {levels[1]} instead of {levels[0]}"
    rendered = getattr(item.data, "render_resolution_u", 0)
    if rendered not in (0, getattr(item.data, "resolution_u", 0)):
        yield f"Resolution {rendered} instead of {item.data.resolution_u}"


def _hides_by_keys(item: bpy.types.Object) -> bool:
    animation = item.animation_data
    curves = [*compat.fcurves_of(item), *(animation.drivers if animation is not None else [])]
    return any(curve.data_path == "hide_render" for curve in curves)


def _movers(item: bpy.types.Object) -> Iterator[bpy.types.ID | None]:
    """All whose animation moves the object or its geometry."""
    yield from (item.data, getattr(item.data, "shape_keys", None))
    others = [getattr(modifier, "object", None) for modifier in item.modifiers]
    others += [getattr(constraint, "target", None) for constraint in item.constraints]
    met: set[bpy.types.Object] = set()
    queue = [item, *others]
    while queue:
        owner = queue.pop()
        if owner is not None and owner not in met:
            met.add(owner)
            yield owner
            queue.append(owner.parent)


def _is_animated(owner: bpy.types.ID | None) -> bool:
    """Whether it has keys, its visibility left aside, or strips; a driver may stand still for ever."""
    animation = getattr(owner, "animation_data", None)
    if animation is None:
        return False
    moving = [curve for curve in compat.fcurves_of(owner) if not curve.data_path.startswith("hide_")]
    return any(len(curve.keyframe_points) > 1 or curve.modifiers for curve in moving) or len(animation.nla_tracks) > 0
