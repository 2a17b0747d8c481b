"""The similarity that places the training frame in the world, and its smooth path through a chain of shapes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.spatial.transform import Rotation, RotationSpline

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Pose:
    """``world = scale · rotation @ point + translation``."""

    scale: float
    rotation: Array
    translation: Array

    def to_world(self, points: Array) -> Array:
        return self.scale * (np.asarray(points, np.float64) @ self.rotation.T) + self.translation

    def to_training(self, points: Array) -> Array:
        return (np.asarray(points, np.float64) - self.translation) @ self.rotation / self.scale

    def directions_to_world(self, vectors: Array) -> Array:
        """Turn unit vectors; their length is kept."""
        return np.asarray(vectors, np.float64) @ self.rotation.T


@dataclass(frozen=True)
class MovingPose:
    """A pose on its way."""

    pose: Pose
    spin: Array
    growth: float
    drift: Array

    def velocity(self, points: Array) -> Array:
        """World velocity, per unit of time, of points that rest in the training frame."""
        turned = self.pose.scale * (np.asarray(points, np.float64) @ self.pose.rotation.T)
        return np.asarray(self.growth * turned + np.cross(self.spin, turned) + self.drift)


class PosePath:
    """Poses at times 0, 1, 2 …, joined smoothly: a straight line and a single turn between two of them.

    Sizes are interpolated by their logarithm, so that growth is even; through the inner shapes of a chain position,
    turn and size all pass with continuous speed.
    """

    def __init__(self, poses: list[Pose]) -> None:
        self.poses = poses
        times = np.arange(len(poses), dtype=np.float64)
        self._translation = CubicSpline(times, np.stack([pose.translation for pose in poses]), bc_type="natural")
        self._log_scale = CubicSpline(times, np.log([pose.scale for pose in poses]), bc_type="natural")
        self._rotation = RotationSpline(times, Rotation.from_matrix(np.stack([pose.rotation for pose in poses])))

    def at(self, time: float) -> Pose:
        return Pose(
            float(np.exp(self._log_scale(time))), self._rotation(time).as_matrix(), np.asarray(self._translation(time))
        )

    def turns(self, segment: int) -> bool:
        """Whether a segment's second shape is turned against its first."""
        first, second = self.poses[segment : segment + 2]
        return not np.allclose(first.rotation, second.rotation)

    def to_world_each(self, points: Array, times: Array) -> tuple[Array, Array]:
        """Points of the training frame, each at its own time, in the world, and how large the frame is then."""
        scale = np.exp(self._log_scale(times))
        turned = np.einsum("nij,nj->ni", self._rotation(times).as_matrix(), points)
        return scale[:, None] * turned + self._translation(times), scale

    def velocity(self, points: Array, time: float) -> Array:
        """World velocity, per unit of time, of points that rest in the training frame."""
        return self.moving(np.array([time]))[0].velocity(points)

    def moving(self, times: Array) -> list[MovingPose]:
        """The pose at each time and how it changes there; many cost hardly more than one."""
        turns = self._rotation(times).as_matrix()
        # scipy gives the spin in the turned frame.
        spins = np.einsum("nij,nj->ni", turns, np.asarray(self._rotation(times, 1)))
        places = zip(np.exp(self._log_scale(times)).tolist(), turns, self._translation(times), strict=True)
        changes = zip(spins, self._log_scale(times, 1).tolist(), self._translation(times, 1), strict=True)
        return [MovingPose(Pose(*place), *change) for place, change in zip(places, changes, strict=True)]

    def to_array(self) -> Array:
        """All poses as rows of 13 numbers: scale, rotation by rows, translation."""
        return np.stack([np.concatenate([[p.scale], p.rotation.ravel(), p.translation]) for p in self.poses])

    @classmethod
    def from_array(cls, rows: Array) -> PosePath:
        return cls([Pose(float(row[0]), row[1:10].reshape(3, 3), row[10:13]) for row in np.asarray(rows, np.float64)])
