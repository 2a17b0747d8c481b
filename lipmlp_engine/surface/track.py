"""Carries one mesh through a morph with its topology kept: shape keys. Writes and judges nothing.

From step to step the mesh rides on the guide's flow, is pulled onto the field's surface and evened out as an elastic
sheet; where it comes to a shape it is fitted to that shape's own surface.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from ..guide import CarriedMesh
from ..poses.lengths import LengthPath, lengths_kept
from ..shapes.distance import DistanceField
from ..shapes.shape import Shape, doubled_area_vectors
from .arrive import OWN_NORMAL, Destination
from .crowding import wanted_areas
from .field import Field
from .laying import laid_on
from .normals import mean_gradient, values_and_mean_gradient
from .pull import LONGEST_STEP, Pull, from_samples, pulled
from .sheet import Sheet, unit
from .template import Template

if TYPE_CHECKING:
    from ..morph import Morph

STEPS = 48
"""Steps in which a segment is gone through, and the most keys it can have beyond its first."""
TOLERANCE = 0.002
"""How far, in diagonals of the first shape, a vertex may be from a straight line between two keys, by rule."""
ON_SURFACE = 0.005
"""Vertices farther than this from the shape as it was morphed, in its diagonals, lie inside it and only ride along."""
SHORTEST_GRADIENT = 0.05
"""A gradient shorter than this does not say where the surface is."""
SURE_GRADIENT = 0.5
"""A shorter one says less about where the surface faces than the mesh itself: on fins it sees the other side."""
SAMPLE_STEPS = 2
LONGEST_SAMPLE_STEP = 0.02
"""How far a carried sample may go at once to be set onto the field's surface, in units of the training frame."""
SAMPLE_REST = 0.004
"""Farther from the surface than this a carried sample pulls nothing."""
STIFFNESS = 0.3
FIRM = 300.0
"""Stiffness where it is known which vertex belongs where, and only the surface as a whole is to be met."""
SWEEPS = 12
UNTANGLINGS = 2
"""Rounds in each step in which faces of a clean mesh that have turned over are drawn together.

A shape's own mesh has fewer faces where a fin is to grow, and lost the whole of it that way.
"""
EVENING_ROUNDS = 10
"""In which a mesh that has just been extracted is evened out before it is carried anywhere."""
LEEWAY = 0.1
"""Distortion of a face that is let be."""
RAMP = 0.2
"""Share of a segment over which the carried mesh leaves the true first shape, and over which it meets the true next."""
SAME_SHAPE = 0.003
"""Mean distance, in diagonals, up to which one shape moved as a whole is the next: then any flow is mere noise."""
LOST = 0.1
"""Mean distance from the field's surface, in units of the training frame, beyond which the mesh has lost it."""
LOST_TRIED = 1_000
"""About how many vertices are asked for that."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Track:
    """A mesh that moves: the same vertices and triangles at every key."""

    positions: NDArray[np.float32]
    """(K, n, 3), in the world; the vertices in the template's order."""
    times: Array
    """(K,), rising; between two keys vertices go straight."""
    triangles: NDArray[np.int32]
    inside: float = 0.0
    """Share of the template's vertices that lie off the surface that was morphed."""
    faces: NDArray[np.int32] | None = None
    """The quads that the triangles halve, where the mesh is no shape's own."""
    lost_at: float | None = None
    """When the mesh lost the surface; nothing is tracked beyond."""


@dataclass
class _Way:
    """What is known of the mesh so far, by time."""

    states: dict[float, Array] = field(default_factory=dict)
    lost_at: float | None = None


def track(
    morph: Morph,
    template: Template,
    shapes: list[Shape],
    *,
    start: float = 0.0,
    end: float | None = None,
    tolerance: float = TOLERANCE,
    threads: int = 0,
    notify: Callable[[float], None] | None = None,
) -> Track:
    """Follow the template through the morph and keep the keys between ``start`` and ``end``.

    ``shapes`` are the shapes as they were morphed; ``tolerance`` is in diagonals of the first; ``notify`` is told the
    fraction done.
    """
    end = morph.last_time if end is None else end
    _, first, index = np.unique(template.vertices, axis=0, return_index=True, return_inverse=True)
    index = index.reshape(-1)
    vertices = np.asarray(template.vertices[first], np.float64)
    triangles = index[template.triangles]
    points = morph.pose(template.time).to_training(vertices)
    if facing_outwards(morph.field(template.time), points, triangles) < 0:
        triangles = triangles[:, ::-1]
    held = np.ones(len(vertices), bool)
    if template.faces is None:
        surface = DistanceField(shapes[0].vertices, shapes[0].triangles, threads=threads)
        held = surface.closest(vertices)[2] < ON_SURFACE * shapes[0].diagonal
    sheet = Sheet(points, triangles, held, even=template.faces is not None, threads=threads)
    goals = {shape: places[first] for shape, places in template.goals.items()}
    traveller = _Traveller(morph, shapes, sheet, held, goals, (start, end), threads)

    crowded: Array | None = None
    if template.faces is not None:
        points = traveller.evened(points, template.time)
        traveller.shares = crowded = traveller.crowded(points, template.time)
        points = traveller.evened(points, template.time)
    passages = _passages(template.time, start, end)
    way = _Way({template.time: morph.pose(template.time).to_world(points)})
    for number, (origin, destination) in enumerate(passages):

        def step(share: float, number: int = number) -> None:
            if notify is not None:
                notify((number + share) / len(passages))

        traveller.shares = crowded if origin == template.time else None
        before = morph.pose(origin).to_training(way.states[origin])
        traveller.go(before, origin, destination, way, step)
        if way.lost_at is not None:
            break
    within = [time for time in way.states if start - 1e-9 <= time <= end + 1e-9]
    times = np.array(sorted(within or way.states))  # a mesh that is lost early has nothing within
    states = np.stack([way.states[time] for time in times.tolist()])
    kept = chosen_keys(times, states, tolerance * shapes[0].diagonal)
    positions = states[kept].astype(np.float32)[:, index]
    inside = float(1 - held.mean())
    return Track(positions, times[kept], template.triangles, inside, template.faces, way.lost_at)


def chosen_keys(times: Array, states: Array, tolerance: float) -> list[int]:
    """The fewest states found by splitting at the worst one, so that straight lines pass all within the tolerance."""
    kept, open_spans = {0, len(times) - 1}, [(0, len(times) - 1)]
    while open_spans:
        start, end = open_spans.pop()
        if end - start < 2:
            continue
        shares = ((times[start + 1 : end] - times[start]) / (times[end] - times[start]))[:, None, None]
        straight = (1 - shares) * states[start] + shares * states[end]
        errors = np.linalg.norm(states[start + 1 : end] - straight, axis=2).max(1)
        if errors.max() > tolerance:
            worst = start + 1 + int(errors.argmax())
            kept.add(worst)
            open_spans += [(start, worst), (worst, end)]
    return sorted(kept)


def facing_outwards(field: Field, points: Array, triangles: NDArray[np.integer]) -> float:
    """Above zero where most of the area faces as the field's gradient does: twice that area, less twice the rest."""
    areas = doubled_area_vectors(points, triangles)
    gradient = mean_gradient(field, points[triangles].mean(1)).astype(np.float64)
    return float((np.sign((areas * gradient).sum(1)) * np.linalg.norm(areas, axis=1)).sum())


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


class _Traveller:
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

    def go(self, points: Array, origin: float, end: float, way: _Way, notify: Callable[[float], None]) -> None:
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

    def _swing(self, way: _Way, origin: float, end: float, goal: Array) -> None:
        """Between poses the mesh itself goes the way on which its lengths stay."""
        kept = lengths_kept(self.morph.job.guide.rigidity)
        path = LengthPath(way.states[origin], goal, self.sheet.triangles, kept)
        for time in _times(origin, end, self.window):
            way.states[time] = path.at((time - origin) / (end - origin))

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


def _passages(began: float, start: float, end: float) -> list[tuple[float, float]]:
    """From where the template is to every shape's time on either side, as far as the keys reach."""
    found = []
    at = began
    while at < end - 1e-9:
        following = np.floor(at + 1e-9) + 1.0
        found.append((at, float(following)))
        at = float(following)
    at = began
    while at > start + 1e-9:
        before = np.ceil(at - 1e-9) - 1.0
        found.append((at, float(before)))
        at = float(before)
    return found


def _times(origin: float, end: float, window: tuple[float, float]) -> list[float]:
    """The steps from one time to another, both ends of the window among them where they lie between."""
    count = max(2, int(np.ceil(abs(end - origin) * STEPS)))
    steps = set(np.linspace(origin, end, count + 1)[1:].tolist())
    steps |= {time for time in window if min(origin, end) + 1e-6 < time < max(origin, end) - 1e-6}
    return sorted(steps, reverse=end < origin)
