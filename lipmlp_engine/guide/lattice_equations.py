"""The linear equations of a flow on a lattice: elasticity of its velocities, and what is asked of them at places.

Knows neither who asks nor how the flow moves anything.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from .velocity_lattice import EXTENT

REGULAR = 1e-8
"""Added to the diagonal: velocities that nothing asks for are nought. Chosen."""
PLACE = 1e-30
"""Keeps a place in the matrix for each two corners of a cell, whatever elasticity makes of them. Follows from its use:
beside anything but nought it is rounded away."""

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


class LatticeEquations:
    """Of velocities at the nodes of a lattice, all of an axis together, one axis after the other."""

    def __init__(self, nodes: int, volume_weight: float, bending_weight: float) -> None:
        """Elastic energy is |deviatoric strain|² + volume_weight · (div v)² + bending_weight · |Δv|², integrated.

        Translation and rotation cost nothing, so that what can move as a stiff body does.
        """
        self._nodes, self._spacing = nodes, 2 * EXTENT / (nodes - 1)
        ends = np.eye(nodes)
        self._sides = (ends[1:] + ends[:-1]) / 2, (ends[1:] - ends[:-1]) / self._spacing
        """Averages and differences along an axis."""
        self._elastic = self._energy(volume_weight, bending_weight)
        self._rows = np.repeat(np.arange(3 * nodes**3), np.diff(self._elastic.indptr))
        self._diagonal = np.flatnonzero(self._elastic.indices == self._rows)
        self._steps, self._beside = self._places()
        self._load = volume_weight * self._growth()

    def system(
        self, stiffness: float, places: Array, velocities: Array, weights: Array, divergence: float
    ) -> tuple[sparse.csr_array, Array]:
        """Matrix and right side for velocities at places, each as much as it weighs, of an elastic flow.

        Its volume grows evenly by ``divergence``, as far as that is worth.
        """
        interpolation = self.interpolation(places)
        weighted = sparse.csr_array(interpolation.T @ sparse.diags_array(weights))
        asked = sparse.csr_array(weighted @ interpolation)
        # All but what is asked is known, and has its place.
        data = stiffness * self._elastic.data
        data[self._diagonal] += REGULAR
        rows = np.repeat(np.arange(self._nodes**3), np.diff(asked.indptr))
        steps = self._steps[asked.indices - rows]
        for beside in self._beside:
            data[beside[rows, steps]] += asked.data
        matrix = sparse.csr_array((data, self._elastic.indices, self._elastic.indptr), shape=self._elastic.shape)
        return matrix, (weighted @ velocities).T.ravel() + stiffness * divergence * self._load

    def diagonal(self, matrix: sparse.csr_array) -> Array:
        """Of the matrix of such a system."""
        return np.asarray(matrix.data[self._diagonal])

    def interpolation(self, points: Array) -> sparse.csr_array:
        """The matrix that takes nodal values to values at points, (points, nodes³)."""
        n = self._nodes
        place = ((points + EXTENT) / self._spacing).clip(0, n - 1 - 1e-9)
        cell = place.astype(np.int32)
        x, y, z = np.stack([1 - (place - cell), place - cell], 2).transpose(1, 0, 2)
        weights = x[:, :, None, None] * y[:, None, :, None] * z[:, None, None, :]
        corners = np.array([(i * n + j) * n + k for i, j, k in product((0, 1), repeat=3)], np.int32)
        columns = ((cell[:, 0] * n + cell[:, 1]) * n + cell[:, 2])[:, None] + corners
        starts = np.arange(0, 8 * len(points) + 1, 8, dtype=np.int32)
        return sparse.csr_array((weights.ravel(), columns.ravel(), starts), shape=(len(points), n**3))

    def _energy(self, volume_weight: float, bending_weight: float) -> sparse.csr_array:
        sides = [[a.T @ b for b in self._sides] for a in self._sides]
        pairs = {(i, j): _cubic([sides[k == i][k == j] for k in range(3)]) for i in range(3) for j in range(i, 3)}
        pairs |= {(j, i): sparse.csr_array(found.T) for (i, j), found in pairs.items()}
        own = 0.5 * (pairs[0, 0] + pairs[1, 1] + pairs[2, 2]) + bending_weight * self._bending()
        blocks = [[0.5 * pairs[j, i] + (volume_weight - 1 / 3) * pairs[i, j] for j in range(3)] for i in range(3)]
        for axis in range(3):
            blocks[axis][axis] = blocks[axis][axis] + own + PLACE * _cubic([sides[0][0]] * 3)
        energy = sparse.csr_array(sparse.block_array(blocks, format="csr") * self._spacing**3)
        energy.sort_indices()
        return energy

    def _bending(self) -> sparse.csr_array:
        second, whole = np.diff(np.eye(self._nodes), 2, axis=0) / self._spacing**2, np.eye(self._nodes)
        axes = [_cubic([second.T @ second if k == axis else whole for k in range(3)]) for axis in range(3)]
        return axes[0] + axes[1] + axes[2]

    def _growth(self) -> Array:
        """What draws (div v)² towards (div v − 1)²."""
        average, difference = (side.sum(0) for side in self._sides)
        axes = [[difference if k == axis else average for k in range(3)] for axis in range(3)]
        return np.concatenate([np.einsum("i,j,k->ijk", *along).ravel() for along in axes]) * self._spacing**3

    def _places(self) -> tuple[Numbers, list[Numbers]]:
        """Where it stands in the matrix what a node has to do with those beside it.

        By the difference of two nodes' numbers, which may be negative, the number of the step from one to the other;
        and for each axis the places, (nodes³, steps).
        """
        n, count = self._nodes, self._nodes**3
        differences = [(i * n + j) * n + k for i, j, k in product((-1, 0, 1), repeat=3)]
        steps = np.full(2 * max(differences) + 1, -1)
        steps[differences] = np.arange(len(differences))
        beside = []
        for first in range(0, 3 * count, count):
            begin, end = self._elastic.indptr[[first, first + count]]
            rows, columns = self._rows[begin:end] - first, self._elastic.indices[begin:end] - first
            near = np.flatnonzero((columns >= 0) & (columns < count) & (np.abs(columns - rows) <= max(differences)))
            near = near[steps[(columns - rows)[near]] >= 0]
            places = np.full((count, len(differences)), -1)
            places[rows[near], steps[(columns - rows)[near]]] = near + begin
            beside.append(places)
        return steps, beside


def _cubic(axes: list[Array]) -> sparse.csr_array:
    """What is done along three axes of a lattice, to all of it."""
    x, y, z = (sparse.csr_array(axis) for axis in axes)
    return sparse.csr_array(sparse.kron(sparse.kron(x, y, "csr"), z, "csr"))
