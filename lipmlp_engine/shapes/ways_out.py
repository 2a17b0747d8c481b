"""Which ways from a place lead out of everything, and which end at a wall; knows not what is asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .distance import DistanceField

DIRECTIONS = 64
"""In which walls are looked for, if no other number is asked for. Chosen."""


def directions(count: int = DIRECTIONS) -> NDArray[np.float64]:
    """Unit vectors spread evenly over the sphere, on a spiral of golden angles, (count, 3)."""
    steps = (np.arange(count) + 0.5) / count
    height, turn = 1 - 2 * steps, np.pi * (1 + np.sqrt(5)) * count * steps
    ring = np.sqrt(1 - height**2)
    return np.stack([ring * np.cos(turn), ring * np.sin(turn), height], axis=1)


def leading_out(field: DistanceField, points: NDArray[np.float64], count: int = DIRECTIONS) -> NDArray[np.bool_]:
    """For each point (n, 3) whether there is no wall in each of the directions, (n, count)."""
    ways = np.tile(directions(count), (len(points), 1))
    reach, _ = field.walls_ahead(np.repeat(points, count, axis=0), ways)
    return np.isinf(reach).reshape(len(points), count)
