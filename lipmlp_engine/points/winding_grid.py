"""The winding number of an oriented cloud on a regular grid, by fast Fourier transform; knows nothing of meshes.

Each point is a piece of wall: across it the number falls by one from the inside to the outside. The walls are spread
over the corners of the grid's cells, and the number is what Poisson's equation makes of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import map_coordinates

from ..machine.cores import usable_cores

Array = NDArray[np.float64]

MARGIN = 0.2
"""Empty space around the cloud, as a share of its longest side: the transform repeats the grid on all sides. Chosen."""
ON_A_WALL = 0.25
"""How far from a half the winding number may be on a wall. Chosen."""
MOST_CORNERS = 24_000_000
"""Corners of the grid, beyond which its cells are made larger. Chosen: a field of them takes 0.1 GB."""


class WindingGrid:
    """A grid around a cloud, cells along its longest side."""

    def __init__(self, points: Array, cell: float, threads: int = 0, share: float = MARGIN) -> None:
        low, high = points.min(axis=0), points.max(axis=0)
        margin = max(share * float((high - low).max()), 6 * cell)
        self.cell = cell
        self.low: Array = low - margin
        self.shape = tuple(fft.next_fast_len(int(np.ceil(side / cell)), real=True) for side in high - low + 2 * margin)
        self._workers = threads or usable_cores()

    def solve(self, points: Array, walls: Array, blur: float) -> NDArray[np.float32]:
        """The winding number at every corner; ``walls`` are normals times areas, ``blur`` is in cells."""
        index, share = self._shares(points)
        share /= self.cell**3
        waves = np.meshgrid(
            *(2 * np.pi * fft.fftfreq(n).astype(np.float32) for n in self.shape[:2]),
            2 * np.pi * fft.rfftfreq(self.shape[2]).astype(np.float32),
            indexing="ij",
            sparse=True,
        )
        size = int(np.prod(self.shape))
        total: NDArray[np.complex64] | None = None
        for axis, wave in enumerate(waves):
            spread = np.bincount(index, share * np.tile(walls[:, axis], 8), size).astype(np.float32)
            term = fft.rfftn(spread.reshape(self.shape), workers=self._workers, overwrite_x=True)
            term *= wave
            total = term if total is None else total + term
        assert total is not None
        square = waves[0] ** 2 + waves[1] ** 2 + waves[2] ** 2
        square[0, 0, 0] = 1
        total *= 1j * self.cell * np.exp(-0.5 * blur**2 * square) / square
        number = fft.irfftn(total, self.shape, workers=self._workers, overwrite_x=True)
        # Far away from everything the number is none.
        return np.asarray(number - np.median(number[0]), np.float32)

    def spread(self, points: Array, amounts: Array) -> NDArray[np.float32]:
        """What the points hold, shared out among the corners of the cells that they lie in."""
        index, share = self._shares(points)
        held = np.bincount(index, share * np.tile(amounts, 8), int(np.prod(self.shape)))
        return np.asarray(held.reshape(self.shape), np.float32)

    def _shares(self, points: Array) -> tuple[NDArray[np.int64], Array]:
        """For each of the eight corners about every point, one after another, its number and its share."""
        place = (points - self.low) / self.cell
        base = np.floor(place).astype(np.int64)
        part = place - base
        corners, shares = [], []
        for corner in range(8):
            offset = np.array([corner & 1, corner >> 1 & 1, corner >> 2 & 1])
            corners.append(np.ravel_multi_index(tuple((base + offset).T), self.shape))
            shares.append(np.prod(np.where(offset, part, 1 - part), axis=1))
        return np.concatenate(corners), np.concatenate(shares)

    def places(self, corners: NDArray[np.int64]) -> Array:
        """Where the corners of those numbers are."""
        return np.stack(np.unravel_index(corners, self.shape), axis=1) * self.cell + self.low

    def at(self, values: NDArray[np.float32], points: Array) -> NDArray[np.float32]:
        """The grid's values at points within it."""
        return np.asarray(map_coordinates(values, ((points - self.low) / self.cell).T, order=1, mode="nearest"))


def within(points: Array, cell: float) -> WindingGrid:
    """A grid no larger than the points ask for, for values that were found on another."""
    return WindingGrid(points, cell, share=0.0)


def grid_about(points: Array, cell: float, finest: int, threads: int = 0) -> WindingGrid:
    """A grid with cells of about that size, but not more than ``finest`` along the longest side, nor more than fit."""
    cell = max(cell, float(np.ptp(points, axis=0).max()) / finest)
    grid = WindingGrid(points, cell, threads)
    while np.prod(grid.shape, dtype=np.float64) > MOST_CORNERS:
        cell *= 1.1
        grid = WindingGrid(points, cell, threads)
    return grid


def summed_number(places: Array, points: Array, walls: Array) -> Array:
    """The winding number at places, summed over all points: exact where a grid is too coarse, and slow."""
    number = np.empty(len(places))
    for row, place in enumerate(places):
        step = points - place
        cube = np.einsum("ij,ij->i", step, step) ** 1.5
        number[row] = (np.einsum("ij,ij->i", walls, step) / np.where(cube > 0, cube, np.inf)).sum()
    return number / (4 * np.pi)


def share_on_walls(asked: Array, points: Array, walls: Array) -> float:
    """The share of the places asked, which are on walls, at which the winding number is about what it is on one."""
    return float((np.abs(summed_number(asked, points, walls) - 0.5) < ON_A_WALL).mean())
