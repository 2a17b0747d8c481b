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
    rates = np.array([[pace.rate(time) for time in own.tolist()] for pace, own in zip(paces, times, strict=True)])
    moving = np.array([_moving(*parts) for parts in zip(frames, steps * rates.ravel(), strict=True)])
    moving = moving.reshape(len(paces), steps, -1)
    # Of the surface along its normal, in the world, where it moves in its frame at a rate and the frame moves too.
    speeds = np.stack([np.abs(surface @ moving[:, k].T).mean(0) for k, surface in enumerate(seen)], 1)
    # A station stands for the time that its piece of the way takes.
    weights = 1 / rates / (1 / rates).sum(1, keepdims=True)
    means = (weights * speeds).sum(1, keepdims=True)
    unevenness = np.sqrt((weights * (speeds - means) ** 2).sum(1)) / means[:, 0].clip(1e-12)
    return paces[int((unevenness + GROWTH_COST * np.abs(growths)).argmin())]


def _near_surface(before: Tensor, after: Tensor, axis: Array) -> Array:
    """Of some nodes near a surface between two stations what the motion of its frame and its own multiply, (n, 8)."""
    first, second = (values.reshape((len(axis),) * 3).numpy().astype(np.float64) for values in (before, after))
    middle, cell = (first + second) / 2, axis[1] - axis[0]
    near = np.abs(middle) < NEAR_CELLS * cell
    chosen = slice(None, None, max(1, int(near.sum()) // NODES_SEEN))
    place = axis[np.argwhere(near)][chosen]
    if not len(place):
        return np.zeros((1, 8))
    slope = np.array(np.gradient(middle, cell))[:, near].T[chosen]
    steepness = np.maximum(np.linalg.norm(slope, axis=1), LEAST_SLOPE)
    normals = slope / steepness[:, None]
    motion = (first - second)[near][chosen] / steepness
    return np.column_stack([(place * normals).sum(1), np.cross(place, normals), normals, motion])


def _moving(frame: MovingPose, rate: float) -> Array:
    """What of a moving frame is multiplied: its growth, its spin and its drift, and the rate of the motion within."""
    scale, back = frame.pose.scale, frame.pose.rotation.T
    return np.array([scale * frame.growth, *(scale * back @ frame.spin), *(back @ frame.drift), scale * rate])
