"""Tells beforehand why an object's own mesh cannot carry shape keys, as far as that is seen without a morph."""

from __future__ import annotations

import bpy

from .gather_points import count_points
from .showing import shown


def why_no_keys(context: bpy.types.Context, source: bpy.types.Object, most_vertices: int) -> str:
    """The reason in a sentence, or nothing."""
    if source.type == "POINTCLOUD" or count_points(source):
        return f"'{source.name}' has points and no faces for shape keys: choose Remesh as their mesh, or Sequence."
    with shown(context, source):
        depsgraph = context.evaluated_depsgraph_get()
        evaluated = source.evaluated_get(depsgraph)
        mesh = evaluated.to_mesh()
        count = len(mesh.vertices) if mesh is not None else 0
        evaluated.to_mesh_clear()
        instanced = any(
            instance.is_instance and instance.parent is not None and instance.parent.original == source
            for instance in depsgraph.object_instances
        )
    if instanced:
        return (
            f"'{source.name}' is made of instances, which have no vertices of their own for shape keys: "
            "realise them, or choose Sequence."
        )
    if count > most_vertices:
        return (
            f"'{source.name}' has {count:,} vertices and shape keys are limited to {most_vertices:,}: "
            "simplify it, raise the limit, or choose Sequence."
        )
    return ""
