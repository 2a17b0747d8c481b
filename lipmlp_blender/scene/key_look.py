"""Gives a mesh with shape keys the look of all that it becomes: colours, and materials that turn into others."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from .frame_mesh import COLORS, add_point_attribute
from .keys_file import KeysFile
from .materials import Blend, blend_materials, material_in
from .ownership import Making
from .spec import ResultSpec

_Chain = tuple[bpy.types.Material | None, ...]


def blend_look(item: bpy.types.Object, keys: KeysFile, spec: ResultSpec, making: Making) -> None:
    """Store the later shapes' colours and let every material turn into theirs, by the object's morph property.

    A face has the slots that lie closest on the shapes which it becomes; faces with the same ones share a material.
    """
    mesh = item.data
    later = range(1, len(spec.slots))
    for shape in later:
        if shape in keys.colors:
            add_point_attribute(mesh, _color_name(shape), keys.colors[shape])
    own = np.zeros(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("material_index", own)
    own = np.clip(own, 0, max(len(mesh.materials) - 1, 0))
    triangles = keys.triangles
    if triangles is not None and item.matrix_world.determinant() < 0:
        triangles = triangles[:, ::-1]  # a mirrored source was gathered with its faces turned over
    rows = np.stack([own, *(slots_of_faces(mesh, triangles, keys.materials.get(shape)) for shape in later)], axis=1)
    kinds, kind_of_face = np.unique(rows, axis=0, return_inverse=True)
    chains = [_chain(mesh, kind, spec) for kind in kinds]
    if not any(material for chain in chains for material in chain):
        return
    space = item.matrix_world.copy()
    looks = {chain: _look(chain, spec, space, keys.faces is not None, making) for chain in dict.fromkeys(chains)}
    place_of: dict[_Chain, int] = {}
    for kind, chain in zip(kinds, chains, strict=True):
        taken = place_of.values()
        if chain not in place_of:
            place_of[chain] = int(kind[0]) if kind[0] not in taken else max(len(mesh.materials), max(taken) + 1)
    for chain, place in sorted(place_of.items(), key=lambda entry: entry[1]):
        while len(mesh.materials) <= place:
            mesh.materials.append(None)
        mesh.materials[place] = looks[chain]
    places = np.array([place_of[chain] for chain in chains], np.int32)
    mesh.polygons.foreach_set("material_index", places[kind_of_face.reshape(-1)])


def _chain(mesh: bpy.types.Mesh, kind: NDArray[np.int32], spec: ResultSpec) -> _Chain:
    """The materials that a face with these slots has at the shapes, one after the other."""
    first = mesh.materials[int(kind[0])] if len(mesh.materials) else None
    return (first, *(material_in(spec.slots, shape, int(kind[shape])) for shape in range(1, len(kind))))


def _look(chain: _Chain, spec: ResultSpec, space: Matrix, remeshed: bool, making: Making) -> bpy.types.Material | None:
    """One material that passes those of a chain; a chain of one and the same stays what it is."""
    first, last = chain[0], len(chain) - 1
    look = first
    for shape, material in enumerate(chain[1:], start=1):
        if look == first and material == first:
            continue
        # The source's own nodes find on its copy all that they found before; on another mesh they do not.
        start = spec.slots[0] if remeshed and shape == 1 else None
        blend = Blend((start, spec.slots[shape]), (COLORS[0], _color_name(shape)), space, "OBJECT", (shape - 1, last))
        before, look = look, blend_materials(look, material, making, blend)
        if before is not None and before != first:
            bpy.data.materials.remove(before)
    return look


def _color_name(shape: int) -> str:
    return COLORS[1] if shape == 1 else f"{COLORS[1]}_{shape}"


def slots_of_faces(
    mesh: bpy.types.Mesh, triangles: NDArray[np.int32] | None, slots: NDArray[np.int32] | None
) -> NDArray[np.int32]:
    """A slot for each face, from those of the triangles that it consists of: they share a side with it."""
    count = len(mesh.polygons)
    found = np.zeros(count, np.int32)
    if slots is None or triangles is None or len(slots) != len(triangles):
        return found
    starts, corners = np.empty(count, np.int32), np.empty(len(mesh.loops), np.int32)
    mesh.polygons.foreach_get("loop_start", starts)
    mesh.loops.foreach_get("vertex_index", corners)
    sides = np.diff(starts, append=len(corners))
    following = np.arange(1, len(corners) + 1)
    following[starts + sides - 1] = starts
    codes = _side_codes(corners, corners[following], len(mesh.vertices))
    order = np.argsort(codes)
    face = np.repeat(np.arange(count), sides)
    for corner in range(3):
        wanted = _side_codes(triangles[:, corner], triangles[:, (corner + 1) % 3], len(mesh.vertices))
        place = order[np.searchsorted(codes, wanted, sorter=order).clip(max=len(codes) - 1)]
        shared = codes[place] == wanted
        found[face[place[shared]]] = slots[shared]
    return found


def _side_codes(start: NDArray[np.int32], end: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    """A number for each side, that of the opposite direction being another."""
    return start.astype(np.int64) * count + end
