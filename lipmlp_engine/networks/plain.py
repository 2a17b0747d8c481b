"""The ordinary MLP, for comparison; the Lipschitz one differs from it in its layers alone."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from .activations import activation


class Linear(nn.Module):
    """y = Wx + b, started normally with variance 2 / inputs (He).

    The columns of space are divided by ``space_scale``, by which the network multiplies space. Biases start small and
    different from unit to unit, so that the kinks of a layer do not all pass through the origin.
    """

    def __init__(self, inputs: int, outputs: int, space_scale: float, generator: torch.Generator) -> None:
        super().__init__()
        weight = torch.randn(outputs, inputs, generator=generator) * (2.0 / inputs) ** 0.5
        if space_scale != 1.0:
            weight[:, :3] /= space_scale
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter((torch.rand(outputs, generator=generator) * 2 - 1) / inputs**0.5)

    def effective_weight(self) -> Tensor:
        """The matrix that is applied."""
        return self.weight

    def forward(self, values: Tensor) -> Tensor:
        return torch.addmm(self.bias, values, self.effective_weight().T)


class PlainMLP(nn.Module):
    """f(x, t), (n, 4) → (n, 1), without any bound."""

    layer_kind: type[Linear] = Linear
    input_scale: Tensor

    def __init__(
        self, width: int, depth: int, activation_name: str, input_scale: float, generator: torch.Generator
    ) -> None:
        super().__init__()
        sizes = [4] + [width] * depth + [1]
        self.linears = [
            self.layer_kind(inputs, outputs, input_scale if index == 0 else 1.0, generator)
            for index, (inputs, outputs) in enumerate(pairwise(sizes))
        ]
        self.layers = nn.ModuleList(self.linears)
        self.activation = activation(activation_name)
        self.activation_name = activation_name
        self.register_buffer("input_scale", torch.tensor([input_scale] * 3 + [1.0]))

    def forward(self, points: Tensor) -> Tensor:
        values = points * self.input_scale
        for layer in self.linears[:-1]:
            values = self.activation(layer(values))
        return self.linears[-1].forward(values)

    def effective(self) -> list[tuple[Tensor, Tensor]]:
        """The weights and biases of a plain MLP that computes the same values without the input scale."""
        layers: list[tuple[Tensor, Tensor]] = [(layer.effective_weight(), layer.bias) for layer in self.linears]
        return [(layers[0][0] * self.input_scale, layers[0][1]), *layers[1:]]

    def penalty(self) -> Tensor:
        """Nothing is penalised."""
        return torch.zeros(())
