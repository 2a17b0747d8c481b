"""The families of networks that can represent a morph, all functions of (x, y, z, t)."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from ..job.errors import JobError
from ..job.sections import Network
from .lipschitz import LipschitzMLP
from .orthogonal import FOLDED, OrthogonalMLP
from .plain import PlainMLP
from .sll import SllMLP


class MorphNetwork(Protocol):
    """What the training and the export need of a network, beside being a torch module from (n, 4) to (n, 1)."""

    def effective(self) -> list[tuple[Tensor, Tensor]]:
        """Weights and biases of a plain MLP with the same values, differentiable."""
        ...

    def penalty(self) -> Tensor:
        """What the smoothness weight multiplies."""
        ...


def exported_activation(network: Network) -> str:
    """The activation of the plain MLP that a trained network is exported to."""
    if network.family == "sll":
        return SllMLP.activation_name
    if network.activation == "auto":
        return "absolute" if network.family == "orthogonal" else "relu"
    return "fold" if network.family == "orthogonal" and network.activation in FOLDED else network.activation


def build(network: Network, seed: int) -> nn.Module:
    """The untrained network that a job asks for; the same seed gives the same weights."""
    generator = torch.Generator().manual_seed(seed)
    width, depth, activation = network.width, network.depth, network.activation
    if width % 2 and (activation in FOLDED or network.family == "sll"):
        raise JobError(f"network.width must be even for {activation if activation in FOLDED else network.family}.")
    if activation == "householder" and network.family != "orthogonal":
        raise JobError("network.activation 'householder' is only known to the orthogonal family.")
    if activation not in FOLDED:
        activation = exported_activation(network)
    if network.family == "orthogonal":
        return OrthogonalMLP(width, depth, activation, network.coefficient, generator)
    if network.family == "sll":
        return SllMLP(width, depth, network.coefficient, generator)
    family = LipschitzMLP if network.family == "lipschitz" else PlainMLP
    return family(width, depth, activation, network.input_scale, generator)
