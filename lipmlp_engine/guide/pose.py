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

    def velocity(self, points: Array, time: float) -> Array:
        """World velocity, per unit of time, of points that rest in the training frame."""
        pose = self.at(time)
        # scipy gives the spin in the turned frame.
        spin = pose.rotation @ np.asarray(self._rotation(time, 1))
        growth = float(self._log_scale(time, 1))
        turned = pose.scale * (np.asarray(points, np.float64) @ pose.rotation.T)
        return np.asarray(growth * turned + np.cross(spin, turned) + self._translation(time, 1))

    def to_array(self) -> Array:
        """All poses as rows of 13 numbers: scale, rotation by rows, translation."""
        return np.stack([np.concatenate([[p.scale], p.rotation.ravel(), p.translation]) for p in self.poses])

    @classmethod
    def from_array(cls, rows: Array) -> PosePath:
        return cls([Pose(float(row[0]), row[1:10].reshape(3, 3), row[10:13]) for row in np.asarray(rows, np.float64)])
