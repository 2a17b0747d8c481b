"""Carries colours and material slots from the shapes onto a frame, by the closest point. Knows nothing about fields."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..shapes.distance import DistanceField
from ..shapes.shape import Shape


class Sources:
    """The shapes of a chain, ready to be asked for what lies closest; a search tree is made when first needed."""

    def __init__(self, shapes: Sequence[Shape], device: str = "cpu", threads: int = 0) -> None:
        self.shapes = list(shapes)
        self._device, self._threads = device, threads
        self._trees: dict[int, DistanceField] = {}

    def colors(self, index: int, points: NDArray[np.float64]) -> NDArray[np.float32]:
        """Colours (n, 4) of shape ``index`` at its points closest to the given ones, blended within the triangle."""
        shape = self.shapes[index]
        if shape.colors is None:
            raise ValueError(f"{shape.name} has no colours")
        triangle, nearest, _ = self._tree(index).closest(points)
        corners = shape.triangles[triangle]
        weights = barycentric(nearest.astype(np.float64), shape.vertices[corners])
        return np.asarray(np.einsum("nc,ncj->nj", weights, shape.colors[corners]), np.float32)

    def materials(self, index: int, points: NDArray[np.float64]) -> NDArray[np.int32]:
        """Material slots (n,) of shape ``index`` at its triangles closest to the points."""
        shape = self.shapes[index]
        if shape.materials is None:
            raise ValueError(f"{shape.name} has no materials")
        triangle, _, _ = self._tree(index).closest(points)
        return shape.materials[triangle].astype(np.int32)

    def _tree(self, index: int) -> DistanceField:
        if index not in self._trees:
            shape = self.shapes[index]
            self._trees[index] = DistanceField(shape.vertices, shape.triangles, self._device, self._threads)
        return self._trees[index]


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
