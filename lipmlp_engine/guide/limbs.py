"""Which of a surface's lost places are limbs that can be drawn in along themselves, and on how much each hangs.

A limb is slender and round, or a bar. A sheet is none, but the rods on it are: the spindles of a chair's back hang
together with its seat, and were left to the blend with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .surface_cores import Array, Chosen, Cores, patches

LOST_FOR_GOOD = 1.5
"""A part goes by itself where its middle somewhere lies so far outside: the blend would have lost it half-way.
Chosen."""
LEAST_LENGTH, SLENDER = 0.1, 3.0
"""In training-frame units and in a part's own radii: shorter parts are bumps. Chosen: from .05 on, and lost by one
radius, shards of a chair's back were drawn in each by itself."""
THICKEST_LIMB, MOST_OF = 0.1, 0.7
"""Radius up to which a part is a limb, in training-frame units, and the share of it that has to be as slender.

Half of a thick body may be lost as well, and is drawn flat by the blend: deep inside nobody knows in which order it
should go. Measured: limbs, horns and spokes have .08 at most there, halves of bodies .12 at least."""
WIDEST = 2.0
"""Surfaces of a round rod of its length and thickness that a limb's surface has at most: what has more is a sheet.

Chosen. Measured: legs, arms, tails and horns of eleven shapes have .84 to 1.7, a house's roof, wings, fins and hilts
2.6 to 94; drawn in, those were rags.
"""
LEAST_ROUND = 0.7
"""The same at least, of the rods on a sheet. Follows from the least of those; less is a strip of something else."""
HELD_NEAR = 0.05
"""How near to what is not lost the rods on a sheet reach, in training-frame units. Chosen: as far as a part reaches
into what it hangs on."""
LEAST_BESIDE = 4
"""Links between a rod and what is lost beside it, from which on it hangs on that too. Chosen: fewer are chance."""


THICKEST_LINK = 0.05
"""Radius up to which what hangs on two sides is measured by its whole length, in training-frame units.

Chosen: thinner ones became threads; an arm of .067 that two others come from was taken too with more, and stayed until
half of the way (three arms → four: path 1.12 of the shortest one, 1.55).
"""


@dataclass(frozen=True)
class Limb:
    places: Chosen
    holders: int
    """Parts of the rest on which it hangs."""


def limbs(cores: Cores, outside: Array, lost: Chosen, height: Array) -> list[Limb]:
    """Those among a surface's lost places, whose middles are ``outside`` so much, and ``height`` from what is held."""
    held = patches(cores.links, ~lost)
    found = []
    for whole in _parts(cores, lost):
        if (outside[whole] / cores.depth[whole]).max() < LOST_FOR_GOOD:
            continue
        holders = _holders(cores, whole, held, ~lost)
        length = _length(cores, whole, height[whole], holders)
        if _surface(cores, whole, length) <= WIDEST:
            if _slender(cores, whole, length):
                found.append(Limb(whole, holders))
            continue
        for rod in _parts(cores, cores.rods(whole & (cores.radius <= THICKEST_LIMB))):
            if height[rod].min() > HELD_NEAR or (outside[rod] / cores.depth[rod]).max() < LOST_FOR_GOOD:
                continue
            holders = max(_holders(cores, rod, held, ~lost), 1)
            length = _length(cores, rod, height[rod] - height[rod].min(), holders)
            beside = cores.links[np.flatnonzero(rod)].indices
            on_sheet = (whole & ~rod & (height > HELD_NEAR))[beside].sum() >= LEAST_BESIDE
            if LEAST_ROUND <= _surface(cores, rod, length) <= WIDEST and _slender(cores, rod, length):
                found.append(Limb(rod, holders + int(on_sheet)))
    return found


def _parts(cores: Cores, chosen: Chosen) -> list[Chosen]:
    """The patches of chosen places."""
    patch = patches(cores.links, chosen)
    return [chosen & (patch == index) for index in np.unique(patch[chosen])]


def _holders(cores: Cores, own: Chosen, held: NDArray[np.int32], holding: Chosen) -> int:
    """How many patches of what is not lost a part hangs on."""
    beside = cores.links[np.flatnonzero(own)].indices
    return len(np.unique(held[beside[holding[beside]]]))


def _length(cores: Cores, own: Chosen, heights: Array, holders: int) -> float:
    """Of a part: what hangs on two sides is as high in its middle as half of it is long."""
    link = holders > 1 and float(np.median(cores.radius[own])) <= THICKEST_LINK
    return float(heights.max()) * (2 if link else 1)


def _surface(cores: Cores, own: Chosen, length: float) -> float:
    """How much a part has of it, measured by a round rod as long and as thick."""
    rod = 2 * np.pi * float(np.median(cores.radius[own])) * length
    return float(cores.area * own.mean() / rod) if np.isfinite(rod) and rod > 0 else np.inf


def _slender(cores: Cores, own: Chosen, length: float) -> bool:
    """Whether it is no bump, and no half of a body."""
    thick = float(np.quantile(cores.radius[own], MOST_OF, method="lower")) > THICKEST_LIMB
    return not thick and length >= max(LEAST_LENGTH, SLENDER * float(np.median(cores.radius[own])))
