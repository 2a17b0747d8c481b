"""Knows which shapes Blender does not show as they are while they are being sculpted."""

from __future__ import annotations

import bpy


def why_not_whole(item: bpy.types.Object) -> str:
    """Why the object's shape cannot be had now, or nothing.

    In Sculpt Mode one with a Multiresolution modifier is evaluated as its coarsest level, and what Dyntopo has made is
    not in the mesh before the mode is left.
    """
    if item.mode != "SCULPT":
        return ""
    finer = item.use_dynamic_topology_sculpting or any(modifier.type == "MULTIRES" for modifier in item.modifiers)
    return f"'{item.name}' is being sculpted and cannot be read as it is: leave Sculpt Mode first" if finer else ""
