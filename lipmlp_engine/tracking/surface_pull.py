"""Pulls a sheet towards samples of a surface by least squares, as smoothly as a stiffness asks; knows no time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from ..looks.barycentric import barycentric
from ..shapes.distance import DistanceField
from ..shapes.shape import doubled_area_vectors, unit
from .elastic_sheet import Sheet

WITHIN_FACE = np.array([[1, 1, 1], [2, 0.5, 0.5], [0.5, 2, 0.5], [0.5, 0.5, 2]]) / 3
"""Barycentric places at which a face is held against a surface: its middle, and one for each corner. Chosen."""
OPPOSED = -0.1
"""Least cosine between a surface sample's normal and that of the face that it pulls. Chosen."""
LONGEST_STEP = 0.5
"""Of the mean length of the edges around a vertex, that it may go at once. Chosen."""
ACCURACY = 1e-3
"""Relative residual at which the linear solver is content. Chosen."""
ROUNDS = 60
"""Of the linear solver, at most. Chosen."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Pull:
    """Places on a sheet, and the ways that they should go."""

    vertices: NDArray[np.integer]
    """(p, c), the vertices between which each place lies."""
    shares: Array
    """(p, c), how much of each."""
    ways: Array
    """(p, 3)"""
    weights: Array
    """(p,)"""


def pulled(sheet: Sheet, points: Array, pulls: list[Pull], stiffness: float) -> Array:
    """The points moved as the pulls ask; the stiffer, the more alike neighbours move."""
    shares = np.concatenate([pull.shares.ravel() for pull in pulls])
    vertices = np.concatenate([pull.vertices.ravel() for pull in pulls])
    widths = np.concatenate([np.full(len(pull.shares), pull.shares.shape[1]) for pull in pulls])
    starts = np.concatenate([[0], np.cumsum(widths)])
    weighing = sparse.csr_matrix((shares, vertices, starts), shape=(len(widths), sheet.count))
    weighted = weighing.T @ sparse.diags_array(np.concatenate([pull.weights for pull in pulls]))
    ways = np.concatenate([pull.ways for pull in pulls])
    system = sparse.csr_matrix(weighted @ weighing + stiffness * sheet.roughness + 1e-6 * sparse.eye_array(sheet.count))
    moves = _solved(system, np.asarray(weighted @ ways))
    length = np.linalg.norm(moves, axis=1, keepdims=True)
    longest = LONGEST_STEP * sheet.edge_length(points)[:, None]
    return np.asarray(points + moves * np.minimum(1, longest / np.maximum(length, 1e-30)))


def from_samples(
    sheet: Sheet, points: Array, samples: Array, normals: Array, weight: float | Array, threads: int
) -> Pull:
    """Each sample of a surface pulls the nearest place of the sheet, unless that faces away from it.

    This keeps the sheet on tips and fins, which its vertices alone would slip off.
    """
    facing = unit(doubled_area_vectors(points, sheet.triangles))
    face, place, _ = DistanceField(points, sheet.triangles, threads=threads).closest(samples)
    alike = (facing[face] * normals).sum(1) > OPPOSED
    corners = sheet.triangles[face]
    shares = barycentric(place.astype(np.float64), points[corners])
    return Pull(corners, shares, samples - place, alike * weight * sheet.count / len(samples))


def _solved(system: sparse.csr_matrix, wanted: Array) -> Array:
    """Conjugate gradients for all three axes at once."""
    scale = (1 / system.diagonal())[:, None]
    found = np.zeros_like(wanted)
    rest = wanted.copy()
    goal = ACCURACY**2 * (wanted * scale * wanted).sum(0)
    ahead = scale * rest
    size = (rest * ahead).sum(0)
    for _ in range(ROUNDS):
        if (size <= goal).all():
            break
        image = system @ ahead
        step = size / np.maximum((ahead * image).sum(0), 1e-300)
        found += step * ahead
        rest -= step * image
        scaled = scale * rest
        before, size = size, (rest * scaled).sum(0)
        ahead = scaled + size / np.maximum(before, 1e-300) * ahead
    return found
