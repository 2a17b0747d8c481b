"""The non-linearities a network may have between its layers."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def groupsort(values: Tensor) -> Tensor:
    """Sort each pair of neighbours (MaxMin): a permutation, so that no gradient is lost."""
    pairs = values.reshape(*values.shape[:-1], -1, 2)
    return torch.cat([pairs.amin(-1, keepdim=True), pairs.amax(-1, keepdim=True)], -1).flatten(-2)


def fullsort(values: Tensor) -> Tensor:
    """Sort all neurons of a layer."""
    return values.sort(-1).values


def fold(values: Tensor) -> Tensor:
    """Keep the first half of the neurons and take the absolute value of the second.

    Sorting a pair is this in the basis (x + y, y − x)/√2, which an orthogonal layer before and one after it can absorb:
    between orthogonal layers the two span the same functions, and this one takes a third of the time.
    """
    kept, folded = values.chunk(2, -1)
    return torch.cat([kept, folded.abs()], -1)


def householder(values: Tensor, angle: Tensor) -> Tensor:
    """Reflect each pair that lies on the wrong side of a line through the origin; one angle per pair.

    Pair k is (neuron k, neuron k + half), and the line's normal is (cos, sin) of the angle.
    """
    first, second = values.chunk(2, -1)
    cosine, sine = angle.cos(), angle.sin()
    beyond = (cosine * first + sine * second).clamp(max=0) * 2
    return torch.cat([first - beyond * cosine, second - beyond * sine], -1)


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "softplus": torch.nn.functional.softplus,
    "sine": torch.sin,
    "absolute": torch.abs,
    "groupsort": groupsort,
    "fold": fold,
    "fullsort": fullsort,
}


def activation(name: str) -> Callable[[Tensor], Tensor]:
    """The function behind a job's word; all are 1-Lipschitz."""
    return ACTIVATIONS[name]
