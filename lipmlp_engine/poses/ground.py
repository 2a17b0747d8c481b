"""A surface that meshes are laid onto: what of it is nearest, how it faces there, places all over it; moves none."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..looks.barycentric import barycentric
from ..shapes.distance import DistanceField
from ..shapes.shape import vertex_normals
from .stand_in_mesh import StandIn

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Ground:
    """Its ``samples`` are places spread over it."""

    vertices: Array
    triangles: NDArray[np.integer]
    samples: Array
    field: DistanceField

    @classmethod
    def of(cls, surface: StandIn) -> Ground:
        """An even mesh, of which the vertices are the samples."""
        vertices, triangles = surface.vertices, surface.triangles
        return cls(vertices, triangles, vertices, DistanceField(vertices, triangles))

    def nearest(self, points: Array) -> tuple[Array, Array]:
        """The nearest point of the surface to each point, and the surface's smooth normal there."""
        triangle, place, _ = self.field.closest(points)
        corners = self.triangles[triangle]
        shares = barycentric(place.astype(np.float64), self.vertices[corners])
        normals = np.einsum("nc,ncj->nj", shares, self._normals[corners])
        return place, np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30))

    @cached_property
    def _normals(self) -> Array:
        return vertex_normals(self.vertices, self.triangles)
