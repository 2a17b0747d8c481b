"""Optimal transport between two point sets: where each point would go if all moved as little as they can."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

BLUR = (0.1, 0.03, 0.01, 0.003)
"""Entropy of the plan, coarse to fine, as a share of the mean cost.

Chosen. Measured: twice of it makes .2 % more of a morph steep, half changes nothing above chance.
"""
KNOWN_BLUR = (0.01, 0.003)
"""What is left to do where a plan between nearly the same points is known.

Chosen. Measured: what is missing at the ends stays within the differences between seeds.
"""
ROUNDS_PER_BLUR = 2
"""How often transport is asked again at each blur.

Chosen; ten at first. Measured: once makes .4 % more of a morph steep, four times changes nothing above chance.
"""
SCALINGS_PER_ROUND = 6
"""Of a plan's rows and columns. Chosen."""
SMALLEST_EXPONENT = -115.0
"""Of two. Keeps plans out of the denormal numbers, which processors work on a hundred times more slowly.

Follows from single precision, whose denormal numbers begin at 2^-126.
"""

APART = 1e6
"""Cost of going from one piece to another. Chosen: far above any squared distance in the training frame."""

Array = NDArray[np.float64]


class Transport:
    """Entropic optimal transport between two point sets that move a little from one call to the next.

    Both sets weigh the same in all, each point equally. Log-domain potentials absorb the scalings, so that small
    entropies do not underflow; they are kept, so that only the first call has to go from coarse to fine.

    >>> points = np.random.default_rng(0).random((50, 3))
    >>> destinations, _ = Transport().targets(points, points + 1)
    >>> bool(np.abs(destinations - points - 1).mean() < 0.05)
    True
    """

    def __init__(
        self, extra_cost: Array | None = None, pieces: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
    ) -> None:
        """``extra_cost`` (source, target) is added to the squared distances.

        pieces: the number of each point's, source and target: nothing goes from one to another, and both points of one
        number weigh the same in all, the mean of what they are of their sets.
        """
        self._extra_cost = None if extra_cost is None else torch.from_numpy(np.asarray(extra_cost, np.float32))
        self._pieces = pieces
        self._right: torch.Tensor | None = None
        # Kept: new memory takes longer to come than to be filled.
        self._memory = torch.empty(0)

    def targets(self, source: Array, target: Array) -> tuple[Array, Array]:
        """Mean destination of each source point and mean origin of each target point."""
        start, end = (torch.from_numpy(np.asarray(points, np.float32)) for points in (source, target))
        cost = torch.cdist(start, end).square_()
        if self._extra_cost is not None:
            cost += self._extra_cost
        each: int | torch.Tensor
        every: int | torch.Tensor
        if self._pieces is None:
            scale, (each, every) = float(cost.mean()) or 1.0, cost.shape
        else:
            apart = torch.from_numpy(self._pieces[0][:, None] != self._pieces[1])
            scale = float(cost[~apart].mean()) or 1.0
            cost.masked_fill_(apart, APART)
            each, every = self._inverse_weights()
        if self._memory.shape != cost.shape:
            self._memory = torch.empty_like(cost)
        blurs = BLUR if self._right is None else KNOWN_BLUR
        right = torch.zeros(1, cost.shape[1]) if self._right is None else self._right
        # The other potential follows from this one; no exponent below is above zero then.
        left = (cost - right).amin(1, keepdim=True)
        for blur in blurs:
            entropy = blur * scale
            for _ in range(ROUNDS_PER_BLUR):
                kernel = self._plan(left, right, cost, entropy)
                column = torch.ones(cost.shape[1], 1)
                for _ in range(SCALINGS_PER_ROUND):
                    row = 1 / (each * (kernel @ column).clamp_(min=1e-30))
                    column = 1 / (every * (kernel.T @ row).clamp_(min=1e-30))
                left = left + entropy * row.log()
                right = right + entropy * column.log().T
        self._right = right
        plan = self._plan(left, right, cost, entropy)
        destinations = (plan @ end) / plan.sum(1, keepdim=True).clamp_(min=1e-30)
        origins = (plan.T @ start) / plan.sum(0)[:, None].clamp_(min=1e-30)
        return destinations.numpy().astype(np.float64), origins.numpy().astype(np.float64)

    def _inverse_weights(self) -> tuple[torch.Tensor, torch.Tensor]:
        """One over what each point weighs, of both sets."""
        assert self._pieces is not None
        counts = [np.bincount(pieces) for pieces in self._pieces]
        weights = sum(count / count.sum() for count in counts) / 2
        first, second = (
            torch.from_numpy((count / weights)[pieces].astype(np.float32)[:, None])
            for count, pieces in zip(counts, self._pieces, strict=True)
        )
        return first, second

    def _plan(self, left: torch.Tensor, right: torch.Tensor, cost: torch.Tensor, entropy: float) -> torch.Tensor:
        """How much goes from where to where by these potentials; it stands until it is asked for again."""
        plan = torch.add(left, right, out=self._memory).sub_(cost)
        # Powers of two are found in a third of the time of those of e.
        return plan.mul_(1 / (entropy * math.log(2))).clamp_(min=SMALLEST_EXPONENT).exp2_()
