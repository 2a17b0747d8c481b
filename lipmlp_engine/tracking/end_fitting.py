"""Fits a sheet that has come close to a shape onto that shape's own surface; knows nothing of time and fields."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..poses.ground import Ground
from ..shapes.distance import DistanceField
from ..shapes.shape import doubled_area_vectors, unit
from ..shapes.surface_samples import sample_surface
from .elastic_sheet import Sheet
from .surface_pull import WITHIN_FACE, Pull, from_samples, pulled

ROUNDS = 16
"""Of looking for the nearest place, each with a softer sheet. Chosen."""
TOUCHES = 4
"""Times that a sheet of the surface's very shape is set onto it. Chosen."""
FIRST_STIFFNESS = 1.0
"""Of the sheet in the first round. Chosen."""
LAST_STIFFNESS = 0.01
"""The whole goes first and its detail after. Chosen."""
SWEEPS = 12
"""In which faces are evened out. Chosen."""
UNTANGLINGS = 2
"""Rounds, after each pull, in which faces that have turned over are drawn together. Chosen."""
LEEWAY = 0.2
"""Distortion of a face that is let be. Chosen."""
ALIKE = 0.2
"""Least cosine between a face's normal and that of the surface it is drawn to. Chosen."""
OWN_NORMAL = 0.5
"""How much the sheet's own normal counts beside the surface's where faces are evened out. Chosen."""
FEWEST_SAMPLES = 6_000
"""Of the target that pull. Chosen."""
MANY_FACES = 30_000
"""From which on a face is so small that its middle alone is held against the surface. Chosen."""

Array = NDArray[np.float64]


class Destination:
    """A shape's surface in the training frame, with samples spread over it."""

    def __init__(self, vertices: Array, triangles: NDArray[np.int32], samples: int, threads: int) -> None:
        self._threads = threads
        count = max(FEWEST_SAMPLES, samples)
        self.samples, _, _ = sample_surface(vertices, triangles, count, np.random.default_rng(0))
        self.ground = Ground(vertices, triangles, self.samples, DistanceField(vertices, triangles, threads=threads))
        self._sample_normals = self.nearest(self.samples)[1]

    def nearest(self, points: Array) -> tuple[Array, Array]:
        """The nearest point of the surface to each point, and the surface's smooth normal there."""
        return self.ground.nearest(points)

    def touched(self, sheet: Sheet, points: Array) -> Array:
        """A sheet that has the surface's very shape, set onto it without any sliding that is not asked for."""
        every, alone = np.arange(len(points))[:, None], np.ones((len(points), 1))
        for _ in range(TOUCHES):
            ways = self.nearest(points)[0] - points
            points = pulled(sheet, points, [Pull(every, alone, ways, np.ones(len(points)))], FIRST_STIFFNESS)
        return points

    def fitted(self, sheet: Sheet, points: Array) -> Array:
        """The sheet drawn onto the surface: faces to what is nearest and alike, samples drawing faces to them."""
        count = len(sheet.triangles)
        within = WITHIN_FACE[: 1 if count > MANY_FACES else None]
        corners, shares = np.tile(sheet.triangles, (len(within), 1)), np.repeat(within, count, axis=0)
        for round_, stiffness in enumerate(np.geomspace(FIRST_STIFFNESS, LAST_STIFFNESS, ROUNDS)):
            places = np.einsum("pc,pcj->pj", shares, points[corners])
            there, normals = self.nearest(places)
            facing = np.tile(unit(doubled_area_vectors(points, sheet.triangles)), (len(within), 1))
            weights = ((normals * facing).sum(1) > ALIKE) / (2 * len(within))
            ahead = Pull(corners, shares, there - places, weights)
            back = from_samples(sheet, points, self.samples, self._sample_normals, 1.0, self._threads)
            points = pulled(sheet, points, [ahead, back], float(stiffness))
            if round_ < ROUNDS - 1:
                normals = unit(self.nearest(points)[1] + OWN_NORMAL * sheet.normals(points))
                points = sheet.evened(sheet.untangled(points, normals, UNTANGLINGS), normals, SWEEPS, LEEWAY)
        return points
