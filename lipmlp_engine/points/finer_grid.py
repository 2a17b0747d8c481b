"""Where sheets lie closer to each other than a grid's cells are wide, a finer grid with the same values.

Whether a corner falls between two such sheets is luck, and where none does they are one. Knows no planes, no surface.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from .facing_sheets import close_sheets
from .oriented_samples import Samples
from .winding_grid import MOST_CORNERS, WindingGrid, within

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

NEIGHBOURS = 16
"""Neighbours among which samples of another sheet are looked for. Chosen."""
NARROW = 1.5
"""Cells up to which the way from sheet to sheet is narrow. Chosen."""
SHARE, MODEST = 0.02, 0.25
"""Of all samples so many must lie at a narrow place, and of the ways there so many may be shorter than what cells are
made for. Chosen: of animals, wheels and sieves 1.2 % do at most, of plates .5 % apart a third."""
PER_GAP, MOST_TIMES = 1.5, 3.0
"""Cells between two sheets that face each other, and how many times finer a grid is made for that. Chosen. Measured:
two close plates of 8,000 points come from .037 to 1.17 % of the truth to .011 to .047, but for one seed of ten."""


def narrow_places(samples: Samples, cell: float) -> tuple[Flags, float]:
    """Which samples have another sheet closer than a cell or so, and how close most of them have it; infinitely far
    where these are too few for a sheet."""
    there, way = close_sheets(samples.points, samples.normals, NARROW * cell, NEIGHBOURS)
    return there, float(np.quantile(way, MODEST)) if there.mean() >= SHARE else np.inf


def finer(grid: WindingGrid, values: NDArray[np.float32], gap: float, finest: int) -> WindingGrid | None:
    """A grid about all that is negative, whose cells are as much finer as the gap asks for; None where that is not
    finer, or the gap is too narrow even so."""
    inside = grid.places(np.flatnonzero(values < 0))
    if not len(inside):
        return None
    ends = np.stack([inside.min(axis=0), inside.max(axis=0)])
    cell = max(gap / PER_GAP, grid.cell / MOST_TIMES, float(np.ptp(ends, axis=0).max()) / finest)
    made = within(ends, cell)
    while np.prod(made.shape, dtype=np.float64) > MOST_CORNERS:
        cell *= 1.1
        made = within(ends, cell)
    return made if cell < min(gap, grid.cell) else None


def carried(values: NDArray[np.float32], grid: WindingGrid, onto: WindingGrid) -> NDArray[np.float32]:
    """A grid's values at the corners of another that lies within it."""
    offset = (onto.low - grid.low) / grid.cell
    scale = np.full(3, onto.cell / grid.cell)
    return np.asarray(affine_transform(values, scale, offset, onto.shape, order=1, mode="nearest"), np.float32)
