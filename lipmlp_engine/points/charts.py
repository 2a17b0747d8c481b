"""Many small charts fitted at once: each a network from the unit square onto one patch of points. Knows no cloud.

A chart is an affine map plus an over-parametrised ReLU network; it is fitted to its patch in the Wasserstein sense, by
entropic optimal transport in the logarithmic domain. All charts are rows of the same matrices, so that one product of
matrices moves all of them.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

WIDTH = 64
"""Of a chart's network. Chosen."""
RATE = 4e-3
"""Of Adam, for charts. Chosen."""
TRANSPORT_ROUNDS = 12
"""Scalings by which a plan between a chart's samples and its points is found. Chosen."""
EMPTY = -1e9
"""Logarithm of the mass of a point that only fills a row up.

Follows from its use: no mass at all is left of it in single precision.
"""


class Charts:
    """Charts (b) on a device: ``__call__`` maps places of the unit square (b, n, 2) or (n, 2) to space (b, n, 3)."""

    def __init__(self, base: Tensor, middle: Tensor, seed: int) -> None:
        """``base`` (b, 2, 3) and ``middle`` (b, 3) are the affine maps; the networks begin close to nothing."""
        count, device = len(base), base.device
        self._base, self._middle = base, middle
        self.scale = base.norm(dim=2).mean(1)
        rng = torch.Generator().manual_seed(seed)

        def random(*size: int, spread: float) -> Tensor:
            return (torch.randn(*size, generator=rng) * spread).to(device)

        self.parameters = [
            random(count, 2, WIDTH, spread=3.0),
            random(count, 1, WIDTH, spread=1.5),
            random(count, WIDTH, WIDTH, spread=math.sqrt(2 / WIDTH)),
            random(count, 1, WIDTH, spread=0.1),
            random(count, WIDTH, 3, spread=0.02 / math.sqrt(WIDTH)),
            torch.zeros(count, 1, 3, device=device),
        ]
        self._first = [torch.zeros_like(values) for values in self.parameters]
        self._second = [torch.zeros_like(values) for values in self.parameters]
        self._steps = 0

    def __call__(self, square: Tensor) -> Tensor:
        return self._forward(square)[0]

    def with_normals(self, square: Tensor) -> tuple[Tensor, Tensor]:
        """Places and unit normals, the cross product of the Jacobian's columns."""
        places, first, second = self._forward(square)
        w0, _, w1, _, w2, _ = self.parameters
        count, points = first.shape[:2]
        slope = (first > 0).unsqueeze(2) * w0.unsqueeze(1)  # (b, n, 2, width)
        slope = torch.bmm(slope.reshape(count, points * 2, WIDTH), w1).reshape(count, points, 2, WIDTH)
        slope = slope * (second > 0).unsqueeze(2)
        jacobian = torch.bmm(slope.reshape(count, points * 2, WIDTH), w2).reshape(count, points, 2, 3)
        jacobian = jacobian * self.scale[:, None, None, None] + self._base.unsqueeze(1)
        normals = torch.linalg.cross(jacobian[:, :, 0], jacobian[:, :, 1])
        return places, torch.nn.functional.normalize(normals, dim=2)

    def step(self, square: Tensor, targets: Tensor, weights: Tensor, free: Tensor, rate: float = RATE) -> None:
        """One step of Adam towards targets (b, n, 3), in the charts that are ``free`` (b,) to move."""
        _, _, w1, _, w2, _ = self.parameters
        places, first, second = self._forward(square)
        at = square.expand(len(places), -1, -1)
        pull = weights.unsqueeze(2) * (places - targets) / self.scale[:, None, None]
        one, two = first.clamp(min=0), second.clamp(min=0)
        back2 = torch.bmm(pull, w2.transpose(1, 2)) * (second > 0)
        back1 = torch.bmm(back2, w1.transpose(1, 2)) * (first > 0)
        slopes = [
            torch.bmm(at.transpose(1, 2), back1),
            back1.sum(1, keepdim=True),
            torch.bmm(one.transpose(1, 2), back2),
            back2.sum(1, keepdim=True),
            torch.bmm(two.transpose(1, 2), pull),
            pull.sum(1, keepdim=True),
        ]
        self._steps += 1
        warm = rate * math.sqrt(1 - 0.99**self._steps) / (1 - 0.9**self._steps)
        moving = (warm * free.float())[:, None, None]
        for values, slope, mean, square_mean in zip(self.parameters, slopes, self._first, self._second, strict=True):
            mean.lerp_(slope, 0.1)
            square_mean.lerp_(slope * slope, 0.01)
            values.sub_(moving * mean / (square_mean.sqrt() + 1e-10))

    def _forward(self, square: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Places, and what enters the two ReLUs."""
        w0, b0, w1, b1, w2, b2 = self.parameters
        square = square.expand(len(w0), -1, -1)
        first = torch.baddbmm(b0, square, w0)
        second = torch.baddbmm(b1, first.clamp(min=0), w1)
        bend = torch.baddbmm(b2, second.clamp(min=0), w2)
        flat = torch.baddbmm(self._middle.unsqueeze(1), square - 0.5, self._base)
        return flat + bend * self.scale[:, None, None], first, second


class Transport:
    """Entropic optimal transport between a chart's places and its patch's points, each chart by itself."""

    def __init__(self, mass: Tensor) -> None:
        """``mass`` (b, m), the points' shares, nothing for those that only fill up."""
        self._log_mass = torch.where(mass > 0, mass.clamp(min=1e-30).log(), torch.full_like(mass, EMPTY))
        self._potential = torch.zeros_like(mass)

    def plan(self, places: Tensor, points: Tensor, blur: Tensor) -> Tensor:
        """How much of each point (b, n, m) goes to each place; rows sum to 1. ``blur`` (b,) is a length."""
        strength = (2 * blur**2)[:, None, None]
        cost = -torch.cdist(places, points).square() / strength
        even = -math.log(places.shape[1])
        v = self._potential / strength[:, :, 0] + self._log_mass
        for _ in range(TRANSPORT_ROUNDS):
            u = even - torch.logsumexp(cost + v.unsqueeze(1), dim=2)
            v = self._log_mass - torch.logsumexp(cost + u.unsqueeze(2), dim=1)
        self._potential = ((v - self._log_mass) * strength[:, :, 0]).clamp(-1e6, 1e6)
        return torch.softmax(cost + v.unsqueeze(1), dim=2)
