"""Carries what lies on one source onto the faces of a frame. Knows nothing about time.

Every face belongs to one place of the source: the triangle that lies closest to its middle and faces as it does. That
place decides the island of each map and the smooth region, and the face's corners take their values from it, going on
a little beyond its border rather than over a seam.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..shapes.look import COUNTED, Layer
from ..shapes.shape import face_vectors, summed_at_vertices, unit
from .look_field import Array, Indices, LookField, Places

INWARDS = (0.05, 0.4, 1.0)
"""How far from a corner to its face's middle the corner's island is looked for: the first is beside the corner.

Chosen; four places at first.
"""

FURTHEST = 1.5
"""How far an island is continued beyond its border, in ways from a face's middle to its corner. Chosen."""
ASIDE = 0.06 * np.array([0.81, 0.5, 0.31])
"""How far off its middle a face is held against the source, in its diagonal: seams of symmetric objects run along the
very middles of faces, which would then fall to the one side and to the other.

Chosen.
"""


class FacesOnSource:
    """The faces of a frame, carried onto one source."""

    def __init__(self, source: LookField, points: Array, faces: Indices) -> None:
        self.source, self.faces, self.points = source, faces, points
        self.corners = points[faces]
        side = np.linalg.norm(self.corners[:, 2] - self.corners[:, 0], axis=1, keepdims=True)
        self._middles = self.corners.mean(axis=1) + ASIDE * side
        self.normals = face_normals(self.corners)
        self.anchors, self._anchor_places = source.closest(self._middles, self.normals)
        self._point_places = np.zeros_like(points)
        self._at_points = Places(np.zeros(len(points), np.int32), np.zeros_like(points))
        self._find(np.arange(len(points)))
        self._known: dict[int, tuple[NDArray[np.float32], Indices]] = {}

    def keep_together(self, polygons: NDArray[np.int32]) -> None:
        """Let the parts of one polygon belong to one place, that of its first part."""
        _, first, number = np.unique(polygons, return_index=True, return_inverse=True)
        lead = first[number.ravel()]
        self.anchors, self._anchor_places = self.anchors[lead], self._anchor_places[lead]
        self._middles = self._middles[lead]

    def move(self, rows: NDArray[np.int64], points: Array) -> None:
        """Put some of the vertices elsewhere; the faces still belong where they did."""
        self.points = self.points.copy()
        self.points[rows] = points
        self._find(rows)
        touched = np.zeros(len(self.points), bool)
        touched[rows] = True
        faces = np.flatnonzero(touched[self.faces].any(1))
        self.corners[faces] = self.points[self.faces[faces]]
        self.normals[faces] = face_normals(self.corners[faces])
        for values in [self.source.islands_of(key).values for key in self._known]:
            known, triangles = self._known[id(values)]
            known[faces], triangles[faces] = self._evaluate(values, faces)

    def _find(self, rows: NDArray[np.int64]) -> None:
        """Where vertices lie on the source, beside one of their faces."""
        normal_of_point = np.zeros_like(self.points)
        normal_of_point[self.faces.ravel()] = np.repeat(self.normals, self.faces.shape[1], axis=0)
        found, places = self.source.closest(self.points[rows], normal_of_point[rows])
        self._point_places[rows] = places
        self._at_points.triangles[rows], self._at_points.shares[rows] = found, self.source.shares(found, places).shares

    @property
    def distances_at_corners(self) -> Array:
        """How far each corner was carried past the source, (m, k)."""
        return np.asarray(np.linalg.norm(self._point_places - self.points, axis=1)[self.faces])

    @property
    def around(self) -> Array:
        """The mean normals of the faces about each vertex, (n, 3)."""
        return normals_around(face_vectors(self.corners), self.faces, len(self.points))

    def slots(self) -> Indices | None:
        """The material slot of each face."""
        slots = self.source.look.materials
        return None if slots is None else slots[self.anchors].astype(np.int32)

    def colors(self) -> NDArray[np.float32] | None:
        """The colours of the frame's vertices, (n, 4)."""
        look = self.source.look
        if look.colors is None:
            return None
        corners = look.colors[look.triangles[self._at_points.triangles]]
        return np.asarray(np.einsum("nc,ncj->nj", self._at_points.shares, corners), np.float32)

    def regions(self, values: NDArray[np.float32]) -> Indices:
        """The island of each face, of a layer with these values at the source's corners."""
        return self.source.islands(values).numbers[self.anchors]

    def at_corners(self, values: NDArray[np.float32]) -> tuple[NDArray[np.float32], Indices]:
        """The layer with these values at the source's corners, at each corner of each face (m, k, width); and in which
        triangle it was found."""
        if id(values) not in self._known:
            self._known[id(values)] = self._evaluate(values, np.arange(len(self.faces)))
        return self._known[id(values)]

    def _evaluate(self, values: NDArray[np.float32], rows: NDArray[np.int64]) -> tuple[NDArray[np.float32], Indices]:
        islands, source = self.source.islands(values), self.source
        anchors, faces, normals = self.anchors[rows], self.faces[rows], self.normals[rows]
        at_anchors = source.shares(anchors, self._anchor_places[rows]).of(values)
        ways = np.linalg.norm(self.corners[rows] - self._middles[rows, None], axis=2)
        triangles = self._at_points.triangles[faces]
        found = self._at_points.of(values)[faces]
        good = islands.hang_together(anchors[:, None], at_anchors[:, None], triangles, found, ways)
        good &= ~islands.at_border[triangles]
        good &= np.einsum("mkj,mj->mk", source.normals[triangles], normals) > 0
        face, corner = np.nonzero(~good)
        for share in INWARDS:  # where the island is still open, the nearest place towards the middle that is of it
            if not len(face):
                break
            goal, middle = self.corners[rows[face], corner], self._middles[rows[face]]
            if share < 1.0:
                inner, there = source.closest(goal + share * (middle - goal), normals[face])
            else:
                inner, there = anchors[face], self._anchor_places[rows[face]]
            at_inner, way = source.shares(inner, there).of(values), ways[face, corner]
            right = islands.hang_together(anchors[face], at_anchors[face], inner, at_inner, way) | (share == 1.0)
            onwards = goal[right] - there[right]
            length = np.maximum(np.linalg.norm(onwards, axis=1), 1e-30)
            onwards *= np.minimum(1.0, FURTHEST * way[right] / length)[:, None]
            done = face[right], corner[right]
            found[done] = source.shares(inner[right], there[right], onwards).of(values)
            triangles[done] = inner[right]
            face, corner = face[~right], corner[~right]
        return np.asarray(found, np.float32), triangles

    def of_faces(self, layer: Layer, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """A layer in its own domain on the frame: (n, width), (m, k, width) or (m, width)."""
        if layer.domain == "face":
            return np.asarray(values[self.anchors, 0], np.float32)
        corners, _ = self.at_corners(values)
        if layer.kind in COUNTED:
            corners = np.rint(corners)
        if layer.domain == "corner":
            return corners
        flat, vertices = corners.reshape(-1, corners.shape[-1]), self.faces.ravel()
        total = np.stack([np.bincount(vertices, column, len(self.points)) for column in flat.T], 1)
        mean = total / np.maximum(np.bincount(vertices, minlength=len(self.points)), 1)[:, None]
        return np.asarray(np.rint(mean) if layer.kind in COUNTED else mean, np.float32)


def sides_at(corners: Array, faces: Indices, count: int) -> Array:
    """The mean side of the faces (m, k, 3) around each of the vertices."""
    side = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).mean(axis=1)
    total = np.bincount(faces.ravel(), np.repeat(side, faces.shape[1]), count)
    return np.asarray(total / np.maximum(np.bincount(faces.ravel(), minlength=count), 1))


def face_normals(corners: Array) -> Array:
    """Unit normals (m, 3) of faces with three or four corners (m, k, 3)."""
    return unit(face_vectors(corners))


def normals_around(across: Array, faces: Indices, count: int) -> Array:
    """The mean normals (count, 3) of the faces about each vertex, of their vectors (m, 3)."""
    return unit(summed_at_vertices(across, faces, count))
