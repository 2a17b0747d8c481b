"""How the way between two shapes is passed in time: so that the surface moves with one speed, seen in the world.

Matter that follows a stationary flow in a training frame that moves and grows does not: a letter that straightens moves
its ends fast and comes to its last shape slowly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .frame_pose import MovingPose, PosePath

LARGEST_GROWTH = 1.2
"""Exponent of the pace that is tried at most.

Chosen; C to I, the most uneven that was measured, began twice as fast as it ended.
"""
GROWTH_STEP = 0.1
"""Between exponents that are tried. Chosen."""
GROWTH_COST = 0.02
"""Unevenness that a growth of 1 must save: where only the training frame moves, no pace changes anything. Chosen."""
NEAR_CELLS = 1.5
"""Lattice nodes within this many cells of the surface speak for it. Chosen."""
NODES_SEEN = 1_000
"""About how many nodes say the speed at a moment. Chosen."""
LEAST_SLOPE = 0.3
"""A function flatter than this, as the blend is where both carried surfaces part, tells no speed. Chosen."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Pace:
    """The share of the way that is passed at each share of the time, both from 0 to 1; steady where growth is 0."""

    growth: float = 0.0
    """The logarithm of how many times longer a piece of the way takes at its end than at its beginning."""

    def way(self, time: Tensor) -> Tensor:
        """How much of the way is passed at a share of the time.

        >>> bool(Pace(1.0).way(torch.tensor(0.5)) > 0.5)
        True
        """
        return torch.log1p(time * np.expm1(self.growth)) / self.growth if self.growth else time

    def time(self, way: Tensor) -> Tensor:
        """At which share of the time so much of the way is passed."""
        return torch.expm1(way * self.growth) / np.expm1(self.growth) if self.growth else way

    def rate(self, time: float) -> float:
        """How fast the way is passed at a time."""
        whole = float(np.expm1(self.growth))
        return whole / self.growth / (1 + time * whole) if self.growth else 1.0


def even_pace(stations: Sequence[Tensor], path: PosePath, segment: int) -> Pace:
    """The pace at which the surface's mean speed is most even.

    stations: the function on the nodes of a cube's lattice over [-1, 1]³, at even steps of the way.
    """
    axis = np.linspace(-1, 1, round(len(stations[0]) ** (1 / 3)))
    steps = len(stations) - 1
    middles = (torch.arange(steps) + 0.5) / steps
    seen = [_near_surface(before, after, axis) for before, after in pairwise(stations)]

    growths = np.arange(-LARGEST_GROWTH, LARGEST_GROWTH + GROWTH_STEP / 2, GROWTH_STEP).round(6)
    paces = [Pace(growth) for growth in growths.tolist()]
    times = np.array([pace.time(middles).tolist() for pace in paces])
    frames = path.moving(segment + times.ravel())

    def unevenness(index: int) -> float:
        rates = np.array([paces[index].rate(time) for time in times[index].tolist()])
        frames_then = frames[index * steps : (index + 1) * steps]
        speeds = np.array(
            [
                _mean_speed(frame, rate * steps, *surface)
                for frame, rate, surface in zip(frames_then, rates, seen, strict=True)
            ]
        )
        # A station stands for the time that its piece of the way takes.
        mean = np.average(speeds, weights=1 / rates)
        return float(np.sqrt(np.average((speeds - mean) ** 2, weights=1 / rates)) / max(mean, 1e-12))

    best = min(range(len(paces)), key=lambda index: unevenness(index) + GROWTH_COST * abs(paces[index].growth))
    return paces[best]


def _near_surface(before: Tensor, after: Tensor, axis: Array) -> tuple[Array, Array, Array]:
    """How far the surface moves along its normal at some nodes near it, where they are, and the normals there."""
    first, second = (values.reshape((len(axis),) * 3).numpy().astype(np.float64) for values in (before, after))
    middle, cell = (first + second) / 2, axis[1] - axis[0]
    near = np.abs(middle) < NEAR_CELLS * cell
    slopes = np.array(np.gradient(middle, cell))
    chosen = slice(None, None, max(1, int(near.sum()) // NODES_SEEN))
    slope = slopes[:, near].T[chosen]
    steepness = np.maximum(np.linalg.norm(slope, axis=1), LEAST_SLOPE)
    return (first - second)[near][chosen] / steepness, axis[np.argwhere(near)][chosen], slope / steepness[:, None]


def _mean_speed(frame: MovingPose, rate: float, motion: Array, place: Array, normals: Array) -> float:
    """Of the surface along its normal, in the world, where it moves in its frame at a rate and the frame moves too."""
    if not len(place):
        return 0.0
    carried = (frame.velocity(place) * frame.pose.directions_to_world(normals)).sum(1)
    return float(np.abs(carried + frame.pose.scale * rate * motion).mean())
