"""Steadies the normals of a noisy cloud by the winding number that they make together; knows no surface.

Planes through neighbours fray where two sheets are closer than the noise is wide, as on ears and fins. The number is
smooth there: its slope gives each sample a normal anew, which gives the number anew, each time less blurred.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..shapes.smooth_ramp import smooth_ramp
from .oriented_samples import Samples
from .winding_grid import WindingGrid

Array = NDArray[np.float64]

TURNS = 4
"""Turns in which normals are steadied by the winding number that they make. Chosen."""
FIRST_BLUR, FALLING, LAST_BLUR = 2.5, 0.7, 1.3
"""Blur of the number in cells: of the first turn, how it falls from turn to turn, and the least. Chosen."""
SURE, UNSURE = 0.15, 0.35
"""Noise, as a share of the distance between points, up to which planes alone are right, and from which they are not.
Chosen."""
SHORT, OVER = (0.25, 0.45), (0.3, 0.6)
"""How far the number at a sample may be below the surface's, and above, before the surface misses the sample. Chosen:
with .1 either way the penguin comes from .160 to .152 % and has 26 handles."""
MISSED, HEARD = (0.2, 0.6), 24
"""Share of so many samples around that must be missed for the surface to miss the place. Chosen."""
THIN_ALL_OVER = 0.06
"""Share of the samples at which the surface would end too early from which the whole shape is no thicker than the noise
is wide: planes know no better there and leave handles. Chosen."""
ON_A_WALL = (0.35, 0.65)
"""The winding number in the middle of the samples of what encloses something.

Follows from the winding number's 1/2 on a wall, and some room.
"""


def share_of_number(samples: Samples) -> float:
    """How much of the surface the winding number decides: nothing in a clean cloud, all in a noisy one."""
    ratio = samples.noise / max(float(np.median(samples.spacing)), 1e-300)
    return float(np.clip((ratio - SURE) / (UNSURE - SURE), 0, 1))


def steadied(samples: Samples, grid: WindingGrid) -> tuple[NDArray[np.float32], float] | None:
    """The winding number with steadied normals, and which number the surface has; None where nothing is enclosed."""
    # Points moved onto what was fitted around them shrink what is round; as they were seen, they swell it.
    places = samples.points if samples.seen is None else (samples.points + samples.seen) / 2
    area = samples.spacing**2 if samples.area is None else samples.area
    normals = samples.normals
    for turn in range(TURNS):
        number = grid.solve(places, normals * area[:, None], max(FIRST_BLUR * FALLING**turn, LAST_BLUR))
        normals = _falling(number, grid, places)
    number = grid.solve(places, normals * area[:, None], LAST_BLUR)
    level = float(np.median(grid.at(number, places)))
    return (number, level) if ON_A_WALL[0] < level < ON_A_WALL[1] else None


def missed_by(samples: Samples, grid: WindingGrid, number: NDArray[np.float32], level: float) -> Array:
    """For every sample whether the number's surface misses what lies there, as it does what is thinner than the number
    is blurred: 1 where it ends too early, as on fins, and -1 where it has grown together over a gap."""
    above = np.asarray(grid.at(number, samples.points) - level, np.float64)
    missed = smooth_ramp(-above, *SHORT) - smooth_ramp(above, *OVER)
    count = min(HEARD, len(missed))
    around = cKDTree(samples.points).query(samples.points, k=count)[1]
    mean = missed[around].mean(axis=1)
    if samples.thin is not None:
        mean[samples.thin] = 0
    missed = np.sign(mean) * smooth_ramp(np.abs(mean), *MISSED)
    return np.where(missed > 0, 0.0, missed) if (missed > 0).mean() > THIN_ALL_OVER else np.asarray(missed)


def _falling(number: NDArray[np.float32], grid: WindingGrid, places: Array) -> Array:
    """The way on which the number falls."""
    slope = np.stack(
        [grid.at(number, places - way) - grid.at(number, places + way) for way in grid.cell * np.eye(3)], axis=1
    ).astype(np.float64)
    return np.asarray(slope / np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 1e-9))
