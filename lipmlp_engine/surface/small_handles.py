"""Handles of a few cells that neither shape has: found on a frame's surface, and closed; knows no time and no shape.

Where two walls pass each other closely, cells and blend may join them at a place or leave a hole a few cells wide. The
shortest loops that cannot be drawn together on the surface tell where: one about a thin bridge, which is cut, or about
a narrow tunnel, which is filled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree
from torch import Tensor

from ..guide.rounded_union import bounds_with, part_of_second, rounded_least
from ..guide.thin_parts import THIN
from ..shapes.mesh_topology import face_parts, vertex_parts
from .own_handles import Own

LARGEST = 0.09
"""Units of the training frame, in which a shape is 1.7 across at most: a loop that reaches farther from its middle is
no mishap of a place but how the blend is. Chosen: on four morphs of animals that had any, the mishaps were up to .06
wide, and what is wider was the gap between two legs."""
THICKNESS = 1.0
"""Half of a plug's thickness, in cells: the least that is found however it lies between the corners. Chosen."""
OVERHANG = 0.75
"""Cells by which a plug is wider than the loop, to reach through the wall. Chosen."""
ROUNDING = 1.0
"""Cells over which a plug runs into the surface. Chosen."""
CUT = 2.5
"""How many times a loop counts as longer where it is cut than where it is filled: a hole that is filled leaves no mark,
and what is cut is torn. Chosen by looking at vase → knot, where the rim of a wall was cut to be rid of a hole in it."""
MEETINGS = 4
"""Loops, the shortest first, that are sought anew from where they meet. Chosen."""

NOTHING_OWN = Own()
"""Everything is a mishap. Chosen."""

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Plugs:
    """Round discs in the training frame, which are added to what a function encloses, or taken from it."""

    centres: Tensor
    axes: Tensor
    radii: Tensor
    filled: Tensor
    thickness: float
    rounding: float

    def __len__(self) -> int:
        return len(self.centres)

    def to(self, device: torch.device) -> Plugs:
        return self._with(lambda name: getattr(self, name).to(device))

    def with_more(self, others: Plugs) -> Plugs:
        return self._with(lambda name: torch.cat([getattr(self, name), getattr(others, name)]))

    def _with(self, changed: Callable[[str], Tensor]) -> Plugs:
        centres, axes, radii, filled = map(changed, ("centres", "axes", "radii", "filled"))
        return replace(self, centres=centres, axes=axes, radii=radii, filled=filled)

    def distance(self, points: Tensor, plug: int) -> tuple[Tensor, Tensor]:
        """From points to one of them, negative inside, and the directions away from it."""
        offset = points - self.centres[plug]
        along = offset @ self.axes[plug]
        across = offset - along[:, None] * self.axes[plug]
        width = across.norm(dim=1, keepdim=True)
        out = across * ((width - self.radii[plug]).clamp(min=0) / width.clamp(min=1e-9))
        away = along[:, None] * self.axes[plug] + out
        reach = away.norm(dim=1)
        return reach - self.thickness, away / reach.clamp(min=1e-9)[:, None]

    def joined(self, values: Tensor, points: Tensor) -> Tensor:
        """A function's values with the plugs in it."""
        values = values.clone()
        for plug, rows in self._counting(values, points):
            sign = self._sign(plug)
            distance, _ = self.distance(points[rows], plug)
            values[rows] = sign * rounded_least(sign * values[rows], distance, self.rounding)
        return values

    def joined_with_gradient(self, values: Tensor, gradient: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        values, gradient = values.clone(), gradient.clone()
        for plug, rows in self._counting(values, points):
            sign = self._sign(plug)
            distance, away = self.distance(points[rows], plug)
            part = part_of_second(sign * values[rows], distance, self.rounding)
            values[rows] = sign * rounded_least(sign * values[rows], distance, self.rounding)
            gradient[rows] = torch.lerp(gradient[rows], sign * away, part[:, None])
        return values, gradient

    def _counting(self, values: Tensor, points: Tensor) -> list[tuple[int, Tensor]]:
        """The plugs that say anything at some of the points, in their order, and the rows of those points.

        A plug counts where it is hardly farther away than the surface, and most points ask about a place near it.
        """
        # What was put in before may have taken the surface farther by a plug's thickness and the rounding.
        reach = values.abs() + 2 * (self.thickness + self.rounding)
        found = []
        for plug, (centre, radius) in enumerate(zip(self.centres, self.radii, strict=True)):
            rows = ((points - centre).square().sum(1) < (reach + radius).square()).nonzero()[:, 0]
            if len(rows):
                found.append((plug, rows))
        return found

    def range(self, low: Tensor, high: Tensor, centre: Tensor, reach: Tensor) -> tuple[Tensor, Tensor]:
        """The least and the most that a function has in boxes, whose corners are ``reach`` away, with them in it."""
        for plug in range(len(self)):
            distance, _ = self.distance(centre, plug)
            sign = self._sign(plug)
            least, most = (low, high) if sign > 0 else (-high, -low)
            least, most = bounds_with(least, most, distance, reach, self.rounding)
            low, high = (least, most) if sign > 0 else (-most, -least)
        return low, high

    def about(self, points: Floats) -> NDArray[np.bool_]:
        """Which points of the surface are the plugs' own, or where they run into it."""
        return self._within(points, self.rounding / 2)

    def thin_at(self, points: Floats, cell: float) -> NDArray[np.bool_]:
        """Which points are about a plug, which is as thin as cells can show."""
        return self._within(points, THIN * cell)

    def _within(self, points: Floats, reach: float) -> NDArray[np.bool_]:
        places = torch.from_numpy(points).to(self.centres.device)
        found = torch.zeros(len(points), dtype=torch.bool, device=places.device)
        for plug in range(len(self)):
            found |= self.distance(places, plug)[0] < reach
        return np.asarray(found.cpu().numpy())

    def _sign(self, plug: int) -> float:
        """What is taken away is added to the outside."""
        return 1.0 if self.filled[plug] else -1.0


def handles(vertices: Floats, faces: NDArray[np.int32]) -> int:
    """How many handles a closed mesh has, all its parts together."""
    if not len(faces):
        return 0
    parts, _ = face_parts(faces, len(vertices))
    return parts - (len(vertices) - faces.size // 2 + len(faces)) // 2


def plugs_for(
    vertices: Floats,
    faces: NDArray[np.int32],
    normals: Floats,
    most: int,
    cell: float,
    largest: float = LARGEST,
    own: Own = NOTHING_OWN,
) -> Plugs | None:
    """Plugs for the smallest handles of a closed mesh, ``most`` at most; None where it has no small ones.

    own: what shapes have themselves, of which nothing is closed.
    """
    centres: list[NDArray[np.float64]] = []
    axes: list[NDArray[np.float64]] = []
    radii: list[float] = []
    filled: list[bool] = []
    used = np.zeros(len(vertices), bool)
    for loop, away, fills in _dearest_last(short_loops(vertices, faces), vertices, normals):
        middle = vertices[loop[0]] - away[0]
        radius = float(np.linalg.norm(away, axis=1).max())
        near = [np.linalg.norm(middle - other) < radius + size for other, size in zip(centres, radii, strict=True)]
        # The two loops of one handle cross each other, and the rims of a tunnel are near: the first one closes it.
        if radius > largest or used[loop].any() or any(near):
            continue
        if own.has(middle, vertices[loop], fills):
            continue
        used[loop] = True
        centres.append(middle)
        axes.append(np.linalg.svd(away, full_matrices=False)[2][2])
        radii.append(radius + OVERHANG * cell)
        filled.append(fills)
        if len(centres) == most:
            break
    if not centres:
        return None
    return Plugs(
        torch.from_numpy(np.stack(centres).astype(np.float32)),
        torch.from_numpy(np.stack(axes).astype(np.float32)),
        torch.tensor(radii, dtype=torch.float32),
        torch.tensor(filled),
        THICKNESS * cell,
        ROUNDING * cell,
    )


def _dearest_last(
    loops: list[Indices], vertices: Floats, normals: Floats
) -> list[tuple[Indices, NDArray[np.float64], bool]]:
    """Loops, the way to each of their vertices from their middle, and whether what they are about is to be filled."""
    found = []
    for loop in loops:
        places = vertices[loop].astype(np.float64)
        away = places - places.mean(0)
        # Around a bridge normals point away from its middle, in a tunnel towards it.
        fills = bool(np.einsum("ij,ij->i", away, normals[loop].astype(np.float64)).sum() < 0)
        length = float(np.linalg.norm(places - np.roll(places, 1, axis=0), axis=1).sum())
        found.append((length * (1 if fills else CUT), loop, away, fills))
    return [(loop, away, fills) for _, loop, away, fills in sorted(found, key=lambda one: one[0])]


def short_loops(vertices: Floats, faces: NDArray[np.int32]) -> list[Indices]:
    """Loops of vertices about each handle of a closed mesh, the shortest first.

    Seen from afar two ways about a tunnel part long before it, but where they meet again is right behind it: from there
    the loop about it is short.
    """
    mesh = _Edges(vertices, faces)
    found = sorted(mesh.loops(mesh.roots), key=mesh.length)
    for meeting in dict.fromkeys(int(loop[0]) for loop in found[:MEETINGS]):
        roots = mesh.roots.copy()
        roots[mesh.part[meeting]] = meeting
        found += mesh.loops(roots)
    return sorted(found, key=mesh.length)


class _Edges:
    """The edges of a closed mesh, with the two faces on the sides of each."""

    def __init__(self, vertices: Floats, faces: NDArray[np.int32]) -> None:
        corners = faces.astype(np.int64)
        ends = np.sort(np.stack([corners, np.roll(corners, -1, axis=1)], -1).reshape(-1, 2), axis=1)
        face = np.repeat(np.arange(len(faces)), faces.shape[1])
        order = np.lexsort((ends[:, 1], ends[:, 0]))
        self.ends: Indices = ends[order][::2]
        self._sides = np.sort(np.stack([face[order][::2], face[order][1::2]], axis=1), axis=1)
        self._faces = len(faces)
        self._vertices = vertices
        steps = vertices[self.ends[:, 0]] - vertices[self.ends[:, 1]]
        # No edge is quite without length, which a sparse graph would take for none.
        self._lengths = np.linalg.norm(steps, axis=1).astype(np.float64) + 1e-9
        graph = (self._lengths, (self.ends[:, 0], self.ends[:, 1]))
        self._graph = csr_matrix(graph, (len(vertices), len(vertices)))
        _, self.part = vertex_parts(self.ends, len(vertices))
        self.roots: Indices = np.unique(self.part, return_index=True)[1]
        """A vertex of each part."""

    def length(self, loop: Indices) -> float:
        places = self._vertices[loop]
        return float(np.linalg.norm(places - np.roll(places, 1, axis=0), axis=1).sum())

    def loops(self, roots: Indices) -> list[Indices]:
        """Two loops for each handle, as short as loops seen from these vertices are; each begins where its ways meet.

        Their edges are those that neither a tree of shortest ways over the vertices has nor a tree over the faces that
        crosses none of those ways (Erickson & Whittlesey 2005).
        """
        distance, before, _ = dijkstra(
            self._graph, directed=False, indices=roots, return_predecessors=True, min_only=True
        )
        first, second = self.ends.T
        rest = np.flatnonzero((before[first] != second) & (before[second] != first))
        around = distance[first[rest]] + distance[second[rest]] + self._lengths[rest]
        # The tree over the faces crosses what is long around, so that short loops are left. Of sides between the same
        # two faces it crosses the longest.
        cost = around.max(initial=0.0) + 1 - around
        sides = self._sides[rest]
        key = sides[:, 0] * self._faces + sides[:, 1]
        order = np.lexsort((cost, key))
        order = order[np.append(True, np.diff(key[order]) != 0)[: len(order)]]
        dual = csr_matrix((cost[order], (sides[order, 0], sides[order, 1])), (self._faces, self._faces))
        tree = minimum_spanning_tree(dual).tocoo()
        row, column = tree.row.astype(np.int64), tree.col.astype(np.int64)
        crossed = np.minimum(row, column) * self._faces + np.maximum(row, column)
        left = np.ones(len(rest), bool)
        left[order] = ~np.isin(key[order], crossed)
        return [_closed(before, *self.ends[edge].tolist()) for edge in rest[left]]


def _closed(before: NDArray[np.int32], start: int, end: int) -> Indices:
    """The loop over an edge, without what the ways to its ends have in common."""
    ways = [_way_back(before, vertex) for vertex in (start, end)]
    while len(ways[0]) > 1 and len(ways[1]) > 1 and ways[0][-2] == ways[1][-2]:
        for way in ways:
            way.pop()
    return np.array(ways[0] + ways[1][-2::-1])


def _way_back(before: NDArray[np.int32], vertex: int) -> list[int]:
    """From a vertex to the root."""
    way = [vertex]
    while before[way[-1]] >= 0:
        way.append(int(before[way[-1]]))
    return way
