"""Losses from labels alone: their derivatives, their limits, and a shape learned from nothing else."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from lipmlp_engine.job.sections import Network, Training
from lipmlp_engine.networks import build
from lipmlp_engine.training.gradients import BatchGradients
from lipmlp_engine.training.label_losses import CrossEntropy, Hinge, HingeKR, KantorovichRubinstein, label_loss
from lipmlp_engine.training.optimiser import MuonAdam, rate_at

LOSSES = [KantorovichRubinstein(0.3), Hinge(0.2), HingeKR(0.9, 0.2, 0.3), CrossEntropy(20.0)]


@pytest.fixture
def batch() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(200, 1, generator=generator), torch.randn(200, 1, generator=generator)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_the_derivative_is_that_of_the_sum(loss: HingeKR, batch: tuple[Tensor, Tensor]) -> None:
    prediction, target = batch
    prediction = prediction.requires_grad_(True)
    total, slope = loss(prediction, target)
    (expected,) = torch.autograd.grad(total, prediction)
    assert torch.allclose(slope, expected, atol=1e-6)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_only_the_sign_of_the_target_counts(loss: HingeKR, batch: tuple[Tensor, Tensor]) -> None:
    prediction, target = batch
    assert torch.equal(loss(prediction, target)[0], loss(prediction, target.sign() * 7)[0])


def test_kantorovich_rubinstein_weighs_both_sides_the_same() -> None:
    target = torch.cat([torch.ones(30, 1), -torch.ones(70, 1)])
    prediction = torch.cat([torch.full((30, 1), 2.0), torch.full((70, 1), 5.0)])
    total, _ = KantorovichRubinstein(outside_share=0.3)(prediction, target)
    assert float(total) / 100 == pytest.approx((5.0 - 2.0) / 2)


def test_cross_entropy_lies_between_transport_and_hinge(batch: tuple[Tensor, Tensor]) -> None:
    prediction, target = batch
    cold = CrossEntropy(1e4)(prediction, target)[0]
    assert torch.allclose(cold, Hinge(0.0)(prediction, target)[0], rtol=1e-3)
    slopes = CrossEntropy(1e-4)(prediction, target)[1]
    assert torch.allclose(slopes, -0.5 * target.sign(), atol=1e-3)


def test_safety_widens_the_margin_and_lowers_the_temperature() -> None:
    targets = torch.tensor([1.0, 1.0, 1.0, -1.0])
    margins = [label_loss(Training(loss="hinge", safety=safety), targets).margin for safety in (0.0, 0.5, 1.0)]
    assert margins == sorted(margins) and margins[0] > 0
    sharp, soft = (label_loss(Training(loss="crossentropy", safety=safety), targets).temperature for safety in (0, 1))
    assert sharp > soft
    assert label_loss(Training(loss="hkr"), targets).outside_share == 0.75


def test_labels_alone_give_a_ball_and_a_safe_distance() -> None:
    """1-Lipschitz and trained from labels of a ball of radius ½: the surface is there, and f is nearly the distance."""
    generator = torch.Generator().manual_seed(0)
    samples = torch.rand(20_000, 4, generator=generator) * 2 - 1
    direction = torch.nn.functional.normalize(torch.randn(10_000, 3, generator=generator))
    samples[:10_000, :3] = direction * (0.5 + 0.1 * torch.randn(10_000, 1, generator=generator))
    distance = samples[:, :3].norm(dim=1, keepdim=True) - 0.5
    network = build(Network(family="orthogonal", width=32, depth=3, coefficient=1.0), seed=0)
    gradients = BatchGradients(network, label_loss(Training(loss="hkr"), distance), 0.0, threads=1)
    optimiser = MuonAdam(network, 3e-3, muon=True)
    steps = 500
    for step in range(steps):
        optimiser.set_rate(rate_at(step / steps, constant=False))
        chosen = torch.randint(len(samples), (1024,), generator=generator)
        optimiser.step(gradients(samples[chosen], distance[chosen].sign())[1])
    gradients.close()
    with torch.no_grad():
        values = network(samples)
    wrong = (values.sign() != distance.sign()) & (distance.abs() > 0.02)
    assert float(wrong.float().mean()) < 0.002
    assert float((values - distance).abs().mean()) < 0.06
