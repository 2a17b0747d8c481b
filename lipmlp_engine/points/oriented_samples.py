"""Oriented samples of a surface: what every way through a cloud leads to."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass
class Samples:
    """Points on the surface with their normals outwards."""

    points: Array
    normals: Array
    spacing: Array
    """(n,), the side of the square of surface that is a sample's own."""
    noise: float
    """How far the planes of one sheet may lie apart, world units."""
    area: Array | None = None
    """(n,), how much surface a sample stands for; the square of the spacing where nothing else is said."""

    seen: Array | None = None
    """(n, 3), where the samples were before they were moved onto a surface; the same where nothing else is said."""
    thin: NDArray[np.bool_] | None = None
    """(n,), which of them are of walls in noise whose two sides are close to each other; none where nothing is said."""

    @property
    def walls(self) -> Array:
        """Normals as long as the samples' areas."""
        return self.normals * (self.spacing**2 if self.area is None else self.area)[:, None]

    def taken(self, kept: NDArray[np.bool_]) -> Samples:
        """Those samples alone."""
        return replace(
            self,
            points=self.points[kept],
            normals=self.normals[kept],
            spacing=self.spacing[kept],
            area=None if self.area is None else self.area[kept],
            seen=None if self.seen is None else self.seen[kept],
            thin=None if self.thin is None else self.thin[kept],
        )

    def joined(self, points: Array, normals: Array, spacing: float) -> Samples:
        """These samples and others, which stand for as much surface each as their spacing says."""
        more = np.full(len(points), spacing)
        area = self.spacing**2 if self.area is None else self.area
        return replace(
            self,
            points=np.concatenate([self.points, points]),
            normals=np.concatenate([self.normals, normals]),
            spacing=np.concatenate([self.spacing, more]),
            area=np.concatenate([area, more**2]),
            seen=None if self.seen is None else np.concatenate([self.seen, points]),
            thin=None if self.thin is None else np.concatenate([self.thin, np.zeros(len(points), np.bool_)]),
        )
