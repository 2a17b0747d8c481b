"""Round bars: nothing on them tells how they are turned about themselves, or which end is which. Knows no match."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from ..shapes.shape import triangle_areas
from .signature import Signature

RING = 2.5
"""Mean edges that a ring is wide. Chosen."""
MAIN = 0.06
"""Share of a ring that a piece of it has at least to count as a branch. Chosen."""
MOST_OF_IT = 0.6
"""Share of the area that a bar has at least of a shape that is little else. Chosen."""
SLENDER = 8.0
"""Mean radii that a bar is long, at least. Chosen."""
ROUND = 0.085
"""Spread of a round ring's radii, as a share of their mean, at most. Chosen."""
LEAST_ROLL = 0.03
"""Mean way of a quarter turn about itself, as a share of the diameter, that is worth a word. Chosen."""
ALL_OF_IT = 0.93
"""Share of the surface that has to lie about one line for a bar. Chosen."""
ALIKE = 0.1
"""Mean difference between a bar's girth from one end and from the other, up to which both ends are alike. Chosen."""
ENDS = 4
"""Tips from which a bar is looked for. Chosen."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rod:
    """What is open about a shape that is a bar."""

    roll: float
    """Mean way of a quarter turn about itself, as a share of the diameter, where its sides are alike."""
    reversible: bool
    """Both ends are alike."""

    @property
    def open(self) -> bool:
        return self.roll > LEAST_ROLL or self.reversible


def rod(signature: Signature) -> Rod:
    """The bar that the shape is for the most part; from every end rings are followed up to where they branch."""
    surface = signature.surface
    areas = np.zeros(len(surface.vertices))
    for corner in range(3):
        np.add.at(areas, surface.triangles[:, corner], triangle_areas(surface.vertices, surface.triangles) / 3)
    areas /= areas.sum()
    ways = surface.vertices[surface.edges]
    wide = RING * float(np.linalg.norm(ways[:, 0] - ways[:, 1], axis=1).mean()) / surface.scale
    found = Rod(0.0, False)
    for tip in signature.tips[:ENDS]:
        ring = (signature.distances[tip] / wide).astype(np.int64)
        length = _unbranched(surface.edges, ring)
        within = ring < length
        if areas[within].sum() < MOST_OF_IT:
            continue
        radii, unevenness = np.array([_section(signature.places[ring == k]) for k in range(length)]).T
        if length * wide < SLENDER * float(np.mean(radii)):
            continue
        girth = np.bincount(ring[within], areas[within], length)
        roll = np.pi / 2 * float((girth * radii)[unevenness < ROUND].sum()) / signature.diameter
        alike = float(np.abs(girth - girth[::-1])[2:-2].mean() / girth.mean()) < ALIKE if length > 6 else False
        whole = float(areas[within].sum()) > ALL_OF_IT
        found = Rod(max(found.roll, roll), found.reversible or (whole and alike))
    return found


def _unbranched(edges: NDArray[np.int64], ring: NDArray[np.int64]) -> int:
    """How many rings there are, from the first one on, before one has two pieces."""
    inside = edges[ring[edges[:, 0]] == ring[edges[:, 1]]]
    count = len(ring)
    graph = sparse.coo_array((np.ones(len(inside)), (inside[:, 0], inside[:, 1])), shape=(count, count))
    piece = connected_components(graph, directed=False)[1]
    sizes = np.bincount(ring)
    first = np.unique(piece, return_index=True)[1]
    large = np.bincount(piece) > MAIN * sizes[ring[first]]
    pieces = np.bincount(ring[first][large], minlength=len(sizes))
    return int(np.argmax(np.append(pieces > 1, True)))


def _section(places: Array) -> tuple[float, float]:
    """A ring's mean radius, and how uneven its radii are: 0 for a circle."""
    if len(places) < 4:
        return 0.0, 0.0
    away = places - places.mean(0)
    across = np.linalg.eigh(away.T @ away)[1][:, 1:]
    radii = np.linalg.norm(away @ across, axis=1)
    return float(radii.mean()), float(radii.std() / max(radii.mean(), 1e-30))
