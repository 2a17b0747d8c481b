"""Distances on one mesh as functions of its coordinates: of edges, and along the surface.

Which are measured is chosen once, from the poses; how long they are is differentiable. A way along the surface is the
shortest way over edges in the middle of all poses, and its length in any other pose is that of the same edges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
import torch
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra
from torch import Tensor

from ..poses.mesh_edges import edge_lengths, edges_of
from .deformed_mesh import DeformationBasis

MOST_EDGES = 12_000
"""Edges whose lengths are measured, beside those of the ways along the surface. Chosen."""
NEAR = 0.1
"""Of the largest distance along the surface: what is local; ways are longer. Taken from Cosmo et al. (2020)."""
SOURCES = 24
"""Vertices from which ways along the surface begin. Chosen."""
WAYS = 20
"""From each of them. Chosen."""

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Measured:
    """Edges (p, 2) all over the mesh, and those of the ways along the surface, which are sums of them (ways, edges)."""

    near: Numbers
    edges: Numbers
    ways: sparse.csr_array


def what_is_measured(poses: Array, triangles: NDArray[np.integer], rng: np.random.Generator) -> Measured:
    """Edges (every one, or as many as are allowed) and ways, spread over a mesh whose every vertex has a triangle."""
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
    for source, row, previous in zip(sources, distances, before, strict=True):
        reached = np.flatnonzero(np.isfinite(row) & (row > NEAR * reach))
        for target in rng.permutation(reached)[:WAYS]:
            steps = _steps(previous, int(target), int(source))
            rows += [way] * len(steps)
            columns += [number[min(a, b), max(a, b)] for a, b in steps]
            way += 1
    used = np.unique(columns).astype(np.int64)
    ways = sparse.csr_array(
        (np.ones(len(rows)), (rows, np.searchsorted(used, columns))), shape=(way, len(used)), dtype=np.float64
    )
    return Measured(edges[rng.permutation(len(edges))[:MOST_EDGES]], edges[used], ways)


class Metric:
    """The lengths of meshes given by coordinates (b, k): an edge is a middle one and coordinates times what adds to it.

    Both kinds of edges are given as middles (p, 3) and what adds to them (k, p, 3).
    """

    def __init__(self, near: tuple[Array, Array], edges: tuple[Array, Array], ways: sparse.csr_array) -> None:
        self.near, self.edges = _Lengths(*near), _Lengths(*edges)
        listed = ways.tocoo()
        places = torch.from_numpy(np.stack([listed.row, listed.col]).astype(np.int64))
        values = torch.from_numpy(listed.data.astype(np.float32))
        self._ways = torch.sparse_coo_tensor(places, values, listed.shape, check_invariants=True).coalesce()

    @classmethod
    def of_stretches(cls, measured: Measured, basis: DeformationBasis) -> Metric:
        """Where coordinates are turns and stretches: what a triangle stretches its edge to, whichever way it turns."""
        return cls(_stretched(measured.near, basis), _stretched(measured.edges, basis), measured.ways)

    def geodesic(self, coordinates: Tensor) -> Tensor:
        """Lengths of the ways along the surface, (b, ways)."""
        return torch.as_tensor(torch.sparse.mm(self._ways, self.edges(coordinates).T).T)


class _Lengths:
    def __init__(self, middle: Array, added: Array) -> None:
        self._middle = torch.from_numpy(middle.astype(np.float32).ravel())
        self._added = torch.from_numpy(np.ascontiguousarray(added.reshape(len(added), -1).astype(np.float32)))
        self.count = len(middle)

    def __call__(self, coordinates: Tensor, begin: int = 0, end: int | None = None) -> Tensor:
        """Lengths (b, edges), or those of a run of the edges."""
        chosen = slice(3 * begin, None if end is None else 3 * end)
        steps = torch.addmm(self._middle[chosen], coordinates, self._added[:, chosen])
        return torch.sqrt(steps.view(len(coordinates), -1, 3).square().sum(2) + 1e-14)


def _stretched(edges: Numbers, basis: DeformationBasis) -> tuple[Array, Array]:
    """Edges, by numbers among the vertices that a triangle has, as a triangle that has them stretches them."""
    mesh = basis.mesh
    faces = mesh.numbered(mesh.triangles)
    sides = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    owner = np.repeat(np.arange(len(faces)), 3)
    # A needle says nothing about its edges where another triangle has them too.
    order = np.argsort(mesh.silent[owner], kind="stable")
    names = sides[order] @ [len(mesh.used), 1]
    known, first = np.unique(names, return_index=True)
    triangle = owner[order][first[np.searchsorted(known, edges @ [len(mesh.used), 1])]]
    start = mesh.start[mesh.used]
    ways = start[edges[:, 0]] - start[edges[:, 1]]
    six = slice(3 * len(faces), 9 * len(faces))
    found = []
    for row in (basis.middle, *basis.axes):
        stretch = mesh.stretches(row[six])[triangle]
        found.append(np.einsum("pij,pj->pi", stretch, ways))
    return found[0], np.stack(found[1:])


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
