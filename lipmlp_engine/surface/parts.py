"""The parts that a mesh falls into, and which of them are too small to be meant."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..shapes.shape import volume_shares

Mesh = tuple[NDArray[np.float32], NDArray[np.int32]]


def smallest_part(vertices: NDArray[np.floating], triangles: NDArray[np.integer]) -> float:
    """The least share of the volume that a part or a hollow of a closed mesh has; 1 where it hangs together."""
    return float(_part_shares(vertices, triangles)[1].min(initial=1.0))


def without_specks(vertices: NDArray[np.float32], faces: NDArray[np.int32], least: float) -> Mesh:
    """A closed mesh without parts and hollows that have less than a share of its volume.

    >>> ball, faces = extract_surface(field, 64)
    >>> ball, faces = without_specks(ball, faces, 1e-4)
    """
    if least <= 0 or len(faces) == 0:
        return vertices, faces
    part, shares = _part_shares(vertices, faces)
    if shares.min() >= least:
        return vertices, faces
    kept = shares[part] >= least
    renumbered = np.cumsum(kept, dtype=np.int32) - 1
    return vertices[kept], renumbered[faces[kept[faces[:, 0]]]]


def _part_shares(
    vertices: NDArray[np.floating], faces: NDArray[np.integer]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The part of every vertex, and each part's share of the volume, hollows and loose vertices included."""
    corners = faces.shape[1]
    triangles = np.concatenate([faces[:, [0, corner - 1, corner]] for corner in range(2, corners)])
    # Two sides of each triangle hang its corners together.
    rows, columns = np.repeat(triangles[:, 0], 2), triangles[:, 1:].ravel()
    links = coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(len(vertices), len(vertices)))
    count, part = connected_components(links, directed=False)
    volumes = np.bincount(part[triangles[:, 0]], weights=volume_shares(vertices, triangles), minlength=count)
    sizes = np.abs(volumes)
    return part.astype(np.int64), sizes / max(float(sizes.sum()), 1e-300)
