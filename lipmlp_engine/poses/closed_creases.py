"""Draws what of a mesh hangs in folds that its ground has closed out onto the ground's creases; knows no match.

Where a limb folds onto a body, the skin between them has no surface left to lie on. A sheet that keeps its lengths
hangs in the fold, bridges it, or cuts itself; a membrane, which has no lengths to keep, is drawn flat across it and
then onto the crease.
"""

from __future__ import annotations

from collections.abc import Sequence

import igl
import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from ..shapes.distance import DistanceField
from ..shapes.self_intersections import crossing_triangles
from ..shapes.shape import unit_normals
from .definite_solver import definite_solver
from .ground import Ground

OFF = 0.005
"""Of the mesh's size: what is farther from the ground does not lie on it. Chosen."""
BARE = 3.0
"""Times as far from the mesh as that is ground that is left bare.

Measured: at 2 creases of a shoulder are left open, at 3 no ear of a scanned figure is drawn in.
"""
PULLS = (0.05, 0.3, 2.0, 20.0)
"""To the nearest place, one after the other, where a membrane's edge has a stiffness of 1. Chosen."""
LOOKS = 3
"""Times at each pull that the nearest place is looked for. Chosen."""
TRIES = ((1, 4), (2, 4), (1, 3), (3, 4), (2, 3))
"""Rings of faces about what is in trouble that go with it, and how many of the pulls; the next where one is no help.

Chosen.
"""
ROUNDS = 12
"""Of trying, at most. Chosen."""

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Trouble = tuple[Flags, Flags, NDArray[np.int64]]
"""Faces that are wrong, faces off the ground, and the faces that are nearest to ground that is left bare."""


class ClosedCreases:
    """One mesh's triangles and the ground that they are to lie on."""

    def __init__(self, ground: Ground, triangles: NDArray[np.int64], count: int) -> None:
        self._ground, self._triangles = ground, triangles
        self._beside = np.asarray(igl.triangle_triangle_adjacency(triangles)[0], np.int64)
        ends = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
        links = sparse.coo_array((np.ones(len(ends)), ends.T), shape=(count, count)).tocsr()
        self._links = sparse.csr_array((links + links.T) > 0, dtype=np.float64)
        self._membrane = sparse.csr_array(sparse.diags_array(self._links.sum(1)) - self._links)

    def laid_out(self, places: Array) -> Array:
        """The mesh with as few faces as can be that look the wrong way or cut others; the rest stays where it is."""
        failed = np.zeros(len(places), np.int64)
        trouble = self._trouble(places)
        for _ in range(ROUNDS):
            regions = self._regions(trouble[0] | trouble[1], failed)
            if not regions:
                break
            tried = places.copy()
            for pulls in {pulls for _, pulls in regions}:
                chosen = _together([piece for piece, own in regions if own == pulls])
                tried[chosen] = self._drawn(tried, chosen, PULLS[:pulls])
            then = self._trouble(tried)
            free = _together([piece for piece, _ in regions])
            pieces = self._pieces(free)
            better = [piece for piece in pieces if self._better(then, trouble, piece)]
            failed[free] += 1
            if better:
                mended = _together(better)
                failed[mended] = 0
                places = np.where(mended[:, None], tried, places)
                trouble = then if len(better) == len(pieces) else self._trouble(places)
        return places

    def wrong(self, places: Array) -> Flags:
        """Faces that look against those beside them or against the ground, or cut others."""
        normals = unit_normals(places, self._triangles)
        around = np.where((self._beside >= 0)[..., None], normals[self._beside], 0.0).sum(1)
        there = self._ground.nearest(places[self._triangles].mean(1))[1]
        opposed = ((normals * around).sum(1) < 0) | ((normals * there).sum(1) < 0)
        return np.asarray(opposed | crossing_triangles(places, self._triangles))

    def _trouble(self, places: Array) -> Trouble:
        off = OFF * float(np.linalg.norm(np.ptp(places, axis=0)))
        away: Array = np.linalg.norm(self._ground.nearest(places)[0] - places, axis=1)
        nearest, _, distance = DistanceField(places, self._triangles).closest(self._ground.samples)
        afloat = np.asarray((away[self._triangles] > off).any(1))
        return self.wrong(places), afloat, nearest[distance > BARE * off].astype(np.int64)

    def _better(self, then: Trouble, before: Trouble, piece: Flags) -> bool:
        """Whether a piece is in less trouble, what is worse before what is less.

        Ground left bare is not made up for by anything: the end of a limb would be shrunk into its rim.
        """
        faces = np.asarray(piece[self._triangles].any(1))
        now, was = (
            ((int(own[0][faces].sum()), int(own[1][faces].sum())), int(faces[own[2]].sum())) for own in (then, before)
        )
        return now[0] < was[0] and now[1] <= was[1]

    def _regions(self, troubled: Flags, failed: NDArray[np.int64]) -> list[tuple[Flags, int]]:
        """What is free to move about each piece that is in trouble, and how many pulls it gets."""
        marked = np.zeros(len(failed), bool)
        marked[self._triangles[troubled]] = True
        regions = []
        for piece in self._pieces(marked):
            number = int(failed[piece].max())
            if number < len(TRIES):
                rings, pulls = TRIES[number]
                for _ in range(rings):
                    piece = piece | (self._links @ piece > 0)
                regions.append((piece, pulls))
        return regions

    def _pieces(self, marked: Flags) -> list[Flags]:
        """The connected pieces of what is marked."""
        members = np.flatnonzero(marked)
        if not len(members):
            return []
        count, piece = connected_components(self._links[members][:, members], directed=False)
        pieces = np.zeros((count, len(marked)), bool)
        pieces[piece, members] = True
        return list(pieces)

    def _drawn(self, places: Array, free: Flags, pulls: tuple[float, ...]) -> Array:
        """The free vertices as a membrane whose rim is held, drawn to the ground ever more strongly."""
        own = self._membrane[free]
        system, held = sparse.csc_matrix(own[:, free]), -(own[:, ~free] @ places[~free])
        found = places[free]
        for pull in (0.0, *pulls):
            solver = definite_solver(sparse.csc_matrix(system + max(pull, 1e-9) * sparse.eye_array(len(found))))
            for _ in range(LOOKS if pull else 1):
                found = solver.solve(held + pull * self._ground.nearest(found)[0])
        return np.asarray(found)


def _together(pieces: Sequence[Flags]) -> Flags:
    return np.asarray(np.stack(pieces).any(0))
