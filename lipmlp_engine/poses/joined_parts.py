"""The parts of a shape as its file has them, tied where they hold together, as one surface to be matched.

A character's body, clothes and hair reach into each other. What is outside of all of them changes from pose to pose:
an arm melts into a coat in one and not in the other. The parts themselves only bend. Knows no other shape.
"""

from __future__ import annotations

from dataclasses import dataclass

import igl
import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import KDTree

from ..shapes.mesh_topology import face_parts, vertex_parts
from ..shapes.repair import drop_collapsed, drop_duplicates, orient, weld
from ..shapes.shape import Shape, triangle_areas
from .kinds import sorted_alike
from .mesh_edges import edge_lengths, edges_of
from .stand_in_mesh import VERTICES, StandIn, calmed, compact, evened

LEAST_WEIGHT = 0.01
"""Share of the area that a part has which is matched: eyes and buttons go along. Chosen."""
FINEST = 10
"""Times as many vertices as are wanted, from which on nothing is divided any more. Chosen."""
LONG = 0.9
"""Share of the edges that must be shorter than the even mesh's. Chosen."""
LEAST_TOGETHER = 0.85
"""Share of the area that all of them have together. Chosen."""
LEAST_ALIKE = 0.75
"""Share of the area in which both shapes must agree, part by part from the largest on: what is compared in vain takes
CPU-seconds. Chosen; it is .85 and more of characters in two poses."""
MOST_PARTS = 100
"""Of weight that there can be. Follows from the least weight."""
TOUCHING = 1.5
"""Spacings of the vertices, up to which two parts touch there. Chosen."""
HOLDING = 0.5
"""Of the longest place where two parts touch, from which on another place of theirs holds as well. Chosen."""
FAR = 0.1
"""Of the size: parts that are farther from each other than this do not hold together. Chosen."""
PASSING = 0.01
"""What a touch counts that parts of these kinds do not have in the other pose. Chosen."""
HANGING = 12
"""Ties of parts that touch nowhere. Chosen."""

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


def joined_parts(first: Shape, second: Shape) -> tuple[StandIn, StandIn] | None:
    """The parts of weight of both shapes' files; None where one has only one, or they do not hold together."""
    filed = [_of_weight(shape) for shape in (first, second)]
    shares = [np.sort(found[2])[::-1][:MOST_PARTS] for found in filed]
    padded = np.zeros((2, MOST_PARTS))
    for row, share in zip(padded, shares, strict=True):
        row[: len(share)] = share
    if min(map(len, shares)) < 2 or padded.min(0).sum() < LEAST_ALIKE:
        return None
    own, other = (calmed(evened(*_fine(vertices, triangles), VERTICES)) for vertices, triangles, _ in filed)
    surfaces = sorted_alike(own, other)
    contacts = [_Contacts.of(surface) for surface in surfaces]
    firmest = [contact.firmest for contact in contacts]
    one, two = (contact.tied(there) for contact, there in zip(contacts, reversed(firmest), strict=True))
    return None if one is None or two is None else (one, two)


def _of_weight(shape: Shape) -> tuple[Array, Numbers, Array]:
    """The parts of weight as the shape's file has them, and the share of the area of each."""
    look = shape.placed_look
    filed = weld(Shape(shape.name, np.asarray(look.vertices, np.float64), np.asarray(look.triangles, np.int32)))
    if face_parts(filed.triangles, len(filed.vertices))[0] < 2:
        return filed.vertices, filed.triangles.astype(np.int64), np.ones(1)
    filed = orient(drop_duplicates(drop_collapsed(filed)))
    triangles, origin = (np.asarray(found) for found in igl.split_nonmanifold(filed.triangles.astype(np.int64))[:2])
    vertices, triangles = compact(filed.vertices[origin], triangles)
    part = face_parts(triangles, len(vertices))[1][triangles[:, 0]]
    areas = triangle_areas(vertices, triangles)
    share = np.bincount(part, areas) / max(float(areas.sum()), 1e-30)
    weighty = share >= LEAST_WEIGHT
    if share[weighty].sum() < LEAST_TOGETHER:
        weighty[:] = False
    return *compact(vertices, triangles[weighty[part]]), share[weighty]


def _fine(vertices: Array, triangles: Numbers) -> tuple[Array, Numbers]:
    """The same in triangles small enough for an even mesh to be made of them: parts are coarse where they are flat."""
    spacing = np.sqrt(triangle_areas(vertices, triangles).sum() / VERTICES)
    while len(vertices) < FINEST * VERTICES:
        lengths = edge_lengths(vertices, edges_of(triangles))
        if np.quantile(lengths, LONG) < spacing:
            break
        vertices, triangles = igl.upsample(vertices, triangles)
    return vertices, triangles


Pair = tuple[int, int]


@dataclass(frozen=True)
class _Contacts:
    """Where the parts of a surface touch each other."""

    surface: StandIn
    places: dict[Pair, list[Numbers]]
    """For each two parts their ties, place by place."""

    @classmethod
    def of(cls, surface: StandIn) -> _Contacts:
        spacing = surface.scale / np.sqrt(len(surface.vertices))
        touching = _touching(surface, TOUCHING * spacing)
        return cls(surface, {pair: _places(surface, ties) for pair, ties in touching.items()})

    @property
    def firmest(self) -> dict[Pair, int]:
        """For each two kinds of parts how many ties they have where they touch for the longest."""
        found: dict[Pair, int] = {}
        for pair, places in self.places.items():
            kinds = self._kinds(pair)
            found[kinds] = max(found.get(kinds, 0), *(len(place) for place in places))
        return found

    def _kinds(self, pair: Pair) -> Pair:
        one, other = (int(self.surface.kinds[self.surface.parts == number][0]) for number in pair)
        return min(one, other), max(one, other)

    def tied(self, firmest_there: dict[Pair, int]) -> StandIn | None:
        """The surface, each part held by those that it touches for the longest, in the other pose as well.

        Without parts that hang on nothing; None where too much does.
        """
        surface = self.surface
        vertices, part, count = surface.vertices, surface.parts, int(surface.parts.max()) + 1
        strength = {pair: max(len(place) for place in found) for pair, found in self.places.items()}
        own = self.firmest
        lasting = {
            pair: long * max(PASSING, min(1.0, firmest_there.get(self._kinds(pair), 0) / own[self._kinds(pair)]))
            for pair, long in strength.items()
        }
        ties = [
            place
            for pair in _spanning(lasting, count)
            for place in self.places[pair]
            if len(place) >= HOLDING * strength[pair]
        ]
        ties += _hanging(surface, np.concatenate(ties) if ties else np.zeros((0, 2), np.int64))
        if not ties:
            return None
        tied = np.unique(np.sort(np.concatenate(ties), axis=1), axis=0)
        held = _groups(part, tied, count)
        weights = np.bincount(held, np.bincount(part, minlength=count))
        if weights.max() < LEAST_TOGETHER * len(vertices):
            return None
        kept = held[part] == weights.argmax()
        number = np.cumsum(kept) - 1
        triangles = number[surface.triangles[kept[surface.triangles[:, 0]]]]
        return StandIn(vertices[kept], triangles, number[tied[kept[tied[:, 0]]]], surface.kinds[kept])


def _touching(surface: StandIn, reach: float) -> dict[Pair, Numbers]:
    """For each two parts the vertices of either with the nearest of the other one, where that is within reach."""
    part, vertices = surface.parts, surface.vertices
    members = [np.flatnonzero(part == number) for number in range(int(part.max()) + 1)]
    trees = [KDTree(vertices[own]) for own in members]
    found = {}
    for one in range(len(members)):
        for other in range(one + 1, len(members)):
            pairs = []
            for here, there in ((one, other), (other, one)):
                away, nearest = trees[there].query(vertices[members[here]], distance_upper_bound=reach)
                near = np.isfinite(away)
                pairs.append(np.stack([members[here][near], members[there][nearest[near]]], 1))
            ties = np.concatenate(pairs)
            if len(ties):
                found[one, other] = ties
    return found


def _places(surface: StandIn, ties: Numbers) -> list[Numbers]:
    """Ties of two parts by the places that they are at: what is next to each other on either part is one place."""
    ends, numbers = np.unique(ties, return_inverse=True)
    inside = np.full(len(surface.vertices), -1)
    inside[ends] = np.arange(len(ends))
    edges = inside[surface.edges]
    links = np.concatenate([edges[(edges >= 0).all(1)], numbers.reshape(-1, 2)])
    place = vertex_parts(links, len(ends))[1][numbers.reshape(-1, 2)[:, 0]]
    return [ties[place == number] for number in np.unique(place)]


def _spanning(strength: dict[Pair, float], count: int) -> list[Pair]:
    """The pairs by which all that touch hang together, the strongest first."""
    if not strength:
        return []
    ends, values = np.array(list(strength)), np.array(list(strength.values()), float)
    graph = sparse.coo_array((1 / values, (ends[:, 0], ends[:, 1])), shape=(count, count))
    chosen = minimum_spanning_tree(graph.tocsr()).tocoo()
    return [(min(a, b), max(a, b)) for a, b in zip(chosen.row.tolist(), chosen.col.tolist(), strict=True)]


def _groups(part: Numbers, ties: Numbers, count: int) -> Numbers:
    """Of each part which others it hangs together with."""
    return vertex_parts(part[ties], count)[1]


def _hanging(surface: StandIn, ties: Numbers) -> list[Numbers]:
    """Ties of what touches nothing to what is nearest to it, if that is not far."""
    part, vertices = surface.parts, surface.vertices
    held = _groups(part, ties, int(part.max()) + 1)[part]
    main = np.bincount(held).argmax()
    found = []
    for group in np.unique(held):
        own, others = np.flatnonzero(held == group), np.flatnonzero(held != group)
        if group == main or not len(others):
            continue
        away, nearest = KDTree(vertices[others]).query(vertices[own])
        closest = np.argsort(away, kind="stable")[:HANGING]
        if away[closest[0]] < FAR * np.linalg.norm(np.ptp(vertices, axis=0)):
            found.append(np.stack([own[closest], others[nearest[closest]]], 1))
    return found
