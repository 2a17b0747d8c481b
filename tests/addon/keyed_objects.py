"""Objects that carry all that a mesh can, with shape keys as the engine writes them, and what is shown of them."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import numpy as np

from .glowing_scene import glowing
from .morph_frames import part


def write_keys(folder: Path, positions: np.ndarray, times: list[float], **more: np.ndarray) -> Path:
    path = folder / "keys.npz"
    np.savez(path, positions=np.float32(positions), times=np.array(times), **more)
    return path


def world_points(item: bpy.types.Object, frame: int) -> np.ndarray:
    bpy.context.scene.frame_set(frame)
    evaluated = item.evaluated_get(bpy.context.evaluated_depsgraph_get())
    mesh = evaluated.to_mesh()
    found = np.empty((len(mesh.vertices), 3), np.float32)
    mesh.vertices.foreach_get("co", found.ravel())
    evaluated.to_mesh_clear()
    matrix = np.array(evaluated.matrix_world)
    return found @ matrix[:3, :3].T + matrix[:3, 3]


def turned_ball() -> bpy.types.Object:
    """A turned, moved and scaled ball with all that a mesh can carry."""
    bpy.ops.mesh.primitive_uv_sphere_add(segments=16, ring_count=8, location=(1, 0, 0), rotation=(0, 0, 1))
    item = bpy.context.object
    item.name = "Source"
    item.scale = (2, 2, 2)
    item.data.materials.append(bpy.data.materials.new("Skin"))
    item.vertex_groups.new(name="Weights").add(range(10), 0.5, "REPLACE")
    item.data.attributes.new("tag", "INT", "FACE")
    bpy.context.view_layer.update()
    return item


def layered_ball() -> bpy.types.Object:
    """A ball with two materials and everything else that a mesh can carry, smoothed by a modifier."""
    bpy.ops.mesh.primitive_uv_sphere_add(segments=16, ring_count=8)
    item = bpy.context.object
    item.name = "Source"
    mesh = item.data
    for name, color in (("Red", (1, 0, 0)), ("Green", (0, 1, 0))):
        mesh.materials.append(glowing(name, color))
    upper = np.array([polygon.center.z > 0 for polygon in mesh.polygons])
    mesh.polygons.foreach_set("material_index", upper.astype(np.int32))
    mesh.uv_layers.new(name="Second UV")
    heights = [max(vertex.co.z, 0.0) for vertex in mesh.vertices]
    group = item.vertex_groups.new(name="Upper")
    for index, height in enumerate(heights):
        group.add([index], height, "REPLACE")
    mesh.attributes.new("height", "FLOAT", "POINT").data.foreach_set("value", heights)
    mesh.attributes.new("tag", "INT", "FACE").data.foreach_set("value", np.arange(len(mesh.polygons), dtype=np.int32))
    paint = mesh.color_attributes.new("Paint", "FLOAT_COLOR", "CORNER")
    paint.data.foreach_set("color", np.tile(np.float32([0.2, 0.4, 0.6, 1]), len(mesh.loops)))
    mesh.edges[3].use_seam = mesh.edges[5].use_edge_sharp = True
    item.modifiers.new("Finer", "SUBSURF").levels = 1
    bpy.context.view_layer.update()
    return item


def values(mesh: bpy.types.Mesh, name: str) -> np.ndarray:
    attribute = mesh.attributes[name]
    key, size = {"FLOAT": ("value", 1), "INT": ("value", 1), "FLOAT2": ("vector", 2), "FLOAT_COLOR": ("color", 4)}[
        attribute.data_type
    ]
    found = np.empty(len(attribute.data) * size, np.int32 if attribute.data_type == "INT" else np.float32)
    attribute.data.foreach_get(key, found)
    return found


def spec_for(write: ModuleType, folder: Path, source: bpy.types.Object, **wanted: Any) -> Any:
    """Rises by 3 and becomes twice as large; the target is blue and yellow, by where its triangles lie."""
    still = world_points(source, 1)
    layers = wanted.pop("layers", {})
    path = write_keys(folder, np.stack([still, still * 1.2 + [0, 0, 1], still * 2 + [0, 0, 3]]), [0, 0.3, 1], **layers)
    slots = [*part("scene.gather").slots([source]), *wanted.pop("others", [])]
    chosen = {"frame_start": 1, "frame_end": 9, "easing": "LINEAR", "sources": ["Source"], **wanted}
    return write.ResultSpec(keys_path=path, slots=slots, **chosen)
