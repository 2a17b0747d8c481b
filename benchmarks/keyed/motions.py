"""Motions whose every position is known, by the share of the way."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ..inbetweens import solids

Array = NDArray[np.float64]


def translated(points: Array, share: float) -> Array:
    return points + share * np.array([1.5, 0.4, 0.0])


def scaled(points: Array, share: float) -> Array:
    return points * 1.6**share


def turned(points: Array, share: float) -> Array:
    return Rotation.from_rotvec(share * np.pi / 2 * np.array([1.0, 2.0, 2.0]) / 3).apply(points)


def turned_in_place(points: Array, share: float) -> Array:
    centre = solids.club().center_mass
    return turned(points - centre, share) + centre


def bent(points: Array, share: float) -> Array:
    """The x axis becomes an arc that spans 90° at the end; lengths along it are kept."""
    if share == 0:
        return points.copy()
    curvature = share * np.pi / 2 / 1.2
    angle, radius = points[:, 0] * curvature, 1 / curvature - points[:, 1]
    return np.stack([radius * np.sin(angle), 1 / curvature - radius * np.cos(angle), points[:, 2]], 1)


MOTIONS: dict[str, tuple[Callable[[Array, float], Array], float]] = {
    "translated": (translated, 1.0),
    "scaled": (scaled, 1.0),
    "turned": (turned, 3.0),
    "turned-in-place": (turned_in_place, 3.0),
    "bent": (bent, float("nan")),
}
"""Known motions, and within how many % of the diagonal their true positions are to be met."""
