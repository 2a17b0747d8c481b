"""A shape's signed distance in world space, exact in single precision wherever the shape lies and however large it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..shapes.distance import DistanceField
from ..shapes.shape import Shape


class WorldField:
    """Measures in a frame of the shape's own, so that a shape far from the origin or a tiny one loses no digits."""

    def __init__(self, shape: Shape, device: str = "cpu", threads: int = 0) -> None:
        low, high = shape.vertices.min(0), shape.vertices.max(0)
        self._centre = (low + high) / 2
        self._scale = float((high - low).max()) / 2
        self._local = DistanceField(self._to_local(shape.vertices), shape.triangles, device=device, threads=threads)

    def signed(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance in world units, negative inside."""
        return np.asarray(self._local.signed(self._to_local(points)), np.float64) * self._scale

    def _to_local(self, points: NDArray[np.float64]) -> NDArray[np.float32]:
        return ((np.asarray(points, np.float64) - self._centre) / self._scale).astype(np.float32)
