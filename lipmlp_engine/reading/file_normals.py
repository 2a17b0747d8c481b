"""The normals that a file's meshes are to be shaded with, at their triangles' corners; None where it says nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..shapes.shape import unit_normals
from .ply import Ply
from .ply_numbers import Lists

UNIT = 0.1
"""How far from 1 a file's normal may be long. Chosen."""
FLAT = np.cos(np.radians(0.5))
"""Corners within this of their triangle's own normal say nothing. Chosen: programs write such for want of others, and
flat as it is meant the mesh looks by its angles, too."""


def ply_normals(ply: Ply, triangles: NDArray[np.int32]) -> NDArray[np.float32] | None:
    columns = [ply.vertex.get(name) for name in ("nx", "ny", "nz")]
    found = [column for column in columns if column is not None and not isinstance(column, Lists)]
    return _told(np.stack(found, 1), ply.vertices, triangles) if len(found) == 3 else None


def mesh_normals(
    mesh: Any, matrix: NDArray[np.float64], vertices: NDArray[np.float64], triangles: NDArray[np.int32]
) -> NDArray[np.float32] | None:
    """Those of one of trimesh's meshes, whose vertices and triangles are in world space already."""
    # Asked for normals, trimesh makes some where the file has none; those of the file it has before it is asked.
    given = mesh._cache.cache.get("vertex_normals")
    if given is None or np.shape(given) != (len(vertices), 3):
        return None
    across = np.asarray(given, np.float64) @ np.linalg.pinv(matrix[:3, :3])
    return _told(across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-30), vertices, triangles)


def _told(
    normals: NDArray[Any], vertices: NDArray[np.float64], triangles: NDArray[np.int32]
) -> NDArray[np.float32] | None:
    """Vertices' normals (n, 3) at the corners; None where they are no directions, as some write, or mere faces'."""
    length = np.linalg.norm(normals[triangles], axis=2, keepdims=True)
    if not (np.abs(length - 1) < UNIT).all():
        return None
    corners = normals[triangles] / length
    if (np.einsum("mkj,mj->mk", corners, unit_normals(vertices, triangles)) > FLAT).all():
        return None
    return np.asarray(corners, np.float32)
