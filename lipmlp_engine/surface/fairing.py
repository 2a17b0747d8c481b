"""Smoothes what of a frame's surface is no shape's own, and leaves edges sharp; knows no time, no field and no shape.

Half-way a surface runs where neither shape has one. There, levels of distances show creases, pits and spikes that no
shape has. They are drawn flat without shrinking the rest (Taubin 1995): steps towards the neighbours' mean, each with a
slightly longer one back.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from ..shapes.smooth_ramp import smooth_ramp
from .smooth_normals import face_normals_at

ROUNDS = 25
"""At 128 cells; as many more as a piece of surface has more vertices. Chosen by looking at camel → elephant and at
Suzanne → ball."""
MOST_ROUNDS = 60
"""However many cells there are. Chosen: what they cost."""
FORTH, BACK = 0.5, 0.52
"""Shares of the way to the neighbours' mean, there and back: what is wider than about eight edges stays. Chosen."""
EDGE, CLEAR_EDGE = 0.04, 0.15
"""How much more normals about a vertex spread across one direction than across the other, of all their spread: from
where it counts as an edge, and from where it is none but an edge. Chosen."""
FOLD = 3
"""How many times what they spread across the other direction counts against it: folds and spikes spread them both ways,
a spike's flanks more than its foot. Chosen."""
RINGS = 2
"""Of neighbours whose normals are asked. Chosen."""

Floats = NDArray[np.float32]


def faired(
    vertices: Floats, normals: Floats, quads: NDArray[np.int32], free: Floats, cells: int
) -> tuple[Floats, Floats]:
    """Vertices and normals of a closed mesh of quads, made fair.

    free: for each vertex how much it may move, from 0 to 1.
    """
    if not free.any():
        return vertices, normals
    means = _means(quads, len(vertices))
    free = free * (1 - _on_edge(vertices, quads, means))
    for _ in range(RINGS):
        free = (free + means @ free) / 2
    weight = free.astype(np.float32)[:, None]
    places = vertices.copy()
    for _ in range(min(round(ROUNDS * (cells / 128) ** 2), MOST_ROUNDS)):
        places += np.float32(FORTH) * weight * (means @ places - places)
        places -= np.float32(BACK) * weight * (means @ places - places)
    turned = normals + weight * (face_normals_at(places, quads) - normals)
    turned /= np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-12)
    return places, np.where(weight > 0, turned, normals)


def _means(quads: NDArray[np.int32], count: int) -> csr_matrix:
    """The matrix that takes values at vertices to the means of their neighbours."""
    start, end = quads.ravel(), np.roll(quads, -1, axis=1).ravel()
    ones = np.ones(2 * len(start), np.float32)
    links = csr_matrix((ones, (np.concatenate([start, end]), np.concatenate([end, start]))), (count, count))
    # Each side belongs to two faces.
    degree = np.maximum(np.asarray(links.sum(1)).ravel(), 1).astype(np.float32)
    links.data /= np.repeat(degree, np.diff(links.indptr))
    return links


def _on_edge(vertices: Floats, quads: NDArray[np.int32], means: csr_matrix) -> Floats:
    """How clearly each vertex is on an edge, from 0 to 1: normals about it turn across one direction only."""
    corners = vertices[quads]
    across = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    area = np.linalg.norm(across, axis=1)
    spread = (across[:, :, None] * across[:, None, :] / np.maximum(area, 1e-20)[:, None, None]).reshape(-1, 9)
    owner = np.repeat(np.arange(len(quads)), quads.shape[1])
    gathering = csr_matrix((np.ones(quads.size, np.float32), (quads.ravel(), owner)), (len(vertices), len(quads)))
    about = gathering @ spread
    for _ in range(RINGS):
        about = about + means @ about
    about /= np.maximum(about[:, [0, 4, 8]].sum(1, keepdims=True), 1e-20)
    least, middle, _ = np.linalg.eigvalsh(about.reshape(-1, 3, 3)).T
    clear = smooth_ramp(middle - FOLD * least, EDGE, CLEAR_EDGE).astype(np.float32)
    return np.asarray(np.maximum(clear, means @ clear))
