"""Points beside a mesh that go along with what of it is nearest to them; knows neither shapes nor a match."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .nearest_places import nearest_of
from .nearest_turns import nearest_turns
from .triangle_deformations import slender, triangle_frames

Array = NDArray[np.float64]
Numbers = NDArray[np.integer]


def going_along(begun: Array, ended: Array, triangles: Numbers, points: Array, growth: float = 1.0) -> Array:
    """Where points end up of which each keeps its place beside a mesh, or as many times farther from it."""
    nearest = nearest_of(begun, triangles, points)
    turns = _turns(begun, ended, nearest.corners)
    return np.asarray(nearest.of(ended) + growth * np.einsum("nij,nj->ni", turns, points - nearest.places))


def _turns(first: Array, last: Array, triangles: Numbers) -> Array:
    """How triangles are turned; those without area are not."""
    frames = triangle_frames(first, triangles)
    frames[slender(first, triangles) | slender(last, triangles)] = np.eye(3)
    return nearest_turns(triangle_frames(last, triangles) @ np.linalg.inv(frames))
