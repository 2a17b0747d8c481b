"""Planes and bent surfaces through the neighbours of each point of a cloud, narrowed to those of one sheet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ROUNDS = 6
"""Fits, each with the neighbours that the one before has weighed. Chosen."""
SHIFTS = 8
"""Steps from where a point is to where its sheet lies. Chosen."""


def planes(points: Array, nearest: NDArray[np.integer], least: Array) -> Array:
    """The normal of a plane around each point, narrowed step by step to what lies close to it."""
    local, near = around(points, nearest)
    weight, width = near, np.linalg.norm(local[:, -1], axis=1) / 2
    for _ in range(ROUNDS):
        axes, spread, _ = axes_of(local, weight)
        width = np.maximum(width / 1.8, least)
        height = np.einsum("nki,ni->nk", spread, axes[:, :, 0])
        weight = near * np.exp(-0.5 * (height / width[:, None]) ** 2) + 1e-9
    return np.asarray(axes[:, :, 0])


def around(points: Array, nearest: NDArray[np.integer]) -> tuple[Array, Array]:
    """The neighbours as seen from each point, and their weights by nearness."""
    local = points[nearest] - points[nearest[:, :1]]
    reach = np.linalg.norm(local, axis=2)
    return local, np.exp(-((reach / np.maximum(reach[:, -1:], 1e-300)) ** 2) * 1.5)


def axes_of(local: Array, weight: Array) -> tuple[Array, Array, Array]:
    """Principal axes by rising spread, the points about their weighted middle, and that middle."""
    middle = np.einsum("nk,nki->ni", weight, local) / weight.sum(axis=1, keepdims=True)
    spread = local - middle[:, None]
    _, axes = np.linalg.eigh(np.einsum("nk,nki,nkj->nij", weight, spread, spread))
    return axes, spread, middle


def about_own_sheet(height: Array, near: Array, noise: float) -> Array:
    """Heights above where the sheet that a point is of lies, found from where the point is: the middle of all heights
    lies between two sheets. Measured with that on a tray four deviations thick: places .325 % off, so .285."""
    at = np.zeros(len(height))
    for _ in range(SHIFTS):
        weight = near * np.exp(-0.5 * ((height - at[:, None]) / noise) ** 2)
        at = np.einsum("nk,nk->n", weight, height) / weight.sum(axis=1)
    return height - at[:, None]


def curved_height(local: Array, weight: Array, axes: Array, spacing: Array) -> Array:
    """From each point along its normal to the quadratic surface that fits its weighted neighbours."""
    u, v, height = (np.einsum("nki,ni->nk", local, axes[:, :, axis]) / spacing[:, None] for axis in (2, 1, 0))
    base = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=2)
    matrix = np.einsum("nk,nka,nkb->nab", weight, base, base)
    matrix += np.eye(6) * (1e-6 * np.trace(matrix, axis1=1, axis2=2) / 6)[:, None, None]
    right = np.einsum("nk,nka,nk->na", weight, base, height)
    lift = np.linalg.solve(matrix, right[:, :, None])[:, 0, 0]
    return np.asarray(axes[:, :, 0] * (np.clip(lift, -2, 2) * spacing)[:, None])
