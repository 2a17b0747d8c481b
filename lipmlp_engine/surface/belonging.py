"""Which pieces of a surface belong together, because their matter is of one piece in both shapes; draws nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..shapes.mesh_topology import vertex_parts

HALF = 0.5
"""Share of a piece's vertices that must come from, and become, the same pieces as another's. Chosen."""

Numbers = NDArray[np.int64]


def groups_of_pieces(piece: Numbers, at_ends: Numbers) -> Numbers:
    """The group of each piece.

    piece: the piece of every vertex. at_ends: the pieces of both shapes that its matter is in, (n, 2).
    """
    count = int(piece.max()) + 1
    _, way = np.unique(at_ends, axis=0, return_inverse=True)
    shares = np.zeros((count, int(way.max()) + 1))
    np.add.at(shares, (piece, way.reshape(-1)), 1)
    sizes = shares.sum(1)
    links = []
    for small in range(count):
        common = np.minimum(shares, shares[small]).sum(1)
        common[sizes < sizes[small]] = 0  # each is held against the larger ones
        links += [(small, large) for large in np.flatnonzero(common >= HALF * sizes[small]).tolist()]
    return vertex_parts(np.array(links), count)[1]
