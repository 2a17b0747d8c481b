"""How normals spread about the vertices of a mesh of quads: not where it is flat, one way on edges, all on tips."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from ..shapes.shape import face_vectors

Floats = NDArray[np.float32]
Quads = NDArray[np.int32]


def neighbour_means(quads: Quads, count: int) -> csr_matrix:
    """The matrix that takes values at vertices to the means of their neighbours."""
    start, end = quads.ravel(), np.roll(quads, -1, axis=1).ravel()
    ones = np.ones(2 * len(start), np.float32)
    links = csr_matrix((ones, (np.concatenate([start, end]), np.concatenate([end, start]))), (count, count))
    return weighted(links, links.data)


def weighted(links: csr_matrix, weights: Floats) -> csr_matrix:
    """Means of neighbours that count differently."""
    starts = np.repeat(np.arange(links.shape[0]), np.diff(links.indptr))
    total = np.bincount(starts, weights, links.shape[0]).astype(np.float32)
    return csr_matrix((weights / np.maximum(total, 1e-12)[starts], links.indices, links.indptr), links.shape)


def normal_spread(vertices: Floats, quads: Quads, means: csr_matrix, rings: int) -> tuple[Floats, Floats]:
    """The least and the middle share that normals have in a direction, about each vertex: at most a third, a half."""
    across = face_vectors(vertices[quads])
    area = np.linalg.norm(across, axis=1)
    spread = (across[:, :, None] * across[:, None, :] / np.maximum(area, 1e-20)[:, None, None]).reshape(-1, 9)
    owner = np.repeat(np.arange(len(quads)), quads.shape[1])
    gathering = csr_matrix((np.ones(quads.size, np.float32), (quads.ravel(), owner)), (len(vertices), len(quads)))
    about = gathering @ spread
    for _ in range(rings):
        about = about + means @ about
    return eigenvalues(about / np.maximum(about[:, [0, 4, 8]].sum(1, keepdims=True), 1e-20))


def eigenvalues(products: Floats) -> tuple[Floats, Floats]:
    """The least and the middle eigenvalue of symmetric matrices (n, 9) whose diagonals sum up to 1."""
    # In closed form (Smith 1961): a fifth of the time that the general way takes.
    a, b, c, _, d, e, _, _, f = products.T.astype(np.float64)
    a, d, f = a - 1 / 3, d - 1 / 3, f - 1 / 3
    width = np.sqrt(np.maximum((a * a + d * d + f * f + 2 * (b * b + c * c + e * e)) / 6, 1e-30))
    determinant = a * (d * f - e * e) - b * (b * f - c * e) + c * (b * e - c * d)
    angle = np.arccos(np.clip(determinant / (2 * width**3), -1, 1)) / 3
    largest = 2 * width * np.cos(angle)
    least = 2 * width * np.cos(angle + 2 * np.pi / 3)
    return (1 / 3 + least).astype(np.float32), (1 / 3 - largest - least).astype(np.float32)
