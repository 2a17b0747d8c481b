"""A shape as the training frame sees it: how far it is, in which direction, and what is nearest."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..shapes.distance import DistanceField
from ..shapes.kept_distances import KeptDistances
from ..shapes.mesh_topology import face_parts
from ..shapes.shape import Shape
from ..shapes.surface_samples import sample_surface
from ..shapes.thinness import OPPOSITE, thickness_below
from .frame_pose import Pose
from .gap_closing import GapWalls
from .surface_cores import Cores
from .thin_parts import ThinParts

GAP_SAMPLES = 20_000
"""Places of a surface at which gaps are looked for. Chosen."""
CORE_SAMPLES = 8_000
"""Places of a surface below which matter is followed. Chosen."""
SKIN = 1e-4
"""How far below the surface a look inwards begins, in training-frame units. Chosen."""

Array = NDArray[np.float64]


class PlacedSurface:
    """A surface's distances in the units and at the place of the training frame."""

    def __init__(self, shape: Shape, field: DistanceField, pose: Pose) -> None:
        self.shape = shape
        self.field = field
        self.pose = pose

    @property
    def area(self) -> float:
        """Of the surface."""
        return self.shape.area / self.pose.scale**2

    @property
    def diagonal(self) -> float:
        """Of the bounding box that the shape has in the world."""
        return self.shape.diagonal / self.pose.scale

    @property
    def name(self) -> str:
        return self.shape.name

    @cached_property
    def thin_parts(self) -> ThinParts:
        """Where the shape is thin."""
        points, thickness = thickness_below(self.shape, self.field)
        return ThinParts(self.pose.to_training(points), thickness / self.pose.scale)

    @cached_property
    def cores(self) -> Cores:
        """What lies below its surface, point by point."""
        points, normals, _ = sample_surface(
            self.pose.to_training(self.shape.vertices), self.shape.triangles, CORE_SAMPLES, np.random.default_rng(0)
        )
        start = self.pose.to_world(points - SKIN * normals)
        reach, facing = self.field.walls_ahead(start, -normals @ self.pose.rotation.T)
        radius = np.where(facing > OPPOSITE, reach.astype(np.float64) / self.pose.scale, np.inf) / 2
        return Cores(points, normals, radius, self.area)

    def make_ready(self) -> None:
        """Find out what a blend asks of it, which several may want at once."""
        _ = self.gap_walls, self.thin_parts, self.kept, self.field.for_kernels

    @cached_property
    def gap_walls(self) -> GapWalls:
        """Where the shape has narrow gaps."""
        points, normals, _ = sample_surface(
            self.pose.to_training(self.shape.vertices), self.shape.triangles, GAP_SAMPLES, np.random.default_rng(0)
        )
        return GapWalls(self, points, normals)

    def signed(self, points: Array) -> Array:
        """Distance, negative inside."""
        return np.asarray(self.field.signed(self.pose.to_world(points)), np.float64) / self.pose.scale

    def nearest(self, points: Array) -> Array:
        """The nearest point of the surface."""
        return self.pose.to_training(self.field.closest(self.pose.to_world(points))[1])

    def pieces_at(self, points: Array) -> NDArray[np.int64]:
        """The piece of the surface that is nearest to each point."""
        return self._piece_of_triangle[self.field.closest(self.pose.to_world(points))[0]]

    @cached_property
    def _piece_of_triangle(self) -> NDArray[np.int64]:
        return face_parts(self.shape.triangles, len(self.shape.vertices))[1][self.shape.triangles[:, 0]]

    def measure(self, points: NDArray[np.floating]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Distance and its gradient, on the thread that asks, for points in order in space."""
        distance, gradient, _ = self.field.measure(self.pose.to_world(np.asarray(points, np.float64)))
        turned = gradient @ self.pose.rotation.astype(np.float32)
        return np.asarray(distance / np.float32(self.pose.scale)), np.asarray(turned)

    @cached_property
    def kept(self) -> KeptDistances:
        """For kernels that ask again and again about much the same places."""
        return KeptDistances(self.field)
