"""Turns objects into world-space arrays on disk, as the engine reads them; knows nothing of jobs or processes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..job_folder import settled_in
from ..lipmlp_engine.sections import FEWEST_POINTS, ShapeInput
from .errors import BrokenShapeError, EmptyShapeError, HiddenShapeError, NotAShapeError
from .gather_layers import RawLayer, read_layers, read_normals, titles_of
from .gather_points import POINT_TYPES, RawPoints, beside, color_name, read_points, write_points

SHAPE_TYPES = ("MESH", "CURVE", "FONT", "SURFACE", "META", "POINTCLOUD")
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


@dataclass
class _Surface:
    vertices: NDArray[np.float64]
    triangles: NDArray[np.int32]
    colors: NDArray[np.float32] | None
    materials: NDArray[np.int32]
    normals: NDArray[np.float32]
    """Of each corner of each triangle."""
    polygons: NDArray[np.int32]
    """The face that each triangle is a part of."""
    layers: dict[tuple[str, str, str], NDArray[np.float32]]
    """By name, kind and domain, as the triangles count."""


@dataclass
class _RawMesh:
    """A mesh's arrays as Blender keeps them; everything else can be computed without it."""

    matrix: NDArray[np.float64]
    vertices: NDArray[np.float32]
    corners: NDArray[np.int32]
    """The vertex of each corner."""
    starts: NDArray[np.int32]
    """The first corner of each face."""
    triangles: NDArray[np.int32] | None
    """Three corners each, as Blender cuts the faces; None where there are only triangles and quads to cut."""
    materials: NDArray[np.int32]
    """One for each face."""
    colors: NDArray[np.float32] | None
    """Of each vertex, or of each corner where these have them."""
    colors_at_corners: bool
    normals: NDArray[np.float32]
    """Of each corner."""
    layers: list[RawLayer]


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


def _write_shape(path: Path, name: str, meshes: list[_RawMesh], clouds: list[RawPoints]) -> None:
    surface = _join([_surface_of(mesh, name) for mesh in meshes])
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
        with shown(bpy.context, item):
            evaluated = item.evaluated_get(bpy.context.evaluated_depsgraph_get())
            if item.type == "POINTCLOUD":
                found.append(_slots_of_points(evaluated, item))
                continue
            mesh = _mesh_of(evaluated, item)
            try:
                middle, half = np.array(mesh.texspace_location), np.array(mesh.texspace_size)
                found.append(
                    ShapeSlots(
                        name=item.name,
                        materials=_material_names(evaluated, mesh),
                        color_attribute=mesh.color_attributes.active_color.name
                        if mesh.color_attributes.active_color
                        else "",
                        matrix=[list(row) for row in evaluated.matrix_world],
                        layers=titles_of(mesh, item),
                        map=next((entry.name for entry in mesh.uv_layers if entry.active_render), ""),
                        bounds=[(middle - half).tolist(), (middle + half).tolist()],
                    )
                )
            finally:
                evaluated.to_mesh_clear()
    return found


def _slots_of_points(evaluated: bpy.types.Object, item: bpy.types.Object) -> ShapeSlots:
    """What a point cloud looks like, which has no mesh."""
    corners = np.array([list(corner) for corner in evaluated.bound_box])
    return ShapeSlots(
        name=item.name,
        materials=[material.name if material else None for material in evaluated.data.materials],
        color_attribute=color_name(evaluated.data),
        matrix=[list(row) for row in evaluated.matrix_world],
        bounds=[corners.min(axis=0).tolist(), corners.max(axis=0).tolist()],
    )


def _read_parts(context: bpy.types.Context, item: bpy.types.Object) -> tuple[list[_RawMesh], list[RawPoints]]:
    """The meshes that the object consists of as evaluated now, or its points where there are no faces anywhere."""
    clouds: list[RawPoints] = []
    meshes: list[_RawMesh] = []
    if item.mode == "EDIT":
        item.update_from_editmode()
    with shown(context, item):
        depsgraph = context.evaluated_depsgraph_get()
        evaluated = item.evaluated_get(depsgraph)
        matrix = np.array(evaluated.matrix_world, np.float64)
        if item.type == "POINTCLOUD":
            clouds.append(read_points(evaluated.data, matrix))
        else:
            mesh = _mesh_of(evaluated, item)
            try:
                if len(mesh.polygons):
                    meshes.append(_read_mesh(mesh, matrix, item))
                elif item.type in POINT_TYPES:
                    clouds.append(read_points(mesh, matrix))
            finally:
                evaluated.to_mesh_clear()
        if _makes_instances(item):
            meshes += _read_instances(depsgraph, item)
            clouds += _read_point_instances(depsgraph, item)
    clouds = [cloud for cloud in clouds if len(cloud.places)]
    count = sum(len(cloud.places) for cloud in clouds)
    if not meshes and count < FEWEST_POINTS:
        few = f" and only {count} points, of which a surface needs {FEWEST_POINTS}" if count else ""
        raise EmptyShapeError(f"'{item.name}' has no faces to morph{few}{_remedy(item)}.")
    return meshes, clouds


def _mesh_of(evaluated: bpy.types.Object, item: bpy.types.Object) -> bpy.types.Mesh:
    if item.type not in SHAPE_TYPES:
        raise NotAShapeError(
            f"'{item.name}' is no shape: choose meshes, curves, texts, surfaces or metaballs, not {item.type.lower()}."
        )
    try:
        mesh = evaluated.to_mesh()
    except RuntimeError as error:
        raise EmptyShapeError(f"'{item.name}' cannot become a mesh: {error}") from error
    if mesh is None:
        raise EmptyShapeError(f"'{item.name}' has no faces to morph{_remedy(item)}.")
    return mesh


def _read_mesh(mesh: bpy.types.Mesh, matrix: NDArray[np.float64], item: bpy.types.Object | None = None) -> _RawMesh:
    """Copies and no more; from attributes where they are to be had there, which is a hundred times faster."""
    # A mesh without vertices has not even the attribute for their places.
    starts = np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("loop_start", starts)
    triangles = None
    if np.diff(starts, append=len(mesh.loops)).max(initial=0) > 4:
        mesh.calc_loop_triangles()
        triangles = np.empty((len(mesh.loop_triangles), 3), np.int32)
        mesh.loop_triangles.foreach_get("loops", triangles.ravel())
    return _RawMesh(
        matrix,
        _copied(mesh.attributes.get("position"), "vector", np.empty((len(mesh.vertices), 3), np.float32)),
        _copied(mesh.attributes.get(".corner_vert"), "value", np.empty(len(mesh.loops), np.int32)),
        starts,
        triangles,
        _copied(mesh.attributes.get("material_index"), "value", np.zeros(len(mesh.polygons), np.int32)),
        *_read_colors(mesh),
        read_normals(mesh),
        read_layers(mesh, item),
    )


def _copied(attribute: bpy.types.Attribute | None, key: str, values: NDArray[Any]) -> NDArray[Any]:
    """The attribute's values in the array; the array as it is where there is no such attribute."""
    if attribute is not None:
        attribute.data.foreach_get(key, values.ravel())
    return values


def _read_colors(mesh: bpy.types.Mesh) -> tuple[NDArray[np.float32] | None, bool]:
    """The active colours, and whether they are the corners'."""
    attribute = mesh.color_attributes.active_color
    if attribute is None or attribute.domain not in {"POINT", "CORNER"}:
        return None, False
    colors = _copied(attribute, "color", np.empty((len(attribute.data), 4), np.float32))
    return colors, attribute.domain == "CORNER"


def _surface_of(mesh: _RawMesh, name: str) -> _Surface:
    """The mesh's triangles in world space, refused where they measure nothing. Touches no Blender."""
    if not np.isfinite(mesh.vertices).all() or not np.isfinite(mesh.matrix).all():
        raise BrokenShapeError(f"'{name}' has vertices or a transform that are not finite numbers.")
    turned = np.linalg.det(mesh.matrix[:3, :3])
    if turned == 0.0:
        raise BrokenShapeError(f"'{name}' is scaled to nothing along an axis: give it a scale other than 0.")
    cut = _cut_quads(mesh) if mesh.triangles is None else mesh.triangles
    if turned < 0.0:
        cut = np.ascontiguousarray(cut[:, ::-1])
    triangles = mesh.corners[cut]
    world = mesh.vertices.astype(np.float64) @ mesh.matrix[:3, :3].T + mesh.matrix[:3, 3]
    faces = np.searchsorted(mesh.starts, cut[:, 0], side="right") - 1
    normals = (mesh.normals @ np.linalg.inv(mesh.matrix[:3, :3])).astype(np.float32)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    layers = {layer.title: layer.on_triangles(cut, faces) for layer in mesh.layers}
    colors, polygons = _colors_of_vertices(mesh), faces.astype(np.int32)
    return _Surface(world, triangles, colors, mesh.materials[faces], normals[cut], polygons, layers)


def _cut_quads(mesh: _RawMesh) -> NDArray[np.int32]:
    """Triangles of three corners each, cut as Blender does it: across the other diagonal where the quad is concave."""
    sides = np.diff(mesh.starts, append=len(mesh.corners))
    triangles, quads = (mesh.starts[sides == count, None] + np.arange(count) for count in (3, 4))
    a, b, c, d = (mesh.vertices[mesh.corners[corner]] for corner in quads.T)
    turns = np.einsum("ij,ij->i", np.cross(b - a, c - a), np.cross(d - a, c - a)) > 0
    halves = np.where(turns[:, None], quads[:, [0, 1, 3, 1, 2, 3]], quads[:, [0, 1, 2, 0, 2, 3]])
    return np.concatenate([triangles, halves.reshape(-1, 3)]).astype(np.int32)


def _colors_of_vertices(mesh: _RawMesh) -> NDArray[np.float32] | None:
    """The mean over a vertex's corners, where these have the colours."""
    if mesh.colors is None or not mesh.colors_at_corners:
        return mesh.colors
    count = np.bincount(mesh.corners, minlength=len(mesh.vertices))
    summed = [np.bincount(mesh.corners, channel, len(mesh.vertices)) for channel in mesh.colors.T]
    return (np.stack(summed, axis=1) / np.maximum(count, 1)[:, None]).astype(np.float32)


def _makes_instances(item: bpy.types.Object) -> bool:
    return item.instance_type != "NONE" or any(modifier.type == "NODES" for modifier in item.modifiers)


def _read_instances(depsgraph: bpy.types.Depsgraph, item: bpy.types.Object) -> list[_RawMesh]:
    """What geometry nodes and instancing add to the object without making it part of its mesh."""
    parts = []
    for instance in depsgraph.object_instances:
        parent = instance.parent
        if not instance.is_instance or parent is None or parent.original != item or instance.object.type != "MESH":
            continue
        matrix = np.array(instance.matrix_world, np.float64)
        if len(instance.object.data.polygons):
            parts.append(_read_mesh(instance.object.data, matrix))
    return parts


def _read_point_instances(depsgraph: bpy.types.Depsgraph, item: bpy.types.Object) -> list[RawPoints]:
    """The points that geometry nodes make of the object, and bare vertices that are instanced on it."""
    parts = []
    for instance in depsgraph.object_instances:
        parent = instance.parent
        if not instance.is_instance or parent is None or parent.original != item:
            continue
        data = instance.object.data
        if instance.object.type == "POINTCLOUD" or (instance.object.type == "MESH" and not len(data.polygons)):
            parts.append(read_points(data, np.array(instance.matrix_world, np.float64)))
    return parts


def _join(parts: list[_Surface]) -> _Surface:
    if len(parts) == 1:
        return parts[0]
    starts = np.cumsum([0] + [len(part.vertices) for part in parts[:-1]])
    colors = None
    if any(part.colors is not None for part in parts):
        colors = np.concatenate(
            [np.ones((len(p.vertices), 4), np.float32) if p.colors is None else p.colors for p in parts]
        )
    titles = dict.fromkeys(title for part in parts for title in part.layers)
    return _Surface(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate([part.triangles + start for part, start in zip(parts, starts, strict=True)]).astype(np.int32),
        colors,
        np.concatenate([part.materials for part in parts]),
        np.concatenate([part.normals for part in parts]),
        np.concatenate([part.polygons + first for part, first in zip(parts, _first_polygons(parts), strict=True)]),
        {title: np.concatenate([_layer_of(part, title, parts) for part in parts]) for title in titles},
    )


def _first_polygons(parts: list[_Surface]) -> NDArray[np.int32]:
    counts = [part.polygons.max(initial=-1) + 1 for part in parts]
    return np.cumsum([0, *counts[:-1]], dtype=np.int32)


def _layer_of(part: _Surface, title: tuple[str, str, str], parts: list[_Surface]) -> NDArray[np.float32]:
    """The part's values, zero where it has none."""
    if title in part.layers:
        return part.layers[title]
    size = next(other.layers[title].shape[1:] for other in parts if title in other.layers)
    count = len(part.vertices if title[2] == "point" else part.triangles)
    return np.zeros((count, *size), np.float32)


def _material_names(evaluated: bpy.types.Object, mesh: bpy.types.Mesh) -> list[str | None]:
    names = [material.name if material else None for material in mesh.materials]
    for index, slot in enumerate(evaluated.material_slots):
        name = slot.material.name if slot.material else None
        if index >= len(names):
            names.append(name)
        elif slot.link == "OBJECT":
            names[index] = name
    return names


@contextmanager
def shown(context: bpy.types.Context, item: bpy.types.Object) -> Iterator[None]:
    """Blender leaves hidden objects unevaluated, so a source hidden by an earlier morph is shown for the moment."""
    if item.visible_get():
        yield
        return
    if item.name not in context.view_layer.objects:
        raise HiddenShapeError(f"'{item.name}' is not in the current view layer: include its collection first.")
    eye, screen = item.hide_get(), item.hide_viewport
    item.hide_viewport = False
    item.hide_set(False)
    _evaluate(context)
    try:
        yield
    finally:
        item.hide_viewport = screen
        item.hide_set(eye)


def _evaluate(context: bpy.types.Context) -> None:
    context.view_layer.update()


def _remedy(item: bpy.types.Object) -> str:
    if item.type in {"CURVE", "FONT", "SURFACE"}:
        return ": give it a bevel, an extrusion or a fill"
    if item.type == "META":
        return ": choose the first metaball of its family"
    return ""


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name)[:40] or "shape"
