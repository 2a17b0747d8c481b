"""Lays one surface's own mesh onto another that it is matched with, as rigidly as it can be; finds no match itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
from .kinds import KindField, by_kind, nearest_alike
from .mesh_edges import strain
from .nearest_turns import nearest_turns
from .stand_in_mesh import StandIn
from .touching_limbs import touching

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
SLIDING = ((0.2, 40, True), (2.0, 4, False))
"""Pull, how often what it pulls to is looked for, and whether places are free to move along the surface. Chosen.

Measured on seven characters in parts: edges change by 3 to 7 % instead of 5 to 9, and places are .6 to 4.2 % of the
diagonal off instead of .8 to 4.8; with a pull of .02 ends of limbs shrink away from where they belong.
"""
ALIKE = 0.3
"""Least cosine between the normals of places that are laid onto each other. Chosen."""
FARTHEST = 0.08
"""In roots of the area: what is farther is not what it is laid onto. Chosen."""

TIED = 1.0
"""Stiffness of what ties two parts, where that of an edge is about 1. Chosen."""
SHEET = 1.5
"""Spacings of the vertices between the two sides of a sheet, or of what parts have on top of each other.

Measured on characters in parts: with these, faces that look the wrong way are up to 1.2 % of right matches and 3 to 10
of what laid limbs onto others; by the nearest place alone up to 13.4 of right ones.
"""
HOPELESSLY_TURNED = 0.1
"""Share that faces the wrong way from which on it is not asked what of it touches. Chosen."""
DEPTH = 0.1
"""Spacings below a face at which it is asked whether another limb hides it. Chosen: about what meshes lie off."""
TWICE_WITHIN = 1.5
"""Times that a surface goes round what is in two limbs at once. Follows from winding numbers being whole."""
BESIDE = 30
"""Vertices that are looked at there. Chosen."""
NO_TIES = np.zeros((0, 2), np.int64)
"""Of a surface in one part. Follows from its having none."""

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
    """Share of the mesh's vertices that face the wrong way."""
    touching: float = 0.0
    """Of these the share of all that lie where the mesh touches itself: what has grown together has no walls there."""


class Bending:
    """Bends a coarse copy of one surface over to another, along a rough guess of what becomes what.

    A guess that is right about limbs but not about which side of a limb is which comes out untwisted: the mesh is one
    piece, starts as it stands, and turns no further than it must.
    """

    def __init__(self, first: StandIn, second: StandIn) -> None:
        growth = second.scale / first.scale
        self._coarse = replace(first, vertices=first.vertices * growth).coarser(COARSE_VERTICES)
        count = len(self._coarse.vertices)
        self._stiff = Stiffness(self._coarse.vertices, self._coarse.triangles, self._coarse.ties)
        self._pulled = [(self._stiff.pulled(np.full(count, pull)), rounds) for pull, rounds in BENDING]
        self._rest, self._kinds = first.vertices * growth, first.kinds
        self._second = second
        self._surface = KindField(second, self._coarse.kinds)
        self._normals = unit_normals(second.vertices, second.triangles)

    def bent(self, chosen: NDArray[np.integer], aims: Array, wanted: NDArray[np.integer]) -> tuple[Array, Array]:
        """Where the wanted vertices are once the chosen ones have made for their aims, and the normals there."""
        rest = self._coarse.vertices
        nearest = nearest_alike(rest, self._coarse.kinds, self._rest[chosen], self._kinds[chosen])[1]
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
        owner = nearest_alike(self._rest[wanted], self._kinds[wanted], self._coarse.vertices, self._coarse.kinds)[1]
        turns = self._stiff.turns(places)[owner]
        moved = places[owner] + np.einsum("nij,nj->ni", turns, self._rest[wanted] - rest[owner])
        return np.asarray(moved), StandIn(places, self._coarse.triangles).normals[owner]


class Fitting:
    """Lays one surface onto another along one match after the other."""

    def __init__(self, first: StandIn, second: StandIn) -> None:
        self._first, self._second = first, second
        self._stiff = Stiffness(first.vertices * (second.scale / first.scale), first.triangles, first.ties)
        count = len(first.vertices)
        self._following = [(self._stiff.pulled(np.full(count, pull)), rounds) for pull, rounds in FOLLOWING]
        self._surface = KindField(second, first.kinds)
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
                    drawn, towards = _drawn(first, places, own, second)
                    aims[drawn], sure[drawn] = towards, True
                places = self._stiff.settled(places, aims, np.where(sure, pull, 1e-4), rounds // 2)
        return judged_fit(first, second, places, self._surface)

    def slid(self, places: Array) -> Fit:
        """The mesh, which lies on the other surface already, slid along it to where it is stretched least."""
        first, second = self._first, self._second
        for pull, looks, along in SLIDING:
            pulled = self._stiff.pulled(np.full(len(places), pull))
            for _ in range(looks):
                triangle, closest, distance = self._surface.closest(places)
                own, normals = StandIn(places, first.triangles).normals, self._normals[triangle]
                sure = ((normals * own).sum(1) > ALIKE) & (distance < FARTHEST * second.scale)
                ways = closest - places
                if along:
                    ways = normals * (ways * normals).sum(1, keepdims=True)
                aims = places + np.where(sure[:, None], ways, 0)
                drawn, towards = _drawn(first, places, own, second)
                aims[drawn] = towards
                places = pulled.settled(places, aims, 2)
        return judged_fit(first, second, places, self._surface)


def _drawn(first: StandIn, places: Array, normals: Array, second: StandIn) -> tuple[NDArray[np.int64], Array]:
    """Vertices that bare places of the other surface draw towards them: ends of limbs that are laid on too short."""
    away, nearest = nearest_alike(second.vertices, second.kinds, places, first.kinds)
    bare = (away > LEFT_BARE * second.scale / np.sqrt(len(second.vertices))) & (away < FARTHEST * second.scale)
    bare &= (normals[nearest] * second.normals).sum(1) > ALIKE
    # The farthest of those that draw the same vertex is the last one.
    order = np.flatnonzero(bare)[np.argsort(away[bare], kind="stable")]
    drawn, last = np.unique(nearest[order][::-1], return_index=True)
    return np.asarray(drawn, np.int64), np.asarray(second.vertices[order[::-1][last]])


def judged_fit(first: StandIn, second: StandIn, places: Array, surface: DistanceField | KindField) -> Fit:
    """How well the first surface lies on the second, whose distances are given, with its vertices at ``places``."""
    rest = first.vertices * (second.scale / first.scale)
    there = surface.closest(places)
    laid = replace(first, vertices=places)
    back = KindField(laid, second.kinds).closest(second.vertices)[2]
    spacing = second.scale / np.sqrt(len(second.vertices))
    own = StandIn(places, first.triangles)
    turned = (unit_normals(second.vertices, second.triangles)[there[0]] * own.normals).sum(1) < 0
    if len(first.ties):
        turned &= ~_beside_facing(own, first.kinds, second, SHEET * spacing)
    else:
        turned[turned] = ~_within_both(places[turned] - DEPTH * spacing * own.normals[turned], second)
    against = np.flatnonzero(turned)
    # What faces the other way nearly everywhere is hopeless, and would take long.
    asked = against if turned.mean() < HOPELESSLY_TURNED else against[:0]
    growth = second.scale / first.scale
    return Fit(
        places,
        float(there[2].mean() + back.mean()) / 2 / second.scale,
        float((back > 2 * spacing).mean()),
        strain(rest, places, first.edges),
        float(turned.mean()),
        float(touching(first, places / growth, asked, SHEET * spacing / growth).sum()) / len(turned),
    )


def _within_both(points: Array, surface: StandIn) -> NDArray[np.bool_]:
    """Whether points are within two limbs of a surface that run into each other: there one hides the other's walls."""
    if not len(points):
        return np.zeros(0, bool)
    return np.asarray(igl.fast_winding_number(surface.vertices, surface.triangles, points) > TWICE_WITHIN)


def _beside_facing(own: StandIn, kinds: NDArray[np.integer], second: StandIn, reach: float) -> NDArray[np.bool_]:
    """Whether something of its kind that faces as it does is within reach of each vertex: cloth has two sides."""
    near = np.zeros(len(own.vertices), bool)
    for mine, among in by_kind(kinds, second.kinds):
        places = own.vertices[mine]
        about = KDTree(second.vertices[among]).query(places, min(BESIDE, len(among)), distance_upper_bound=reach)
        normals = np.vstack([second.normals[among], np.zeros(3)])[about[1].reshape(len(places), -1)]
        near[mine] = ((normals * own.normals[mine][:, None]).sum(2) > ALIKE).any(1)
    return near


class Stiffness:
    """A mesh that keeps its shape about every vertex as rigidly as its aims allow."""

    def __init__(self, rest: Array, triangles: NDArray[np.integer], ties: NDArray[np.integer] = NO_TIES) -> None:
        """``ties`` are pairs of vertices that hold together beside the triangles."""
        stiffness = sparse.coo_array(-igl.cotmatrix(rest, np.asarray(triangles, np.int64)))
        away = stiffness.row != stiffness.col
        both = np.concatenate([ties, ties[:, ::-1]])
        rows, columns = (np.concatenate([ends[away], both[:, k]]) for k, ends in enumerate(stiffness.coords))
        # A face without area has no cotangents.
        weights = np.nan_to_num(-stiffness.data[away], nan=1e-3).clip(1e-3, 1e3)
        weights = np.concatenate([weights, np.full(len(both), TIED)])
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
