"""Reads a shape from a file: every mesh format that trimesh knows, and the add-on's .npz; repairs nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..files.array_file import ArrayFile
from ..job.errors import ShapeError
from ..shapes.cloud import Cloud
from ..shapes.look import UV_NAME, Layer, Look, layers_in
from ..shapes.polygons import triangulate
from ..shapes.shape import LEAST_AREA, Shape, triangle_areas
from ..shapes.smooth_corners import smooth_corners
from .cloud_files import POINT_FILES, cloud_of_columns, read_cloud
from .file_normals import mesh_normals, ply_normals
from .loose import loose_points, note_of, without_vertices
from .ply import Ply, read_ply
from .ply_numbers import Lists

LARGEST = 1e12
"""Coordinates beyond this, or shapes below its inverse, have no room in single precision once squared and cubed.

Follows from single precision, which ends at 3e38.
"""

_NO_SURFACE = "{} holds neither faces nor points; a shape needs one or the other."


def read_shape(path: Path, name: str = "") -> Shape:
    """Read one shape, all objects of the file together, in world space."""
    if path.is_dir():
        raise ShapeError(f"{path} is a folder; name a file in it.")
    if not path.is_file():
        raise ShapeError(f"There is no file {path}; check the path of this shape.")
    shape = _READERS.get(path.suffix.lower(), _read_mesh)(path)
    shape.name = name or shape.name or path.stem
    check_shape(shape)
    loose = loose_points(shape) if shape.cloud is None else None
    if loose is not None:
        shape.notes.append(note_of(loose))
    return shape


def check_shape(shape: Shape) -> None:
    """Refuse what no repair can give an inside."""
    who = f"'{shape.name}'"
    if shape.cloud is not None:
        return
    if len(shape.triangles) == 0:
        raise ShapeError(f"{who} has no faces to morph; give it faces or choose another shape.")
    if shape.triangles.min() < 0 or shape.triangles.max() >= len(shape.vertices):
        raise ShapeError(f"{who} has faces whose corners do not exist; save it again from the program that made it.")
    used = np.unique(shape.triangles)
    broken = int((~np.isfinite(shape.vertices[used]).all(axis=1)).sum())
    if broken:
        raise ShapeError(
            f"{who} has {broken:,} {'vertex' if broken == 1 else 'vertices'} whose coordinates are not finite numbers; "
            "delete or move them."
        )
    places = shape.vertices[used]
    diagonal = float(np.linalg.norm(places.max(axis=0) - places.min(axis=0)))
    if not float(np.abs(places).max()) < LARGEST:
        raise ShapeError(f"{who} reaches beyond {LARGEST:g} units from the origin; scale it down or move it closer.")
    if diagonal * LARGEST < 1:
        raise ShapeError(f"{who} is only {diagonal:.3g} units large; scale it up.")
    middle = (places.max(axis=0) + places.min(axis=0)) / 2
    if not triangle_areas((shape.vertices - middle) / diagonal, shape.triangles).max() > LEAST_AREA:
        raise ShapeError(f"All faces of {who} have collapsed to lines or points; give it some area.")


def _read_npz(path: Path) -> Shape:
    try:
        arrays = ArrayFile(path)
        vertices = arrays.double("vertices", None, 3)
        triangles = arrays.whole("triangles", None, 3, least=-(2**31))
        count = len(triangles)
        colors = arrays.real("colors", len(vertices), 4) if "colors" in arrays else None
        materials = arrays.whole("materials", count) if "materials" in arrays else None
        name = arrays.text("name") if "name" in arrays else ""
        normals = arrays.real("corner_normals", count, 3, 3) if "corner_normals" in arrays else None
        polygons = arrays.whole("polygons", count) if "polygons" in arrays else None
        layers = layers_in(arrays, len(vertices), count)
        # Where shapes were cut into the same triangles, their layers still are of those that Blender cuts.
        seen = triangles
        if "look_triangles" in arrays:
            seen = arrays.whole("look_triangles", count, 3, most=max(len(vertices) - 1, 0))
        facing = arrays.double("normals", len(vertices), 3) if "normals" in arrays else None
        radii = arrays.double("radii", len(vertices)) if "radii" in arrays else None
        beside = Cloud(arrays.double("beside", None, 3)) if "beside" in arrays else None
        if beside is not None and "beside_colors" in arrays:
            beside.colors = arrays.real("beside_colors", len(beside), 4)
    except (OSError, ValueError) as error:
        raise ShapeError(f"{path} is not a shape of Lipschitz Morph; write it again from Blender ({error}).") from error
    if count == 0 and len(vertices):
        shape = _cloud_shape(path, Cloud(vertices, facing, colors, radii))
        shape.name = name
        return shape
    look = Look(vertices, seen, normals, layers, materials, colors, polygons)
    return Shape(name, vertices, triangles, colors, materials, look=look, beside=beside)


def _read_ply(path: Path) -> Shape:
    try:
        ply = read_ply(path)
    except OSError as error:
        raise ShapeError(f"{path} cannot be read: {error.strerror or error}.") from error
    corners = ply.faces.values
    if len(corners) == 0:
        return _cloud_shape(path, cloud_of_columns(ply.vertex))
    if corners.min() < 0 or corners.max() >= len(ply.vertices):
        raise ShapeError(
            f"'{path.stem}' has faces whose corners do not exist; save it again from the program that made it."
        )
    triangles, _ = triangulate(ply.vertices, ply.faces.offsets, corners)
    indices = triangles.astype(np.int32)
    look = Look(ply.vertices, indices, ply_normals(ply, indices), colors=_ply_colors(ply))
    return Shape("", look.vertices, look.triangles, look.colors, look=look)


def _cloud_shape(path: Path, cloud: Cloud) -> Shape:
    """A shape that is nothing but points."""
    if len(cloud) == 0:
        raise ShapeError(_NO_SURFACE.format(path))
    return Shape("", cloud.points, np.zeros((0, 3), np.int32), closed=False, cloud=cloud)


def _loose_points(scene: Any, path: Path) -> Cloud:
    """The vertices of a file without faces, where its format has such: those of OBJ are not among trimesh's objects."""
    if path.suffix.lower() == ".obj":
        return _obj_points(path)
    parts = []
    for node in scene.graph.nodes_geometry:
        matrix, geometry = scene.graph[node]
        places = np.asarray(getattr(scene.geometry[geometry], "vertices", np.zeros((0, 3))), np.float64)
        parts.append(places @ matrix[:3, :3].T + matrix[:3, 3])
    return Cloud(np.concatenate([np.zeros((0, 3)), *parts]))


def _obj_points(path: Path) -> Cloud:
    """All vertices of an OBJ, whatever becomes of them."""
    lines = (line.split() for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
    rows = [words[1:] for words in lines if len(words) > 3 and words[0] == "v"]
    numbers = np.array([row[:3] for row in rows], np.float64).reshape(-1, 3)
    colored = len(rows) > 0 and all(len(row) >= 6 for row in rows)
    colors = np.ones((len(rows), 4), np.float32) if colored else None
    if colors is not None:
        colors[:, :3] = np.array([row[3:6] for row in rows], np.float32).clip(0, 1)
    return Cloud(numbers, colors=colors)


def _ply_colors(ply: Ply) -> NDArray[np.float32] | None:
    """RGBA of every vertex: its own, or that of the faces around it."""
    of_vertices = _rgba(ply.vertex)
    of_faces = None if of_vertices is not None else _rgba(ply.face)
    if of_faces is None:
        return of_vertices
    summed, count = np.zeros((len(ply.vertices), 4)), np.zeros(len(ply.vertices))
    np.add.at(summed, ply.faces.values, np.repeat(of_faces, ply.faces.lengths, axis=0))
    np.add.at(count, ply.faces.values, 1)
    return np.asarray(summed / np.maximum(count, 1)[:, None], np.float32)


def _rgba(columns: Mapping[str, NDArray[Any] | Lists]) -> NDArray[np.float32] | None:
    found = [columns.get(name) for name in ("red", "green", "blue", "alpha")]
    channels = [channel for channel in found if channel is not None and not isinstance(channel, Lists)]
    if len(channels) < 3 or any(channel is None for channel in found[:3]):
        return None
    scaled = [
        channel.astype(np.float32) / (np.iinfo(channel.dtype).max if channel.dtype.kind in "iu" else 1)
        for channel in channels
    ]
    if len(scaled) == 3:
        scaled.append(np.ones_like(scaled[0]))
    return np.stack(scaled, axis=1).astype(np.float32)


def _read_mesh(path: Path) -> Shape:
    from .scene_file import loaded, require_known

    require_known(path)
    try:
        # Readers of third-party formats raise whatever they like on broken files.
        scene: Any = loaded(path)
        meshes = [_placed(scene, node) for node in scene.graph.nodes_geometry]
    except Exception as error:
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise ShapeError(f"{path} cannot be read ({reason}); open it in Blender and export it again.") from error
    meshes = [entry for entry in meshes if entry is not None]
    if not meshes:
        try:
            return _cloud_shape(path, _loose_points(scene, path))
        except (OSError, ValueError) as error:
            raise ShapeError(f"{path} holds points that are no numbers; write it again.") from error
    shape = _join([entry for entry in meshes if entry is not None])
    if path.suffix.lower() == ".obj":
        with contextlib.suppress(OSError, ValueError):
            shape.beside = without_vertices(_obj_points(path), shape.vertices)
    return shape


class _Part(NamedTuple):
    """One object of a file, in world space."""

    vertices: NDArray[np.float64]
    triangles: NDArray[np.int32]
    visual: Any
    """What lies on it, as trimesh has it."""
    normals: NDArray[np.float32] | None
    """The file's own, at the triangles' corners."""


def _placed(scene: Any, node: str) -> _Part | None:
    """One object of a scene in world space, with how it looks; None for curves and points."""
    import trimesh

    matrix, geometry = scene.graph[node]
    mesh = scene.geometry[geometry]
    if not isinstance(mesh, trimesh.Trimesh) or len(mesh.faces) == 0:
        return None
    vertices = np.asarray(mesh.vertices, np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
    triangles, mirrored = np.asarray(mesh.faces, np.int32), np.linalg.det(matrix[:3, :3]) < 0
    triangles = triangles[:, ::-1] if mirrored else triangles
    return _Part(vertices, triangles, mesh.visual, mesh_normals(mesh, matrix, vertices, triangles))


def _join(meshes: list[_Part]) -> Shape:
    starts = np.cumsum([0, *(len(part.vertices) for part in meshes)])
    seen: list[str] = []
    slots = []
    for part in meshes:
        name = str(getattr(getattr(part.visual, "material", None), "name", "") or "")
        if name not in seen:
            seen.append(name)
        slots.append(np.full(len(part.triangles), seen.index(name), np.int32))
    colors = [_colors(part.visual, len(part.vertices)) for part in meshes]
    joined = [
        np.ones((len(part.vertices), 4), np.float32) if color is None else color
        for part, color in zip(meshes, colors, strict=True)
    ]
    normals = [
        smooth_corners(part.vertices, part.triangles) if part.normals is None else part.normals for part in meshes
    ]
    look = Look(
        vertices=np.concatenate([part.vertices for part in meshes]),
        triangles=np.concatenate(
            [part.triangles + np.int32(start) for part, start in zip(meshes, starts, strict=False)], dtype=np.int32
        ),
        normals=np.concatenate(normals) if any(part.normals is not None for part in meshes) else None,
        colors=np.concatenate(joined) if any(part is not None for part in colors) else None,
        materials=np.concatenate(slots) if len(seen) > 1 else None,
    )
    maps = [_uvs(part.visual, part.triangles, len(part.vertices)) for part in meshes]
    if any(part is not None for part in maps):
        blank = [
            np.zeros((len(part.triangles), 3, 2), np.float32) if uv is None else uv
            for uv, part in zip(maps, meshes, strict=True)
        ]
        look.layers.append(Layer(UV_NAME, "uv", "corner", np.concatenate(blank)))
    return Shape("", look.vertices, look.triangles, look.colors, look.materials, look=look)


def _uvs(visual: Any, triangles: NDArray[np.int32], count: int) -> NDArray[np.float32] | None:
    """The map of one object at its triangles' corners; there is a place twice in the file where a seam goes through."""
    uv = getattr(visual, "uv", None) if getattr(visual, "kind", None) == "texture" else None
    return None if uv is None or np.shape(uv) != (count, 2) else np.asarray(uv, np.float32)[triangles]


def _colors(visual: Any, count: int) -> NDArray[np.float32] | None:
    if getattr(visual, "kind", None) not in ("vertex", "face"):
        return None
    colors = np.asarray(visual.vertex_colors, np.float32) / np.float32(255)
    return colors if colors.shape == (count, 4) else None


def _read_points(path: Path) -> Shape:
    return _cloud_shape(path, read_cloud(path))


_READERS: dict[str, Callable[[Path], Shape]] = {
    **dict.fromkeys(POINT_FILES, _read_points),
    ".npz": _read_npz,
    ".ply": _read_ply,
}
