"""Draws points on, near and inside a surface; deterministic for a given generator, knows nothing of training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..job.errors import ShapeError
from .distance import DistanceField
from .shape import doubled_area_vectors

_CELLS = 32
"""Cells along each axis of the grid that finds where the inside is."""
_ROUNDS = 64


def sample_surface(
    vertices: NDArray[np.floating], triangles: NDArray[np.integer], count: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]]:
    """Points spread evenly over the area, the triangles' unit normals there, and the triangles' indices.

    Every triangle gets as many points as its share of the area says, give or take one; their order is random.
    """
    vertices = np.asarray(vertices, np.float64)
    area_vectors = doubled_area_vectors(vertices, np.asarray(triangles, np.int32))
    doubled = np.linalg.norm(area_vectors, axis=1)
    heights = np.cumsum(doubled)
    if len(heights) == 0 or not heights[-1] > 0:
        raise ShapeError("A surface without area has no points to sample; give it faces.")
    picks = (np.arange(count) + rng.random(count)) * (heights[-1] / max(count, 1))
    chosen = np.searchsorted(heights, picks, side="right").clip(max=len(heights) - 1)
    chosen = rng.permutation(chosen)
    # The square root spreads points evenly over a triangle.
    root, along = np.sqrt(rng.random(count)), rng.random(count)
    weights = np.stack([1 - root, root * (1 - along), root * along], axis=1)
    points = np.einsum("ij,ijk->ik", weights, vertices[triangles[chosen]])
    normals = area_vectors[chosen] / np.maximum(doubled[chosen], np.finfo(np.float64).tiny)[:, None]
    return points, normals, chosen.astype(np.int32)


def sample_near(
    vertices: NDArray[np.floating],
    triangles: NDArray[np.integer],
    count: int,
    spreads: Sequence[float],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Surface points displaced in every direction by normal noise; each spread, in world units, gets an equal share."""
    points, _, _ = sample_surface(vertices, triangles, count, rng)
    deviations = np.resize(np.asarray(spreads, np.float64), count)
    return points + rng.standard_normal((count, 3)) * deviations[:, None]


def sample_volume(field: DistanceField, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Points spread evenly over the inside; thin and hollow shapes cost little more than full ones."""
    low, high = field.bounds
    size = np.maximum((high - low) / _CELLS, 1e-12 * np.linalg.norm(high - low))
    corners = np.stack(np.meshgrid(*[np.arange(_CELLS)] * 3, indexing="ij"), axis=-1).reshape(-1, 3) * size + low
    reach = float(np.linalg.norm(size)) / 2
    near = corners[field.signed(corners + size / 2) < reach * (1 + 1e-5)]
    found: list[NDArray[np.float64]] = []
    missing = count
    wanted = 2 * count
    for _ in range(_ROUNDS):
        thrown = near[rng.integers(len(near), size=wanted)] + rng.random((wanted, 3)) * size
        hits = thrown[field.signed(thrown) < 0]
        found.append(hits)
        missing -= len(hits)
        if missing <= 0:
            return np.concatenate(found)[:count]
        wanted = int(min(4 * wanted, 1.2 * missing * wanted / max(len(hits), 1) + 64))
    raise ShapeError("The shape has no inside that points could be put in; close its holes or give it thickness.")
