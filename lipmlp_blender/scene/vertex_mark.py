"""Ties an empty to a vertex of a mesh, so that it lies where that vertex is evaluated; knows nothing of landmarks."""

from __future__ import annotations

import bmesh
import bpy
import numpy as np
from mathutils import Vector

MAKES_ANEW = {"REMESH", "NODES", "BOOLEAN", "SKIN"}
"""Modifiers after which Blender may not know any more which vertex was which."""


def chosen_vertex(item: bpy.types.Object) -> int | None:
    """The vertex that is selected in the mesh, the active one where there are several; None where it is not clear."""
    if item.type != "MESH":
        return None
    if item.mode == "EDIT":
        edited = bmesh.from_edit_mesh(item.data)
        active = edited.select_history.active
        if isinstance(active, bmesh.types.BMVert) and active.select:
            return active.index
        item.update_from_editmode()
    selected = np.empty(len(item.data.vertices), bool)
    item.data.vertices.foreach_get("select", selected)
    found = np.flatnonzero(selected)
    return int(found[0]) if len(found) == 1 else None


def mark_vertex(context: bpy.types.Context, empty: bpy.types.Object, item: bpy.types.Object, vertex: int) -> None:
    """Parent the empty to the vertex, or to the object at the surface next to it where modifiers renumber vertices."""
    empty.parent = item
    if not any(modifier.type in MAKES_ANEW and modifier.show_viewport for modifier in item.modifiers):
        empty.parent_type = "VERTEX"
        empty.parent_vertices = (vertex, 0, 0)
        return
    place = item.data.vertices[vertex].co
    context.view_layer.update()
    found, nearest, _, _ = item.evaluated_get(context.evaluated_depsgraph_get()).closest_point_on_mesh(place)
    empty.location = nearest if found else Vector(place)
