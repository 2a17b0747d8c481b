"""One closed surface and its elementary measures: volume, area, centroid. Knows nothing of time or of files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..files.mesh_frame import MeshFrame
from ..shapes.shape import Shape

Points = NDArray[np.float64]
Triangles = NDArray[np.int32]


@dataclass(frozen=True)
class Solid:
    """A triangle surface in world units, counter-clockwise seen from outside."""

    vertices: Points
    triangles: Triangles

    @classmethod
    def of_frame(cls, frame: MeshFrame) -> Solid:
        return cls(np.asarray(frame.vertices, np.float64).reshape(-1, 3), triangulated(frame.faces))

    @classmethod
    def of_shape(cls, shape: Shape) -> Solid:
        return cls(np.asarray(shape.vertices, np.float64), np.asarray(shape.triangles, np.int32))

    @property
    def empty(self) -> bool:
        return len(self.triangles) == 0

    @cached_property
    def diagonal(self) -> float:
        """Of the bounding box."""
        if self.empty:
            return 0.0
        return float(np.linalg.norm(self.vertices.max(axis=0) - self.vertices.min(axis=0)))

    @cached_property
    def _corners(self) -> tuple[Points, Points, Points]:
        """Relative to the middle of the bounding box, so that far-away solids lose no digits."""
        low, high = self.vertices.min(axis=0), self.vertices.max(axis=0)
        local = self.vertices - (low + high) / 2
        a, b, c = (local[self.triangles[:, corner]] for corner in range(3))
        return a, b, c

    @cached_property
    def face_normals(self) -> Points:
        """Unit normals; zero for degenerate triangles."""
        doubled = self._doubled_areas
        length = np.linalg.norm(doubled, axis=1, keepdims=True)
        normals: Points = np.divide(doubled, length, out=np.zeros_like(doubled), where=length > 0)
        return normals

    @cached_property
    def _doubled_areas(self) -> Points:
        if self.empty:
            return np.zeros((0, 3))
        a, b, c = self._corners
        return np.cross(b - a, c - a)

    @cached_property
    def face_areas(self) -> Points:
        areas: Points = np.linalg.norm(self._doubled_areas, axis=1) / 2
        return areas

    @cached_property
    def face_volumes(self) -> Points:
        """Each triangle's share of the enclosed volume, by the divergence theorem."""
        if self.empty:
            return np.zeros(0)
        volumes: Points = np.einsum("ij,ij->i", self._corners[0], self._doubled_areas) / 6
        return volumes

    @cached_property
    def area(self) -> float:
        return float(self.face_areas.sum())

    @cached_property
    def volume(self) -> float:
        return float(self.face_volumes.sum())

    @cached_property
    def vertex_areas(self) -> Points:
        """A third of the triangles around each vertex."""
        thirds = np.repeat(self.face_areas / 3, 3)
        return np.bincount(self.triangles.ravel(), thirds, len(self.vertices)).astype(np.float64)

    @cached_property
    def centroid(self) -> Points:
        """Of the enclosed volume; of the surface where it encloses nothing."""
        if self.empty:
            return np.full(3, np.nan)
        a, b, c = self._corners
        volume = self.volume
        if abs(volume) > 1e-12 * self.diagonal**3:
            local = np.einsum("i,ij->j", self.face_volumes, a + b + c) / (4 * volume)
        else:
            local = np.einsum("i,ij->j", self.face_areas, a + b + c) / (3 * self.area or 1.0)
        centroid: Points = (self.vertices.max(axis=0) + self.vertices.min(axis=0)) / 2 + local
        return centroid


def triangulated(faces: NDArray[np.int32]) -> Triangles:
    """Triangles of quads or triangles, each quad split from its first corner."""
    faces = np.asarray(faces, np.int32)
    if faces.size == 0:
        return np.zeros((0, 3), np.int32)
    if faces.shape[1] == 3:
        return faces
    return np.concatenate((faces[:, [0, 1, 2]], faces[:, [0, 2, 3]]))
