"""From a trained network to the plain MLP that is kept: weights corrected once, then read out. Knows no training."""

from __future__ import annotations

import torch
from torch import Tensor

from ..surface.activation_bounds import ACTIVATIONS as SURFACE_ACTIVATIONS
from ..surface.field import Field, LipschitzField, MLPField
from . import MorphNetwork
from .activations import activation as activation_named
from .orthogonal import OrthogonalMLP
from .sll import SllMLP

Layers = list[tuple[Tensor, Tensor]]


@torch.no_grad()
def condense(network: MorphNetwork) -> Layers:
    """The plain MLP that is kept of a network: its values, and 1-Lipschitz in space where the family promises that."""
    layers = network.condensed() if isinstance(network, (OrthogonalMLP, SllMLP)) else network.effective()
    return [(weight.detach().clone(), bias.detach().clone()) for weight, bias in layers]


def evaluate(layers: Layers, activation: str, points: Tensor) -> Tensor:
    """The plain MLP at points (n, inputs), as (n,)."""
    apply = activation_named(activation)
    values = points
    for weight, bias in layers[:-1]:
        values = apply(torch.addmm(bias, values, weight.T))
    return torch.addmm(layers[-1][1], values, layers[-1][0].T).squeeze(1)


def exported_field(layers: Layers, activation: str) -> Field:
    """The plain MLP as a field; one whose activation the surface cannot enclose is bounded by its layers' norms."""
    if activation in SURFACE_ACTIVATIONS:
        return MLPField(layers, activation)
    constant = 1.0
    for weight, _ in layers:
        constant *= float(torch.linalg.matrix_norm(weight.double(), 2))
    return LipschitzField(lambda points: evaluate(layers, activation, points), constant, layers[0][0].device)
