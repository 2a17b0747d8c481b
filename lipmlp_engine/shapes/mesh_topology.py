"""How a surface's triangles hang together: its parts, its open edges, and whether neighbours face the same way."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def vertex_parts(links: NDArray[np.integer], count: int) -> tuple[int, NDArray[np.int64]]:
    """How many parts ``count`` vertices fall into that hang together by links (n, 2), and the part of each."""
    graph = coo_array((np.ones(len(links), np.int8), (links[:, 0], links[:, 1])), shape=(count, count))
    parts, part_of_vertex = connected_components(graph, directed=False)
    return int(parts), np.asarray(part_of_vertex, np.int64)


def face_parts(faces: NDArray[np.integer], count: int) -> tuple[int, NDArray[np.int64]]:
    """The same of vertices that hang together by faces (m, k), of three corners or more."""
    return vertex_parts(np.stack([faces[:, :-1], faces[:, 1:]], -1).reshape(-1, 2), count)


@dataclass(frozen=True)
class Topology:
    """Derived from triangles whose coinciding vertices are one vertex."""

    triangles: NDArray[np.int32]

    @cached_property
    def half_edges(self) -> NDArray[np.int64]:
        """(3 m, 2), the vertices each triangle side runs from and to; triangle k owns rows 3 k to 3 k + 2."""
        return np.stack([self.triangles.ravel(), self.triangles[:, [1, 2, 0]].ravel()], axis=1).astype(np.int64)

    @cached_property
    def _edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The edge of every half edge, how many half edges each edge has, and how many more run upwards than down."""
        low, high = self.half_edges.min(axis=1), self.half_edges.max(axis=1)
        span = int(high.max()) + 1 if len(high) else 1
        _, edge, count = np.unique(low * span + high, return_inverse=True, return_counts=True)
        balance = np.bincount(edge, weights=self._direction, minlength=len(count)).astype(np.int64)
        return edge, count, balance

    @cached_property
    def _direction(self) -> NDArray[np.int64]:
        return np.where(self.half_edges[:, 0] < self.half_edges[:, 1], 1, -1)

    @cached_property
    def _neighbours(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The two half edges of every edge that has exactly two."""
        edge, count, _ = self._edges
        paired = np.flatnonzero(count[edge] == 2)
        paired = paired[np.argsort(edge[paired], kind="stable")]
        return paired[0::2], paired[1::2]

    @cached_property
    def parts(self) -> NDArray[np.int64]:
        """(m,), the part of every triangle: parts hang together over edges that exactly two triangles share."""
        first, second = self._neighbours
        count = len(self.triangles)
        graph = coo_array((np.ones(len(first), np.int8), (first // 3, second // 3)), shape=(count, count))
        return np.asarray(connected_components(graph, directed=False)[1], np.int64)

    @property
    def part_count(self) -> int:
        return int(self.parts.max()) + 1 if len(self.parts) else 0

    @cached_property
    def open_half_edges(self) -> NDArray[np.int64]:
        """Rows of ``half_edges`` that lack an opposite one; none where the surface is closed."""
        edge, _, balance = self._edges
        surplus = balance[edge]
        lacking = np.flatnonzero(surplus * self._direction > 0)
        # Where three triangles meet, two of them may cancel: only as many remain as there is surplus.
        lacking = lacking[np.argsort(edge[lacking], kind="stable")]
        starts = np.flatnonzero(np.diff(edge[lacking], prepend=-1))
        rank = np.arange(len(lacking)) - np.repeat(starts, np.diff(np.append(starts, len(lacking))))
        return np.asarray(lacking[rank < np.abs(surplus[lacking])])

    @cached_property
    def rims(self) -> list[NDArray[np.int64]]:
        """The same strung into closed loops, each of which goes on where the one before it ends."""
        following: dict[int, list[int]] = defaultdict(list)
        starts, ends = self.half_edges.T
        for row in self.open_half_edges.tolist():
            following[int(starts[row])].append(row)
        loops = []
        for first in list(following):
            while following[first]:
                loop = [following[first].pop()]
                while (vertex := int(ends[loop[-1]])) != first:
                    loop.append(following[vertex].pop())
                loops.append(np.array(loop))
        return loops

    @property
    def euler_number(self) -> int:
        """Vertices less edges plus faces: 2 for a closed part without handles."""
        return len(np.unique(self.triangles)) - len(self._edges[1]) + len(self.triangles)

    @property
    def closed(self) -> bool:
        return len(self.open_half_edges) == 0

    @cached_property
    def closed_parts(self) -> NDArray[np.bool_]:
        """For every part, whether it is closed on its own."""
        edge, _, _ = self._edges
        part = np.repeat(self.parts, 3)
        key = part * (int(edge.max()) + 1 if len(edge) else 1) + edge
        _, group = np.unique(key, return_inverse=True)
        balance = np.bincount(group, weights=self._direction)
        closed = np.ones(self.part_count, np.bool_)
        closed[part[balance[group] != 0]] = False
        return closed

    @cached_property
    def inconsistent_parts(self) -> NDArray[np.bool_]:
        """For every part, whether neighbouring triangles of it face opposite ways."""
        first, second = self._neighbours
        same_way = self._direction[first] == self._direction[second]
        found = np.zeros(self.part_count, np.bool_)
        found[self.parts[first[same_way] // 3]] = True
        return found
