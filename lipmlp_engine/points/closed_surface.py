"""From oriented samples to a triangle surface: planes blended near the samples, the winding number elsewhere.

It is closed, but about sheets, which end in a rim. Knows nothing of where the samples come from.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d
from scipy.spatial import cKDTree
from scipy.special import ndtr

from ..machine.cores import usable_cores
from ..shapes.smooth_ramp import smooth_ramp
from .false_bridges import cut_false_bridges
from .false_handles import finer_than_told, without_false_handles
from .oriented_samples import Samples
from .sample_planes import SamplePlanes
from .scanned_sheets import near_sheets, sheets_among
from .steadied_normals import missed_by, share_of_number, steadied
from .winding_grid import WindingGrid, grid_about
from .zero_surface import extracted, without_crumbs

Array = NDArray[np.float64]

CELLS_PER_SPACING = 2.0
"""Cells of the grid between two neighbouring samples. Chosen."""
NEAR, FAR = 0.8, 1.6
"""In spacings from the nearest sample: up to here the planes alone are right, from there the winding number alone.
Chosen."""
MOST_STEPS = 16
"""Cells from a sample up to which its plane is looked at, where its neighbours are far away. Chosen."""
AGREED, DISAGREED = 0.35, 0.5
"""How far the winding number may be from what it would be beside a wall where the planes see it: up to the first they
are believed, from the second they are not. Chosen."""
ENCLOSING = 0.3
"""Mean winding number at the samples from which it is about what is inside; that of a sheet is nothing. Chosen."""
CRUMB = 40
"""Parts with less area than so many samples have are no surface that was scanned. Chosen."""
_CHUNK = 16_384


def enclosing_surface(
    samples: Samples,
    finest: int,
    opening: str = "auto",
    threads: int = 0,
    notify: Callable[[float], None] = lambda _: None,
) -> tuple[Array, NDArray[np.int32]]:
    """Vertices and triangles around the inside, and of sheets, which ``opening`` says whether there are, to their rims;
    ``finest`` is the most cells along the longest side."""
    grid = grid_about(samples.points, float(np.median(samples.spacing)) / CELLS_PER_SPACING, finest, threads)
    # Finer than the cells no surface is, however close the samples are in places.
    coarse = np.maximum(samples.spacing, grid.cell)
    samples = replace(samples, spacing=coarse, area=samples.spacing**2 if samples.area is None else samples.area)
    blur = float(np.clip(0.7 * np.median(samples.spacing) / grid.cell, 0.7, 3.0))
    number = grid.solve(samples.points, samples.walls, blur)
    notify(0.3)
    standing = np.asarray(grid.at(number, samples.points), np.float64)
    sheet = sheets_among(samples, standing, opening)
    values = (0.5 - number) * np.float32(2 * grid.cell)
    share = share_of_number(samples)
    steady = steadied(samples, grid) if share else None
    missed = np.ones(len(samples.points)) if steady is None else missed_by(samples, grid, *steady)
    chosen = np.full(len(missed), True) if steady is None or share < 1 else missed != 0
    if chosen.any():
        near = _around(samples.points[chosen], samples.spacing[chosen], grid)
        # Where little is enclosed, or the noise is so thick that no wall is found, the number can contradict no plane.
        sure = float(standing.mean()) > ENCLOSING and (steady is not None or not share)
        width = blur * grid.cell if sure else np.inf
        reach = np.inf if sheet.all() else FAR
        _blend_planes(values, near, samples, grid, width, reach, threads, lambda done: notify(0.3 + 0.6 * done))
    if steady is not None:
        number, level = steady
        decided = (level - number) * np.float32(2 * grid.cell)
        near = _around(samples.points[missed != 0], samples.spacing[missed != 0], grid)
        if len(near):
            _, nearest = cKDTree(samples.points).query(grid.places(near), k=4, workers=threads or -1)
            lack, by_planes = missed[nearest].mean(axis=1), values.ravel()[near] - decided.ravel()[near]
            # Planes fray in noise: they may lengthen a fin but cut no hole into it, and open a gap but not bridge it.
            added = np.where(lack > 0, np.minimum(by_planes, 0), np.maximum(by_planes, 0))
            decided.ravel()[near] += np.abs(lack) * added
        values += np.float32(share) * (decided - values)
    cut_false_bridges(values, grid)
    crumb = CRUMB * float(np.median(samples.spacing)) ** 2
    found = without_false_handles(
        values, grid, finer_than_told(samples), lambda: without_crumbs(*extracted(values, grid), crumb)
    )
    if sheet.any():
        found = without_crumbs(*near_sheets(*found, samples, sheet), crumb)
    notify(1.0)
    return found


def _around(places: Array, spacing: Array, grid: WindingGrid) -> NDArray[np.int64]:
    """The grid's corners that have one of the places near them, by their numbers; ``spacing`` is that of each."""
    near = np.zeros(grid.shape, np.uint8)
    corner = np.round((places - grid.low) / grid.cell).astype(np.int64)
    steps = np.ceil(np.clip(FAR * spacing / grid.cell, 1, MOST_STEPS)).astype(np.int64)
    # Where points are sparse their planes reach farther; twice as far at a time is near enough.
    rings = 2 ** np.ceil(np.log2(steps)).astype(np.int64)
    for ring in np.unique(rings):
        marked = np.zeros(grid.shape, np.uint8)
        marked[tuple(corner[rings == ring].T)] = 1
        for axis in range(3):
            marked = maximum_filter1d(marked, int(2 * ring + 1), axis=axis, mode="constant")
        near |= marked
    return np.flatnonzero(near)


def _blend_planes(
    values: NDArray[np.float32],
    index: NDArray[np.int64],
    samples: Samples,
    grid: WindingGrid,
    width: float,
    far: float,
    threads: int,
    notify: Callable[[float], None],
) -> None:
    """Put the distance to the samples' planes at those corners; ``width`` is how blurred the number is, and ``far`` how
    many spacings from a sample it alone is right."""
    flat = values.ravel()
    planes = SamplePlanes(samples)

    def evaluate(begin: int) -> None:
        rows = index[begin : begin + _CHUNK]
        height, reach = planes.heights(grid.places(rows))
        share = smooth_ramp(-reach, -far, -NEAR) if np.isfinite(far) else np.ones(len(reach))
        if np.isfinite(width):
            off = np.abs(0.5 - flat[rows] / (2 * grid.cell) - ndtr(-height / width))
            share *= np.where(reach > 0, np.clip((DISAGREED - off) / (DISAGREED - AGREED), 0, 1), 1)
        flat[rows] = share * height + (1 - share) * flat[rows]

    starts = list(range(0, len(index), _CHUNK))
    with ThreadPoolExecutor(threads or usable_cores()) as pool:
        for done, _ in enumerate(pool.map(evaluate, starts)):
            notify(done / len(starts))
