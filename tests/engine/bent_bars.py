"""A bar, straight and bent: poses of one mesh whose lengths are known."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def straight_bar(thick: float = 0.1) -> tuple[Array, NDArray[np.int64]]:
    """A tube of 25 rings of 8 along x from −1.2 to 1.2, closed by a point at either end."""
    along, round_about = np.meshgrid(np.linspace(-1.2, 1.2, 25), np.arange(8) * np.pi / 4, indexing="ij")
    rings = np.stack([along, thick * np.cos(round_about), thick * np.sin(round_about)], -1).reshape(-1, 3)
    k, j = np.meshgrid(np.arange(24), np.arange(8), indexing="ij")
    a, b = (8 * k + j).ravel(), (8 * k + (j + 1) % 8).ravel()
    sides = np.concatenate([np.stack([a, a + 8, b + 8], 1), np.stack([a, b + 8, b], 1)])
    j = np.arange(8)
    caps = [np.stack([np.full(8, 200), j, (j + 1) % 8], 1), np.stack([np.full(8, 201), 192 + (j + 1) % 8, 192 + j], 1)]
    triangles = np.concatenate([sides, *caps])[:, ::-1]
    return np.vstack([rings, [[-1.2, 0, 0], [1.2, 0, 0]]]), np.ascontiguousarray(triangles)


def bent_bar(degrees: float, thick: float = 0.1) -> Array:
    """The bar with its middle line bent into part of a circle, evenly, in the plane of x and y."""
    places, _ = straight_bar(thick)
    turn = math.radians(degrees) / 2.4
    if abs(turn) < 1e-9:
        return places
    angle = places[:, 0] * turn
    middle = np.stack([np.sin(angle), 1 - np.cos(angle)], 1) / turn
    out = np.stack([-np.sin(angle), np.cos(angle)], 1)
    return np.concatenate([middle + places[:, 1:2] * out, places[:, 2:]], 1)
