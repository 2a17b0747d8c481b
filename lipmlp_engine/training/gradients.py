"""Loss and gradients of one batch, on whatever device; on the CPU by hand, in pieces that fit its caches, over threads.

Small networks leave torch's own threads waiting for each other at every layer: pieces of a batch worked off by Python
threads are faster, and never slower than one thread on a machine that is busy with something else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import torch
from torch import Tensor, nn

from ..networks.sll import SllMLP

PIECE = 1024
"""Samples worked on at once; fixed, so that sums come out the same whatever the number of threads. Chosen."""

BY_HAND = ("relu", "absolute")
"""Activations of a plain MLP whose derivatives are worked out here."""

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
        self._rule = _rule_for(network) if next(network.parameters()).device.type == "cpu" else None
        self._helpers = threads - 1 if self._rule else 0
        """Threads beside the calling one, which does its share: waking another costs as much as a small layer."""
        self._pool = ThreadPoolExecutor(max(1, self._helpers))

    def close(self) -> None:
        self._pool.shutdown()

    def __call__(self, points: Tensor, values: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Mean loss, and the gradient of mean loss + smoothness · penalty."""
        if self._rule is not None:
            return self._by_hand(points, values, self._rule)
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

    def _by_hand(self, points: Tensor, values: Tensor, rule: Rule) -> tuple[Tensor, list[Tensor]]:
        outputs = rule.matrices()
        fixed = [matrix.detach() for matrix in outputs]
        pieces = list(zip(torch.split(points, PIECE), torch.split(values, PIECE), strict=True))
        results = self._shared_out(pieces, lambda piece: rule.gradients(fixed, *piece, self._loss))
        total, slopes = results[0]
        for loss, piece in results[1:]:
            total = total + loss
            torch._foreach_add_(slopes, piece)
        torch._foreach_div_(slopes, len(points))
        # One number whose derivative by the matrices is what was found: torch's own way to hand that over, by
        # grad_outputs, imports a computer algebra system first.
        objective = _row(outputs) @ _row(slopes)
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


def _row(tensors: list[Tensor]) -> Tensor:
    return torch.cat([tensor.reshape(-1) for tensor in tensors])


class Rule(Protocol):
    """How a kind of network is differentiated by hand."""

    def matrices(self) -> list[Tensor]:
        """All that a batch needs of the network, differentiable by its parameters."""

    def gradients(self, matrices: list[Tensor], points: Tensor, values: Tensor, loss: Loss) -> Result:
        """Sum of losses and its derivatives by each of the matrices."""


def _rule_for(network: nn.Module) -> Rule | None:
    if isinstance(network, SllMLP):
        return _Residual(network)
    if getattr(network, "activation_name", "") in BY_HAND and hasattr(network, "effective"):
        return _Layered(network)
    return None


class _Layered:
    """A plain MLP, whatever its weights are made of."""

    def __init__(self, network: nn.Module) -> None:
        self._network = network
        self._relu = network.activation_name == "relu"

    def matrices(self) -> list[Tensor]:
        """Of each layer the weight and the bias."""
        return [matrix for layer in self._network.effective() for matrix in layer]  # type: ignore[operator]

    @torch.no_grad()
    def gradients(
        self, matrices: list[Tensor], points: Tensor, values: Tensor, loss: Loss
    ) -> tuple[Tensor, list[Tensor]]:
        weights, biases = matrices[0::2], matrices[1::2]
        activities, signs = [points], []
        for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
            before = torch.addmm(bias, activities[-1], weight.T)
            activities.append(before.relu_() if self._relu else before.abs())
            signs.append(before if self._relu else before.sign_())
        prediction = torch.addmm(biases[-1], activities[-1], weights[-1].T)
        total, slope = loss(prediction, values)
        slopes: list[Tensor] = []
        for weight, activity in zip(reversed(weights), reversed(activities), strict=True):
            slopes[:0] = [slope.T @ activity, slope.sum(0)]
            if signs:
                slope = slope @ weight
                sign = signs.pop()
                slope = torch.ops.aten.threshold_backward(slope, sign, 0) if self._relu else slope.mul_(sign)
        return total, slopes


class _Residual:
    """The SLL network: a state to which each block adds."""

    def __init__(self, network: SllMLP) -> None:
        self._network = network

    def matrices(self) -> list[Tensor]:
        """The lift and its bias; of each block its weight, its bias and what it subtracts; the head and its offset."""
        return self._network.stages()

    @torch.no_grad()
    def gradients(
        self, matrices: list[Tensor], points: Tensor, values: Tensor, loss: Loss
    ) -> tuple[Tensor, list[Tensor]]:
        lift, bias, *inner, head, offset = matrices
        blocks = list(zip(inner[0::3], inner[1::3], inner[2::3], strict=True))
        state = torch.addmm(bias, points, lift.T)
        passed = []
        for weight, shift, step in blocks:
            raised = torch.addmm(shift, state, weight.T).relu_()
            passed.append((state, raised))
            state = torch.addmm(state, raised, step, alpha=-1)
        total, slope = loss(torch.addmm(offset, state, head.T), values)
        slopes = [slope.T @ state, slope.sum(0)]
        slope = slope @ head
        for (weight, _, step), (before, raised) in zip(reversed(blocks), reversed(passed), strict=True):
            by_step = (raised.T @ slope).neg_()
            through = torch.ops.aten.threshold_backward((slope @ step.T).neg_(), raised, 0)
            slopes[:0] = [through.T @ before, through.sum(0), by_step]
            slope = torch.addmm(slope, through, weight)
        return total, [slope.T @ points, slope.sum(0), *slopes]
