"""The normals that a frame is shaded with: those of its sources where it lies on them, its own in between.

What an artist sees of a cube's edge or of a smooth cheek is the difference between a corner's normal and its
triangle's. That difference travels with the faces, turned as they turn, and fades as its shape does. Knows no files.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..shapes.shape import face_vectors, summed_at_vertices, unit
from ..shapes.smooth_ramp import smooth_ramp
from .face_transfer import FacesOnSource

ROUND = np.cos(np.radians(25.0))
"""Corners of one vertex whose normals lie within this of each other are one smooth corner. Chosen."""
SAME = np.cos(np.radians(2.0))
"""Where all of a vertex lie within this of their mean, that is theirs. Chosen."""
ALIKE = 0.002
"""A frame whose vertices have all their corners' normals within this of each other needs one normal a vertex only.

Chosen.
"""
TURNED = -0.5
"""Cosine between a face's normal and that of its surroundings below which it was turned over. Chosen."""
NEAR = 0.5
"""Distance from a source, in sides of a face, at which the source's own normals count for 1/e. Chosen."""
PARTED, AGREED = 0.6, 0.9
"""Cosines between a face in between or on a rim, carried onto a source, and the source there: from where on it has
something of the source's normal, and all of it. Chosen by looking at an armchair that becomes a stool: creases had
strings of dark spots."""
STRANGE, OWN = 0.35, 0.6
"""The same at the shape's own time where what lies there is narrower than the face. Chosen by looking at a bow made of
short cylinders: the caps of these, which stick out by a thousandth, had made dark specks of whole faces."""

Array = NDArray[np.float64]


def shading_normals(
    vertices: NDArray[np.float32], faces: NDArray[np.int32], ends: list[tuple[FacesOnSource, float]]
) -> NDArray[np.float32]:
    """Unit normals of the vertices (n, 3) where every one has a single normal, else of the corners (m, k, 3).

    ends: the frame's faces on each source, and the source's part in the frame.
    """
    corners = vertices[faces].astype(np.float64)
    own = _normals_as_around(corners, faces, len(vertices))
    total = np.zeros(corners.shape)
    regions = np.zeros(len(faces), np.int64)
    for place, part in ends:
        normals, region = _carried(place, own, part)
        total += part * normals
        regions = regions * (int(region.max(initial=0)) + 1) + region
    shaded = unit(total)
    flat = np.einsum("ij,ikj->ik", own, shaded) <= 0
    shaded[flat] = np.repeat(own[:, None], faces.shape[1], axis=1)[flat]
    return one_a_vertex(rounded(shaded, faces, regions), faces, len(vertices))


def _normals_as_around(corners: Array, faces: NDArray[np.int32], count: int) -> Array:
    """Normals of faces; a face turned over amid others, a sliver in an edge, is shaded as what it lies in.

    Cycles has one normal a vertex wherever a mesh is smooth: a sliver's own would blacken all faces around it.
    """
    across = face_vectors(corners)
    own, around = unit(across), unit(summed_at_vertices(across, faces, count)[faces].sum(axis=1))
    return np.where((np.einsum("ij,ij->i", own, around) < TURNED)[:, None], around, own)


def _carried(place: FacesOnSource, own: Array, part: float) -> tuple[Array, NDArray[np.int32]]:
    """A source's normals at the corners of the frame's faces, turned as these are, and the faces' smooth regions."""
    source = place.source
    there = source.normals[place.anchors]
    found, triangles = place.at_corners(source.shaded)
    shading, flat = unit(found.astype(np.float64)), source.normals[triangles]
    region = place.regions(source.shaded)
    # A sheet is seen from behind as well: its normals then point the other way.
    behind = np.einsum("ij,ij->i", there, place.normals) < 0
    sign = np.where(behind, -1.0, 1.0)[:, None, None]
    shading, flat = sign * shading, sign * flat
    side = np.linalg.norm(place.corners - np.roll(place.corners, 1, axis=1), axis=2).mean(axis=1)
    away = place.distances_at_corners / np.maximum(NEAR * side, 1e-30)[:, None]
    doubted = place.source.rimmed[place.anchors] | (part < 1)
    narrow = place.source.widths[place.anchors] < side
    counted = agreed(there, place.normals, doubted, narrow)[:, None, None]
    lies = place.normals[:, None]
    smooth = lies if part == 1 else place.around[place.faces]
    mixed = as_source(shading, flat, lies, smooth, np.exp(-away)[..., None], counted)
    return turned(mixed, place.normals, own), region


def agreed(source: Array, carried: Array, doubted: NDArray[np.bool_], narrow: NDArray[np.bool_]) -> Array:
    """How much a source's normals count for faces that are carried onto it, by both normals.

    doubted: faces in between may come to lie in a crease of it, or on another wall, that does not face as they do; and
    the rim of a sheet that was given a thickness lies beside the sheet at its own time as well. narrow: what is less
    wide than a face, and faces elsewhere, does not shade it either.
    """
    cosine = np.abs(np.einsum("ij,ij->i", source, carried))
    believed = np.where(narrow, smooth_ramp(cosine, STRANGE, OWN), 1.0)
    return np.where(doubted, smooth_ramp(cosine, PARTED, AGREED), believed)


def as_source(shading: Array, flat: Array, own: Array, smooth: Array, near: Array, counted: Array) -> Array:
    """A source's shading for faces with normals of their own, by how near they are to it, and how much it counts.

    What is near is shaded as the source, what is not as it lies, with what the source has more than its triangles.
    Where the source does not count that is ``smooth``.
    """
    lies = smooth + counted * (own - smooth)
    return np.asarray(lies + counted * (shading - flat + near * (flat - lies)))


def turned(vectors: Array, before: Array, after: Array) -> Array:
    """Vectors (m, k, 3) under the shortest turn that takes ``before`` (m, 3) to ``after``."""
    axis = np.cross(before, after)[:, None]
    cosine = np.einsum("ij,ij->i", before, after)[:, None, None]
    along = (axis * vectors).sum(-1, keepdims=True)
    turned = vectors * cosine + np.cross(axis, vectors) + axis * along / np.maximum(1 + cosine, 1e-6)
    return np.asarray(np.where(cosine > -0.999, turned, -vectors))


def rounded(normals: Array, faces: NDArray[np.int32], regions: NDArray[np.int64]) -> Array:
    """The corners' normals, each the mean of those of its vertex and smooth region that are nearly like it."""
    count, sides = faces.shape
    _, region = np.unique(regions, return_inverse=True)
    keys = faces.ravel().astype(np.int64) * (int(region.max(initial=0)) + 1) + np.repeat(region.ravel(), sides)
    _, group = np.unique(keys, return_inverse=True)
    group = group.ravel()
    flat = normals.reshape(-1, 3)
    mean = unit(np.stack([np.bincount(group, column) for column in flat.T], 1))[group]
    alike = np.bincount(group, np.einsum("ij,ij->i", mean, flat) < SAME)[group] == 0
    if alike.all():
        return mean.reshape(count, sides, 3)
    # About an edge the mean of all lies between its sides, nearer to that which more corners have.
    rows = np.flatnonzero(~alike)
    rows = rows[np.argsort(group[rows], kind="stable")]
    own, total = flat[rows], flat[rows].copy()
    for step in range(1, int(np.bincount(group[rows]).max())):
        one, other = np.arange(len(rows) - step), np.arange(step, len(rows))
        near = group[rows[one]] == group[rows[other]]
        near &= np.einsum("ij,ij->i", own[one], own[other]) > ROUND
        one, other = one[near], other[near]
        total[one] += own[other]
        total[other] += own[one]
    mean[rows] = unit(total)
    return mean.reshape(count, sides, 3)


def one_a_vertex(normals: Array, faces: NDArray[np.int32], count: int) -> NDArray[np.float32]:
    single = np.zeros((count, 3))
    single[:, 2] = 1.0
    single[faces.ravel()] = normals.reshape(-1, 3)
    if (np.abs(single[faces] - normals) < ALIKE).all():
        return single.astype(np.float32)
    return normals.astype(np.float32)
