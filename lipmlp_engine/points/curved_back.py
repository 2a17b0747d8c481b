"""Whether what was scanned from one side is a body, whose outline curves back out of sight, or a sheet that ends there.

A head from the front encloses as little as a relief does. But a relief, a wall or a terrain faces its viewer up to its
rim, and what has another side turns away from whoever sees it, all around. Knows no grid, and nothing of who asks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_fill_holes, distance_transform_edt, gaussian_filter
from scipy.spatial import cKDTree

from .one_view import axes_across, way_to_the_viewer

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

PIXEL, CLOSED, SMOOTHED = 1.5, 2, 2.0
"""Of the picture that its viewer has of it: the side of a pixel in spacings, pixels up to which chance leaves gaps, and
pixels by which what is outwards is smoothed. Chosen."""
BORDER = 4
"""Empty pixels around that picture, more than closing needs. Chosen."""
BESIDE, WITHIN, OUTLIERS = 12, 3.0, 2
"""Points beside a pixel of the outline that are asked, how many spacings off they may be in the picture, and how many
of them may lean out farther than what is taken, for a normal at a rim is seldom right. Chosen."""
LEANING = 0.8
"""How far a normal points outwards in the picture where the surface turns away: 53 degrees. Chosen: the rim of a fifth
of a ball, two walls that meet in a right angle and roofs lean less."""
ALL_AROUND = 0.04
"""Of an outline that leans out, the share in whichever direction there is least; all of a ball's is a half. Measured on
57 scans of one view: 31 sheets (terrains, reliefs, façades, vaults, roofs) have .01 at most, one, of mountains, .03;
20 of 26 animals, heads and statues .05 to .34, others, such as a chair, next to nothing; six kept aside .01 to .22.
"""
FEWEST = 24
"""Pixels of an outline from which it tells anything. Chosen."""


def curves_back(points: Array, normals: Array, spacing: Array, leaning: float = LEANING) -> bool:
    """Whether those points, which enclose nothing, were seen from one side, and turn out of sight all around,
    their normals ``leaning`` outwards so far."""
    way = way_to_the_viewer(normals * (spacing**2)[:, None])
    if way is None:
        return False
    axes = axes_across(way)
    flat = points @ axes
    usual = float(np.median(spacing))
    places, outwards = _outline(flat, PIXEL * usual)
    if len(places) < FEWEST:
        return False
    turned = turned_at(places, outwards, flat, normals @ axes, WITHIN * usual, leaning)
    directions = outwards[turned]
    return bool(np.linalg.eigvalsh(directions.T @ directions / len(outwards))[0] > ALL_AROUND)


def turned_at(
    places: Array, outwards: Array, flat: Array, normals: Array, within: float, leaning: float = LEANING
) -> Flags:
    """At which places of an outline what is seen turns out of sight: points lie at ``flat`` in the picture, in which
    their ``normals`` lean so far."""
    count = min(BESIDE, len(flat))
    away, beside = cKDTree(flat).query(places, k=count)
    lean = np.einsum("nkc,nc->nk", normals[beside], outwards)
    lean[away > within] = -1
    return np.asarray(np.sort(lean, axis=1)[:, -min(OUTLIERS + 1, count)] > leaning)


def outwards_at(rim: NDArray[np.int64], depth: Array) -> Array:
    """Which way is outwards at those pixels, of unit length, by how deep each lies in what is seen."""
    smooth = gaussian_filter(depth, SMOOTHED)
    outwards = -np.stack([slope[tuple(rim.T)] for slope in np.gradient(smooth)], axis=1)
    length = np.linalg.norm(outwards, axis=1, keepdims=True)
    return np.asarray(outwards / np.maximum(length, np.finfo(np.float64).tiny))


def _outline(flat: Array, pixel: float) -> tuple[Array, Array]:
    """Places on the outline of what is seen, without its holes, and which way is outwards there, of unit length."""
    low = flat.min(axis=0) - BORDER * pixel
    cell = np.floor((flat - low) / pixel).astype(np.int64)
    seen: Flags = np.zeros(cell.max(axis=0) + BORDER + 1, np.bool_)
    seen[tuple(cell.T)] = True
    seen = binary_fill_holes(binary_closing(seen, iterations=CLOSED))
    depth = distance_transform_edt(seen)
    rim = np.argwhere(seen & (depth <= 1))
    return (rim + 0.5) * pixel + low, outwards_at(rim, depth)
