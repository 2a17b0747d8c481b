"""Lays a mesh that has swung to another pose onto that pose's surface, without turning faces over; knows no time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..poses.closed_creases import ClosedCreases
from ..poses.mesh_fitting import Stiffness
from ..poses.stand_in_mesh import StandIn
from .end_fitting import ALIKE, Destination

LAYING = ((0.3, 2, 4), (2.0, 2, 3), (20.0, 3, 2))
"""Pull to the nearest place, where the stiffness of an edge is about 1; how often that is looked for; rounds each.

Chosen.
"""
FREE = 1e-4
"""Pull of what sees nothing that faces as it does. Chosen."""

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
    return ClosedCreases(destination.ground, triangles, len(rest)).laid_out(places)
