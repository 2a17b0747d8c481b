"""Tells whether objects have the same faces, so that vertex k of one may become vertex k of the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray


def share_faces(context: bpy.types.Context, objects: Sequence[bpy.types.Object]) -> bool:
    """Whether all objects, as evaluated last, have the same faces over the same vertices; cheap enough for a panel."""
    if len(objects) < 2 or any(item.type != "MESH" for item in objects):
        return False
    meshes = [_mesh_of(context, item) for item in objects]
    if len({(len(mesh.vertices), len(mesh.polygons), len(mesh.loops)) for mesh in meshes}) > 1:
        return False
    # One that is mirrored turns its faces over.
    if len({item.matrix_world.determinant() < 0 for item in objects}) > 1 or not len(meshes[0].polygons):
        return False
    corners = _corners(meshes[0])
    return all(np.array_equal(corners, _corners(mesh)) for mesh in meshes[1:])


def share_triangles(paths: Sequence[Path]) -> None:
    """Let gathered shapes with the same faces be cut into the first one's triangles; raises OSError.

    Blender cuts a quad along the diagonal that suits its form, which differs between a mesh and its sculpted copy.
    """
    # These are not hearsay: the add-on has just written them.
    with np.load(paths[0], allow_pickle=False) as arrays:
        triangles = arrays["triangles"]
    for path in paths[1:]:
        with np.load(path, allow_pickle=False) as arrays:
            values = dict(arrays)
        if len(values["triangles"]) == len(triangles):
            np.savez(path, **{**values, "triangles": triangles, "look_triangles": values["triangles"]})


def _mesh_of(context: bpy.types.Context, item: bpy.types.Object) -> bpy.types.Mesh:
    # The view layer's own depsgraph: asking for an evaluated one would evaluate while the panel is drawn.
    depsgraph = context.view_layer.depsgraph
    if depsgraph is not None and item.modifiers and item.visible_get():
        return item.evaluated_get(depsgraph).data
    return item.data


def _corners(mesh: bpy.types.Mesh) -> NDArray[np.int32]:
    """The vertex of every corner, after the corner at which every face begins."""
    starts = np.empty(len(mesh.polygons), np.int32)
    corners = np.empty(len(mesh.loops), np.int32)
    mesh.polygons.foreach_get("loop_start", starts)
    mesh.loops.foreach_get("vertex_index", corners)
    return np.concatenate([starts, corners])
