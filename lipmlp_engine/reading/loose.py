"""Points beside faces: a shape keeps to its faces, says how many points belong to none, and can give those away."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..job.errors import JobError
from ..job.sections import FEWEST_POINTS
from ..shapes.cloud import Cloud

if TYPE_CHECKING:
    from ..shapes.shape import Shape

APART = 1e-9
"""Of the largest coordinate: what is nearer to a vertex than that is the vertex. Chosen."""


def loose_points(shape: Shape) -> Cloud | None:
    """The points of a shape with faces that belong to none of them; None where they are too few for a surface."""
    free = np.ones(len(shape.vertices), np.bool_)
    free[shape.triangles] = False
    found = Cloud(shape.vertices, colors=shape.colors).taken(free)
    if shape.beside is not None:
        found = _together(found, shape.beside)
    return found if len(found) >= FEWEST_POINTS else None


def without_vertices(cloud: Cloud, vertices: NDArray[np.float64]) -> Cloud | None:
    """The points of a cloud at which no vertex lies; None where one lies at each."""
    if len(cloud) == 0 or len(vertices) == 0:
        return None
    away, _ = cKDTree(vertices).query(cloud.points)
    free = away > APART * max(float(np.abs(vertices).max()), 1e-300)
    return cloud.taken(free) if free.any() else None


def _together(one: Cloud, other: Cloud) -> Cloud:
    """Both clouds as one, white where only the other has colours."""
    colors = None
    if one.colors is not None or other.colors is not None:
        both = ((cloud, np.ones((len(cloud), 4), np.float32)) for cloud in (one, other))
        colors = np.concatenate([white if cloud.colors is None else cloud.colors for cloud, white in both])
    return Cloud(np.concatenate([one.points, other.points]), colors=colors)


def note_of(cloud: Cloud) -> str:
    """What is said of them where the faces are the shape."""
    return (
        f"kept to its faces and left out {len(cloud):,} points that belong to none; Surface from Points makes a "
        "surface of those"
    )


def of_loose_points(shape: Shape) -> Shape:
    """The points beside the faces as a shape of their own."""
    loose = loose_points(shape)
    if loose is None:
        raise JobError(f"'{shape.name}' has faces already; it needs no surface through its points.")
    told = f"took the {len(loose):,} points that belong to none of its faces"
    none = np.zeros((0, 3), np.int32)
    return replace(
        shape,
        vertices=loose.points,
        triangles=none,
        colors=None,
        materials=None,
        look=None,
        beside=None,
        cloud=loose,
        notes=[told],
    )
