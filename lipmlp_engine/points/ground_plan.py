"""What of a ground and of what stands on it is seen from above: an outline that has the ground's unevenness evened.

Knows nothing of heights.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (
    binary_closing,
    binary_dilation,
    binary_fill_holes,
    binary_opening,
    gaussian_filter,
    label,
    map_coordinates,
)
from scipy.spatial import cKDTree

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

CELL, CLOSED = 2.0, 3
"""Spacings along a cell of the ground's plan, and cells up to which chance leaves gaps. Chosen."""
NARROW, SMOOTHED = 2, 1.0
"""Cells up to which what juts out of that plan is left out, and by which its outline is smoothed. Chosen."""
EVEN = 0.8
"""Of their distance: how close points of a rim may come to each other. Chosen."""
NEAR_RIM, ON_RIM, STEPS = 0.15, 0.02, 4
"""Of what the smoothed plan falls by at its outline: from where places are led onto that, and how close they come in so
many steps. Chosen."""
SURROUNDED = 0.6
"""Share of what lies around a thing, in plan, that must be ground for the thing to stand on it: beside a wall at the
ground's end there is half. Chosen."""
JITTER = 0.3
"""Of their distance: by how much points of the underside lie off a lattice, which none of a scan's are. Chosen."""


class Plan:
    """What is seen from above, in cells; places there lie on the plane through the origin."""

    def __init__(self, points: Array, up: Array, cell: float) -> None:
        _, _, axes = np.linalg.svd(up[None])
        self._axes, self._cell = axes[1:], cell
        flat = points @ self._axes.T
        self._low = flat.min(axis=0) - (2 * CLOSED + 1) * cell
        self._at = np.floor((flat - self._low) / cell).astype(np.int64)
        self._inside: Array = np.zeros(self._at.max(axis=0) + 2 * CLOSED + 2)

    def cells(self, chosen: Flags) -> Flags:
        """Those that the chosen points lie in."""
        seen: Flags = np.zeros(self._inside.shape, np.bool_)
        seen[tuple(self._at[chosen].T)] = True
        return seen

    def closed(self, seen: Flags) -> Flags:
        """Without gaps that chance left."""
        return np.asarray(binary_closing(seen, iterations=CLOSED))

    def surrounded(self, thing: Flags, ground: Flags) -> bool:
        """Whether ground lies around a thing."""
        thing = binary_fill_holes(self.closed(thing))
        around = binary_dilation(thing, iterations=CLOSED) & ~thing
        return bool(ground[around].mean() > SURROUNDED)

    def draw(self, seen: Flags, *, every: bool = False) -> None:
        """Draw the outline of what is seen, without holes and what is narrow: of its largest part, or ``every`` one."""
        whole = binary_opening(binary_fill_holes(seen), iterations=NARROW)
        part, _ = label(whole)
        drawn = whole if every else part == np.bincount(part[whole]).argmax() if whole.any() else seen
        self._inside = gaussian_filter(drawn.astype(np.float64), SMOOTHED) - 0.5

    def within(self, places: Array) -> Flags:
        """Which places lie within the outline."""
        return np.asarray(self._value(places @ self._axes.T) > 0)

    def spread(self, apart: float) -> Array:
        """Places all over what the outline encloses, about that far apart."""
        flat = self._lattice(apart)
        flat += np.random.default_rng(0).uniform(-JITTER, JITTER, flat.shape) * apart
        return np.asarray(flat[self._value(flat) > 0] @ self._axes)

    def rim(self, apart: float) -> Array:
        """Places along the outline, about that far apart."""
        flat = self._lattice(apart / 2)
        flat = flat[np.abs(self._value(flat)) < NEAR_RIM]
        for _ in range(STEPS):
            slope = self._slope(flat)
            flat -= (self._value(flat) / np.maximum((slope**2).sum(axis=1), np.finfo(np.float64).tiny))[:, None] * slope
        flat = flat[np.abs(self._value(flat)) < ON_RIM]
        free, close = np.ones(len(flat), np.bool_), cKDTree(flat).query_ball_point(flat, EVEN * apart)
        for each, others in enumerate(close):
            if free[each]:
                free[others] = False
                free[each] = True
        return np.asarray(flat[free] @ self._axes)

    def outwards(self, places: Array) -> Array:
        """Which way is outwards at places of the outline, of unit length."""
        slope = self._slope(places @ self._axes.T)
        slope /= np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), np.finfo(np.float64).tiny)
        return np.asarray(-slope @ self._axes)

    def _lattice(self, apart: float) -> Array:
        """Places all over the plan."""
        steps = [self._low[k] + np.arange(0, self._inside.shape[k] * self._cell, apart) for k in (0, 1)]
        return np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 2)

    def _value(self, flat: Array) -> Array:
        at = (flat - self._low) / self._cell - 0.5
        return np.asarray(map_coordinates(self._inside, at.T, order=1, mode="nearest"))

    def _slope(self, flat: Array) -> Array:
        steps = self._cell * np.eye(2)
        return np.stack([self._value(flat + s) - self._value(flat - s) for s in steps], axis=1) / (2 * self._cell)
