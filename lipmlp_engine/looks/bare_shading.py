"""The normals that a frame is shaded with whose shapes have nothing on them but their own: cheap, vertex by vertex.

Where faces bend sharply on a source each corner is asked for itself. Knows no files.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..shapes.shape import face_vectors, unit
from .face_transfer import normals_around, sides_at
from .look_field import Array, Indices, LookField
from .shading import NEAR, agreed, as_source, one_a_vertex, rounded, turned

BENT, SHARP = np.cos(np.radians((12.0, 18.0)))
"""Faces of a frame that differ more from the mean about a vertex have each corner asked for itself: beside an edge of a
source, and anywhere, as where two parts run into each other. Chosen."""
LEANING = np.cos(np.radians(35.0))
"""The same of a vertex whose source's normal differs so much from all its faces. Chosen: more than in coarse facets."""
INWARDS = 0.3
"""How far towards its face's middle a corner is asked, so that it is on its own side of an edge. Chosen."""


@dataclass(frozen=True)
class BareEnd:
    """A source, and a frame's vertices carried onto it."""

    source: LookField
    points: Array
    part: float
    """How much the source counts in the frame."""


def bare_shading(vertices: NDArray[np.float32], faces: NDArray[np.int32], ends: list[BareEnd]) -> NDArray[np.float32]:
    """Unit normals of the vertices (n, 3) where every one has a single normal, else of the corners (m, k, 3)."""
    own = _Mesh(vertices.astype(np.float64), faces)
    ends = [end for end in ends if end.part > 0]
    carried = [_Mesh(end.points, faces) for end in ends]
    sides = [mesh.sides() for mesh in carried]
    total, edged = np.zeros(vertices.shape), np.zeros(len(vertices), bool)
    for end, mesh, side in zip(ends, carried, sides, strict=True):
        normals, triangles = _asked(end, end.points, mesh.around, mesh.around, own.around, side)
        total += end.part * normals
        edged |= end.source.edged[triangles]
    shaded = _not_against(unit(total), own.around)
    cosine = np.einsum("mj,mkj->mk", own.normals, own.around[faces])
    parted = np.zeros(len(vertices), bool)
    parted[faces[cosine < BENT]] = True
    parted &= edged
    parted[faces[cosine < SHARP]] = True
    # On an edge with faces to one side only a vertex may have been told of the other.
    parted |= np.einsum("ij,ij->i", shaded, own.around) < LEANING
    face, corner = np.nonzero(parted[faces])
    if not len(face):
        return shaded.astype(np.float32)
    row = faces[face, corner]
    at_corners = np.zeros((len(face), 3))
    for end, mesh, side in zip(ends, carried, sides, strict=True):
        places = end.points[row] + INWARDS * (mesh.middles[face] - end.points[row])
        # In between faces only follow from cells, and what is no source's is as smooth as their vertices have it.
        smooth = mesh.around[row] if end.part < 1 else mesh.normals[face]
        at_corners += end.part * _asked(end, places, mesh.normals[face], smooth, own.normals[face], side[row])[0]
    normals = shaded[faces]
    normals[face, corner] = _not_against(unit(at_corners), own.normals[face])
    return one_a_vertex(rounded(normals, faces, np.zeros(len(faces), np.int64)), faces, len(vertices))


class _Mesh:
    """Faces in one place, with their normals and those about their vertices."""

    def __init__(self, points: Array, faces: NDArray[np.int32]) -> None:
        self._corners, self._faces = points[faces], faces
        across = face_vectors(self._corners)
        self.normals = unit(across)
        self.around = normals_around(across, faces, len(points))

    @property
    def middles(self) -> Array:
        return np.asarray(self._corners.mean(axis=1))

    def sides(self) -> Array:
        """The mean side of the faces about each vertex."""
        return sides_at(self._corners, self._faces, len(self.around))


def _asked(
    end: BareEnd, places: Array, normals: Array, smooth: Array, onto: Array, side: Array
) -> tuple[Array, Indices]:
    """A source's normals at places that face as ``normals``, turned as these turn on their way to ``onto``; and the
    triangles in which the places lie. Where the source does not count, it is ``smooth``."""
    source = end.source
    triangles, there = source.closest(places, normals)
    shading = unit(source.shares(triangles, there).of(source.shaded))
    flat = source.normals[triangles]
    # A sheet is seen from behind as well: its normals then point the other way.
    sign = np.where(np.einsum("ij,ij->i", flat, normals) < 0, -1.0, 1.0)[:, None]
    away = np.linalg.norm(there - places, axis=1) / np.maximum(NEAR * side, 1e-30)
    doubted, narrow = source.rimmed[triangles] | (end.part < 1), source.widths[triangles] < side
    counted = agreed(flat, normals, doubted, narrow)[:, None]
    mixed = as_source(sign * shading, sign * flat, normals, smooth, np.exp(-away)[:, None], counted)
    return turned(mixed[:, None], normals, onto)[:, 0], triangles


def _not_against(shaded: Array, normals: Array) -> Array:
    """What would be shaded from behind is shaded as it lies."""
    return np.where((np.einsum("ij,ij->i", shaded, normals) <= 0)[:, None], normals, shaded)
