"""Where the planes of the faces around a vertex meet, in the edge or corner that it belongs to; knows no field."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from .normal_spread import eigenvalues

CORNER_REACH, SAME_CORNER = 1.5, 0.5
"""Cells: how far a vertex goes to a corner, and how near to each other corners are one. Chosen. Measured: with half of
both a chair's end is 18 % farther off, with twice 10 % less."""
LEAST_CORNER = 0.02
"""Relative eigenvalue of the normals' products below which a third plane fixes no corner. Chosen."""
CORNER_OFF = 0.05
"""Cells: planes that miss their corner by more, root mean square, are those about a rim that turns. Chosen: about a
bolt hole of six cells across they miss it by .15."""
CURVED = 0.005
"""Relative eigenvalue of the normals' products from which on an edge turns within the faces about a vertex. Chosen:
where planes meet is then a fiftieth of a cell off the edge."""

PERHAPS = 0.5
"""Of what makes a direction sure, from where on it is looked at closely. Chosen: more than single precision hides."""
AROUND = 0.3
"""How much the planes of the neighbours' faces count beside a vertex's own, where those of a bevel are to be outvoted.

Measured: on bevels of a third to one and a half cells, .1 and 1 do as well within a tenth.
"""

ALONG = 0.08
"""Of the planes about a bevel none leans along it: the least eigenvalue of their normals' products, to the second.

Chosen: folds of animals, which bend every way and are no bevels, came a tenth less near without.
"""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Meetings:
    """Of some vertices: where the planes about each of them meet."""

    rows: NDArray[np.int64]
    targets: Floats
    """Where the planes of a vertex's own faces do, or those of a corner."""
    sure: NDArray[np.bool_]
    """Which have such a target."""
    corners: NDArray[np.bool_]
    wide_targets: Floats
    """Where those of the neighbours' faces do as well: between the sides that an edge finer than the cells parts."""
    wide: NDArray[np.bool_]
    curved: NDArray[np.bool_]
    """Which lie on edges that turn, and beside which planes have to be looked for nearer by."""

    def among(self, vertices: NDArray[np.bool_]) -> Meetings:
        """Those of some of the vertices."""
        kept = vertices[self.rows]
        return self if kept.all() else Meetings(*(getattr(self, field.name)[kept] for field in fields(self)))


@dataclass(frozen=True)
class Planes:
    """Faces, a point of the surface by each, and the surface's normal there."""

    faces: NDArray[np.int32]
    places: Floats
    normals: Floats

    def meetings(self, vertices: Floats, least_turn: float, cell: np.float32) -> Meetings:
        """Vertices whose faces' planes differ, where those meet, as near as that leaves free, and which do in a corner.

        A corner is looked for among the faces of the neighbours as well: a vertex's own may lie on two of its sides
        only. Of all that see it the nearest goes there.
        """
        rows, owner = np.unique(self.faces, return_inverse=True)
        owner = owner.ravel()
        sides = self.faces.shape[1]
        own = gathered(owner, np.repeat(_summands(self.places, self.normals), sides, axis=0))
        around = gathered(owner, np.repeat(own[owner].reshape(-1, sides, 13).sum(1), sides, axis=0))
        start = vertices[rows].astype(np.float64)
        target, edge = _met(own, start, least_turn, 1)
        wide_target, wide = _met(own + AROUND * around, start, least_turn, 1, ALONG)
        corner_target, corner = _met(around, start, LEAST_CORNER, 0)
        corner[corner] = _off(around[corner], corner_target[corner]) < CORNER_OFF * float(cell)
        corner = _nearest_of_each(start, corner_target, corner, float(cell))
        target[corner] = corner_target[corner]
        own_edge = edge | corner
        found = own_edge | wide
        curved = own_edge & ~corner
        curved[curved] = _turning(own[curved])
        return Meetings(
            rows[found].astype(np.int64),
            target[found].astype(np.float32),
            own_edge[found],
            corner[found],
            wide_target[found].astype(np.float32),
            (wide & ~corner)[found],
            curved[found],
        )

    def nearer_by(self, rows: NDArray[np.int64], targets: Floats, share: float) -> tuple[NDArray[np.int64], Floats]:
        """Places on the way from vertices' targets to their faces' own: whose target's each is, and where."""
        number = np.full(int(self.faces.max(initial=-1)) + 1, -1)
        number[rows] = np.arange(len(rows))
        face, corner = np.nonzero(number[self.faces] >= 0)
        owner = number[self.faces[face, corner]]
        return owner, targets[owner] + np.float32(share) * (self.places[face] - targets[owner])

    def doubtful(self, vertices: Floats) -> tuple[NDArray[np.int64], Floats, Floats]:
        """Halves of faces that look away from their face's plane: the face, the half's middle and its normal."""
        corners = vertices[self.faces]
        found = []
        for second in range(1, self.faces.shape[1] - 1):
            half = corners[:, [0, second, second + 1]]
            normal = np.cross(half[:, 1] - half[:, 0], half[:, 2] - half[:, 0])
            rows = np.flatnonzero(np.einsum("ij,ij->i", normal, self.normals) < 0)
            found.append((rows, half[rows].mean(1), normal[rows]))
        rows, middles, normals = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return rows, middles, normals

    def least_sure(
        self, turned: NDArray[np.int64], rows: NDArray[np.int64], unsure: Floats, moved: NDArray[np.bool_]
    ) -> NDArray[np.int32]:
        """Of the vertices of each turned face the one that moved and is the least sure of its place.

        unsure: for each of the rows; moved: for all vertices.
        """
        of_vertex = np.full(len(moved), -np.inf)
        of_vertex[rows[moved[rows]]] = unsure[moved[rows]]
        faces = self.faces[turned]
        return np.asarray(faces[np.arange(len(faces)), of_vertex[faces].argmax(1)])


def touched(faces: NDArray[np.int32], moved: NDArray[np.int64], turned: NDArray[np.int64]) -> NDArray[np.int64]:
    """Faces that may be turned over after vertices have moved: theirs, and those that were."""
    return np.union1d(np.flatnonzero(np.isin(faces, moved).any(1)), turned)


def touching(faces: NDArray[np.int32], vertices: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The faces of some vertices, and all the vertices of these."""
    near = np.asarray(vertices[faces].any(1))
    reached = np.zeros(len(vertices), bool)
    reached[faces[near]] = True
    return near, reached


def _nearest_of_each(
    start: NDArray[np.float64], targets: NDArray[np.float64], seen: NDArray[np.bool_], cell: float
) -> NDArray[np.bool_]:
    """Of the places that see the same target, and that nearly reach it, the nearest one."""
    way = np.linalg.norm(targets - start, axis=1)
    rows = np.flatnonzero(seen & (way < CORNER_REACH * cell))
    chosen = np.zeros(len(start), bool)
    if len(rows):
        pairs = KDTree(targets[rows]).query_pairs(SAME_CORNER * cell, output_type="ndarray")
        farther = np.where(way[rows[pairs[:, 0]]] <= way[rows[pairs[:, 1]]], pairs[:, 1], pairs[:, 0])
        chosen[np.delete(rows, farther)] = True
    return chosen


def _summands(places: Floats, normals: Floats) -> NDArray[np.float64]:
    """What planes are summed up by: products of their normals (9), what they want (3), and squared offsets."""
    normals = normals.astype(np.float64)
    offsets = np.einsum("ij,ij->i", normals, places)[:, None]
    products = (normals[:, :, None] * normals[:, None, :]).reshape(-1, 9)
    return np.concatenate((products, normals * offsets, offsets**2), 1)


def _met(
    planes: NDArray[np.float64], start: NDArray[np.float64], least_turn: float, free: int, along: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Where summed-up planes meet nearest to a start, so many directions left free, and whether the others are sure.

    along: how much planes may lean along the edge, as `ALONG`.
    """
    met, certain = start.copy(), np.zeros(len(start), bool)
    rows = _perhaps_sure(planes[:, :9], least_turn, free)
    start = start[rows]
    products, wanted = planes[rows, :9].reshape(-1, 3, 3), planes[rows, 9:12]
    strengths, axes = np.linalg.eigh(products)
    sure = strengths > least_turn * strengths[:, 2:]
    sure[:, :free] = False
    missing = np.einsum("nji,nj->ni", axes, wanted - np.einsum("nij,nj->ni", products, start))
    steps = np.where(sure, missing / np.maximum(strengths, 1e-12), 0.0)
    met[rows] = start + np.einsum("nij,nj->ni", axes, steps)
    certain[rows] = sure[:, free] & (strengths[:, 0] <= along * strengths[:, 1])
    return met, certain


def _off(planes: NDArray[np.float64], met: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far summed-up planes miss where they meet, root mean square."""
    products, wanted, offsets = planes[:, :9].reshape(-1, 3, 3), planes[:, 9:12], planes[:, 12]
    squares = np.einsum("ni,nij,nj->n", met, products, met) - 2 * np.einsum("ni,ni->n", wanted, met) + offsets
    return np.asarray(np.sqrt(np.maximum(squares, 0) / np.maximum(np.trace(products, axis1=1, axis2=2), 1e-20)))


def _turning(planes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where summed-up planes lean along the edge in which they meet."""
    least, middle = _relative(planes[:, :9])
    return np.asarray(least > CURVED * (1 - least - middle))


def met_by(
    owner: NDArray[np.int64], places: Floats, normals: Floats, start: Floats, least_turn: float
) -> tuple[Floats, NDArray[np.bool_]]:
    """Where the planes that are each one's own meet, nearest to its start, and which have an edge there."""
    own = gathered(owner, _summands(places, normals))
    met, sure = _met(own, start.astype(np.float64), least_turn, 1)
    return met.astype(np.float32), sure


def _perhaps_sure(products: NDArray[np.float64], least_turn: float, free: int) -> NDArray[np.int64]:
    """Planes of which that direction may be sure: most are flat, and axes are dear to find."""
    least, middle = _relative(products)
    asked = (least, middle)[free]
    return np.flatnonzero(asked > PERHAPS * least_turn * (1 - least - middle))


def _relative(products: NDArray[np.float64]) -> tuple[Floats, Floats]:
    """The two smaller eigenvalues of summed-up products, as shares of all three."""
    return eigenvalues(products / np.maximum(products[:, [0, 4, 8]].sum(1, keepdims=True), 1e-20))


def gathered(owner: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.bincount(owner, column) for column in values.T], 1)
