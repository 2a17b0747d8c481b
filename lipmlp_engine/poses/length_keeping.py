"""In-betweens of two poses of one mesh that keep its lengths; needs no match, no field and no network.

Every triangle's deformation is a turn after a stretch. Turns are interpolated by their rotation vectors, stretches
linearly but for the growth of the whole, which goes by equal factors in equal times, as volumes do elsewhere. One
linear system puts the triangles, which no longer fit exactly, together again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ..shapes.shape import triangle_areas
from .triangle_deformations import TriangleDeformations, slender

LEAST_BENT = 0.02
"""Way that is left after the best turn of the whole, in roots of the area: less needs no limbs to swing. Chosen."""
LIMB = 0.02
"""Share of the vertices that a limb has which swings alone. Chosen."""
ALONE = 3.0
"""Times as far as a whole must be bent in the mean that such a limb must go.

Measured: shapes meshed anew, stretched by a tenth or turned in themselves leave a third of it, an animal that lifts one
foot one and a half times as much.
"""

NO_TIES = np.zeros((0, 3), np.int64)
"""Of a mesh in one part. Follows from its having none."""

Array = NDArray[np.float64]
Numbers = NDArray[np.integer]


class LengthPath:
    """The way of one mesh from its vertices' places ``first`` to ``last``, each exact at its end.

    ``kept`` is how far lengths are kept: at 0 every vertex goes straight on. ``ties`` are triangles between its parts.

    >>> path = LengthPath(standing, waving, triangles)
    >>> halfway = path.at(0.5)
    """

    def __init__(
        self, first: Array, last: Array, triangles: Numbers, kept: float = 1.0, ties: Numbers = NO_TIES
    ) -> None:
        self._kept = kept
        triangles = np.concatenate([triangles, ties])
        self._first, self._last = (np.asarray(places, np.float64) for places in (first, last))
        used = np.unique(triangles)
        number = np.zeros(len(self._first), np.int64)
        number[used] = np.arange(len(used))
        self._used, triangles = used, number[np.asarray(triangles, np.int64)]
        start, end = self._first[used], self._last[used]
        needles = slender(start, triangles) | slender(end, triangles)
        self._deformations = TriangleDeformations(start, triangles, needles, len(ties))
        self._turns, self._stretch = self._deformations.turned_and_stretched(end)
        areas = [triangle_areas(places, triangles).sum() for places in (start, end)]
        self._growth = float(np.sqrt(areas[1] / areas[0])) if min(areas) > 0 else 1.0
        moved = np.linalg.norm(end - start, axis=1)
        # What stands still holds the rest; what moves as a whole turns about its middle.
        whole = left_after_turn(start, end, self._growth) < LEAST_BENT * np.sqrt(areas[1])
        self._hold = np.ones(len(start)) if whole else 1 / (moved**2 + self._deformations.resting**2)
        # What the system loses at either end is given back on the way: both ends are exact.
        self._missing = [end_places - self._solved(share) for share, end_places in ((0.0, start), (1.0, end))]

    def at(self, share: float) -> Array:
        """The vertices at a share of the way; those that no face uses go straight."""
        places = (1 - share) * self._first + share * self._last
        stiff = self._solved(share) + (1 - share) * self._missing[0] + share * self._missing[1]
        places[self._used] += self._kept * (stiff - places[self._used])
        return places

    def _solved(self, share: float) -> Array:
        stretch = self._growth**share * ((1 - share) * np.eye(3) + share * self._stretch / self._growth)
        straight = (1 - share) * self._first[self._used] + share * self._last[self._used]
        return self._deformations.put_together(share * self._turns, stretch, straight, self._hold)


def left_after_turn(start: Array, end: Array, growth: float) -> float:
    """The way of vertices beyond what the best turn of the whole explains: in the mean, or of one limb alone."""
    begun, ended = growth * (start - start.mean(0)), end - end.mean(0)
    ways = np.linalg.norm(Rotation.align_vectors(ended, begun)[0].apply(begun) - ended, axis=1)
    return float(max(ways.mean(), np.quantile(ways, 1 - LIMB) / ALONE))


def lengths_kept(rigidity: float) -> float:
    """What a guide's rigidity, from 0 to 1, means between poses: from one half upwards lengths are kept as they are."""
    return min(1.0, 2 * rigidity)
