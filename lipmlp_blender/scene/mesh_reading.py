"""Copies a mesh's arrays out of Blender and no more; what becomes of them can be computed without it."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .gather_layers import read_layers, read_normals
from .mesh_arrays import RawMesh


def read_mesh(mesh: bpy.types.Mesh, matrix: NDArray[np.float64], item: bpy.types.Object | None = None) -> RawMesh:
    """Copies and no more; from attributes where they are to be had there, which is a hundred times faster."""
    # A mesh without vertices has not even the attribute for their places.
    starts = np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("loop_start", starts)
    triangles = None
    if np.diff(starts, append=len(mesh.loops)).max(initial=0) > 4:
        mesh.calc_loop_triangles()
        triangles = np.empty((len(mesh.loop_triangles), 3), np.int32)
        mesh.loop_triangles.foreach_get("loops", triangles.ravel())
    return RawMesh(
        matrix,
        _copied(mesh.attributes.get("position"), "vector", np.empty((len(mesh.vertices), 3), np.float32)),
        _copied(mesh.attributes.get(".corner_vert"), "value", np.empty(len(mesh.loops), np.int32)),
        starts,
        triangles,
        _copied(mesh.attributes.get("material_index"), "value", np.zeros(len(mesh.polygons), np.int32)),
        *_read_colors(mesh),
        read_normals(mesh),
        read_layers(mesh, item),
    )


def _copied(attribute: bpy.types.Attribute | None, key: str, values: NDArray[Any]) -> NDArray[Any]:
    """The attribute's values in the array; the array as it is where there is no such attribute."""
    if attribute is not None:
        attribute.data.foreach_get(key, values.ravel())
    return values


def _read_colors(mesh: bpy.types.Mesh) -> tuple[NDArray[np.float32] | None, bool]:
    """The active colours, and whether they are the corners'."""
    attribute = mesh.color_attributes.active_color
    if attribute is None or attribute.domain not in {"POINT", "CORNER"}:
        return None, False
    colors = _copied(attribute, "color", np.empty((len(attribute.data), 4), np.float32))
    return colors, attribute.domain == "CORNER"
