"""Turns those patches of a cloud that face away from where all of it was seen, as in a depth map or one scan.

Neither links nor the winding number tell how patches go together that lie apart and enclose nothing; who saw them does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .summed_sides import patches

Array = NDArray[np.float64]

ONE_WAY = 0.4
"""Of a cloud's area what its normals come to together, from which it was seen from one side. Chosen: half a ball has
.5, three sides of a box .58, what was seen all around next to nothing."""
SEEN = 0.85
"""Share of the area that must face that way already. Chosen: of a head from the front .94 did,
not its eye and the tip of an ear."""
AWAY = 0.25
"""Of a patch's area what its normals come to against that way, from which it is turned. Chosen: what is seen all around
and stands before what is not has nothing either way."""
BEHIND, COVERED = 4.0, 0.3
"""Spacings behind what lies on the same line of sight from which a point is covered by it, and the share of such points
from which a patch was not seen that way: the underside of a table faces away by right. Chosen."""


def way_to_the_viewer(walls: Array) -> Array | None:
    """Which way a cloud looks that was seen from one side, by its normals times their areas; None if it was not."""
    area = np.linalg.norm(walls, axis=1)
    together = walls.sum(axis=0)
    if not len(walls) or np.linalg.norm(together) < ONE_WAY * area.sum():
        return None
    way = together / np.linalg.norm(together)
    return way if area[walls @ way > 0].sum() >= SEEN * area.sum() else None


def axes_across(way: Array) -> Array:
    """The two axes, in columns, of the picture that who looks against ``way`` has."""
    _, _, axes = np.linalg.svd(way[None])
    return np.asarray(axes[1:].T)


def turned_to_the_viewer(side: Array, agreement: csr_array, points: Array, walls: Array) -> Array:
    """The ``side`` of each point, 1 or -1 for its wall, which is its normal times its area; where the whole cloud was
    seen from one side, with those patches turned that could not have been."""
    facing = walls * side[:, None]
    way = way_to_the_viewer(facing)
    if way is None:
        return side
    seen, area = facing @ way, np.linalg.norm(walls, axis=1)
    patch = patches([side], agreement)
    whole = np.bincount(patch, area)
    away = np.bincount(patch, seen) < -AWAY * whole
    away &= np.bincount(patch, area * _covered(points, way, float(np.sqrt(np.median(area))))) < COVERED * whole
    return np.asarray(np.where(away[patch], -side, side))


def _covered(points: Array, way: Array, spacing: float) -> NDArray[np.bool_]:
    """For every point whether another lies before it for whoever looks against ``way``."""
    cell = np.floor(points @ axes_across(way) / spacing).astype(np.int64)
    _, column = np.unique(cell, axis=0, return_inverse=True)
    height = points @ way
    foremost = np.full(int(column.max()) + 1, -np.inf)
    np.maximum.at(foremost, column.ravel(), height)
    return np.asarray(foremost[column.ravel()] - height > BEHIND * spacing)
