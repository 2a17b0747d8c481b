"""What two neighbours of a chain have in common, at the same place of the world: it is to stand still in between.

A flow that is found from samples carries such a part back to where it was to within a few thousandths; seen from frame
to frame that is a shimmer. There the two shapes are blended where they lie. Where the flow leads it elsewhere, it is no
longer the same part: blended where it lies *and* where it goes it would be torn. So that a flow does not, it is told.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from scipy.spatial import KDTree

from ..shapes.distance import DistanceField
from ..shapes.shape import Shape
from ..shapes.smooth_ramp import smooth_ramp
from ..shapes.surface_samples import sample_surface

SAMPLES = 20_000
"""Places of the first surface at which it is looked whether the other is there too. Chosen."""
SAME_PLACE = 5e-4
"""Of the diagonal: the other surface is that near where a part is the same. Chosen; 1e-4 at first."""
SAME_WAY = 0.99
"""Cosine between the normals there. Chosen."""
LEAST_SHARE = 0.02
"""Of the first shape's surface: less in common is where the surfaces happen to touch. Chosen."""
LEAST_SPREAD = 0.02
"""The least share of its normals' squares in any direction. Chosen: whatever stands on one floor has a flat part in
common, which says nothing; of a kettle and a teapot it left a plate that floated.
"""
LARGE_SHARE = 0.5
"""Of the smaller surface, from where on a part holds both shapes. Chosen: a man is .78 of himself as a statue; of stars
with three and with four arms .3 is the same, and held by it their arms did not swing, but shrank and grew."""
MARKS = 100
"""Places of such a part that a flow is told to leave where they are. Chosen."""
LED_AWAY = 0.05
"""Diagonals that a flow may lead such a place away. Chosen: twice of what it misses by, told to leave it."""
WITHIN, SURE = 0.02, 0.06
"""Diagonals from where the shapes part to where a part begins to stand still, and to where it does wholly. Chosen."""
NODES = 65
"""Of the lattice, along each side. Chosen."""
LEEWAY = 1.15
"""How much larger than the shape the lattice is on which that is kept. Chosen."""

Array = NDArray[np.float64]


class CommonPart:
    """Where points of the world are beside a part that both shapes have: 1 well within it, 0 elsewhere."""

    def __init__(
        self, first: Shape, second: Shape, field: DistanceField, led: Callable[[Array], Array] | None = None
    ) -> None:
        """``field`` is the second shape's; both shapes lie where they are in the world.

        led: where places of the first shape come to lie at the end, where that is known.
        """
        points, normals, _ = sample_surface(first.vertices, first.triangles, SAMPLES, np.random.default_rng(0))
        distance, gradient, _ = field.measure(points)
        # About an edge the nearest place may lie on its other side: that is no reason to part.
        near = np.abs(distance) < SAME_PLACE * first.diagonal
        if led is not None and near.any():
            near[near] = np.linalg.norm(led(points[near]) - points[near], axis=1) < LED_AWAY * first.diagonal
        same = near & (np.einsum("ij,ij->i", gradient, normals) > SAME_WAY)
        spread = np.linalg.eigvalsh(normals[same].T @ normals[same])[0] / max(int(same.sum()), 1)
        self.there = bool(same.mean() >= LEAST_SHARE and spread >= LEAST_SPREAD)
        self.low = first.centre - LEEWAY * first.diagonal / 2
        self.spacing = LEEWAY * first.diagonal / (NODES - 1)
        self.marks = np.empty((0, 3))
        """Places by which it is held, where it is large."""
        if not self.there:
            return
        from_rest = np.full(len(points), np.inf) if near.all() else KDTree(points[~near]).query(points)[0]
        weights = smooth_ramp(from_rest / first.diagonal, WITHIN, SURE)
        self._points, self._weights = points, weights
        if same.mean() * first.area >= LARGE_SHARE * min(first.area, second.area):
            self.marks = points[weights >= 1][:MARKS]

    @cached_property
    def lattice(self) -> NDArray[np.float32]:
        """The weights at the nodes; nobody who only asks what there is in common needs them."""
        axis = np.arange(NODES) * self.spacing
        nodes = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3) + self.low
        reach, nearest = KDTree(self._points).query(nodes, distance_upper_bound=4 * self.spacing)
        held = np.append(self._weights, 0.0)[nearest] * (3 - reach / self.spacing).clip(0, 1)
        return np.asarray(held, np.float32).reshape((NODES,) * 3)

    def weight(self, points: Array) -> NDArray[np.float32]:
        """At points of the world."""
        places = ((points - self.low) / self.spacing).T
        return np.asarray(map_coordinates(self.lattice, places, order=1, mode="constant"), np.float32)
