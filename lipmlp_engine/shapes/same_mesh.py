"""Whether shapes are one mesh at different places, so that vertices of the same number correspond; moves nothing."""

from __future__ import annotations

import numpy as np

from .look import Look
from .shape import Shape, signed_volume

SAME_VOLUME = 0.5
"""How nearly the mended surface must enclose what the file's faces do for these to have an inside. Chosen."""
MOSTLY = 0.9
"""Share of the triangles that must be the same: a face that bends is cut along its other diagonal. Chosen."""


def same_faces(first: Shape, second: Shape) -> bool:
    """Whether vertices of the same number correspond; both shapes as their files have them."""
    if not len(first.triangles) or len(first.vertices) != len(second.vertices):
        return False
    return np.array_equal(first.triangles, second.triangles)


def one_mesh(first: Shape, second: Shape) -> tuple[Look, Look] | None:
    """Both as their files have them, where they are placed, if they are one mesh in two forms; None if they are not."""
    one, other = first.look or first, second.look or second
    if not len(one.triangles) or one.triangles.shape != other.triangles.shape:
        return None
    if len(one.vertices) != len(other.vertices):
        return None
    if (one.triangles == other.triangles).all(axis=1).mean() < MOSTLY:
        return None
    begun, ended = first.placed_look, second.placed_look
    # On the way to its own mirror image a mesh would be turned inside out.
    ways = [
        _way_out(shape, signed_volume(look.vertices, begun.triangles))
        for shape, look in zip((first, second), (begun, ended), strict=True)
    ]
    return None if ways[0] * ways[1] < 0 else (begun, ended)


def _way_out(mended: Shape, volume: float) -> int:
    """Which way a file's faces look, by the volume within them; 0 where they enclose none, as a cloth does."""
    return int(np.sign(volume)) if SAME_VOLUME * abs(volume) < mended.volume < abs(volume) / SAME_VOLUME else 0
