"""The surface of a body that points fill, as those that particles or a distribution in a volume leave: where they end.

Each point stands for the space about it; what is filled by half is the surface. Knows no normals.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from .closed_surface import CELLS_PER_SPACING, CRUMB
from .false_handles import TOLD, without_false_handles
from .winding_grid import grid_about
from .zero_surface import extracted, without_crumbs

Array = NDArray[np.float64]

NEIGHBOURS = 20
"""Neighbours that say how much space is about a point. Chosen."""
MODEST = 0.25
"""A point stands for as much space as this quantile of its neighbours: at the surface half of the space about a point
is not the body's. Chosen."""
FULL = 0.7
"""Quantile of what is filled at the points that counts as full: many points of what is thin are near its surface.
Chosen: bodies have .95 to 1.14 of their volume by it, and with a half .99 to 1.25."""
LONELY = 2.0
"""Times what is usual between points, beyond which they fill nothing. Chosen."""
BLUR = 1.25
"""Of what is usual between points. Chosen: of points in no order a narrower one leaves bubbles."""


def spacing_within(points: Array, threads: int = 0) -> Array:
    """(n,), the side of the cube of space that is a point's own."""
    count = min(NEIGHBOURS, len(points) - 1)
    distance, nearest = cKDTree(points).query(points, k=count + 1, workers=threads or -1)
    about = distance[:, -1] * (4 / 3 * np.pi / count) ** (1 / 3)
    return np.asarray(np.quantile(about[nearest], MODEST, axis=1))


def body_surface(
    points: Array, spacing: Array, finest: int, threads: int = 0, notify: Callable[[float], None] = lambda _: None
) -> tuple[Array, NDArray[np.int32]]:
    """Vertices and triangles around what points fill; ``spacing`` is that of each, ``finest`` the most cells along the
    longest side."""
    usual = float(np.median(spacing))
    grid = grid_about(points, usual / CELLS_PER_SPACING, finest, threads)
    own = np.minimum(spacing, LONELY * usual)
    filled = grid.spread(points, (own / grid.cell) ** 3)
    notify(0.3)
    filled = gaussian_filter(filled, BLUR * usual / grid.cell, mode="constant", truncate=3.0)
    notify(0.6)
    full = float(np.quantile(grid.at(filled, points), FULL))
    values = (0.5 - filled / np.float32(full)) * np.float32(2 * grid.cell)
    crumb = CRUMB * usual**2
    found = without_false_handles(values, grid, TOLD * usual, lambda: without_crumbs(*extracted(values, grid), crumb))
    notify(1.0)
    return found
