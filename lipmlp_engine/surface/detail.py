"""What the shapes know and a trained function does not: the residual that leads from one to the other, bounded.

The function whose surface is shown is *network + residual*, the residual being what is missing to the exact blend, but
no more than a bound. So the surface shown lies where the network is within that bound of zero, whatever the blend says.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..guide import CarriedBlend
from ..guide.carried_mesh import as_array
from ..guide.exact_morph import ExactBlend
from .field import Enclosure, Field

LARGEST_BOUND = 0.3
"""Of any residual, in units of the training frame, in which a shape is 1.7 across at most. Chosen."""
SMALLEST_BOUND = 0.02
"""Of any residual, in units of the training frame. Chosen."""
LEEWAY = 1.25
"""How much larger the bound is than any residual that was seen near the surface. Chosen. Measured: with half of it an
end is 1 % nearer, twice changes nothing."""
NEAR = 0.06
"""What counts as near it: exact values below this. Chosen."""


class DetailedField:
    """A trained function with its bounded residual, at a fixed time; where that suffices it is the exact blend."""

    def __init__(self, network: Field, exact: ExactBlend | CarriedBlend, bound: float = LARGEST_BOUND) -> None:
        self.network = network
        self.exact = exact
        self.bound = bound

    @property
    def device(self) -> torch.device:
        return self.network.device

    @property
    def thin_necks(self) -> dict[int, NDArray[np.float32]]:
        """The middles of the thin ones of what holds on to parts that would come off, (points, 3) each, by number."""
        return self.exact.thin_necks if isinstance(self.exact, ExactBlend) else {}

    def held_by(self, thin_necks: Collection[int]) -> DetailedField:
        """The same with some of the thin necks only."""
        assert isinstance(self.exact, ExactBlend)
        return DetailedField(self.network, self.exact.held_by(thin_necks), self.bound)

    def values(self, points: Tensor) -> Tensor:
        return self.values_for_cells(points, 0.0)

    def values_for_cells(self, points: Tensor, cell: float) -> Tensor:
        """What corners of cells of a size are to know: parts too thin for them are as thick as they need."""
        exact, trust = (torch.from_numpy(part).to(points.device) for part in self.exact.values(as_array(points), cell))
        return self._bounded(self.network.values(points), exact, trust)

    def gradient(self, points: Tensor) -> Tensor:
        return self.values_and_gradient(points)[1]

    def values_and_gradient(self, points: Tensor) -> tuple[Tensor, Tensor]:
        found = self.exact.values_and_gradient(as_array(points))
        exact, gradient, trust = (torch.from_numpy(part).to(points.device) for part in found)
        learned = self.network.values(points)
        # Beyond its bound the residual is constant, and where it is not trusted it is not there.
        part = torch.where((exact - learned).abs() > self.bound, 0.0, trust)
        mixed = part < 1
        if mixed.any():
            gradient[mixed] = torch.lerp(self.network.gradient(points[mixed]), gradient[mixed], part[mixed, None])
        return self._bounded(learned, exact, trust), gradient

    def _bounded(self, learned: Tensor, exact: Tensor, trust: Tensor) -> Tensor:
        # The blend's own values where they hold, to the last digit: they are zero on its surface.
        held = torch.clamp(exact, learned - self.bound, learned + self.bound)
        return torch.where(trust >= 1, held, torch.lerp(learned, held, trust))

    def enclose(self, centre: Tensor, half: Tensor) -> Enclosure:
        enclosure = self.network.enclose(centre, half)
        return Enclosure(enclosure.value, enclosure.slope, enclosure.error + self.bound)

    def bounds(self, lower: Tensor, upper: Tensor) -> tuple[Tensor, Tensor]:
        half = (upper - lower) * 0.5
        return self.enclose(lower + half, half).range(half)


def bound_for(exact: Tensor, learned: Tensor) -> float:
    """The bound that lets the residual be all that it has to be near the surface, from both functions' values."""
    near = exact.abs() < NEAR
    largest = float((exact - learned)[near].abs().max()) if near.any() else 0.0
    return min(max(LEEWAY * largest, SMALLEST_BOUND), LARGEST_BOUND)
