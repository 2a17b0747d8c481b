"""How noisy a cloud is: what surfaces through the neighbours of its points leave unexplained. Knows no normals.

What is bent leaves something as well, and so do two sheets close to each other, which are no noise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .local_fits import planes

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

PROBE = 20
"""Neighbours whose curved fit tells how noisy a cloud is. Chosen."""
CALM, CALM_SHARE = 0.3, 0.93
"""The noise is read where this share of the fits is calmer, which by chance alone is this much of the noise.

Chosen the first; the other follows from it.
"""
APART, SPLITS, TWO_SHEETS = 0.35, 3, 0.25
"""Spacings off a point's narrowed plane from which a neighbour is tried as one of another sheet, how often neighbours
are shared out anew among the two, and what two sheets may leave of what one does to be believed. Chosen: of clouds in
noise they leave less than .36 at 2 % of the points, of bowls 1 to 2.4 spacings thick nothing at most.
"""
FEW, PLAIN, PLAIN_SHARE, FINE = 10, 0.2, 0.68, 0.6
"""Neighbours of a narrower curved fit, the share of such fits by which it is judged, what these have of the noise by
chance alone, and what they may leave, of what wider ones do, where that is the shape's own detail.

Chosen, but for the third, which follows from the second: clouds in noise have .75 to 1.05, a foot's bones from 5,000
points .44.
"""
CLEAN = 0.15
"""Noise below this share of the distance between points: they lie on the surface, and so must the planes on them.

Chosen.
"""
SPARSE, STILL = 500, 0.1
"""Points below which fits miss what is bent, not noise, and how much of it, in spacings, is believed. Measured on six
shapes of 200 points, clean: two solids come from 5.3 and 4.1 to 1.5 and .8 % of the truth.
"""
MORE, TOGETHER, WALLS, LEAST_WALLS = 32, 24, 0.52, 0.05
"""Neighbours of a fit that asks in noise whether there are two sheets, how many such fits are heard together, what two
may leave of what one does where they are there, and the share of the fits from which walls are believed. Measured, half
of all fits of noisy animals, blocks and rings .58 to .59, of walls 6 and 4 deviations thick .43 and .53.
"""
PROBES = 4000
"""Points that are asked, at most twice as many. Chosen."""
LEAST = 0.12
"""Of the spacing: how far from a plane points of its sheet may lie where there is no noise. Chosen."""


def noise_of(points: Array, tree: cKDTree, spacing: Array, workers: int, walls: bool) -> tuple[float, Flags]:
    """The standard deviation of the points from the surface, and which of them lie on walls whose two sides are closer
    to each other than the neighbours of a point, where ``walls`` are looked for."""
    count, none = len(points), np.zeros(len(points), np.bool_)
    some = np.arange(0, count, max(1, count // PROBES))
    nearest = tree.query(points[some], k=min(MORE + 1, count), workers=workers)[1]
    few = nearest[:, : PROBE + 1]
    noise = float(np.quantile(left_by_sheets(points, few, spacing[some]), CALM)) / CALM_SHARE
    usual = float(np.median(spacing))
    if noise >= CLEAN * usual:
        noise = _but_for_detail(noise, points, few, usual)
    if count < SPARSE:
        return min(noise, STILL * usual), none
    if noise < CLEAN * usual or not walls:
        return noise, none
    one, two = _by_one_and_two(points, nearest, spacing[some])
    beside = cKDTree(points[some])
    share = np.log(np.maximum(two, 1e-300) / np.maximum(one, 1e-300))
    together = share[beside.query(points[some], k=TOGETHER, workers=workers)[1]].mean(axis=1)
    thin = np.exp(together) < WALLS
    if thin.mean() < LEAST_WALLS:
        return noise, none
    within = float(np.quantile(np.where(thin, two, one), CALM)) / CALM_SHARE
    return min(noise, within), np.asarray(thin[beside.query(points, workers=workers)[1]])


def left_by_sheets(points: Array, chosen: NDArray[np.integer], spacing: Array) -> Array:
    """What a quadratic surface through each row of neighbours leaves unexplained; two of them that are parallel, where
    these leave next to nothing."""
    one, two = _by_one_and_two(points, chosen, spacing)
    return np.asarray(np.where(two < TWO_SHEETS * one, two, one))


def _by_one_and_two(points: Array, chosen: NDArray[np.integer], spacing: Array) -> tuple[Array, Array]:
    """What one quadratic surface through each row of neighbours leaves unexplained, and what two parallel ones do."""
    local = _about_middle(points, chosen)
    one = _left_by_one(local)
    normal = planes(points, chosen, LEAST * spacing)
    tangent = np.cross(normal, np.eye(3)[np.abs(normal).argmin(axis=1)])
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    base, height = _quadratic(local, np.stack([normal, np.cross(normal, tangent), tangent], axis=2))
    above = height - height[:, :1]
    apart = np.abs(above) > APART * spacing[:, None]
    other = apart & (above * (above * apart).sum(axis=1, keepdims=True) > 0)
    two = one
    for _ in range(SPLITS):
        both = np.concatenate([base, other[:, :, None]], axis=2)
        left, lies = _unexplained(both, height)
        two = np.minimum(two, left)
        above = height - np.einsum("nkm,nm->nk", base, lies[:, :-1])
        other = np.abs(above - lies[:, -1:]) < np.abs(above)
    return one, two


def _but_for_detail(noise: float, points: Array, nearest: NDArray[np.integer], spacing: float) -> float:
    """The noise of a cloud; of one that is sparse, not noisy, what narrower fits leave: noise is as large in them, and
    what is bent is not."""
    left = float(np.quantile(left_by_one(points, nearest[:, : FEW + 1]), PLAIN)) / PLAIN_SHARE
    return left if left < min(CLEAN * spacing, FINE * noise) else noise


def left_by_one(points: Array, chosen: NDArray[np.integer]) -> Array:
    """What one quadratic surface through each row of neighbours leaves unexplained."""
    return _left_by_one(_about_middle(points, chosen))


def _about_middle(points: Array, chosen: NDArray[np.integer]) -> Array:
    """Neighbours as they lie about their middle."""
    return np.asarray(points[chosen] - points[chosen].mean(axis=1, keepdims=True))


def _left_by_one(local: Array) -> Array:
    _, axes = np.linalg.eigh(np.einsum("nki,nkj->nij", local, local))
    return _unexplained(*_quadratic(local, axes))[0]


def _quadratic(local: Array, axes: Array) -> tuple[Array, Array]:
    """The terms of quadratic surfaces over the last two axes, and the heights along the first."""
    u, v, height = (np.einsum("nki,ni->nk", local, axes[:, :, axis]) for axis in (2, 1, 0))
    scale = np.abs(u).max(axis=1, keepdims=True) + 1e-300
    u, v = u / scale, v / scale
    return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=2), height


def _unexplained(base: Array, height: Array) -> tuple[Array, Array]:
    """The standard deviation that the best fit of the terms leaves, and how much it takes of each."""
    amount = np.einsum("nmk,nk->nm", np.linalg.pinv(base), height)
    left = height - np.einsum("nkm,nm->nk", base, amount)
    return np.sqrt((left**2).sum(axis=1) / max(base.shape[1] - base.shape[2], 1)), amount
