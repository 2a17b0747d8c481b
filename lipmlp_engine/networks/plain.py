"""The ordinary MLP, for comparison, and the initial weights that it shares with the Lipschitz one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .activations import activation


def first_weights(inputs: int, outputs: int, scale: float, generator: torch.Generator) -> Tensor:
    """Normal with variance 2 / inputs (He), the columns of space divided by what they will be multiplied with."""
    weights = torch.randn(outputs, inputs, generator=generator) * (2.0 / inputs) ** 0.5
    if scale != 1.0:
        weights[:, :3] /= scale
    return weights


def hidden_bias(inputs: int, outputs: int, generator: torch.Generator) -> Tensor:
    """Small and different from unit to unit, so that the kinks of a layer do not all pass through the origin."""
    return (torch.rand(outputs, generator=generator) * 2 - 1) / inputs**0.5


class PlainMLP(nn.Module):
    """f(x, t), (n, 4) → (n, 1), without any bound."""

    def __init__(
        self, width: int, depth: int, activation_name: str, input_scale: float, generator: torch.Generator
    ) -> None:
        super().__init__()
        sizes = [4] + [width] * depth + [1]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:], strict=False))
        for k, layer in enumerate(self.layers):
            layer.weight.data = first_weights(
                layer.in_features, layer.out_features, input_scale if k == 0 else 1.0, generator
            )  # type: ignore[arg-type]
            layer.bias.data = hidden_bias(layer.in_features, layer.out_features, generator)  # type: ignore[arg-type]
        self.activation = activation(activation_name)
        self.activation_name = activation_name
        self.register_buffer("input_scale", torch.tensor([input_scale] * 3 + [1.0]))

    def forward(self, points: Tensor) -> Tensor:
        values = points * self.input_scale
        for layer in self.layers[:-1]:
            values = self.activation(layer(values))
        return self.layers[-1](values)  # type: ignore[no-any-return]

    def effective(self) -> list[tuple[Tensor, Tensor]]:
        """The weights and biases of the MLP without the input scale."""
        layers = [(layer.weight, layer.bias) for layer in self.layers]
        return [(layers[0][0] * self.input_scale, layers[0][1]), *layers[1:]]  # type: ignore[operator, list-item]

    def penalty(self) -> Tensor:
        """Nothing is penalised."""
        return torch.zeros(())
