"""The function between two shapes whose motion a mesh gives: that mesh's distance, with the detail of both shapes.

Carried to its end, a point far from its limb may come to lie in another one. The carried mesh knows better there, so
what the shapes say counts only as far as detail may reach. Knows no network.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..machine.cores import usable_cores
from ..machine.thread_chunks import in_chunks
from .carried_mesh import Bound, CarriedMesh
from .placed_surface import PlacedSurface
from .thin_parts import THIN, seen_by_cells

DETAIL = 0.006
"""How far a shape's surface may be from the carried mesh, in training-frame units, which is a stand-in for both.

Chosen.
"""
DETAIL_AWAY = 0.4
"""How much more for each unit of distance from the mesh. Chosen."""
NEAR_END = 0.12
"""Share of the way over which a shape that is near is let speak for itself, whatever it says. Chosen."""

Points = NDArray[np.float32]


class CarriedBlend:
    """The function at one share of the way, in the training frame."""

    def __init__(self, mesh: CarriedMesh, surfaces: Sequence[PlacedSurface], share: float, threads: int = 0) -> None:
        self.share = min(max(share, 0.0), 1.0)
        self._mesh, self._surfaces = mesh, surfaces
        self._threads = threads or usable_cores()
        self._at_shape = self.share in (0.0, 1.0)

    def freedom(self, points: Points) -> Points:
        """How much of the surface is no shape's own: none, it is that of a carried mesh."""
        return np.zeros(len(points), np.float32)

    def values(self, points: Points, cell: float = 0.0, scattered: bool = False) -> tuple[Points, Points]:
        """The function at points (n, 3), and that it is to be trusted everywhere: no gap is shut here.

        Whether points are scattered makes no difference. Where a cell's size is given it is lowered about what is too
        thin for cells.
        """
        thin = cell > 0 and self.too_thin_for(cell)
        self._mesh.surface(self.share)
        (values,) = in_chunks(
            lambda chunk: (self._lowered(chunk, cell) if thin else self._told(chunk),), points, self._threads
        )
        return values, np.ones_like(values)

    def too_thin_for(self, cell: float) -> bool:
        """Whether there are parts that cells of this size do not find as they are."""
        return any(surface.thin_parts.thinnest < THIN * cell for surface in self._surfaces)

    def thin_at(self, points: Points, cell: float, steep: Points) -> NDArray[np.bool_]:
        """Where points are about such parts; none is squeezed here, however fast the function changes."""
        bound = self._mesh.bound(points, self.share)
        places = [self._mesh.released(bound, float(side)) for side in (0, 1)]
        pairs = zip(self._surfaces, places, strict=True)
        return np.asarray(np.any([part.thin_parts.thickness(place) < THIN * cell for part, place in pairs], axis=0))

    def values_and_gradient(self, points: Points) -> tuple[Points, Points, Points]:
        """The function, its gradient and the trust."""
        self._mesh.surface(self.share)
        values, gradient = in_chunks(self._seen, points, self._threads)
        return values, gradient, np.ones_like(values)

    def _told(self, points: Points) -> Points:
        """The function alone."""
        if self._at_shape:
            return self._surfaces[round(self.share)].measure(points)[0]
        return self._blended(self._mesh.bound(points, self.share))

    def _blended(self, bound: Bound) -> Points:
        """The same between the shapes, of bound points."""
        distances = (self._surfaces[side].measure(self._mesh.released(bound, float(side)))[0] for side in (0, 1))
        first, second = (self._detailed(bound.distances, found, side)[0] for side, found in enumerate(distances))
        part = np.float32(self.share)
        return (1 - part) * first + part * second

    def _seen(self, points: Points) -> tuple[Points, Points]:
        if self._at_shape:
            distance, gradient, *_ = self._surfaces[round(self.share)].measure(points)
            return distance, gradient
        bound = self._mesh.bound(points, self.share)
        first, second = (self._sloped(bound, side) for side in (0, 1))
        part = np.float32(self.share)
        return (1 - part) * first[0] + part * second[0], (1 - part) * first[1] + part * second[1]

    def _lowered(self, points: Points, cell: float) -> Points:
        """What cells are to know of the function: parts too thin for them are as thick as they need."""
        if self._at_shape:
            values = self._told(points).copy()
            near = np.flatnonzero(np.abs(values) < THIN * cell)
            bound = self._mesh.bound(points[near], self.share)
        else:
            bound = self._mesh.bound(points, self.share)
            values = self._blended(bound)
            near = np.flatnonzero(np.abs(values) < THIN * cell)
            bound = bound.only(near)
        places = [self._mesh.released(bound, float(side)) for side in (0, 1)]
        thickness = [surface.thin_parts.thickness(place) for surface, place in zip(self._surfaces, places, strict=True)]
        weights = [1 - self.share, self.share]
        values[near] = seen_by_cells(values[near], cell, [values[near], values[near]], weights, thickness)
        return values

    def _sloped(self, bound: Bound, side: int) -> tuple[Points, Points]:
        """The carried mesh's distance and its gradient, with one shape's detail."""
        turned = self._mesh.turned(bound, float(side))
        distance, gradient, *_ = self._surfaces[side].measure(self._mesh.put_down(bound, turned, float(side)))
        gradient = np.einsum("nij,ni->nj", turned, gradient)
        values, held = self._detailed(bound.distances, distance, side)
        return values, np.where(held[:, None], bound.outwards, gradient).astype(np.float32)

    def _detailed(self, own: Points, distance: Points, side: int) -> tuple[Points, NDArray[np.bool_]]:
        """The carried mesh's own distances with one shape's detail, and where that is more than detail."""
        left = abs(self.share - side)
        reach = DETAIL + DETAIL_AWAY * np.abs(own) + max(0.0, 1 - left / NEAR_END) ** 2
        return np.clip(distance, own - reach, own + reach).astype(np.float32), np.abs(distance - own) > reach
