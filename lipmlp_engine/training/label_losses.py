"""Losses that know only on which side of the surface a sample lies, for networks that are Lipschitz by construction.

Each gives the sum of losses over a batch and its derivative by the prediction, as ``gradients.Loss`` asks. Targets are
distances of which nothing but the sign is used: positive outside.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ..job.sections import Training

HINGE_SHARE = 0.99
"""Weight of the hinge in HKR; the rest is the transport cost, which alone would move the surface. Chosen."""
MARGINS = (0.002, 0.1)
"""Training-frame units, at no and at full safety. Chosen."""
TEMPERATURES = (1_000.0, 10.0)
"""Per training-frame unit, at no and at full safety. Chosen."""

Losses = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class KantorovichRubinstein:
    """Mean of f inside minus mean of f outside: over 1-Lipschitz f its least value is minus the Wasserstein distance
    between the two. With ``outside_share`` the share of the samples that lie outside, both sides weigh the same."""

    outside_share: float = 0.5

    def __call__(self, prediction: Tensor, target: Tensor) -> Losses:
        slope = torch.where(target > 0, -0.5 / self.outside_share, 0.5 / (1 - self.outside_share))
        return (slope * prediction).sum(), slope


@dataclass(frozen=True)
class Hinge:
    """By how much a sample misses being ``margin`` away from the surface on its own side."""

    margin: float

    def __call__(self, prediction: Tensor, target: Tensor) -> Losses:
        side = torch.where(target > 0, 1.0, -1.0)
        missing = (self.margin - side * prediction).clamp(min=0)
        return missing.sum(), torch.where(missing > 0, -side, 0.0)


@dataclass(frozen=True)
class HingeKR:
    """Hinge and Kantorovich-Rubinstein: its minimiser classifies with a margin and is a distance away from it."""

    share: float
    """Weight of the hinge, between 0 and 1."""
    margin: float
    outside_share: float = 0.5

    def __call__(self, prediction: Tensor, target: Tensor) -> Losses:
        hinge, hinge_slope = Hinge(self.margin)(prediction, target)
        cost, cost_slope = KantorovichRubinstein(self.outside_share)(prediction, target)
        return torch.lerp(cost, hinge, self.share), torch.lerp(cost_slope, hinge_slope, self.share)


@dataclass(frozen=True)
class CrossEntropy:
    """softplus(−τ y f) / τ: near zero temperature τ it is the Kantorovich-Rubinstein cost, at a high one the hinge."""

    temperature: float

    def __call__(self, prediction: Tensor, target: Tensor) -> Losses:
        side = torch.where(target > 0, 1.0, -1.0)
        wrong = -self.temperature * side * prediction
        return softplus(wrong).sum() / self.temperature, -side * wrong.sigmoid()


def between(ends: tuple[float, float], safety: float) -> float:
    """A positive quantity between its values at no and at full safety, even steps being even factors."""
    return float(ends[0] * (ends[1] / ends[0]) ** safety)


def label_loss(training: Training, targets: Tensor) -> HingeKR | Hinge | CrossEntropy:
    """The loss that a job asks for, balanced for all its targets."""
    if training.loss == "crossentropy":
        return CrossEntropy(between(TEMPERATURES, training.safety))
    margin = between(MARGINS, training.safety)
    if training.loss == "hinge":
        return Hinge(margin)
    outside = float((targets > 0).float().mean())
    return HingeKR(HINGE_SHARE, margin, min(max(outside, 0.01), 0.99))
