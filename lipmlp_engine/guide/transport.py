"""Optimal transport between two point sets: where each point would go if all moved as little as they can."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLUR = (0.1, 0.03, 0.01, 0.003)
"""Entropy of the plan, coarse to fine, as a share of the mean cost."""
ROUNDS_PER_BLUR = 10
SCALINGS_PER_ROUND = 4

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
    source, target = np.asarray(source, np.float32), np.asarray(target, np.float32)
    cost = (source**2).sum(1)[:, None] + (target**2).sum(1)[None] - 2 * source @ target.T
    if extra_cost is not None:
        cost = cost + np.asarray(extra_cost, np.float32)
    cost = np.maximum(cost, 0)
    scale = float(cost.mean()) or 1.0
    count, other = cost.shape
    left, right = np.zeros(count, np.float32), np.zeros(other, np.float32)
    entropy = BLUR[0] * scale
    for blur in BLUR:
        entropy = np.float32(blur * scale)
        for _ in range(ROUNDS_PER_BLUR):
            kernel = np.exp((left[:, None] + right[None] - cost) / entropy)
            row, column = np.ones(count, np.float32), np.ones(other, np.float32)
            for _ in range(SCALINGS_PER_ROUND):
                row = 1 / (count * np.maximum(kernel @ column, 1e-30))
                column = 1 / (other * np.maximum(kernel.T @ row, 1e-30))
            left += entropy * np.log(row)
            right += entropy * np.log(column)
    plan = np.exp((left[:, None] + right[None] - cost) / entropy).astype(np.float64)
    destinations = (plan @ target) / np.maximum(plan.sum(1), 1e-30)[:, None]
    origins = (plan.T @ source) / np.maximum(plan.sum(0), 1e-30)[:, None]
    return destinations, origins
