"""Tells which thin necks hold on to something in a frame, by the pieces it is in without them; knows no time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from ..shapes.mesh_topology import face_parts

Floats = NDArray[np.float32]


def holding_necks(vertices: Floats, faces: NDArray[np.int32], necks: Mapping[int, Floats]) -> list[int]:
    """The numbers of the necks that join pieces of a surface, each of which is joined to the rest once.

    vertices, faces: the surface without any. necks: their middles, (points, 3), from one piece to the other.
    """
    count, part = face_parts(faces, len(vertices))
    nearest = KDTree(vertices)
    together = np.arange(count)
    holding = []
    for number, way in sorted(necks.items(), key=lambda neck: _length(neck[1])):
        one, other = together[part[nearest.query(way[[0, -1]])[1]]]
        if one != other:
            together[together == other] = one
            holding.append(number)
    return holding


def _length(way: Floats) -> float:
    return float(np.linalg.norm(np.diff(way, axis=0), axis=1).sum())
