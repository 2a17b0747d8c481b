"""Where the surface's parts stand in the field of its winding number: around an inside, within it, or free."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .mesh_topology import Topology
from .shape import Shape
from .surface_samples import sample_surface

FREE = 0.36
"""A part whose two sides have a smaller mean winding number encloses nothing: a flat sheet has 0, a closed wall 1/2.

Chosen: half a ball (.32), half a pipe (.2) and a boat's hull (.27) are looked into, and with .2 the former had a lid
and the latter two craters; parts of published models that are open where nobody looks have .42 and more, a cup .44.
"""
BURIED = 0.75
"""Where the mean is larger the part lies inside others: there it is 1 for a sheet and 3/2 for a wall.

Follows from both cases, of which it lies in between.
"""
SLIVER = 0.05
"""A part that looks out by less than this share of its area is still inside. Chosen."""
_SAMPLES = 8_000
_BESIDE = 1e-6
"""Distance from the surface to where the winding number is taken, in diagonals."""


def winding_along(
    shape: Shape, topology: Topology, parts: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """At points all over the chosen parts, at least one on each: the winding number halfway between the two sides,
    and the part of each point."""
    import igl

    chosen = np.flatnonzero(parts[topology.parts])
    triangles = shape.triangles[chosen]
    rng = np.random.default_rng(0)
    points, normals, owner = sample_surface(shape.vertices, triangles, _SAMPLES, rng)
    _, first = np.unique(topology.parts[chosen], return_index=True)
    owner = np.concatenate([owner, first.astype(np.int32)])
    points = np.concatenate([points, shape.vertices[triangles[first]].mean(axis=1)])
    a, b, c = (shape.vertices[triangles[first, corner]] for corner in range(3))
    across = np.cross(b - a, c - a)
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), np.finfo(np.float64).tiny)
    step = np.concatenate([normals, across]) * (_BESIDE * shape.diagonal)
    both = igl.fast_winding_number(
        shape.vertices, shape.triangles.astype(np.int64), np.concatenate([points + step, points - step])
    )
    return np.asarray(both.reshape(2, -1).mean(axis=0)), topology.parts[chosen][owner]


def lie_within_the_rest(shape: Shape, topology: Topology, parts: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the chosen parts lie inside what is left without them, all but a sliver.

    The mean alone does not tell: an eyeball in its open socket has a large one, and yet the eye looks out.
    """
    import igl

    if not parts.any():
        return parts
    chosen = parts[topology.parts]
    points, _, triangle = sample_surface(shape.vertices, shape.triangles[chosen], _SAMPLES, np.random.default_rng(0))
    rest = shape.triangles[~chosen].astype(np.int64)
    if not len(rest):
        return np.zeros_like(parts)
    outside = igl.fast_winding_number(shape.vertices, rest, points.astype(np.float64)) < 0.5
    owner = topology.parts[chosen][triangle]
    looking_out = np.bincount(owner, weights=outside, minlength=topology.part_count)
    count = np.bincount(owner, minlength=topology.part_count)
    return parts & (looking_out <= SLIVER * np.maximum(count, 1))


def mean_winding(shape: Shape, topology: Topology, parts: NDArray[np.bool_]) -> NDArray[np.float64]:
    """For every chosen part the mean of ``winding_along``; one half for all others."""
    winding, part = winding_along(shape, topology, parts)
    count = np.bincount(part, minlength=topology.part_count)
    total = np.bincount(part, weights=winding, minlength=topology.part_count)
    return np.where(parts & (count > 0), total / np.maximum(count, 1), 0.5)
