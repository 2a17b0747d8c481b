"""Muon for the square hidden matrices and Adam for all the rest, with learning rates that live on the device.

torch has a Muon of its own; this one orthogonalises all matrices of a shape in one batch and in single precision, which
is four times faster at the sizes of a morph's network, and it can be captured in a CUDA graph.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

MUON_RATE = 0.02
"""Peak rate of Muon, where Adam's is the job's: the two scale together. Taken from Jordan et al. (2024)."""
MUON_MOMENTUM = 0.95
"""Of Muon. Taken from Jordan et al. (2024)."""
ADAM_BETAS = (0.9, 0.99)
"""How long Adam remembers slopes and their squares: for trainings of some hundred steps. Chosen."""
ADAM_EPSILON = 1e-9
"""Keeps Adam from dividing by nothing. Chosen."""
WARM_UP = 0.04
"""Share of the training in which the rate rises. Chosen."""
_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the quintic iteration that brings all singular values near one (Jordan et al., 2024)."""


def orthogonalise(matrices: Tensor, steps: int = 5) -> Tensor:
    """Bring the singular values of a batch of matrices near one, keeping their singular vectors."""
    a, b, c = _NEWTON_SCHULZ
    matrices = matrices / (matrices.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = torch.bmm(matrices, matrices.mT)
        polynomial = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        matrices = torch.baddbmm(matrices, polynomial, matrices, beta=a)
    return matrices


def rate_at(progress: float, constant: bool) -> float:
    """Share of the peak rate: a short rise, then half a cosine down to zero."""
    if constant:
        return 1.0
    if progress < WARM_UP:
        return max(progress / WARM_UP, 0.02)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - WARM_UP) / (1 - WARM_UP))))


class MuonAdam:
    """One optimiser for a network: call ``step`` with the gradients in the order of ``parameters``."""

    def __init__(self, network: nn.Module, adam_rate: float, muon: bool) -> None:
        self.parameters = [p for p in network.parameters() if p.requires_grad]
        self._tangent = getattr(network, "tangent", None)
        self._retract = getattr(network, "retract", None)
        shapes = [tuple(p.shape) for p in self.parameters]
        hidden = [k for k, shape in enumerate(shapes) if muon and len(shape) == 2 and min(shape) >= 16]
        self._groups = [[k for k in hidden if shapes[k] == shape] for shape in sorted({shapes[k] for k in hidden})]
        self._rest = [k for k in range(len(shapes)) if k not in hidden]
        device = self.parameters[0].device
        self._factor = torch.ones((), device=device)
        self._steps = torch.zeros((), device=device)
        self._adam_rate = adam_rate
        self._momentum = [torch.zeros(len(group), *shapes[group[0]], device=device) for group in self._groups]
        self._first = [torch.zeros_like(self.parameters[k]) for k in self._rest]
        self._second = [torch.zeros_like(self.parameters[k]) for k in self._rest]

    @property
    def state(self) -> list[Tensor]:
        """All that it remembers from step to step, as it lives on the device."""
        return [self._steps, *self._momentum, *self._first, *self._second]

    def set_rate(self, factor: float) -> None:
        """Scale both peak rates."""
        self._factor.fill_(factor)

    @torch.no_grad()
    def step(self, gradients: list[Tensor]) -> None:
        if self._tangent is not None:
            gradients = self._tangent(gradients)
        for group, momentum in zip(self._groups, self._momentum, strict=True):
            gradient = torch.stack([gradients[k] for k in group])
            momentum.lerp_(gradient, 1 - MUON_MOMENTUM)
            update = orthogonalise(gradient.lerp(momentum, MUON_MOMENTUM))
            rows, columns = update.shape[1:]
            update *= self._factor * (MUON_RATE * max(1.0, rows / columns) ** 0.5)
            for k, change in zip(group, update, strict=True):
                self.parameters[k].sub_(change)
        self._adam([gradients[k] for k in self._rest])
        if self._retract is not None:
            self._retract()

    def _adam(self, gradients: list[Tensor]) -> None:
        beta, gamma = ADAM_BETAS
        self._steps += 1
        torch._foreach_lerp_(self._first, gradients, 1 - beta)
        torch._foreach_mul_(self._second, gamma)
        torch._foreach_addcmul_(self._second, gradients, gradients, 1 - gamma)
        rate = self._factor * self._adam_rate * (1 - gamma**self._steps).sqrt() / (1 - beta**self._steps)
        scale = torch._foreach_sqrt(self._second)
        torch._foreach_add_(scale, ADAM_EPSILON)
        change = torch._foreach_div(self._first, scale)
        torch._foreach_mul_(change, rate)
        torch._foreach_sub_([self.parameters[k] for k in self._rest], change)
