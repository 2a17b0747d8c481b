"""The points, times and distances a network is fitted to: exact at the shapes, carried by the motion in between."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..guide import Blend, CarriedBlend, CarriedMesh, Motion, PlacedSurface, Pose, VelocityLattice, shut_distances
from ..guide.exact_sides import Sides
from ..guide.frame_pose import PosePath
from ..guide.shared_parts import CommonPart
from ..job.sections import Sampling
from ..shapes.distance import DistanceField
from ..shapes.facing_walls import faced
from ..shapes.shape import Shape, unit_normals
from ..shapes.surface_samples import sample_near, sample_surface

NARROW_STEP = 0.02
"""A step along the normal, outwards or inwards, after which a wall that faces the other way is less than half that step
away: there is a gap, or thin matter.

In training-frame units. Chosen.
"""
NARROW_TRIED = 20_000
"""Surface points at which that is looked at. Chosen."""
NARROW_FAVOUR = 3.0
"""How many samples lie there in addition, for each that lies there anyway.

Chosen. Measured: half or twice of it changes nothing above chance.
"""
MOST_NARROW = 0.25
"""Of the samples near a surface. Chosen."""
NARROW_SPREADS = (0.003, 0.01)
"""Standard deviations of the samples in gaps and thin matter, in training-frame units. Chosen."""
SPREADS = (0.003, 0.015, 0.05)
"""Standard deviations of the samples near a surface, in training-frame units; each takes an equal share. Chosen.
Measured: half or twice of all changes nothing above chance."""
NECK_SHARE = 0.03
"""Samples around each neck that holds on to a part, of the samples of a shape. Chosen."""
MOMENTS = 32
"""At which samples are taken of a segment in which a mesh is carried. Chosen."""
STRAY_SHARE = 0.4
"""Samples where the blended surface is far from both shapes', likewise.

Chosen. Measured with it: torus to ball came from 1.61 to 1.55 of the shortest way, ball to two balls from 2.09 to 1.98.
"""

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


class PlacedShape(PlacedSurface):
    """A shape as the training frame sees it, and points about it."""

    def __init__(self, shape: Shape, field: DistanceField, pose: Pose) -> None:
        super().__init__(shape, field, pose)
        self._mesh = pose.to_training(shape.vertices), shape.triangles

    def scattered(self, sampling: Sampling, rng: np.random.Generator) -> Array:
        """Points near the surface, more of them where walls are close, and for the rest anywhere in the frame."""
        near = round(sampling.points * sampling.near)
        anywhere = rng.uniform(-1, 1, (sampling.points - near, 3))
        if not near:
            return anywhere
        narrow = self._narrow_places
        extra = round(near * min(MOST_NARROW, NARROW_FAVOUR * len(narrow) / NARROW_TRIED))
        found = [np.asarray(sample_near(*self._mesh, near - extra, SPREADS, rng), np.float64), anywhere]
        if extra:
            away = rng.normal(size=(extra, 3)) * np.resize(NARROW_SPREADS, extra)[:, None]
            found.append(narrow[rng.integers(0, len(narrow), extra)] + away)
        return np.concatenate(found)

    def on_surface(self, count: int, rng: np.random.Generator) -> Array:
        points, _, _ = sample_surface(*self._mesh, count, rng)
        return np.asarray(points, np.float64)

    @cached_property
    def _narrow_places(self) -> Array:
        """Surface points on a wall that another one faces closely, across a gap or through thin matter."""
        points, normals, _ = sample_surface(*self._mesh, NARROW_TRIED, np.random.default_rng(0))
        directions = unit_normals(*self._mesh)
        narrow = np.zeros(len(points), bool)
        for side in (-1, 1):
            ahead = self.pose.to_world(points + side * NARROW_STEP * normals)
            narrow |= faced(self.field, ahead, NARROW_STEP / 2 * self.pose.scale, normals, directions)
        return np.asarray(points[narrow])


def placed_shapes(shapes: Sequence[Shape], fields: Sequence[DistanceField], path: PosePath) -> list[PlacedShape]:
    """Each shape where the motion has it at its own time."""
    return [PlacedShape(*parts) for parts in zip(shapes, fields, path.poses, strict=True)]


def end_samples(placed: Sequence[PlacedShape], sampling: Sampling, rng: np.random.Generator) -> Samples:
    """Exact distances to every shape at its own time."""
    points, values = [], []
    for index, shape in enumerate(placed):
        scattered = shape.scattered(sampling, rng)
        points.append(np.column_stack([scattered, np.full(len(scattered), float(index))]))
        values.append(shape.signed(scattered))
    return _samples(points, values)


def between_samples(
    placed: Sequence[PlacedShape],
    blends: Sequence[Blend],
    motion: Motion,
    sampling: Sampling,
    rng: np.random.Generator,
) -> Samples:
    """What f should be between the shapes: both shapes carried along the flow to meet at t, and blended there.

    The blend needs no distance to a carried surface. A point keeps its matter on its way, so the first shape's
    distance is taken where the point came from and the second's where it will arrive.
    """
    found: list[tuple[Array, Array]] = []
    for segment, (shapes, blend) in enumerate(zip(pairwise(placed), blends, strict=True)):
        flow = motion.flows[segment]
        if isinstance(flow, CarriedMesh):
            moments = ((np.arange(MOMENTS) + rng.uniform(0, 1, MOMENTS)) / MOMENTS).tolist()
            with ThreadPoolExecutor(2) as pool:
                found += pool.map(partial(_at_moment, shapes, motion, segment, sampling), moments, rng.spawn(MOMENTS))
            continue
        targets = partial(_targets, shapes, motion, blend, segment, Sides(shapes, flow, blend).common)
        scattered = [_scattered_between(shape, sampling, rng) for shape in shapes]
        with ThreadPoolExecutor(2) as pool:
            matters = pool.map(partial(_matter, flow), (0, 1), *zip(*scattered, strict=True))
            found += pool.map(targets, matters)
        further = [neck.scattered(round(sampling.points * NECK_SHARE), rng) for neck in blend.necks]
        for here, share in [*further, blend.scattered(round(sampling.points * STRAY_SHARE), rng)]:
            origin, arrival = (
                flow.moved_each(here.numpy(), side - share.numpy()) for side in (np.float32(0), np.float32(1))
            )
            found.append(targets((torch.from_numpy(origin), here, torch.from_numpy(arrival), share)))
    points, values = zip(*found, strict=True)
    return _samples(points, values)


def _at_moment(
    shapes: tuple[PlacedShape, PlacedShape],
    motion: Motion,
    segment: int,
    sampling: Sampling,
    share: float,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Points about a carried mesh at one share of its way, with their time, and f there."""
    flow = motion.flows[segment]
    assert isinstance(flow, CarriedMesh)
    count = 2 * sampling.points // MOMENTS
    near = round(count * sampling.near)
    vertices, field = flow.surface(share)
    field.expect_few()
    close = sample_near(vertices, flow.triangles.numpy(), near, SPREADS, rng)
    points = np.concatenate([close, rng.uniform(-1, 1, (count - near, 3))]).astype(np.float32)
    values = CarriedBlend(flow, shapes, share).values(points)[0].astype(np.float64)
    time = float(motion.pace(segment).time(torch.tensor(share)))
    return np.column_stack([points, np.full(count, segment + time)]), values


def _scattered_between(shape: PlacedShape, sampling: Sampling, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Points about a shape, and for each a share of the way beside it."""
    seeds = shape.scattered(sampling, rng)
    shares = rng.uniform(0, 1, len(seeds))
    return torch.from_numpy(seeds.astype(np.float32)), torch.from_numpy(shares.astype(np.float32))


def _matter(flow: VelocityLattice, side: int, seeds: Tensor, share: Tensor) -> tuple[Tensor, ...]:
    """Points about the shape at one side, carried: where their matter is at the start, now and at the end, and when."""
    points = seeds.numpy()
    other, here = flow.moved(points, -1.0 if side else 1.0), flow.moved_each(points, share.numpy() - np.float32(side))
    ends = (other, points) if side else (points, other)
    return torch.from_numpy(ends[0]), torch.from_numpy(here), torch.from_numpy(ends[1]), share


def _targets(
    shapes: tuple[PlacedShape, PlacedShape],
    motion: Motion,
    blend: Blend,
    segment: int,
    common: CommonPart,
    matter: tuple[Tensor, ...],
) -> tuple[Array, Array]:
    """Points between two shapes, given by their matter and its share of the way, and f there."""
    origin, here, arrival, share = matter
    distances = shut_distances(shapes, origin, arrival, share)
    values = blend.values(here, share, *distances, (origin, arrival)).numpy()
    time = blend.pace.time(share)
    if common.there:
        times = segment + time.numpy().astype(np.float64)
        values = _with_standing(values, common, shapes, motion.path, here.numpy().astype(np.float64), share, times)
    here = motion.round_joints(here, origin, arrival, time, segment)
    return np.column_stack([here.numpy(), segment + time.numpy().astype(np.float64)]), values


def _with_standing(
    values: Array,
    common: CommonPart,
    shapes: tuple[PlacedShape, PlacedShape],
    path: PosePath,
    points: Array,
    share: Tensor,
    times: Array,
) -> Array:
    """Values at points, each at its own time, where what both shapes have in common stands still in the world."""
    places, scale = path.to_world_each(points, times)
    weight = common.weight(places)
    first, second = (shape.field.signed(places) / scale for shape in shapes)
    return values + weight * (first + share.numpy() * (second - first) - values)


def _samples(points: Sequence[Array], values: Sequence[Array]) -> Samples:
    return Samples(
        torch.from_numpy(np.concatenate(points).astype(np.float32)),
        torch.from_numpy(np.concatenate(values).astype(np.float32))[:, None],
    )
