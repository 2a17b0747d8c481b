"""A shape: the triangles of one end of a morph in world space. Knows nothing of files, fields or training."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..points.cloud import Cloud


@dataclass
class Shape:
    """A triangle surface with an inside; made by ``load_shapes``, not changed afterwards."""

    name: str
    vertices: NDArray[np.float64]
    """(n, 3), world units."""
    triangles: NDArray[np.int32]
    """(m, 3), counter-clockwise seen from outside."""
    colors: NDArray[np.float32] | None = None
    """(n, 4) RGBA."""
    materials: NDArray[np.int32] | None = None
    """(m,), the material slot of each triangle."""
    closed: bool = True
    """False where the surface has holes and only the winding number says what is inside."""
    matrix: NDArray[np.float64] = field(default_factory=lambda: np.eye(4))
    """How the job's placement moved the shape: columns act on world points as the file has them."""
    notes: list[str] = field(default_factory=list)
    """What was done to the shape while it was read, a sentence each."""
    cloud: Cloud | None = None
    """The points of a shape that has no triangles yet; ``prepare`` finds the surface through them."""

    @cached_property
    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lowest and highest corner of the bounding box."""
        return self.vertices.min(axis=0), self.vertices.max(axis=0)

    @property
    def centre(self) -> NDArray[np.float64]:
        """Middle of the bounding box."""
        low, high = self.bounds
        return np.asarray((low + high) / 2)

    @property
    def diagonal(self) -> float:
        """Length of the bounding box's diagonal."""
        low, high = self.bounds
        return float(np.linalg.norm(high - low))

    @cached_property
    def volume(self) -> float:
        """Enclosed volume; for a surface with holes, that of the cones to the centre."""
        return signed_volume(self.vertices, self.triangles)

    @cached_property
    def area(self) -> float:
        return float(triangle_areas(self.vertices, self.triangles).sum())


def triangle_areas(vertices: NDArray[np.floating], triangles: NDArray[np.integer]) -> NDArray[np.float64]:
    """The area of every triangle."""
    return np.asarray(np.linalg.norm(doubled_area_vectors(vertices, triangles), axis=1) / 2)


def doubled_area_vectors(vertices: NDArray[np.floating], triangles: NDArray[np.integer]) -> NDArray[np.float64]:
    """For every triangle the vector along its normal that is twice as long as the triangle is large."""
    a, b, c = (np.asarray(vertices[triangles[:, corner]], np.float64) for corner in range(3))
    return np.asarray(np.cross(b - a, c - a))


def unit_normals(vertices: NDArray[np.floating], triangles: NDArray[np.integer]) -> NDArray[np.float64]:
    """Each triangle's normal; zero for one without area."""
    normals = doubled_area_vectors(vertices, triangles)
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30))


def signed_volume(vertices: NDArray[np.floating], triangles: NDArray[np.integer]) -> float:
    """Enclosed volume, negative where the triangles face inwards."""
    return float(volume_shares(vertices, triangles).sum())


def volume_shares(vertices: NDArray[np.floating], triangles: NDArray[np.integer]) -> NDArray[np.float64]:
    """Signed volume of the cone from the surface's middle to every triangle."""
    if len(triangles) == 0:
        return np.zeros(0)
    used = vertices[triangles]
    # About the middle, so that a shape far from the origin loses no digits.
    middle = (used.min(axis=(0, 1)) + used.max(axis=(0, 1))) / 2
    local = np.asarray(vertices, np.float64) - middle
    return np.asarray(
        np.einsum("ij,ij->i", local[triangles[:, 0]], np.cross(local[triangles[:, 1]], local[triangles[:, 2]])) / 6
    )
