"""Orders points along a space-filling curve, so that neighbours in memory are neighbours in space."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_CELLS = 1 << 10
"""Per axis: three axes fill 30 bits."""


def morton_order(points: NDArray[np.floating]) -> NDArray[np.int64]:
    """The permutation that sorts points along the Morton curve of their bounding box."""
    if len(points) == 0:
        return np.zeros(0, np.int64)
    low = points.min(axis=0)
    extent = float((points.max(axis=0) - low).max())
    scale = (_CELLS - 1) / extent if extent > 0 else 0.0
    with np.errstate(invalid="ignore"):
        # Points that are no numbers may end up anywhere.
        cells = ((points - low) * scale).astype(np.uint32)
    code = _spread(cells[:, 0]) | _spread(cells[:, 1]) << np.uint32(1) | _spread(cells[:, 2]) << np.uint32(2)
    return np.argsort(code)


def _spread(bits: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Ten bits spread out so that two zeros lie between each."""
    bits = (bits | bits << np.uint32(16)) & np.uint32(0x030000FF)
    bits = (bits | bits << np.uint32(8)) & np.uint32(0x0300F00F)
    bits = (bits | bits << np.uint32(4)) & np.uint32(0x030C30C3)
    return (bits | bits << np.uint32(2)) & np.uint32(0x09249249)
