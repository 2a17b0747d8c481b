"""Takes finer faces where those of a net leave out what a shape has: edges beside edges, thin rims, tips, folds.

A cell has one vertex a sheet, so that of two edges within a cell one is missed, now this one and now that: teeth. There
the faces are cut in nine, and vertices placed anew as if cells were a third. Knows nothing about time or poses.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .detail import DetailedField
from .exact_net import Net
from .finer_faces import THIRD, faces_more, finer_faces
from .meeting_planes import Floats, touching
from .placing import Placed, Placing, unit
from .surface_nets import triangles_from_quads

COARSE, COARSE_BETWEEN = np.cos(np.radians(20)), np.cos(np.radians(35))
"""Between a half of a face and the surface there, from where on the face is too coarse: at the shapes' own times, and
in between them, where edges fade. Chosen. Measured on eight shapes, 64 and 128 cells: with 15° fine folds of a cat cost
a third more vertices and look the same."""
LEAST_HALF = 0.02
"""Squared cells: halves of faces that are smaller look anywhere. Chosen."""
LEAST_OFF = 0.02
"""Cells: halves of faces whose middles are nearer to the surface leave nothing out. Chosen: without it a gear's rims,
which were right, took twice as many faces."""
MORE, FEW = 0.75, 3_000
"""Of all faces, so many more there may be within a budget, and so many at least. Chosen: a wheel with spokes of half a
cell asked for four times as many; few faces cost little."""
UNLIMITED = 2**31
"""A budget where there is none. Chosen."""
OWN = 0.25
"""How much of a face may be no shape's own. Chosen: what is made fair afterwards needs no vertices to be made fair."""


@dataclass(frozen=True)
class Finer:
    placed: Placed
    quads: NDArray[np.int32]
    start: Floats
    """Where each vertex was before it was placed: on the side of a wall or gap that is its own."""


def made_finer(field: DetailedField, net: Net, budget: int) -> Finer:
    """A net's vertices where they belong, and with more of them where its faces are too coarse."""
    whole = Placing(field, net)
    placed = whole.place(net.vertices)
    marked = _marked(whole, placed, max(min(MORE * len(net.quads), budget - len(net.quads)), FEW))
    if not marked.any():
        return Finer(placed, net.quads, net.vertices)
    cut = finer_faces(placed.vertices, net.quads, marked)
    count, cell = len(marked), net.cell * THIRD
    free = np.concatenate((marked, np.ones(len(cut.vertices) - count, bool)))
    # What is placed anew looks at the faces about its own, too.
    near = touching(cut.quads, touching(cut.quads, free)[1])[0]
    rows, part = np.unique(cut.quads[near], return_inverse=True)
    origins = cut.vertices[rows] - np.float32(cell / 2)
    fine = Net(cut.vertices[rows], part.reshape(-1, 4).astype(np.int32), origins, cell)
    again = Placing(field, fine, fixed=~free[rows]).place(fine.vertices)
    moved = rows[free[rows]]
    result = Placed(cut.vertices.copy(), _longer(placed.gradient, len(free)), _longer(placed.creased, len(free)))
    for values, found in (
        (result.vertices, again.vertices),
        (result.gradient, again.gradient),
        (result.creased, again.creased),
    ):
        values[moved] = found[free[rows]]
    start = np.concatenate((net.vertices, cut.vertices[count:]))
    # Where finer faces meet coarse ones, neither of them alone sees that a face between them is turned over.
    Placing(field, Net(start, cut.quads, result.vertices - np.float32(cell / 2), cell)).untangle(result)
    return Finer(result, cut.quads, start)


def _marked(placing: Placing, placed: Placed, most: float) -> NDArray[np.bool_]:
    """The vertices of faces that are too coarse; of too many those that leave out the least are left as they are.

    most: how many more faces there may be.
    """
    quads, cell = placing.quads, placing.cell
    faces = placing.faces_about_edges(placed.gradient, placed.creased)
    if not len(faces):
        return np.zeros(len(placed.vertices), bool)
    halves = placed.vertices[triangles_from_quads(placed.vertices, quads[faces])]
    across = np.cross(halves[:, 1] - halves[:, 0], halves[:, 2] - halves[:, 0])
    middles = halves.mean(1)
    there, slopes = placing.onto_surface(middles, 2)
    cosine = np.einsum("ij,ij->i", unit(across), unit(slopes))
    area = np.linalg.norm(across, axis=1)
    coarse = cosine < (COARSE if placing.at_shape else COARSE_BETWEEN)
    coarse &= (area > LEAST_HALF * cell**2) & (np.linalg.norm(there - middles, axis=1) > LEAST_OFF * cell)
    missed = (coarse * area * (1 - cosine)).reshape(-1, 2).sum(1)
    faces, missed = faces[missed > 0], missed[missed > 0]
    own = placing.field.exact.freedom(placed.vertices[quads[faces]].mean(1)) <= OWN
    worst_first = faces[own][np.argsort(-missed[own], kind="stable")]

    def about(worst: int) -> NDArray[np.bool_]:
        found = np.zeros(len(placed.vertices), bool)
        found[quads[worst_first[:worst]]] = True
        return found

    counts = range(len(worst_first) + 1)
    return about(bisect_right(counts, most, key=lambda worst: faces_more(quads, about(worst))) - 1)


def _longer(values: NDArray[Any], count: int) -> NDArray[Any]:
    """With zeros for what is new."""
    return np.concatenate((values, np.zeros((count - len(values), *values.shape[1:]), values.dtype)))
