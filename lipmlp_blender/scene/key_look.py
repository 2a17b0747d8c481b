"""Gives a mesh with shape keys the look of all that it becomes: colours, and materials that turn into others."""

from __future__ import annotations

import dataclasses

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from .frame_layers import show_map, write_layer
from .frame_mesh import COLORS, add_point_attribute
from .keys_file import KeysFile
from .layer_names import names_on_morph
from .map_reading import has_maps_to_read
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
    triangles, _ = triangles_of(item, keys)
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


def layer_names(spec: ResultSpec) -> list[dict[str, str]]:
    """What the shapes' layers are called on one mesh that has them all."""
    return names_on_morph([(shape.name, shape.layers) for shape in spec.slots], apart=True)


def triangles_of(item: bpy.types.Object, keys: KeysFile) -> tuple[NDArray[np.int32] | None, int]:
    """The keys' triangles the way round in which the mesh has them, and the direction in which their corners count."""
    # A mirrored source was gathered with its faces turned over.
    turn = -1 if item.matrix_world.determinant() < 0 else 1
    return (None if keys.triangles is None else keys.triangles[:, ::turn]), turn


def write_layers(item: bpy.types.Object, keys: KeysFile, spec: ResultSpec) -> None:
    """Put onto the mesh what the shapes have on them by name."""
    mesh, names = item.data, layer_names(spec)
    triangles, turn = triangles_of(item, keys)
    for shape, layers in keys.layers.items():
        for layer in layers:
            name = names[shape].get(layer.name, layer.name) if shape < len(names) else layer.name
            if keys.faces is None and layer.domain != "point":
                if triangles is None:
                    continue
                values = layer.values if layer.domain == "face" else layer.values[:, ::turn]
                layer = dataclasses.replace(layer, values=_on_faces(mesh, triangles, values, layer.domain))
            write_layer(mesh, name, layer)
    if keys.faces is not None and spec.slots:
        show_map(mesh, names[0].get(spec.slots[0].map, ""))


def _on_faces(
    mesh: bpy.types.Mesh, triangles: NDArray[np.int32], values: NDArray[np.float32], domain: str
) -> NDArray[np.float32]:
    """Values of triangles, or of their corners, on the faces that they are parts of."""
    face_of_triangle = faces_of_triangles(mesh, triangles)
    width = values.shape[-1]
    if domain == "face":
        found = np.zeros((len(mesh.polygons), width), np.float32)
        found[face_of_triangle] = values
        return found
    starts, corners = np.empty(len(mesh.polygons), np.int32), np.empty(len(mesh.loops), np.int32)
    mesh.polygons.foreach_get("loop_start", starts)
    mesh.loops.foreach_get("vertex_index", corners)
    face = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(corners)))
    codes = face * len(mesh.vertices) + corners
    order = np.argsort(codes)
    wanted = (face_of_triangle[:, None] * len(mesh.vertices) + triangles).ravel()
    place = order[np.searchsorted(codes, wanted, sorter=order).clip(max=len(codes) - 1)]
    met = codes[place] == wanted
    found = np.zeros((len(corners), width), np.float32)
    found[place[met]] = values.reshape(-1, width)[met]
    return found


def _chain(mesh: bpy.types.Mesh, kind: NDArray[np.int32], spec: ResultSpec) -> _Chain:
    """The materials that a face with these slots has at the shapes, one after the other."""
    first = mesh.materials[int(kind[0])] if len(mesh.materials) else None
    return (first, *(material_in(spec.slots, shape, int(kind[shape])) for shape in range(1, len(kind))))


def _look(chain: _Chain, spec: ResultSpec, space: Matrix, remeshed: bool, making: Making) -> bpy.types.Material | None:
    """One material that passes those of a chain; a chain of one and the same stays what it is."""
    first, last, names = chain[0], len(chain) - 1, layer_names(spec)
    look = first
    for shape, material in enumerate(chain[1:], start=1):
        if look == first and material == first and not (material and has_maps_to_read(material)):
            continue
        # The source's own nodes find on its copy all that they found before; on another mesh they do not.
        start = spec.slots[0] if remeshed and shape == 1 else None
        colors = (COLORS[0], _color_name(shape))
        blend = Blend((start, spec.slots[shape]), colors, (names[0], names[shape]), space, "OBJECT", (shape - 1, last))
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
    found = np.zeros(len(mesh.polygons), np.int32)
    if slots is not None and triangles is not None and len(slots) == len(triangles):
        found[faces_of_triangles(mesh, triangles)] = slots
    return found


def faces_of_triangles(mesh: bpy.types.Mesh, triangles: NDArray[np.int32]) -> NDArray[np.int64]:
    """The face that each triangle is a part of: it shares a side with it; the first face for one inside a face."""
    starts, corners = np.empty(len(mesh.polygons), np.int32), np.empty(len(mesh.loops), np.int32)
    mesh.polygons.foreach_get("loop_start", starts)
    mesh.loops.foreach_get("vertex_index", corners)
    sides = np.diff(starts, append=len(corners))
    following = np.arange(1, len(corners) + 1)
    following[starts + sides - 1] = starts
    codes = _side_codes(corners, corners[following], len(mesh.vertices))
    order = np.argsort(codes)
    face = np.repeat(np.arange(len(starts)), sides)
    found = np.zeros(len(triangles), np.int64)
    for corner in range(3):
        wanted = _side_codes(triangles[:, corner], triangles[:, (corner + 1) % 3], len(mesh.vertices))
        place = order[np.searchsorted(codes, wanted, sorter=order).clip(max=len(codes) - 1)]
        shared = codes[place] == wanted
        found[shared] = face[place[shared]]
    return found


def _side_codes(start: NDArray[np.int32], end: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    """A number for each side, that of the opposite direction being another."""
    return start.astype(np.int64) * count + end
