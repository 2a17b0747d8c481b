"""Poses of one mesh blended by their triangles' turns and stretches, not by places; knows no network and no file.

Every triangle's way from a middle pose to another one is a turn after a stretch. Mixed poses have mixed rotation
vectors and mixed stretches, and one linear system, factorised once for all, puts the triangles together again.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu
from scipy.spatial.transform import Rotation

from ..poses.length_keeping import unwrapped
from ..shapes.shape import doubled_area_vectors

NEEDLE = 1e-4
"""Doubled area, as a share of the sides' squares, up to which a triangle's turn says nothing."""
RESTING = 0.02
"""Of the mesh's size: what moves less holds the rest in its place."""

Array = NDArray[np.float64]
Numbers = NDArray[np.integer]


class BlendedPoses:
    """Mixtures of poses (k, n, 3) of one mesh whose every vertex has a triangle."""

    def __init__(self, poses: Array, triangles: Numbers) -> None:
        self._poses, self._triangles = poses, np.asarray(triangles, np.int64)
        middle = poses.mean(0)
        start = poses[int(((poses - middle) ** 2).sum((1, 2)).argmin())]
        silent = np.any([_slender(places, self._triangles) for places in poses], axis=0)
        frames = _frames(start, self._triangles)
        frames[silent] = np.eye(3)
        inverse = np.asarray(np.linalg.inv(frames), np.float64)
        inverse[silent] = 0
        ways = [self._turned_and_stretched(places, inverse, silent) for places in poses]
        self._turns, self._stretches = (np.stack(part) for part in zip(*ways, strict=True))
        self._factorise(start, inverse)
        size = float(np.linalg.norm(np.ptp(start, axis=0)))
        self._rest = RESTING * max(size, 1e-30)
        identity = np.eye(len(poses))
        self._missing = np.stack([places - self._solved(row) for places, row in zip(poses, identity, strict=True)])

    def turned(self) -> Array:
        """How every pose is turned, (k, 3 m): rotation vectors, each as weighty as its triangle is large."""
        return np.asarray((self._turns * self._weight[:, None]).reshape(len(self._turns), -1))

    def stretched(self) -> Array:
        """The same for how it is stretched, (k, 9 m)."""
        return np.asarray((self._stretches * self._weight[:, None, None]).reshape(len(self._stretches), -1))

    def at(self, weights: Array) -> Array:
        """The mesh whose poses have these weights, which sum up to 1; each pose alone is exact."""
        return np.asarray(self._solved(weights) + np.tensordot(weights, self._missing, 1))

    def _turned_and_stretched(self, places: Array, inverse: Array, silent: NDArray[np.bool_]) -> tuple[Array, Array]:
        deformation = _frames(places, self._triangles) @ inverse
        deformation[silent] = np.eye(3)
        left, sizes, right = np.linalg.svd(deformation)
        mirrored = np.linalg.det(left @ right) < 0
        left[mirrored, :, 2] *= -1
        sizes[mirrored, 2] *= -1
        turns = unwrapped(left @ right, self._triangles, silent)
        return turns, np.swapaxes(right, 1, 2) @ (sizes[:, :, None] * right)

    def _factorise(self, start: Array, inverse: Array) -> None:
        count, faces = len(start), len(self._triangles)
        columns = np.stack([-inverse[:, 0] - inverse[:, 1], inverse[:, 0], inverse[:, 1]], 2)
        rows = np.repeat(3 * np.arange(faces)[:, None] + np.arange(3), 3, axis=1)
        corners = np.tile(self._triangles, (1, 3))
        values = columns.reshape(faces, 9)
        slopes = sparse.csr_array((values.ravel(), (rows.ravel(), corners.ravel())), shape=(3 * faces, count))
        areas = np.linalg.norm(doubled_area_vectors(start, self._triangles), axis=1)
        self._weight = np.sqrt(areas / areas.sum())
        self._gather = sparse.csr_array(slopes.T @ sparse.diags_array(np.repeat(areas / areas.mean(), 3)))
        system = sparse.csc_array(self._gather @ slopes)
        self._parts = connected_components(system, directed=False)[1]
        # A little more on the diagonal leaves each part's place open but solvable; it is settled afterwards.
        self._solver = splu(sparse.csc_matrix(system + 1e-9 * system.diagonal().mean() * sparse.eye_array(count)))

    def _solved(self, weights: Array) -> Array:
        turned = Rotation.from_rotvec(np.tensordot(weights, self._turns, 1)).as_matrix()
        wanted = turned @ np.tensordot(weights, self._stretches, 1)
        places = self._solver.solve(self._gather @ np.swapaxes(wanted, 1, 2).reshape(-1, 3))
        straight = np.tensordot(weights, self._poses, 1)
        spread = np.tensordot(weights, ((self._poses - straight) ** 2).sum(2), 1)
        hold = 1 / (spread + self._rest**2)
        for axis in range(3):
            off = np.bincount(self._parts, hold * (straight - places)[:, axis])
            places[:, axis] += (off / np.bincount(self._parts, hold))[self._parts]
        return np.asarray(places)


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
