"""Estimates at every point of a cloud the line of its normal, its share of the surface and the noise; not its side.

Points of another sheet close by are told apart: a plane is fitted again and again, with less and less weight for what
lies off it, down to what the noise explains.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Array = NDArray[np.float64]

PROBE = 20
"""Neighbours whose curved fit tells how noisy a cloud is. Chosen."""
FEWEST, MOST = 16, 80
"""Neighbours of a fit in a clean and in a very noisy cloud. Chosen."""
PER_NOISE = 70
"""Neighbours more for noise as large as the distance between points. Chosen."""
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
SPARSE, STILL = 500, 0.1
"""Points below which fits miss what is bent, not noise, and how much of it, in spacings, is believed. Measured on six
shapes of 200 points, clean: two solids come from 5.3 and 4.1 to 1.5 and .8 % of the truth.
"""
ROUNDS = 6
"""Fits, each with the neighbours that the one before has weighed. Chosen."""
CLEAN = 0.15
"""Noise below this share of the distance between points: they lie on the surface, and so must the planes on them.

Chosen.
"""
BORROWING, LENDERS = 3, 8
"""Rounds in which a fit that is worse than its neighbours' takes a better one's, and how many are asked. Chosen."""
LEAST = 0.12
"""Of the spacing: how far from a plane points of its sheet may lie where there is no noise. Chosen."""
_CHUNK = 20_000


@dataclass
class Lines:
    """What a cloud tells about the surface at each of its points."""

    normals: Array
    """(n, 3), unit, of either sign."""
    spacing: Array
    """(n,), the side of the square of surface that is a point's own."""
    noise: float
    """Standard deviation of the points from the surface, world units."""
    neighbours: NDArray[np.int64]
    """(n, k), the nearest other points."""
    places: Array
    """(n, 3), the points moved onto the surface that was fitted around each."""

    @property
    def clean(self) -> bool:
        """Whether the points lie on the surface, as far as their distance from each other lets see."""
        return self.noise < CLEAN * float(np.median(self.spacing))


def lines_of(points: Array, threads: int = 0) -> Lines:
    """Fit a surface around each point; needs more than ``PROBE`` points that do not all lie on a line."""
    tree = cKDTree(points)
    workers = threads or -1
    distance, nearest = tree.query(points, k=min(PROBE + 1, len(points)), workers=workers)
    spacing = np.sqrt(np.pi * distance[:, -1] ** 2 / (distance.shape[1] - 1))
    noise = _noise(points, nearest, spacing)
    if noise >= CLEAN * float(np.median(spacing)):
        noise = _but_for_detail(noise, points, nearest, spacing)
    if len(points) < SPARSE:
        noise = min(noise, STILL * float(np.median(spacing)))
    ratio = noise / max(float(np.median(spacing)), 1e-300)
    count = int(min(np.clip(FEWEST + PER_NOISE * ratio, FEWEST, MOST), len(points) - 1))
    _, nearest = tree.query(points, k=count + 1, workers=workers)
    normals, places = np.empty_like(points), np.empty_like(points)
    chunks = [slice(begin, begin + _CHUNK) for begin in range(0, len(points), _CHUNK)]
    least = np.maximum(2.5 * noise, LEAST * spacing)
    for part in chunks:
        normals[part] = _planes(points, nearest[part], least[part])
    for _ in range(BORROWING if ratio < CLEAN else 0):
        normals = np.concatenate([_borrowed(points, nearest[part], least[part], normals, part) for part in chunks])
    for part in chunks:
        normals[part], places[part] = _fit(points, nearest[part], spacing[part], least[part], normals[part])
    return Lines(normals, spacing, noise, nearest[:, 1:].astype(np.int64), places)


def _noise(points: Array, nearest: NDArray[np.integer], spacing: Array) -> float:
    """The noise that all fits but the calmest have."""
    some = slice(None, None, max(1, len(nearest) // 4000))
    return float(np.quantile(left_by_sheets(points, nearest[some], spacing[some]), CALM)) / CALM_SHARE


def left_by_sheets(points: Array, chosen: NDArray[np.integer], spacing: Array) -> Array:
    """What a quadratic surface through each row of neighbours leaves unexplained; two of them that are parallel, where
    these leave next to nothing."""
    local = points[chosen] - points[chosen].mean(axis=1, keepdims=True)
    _, axes = np.linalg.eigh(np.einsum("nki,nkj->nij", local, local))
    one = _unexplained(*_quadratic(local, axes))[0]
    normal = _planes(points, chosen, LEAST * spacing)
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
    return np.asarray(np.where(two < TWO_SHEETS * one, two, one))


def _but_for_detail(noise: float, points: Array, nearest: NDArray[np.integer], spacing: Array) -> float:
    """The noise of a cloud; of one that is sparse, not noisy, what narrower fits leave: noise is as large in them, and
    what is bent is not."""
    chosen = nearest[:: max(1, len(nearest) // 4000), : FEW + 1]
    left = float(np.quantile(left_by_one(points, chosen), PLAIN)) / PLAIN_SHARE
    return left if left < min(CLEAN * float(np.median(spacing)), FINE * noise) else noise


def left_by_one(points: Array, chosen: NDArray[np.integer]) -> Array:
    """What one quadratic surface through each row of neighbours leaves unexplained."""
    local = points[chosen] - points[chosen].mean(axis=1, keepdims=True)
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


def _planes(points: Array, nearest: NDArray[np.integer], least: Array) -> Array:
    """The normal of a plane around each point, narrowed step by step to what lies close to it."""
    local, near = _around(points, nearest)
    weight, width = near, np.linalg.norm(local[:, -1], axis=1) / 2
    for _ in range(ROUNDS):
        axes, spread, _ = _axes(local, weight)
        width = np.maximum(width / 1.8, least)
        height = np.einsum("nki,ni->nk", spread, axes[:, :, 0])
        weight = near * np.exp(-0.5 * (height / width[:, None]) ** 2) + 1e-9
    return np.asarray(axes[:, :, 0])


def _borrowed(points: Array, nearest: NDArray[np.integer], least: Array, normals: Array, part: slice) -> Array:
    """Of each point's normal and those of its neighbours the one whose plane through it most neighbours lie on."""
    local, near = _around(points, nearest)
    candidates = normals[nearest[:, : LENDERS + 1]]
    height = np.einsum("nki,nci->nck", local, candidates) / least[:, None, None]
    score = np.einsum("nk,nck->nc", near, np.exp(-0.5 * height**2))
    return np.asarray(candidates[np.arange(len(score)), score.argmax(axis=1)])


def _fit(
    points: Array, nearest: NDArray[np.integer], spacing: Array, least: Array, normals: Array
) -> tuple[Array, Array]:
    """Normal and place of each point on the surface through what lies close to the plane that is known by now."""
    local, near = _around(points, nearest)
    height = np.einsum("nki,ni->nk", local, normals)
    height -= (np.median(height, axis=1) * (least > 0.2 * spacing))[:, None]
    for _ in range(2):
        weight = near * np.exp(-0.5 * (height / least[:, None]) ** 2) + 1e-9
        axes, spread, _ = _axes(local, weight)
        height = np.einsum("nki,ni->nk", spread, axes[:, :, 0])
    return axes[:, :, 0], points[nearest[:, 0]] + _curved_height(local, weight, axes, spacing)


def _around(points: Array, nearest: NDArray[np.integer]) -> tuple[Array, Array]:
    """The neighbours as seen from each point, and their weights by nearness."""
    local = points[nearest] - points[nearest[:, :1]]
    reach = np.linalg.norm(local, axis=2)
    return local, np.exp(-((reach / np.maximum(reach[:, -1:], 1e-300)) ** 2) * 1.5)


def _axes(local: Array, weight: Array) -> tuple[Array, Array, Array]:
    """Principal axes by rising spread, the points about their weighted middle, and that middle."""
    middle = np.einsum("nk,nki->ni", weight, local) / weight.sum(axis=1, keepdims=True)
    spread = local - middle[:, None]
    _, axes = np.linalg.eigh(np.einsum("nk,nki,nkj->nij", weight, spread, spread))
    return axes, spread, middle


def _curved_height(local: Array, weight: Array, axes: Array, spacing: Array) -> Array:
    """From each point along its normal to the quadratic surface that fits its weighted neighbours."""
    u, v, height = (np.einsum("nki,ni->nk", local, axes[:, :, axis]) / spacing[:, None] for axis in (2, 1, 0))
    base = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=2)
    matrix = np.einsum("nk,nka,nkb->nab", weight, base, base)
    matrix += np.eye(6) * (1e-6 * np.trace(matrix, axis1=1, axis2=2) / 6)[:, None, None]
    right = np.einsum("nk,nka,nk->na", weight, base, height)
    lift = np.linalg.solve(matrix, right[:, :, None])[:, 0, 0]
    return np.asarray(axes[:, :, 0] * (np.clip(lift, -2, 2) * spacing)[:, None])
