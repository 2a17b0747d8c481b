"""What the shapes know and a trained function does not: the residual that leads from one to the other, bounded.

The function whose surface is shown is *network + residual*, the residual being what is missing to the exact blend, but
no more than a bound. So the surface shown lies where the network is within that bound of zero, whatever the blend says.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..guide import CarriedBlend
from ..guide.exact import ExactBlend
from .field import Enclosure, Field

BOUND = 0.1
"""The largest residual, in units of the training frame (a shape is 1.7 across at most).

A blade that is .6 % of the diagonal thick is missed by .02, a limb half-way by up to .06 after 300 steps.
"""


class DetailedField:
    """A trained function with its bounded residual, at a fixed time; where that suffices it is the exact blend."""

    def __init__(self, network: Field, exact: ExactBlend | CarriedBlend, bound: float = BOUND) -> None:
        self.network = network
        self.exact = exact
        self.bound = bound

    @property
    def device(self) -> torch.device:
        return self.network.device

    def values(self, points: Tensor) -> Tensor:
        return self.bounded(points, self.exact_values(points))

    def exact_values(self, points: Tensor) -> Tensor:
        """The blend alone, as if there were no bound."""
        return torch.from_numpy(self.exact.values(_array(points))).to(points.device)

    def bounded(self, points: Tensor, exact: Tensor) -> Tensor:
        """The function's values at points where the blend has those given."""
        learned = self.network.values(points)
        return learned + (exact - learned).clamp(-self.bound, self.bound)

    def gradient(self, points: Tensor) -> Tensor:
        return self.values_and_gradient(points)[1]

    def values_and_gradient(self, points: Tensor) -> tuple[Tensor, Tensor]:
        found = self.exact.values_and_gradient(_array(points))
        exact, gradient = (torch.from_numpy(part).to(points.device) for part in found)
        values = self.bounded(points, exact)
        held = (values - exact).abs() > 0
        if held.any():
            gradient[held] = self.network.gradient(points[held])
        return values, gradient

    def enclose(self, centre: Tensor, half: Tensor) -> Enclosure:
        enclosure = self.network.enclose(centre, half)
        return Enclosure(enclosure.value, enclosure.slope, enclosure.error + self.bound)

    def bounds(self, lower: Tensor, upper: Tensor) -> tuple[Tensor, Tensor]:
        half = (upper - lower) * 0.5
        return self.enclose(lower + half, half).range(half)


def _array(points: Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(points.detach().cpu().numpy(), np.float32)
