"""Loss and gradients of one batch, on whatever device; on the CPU by hand, in pieces that fit its caches, over threads.

Small networks leave torch's own threads waiting for each other at every layer: pieces of a batch worked off by Python
threads are faster, and never slower than one thread on a machine that is busy with something else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor, nn

PIECE = 1024
"""Samples worked on at once; fixed, so that sums come out the same whatever the number of threads."""

BY_HAND = ("relu", "absolute")
"""Activations whose derivatives are worked out here."""

Layers = list[tuple[Tensor, Tensor]]
Loss = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""(prediction, target) → (sum of losses, its derivative by the prediction)."""
Piece = tuple[Tensor, Tensor]
"""Points and values."""
Result = tuple[Tensor, list[Tensor]]
"""Sum of losses and its gradients."""


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
        self._by_hand = by_hand and hasattr(network, "effective")
        self._helpers = threads - 1 if self._by_hand else 0
        """Threads beside the calling one, which does its share: waking another costs as much as a small layer."""
        self._pool = ThreadPoolExecutor(max(1, self._helpers))

    def close(self) -> None:
        self._pool.shutdown()

    def __call__(self, points: Tensor, values: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Mean loss, and the gradient of mean loss + smoothness · penalty."""
        return self._in_pieces(points, values) if self._by_hand else self._by_autograd(points, values)

    def _by_autograd(self, points: Tensor, values: Tensor) -> tuple[Tensor, list[Tensor]]:
        prediction = self.network(points)
        total, slope = self._loss(prediction.detach(), values)
        objective = (prediction * slope).sum() / len(points)
        if self._smoothness:
            objective = objective + self._smoothness * self.network.penalty()  # type: ignore[operator]
        gradients = torch.autograd.grad(objective, self.parameters, allow_unused=True)
        filled = [torch.zeros_like(p) if g is None else g for p, g in zip(self.parameters, gradients, strict=True)]
        return total / len(points), filled

    def _in_pieces(self, points: Tensor, values: Tensor) -> tuple[Tensor, list[Tensor]]:
        effective: Layers = self.network.effective()  # type: ignore[operator]
        fixed = [(weight.detach(), bias.detach()) for weight, bias in effective]
        pieces = list(zip(torch.split(points, PIECE), torch.split(values, PIECE), strict=True))
        results = self._shared_out(pieces, lambda piece: _gradients(fixed, self._activation, *piece, self._loss))
        total, slopes = results[0]
        for loss, piece in results[1:]:
            total = total + loss
            torch._foreach_add_(slopes, piece)
        torch._foreach_div_(slopes, len(points))
        # One number whose derivative by the effective layers is what was found: torch's own way to hand that over, by
        # grad_outputs, imports a computer algebra system first.
        outputs = torch.cat([tensor.reshape(-1) for layer in effective for tensor in layer])
        objective = outputs @ torch.cat([slope.reshape(-1) for slope in slopes])
        if self._smoothness:
            objective = objective + self._smoothness * self.network.penalty()  # type: ignore[operator]
        gradients = torch.autograd.grad(objective, self.parameters, allow_unused=True)
        filled = [torch.zeros_like(p) if g is None else g for p, g in zip(self.parameters, gradients, strict=True)]
        return total / len(points), filled

    def _shared_out(self, pieces: list[Piece], work: Callable[[Piece], Result]) -> list[Result]:
        """The results in the order of the pieces; whoever is free takes the next piece."""
        waiting = deque(enumerate(pieces))
        results: dict[int, Result] = {}

        def take() -> None:
            while True:
                try:
                    index, piece = waiting.popleft()
                except IndexError:
                    return
                results[index] = work(piece)

        helpers = [self._pool.submit(take) for _ in range(min(self._helpers, len(pieces) - 1))]
        take()
        for helper in helpers:
            helper.result()
        return [results[index] for index in range(len(pieces))]


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
