"""Finds for the faces of a frame what lies on one source: maps, colours, normals, slots. Knows nothing about time.

Every face belongs to one place of the source: the triangle that lies closest to its middle and faces as it does. That
place decides the island of each map and the smooth region, and the face's corners take their values from it, going on
a little beyond its border rather than over a seam.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..shapes.distance import DistanceField
from ..shapes.look import COUNTED, Layer, Look, beside_a_border, joined_across_sides
from ..shapes.shape import Shape, unit_normals
from .barycentric import barycentric

INWARDS = (0.05, 0.35, 0.7, 1.0)
"""How far from a corner to its face's middle the corner's island is looked for: the first is beside the corner."""
BEYOND = 3.0
"""How far a triangle's values are continued beyond it, in its own size: slivers would continue to anywhere."""
SUDDEN = 2.5
"""Change of values over the way between two places, in what triangles there make of it, that tells a seam."""
WILD = 8.0
"""Stretch of a triangle, in that of the median, beyond which it is a sliver's."""
LEAST_STEP = 1e-3
"""Change of values, in their range, that never is a seam."""
STEPS_OUT = (2.0, 4.0, 8.0)
"""Steps, in distances to the surface, outwards to find the wall that faces as it should and not the one behind."""

Array = NDArray[np.float64]
Indices = NDArray[np.int32]


@dataclass
class Places:
    """Where points lie on a source: in which triangle, and with which shares of its corners."""

    triangles: Indices
    shares: Array
    """(n, 3), some negative beyond the triangle."""

    def some(self, rows: NDArray[np.int64]) -> Places:
        return Places(self.triangles[rows], self.shares[rows])


class LookField:
    """The look of one source, ready to be asked what lies where."""

    def __init__(self, shape: Shape, threads: int = 0) -> None:
        self.look = _facing_outwards(shape, threads)
        self._corners = self.look.vertices[self.look.triangles]
        self.normals = unit_normals(self.look.vertices, self.look.triangles)
        self._tree = DistanceField(self.look.vertices, self.look.triangles, threads=threads)
        self._smallest_step = 1e-4 * float(np.linalg.norm(np.ptp(self._corners.reshape(-1, 3), axis=0)))
        self._islands: dict[int, _Islands] = {}

    def closest(self, points: Array, normals: Array) -> tuple[Indices, Array]:
        """For each point the triangle that lies closest and faces as ``normals`` do, and the place in it.

        Where none is found that does, as with the back of a sheet, the closest of all.
        """
        triangles, places, distances = self._tree.closest(points)
        wrong = np.flatnonzero((self.normals[triangles] * normals).sum(1) < 0)
        for step in STEPS_OUT:
            if not len(wrong):
                break
            reach = step * np.maximum(distances[wrong], self._smallest_step)
            found, there, _ = self._tree.closest(points[wrong] + normals[wrong] * reach[:, None])
            right = (self.normals[found] * normals[wrong]).sum(1) > 0
            triangles[wrong[right]], places[wrong[right]] = found[right], there[right]
            wrong = wrong[~right]
        return triangles, places.astype(np.float64)

    def shares(self, triangles: Indices, places: Array, onwards: Array | None = None) -> Places:
        """The shares of the triangles' corners at places in them, and ``onwards`` from there where that is given."""
        corners = self._corners[triangles]
        shares = barycentric(places, corners)
        if onwards is not None:
            change = _slopes(corners, onwards)
            largest = np.abs(change).max(axis=1, keepdims=True)
            shares = shares + change * np.minimum(1.0, BEYOND / np.maximum(largest, BEYOND))
        return Places(triangles, shares)

    def colors_at(self, points: Array) -> NDArray[np.float32]:
        """The shape's colours (n, 4) where it lies closest to points, blended within the triangle."""
        if self.look.colors is None:
            raise ValueError("The shape has no colours.")
        triangles, places, _ = self._tree.closest(points)
        shares = barycentric(places.astype(np.float64), self._corners[triangles])
        return np.asarray(np.einsum("nc,ncj->nj", shares, self.look.colors[self.look.triangles[triangles]]), np.float32)

    def slots_at(self, points: Array) -> Indices:
        """The material slots (n,) where the shape lies closest to points."""
        if self.look.materials is None:
            raise ValueError("The shape has no materials.")
        return self.look.materials[self._tree.closest(points)[0]].astype(np.int32)

    def islands(self, values: NDArray[np.float32]) -> _Islands:
        """What hangs together with these values at the corners; found once for each layer."""
        key = id(values)
        if key not in self._islands:
            triangles = self.look.triangles
            self._islands[key] = _Islands(
                values,
                joined_across_sides(triangles, values),
                beside_a_border(triangles, values),
                self._stretch(values),
                LEAST_STEP * float(np.ptp(values)) if values.size else 0.0,
            )
        return self._islands[key]

    def _stretch(self, values: NDArray[np.float32]) -> Array:
        """How much the values change with the way within each triangle; slivers are not believed."""
        shares = np.stack([_slopes(self._corners, np.broadcast_to(axis, self.normals.shape)) for axis in np.eye(3)], 1)
        stretch = np.linalg.norm(np.einsum("mxc,mcj->mxj", shares, values), axis=(1, 2))
        return np.asarray(np.minimum(stretch, WILD * np.median(stretch)))

    @cached_property
    def layers(self) -> list[tuple[Layer, NDArray[np.float32]]]:
        """Each layer with its values at the corners, the same arrays whenever they are asked for."""
        return [(layer, self.look.at_corners(layer)) for layer in self.look.layers]


@dataclass
class _Islands:
    values: NDArray[np.float32]
    """The values themselves, so that the layer lives as long as what is known of it."""
    numbers: Indices
    at_border: NDArray[np.bool_]
    stretch: Array
    """(m,), change of the values with the way."""
    least_step: float
    """What counts as no change at all."""

    def hang_together(self, one: Places, other: Places, ways: Array) -> NDArray[np.bool_]:
        """Whether places with so much way between them are of one island and no seam of it lies between them."""
        before, after = (
            np.einsum("nc,ncj->nj", places.shares, self.values[places.triangles]) for places in (one, other)
        )
        change = np.linalg.norm(after - before, axis=1)
        steepest = np.maximum(self.stretch[one.triangles], self.stretch[other.triangles])
        same = self.numbers[one.triangles] == self.numbers[other.triangles]
        return np.asarray(same & (change <= SUDDEN * steepest * ways + self.least_step))


class FacesOnSource:
    """The faces of a frame, carried onto one source."""

    def __init__(self, source: LookField, points: Array, faces: Indices) -> None:
        self.source, self._faces = source, faces
        self.corners = points[faces]
        self._middles = self.corners.mean(axis=1)
        self.normals = _face_normals(self.corners)
        self.anchors, self._anchor_places = source.closest(self._middles, self.normals)
        normal_of_point = np.zeros_like(points)
        normal_of_point[faces.ravel()] = np.repeat(self.normals, faces.shape[1], axis=0)
        self._at_points, self._point_places = source.closest(points, normal_of_point)
        self._distances = np.linalg.norm(self._point_places - points, axis=1)

    @property
    def distances_at_corners(self) -> Array:
        """How far each corner was carried past the source, (m, k)."""
        return np.asarray(self._distances[self._faces])

    def slots(self) -> Indices | None:
        """The material slot of each face."""
        slots = self.source.look.materials
        return None if slots is None else slots[self.anchors].astype(np.int32)

    def colors(self) -> NDArray[np.float32] | None:
        """The colours of the frame's vertices, (n, 4)."""
        look = self.source.look
        if look.colors is None:
            return None
        shares = self.source.shares(self._at_points, self._point_places).shares
        return np.asarray(np.einsum("nc,ncj->nj", shares, look.colors[look.triangles[self._at_points]]), np.float32)

    def regions(self, values: NDArray[np.float32]) -> Indices:
        """The island of each face, of a layer with these values at the source's corners."""
        return self.source.islands(values).numbers[self.anchors]

    def at_corners(self, values: NDArray[np.float32]) -> tuple[NDArray[np.float32], Indices]:
        """The layer with these values at the source's corners, at each corner of each face (m, k, width); and in which
        triangle it was found."""
        islands, source = self.source.islands(values), self.source
        count, sides = self._faces.shape
        anchors = source.shares(np.repeat(self.anchors, sides), np.repeat(self._anchor_places, sides, axis=0))
        ways = np.linalg.norm(self.corners - self._middles[:, None], axis=2).ravel()
        found = self._at_points[self._faces].ravel()
        places = source.shares(found, self._point_places[self._faces].reshape(-1, 3))
        facing = (source.normals[found] * np.repeat(self.normals, sides, axis=0)).sum(1) > 0
        good = facing & ~islands.at_border[found] & islands.hang_together(anchors, places, ways)
        self._look_inwards(places, np.flatnonzero(~good), anchors, ways, islands)
        taken = np.einsum("nc,ncj->nj", places.shares, values[places.triangles])
        return np.asarray(taken.reshape(count, sides, -1), np.float32), places.triangles.reshape(count, sides)

    def _look_inwards(
        self, places: Places, open_: NDArray[np.int64], anchors: Places, ways: Array, islands: _Islands
    ) -> None:
        """For corners that are still open, find the nearest place towards the face's middle that belongs to it."""
        sides = self._faces.shape[1]
        corners = self.corners.reshape(-1, 3)
        for share in INWARDS:
            if not len(open_):
                return
            face = open_ // sides
            points = corners[open_] + share * (self._middles[face] - corners[open_])
            if share < 1.0:
                found, there = self.source.closest(points, self.normals[face])
            else:
                found, there = self.anchors[face], self._anchor_places[face]
            near = self.source.shares(found, there)
            right = islands.hang_together(anchors.some(open_), near, ways[open_]) | (share == 1.0)
            taken = open_[right]
            more = self.source.shares(found[right], there[right], corners[taken] - points[right])
            places.triangles[taken], places.shares[taken] = more.triangles, more.shares
            open_ = open_[~right]

    def of_faces(self, layer: Layer, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """A layer in its own domain on the frame: (n, width), (m, k, width) or (m, width)."""
        if layer.domain == "face":
            return np.asarray(values[self.anchors, 0], np.float32)
        corners, _ = self.at_corners(values)
        if layer.kind in COUNTED:
            corners = np.rint(corners)
        if layer.domain == "corner":
            return corners
        flat, points = corners.reshape(-1, corners.shape[-1]), self._faces.ravel()
        total = np.stack([np.bincount(points, column, len(self._distances)) for column in flat.T], 1)
        mean = total / np.maximum(np.bincount(points, minlength=len(self._distances)), 1)[:, None]
        return np.asarray(np.rint(mean) if layer.kind in COUNTED else mean, np.float32)


def _slopes(corners: Array, steps: Array) -> Array:
    """How much the shares of triangles' corners (n, 3, 3) change along steps (n, 3)."""
    one, other = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    a, b, c = (np.einsum("ij,ij->i", *pair) for pair in ((one, one), (one, other), (other, other)))
    d, e = np.einsum("ij,ij->i", steps, one), np.einsum("ij,ij->i", steps, other)
    area = a * c - b * b
    proper = area > 1e-14 * a * c
    area = np.where(proper, area, 1.0)
    second = np.where(proper, (c * d - b * e) / area, 0.0)
    third = np.where(proper, (a * e - b * d) / area, 0.0)
    return np.stack((-second - third, second, third), 1)


def _face_normals(corners: Array) -> Array:
    """Unit normals (m, 3) of faces with three or four corners (m, k, 3)."""
    normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, -1] - corners[:, 1])
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30))


def _facing_outwards(shape: Shape, threads: int) -> Look:
    """The shape's look without what no face uses, its triangles turned as the mended shape's are."""
    look = shape.placed_look
    used, triangles = np.unique(look.triangles, return_inverse=True)
    triangles = triangles.reshape(-1, 3).astype(np.int32)
    vertices = look.vertices[used]
    layers = [
        Layer(layer.name, layer.kind, layer.domain, layer.values[used] if layer.domain == "point" else layer.values)
        for layer in look.layers
    ]
    colors = None if look.colors is None else look.colors[used]
    normals = look.normals
    if shape.look is not None and len(shape.triangles):
        outwards = unit_normals(shape.vertices, shape.triangles)
        nearest, _, _ = DistanceField(shape.vertices, shape.triangles, threads=threads).closest(
            vertices[triangles].mean(axis=1)
        )
        turned = (outwards[nearest] * unit_normals(vertices, triangles)).sum(1) < 0
        if turned.any():
            around = np.where(turned[:, None], [2, 1, 0], [0, 1, 2])
            triangles = np.take_along_axis(triangles, around, axis=1).astype(np.int32)
            for layer in layers:
                if layer.domain == "corner":
                    layer.values = np.take_along_axis(layer.values, around[..., None], axis=1)
            if normals is not None:
                normals = np.take_along_axis(normals, around[..., None], axis=1)
                normals = np.where(turned[:, None, None], -normals, normals)
    return Look(vertices, np.asarray(triangles, np.int32), normals, layers, look.materials, colors)
