"""Reads a shape from a file: every mesh format that trimesh knows, and the add-on's .npz; repairs nothing."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ShapeError
from .look import UV_NAME, Layer, Look, layers_in
from .shape import Shape, triangle_areas
from .surfels import cloud_in, cloud_of_text

LARGEST = 1e12
"""Coordinates beyond this, or shapes below its inverse, have no room in single precision once squared and cubed."""


def read_shape(path: Path, name: str = "") -> Shape:
    """Read one shape, all objects of the file together, in world space."""
    if not path.is_file():
        raise ShapeError(f"There is no file {path}; check the path of this shape.")
    shape = _read_npz(path) if path.suffix.lower() == ".npz" else _read_mesh(path)
    shape.name = name or shape.name or path.stem
    check_shape(shape)
    return shape


def check_shape(shape: Shape) -> None:
    """Refuse what no repair can give an inside."""
    who = f"'{shape.name}'"
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
    if not triangle_areas((shape.vertices - middle) / diagonal, shape.triangles).max() > 1e-14:
        raise ShapeError(f"All faces of {who} have collapsed to lines or points; give it some area.")


def _read_npz(path: Path) -> Shape:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            vertices = np.asarray(arrays["vertices"], np.float64)
            triangles = np.asarray(arrays["triangles"], np.int32)
            colors = np.asarray(arrays["colors"], np.float32) if "colors" in arrays else None
            materials = np.asarray(arrays["materials"], np.int32) if "materials" in arrays else None
            name = str(arrays["name"]) if "name" in arrays else ""
            normals = np.asarray(arrays["corner_normals"], np.float32) if "corner_normals" in arrays else None
            polygons = np.asarray(arrays["polygons"], np.int32) if "polygons" in arrays else None
            layers = layers_in(arrays, len(vertices), len(triangles))
            # Where shapes were cut into the same triangles, their layers still are of those that Blender cuts.
            seen = np.asarray(arrays["look_triangles"], np.int32) if "look_triangles" in arrays else triangles
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ShapeError(f"{path} is not a shape of Lipschitz Morph; write it again from Blender ({error}).") from error
    expected: dict[str, tuple[NDArray[Any] | None, tuple[int, ...]]] = {
        "vertices": (vertices, (len(vertices), 3)),
        "triangles": (triangles, (len(triangles), 3)),
        "colors": (colors, (len(vertices), 4)),
        "materials": (materials, (len(triangles),)),
        "corner_normals": (normals, (len(triangles), 3, 3)),
        "polygons": (polygons, (len(triangles),)),
        "look_triangles": (seen, (len(triangles), 3)),
    }
    for entry, (values, size) in expected.items():
        if values is not None and values.shape != size:
            raise ShapeError(
                f"{path} holds {entry} of size {values.shape} instead of {size}; write it again from Blender."
            )
    look = Look(vertices, seen, normals, layers, materials, colors, polygons)
    return Shape(name, vertices, triangles, colors, materials, look=look)


def _read_mesh(path: Path) -> Shape:
    import trimesh

    formats = sorted(trimesh.available_formats())
    if path.suffix.lower().lstrip(".") not in formats:
        raise ShapeError(f"{path.name} is of no known kind; use one of {', '.join(formats)} or npz.")
    try:
        # Readers of third-party formats raise whatever they like on broken files.
        scene: Any = trimesh.load_scene(str(path), process=False)
        meshes = [_placed(scene, node) for node in scene.graph.nodes_geometry]
    except Exception as error:
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise ShapeError(f"{path} cannot be read ({reason}); open it in Blender and export it again.") from error
    meshes = [entry for entry in meshes if entry is not None]
    if not meshes:
        cloud = cloud_of_text(path) if path.suffix.lower() == ".xyz" else cloud_in(scene)
        if cloud is None:
            raise ShapeError(
                f"{path} holds no faces; a shape needs a surface, or points with normals (PLY, XYZ with six columns)."
            )
        return cloud
    return _join([entry for entry in meshes if entry is not None])


def _placed(scene: Any, node: str) -> tuple[NDArray[np.float64], NDArray[np.int32], Any] | None:
    """One object of a scene in world space, with how it looks; None for curves and points."""
    import trimesh

    matrix, geometry = scene.graph[node]
    mesh = scene.geometry[geometry]
    if not isinstance(mesh, trimesh.Trimesh) or len(mesh.faces) == 0:
        return None
    vertices = np.asarray(mesh.vertices, np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
    triangles = np.asarray(mesh.faces, np.int32)
    return vertices, triangles[:, ::-1] if np.linalg.det(matrix[:3, :3]) < 0 else triangles, mesh.visual


def _join(meshes: list[tuple[NDArray[np.float64], NDArray[np.int32], Any]]) -> Shape:
    starts = np.cumsum([0, *(len(vertices) for vertices, _, _ in meshes)])
    seen: list[str] = []
    slots = []
    for _, triangles, visual in meshes:
        name = str(getattr(getattr(visual, "material", None), "name", "") or "")
        if name not in seen:
            seen.append(name)
        slots.append(np.full(len(triangles), seen.index(name), np.int32))
    colors = [_colors(visual, len(vertices)) for vertices, _, visual in meshes]
    joined = [np.ones((len(v), 4), np.float32) if c is None else c for (v, _, _), c in zip(meshes, colors, strict=True)]
    look = Look(
        vertices=np.concatenate([vertices for vertices, _, _ in meshes]),
        triangles=np.concatenate(
            [t + np.int32(s) for (_, t, _), s in zip(meshes, starts, strict=False)], dtype=np.int32
        ),
        colors=np.concatenate(joined) if any(part is not None for part in colors) else None,
        materials=np.concatenate(slots) if len(seen) > 1 else None,
    )
    maps = [_uvs(visual, triangles, len(vertices)) for vertices, triangles, visual in meshes]
    if any(part is not None for part in maps):
        blank = [
            np.zeros((len(t), 3, 2), np.float32) if m is None else m for m, (_, t, _) in zip(maps, meshes, strict=True)
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
