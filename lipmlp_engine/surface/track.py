"""Carries the first shape's own mesh through a morph with its topology kept: shape keys. Writes and judges nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sparse
import torch
from numpy.typing import NDArray

from ..shapes.distance import DistanceField
from ..shapes.shape import Shape, doubled_area_vectors
from .field import Field

if TYPE_CHECKING:
    from ..morph import Morph

STEPS = 16
"""Steps in which a segment is gone through, and the most keys it can have beyond its first."""
TOLERANCE = 0.002
"""How far, in diagonals of the first shape, a vertex may be from a straight line between two keys."""
ON_SURFACE = 0.005
"""Vertices farther than this from the shape as it was morphed, in its diagonals, lie inside it and only ride along."""
SHORTEST_GRADIENT = 0.05
"""A gradient shorter than this does not say where the surface is."""
NEWTON_STEPS = 4
LONGEST_STEP = 0.3
"""Of the mean length of the edges around a vertex: less than would turn a face over."""
NARROW = 20.0
"""Degrees; triangles that become narrower than this are evened out, at the price of a little sliding."""
RAMP = 0.2
"""Share of a segment over which the carried mesh leaves the true first shape, and over which it meets the true next."""
FIT_ROUNDS = 8
SAME_SHAPE = 0.003
"""Mean distance, in diagonals, up to which one shape moved as a whole is the next: then any flow is mere noise."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Track:
    """A mesh that moves: the same vertices and triangles at every key."""

    positions: NDArray[np.float32]
    """(K, n, 3), in the world; the vertices in the template's order."""
    times: Array
    """(K,), rising; between two keys vertices go straight."""
    triangles: NDArray[np.int32]
    inside: float
    """Share of the template's vertices that lie off the surface that was morphed."""


def track(
    morph: Morph, template: Shape, shapes: list[Shape], threads: int = 0, notify: Callable[[float], None] | None = None
) -> Track:
    """Follow the template, which is the first shape as its file has it, through the whole chain.

    ``shapes`` are the shapes as they were morphed; ``notify`` is told the fraction done.
    """
    _, first, index = np.unique(template.vertices, axis=0, return_index=True, return_inverse=True)
    index = index.reshape(-1)
    vertices = np.asarray(template.vertices[first], np.float64)
    mesh = _Mesh(index[template.triangles], len(vertices))
    surface = DistanceField(shapes[0].vertices, shapes[0].triangles, threads=threads)
    held = surface.closest(vertices)[2] < ON_SURFACE * shapes[0].diagonal
    if facing_outwards(morph.field(0.0), morph.pose(0.0).to_training(vertices), mesh.triangles) < 0:
        mesh = _Mesh(mesh.triangles[:, ::-1], len(vertices))
    least = np.minimum(NARROW, 0.6 * smallest_angles(vertices, mesh.triangles))

    times, states = [0.0], [vertices]
    for segment in range(len(shapes) - 1):
        target = DistanceField(shapes[segment + 1].vertices, shapes[segment + 1].triangles, threads=threads)
        points = morph.pose(float(segment)).to_training(states[-1])
        whole = not morph.job.landmarks and _is_moved_copy(morph, points, segment + 1, target, shapes[segment + 1])
        passed = []
        for step in range(1, STEPS + 1):
            time = segment + step / STEPS
            carried = points if whole else _carried(morph, points, time - 1 / STEPS, time, segment)
            carried = mesh.evened(carried, least)
            drawn = min(1.0, step / STEPS / RAMP)
            points = _onto_surface(morph.field(time), carried, mesh, held, drawn)
            passed.append((time, points))
            if notify is not None:
                notify((segment + step / STEPS) / (len(shapes) - 1))
        missing = _fit(morph, segment + 1, points, mesh, held, target, shapes[segment + 1]) - points
        for time, points in passed:
            share = max(0.0, 1 - (segment + 1 - time) / RAMP)
            times.append(time)
            states.append(morph.pose(time).to_world(points + share**2 * (3 - 2 * share) * missing))
    kept = chosen_keys(np.array(times), np.stack(states), TOLERANCE * shapes[0].diagonal)
    positions = np.stack([states[key] for key in kept]).astype(np.float32)[:, index]
    return Track(positions, np.array(times)[kept], template.triangles, float(1 - held.mean()))


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
    _, gradient = _sampled(field, points[triangles].mean(1))
    return float((np.sign((areas * gradient).sum(1)) * np.linalg.norm(areas, axis=1)).sum())


class _Mesh:
    """What stays the same while vertices move."""

    def __init__(self, triangles: NDArray[np.integer], count: int) -> None:
        self.triangles = triangles
        pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
        pairs = np.unique(np.sort(pairs, axis=1), axis=0)
        self.edges = pairs[pairs[:, 0] != pairs[:, 1]]
        one, other = self.edges.T
        ones = np.ones(2 * len(self.edges))
        links = sparse.csr_matrix(
            (ones, (np.concatenate([one, other]), np.concatenate([other, one]))), shape=(count, count)
        )
        degree = np.maximum(np.asarray(links.sum(1)).ravel(), 1)
        self.average = sparse.csr_matrix(sparse.diags_array(1 / degree) @ links)
        self._links, self._degree = links, degree

    def edge_length(self, points: Array) -> Array:
        """Mean length of the edges around each vertex."""
        lengths = np.linalg.norm(points[self.edges[:, 0]] - points[self.edges[:, 1]], axis=1)
        both = np.concatenate([lengths, lengths])
        at = self.edges.T.ravel()
        return np.asarray(np.bincount(at, both, len(points)) / self._degree)

    def normals(self, points: Array) -> Array:
        areas = doubled_area_vectors(points, self.triangles)
        total = np.stack(
            [np.bincount(self.triangles.ravel(), np.repeat(areas[:, axis], 3), len(points)) for axis in range(3)], 1
        )
        return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-30))

    def relaxed(self, points: Array, before: Array, rounds: int = 2) -> Array:
        """Slide vertices within the surface until what moved them moved their neighbours alike.

        Smoothing the displacement instead of the mesh keeps each ring of triangles in the shape that it had before.
        """
        normals = self.normals(points)
        for _ in range(rounds):
            moved = points - before
            uneven = self.average @ moved - moved
            points = points + 0.5 * (uneven - (uneven * normals).sum(1, keepdims=True) * normals)
        return points

    def evened(self, points: Array, least: Array, rounds: int = 3) -> Array:
        """Slide the corners of triangles that are narrower than they may be towards the middle of their neighbours."""
        for _ in range(rounds):
            narrow = self.triangles[smallest_angles(points, self.triangles) < least]
            share = np.zeros(len(points))
            share[narrow] = 0.3
            step = (self.average @ points - points) * share[:, None]
            normals = self.normals(points)
            points = points + step - (step * normals).sum(1, keepdims=True) * normals
        return points


def smallest_angles(points: Array, triangles: NDArray[np.integer]) -> Array:
    """Each triangle's smallest angle in degrees."""
    corners = points[triangles]
    sides = np.sort(np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2), axis=1)
    shortest, middle, longest = np.maximum(sides, 1e-30).T
    cosine = (middle**2 + longest**2 - shortest**2) / (2 * middle * longest)
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _sampled(field: Field, points: Array) -> tuple[Array, Array]:
    values, gradient = field.values_and_gradient(torch.from_numpy(points.astype(np.float32)).to(field.device))
    return values.cpu().numpy().astype(np.float64), gradient.cpu().numpy().astype(np.float64)


def _is_moved_copy(morph: Morph, points: Array, index: int, target: DistanceField, shape: Shape) -> bool:
    distances = target.closest(morph.pose(float(index)).to_world(points))[2]
    return bool(distances.mean() < SAME_SHAPE * shape.diagonal)


def _carried(morph: Morph, points: Array, start: float, end: float, segment: int) -> Array:
    device = morph.layers[0][0].device
    there = morph.motion.carry(torch.from_numpy(points.astype(np.float32)).to(device), start, end, segment)
    return np.asarray(there.cpu().numpy(), np.float64)


def _onto_surface(field: Field, carried: Array, mesh: _Mesh, held: NDArray[np.bool_], share: float) -> Array:
    """Small steps to where the field vanishes, each followed by sliding; ``share`` says how much of each is taken."""
    points = carried
    longest = LONGEST_STEP * mesh.edge_length(carried)
    for _ in range(NEWTON_STEPS):
        values, gradient = _sampled(field, points)
        steepness = np.linalg.norm(gradient, axis=1)
        steep = held & (steepness > SHORTEST_GRADIENT)
        length = np.where(steep, -values / np.maximum(steepness, SHORTEST_GRADIENT), 0.0)
        length = np.clip(length, -longest, longest) * share
        moved = points + (length / np.maximum(steepness, SHORTEST_GRADIENT))[:, None] * gradient
        points = np.where(held[:, None], mesh.relaxed(moved, carried), carried)
    return points


def _fit(
    morph: Morph, index: int, points: Array, mesh: _Mesh, held: NDArray[np.bool_], target: DistanceField, shape: Shape
) -> Array:
    """The mesh drawn to a shape's true surface, each vertex to the nearest place that faces the same way."""
    pose = morph.pose(float(index))
    corners = pose.to_training(shape.vertices)
    facing = doubled_area_vectors(corners, shape.triangles)
    start = points
    for last in [False] * FIT_ROUNDS + [True]:
        triangle, place, _ = target.closest(pose.to_world(points))
        missing = pose.to_training(place) - points
        alike = held & ((facing[triangle] * mesh.normals(points)).sum(1) > 0)
        longest = (1.0 if last else LONGEST_STEP) * mesh.edge_length(points)[:, None]
        length = np.linalg.norm(missing, axis=1, keepdims=True)
        missing = np.where(alike[:, None], missing * np.minimum(1, longest / np.maximum(length, 1e-30)), 0.0)
        moved = points + missing
        points = moved if last else np.where(held[:, None], mesh.relaxed(moved, start, 1), points)
    return points
