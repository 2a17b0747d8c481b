"""Writes onto a frame's mesh what came along from the shapes: maps, attributes, the normals that it is shaded with."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np

from .. import compat
from ..lipmlp_engine.files.mesh_frame import FrameLayer, MeshFrame
from .gather import ShapeSlots
from .layer_names import names_on_morph

ATTRIBUTES = {
    "uv": ("FLOAT2", "vector"), "pair": ("FLOAT2", "vector"), "number": ("FLOAT", "value"),
    "vector": ("FLOAT_VECTOR", "vector"), "color": ("FLOAT_COLOR", "color"), "integer": ("INT", "value"),
    "flag": ("BOOLEAN", "value"),
}  # fmt: skip
"""The engine's kind → Blender's attribute type, and the property that holds a value."""
DOMAINS = {"point": "POINT", "corner": "CORNER", "face": "FACE"}


class LayerWriter:
    """Knows under which names the layers of a chain's shapes appear on the morph."""

    def __init__(self, slots: Sequence[ShapeSlots]) -> None:
        self._slots = list(slots)
        self.names = names_on_morph([(shape.name, shape.layers) for shape in slots])

    def write(self, mesh: bpy.types.Mesh, frame: MeshFrame, smooth: bool = True) -> None:
        """Put the frame's layers and normals onto its mesh; the nearer shape's map is the active one."""
        for layer in frame.layers:
            shape = frame.segment + (layer.end == "target")
            write_layer(mesh, self.name_of(shape, layer.name), layer)
        nearer = frame.segment + (frame.time - frame.segment > 0.5)
        if nearer < len(self._slots):
            show_map(mesh, self.name_of(nearer, self._slots[nearer].map))
        if smooth and frame.shading is not None:
            compat.set_shading_normals(mesh, frame.shading.reshape(-1, 3), at_corners=frame.shading.ndim == 3)

    def name_of(self, shape: int, name: str) -> str:
        """What a shape's layer is called on the morph; its own name where the shape's layers are not known."""
        return self.names[shape].get(name, name) if shape < len(self.names) else name


def write_layer(mesh: bpy.types.Mesh, name: str, layer: FrameLayer) -> None:
    """Store one layer under that name."""
    kind, key = ATTRIBUTES[layer.kind]
    attribute = mesh.attributes.new(name, kind, DOMAINS[layer.domain])
    number = {"INT": np.int32, "BOOLEAN": bool}.get(kind, np.float32)
    attribute.data.foreach_set(key, np.ascontiguousarray(layer.values, number).ravel())


def show_map(mesh: bpy.types.Mesh, name: str) -> None:
    """Make a map the one that exporters take first and materials read that name none."""
    layer = mesh.uv_layers.get(name)
    if layer is not None:
        layer.active = layer.active_render = True
