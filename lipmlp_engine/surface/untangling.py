"""Moves vertices of faces that are turned over to where their neighbours leave room; knows no function and no cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..shapes.mesh_topology import vertex_parts
from .meeting_planes import Floats, gathered, touched, touching

ROUNDS = (((0, 1.0), (0, 1.0), (1, 1.0), (1, 1.0), (2, 1.0)), ((0, 0.3), (0, 0.6), (0, 1.0)))
"""First of those vertices that may move at first, then of those that may in the end: round by round, how many faces
around those that are turned over move as well, and how far of the way amid their neighbours.

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
    if not len(inwards):
        return moved
    for last, rounds in enumerate(ROUNDS):
        if last:
            inwards = turned(vertices, gradient, inwards, last)
        for width, share in rounds:
            rows = _around(quads, inwards, width, len(vertices))
            rows = rows[movable[last][rows]]
            if not len(rows):
                continue
            before = vertices[rows], gradient[rows]
            places = before[0] + np.float32(share) * (_amid(quads, rows, vertices) - before[0])
            vertices[rows], gradient[rows] = led(places, rows)
            faces = touched(quads, rows, inwards)
            still = turned(vertices, gradient, faces, last)
            cluster = _clusters(quads[faces], rows, len(vertices))
            of_face = cluster[quads[faces]].max(1)
            had, has = (
                np.bincount(of_face[np.isin(faces, some)], minlength=len(moved) + 1) for some in (inwards, still)
            )
            helped = has < had
            in_vain = ~helped[cluster[rows]]
            vertices[rows[in_vain]], gradient[rows[in_vain]] = before[0][in_vain], before[1][in_vain]
            moved[rows[~in_vain]] = True
            kept = faces[helped[of_face]]
            inwards = np.union1d(np.setdiff1d(inwards, kept), np.intersect1d(still, kept))
    return moved


def _around(quads: NDArray[np.int32], faces: Rows, width: int, count: int) -> Rows:
    """The vertices of faces, and of those that many faces around them."""
    found = np.zeros(count, bool)
    found[quads[faces]] = True
    for _ in range(width):
        found = touching(quads, found)[1]
    return np.flatnonzero(found)


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


def _clusters(faces: NDArray[np.int32], rows: Rows, count: int) -> Rows:
    """The cluster that each vertex is moved in, faces that share a moved vertex being of one; 0 for all that stay."""
    moves = np.zeros(count, bool)
    moves[rows] = True
    first = np.where(moves[faces], faces, -1).max(1)
    links = np.stack((np.repeat(first, 4), faces.ravel()), 1)
    _, part = vertex_parts(links[moves[links[:, 1]]], count)
    return np.where(moves, part + 1, 0)
