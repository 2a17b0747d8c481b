"""The triangle surface where values at a grid's corners are zero, without crumbs; knows not how they were found."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..shapes.mesh_topology import Topology, face_parts
from ..shapes.shape import triangle_areas
from ..surface.surface_nets import CORNERS, surface_nets, triangles_from_quads
from .winding_grid import WindingGrid

Array = NDArray[np.float64]


def extracted(values: NDArray[np.float32], grid: WindingGrid) -> tuple[Array, NDArray[np.int32]]:
    """The zero surface of the grid's values."""
    for side in (values[0], values[-1], values[:, 0], values[:, -1], values[:, :, 0], values[:, :, -1]):
        np.maximum(side, np.float32(grid.cell), out=side)
    inside = values < 0
    cell_counts = [size - 1 for size in grid.shape]
    every, some = np.ones(cell_counts, np.bool_), np.zeros(cell_counts, np.bool_)
    for offset in CORNERS:
        corner = inside[tuple(slice(o, o + size - 1) for o, size in zip(offset, grid.shape, strict=True))]
        every &= corner
        some |= corner
    cells = np.stack(np.nonzero(some & ~every), axis=1)
    row = np.full(some.shape, -1, np.int32)
    row[tuple(cells.T)] = np.arange(len(cells), dtype=np.int32)
    neighbours = np.full((len(cells), 3), -1, np.int64)
    for axis in range(3):
        below = cells.copy()
        below[:, axis] -= 1
        within = below[:, axis] >= 0
        neighbours[within, axis] = row[tuple(below[within].T)]
    corners = np.stack([values[tuple((cells + offset).T)] for offset in CORNERS], axis=1)
    local, owner, quads = surface_nets(corners, neighbours)
    triangles = triangles_from_quads(local + cells[owner].astype(np.float32), quads)
    return (local + cells[owner]) * grid.cell + grid.low, triangles


def without_crumbs(vertices: Array, triangles: NDArray[np.int32], least: float) -> tuple[Array, NDArray[np.int32]]:
    """The surface without parts of less area than that, unless nothing else is there."""
    parts = Topology(triangles).parts
    area = np.bincount(parts, triangle_areas(vertices, triangles))
    kept = (area >= min(least, area.max(initial=0.0)))[parts]
    return _used(vertices, triangles[kept])


def without_lonely(
    vertices: Array, triangles: NDArray[np.int32], places: Array, fewest: int
) -> tuple[Array, NDArray[np.int32]]:
    """The surface without parts that are the nearest to fewer places than that, unless nothing else is there."""
    count, part = face_parts(triangles, len(vertices))
    if count == 1:
        return vertices, triangles
    _, nearest = cKDTree(vertices).query(places)
    held = np.bincount(part[nearest], minlength=count)
    return _used(vertices, triangles[(held >= min(fewest, held.max()))[part[triangles[:, 0]]]])


def _used(vertices: Array, triangles: NDArray[np.int32]) -> tuple[Array, NDArray[np.int32]]:
    used, renumbered = np.unique(triangles, return_inverse=True)
    return vertices[used], renumbered.reshape(-1, 3).astype(np.int32)
