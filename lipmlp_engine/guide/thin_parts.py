"""Where a shape is thinner than cells can see, and how much must be added to its function for them to see it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from .frame_lattice import NODES, SPACING, between_nodes, lattice_nodes

NEAR = 1.8 * SPACING
"""What is so near to a node counts there: linear interpolation between nodes then sees no part thicker than it is.

Follows from a lattice cell's diagonal, 1.73 spacings, and a little.
"""
THICKEST = 0.15
"""In units of the training frame: nothing thicker is ever too thin for cells, which are 1/16 at most.

Follows from twice the depth that is asked for in such cells, 0.12, and some room.
"""
DEEP_ENOUGH = 0.95
"""Cells: how deep the middle of a part must lie for corners of cells to find all of it, however it is turned.

Follows from half of the diagonal of a cell, 0.87, and a little.
"""
THIN = 2 * DEEP_ENOUGH
"""Cells: what is thicker is found as it is, and farther than this from a surface nothing is lowered to below zero.

Follows from the depth.
"""

STEEPEST = 2.5
"""How much thinner a flow may have made a part, at most, for cells to be told.

Chosen: where it is squeezed more, little is left of it.
"""
NEIGHBOURS, ROUNDS = 8, 6
"""Points of the surface that are asked for their thickness, from one to the next. Chosen."""

Array = NDArray[np.float64]


class ThinParts:
    """The least thickness about each point near a shape's thin parts."""

    def __init__(self, points: Array, thickness: Array) -> None:
        """From points of the surface and the thickness below each, in the training frame."""
        self.of_parts = _of_parts(points, np.minimum(thickness, THICKEST))
        """At points spread evenly over the surface: how thick the part is that they belong to."""
        thin = thickness < THICKEST
        self.thinnest = float(thickness.min(initial=np.inf))
        self.lattice = np.full((NODES,) * 3, THICKEST, np.float32)
        if not thin.any():
            return
        nodes = lattice_nodes()
        near = KDTree(points[thin]).query(nodes, distance_upper_bound=NEAR)[0] < np.inf
        order = np.argsort(thickness[thin])
        sorted_points, sorted_thickness = points[thin][order], thickness[thin][order]
        found = KDTree(sorted_points).query_ball_point(nodes[near], NEAR, return_sorted=False)
        least = [sorted_thickness[min(rows)] for rows in found]
        self.lattice.reshape(-1)[near] = np.minimum(least, THICKEST)

    def thickness(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """At points of the training frame."""
        return between_nodes(self.lattice, points)


def _of_parts(points: Array, thickness: Array) -> Array:
    """A blade that runs out into an edge is as thick as its middle: the most that is found on the way there."""
    _, around = KDTree(points).query(points, k=min(NEIGHBOURS, len(points)))
    for _ in range(ROUNDS):
        thickness = thickness[around].max(axis=1)
    return thickness


def seen_by_cells(
    values: NDArray[np.float32],
    cell: float,
    distances: Sequence[NDArray[np.float32]],
    weights: Sequence[float],
    thickness: Sequence[NDArray[np.float32]],
    steepness: Sequence[NDArray[np.float32]] | None = None,
) -> NDArray[np.float32]:
    """A blended function's values, lowered about what is too thin for cells until the corners of cells find it.

    distances, weights, thickness: of each shape that the function is blended from. Half a thickness below a thin
    part's surface lies its middle; how deep it is there decides how much is missing, and whether there is a part left.
    steepness: how fast each distance changes where a flow has squeezed it, 1 where nothing is said.
    """
    depth, steepest = values.copy(), np.zeros_like(values)
    for distance, weight, thick, steep in zip(
        distances, weights, thickness, steepness or [np.ones_like(values)] * len(distances), strict=True
    ):
        narrow = (thick < THIN * cell * steep) & (weight > 0)
        depth -= np.where(narrow, weight * (distance + thick / 2), 0)
        steepest = np.where(narrow, np.maximum(steepest, steep), steepest)
    told = (np.abs(values) < THIN * cell * steepest) & (depth < 0)
    missing = np.where(told, DEEP_ENOUGH * cell * steepest + depth, 0)
    return np.asarray(values - np.maximum(missing, 0), np.float32)
