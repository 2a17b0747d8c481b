"""Lays one surface's own mesh onto another that it is matched with, as rigidly as it can be; finds no match itself."""

from __future__ import annotations

from dataclasses import dataclass

import igl
import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.linalg import SuperLU
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

from ..shapes.distance import DistanceField
from ..shapes.shape import unit_normals
from .definite_solver import definite_solver
from .mesh_edges import strain
from .nearest_turns import nearest_turns
from .stand_in_mesh import StandIn

FOLLOWING = ((0.003, 15), (0.02, 10))
"""Pull towards the matched vertices, where the stiffness of an edge is about 1, and for how many rounds. Chosen."""
COARSE_VERTICES = 700
"""Of the mesh that is bent first. Chosen."""
BENDING = ((0.001, 12), (0.003, 12), (0.01, 12))
"""Pull towards the matched places and rounds, while the coarse mesh is bent. Chosen."""
BENDING_CLOSER = ((0.05, 5), (0.2, 5))
"""The same once it is nearly there. Chosen."""
CLOSING = ((0.05, 8), (0.3, 8), (2.0, 6))
"""The same towards the nearest place of the other surface. Chosen."""
ALIKE = 0.3
"""Least cosine between the normals of places that are laid onto each other. Chosen."""
FARTHEST = 0.08
"""In roots of the area: what is farther is not what it is laid onto. Chosen."""

Array = NDArray[np.float64]


LEFT_BARE = 1.5
"""Spacings of the other surface's vertices from the nearest vertex that is laid onto it. Chosen."""


@dataclass(frozen=True)
class Fit:
    """Where the first surface's vertices are on the second, and how well they lie there."""

    places: Array
    gap: float
    """Mean distance between both surfaces, both ways, in roots of the area."""
    bare: float
    """Share of the second surface's vertices that are far from the mesh laid onto it."""
    strain: float
    """Mean change of the edges' lengths, beyond that of the whole."""
    turned: float
    """Share of the mesh's area that faces the wrong way."""


class Bending:
    """Bends a coarse copy of one surface over to another, along a rough guess of what becomes what.

    A guess that is right about limbs but not about which side of a limb is which comes out untwisted: the mesh is one
    piece, starts as it stands, and turns no further than it must.
    """

    def __init__(self, first: StandIn, second: StandIn) -> None:
        growth = second.scale / first.scale
        vertices, triangles, _, _ = igl.decimate(
            np.asfortranarray(first.vertices * growth),
            np.asfortranarray(first.triangles, np.int32),
            2 * COARSE_VERTICES,
        )
        self._coarse = StandIn(np.ascontiguousarray(vertices), np.asarray(triangles, np.int64))
        self._stiff = Stiffness(self._coarse.vertices, self._coarse.triangles)
        self._pulled = [(self._stiff.pulled(np.full(len(vertices), pull)), rounds) for pull, rounds in BENDING]
        self._rest = first.vertices * growth
        self._second = second
        self._surface = DistanceField(second.vertices, second.triangles)
        self._normals = unit_normals(second.vertices, second.triangles)
        self._tree = KDTree(self._coarse.vertices)

    def bent(self, chosen: NDArray[np.integer], aims: Array, wanted: NDArray[np.integer]) -> tuple[Array, Array]:
        """Where the wanted vertices are once the chosen ones have made for their aims, and the normals there."""
        rest = self._coarse.vertices
        nearest = KDTree(self._rest[chosen]).query(rest)[1]
        turn = Rotation.align_vectors(aims - aims.mean(0), self._rest[chosen] - self._rest[chosen].mean(0))[0]
        places = turn.apply(rest - self._rest[chosen].mean(0)) + aims.mean(0)
        for pulled, rounds in self._pulled:
            places = pulled.settled(places, aims[nearest], rounds)
        for pull, rounds in BENDING_CLOSER:
            for _ in range(rounds):
                triangle, closest, distance = self._surface.closest(places)
                facing = (self._normals[triangle] * StandIn(places, self._coarse.triangles).normals).sum(1)
                sure = (facing > ALIKE) & (distance < FARTHEST * self._second.scale)
                places = self._stiff.settled(places, closest, np.where(sure, pull, 1e-4), 2)
        owner = self._tree.query(self._rest[wanted])[1]
        turns = self._stiff.turns(places)[owner]
        moved = places[owner] + np.einsum("nij,nj->ni", turns, self._rest[wanted] - rest[owner])
        return np.asarray(moved), StandIn(places, self._coarse.triangles).normals[owner]


class Fitting:
    """Lays one surface onto another along one match after the other."""

    def __init__(self, first: StandIn, second: StandIn) -> None:
        self._first, self._second = first, second
        self._stiff = Stiffness(first.vertices * (second.scale / first.scale), first.triangles)
        count = len(first.vertices)
        self._following = [(self._stiff.pulled(np.full(count, pull)), rounds) for pull, rounds in FOLLOWING]
        self._surface = DistanceField(second.vertices, second.triangles)
        self._normals = unit_normals(second.vertices, second.triangles)

    def fit(self, vertices: NDArray[np.integer], drawn_out: bool = True) -> Fit:
        """``vertices`` are those of the second surface that the first one's become.

        ``drawn_out``: ends of limbs that are laid on too short are drawn to where the second surface is bare.
        """
        first, second = self._first, self._second
        places = aims = np.asarray(second.vertices[vertices], np.float64)
        for pulled, rounds in self._following:
            places = pulled.settled(places, aims, rounds)
        for pull, rounds in CLOSING:
            for _ in range(2):
                triangle, aims, distance = self._surface.closest(places)
                own = StandIn(places, first.triangles).normals
                facing = (self._normals[triangle] * own).sum(1)
                sure = (facing > ALIKE) & (distance < FARTHEST * second.scale)
                if drawn_out:
                    drawn, towards = _drawn(places, own, second)
                    aims[drawn], sure[drawn] = towards, True
                places = self._stiff.settled(places, aims, np.where(sure, pull, 1e-4), rounds // 2)
        return judged_fit(first, second, places, self._surface)


def _drawn(places: Array, normals: Array, second: StandIn) -> tuple[NDArray[np.int64], Array]:
    """Vertices that bare places of the other surface draw towards them: ends of limbs that are laid on too short."""
    away, nearest = KDTree(places).query(second.vertices)
    bare = (away > LEFT_BARE * second.scale / np.sqrt(len(second.vertices))) & (away < FARTHEST * second.scale)
    bare &= (normals[nearest] * second.normals).sum(1) > ALIKE
    # The farthest of those that draw the same vertex is the last one.
    order = np.flatnonzero(bare)[np.argsort(away[bare], kind="stable")]
    drawn, last = np.unique(nearest[order][::-1], return_index=True)
    return np.asarray(drawn, np.int64), np.asarray(second.vertices[order[::-1][last]])


def judged_fit(first: StandIn, second: StandIn, places: Array, surface: DistanceField) -> Fit:
    """How well the first surface lies on the second, whose distances are given, with its vertices at ``places``."""
    rest = first.vertices * (second.scale / first.scale)
    there = surface.closest(places)
    back = DistanceField(places, first.triangles).closest(second.vertices)[2]
    spacing = second.scale / np.sqrt(len(second.vertices))
    own = StandIn(places, first.triangles)
    facing = (unit_normals(second.vertices, second.triangles)[there[0]] * own.normals).sum(1)
    return Fit(
        places,
        float(there[2].mean() + back.mean()) / 2 / second.scale,
        float((back > 2 * spacing).mean()),
        strain(rest, places, first.edges),
        float((facing < 0).mean()),
    )


class Stiffness:
    """A mesh that keeps its shape about every vertex as rigidly as its aims allow."""

    def __init__(self, rest: Array, triangles: NDArray[np.integer]) -> None:
        stiffness = sparse.coo_array(-igl.cotmatrix(rest, np.asarray(triangles, np.int64)))
        away = stiffness.row != stiffness.col
        rows, columns = stiffness.row[away], stiffness.col[away]
        # A face without area has no cotangents.
        weights = np.nan_to_num(-stiffness.data[away], nan=1e-3).clip(1e-3, 1e3)
        count = len(rest)
        links = sparse.csr_array((weights, (rows, columns)), shape=(count, count))
        self._held = links.sum(1)
        self.laplacian = sparse.csc_array(sparse.diags_array(self._held) - links)
        # With a whole diagonal, to put pulls on.
        self._system = sparse.csc_matrix(sparse.diags_array(self._held + 1) - links)
        column = np.repeat(np.arange(count), np.diff(self._system.indptr))
        self._diagonal = np.flatnonzero(self._system.indices == column)
        # From places to how the sides about each vertex lie, and from turns, the other way round, to wishes.
        sides = (weights[:, None] * (rest[rows] - rest[columns])).ravel()
        own = (3 * rows[:, None] + np.arange(3)).ravel()
        shape = 3 * count, count
        self._spread = sparse.csr_array((sides, (own, np.repeat(rows, 3))), shape=shape) - sparse.csr_array(
            (sides, (own, np.repeat(columns, 3))), shape=shape
        )
        self._gather = sparse.csr_array(self._spread.T / 2)

    def settled(self, places: Array, aims: Array, pulls: Array, rounds: int) -> Array:
        """Rounds of best local turns, and best places for them."""
        return self.pulled(pulls).settled(places, aims, rounds)

    def pulled(self, pulls: Array) -> Pulled:
        """The mesh, each vertex pulled at so much."""
        system = self._system.copy()
        system.data[self._diagonal] = self._held + pulls
        return Pulled(self, pulls, definite_solver(system))

    def turns(self, places: Array) -> Array:
        """How the mesh is turned about each vertex, (n, 3, 3)."""
        return nearest_turns((self._spread @ places).reshape(-1, 3, 3).swapaxes(1, 2))

    def wishes(self, turns: Array) -> Array:
        """What the Laplacian of the places should be for such turns."""
        return np.asarray(self._gather @ turns.swapaxes(1, 2).reshape(-1, 3))


class Pulled:
    """A stiff mesh whose vertices are drawn towards aims, each at its own strength; for as many aims as are asked."""

    def __init__(self, mesh: Stiffness, pulls: Array, solver: SuperLU) -> None:
        self._mesh, self._pulls, self._solver = mesh, pulls[:, None], solver

    def settled(self, places: Array, aims: Array, rounds: int) -> Array:
        """Rounds of best local turns, and best places for them."""
        drawn = self._pulls * aims
        for _ in range(rounds):
            places = self._solver.solve(self._mesh.wishes(self._mesh.turns(places)) + drawn)
        return places
