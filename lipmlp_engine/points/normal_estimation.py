"""Estimates at every point of a cloud the line of its normal, its share of the surface and the noise; not its side.

Points of another sheet close by are told apart: a plane is fitted again and again, with less and less weight for what
lies off it, down to what the noise explains.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .cloud_noise import CLEAN, LEAST, PROBE, Flags, noise_of
from .local_fits import about_own_sheet, around, axes_of, curved_height, planes

Array = NDArray[np.float64]

FEWEST, MOST = 16, 80
"""Neighbours of a fit in a clean and in a very noisy cloud. Chosen."""
PER_NOISE = 70
"""Neighbours more for noise as large as the distance between points. Chosen."""
WIDE, CLOSE = 2.5, 1.5
"""Deviations off a plane up to which points count, and on thin walls. Measured on a tray four deviations thick: places
are .285 % off the truth with the first, .148 with the second and normals that are borrowed.
"""
BORROWING, LENDERS = 3, 8
"""Rounds in which a fit that is worse than its neighbours' takes a better one's, and how many are asked. Chosen."""
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
    thin: Flags
    """(n,), which points are of walls in noise whose two sides are closer to each other than a fit is wide."""

    @property
    def clean(self) -> bool:
        """Whether the points lie on the surface, as far as their distance from each other lets see."""
        return self.noise < CLEAN * float(np.median(self.spacing))


def lines_of(points: Array, threads: int = 0, *, walls: bool = True) -> Lines:
    """Fit a surface around each point; needs more than ``PROBE`` points that do not all lie on a line. Where no
    ``walls`` are looked for, what lies off one surface is noise."""
    tree = cKDTree(points)
    workers = threads or -1
    distance, _ = tree.query(points, k=min(PROBE + 1, len(points)), workers=workers)
    spacing = np.sqrt(np.pi * distance[:, -1] ** 2 / (distance.shape[1] - 1))
    noise, thin = noise_of(points, tree, spacing, workers, walls)
    ratio = noise / max(float(np.median(spacing)), 1e-300)
    normals, places = np.empty_like(points), np.empty_like(points)

    def fit(rows: NDArray[np.int64], wanted: float, borrowing: int, on_thin: bool) -> NDArray[np.int64]:
        """Fit to so many neighbours of each of the rows."""
        count = int(min(np.clip(wanted, FEWEST, MOST), len(points) - 1))
        _, nearest = tree.query(points[rows], k=count + 1, workers=workers)
        least = np.maximum((CLOSE if on_thin else WIDE) * noise, LEAST * spacing[rows])
        chunks = [slice(begin, begin + _CHUNK) for begin in range(0, len(rows), _CHUNK)]
        for part in chunks:
            normals[rows[part]] = planes(points, nearest[part], least[part])
        for _ in range(borrowing):
            normals[rows] = np.concatenate([_borrowed(points, nearest[part], least[part], normals) for part in chunks])
        for part in chunks:
            own = rows[part]
            normals[own], places[own] = _fit(
                points, nearest[part], spacing[own], least[part], normals[own], noise, on_thin
            )
        return np.asarray(nearest[:, 1:], np.int64)

    wanted = FEWEST + PER_NOISE * ratio
    neighbours = fit(np.arange(len(points)), wanted, BORROWING if ratio < CLEAN else 0, False)
    if thin.any():
        # Half of what is around a wall's point is on its other side, and says nothing of where this one is.
        fit(np.flatnonzero(thin), 2 * wanted, BORROWING, True)
    return Lines(normals, spacing, noise, neighbours, places, thin)


def _borrowed(points: Array, nearest: NDArray[np.integer], least: Array, normals: Array) -> Array:
    """Of each point's normal and those of its neighbours the one whose plane through it most neighbours lie on."""
    local, near = around(points, nearest)
    candidates = normals[nearest[:, : LENDERS + 1]]
    height = np.einsum("nki,nci->nck", local, candidates) / least[:, None, None]
    score = np.einsum("nk,nck->nc", near, np.exp(-0.5 * height**2))
    return np.asarray(candidates[np.arange(len(score)), score.argmax(axis=1)])


def _fit(
    points: Array, nearest: NDArray[np.integer], spacing: Array, least: Array, normals: Array, noise: float, thin: bool
) -> tuple[Array, Array]:
    """Normal and place of each point on the surface through what lies close to the plane that is known by now."""
    local, near = around(points, nearest)
    height = np.einsum("nki,ni->nk", local, normals)
    if thin:
        height = about_own_sheet(height, near, noise)
    else:
        height -= (np.median(height, axis=1) * (least > 0.2 * spacing))[:, None]
    for _ in range(2):
        weight = near * np.exp(-0.5 * (height / least[:, None]) ** 2) + 1e-9
        axes, spread, _ = axes_of(local, weight)
        height = np.einsum("nki,ni->nk", spread, axes[:, :, 0])
    return axes[:, :, 0], points[nearest[:, 0]] + curved_height(local, weight, axes, spacing)
