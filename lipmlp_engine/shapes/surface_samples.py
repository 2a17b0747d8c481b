"""Draws points on and near a surface; deterministic for a given generator, knows nothing of training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..job.errors import ShapeError
from .shape import doubled_area_vectors


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
