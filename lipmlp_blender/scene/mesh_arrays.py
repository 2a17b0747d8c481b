"""From a mesh's arrays as Blender keeps them to the triangles that the engine reads: arithmetic only, no Blender."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import BrokenShapeError
from .gather_layers import RawLayer


@dataclass
class TriangleArrays:
    """A surface as the engine reads it: triangles in the world, and what lies on them."""

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
class RawMesh:
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


def surface_of(mesh: RawMesh, name: str) -> TriangleArrays:
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
    polygons = (np.searchsorted(mesh.starts, cut[:, 0], side="right") - 1).astype(np.int32)
    normals = (mesh.normals @ np.linalg.inv(mesh.matrix[:3, :3])).astype(np.float32)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    layers = {layer.title: layer.on_triangles(cut, polygons) for layer in mesh.layers}
    materials, colors = mesh.materials[polygons], _colors_of_vertices(mesh)
    return TriangleArrays(world, triangles, colors, materials, normals[cut], polygons, layers)


def _cut_quads(mesh: RawMesh) -> NDArray[np.int32]:
    """Triangles of three corners each, cut as Blender does it: across the other diagonal where the quad is concave."""
    sides = np.diff(mesh.starts, append=len(mesh.corners))
    triangles, quads = (mesh.starts[sides == count, None] + np.arange(count) for count in (3, 4))
    a, b, c, d = (mesh.vertices[mesh.corners[corner]] for corner in quads.T)
    turns = np.einsum("ij,ij->i", np.cross(b - a, c - a), np.cross(d - a, c - a)) > 0
    halves = np.where(turns[:, None], quads[:, [0, 1, 3, 1, 2, 3]], quads[:, [0, 1, 2, 0, 2, 3]])
    return np.concatenate([triangles, halves.reshape(-1, 3)]).astype(np.int32)


def _colors_of_vertices(mesh: RawMesh) -> NDArray[np.float32] | None:
    """The mean over a vertex's corners, where these have the colours."""
    if mesh.colors is None or not mesh.colors_at_corners:
        return mesh.colors
    count = np.bincount(mesh.corners, minlength=len(mesh.vertices))
    summed = [np.bincount(mesh.corners, channel, len(mesh.vertices)) for channel in mesh.colors.T]
    return (np.stack(summed, axis=1) / np.maximum(count, 1)[:, None]).astype(np.float32)


def joined(parts: list[TriangleArrays]) -> TriangleArrays:
    if len(parts) == 1:
        return parts[0]
    starts = np.cumsum([0] + [len(part.vertices) for part in parts[:-1]])
    colors = None
    if any(part.colors is not None for part in parts):
        colors = np.concatenate(
            [np.ones((len(p.vertices), 4), np.float32) if p.colors is None else p.colors for p in parts]
        )
    titles = dict.fromkeys(title for part in parts for title in part.layers)
    return TriangleArrays(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate([part.triangles + start for part, start in zip(parts, starts, strict=True)]).astype(np.int32),
        colors,
        np.concatenate([part.materials for part in parts]),
        np.concatenate([part.normals for part in parts]),
        np.concatenate([part.polygons + first for part, first in zip(parts, _first_polygons(parts), strict=True)]),
        {title: np.concatenate([_layer_of(part, title, parts) for part in parts]) for title in titles},
    )


def _first_polygons(parts: list[TriangleArrays]) -> NDArray[np.int32]:
    counts = [part.polygons.max(initial=-1) + 1 for part in parts]
    return np.cumsum([0, *counts[:-1]], dtype=np.int32)


def _layer_of(part: TriangleArrays, title: tuple[str, str, str], parts: list[TriangleArrays]) -> NDArray[np.float32]:
    """The part's values, zero where it has none."""
    if title in part.layers:
        return part.layers[title]
    size = next(other.layers[title].shape[1:] for other in parts if title in other.layers)
    count = len(part.vertices if title[2] == "point" else part.triangles)
    return np.zeros((count, *size), np.float32)
