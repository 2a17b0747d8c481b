"""Makes an ordinary mesh object of the surface that the engine found through points; knows no engine."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import bpy
import numpy as np

from ..lipmlp_engine.files.array_file import ArrayFile
from ..lipmlp_engine.job.hearsay import HearsayError
from .errors import BrokenFrameError
from .frame_mesh import add_point_attribute, build_mesh

COLOR = "Color"


def write_surface_in_slices(
    context: bpy.types.Context, path: Path, source: str
) -> Generator[float, None, bpy.types.Object]:
    """The surface as an object beside the points that it was made of; returns the object."""
    try:
        stored = ArrayFile(path)
        vertices = stored.double("vertices", None, 3)
        triangles = stored.whole("triangles", None, 3, most=len(vertices) - 1)
        colors = stored.real("colors", len(vertices), 4) if "colors" in stored else None
        if not (len(triangles) and np.isfinite(vertices).all()):
            raise HearsayError("it has no faces, or corners that are nowhere")
    except (OSError, ValueError) as error:
        raise BrokenFrameError(f"{path} holds no surface ({error}); make it again.") from error
    yield 0.3
    origin = (vertices.max(axis=0) + vertices.min(axis=0)) / 2
    mesh = build_mesh(f"{source} Surface", (vertices - origin).astype(np.float32), triangles)
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
