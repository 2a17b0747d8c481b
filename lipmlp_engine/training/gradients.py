"""Loss and gradients of one batch, on whatever device; on the CPU by hand, in pieces that fit its caches, over threads.

Small networks leave torch's own threads waiting for each other at every layer: pieces of a batch worked off by Python
threads are faster, and never slower than one thread on a machine that is busy with something else.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor, nn

from ..surface.field import one_torch_thread

PIECE = 1024
"""Samples worked on at once; fixed, so that sums come out the same whatever the number of threads."""

BY_HAND = ("relu", "absolute")
"""Activations whose derivatives are worked out here."""

Layers = list[tuple[Tensor, Tensor]]
Loss = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""(prediction, target) → (sum of losses, its derivative by the prediction)."""


def absolute_loss(prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    error = prediction - target
    return error.abs().sum(), error.sign()


def square_loss(prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    error = prediction - target
    return error.square().sum(), 2 * error


class BatchGradients:
    """The loss of a network on a batch, with the gradients of all its parameters."""

    def __init__(self, network: nn.Module, loss: Loss, smoothness: float, threads: int) -> None:
        self.network = network
        self.parameters = [p for p in network.parameters() if p.requires_grad]
        self._loss = loss
        self._smoothness = smoothness
        self._activation = getattr(network, "activation_name", "")
        by_hand = next(network.parameters()).device.type == "cpu" and self._activation in BY_HAND
        self._pool = ThreadPoolExecutor(max(1, threads)) if by_hand and hasattr(network, "effective") else None

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def __call__(self, points: Tensor, values: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Mean loss, and the gradient of mean loss + smoothness · penalty."""
        if self._pool is not None:
            return self._by_hand(points, values, self._pool)
        with one_torch_thread():
            return self._by_autograd(points, values)

    def _by_autograd(self, points: Tensor, values: Tensor) -> tuple[Tensor, list[Tensor]]:
        prediction = self.network(points)
        total, slope = self._loss(prediction.detach(), values)
        objective = (prediction * slope).sum() / len(points)
        if self._smoothness:
            objective = objective + self._smoothness * self.network.penalty()  # type: ignore[operator]
        gradients = torch.autograd.grad(objective, self.parameters, allow_unused=True)
        filled = [torch.zeros_like(p) if g is None else g for p, g in zip(self.parameters, gradients, strict=True)]
        return total / len(points), filled

    def _by_hand(self, points: Tensor, values: Tensor, pool: ThreadPoolExecutor) -> tuple[Tensor, list[Tensor]]:
        effective: Layers = self.network.effective()  # type: ignore[operator]
        fixed = [(weight.detach(), bias.detach()) for weight, bias in effective]
        pieces = pool.map(
            lambda piece: _gradients(fixed, self._activation, piece[0], piece[1], self._loss),
            zip(torch.split(points, PIECE), torch.split(values, PIECE), strict=True),
        )
        total, slopes = next(pieces)
        for loss, piece in pieces:
            total = total + loss
            torch._foreach_add_(slopes, piece)
        torch._foreach_div_(slopes, len(points))
        outputs = [tensor for layer in effective for tensor in layer]
        if self._smoothness:
            penalty = self.network.penalty()  # type: ignore[operator]
            if penalty.requires_grad:
                outputs.append(penalty)
                slopes.append(torch.full_like(penalty, self._smoothness))
        gradients = torch.autograd.grad(outputs, self.parameters, slopes, allow_unused=True)
        filled = [torch.zeros_like(p) if g is None else g for p, g in zip(self.parameters, gradients, strict=True)]
        return total / len(points), filled


@torch.no_grad()
def _gradients(
    layers: Layers, activation: str, points: Tensor, values: Tensor, loss: Loss
) -> tuple[Tensor, list[Tensor]]:
    """Sum of losses of an MLP and its derivatives by each weight and bias, weight before bias."""
    relu = activation == "relu"
    activities, signs = [points], []
    for weight, bias in layers[:-1]:
        before = torch.addmm(bias, activities[-1], weight.T)
        activities.append(before.relu_() if relu else before.abs())
        signs.append(before if relu else before.sign_())
    prediction = torch.addmm(layers[-1][1], activities[-1], layers[-1][0].T)
    total, slope = loss(prediction, values)
    slopes: list[Tensor] = []
    for (weight, _), activity in zip(reversed(layers), reversed(activities), strict=True):
        slopes[:0] = [slope.T @ activity, slope.sum(0)]
        if signs:
            slope = slope @ weight
            sign = signs.pop()
            slope = torch.ops.aten.threshold_backward(slope, sign, 0) if relu else slope.mul_(sign)
    return total, slopes
