"""Smooths what of a frame's surface is no shape's own, and leaves edges sharp; knows no time, no field and no shape.

Half-way a surface runs where neither shape has one. There, levels of distances show creases, pits, spikes and frayed
rims that no shape has. They are drawn flat without shrinking the rest (Taubin 1995): steps towards the neighbours'
mean, each with a slightly longer one back. On an edge the neighbours that count are those on the edge, so that it stays
sharp and becomes a fair curve. What is folded over all the same is drawn in, and walls do not pass through each other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from ..shapes.shape import face_vectors
from ..shapes.smooth_ramp import smooth_ramp
from .frayed_rims import drawn_in
from .normal_spread import Floats, Quads, neighbour_means, normal_spread, weighted
from .sides_apart import sides_apart
from .smooth_normals import face_normals_at

ROUNDS = 25
"""At 128 cells; as many more as a piece of surface has more vertices. Chosen by looking at camel → elephant and at
Suzanne → ball. Measured: half or twice of it changes nothing above chance."""
MOST_ROUNDS = 60
"""However many cells there are. Chosen: what they cost."""
STAGES = (1.0, 0.6, 0.6)
"""Shares of the rounds after which edges are looked for anew, and folds drawn in. Chosen by looking at fandisk → rotor:
its walls' rims are fair only after the second."""
FORTH, BACK = 0.5, 0.52
"""Shares of the way to the neighbours' mean, there and back: what is wider than about eight edges stays. Chosen."""
EDGE, CLEAR_EDGE = 0.04, 0.15
"""How much more normals about a vertex spread across one direction than across the other, of all their spread: from
where it counts as an edge, and from where it is none but an edge. Chosen. Measured: half or twice of both changes
nothing above chance."""
FOLD = 3
"""How many times what they spread across the other direction counts against it: folds and spikes spread them both ways,
a spike's flanks more than its foot. Chosen."""
RINGS = 2
"""Of neighbours whose normals are asked. Chosen. Measured: half or twice of it changes nothing above chance."""
LEAST_LINK = 1e-4
"""Weight of the neighbours that do not count: an edge may end. Chosen."""
FOLDED = np.cos(np.radians(100))
"""Cosine between neighbouring faces' normals below which the surface is folded over: no shape's own edge is as sharp
as that and still free. Chosen. Measured with what keeps the sides of walls apart: on fandisk → rotor at .7 of the way
one pair of triangles that cut each other is left of 188. Measured: 70 or 130 degrees change nothing above chance."""
DRAWN_IN = 3
"""Steps in which a fold is drawn in. Chosen."""
LAST_LOOKS = 2
"""Times that folds are looked for after the sides of walls were moved apart, which makes knobs of what was a spike.
Chosen: of 101 pairs of triangles that cut each other on camel → elephant at 88 cells one is left."""
BESIDE_FOLD = 0.5
"""How far what is beside it goes along. Chosen."""


def faired(
    vertices: Floats, normals: Floats, quads: Quads, free: Floats, cells: int, net: Floats
) -> tuple[Floats, Floats]:
    """Vertices and normals of a closed mesh of quads, made fair.

    free: for each vertex how much it may move, from 0 to 1.
    net: where the vertices were in their cells, on the side of a wall or gap that is theirs.
    """
    if not free.any():
        return vertices, normals
    means = neighbour_means(quads, len(vertices))
    for _ in range(RINGS):
        free = (free + means @ free) / 2
    weight = free.astype(np.float32)[:, None]
    rounds = min(ROUNDS * (cells / 128) ** 2, MOST_ROUNDS)
    places = drawn_in(vertices, quads, means, net, free, 2 / cells).copy()
    beside = _beside(quads)
    for stage, share in enumerate(STAGES):
        if stage:
            _draw_in(places, quads, beside, means, weight)
        along = _along_edges(means, _on_edge(places, quads, means))
        for _ in range(round(share * rounds)):
            places += np.float32(FORTH) * weight * (along @ places - places)
            places -= np.float32(BACK) * weight * (along @ places - places)
    places = sides_apart(places, net, quads, weight[:, 0], 2 / cells)
    for _ in range(LAST_LOOKS):
        _draw_in(places, quads, beside, means, weight)
    turned = normals + weight * (face_normals_at(places, quads) - normals)
    turned /= np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-12)
    return places, np.where(weight > 0, turned, normals)


def _along_edges(means: csr_matrix, edge: Floats) -> csr_matrix:
    """Means to which vertices on an edge go, of their neighbours on it."""
    own = np.repeat(edge, np.diff(means.indptr))
    weights = (1 - own) + own * edge[means.indices] ** 2 + np.float32(LEAST_LINK)
    return weighted(means, weights * means.data)


def _beside(quads: Quads) -> NDArray[np.int64]:
    """Pairs of faces with a side in common, (2, n)."""
    sides = np.sort(np.stack((quads, np.roll(quads, -1, axis=1)), -1).reshape(-1, 2).astype(np.int64), axis=1)
    key = sides[:, 0] * (quads.max() + 1) + sides[:, 1]
    order = np.argsort(key, kind="stable")
    same = np.flatnonzero(key[order][1:] == key[order][:-1])
    return np.asarray(np.stack((order[same], order[same + 1])) // quads.shape[1], np.int64)


def _draw_in(places: Floats, quads: Quads, beside: NDArray[np.int64], means: csr_matrix, weight: Floats) -> None:
    """Move vertices about folds towards their neighbours' mean, and not back."""
    across = face_vectors(places[quads])
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-20)
    one, other = beside
    folded = np.einsum("ij,ij->i", across[one], across[other]) < FOLDED
    fold = np.zeros(len(places), np.float32)
    fold[quads[np.concatenate((one[folded], other[folded]))]] = 1
    rows = np.flatnonzero((means @ fold > 0) | (fold > 0))
    steps = np.float32(FORTH) * weight[rows] * np.maximum(fold[rows], BESIDE_FOLD)[:, None]
    means = means[rows]
    for _ in range(DRAWN_IN):
        places[rows] += steps * (means @ places - places[rows])


def _on_edge(vertices: Floats, quads: Quads, means: csr_matrix) -> Floats:
    """How clearly each vertex is on an edge, from 0 to 1: normals about it turn across one direction only."""
    least, middle = normal_spread(vertices, quads, means, RINGS)
    clear = smooth_ramp(middle - FOLD * least, EDGE, CLEAR_EDGE).astype(np.float32)
    return np.asarray(np.maximum(clear, means @ clear))
