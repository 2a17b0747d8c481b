"""Turns what encloses next to nothing to the eye that can have seen all of it; knows no grid, no surface.

A façade with the street before it is a corner of two planes, which links and the winding number have either way. But
from the street nothing of it hides anything, and from within sills do, and the reveals of windows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..shapes.ways_out import directions
from .curved_back import curves_back
from .viewer import OUTLINE, PIXEL, Viewer, eye_at, likeliest, outline_of, pixels
from .winding_grid import summed_number

Array = NDArray[np.float64]

ENCLOSES, ASKED = 0.47, 200
"""Winding number, half-way among so many points, from which a cloud goes around something, so that it tells.
Chosen: what is closed has .5, three sides of a box .3."""
FEWEST = 2000
"""Points below which what is odd is chance. Chosen."""
LEANING = 0.92
"""How far normals lean outwards at the outline of what goes on behind it. Chosen: three walls that meet lean by .82."""
LAYERS, LAYERED = 0.3, 0.15
"""Spacings as in ``STRAIGHT`` from which one of two points lies behind the other, though it may count as seen, and the
share of such points from which a cloud has two sides that are close to each other, so that no eye sees all of it.
Chosen."""
LOOKED_FROM, FROM = 40, 2.4
"""Directions that are tried first, and how many times the cloud's size away. Chosen."""
TRIED_WITH, LOOKED_AT = 10_000, 40_000
"""Points of the cloud that are looked at from there, and from where its eye is looked for. Chosen."""
OPEN = 0.15
"""Share of the points that may be hidden in the best of those directions, for an eye to be looked for. Chosen: half of
what is closed is hidden from everywhere."""
HIDDEN = 0.08
"""The same of the eye that is found. Measured: of 15 scans of façades, rooms and streets, by one stand to three, .061
at most, of 15 of animals from one side .010.
"""
LIKELIER = 1.06
"""How many times as much must be odd to an eye on the other side for this one to be believed, not the sides as they
are. Measured, true eye to one on the other side: 14 of those scans of rooms and streets 1.09 to 2.8, a relief .99, and
the 15 animals, which turn out of sight all around and hide as little either way, .97 at least.
"""
BY_CHANCE = 1.5
"""Times the square root of how many points are odd to an eye, by which more must be odd to the other. Chosen: of 700
points of half a ball, which is seen as well from within, ten are nothing.
"""
STRAIGHT = 1.0
"""Spacings that a point lies off the plane of what lies before it, and that off its plane, from which it is hidden.
Chosen: by depth alone whatever is seen at a grazing angle hides itself."""


def sight_of(side: Array, points: Array, walls: Array) -> Array | None:
    """The cosine between each of the ``walls``, which are normals times areas, and the way to the eye that saw all of
    the cloud; None where there is none, or the ``side`` of each, 1 or -1, is told by what they go around."""
    facing = walls * side[:, None]
    if len(points) < FEWEST or float(np.median(summed_number(_some(points, ASKED), points, facing))) > ENCLOSES:
        return None
    area = np.linalg.norm(walls, axis=1, keepdims=True)
    # What turns out of sight all around hides as little of itself from within, and encloses enough.
    if curves_back(points, facing / area, np.sqrt(area[:, 0]), LEANING):
        return None
    viewer = _eye_of(points, facing)
    if viewer is None:
        return None
    return viewer.facing(points, walls / area)


def _eye_of(points: Array, facing: Array) -> Viewer | None:
    """Who saw all of the points; None if nobody can have, or who did can as well have stood on the other side."""
    few = _Scene(_some(points, TRIED_WITH), _some(facing, TRIED_WITH))
    ways = directions(LOOKED_FROM)
    tried = [few.odd(eye_at(few.points, way, FROM)) for way in ways]
    if min(hidden for hidden, _ in tried) > OPEN:
        return None
    way = ways[int(np.argmin([hidden + outline for hidden, outline in tried]))]
    scene = _Scene(_some(points, LOOKED_AT), _some(facing, LOOKED_AT))
    (odd, viewer), (other, _) = sorted(
        (likeliest(scene.points, each, lambda seen_by: sum(scene.odd(seen_by))) for each in (way, -way)),
        key=lambda found: found[0],
    )
    count = len(scene.points)
    if other < LIKELIER * odd or (other - odd) * count < BY_CHANCE * (odd * count) ** 0.5:
        return None
    layered = scene.odd(viewer, LAYERS)[0] > LAYERED
    return viewer if scene.odd(viewer)[0] < HIDDEN and not layered else None


class _Scene:
    """Points that somebody saw, with the lines of their normals."""

    def __init__(self, points: Array, walls: Array) -> None:
        self.points = points
        area = np.linalg.norm(walls, axis=1)
        self._lines = walls / np.maximum(area, np.finfo(np.float64).tiny)[:, None]
        self._spacing = float(np.sqrt(np.median(area)))

    def odd(self, viewer: Viewer, straight: float = STRAIGHT) -> tuple[float, float]:
        """What is odd to that viewer: the share of the points that are hidden, and that of the outline, weighed."""
        flat, away = viewer.picture(self.points)
        if away.min() <= 0:
            return 1.0, 1.0
        cell, shape = pixels(flat, PIXEL * self._spacing / float(np.median(away)))
        pixel = np.ravel_multi_index(tuple(cell.T), shape)
        foremost = np.full(int(np.prod(shape)), -1, np.int64)
        order = np.argsort(-away, kind="stable")
        foremost[pixel[order]] = order
        before = foremost[pixel]
        step = self.points - self.points[before]
        own, its = (np.abs(np.einsum("ij,ij->i", step, self._lines[of])) for of in (slice(None), before))
        hidden = np.minimum(own, its) > straight * self._spacing
        return float(hidden.mean()), OUTLINE * outline_of((foremost >= 0).reshape(shape))


def _some(values: Array, count: int) -> Array:
    return values[:: max(1, -(-len(values) // count))]
