"""Which parts of one surface may become which of another; and what is nearest to places among what may.

Boots may become boots, and a coat none: parts are of one kind where they have nearly the same share of the area.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from ..shapes.distance import DistanceField
from ..shapes.shape import triangle_areas
from .mesh_edges import edge_lengths
from .stand_in_mesh import StandIn

MOST_UNLIKE = 0.4
"""Difference between the marks of two parts, up to which one may become the other. Chosen."""
TWINS = 0.15
"""How much more unlike two parts may be to each other's counterparts, together, to be of one kind. Chosen: arms of a
character differed by .04 more, because the rim of one had been frayed by decimation."""
RIMS = 0.05
"""What the length of the rims counts among the marks. Chosen."""
MOST_LEFT = 0.1
"""Share of the area that has no counterpart, up to which it does not matter that the other shape has none. Chosen."""
MEASURED = 12
"""Places of a part from which its reach is measured. Chosen."""

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


def sorted_alike(first: StandIn, second: StandIn) -> tuple[StandIn, StandIn]:
    """Both with the kinds of their vertices; kind 0 is what has no counterpart of its own.

    Twins, as two boots, are of one kind: which of them becomes which is for the match to say.
    """
    marks = [_marks(surface) for surface in (first, second)]
    unlike = _unlike(*marks)
    rows, columns = linear_sum_assignment(np.minimum(unlike, 2 * MOST_UNLIKE))
    sure = unlike[rows, columns] < MOST_UNLIKE
    rows, columns = rows[sure], columns[sure]
    matched = unlike[np.ix_(rows, columns)]
    alone = matched.diagonal()
    kind = connected_components(matched + matched.T - alone - alone[:, None] < TWINS, directed=False)[1]
    numbered = [np.zeros(len(own), np.int64) for own in marks]
    numbered[0][rows] = numbered[1][columns] = kind + 1
    # What is left over must be about as much on both sides, or it may become anything.
    left = [float(np.exp(own[number == 0, 0]).sum()) for own, number in zip(marks, numbered, strict=True)]
    if max(left) > MOST_LEFT and min(left) < max(left) / 2:
        return first, second
    return _of_kinds(first, numbered[0]), _of_kinds(second, numbered[1])


def one_to_one(first: StandIn, second: StandIn, places: Array) -> tuple[StandIn, StandIn]:
    """Both with a kind for each part of the first and what of its kind is nearest to it; its vertices are at places."""
    counts = [int(surface.parts.max()) + 1 for surface in (first, second)]
    own, other = (
        [(surface.kinds[members][0], KDTree(at[members]), at[members]) for members in _members(surface)]
        for surface, at in ((first, places), (second, second.vertices))
    )
    apart = np.full(counts, np.inf)
    for row, (kind, tree, here) in enumerate(own):
        for column, (like, beside, there) in enumerate(other):
            if kind and kind == like:
                apart[row, column] = tree.query(there)[0].mean() + beside.query(here)[0].mean()
    far = 1 + 2 * min(counts) * np.where(np.isfinite(apart), apart, 0).max()
    rows, columns = linear_sum_assignment(np.minimum(apart, far))
    met = np.isfinite(apart[rows, columns])
    numbered = [np.zeros(count, np.int64) for count in counts]
    numbered[0][rows[met]] = numbered[1][columns[met]] = 1 + np.arange(met.sum())
    return _of_kinds(first, numbered[0]), _of_kinds(second, numbered[1])


def _of_kinds(surface: StandIn, numbered: Numbers) -> StandIn:
    """A surface with the kinds that its parts have by their numbers."""
    return replace(surface, given_kinds=numbered[surface.parts])


def _members(surface: StandIn) -> list[Numbers]:
    """The vertices of each part."""
    return [np.flatnonzero(surface.parts == number) for number in range(int(surface.parts.max()) + 1)]


def by_kind(
    kinds: NDArray[np.integer], other_kinds: NDArray[np.integer]
) -> Iterator[tuple[NDArray[np.bool_], Numbers]]:
    """Kind by kind those that are of it, and the rows of the others that are, or of all others if none is."""
    for kind in np.unique(kinds).tolist():
        alike = np.flatnonzero(other_kinds == kind)
        yield kinds == kind, alike if len(alike) else np.arange(len(other_kinds))


def nearest_alike(own: Array, own_kinds: Numbers, other: Array, other_kinds: Numbers) -> tuple[Array, Numbers]:
    """How far and which is the nearest of some points for each of others, of its own kind if there is one."""
    away, nearest = np.empty(len(own)), np.empty(len(own), np.int64)
    for mine, among in by_kind(own_kinds, other_kinds):
        found = KDTree(other[among]).query(own[mine])
        away[mine], nearest[mine] = found[0], among[found[1]]
    return away, nearest


class KindField:
    """The distances from a surface, of places that are each of a kind to what is of that kind."""

    def __init__(self, surface: StandIn, kinds: Numbers) -> None:
        self._fields = [
            (mine, among, DistanceField(surface.vertices, surface.triangles[among]))
            for mine, among in by_kind(kinds, surface.kinds[surface.triangles[:, 0]])
        ]

    def closest(self, places: Array) -> tuple[Numbers, Array, Array]:
        """The nearest triangle of each place, where on it, and how far away."""
        triangles, closest = np.empty(len(places), np.int64), np.empty((len(places), 3))
        distances = np.empty(len(places), np.float32)
        for mine, among, field in self._fields:
            found = field.closest(places[mine])
            triangles[mine], closest[mine], distances[mine] = among[found[0]], found[1], found[2]
        return triangles, closest, np.asarray(distances, np.float64)


def _unlike(own: Array, other: Array) -> Array:
    """How far the marks of each part are from those of each other one."""
    return np.asarray(np.abs(own[:, None] - other[None]).sum(2))


def _marks(surface: StandIn) -> Array:
    """What of each part stays the same in every pose, (parts, 3).

    The logarithms of its share of the area and of how far it reaches along itself, and how long its rims are.
    """
    part = surface.parts
    count = int(part.max()) + 1
    of_triangle = part[surface.triangles[:, 0]]
    areas = np.bincount(of_triangle, triangle_areas(surface.vertices, surface.triangles), count)
    sides, uses = np.unique(
        np.sort(surface.triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1), axis=0, return_counts=True
    )
    rims = sides[uses == 1]
    rim = np.bincount(part[rims[:, 0]], edge_lengths(surface.vertices, rims), count) / np.sqrt(areas)
    alone = replace(surface, ties=surface.ties[:0])
    reach = np.empty(count)
    for number in range(count):
        own = np.flatnonzero(part == number)
        far = alone.distances(own[np.linspace(0, len(own) - 1, min(MEASURED, len(own))).astype(int)])[:, own]
        reach[number] = np.log(far.mean() / np.sqrt(areas[number]))
    return np.stack([np.log(areas / areas.sum()), reach, RIMS * rim], 1)
