"""The function that a network is fitted to, evaluated itself: both shapes' exact distances, carried and blended.

At a shape's own time it is that shape's distance, in between what the blend says: at any point, with its gradient.
Knows no network and no mesh.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..machine.cores import usable_cores
from ..machine.thread_chunks import in_chunks
from ..shapes.distance import DistanceField
from ..shapes.shape import Shape
from ..shapes.smooth_ramp import smooth_ramp
from .blend import Blend
from .carried_blend import CarriedBlend
from .carried_mesh import CarriedMesh
from .exact_sides import Seen, Sides
from .motion import Motion
from .placed_surface import PlacedSurface
from .thin_parts import STEEPEST, THIN

SAME = 1e-6
"""Shares that differ by less are one moment. Follows from single precision, with some room."""
OWN, FOREIGN = 0.001, 0.008
"""Distances from both shapes, weighted by their shares, up to which a surface is theirs, and from which it is not.
Measured on camel → elephant, half-way: one vertex in twenty up to .004 had a neighbour turned by more than 45°, and one
in four beyond .016."""
DOUBTED = 0.1
"""Share of the way over which what is not to be trusted becomes free. Chosen."""
TIME_STEP = 0.01
"""Over which the function's change is taken, ahead and back. Measured on four letters → Suzanne and castle →
dragon: with a fifth of it single precision and gaps that shut tell more, twice as much changed nothing."""
ROUNDING_STEPS = 3
"""In which the bending of ways at the inner shapes of a chain is undone. Chosen."""

Points = NDArray[np.float32]


class ExactMorph:
    """The blended function of a whole chain; asked for one time at a time."""

    def __init__(
        self, shapes: Sequence[Shape], motion: Motion, blends: Sequence[Blend], device: str = "cpu", threads: int = 0
    ) -> None:
        self.motion = motion
        self.blends = list(blends)
        self.threads = threads or usable_cores()
        self._sides: dict[int, Sides] = {}
        self.surfaces = [
            PlacedSurface(shape, DistanceField(shape.vertices, shape.triangles, device, threads), pose)
            for shape, pose in zip(shapes, motion.path.poses, strict=True)
        ]

    def make_ready(self, segments: Iterable[int]) -> None:
        """Find out, on several threads, what all frames of some segments have in common."""
        carried = {index for index, flow in enumerate(self.motion.flows) if isinstance(flow, CarriedMesh)}
        blended = [segment for segment in segments if segment not in carried]
        surfaces = {id(each): each for segment in blended for each in self.surfaces[segment : segment + 2]}
        with ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(PlacedSurface.make_ready, surfaces.values()))
        for segment in blended:
            self.sides(segment).make_ready()

    def sides(self, segment: int) -> Sides:
        """The two shapes of a segment whose flow is a lattice."""
        if segment not in self._sides:
            flow = self.motion.flows[segment] if self.motion.flows else None
            assert not isinstance(flow, CarriedMesh)
            self._sides[segment] = Sides(self.surfaces[segment : segment + 2], flow, self.blends[segment])
        return self._sides[segment]

    def _segment(self, time: float) -> int:
        return int(min(max(time, 0.0), len(self.surfaces) - 1 - 1e-6))

    def at(self, time: float) -> ExactBlend | CarriedBlend:
        segment = self._segment(time)
        flow = self.motion.flows[segment] if self.motion.flows else None
        if isinstance(flow, CarriedMesh):
            way = self.motion.pace(segment).way(torch.tensor(time - segment, dtype=torch.float64))
            return CarriedBlend(flow, self.surfaces[segment : segment + 2], float(way), self.threads)
        return ExactBlend(self, segment, time - segment)

    def change(self, points: Points, velocity: Points, time: float) -> tuple[Points, Points]:
        """How fast the function changes for what has a velocity at points, (n,), and how far that is to be trusted.

        Looked at where it was and will be: edges go with the flow, and where they pass a place that stands still, the
        value there turns within no time.
        """
        segment = self._segment(time)
        moments = max(time - TIME_STEP, segment), min(time + TIME_STEP, segment + 1)
        (before, trust_before), (after, trust_after) = (
            self.at(moment).values(points + np.float32(moment - time) * velocity) for moment in moments
        )
        return (after - before) / np.float32(moments[1] - moments[0]), np.minimum(trust_before, trust_after)


class ExactBlend:
    """The blended function at a fixed time, in the training frame."""

    def __init__(self, morph: ExactMorph, segment: int, time: float, thin_necks: Collection[int] | None = None) -> None:
        self._morph = morph
        self._segment = segment
        self._time = time
        self._thin_necks = thin_necks
        self._both = morph.sides(segment)
        share = float(morph.motion.pace(segment).way(torch.tensor(time, dtype=torch.float64)))
        self.share = round(share) if abs(share - round(share)) < SAME else share
        """Of the segment's way that is passed at this time: 0 at the first shape, 1 at the second."""
        self._at_shape = self.share <= 0 or self.share >= 1
        self._counting = (round(self.share),) if self._at_shape else (0, 1)
        """Of the segment's two shapes those that count: at its own time a shape is all there is."""

    @property
    def thin_necks(self) -> dict[int, Points]:
        """The middles of the thin ones of what holds on to parts that would come off, (points, 3) each, by number."""
        return {} if self._at_shape else self._both.thin_necks(self.share)

    def held_by(self, thin_necks: Collection[int]) -> ExactBlend:
        """The same with some of the thin necks only."""
        return ExactBlend(self._morph, self._segment, self._time, thin_necks)

    def values(self, points: Points, cell: float = 0.0, scattered: bool = False) -> tuple[Points, Points]:
        """The function at points (n, 3), and how far it is to be trusted there, from 0 to 1.

        Points that are scattered are few and far between: nothing is kept for others beside them, and each is looked up
        for itself. Where a cell's size is given the function is lowered about what is too thin for cells. It is not to
        be trusted where a gap is shut: that is a jump, which a trained function smoothes.
        """
        thin = cell > 0 and self.too_thin_for(cell)
        lowest = cell if thin else 0.0
        seen = self._in_chunks(points, lambda chunk: self._seen(chunk, lowest, kept=not scattered))
        return seen.values, seen.trust

    def too_thin_for(self, cell: float) -> bool:
        """Whether there are parts that cells of this size do not find as they are, or squeezed by the flow."""
        return any(surface.thin_parts.thinnest < THIN * cell * self._most_squeezed for surface in self._surfaces())

    def thin_at(self, points: Points, cell: float, steep: Points) -> NDArray[np.bool_]:
        """Where points are about such parts, by how fast the function changes there."""
        points = self._unbent(points)
        limit = THIN * cell * np.clip(steep, 1, self._most_squeezed)
        sides = zip(self._counting, self._surfaces(), strict=True)
        found = [surface.thin_parts.thickness(self._carried(points, side)) < limit for side, surface in sides]
        return np.asarray(np.any(found, axis=0))

    @property
    def _most_squeezed(self) -> float:
        """How much thinner than in its shape a part may count: only what goes along itself is there as it is."""
        return STEEPEST if self._both.have_lone_parts and not self._at_shape else 1.0

    def freedom(self, points: Points) -> Points:
        """How much of the surface at points is the blend's making and no shape's own, from 0 to 1.

        Where it runs at a distance from both shapes, or is not to be trusted, it may be made fair.
        """
        if self._at_shape:
            return np.zeros(len(points), np.float32)
        seen = self._in_chunks(points, self._seen)
        gradual = min(self.share, 1 - self.share, DOUBTED) / DOUBTED
        free = np.maximum(smooth_ramp(seen.off, OWN, FOREIGN), (1 - seen.trust) * np.float32(gradual))
        if self._both.common.there:
            # Standing still it is both shapes' own, wherever the flow leads.
            world = self._morph.motion.path.at(self._segment + self._time).to_world(points.astype(np.float64))
            free *= 1 - self._both.common.weight(world)
        return np.asarray(free, np.float32)

    def values_and_gradient(self, points: Points) -> tuple[Points, Points, Points]:
        """The function, its gradient and the trust. How gaps shut is left out of the gradient."""
        seen = self._in_chunks(points, lambda chunk: self._seen(chunk, sloped=True))
        return seen.values, seen.gradient, seen.trust

    def _seen(self, points: Points, cell: float = 0.0, sloped: bool = False, kept: bool = True) -> Seen:
        if self._at_shape:
            return self._both.alone(round(self.share), points, cell, kept)
        return self._both.between(self._moment, self._unbent(points), cell, sloped, kept)

    @cached_property
    def _moment(self) -> Any:
        return self._both.moment(self.share, self._morph.motion.path.at(self._segment + self._time), self._thin_necks)

    def _in_chunks(self, points: Points, look: Callable[[Points], Seen]) -> Seen:
        return Seen(*in_chunks(look, points, self._morph.threads))

    def _carried(self, points: Points, side: int) -> Points:
        return self._morph.motion.moved(points, self.share, float(side), self._segment)

    def _surfaces(self) -> list[PlacedSurface]:
        return [self._morph.surfaces[self._segment + side] for side in self._counting]

    def _unbent(self, points: Points) -> Points:
        """Where points would be if no way were bent at the inner shapes of the chain."""
        motion = self._morph.motion
        if len(motion.flows) < 2 or self._at_shape:
            return points
        goal = torch.from_numpy(points)
        place, time = goal, torch.full((len(points),), self._time)
        for _ in range(ROUNDING_STEPS):
            origin, arrival = (torch.from_numpy(self._carried(place.numpy(), side)) for side in (0, 1))
            place = place + goal - motion.round_joints(place, origin, arrival, time, self._segment)
        return place.numpy()
