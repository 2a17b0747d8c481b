"""What samples say about a trained function: lower bounds and rates, never proofs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from ..surface.field import Field, one_torch_thread

Function = Callable[[Tensor], Tensor]
"""f from points (n, 4) to (n,)."""

PIECE = 1 << 14
"""Points whose gradients are taken at once. Chosen."""
CLIMBERS = 256
"""Pairs of points that climb to where the function is steeper. Chosen."""
CLIMB_STEPS = 40
"""That each of them takes. Chosen."""
CLIMB_RATE = 0.01
"""Length of a step, in units of the training frame. Chosen."""
CLIMB_MOMENTUM = 0.8
"""Share of the last step's direction in the next. Chosen."""
SHORTEST = 1e-3
"""Distance below which a pair's difference quotient is lost in single precision. Chosen."""


@dataclass(frozen=True)
class Steepness:
    """The largest slopes met: lower bounds of the true Lipschitz constants."""

    space: float
    time: float


def sampled_steepness(function: Function, last_time: float, count: int, seed: int = 0) -> Steepness:
    """Gradients at random places, then pairs of points that climb towards the largest difference quotient.

    Pairs, because the gradient of a piecewise linear function is constant almost everywhere: its own gradient says
    nothing, while a quotient tells in which direction its two ends should go.
    """
    generator = torch.Generator().manual_seed(seed)
    points = torch.rand(count, 4, generator=generator) * 2 - 1
    points[:, 3] = (points[:, 3] + 1) / 2 * last_time
    with one_torch_thread():
        gradient = _gradient(function, points)
        steep = gradient[:, :3].norm(dim=1)
        best = steep.topk(min(CLIMBERS, count)).indices
        climbed = _climb(function, points[best], gradient[best, :3])
    return Steepness(max(float(steep.max()), climbed), float(gradient[:, 3].abs().max()))


def _gradient(function: Function, points: Tensor) -> Tensor:
    parts = []
    for start in range(0, len(points), PIECE):
        part = points[start : start + PIECE].clone().requires_grad_(True)
        parts.append(torch.autograd.grad(function(part).sum(), part)[0])
    return torch.cat(parts)


def _climb(function: Function, points: Tensor, gradient: Tensor) -> float:
    """The largest |f(p) − f(q)| / |p − q| that pairs reach by gradient ascent, both ends at the same time."""
    time = points[:, 3:]
    ends = torch.stack([points[:, :3], points[:, :3] + 0.02 * torch.nn.functional.normalize(gradient)])
    momentum = torch.zeros_like(ends)
    largest = 0.0
    for _ in range(CLIMB_STEPS):
        ends.requires_grad_(True)
        first, second = (function(torch.cat([end, time], 1)) for end in ends)
        distance = (ends[0] - ends[1]).norm(dim=1)
        quotient = (first - second).abs() / distance.clamp(min=SHORTEST)
        largest = max(largest, float(quotient.detach().max()))
        # Steps of one length, because slopes of the quotient grow without limit as a pair closes up. Not torch.optim,
        # whose first optimiser imports a compiler for most of a second.
        uphill = torch.autograd.grad(quotient.sum(), ends)[0]
        momentum = torch.lerp(torch.nn.functional.normalize(uphill, dim=2), momentum, CLIMB_MOMENTUM)
        ends = (ends.detach() + CLIMB_RATE * momentum).clamp(-1, 1)
    return largest


def surface_points(field: Field, count: int, seed: int = 0) -> Tensor:
    """Points of the zero set within the training frame, to single precision: random points sent along the gradient."""
    generator = torch.Generator().manual_seed(seed)
    points = torch.rand(8 * count, 3, generator=generator) * 2 - 1
    points = points[field.values(points).abs().argsort()[: 2 * count]]
    for _ in range(8):
        values, gradient = field.values_and_gradient(points)
        step = values[:, None] * gradient / gradient.square().sum(1, keepdim=True).clamp(min=1e-2)
        points = points - step * (0.2 / step.norm(dim=1, keepdim=True).clamp(min=0.2))
    kept = (field.values(points).abs() < 1e-6) & (points.abs() <= 1).all(1)
    return points[kept][:count]


@dataclass(frozen=True)
class Overestimation:
    """How often a value that should be a safe distance was longer than the true distance to the function's surface."""

    samples: int
    rate: float
    worst: float
    """The largest excess, in training-frame units; 0 where there is none."""
    typical: float
    """The median of the value over the distance, away from the surface: how much of a distance the value shows."""


def overestimation(field: Field, constant: float, samples: int, surface: Tensor, seed: int = 0) -> Overestimation:
    """Compare |f| / constant with the distance to points of the surface, at random places, half of them near it.

    A nearest sampled point of the surface is never closer than the surface itself: what is longer even than that is
    an overestimate for certain.
    """
    generator = torch.Generator().manual_seed(seed)
    anywhere = torch.rand(samples - samples // 2, 3, generator=generator) * 2 - 1
    chosen = torch.randint(len(surface), (samples // 2,), generator=generator)
    near = surface[chosen] + 0.03 * torch.randn(samples // 2, 3, generator=generator)
    points = torch.cat([anywhere, near])
    claimed = field.values(points).abs().double().numpy() / constant
    distance, _ = cKDTree(surface.double().numpy()).query(points.double().numpy(), workers=-1)
    rounding = 4e-6  # of the function in single precision, and of its surface's points
    excess = np.asarray(claimed - distance - rounding)
    apart = distance > 10 * SHORTEST
    typical = float(np.median(claimed[apart] / distance[apart])) if apart.any() else 1.0
    return Overestimation(samples, float((excess > 0).mean()), float(max(excess.max(), 0.0)), typical)
