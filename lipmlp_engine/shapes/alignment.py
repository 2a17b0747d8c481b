"""Turns one cloud of points onto another: principal axes, every proper choice of their signs, then closest points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

Array = NDArray[np.float64]

ROUNDS = 20
"""Of iterated closest points. Chosen."""
EQUALLY_GOOD = 1.1
"""Of fits within this factor of the best the smallest turn is taken: symmetric shapes have several.

Chosen; 1.02 at first.
"""
SEARCH_POINTS = 500
"""Points of each cloud that decide between the starts; all of them refine the choice. Chosen."""


def principal_axes(points: NDArray[np.floating]) -> tuple[Array, Array, Array]:
    """Centre (3,), right-handed axes as columns (3, 3) by falling spread, and the standard deviations along them."""
    centre = np.asarray(points, np.float64).mean(axis=0)
    local = np.asarray(points, np.float64) - centre
    values, axes = np.linalg.eigh(local.T @ local / max(len(points), 1))
    axes, values = axes[:, ::-1].copy(), values[::-1]
    if np.linalg.det(axes) < 0:
        axes[:, 2] = -axes[:, 2]
    return centre, axes, np.sqrt(np.maximum(values, 0))


def best_rotation(source_points: NDArray[np.floating], target_points: NDArray[np.floating]) -> tuple[Array, float]:
    """The rotation R of the source about its mean that fits the target best, and the fit's error.

    ``(source - source.mean(0)) @ R.T`` lies on ``target - target.mean(0)``. Sizes are evened out first and the error is
    the root mean square distance between the clouds, both ways, in radii of gyration: 0 is a perfect fit.
    """
    source, target = _normalised(source_points), _normalised(target_points)
    starts = [np.eye(3), *_axis_rotations(source, target)]
    few = [source[:: max(1, len(source) // SEARCH_POINTS)], target[:: max(1, len(target) // SEARCH_POINTS)]]
    tree = KDTree(few[1])
    refined = [_iterate(start, few[0], few[1], tree) for start in starts]
    errors = np.array([_error(rotation, few[0], few[1], tree) for rotation in refined])
    good = [r for r, error in zip(refined, errors, strict=True) if error <= EQUALLY_GOOD * errors.min() + 1e-9]
    smallest = max(good, key=lambda rotation: float(np.trace(rotation)))
    tree = KDTree(target)
    rotation = _iterate(smallest, source, target, tree)
    return rotation, _error(rotation, source, target, tree)


def _normalised(points: NDArray[np.floating]) -> Array:
    local = np.asarray(points, np.float64) - np.asarray(points, np.float64).mean(axis=0)
    radius = np.sqrt((local**2).sum(axis=1).mean())
    return np.asarray(local / radius if radius > 0 else local)


def _axis_rotations(source: Array, target: Array) -> list[Array]:
    """The source's axes laid onto the target's with each of the four choices of signs that mirror nothing."""
    _, from_axes, _ = principal_axes(source)
    _, to_axes, _ = principal_axes(target)
    signs = ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))
    return [to_axes @ np.diag(np.array(choice, np.float64)) @ from_axes.T for choice in signs]


def _iterate(rotation: Array, source: Array, target: Array, tree: KDTree) -> Array:
    for _ in range(ROUNDS):
        step = rotation_to_nearest(rotation, source, target, tree)
        if np.allclose(step, rotation, atol=1e-7):
            break
        rotation = step
    return np.asarray(rotation)


def rotation_to_nearest(rotation: Array, source: Array, target: Array, tree: KDTree) -> Array:
    """One round of iterated closest points about the origin: the rotation of the source onto what is nearest now."""
    _, nearest = tree.query(source @ rotation.T)
    left, _, right = np.linalg.svd(target[nearest].T @ source)
    flip = np.diag([1.0, 1.0, float(np.sign(np.linalg.det(left @ right)))])
    return np.asarray(left @ flip @ right)


def _error(rotation: Array, source: Array, target: Array, tree: KDTree) -> float:
    moved = source @ rotation.T
    there, _ = tree.query(moved)
    back, _ = KDTree(moved).query(target)
    return float(np.sqrt(((there**2).mean() + (back**2).mean()) / 2))
