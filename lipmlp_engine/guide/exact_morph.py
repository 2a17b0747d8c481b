"""The function that a network is fitted to, evaluated itself: both shapes' exact distances, carried and blended.

At a shape's own time it is that shape's distance, in between what the blend says: at any point, with its gradient.
Knows no network and no mesh.
"""

from __future__ import annotations

from collections.abc import Sequence

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
from .gap_closing import WIDTH, gaps_shut, shutting, width_to_narrowness
from .motion import Motion
from .placed_surface import PlacedSurface
from .shared_parts import CommonPart
from .thin_parts import THIN, seen_by_cells

SAME = 1e-6
"""Shares that differ by less are one moment. Follows from single precision, with some room."""
WARY = 0.005
"""How much nearer than the blend says a wall is thought to be where gaps are doubted, in training-frame units.

Chosen.
"""
WARY_REACH = 0.1
"""How far from the other shape, and from a gap's own walls, the blend is no longer trusted about gaps. Chosen."""
OWN, FOREIGN = 0.001, 0.008
"""Distances from both shapes, weighted by their shares, up to which a surface is theirs, and from which it is not.
Measured on camel → elephant, half-way: one vertex in twenty up to .004 had a neighbour turned by more than 45°, and one
in four beyond .016."""
DOUBTED = 0.1
"""Share of the way over which what is not to be trusted becomes free. Chosen."""
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
        self._common: dict[int, CommonPart] = {}
        self.surfaces = [
            PlacedSurface(shape, DistanceField(shape.vertices, shape.triangles, device, threads), pose)
            for shape, pose in zip(shapes, motion.path.poses, strict=True)
        ]

    def common(self, segment: int) -> CommonPart:
        """What a segment's two shapes have in common."""
        if segment not in self._common:
            first, second = self.surfaces[segment : segment + 2]
            self._common[segment] = CommonPart(first.shape, first.field, second.field)
        return self._common[segment]

    def at(self, time: float) -> ExactBlend | CarriedBlend:
        segment = int(min(max(time, 0.0), len(self.surfaces) - 1 - 1e-6))
        flow = self.motion.flows[segment] if self.motion.flows else None
        if isinstance(flow, CarriedMesh):
            way = self.motion.pace(segment).way(torch.tensor(time - segment, dtype=torch.float64))
            return CarriedBlend(flow, self.surfaces[segment : segment + 2], float(way), self.threads)
        return ExactBlend(self, segment, time - segment)


class ExactBlend:
    """The blended function at a fixed time, in the training frame."""

    def __init__(self, morph: ExactMorph, segment: int, time: float) -> None:
        self._morph = morph
        self._segment = segment
        self._time = time
        self._blend = morph.blends[segment]
        share = float(morph.motion.pace(segment).way(torch.tensor(time, dtype=torch.float64)))
        self.share = round(share) if abs(share - round(share)) < SAME else share
        """Of the segment's way that is passed at this time: 0 at the first shape, 1 at the second."""
        self._at_shape = self.share <= 0 or self.share >= 1
        self._sides = (round(self.share),) if self._at_shape else (0, 1)
        """Of the segment's two shapes those that count: at its own time a shape is all there is."""

    def values(self, points: Points, cell: float = 0.0, scattered: bool = False) -> tuple[Points, Points]:
        """The function at points (n, 3), and how far it is to be trusted there, from 0 to 1.

        Points that are scattered are few and far between: nothing is kept for others beside them, and each is looked up
        for itself. Where a cell's size is given the function is lowered about what is too thin for cells. It is not to
        be trusted where a gap is shut: that is a jump, which a trained function smoothes.
        """
        thin = cell > 0 and self.too_thin_for(cell)
        values, trust = in_chunks(
            lambda chunk: self._seen(chunk, cell if thin else 0.0, scattered), points, self._morph.threads
        )
        return values, trust

    def too_thin_for(self, cell: float) -> bool:
        """Whether there are parts that cells of this size do not find as they are."""
        return any(surface.thin_parts.thinnest < THIN * cell for surface in self._surfaces())

    def thin_at(self, points: Points, cell: float) -> NDArray[np.bool_]:
        """Where points are about such parts."""
        points = self._unbent(points)
        sides = zip(self._sides, self._surfaces(), strict=True)
        found = [surface.thin_parts.thickness(self._carried(points, side)) < THIN * cell for side, surface in sides]
        return np.asarray(np.any(found, axis=0))

    def freedom(self, points: Points) -> Points:
        """How much of the surface at points is the blend's making and no shape's own, from 0 to 1.

        Where it runs at a distance from both shapes, or is not to be trusted, it may be made fair.
        """
        if self._at_shape:
            return np.zeros(len(points), np.float32)
        return in_chunks(lambda chunk: (self._freedom(chunk),), points, self._morph.threads)[0]

    def _freedom(self, points: Points) -> Points:
        places, distances, _ = self._measured(self._unbent(points))
        off = (1 - self.share) * np.abs(distances[0]) + self.share * np.abs(distances[1])
        doubt = 1 - self._trust(places, distances)
        gradual = min(self.share, 1 - self.share, DOUBTED) / DOUBTED
        free = np.maximum(smooth_ramp(off, OWN, FOREIGN), doubt * np.float32(gradual))
        common = self._morph.common(self._segment)
        if common.there:
            # Standing still it is both shapes' own, wherever the flow leads.
            world = self._morph.motion.path.at(self._segment + self._time).to_world(points.astype(np.float64))
            free *= 1 - common.weight(world)
        return np.asarray(free, np.float32)

    def values_and_gradient(self, points: Points) -> tuple[Points, Points, Points]:
        """The function, its gradient and the trust. How gaps shut is left out of the gradient."""
        values, gradient, trust = in_chunks(self._seen_with_gradient, points, self._morph.threads)
        return values, gradient, trust

    def _seen(self, points: Points, cell: float, scattered: bool) -> tuple[Points, Points]:
        here, points = points, self._unbent(points)
        places, distances, gradients = self._measured(points, scattered)
        values: Points = distances[0]
        weights = [1.0]
        if not self._at_shape:
            values = self._blend.values(*self._ends(points, places, distances, gradients)).numpy()
            weights = [1 - self.share, self.share]
            values = self._standing_still(here, values)[0]
        trust = self._trust(places, distances)
        if cell:
            near = np.flatnonzero((np.abs(values) < THIN * cell) & (trust >= 1))
            sides = zip(self._surfaces(), places, strict=True)
            thick = [surface.thin_parts.thickness(place[near]) for surface, place in sides]
            values = values.copy()
            values[near] = seen_by_cells(values[near], cell, [part[near] for part in distances], weights, thick)
        return values, trust

    def _measured(
        self, points: Points, scattered: bool = False
    ) -> tuple[list[Points], tuple[Points, ...], tuple[Points, ...]]:
        """Where points lie in each shape that counts, with its distance there and the distance's gradient."""
        places = [self._carried(points, side) for side in self._sides]
        found = [
            surface.measure(place) if scattered else surface.measure_again(place)
            for surface, place in zip(self._surfaces(), places, strict=True)
        ]
        distances, gradients = zip(*found, strict=True)
        return places, distances, gradients

    def _seen_with_gradient(self, points: Points) -> tuple[Points, Points, Points]:
        bent, points = points, self._unbent(points)
        places, changes, distances, gradients, slopes = [], [], [], [], []
        for side, surface in zip(self._sides, self._surfaces(), strict=True):
            place, change = self._morph.motion.moved_with_slope(points, self.share, float(side), self._segment)
            distance, gradient = surface.measure_again(place)
            places.append(place)
            changes.append(change)
            distances.append(distance)
            gradients.append(gradient)
            slopes.append(np.einsum("nij,ni->nj", change, gradient))
        trust = self._trust(places, distances)
        if self._at_shape:
            return distances[0], slopes[0], trust
        ends = self._ends(points, places, distances, gradients)
        both_slopes, both_changes = _pair(slopes), _pair(changes)
        blended, slope = self._blend.values_and_gradient(*ends, both_slopes, both_changes)
        return *self._standing_still(bent, blended.numpy(), slope.numpy()), trust

    def _standing_still(self, points: Points, values: Points, gradient: Points | None = None) -> tuple[Points, Points]:
        """Values, and gradients, with what both shapes have in common where it lies in the world."""
        common = self._morph.common(self._segment)
        slope = np.zeros((len(values), 3), np.float32) if gradient is None else gradient
        if not common.there:
            return values, slope
        pose = self._morph.motion.path.at(self._segment + self._time)
        world = pose.to_world(points.astype(np.float64))
        weight = common.weight(world)
        rows = np.flatnonzero(weight > 0)
        found = [surface.field.measure(world[rows]) for surface in self._surfaces()]
        share, part = np.float32(self.share), weight[rows]
        still = found[0][0] + share * (found[1][0] - found[0][0])
        way = (found[0][1] + share * (found[1][1] - found[0][1])) @ pose.rotation.astype(np.float32)
        values, slope = values.copy(), slope.copy()
        values[rows] += part * (still / np.float32(pose.scale) - values[rows])
        slope[rows] += part[:, None] * (way - slope[rows])
        return values, slope

    def _trust(self, places: Sequence[Points], distances: Sequence[Points]) -> Points:
        """Less than 1 about gaps that are shut because the other shape is solid there."""
        trust = np.ones(len(places[0]), np.float32)
        if self._at_shape:
            return trust
        for side, surface in enumerate(self._surfaces()):
            if surface.gap_walls.any:
                left = self.share if side == 0 else 1 - self.share
                # Already beside the other shape, before anything shuts, so that what is shown passes over gradually.
                other = distances[1 - side] - np.float32(WARY)
                rows = np.flatnonzero((other < 0) & (np.abs(distances[side]) < WARY_REACH))
                there = np.minimum(4 * other[rows], 0)
                trust[rows] *= 1 - shutting(surface.gap_walls.at(places[side][rows]), there, left)
        return trust

    def _ends(
        self, points: Points, places: Sequence[Points], distances: Sequence[Points], gradients: Sequence[Points]
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        """What the blend wants to know: points, share, distances to both shapes with their gaps shut, and places."""
        shut = [
            self._shut(side, places[side], distances[side], gradients[side], distances[1 - side]) for side in (0, 1)
        ]
        here, first, second = (torch.from_numpy(np.ascontiguousarray(part)) for part in (points, *shut))
        return here, torch.full((len(points),), self.share), first, second, _pair(places)

    def _shut(self, side: int, places: Points, own: Points, outwards: Points, other: Points) -> Points:
        """Distances to one shape with its gaps shut where the other is solid."""
        walls = self._surfaces()[side].gap_walls
        within = np.flatnonzero((own > 0) & (own < WIDTH) & (other < 0)) if walls.any else np.zeros(0, np.int64)
        # Away from all gaps there is nothing to shut, and no need to look for walls.
        within = within[walls.at(places[within]) > 0]
        if not len(within):
            return own
        away = places[within] + np.float32(WIDTH) * outwards[within]
        ahead, _ = self._surfaces()[side].measure_again(away)
        narrow = width_to_narrowness(own[within], ahead)
        left = self.share if side == 0 else 1 - self.share
        own = own.copy()
        own[within] -= gaps_shut(narrow, other[within], left)
        return own

    def _carried(self, points: Points, side: int) -> Points:
        return self._morph.motion.moved(points, self.share, float(side), self._segment)

    def _surfaces(self) -> list[PlacedSurface]:
        return [self._morph.surfaces[self._segment + side] for side in self._sides]

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


def _pair(parts: Sequence[Points]) -> tuple[torch.Tensor, torch.Tensor]:
    first, second = (torch.from_numpy(np.ascontiguousarray(part)) for part in parts)
    return first, second
