"""How a mesh's triangles are deformed, as turns and stretches, and the mesh that fits such wishes best.

Knows neither whose poses these are nor what is mixed of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import igl
import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree
from scipy.spatial.transform import Rotation

from ..shapes.mesh_topology import face_parts
from ..shapes.shape import doubled_area_vectors
from .definite_solver import definite_solver

RESTING = 0.02
"""Of the mesh's size: what moves less holds the rest in its place. Chosen."""
LEAST_ANGLE = 1e-3
"""Between neighbours; keeps links without weight out of the sparse graph. Chosen."""
NEEDLE = 1e-4
"""Doubled area, as a share of the sides' squares, up to which a triangle's turn says nothing. Chosen."""

Array = NDArray[np.float64]
Numbers = NDArray[np.integer]


class TriangleDeformations:
    """Of one mesh whose every vertex has a triangle, from the places ``start`` on.

    ``silent`` triangles have no deformation of their own: they go along with those beside them. The last ones are
    ``ties`` between parts: they turn with the part that has two of their corners, whatever they do beside that.
    """

    def __init__(self, start: Array, triangles: Numbers, silent: NDArray[np.bool_], ties: int = 0) -> None:
        self._triangles, self._silent, self._ties = triangles, silent, ties
        frames = triangle_frames(start, triangles)
        frames[silent] = np.eye(3)
        self._inverse = np.asarray(np.linalg.inv(frames), np.float64)
        self._inverse[silent] = 0
        self.areas = np.linalg.norm(doubled_area_vectors(start, triangles), axis=1)
        """Doubled."""
        self.resting = RESTING * max(float(np.linalg.norm(np.ptp(start, axis=0))), 1e-30)
        """How far a vertex moves that holds the rest in its place."""
        self._factorise(len(start))

    def turned_and_stretched(self, places: Array) -> tuple[Array, Array]:
        """Each triangle's rotation vector (m, 3), of any length, and its stretch (m, 3, 3), which comes before it."""
        deformation = triangle_frames(places, self._triangles) @ self._inverse
        deformation[self._silent] = np.eye(3)
        left, sizes, right = np.linalg.svd(deformation)
        mirrored = np.linalg.det(left @ right) < 0
        left[mirrored, :, 2] *= -1
        sizes[mirrored, 2] *= -1
        own = len(deformation) - self._ties
        mesh, ties = np.split(self._triangles, [own])
        at = _at_vertices(mesh)
        part = face_parts(mesh, len(at))[1]
        joints = at[ties[:, [0, 1, 1, 2]].reshape(-1, 2)].T
        turns = _unwrapped((left @ right)[:own], mesh, self._silent[:own], part[mesh[:, 0]], joints)
        stretches = np.swapaxes(right, 1, 2) @ (sizes[:, :, None] * right)
        if not len(ties):
            return turns, stretches
        held = turns[_held_by(ties, at, part)]
        # Their own turn may be any where parts slide on each other.
        stretches[own:] = Rotation.from_rotvec(-held).as_matrix() @ deformation[own:]
        return np.concatenate([turns, held]), stretches

    def put_together(self, turns: Array, stretches: Array, straight: Array, hold: Array) -> Array:
        """The places at which the triangles are turned and stretched most nearly so.

        Each part of the mesh rests where it has ``straight`` in the mean, vertices counting as much as they ``hold``.
        """
        wanted = Rotation.from_rotvec(turns).as_matrix() @ stretches
        places = self._solver.solve(self._gather @ np.swapaxes(wanted, 1, 2).reshape(-1, 3))
        for axis in range(3):
            off = np.bincount(self._parts, hold * (straight - places)[:, axis])
            places[:, axis] += (off / np.bincount(self._parts, hold))[self._parts]
        return np.asarray(places)

    def _factorise(self, count: int) -> None:
        """One system for all that is put together; ``_gather`` collects the triangles' wishes at the vertices."""
        faces, inverse = len(self._triangles), self._inverse
        # A triangle's deformation acts on its two sides; its normal goes along.
        columns = np.stack([-inverse[:, 0] - inverse[:, 1], inverse[:, 0], inverse[:, 1]], 2)
        rows = np.repeat(3 * np.arange(faces)[:, None] + np.arange(3), 3, axis=1)
        corners = np.tile(self._triangles, (1, 3))
        values = columns.reshape(faces, 9)
        slopes = sparse.csr_array((values.ravel(), (rows.ravel(), corners.ravel())), shape=(3 * faces, count))
        self._gather = sparse.csr_array(slopes.T @ sparse.diags_array(np.repeat(self.areas / self.areas.mean(), 3)))
        system = sparse.csc_array(self._gather @ slopes)
        self._parts = connected_components(system, directed=False)[1]
        # A little more on the diagonal leaves each part's place open but solvable; it is settled afterwards.
        self._solver = definite_solver(system + 1e-9 * system.diagonal().mean() * sparse.eye_array(count))


def slender(vertices: Array, triangles: Numbers) -> NDArray[np.bool_]:
    """Which triangles are needles: how they are deformed says nothing."""
    sides = vertices[triangles] - vertices[np.roll(triangles, 1, axis=1)]
    doubled = np.linalg.norm(doubled_area_vectors(vertices, triangles), axis=1)
    return np.asarray(doubled <= NEEDLE * (sides**2).sum((1, 2)))


def triangle_frames(vertices: Array, triangles: Numbers) -> Array:
    """Two sides of each triangle and its normal, as columns; the normal as long as the sides are on average."""
    a, b, c = vertices[triangles].transpose(1, 0, 2)
    normal = np.cross(b - a, c - a)
    doubled = np.linalg.norm(normal, axis=1, keepdims=True)
    normal = normal / np.maximum(doubled, 1e-30) * np.sqrt(np.maximum(doubled, 1e-30))
    return np.asarray(np.stack([b - a, c - a, normal], 2), np.float64)


def _held_by(ties: Numbers, at: Numbers, part: Numbers) -> Numbers:
    """For each tie a triangle of the part that has two of its corners, at one of them.

    Given a triangle at each vertex, and the part that it is of.
    """
    of_first = part[ties[:, 0]] == part[ties[:, 2]]
    return np.asarray(at[np.where(of_first, ties[:, 0], ties[:, 1])])


def _at_vertices(mesh: Numbers) -> Numbers:
    """For each vertex one of the triangles about it."""
    at = np.zeros(int(mesh.max()) + 1, np.int64)
    at[mesh.ravel()] = np.repeat(np.arange(len(mesh)), 3)
    return at


def _unwrapped(turns: Array, triangles: Numbers, silent: NDArray[np.bool_], part: Numbers, joints: Numbers) -> Array:
    """Rotation vectors, of any length, such that neighbouring triangles differ as little as can be.

    A limb that has turned by more than half a turn goes on turning the way that its neighbours do, and a part the way
    that what it is tied to does. Silent triangles have no turn of their own. ``joints`` are pairs of triangles that are
    tied, and each triangle is of a ``part``.
    """
    vectors = Rotation.from_matrix(turns).as_rotvec()
    adjacency, _ = igl.triangle_triangle_adjacency(np.asarray(triangles, np.int64))
    first, side = np.nonzero(adjacency >= 0)
    links = np.stack([first, adjacency[first, side]])
    first, second = np.unique(np.concatenate([links, joints], axis=1), axis=1)
    between = np.einsum("nij,nij->n", turns[first], turns[second])
    angles = np.arccos(((between - 1) / 2).clip(-1, 1)) + LEAST_ANGLE
    angles[silent[first] | silent[second]] = np.pi
    angles[part[first] != part[second]] += 2 * np.pi
    count = len(triangles)
    graph = sparse.csr_array((angles, (first, second)), shape=(count, count))
    tree = minimum_spanning_tree(graph)
    groups = connected_components(tree, directed=False)[1]
    size = np.linalg.norm(vectors, axis=1)
    for group in range(int(groups.max()) + 1):
        members = np.flatnonzero(groups == group)
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
