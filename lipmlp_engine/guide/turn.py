"""Whether the second shape is the first one turned: then the in-between should turn too, not melt and grow again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

from ..shapes.alignment import rotation_to_nearest

LIKE_MOMENTS = 0.08
"""Largest difference of the principal moments (as shares of their sum) of two shapes that may be one shape turned.

Chosen.
"""
LIKE_RADII = 0.06
"""Largest mean difference of how far points are from the centre, the nearest, the next nearest and so on, in radii of
gyration, of two shapes that may be one shape turned.

Measured: two samplings of one surface differ by up to .016, a cat and a koala by .12. Chosen.
"""
GOOD_FIT = 0.03
"""Largest mean distance between the turned shape and the other, in radii of gyration, that counts as the same shape,
beyond the distance that two samplings of one and the same surface have from each other.

Chosen.
"""
MUCH_BETTER = 0.5
"""The turn must leave less than this share of the distance that is there without it. Chosen."""
QUICK = 200
"""Points that the many starts are tried with. Chosen."""
EQUALLY_GOOD = 1.15
"""Of fits within this factor of the best the smallest turn is taken: a bar has several. Chosen."""

Array = NDArray[np.float64]


def evident_turn(source: Array, target: Array, always: bool) -> Array:
    """The rotation that takes one centred surface sampling onto another, or the identity where none is evident.

    Both samplings are centred on their shape's centre and scaled to the same radius of gyration. With ``always`` the
    best-fitting rotation is returned whether or not it explains the target.
    """
    if not always and not _may_be_turned(source, target):
        return np.eye(3)
    tree = KDTree(target)
    grain = (_grain(source) + _grain(target)) / 2
    still = _distance(np.eye(3), source, target, tree) - grain
    candidates = [_refine(start, source[:QUICK], target, tree) for start in _starts(source, target)]
    errors = np.array([_distance(rotation, source, target, tree) for rotation in candidates])
    good = [r for r, error in zip(candidates, errors, strict=True) if error <= EQUALLY_GOOD * errors.min() + 1e-6]
    smallest = min(good, key=lambda rotation: Rotation.from_matrix(rotation).magnitude())
    smallest = _refine(smallest, source, target, tree)
    error = _distance(smallest, source, target, tree) - grain
    if always or (error < GOOD_FIT and error < MUCH_BETTER * still):
        return smallest
    return np.eye(3)


def _moments(points: Array) -> tuple[Array, Array]:
    values, axes = np.linalg.eigh(points.T @ points)
    return values / values.sum(), axes


def _may_be_turned(source: Array, target: Array) -> bool:
    """Whether they are alike in what no turn changes."""
    if np.abs(_moments(source)[0] - _moments(target)[0]).max() >= LIKE_MOMENTS:
        return False
    shares = np.linspace(0, 1, min(len(source), len(target)))
    near, far = (np.quantile(np.linalg.norm(points, axis=1), shares) for points in (source, target))
    return bool(np.abs(near - far).mean() < LIKE_RADII)


def _starts(source: Array, target: Array) -> list[Array]:
    """No turn, the principal axes laid onto each other in every proper way, and the quarter turns of a cube.

    The cube's turns serve shapes whose principal moments are equal, where the axes say nothing.
    """
    from_axes, to_axes = _moments(source)[1], _moments(target)[1]
    starts = [np.eye(3)]
    for signs in ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)):
        turn = to_axes @ np.diag(signs) @ from_axes.T
        starts.append(turn if np.linalg.det(turn) > 0 else -turn)
    starts.extend(Rotation.create_group("O").as_matrix())
    return starts


def _refine(rotation: Array, source: Array, target: Array, tree: KDTree) -> Array:
    """Iterated closest points, a dozen rounds, about the common centre."""
    for _ in range(12):
        rotation = rotation_to_nearest(rotation, source, target, tree)
    return rotation


def _grain(points: Array) -> float:
    """Mean distance of a sample from its nearest fellow: what two samplings of one surface differ by."""
    distances, _ = KDTree(points).query(points, k=2)
    return float(distances[:, 1].mean())


def _distance(rotation: Array, source: Array, target: Array, tree: KDTree) -> float:
    moved = source @ rotation.T
    there, _ = tree.query(moved)
    back, _ = KDTree(moved).query(target)
    return float(there.mean() + back.mean()) / 2
