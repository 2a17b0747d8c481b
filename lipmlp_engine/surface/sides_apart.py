"""Keeps the two sides of thin walls and of narrow gaps from passing through each other; knows no field and no shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from .smooth_normals import face_normals_at

LEAST_APART = 0.3
"""Cells between the two sides. Chosen: no light and no dark spot shows through, and a rim is round. Measured: half or
twice of it changes nothing above chance."""
ABOUT = 1.0
"""Cells within which the other side is looked for. Follows from what both lie apart and vertices on one side."""
ACROSS = 0.6
"""Cells, along the surface, within which it is opposite. Chosen: about half of what vertices lie apart."""
OPPOSITE = -0.3
"""Cosine between the normals of both sides, at most. Chosen."""
NEIGHBOURS = 12
"""Vertices that are looked at for each. Chosen."""
LONGEST_STEP = 0.25
"""Cells by which a vertex moves at once. Chosen. Measured: half or twice of it changes nothing above chance."""
ROUNDS = 4
"""In which vertices are moved. Chosen."""

Floats = NDArray[np.float32]


def sides_apart(places: Floats, net: Floats, faces: NDArray[np.int32], weight: Floats, cell: float) -> Floats:
    """Vertices moved along their normals until what is opposite is far enough, and on its own side.

    net: where the vertices were when they were sure to be on their own side.
    weight: for each vertex how much it may move, from 0 to 1.
    """
    rows = np.flatnonzero(weight > 0)
    places = places.copy()
    one, other = near_pairs(places, rows, ABOUT * cell, NEIGHBOURS)
    for _ in range(ROUNDS):
        normals = face_normals_at(places, faces)
        opposite = np.einsum("ij,ij->i", normals[one], normals[other]) < OPPOSITE
        near, far = one[opposite], other[opposite]
        ways = places[near] - places[far]
        heights = np.einsum("ij,ij->i", ways, normals[near])
        aside = np.linalg.norm(ways - heights[:, None] * normals[near], axis=1) < ACROSS * cell
        side = np.where(have_wall_between(net, normals, near, far), np.float32(1), np.float32(-1))
        missing = np.clip((LEAST_APART * cell - side * heights) / 2, 0, LONGEST_STEP * cell) * aside
        order = np.argsort(missing, kind="stable")
        push = np.zeros(len(places), np.float32)
        push[near[order]] = (side * missing)[order]
        moved = push != 0
        if not moved.any():
            break
        places[moved] += (push * weight)[moved, None] * normals[moved]
    return places


def have_wall_between(
    net: Floats, normals: Floats, one: NDArray[np.int64], other: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether opposite vertices are behind each other, with a wall between them, and not before each other at a gap."""
    return np.asarray(np.einsum("ij,ij->i", net[one] - net[other], normals[one] - normals[other]) > 0)


def near_pairs(
    places: Floats, rows: NDArray[np.int64], reach: float, neighbours: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of vertices, the first of each among the rows, that are near neighbours and no farther apart than that."""
    tree = KDTree(places, balanced_tree=False, compact_nodes=False)
    _, found = tree.query(places[rows], k=min(neighbours, len(places)), distance_upper_bound=reach)
    pairs = found < len(places)
    return np.repeat(rows, pairs.sum(1)), found[pairs]
