"""Beside edges, and between sheets that are closer than their points, lends each point the normal of a neighbour.

There a plane that is fitted around a point mixes walls, and no side was told to it surely; one of its neighbours has
mostly the plane that they share, and the side. Knows no surface.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Array = NDArray[np.float64]

HEARD, LENDERS = 32, 20
"""Neighbours that say how good a plane is, and those whose planes are tried. Chosen."""
ROUNDS = 3
"""In which points ask their neighbours for a better plane. Chosen."""
GOOD = 0.65
"""Share of the neighbours on a point's own plane that leaves nothing to ask for. Chosen."""
GAIN = 1.05
"""How much better than a point's own another plane must be. Chosen."""
_CHUNK = 8_192


def lent(points: Array, normals: Array, least: Array, threads: int = 0) -> Array:
    """Unit normals with a side, each its own or that of the neighbour whose plane through the point most neighbours lie
    on and face; ``least`` (n,) is how far from a plane a point may lie."""
    count = min(HEARD, len(points) - 1)
    tree = cKDTree(points)
    asking = np.arange(len(points))
    for _ in range(ROUNDS):
        if not len(asking):
            break
        changed = normals.copy()
        doubtful = []
        for begin in range(0, len(asking), _CHUNK):
            own = asking[begin : begin + _CHUNK]
            distance, nearest = tree.query(points[own], k=count + 1, workers=threads or -1)
            near = np.exp(-1.5 * (distance / np.maximum(distance[:, -1:], 1e-300)) ** 2)
            near[:, 0] = 0
            share = _share(points, normals, own, nearest, near, normals[own][:, None], least)[:, 0]
            weak = share < GOOD
            row, nearest, near = own[weak], nearest[weak], near[weak]
            offered = normals[nearest[:, : LENDERS + 1]]
            score = _share(points, normals, row, nearest, near, offered, least)
            score[:, 0] *= GAIN
            changed[row] = offered[np.arange(len(row)), score.argmax(axis=1)]
            doubtful.append(row)
        normals, asking = changed, np.concatenate(doubtful)
    return normals


def _share(
    points: Array,
    normals: Array,
    own: NDArray[np.int64],
    nearest: NDArray[np.integer],
    near: Array,
    offered: Array,
    least: Array,
) -> Array:
    """For each plane that is offered the share of the neighbours that lie on it and face its way."""
    step = (points[nearest] - points[own][:, None]) / least[own][:, None, None]
    height = np.einsum("nki,nci->nck", step, offered)
    agree = np.einsum("nki,nci->nck", normals[nearest], offered)
    heard = np.exp(-0.5 * height**2) * agree * np.abs(agree)
    return np.asarray(np.einsum("nk,nck->nc", near, heard) / near.sum(axis=1, keepdims=True))
