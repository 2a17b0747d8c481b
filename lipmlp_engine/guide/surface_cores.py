"""Points spread evenly over a surface, the matter below each, and which of them hang together; knows no other shape."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from .thin_parts import THICKEST

DEEPEST = THICKEST / 2
"""How deep matter is followed at most, in training-frame units. Chosen: what is thicker has a core that says less."""
BACK_TO_BACK = -0.6
"""Cosine between the normals of neighbours below which they are the two sides of a wall or a gap.

Chosen: over the edges of bars with four and with three sides it is 0 and -.5.
"""
NEIGHBOURS = 8
"""Places beside one whose heights are heard. Chosen."""
ROD_REACH, NARROWER = 5.0, 0.2
"""Depths about a place in which its matter is looked at, and how much less that spreads in the second direction than in
the first, at most, where it is a rod's, in squares.

Follows from the mean squares: .28 about a sheet's straight rim and 1 within it, .16 in a bar twice as wide as thick,
0 in a round one.
"""
LEAST_REACH = 3.0
"""Mean distances between places in which that is looked at, at least. Chosen: some thirty places on a sheet."""
LARGEST_REACH = 0.2
"""And at most, in training-frame units. Chosen, for the time that it takes: what is so thick is no thin rod."""
FEWEST = 4
"""Places that say whether their matter is a rod's. Follows from the three directions in which they may spread."""

Array = NDArray[np.float64]
Chosen = NDArray[np.bool_]


@dataclass(frozen=True)
class Cores:
    """Points spread evenly over a shape's surface in the training frame, and the matter below each."""

    points: Array
    normals: Array
    radius: Array
    """Half of the thickness, (n,); infinite where there is no other side."""
    area: float
    """Of the whole surface."""

    @property
    def depth(self) -> Array:
        """How deep below the surface the matter is that is followed: at most so deep, however thick all is."""
        return np.minimum(self.radius, DEEPEST)

    @property
    def middles(self) -> Array:
        return self.points - self.depth[:, None] * self.normals

    @cached_property
    def links(self) -> sparse.csr_array:
        """Lengths between neighbours, over edges, and not through a wall or across a gap."""
        count = len(self.points)
        lengths, others = KDTree(self.points).query(self.points, k=min(NEIGHBOURS + 1, count))
        rows = np.repeat(np.arange(count), lengths.shape[1] - 1)
        lengths, others = lengths[:, 1:].ravel(), others[:, 1:].ravel()
        alike = (self.normals[rows] * self.normals[others]).sum(1) > BACK_TO_BACK
        near = alike & (lengths < 4 * np.median(lengths))
        links = sparse.csr_array((lengths[near] + 1e-9, (rows[near], others[near])), shape=(count, count))
        return sparse.csr_array(links.maximum(links.T))

    def rods(self, chosen: Chosen) -> Chosen:
        """Those of places whose matter is drawn out one way: of bars, legs and wires, not of sheets and their rims."""
        rows = np.flatnonzero(chosen)
        if not len(rows):
            return chosen
        reach = np.clip(ROD_REACH * self.depth, LEAST_REACH * np.sqrt(self.area / len(chosen)), LARGEST_REACH)
        near = KDTree(self.middles).query_ball_point(self.middles[rows], reach[rows], return_sorted=False)
        sizes = np.array([len(places) for places in near])
        ways = self.middles[np.concatenate(near)] - np.repeat(self.middles[rows], sizes, axis=0)
        start, count = np.append(0, sizes.cumsum()[:-1]), sizes[:, None, None]
        mean = np.add.reduceat(ways, start)[:, :, None] / count
        squares = np.add.reduceat(ways[:, :, None] * ways[:, None, :], start) / count
        spread = np.linalg.eigvalsh(squares - mean * mean.transpose(0, 2, 1))
        drawn_out = (sizes >= FEWEST) & (spread[:, 1] < NARROWER * spread[:, 2])
        # Single places that differ from those about them are chance.
        _, about = KDTree(self.points[rows]).query(self.points[rows], k=min(NEIGHBOURS + 1, len(rows)))
        found = np.zeros(len(chosen), bool)
        found[rows] = drawn_out[about].reshape(len(rows), -1).mean(1) > 0.5
        return found


def patches(links: sparse.csr_array, chosen: Chosen) -> NDArray[np.int32]:
    """For each point the number of the patch of chosen points that it belongs to; others are patches of their own."""
    pairs = sparse.coo_array(links)
    both = chosen[pairs.row] & chosen[pairs.col]
    among = sparse.csr_array((pairs.data[both], (pairs.row[both], pairs.col[both])), shape=links.shape)
    return np.asarray(connected_components(among, directed=False)[1])
