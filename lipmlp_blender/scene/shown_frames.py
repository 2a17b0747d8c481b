"""Makes the frames' meshes with all that lies on them, however they are shown afterwards; links and keys nothing."""

from __future__ import annotations

import bpy
import numpy as np

from ..lipmlp_engine.files.mesh_frame import MeshFrame
from .frame_layers import LayerWriter
from .frame_mesh import (
    MORPH,
    add_colors,
    add_point_attribute,
    fraction,
    frame_name,
    frame_to_mesh,
    load_frame,
    material_pairs,
    note_of_empty,
    read_times,
    set_material_indices,
)
from .materials import MaterialBlender
from .ownership import Making
from .spec import ResultSpec


class FrameMeshes:
    """A result's frames, first to last: each is loaded, becomes a mesh, and gets what it shows, in steps of its own."""

    def __init__(self, spec: ResultSpec, making: Making) -> None:
        self.timing = read_times(spec.frame_paths)
        self.count = len(spec.frame_paths)
        self.origin = np.zeros(3)
        """Known with the first frame."""
        self.blender = MaterialBlender(spec, making)
        self._layers = LayerWriter(spec.slots)
        self._spec, self._making = spec, making
        self._empty: list[int] = []

    def load(self, index: int) -> MeshFrame:
        frame = load_frame(self._spec.frame_paths[index], may_be_empty=True)
        if index == 0:
            self.origin = origin_of(self._spec, frame.vertices)
        if not len(frame.faces):
            self._empty.append(index)
        return frame

    def bare(self, index: int, frame: MeshFrame) -> bpy.types.Mesh:
        name = frame_name(self._spec.name, index, self.count)
        return self._making.own(frame_to_mesh(name, frame, self.origin, self._spec.smooth))

    def dress(self, mesh: bpy.types.Mesh, frame: MeshFrame) -> None:
        """Its time, colours, layers and materials."""
        add_point_attribute(mesh, MORPH, np.full(len(frame.vertices), fraction(frame), np.float32))
        if self.timing.colored:
            add_colors(mesh, frame)
        self._layers.write(mesh, frame, self._spec.smooth)
        pairs, faces = material_pairs(frame)
        for material in self.blender.blend_pairs(frame.segment, pairs):
            mesh.materials.append(material)
        set_material_indices(mesh, faces)

    def tell_of_empty(self) -> None:
        """Note which frames have no surface, once all are made."""
        self._making.notes += note_of_empty(self.timing.times, self._empty)


def origin_of(spec: ResultSpec, vertices: np.ndarray) -> np.ndarray:
    """Where the result's origin goes: the first source's, else the middle of the first frame."""
    if spec.slots and spec.slots[0].matrix:
        return np.array(spec.slots[0].matrix, np.float64)[:3, 3]
    if not len(vertices):
        return np.zeros(3)
    return (vertices.min(axis=0).astype(np.float64) + vertices.max(axis=0)) / 2
