"""A shape's matter as points: what transport moves, where it is and how large. A vessel counts as if it were full."""

from __future__ import annotations

from dataclasses import dataclass

import igl
import numpy as np
from numpy.typing import NDArray

from ..shapes.distance import DistanceField
from ..shapes.shape import Shape
from ..shapes.surface_samples import sample_surface
from .hollows import hollow_places, looking_out

INSIDE_SAMPLES = 1_000
"""Points inside each shape that the flow carries. Measured: 1,000 carry a shape as far as 1,500 did."""
SURFACE_SAMPLES = 1_000
"""Points on each shape's surface that the flow carries.

Chosen. Measured: half or twice of it changes nothing above chance.
"""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Matter:
    """A shape's samples in world space, with its centre, its radius of gyration and its volume."""

    inside: Array
    surface: Array
    normals: Array
    centre: Array
    radius: float
    volume: float


def matter_of(shape: Shape, distance: DistanceField, rng: np.random.Generator) -> Matter:
    surface, normals, _ = sample_surface(shape.vertices, shape.triangles, SURFACE_SAMPLES, rng)
    inside, volume = _inside(shape, distance, rng)
    if len(inside) < INSIDE_SAMPLES // 4:
        # Too thin to be hit from its bounding box: its surface stands for its matter.
        inside, _, _ = sample_surface(shape.vertices, shape.triangles, INSIDE_SAMPLES, rng)
    hollow = hollow_places(distance)
    if hollow is not None:
        inside, volume = _with_hollow(inside, volume, *hollow)
        outer = looking_out(distance, surface, normals)
        surface, normals = surface[outer], normals[outer]
    centre = inside.mean(0)
    radius = float(np.sqrt(((inside - centre) ** 2).sum(1).mean()))
    if shape.closed and hollow is None:
        # Exact, so that a moved copy of a shape is found to be just that.
        exact, moment, inertia = igl.moments(shape.vertices - centre, shape.triangles.astype(np.int64))
        if exact > 0:
            centre, volume = centre + np.asarray(moment).ravel() / exact, float(exact)
            radius = float(np.sqrt(np.trace(inertia) / 2 / volume))
    return Matter(inside, surface, normals, centre, radius, volume)


def _with_hollow(inside: Array, volume: float, hollow: Array, held: float) -> tuple[Array, float]:
    """As many points over a vessel's walls and what they hold together, and the volume of both."""
    whole = volume + held
    own = inside[: round(INSIDE_SAMPLES * volume / whole)]
    return np.concatenate([own, np.resize(hollow, (INSIDE_SAMPLES - len(own), 3))]), whole


def _inside(shape: Shape, distance: DistanceField, rng: np.random.Generator) -> tuple[Array, float]:
    """Points spread evenly over the inside, and the volume, by throwing points into the bounding box."""
    low, high = shape.vertices.min(0), shape.vertices.max(0)
    hits: list[Array] = []
    thrown = 0
    while sum(map(len, hits)) < INSIDE_SAMPLES and thrown < 60 * INSIDE_SAMPLES:
        points = rng.uniform(low, high, (6 * INSIDE_SAMPLES, 3))
        hits.append(points[distance.signed(points) < 0])
        thrown += len(points)
    inside = np.concatenate(hits)
    return inside[:INSIDE_SAMPLES], float(np.prod(high - low)) * max(len(inside), 1) / thrown
