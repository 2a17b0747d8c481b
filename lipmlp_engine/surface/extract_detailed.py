"""Extracts the surface of a function with detail from the shapes: every vertex on it, and on its edges and corners.

The cells are those that exact values leave open; the faces are the surface nets' quads. Vertices are then led onto the
surface by its own gradient, and those about an edge to where the planes of the faces around meet. Knows nothing about
time, poses or attributes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .detail import DetailedField
from .extract import Grid
from .nets import surface_nets, triangles_from_quads

STEEPNESS = 1.3
"""How fast the exact function may change where boxes are dropped by its value at their middle. Carried distances may
change faster here and there; the search along the surface finds what is missed so."""
STEPS = 4
"""In which a vertex is led onto the surface."""
CLOSE = 0.003
"""A vertex that is so near to the surface, in cells, is on it."""
REACH = 0.5
"""How far a vertex may leave its cell, in cells."""
CREASE = np.cos(np.radians(8))
"""Normals around a vertex that differ more than this make it look for an edge."""
UNTANGLINGS = 3
EDGE_ROUNDS = 2
LEAST_SLOPE = 0.3
"""A function flatter than this says little about where its surface is."""
ON_EDGE = 0.05
"""Where planes meet on a true edge, the surface is that near, in cells; about mere detail finer than the cells it is
not."""
LEAST_TURN = np.tan(np.radians(6)) ** 2
"""Planes that differ by less than twice this angle fix no edge; relative eigenvalue of their normals' products."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Surface:
    """In the training frame."""

    vertices: Floats
    faces: NDArray[np.int32]
    gradient: Floats
    """Of the function, at the vertices."""
    creased: NDArray[np.bool_]
    """Vertices on an edge or a corner, where the gradient is that of one side."""


def extract_detailed(field: DetailedField, resolution: int, faces: Literal["quads", "triangles"] = "quads") -> Surface:
    """The surface where the field is zero, within [-1, 1]³: closed and manifold, as `extract_surface` has it."""
    grid = _ExactGrid(field, resolution, -1.0, 1.0, 1)
    cells, values = grid.crossed_cells()
    inner, cell_of_vertex, quads = surface_nets(values, grid.neighbours_below(cells))
    origins = grid.position(cells[cell_of_vertex])
    placing = _Placing(field, origins, float(grid.cell), quads)
    vertices, gradient, creased = placing.place(origins + inner * grid.cell)
    if faces == "triangles":
        return Surface(vertices, triangles_from_quads(vertices, quads), gradient, creased)
    return Surface(vertices, _started_on_bends(vertices, quads), gradient, creased)


class _ExactGrid(Grid):
    """Cells that the exact function's own values leave open."""

    field: DetailedField

    def evaluate(self, points: Tensor) -> Tensor:
        return self.field.values_for_cells(points, float(self.cell))

    def candidates(self) -> NDArray[np.int32]:
        boxes, side = self.boxes_at_start()
        while side > 1:
            radius = float(side * self.cell) * np.sqrt(3) / 2
            centres = self.position(boxes) + np.float32(side / 2) * self.cell
            near = np.abs(self.field.exact.values(centres)[0]) <= STEEPNESS * radius + self.cell
            side //= 2
            boxes = self.halved(boxes[near], side)
        return boxes


class _Placing:
    """Where the vertices of a net belong."""

    def __init__(self, field: DetailedField, origins: Floats, cell: float, quads: NDArray[np.int32]) -> None:
        self.field = field
        self.quads = quads
        self.cell = np.float32(cell)
        self.least = origins - np.float32(REACH) * self.cell
        self.most = origins + np.float32(1 + REACH) * self.cell

    def place(self, vertices: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Vertices on the surface, the gradient there, and which of them are on edges."""
        creased = np.zeros(len(vertices), bool)
        if not len(vertices):
            return vertices, vertices, creased
        # What was made thicker for the cells leads farther back.
        values, _ = self._seen(vertices)
        farther = np.maximum(np.abs(values) - REACH * self.cell, 0)[:, None]
        self.least, self.most = self.least - farther, self.most + farther
        vertices, gradient = self._onto_surface(vertices, STEPS, (self.least, self.most))
        for _ in range(EDGE_ROUNDS):
            around = self._faces_about_edges(vertices, gradient, creased)
            if not len(around):
                break
            middles, slope = self._onto_surface(vertices[self.quads[around]].mean(1), 2)
            planes = Planes(self.quads[around], middles, unit(slope))
            creased |= self._set_on_edges(vertices, gradient, planes)
        self._untangle(vertices, gradient, creased)
        return vertices, gradient, creased

    def _untangle(self, vertices: Floats, gradient: Floats, creased: NDArray[np.bool_]) -> None:
        """Move vertices of faces that look inwards amid their neighbours and onto the surface, while that helps."""
        inwards = self._turned(vertices, self._planes_of(gradient))
        for _ in range(UNTANGLINGS):
            rows = np.unique(self.quads[inwards]).astype(np.int64)
            rows = rows[~creased[rows]]
            if not len(rows):
                return
            before = vertices[rows], gradient[rows]
            within = self.least[rows] - self.cell, self.most[rows] + self.cell
            vertices[rows], gradient[rows] = self._onto_surface(self._amid(rows, vertices), 2, within)
            still = self._turned(vertices, self._planes_of(gradient))
            if len(still) >= len(inwards):
                vertices[rows], gradient[rows] = before
                return
            inwards = still

    def _planes_of(self, gradient: Floats) -> Planes:
        """All faces, each with the mean normal of its corners."""
        return Planes(self.quads, np.zeros((len(self.quads), 3), np.float32), unit(gradient[self.quads].sum(1)))

    def _amid(self, rows: NDArray[np.int64], vertices: Floats) -> Floats:
        """The mean of each vertex's neighbours."""
        sides = np.concatenate(
            [self.quads[:, [0, 1]], self.quads[:, [1, 2]], self.quads[:, [2, 3]], self.quads[:, [3, 0]]]
        )
        sides = sides[np.isin(sides[:, 0], rows)]
        owner = np.searchsorted(rows, sides[:, 0])
        count = np.bincount(owner, minlength=len(rows))[:, None]
        return np.asarray(_gathered(owner, vertices[sides[:, 1]].astype(np.float64)) / count, np.float32)

    def _onto_surface(
        self, points: Floats, steps: int, within: tuple[Floats, Floats] | None = None
    ) -> tuple[Floats, Floats]:
        """Newton steps onto the surface until a point is there; the gradient is that where it was last looked at."""
        points, gradient = points.copy(), np.zeros_like(points)
        rows = np.arange(len(points))
        for _ in range(steps):
            values, slopes = self._seen(points[rows])
            gradient[rows] = slopes
            away = np.abs(values) > CLOSE * self.cell
            rows, values, slopes = rows[away], values[away], slopes[away]
            if not len(rows):
                break
            steepness = np.maximum(np.einsum("ij,ij->i", slopes, slopes), LEAST_SLOPE**2)
            points[rows] -= np.clip(values / steepness, -self.cell, self.cell)[:, None] * slopes
            if within is not None:
                points[rows] = np.clip(points[rows], within[0][rows], within[1][rows])
        return points, gradient

    def _seen(self, points: Floats) -> tuple[Floats, Floats]:
        values, gradient = self.field.values_and_gradient(torch.from_numpy(points).to(self.field.device))
        return values.cpu().numpy(), gradient.cpu().numpy()

    def _faces_about_edges(self, vertices: Floats, gradient: Floats, creased: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The faces of all vertices from which the surface bends away within a face."""
        corners = unit(gradient)[self.quads]
        least = np.einsum("mki,mi->mk", corners, unit(corners.sum(1))).min(1)
        about = creased.copy()
        about[self.quads[least < CREASE]] = True
        return np.flatnonzero(about[self.quads].any(1))

    def _set_on_edges(self, vertices: Floats, gradient: Floats, planes: Planes) -> NDArray[np.bool_]:
        """Move vertices to where the planes about them meet, if the surface is there; which they are."""
        rows, targets = planes.meetings(vertices, LEAST_TURN)
        targets = np.clip(targets, self.least[rows], self.most[rows])
        values, slopes = self._seen(targets)
        on = np.abs(values) < ON_EDGE * self.cell
        rows, targets, slopes = rows[on], targets[on], slopes[on]
        moved = np.zeros(len(vertices), bool)
        before = vertices[rows]
        vertices[rows] = targets
        gradient[rows], moved[rows] = slopes, True
        for _ in range(3):
            # Where a face was turned over, its vertices go back.
            back = moved[rows] & np.isin(rows, planes.faces[self._turned(vertices, planes)])
            if not back.any():
                break
            vertices[rows[back]], moved[rows[back]] = before[back], False
        return moved

    def _turned(self, vertices: Floats, planes: Planes) -> NDArray[np.int64]:
        """Faces of which a half looks away from the surface where it lies: about a sharp edge halves differ much."""
        doubtful, middles, normals = planes.doubtful(vertices)
        _, slopes = self._seen(middles)
        return np.unique(doubtful[np.einsum("ij,ij->i", normals, slopes) < 0])


@dataclass(frozen=True)
class Planes:
    """Faces, a point of the surface by each, and the surface's normal there."""

    faces: NDArray[np.int32]
    places: Floats
    normals: Floats

    def meetings(self, vertices: Floats, least_turn: float) -> tuple[NDArray[np.int64], Floats]:
        """Vertices whose faces' planes differ, and the point where those meet, as close as that leaves free."""
        sides = self.faces.shape[1]
        rows, owner = np.unique(self.faces, return_inverse=True)
        owner = owner.ravel()
        normal = np.repeat(self.normals, sides, axis=0).astype(np.float64)
        place = np.repeat(self.places, sides, axis=0).astype(np.float64)
        count = np.bincount(owner)[:, None]
        mean = _gathered(owner, place) / count
        offset = np.einsum("ij,ij->i", normal, place - mean[owner])
        products = _gathered(owner, (normal[:, :, None] * normal[:, None, :]).reshape(-1, 9))
        strengths, axes = np.linalg.eigh(products.reshape(-1, 3, 3))
        sure = strengths > least_turn * strengths[:, 2:]
        edge = sure[:, 1] & (count[:, 0] > 2)
        inverse = np.where(sure, 1 / np.maximum(strengths, 1e-12), 0.0)
        wanted = np.einsum("nji,nj->ni", axes, _gathered(owner, normal * offset[:, None])) * inverse
        free = np.where(sure, 0.0, np.einsum("nji,nj->ni", axes, vertices[rows] - mean))
        targets = mean + np.einsum("nij,nj->ni", axes, wanted + free)
        return rows[edge].astype(np.int64), targets[edge].astype(np.float32)

    def doubtful(self, vertices: Floats) -> tuple[NDArray[np.int64], Floats, Floats]:
        """Halves of faces that look away from their face's plane: the face, the half's middle and its normal."""
        corners = vertices[self.faces]
        found = []
        for second in range(1, self.faces.shape[1] - 1):
            half = corners[:, [0, second, second + 1]]
            normal = np.cross(half[:, 1] - half[:, 0], half[:, 2] - half[:, 0])
            rows = np.flatnonzero(np.einsum("ij,ij->i", normal, self.normals) < 0)
            found.append((rows, half[rows].mean(1), normal[rows]))
        rows, middles, normals = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return rows, middles, normals


def _gathered(owner: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.bincount(owner, column) for column in values.T], 1)


def unit(vectors: Floats) -> Floats:
    """The directions of vectors."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))


def _started_on_bends(vertices: Floats, quads: NDArray[np.int32]) -> NDArray[np.int32]:
    """Quads whose first and third corner are those between which they bend least: along that line they are cut."""
    halves = triangles_from_quads(vertices, quads).reshape(-1, 2, 3)
    turned = halves[:, 0, 0] != quads[:, 0]
    return np.where(turned[:, None], np.roll(quads, -1, axis=1), quads)
