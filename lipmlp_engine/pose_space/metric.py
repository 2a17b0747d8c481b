"""Distances on one mesh as functions of its coordinates in a basis: between places in space, and along the surface.

Which pairs are measured is chosen once, from the poses; how long they are is differentiable. A way along the surface is
the shortest way over edges in the middle of all poses, and its length in any other pose is that of the same edges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
import torch
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra
from torch import Tensor

MOST_EDGES = 12_000
"""Edges whose lengths are measured, beside those of the ways along the surface. Chosen."""
NEAR_PAIRS = 6_000
"""Pairs of vertices whose distance along the surface is local. Chosen."""
FAR_PAIRS = 2_000
"""Pairs of any vertices. Chosen."""
NEAR = 0.1
"""Of the largest distance along the surface: what is local. Taken from Cosmo et al. (2020)."""
SOURCES = 24
"""Vertices from which ways along the surface begin. Chosen."""
WAYS = 20
"""From each of them. Chosen."""

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Pairs:
    """Pairs of vertices (p, 2) and the ways along the surface, as sums of edges (ways, edges)."""

    near: Numbers
    far: Numbers
    edges: Numbers
    ways: sparse.csr_array


def chosen_pairs(poses: Array, triangles: NDArray[np.integer], rng: np.random.Generator) -> Pairs:
    """Pairs spread over the mesh: near ones (every edge, or as many as are allowed), far ones and ways."""
    edges = edges_of(triangles)
    count = poses.shape[1]
    lengths = np.mean([edge_lengths(places, edges) for places in poses], axis=0)
    graph = sparse.csr_array(
        (np.maximum(np.tile(lengths, 2), 1e-12), (edges.T.ravel(), edges[:, ::-1].T.ravel())), shape=(count, count)
    )
    sources = _spread(graph, SOURCES, rng)
    distances, before = dijkstra(graph, indices=sources, return_predecessors=True)
    reach = float(distances[np.isfinite(distances)].max())
    number = {(int(a), int(b)): index for index, (a, b) in enumerate(edges)}
    rows, columns, way = [], [], 0
    near = []
    for source, row, previous in zip(sources, distances, before, strict=True):
        reached = np.flatnonzero(np.isfinite(row) & (row > NEAR * reach))
        for target in rng.permutation(reached)[:WAYS]:
            steps = _steps(previous, int(target), int(source))
            rows += [way] * len(steps)
            columns += [number[min(a, b), max(a, b)] for a, b in steps]
            way += 1
        close = np.flatnonzero((row > 0) & (row < NEAR * reach))
        near += [(int(source), int(target)) for target in rng.permutation(close)[: NEAR_PAIRS // (2 * SOURCES)]]
    used = np.unique(columns).astype(np.int64)
    ways = sparse.csr_array(
        (np.ones(len(rows)), (rows, np.searchsorted(used, columns))), shape=(way, len(used)), dtype=np.float64
    )
    local = rng.permutation(len(edges))[:MOST_EDGES]
    far = rng.integers(0, count, (FAR_PAIRS, 2))
    return Pairs(
        np.concatenate([edges[local], np.array(near, np.int64).reshape(-1, 2)]),
        far[far[:, 0] != far[:, 1]],
        edges[used],
        ways,
    )


def edges_of(triangles: NDArray[np.integer]) -> Numbers:
    """Every edge once, its lower vertex first."""
    sides = np.sort(np.asarray(triangles, np.int64)[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    return np.unique(sides, axis=0)


def edge_lengths(places: Array, edges: Numbers) -> Array:
    """Of one mesh (n, 3), or a row for each of several (k, n, 3)."""
    return np.asarray(np.linalg.norm(places[..., edges[:, 0], :] - places[..., edges[:, 1], :], axis=-1))


class Metric:
    """The distances of meshes given by coordinates (b, k) in a basis: vertices = middle + coordinates · basis."""

    def __init__(self, pairs: Pairs, middle: Array, basis: Array) -> None:
        """``middle`` (n, 3), ``basis`` (k, n, 3)."""
        self.near, self.far, self.edges = (
            _Differences(part, middle, basis) for part in (pairs.near, pairs.far, pairs.edges)
        )
        listed = pairs.ways.tocoo()
        places = torch.from_numpy(np.stack([listed.row, listed.col]).astype(np.int64))
        values = torch.from_numpy(listed.data.astype(np.float32))
        self._ways = torch.sparse_coo_tensor(places, values, listed.shape, check_invariants=True).coalesce()

    def geodesic(self, coordinates: Tensor) -> Tensor:
        """Lengths of the ways along the surface, (b, ways)."""
        return torch.as_tensor(torch.sparse.mm(self._ways, self.edges(coordinates).T).T)


class _Differences:
    """Distances in space of chosen pairs, without making the mesh."""

    def __init__(self, pairs: Numbers, middle: Array, basis: Array) -> None:
        first, second = pairs.T
        self._offset = torch.from_numpy((middle[first] - middle[second]).astype(np.float32).ravel())
        ways = (basis[:, first] - basis[:, second]).reshape(len(basis), -1)
        self._ways = torch.from_numpy(np.ascontiguousarray(ways.astype(np.float32)))
        self.count = len(pairs)

    def __call__(self, coordinates: Tensor, begin: int = 0, end: int | None = None) -> Tensor:
        """Distances (b, pairs), or those of a run of the pairs."""
        chosen = slice(3 * begin, None if end is None else 3 * end)
        steps = torch.addmm(self._offset[chosen], coordinates, self._ways[:, chosen])
        return torch.sqrt(steps.view(len(coordinates), -1, 3).square().sum(2) + 1e-14)


def _spread(graph: sparse.csr_array, count: int, rng: np.random.Generator) -> list[int]:
    """Vertices far from each other; each part of the mesh gets one before any gets a second."""
    chosen = [int(rng.integers(graph.shape[0]))]
    nearest = dijkstra(graph, indices=chosen[0])
    while len(chosen) < min(count, graph.shape[0]):
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, dijkstra(graph, indices=chosen[-1]))
    return chosen


def _steps(previous: NDArray[np.integer], target: int, source: int) -> list[tuple[int, int]]:
    steps = []
    while target != source:
        before = int(previous[target])
        steps.append((before, target))
        target = before
    return steps
