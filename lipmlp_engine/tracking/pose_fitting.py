"""Lays a mesh that has swung to another pose onto that pose's surface, without turning faces over; knows no time."""

from __future__ import annotations

import igl
import numpy as np
from numpy.typing import NDArray

from ..poses.mesh_fitting import Stiffness
from ..poses.stand_in_mesh import StandIn
from ..shapes.self_intersections import crossing_triangles
from ..shapes.shape import unit_normals
from .end_fitting import ALIKE, Destination

LAYING = ((0.3, 2, 4), (2.0, 2, 3), (20.0, 3, 2))
"""Pull to the nearest place, where the stiffness of an edge is about 1; how often that is looked for; rounds each.

Chosen.
"""
FREE = 1e-4
"""Pull of what sees nothing that faces as it does. Chosen."""
UNFOLDINGS = 4
"""Rings of faces about a fold that settle with it, at most. Chosen."""

Array = NDArray[np.float64]


def laid_on(destination: Destination, rest: Array, triangles: NDArray[np.int64], places: Array) -> Array:
    """Where the vertices lie on the surface, from where they came to; ``rest`` is the mesh before it swung.

    The nearest place alone folds a mesh wherever a crease is deeper than a face is wide.
    """
    stiff = Stiffness(rest, triangles)
    for pull, looks, rounds in LAYING:
        for _ in range(looks):
            there, normals = destination.nearest(places)
            alike = (normals * StandIn(places, triangles).normals).sum(1) > ALIKE
            places = stiff.settled(places, there, np.where(alike, pull, FREE), rounds)
    beside = _neighbours(triangles)
    there = destination.nearest(places)[0]
    wrong = _wrong(destination, beside, triangles, places)
    for rings in range(1, UNFOLDINGS + 1):
        if not wrong.any():
            break
        # What is folded settles as its surroundings, which grow, want it to.
        around = wrong
        for _ in range(rings):
            free = np.zeros(len(places), bool)
            free[triangles[around]] = True
            around = np.asarray(free[triangles].any(1))
        freed = stiff.settled(places, there, np.where(free, FREE, LAYING[-1][0]), 4 * rings)
        left = _wrong(destination, beside, triangles, freed)
        if left.sum() < wrong.sum():
            places, wrong = freed, left
    return places


def _wrong(
    destination: Destination, beside: NDArray[np.int64], triangles: NDArray[np.int64], places: Array
) -> NDArray[np.bool_]:
    """Faces that look against those beside them or against the surface, or cut others."""
    surface = destination.nearest(places[triangles].mean(1))[1]
    against = (unit_normals(places, triangles) * surface).sum(1) < 0
    return np.asarray(_folded(beside, triangles, places) | against | crossing_triangles(places, triangles))


def _neighbours(triangles: NDArray[np.int64]) -> NDArray[np.int64]:
    """The faces beside each face, -1 where there is none."""
    return np.asarray(igl.triangle_triangle_adjacency(triangles)[0], np.int64)


def _folded(beside: NDArray[np.int64], triangles: NDArray[np.int64], places: Array) -> NDArray[np.bool_]:
    """Which faces look against the mean of those beside them."""
    normals = unit_normals(places, triangles)
    around = np.where((beside >= 0)[..., None], normals[beside], 0.0).sum(1)
    return np.asarray((normals * around).sum(1) < 0)
