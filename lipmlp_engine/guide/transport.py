"""Optimal transport between two point sets: where each point would go if all moved as little as they can."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

BLUR = (0.1, 0.03, 0.01, 0.003)
"""Entropy of the plan, coarse to fine, as a share of the mean cost."""
ROUNDS_PER_BLUR = 2
SCALINGS_PER_ROUND = 6
SMALLEST_EXPONENT = -80.0
"""Keeps the kernel out of the denormal numbers, which processors work on a hundred times more slowly."""

Array = NDArray[np.float64]


def transport_targets(source: Array, target: Array, extra_cost: Array | None = None) -> tuple[Array, Array]:
    """Mean destination of each source point and mean origin of each target point, under entropic optimal transport.

    Both sets weigh the same in all, each point equally. ``extra_cost`` (source, target) is added to the squared
    distances. Log-domain potentials absorb the scalings, so that small entropies do not underflow.

    >>> points = np.random.default_rng(0).random((50, 3))
    >>> destinations, _ = transport_targets(points, points + 1)
    >>> bool(np.abs(destinations - points - 1).mean() < 0.05)
    True
    """
    start, end = (torch.from_numpy(np.asarray(points, np.float32)) for points in (source, target))
    cost = torch.cdist(start, end).square_()
    if extra_cost is not None:
        cost += torch.from_numpy(np.asarray(extra_cost, np.float32))
    scale = float(cost.mean()) or 1.0
    count, other = cost.shape
    left, right = torch.zeros(count, 1), torch.zeros(1, other)
    entropy = BLUR[0] * scale
    for blur in BLUR:
        entropy = blur * scale
        for _ in range(ROUNDS_PER_BLUR):
            kernel = (left + right).sub_(cost).div_(entropy).clamp_(min=SMALLEST_EXPONENT).exp_()
            column = torch.ones(other, 1)
            for _ in range(SCALINGS_PER_ROUND):
                row = 1 / (count * (kernel @ column).clamp_(min=1e-30))
                column = 1 / (other * (kernel.T @ row).clamp_(min=1e-30))
            left += entropy * row.log()
            right += entropy * column.log().T
    plan = (left + right).sub_(cost).div_(entropy).exp_()
    destinations = (plan @ end) / plan.sum(1, keepdim=True).clamp_(min=1e-30)
    origins = (plan.T @ start) / plan.sum(0)[:, None].clamp_(min=1e-30)
    return destinations.numpy().astype(np.float64), origins.numpy().astype(np.float64)
