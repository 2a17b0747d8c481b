"""A triangle mesh as an elastic sheet, whose vertices slide to where its faces keep their shape; knows no surface."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from ..machine.cores import usable_cores
from ..machine.warp_runtime import warp_kernels, warp_runtime
from ..shapes.shape import doubled_area_vectors, triangle_areas, unit

NARROW = 20.0
"""Degrees; a face that is narrower at rest is not held to its shape but drawn towards an even one. Chosen."""
EVENNESS = 0.2
"""What unequal growth of faces costs beside the change of their shape. Chosen."""
EVENNESS_OF_CLEAN = 1.0
"""The same for a mesh that carries no textures: it may slide to where faces are needed. Chosen."""
FLOOR = 0.03
"""Of its share of the area, below which a face costs ever less than by rule: one that has turned over can come back.

Chosen.
"""

FEWEST_FOR_A_THREAD = 200
"""Vertices that are worth another thread. Chosen."""

Array = NDArray[np.float64]
_SIXTY = 1 / np.sqrt(3)


class Sheet:
    """What stays the same while vertices move."""

    def __init__(
        self,
        vertices: Array,
        triangles: NDArray[np.integer],
        held: NDArray[np.bool_] | None = None,
        even: bool = False,
        threads: int = 0,
    ) -> None:
        """``held`` are the vertices that may slide; by rule all around which there are faces.

        Faces are drawn to the shape and share that they have here or, if so asked, all to even ones of one size.
        """
        a, b, c = triangles.T
        self.triangles = np.ascontiguousarray(triangles[(a != b) & (b != c) & (c != a)], np.int32)
        self.count = len(vertices)
        self.edges = _edges(self.triangles)
        one, other = self.edges.T
        ones = np.ones(2 * len(self.edges))
        ends = np.concatenate([one, other]), np.concatenate([other, one])
        self._links = sparse.csr_matrix((ones, ends), shape=(self.count, self.count))
        self._degree = np.maximum(np.asarray(self._links.sum(1)).ravel(), 1)
        uneven = sparse.eye_array(self.count) - sparse.diags_array(1 / self._degree) @ self._links
        self.roughness = sparse.csr_matrix(uneven.T @ uneven)
        """The quadratic form that says how much moves differ from the mean of their neighbours'."""
        self._areas, cotangents = _rest(vertices, self.triangles)
        if even:
            self._areas, cotangents = np.full_like(self._areas, self._areas.mean()), np.full_like(cotangents, _SIXTY)
        corners = np.argsort(self.triangles.ravel(), kind="stable")
        face, corner = corners // 3, corners % 3
        following, last = self.triangles[face, (corner + 1) % 3], self.triangles[face, (corner + 2) % 3]
        self._rows = np.concatenate([[0], np.cumsum(np.bincount(self.triangles.ravel(), minlength=self.count))])
        self._fan = np.stack([following, last, face], 1).astype(np.int32)
        turned = [cotangents[face, (corner + k) % 3] for k in range(3)]
        self._cotangents = np.stack(turned, 1)
        self._order, self._groups = _independent(self._links, self._free() if held is None else self._free() & held)
        self.even = even
        self._evenness = EVENNESS_OF_CLEAN if even else EVENNESS
        self._threads = threads or usable_cores()
        self._wp: Any = warp_runtime()
        self._kernels: Any = warp_kernels("tracking.sheet_kernels", "cpu")

    def edge_length(self, points: Array) -> Array:
        """Mean length of the edges around each vertex."""
        lengths = np.linalg.norm(points[self.edges[:, 0]] - points[self.edges[:, 1]], axis=1)
        both = np.concatenate([lengths, lengths])
        return np.asarray(np.bincount(self.edges.T.ravel(), both, self.count) / self._degree)

    def normals(self, points: Array) -> Array:
        """Unit normals at the vertices, the mean of the faces around by area."""
        return unit(self._gathered(doubled_area_vectors(points, self.triangles)))

    def around(self, amounts: Array) -> Array:
        """Sums at the vertices of what belongs to the faces around."""
        return np.asarray(np.bincount(self.triangles.ravel(), np.repeat(amounts, 3), self.count), np.float64)

    def averaged(self, amounts: Array) -> Array:
        """Half of what each vertex has shared out evenly among its neighbours; the sum stays."""
        return np.asarray((amounts + self._links @ (amounts / self._degree)) / 2)

    def untangled(self, points: Array, normals: Array, rounds: int) -> Array:
        """Draw the vertices of faces that have turned over to the middle of their neighbours, round by round.

        A fold, of which one layer of three has turned over, so shrinks from its rims.
        """
        facing = normals[self.triangles].sum(1)
        for _ in range(rounds):
            turned = (doubled_area_vectors(points, self.triangles) * facing).sum(1) < 0
            if not turned.any():
                break
            chosen = np.intersect1d(self.triangles[turned], self._order)
            points = points.copy()
            points[chosen] = self._links[chosen] @ points / self._degree[chosen, None]
        return points

    def evened(self, points: Array, normals: Array, sweeps: int, leeway: float, shares: Array | None = None) -> Array:
        """Slide vertices within the planes across ``normals`` towards where faces have the shape and share they should.

        Faces that are distorted by no more than the leeway are let be; those that have turned over are turned back.
        ``shares`` are factors (m,) on the faces' shares of the area.
        """
        wp = self._wp
        facing = unit(normals[self.triangles].sum(1))
        scale = np.linalg.norm(np.ptp(points, axis=0))
        middle = points.mean(0)
        local = (points - middle) / scale
        wanted = self._areas if shares is None else self._areas * shares
        wanted = wanted * (triangle_areas(local, self.triangles).sum() / wanted.sum())
        with wp.ScopedDevice("cpu"):
            places = wp.array(local.astype(np.float32), dtype=wp.vec3)
            fixed = [
                wp.array(self._order, dtype=int),
                wp.array(self._rows.astype(np.int32), dtype=int),
                wp.array(self._fan, dtype=wp.vec3i),
                wp.array(self._cotangents.astype(np.float32), dtype=wp.vec3),
                wp.array(wanted.astype(np.float32), dtype=float),
                wp.array(facing.astype(np.float32), dtype=wp.vec3),
                wp.array(normals.astype(np.float32), dtype=wp.vec3),
                leeway,
                self._evenness,
                FLOOR,
                places,
            ]
            with ThreadPoolExecutor(self._threads) as pool:

                def slide(part: tuple[int, int]) -> None:
                    start, end = part
                    wp.launch(self._kernels.even_out, dim=end - start, inputs=[start, *fixed], device="cpu")

                for _ in range(sweeps):
                    for group in self._groups:
                        parts = _parts(*group, self._threads)
                        # A launch on the CPU is single-threaded, but lets go of Python's lock.
                        list(pool.map(slide, parts)) if len(parts) > 1 else slide(group)
            return np.asarray(places.numpy() * scale + middle, np.float64)

    def _gathered(self, vectors: Array) -> Array:
        """Sums over the faces around each vertex."""
        return np.stack([self.around(vectors[:, k]) for k in range(3)], 1)

    def _free(self) -> NDArray[np.bool_]:
        """Vertices all around which there are faces: what lies on a rim keeps its place on it."""
        sides = np.concatenate([self.triangles[:, [0, 1]], self.triangles[:, [1, 2]], self.triangles[:, [2, 0]]])
        sides.sort(axis=1)
        pairs, uses = np.unique(sides, axis=0, return_counts=True)
        free = np.zeros(self.count, bool)
        free[self.triangles] = True
        free[pairs[uses != 2]] = False
        return free


def smallest_angles(points: Array, triangles: NDArray[np.integer]) -> Array:
    """Each triangle's smallest angle in degrees."""
    corners = points[triangles]
    sides = np.sort(np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2), axis=1)
    shortest, middle, longest = np.maximum(sides, 1e-30).T
    cosine = (middle**2 + longest**2 - shortest**2) / (2 * middle * longest)
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _parts(start: int, end: int, threads: int) -> list[tuple[int, int]]:
    """A group cut into one part for each thread, where it is worth the handing over."""
    count = max(1, min(threads, (end - start) // FEWEST_FOR_A_THREAD))
    cuts = np.linspace(start, end, count + 1).astype(int).tolist()
    return list(pairwise(cuts))


def _edges(triangles: NDArray[np.integer]) -> NDArray[np.integer]:
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    return np.unique(np.sort(pairs, axis=1), axis=0)


def _rest(vertices: Array, triangles: NDArray[np.integer]) -> tuple[Array, Array]:
    """The areas and the cotangents of the angles (m, 3) that faces are drawn to."""
    corners = vertices[triangles]
    doubled = np.linalg.norm(doubled_area_vectors(vertices, triangles), axis=1)
    after, before = np.roll(corners, -1, axis=1) - corners, np.roll(corners, 1, axis=1) - corners
    cotangents = (after * before).sum(2) / np.maximum(doubled, 1e-30)[:, None]
    yielding = np.clip(1 - smallest_angles(vertices, triangles) / NARROW, 0, 1)[:, None]
    cotangents = np.where(yielding > 0.9, _SIXTY, (1 - yielding) * cotangents + yielding * _SIXTY)
    areas = doubled / 2
    return np.maximum(areas, 0.1 * areas.mean()), cotangents


def _independent(links: sparse.csr_matrix, free: NDArray[np.bool_]) -> tuple[NDArray[np.int32], list[tuple[int, int]]]:
    """The free vertices in groups within which none is another's neighbour, and where each group starts and ends."""
    count = links.shape[0]
    rank = np.random.default_rng(0).permutation(count)
    color = np.full(count, -1)
    one, other = links.nonzero()
    while (color[free] < 0).any():
        waiting = free & (color < 0)
        blocked = np.zeros(count, bool)
        rivals = waiting[one] & waiting[other] & (rank[other] > rank[one])
        blocked[one[rivals]] = True
        chosen = np.flatnonzero(waiting & ~blocked)
        taken = np.zeros(count, np.int64)
        known = color[other] >= 0
        np.bitwise_or.at(taken, one[known], 1 << color[other[known]])
        lowest = ~taken[chosen]
        color[chosen] = np.round(np.log2((lowest & -lowest).astype(np.float64))).astype(np.int64)
    order = np.argsort(color, kind="stable")[(~free).sum() :].astype(np.int32)
    ends = np.cumsum(np.bincount(color[free])) if free.any() else np.zeros(0, np.int64)
    return order, list(zip([0, *ends[:-1].tolist()], ends.tolist(), strict=False))
