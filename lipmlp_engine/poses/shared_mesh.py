"""Two shapes that are one mesh: the first one's surface laid onto the second by its vertices, with nothing to match.

However many parts it has: what lies beside each other in both shapes is tied together, so that a hat goes with the head
and a watch with the wrist. Knows no match.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import Delaunay, QhullError

from ..shapes.distance import DistanceField
from ..shapes.look import Look
from ..shapes.mesh_topology import face_parts
from ..shapes.same_mesh import one_mesh
from ..shapes.shape import Shape
from .going_along import going_along
from .length_keeping import NO_TIES
from .mesh_edges import strain
from .mesh_fitting import Fit, judged_fit
from .stand_in_mesh import StandIn, whole_stand_in
from .triangle_deformations import slender

FAR = 0.1
"""Of the mesh's size: parts that are farther from each other than this do not go together. Chosen."""
TIES = 12
"""Triangles that tie a part to what it goes with: one would be a hinge, and some may be askew. Chosen. Measured:
without ties hat and bag of a character are more than twice as far from where they belong half-way."""

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class SharedMesh:
    """One mesh as the first shape has it and laid onto the second, of which there is no doubt."""

    first: StandIn
    places: Array
    """Where its vertices are on the second."""
    onto: Shape

    @cached_property
    def second(self) -> StandIn:
        """What stands for the second shape: large ones take seconds."""
        return whole_stand_in(self.onto) or StandIn(self.places, self.first.triangles)

    @cached_property
    def fit(self) -> Fit:
        """How well it lies there."""
        surface = DistanceField(self.second.vertices, self.second.triangles)
        return judged_fit(self.first, self.second, self.places, surface)

    @cached_property
    def ties(self) -> Numbers:
        """Triangles that hold its parts together."""
        return ties_between(self.first.vertices, self.places, self.first.triangles)

    @property
    def said(self) -> str:
        """How well they match, for people."""
        growth = StandIn(self.places, self.first.triangles).scale / self.first.scale
        changed = strain(growth * self.first.vertices, self.places, self.first.edges)
        return f"they have the same faces, and lengths change by {100 * changed:.0f} % in the mean"


def shared_mesh(first: Shape, second: Shape) -> SharedMesh | None:
    """The mesh that two shapes share, or None where they share none."""
    looks = one_mesh(first, second)
    if looks is None:
        return None
    own = whole_stand_in(first)
    return None if own is None else SharedMesh(own, _laid(own, *looks), second)


def _laid(own: StandIn, begun: Look, ended: Look) -> Array:
    """Where the vertices of a mesh that stands for the first shape are on the second one.

    What is beside the surface, on a wall that closes or thickens it, goes along with what is nearest.
    """
    return going_along(begun.vertices, ended.vertices, begun.triangles, own.vertices)


def ties_between(first: Array, last: Array, triangles: Numbers) -> Numbers:
    """Triangles between the parts of a mesh that keep those together that are near in both poses."""
    count, part = face_parts(triangles, len(first))
    if count < 2:
        return NO_TIES
    bridges = _between_parts(first, part)
    # What is near in one pose alone, as a hand on a hip, does not go together.
    around = np.roll(bridges, -1, axis=1)
    sides = [np.linalg.norm(pose[bridges] - pose[around], axis=2).sum(1) for pose in (first, last)]
    length = np.maximum(*sides)
    order = np.argsort(length, kind="stable")
    order = order[length[order] < 3 * FAR * np.linalg.norm(np.ptp(first, axis=0))]
    if not len(order):
        return NO_TIES
    bridges, length = bridges[order], length[order]
    pairs = np.sort(part[bridges], axis=1)[:, [0, 2]]
    kinds, begin, kind = np.unique(pairs, axis=0, return_index=True, return_inverse=True)
    # In order of length the first of each pair of parts is its shortest.
    graph = sparse.coo_array((length[begin], (kinds[:, 0], kinds[:, 1])), shape=(count, count))
    chosen = minimum_spanning_tree(graph.tocsr()).tocoo()
    taken = {(int(a), int(b)) for a, b in zip(*np.sort([chosen.row, chosen.col], axis=0), strict=True)}
    kept = [
        np.flatnonzero(kind.ravel() == number)[:TIES] for number, (a, b) in enumerate(kinds.tolist()) if (a, b) in taken
    ]
    return np.asarray(bridges[np.concatenate(kept)])


def _between_parts(places: Array, part: Numbers) -> Numbers:
    """Triangles, not too thin to say how they turn, with two corners in one part and one in another."""
    try:
        cells = Delaunay(places).simplices.astype(np.int64)
    except QhullError:
        return np.zeros((0, 3), np.int64)
    faces = np.concatenate([np.delete(cells, corner, axis=1) for corner in range(4)])
    faces = np.unique(np.sort(faces, axis=1), axis=0)
    of_parts = np.sort(part[faces], axis=1)
    two = (of_parts[:, 0] != of_parts[:, 2]) & ((of_parts[:, 0] == of_parts[:, 1]) | (of_parts[:, 1] == of_parts[:, 2]))
    return np.asarray(faces[two & ~slender(places, faces)], np.int64)
