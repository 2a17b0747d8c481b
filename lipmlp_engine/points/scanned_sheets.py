"""Which samples are of a sheet that encloses nothing, as a wall scanned from one side, and the surface near those only.

Decided for each part of a cloud that hangs together: a wall may stand beside a ball. Knows no grid.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..shapes.mesh_topology import vertex_parts
from ..shapes.shape import triangle_areas
from .oriented_samples import Samples
from .winding_grid import summed_number

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Triangles = NDArray[np.int32]

SHEET = 0.27
"""Mean winding number at the samples of what encloses nothing. Chosen: walls and reliefs that were scanned from one
side, and a cap of a fifth of a ball, have up to .25; a third of a ball has .32, what is closed has .5."""
NEIGHBOURS, TOGETHER = 8, 3.0
"""Samples hang together that are among so many nearest, and no more than so many spacings apart. Chosen."""
ASKED, MOST_ASKED = 100, 8
"""Samples of a part at which the number is summed where the grid's says that nothing is enclosed, and the largest parts
that are asked so. Chosen."""
RIM = 1.0
"""Spacings around a sample that belong to a sheet. Chosen."""
GAP = 12.0
"""A hole in a sheet that is no larger than what so many samples stand for is where chance left none. Chosen: of 6,000
samples in no order the largest empty place is that of nine."""
EVENINGS, KEPT = 6, 0.5
"""Rounds in which a sheet's rim is evened, and how much each place keeps of its own. Chosen."""


def sheets_among(samples: Samples, number: Array, opening: str) -> Flags:
    """For every sample whether it is of a sheet; ``number`` is the winding number there, ``opening`` the setting."""
    count = len(samples.points)
    if opening != "auto":
        return np.full(count, opening == "sheet")
    near = min(NEIGHBOURS + 1, count)
    distance, nearest = cKDTree(samples.points).query(samples.points, k=near)
    linked = distance < TOGETHER * samples.spacing[:, None]
    first, _ = np.nonzero(linked)
    _, part = vertex_parts(np.stack([first, nearest[linked]], axis=1), count)
    mean = np.bincount(part, number) / np.bincount(part)
    sheet = np.abs(mean) < SHEET
    # Between walls that stand closer than its cells a grid's number is blurred away.
    largest = np.argsort(-np.bincount(part), kind="stable")[:MOST_ASKED]
    for each in largest[sheet[largest]]:
        there = np.flatnonzero(part == each)
        asked = samples.points[there[:: max(1, len(there) // ASKED)]]
        sheet[each] = abs(float(summed_number(asked, samples.points, samples.walls).mean())) < SHEET
    return np.asarray(sheet[part])


def near_sheets(vertices: Array, triangles: Triangles, samples: Samples, sheet: Flags) -> tuple[Array, Triangles]:
    """The surface without what was closed over nothing about the sheets: they end in a rim.

    Holes that chance left are not cut; what encloses something stays closed.
    """
    away, nearest = cKDTree(samples.points).query(vertices)
    spacing = np.maximum(samples.spacing[nearest], np.median(samples.spacing))
    above = np.abs(np.einsum("ij,ij->i", vertices - samples.points[nearest], samples.normals[nearest]))
    beyond = np.maximum(away, 2 * above) / (RIM * spacing) - 1
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    degree = np.maximum(np.bincount(edges[:, 0], minlength=len(beyond)), 1)
    for _ in range(EVENINGS):
        around = np.bincount(edges[:, 0], beyond[edges[:, 1]], len(beyond)) / degree
        beyond = KEPT * beyond + (1 - KEPT) * around
    beyond[~sheet[nearest]] = -1
    beyond[_gaps(vertices, triangles, edges, beyond, spacing)] = -1
    return _cut(vertices, triangles, beyond)


def _gaps(vertices: Array, triangles: Triangles, edges: Triangles, beyond: Array, spacing: Array) -> Flags:
    """Vertices beyond the rim that hang together in patches too small to be no sheet."""
    out = beyond > 0
    count = len(vertices)
    _, part = vertex_parts(edges[out[edges].all(axis=1)], count)
    own = np.bincount(triangles.ravel(), np.repeat(triangle_areas(vertices, triangles) / 3, 3), count) / spacing**2
    return np.asarray(out & (np.bincount(part, own) < GAP)[part])


def _cut(vertices: Array, triangles: Triangles, beyond: Array) -> tuple[Array, Triangles]:
    """The surface where the vertices' values are not positive, with new vertices where its edges cross zero."""
    out = beyond > 0
    outside = out[triangles].sum(axis=1)
    turned = np.take_along_axis(triangles, (_odd(out[triangles])[:, None] + np.arange(3)) % 3, axis=1)
    one, two = turned[outside == 1], turned[outside == 2]
    ends = np.concatenate([one[:, [0, 1]], one[:, [0, 2]], two[:, [0, 1]], two[:, [0, 2]]])
    edges, which = np.unique(np.sort(ends, axis=1), axis=0, return_inverse=True)
    start, end = beyond[edges].T
    share = (start / np.where(start == end, 1, start - end))[:, None]
    crossings = (1 - share) * vertices[edges[:, 0]] + share * vertices[edges[:, 1]]
    new = (which.ravel() + len(vertices)).astype(np.int32)
    ones, twos = new[: 2 * len(one)].reshape(2, -1), new[2 * len(one) :].reshape(2, -1)
    pieces = [
        triangles[outside == 0],
        np.stack([ones[0], one[:, 1], one[:, 2]], axis=1),
        np.stack([ones[0], one[:, 2], ones[1]], axis=1),
        np.stack([two[:, 0], twos[0], twos[1]], axis=1),
    ]
    kept = np.concatenate(pieces)
    used, renumbered = np.unique(kept, return_inverse=True)
    return np.concatenate([vertices, crossings])[used], renumbered.reshape(-1, 3).astype(np.int32)


def _odd(out: Flags) -> NDArray[np.int64]:
    """Of each triangle's corners the one that is alone on its side."""
    alone = out.sum(axis=1) == 1
    return np.asarray((out == alone[:, None]).argmax(axis=1))
