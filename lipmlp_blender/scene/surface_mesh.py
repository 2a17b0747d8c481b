"""Makes an ordinary mesh object of the surface that the engine found through points; knows no engine."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import bpy
import numpy as np

from .errors import BrokenFrameError
from .frame_mesh import add_point_attribute, build_mesh

COLOR = "Color"


def write_surface_in_slices(
    context: bpy.types.Context, path: Path, source: str
) -> Generator[float, None, bpy.types.Object]:
    """The surface as an object beside the points that it was made of; returns the object."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            vertices, triangles = arrays["vertices"], arrays["triangles"]
            colors = arrays.get("colors")
    except (KeyError, ValueError) as error:
        raise BrokenFrameError(f"{path} holds no surface; make it again.") from error
    yield 0.3
    origin = (vertices.max(axis=0) + vertices.min(axis=0)) / 2
    mesh = build_mesh(f"{source} Surface", (vertices - origin).astype(np.float32), triangles.astype(np.int32), True)
    if colors is not None:
        add_point_attribute(mesh, COLOR, colors)
        mesh.attributes.active_color_name = mesh.attributes.default_color_name = COLOR
    yield 0.8
    item = bpy.data.objects.new(mesh.name, mesh)
    item.location = origin.tolist()
    context.scene.collection.objects.link(item)
    cloud = bpy.data.objects.get(source)
    for material in cloud.data.materials if cloud is not None and hasattr(cloud.data, "materials") else ():
        mesh.materials.append(material)
    context.view_layer.update()  # without it, objects that were just removed are still among them, as None
    for other in context.view_layer.objects:
        other.select_set(False)
    item.select_set(True)
    context.view_layer.objects.active = item
    return item
