"""From oriented samples to a triangle surface: planes blended near the samples, the winding number elsewhere.

It is closed, but about sheets, which end in a rim. Knows nothing of where the samples come from.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d
from scipy.spatial import cKDTree
from scipy.special import ndtr

from ..machine.cores import usable_cores
from ..shapes.smooth_ramp import smooth_ramp
from .curved_back import curves_back
from .false_bridges import cut_false_bridges
from .false_handles import finer_than_told, without_false_handles
from .finer_grid import carried, finer, narrow_places
from .oriented_samples import Samples
from .own_side import LEFT
from .sample_planes import SamplePlanes
from .scanned_sheets import near_sheets, sheets_among
from .smooth_gaps import with_smooth_gaps
from .steadied_normals import missed_by, share_of_number, steadied
from .unseen_back import with_back
from .winding_grid import WindingGrid, grid_about
from .zero_surface import extracted, without_crumbs, without_lonely

Array = NDArray[np.float64]

CELLS_PER_SPACING = 2.0
"""Cells of the grid between two neighbouring samples. Measured: with four, two close plates keep as many handles (178
and 172), for four times the time."""
NEAR, FAR = 0.8, 1.6
"""In spacings from the nearest sample: up to here the planes alone are right, from there the winding number alone.
Chosen."""
MOST_STEPS = 16
"""Cells from a sample up to which its plane is looked at, where its neighbours are far away. Chosen."""
AGREED, DISAGREED = 0.35, 0.5
"""How far the winding number may be from what it would be beside a wall where the planes see it: up to the first they
are believed, from the second they are not. Chosen."""
THIN_WALL = 0.5
"""By how much nearer a sample counts where a wall's other side is close: there a blurred number knows less. Measured on
a tray with ribs .65 to 1.3 spacings thick, true normals: .0201 % from the truth with 1, .0150 with a half.
"""
ENCLOSING = 0.3
"""Mean winding number at the samples from which it is about what is inside; that of a sheet is nothing. Chosen."""
WIDE = 1.25
"""Cells between two sheets up to which the grid is made finer. Chosen: plates 1.15 cells apart came from .020 to .008 %
of the truth.
"""
BESIDE, BAND = 1.0, 1.5
"""Spacings from a narrow place up to which a finer grid is made anew, and cells from the surface. Chosen."""
CRUMB = 40
"""Parts with less area than so many samples have are no surface that was scanned. Chosen."""
FEWEST = 20
"""Samples from which a part was scanned: where points scatter, three of them may stand for as much area as a part has.
Taken from what hangs together with nothing else in a cloud and is no stray."""
_CHUNK = 16_384

CLOSED_BEHIND = (
    "was seen from one side and turns out of sight all around: closed behind; Unscanned Sides: Sheet leaves it open"
)
LEFT_OPEN = "left what encloses nothing open, as a sheet; Unscanned Sides: Closed closes it"


def enclosing_surface(
    samples: Samples,
    finest: int,
    opening: str = "auto",
    threads: int = 0,
    notify: Callable[[float], None] = lambda _: None,
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[Array, NDArray[np.int32]]:
    """Vertices and triangles around the inside, and of sheets, which ``opening`` says whether there are, to their rims;
    ``finest`` is the most cells along the longest side, ``tell`` hears what became of unscanned sides."""
    grid = grid_about(samples.points, float(np.median(samples.spacing)) / CELLS_PER_SPACING, finest, threads)
    # Finer than the cells no surface is, however close the samples are in places.
    coarse = np.maximum(samples.spacing, grid.cell)
    samples = replace(samples, spacing=coarse, area=samples.spacing**2 if samples.area is None else samples.area)
    blur = float(np.clip(0.7 * np.median(samples.spacing) / grid.cell, 0.7, 3.0))
    number = grid.solve(samples.points, samples.walls, blur)
    notify(0.3)
    standing = np.asarray(grid.at(number, samples.points), np.float64)
    sheet = sheets_among(samples, standing, opening)
    if opening == "auto":
        # What was scanned from one side only and turns out of sight all around has a back that nobody saw.
        one_sided = sheet if sheet.any() else np.ones(len(sheet), np.bool_)
        seen = samples.taken(one_sided)
        behind = curves_back(seen.points, seen.normals, seen.spacing)
        whole = with_back(samples, one_sided) if behind else None
        if sheet.any() or whole is not None:
            tell(CLOSED_BEHIND if behind else LEFT_OPEN)
        if whole is not None:
            return enclosing_surface(whole, finest, "closed", threads, notify)
        sheet &= not behind
    values, times = (0.5 - number) * np.float32(2 * grid.cell), 1.0
    share = share_of_number(samples)
    steady = steadied(samples, grid) if share else None
    missed = np.ones(len(samples.points)) if steady is None else missed_by(samples, grid, *steady)
    thin = np.zeros(len(missed), np.bool_) if samples.thin is None else samples.thin
    chosen = np.full(len(missed), True) if steady is None or share < 1 else (missed != 0) | thin
    if chosen.any():
        near = _around(samples.points[chosen], samples.spacing[chosen], grid)
        # Where little is enclosed, or the noise is so thick that no wall is found, the number can contradict no plane.
        sure = float(standing.mean()) > ENCLOSING and (steady is not None or not share)
        width = blur * grid.cell if sure else np.inf
        # Thin walls lie among their own side by now, and hardly any noise is left of them.
        planes = SamplePlanes(replace(samples, noise=LEFT * samples.noise) if thin.any() else samples)
        blended = _Blended(planes, 2 * grid.cell, width, sheet, threads)
        blended.put(values, near, grid, lambda done: notify(0.3 + 0.4 * done))
        if steady is None and not share:
            by_number = (0.5 - number) * np.float32(2 * grid.cell)
            values, made = _made_finer(
                values, by_number, samples, grid, finest, blended, lambda done: notify(0.7 + 0.2 * done)
            )
            times, grid = grid.cell / made.cell, made
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
        decided += _share_of(thin, samples, grid, threads) * (values - decided)
        values += np.float32(share) * (decided - values)
    cut_false_bridges(values, grid, times)
    crumb = CRUMB * float(np.median(samples.spacing)) ** 2
    found = without_false_handles(
        values, grid, finer_than_told(samples), lambda: without_crumbs(*extracted(values, grid), crumb)
    )
    found = without_lonely(*found, samples.points, FEWEST)
    if not sheet.all():
        found = with_smooth_gaps(*found, samples, sheet), found[1]
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


def _share_of(thin: NDArray[np.bool_], samples: Samples, grid: WindingGrid, threads: int) -> NDArray[np.float32]:
    """How much of each corner of the grid is decided by planes alone, as thin walls lie beside it."""
    share = np.zeros(grid.shape, np.float32)
    if thin.any():
        near = _around(samples.points[thin], samples.spacing[thin], grid)
        _, nearest = cKDTree(samples.points).query(grid.places(near), k=4, workers=threads or -1)
        share.ravel()[near] = thin[nearest].mean(axis=1)
    return share


def _made_finer(
    values: NDArray[np.float32],
    by_number: NDArray[np.float32],
    samples: Samples,
    grid: WindingGrid,
    finest: int,
    blended: _Blended,
    notify: Callable[[float], None],
) -> tuple[NDArray[np.float32], WindingGrid]:
    """The values on a finer grid where sheets lie closer to each other than the grid's cells tell, else as they are."""
    there, gap = narrow_places(samples, grid.cell)
    made = finer(grid, values, gap, finest) if gap < WIDE * grid.cell else None
    if made is None:
        return values, grid
    fine = carried(values, grid, made)
    near = _around(samples.points[there], samples.spacing[there] * (BESIDE / FAR), made)
    near = near[np.abs(fine.ravel()[near]) < BAND * grid.cell]
    fine.ravel()[near] = carried(by_number, grid, made).ravel()[near]
    blended.put(fine, near, made, notify)
    return fine, made


@dataclass(frozen=True)
class _Blended:
    """Planes of samples, and how they and the winding number are put together."""

    planes: SamplePlanes
    steep: float
    """What the values of the winding number fall by where it falls by one."""
    width: float
    """How blurred the number is."""
    sheet: NDArray[np.bool_]
    """(n,), which samples are of a sheet, near which planes alone are heard: there the number tells nothing."""
    threads: int

    def put(
        self,
        values: NDArray[np.float32],
        index: NDArray[np.int64],
        grid: WindingGrid,
        notify: Callable[[float], None],
    ) -> None:
        """Put the distance to the planes at those corners, where the values are those of the winding number."""
        flat = values.ravel()

        def evaluate(begin: int) -> None:
            rows = index[begin : begin + _CHUNK]
            height, reach, behind, nearest = self.planes.heights(grid.places(rows))
            reach = np.where(np.isfinite(behind), THIN_WALL * reach, reach)
            share = smooth_ramp(-reach, -FAR, -NEAR)
            if np.isfinite(self.width):
                # Within a thin wall the number cannot rise to one, for its other side's is as blurred.
                beside = ndtr(-height / self.width) + ndtr(-behind / self.width) - 1
                off = np.abs(0.5 - flat[rows] / self.steep - beside)
                share *= np.where(reach > 0, np.clip((DISAGREED - off) / (DISAGREED - AGREED), 0, 1), 1)
            share[self.sheet[nearest]] = 1
            flat[rows] = share * height + (1 - share) * flat[rows]

        starts = list(range(0, len(index), _CHUNK))
        with ThreadPoolExecutor(self.threads or usable_cores()) as pool:
            for done, _ in enumerate(pool.map(evaluate, starts)):
                notify(done / len(starts))
