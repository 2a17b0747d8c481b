"""As-rigid-as-possible interpolation of two poses of one mesh, to be held against; knows nothing of ours."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from lipmlp_engine.poses.mesh_fitting import Stiffness

ROUNDS = 200

Array = NDArray[np.float64]


def as_rigid_as_possible(first: Array, last: Array, triangles: NDArray[np.int64], share: float) -> Array:
    """The places with the least sum of both ends' rigidity energies, each weighted by how near that end is.

    Found from the straight line on by rounds of best local turns and best places for them.
    """
    ends = Stiffness(first, triangles), Stiffness(last, triangles)
    weights = 1 - share, share
    system = sum(weight * end.laplacian for weight, end in zip(weights, ends, strict=True))
    places = (1 - share) * first + share * last
    hold = 1e-6
    solver = splu(sparse.csc_matrix(system + hold * sparse.eye_array(len(places))))
    for _ in range(ROUNDS):
        wishes = hold * places
        for weight, end in zip(weights, ends, strict=True):
            wishes = wishes + weight * end.wishes(end.turns(places))
        places = solver.solve(wishes)
    return np.asarray(places)
