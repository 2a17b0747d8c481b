"""Draws in the frayed rims of thin walls that go half-way; knows no time, no field and no shape.

Where a wall that has no counterpart thins out, tiny differences of its thickness decide what of it is left: teeth,
barbs and slits, finer than the cells and no shape's own. Neither smoothing without shrinking nor along the edge takes
them away. So what is thin, frayed and free is drawn in as a soap film would be, rims towards the wall and flat walls
not at all; a limb, however slender, is not thin in cells and stays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from ..shapes.smooth_ramp import smooth_ramp
from .normal_spread import Floats, Quads, normal_spread
from .sides_apart import have_wall_between, near_pairs
from .smooth_normals import face_normals_at

ROUNDS = 100
"""Of steps towards the neighbours' mean, which draw in barbs of about ten edges. Chosen by looking at spool → knob and
at an animal's ears."""
LOOKS = 4
"""Times that what is frayed is looked for. Chosen: what has become fair is left alone."""
STEP = 0.5
"""Share of the way to the neighbours' mean. Chosen."""
RINGS = 3
"""Of neighbours whose normals are asked. Chosen."""
SMOOTH, FRAYED = 0.01, 0.05
"""The least share of normals in a direction up to which nothing is frayed, and from which all is: on a straight rim it
is none, on a barb a third. Chosen; with twice of each an ear's teeth were only blunted. Measured: half or twice of
both changes nothing above chance."""
OWN, FREE = 0.3, 0.9
"""How free a vertex is up to which it stays, and from which it goes all the way. Chosen: at a quarter of the way the
horns and feet of an animal are half free, and were blunted by half of these."""
THIN = 1.6
"""Cells: a wall is thin up to here. Chosen: a horn at its middle is thicker. Measured: with half of it a morph of a
hand is .06 rougher half-way, with twice .04 smoother (chance: .03)."""
OPPOSITE = -0.5
"""Cosine between the normals of a wall's two sides, at most. Chosen."""
OTHERS = 32
"""Vertices among which the other side is looked for. Follows from how many there are within so many cells."""
BESIDE = 3
"""Rings of neighbours that go along with what is frayed and thin. Chosen."""


def drawn_in(vertices: Floats, quads: Quads, means: csr_matrix, net: Floats, free: Floats, cell: float) -> Floats:
    """Vertices of a closed mesh of quads, those of frayed rims drawn in.

    means: takes values at vertices to the means of their neighbours.
    net: where the vertices were in their cells, on the side of a wall or gap that is theirs.
    free: for each vertex how much it may move, from 0 to 1.
    """
    may = smooth_ramp(free, OWN, FREE).astype(np.float32)
    places = vertices
    for _ in range(LOOKS if may.any() else 0):
        least, _ = normal_spread(places, quads, means, RINGS)
        frayed = smooth_ramp(least, SMOOTH, FRAYED).astype(np.float32) * may
        asked = np.flatnonzero(frayed)
        frayed[asked] *= _thin(places, quads, net, asked, cell)
        rows = np.flatnonzero(frayed)
        if not len(rows):
            break
        rows, steps = _with_neighbours(frayed, means, may)
        nearby = means[rows]
        places = places.copy() if places is vertices else places
        for _ in range(ROUNDS // LOOKS):
            places[rows] += steps * (nearby @ places - places[rows])
    return places


def _with_neighbours(frayed: Floats, means: csr_matrix, may: Floats) -> tuple[NDArray[np.int64], Floats]:
    """What goes along, and the steps that it takes."""
    for _ in range(BESIDE):
        frayed = np.maximum(frayed, means @ frayed)
    frayed = may * (means @ frayed)
    rows = np.flatnonzero(frayed)
    return rows, np.float32(STEP) * frayed[rows, None]


def _thin(places: Floats, quads: Quads, net: Floats, rows: NDArray[np.int64], cell: float) -> NDArray[np.bool_]:
    """Which of some vertices have the other side of their wall near them."""
    thin = np.zeros(len(places), bool)
    normals = face_normals_at(places, quads)
    one, other = near_pairs(places, rows, THIN * cell, OTHERS)
    opposite = np.einsum("ij,ij->i", normals[one], normals[other]) < OPPOSITE
    thin[one[opposite & have_wall_between(net, normals, one, other)]] = True
    return thin[rows]
