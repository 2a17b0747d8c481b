"""The non-linearities a network may have between its layers."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def groupsort(values: Tensor) -> Tensor:
    """Sort each pair of neighbours: a permutation, so that no gradient is lost."""
    pairs = values.unflatten(-1, (-1, 2))
    return torch.cat([pairs.amin(-1, keepdim=True), pairs.amax(-1, keepdim=True)], -1).flatten(-2)


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "softplus": torch.nn.functional.softplus,
    "sine": torch.sin,
    "groupsort": groupsort,
}


def activation(name: str) -> Callable[[Tensor], Tensor]:
    """The function behind a job's word; all are 1-Lipschitz."""
    return ACTIVATIONS[name]
