"""Gaps between a shape's own walls, such as that between a wing and the body, and how they shut; knows no meshes.

Where the other shape is solid a gap has to close on the way. Left to the blend it does so patch by patch, as its width
happens to vary, and for as long as that takes each patch that is still open shows as a handle. Here a gap shuts as soon
as its shape is left, and opens just before its shape is reached. Where both shapes have a gap, nothing shuts.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import KDTree
from torch import Tensor

from .frame_lattice import NODES, SPACING, lattice_nodes

WIDTH = 0.03
"""The widest gap that shuts at once, in training-frame units.

Measured: with 0.05, webs between the cat's legs made handles of their own, 2.5 a run on fish to cat.
"""
HEIGHTS = (0.004, 0.015, 0.027)
"""Above a surface, at which it is looked at whether there is a gap. Follows from the width: up to just below it."""
DEPTH = 0.03
"""How far inside the middle of a gap lies when it is shut. Chosen."""
SHUTTING = 0.06
"""Share of the way between the shapes that it takes. Chosen. Measured: half or twice of it changes nothing above
chance."""
SOLID = 0.02
"""From this depth inside the other shape a gap shuts wholly. Chosen."""

Array = NDArray[np.float64]


class Walls(Protocol):
    """A shape in the training frame."""

    def signed(self, points: Array) -> Array:
        """Distance, negative inside."""

    def nearest(self, points: Array) -> Array:
        """The nearest point of the surface."""


def narrowness(shape: Walls, points: Array, distances: Array) -> Array:
    """1 in a gap, 0 where there is room: whether a step away from the nearest wall leads away from every wall."""
    found = np.zeros(len(points))
    close = np.flatnonzero((distances > 0) & (distances < WIDTH))
    if len(close) == 0:
        return found
    away = points[close] - shape.nearest(points[close])
    away /= np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-12)
    found[close] = width_to_narrowness(distances[close], shape.signed(points[close] + WIDTH * away))
    return found


def width_to_narrowness(distances: NDArray[Any], ahead: NDArray[Any]) -> NDArray[Any]:
    """The same from the distances at points, and a step away from their nearest walls."""
    gained = (ahead - distances) / WIDTH
    return np.asarray(((0.8 - gained) / 0.6).clip(0, 1))


class GapWalls:
    """Where a shape's narrow gaps are, walls included: 1 about them, 0 elsewhere, smooth between."""

    def __init__(self, shape: Walls, points: Array, normals: Array) -> None:
        """From points of the shape's surface and its normals there."""
        narrow = np.zeros(len(points), bool)
        for height in HEIGHTS:
            above = points + height * normals
            narrow |= narrowness(shape, above, np.asarray(shape.signed(above), np.float64)) > 0
        self.any = bool(narrow.any())
        nodes = lattice_nodes()
        reach = np.full(len(nodes), np.inf)
        if self.any:
            reach = KDTree(points[narrow]).query(nodes, distance_upper_bound=3 * SPACING)[0]
        self.lattice = (2 - reach / SPACING).clip(0, 1).astype(np.float32).reshape((NODES,) * 3)


def shut(own: Tensor, narrow: Tensor, other: Tensor, share: Tensor) -> Tensor:
    """Distances to a shape with its gaps shut, ``share`` of the way from it to the other, which is ``other`` away."""
    gone = (share / SHUTTING).clamp(0, 1)
    return own - DEPTH * narrow * gone * gone * (3 - 2 * gone) * (-other / SOLID).clamp(0, 1)


def shut_distances(
    shapes: tuple[Walls, Walls], origin: Tensor, arrival: Tensor, share: Tensor
) -> tuple[Tensor, Tensor]:
    """Distances to both shapes from where matter is at the ends, their gaps shut; ``share`` from the first one."""
    places = [place.numpy().astype(np.float64) for place in (origin, arrival)]
    distances = [np.asarray(shape.signed(place), np.float64) for shape, place in zip(shapes, places, strict=True)]
    own = [torch.from_numpy(distance.astype(np.float32)) for distance in distances]
    narrow = []
    for end in (0, 1):
        within = np.flatnonzero(distances[1 - end] < 0)
        found = np.zeros(len(share), np.float32)
        found[within] = narrowness(shapes[end], places[end][within], distances[end][within])
        narrow.append(torch.from_numpy(found))
    return shut(own[0], narrow[0], own[1], share), shut(own[1], narrow[1], own[0], 1 - share)
