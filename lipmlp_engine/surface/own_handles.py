"""Tells shapes' own bridges and tunnels from mishaps of a frame, by where their surfaces lie; knows no time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DEEP, BESIDE = 0.3, 0.5
"""Of a loop's radius: a shape has a bridge or tunnel itself that is deeper in it, or farther outside, than the one, and
whose loop is no farther from its surface, in the mean, than the other. Chosen by looking at letters and at a castle."""

Outside = Callable[[NDArray[np.floating]], NDArray[np.float64]]
"""How far places (n, 3) in the training frame lie outside of each of some shapes, (n, shapes)."""


@dataclass(frozen=True)
class Own:
    """The shapes whose own tunnels are not filled, and those whose own matter is not cut."""

    tunnels: Outside | None = None
    bridges: Outside | None = None

    def has(self, middle: NDArray[np.floating], loop: NDArray[np.floating], fills: bool) -> bool:
        """Whether one of the shapes has the tunnel (that would be filled) or the bridge (cut) that a loop is about."""
        outside = self.tunnels if fills else self.bridges
        if outside is None:
            return False
        radius = float(np.linalg.norm(loop - middle, axis=1).max())
        within = (1 if fills else -1) * outside((middle + loop) / 2)
        deep = within.max(0, initial=-np.inf) > DEEP * radius
        return bool((deep & (np.abs(outside(loop)).mean(0) < BESIDE * radius)).any())
