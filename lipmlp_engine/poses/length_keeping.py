"""In-betweens of two poses of one mesh that keep its lengths; needs no match, no field and no network.

Every triangle's deformation is a turn after a stretch. Turns are interpolated by their rotation vectors, stretches
linearly, and one linear system puts the triangles, which no longer fit exactly, together again.
"""

from __future__ import annotations

from collections.abc import Sequence

import igl
import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree
from scipy.sparse.linalg import splu
from scipy.spatial.transform import Rotation

from ..shapes.shape import doubled_area_vectors

RESTING = 0.02
"""Of the mesh's size: what moves less holds the rest in its place."""
LEAST_ANGLE = 1e-3
"""Between neighbours; keeps links without weight out of the sparse graph."""

NEEDLE = 1e-4
"""Doubled area, as a share of the sides' squares, up to which a triangle is one."""

Array = NDArray[np.float64]
Numbers = NDArray[np.integer]


class LengthPath:
    """The way of one mesh from its vertices' places ``first`` to ``last``, each exact at its end.

    ``kept`` is how far lengths are kept: at 0 every vertex goes straight on.

    >>> path = LengthPath(standing, waving, triangles)
    >>> halfway = path.at(0.5)
    """

    def __init__(self, first: Array, last: Array, triangles: Numbers, kept: float = 1.0) -> None:
        self._kept = kept
        self._first, self._last = (np.asarray(places, np.float64) for places in (first, last))
        used = np.unique(triangles)
        number = np.zeros(len(self._first), np.int64)
        number[used] = np.arange(len(used))
        self._used, self._triangles = used, number[np.asarray(triangles, np.int64)]
        start, end = self._first[used], self._last[used]
        frames = _frames(start, self._triangles)
        # A needle's deformation says nothing: it goes along with the triangle beside it.
        needles = _slender(start, self._triangles) | _slender(end, self._triangles)
        frames[needles] = np.eye(3)
        inverse = np.linalg.inv(frames)
        inverse[needles] = 0
        deformation = _frames(end, self._triangles) @ inverse
        deformation[needles] = np.eye(3)
        left, sizes, right = np.linalg.svd(deformation)
        mirrored = np.linalg.det(left @ right) < 0
        left[mirrored, :, 2] *= -1
        sizes[mirrored, 2] *= -1
        turns = left @ right
        self._stretch = np.swapaxes(right, 1, 2) @ (sizes[:, :, None] * right)
        self._turns = unwrapped(turns, self._triangles, needles)
        self._gather = self._equations(start, np.asarray(inverse, np.float64))
        moved = np.linalg.norm(end - start, axis=1)
        size = float(np.linalg.norm(np.ptp(start, axis=0)))
        self._hold = 1 / (moved**2 + (RESTING * max(size, 1e-30)) ** 2)
        # What the system loses at either end is given back on the way: both ends are exact.
        self._missing = [end_places - self._solved(share) for share, end_places in ((0.0, start), (1.0, end))]

    def at(self, share: float) -> Array:
        """The vertices at a share of the way; those that no face uses go straight."""
        places = (1 - share) * self._first + share * self._last
        stiff = self._solved(share) + (1 - share) * self._missing[0] + share * self._missing[1]
        places[self._used] += self._kept * (stiff - places[self._used])
        return places

    def _equations(self, start: Array, inverse: Array) -> sparse.csr_array:
        """The matrix that gathers the triangles' wishes at the vertices; the system itself is solved for at once."""
        count, faces = len(start), len(self._triangles)
        # A triangle's deformation acts on its two sides; its normal goes along.
        columns = np.stack([-inverse[:, 0] - inverse[:, 1], inverse[:, 0], inverse[:, 1]], 2)
        rows = np.repeat(3 * np.arange(faces)[:, None] + np.arange(3), 3, axis=1)
        places = np.tile(self._triangles, (1, 3))
        values = columns.reshape(faces, 9)
        slopes = sparse.csr_array((values.ravel(), (rows.ravel(), places.ravel())), shape=(3 * faces, count))
        areas = np.linalg.norm(doubled_area_vectors(start, self._triangles), axis=1)
        weighted = sparse.csr_array(slopes.T @ sparse.diags_array(np.repeat(areas / areas.mean(), 3)))
        system = sparse.csc_array(weighted @ slopes)
        self._parts = connected_components(system, directed=False)[1]
        # A little more on the diagonal leaves each part's place open but solvable; it is settled afterwards.
        self._solver = splu(sparse.csc_matrix(system + 1e-9 * system.diagonal().mean() * sparse.eye_array(count)))
        self._start = start
        return weighted

    def _solved(self, share: float) -> Array:
        turned = Rotation.from_rotvec(share * self._turns).as_matrix()
        wanted = turned @ ((1 - share) * np.eye(3) + share * self._stretch)
        wishes = np.swapaxes(wanted, 1, 2).reshape(-1, 3)
        places = self._solver.solve(self._gather @ wishes)
        straight = (1 - share) * self._start + share * self._last[self._used]
        for axis in range(3):
            off = np.bincount(self._parts, self._hold * (straight - places)[:, axis])
            places[:, axis] += (off / np.bincount(self._parts, self._hold))[self._parts]
        return np.asarray(places)


def lengths_kept(rigidity: float) -> float:
    """What a guide's rigidity, from 0 to 1, means between poses: from one half upwards lengths are kept as they are."""
    return min(1.0, 2 * rigidity)


def unwrapped(turns: Array, triangles: Numbers, silent: NDArray[np.bool_]) -> Array:
    """Rotation vectors, of any length, such that neighbouring triangles differ as little as can be.

    A limb that has turned by more than half a turn goes on turning the way that its neighbours do. Silent triangles
    have no turn of their own.
    """
    vectors = Rotation.from_matrix(turns).as_rotvec()
    adjacency, _ = igl.triangle_triangle_adjacency(np.asarray(triangles, np.int64))
    first, side = np.nonzero(adjacency >= 0)
    second = adjacency[first, side]
    between = np.einsum("nij,nij->n", turns[first], turns[second])
    angles = np.arccos(((between - 1) / 2).clip(-1, 1)) + LEAST_ANGLE
    angles[silent[first] | silent[second]] = np.pi
    count = len(triangles)
    graph = sparse.csr_array((angles, (first, second)), shape=(count, count))
    tree = minimum_spanning_tree(graph)
    parts = connected_components(tree, directed=False)[1]
    size = np.linalg.norm(vectors, axis=1)
    for part in range(int(parts.max()) + 1):
        members = np.flatnonzero(parts == part)
        root = int(members[np.where(silent[members], np.inf, size[members]).argmin()])
        order, parent = breadth_first_order(tree, root, directed=False)
        _continue(vectors, np.where(silent, -1.0, size), order[1:].tolist(), parent)
    return np.asarray(vectors)


def _continue(vectors: Array, size: Array, order: Sequence[int], parent: Numbers) -> None:
    """Choose among the vectors of one and the same turn the one nearest to that of the triangle before."""
    for index in order:
        before, own, angle = vectors[parent[index]], vectors[index], size[index]
        if angle < 0:
            vectors[index] = before
            continue
        if angle < 1e-9:
            length = float(np.linalg.norm(before))
            if length > np.pi:
                vectors[index] = before / length * 2 * np.pi * round(length / (2 * np.pi))
            continue
        axis = own / angle
        rounds = round((float(before @ axis) - angle) / (2 * np.pi))
        if rounds:
            vectors[index] = own + 2 * np.pi * rounds * axis


def _slender(vertices: Array, triangles: Numbers) -> NDArray[np.bool_]:
    sides = vertices[triangles] - vertices[np.roll(triangles, 1, axis=1)]
    doubled = np.linalg.norm(doubled_area_vectors(vertices, triangles), axis=1)
    return np.asarray(doubled <= NEEDLE * (sides**2).sum((1, 2)))


def _frames(vertices: Array, triangles: Numbers) -> Array:
    """Two sides of each triangle and its normal, as columns; the normal as long as the sides are on average."""
    a, b, c = vertices[triangles].transpose(1, 0, 2)
    normal = np.cross(b - a, c - a)
    doubled = np.linalg.norm(normal, axis=1, keepdims=True)
    normal = normal / np.maximum(doubled, 1e-30) * np.sqrt(np.maximum(doubled, 1e-30))
    return np.asarray(np.stack([b - a, c - a, normal], 2), np.float64)
