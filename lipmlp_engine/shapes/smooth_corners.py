"""The normals that a mesh is shaded with whose file has none: smooth, but for its sharp edges. Knows no looks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from .shape import doubled_area_vectors

SMOOTH = np.cos(np.radians(30.0))
"""Between faces that differ by less an edge is smooth. Taken from Blender, whose *Shade Auto Smooth* has it."""


def smooth_corners(vertices: NDArray[np.floating], triangles: NDArray[np.integer]) -> NDArray[np.float32]:
    """Unit normals of the triangles' corners, (m, 3, 3): the mean, by area, of those about the place that hang together
    across smooth edges.

    Places count and not vertices, which a file has twice where a seam of a map goes through.
    """
    across = doubled_area_vectors(vertices, triangles)
    normals = across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-30)
    _, place = np.unique(vertices, axis=0, return_inverse=True)
    start = place.ravel()[triangles]
    end = np.roll(start, -1, axis=1)
    low, high = np.minimum(start, end).ravel(), np.maximum(start, end).ravel()
    order = np.lexsort((high, low))
    one, other = order[:-1], order[1:]
    met = (low[one] == low[other]) & (high[one] == high[other])
    met &= np.einsum("ij,ij->i", normals[one // 3], normals[other // 3]) > SMOOTH
    one, other = one[met], other[met]
    # A side is known by the corner at which it begins; the next corner of its triangle is at its end.
    following = np.arange(start.size).reshape(-1, 3)[:, [1, 2, 0]].ravel()
    same_way = start.ravel()[one] == start.ravel()[other]
    ends = np.where(same_way, other, following[other]), np.where(same_way, following[other], other)
    links = np.concatenate([one, following[one]]), np.concatenate(ends)
    graph = coo_matrix((np.ones(2 * len(one), bool), links), shape=(start.size, start.size))
    _, fan = connected_components(graph, directed=False)
    total = np.stack([np.bincount(fan, np.repeat(column, 3)) for column in across.T], 1)[fan]
    length = np.linalg.norm(total, axis=1, keepdims=True)
    found = np.where(length > 0, total / np.maximum(length, 1e-30), np.repeat(normals, 3, axis=0))
    return found.reshape(-1, 3, 3).astype(np.float32)
