"""An even mesh that stands for a shape where it is matched and moved; knows no other shape."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import igl
import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree

from ..shapes.distance import DistanceField
from ..shapes.mesh_topology import Topology, face_parts
from ..shapes.shape import Shape, signed_volume, triangle_areas, vertex_normals, volume_shares
from .mesh_edges import edge_lengths, edges_of, neighbour_means

VERTICES = 4_000
"""Of the mesh that stands for a shape while poses are matched. Chosen."""
VERTICES_OF_PARTS = 8_000
"""Of the mesh that carries several parts: much of it lies within others. Chosen."""
LEAST_OF_PART = 60
"""Triangles that are left of a part. Chosen."""
THICK = 2.0
"""Edges that a part must be thick, on average, to be evened. Chosen."""
MAIN_PART = 0.97
"""Share of the area that the largest part must have to stand for the whole: eyes and buttons go along with it.

Chosen.
"""
LEAST_MAIN = 0.6
"""Share from which on it is matched and the others are asked whether they go along with it. Chosen: of two bodies none
is the main one."""
CELLS = 96
"""Along the longest side of the grid from which a surface is taken that is no manifold. Chosen."""

MOST_ROUGH = 0.12
"""Median way of a vertex along its normal out of what its neighbours do alike, in edges; beyond it is noise.

Measured: it is .02 to .06 on clean shapes, .19 with noise of .25 % of the diagonal, and .33 with .5 %.
"""
SMOOTHING = (0.5, -0.53)
"""Of a vertex's way to the middle of its neighbours, by turns, so that limbs become no thinner. Taken from Taubin."""
MOST_SMOOTHING = 20
"""Times both at most. Chosen."""

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class StandIn:
    """One connected manifold surface; or several that are tied to each other."""

    vertices: Array
    triangles: Numbers
    ties: Numbers = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    """Pairs of vertices of different parts that hold together."""
    given_kinds: Numbers | None = None
    """Of each vertex, where not all are of one: what may become each other."""

    @cached_property
    def scale(self) -> float:
        """The root of the area: what lengths on the surface are measured by."""
        return float(np.sqrt(triangle_areas(self.vertices, self.triangles).sum()))

    @cached_property
    def edges(self) -> Numbers:
        return edges_of(self.triangles)

    @property
    def ball(self) -> bool:
        """Whether it is closed and has no handle."""
        closed = 3 * len(self.triangles) == 2 * len(self.edges)
        return closed and len(self.vertices) - len(self.edges) + len(self.triangles) == 2

    @cached_property
    def normals(self) -> Array:
        """At the vertices, weighted by area."""
        return vertex_normals(self.vertices, self.triangles)

    @cached_property
    def roads(self) -> sparse.csr_array:
        """Straight ways over the surface: the edges, and from corner to corner across each edge."""
        ends, lengths = [self.edges], [edge_lengths(self.vertices, self.edges)]
        first, second = Topology(self.triangles.astype(np.int32))._neighbours
        sides = self.triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
        opposite = self.triangles[:, [2, 0, 1]].ravel()
        a, b = self.vertices[sides[first]].transpose(1, 0, 2)
        axis = (b - a) / np.maximum(np.linalg.norm(b - a, axis=1, keepdims=True), 1e-30)
        flat = []
        for corner in (opposite[first], opposite[second]):
            offset = self.vertices[corner] - a
            along = (offset * axis).sum(1)
            flat.append((along, np.linalg.norm(offset - along[:, None] * axis, axis=1)))
        (x0, y0), (x1, y1) = flat
        crossing = (x0 * y1 + x1 * y0) / np.maximum(y0 + y1, 1e-30)
        inside = (crossing > 0) & (crossing < np.linalg.norm(b - a, axis=1))
        ends.append(np.stack([opposite[first], opposite[second]], 1)[inside])
        lengths.append(np.hypot(x0 - x1, y0 + y1)[inside])
        ends.append(self.ties)
        lengths.append(edge_lengths(self.vertices, self.ties))
        pairs, values = np.concatenate(ends), np.concatenate(lengths)
        count = len(self.vertices)
        graph = sparse.coo_array((values, (pairs[:, 0], pairs[:, 1])), shape=(count, count)).tocsr()
        return sparse.csr_array(graph.maximum(graph.T))

    @cached_property
    def kinds(self) -> Numbers:
        """Of each vertex: what may become each other."""
        return np.zeros(len(self.vertices), np.int64) if self.given_kinds is None else self.given_kinds

    @cached_property
    def parts(self) -> Numbers:
        """The part of each vertex, whatever ties them."""
        return face_parts(self.triangles, len(self.vertices))[1]

    def coarser(self, count: int) -> StandIn:
        """The same with about so many vertices, its parts tied as they were."""
        vertices, triangles, _, births = igl.decimate(
            np.asfortranarray(self.vertices), np.asfortranarray(self.triangles, np.int32), 2 * count
        )
        kinds = None if self.given_kinds is None else self.given_kinds[births]
        fewer = StandIn(np.ascontiguousarray(vertices), np.asarray(triangles, np.int64), given_kinds=kinds)
        if not len(self.ties):
            return fewer
        part = self.parts[births]
        nearest = np.full(len(self.vertices), -1)
        for number in np.unique(part):
            own, left = np.flatnonzero(self.parts == number), np.flatnonzero(part == number)
            nearest[own] = left[KDTree(vertices[left]).query(self.vertices[own])[1]]
        ties = nearest[self.ties]
        return replace(fewer, ties=np.unique(ties[(ties >= 0).all(1)], axis=0))

    def distances(self, sources: Numbers) -> Array:
        """Along the surface, from each source to every vertex, (sources, vertices)."""
        # Told that it is symmetric, SciPy would look at every road twice, and turn the matrix over for each call.
        return np.asarray(dijkstra(self.roads, indices=sources))

    def spread(self, count: int) -> tuple[Numbers, Array]:
        """Vertices each as far as can be from those before, and the distances from each to all vertices."""
        far = self.distances(np.array([0]))[0]
        chosen, found = [], []
        nearest = np.full(len(self.vertices), np.inf)
        following = int(far.argmax())
        for _ in range(min(count, len(self.vertices))):
            chosen.append(following)
            found.append(self.distances(np.array([following]))[0])
            nearest = np.minimum(nearest, found[-1])
            following = int(nearest.argmax())
        return np.array(chosen), np.array(found)


def stand_in(shape: Shape, count: int = VERTICES) -> StandIn | None:
    """The shape's main part with about so many vertices; None where no part is the main one."""
    triangles = np.asarray(shape.triangles, np.int64)
    main, share = main_part(shape.vertices, triangles)
    if share < LEAST_MAIN:
        return None
    vertices, triangles = compact(shape.vertices, triangles[main])
    if not _manifold(triangles):
        vertices, triangles = _regrown(shape)
        vertices, triangles = compact(vertices, _largest_part(triangles))
    return calmed(evened(vertices, triangles, count)) if len(triangles) else None


def beside_main_part(shape: Shape) -> StandIn | None:
    """What the shape has beside its main part, as it is; None where that is of no weight."""
    triangles = np.asarray(shape.triangles, np.int64)
    main, share = main_part(shape.vertices, triangles)
    return StandIn(*compact(shape.vertices, triangles[~main])) if LEAST_MAIN <= share < MAIN_PART else None


def main_part(vertices: NDArray[np.floating], triangles: Numbers) -> tuple[NDArray[np.bool_], float]:
    """Which triangles are those of the largest part, and its share of the area."""
    _, part = face_parts(triangles, len(vertices))
    of_triangle = part[triangles[:, 0]]
    areas = np.bincount(of_triangle, weights=triangle_areas(vertices, triangles))
    return of_triangle == areas.argmax(), float(areas.max() / max(float(areas.sum()), 1e-30))


def whole_stand_in(shape: Shape) -> StandIn | None:
    """All parts of the shape together, each whole where they overlap; None where there is nothing to stand for."""
    solids = shape.placed_solids
    triangles, origin = igl.split_nonmanifold(np.asarray(solids.triangles, np.int64))
    vertices, triangles = compact(solids.vertices[origin], np.asarray(triangles, np.int64))
    if not len(triangles):
        return None
    if face_parts(triangles, len(vertices))[0] == 1:
        return evened(vertices, triangles, VERTICES)
    return _each_evened(vertices, triangles)


def _each_evened(vertices: Array, triangles: Numbers) -> StandIn:
    """Parts with few vertices in all, of which none is lost or shattered for being thin."""
    while 4 * len(vertices) <= VERTICES_OF_PARTS:
        vertices, triangles = igl.upsample(vertices, triangles)
    if len(vertices) <= VERTICES_OF_PARTS:
        return StandIn(*compact(vertices, triangles))
    part = face_parts(triangles, len(vertices))[1][triangles[:, 0]]
    areas = np.bincount(part, triangle_areas(vertices, triangles))
    thickness = 2 * np.abs(np.bincount(part, volume_shares(vertices, triangles))) / np.maximum(areas, 1e-300)
    spacing = np.sqrt(areas.sum() / VERTICES_OF_PARTS)
    pieces: list[tuple[Array, Numbers]] = []
    for number, share in enumerate((areas / areas.sum()).tolist()):
        own, sides = compact(vertices, triangles[part == number])
        fewer = max(LEAST_OF_PART, round(2 * VERTICES_OF_PARTS * share))
        if len(sides) > fewer:
            # What is evened draws its sides onto each other where they are nearer than an edge is long.
            decimate = igl.decimate if thickness[number] > THICK * spacing else igl.qslim
            own, sides, _, _ = decimate(np.asfortranarray(own), np.asfortranarray(sides, np.int32), fewer)
        pieces.append((own, np.asarray(sides, np.int64)))
    starts = np.cumsum([0, *(len(own) for own, _ in pieces)])
    joined = [sides + start for (_, sides), start in zip(pieces, starts.tolist(), strict=False)]
    return StandIn(*compact(np.concatenate([own for own, _ in pieces]), np.concatenate(joined)))


def evened(vertices: Array, triangles: Numbers, count: int) -> StandIn:
    while len(vertices) < count:
        vertices, triangles = igl.upsample(vertices, triangles)
    vertices, triangles, _, _ = igl.decimate(
        np.asfortranarray(vertices), np.asfortranarray(triangles, np.int32), 2 * count
    )
    return StandIn(*compact(vertices, triangles))


def calmed(surface: StandIn) -> StandIn:
    """The same without the noise of a scan, which turns triangles over and makes ways along the surface longer."""
    means = neighbour_means(surface.edges, len(surface.vertices))
    for _ in range(MOST_SMOOTHING):
        out = ((means @ surface.vertices - surface.vertices) * surface.normals).sum(1)
        edge = float(edge_lengths(surface.vertices, surface.edges).mean())
        if np.median(np.abs(out - means @ out)) < MOST_ROUGH * edge:
            break
        places = surface.vertices
        for share in SMOOTHING:
            places = places + share * (means @ places - places)
        surface = StandIn(np.ascontiguousarray(places), surface.triangles)
    return surface


def _manifold(triangles: Numbers) -> bool:
    edge_manifold = igl.is_edge_manifold(triangles)
    first = edge_manifold[0] if isinstance(edge_manifold, tuple) else edge_manifold
    return bool(first) and bool(np.all(igl.is_vertex_manifold(triangles)))


def _regrown(shape: Shape) -> tuple[Array, Numbers]:
    """A clean surface about the same inside."""
    low, high = shape.bounds
    cell = float((high - low).max()) / CELLS
    counts = np.ceil((high - low) / cell).astype(int) + 5
    z, y, x = np.meshgrid(*[low[k] + cell * (np.arange(counts[k]) - 2) for k in (2, 1, 0)], indexing="ij")
    points = np.stack([x.ravel(), y.ravel(), z.ravel()], 1)
    values = DistanceField(shape.vertices, shape.triangles).signed(points).astype(np.float64)
    vertices, triangles, _ = igl.marching_cubes(values, points, *map(int, counts), 0.0)
    ways = 1 if signed_volume(vertices, triangles) > 0 else -1
    return vertices, np.asarray(triangles[:, ::ways], np.int64)


def _largest_part(triangles: Numbers) -> Numbers:
    if not len(triangles):
        return triangles
    _, part = face_parts(triangles, int(triangles.max()) + 1)
    return np.asarray(triangles[part[triangles[:, 0]] == np.bincount(part).argmax()])


def compact(vertices: NDArray[np.floating], triangles: NDArray[np.integer]) -> tuple[Array, Numbers]:
    used, numbers = np.unique(triangles, return_inverse=True)
    return np.ascontiguousarray(vertices[used], np.float64), np.asarray(numbers.reshape(-1, 3), np.int64)
