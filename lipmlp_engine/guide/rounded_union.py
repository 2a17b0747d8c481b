"""Two functions as one that encloses what either does, rounded where both are about the same; knows no shape."""

from __future__ import annotations

import torch
from torch import Tensor


def rounded_least(first: Tensor, second: Tensor, rounding: Tensor | float) -> Tensor:
    """The lesser of two values, less still where they differ by no more than the rounding."""
    near = (rounding - (first - second).abs()).clamp(min=0)
    return torch.minimum(first, second) - near.square() / (4 * rounding)


def part_of_second(first: Tensor, second: Tensor, rounding: Tensor | float) -> Tensor:
    """How far the gradient of that is the second one's, from 0 to 1."""
    near = (rounding - (first - second).abs()).clamp(min=0) / (2 * rounding)
    return torch.where(second < first, 1 - near, near)


def bounds_with(low: Tensor, high: Tensor, distance: Tensor, reach: Tensor, rounding: float) -> tuple[Tensor, Tensor]:
    """The least and the most of that over boxes, where the first one's bounds are known, and of the second, which is a
    distance, its value in their middles; ``reach`` is how far their corners are. The same where it does not count."""
    counts = distance - reach - rounding < high
    least = torch.minimum(low, distance - reach) - rounding / 4
    return torch.where(counts, least, low), torch.where(counts, torch.minimum(high, distance + reach), high)
