"""Parts of a shape that a flow leads to nothing in the other shape, and how they go: drawn in along themselves.

Carried along the flow, the middle of a limb without counterpart lies outside the other shape. Blended there, it would
thin out all along and come off. Instead it keeps its thickness and shortens, from its tip to where it hangs on. What
hangs between two places that have counterparts stays until the other shape holds them together. Knows no meshes.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree
from torch import Tensor

from .frame_lattice import NODES, SPACING, between_nodes, lattice_nodes
from .limbs import limbs
from .rounded_union import rounded_least
from .surface_cores import Cores, patches

LOST = 0.3
"""How far outside the other shape the middle of a part lies that is lost there, in its own radii. Chosen."""
LEAST_HELD = 0.02
"""Share of the surface from which on what lies beyond a lost part is no accident, and stays. Chosen."""
OVERLAP = 0.05
"""How far a part reaches into what it hangs on, in training-frame units. Chosen."""
CAP = 0.06
"""Radius of the rounding at its end, likewise. Chosen."""
MOST_GONE = 1.5 * CAP
"""How deep below its cap a part is looked at, likewise. Follows from the cap."""
ALL_GONE = 0.999 * MOST_GONE
"""From here on, whatever single precision makes of it, a place belongs to the rest alone. Chosen."""
ROOT = OVERLAP + 2 * MOST_GONE
"""How far around a part something is to be known, likewise. Chosen."""
ELSEWHERE = (1.0, 0.0, MOST_GONE)
"""What is known away from all lone parts: nothing goes, and nothing is lone. Chosen."""
DRAWN_IN = 0.7
"""Share of the way after which a part is gone. Chosen: over the whole way, what is left of legs and horns was mixed
with the fingers that grow meanwhile."""
STAYING = 0.5
"""Share of the way until which what hangs between two places stays. Chosen: what is thinned all along the way instead
breaks at its thinnest place."""
ROUNDING = 0.02
"""Width over which a part runs into the rest, in training-frame units. Chosen."""
BEGINNING, ENDING = 0.15, 0.1
"""Shares of the way over which that rounding appears, and over which what is left of a part vanishes. Chosen."""
AVERAGED = 3
"""Places that a node of the lattice knows from. Chosen."""
EVENED, EVENED_OF, MOST_EVENED = 16, 1 / 8, 128
"""Places about one, on whatever side of a part, whose mean height counts: at least, as a share of the part's, at most.

Chosen by looking at plates that are drawn in: their rims are more even, and with no more than 16 a laptop's lid that
became a coffee machine tore from holes within.
"""
REACH = 0.12
"""Farther from the surface nothing of this counts any more, likewise. Chosen."""
FAR = 0.15
"""From the surface, in training-frame units: there is nothing to be known there. Chosen."""

Array = NDArray[np.float64]
Floats = NDArray[np.float32]


class LoneParts:
    """Of one shape: when each place of its lone parts begins to go, and how fast."""

    def __init__(self, order: Floats) -> None:
        """``order`` (n, 6): places in the training frame, and for each the share of the way at which it begins to go,
        its speed in training-frame units, and how far it belongs to the rest of the shape."""
        self.order = order
        self.lattice = _spread(order.astype(np.float64))
        lone = order[order[:, 5] < ALL_GONE, :3]
        # Beyond this box nothing is lone, and nothing need be looked up.
        self.low, self.high = lone.min(0) - FAR - SPACING, lone.max(0) + FAR + SPACING

    def left(self, own: Tensor, places: Tensor, gone: Tensor) -> tuple[Tensor, Tensor]:
        """Distances to the shape without what is gone, and to what is left of its lone parts alone.

        ``own`` are distances to the whole at ``places`` in the shape's own pose, ``gone`` the share of its way.
        """
        missing, further = self._missing(own, places.numpy(), gone)
        return shortened(own, missing), shortened(own, further)

    def _missing(self, own: Tensor, places: Floats, gone: Tensor) -> tuple[Tensor, Tensor]:
        """How much is missing of the shape at places, and of its lone parts alone."""
        near = 1 - ((own - REACH / 2) / (REACH / 2)).clamp(0, 1)
        missing, further = torch.zeros_like(own), torch.full_like(own, MOST_GONE)
        about = ((places > self.low) & (places < self.high)).all(1)
        rows = torch.nonzero((near > 0) & torch.from_numpy(about)).squeeze(1)
        if not len(rows):
            return missing, further
        begin, speed, rest = (torch.from_numpy(between_nodes(part, places[rows.numpy()])) for part in self.lattice)
        missing[rows] = near[rows] * (speed * (gone[rows] - begin)).clamp(0, MOST_GONE)
        further[rows] = (missing[rows] + rest).clamp(max=MOST_GONE)
        return missing, further


def shortened(own: Tensor, missing: Tensor) -> Tensor:
    """A distance with a rounded end where something is missing."""
    cut = torch.hypot((own + CAP).clamp(min=0), missing) - CAP
    return torch.where(missing > 0, torch.maximum(own, cut), own)


def _spread(order: Array) -> list[Floats]:
    """What is known of places, at the nodes of a lattice about those that are lone."""
    places, lone = order[:, :3], order[order[:, 5] < ALL_GONE, :3]
    nodes = lattice_nodes()
    about = np.flatnonzero(((nodes > lone.min(0) - FAR) & (nodes < lone.max(0) + FAR)).all(1))
    about = about[np.isfinite(KDTree(lone).query(nodes[about], distance_upper_bound=FAR)[0])]
    distance, nearest = KDTree(places).query(nodes[about], k=AVERAGED)
    weights = 1 / (distance + SPACING / 4) ** 2
    found = []
    for column, elsewhere in enumerate(ELSEWHERE):
        whole = np.full(len(nodes), elsewhere)
        whole[about] = (weights * order[nearest, 3 + column]).sum(1) / weights.sum(1)
        found.append(whole.reshape((NODES,) * 3).astype(np.float32))
    return found


def lone_parts(cores: Cores, outside: Array) -> LoneParts | None:
    """Those of a shape whose cores' middles are ``outside`` the other shape by so much; None where there are none."""
    count = len(outside)
    lost = outside > LOST * cores.depth
    if not lost.any():
        return None
    held = patches(cores.links, ~lost)
    # What the other shape happens to reach, in a small patch, holds nothing.
    lost |= np.bincount(held, minlength=count)[held] < LEAST_HELD * count
    if lost.all():
        return None
    height = dijkstra(cores.links, directed=False, indices=np.flatnonzero(~lost), min_only=True)
    found = limbs(cores, outside, lost, height)
    if not found:
        return None
    going = np.any([limb.places for limb in found], axis=0)
    order = np.tile(ELSEWHERE, (count, 1))
    for limb in found:
        own = limb.places
        deep = dijkstra(cores.links, directed=False, indices=np.flatnonzero(own), min_only=True, limit=ROOT)
        about = np.flatnonzero((own | ~going) & np.isfinite(deep))
        high = _evened(cores.points[about], np.where(own[about], height[about], -deep[about]), int(own.sum()))
        length = float(high.max())
        rest = (-high - OVERLAP).clip(0, MOST_GONE)
        # What hangs on two sides goes later, from its middle to both of them.
        start, end = (STAYING, 1.0) if limb.holders > 1 else (0.0, DRAWN_IN)
        speed = (length + OVERLAP + CAP) / (end - start)
        begin = start + (length - high) / speed
        nearer = rest < order[about, 2]
        order[about[nearer]] = np.stack([begin, np.full(len(about), speed), rest], 1)[nearer]
    return LoneParts(np.hstack([cores.points, order]).astype(np.float32))


def _evened(points: Array, heights: Array, size: int) -> Array:
    """Heights without the differences between the sides of a part of so many places, which is cut straight across."""
    places = int(np.clip(EVENED_OF * size, EVENED, MOST_EVENED))
    _, near = KDTree(points).query(points, k=min(places, len(points)))
    return np.asarray(heights[near].mean(1))


def joined(values: Tensor, parts: Tensor, gone: Tensor) -> Tensor:
    """A function's values with what is left of lone parts added to what it encloses."""
    width = (ROUNDING * (gone / BEGINNING).clamp(0, 1)).clamp(min=1e-6)
    presence = ((1 - gone) / ENDING).clamp(0, 1)
    return torch.lerp(values, rounded_least(values, parts, width), presence * presence * (3 - 2 * presence))
