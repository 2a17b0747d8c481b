"""The families of networks that can represent a morph, all functions of (x, y, z, t)."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from ..errors import JobError
from ..job import Network
from .lipschitz import LipschitzMLP
from .plain import PlainMLP


class MorphNetwork(Protocol):
    """What the training and the export need of a network, beside being a torch module from (n, 4) to (n, 1)."""

    def effective(self) -> list[tuple[Tensor, Tensor]]:
        """Weights and biases of a plain MLP with the same values, differentiable."""
        ...

    def penalty(self) -> Tensor:
        """What the smoothness weight multiplies."""
        ...


def build(network: Network, seed: int) -> nn.Module:
    """The untrained network that a job asks for; the same seed gives the same weights."""
    generator = torch.Generator().manual_seed(seed)
    if network.activation == "groupsort" and network.width % 2:
        raise JobError("network.width must be even for groupsort.")
    if network.family == "lipschitz":
        return LipschitzMLP(network.width, network.depth, network.activation, network.input_scale, generator)
    if network.family == "plain":
        return PlainMLP(network.width, network.depth, network.activation, network.input_scale, generator)
    raise JobError(f"network.family '{network.family}' is not available in this build.")
