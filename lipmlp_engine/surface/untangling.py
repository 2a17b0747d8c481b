"""Moves vertices of faces that are turned over to where their neighbours leave room; knows no function and no cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .meeting_planes import Floats, gathered, touched

ROUNDS = ((0, 0, 1.0), (0, 0, 1.0), (1, 0, 1.0), (1, 0, 1.0), (2, 0, 1.0), (0, 1, 0.3), (0, 1, 0.6), (0, 1, 1.0))
"""Round by round, how many faces around those that are turned over may move as well, which vertices, and how far of the
way amid their neighbours.

Chosen: two rounds of the least turn most of them back, and moving more of a surface than needed blurs it; off its edge,
in the last rounds, a vertex is a notch, but a face that is turned over is a black spot. Measured at both ends of seven
pairs, 64 cells: 96 larger faces turned over before, 80 without the last rounds, 32 with them.
"""
SWEEPS = 12
"""In which vertices go amid their neighbours before they are led onto the surface again. Chosen."""

Rows = NDArray[np.int64]
Turned = Callable[[Floats, Floats, Rows | None, int], Rows]
Led = Callable[[Floats, Rows], tuple[Floats, Floats]]


def untangle(
    quads: NDArray[np.int32],
    vertices: Floats,
    gradient: Floats,
    movable: Sequence[NDArray[np.bool_]],
    turned: Turned,
    led: Led,
) -> NDArray[np.bool_]:
    """Turn faces back, in place; returns which vertices have moved.

    movable: those that may at first, and those that may in the end.
    turned: which faces, of all or of some, are turned over with such vertices and gradients, and are to be turned back
    by the one or the other.
    led: leads places of vertices with such numbers onto the surface; the gradients there come with them.

    Each cluster of faces is judged by itself: what helps one is not given up because it does not help another.
    """
    moved = np.zeros(len(vertices), bool)
    inwards = turned(vertices, gradient, None, 0)
    for width, whose, share in ROUNDS:
        inwards = turned(vertices, gradient, inwards, whose)
        rows = _around(quads, inwards, width)
        rows = rows[movable[whose][rows]]
        if not len(rows):
            continue
        before = vertices[rows], gradient[rows]
        places = vertices[rows] + np.float32(share) * (_amid(quads, rows, vertices) - vertices[rows])
        vertices[rows], gradient[rows] = led(places, rows)
        faces = touched(quads, rows, inwards)
        still = turned(vertices, gradient, faces, whose)
        cluster, of_row = _clusters(quads, faces, rows, len(vertices))
        had, has = (np.bincount(cluster[np.isin(faces, some)], minlength=len(rows) + 1) for some in (inwards, still))
        in_vain = (has >= had)[of_row]
        vertices[rows[in_vain]], gradient[rows[in_vain]] = before[0][in_vain], before[1][in_vain]
        moved[rows[~in_vain]] = True
        kept = faces[(has < had)[cluster]]
        inwards = np.union1d(np.setdiff1d(inwards, kept), np.intersect1d(still, kept))
    return moved


def _around(quads: NDArray[np.int32], faces: Rows, width: int) -> Rows:
    """The vertices of faces, and of those that many faces around them."""
    rows = np.unique(quads[faces]).astype(np.int64)
    for _ in range(width):
        rows = np.unique(quads[np.isin(quads, rows).any(1)]).astype(np.int64)
    return rows


def _amid(quads: NDArray[np.int32], rows: Rows, vertices: Floats) -> Floats:
    """Some vertices amid their neighbours, all others staying where they are."""
    sides = np.concatenate([quads[:, [0, 1]], quads[:, [1, 2]], quads[:, [2, 3]], quads[:, [3, 0]]])
    sides = sides[np.isin(sides[:, 0], rows)]
    owner = np.searchsorted(rows, sides[:, 0])
    count = np.bincount(owner, minlength=len(rows))[:, None]
    places = vertices.astype(np.float64)
    for _ in range(SWEEPS):
        places[rows] = gathered(owner, places[sides[:, 1]]) / count
    return np.asarray(places[rows], np.float32)


def _clusters(quads: NDArray[np.int32], faces: Rows, rows: Rows, count: int) -> tuple[Rows, Rows]:
    """The number of the cluster that faces and moved vertices belong to, those being one that share a moved vertex."""
    number = np.full(count, -1)
    number[rows] = np.arange(len(rows))
    corners = number[quads[faces]]
    first = corners.max(1)
    pairs = np.stack((np.repeat(first, 4), corners.ravel()))
    pairs = pairs[:, (pairs >= 0).all(0)]
    joined = coo_array((np.ones(len(pairs[0]), bool), tuple(pairs)), shape=(len(rows), len(rows)))
    _, of_row = connected_components(joined, directed=False)
    # Faces of which no vertex may move belong to none, and are last.
    return np.where(first >= 0, of_row[first], len(rows)), of_row.astype(np.int64)
