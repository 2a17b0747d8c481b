"""Poses of one mesh blended by their triangles' turns and stretches, not by places; knows no network and no file.

Every triangle's way from a middle pose to another one is a turn after a stretch. Mixed poses have mixed rotation
vectors and mixed stretches, and one linear system, factorised once for all, puts the triangles together again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..poses.triangle_deformations import TriangleDeformations, slender

Array = NDArray[np.float64]
Numbers = NDArray[np.integer]


class BlendedPoses:
    """Mixtures of poses (k, n, 3) of one mesh whose every vertex has a triangle."""

    def __init__(self, poses: Array, triangles: Numbers) -> None:
        self._poses, triangles = poses, np.asarray(triangles, np.int64)
        middle = poses.mean(0)
        start = poses[int(((poses - middle) ** 2).sum((1, 2)).argmin())]
        silent = np.any([slender(places, triangles) for places in poses], axis=0)
        self._deformations = TriangleDeformations(start, triangles, silent)
        ways = [self._deformations.turned_and_stretched(places) for places in poses]
        self._turns, self._stretches = (np.stack(part) for part in zip(*ways, strict=True))
        self._weight = np.sqrt(self._deformations.areas / self._deformations.areas.sum())
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

    def _solved(self, weights: Array) -> Array:
        turns, stretches = (np.tensordot(weights, each, 1) for each in (self._turns, self._stretches))
        straight = np.tensordot(weights, self._poses, 1)
        spread = np.tensordot(weights, ((self._poses - straight) ** 2).sum(2), 1)
        hold = 1 / (spread + self._deformations.resting**2)
        return self._deformations.put_together(turns, stretches, straight, hold)
