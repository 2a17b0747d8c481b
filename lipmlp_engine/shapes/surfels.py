"""Turns an oriented point cloud into loose triangles, one a point, so that all that reads triangles can read a scan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import ShapeError
from .shape import Shape

NEIGHBOURS = 12
"""Points that share the disc from which a point's area is taken."""

Array = NDArray[np.float64]


def surfels(points: Array, normals: Array) -> Shape:
    """One equilateral triangle for each point, as large as the point's share of the surface, across its normal.

    The winding number of these triangles is that of the surface the points were taken from, up to the distance between
    neighbours. Points (n, 3), normals (n, 3) of any length, pointing outwards.
    """
    from scipy.spatial import cKDTree

    length = np.linalg.norm(normals, axis=1, keepdims=True)
    kept = (length[:, 0] > 0) & np.isfinite(length[:, 0]) & np.isfinite(points).all(axis=1)
    points, normals = points[kept], normals[kept] / length[kept]
    if len(points) <= NEIGHBOURS:
        raise ShapeError(f"A cloud of {len(points)} oriented points has no surface; give it more than {NEIGHBOURS}.")
    reach = cKDTree(points).query(points, k=NEIGHBOURS + 1)[0][:, -1]
    area = np.pi * reach**2 / NEIGHBOURS
    outer = np.sqrt(area * 4 / (3 * np.sqrt(3)))  # circumradius of an equilateral triangle of that area
    aside = np.where(np.abs(normals[:, :1]) < 0.7, [[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]])
    first = np.cross(normals, aside)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(normals, first)
    corners = [
        points + outer[:, None] * (np.cos(turn) * first + np.sin(turn) * second)
        for turn in (0.0, 2 * np.pi / 3, 4 * np.pi / 3)
    ]
    vertices = np.stack(corners, axis=1).reshape(-1, 3)
    triangles = np.arange(len(vertices), dtype=np.int32).reshape(-1, 3)
    note = f"made a surface of {len(points):,} oriented points"
    return Shape("", vertices, triangles, closed=False, notes=[note])


def cloud_of_text(path: Path) -> Shape | None:
    """The points of a text file of lines "x y z nx ny nz"; None where it is no such file."""
    try:
        numbers = np.loadtxt(path, dtype=np.float64, ndmin=2)
    except (OSError, ValueError):
        return None
    return surfels(numbers[:, :3], numbers[:, 3:6]) if numbers.shape[1] == 6 else None
