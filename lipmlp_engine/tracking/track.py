"""Carries one mesh through a morph with its topology kept: shape keys. Writes and judges nothing.

From step to step the mesh rides on the guide's flow, is pulled onto the field's surface and evened out as an elastic
sheet; where it comes to a shape it is fitted to that shape's own surface.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..shapes.distance import DistanceField
from ..shapes.shape import Shape, doubled_area_vectors
from ..surface.field import Field
from ..surface.smooth_normals import mean_gradient
from .elastic_sheet import Sheet
from .template_mesh import Template
from .traveller import Array, Traveller, Way

if TYPE_CHECKING:
    from ..model.trained_morph import Morph

TOLERANCE = 0.002
"""How far, in diagonals of the first shape, a vertex may be from a straight line between two keys, by rule. Chosen."""
ON_SURFACE = 0.005
"""Vertices farther than this from the shape as it was morphed, in its diagonals, lie inside it and only ride along.

Chosen.
"""


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
    traveller = Traveller(morph, shapes, sheet, held, goals, (start, end), threads)

    crowded: Array | None = None
    if template.faces is not None:
        points = traveller.evened(points, template.time)
        traveller.shares = crowded = traveller.crowded(points, template.time)
        points = traveller.evened(points, template.time)
    passages = _passages(template.time, start, end)
    way = Way({template.time: morph.pose(template.time).to_world(points)})
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
