"""The net of a function with detail from the shapes: the faces of its surface, and about where the vertices are.

The cells are those that exact values leave open; the faces are the surface nets' quads. That is enough to count handles
and pieces by, and a small part of the work. Knows nothing about time, poses or attributes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..guide.thin_parts import STEEPEST
from .detail import DetailedField
from .surface_nets import CORNERS, surface_nets
from .zero_set import Grid

STEEPNESS = 1.3
"""How fast the exact function may change where boxes are dropped by its value at their middle.

Carried distances may change faster here and there; the search along the surface finds what is missed so. Chosen.
Measured: half or twice of it changes nothing above chance, seconds included.
"""
BOX = 2
"""Cells along the side of the boxes whose middle tells, by value and gradient, which of their cells are crossed.

Chosen. Measured with it, other savings included: 24 frames of 128 cells (cat to koala) went from 19.3 to 11.8 s of
processor.
"""
DOUBT = 0.35
"""Cells: how far that may be wrong. What is missed all the same is found from the cells beside it. Chosen. Measured:
half or twice of it moves ends by 1.3 % at most, and costs nothing."""
DOUBT_MIXED = 0.7
"""The same where the function is part of it the network's, which bends where it likes. Chosen."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Net:
    """In the training frame."""

    vertices: Floats
    """Each in its cell, about where the surface is."""
    quads: NDArray[np.int32]
    origins: Floats
    """The lowest corner of each vertex's cell."""
    cell: float


def net_of(field: DetailedField, resolution: int) -> Net:
    """The net of the surface where the field is zero, within [-1, 1]³: closed and manifold."""
    grid = _ExactGrid(field, resolution, -1.0, 1.0, 1)
    cells, values = grid.crossed_cells()
    inner, cell_of_vertex, quads = surface_nets(values, grid.neighbours_below(cells))
    origins = grid.position(cells[cell_of_vertex])
    return Net(origins + inner * grid.cell, quads, origins, float(grid.cell))


class _ExactGrid(Grid):
    """Cells that the exact function's own values leave open."""

    field: DetailedField

    def evaluate(self, points: Tensor) -> Tensor:
        return self.field.values_for_cells(points, float(self.cell))

    def candidates(self) -> NDArray[np.int32]:
        boxes, side = self.boxes_at_start()
        # About parts too thin for cells the function is lowered, by less than a cell.
        thin = self.field.exact.too_thin_for(float(self.cell))
        margin = self.cell if thin else 0.0
        while side > 1:
            if side == BOX:
                return self._crossed_by_slope(boxes, thin)
            radius = float(side * self.cell) * np.sqrt(3) / 2
            centres = self.position(boxes) + np.float32(side / 2) * self.cell
            values, _ = self.field.exact.values(centres, scattered=True)
            near = np.abs(values) <= STEEPNESS * radius + margin
            side //= 2
            boxes = self.halved(boxes[near], side)
        return boxes

    def _crossed_by_slope(self, boxes: NDArray[np.int32], thin: bool) -> NDArray[np.int32]:
        """Cells of boxes in which the function, were it as straight as it is in a box's middle, would be zero.

        Where cells see the function lowered all of a box's cells are looked at.
        """
        centres = self.position(boxes) + np.float32(BOX / 2) * self.cell
        values, slopes, trust = self.field.exact.values_and_gradient(centres)
        steep = np.linalg.norm(slopes, axis=1)
        whole = self.field.exact.thin_at(centres, float(self.cell), steep) if thin else np.zeros(len(centres), bool)
        whole &= np.abs(values) <= (STEEPNESS * BOX * np.sqrt(3) / 2 + 1) * self.cell * np.clip(steep, 1, STEEPEST)
        # What is not to be trusted is shown as the network has it.
        mixed = np.flatnonzero(trust < 1)
        shown = self.field.values_and_gradient(torch.from_numpy(centres[mixed]).to(self.field.device))
        values[mixed], slopes[mixed] = (part.cpu().numpy() for part in shown)
        away = (CORNERS.astype(np.float32) - np.float32(0.5)) * self.cell
        reach = (np.abs(slopes).sum(1) / 2 + np.where(trust < 1, DOUBT_MIXED, DOUBT).astype(np.float32)) * self.cell
        crossed = np.abs(values[:, None] + slopes @ away.T) <= reach[:, None]
        box, corner = np.nonzero(crossed | whole[:, None])
        cells = boxes[box] + CORNERS[corner]
        return cells[(cells < self.size).all(1)]
