"""Whose normals tell on which side of a closed surface a point is, three times as fast as its winding number does.

Between a point and what is nearest to it nothing else can lie. Where the nearest triangle has the outside before it and
the inside behind it, all of it, the side that it looks to is the point's.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .mesh_topology import Topology
from .self_intersections import crossing_triangles
from .shape import doubled_area_vectors

SURE, NEAR_BY, UNSURE = 0, 1, 2
"""Of a triangle: its normal tells the side, or only of what is near by, or never. Chosen."""
TRIED = 8_000
"""Points about the surface at which both ways to find the side are tried. Chosen."""
SPREADS = (0.001, 0.01, 0.1)
"""How far from the surface, in its diagonals, points are that both ways to find the side are tried on. Chosen."""
TRIALS = 3
"""How often what was told wrongly, and what is about it, is left to winding numbers, until nothing is. Chosen."""
MOST_UNSURE = 0.3
"""Share of triangles that are unsure from which on winding numbers tell the sides everywhere. Chosen: beside those they
would be asked for as well."""
BESIDE = 1e-4
"""How far beside a triangle it is asked whether the surface's outside begins there, in diagonals. Chosen."""

Points = NDArray[np.float64]
Triangles = NDArray[np.int32]
Levels = NDArray[np.uint8]


def how_sure(
    vertices: Points,
    triangles: Triangles,
    inside: Callable[[Points], NDArray[np.bool_]],
    wrong: Callable[[Levels, Points], NDArray[np.int32]] | None,
) -> Levels | None:
    """How sure each triangle's normal is, of a surface one unit large; nothing where too few are.

    ``inside`` tells which points are by winding numbers, ``wrong`` what triangles points are nearest to that are on
    another side by normals so sure. Without the latter nothing is tried.
    """
    levels = np.full(len(triangles), SURE, np.uint8)
    if wrong is not None and not len(wrong(levels, _trial_points(vertices, triangles, 0))):
        return levels
    unsure = _unsure(vertices, triangles, inside)
    if wrong is None and not unsure.any():
        return levels
    levels = np.where(unsure, UNSURE, NEAR_BY).astype(np.uint8)
    for trial in range(TRIALS):
        if (levels == UNSURE).mean() > MOST_UNSURE:
            break
        found = None if wrong is None else wrong(levels, _trial_points(vertices, triangles, trial))
        if found is None or not len(found):
            return levels
        levels[np.isin(triangles, triangles[found]).any(1)] = UNSURE
    return None


def _trial_points(vertices: Points, triangles: Triangles, seed: int) -> Points:
    """Beside the surface: if normals fail anywhere, then there."""
    rng = np.random.default_rng(seed)
    chosen = vertices[triangles[rng.integers(0, len(triangles), TRIED)]]
    on_surface = (rng.dirichlet(np.ones(3), TRIED)[:, :, None] * chosen).sum(1)
    return np.asarray(on_surface + np.resize(SPREADS, (TRIED, 1)) * rng.normal(size=on_surface.shape))


def _unsure(vertices: Points, triangles: Triangles, inside: Callable[[Points], NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Triangles that cut others, and those between such cuts that are buried or look inwards.

    Where no other cuts through, that cannot change from a triangle to its neighbour, so that the largest speaks for all
    that hang together.
    """
    unsure = crossing_triangles(vertices, triangles)
    whole = np.flatnonzero(~unsure)
    if not len(whole):
        return unsure
    parts, across = Topology(triangles[whole]).parts, doubled_area_vectors(vertices, triangles[whole])
    sizes = np.linalg.norm(across, axis=1)
    order = np.lexsort((-sizes, parts))
    largest = order[np.unique(parts[order], return_index=True)[1]]
    middles = vertices[triangles[whole[largest]]].mean(1)
    steps = BESIDE * across[largest] / np.maximum(sizes[largest], 1e-300)[:, None]
    unsure[whole] = (inside(middles + steps) | ~inside(middles - steps))[parts]
    return unsure
