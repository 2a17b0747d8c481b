"""Takes a mesh through one segment of a morph, step by step, to a shape at its end; chooses no keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from ..guide import CarriedMesh
from ..poses.length_keeping import LengthPath, lengths_kept
from ..poses.self_contact import SelfContact
from ..shapes.shape import Shape, unit
from ..surface.field import Field
from ..surface.smooth_normals import mean_gradient, values_and_mean_gradient
from .elastic_sheet import Sheet
from .end_fitting import OWN_NORMAL, Destination
from .face_density import wanted_areas
from .pose_fitting import laid_on
from .surface_pull import LONGEST_STEP, Pull, from_samples, pulled

if TYPE_CHECKING:
    from ..model.trained_morph import Morph

STEPS = 48
"""Steps in which a segment is gone through, and the most keys it can have beyond its first. Chosen."""
SHORTEST_GRADIENT = 0.05
"""A gradient shorter than this does not say where the surface is. Chosen."""
SURE_GRADIENT = 0.5
"""A shorter one says less about where the surface faces than the mesh itself: on fins it sees the other side.

Chosen.
"""
SAMPLE_STEPS = 2
"""In which a carried sample is set onto the field's surface. Chosen."""
LONGEST_SAMPLE_STEP = 0.02
"""How far a carried sample may go at once to be set onto the field's surface, in units of the training frame.

Chosen.
"""
SAMPLE_REST = 0.004
"""Farther from the surface than this a carried sample pulls nothing.

Chosen. Measured: without it cat to koala by her own mesh ends .136 % off, with it .078 %.
"""
STIFFNESS = 0.3
"""Of the sheet while it is carried. Chosen."""
FIRM = 300.0
"""Stiffness where it is known which vertex belongs where, and only the surface as a whole is to be met. Chosen."""
SWEEPS = 12
"""In which faces are evened out, in each step. Chosen."""
UNTANGLINGS = 2
"""Rounds in each step in which faces of a clean mesh that have turned over are drawn together.

Measured: a shape's own mesh, which has fewer faces where a fin is to grow, lost the whole fin that way.
"""
EVENING_ROUNDS = 10
"""In which a mesh that has just been extracted is evened out before it is carried anywhere. Chosen."""
LEEWAY = 0.1
"""Distortion of a face that is let be. Chosen."""
RAMP = 0.2
"""Share of a segment over which the carried mesh leaves the true first shape, and over which it meets the true next.

Chosen.
"""
SAME_SHAPE = 0.003
"""Mean distance, in diagonals, up to which one shape moved as a whole is the next: then any flow is mere noise.

Chosen.
"""
LOST = 0.1
"""Mean distance from the field's surface, in units of the training frame, beyond which the mesh has lost it. Chosen."""
LOST_TRIED = 1_000
"""About how many vertices are asked for that. Chosen."""

Array = NDArray[np.float64]


@dataclass
class Way:
    """What is known of the mesh so far, by time."""

    states: dict[float, Array] = field(default_factory=dict)
    lost_at: float | None = None


def onto_surface(surface: Field, samples: Array) -> tuple[Array, Array, Array]:
    """Samples moved onto the field's surface, its normals there, and 1 for each that came to it, 0 for the others.

    What is left in mid-air would draw the mesh out into spikes.
    """
    values, gradient = values_and_mean_gradient(surface, samples)
    steepness = np.maximum(np.linalg.norm(gradient, axis=1), SHORTEST_GRADIENT)
    for _ in range(SAMPLE_STEPS):
        length = np.clip(-values / steepness, -LONGEST_SAMPLE_STEP, LONGEST_SAMPLE_STEP)
        samples = samples + (length / steepness)[:, None] * gradient
        places = torch.from_numpy(samples.astype(np.float32)).to(surface.device)
        values = surface.values(places).cpu().numpy().astype(np.float64)
    return samples, unit(gradient), (np.abs(values) < SAMPLE_REST * steepness).astype(np.float64)


class Traveller:
    """Takes a sheet from one time of a segment to one of its ends."""

    def __init__(
        self,
        morph: Morph,
        shapes: list[Shape],
        sheet: Sheet,
        held: NDArray[np.bool_],
        goals: dict[int, Array],
        window: tuple[float, float],
        threads: int,
    ) -> None:
        self.morph, self.shapes, self.sheet, self.held = morph, shapes, sheet, held
        self.goals, self.window, self.threads = goals, window, threads
        self.shares: Array | None = None
        """Factors on the faces' shares of the area, where they are to be crowded."""

    def go(self, points: Array, origin: float, end: float, way: Way, notify: Callable[[float], None]) -> None:
        """Add the states from just after ``origin`` to ``end``, a shape's time, in either direction."""
        segment, index = int(min(origin, end)), round(end)
        pose, destination = self.morph.pose(end), self._destination(index)
        goal = pose.to_training(self.goals[index]) if index in self.goals else None
        if any(isinstance(flow, CarriedMesh) for flow in self.morph.motion.flows[segment : segment + 1]):
            if goal is None:
                triangles = self.sheet.triangles.astype(np.int64)
                goal = laid_on(destination, points, triangles, self._carried(points, origin, end, segment))
            self._swing(way, origin, end, pose.to_world(goal))
            notify(1.0)
            return
        whole = goal is None and not self.morph.job.landmarks and self._is_moved_copy(points, destination, index)
        leaves_shape = origin == round(origin)
        crowded = self.shares
        departed = points
        passed: list[tuple[float, Array]] = []
        time = origin
        for following in _times(origin, end, self.window):
            if crowded is not None:
                self.shares = crowded ** (abs(end - following) / abs(end - origin))
            share = min(1.0, abs(following - origin) / RAMP) if leaves_shape else 1.0
            surface = self.morph.field(following)
            if whole:
                points = self._smoothly(surface, departed, share)
            elif goal is not None:
                there = self._carried(goal, end, following, segment)
                here = self._carried(departed, origin, following, segment)
                gone = (following - origin) / (end - origin)
                points = self._smoothly(surface, (1 - gone) * here + gone * there, share)
            else:
                samples = self._carried(destination.samples, end, following, segment)
                points = self._onto_surface(surface, self._carried(points, time, following, segment), samples, share)
            if self._lost(surface, points):
                way.lost_at = following
                return
            time = following
            passed.append((time, points))
            notify(abs(time - origin) / abs(end - origin))
        if goal is not None:
            arrived = goal
        else:
            arrived = (destination.touched if whole else destination.fitted)(self.sheet, points)
        missing = np.where(self.held[:, None] | (goal is not None), arrived - points, 0.0)
        if not np.isfinite(missing).all():
            way.lost_at = end
            return
        for time, points in passed:
            share = max(0.0, 1 - abs(end - time) / RAMP)
            way.states[time] = self.morph.pose(time).to_world(points + share**2 * (3 - 2 * share) * missing)

    def _swing(self, way: Way, origin: float, end: float, goal: Array) -> None:
        """Between poses the mesh itself goes the way on which its lengths stay."""
        kept = lengths_kept(self.morph.job.guide.rigidity)
        start, triangles = way.states[origin], self.sheet.triangles.astype(np.int64)
        path, contact = LengthPath(start, goal, triangles, kept), SelfContact(start, triangles)
        for time in _times(origin, end, self.window):
            places = path.at((time - origin) / (end - origin))
            way.states[time] = places if time == end else contact.pushed_apart(places)

    def crowded(self, points: Array, time: float) -> Array:
        """The faces' shares of the area that they should have at a time for the sake of the shapes on either side."""
        surface, segment = self.morph.field(time), int(time)
        samplings = []
        for index in (segment, segment + 1):
            carried = self._carried(self._destination(index).samples, float(index), time, segment)
            samples, _, near = onto_surface(surface, carried)
            samplings.append(samples[near > 0])
        return wanted_areas(self.sheet, points, samplings, self.threads)

    def evened(self, points: Array, time: float) -> Array:
        """A mesh on the field's surface with its faces evened out."""
        surface = self.morph.field(time)
        for _ in range(EVENING_ROUNDS):
            points = pulled(self.sheet, points, [self._downhill(surface, points)], STIFFNESS)
            points = self._slid(surface, points)
        return points

    def _destination(self, index: int) -> Destination:
        pose, shape = self.morph.pose(float(index)), self.shapes[index]
        return Destination(pose.to_training(shape.vertices), shape.triangles, self.sheet.count, self.threads)

    def _carried(self, points: Array, start: float, end: float, segment: int) -> Array:
        device = self.morph.layers[0][0].device
        flow = self.morph.motion
        there = flow.carry(torch.from_numpy(points.astype(np.float32)).to(device), start, end, segment)
        return np.asarray(there.cpu().numpy(), np.float64)

    def _onto_surface(self, surface: Field, points: Array, samples: Array, share: float) -> Array:
        """Pulled onto the field's surface and evened out; ``share`` says how much of what is missing is made good."""
        samples, normals, near = onto_surface(surface, samples)
        ahead = self._downhill(surface, points)
        back = from_samples(self.sheet, points, samples, normals, share * near, self.threads)
        moved = pulled(self.sheet, points, [ahead, back], STIFFNESS)
        points = np.where(self.held[:, None], points + share * (moved - points), points)
        return self._slid(surface, points)

    def _slid(self, surface: Field, points: Array) -> Array:
        gradient = mean_gradient(surface, points).astype(np.float64)
        steepness = np.maximum(np.linalg.norm(gradient, axis=1, keepdims=True), SURE_GRADIENT)
        normals = unit(gradient / steepness + OWN_NORMAL * self.sheet.normals(points))
        if self.sheet.even:
            points = self.sheet.untangled(points, normals, UNTANGLINGS)
        return self.sheet.evened(points, normals, SWEEPS, LEEWAY, self.shares)

    def _smoothly(self, surface: Field, points: Array, share: float) -> Array:
        """Onto the field's surface where it is known which vertex belongs where: nothing slides."""
        moved = pulled(self.sheet, points, [self._downhill(surface, points)], FIRM)
        return np.where(self.held[:, None], points + share * (moved - points), points)

    def _downhill(self, surface: Field, points: Array) -> Pull:
        """Every vertex to where the field vanishes, as far as one step may lead."""
        values, gradient = values_and_mean_gradient(surface, points)
        steepness = np.linalg.norm(gradient, axis=1)
        steep = self.held & (steepness > SHORTEST_GRADIENT)
        longest = LONGEST_STEP * self.sheet.edge_length(points)
        length = np.clip(-values / np.maximum(steepness, SHORTEST_GRADIENT), -longest, longest)
        ways = (length / np.maximum(steepness, SHORTEST_GRADIENT))[:, None] * gradient
        every = np.arange(len(points))[:, None]
        return Pull(every, np.ones((len(points), 1)), ways, steep.astype(np.float64))

    def _is_moved_copy(self, points: Array, destination: Destination, index: int) -> bool:
        pose, shape = self.morph.pose(float(index)), self.shapes[index]
        distances = np.linalg.norm(destination.nearest(points)[0] - points, axis=1) * pose.scale
        return bool(distances.mean() < SAME_SHAPE * shape.diagonal)

    def _lost(self, surface: Field, points: Array) -> bool:
        if not np.isfinite(points).all() or not self.held.any():
            return True
        held = points[self.held]
        values, gradient = values_and_mean_gradient(surface, held[:: max(1, len(held) // LOST_TRIED)])
        distances = np.abs(values) / np.maximum(np.linalg.norm(gradient, axis=1), SHORTEST_GRADIENT)
        return not distances.mean() < LOST


def _times(origin: float, end: float, window: tuple[float, float]) -> list[float]:
    """The steps from one time to another, both ends of the window among them where they lie between."""
    count = max(2, int(np.ceil(abs(end - origin) * STEPS)))
    steps = set(np.linspace(origin, end, count + 1)[1:].tolist())
    steps |= {time for time in window if min(origin, end) + 1e-6 < time < max(origin, end) - 1e-6}
    return sorted(steps, reverse=end < origin)
