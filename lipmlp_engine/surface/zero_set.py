"""Extracts the zero set of a field as a watertight, manifold mesh; the cost follows the surface, not the volume.

Boxes that the field's bounds prove to be empty are dropped, coarse to fine; within the boxes that are left, linear
bounds single out the cells that the surface may cross, and only their corners are evaluated. Knows nothing about time,
poses or attributes.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .field import Field
from .sparse_grid import SparseGrid
from .surface_nets import CORNERS, MIXED_FACES, configurations, surface_nets, triangles_from_quads

BLOCK = 4
"""Cells along the side of the finest boxes that bounds are asked for; below, evaluating corners is cheaper. Chosen."""
BOXES_AT_START = 16
"""Boxes per axis that the search begins with, at most. Chosen."""
NEWTON_STEPS = 2
"""In which vertices are led onto the network's surface. Chosen."""
LEEWAY = np.float32(0.1)
"""How far a projected vertex may leave its cell, in cells: enough for a surface that bulges out between two edges.

Chosen.
"""
OUTSIDE = 1e30
"""The value beyond the border, and of what is not a number: a crossing beside it falls onto the inner corner.

Follows from its use: it is larger than any value.
"""


def extract_surface(
    field: Field,
    resolution: int,
    faces: Literal["quads", "triangles"] = "quads",
    lower: float = -1.0,
    upper: float = 1.0,
    closed_at_border: bool = True,
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """The surface where the field is zero, within a cube.

    resolution: cells along the cube's side. The result is the same as if all (resolution + 1)³ corners had been
        evaluated, as long as the field's bounds are sound; if they are not, small parts may be missed, but what is
        found is still closed.
    closed_at_border: what the cube's border cuts off is closed there; else it is left open.

    Returns vertices (n, 3) and faces (m, 4) or (m, 3), counter-clockwise seen from outside (where the field is
    positive); both empty where there is no surface. Every edge has exactly two faces, and every vertex one fan of them.

    >>> ball = LipschitzField(lambda points: points.norm(dim=1) - 0.5, constant=1.0)
    >>> vertices, quads = extract_surface(ball, 64)
    """
    grid = Grid(field, resolution, lower, upper, int(closed_at_border))
    cells, values = grid.crossed_cells()
    vertices, cell_of_vertex, quads = surface_nets(values, grid.neighbours_below(cells))
    origins = grid.position(cells[cell_of_vertex])
    vertices = _project(field, origins + vertices * grid.cell, origins, grid)
    return vertices, quads if faces == "quads" else triangles_from_quads(vertices, quads)


class Grid:
    """The cube's cells, and one layer around them that counts as outside where the border is to be closed (pad 1)."""

    def __init__(self, field: Field, resolution: int, lower: float, upper: float, pad: int) -> None:
        self.field = field
        self.resolution = resolution
        self.lower, self.upper = np.float32(lower), np.float32(upper)
        self.cell = np.float32((upper - lower) / resolution)
        self.pad = pad
        self.size = resolution + 2 * pad
        self.corners = SparseGrid(self.size + 1)
        self.values = np.zeros(0, np.float32)
        self.known = np.zeros(0, bool)
        self.row_of_cell = np.zeros(0, np.int32)
        self.addresses = SparseGrid(self.size)

    def position(self, places: NDArray[np.int32]) -> NDArray[np.float32]:
        """Where the lowest corners of cells lie."""
        return np.asarray((places - self.pad).astype(np.float32) * self.cell + self.lower)

    def crossed_cells(self) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Cells (n, 3) with corners of both signs, and their corner values (n, 8)."""
        fresh = self.candidates()
        seen = np.zeros(0, bool)
        found: list[NDArray[np.int32]] = []
        found_values: list[NDArray[np.float32]] = []
        while len(fresh):
            addresses = self.addresses.claim(fresh)
            seen = np.pad(seen, (0, self.addresses.capacity - len(seen)))
            seen[addresses] = True
            values = self._corner_values(fresh)
            mixed = MIXED_FACES[configurations(values)]
            crossed = mixed > 0
            found.append(fresh[crossed])
            found_values.append(values[crossed])
            fresh = self._unseen_neighbours(fresh[crossed], mixed[crossed], seen)
        if not found:
            return np.zeros((0, 3), np.int32), np.zeros((0, 8), np.float32)
        cells = np.concatenate(found)
        self.row_of_cell = np.full(self.addresses.capacity, -1, np.int32)
        self.row_of_cell[self.addresses.claim(cells)] = np.arange(len(cells))
        return cells, np.concatenate(found_values)

    def neighbours_below(self, cells: NDArray[np.int32]) -> NDArray[np.int64]:
        """The row of the crossed neighbour below each cell along each axis, or −1."""
        rows = np.full((len(cells), 3), -1, np.int64)
        for axis in range(3):
            inside = np.flatnonzero(cells[:, axis] > 0)
            neighbours = cells[inside]
            neighbours[:, axis] -= 1
            addresses = self.addresses.find(neighbours)
            rows[inside, axis] = np.where(addresses < 0, -1, self.row_of_cell[addresses])
        return rows

    def _unseen_neighbours(
        self, cells: NDArray[np.int32], mixed: NDArray[np.uint8], seen: NDArray[np.bool_]
    ) -> NDArray[np.int32]:
        """Cells that the surface enters and that the search left out: only where a field's bounds are not sound."""
        entered = []
        for face in range(6):
            neighbours = cells[(mixed >> face & 1).astype(bool)]
            neighbours[:, face // 2] += 2 * (face % 2) - 1
            neighbours = neighbours[((neighbours >= 0) & (neighbours < self.size)).all(1)]
            addresses = self.addresses.find(neighbours)
            entered.append(neighbours[(addresses < 0) | ~seen[addresses]])
        return np.unique(np.concatenate(entered), axis=0)

    def candidates(self) -> NDArray[np.int32]:
        """Cells (n, 3) that the field's bounds leave open."""
        boxes, side = self.boxes_at_start()
        while True:
            value, slope, error, reach = self._enclose(boxes, side)
            touching = ((boxes == 0) | (boxes + side >= self.size)).any(1) & bool(self.pad)
            open_ = ~(value - reach > 0) & ((value + reach >= 0) | touching)
            boxes = boxes[open_]
            if side <= BLOCK:
                return self._cells_near(boxes, value[open_], slope[open_], error[open_])
            side //= 2
            boxes = self.halved(boxes, side)

    def boxes_at_start(self) -> tuple[NDArray[np.int32], int]:
        """Boxes (n, 3) that cover the grid, by their lowest cells, and how many cells each has along its side."""
        side = BLOCK
        while -(-self.size // side) > BOXES_AT_START:
            side *= 2
        line = np.arange(0, self.size, side, dtype=np.int32)
        return np.stack(np.meshgrid(line, line, line, indexing="ij"), -1).reshape(-1, 3), side

    def halved(self, boxes: NDArray[np.int32], side: int) -> NDArray[np.int32]:
        """The boxes' eighths, which have this many cells along their side."""
        boxes = (boxes[:, None] + CORNERS * np.int32(side)).reshape(-1, 3)
        return boxes[(boxes < self.size).all(1)]

    def _enclose(self, boxes: NDArray[np.int32], side: int) -> tuple[NDArray[np.float32], ...]:
        """The field's value, slope, error and reach over boxes of cells."""
        half = side * self.cell * np.float32(0.5)
        centres = torch.from_numpy(self.position(boxes) + half).to(self.field.device)
        enclosure = self.field.enclose(centres, torch.full_like(centres, float(half) * (1 + 1e-5)))
        slope = enclosure.slope.cpu().numpy()
        error = enclosure.error.cpu().numpy()
        return enclosure.value.cpu().numpy(), slope, error, np.abs(slope).sum(1) * half + error

    def _cells_near(
        self,
        boxes: NDArray[np.int32],
        value: NDArray[np.float32],
        slope: NDArray[np.float32],
        error: NDArray[np.float32],
    ) -> NDArray[np.int32]:
        """Cells of the boxes in which the linear bounds allow a crossing."""
        line = (np.arange(BLOCK, dtype=np.float32) + np.float32(0.5 - BLOCK / 2)) * self.cell
        middle = value[:, None, None, None]
        for axis in range(3):
            shape = [-1 if index == axis + 1 else 1 for index in range(4)]
            middle = middle + slope[:, axis, None, None, None] * line.reshape(shape)
        reach = (np.abs(slope).sum(1) * self.cell * np.float32(0.5) + error)[:, None, None, None] * np.float32(1 + 1e-5)
        positive, negative = middle > reach, middle < -reach
        steps = np.arange(BLOCK)
        for axis in range(3):
            if self.pad:  # cells of the outer layer have outside corners, whatever the field says
                place = boxes[:, axis, None] + steps
                shape = [len(boxes), 1, 1, 1]
                shape[axis + 1] = BLOCK
                negative &= ~((place == 0) | (place == self.size - 1)).reshape(shape)
        box, x, y, z = np.nonzero(~(positive | negative))
        cells = boxes[box] + np.stack((x, y, z), 1).astype(np.int32)
        return cells[(cells < self.size).all(1)]

    def evaluate(self, points: Tensor) -> Tensor:
        """What the corners of cells are told."""
        return self.field.values(points)

    def _corner_values(self, cells: NDArray[np.int32]) -> NDArray[np.float32]:
        """The field at the corners of cells, (n, 8), each corner evaluated once."""
        addresses = np.stack([self.corners.claim(cells + corner) for corner in CORNERS], 1)
        grown = (0, self.corners.capacity - len(self.values))
        self.values, self.known = np.pad(self.values, grown), np.pad(self.known, grown)
        wanted = np.zeros(len(self.values), bool)
        wanted[addresses] = True
        fresh = np.flatnonzero(wanted & ~self.known)
        self.known[fresh] = True
        places = self.corners.places(fresh)
        beyond = ((places == 0) | (places == self.size)).any(1) if self.pad else np.zeros(len(places), bool)
        self.values[fresh[beyond]] = OUTSIDE
        points = torch.from_numpy(self.position(places[~beyond])).to(self.field.device)
        values = self.evaluate(points).cpu().numpy()
        self.values[fresh[~beyond]] = np.nan_to_num(values, nan=OUTSIDE, posinf=OUTSIDE, neginf=-OUTSIDE)
        return self.values[addresses]


def _project(
    field: Field, vertices: NDArray[np.float32], origins: NDArray[np.float32], grid: Grid
) -> NDArray[np.float32]:
    """Newton steps onto the surface, each vertex staying by its cell and in the cube so that no face folds over."""
    if not len(vertices):
        return vertices
    points = torch.from_numpy(vertices).to(field.device)
    least = torch.from_numpy(np.maximum(origins - LEEWAY * grid.cell, grid.lower)).to(field.device)
    most = torch.from_numpy(np.minimum(origins + (1 + LEEWAY) * grid.cell, grid.upper)).to(field.device)
    most = torch.maximum(least, most)
    points = torch.minimum(torch.maximum(points, least), most)
    free = torch.from_numpy(((origins >= grid.lower) & (origins < grid.upper - grid.cell * 0.5)).all(1)).to(
        field.device
    )
    for _ in range(NEWTON_STEPS):
        values, gradient = field.values_and_gradient(points)
        steepness = gradient.norm(dim=1)
        length = (values / steepness).nan_to_num(0.0).clamp(-float(grid.cell), float(grid.cell))
        step = torch.where(free, length / steepness, 0.0)[:, None] * gradient
        points = torch.minimum(torch.maximum(points - step.nan_to_num(0.0), least), most)
    return points.cpu().numpy()
