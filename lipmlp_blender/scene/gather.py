"""Turns objects into world-space arrays on disk, as the engine reads them; knows nothing of jobs or processes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

import bpy
import numpy as np

from ..job_folder import settled_in
from ..lipmlp_engine.job.sections import FEWEST_POINTS, ShapeInput
from .errors import EmptyShapeError, HiddenShapeError, NotAShapeError
from .gather_layers import titles_of
from .gather_points import POINT_TYPES, RawPoints, beside, color_name, read_points, write_points
from .instances import (
    Slots,
    counted,
    joined_slots,
    kept_within,
    looks_of_instances,
    makes_instances,
    material_names,
    names_of,
    read_instances,
    read_point_instances,
)
from .mesh_arrays import RawMesh, joined, surface_of
from .mesh_reading import read_mesh
from .sculpted import why_not_whole
from .showing import shown

SHAPE_TYPES = ("MESH", "CURVE", "FONT", "SURFACE", "META", "POINTCLOUD")
KINDS = {"CURVES": "hair", "GREASEPENCIL": "drawing", "GPENCIL": "drawing"}
"""What Blender calls by a word of its own, or by that of something that is a shape."""
WAIT_SECONDS = 0.005
"""How long a slice waits for the thread that writes."""


@dataclass
class ShapeSlots:
    """What a shape looks like; names only, so that it survives undo, saving and JSON."""

    name: str
    materials: list[str | None] = field(default_factory=list)
    """Material names by slot, as the shape's triangles count them."""
    color_attribute: str = ""
    """The active colour attribute, or nothing."""
    matrix: list[list[float]] = field(default_factory=list)
    """World transform when the shape was gathered."""
    layers: list[list[str]] = field(default_factory=list)
    """Name, kind and domain of each map and attribute."""
    map: str = ""
    """The UV map that is read where a material names none."""
    bounds: list[list[float]] = field(default_factory=list)
    """Local texture space: the point that Generated coordinates call (0, 0, 0), and the one they call (1, 1, 1)."""


def gather(context: bpy.types.Context, objects: Sequence[bpy.types.Object], folder: Path) -> list[ShapeInput]:
    """Write every object's evaluated surface to ``folder/shapes`` and return the entries for the job, in order."""
    return [shape for shape in gather_in_slices(context, objects, folder) if shape is not None]


def gather_in_slices(
    context: bpy.types.Context, objects: Sequence[bpy.types.Object], folder: Path
) -> Iterator[ShapeInput | None]:
    """As ``gather``, with a None in between whenever a modal operator may return to the user.

    Blender is read in the thread that asks for the next slice; the arithmetic and the file are another thread's.
    """
    manifest = settled_in(folder)
    target = folder / "shapes"
    target.mkdir(exist_ok=True)
    with ThreadPoolExecutor(1, "lipmorph-gather") as pool:
        for index, item in enumerate(objects):
            name = item.name
            meshes, clouds = _read_parts(context, item)
            path = target / f"{index}_{_file_name(name)}.npz"
            manifest.claim(path)
            if meshes:
                writing = pool.submit(_write_shape, path, name, meshes, clouds)
            else:
                writing = pool.submit(write_points, path, name, clouds)
            while not writing.done():
                yield None
                wait([writing], WAIT_SECONDS)
            writing.result()
            yield ShapeInput(path=path.relative_to(folder).as_posix(), name=name)


def _write_shape(path: Path, name: str, meshes: list[RawMesh], clouds: list[RawPoints]) -> None:
    surface = joined([surface_of(mesh, name) for mesh in meshes])
    arrays = {"vertices": surface.vertices, "triangles": surface.triangles, "materials": surface.materials}
    arrays |= {
        "corner_normals": surface.normals,
        "polygons": surface.polygons,
        "layers": np.array(json.dumps(list(surface.layers))),
    }
    arrays |= {f"layer.{number}": values for number, values in enumerate(surface.layers.values())}
    if surface.colors is not None:
        arrays["colors"] = surface.colors
    np.savez(path, name=np.array(name), **arrays, **beside(clouds, name))


def slots(objects: Iterable[bpy.types.Object]) -> list[ShapeSlots]:
    """Materials, colours and placement of the objects as evaluated now, for the result's look."""
    found = []
    for item in objects:
        if reason := why_not_whole(item):
            raise HiddenShapeError(f"{reason}.")
        with shown(bpy.context, item):
            depsgraph = bpy.context.evaluated_depsgraph_get()
            evaluated = item.evaluated_get(depsgraph)
            others, titles = looks_of_instances(depsgraph, item) if makes_instances(item) else ([], [])
            if item.type == "POINTCLOUD":
                found.append(_slots_of_points(evaluated, item, others))
                continue
            mesh = _mesh_of(evaluated, item)
            try:
                middle, half = np.array(mesh.texspace_location), np.array(mesh.texspace_size)
                found.append(
                    ShapeSlots(
                        name=item.name,
                        materials=joined_slots(material_names(evaluated, mesh), others),
                        color_attribute=mesh.color_attributes.active_color.name
                        if mesh.color_attributes.active_color
                        else "",
                        matrix=[list(row) for row in evaluated.matrix_world],
                        layers=_once([*titles_of(mesh, item), *titles]),
                        map=next((entry.name for entry in mesh.uv_layers if entry.active_render), ""),
                        bounds=[(middle - half).tolist(), (middle + half).tolist()],
                    )
                )
            finally:
                evaluated.to_mesh_clear()
    return found


def _slots_of_points(evaluated: bpy.types.Object, item: bpy.types.Object, others: list[Slots]) -> ShapeSlots:
    """What a point cloud looks like, which has no mesh."""
    corners = np.array([list(corner) for corner in evaluated.bound_box])
    return ShapeSlots(
        name=item.name,
        materials=joined_slots(names_of(evaluated.data.materials), others),
        color_attribute=color_name(evaluated.data),
        matrix=[list(row) for row in evaluated.matrix_world],
        bounds=[corners.min(axis=0).tolist(), corners.max(axis=0).tolist()],
    )


def _once(titles: list[list[str]]) -> list[list[str]]:
    return [title for index, title in enumerate(titles) if title not in titles[:index]]


def _read_parts(context: bpy.types.Context, item: bpy.types.Object) -> tuple[list[RawMesh], list[RawPoints]]:
    """The meshes that the object consists of as evaluated now, or its points where there are no faces anywhere."""
    clouds: list[RawPoints] = []
    meshes: list[RawMesh] = []
    others: list[tuple[RawMesh, Slots]] = []
    own: Slots = []
    if item.mode == "EDIT":
        item.update_from_editmode()
    with shown(context, item):
        depsgraph = context.evaluated_depsgraph_get()
        evaluated = item.evaluated_get(depsgraph)
        matrix = np.array(evaluated.matrix_world, np.float64)
        if makes_instances(item):
            others = read_instances(depsgraph, item)
            clouds += read_point_instances(depsgraph, item)
        hidden = _hides_itself(item, bool(others or clouds))
        if item.type == "POINTCLOUD":
            own = names_of(evaluated.data.materials)
            if not hidden:
                clouds.insert(0, read_points(evaluated.data, matrix))
        else:
            mesh = _mesh_of(evaluated, item)
            try:
                own = material_names(evaluated, mesh)
                if hidden:
                    pass
                elif len(mesh.polygons):
                    meshes.append(read_mesh(mesh, matrix, item))
                elif item.type in POINT_TYPES:
                    clouds.insert(0, read_points(mesh, matrix))
            finally:
                evaluated.to_mesh_clear()
    if others:
        slots_of_all = joined_slots(own, [names for _, names in others])
        meshes = [kept_within(mesh, own) for mesh in meshes]
        meshes += [counted(mesh, names, slots_of_all) for mesh, names in others]
    clouds = [cloud for cloud in clouds if len(cloud.places)]
    count = sum(len(cloud.places) for cloud in clouds)
    if not meshes and count < FEWEST_POINTS:
        few = f" and only {count} points, of which a surface needs {FEWEST_POINTS}" if count else ""
        raise EmptyShapeError(f"'{item.name}' has no faces to morph{few}{_remedy(item)}.")
    return meshes, clouds


def kind_of(item: bpy.types.Object) -> str:
    """What an object is that is no shape, in the artist's word."""
    return KINDS.get(item.type, item.type.replace("_", " ").lower())


def _mesh_of(evaluated: bpy.types.Object, item: bpy.types.Object) -> bpy.types.Mesh:
    if item.type not in SHAPE_TYPES:
        raise NotAShapeError(
            f"'{item.name}' is no shape: choose meshes, curves, texts, surfaces or metaballs, not {kind_of(item)}."
        )
    try:
        mesh = evaluated.to_mesh()
    except RuntimeError as error:
        raise EmptyShapeError(f"'{item.name}' cannot become a mesh: {error}") from error
    if mesh is None:
        raise EmptyShapeError(f"'{item.name}' has no faces to morph{_remedy(item)}.")
    return mesh


def _hides_itself(item: bpy.types.Object, has_instances: bool) -> bool:
    """Whether only what is instanced on the object is to be seen, and not its own surface."""
    instances = has_instances or item.instance_type != "NONE" or len(item.particle_systems) > 0
    return instances and not (item.show_instancer_for_viewport and item.show_instancer_for_render)


def _remedy(item: bpy.types.Object) -> str:
    if item.type in {"CURVE", "FONT", "SURFACE"}:
        return ": give it a bevel, an extrusion or a fill"
    if item.type == "META":
        return ": choose the first metaball of its family"
    if _hides_itself(item, has_instances=False):
        return ": it has no instances, and Show Instancer is off"
    return ""


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name)[:40] or "shape"
