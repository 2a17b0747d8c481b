"""The points, times and distances a network is fitted to: exact at the shapes, carried by the motion in between."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..guide import Blend, Motion, settle_blend
from ..sections import Sampling
from ..shapes.distance import DistanceField
from ..shapes.sample import sample_near, sample_surface
from ..shapes.shape import Shape

SPREADS = (0.003, 0.015, 0.05)
"""Standard deviations of the samples near a surface, in training-frame units; each takes an equal share."""
NECK_SHARE = 0.03
"""Samples around each neck that holds on to a part, of the samples of a shape."""
STRAY_SHARE = 0.4
"""Samples where the blended surface is far from both shapes', likewise."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Samples:
    """Training targets: ``points`` (n, 4) as x, y, z, t in the training frame, and f there, ``values`` (n, 1)."""

    points: Tensor
    values: Tensor

    def to(self, device: torch.device) -> Samples:
        return Samples(self.points.to(device), self.values.to(device))

    def __len__(self) -> int:
        return len(self.points)


class PlacedShapes:
    """The shapes as the training frame sees them, each at its own time."""

    def __init__(self, shapes: list[Shape], fields: list[DistanceField], motion: Motion) -> None:
        self.motion = motion
        self._fields = fields
        self._meshes = [
            (motion.path.poses[k].to_training(shape.vertices), shape.triangles) for k, shape in enumerate(shapes)
        ]

    def __len__(self) -> int:
        return len(self._meshes)

    def signed(self, points: Array, index: int) -> Array:
        """Distance to shape ``index`` in training-frame units."""
        pose = self.motion.path.poses[index]
        return np.asarray(self._fields[index].signed(pose.to_world(points)), np.float64) / pose.scale

    def scattered(self, index: int, count: int, near: float, rng: np.random.Generator) -> Array:
        """Points near the surface of a shape and, for the rest of the share, anywhere in the training frame."""
        close = round(count * near)
        anywhere = rng.uniform(-1, 1, (count - close, 3))
        if not close:
            return anywhere
        vertices, triangles = self._meshes[index]
        return np.concatenate([np.asarray(sample_near(vertices, triangles, close, SPREADS, rng), np.float64), anywhere])

    def on_surface(self, index: int, count: int, rng: np.random.Generator) -> Array:
        points, _, _ = sample_surface(*self._meshes[index], count, rng)
        return np.asarray(points, np.float64)


def end_samples(placed: PlacedShapes, sampling: Sampling, rng: np.random.Generator) -> Samples:
    """Exact distances to every shape at its own time."""
    points, values = [], []
    for index in range(len(placed)):
        scattered = placed.scattered(index, sampling.points, sampling.near, rng)
        points.append(np.column_stack([scattered, np.full(len(scattered), float(index))]))
        values.append(placed.signed(scattered, index))
    return _samples(points, values)


def between_samples(placed: PlacedShapes, sampling: Sampling, strictness: float, rng: np.random.Generator) -> Samples:
    """What f should be between the shapes: both shapes carried along the flow to meet at t, and blended there.

    The blend needs no distance to a carried surface. A point keeps its matter on its way, so the first shape's
    distance is taken where the point came from and the second's where it will arrive. ``strictness`` is how much the
    blend's volume counts.
    """
    found: list[tuple[Array, Array]] = []
    for segment in range(len(placed) - 1):
        blend = settle_blend(
            placed.motion.flows[segment],
            partial(placed.signed, index=segment),
            partial(placed.signed, index=segment + 1),
            strictness,
        )
        scattered = [_scattered_between(placed, segment + side, sampling, rng) for side in (0, 1)]
        with ThreadPoolExecutor(2) as pool:
            matters = pool.map(partial(_matter, placed.motion, segment), (0, 1), *zip(*scattered, strict=True))
            found += pool.map(partial(_targets, placed, blend, segment), matters)
        further = [neck.scattered(round(sampling.points * NECK_SHARE), rng) for neck in blend.necks]
        for here, share in [*further, blend.scattered(round(sampling.points * STRAY_SHARE), rng)]:
            origin, arrival = (placed.motion.carry(here, share, end, segment) for end in (0.0, 1.0))
            found.append(_targets(placed, blend, segment, (origin, here, arrival, share)))
    points, values = zip(*found, strict=True)
    return _samples(points, values)


def _scattered_between(
    placed: PlacedShapes, index: int, sampling: Sampling, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Points about a shape, and for each a share of the segment beside it."""
    seeds = placed.scattered(index, sampling.points, sampling.near, rng)
    shares = rng.uniform(0, 1, sampling.points)
    return torch.from_numpy(seeds.astype(np.float32)), torch.from_numpy(shares.astype(np.float32))


def _matter(motion: Motion, segment: int, side: int, seeds: Tensor, share: Tensor) -> tuple[Tensor, ...]:
    """Points about the shape at one side, carried: where their matter is at the start, now and at the end, and when."""
    origin = motion.carry(seeds, float(side), 0.0, segment) if side else seeds
    arrival = seeds if side else motion.carry(seeds, 0.0, 1.0, segment)
    return origin, motion.carry(seeds, float(side), share, segment), arrival, share


def _targets(placed: PlacedShapes, blend: Blend, segment: int, matter: tuple[Tensor, ...]) -> tuple[Array, Array]:
    """Points between two shapes, given by their matter, and f there."""
    origin, here, arrival, share = matter
    first, second = (
        torch.from_numpy(placed.signed(place.numpy().astype(np.float64), segment + end).astype(np.float32))
        for end, place in enumerate((origin, arrival))
    )
    values = blend.values(here, share, first, second).numpy()
    here = placed.motion.round_joints(here, origin, arrival, share, segment)
    return np.column_stack([here.numpy(), segment + share.numpy().astype(np.float64)]), values


def _samples(points: Sequence[Array], values: Sequence[Array]) -> Samples:
    return Samples(
        torch.from_numpy(np.concatenate(points).astype(np.float32)),
        torch.from_numpy(np.concatenate(values).astype(np.float32))[:, None],
    )
