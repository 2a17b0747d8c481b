"""Where a mesh comes near to a part of itself that is far off along it, as an arm that lies on the hip; judges nothing.

Knows one surface alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree

from .stand_in_mesh import StandIn

DETOUR = 4.0
"""Times as far along the surface as straight, from which on two places are of different limbs. Chosen."""


def touching(mesh: StandIn, places: NDArray[np.float64], chosen: NDArray[np.int64], reach: float) -> NDArray[np.bool_]:
    """Whether each of the chosen vertices, all being at ``places``, is within reach of what is far off along the mesh.

    ``reach`` is in lengths of the mesh as it is; ``places`` are as large.
    """
    if not len(chosen):
        return np.zeros(0, bool)
    along = dijkstra(mesh.roads, indices=chosen, limit=DETOUR * reach)
    near = KDTree(places).query_ball_point(places[chosen], reach)
    return np.array([bool(np.isinf(way[about]).any()) for way, about in zip(along, near, strict=True)])
