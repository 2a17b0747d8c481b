"""Where a point lies in a triangle, as shares of the triangle's corners. Knows nothing of shapes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def barycentric(points: NDArray[np.float64], corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights (n, 3) of triangles' corners (n, 3, 3) at points (n, 3) in them; of a degenerate one, its first."""
    one, other = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    offset = points - corners[:, 0]
    a, b, c = (np.einsum("ij,ij->i", *pair) for pair in ((one, one), (one, other), (other, other)))
    d, e = np.einsum("ij,ij->i", offset, one), np.einsum("ij,ij->i", offset, other)
    area = a * c - b * b
    proper = area > 1e-14 * a * c
    area = np.where(proper, area, 1.0)
    second = np.where(proper, (c * d - b * e) / area, 0.0)
    third = np.where(proper, (a * e - b * d) / area, 0.0)
    weights = np.clip(np.stack((1 - second - third, second, third), 1), 0.0, None)
    return np.asarray(weights / weights.sum(1, keepdims=True))
