"""Reads what lies on a mesh: UV maps, colours, floats, vectors, vertex groups, each by name; knows no files or jobs."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

KINDS = {
    "FLOAT2": ("pair", "vector", 2), "FLOAT": ("number", "value", 1), "FLOAT_VECTOR": ("vector", "vector", 3),
    "FLOAT_COLOR": ("color", "color", 4), "BYTE_COLOR": ("color", "color", 4), "INT": ("integer", "value", 1),
    "INT8": ("integer", "value", 1), "BOOLEAN": ("flag", "value", 1),
}  # fmt: skip
"""Blender's attribute type → the engine's kind, the property that holds a value, and how many numbers it has."""
DOMAINS = {"POINT": "point", "CORNER": "corner", "FACE": "face"}
_BLENDERS_OWN = {
    "crease_vert",
    "bevel_weight_vert",
    "position",
    "material_index",
    "sharp_face",
    "sharp_edge",
    "custom_normal",
    "velocity",
    "id",
}


@dataclass
class RawLayer:
    """Values as Blender keeps them."""

    name: str
    kind: str
    domain: str
    """"point", "corner" or "face"."""
    values: NDArray[np.float32]
    """(n, width)"""

    @property
    def title(self) -> tuple[str, str, str]:
        return self.name, self.kind, self.domain

    def on_triangles(self, cut: NDArray[np.int32], faces: NDArray[np.int32]) -> NDArray[np.float32]:
        """For triangles of three corners each, that are parts of these faces; point values stay as they are."""
        if self.domain == "point":
            return self.values
        return self.values[cut] if self.domain == "corner" else self.values[faces]


def titles_of(mesh: bpy.types.Mesh, item: bpy.types.Object) -> list[list[str]]:
    """Name, kind and domain of all that ``read_layers`` reads, without reading it."""
    return titles_of_mesh(mesh) + [[name, "number", "point"] for name in _groups(item).values()]


def titles_of_mesh(mesh: bpy.types.Mesh) -> list[list[str]]:
    """As ``titles_of``, of a mesh that no object gives vertex groups."""
    return [[entry.name, _kind(mesh, entry), DOMAINS[entry.domain]] for entry in _attributes(mesh)]


def read_layers(mesh: bpy.types.Mesh, item: bpy.types.Object | None = None) -> list[RawLayer]:
    """All that lies on the mesh and does not belong to Blender itself; vertex groups are the object's."""
    layers = []
    for entry in _attributes(mesh):
        _, key, width = KINDS[entry.data_type]
        values = np.empty(len(entry.data) * width, bool if entry.data_type == "BOOLEAN" else _number(entry))
        entry.data.foreach_get(key, values)
        values = values.reshape(-1, width).astype(np.float32)
        layers.append(RawLayer(entry.name, _kind(mesh, entry), DOMAINS[entry.domain], values))
    return layers + (_read_groups(mesh, _groups(item)) if item is not None else [])


def read_normals(mesh: bpy.types.Mesh) -> NDArray[np.float32]:
    """The normals that the corners are shaded with, as Blender evaluates them."""
    normals = np.empty((len(mesh.loops), 3), np.float32)
    mesh.corner_normals.foreach_get("vector", normals.ravel())
    return normals


def _attributes(mesh: bpy.types.Mesh) -> list[bpy.types.Attribute]:
    active = mesh.color_attributes.active_color
    return [
        entry
        for entry in mesh.attributes
        if entry.data_type in KINDS
        and entry.domain in DOMAINS
        and not entry.name.startswith(".")
        and entry.name not in _BLENDERS_OWN
        # Those are the shape's colours and come along as such.
        and not (active is not None and entry.name == active.name and entry.domain == "POINT")
    ]


def _kind(mesh: bpy.types.Mesh, entry: bpy.types.Attribute) -> str:
    return "uv" if entry.data_type == "FLOAT2" and entry.domain == "CORNER" else KINDS[entry.data_type][0]


def _number(entry: bpy.types.Attribute) -> type[np.generic]:
    return np.int32 if entry.data_type in {"INT", "INT8"} else np.float32


def _groups(item: bpy.types.Object) -> dict[int, str]:
    """The object's vertex groups but for those that only make bones move it."""
    bones = {
        bone.name
        for modifier in item.modifiers
        if modifier.type == "ARMATURE" and modifier.object is not None and modifier.object.type == "ARMATURE"
        for bone in modifier.object.data.bones
    }
    return {group.index: group.name for group in item.vertex_groups if group.name not in bones}


def _read_groups(mesh: bpy.types.Mesh, groups: dict[int, str]) -> list[RawLayer]:
    if not groups:
        return []
    weights = {index: np.zeros((len(mesh.vertices), 1), np.float32) for index in groups}
    for vertex in mesh.vertices:
        for element in vertex.groups:
            if element.group in weights:
                weights[element.group][vertex.index] = element.weight
    return [RawLayer(groups[index], "number", "point", values) for index, values in weights.items()]
