"""Where a cloud was seen from, if one place saw all of it, as a depth camera does; knows no surface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_erosion
from scipy.optimize import minimize

from .one_view import BEHIND, axes_across

Array = NDArray[np.float64]

DISTANCES = (6.0, 2.4, 1.6, 1.2)
"""Sizes of the cloud that the eye is looked for at, from its middle, each
from where it was found to be before. Chosen."""
PIXEL = 1.5
"""A pixel's side in spacings. Chosen."""
HIDDEN = 0.03
"""Share of the points that may be hidden from the eye. Chosen: chance and noise at rims hide some."""
TURNED = 0.25
"""How far the search begins to turn the eye, in radians. Chosen."""
OUTLINE = 0.25
"""Weight of the outline beside what is hidden. Chosen: of a mug's inner wall behind its rim the former alone tells."""
STEPS = 60
"""Places that are tried for the eye at each distance. Chosen."""


@dataclass(frozen=True)
class Viewer:
    """An eye, and the picture that it has: two coordinates across, and how far away things are along its axis."""

    eye: Array
    axis: Array
    """(3,), from the eye, of unit length."""
    across: Array
    """(3, 2)"""

    def picture(self, points: Array) -> tuple[Array, Array]:
        """Where points lie in the picture, (n, 2), and how far away, (n,)."""
        step = points - self.eye
        away = step @ self.axis
        return step @ self.across / away[:, None], away

    def places(self, flat: Array, away: Array) -> Array:
        """Where in space what lies there in the picture is, so far away."""
        return np.asarray(self.eye + away[:, None] * (self.axis + flat @ self.across.T))

    def facing(self, points: Array, normals: Array) -> Array:
        """The cosine between each normal and the way to the eye."""
        sight = self.eye - points
        return np.asarray(np.einsum("ij,ij->i", normals, sight) / np.linalg.norm(sight, axis=1))


def viewer_of(points: Array, spacing: float, way: Array) -> Viewer | None:
    """Who saw all of these points, looking about against ``way``; None if no single eye can have."""
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    size = float(np.linalg.norm(np.ptp(points, axis=0)))
    across, turn = axes_across(way), np.zeros(2)
    found: list[tuple[float, Viewer]] = []
    for distance in DISTANCES:

        def seen_from(turn: Array, distance: float = distance) -> Viewer:
            axis = -(way + across @ turn)
            axis /= np.linalg.norm(axis)
            return Viewer(middle - distance * size * axis, axis, axes_across(axis))

        def odd(turn: Array, seen_from: Callable[[Array], Viewer] = seen_from) -> float:
            hidden, outline = _hidden(seen_from(turn), points, spacing)
            return hidden + OUTLINE * outline

        start = turn + TURNED * np.array([[0, 0], [1, 0.3], [-0.3, 1]])
        best = minimize(odd, turn, method="Nelder-Mead", options={"maxfev": STEPS, "initial_simplex": start})
        turn = best.x
        found.append((float(best.fun), seen_from(turn)))
    _, viewer = min(found, key=lambda one: one[0])
    return viewer if _hidden(viewer, points, spacing)[0] < HIDDEN else None


def _hidden(viewer: Viewer, points: Array, spacing: float) -> tuple[float, float]:
    """The share of the points that lie behind others for that viewer, and of what it sees that which lies at its
    outline: from elsewhere, gaps open beside what hides something."""
    flat, away = viewer.picture(points)
    if away.min() <= 0:
        return 1.0, 1.0
    cell = np.floor(flat * (np.median(away) / (PIXEL * spacing))).astype(np.int64)
    cell -= cell.min(axis=0) - 2
    foremost = np.full(cell.max(axis=0) + 3, np.inf)
    np.minimum.at(foremost, tuple(cell.T), away)
    seen = binary_closing(np.isfinite(foremost))
    inner = binary_erosion(seen)
    return float((away - foremost[tuple(cell.T)] > BEHIND * spacing).mean()), 1 - float(inner.sum() / seen.sum())
