"""Reads what Geometry Nodes, particles and instancing show on an object beside its own mesh, with the looks of all."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

import bpy
import numpy as np

from .called import called
from .gather_layers import titles_of_mesh
from .gather_points import RawPoints, read_points
from .mesh_arrays import RawMesh
from .mesh_reading import read_mesh

Slots = list[str | None]
"""Names of materials, as the faces of a mesh count them."""


def makes_instances(item: bpy.types.Object) -> bool:
    """Whether something may be shown on the object that is no part of its mesh."""
    made = item.instance_type != "NONE" or len(item.particle_systems) > 0
    return made or any(modifier.type == "NODES" for modifier in item.modifiers)


def read_instances(depsgraph: bpy.types.Depsgraph, item: bpy.types.Object) -> list[tuple[RawMesh, Slots]]:
    """The meshes that are shown on the object, each with the materials that its faces count."""
    return [
        (read_mesh(instance.object.data, np.array(instance.matrix_world, np.float64)), _slots_of(instance, item))
        for instance in _with_faces(depsgraph, item)
    ]


def read_point_instances(depsgraph: bpy.types.Depsgraph, item: bpy.types.Object) -> list[RawPoints]:
    """The points that geometry nodes make of the object, and bare vertices that are instanced on it."""
    parts = []
    for instance in _shown_on(depsgraph, item):
        data = instance.object.data
        if instance.object.type == "POINTCLOUD" or (instance.object.type == "MESH" and not len(data.polygons)):
            parts.append(read_points(data, np.array(instance.matrix_world, np.float64)))
    return parts


def looks_of_instances(depsgraph: bpy.types.Depsgraph, item: bpy.types.Object) -> tuple[list[Slots], list[list[str]]]:
    """Of the meshes that are shown on the object: the materials of each, and what lies on any of them."""
    slots, titles = [], {}
    for instance in _with_faces(depsgraph, item):
        slots.append(_slots_of(instance, item))
        titles |= {tuple(title): title for title in titles_of_mesh(instance.object.data)}
    return slots, list(titles.values())


def joined_slots(own: Slots, others: Iterable[Slots]) -> Slots:
    """The materials of an object and of all that is shown on it, each once more at most; its own keep their numbers."""
    found = list(own)
    for names in others:
        found = found or [None]  # what has no material is not to get one of theirs
        found += [name for name in dict.fromkeys(names or [None]) if name not in found]
    return found


def counted(mesh: RawMesh, slots: Slots, all_slots: Slots) -> RawMesh:
    """The mesh with its faces counting the materials of the whole object."""
    table = [all_slots.index(name) for name in slots or [None]]
    return dataclasses.replace(mesh, materials=_within(mesh, table))


def kept_within(mesh: RawMesh, own: Slots) -> RawMesh:
    """The object's own mesh with no face that counts on into the materials of the others."""
    return dataclasses.replace(mesh, materials=_within(mesh, range(max(len(own), 1))))


def material_names(evaluated: bpy.types.Object, mesh: bpy.types.Mesh) -> Slots:
    """What the faces of an object's mesh count: the mesh's materials, or the object's own in their places."""
    names = names_of(mesh.materials)
    for index, slot in enumerate(evaluated.material_slots):
        name = names_of([slot.material])[0]
        if index >= len(names):
            names.append(name)
        elif slot.link == "OBJECT":
            names[index] = name
    return names


def names_of(materials: Iterable[bpy.types.Material | None]) -> Slots:
    """What orders call the materials; the file's own, where they are evaluated ones."""
    return [None if material is None else called(bpy.data.materials, material.original) for material in materials]


def _slots_of(instance: bpy.types.DepsgraphObjectInstance, item: bpy.types.Object) -> Slots:
    mesh = instance.object.data
    if instance.object.original == item:  # made by its nodes, and no object that has slots of its own
        return names_of(mesh.materials)
    return material_names(instance.object, mesh)


def _with_faces(depsgraph: bpy.types.Depsgraph, item: bpy.types.Object) -> Iterator[bpy.types.DepsgraphObjectInstance]:
    for instance in _shown_on(depsgraph, item):
        if instance.object.type == "MESH" and len(instance.object.data.polygons):
            yield instance


def _shown_on(depsgraph: bpy.types.Depsgraph, item: bpy.types.Object) -> Iterator[bpy.types.DepsgraphObjectInstance]:
    for instance in depsgraph.object_instances:
        if instance.is_instance and instance.parent is not None and instance.parent.original == item:
            yield instance


def _within(mesh: RawMesh, table: Sequence[int]) -> np.ndarray:
    """The faces' numbers by the table, where those past its end mean the last."""
    return np.array(table, np.int32)[np.clip(mesh.materials, 0, len(table) - 1)]
