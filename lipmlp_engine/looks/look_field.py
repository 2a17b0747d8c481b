"""The look of one source, ready to be asked what lies where on it. Knows nothing of frames and times."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..shapes.distance import DistanceField
from ..shapes.look import Layer, Look, beside_a_border, joined_across_sides
from ..shapes.mesh_topology import Topology
from ..shapes.shape import Shape, face_vectors, unit_normals
from ..shapes.smooth_corners import smooth_corners
from .barycentric import barycentric

BEYOND = 3.0
"""How far a triangle's values are continued beyond it, in its own size: slivers would continue to anywhere. Chosen."""
SUDDEN = 2.5
"""Change of values over the way between two places, in what triangles there make of it, that tells a seam. Chosen."""
WILD = 8.0
"""Stretch of a triangle, in that of the median, beyond which it is a sliver's. Chosen."""
LEAST_STEP = 1e-3
"""Change of values, in their range, that never is a seam. Chosen."""
LEAST_STEP_OUT, WALLS = 1e-4, 0.03
"""The least such step, and the distance beyond which no wall is meant any more, in diagonals. Chosen."""
STEPS_OUT = (2.0, 4.0, 8.0)
"""Steps, in distances to the surface, outwards to find the wall that faces as it should and not the one behind.

Chosen.
"""
ON_SURFACE = 2e-5
"""How far from the mended shape a triangle lies at most that is one of it, in diagonals. Chosen: well above rounding,
and below half of the least thickness that a sheet is given."""

Array = NDArray[np.float64]
Indices = NDArray[np.int32]


@dataclass
class Places:
    """Where points lie on a source: in which triangle, and with which shares of its corners."""

    triangles: Indices
    shares: Array
    """(n, 3), some negative beyond the triangle."""

    def of(self, values: NDArray[np.float32]) -> Array:
        """What values at the triangles' corners (m, 3, width) are there, (n, width)."""
        first, second, third = (self.shares[:, corner, None] * values[self.triangles, corner] for corner in range(3))
        return np.asarray(first + second + third, np.float64)


class LookField:
    """The look of one source, ready to be asked what lies where."""

    def __init__(self, shape: Shape, threads: int = 0) -> None:
        self.look = _facing_outwards(shape, threads)
        self._corners = self.look.vertices[self.look.triangles]
        self.normals = unit_normals(self.look.vertices, self.look.triangles)
        self._tree = DistanceField(self.look.vertices, self.look.triangles, threads=threads)
        diagonal = float(np.linalg.norm(np.ptp(self._corners.reshape(-1, 3), axis=0)))
        self._smallest_step, self._walls = LEAST_STEP_OUT * diagonal, WALLS * diagonal
        self._islands: dict[int, Islands] = {}

    def closest(self, points: Array, normals: Array) -> tuple[Indices, Array]:
        """For each point the triangle that lies closest and faces as ``normals`` do, and the place in it.

        Where none is found that does, as with the back of a sheet, the closest of all.
        """
        triangles, places, distances = self._tree.closest(points)
        against = np.einsum("ij,ij->i", self.normals[triangles], normals) < 0
        wrong = np.flatnonzero(against & (distances < self._walls))
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

    @cached_property
    def shaded(self) -> NDArray[np.float32]:
        """The normals of the triangles' corners, (m, 3, 3): the file's, or smooth ones where it has none."""
        normals = self.look.normals
        return smooth_corners(self.look.vertices, self.look.triangles) if normals is None else normals

    @cached_property
    def edged(self) -> NDArray[np.bool_]:
        """The triangles beside an edge that is shaded sharp, (m,)."""
        return beside_a_border(self._joined, self.shaded)

    @cached_property
    def rimmed(self) -> NDArray[np.bool_]:
        """The triangles with a corner on an open edge, (m,): beside them lies a lid or a rim that is not theirs."""
        sides = Topology(self._joined)
        on_rim = np.zeros(int(self._joined.max(initial=-1)) + 1, bool)
        on_rim[sides.half_edges[sides.open_half_edges]] = True
        return np.asarray(on_rim[self._joined].any(1))

    @cached_property
    def widths(self) -> Array:
        """How wide the triangles are where they are narrowest: their least heights, (m,)."""
        sides = np.linalg.norm(self._corners - np.roll(self._corners, 1, axis=1), axis=2)
        areas = np.linalg.norm(face_vectors(self._corners), axis=1)
        return np.asarray(areas / np.maximum(sides.max(axis=1), 1e-30))

    @cached_property
    def _joined(self) -> Indices:
        """The triangles, with one vertex where several coincide."""
        _, place = np.unique(self.look.vertices, axis=0, return_inverse=True)
        return np.asarray(place.ravel()[self.look.triangles], np.int32)

    @property
    def maps(self) -> list[NDArray[np.float32]]:
        """The UV maps at the corners."""
        return [values for layer, values in self.layers if layer.kind == "uv"]

    def values_beside(self, triangles: Indices, places: Array, ways: Array, values: NDArray[np.float32]) -> Array:
        """What the values at places (n, 3) in triangles go on to at the ends of ways (n, k, 3) from there."""
        found = [self.shares(triangles, places, ways[:, k]).shares for k in range(ways.shape[1])]
        return np.asarray(np.einsum("nkc,ncj->nkj", np.stack(found, 1), values[triangles]))

    def islands(self, values: NDArray[np.float32]) -> Islands:
        """What hangs together with these values at the corners; found once for each layer."""
        key = id(values)
        if key not in self._islands:
            triangles = self.look.triangles
            self._islands[key] = Islands(
                values,
                joined_across_sides(triangles, values),
                beside_a_border(triangles, values),
                self._stretch(values),
                LEAST_STEP * float(np.ptp(values)) if values.size else 0.0,
            )
        return self._islands[key]

    def islands_of(self, key: int) -> Islands:
        """Those of a layer that has been asked for, by the identity of its values."""
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
class Islands:
    values: NDArray[np.float32]
    """The values themselves, so that the layer lives as long as what is known of it."""
    numbers: Indices
    at_border: NDArray[np.bool_]
    stretch: Array
    """(m,), change of the values with the way."""
    least_step: float
    """What counts as no change at all."""

    def hang_together(
        self, one: Indices, at_one: NDArray[Any], other: Indices, at_other: NDArray[Any], ways: Array
    ) -> NDArray[np.bool_]:
        """Whether places in triangles, with these values and so much way between them, are of one island and no seam of
        it lies between them."""
        change = np.linalg.norm(at_other - at_one, axis=-1)
        steepest = np.maximum(self.stretch[one], self.stretch[other])
        same = self.numbers[one] == self.numbers[other]
        return np.asarray(same & (change <= SUDDEN * steepest * ways + self.least_step))


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
        nearest, _, away = DistanceField(shape.vertices, shape.triangles, threads=threads).closest(
            vertices[triangles].mean(axis=1)
        )
        turned = (outwards[nearest] * unit_normals(vertices, triangles)).sum(1) < 0
        # Amid a sheet that was given a thickness both of its sides are as near.
        turned &= away < ON_SURFACE * shape.diagonal
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
