"""Points beside faces: a shape keeps to its faces, says how many points belong to none, and can give those away."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..job.errors import JobError
from ..job.sections import FEWEST_POINTS
from .cloud import Cloud

if TYPE_CHECKING:
    from ..shapes.shape import Shape


def loose_points(shape: Shape) -> Cloud | None:
    """The points of a shape with faces that belong to none of them; None where they are too few for a surface."""
    free = np.ones(len(shape.vertices), np.bool_)
    free[shape.triangles] = False
    found = Cloud(shape.vertices, colors=shape.colors).taken(free)
    if shape.beside is not None:
        colors = None
        if found.colors is not None:
            white = np.ones((len(shape.beside), 4), np.float32)
            colors = np.concatenate([found.colors, white])
        found = Cloud(np.concatenate([found.points, shape.beside]), colors=colors)
    return found if len(found) >= FEWEST_POINTS else None


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
