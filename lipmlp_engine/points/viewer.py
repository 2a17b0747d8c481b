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

    def odd(viewer: Viewer) -> float:
        hidden, outline = _hidden(viewer, points, spacing)
        return hidden + OUTLINE * outline

    _, viewer = likeliest(points, way, odd)
    return viewer if _hidden(viewer, points, spacing)[0] < HIDDEN else None


def eye_at(points: Array, way: Array, distance: float) -> Viewer:
    """Who looks at the middle of those points against ``way``, from so many times their size."""
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    size = float(np.linalg.norm(np.ptp(points, axis=0)))
    axis = -way / np.linalg.norm(way)
    return Viewer(middle - distance * size * axis, axis, axes_across(axis))


def likeliest(points: Array, way: Array, odd: Callable[[Viewer], float]) -> tuple[float, Viewer]:
    """Of those who look about against ``way`` that to whom least is odd, and how odd that is."""
    across, turn = axes_across(way), np.zeros(2)
    found: list[tuple[float, Viewer]] = []
    for distance in DISTANCES:

        def seen_from(turn: Array, distance: float = distance) -> Viewer:
            return eye_at(points, way + across @ turn, distance)

        start = turn + TURNED * np.array([[0, 0], [1, 0.3], [-0.3, 1]])
        options = {"maxfev": STEPS, "initial_simplex": start}
        best = minimize(
            lambda turn, seen_from=seen_from: odd(seen_from(turn)), turn, method="Nelder-Mead", options=options
        )
        turn = best.x
        found.append((float(best.fun), seen_from(turn)))
    return min(found, key=lambda one: one[0])


def _hidden(viewer: Viewer, points: Array, spacing: float) -> tuple[float, float]:
    """The share of the points that lie behind others for that viewer, and of what it sees that which lies at its
    outline: from elsewhere, gaps open beside what hides something."""
    flat, away = viewer.picture(points)
    if away.min() <= 0:
        return 1.0, 1.0
    cell, shape = pixels(flat, PIXEL * spacing / float(np.median(away)))
    foremost = np.full(shape, np.inf)
    np.minimum.at(foremost, tuple(cell.T), away)
    return float((away - foremost[tuple(cell.T)] > BEHIND * spacing).mean()), outline_of(np.isfinite(foremost))


def pixels(flat: Array, side: float) -> tuple[NDArray[np.int64], tuple[int, ...]]:
    """The pixel that each place of a picture lies in, and how many that has, with an empty rim."""
    cell = np.floor(flat / side).astype(np.int64)
    cell -= cell.min(axis=0) - 2
    return cell, tuple(int(each) for each in cell.max(axis=0) + 3)


def outline_of(filled: NDArray[np.bool_]) -> float:
    """Of what is seen in a picture the share that lies at its outline."""
    seen = binary_closing(filled)
    return 1 - float(binary_erosion(seen).sum() / seen.sum())
