"""Whether one looks into an open part, as into a cup from above, or its holes are where nobody looks.

What stands on its hole shows nothing of its inside, nor does a neck with a head on it; and a scan's ragged hole or a
missing face was not made to be looked into.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .distance import DistanceField
from .mesh_topology import Topology
from .shape import Shape, unit
from .surface_samples import sample_surface
from .ways_out import directions, leading_out

SEEN = 0.01
"""Share of all ways from a part's inner side that lead out of it, and not downwards, from which on it is looked into.

Chosen. Measured: a cup .11, a pipe .05, a vase .025, a shirt's body and sleeves .01 to .016; a head with holes for its
eyes .007, a bottle .006.
"""
SURELY_SEEN = 0.02
"""The same whichever axis is up, where that is not known.

Chosen. Measured on published models whose axes nobody tells: an animal's open feet .014, busts' necks 0 to .008, a
head with an open mouth and a neck .018; a cup .085, a pipe .045, a hull .14.
"""
RAGGED = 4.0
"""Turns that a rim makes in all from which on it is torn: one that was made goes around once, or a little more.

Chosen.
"""
SMALL = 0.1
"""Of the shape's diagonal: holes that are less wide are damage. Chosen."""
_SAMPLES = 2_000
_BESIDE = 1e-3
"""Distance from the surface to where one looks from, in diagonals."""
UP = {"y": (1,), "z": (2,), "": (0, 1, 2)}
"""The axis' number; all of them where it is not known."""


def looked_into(shape: Shape, topology: Topology, parts: NDArray[np.bool_], up: str) -> NDArray[np.bool_]:
    """Which of the chosen open parts one looks into; ``up`` is the axis, y or z, or empty where it is not known."""
    parts = parts & ~_torn(shape, topology)
    if not parts.any():
        return parts
    chosen = np.flatnonzero(parts[topology.parts])
    points, normals, triangle = sample_surface(
        shape.vertices, shape.triangles[chosen], _SAMPLES, np.random.default_rng(0)
    )
    owner = topology.parts[chosen][triangle]
    field = DistanceField(shape.vertices, shape.triangles)
    # A camera a diagonal away that stands on the ground sees what leads as far without going below it.
    axes = list(UP[up])
    above = (points - shape.bounds[0])[:, None, axes] + shape.diagonal * directions()[:, axes] >= 0
    count = np.maximum(np.bincount(owner, minlength=topology.part_count), 1)
    out = np.ones((2, topology.part_count))
    out_and_seen = np.ones((2, len(axes), topology.part_count))
    for number, side in enumerate((1, -1)):
        free = leading_out(field, points + side * _BESIDE * shape.diagonal * normals)
        out[number] = np.bincount(owner, free.mean(axis=1), topology.part_count) / count
        for axis in range(len(axes)):
            seen = (free & above[..., axis]).mean(axis=1)
            out_and_seen[number, axis] = np.bincount(owner, seen, topology.part_count) / count
    # The inner side is the one from which fewer ways lead out.
    inner = out.argmin(axis=0)
    least = np.take_along_axis(out_and_seen.min(axis=1), inner[None], axis=0)[0]
    return np.asarray(parts & (least >= (SEEN if up else SURELY_SEEN)))


def _torn(shape: Shape, topology: Topology) -> NDArray[np.bool_]:
    """Parts most of whose rims' length is of holes that nobody made."""
    whole, damaged = np.zeros((2, topology.part_count))
    for rim in topology.rims:
        around = shape.vertices[topology.half_edges[[*rim, rim[0]], 0]]
        ways = np.diff(around, axis=0)
        length = np.linalg.norm(ways, axis=1).sum()
        turned = np.arccos(np.clip((unit(ways) * np.roll(unit(ways), 1, axis=0)).sum(axis=1), -1, 1)).sum()
        part = topology.parts[rim[0] // 3]
        whole[part] += length
        small = np.linalg.norm(np.ptp(around, axis=0)) < SMALL * shape.diagonal
        damaged[part] += length * (small or turned > RAGGED * 2 * np.pi)
    return np.asarray(damaged > whole / 2)
