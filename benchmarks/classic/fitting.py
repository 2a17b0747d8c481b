"""Fits an orthogonal network of any input dimension to a loss; shared by the classic demonstrations."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from lipmlp_engine.networks.orthogonal import OrthogonalMLP
from lipmlp_engine.training.gradients import BatchGradients, Loss
from lipmlp_engine.training.optimiser import MuonAdam, rate_at


def network(inputs: int, width: int, depth: int, activation: str = "absolute", seed: int = 0) -> OrthogonalMLP:
    """An untrained 1-Lipschitz function of ``inputs`` variables."""
    return OrthogonalMLP(width, depth, activation, 1.0, torch.Generator().manual_seed(seed), inputs)


def at_rest(points: Tensor) -> Tensor:
    """Points with the time that a morph's network expects, which these problems do not have."""
    return torch.cat([points, torch.zeros(len(points), 1)], 1)


def fit(
    model: OrthogonalMLP, loss: Loss, draw: Callable[[int], tuple[Tensor, Tensor]], steps: int, rate: float
) -> None:
    """Train on the batches that ``draw(step)`` gives, then correct the weights exactly."""
    gradients = BatchGradients(model, loss, 0.0, threads=1)
    optimiser = MuonAdam(model, rate, muon=True)
    for step in range(steps):
        optimiser.set_rate(rate_at(step / steps, constant=False))
        points, targets = draw(step)
        optimiser.step(gradients(at_rest(points), targets)[1])
    gradients.close()
    model.condensed()


def values(model: OrthogonalMLP, points: Tensor) -> Tensor:
    with torch.no_grad():
        return model(at_rest(points))[:, 0]


def gradient_norms(model: OrthogonalMLP, points: Tensor) -> Tensor:
    points = points.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(model(at_rest(points)).sum(), points)
    return gradient.norm(dim=1)
