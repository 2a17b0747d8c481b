"""Lays the edges of a frame along the borders of what its sources show: seams, slots, sharp edges. Knows no files.

A face belongs to one island, one slot and one smooth region, so that a border which runs through faces becomes a flight
of stairs. The vertices between such faces slide along the surface onto the border itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..shapes.look import pairs_of_sides
from ..shapes.shape import Shape, unit, unit_normals
from .face_transfer import FacesOnSource, face_normals, sides_at
from .look_field import Array, LookField

JUMP = 0.02
"""Difference between UVs, of their range, from which on they make a border. Chosen."""
SHARP = 0.35
"""Difference between unit normals, 20°, from which on they make a border. Follows from 20°, as 2 sin 10°."""
CROWDED = 1 / 40
"""Mean distance between sharp edges, in diagonals, below which they are the facets of a mesh and no borders. Chosen."""
SAMPLES = 1 / 600
"""Distance between the points by which a border is found, in diagonals. Chosen."""
MOST_SAMPLES = 400_000
"""Points by which borders are found. Chosen."""
REACH = 0.9
"""How far a vertex slides at most, in sides of a face. Chosen."""
LIFT = 0.25
"""How far a vertex is led off the surface at most in between, in sides of a face. Chosen."""
LEAST_AREA, LEAST_SIDE, LEAST_TURN = 0.15, 0.08, -0.01
"""What every face keeps of its area and of its sides, and how far a corner may bend inwards, in the face's area.

Chosen.
"""
EVENINGS = 4
"""How often a line that has no border to lie on is made evener. Chosen."""
ROUNDS, HALVINGS, LEAST_SHARE = 24, 12, 0.05
"""How often steps that would spoil a face are looked at; in the first rounds they are halved, then they are dropped.

Chosen.
"""


class Borders:
    """The borders on one source: pieces of straight lines."""

    def __init__(self, shape: Shape, field: LookField) -> None:
        triangles, corners = shape.triangles, shape.vertices[shape.triangles]
        middles = corners.mean(axis=1)
        found, places = field.closest(middles, unit_normals(shape.vertices, triangles))
        ways = corners - middles[:, None]
        one, other, *_ = pairs_of_sides(triangles, np.zeros((len(triangles), 3, 0), np.float32))
        sides = np.stack([triangles.ravel()[one], np.roll(triangles, -1, axis=1).ravel()[one]], 1)
        border = np.zeros(len(one), bool)
        if field.look.materials is not None:
            slots = field.look.materials[found]
            border |= slots[one // 3] != slots[other // 3]
        for values in field.maps:
            border |= self._jumps(triangles, field.values_beside(found, places, ways, values), jump_of(values))
        sharp = self._jumps(triangles, field.values_beside(found, places, ways, field.shaded), SHARP)
        length = np.linalg.norm(np.diff(shape.vertices[sides[sharp]], axis=1)[:, 0], axis=1).sum()
        self.sharp = bool(shape.area > CROWDED * shape.diagonal * length)
        border |= sharp & self.sharp
        self._starts, self._ends = shape.vertices[sides[border]].transpose(1, 0, 2)
        self._sample(SAMPLES * shape.diagonal)

    @staticmethod
    def _jumps(triangles: NDArray[np.int32], values: Array, limit: float) -> NDArray[np.bool_]:
        _, _, low, high = pairs_of_sides(triangles, values.astype(np.float32))
        return np.asarray(np.maximum(low, high) > limit)

    def _sample(self, step: float) -> None:
        lengths = np.linalg.norm(self._ends - self._starts, axis=1)
        step = max(step, float(lengths.sum()) / MOST_SAMPLES)
        counts = np.maximum(np.ceil(lengths / step).astype(int), 1)
        self._piece = np.repeat(np.arange(len(counts)), counts)
        number = np.arange(len(self._piece)) - np.repeat(np.cumsum(counts) - counts, counts)
        share = ((number + 0.5) / counts[self._piece])[:, None]
        points = self._starts[self._piece] + share * (self._ends - self._starts)[self._piece]
        self._tree = cKDTree(points) if len(points) else None

    def nearest(self, points: Array) -> Array:
        """The nearest place of a border to each point; infinitely far away where there is none."""
        if self._tree is None:
            return np.full(points.shape, np.inf)
        _, samples = self._tree.query(points, k=min(4, len(self._piece)))
        pieces = self._piece[samples.reshape(len(points), -1)]
        start, way = self._starts[pieces], self._ends[pieces] - self._starts[pieces]
        share = np.clip(((points[:, None] - start) * way).sum(-1) / np.maximum((way**2).sum(-1), 1e-30), 0, 1)
        places = start + share[..., None] * way
        best = ((places - points[:, None]) ** 2).sum(-1).argmin(axis=1)
        return np.asarray(places[np.arange(len(points)), best])

    def mixed(self, place: FacesOnSource) -> NDArray[np.bool_]:
        """The frame's vertices whose faces show different things of the source."""
        faces = place.faces
        mixed = np.zeros(len(place.points), bool)
        slots = place.slots()
        if slots is not None:
            mixed |= _differing(faces, np.repeat(slots[:, None, None], faces.shape[1], axis=1), 0.5, len(mixed))
        for values in place.source.maps:
            mixed |= _differing(faces, place.at_corners(values)[0], jump_of(values), len(mixed))
        if self.sharp:
            mixed |= _differing(faces, place.at_corners(place.source.shaded)[0], SHARP, len(mixed))
        return mixed


def jump_of(values: NDArray[np.float32]) -> float:
    """From which difference on UVs make a border."""
    return JUMP * float(np.ptp(values)) if values.size else 0.0


def settle(vertices: Array, ends: list[tuple[FacesOnSource, Borders, float]]) -> NDArray[np.int64]:
    """Slide vertices of a frame onto the borders of its sources, here and on the sources; returns which.

    ends: the frame's faces on each source, the source's borders, and its part in the frame. Where both sources have a
    border, that of the greater part counts.
    """
    faces = ends[0][0].faces
    step = np.zeros_like(vertices)
    carried = [np.zeros_like(vertices) for _ in ends]
    moved = np.zeros(len(vertices), bool)
    for index in sorted(range(len(ends)), key=lambda end: -ends[end][2]):
        place, borders, part = ends[index]
        rows = np.flatnonzero(borders.mixed(place) & ~moved)
        if not len(rows):
            continue
        ways = borders.nearest(place.points[rows]) - place.points[rows]
        sides = sides_at(place.corners, place.faces, len(place.points))[rows]
        far = np.linalg.norm(ways, axis=1) > REACH * sides
        ways[far] = 0.0
        ways[far] = _evened(faces, rows, place.points[rows] + ways, far) - place.points[rows[far]]
        if part < 1:
            ways = _along(ways, place.around[rows], sides)
        near = np.linalg.norm(ways, axis=1) <= REACH * sides
        steps = _Steps(faces, rows[near], place.points, ways[near])
        step[steps.rows] = steps.on(vertices, part)
        for end, way in enumerate(carried):
            way[steps.rows] = steps.ways if end == index else steps.on(ends[end][0].points, 0.0)
        moved[steps.rows] = True
    share = _without_folds(vertices, step, faces, moved)
    rows = np.flatnonzero(share)
    vertices[rows] += share[rows, None] * step[rows]
    for (place, _, _), way in zip(ends, carried, strict=True):
        place.move(rows, place.points[rows] + share[rows, None] * way[rows])
    return rows


def _along(ways: Array, normals: Array, sides: Array) -> Array:
    """Ways over the surface, where they lead off it by more than an edge is rounded between its vertices.

    In between, eaves and other acute rims are worn off, here more and there less: led back to where they were they are
    torn.
    """
    rise = np.einsum("ij,ij->i", ways, normals)
    return np.asarray(ways - np.where(np.abs(rise) > LIFT * sides, rise, 0.0)[:, None] * normals)


def _evened(faces: NDArray[np.int32], rows: NDArray[np.int64], places: Array, free: NDArray[np.bool_]) -> Array:
    """Where the free ones of some vertices come to lie if each goes to the middle of those that it shares sides with.

    In a crevice narrower than a cell there is no border to lie on, and the line between both its walls is made even.
    """
    number = np.full(int(faces.max(initial=0)) + 1, -1)
    number[rows] = np.arange(len(rows))
    pairs = np.stack([number[faces], number[np.roll(faces, -1, axis=1)]], -1).reshape(-1, 2)
    pairs = np.unique(np.sort(pairs[(pairs >= 0).all(1)], axis=1), axis=0)
    one, other = np.concatenate([pairs, pairs[:, ::-1]]).T
    count = np.bincount(one, minlength=len(rows))[:, None]
    places = places.copy()
    for _ in range(EVENINGS):
        total = np.stack([np.bincount(one, column, len(rows)) for column in places[other].T], 1)
        middle = np.where(count > 0, total / np.maximum(count, 1), places)
        places[free] = (places[free] + middle[free]) / 2
    return np.asarray(places[free])


class _Steps:
    """Steps of vertices over the surface, each told in the sides of one of the vertex's faces, so that it can be taken
    wherever the faces lie."""

    def __init__(self, faces: NDArray[np.int32], rows: NDArray[np.int64], points: Array, ways: Array) -> None:
        number = np.full(len(points), -1)
        number[rows] = np.arange(len(rows))
        face, corner = np.nonzero(number[faces] >= 0)
        vertex = faces[face, corner]
        sides = faces.shape[1]
        self._ahead, self._behind = faces[face, (corner + 1) % sides], faces[face, (corner - 1) % sides]
        way = ways[number[vertex]]
        one, other = points[self._ahead] - points[vertex], points[self._behind] - points[vertex]
        a, b, c = (np.einsum("ij,ij->i", *pair) for pair in ((one, one), (one, other), (other, other)))
        d, e = np.einsum("ij,ij->i", way, one), np.einsum("ij,ij->i", way, other)
        area = np.maximum(a * c - b * b, 1e-30)
        first, second = (c * d - b * e) / area, (a * e - b * d) / area
        normal = unit(np.cross(one, other))
        # The face over which the step leads: that in which it goes along both sides, or against them least.
        order = np.lexsort((np.minimum(first, second), number[vertex]))
        best = order[np.flatnonzero(np.diff(number[vertex][order], append=-1))]
        self.rows, self._first, self._second = vertex[best], first[best, None], second[best, None]
        self._ahead, self._behind = self._ahead[best], self._behind[best]
        self.ways = way[best]
        self._rise = np.einsum("ij,ij->i", way[best], normal[best])[:, None]
        self._length = np.sqrt(np.maximum(np.sqrt(area[best]), 1e-30))[:, None]

    def on(self, points: Array, rising: float) -> Array:
        """The steps where the vertices lie at other points, with that share of what leads off the faces."""
        one, other = points[self._ahead] - points[self.rows], points[self._behind] - points[self.rows]
        normal = np.cross(one, other)
        length = np.sqrt(np.linalg.norm(normal, axis=1, keepdims=True))
        along = self._first * one + self._second * other
        return np.asarray(along + rising * self._rise * length / self._length * unit(normal))


def _differing(faces: NDArray[np.int32], values: NDArray[np.generic], limit: float, count: int) -> NDArray[np.bool_]:
    """The vertices at which faces have values (m, k, width) that differ by more than the limit."""
    flat, vertices = values.reshape(faces.size, values.shape[-1]).astype(np.float32), faces.ravel()
    some = np.zeros((count, flat.shape[1]), np.float32)
    some[vertices] = flat
    found = np.zeros(count, bool)
    found[vertices[(np.abs(flat - some[vertices]) > limit).any(1)]] = True
    return found


def _without_folds(vertices: Array, step: Array, faces: NDArray[np.int32], moved: NDArray[np.bool_]) -> Array:
    """How much of its step each vertex may take so that no face folds, flattens or loses a side, (n,)."""
    share = moved.astype(np.float64)
    faces = faces[moved[faces].any(1)]
    old = vertices[faces]
    normals = face_normals(old)
    areas, sides = _corner_areas(old, normals), np.linalg.norm(old - np.roll(old, 1, axis=1), axis=2)
    whole, side = areas.sum(axis=1, keepdims=True), sides.mean(axis=1, keepdims=True)
    length = np.linalg.norm(step, axis=1)
    for round_ in range(ROUNDS):
        corners = (vertices + share[:, None] * step)[faces]
        now = _corner_areas(corners, normals)
        bad = (now < np.minimum(LEAST_TURN * whole, areas)).any(1) | (now.sum(axis=1) < LEAST_AREA * whole[:, 0])
        between = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
        bad |= (between < np.minimum(LEAST_SIDE * side, sides)).any(1)
        if not bad.any():
            break
        if round_ < HALVINGS:  # the vertex that goes furthest goes half as far
            furthest = (share * length)[faces[bad]].argmax(axis=1)
            share[np.unique(faces[bad][np.arange(int(bad.sum())), furthest])] /= 2
        else:
            share[faces[bad].ravel()] = 0.0
    share[share < LEAST_SHARE] = 0.0
    return share


def _corner_areas(corners: Array, normals: Array) -> Array:
    """At every corner of every face, the area that its two sides span, negative where they turn inwards."""
    ahead, behind = np.roll(corners, -1, axis=1) - corners, np.roll(corners, 1, axis=1) - corners
    return np.asarray(np.einsum("mkj,mj->mk", np.cross(ahead, behind), normals))
