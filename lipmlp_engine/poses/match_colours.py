"""Colours that show on two shapes which place becomes which: alike where they match, grey where nothing is sure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..shapes.distance import DistanceField
from ..shapes.shape import Shape
from .nearest_places import nearest_of
from .pairing import Pairing
from .shared_mesh import SharedMesh

GREY = 0.22
"""Of places without a counterpart, in linear light. Chosen."""
DARKEST, LIGHTEST = 0.04, 0.9
"""Of the colours, in linear light: neither black nor burnt out. Chosen."""
CLOSE, FAR = 0.01, 0.03
"""From the surface to the mesh laid onto it, in roots of the area: sure up to the first, not sure beyond the other.

Chosen.
"""

Array = NDArray[np.float64]


def colours_by_place(shape: Shape) -> Array:
    """A colour for each vertex, (n, 3): its place in the shape's box, so that left and right, up and down differ."""
    low, high = shape.bounds
    return DARKEST + (LIGHTEST - DARKEST) * (shape.vertices - low) / np.maximum(high - low, 1e-30)


def grey(shape: Shape) -> Array:
    """For a shape that nothing is known of."""
    return np.full((len(shape.vertices), 3), GREY)


def colours_carried(pairing: Pairing | SharedMesh, first: Shape, second: Shape, colours: Array) -> tuple[Array, Array]:
    """The first shape's colours where they are sure, and the second's, which has those of what becomes it."""
    own, other, laid = pairing.first, pairing.second, pairing.fit.places
    carried = _at(first.vertices, first.triangles, colours, own.vertices)[0]
    # How far the laid-on mesh is from the other surface says how sure it is, on both shapes.
    missed = DistanceField(other.vertices, other.triangles).closest(laid)[2] / other.scale
    doubt = _at(own.vertices, own.triangles, _unsure(missed)[:, None], first.vertices)[0]
    found, away = _at(laid, own.triangles, carried, second.vertices)
    return _greyed(colours, doubt[:, 0]), _greyed(found, _unsure(away / other.scale))


def _at(vertices: Array, triangles: NDArray[np.integer], values: Array, points: Array) -> tuple[Array, Array]:
    """Values of a surface at what is nearest of it to points, and how far away that is."""
    nearest = nearest_of(vertices, triangles, points)
    return nearest.of(values), nearest.distances


def _unsure(distance: NDArray[np.floating]) -> Array:
    return np.asarray(((distance - CLOSE) / (FAR - CLOSE)).clip(0, 1))


def _greyed(colours: Array, doubt: Array) -> Array:
    return colours + doubt[:, None] * (GREY - colours)
