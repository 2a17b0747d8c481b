"""Where on a surface another sheet lies close, face to face or back to back; knows no cloud and no grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

LEAST = 2
"""Neighbours on another sheet that make one. Chosen."""
FACING = -0.7
"""Cosine between normals of sheets that face each other, or turn their backs. Chosen."""


def close_sheets(points: Array, normals: Array, reach: float, neighbours: int) -> tuple[Flags, Array]:
    """Which points on a surface have another sheet closer than ``reach`` among so many neighbours, and how close each
    of these has it."""
    count = min(neighbours, len(points) - 1)
    _, nearest = cKDTree(points).query(points, k=count + 1)
    nearest = nearest[:, 1:]
    step, other = points[nearest] - points[:, None], normals[nearest]
    facing = np.einsum("nki,ni->nk", other, normals) < FACING
    above, below = np.einsum("nki,ni->nk", step, normals), -np.einsum("nki,nki->nk", step, other)
    way = np.abs(above + below) / 2
    close = facing & (above * below > 0) & (way < reach)
    there = np.asarray(close.sum(axis=1) >= LEAST)
    return there, np.asarray(np.nanmedian(np.where(close, way, np.nan)[there], axis=1))
