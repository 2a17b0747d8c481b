"""A cloud of points as it was scanned, and its tidying: numbers, duplicates, too many, strays. Knows no surface."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

Array = NDArray[np.float64]

STRAY = 3.5
"""Farther from its neighbours than this many times what is usual among them, a point is a stray. Chosen."""
STRAY_NEIGHBOURS = 8
"""Neighbours whose mean distance says how lonely a point is. Chosen."""
LINK = 2.0
"""Points hang together that are closer than this many times their usual distance. Chosen."""
CLUSTER, CLUSTER_SHARE = 20, 0.001
"""Fewer points that hang together, or a smaller share of all, are strays as well. Chosen."""
MOST_STRAYS = 0.4
"""Where more than this share of the points would be strays, the cloud is only uneven. Chosen."""
CROWD = 24
"""Neighbours that say what is usual around a point; more of them would take the strays' own word for it. Chosen."""


@dataclass
class Cloud:
    """Points (n, 3) in world units and what is known of each."""

    points: Array
    normals: Array | None = None
    """(n, 3), outwards; zero where one is missing."""
    colors: NDArray[np.float32] | None = None
    """(n, 4) RGBA."""
    radii: Array | None = None
    """(n,), how large each point is drawn."""
    notes: list[str] = field(default_factory=list)
    """What was done to the cloud, a sentence each."""

    def __len__(self) -> int:
        return len(self.points)

    @property
    def diagonal(self) -> float:
        return float(np.linalg.norm(np.ptp(self.points, axis=0))) if len(self.points) else 0.0

    def placed(self) -> tuple[Array, Array, float]:
        """The points about the origin in units of their diagonal, and where they were and how large."""
        middle = (self.points.max(axis=0) + self.points.min(axis=0)) / 2
        return (self.points - middle) / self.diagonal, middle, self.diagonal

    def taken(self, chosen: NDArray[np.bool_] | NDArray[np.int64], *notes: str) -> Cloud:
        """The chosen points with all that belongs to them."""
        return replace(
            self,
            points=self.points[chosen],
            normals=None if self.normals is None else self.normals[chosen],
            colors=None if self.colors is None else self.colors[chosen],
            radii=None if self.radii is None else self.radii[chosen],
            notes=[*self.notes, *notes],
        )


def tidied(cloud: Cloud, most: int, strays: bool) -> Cloud:
    """The cloud's points that are numbers, each place once, ``most`` of them at the utmost, and no strays."""
    cloud = _finite(cloud)
    cloud = _distinct(cloud)
    cloud = thinned(cloud, most)
    return _without_strays(cloud) if strays and len(cloud) > CROWD else cloud


def thinned(cloud: Cloud, most: int) -> Cloud:
    """Of every cell of a grid the point nearest to its middle, in cells as small as ``most`` points allow."""
    if len(cloud) <= most:
        return cloud
    low = cloud.points.min(axis=0)
    fine, coarse = cloud.diagonal / 1e5, cloud.diagonal
    for _ in range(40):
        cell = np.sqrt(fine * coarse)
        _, count = np.unique(_cell_numbers(cloud.points, low, cell), return_counts=True)
        fine, coarse = (cell, coarse) if len(count) > most else (fine, cell)
        if coarse < 1.01 * fine:
            break
    number = _cell_numbers(cloud.points, low, coarse)
    local = (cloud.points - low) / coarse
    order = np.lexsort((np.linalg.norm(local - np.floor(local) - 0.5, axis=1), number))
    first = np.flatnonzero(np.diff(number[order], prepend=-1))
    kept = np.sort(order[first])
    return cloud.taken(kept, f"took {len(kept):,} of {len(cloud):,} points, one in each cell of a grid")


def _cell_numbers(points: Array, low: Array, cell: float) -> NDArray[np.int64]:
    place = np.floor((points - low) / cell).astype(np.int64)
    across = place.max(axis=0) + 1
    return np.asarray((place[:, 0] * across[1] + place[:, 1]) * across[2] + place[:, 2])


def _finite(cloud: Cloud) -> Cloud:
    sound = np.asarray(np.isfinite(cloud.points).all(axis=1))
    missing = int((~sound).sum())
    return cloud.taken(sound, f"left out {missing:,} points whose coordinates are no numbers") if missing else cloud


def _distinct(cloud: Cloud) -> Cloud:
    _, first = np.unique(cloud.points, axis=0, return_index=True)
    repeated = len(cloud) - len(first)
    return cloud.taken(np.sort(first), f"left out {repeated:,} points that were there twice") if repeated else cloud


def _without_strays(cloud: Cloud) -> Cloud:
    """Without the points that lie alone: far from their neighbours, measured by how far those are from theirs; and
    without clusters of a few that hang together with nothing else."""
    tree = cKDTree(cloud.points)
    distance, neighbour = tree.query(cloud.points, k=CROWD + 1)
    reach = distance[:, 1 : STRAY_NEIGHBOURS + 1].mean(axis=1)
    usual = np.quantile(reach[neighbour[:, 1:]], 0.25, axis=1)
    alone = np.asarray((reach > STRAY * usual) | (reach > 2 * STRAY * np.median(reach)))
    first = np.repeat(np.arange(len(cloud)), STRAY_NEIGHBOURS)
    second, step = neighbour[:, 1 : STRAY_NEIGHBOURS + 1].ravel(), distance[:, 1 : STRAY_NEIGHBOURS + 1].ravel()
    linked = (step < LINK * np.minimum(reach[first], reach[second])) & ~alone[first] & ~alone[second]
    count = len(cloud)
    graph = coo_array((np.ones(int(linked.sum()), np.int8), (first[linked], second[linked])), shape=(count, count))
    cluster = connected_components(graph, directed=False)[1]
    alone |= np.bincount(cluster)[cluster] < max(CLUSTER, CLUSTER_SHARE * count)
    if not alone.any() or alone.mean() > MOST_STRAYS:
        return cloud
    return cloud.taken(~alone, f"left out {int(alone.sum()):,} stray points")
