"""Addresses for the few cells and corners of a large grid that lie near a surface. Knows nothing about fields.

The grid is cut into bricks of 4³ places; only bricks that are asked for get storage, found through a small dense table.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BRICK = 4
"""Corners along the side of a brick, which are kept together. Chosen."""
_SHIFT = 2
_MASK = BRICK - 1
PLACES = BRICK**3
"""Corners in a brick. Follows from its side."""


class SparseGrid:
    """Maps integer coordinates 0 … size−1 per axis to dense addresses, brick by brick."""

    def __init__(self, size: int) -> None:
        self.across = (size + _MASK) // BRICK
        self._slots = np.full(self.across**3, -1, np.int32)
        self._bricks = np.zeros(0, np.int64)

    @property
    def capacity(self) -> int:
        """Addresses given out so far: all are below this."""
        return len(self._bricks) * PLACES

    def claim(self, places: NDArray[np.int32]) -> NDArray[np.int64]:
        """Addresses of places (n, 3), storage being made where there was none."""
        brick = self._brick(places)
        missing = np.zeros(len(self._slots), bool)
        missing[brick] = True
        fresh = np.flatnonzero(missing & (self._slots < 0))
        self._slots[fresh] = np.arange(len(self._bricks), len(self._bricks) + len(fresh))
        self._bricks = np.concatenate((self._bricks, fresh))
        return self._address(places, brick)

    def find(self, places: NDArray[np.int32]) -> NDArray[np.int64]:
        """Addresses of places (n, 3) within the grid, −1 where there is no storage."""
        brick = self._brick(places)
        return np.where(self._slots[brick] < 0, -1, self._address(places, brick))

    def places(self, addresses: NDArray[np.int64]) -> NDArray[np.int32]:
        """Coordinates (n, 3) of addresses."""
        brick, local = self._bricks[addresses // PLACES], addresses % PLACES
        bricks = np.stack((brick % self.across, brick // self.across % self.across, brick // self.across**2), 1)
        within = np.stack((local & _MASK, local >> _SHIFT & _MASK, local >> 2 * _SHIFT), 1)
        return (bricks * BRICK + within).astype(np.int32)

    def _brick(self, places: NDArray[np.int32]) -> NDArray[np.int64]:
        x, y, z = (places[:, axis].astype(np.int64) >> _SHIFT for axis in range(3))
        return np.asarray(x + self.across * (y + self.across * z))

    def _address(self, places: NDArray[np.int32], brick: NDArray[np.int64]) -> NDArray[np.int64]:
        x, y, z = (places[:, axis] & _MASK for axis in range(3))
        local: NDArray[np.int32] = x | y << _SHIFT | z << 2 * _SHIFT
        return self._slots[brick].astype(np.int64) * PLACES + local
