"""Poses of one mesh as rows of numbers in which a limb that swings goes straight: its triangles' turns and stretches.

A mixture of rows is a mixture of turns and stretches, and one linear system, factorised once, makes a mesh of it. Knows
no network and no file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..poses.triangle_deformations import TriangleDeformations, slender
from ..shapes.mesh_topology import face_parts

SMALLEST = 1e-4
"""Of the first axis' spread: less is left out. Chosen."""
MOST_AXES = 120
"""Of the basis. Chosen."""
ASKED = 6
"""Poses about which it is asked how far a step along an axis moves the vertices. Chosen."""
STEP = 0.05
"""Of an axis' spread, for that. Chosen."""
STRETCHED = np.array([(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)])
"""The entries of a stretch that say it all. Chosen."""

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class DeformedMesh:
    """The mesh that is turned and stretched: ``start`` (n, 3), in units of its size, and its triangles."""

    start: Array
    triangles: Numbers
    silent: NDArray[np.bool_]
    """Triangles that are needles in a pose: how they turn says nothing."""
    hold: Array
    """(n,), how much each vertex counts where the mesh as a whole is put down."""

    @classmethod
    def of_poses(cls, poses: Array, triangles: Numbers) -> DeformedMesh:
        middle = poses.mean(0)
        apart = ((poses - middle) ** 2).sum(2)
        size = float(np.linalg.norm(np.ptp(middle[np.unique(triangles)], axis=0)))
        silent = np.any([slender(places, triangles) for places in poses], axis=0)
        return cls(poses[int(apart.sum(1).argmin())], triangles, silent, 1 / (apart.mean(0) + 4e-4 * size**2))

    @cached_property
    def used(self) -> Numbers:
        return np.unique(self.triangles)

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return 9 * len(self.triangles) + 3 * self._parts[0] + 3 * len(self._idle)

    def rows(self, poses: Array) -> Array:
        """Turns and stretches of poses (b, n, 3), each as weighty as its triangle is large; and where parts are."""
        found = []
        for places in poses:
            turns, stretches = self._deformations.turned_and_stretched(places[self.used])
            six = stretches[:, STRETCHED[:, 0], STRETCHED[:, 1]] * self._doubled
            parts = self._part_means(places[self.used])
            pieces = (turns * self._weight, six * self._weight, parts, places[self._idle])
            found.append(np.concatenate([piece.ravel() for piece in pieces]))
        return np.stack(found)

    def meshes(self, rows: Array) -> Array:
        """The poses (b, n, 3) that rows stand for."""
        count, parts = len(self.triangles), self._parts[0]
        made = np.empty((len(rows), *self.start.shape))
        for places, row in zip(made, rows, strict=True):
            turns, six, means, idle = np.split(row, np.cumsum([3 * count, 6 * count, 3 * parts]))
            stretches = self.stretches(six)
            straight = means.reshape(-1, 3)[self._parts[1]]
            turns = turns.reshape(-1, 3) / self._weight
            places[self.used] = self._deformations.put_together(turns, stretches, straight, self.hold[self.used])
            places[self._idle] = idle.reshape(-1, 3)
        return made

    def stretches(self, six: Array) -> Array:
        """Matrices (m, 3, 3) out of the part of a row that holds stretches."""
        entries = six.reshape(-1, 6) / self._weight / self._doubled
        made = np.empty((len(entries), 3, 3))
        for (row, column), values in zip(STRETCHED, entries.T, strict=True):
            made[:, row, column] = made[:, column, row] = values
        return made

    def numbered(self, vertices: Numbers) -> Numbers:
        """Numbers of vertices among those that a triangle has."""
        return np.searchsorted(self.used, vertices)

    @cached_property
    def _deformations(self) -> TriangleDeformations:
        return TriangleDeformations(self.start[self.used], self.numbered(self.triangles), self.silent)

    @cached_property
    def _weight(self) -> Array:
        areas = self._deformations.areas
        return np.asarray(np.sqrt(np.maximum(areas, 1e-9 * areas.mean()) / areas.sum())[:, None])

    @cached_property
    def _doubled(self) -> Array:
        """Entries beside the diagonal stand for two."""
        return np.sqrt(np.where(STRETCHED[:, 0] == STRETCHED[:, 1], 1.0, 2.0))

    @cached_property
    def _parts(self) -> tuple[int, Numbers]:
        return face_parts(self.numbered(self.triangles), len(self.used))

    @cached_property
    def _idle(self) -> Numbers:
        return np.setdiff1d(np.arange(len(self.start)), self.used)

    def _part_means(self, places: Array) -> Array:
        count, part = self._parts
        hold = self.hold[self.used]
        sums = np.stack([np.bincount(part, hold * places[:, axis], count) for axis in range(3)], 1)
        return np.asarray(sums / np.bincount(part, hold, count)[:, None])


@dataclass(frozen=True)
class DeformationBasis:
    """Axes along which rows differ: a pose is a few coordinates."""

    mesh: DeformedMesh
    middle: Array
    axes: Array
    """(k, width), orthonormal."""
    nearness: Array
    """(k, k): a step's square in it is the mean square of how far vertices move, about several poses."""

    def coordinates(self, poses: Array) -> Array:
        return np.asarray((self.mesh.rows(poses) - self.middle) @ self.axes.T)

    def meshes(self, coordinates: Array) -> Array:
        return self.mesh.meshes(coordinates @ self.axes + self.middle)


def basis_of(poses: Array, triangles: Numbers) -> tuple[DeformationBasis, Array]:
    """The basis that poses (k, n, 3) span, and their coordinates."""
    mesh = DeformedMesh.of_poses(poses, triangles)
    rows = mesh.rows(poses)
    middle = rows.mean(0)
    rows -= middle
    values, vectors = np.linalg.eigh(rows @ rows.T)
    order = np.argsort(values)[::-1][:MOST_AXES]
    sizes = np.sqrt(np.maximum(values[order], 0))
    kept = sizes > SMALLEST * sizes[0]
    axes = (vectors[:, order[kept]] / sizes[kept]).T @ rows
    coordinates = rows @ axes.T
    asked = coordinates[np.unique(np.linspace(0, len(poses) - 1, ASKED).astype(int))]
    nearness = np.zeros((len(axes), len(axes)))
    steps = STEP * np.maximum(coordinates.std(0), 1e-12)
    for place in asked:
        here = mesh.meshes((place @ axes + middle)[None])[0]
        there = mesh.meshes((place + np.diag(steps)) @ axes + middle)
        moved = ((there - here) / steps[:, None, None]).reshape(len(axes), -1)
        nearness += moved @ moved.T / poses.shape[1] / len(asked)
    return DeformationBasis(mesh, middle, axes, nearness), coordinates
