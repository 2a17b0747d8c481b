"""How thick a shape is below its surface, and where it is thin: blades, sheets, bars, hairlines; knows no cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .distance import DistanceField
from .shape import Shape
from .surface_samples import sample_surface

SAMPLES = 20_000
"""Places of a surface at which its thickness is looked at. Chosen."""
OPPOSITE = 0.3
"""Cosine from which on the wall that a way straight inwards meets is the other side; less is a notch in a side.

Chosen.
"""
SKIN = 1e-5
"""Rays start this share of the diagonal below the surface, so that they do not meet the triangle they leave. Chosen."""

Array = NDArray[np.float64]


def thickness_below(shape: Shape, field: DistanceField, samples: int = SAMPLES) -> tuple[Array, Array]:
    """Points spread evenly over the surface (n, 3), and how far it is from each straight through the matter (n,).

    Infinite where there is no other side. In the shape's units.
    """
    points, normals, _ = sample_surface(shape.vertices, shape.triangles, samples, np.random.default_rng(0))
    skin = SKIN * shape.diagonal
    reach, facing = field.walls_ahead(points - skin * normals, -normals)
    return points, np.where(facing > OPPOSITE, reach.astype(np.float64) + skin, np.inf)
