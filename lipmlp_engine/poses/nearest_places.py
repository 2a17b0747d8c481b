"""What of a surface is nearest to points, as shares of triangles' corners; knows no pose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..looks.barycentric import barycentric
from ..shapes.distance import DistanceField

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Nearest:
    """One place of a surface for each point."""

    places: Array
    distances: Array
    corners: NDArray[np.int64]
    """The three vertices about it."""
    shares: Array
    """Of these."""

    def of(self, values: Array) -> Array:
        """Values that are known at the surface's vertices."""
        return np.asarray(np.einsum("nc,ncd->nd", self.shares, values[self.corners]))


def nearest_of(vertices: Array, triangles: NDArray[np.integer], points: Array) -> Nearest:
    """What of a surface is nearest to points."""
    triangle, found, distances = DistanceField(vertices, np.asarray(triangles, np.int32)).closest(points)
    corners, places = np.asarray(triangles, np.int64)[triangle], np.asarray(found, np.float64)
    shares = barycentric(places, np.asarray(vertices, np.float64)[corners])
    return Nearest(places, np.asarray(distances, np.float64), corners, shares)
