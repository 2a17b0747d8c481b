"""Which places of a surface another wall faces closely, across a gap or through thin matter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .distance import DistanceField

FACING = -0.5
"""Cosine between the normals of walls that face each other; those of an edge or a corner do not. Chosen."""


def faced(
    field: DistanceField,
    ahead: NDArray[np.floating],
    reach: float,
    normals: NDArray[np.floating],
    directions: NDArray[np.floating],
) -> NDArray[np.bool_]:
    """Whether a wall that faces back is within reach of the points that lie ahead of surface points.

    ``normals`` are those of the surface points, ``directions`` those of the field's triangles.
    """
    triangle, _, distance = field.closest(ahead)
    return np.asarray(((directions[triangle] * normals).sum(1) < FACING) & (distance < reach))
