"""Lids for holes: a cone where the rim is flat, else the harmonic disc that the rim spans, as a film of soap is flat.

A cone over a ragged rim, as scans end in, is a fan of ridges from the rim to its middle. Knows no shape.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

FLAT = 0.02
"""Of a rim's mean distance from its middle: a rim that leaves its plane by no more, in the mean square, has a cone,
which is flat then. Chosen."""
GROWING = 1.6
"""How much farther from the rim each ring of a lid lies than the one before. Chosen."""
INNERMOST = 0.3
"""Of the way from the middle to the rim, where the last ring lies at the latest; a cone closes it. Chosen."""


def lid(rim: Array) -> tuple[Array, Indices]:
    """The values inside a lid over a closed rim (n, k), of which the first three are places, and the lid's triangles:
    corners below n are the rim's, the others the new ones'. It faces away from what has the rim's edges."""
    count = len(rim)
    waves = np.fft.rfft(rim, axis=0)
    order = np.arange(len(waves))[:, None]
    radii = [] if _flat(rim[:, :3]) else _radii(count)
    # Harmonic in the disc: what is short along the rim ends close to it, and the middle is the rim's.
    rings = [np.fft.irfft(waves * radius**order, count, axis=0) for radius in radii]
    around = np.arange(count)
    beside = np.roll(around, -1)
    triangles = []
    for number in range(len(radii)):
        outer, inner = number * count, (number + 1) * count
        triangles.append(np.stack([beside + outer, around + outer, around + inner], axis=1))
        triangles.append(np.stack([beside + outer, around + inner, beside + inner], axis=1))
    last = len(radii) * count
    middle = np.full(count, (len(radii) + 1) * count)
    triangles.append(np.stack([beside + last, around + last, middle], axis=1))
    return np.concatenate([*rings, rim.mean(axis=0)[None]]), np.concatenate(triangles)


def _flat(places: Array) -> bool:
    spread = np.linalg.svd(places - places.mean(axis=0), compute_uv=False)
    return bool(spread[-1] <= FLAT * np.linalg.norm(spread))


def _radii(count: int) -> list[float]:
    """Of a disc with a rim of so many edges the rings' radii, the first an edge from the rim."""
    away, step = 0.0, 2 * np.pi / count
    found: list[float] = []
    while away + step < 1 - INNERMOST:
        away += step
        step *= GROWING
        found.append(1 - away)
    return found
