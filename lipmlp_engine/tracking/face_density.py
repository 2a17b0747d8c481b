"""How crowded a mesh should be where, so that a morph leaves no part short of faces; knows no time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..shapes.distance import DistanceField
from ..shapes.shape import triangle_areas
from .elastic_sheet import Sheet

ROUNDS = 6
"""Of averaging with the neighbours, because samples fall unevenly. Chosen."""
LARGEST = 12.0
"""Times that the most crowded part may be as crowded as the mean. Chosen."""

Array = NDArray[np.float64]


def wanted_areas(sheet: Sheet, points: Array, samplings: Sequence[Array], threads: int) -> Array:
    """Relative areas (m,) that the faces should have, the mean 1.

    Each sampling is spread evenly over a surface that the mesh will cover, and has been carried to where the mesh is
    now: where samples lie densely, the mesh will be stretched, and its faces should be small before.
    """
    tree = DistanceField(points, sheet.triangles, threads=threads)
    areas = sheet.around(triangle_areas(points, sheet.triangles))
    most = np.full(sheet.count, 1 / LARGEST)
    for samples in samplings:
        face, _, _ = tree.closest(samples)
        found = sheet.around(np.bincount(face, minlength=len(sheet.triangles)).astype(np.float64))
        there, here = found / max(found.sum(), 1.0), areas / areas.sum()
        for _ in range(ROUNDS):
            there, here = sheet.averaged(there), sheet.averaged(here)
        most = np.maximum(most, there / np.maximum(here, 1e-30))
    wanted = 1 / np.clip(most, 1 / LARGEST, LARGEST)[sheet.triangles].mean(1)
    return np.asarray(wanted / wanted.mean())
