"""How many ways the points of a cloud spread: along a curve, over a surface or throughout a body. Knows no surface.

Told from how the number of points grows with the distance from each: once, twice or three times as fast (the maximum
likelihood estimate of Levina and Bickel, 2004).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..shapes.cloud import Cloud, thinned

Array = NDArray[np.float64]

AROUND, AVERAGED = 12, 6
"""Neighbours among which a point's ways are told, and how many points next to each other are heard together. Chosen."""
CURVED = 1.5
"""Ways below which a point lies on a curve. Chosen: 95 % of a curve's points do, a quarter of a surface's at most."""
IN_LINES, MADE_UP = 0.5, 0.1
"""Share of points on curves from which a cloud lies in lines, and below which these make a surface. Chosen."""
LEAST_SHARE, FEWEST_LEFT = 0.1, 150
"""Of the points of a cloud in lines so many must be left where these make a surface, and so many at all. Chosen."""
ASKED = 500
"""Points that are asked whether they lie in a body. Chosen."""
IN_A_BODY, WIDE = 64, 0.08
"""Neighbours among which that is told, and the share of the diagonal up to which all are heard: noise is narrower.
Chosen."""
FILLED, DEEP = 2.6, 0.4
"""Ways from which a point lies deep in a body, and the share of such points from which a cloud fills one. Chosen: of
animals, blocks and rings of 300 points and more .42 to .94 do, of their surfaces .15 at most, with 2 % of noise .36; of
hollow walls 4 to 7 % of the diagonal thick up to .57."""
AT_ALL, NARROWER, FEWEST_WITHIN = 2.6, 8, 1
"""Ways that deep points of a body have between any distance and half of it, at how many distances that is asked, each
the last by the root of two, and how many neighbours must be within the least. Chosen: bodies and lattices have 2.68 and
more, clean walls 2.1 to 2.4; with 1 % of noise walls 4 to 5 % thick have up to 2.8."""


def without_lines(cloud: Cloud) -> Cloud | None:
    """The cloud; thinned where it lies in lines, as scanners leave them, until these make a surface; None where they
    never do."""
    if _on_curves(cloud.points) <= IN_LINES:
        return cloud
    least = max(FEWEST_LEFT, LEAST_SHARE * len(cloud))
    fewer = cloud
    while _on_curves(fewer.points) > MADE_UP:
        fewer = thinned(fewer, len(fewer) // 2)
        if len(fewer) < least:
            return None
    said = f"took {len(fewer):,} of its points, which lie in lines, as far apart along them as across"
    return fewer.taken(np.ones(len(fewer), np.bool_), said)


def _on_curves(points: Array) -> float:
    """The share of the points that have their neighbours on one curve only."""
    distance, nearest = cKDTree(points).query(points, k=min(AROUND, len(points) - 1) + 1)
    return float((1 / (1 / _ways(distance[:, 1:]))[nearest[:, :AVERAGED]].mean(axis=1) < CURVED).mean())


def fill_a_body(points: Array) -> bool:
    """Whether the points lie throughout a body and not on its surface only."""
    tree = cKDTree(points)
    asked = points[:: max(1, len(points) // ASKED)]
    distance, _ = tree.query(asked, k=min(IN_A_BODY, len(points) - 1) + 1)
    wide = WIDE * float(np.linalg.norm(np.ptp(points, axis=0)))
    ways = _ways(distance[:, 1:])
    within = np.empty((len(asked), NARROWER))
    narrower = 0.5 ** (0.5 * np.arange(NARROWER))
    for row, place in enumerate(asked):
        near = distance[row, 1:]
        if near[-1] < wide:
            near = np.linalg.norm(points[tree.query_ball_point(place, wide)] - place, axis=1)
            near = near[near > 0]
            ways[row] = len(near) / np.log(wide / near).sum()
        within[row] = (near <= max(wide, near[-1]) * narrower[:, None]).sum(axis=1)
    deep = ways > FILLED
    if deep.mean() <= DEEP:
        return False
    # Of a wall's two sides each is a surface by itself, and together they fill nothing but at one distance.
    count = within[deep].mean(axis=0)
    told = np.flatnonzero(count[2:] >= FEWEST_WITHIN)
    return bool((np.log2(count[told] / count[told + 2]) > AT_ALL).all())


def _ways(distance: Array) -> Array:
    """From the distances to each point's neighbours, nearest first."""
    farther = np.log(distance[:, -1:] / distance[:, :-1]).sum(axis=1)
    return np.asarray((distance.shape[1] - 2) / np.maximum(farther, 1e-12))
